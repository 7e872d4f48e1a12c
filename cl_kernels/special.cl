/* Special functions of one variable, behind elementwise.cl, on one lane each; floats in
 * float arithmetic.
 *
 * The tables hold Chebyshev series, interpolated at Chebyshev's nodes in 40 digits, each of
 * what is named beside it over an interval of the named variable. Programs in float take
 * the first terms. */

/* c[0] + c[1] T1(t) + c[2] T2(t) ... for u from `low` to `high`, which are t = -1 and 1, by
 * Clenshaw's recurrence. */
OUTLINED F series(const __constant F *c, int terms, F low, F high, F u) {
  F t = (u - low + (u - high)) / (high - low), last = 0, sum = 0;
  for (int k = terms - 1; k > 0; k--) {
    F next = 2 * t * sum - last + c[k];
    last = sum;
    sum = next;
  }
  return t * sum - last + c[0];
}

/* One lane after the other: with loops and branches in it there is little for vectors. */
#define BY_LANE(name, function)                                                            \
  OUTLINED FV name(FV a) {                                                                 \
    F x[V];                                                                                \
    VSTORE(a, 0, x);                                                                       \
    for (int j = 0; j < V; j++) x[j] = function(x[j]);                                     \
    return VLOAD(0, x);                                                                    \
  }
#define BY_LANE_OF_TWO(name, function)                                                     \
  OUTLINED FV name(FV a, FV b) {                                                           \
    F x[V], y[V];                                                                          \
    VSTORE(a, 0, x);                                                                       \
    VSTORE(b, 0, y);                                                                       \
    for (int j = 0; j < V; j++) x[j] = function(x[j], y[j]);                               \
    return VLOAD(0, x);                                                                    \
  }

#define NOT_A_NUMBER ((F)NAN)
#define INFINITE     ((F)INFINITY)
#define SQRT_HALF    NUMBER(0.707106781186547524)
#define LOG_2        NUMBER(0.693147180559945309)
#define PI           NUMBER(3.14159265358979324)

/* psi(x) / (x - its root) */
__constant F digamma_near[] = {
    NUMBER(0.983570260441566988),    NUMBER(-0.227064086334644397),
    NUMBER(0.033368899023930109),    NUMBER(-5.32007727159654744e-3),
    NUMBER(8.78865693782050533e-4),  NUMBER(-1.47734926506060433e-4),
    NUMBER(2.50605434683591444e-5),  NUMBER(-4.27210340299933221e-6),
    NUMBER(7.30276927246592305e-7),  NUMBER(-1.25028868135595955e-7),
    NUMBER(2.14250093223594737e-8),  NUMBER(-3.67329591856517904e-9),
    NUMBER(6.29971723610893091e-10), NUMBER(-1.08059302888326601e-10),
    NUMBER(1.85373519205363789e-11), NUMBER(-3.18023536582553001e-12),
    NUMBER(5.45614757032279418e-13), NUMBER(-9.36099313103643816e-14),
    NUMBER(1.60606463629507501e-14), NUMBER(-2.75554313774388131e-15),
    NUMBER(4.72773617860191139e-16), NUMBER(-8.11148420346509003e-17)};
/* x^2 (psi(x) - log x + 1 / (2 x)) of u = 1 / x^2 */
__constant F digamma_large[] = {
    NUMBER(-0.0832918141943209503),   NUMBER(4.14701747837485236e-5),
    NUMBER(-4.88380213376173966e-8),  NUMBER(1.25650423227625834e-10),
    NUMBER(-5.53163199516276886e-13), NUMBER(3.67597074918163451e-15),
    NUMBER(-3.4090754794549943e-17)};
