/* Functions of vectors of floats, behind words.cl. They are written here where
 * drivers' own are many times slower than they need be, or far off; those of doubles are
 * the drivers'. Everything is + - * / and fma on float32: results are the same everywhere
 * but for subnormals and, where TERM is not fma, the last bit.
 *
 * Polynomials are minimax fits (Lawson's algorithm), coefficients rounded one after the
 * other from the lowest power on. */

/* Rounds |x| < 2^22 to the nearest integer, which then is in the low bits. */
#define TO_INTEGER      12582912.0f /* 1.5 * 2^23 */
#define INTEGER_BITS(x) (JOIN(as_, INTV)(x) - as_int(TO_INTEGER))

/* y 2^k for -252 <= k <= 254, rounded once. */
static inline FLOATV scaled(FLOATV y, INTV k) {
  INTV half_way = k >> 1;
  return y * JOIN(as_, FLOATV)((half_way + 127) << 23) *
         JOIN(as_, FLOATV)((k - half_way + 127) << 23);
}

/* e^(x + low) / 2^n - 1, where `shifted` holds n: x - n ln 2 in two steps, the first one
 * exact; then r + r^2 p(r) for |r| <= 0.36 to 4e-9. */
INLINED FLOATV exp_about_1(FLOATV x, FLOATV low, FLOATV shifted) {
  FLOATV n = shifted - TO_INTEGER;
  FLOATV r = TERM(n, (FLOATV)-0.693359375f, x);
  r = TERM(n, (FLOATV)2.12194440e-4f, r) + low;
  FLOATV p = (FLOATV)1.3800020e-3f;
  p = TERM(p, r, (FLOATV)8.3714434877e-3f);
  p = TERM(p, r, (FLOATV)4.1668836027e-2f);
  p = TERM(p, r, (FLOATV)1.6666497290e-1f);
  p = TERM(p, r, (FLOATV)4.9999991059e-1f);
  return TERM(r * r, p, r);
}

/* e^(x + low) with |low| <= |x| / 32. 1 unit. */
INLINED FLOATV float_exp_sum(FLOATV a, FLOATV low) {
  FLOATV x = select(select(a, (FLOATV)-105.0f, a < -105.0f), (FLOATV)89.0f, a > 89.0f);
  FLOATV shifted = (x + low) * 1.44269504f + TO_INTEGER;
  return scaled(exp_about_1(x, low, shifted) + 1.0f, INTEGER_BITS(shifted));
}
INLINED FLOATV float_exp(FLOATV x) {
  return float_exp_sum(x, (FLOATV)0.0f);
}
#define EXP(x) DOUBLE_OR_FLOAT(exp(x), float_exp(x))

/* Splits normal x > 0 into 2^e m with sqrt(1/2) <= m < sqrt(2). */
static inline FLOATV mantissa(FLOATV x, INTV *e) {
  INTV bits = JOIN(as_, INTV)(x);
  *e = (bits - 0x3f3504f3) >> 23;
  return JOIN(as_, FLOATV)(bits - (*e << 23));
}

/* log m = r - r^2 / 2 + r^3 p(r), r = m - 1, to 6e-9. 1 unit. */
INLINED FLOATV float_log(FLOATV x) {
  INTV e, tiny = x < 0x1p-126f;
  FLOATV r = mantissa(select(x, x * 0x1p24f, tiny), &e) - 1.0f;
  FLOATV n = JOIN(convert_, FLOATV)(select(e, e - 24, tiny));
  FLOATV p = (FLOATV)-7.6364807785e-2f;
  p = TERM(p, r, (FLOATV)1.2762239575e-1f);
  p = TERM(p, r, (FLOATV)-1.3159608841e-1f);
  p = TERM(p, r, (FLOATV)1.4201578498e-1f);
  p = TERM(p, r, (FLOATV)-1.6623409092e-1f);
  p = TERM(p, r, (FLOATV)2.0001241565e-1f);
  p = TERM(p, r, (FLOATV)-2.5000819564e-1f);
  p = TERM(p, r, (FLOATV)3.3333331347e-1f);
  FLOATV square = r * r;
  FLOATV y = TERM(n, (FLOATV)-2.12194440e-4f, square * r * p) - 0.5f * square;
  y = TERM(n, (FLOATV)0.693359375f, r + y);
  y = select(x, y, x < (FLOATV)INFINITY); /* NaN is not */
  FLOATV below = select((FLOATV)NAN, (FLOATV)-INFINITY, x == 0.0f);
  return select(y, below, x <= 0.0f);
}
#define LOG(x) DOUBLE_OR_FLOAT(log(x), float_log(x))