/* erfinv(x) / x of u = x^2 */
__constant F erfinv_ratio[] = {
    NUMBER(0.992885376618940823),    NUMBER(0.120467516143104486),
    NUMBER(0.0160781993420999447),   NUMBER(2.68670443716231583e-3),
    NUMBER(4.99634730235726295e-4),  NUMBER(9.8898218599120441e-5),
    NUMBER(2.03918127639944337e-5),  NUMBER(4.32727161773542188e-6),
    NUMBER(9.38081412859340676e-7),  NUMBER(2.06734720868342741e-7),
    NUMBER(4.61596991054300078e-8),  NUMBER(1.04166797027146217e-8),
    NUMBER(2.37150099959212215e-9),  NUMBER(5.43928406847138971e-10),
    NUMBER(1.2554898640979872e-10),  NUMBER(2.91381803663201485e-11),
    NUMBER(6.79494218087971852e-12), NUMBER(1.59123433314692816e-12),
    NUMBER(3.74025058524540315e-13), NUMBER(8.82087762420870076e-14),
    NUMBER(2.08650897724510689e-14), NUMBER(4.94880410386582258e-15),
    NUMBER(1.17663947397469835e-15), NUMBER(2.80385572456515053e-16),
    NUMBER(6.6950663841815171e-17)};
/* (r - z) r of r */
__constant F tail_0[] = {NUMBER(2.13976437276065516),      NUMBER(0.272472320149264133),
                         NUMBER(-0.0185392779590096645),   NUMBER(1.68769057239265762e-3),
                         NUMBER(-1.72590305220885404e-4),  NUMBER(1.8758604316890846e-5),
                         NUMBER(-2.11842878579628494e-6),  NUMBER(2.46161482051315306e-7),
                         NUMBER(-2.93080745594643174e-8),  NUMBER(3.56804591985552252e-9),
                         NUMBER(-4.43522842199957519e-10), NUMBER(5.62047581525928672e-11),
                         NUMBER(-7.24818522833894279e-12), NUMBER(9.49405890318127467e-13),
                         NUMBER(-1.26071559080297474e-13), NUMBER(1.69420307194569916e-14),
                         NUMBER(-2.30054874677694007e-15), NUMBER(3.15246295158886265e-16)};
__constant F tail_1[] = {NUMBER(2.74241172587880604),      NUMBER(0.318865793295298041),
                         NUMBER(-0.0252703562577557842),   NUMBER(2.67851145922304448e-3),
                         NUMBER(-3.20428712420974242e-4),  NUMBER(4.09471367325007453e-5),
                         NUMBER(-5.44848933078172767e-6),  NUMBER(7.44458386863771373e-7),
                         NUMBER(-1.03602280700242039e-7),  NUMBER(1.46127804669999878e-8),
                         NUMBER(-2.08287886727965624e-9),  NUMBER(2.99527187599355474e-10),
                         NUMBER(-4.34169030982498355e-11), NUMBER(6.34073398921538035e-12),
                         NUMBER(-9.32803661228586971e-13), NUMBER(1.38217543798637743e-13),
                         NUMBER(-2.06257607959839536e-14), NUMBER(3.09926663876193148e-15),
                         NUMBER(-4.68819747886248626e-16), NUMBER(7.1369867654698861e-17)};
__constant F tail_2[] = {NUMBER(3.40076730393158254),      NUMBER(0.331640498810007002),
                         NUMBER(-0.0273045097691823676),   NUMBER(2.99444532655806982e-3),
                         NUMBER(-3.69822577166312899e-4),  NUMBER(4.87974659918474485e-5),
                         NUMBER(-6.71770748111763425e-6),  NUMBER(9.52455474107362241e-7),
                         NUMBER(-1.37979391339762073e-7),  NUMBER(2.03156228810171662e-8),
                         NUMBER(-3.02883420275206979e-9),  NUMBER(4.56006377375662686e-10),
                         NUMBER(-6.91887746991441706e-11), NUMBER(1.05633793713815648e-11),
                         NUMBER(-1.62093218893508592e-12), NUMBER(2.49767048196263951e-13),
                         NUMBER(-3.86208415657403135e-14), NUMBER(5.98972422271160315e-15),
                         NUMBER(-9.31389469691648363e-16), NUMBER(1.45171877635307185e-16)};
__constant F tail_3[] = {NUMBER(4.19514722794346449),      NUMBER(0.4327678577922253),
                         NUMBER(-0.0466219071381036309),   NUMBER(6.68382173789894366e-3),
                         NUMBER(-1.07706975956676686e-3),  NUMBER(1.850873935908786e-4),
                         NUMBER(-3.31337370423012872e-5),  NUMBER(6.10262097747060012e-6),
                         NUMBER(-1.1478477401495734e-6),   NUMBER(2.19423823484720225e-7),
                         NUMBER(-4.24892855202027798e-8),  NUMBER(8.31455098426176519e-9),
                         NUMBER(-1.64131247916463713e-9),  NUMBER(3.26395299225563192e-10),
                         NUMBER(-6.53173846859021809e-11), NUMBER(1.31422240487243965e-11),
                         NUMBER(-2.65677511010852383e-12), NUMBER(5.39298216465888729e-13),
                         NUMBER(-1.09868765953185183e-13), NUMBER(2.24546105617313847e-14),
                         NUMBER(-4.60218193632759749e-15), NUMBER(9.45608473456807984e-16),
                         NUMBER(-1.94728002305953109e-16)};

/* log(x) down to the smallest subnormal, which some drivers' log flushes. */
static inline FLOATV full_log(FLOATV x) {
  INTV small = x < 1e-30f;
  FLOATV y = log(select(x, x * 0x1p64f, small));
  return select(y, y - 44.3614196f, small);
}

/* x >= 0. Below 3: lgamma(y) = (y - 1) (y - 2) p(y - 2) for y from 1 to 3, where x < 1 goes
 * through lgamma(x + 1) - log(x). Above: Stirling's series, its rest interpolated in
 * 1 / x^2. */
static inline FLOATV positive_lgamma(FLOATV x) {
  INTV below_one = x < 1.0f;
  FLOATV low = select(x - 1.0f, x, below_one), t = low - 1.0f;
  FLOATV p = (FLOATV)1.80883523e-5f;
  p = p * t - 3.85804752e-5f;
  p = p * t + 2.38918798e-5f;
  p = p * t - 5.28397356e-5f;
  p = p * t + 1.91726846e-4f;
  p = p * t - 4.25154131e-4f;
  p = p * t + 9.12602188e-4f;
  p = p * t - 2.10224243e-3f;
  p = p * t + 4.99899384e-3f;
  p = p * t - 1.23849432e-2f;
  p = p * t + 3.29649881e-2f;
  p = p * t - 1.00317275e-1f;
  p = p * t + 4.22784335e-1f;
  FLOATV log_x = full_log(x);
  FLOATV small = low * t * p - select((FLOATV)0.0f, log_x, below_one);
  FLOATV r = 1.0f / x, z = r * r;
  FLOATV rest = (FLOATV)-4.54428318e-4f;
  rest = rest * z + 7.84718413e-4f;
  rest = rest * z - 2.77758622e-3f;
  rest = rest * z + 8.33333327e-2f;
  FLOATV large = (x - 0.5f) * (log_x - 1.0f) + (0.418938533f + rest * r);
  return select(small, large, x >= 3.0f);
}

/* Below 0 by the reflection lgamma(-x) = log(pi / (x |sin(pi x)|)) - lgamma(x). */
static inline FLOATV float_lgamma(FLOATV a) {
  FLOATV x = fabs(a), y = positive_lgamma(x);
  FLOATV part = x - floor(x);
  FLOATV sine = sin(3.14159265f * fmin(part, 1.0f - part));
  FLOATV mirrored = 1.14472989f - full_log(sine) - full_log(x) - y;
  mirrored = select(mirrored, -full_log(x), x < 1e-10f);
  y = select(y, mirrored, a < 0.0f);
  INTV pole = (a <= 0.0f) & (floor(a) == a);
  y = select(y, (FLOATV)INFINITY, pole | (x == (FLOATV)INFINITY));
  return select(y, a, a != a);
}

/* PoCL's lgamma of doubles is infinite some per cent too soon: from 5.11.1 only this
 * remains. */
static inline FV wide_lgamma(FV a) {
  FV large = (a - NUMBER(0.5)) * (log(a) - 1) + NUMBER(0.418938533204672742);
  return select(lgamma(a), large, a > (F)1e15f);
}