/* t / (t + 2), t = e^2x - 1, whose small values keep all their digits. 3 units. */
INLINED FLOATV float_tanh(FLOATV a) {
  FLOATV x = 2.0f * fabs(a);
  x = select(x, (FLOATV)20.0f, x > 20.0f);
  FLOATV shifted = x * 1.44269504f + TO_INTEGER;
  FLOATV y = exp_about_1(x, (FLOATV)0.0f, shifted);
  FLOATV power = JOIN(as_, FLOATV)((INTEGER_BITS(shifted) + 127) << 23);
  FLOATV t = TERM(y, power, power - 1.0f);
  y = t / (t + 2.0f);
  return JOIN(as_, FLOATV)(JOIN(as_, UINTV)(y) | (JOIN(as_, UINTV)(a) & 0x80000000u));
}
#define TANH(x) DOUBLE_OR_FLOAT(tanh(x), float_tanh(x))

/* Sine of |a| + shift pi / 2 for |a| < 1e5: |a| - n pi / 2 in four steps, all products and
 * the first differences exact, since each part of pi / 2 has 8 bits and n at most 16; then
 * r + r^3 p(r^2) or 1 - r^2 / 2 + r^4 p(r^2) for |r| <= 0.8, to 5e-9. 2 units. */
INLINED FLOATV near_sine(FLOATV a, uint shift) {
  FLOATV x = fabs(a), shifted = x * 0.636619772f + TO_INTEGER, n = shifted - TO_INTEGER;
  FLOATV r = TERM(n, (FLOATV)-1.5703125f, x);
  r = TERM(n, (FLOATV)-0.0004825592041015625f, r);
  r = TERM(n, (FLOATV)-1.2665987014770508e-06f, r);
  r = TERM(n, (FLOATV)-9.92093629470503e-10f, r);
  UINTV quadrant = JOIN(as_, UINTV)(INTEGER_BITS(shifted)) + shift;
  FLOATV z = r * r;
  FLOATV p = TERM((FLOATV)-1.9505539970e-4f, z, (FLOATV)8.3320951089e-3f);
  p = TERM(p, z, (FLOATV)-1.6666653752e-1f);
  FLOATV sine = TERM(r * z, p, r);
  FLOATV q = TERM((FLOATV)2.4412080165e-5f, z, (FLOATV)-1.3887130190e-3f);
  q = TERM(q, z, (FLOATV)4.1666641831e-2f);
  FLOATV cosine = TERM(z * z, q, 1.0f - 0.5f * z);
  UINTV y =
      JOIN(as_, UINTV)(select(sine, cosine, JOIN(as_, INTV)(quadrant << 31) < (INTV)0));
  return JOIN(as_, FLOATV)(y ^ ((quadrant & 2) << 30));
}
INLINED FLOATV near_sin(FLOATV a) {
  return JOIN(as_, FLOATV)(JOIN(as_, UINTV)(near_sine(a, 0)) ^
                           (JOIN(as_, UINTV)(a) & 0x80000000u));
}
INLINED FLOATV near_cos(FLOATV a) {
  return near_sine(a, 1);
}

/* One far lane makes PoCL's vector functions reduce all lanes in a way that is hundreds of
 * ulp off for small ones. So far lanes have a call of their own. */
#define IS_FAR(a) (fabs(a) >= (FV)1e5f)
#define APART(name, far_name, near, function)                                              \
  OUTLINED FV far_name(FV a, FV y) {                                                       \
    return select(y, function(select((FV)1e9f, a, IS_FAR(a))), IS_FAR(a));                 \
  }                                                                                        \
  OUTLINED FV name(FV a) {                                                                 \
    FV y = near(select(a, (FV)0, IS_FAR(a)));                                              \
    if (ANY(IS_FAR(a))) return far_name(a, y);                                             \
    return y;                                                                              \
  }
#define NEAR_SIN(a) DOUBLE_OR_FLOAT(sin(a), near_sin(a))
#define NEAR_COS(a) DOUBLE_OR_FLOAT(cos(a), near_cos(a))
APART(apart_sin, far_sin, NEAR_SIN, sin)
APART(apart_cos, far_cos, NEAR_COS, cos)
APART(apart_tan, far_tan, tan, tan)

/* PoCL's fmod of double vectors is wrong where lanes need different numbers of steps. */
OUTLINED FV fmod_by_lane(FV a, FV b) {
  F x[V], y[V];
  VSTORE(a, 0, x);
  VSTORE(b, 0, y);
  for (int j = 0; j < V; j++) x[j] = fmod(x[j], y[j]);
  return VLOAD(0, x);
}
#define FMOD(a, b) DOUBLE_OR_FLOAT(fmod_by_lane(a, b), fmod(a, b))

/* PoCL's pow of double vectors is wrong where a lane's base is subnormal, and in other
 * lanes too where there also is a zero. */
OUTLINED FV pow_of_any(FV a, FV b) {
  FV low = (FV)DOUBLE_OR_FLOAT(0x1p-1022, 0x1p-126f);
  if (!ANY(fabs(a) < low)) return pow(a, b);
  F x[V], y[V];
  VSTORE(a, 0, x);
  VSTORE(b, 0, y);
  for (int j = 0; j < V; j++) x[j] = pow(x[j], y[j]);
  return VLOAD(0, x);
}

/* Base-2 logarithm of normal x > 0 as *out_high + the result, to 2^-29 of it: log m = 2 s +
 * s^3 q(s^2), s = (m - 1) / (m + 1) in two parts; then times 1 / ln 2 in two parts. */
static inline FLOATV log2_parts(FLOATV x, INTV drop, FLOATV *out_high) {
  INTV e;
  FLOATV m = mantissa(x, &e), n = JOIN(convert_, FLOATV)(e - drop);
  FLOATV above = m - 1.0f, sum = m + 1.0f, inverse = 1.0f / sum, s = above * inverse;
  FLOATV s_low = (fma(-s, sum, above) - s * (m - (sum - 1.0f))) * inverse;
  FLOATV z = s * s;
  FLOATV q = TERM((FLOATV)2.9870831966e-1f, z, (FLOATV)3.9977583289e-1f);
  q = TERM(q, z, (FLOATV)6.6666775942e-1f);
  FLOATV low = 2.0f * s_low + s * z * q;
  FLOATV high = 2.0f * s + low;
  low = low - (high - 2.0f * s);
  FLOATV product = high * 1.44269502f;
  FLOATV rest = fma(high, (FLOATV)1.44269502f, -product);
  rest = rest + (high * 1.92596299e-8f + low * 1.44269502f);
  *out_high = n + product;
  return (product - (*out_high - n)) + rest;
}

/* |x|^y = 2^(y log2 |x|) for what is neither 0 nor infinite; 2^f = 1 + f p(f). 3 units. */
static inline FLOATV power_of_size(FLOATV size, FLOATV y) {
  FLOATV high;
  INTV tiny = size < 0x1p-126f;
  FLOATV low = log2_parts(select(size, size * 0x1p24f, tiny),
                          select((INTV)0, (INTV)24, tiny), &high);
  FLOATV w = y * high;
  FLOATV f = fma(y, high, -w) + y * low;
  INTV inside = fabs(w) < 160.0f;
  w = select(select((FLOATV)-160.0f, (FLOATV)160.0f, w > 0.0f), w, inside);
  FLOATV shifted = w + TO_INTEGER, n = shifted - TO_INTEGER;
  f = (w - n) + select((FLOATV)0.0f, f, inside);
  FLOATV p = (FLOATV)1.5328873997e-4f;
  p = TERM(p, f, (FLOATV)1.3392807450e-3f);
  p = TERM(p, f, (FLOATV)9.6185076982e-3f);
  p = TERM(p, f, (FLOATV)5.5503565818e-2f);
  p = TERM(p, f, (FLOATV)2.4022647738e-1f);
  p = TERM(p, f, (FLOATV)6.9314718246e-1f);
  return scaled(TERM(f, p, (FLOATV)1.0f), INTEGER_BITS(shifted));
}