static inline F log_of(F x) {
  return DOUBLE_OR_FLOAT(log(x), full_log((FLOATV)x).s0);
}

/* ---- The logarithmic derivative of Gamma ---- */

/* DLMF 5.5.2 leads to [1, 2] and 5.5.4 to positive arguments; above 10 by what remains of
 * 5.11.2. NaN at the poles, as TensorFlow; also at 0, where SciPy has an infinity. */
OUTLINED F digamma(F a) {
  F x = a, y = 0;
  if (a <= 0) {
    if (floor(a) == a) return NOT_A_NUMBER;
    /* cot(pi a), through the nearer of its poles and roots */
    F off = a - rint(a), to_root = NUMBER(0.5) - fabs(off);
    if (fabs(off) <= NUMBER(0.25))
      y = -PI / tan(PI * off);
    else
      y = copysign(PI, -off) * tan(PI * to_root);
    x = 1 - a;
  }
  if (x >= 10) {
    F u = 1 / (x * x);
    F rest = u * series(digamma_large, DOUBLE_OR_FLOAT(7, 3), 0, NUMBER(0.01), u);
    return y + (log(x) - NUMBER(0.5) / x + rest);
  }
  if (x < 1) {
    y -= 1 / x;
    x += 1;
  }
  for (int k = 0; k < 8 && x > 2; k++) {
    x -= 1;
    y += 1 / x;
  }
  F from_root = x - DOUBLE_OR_FLOAT(1.46163214496836226, 1.46163213f);
  from_root -= DOUBLE_OR_FLOAT(9.54999543e-17, 1.24381499e-8f);
  return y + from_root * series(digamma_near, DOUBLE_OR_FLOAT(22, 11), 1, 2, x);
}

/* ---- Inverses of the normal distribution and of erf ---- */

/* The z with erfc(z / sqrt(2)) = p for p <= 0.2. Nearly r = sqrt(-2 log(p / 2)), as in
 * Wichura's AS 241; here the difference is interpolated. */
OUTLINED F normal_tail(F p) {
  if (p == 0) return INFINITE;
  F r = sqrt(2 * (LOG_2 - log_of(p))), rest;
  if (r < 4)
    rest = series(tail_0, DOUBLE_OR_FLOAT(18, 9), NUMBER(2.125), 4, r);
  else if (r < 8)
    rest = series(tail_1, DOUBLE_OR_FLOAT(20, 9), 4, 8, r);
  else if (r < 16)
    rest = series(tail_2, DOUBLE_OR_FLOAT(20, 10), 8, 16, r);
  else
    rest = series(tail_3, DOUBLE_OR_FLOAT(23, 11), 16, 39, r);
  return r - rest / r;
}

/* |x| <= 0.8 */
OUTLINED F erfinv_near(F x) {
  F u = x * x;
  return x * series(erfinv_ratio, DOUBLE_OR_FLOAT(25, 12), 0, NUMBER(0.64), u);
}

OUTLINED F erfinv(F a) {
  F x = fabs(a);
  if (!(x <= 1)) return NOT_A_NUMBER;
  if (x <= NUMBER(0.8)) return erfinv_near(a);
  return copysign(normal_tail(1 - x) * SQRT_HALF, a);
}

OUTLINED F erfcinv(F a) {
  if (!(a >= 0 && a <= 2)) return NOT_A_NUMBER;
  if (a < NUMBER(0.2)) return normal_tail(a) * SQRT_HALF;
  if (a > NUMBER(1.8)) return -normal_tail(2 - a) * SQRT_HALF;
  return erfinv_near(1 - a);
}

OUTLINED F ndtri(F a) {
  if (!(a >= 0 && a <= 1)) return NOT_A_NUMBER;
  if (a < NUMBER(0.1)) return -normal_tail(2 * a);
  if (a > NUMBER(0.9)) return normal_tail(2 * (1 - a));
  return 2 * SQRT_HALF * erfinv_near(2 * a - 1);
}

BY_LANE(digamma_lanes, digamma)
BY_LANE(erfinv_lanes, erfinv)
BY_LANE(erfcinv_lanes, erfcinv)
BY_LANE(ndtri_lanes, ndtri)