/* With the exceptions of C99, F.9.4.4. */
OUTLINED FLOATV float_pow(FLOATV x, FLOATV y) {
  FLOATV size = fabs(x), half_y = 0.5f * y;
  INTV is_whole = rint(y) == y, is_odd = is_whole & (rint(half_y) != half_y);
  INTV is_endless = size == (FLOATV)INFINITY, is_negative = JOIN(as_, INTV)(x) < (INTV)0;
  FLOATV z = power_of_size(size, y);
  INTV grows = select(y<0.0f, y> 0.0f, is_endless);
  z = select(z, select((FLOATV)0.0f, (FLOATV)INFINITY, grows), is_endless | (size == 0.0f));
  z = select(z, (FLOATV)1.0f, size == 1.0f);
  z = select(z, -z, is_odd & is_negative);
  z = select(z, (FLOATV)NAN, (x < 0.0f) & ~is_endless & ~is_whole);
  z = select(z, x + y, (x != x) | (y != y));
  return select(z, (FLOATV)1.0f, (y == 0.0f) | (x == 1.0f));
}
#define POW(a, b) DOUBLE_OR_FLOAT(pow_of_any(a, b), float_pow(a, b))

/* Written here because some drivers' erfc is hundreds of ulp off.
 *
 * erfc(x) = e^(-x^2) p(q) / (1 + 2 x) for x >= 0, q = (x - 3) / (x + 3); p interpolates at
 * Chebyshev's nodes for x <= 10.2 to 3e-9. */
static inline FLOATV float_erfc(FLOATV a) {
  FLOATV x = select(fabs(a), (FLOATV)10.2f, fabs(a) > 10.2f);
  FLOATV first = x + 3.0f, second = 1.0f + 2.0f * x, inverse = 1.0f / (first * second);
  FLOATV q = (x - 3.0f) * (second * inverse);
  FLOATV p = (FLOATV)-2.76390256e-4f;
  p = TERM(p, q, (FLOATV)-7.95749233e-4f);
  p = TERM(p, q, (FLOATV)1.99637574e-3f);
  p = TERM(p, q, (FLOATV)2.57884536e-3f);
  p = TERM(p, q, (FLOATV)-2.37913480e-2f);
  p = TERM(p, q, (FLOATV)6.82933674e-2f);
  p = TERM(p, q, (FLOATV)-1.19272474e-1f);
  p = TERM(p, q, (FLOATV)1.29646612e-1f);
  p = TERM(p, q, (FLOATV)-4.75622894e-2f);
  p = TERM(p, q, (FLOATV)-1.35621145e-1f);
  p = TERM(p, q, (FLOATV)1.25300806f);
  /* x^2 in two parts, the larger one exact: its rounding would come back times x^2. */
  FLOATV high = JOIN(as_, FLOATV)(JOIN(as_, UINTV)(x) & 0xfffff000u);
  FLOATV y = float_exp_sum(-high * high, (high - x) * (high + x)) * p * (first * inverse);
  return select(y, 2.0f - y, a < 0.0f);
}

/* The derivative of x / (1 + e^-x). */
static inline FV silu_slope(FV x) {
  FV s = (F)1 / ((F)1 + EXP(-x));
  return s * ((F)1 + x * ((F)1 - s));
}

/* Hendrycks and Gimpel 2016: x times the normal distribution function, and approximately x
 * times a sigmoid of 2 z, z = sqrt(2 / pi) (x + 0.044715 x^3). Without cancellation where
 * x < 0. */
#define F_NUMBER(x) DOUBLE_OR_FLOAT(x, JOIN(x, f))
#define GELU_CUBIC  F_NUMBER(0.044715)
#define GELU_LINEAR F_NUMBER(1.5957691216057308) /* 2 sqrt(2 / pi) */
static inline FV normal_share(FV x) {
  FV z = x * -F_NUMBER(0.7071067811865476);
  return F_NUMBER(0.5) * DOUBLE_OR_FLOAT(erfc(z), float_erfc(z));
}
INLINED FV gelu_power(FV x) { /* e^(-2 z) */
  return EXP(-GELU_LINEAR * (x + GELU_CUBIC * x * x * x));
}
INLINED FV gelu(FV x, F approximate) {
  if (approximate == (F)0) return x * normal_share(x);
  return x / ((F)1 + gelu_power(x));
}
/* Beyond 40 the slope is 0 or 1 to the last bit. */
OUTLINED FV gelu_slope(FV a, F approximate) {
  FV x = select(fmin(fmax(a, (FV)-40), (FV)40), a, a != a);
  if (approximate == (F)0)
    return normal_share(x) + x * F_NUMBER(0.3989422804014327) * EXP(-F_NUMBER(0.5) * x * x);
  FV s = (F)1 / ((F)1 + gelu_power(x));
  FV steep = GELU_LINEAR * ((F)1 + (F)3 * GELU_CUBIC * x * x);
  return s + x * s * ((F)1 - s) * steep;
}
