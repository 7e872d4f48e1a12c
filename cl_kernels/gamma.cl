/* Functions of the gamma family with two and three arguments, behind special.cl. */

/* lgamma(1 + a) / (a (a - 1)) */
__constant F lgamma_ratio[] = {
    NUMBER(0.491415393029387127),    NUMBER(-0.076114161670435843),
    NUMBER(8.43232496593277796e-3),  NUMBER(-1.07949372632860815e-3),
    NUMBER(1.49007480036929645e-4),  NUMBER(-2.15123998885567854e-5),
    NUMBER(3.19793298608621864e-6),  NUMBER(-4.85169301213992619e-7),
    NUMBER(7.47148782116315976e-8),  NUMBER(-1.16382967001705186e-8),
    NUMBER(1.82940043711866796e-9),  NUMBER(-2.89691806071296064e-10),
    NUMBER(4.6157014062090901e-11),  NUMBER(-7.39281023049798246e-12),
    NUMBER(1.18942800083330856e-12), NUMBER(-1.92120686765228045e-13),
    NUMBER(3.113975526387164e-14),   NUMBER(-5.06284329844861127e-15),
    NUMBER(8.25415028163114428e-16), NUMBER(-1.34905789875748432e-16),
    NUMBER(2.20987611678262285e-17)};
/* of 1 / a */
__constant F gamma_star_of[] = {
    NUMBER(1.04220796176902699),      NUMBER(0.0422752689218006842),
    NUMBER(5.90545663998864709e-6),   NUMBER(-5.64971105995162832e-5),
    NUMBER(4.98744212957611895e-6),   NUMBER(-1.03374677775244722e-8),
    NUMBER(-7.81102997549159905e-8),  NUMBER(1.44985544478368665e-8),
    NUMBER(-9.48874604140955487e-10), NUMBER(-2.45085323134940876e-10),
    NUMBER(1.00417021632937796e-10),  NUMBER(-1.83302677934966778e-11),
    NUMBER(8.67218779978576352e-13),  NUMBER(6.79683469624925584e-13),
    NUMBER(-2.88250753888029128e-13), NUMBER(6.44507902393114317e-14),
    NUMBER(-5.84466077730164213e-15), NUMBER(-2.19179930633585944e-15),
    NUMBER(1.36051169998045277e-15),  NUMBER(-4.20796199750643707e-16),
    NUMBER(7.70893543633476385e-17)};
/* (m - log(1 + m)) / m^2 */
__constant F log_rest_of[] = {
    NUMBER(0.535898384862245413),    NUMBER(-0.188790204786390985),
    NUMBER(0.0375866573966917375),   NUMBER(-8.00354343675365327e-3),
    NUMBER(1.77823107397891343e-3),  NUMBER(-4.06830653068077783e-4),
    NUMBER(9.5089598322935379e-5),   NUMBER(-2.25911268423688511e-5),
    NUMBER(5.43653316747496625e-6),  NUMBER(-1.32194215480327483e-6),
    NUMBER(3.24203674585980276e-7),  NUMBER(-8.00826575523791063e-8),
    NUMBER(1.99025316760472461e-8),  NUMBER(-4.9723161982345077e-9),
    NUMBER(1.24793751576122109e-9),  NUMBER(-3.1446194462760107e-10),
    NUMBER(7.95213649092915047e-11), NUMBER(-2.01730754195217445e-11),
    NUMBER(5.13205191070699458e-12), NUMBER(-1.30893957772226411e-12),
    NUMBER(3.3462144533709192e-13),  NUMBER(-8.57242103405790591e-14),
    NUMBER(2.20034243465312661e-14), NUMBER(-5.6577700435582615e-15),
    NUMBER(1.45716210585315673e-15), NUMBER(-3.75858380220910676e-16),
    NUMBER(9.70837474353343349e-17), NUMBER(-2.51091465007329742e-17)};
/* The coefficients of eta^n in c_k: 11 rows of TEMME_TERMS; n and k from 0. */
#define TEMME_TERMS 16
__constant F temme[] = {NUMBER(-0.333333333333333333),   NUMBER(0.0833333333333333333),
                        NUMBER(-0.0148148148148148148),  NUMBER(1.15740740740740741e-3),
                        NUMBER(3.527336860670194e-4),    NUMBER(-1.78755144032921811e-4),
                        NUMBER(3.91926317852243778e-5),  NUMBER(-2.18544851067999216e-6),
                        NUMBER(-1.85406221071515996e-6), NUMBER(8.29671134095308601e-7),
                        NUMBER(-1.76659527368260793e-7), NUMBER(6.70785354340149858e-9),
                        NUMBER(1.0261809784240308e-8),   NUMBER(-4.38203601845335319e-9),
                        NUMBER(9.14769958223679023e-10), NUMBER(-2.55141939949462498e-11),
                        NUMBER(-1.85185185185185185e-3), NUMBER(-3.47222222222222222e-3),
                        NUMBER(2.6455026455026455e-3),   NUMBER(-9.90226337448559671e-4),
                        NUMBER(2.05761316872427984e-4),  NUMBER(-4.01877572016460905e-7),
                        NUMBER(-1.80985503344899778e-5), NUMBER(7.64916091608111008e-6),
                        NUMBER(-1.6120900894563446e-6),  NUMBER(4.64712780280743434e-9),
                        NUMBER(1.37863344691572096e-7),  NUMBER(-5.75254560351770496e-8),
                        NUMBER(1.19516285997781473e-8),  NUMBER(-1.75432417197476476e-11),
                        NUMBER(-1.00915437106004126e-9), NUMBER(4.16279299184258264e-10),
                        NUMBER(4.1335978835978836e-3),   NUMBER(-2.68132716049382716e-3),
                        NUMBER(7.71604938271604938e-4),  NUMBER(2.00938786008230453e-6),
                        NUMBER(-1.07366532263651605e-4), NUMBER(5.29234488291201254e-5),
                        NUMBER(-1.27606351886187277e-5), NUMBER(3.42357873409613807e-8),
                        NUMBER(1.37219573090629332e-6),  NUMBER(-6.29899213838005502e-7),
                        NUMBER(1.42806142060642418e-7),  NUMBER(-2.0477098421990866e-10),
                        NUMBER(-1.40925299108675211e-8), NUMBER(6.22897408492202203e-9),
                        NUMBER(-1.36704883966171135e-9), NUMBER(9.4283561590146782e-13),
                        NUMBER(6.49434156378600823e-4),  NUMBER(2.29472093621399177e-4),
                        NUMBER(-4.69189494395255712e-4), NUMBER(2.67720632062838853e-4),
                        NUMBER(-7.56180167188397641e-5), NUMBER(-2.39650511386729665e-7),
                        NUMBER(1.10826541153473024e-5),  NUMBER(-5.67495282699159657e-6),
                        NUMBER(1.42309007324358839e-6),  NUMBER(-2.78610802915281422e-11),
                        NUMBER(-1.69584040919302773e-7), NUMBER(8.09946490538808236e-8),
                        NUMBER(-1.91111684859736541e-8), NUMBER(2.3928620439808118e-12),
                        NUMBER(2.06201318154887984e-9),  NUMBER(-9.46049666185513217e-10),
                        NUMBER(-8.61888290916711699e-4), NUMBER(7.84039221720066627e-4),
                        NUMBER(-2.9907248030319018e-4),  NUMBER(-1.46384525788434182e-6),
                        NUMBER(6.64149821546512219e-5),  NUMBER(-3.96836504717943466e-5),
                        NUMBER(1.13757269706784191e-5),  NUMBER(2.5074972262375328e-10),
                        NUMBER(-1.6954149536558306e-6),  NUMBER(8.90750753220530969e-7),
                        NUMBER(-2.29293483400080487e-7), NUMBER(2.95679413754404905e-11),
                        NUMBER(2.88658297427087836e-8),  NUMBER(-1.41897394378032194e-8),
                        NUMBER(3.44635804994648971e-9),  NUMBER(-2.30245171745280671e-13),
                        NUMBER(-3.3679855336635815e-4),  NUMBER(-6.97281375836585777e-5),
                        NUMBER(2.77275324495939208e-4),  NUMBER(-1.99325705161888477e-4),
                        NUMBER(6.79778047793720784e-5),  NUMBER(1.41906292064396701e-7),
                        NUMBER(-1.35940481897686933e-5), NUMBER(8.01847025633420154e-6),
                        NUMBER(-2.29148117650809517e-6), NUMBER(-3.25247355129845395e-10),
                        NUMBER(3.4652846491085265e-7),   NUMBER(-1.84471871911713433e-7),
                        NUMBER(4.82409670378941808e-8),  NUMBER(-1.79894667217435153e-14),
                        NUMBER(-6.30619450001352344e-9), NUMBER(3.16241762877456794e-9),
                        NUMBER(5.31307936463992223e-4),  NUMBER(-5.92166437353693883e-4),
                        NUMBER(2.70878209671804483e-4),  NUMBER(7.90235323266032787e-7),
                        NUMBER(-8.15396936756196875e-5), NUMBER(5.61168275310624965e-5),
                        NUMBER(-1.83291165828433756e-5), NUMBER(-3.07961345060330478e-9),
                        NUMBER(3.46515536880360909e-6),  NUMBER(-2.02913273960586037e-6),
                        NUMBER(5.78879286314900371e-7),  NUMBER(2.33863067382665699e-13),
                        NUMBER(-8.82860074633048353e-8), NUMBER(4.74359588804081278e-8),
                        NUMBER(-1.25454150207103824e-8), NUMBER(8.64964885801029247e-14),
                        NUMBER(3.44367606892377671e-4),  NUMBER(5.17179090826059219e-5),
                        NUMBER(-3.34931610811422363e-4), NUMBER(2.81269515476323702e-4),
                        NUMBER(-1.0976582244684731e-4),  NUMBER(-1.27410090954844854e-7),
                        NUMBER(2.77444515115636442e-5),  NUMBER(-1.82634888057113327e-5),
                        NUMBER(5.7876949497350524e-6),   NUMBER(4.9387589339362704e-10),
                        NUMBER(-1.05953670140260427e-6), NUMBER(6.16671437611040748e-7),
                        NUMBER(-1.75629733590604619e-7), NUMBER(-1.29744732870154387e-12),
                        NUMBER(2.69542360628896598e-8),  NUMBER(-1.4578352908731271e-8),
                        NUMBER(-6.52623918595309419e-4), NUMBER(8.3949872067208728e-4),
                        NUMBER(-4.38297098541721005e-4), NUMBER(-6.96909145842055197e-7),
                        NUMBER(1.66448466420675478e-4),  NUMBER(-1.27835176797692186e-4),
                        NUMBER(4.62995326369130429e-5),  NUMBER(4.55790986792270771e-9),
                        NUMBER(-1.05952711258051955e-5), NUMBER(6.78334290486516662e-6),
                        NUMBER(-2.10754766662588042e-6), NUMBER(-1.7213731432817145e-11),
                        NUMBER(3.77358774161109793e-7),  NUMBER(-2.18675067001228666e-7),
                        NUMBER(6.22022880401892691e-8),  NUMBER(6.59770382673300061e-16),
                        NUMBER(-5.9676129019274625e-4),  NUMBER(-7.20489541602001056e-5),
                        NUMBER(6.78230883766732836e-4),  NUMBER(-6.40147526026275845e-4),
                        NUMBER(2.77501076343287045e-4),  NUMBER(1.8197008380465151e-7),
                        NUMBER(-8.47950711706850318e-5), NUMBER(6.10519208250153102e-5),
                        NUMBER(-2.10739201834048624e-5), NUMBER(-8.85858901412559939e-10),
                        NUMBER(4.52845359538053771e-6),  NUMBER(-2.84278150225044079e-6),
                        NUMBER(8.70823417786464117e-7),  NUMBER(3.68861018717069655e-12),
                        NUMBER(-1.5344695190702061e-7),  NUMBER(8.86246677879069498e-8),
                        NUMBER(1.33244544948006564e-3),  NUMBER(-1.91443849856547753e-3),
                        NUMBER(1.10893691345966373e-3),  NUMBER(9.93240412264229897e-7),
                        NUMBER(-5.0874501293093199e-4),  NUMBER(4.27350566653928843e-4),
                        NUMBER(-1.68588537679107988e-4), NUMBER(-8.1301893922784998e-9),
                        NUMBER(4.52844023705621471e-5),  NUMBER(-3.12705367478173403e-5),
                        NUMBER(1.04498682853033801e-5),  NUMBER(4.84352262656809256e-11),
                        NUMBER(-2.1482565873456258e-6),  NUMBER(1.32936970109749202e-6),
                        NUMBER(-4.0295693092101029e-7),  NUMBER(-1.75678776663232906e-13)};

#define MACHINE_EPSILON DOUBLE_OR_FLOAT(1.1e-16, 6e-8f)

/* log Gamma(1 + a) for a from 0 to 1 */
static inline F lgamma_one_plus(F a) {
  return a * (a - 1) * series(lgamma_ratio, DOUBLE_OR_FLOAT(21, 10), 0, 1, a);
}

/* Gamma(a) over Stirling's formula, a >= 1: DLMF 5.11.3 */
static inline F gamma_star(F a) {
  return series(gamma_star_of, DOUBLE_OR_FLOAT(21, 8), 0, 1, 1 / a);
}

static inline F lgamma_of(F a) {
  return DOUBLE_OR_FLOAT(lgamma(a), positive_lgamma((FLOATV)a).s0);
}

static inline F erfc_of(F x) {
  return DOUBLE_OR_FLOAT(erfc(x), float_erfc((FLOATV)x).s0);
}

/* m - log(1 + m) without cancellation */
OUTLINED F log_rest(F m) {
  if (fabs(m) < NUMBER(0.5))
    return m * m *
           series(log_rest_of, DOUBLE_OR_FLOAT(28, 14), NUMBER(-0.5), NUMBER(0.5), m);
  return m - log1p(m);
}

/* ---- The incomplete gamma functions ---- */

/* x^a e^-x / Gamma(a + 1), x > 0; its exponent is small near x = a. */
OUTLINED F gamma_power(F a, F x) {
  if (a < 1) return exp(a * log_of(x) - x - lgamma_one_plus(a));
  F m = (x - a) / a, rest = m < NUMBER(-0.5) ? m - log_of(x / a) : log_rest(m);
  return exp(-a * rest) / (sqrt(2 * PI * a) * gamma_star(a));
}

/* A function and its derivative by a. */
typedef struct {
  F value, slope;
} sloped;

/* P for x < a + 1: DLMF 8.11.4, and its derivative term by term. */
OUTLINED sloped gamma_series(F a, F x, int sloping) {
  F term = 1, sum = 1, harmonic = 0, slope = 0;
  for (int n = 1; n < 500; n++) {
    F next = a + n;
    term *= x / next;
    sum += term;
    harmonic += 1 / next;
    slope -= term * harmonic;
    if (term * (1 + harmonic) < MACHINE_EPSILON * NUMBER(0.25) * sum) break;
  }
  F power = gamma_power(a, x);
  sloped p = {power * sum, 0};
  if (sloping) p.slope = power * (sum * (log_of(x) - digamma(a + 1)) + slope);
  return p;
}

/* Q for x > a by the continued fraction DLMF 8.9.2 in its even part, forward as Lentz does;
 * every quantity with its derivative by a. */
OUTLINED sloped gamma_fraction(F a, F x, int sloping) {
  F b = x - a + 1, c = NUMBER(1e30), c_slope = 0;
  F d = 1 / b, d_slope = d * d, h = d, h_slope = d_slope;
  for (int i = 1; i < 500; i++) {
    F top = i * (a - i);
    b += 2;
    F below = top * d + b, below_slope = i * d + top * d_slope - 1;
    d = 1 / below;
    d_slope = -below_slope * d * d;
    F above = b + top / c;
    c_slope = -1 + (i - top / c * c_slope) / c;
    c = above;
    F change = c * d;
    F step = h * (c_slope * d + c * d_slope);
    h_slope = h_slope * change + step;
    h *= change;
    /* For a whole number a the value may be there long before the slope. */
    int steady = !sloping || fabs(step) <= MACHINE_EPSILON * fabs(h_slope);
    if (fabs(change - 1) < MACHINE_EPSILON && steady) break;
  }
  F power = gamma_power(a, x) * a;
  sloped q = {power * h, 0};
  if (sloping) q.slope = power * (h * (log_of(x) - digamma(a)) + h_slope);
  return q;
}

/* Q for a < 1 and x < 1.1, where it may be much smaller than P: DLMF 8.7.1. */
OUTLINED F gamma_small(F a, F x) {
  F term = 1, sum = 0;
  for (int n = 1; n < 30; n++) {
    term *= -x / n;
    sum += term / (a + n);
    if (fabs(term) < MACHINE_EPSILON * fabs(sum)) break;
  }
  F exponent = a * log_of(x) - lgamma_one_plus(a);
  return -expm1(exponent) - exp(exponent) * a * sum;
}

/* Temme's uniform expansion, DLMF 8.12.3 and 8.12.7, for a >= 20 and x within 0.3 a of a;
 * the functions c_k of eta as power series, in rows of TEMME_TERMS. P where `lower`, else
 * Q; the slope is P's. */
OUTLINED sloped gamma_temme(F a, F x, int lower) {
  F m = (x - a) / a, rest = log_rest(m), inverse = 1 / a;
  F eta = copysign(sqrt(2 * rest), m), half_square = a * rest;
  F sum = 0, by_a = 0, by_eta = 0;
  for (int k = DOUBLE_OR_FLOAT(11, 5) - 1; k >= 0; k--) {
    F c = 0, c_slope = 0;
    for (int n = DOUBLE_OR_FLOAT(TEMME_TERMS, 9) - 1; n >= 0; n--) {
      c_slope = c_slope * eta + c;
      c = c * eta + temme[k * TEMME_TERMS + n];
    }
    by_a = by_a * inverse + sum;
    sum = sum * inverse + c;
    by_eta = by_eta * inverse + c_slope;
  }
  by_a *= -inverse * inverse;
  F density = exp(-half_square) / sqrt(2 * PI * a);
  F root = sqrt(half_square), slope_of_eta = m == 0 ? (F)1 : m / eta;
  F tail = NUMBER(0.5) * erfc_of(lower ? copysign(root, -m) : copysign(root, m));
  sloped y = {lower ? tail - density * sum : tail + density * sum, 0};
  y.slope =
      NUMBER(0.5) * eta - slope_of_eta -
      ((log1p(m) - NUMBER(0.5) * inverse) * sum + by_a - by_eta * slope_of_eta * inverse);
  y.slope *= density;
  return y;
}

/* What holds outside of 0 < a, x < infinity; `P` at x = 0. 2: nothing. */
static inline F gamma_limits(F a, F x) {
  if (!(a > 0 && x >= 0) || (a == INFINITE && x == INFINITE)) return NOT_A_NUMBER;
  if (x == 0 || a == INFINITE) return 0;
  if (x == INFINITE) return 1;
  return 2;
}
static inline int is_temme(F a, F x) {
  return a >= 20 && fabs(x - a) < NUMBER(0.3) * a;
}
static inline int is_upper(F a, F x) {
  return x > NUMBER(1.1) && x > a;
}

OUTLINED F igamma(F a, F x) {
  F known = gamma_limits(a, x);
  if (!(known == 2)) return known;
  if (is_temme(a, x)) return gamma_temme(a, x, 1).value;
  if (is_upper(a, x)) return 1 - gamma_fraction(a, x, 0).value;
  return gamma_series(a, x, 0).value;
}
OUTLINED F igammac(F a, F x) {
  F known = gamma_limits(a, x);
  if (!(known == 2)) return 1 - known;
  if (is_temme(a, x)) return gamma_temme(a, x, 0).value;
  if (is_upper(a, x)) return gamma_fraction(a, x, 0).value;
  if (a < 1) return gamma_small(a, x);
  return 1 - gamma_series(a, x, 0).value;
}
OUTLINED F igamma_grad_a(F a, F x) {
  F known = gamma_limits(a, x);
  if (known != known) return known;
  if (known < 2) return 0;
  if (is_temme(a, x)) return gamma_temme(a, x, 1).slope;
  if (is_upper(a, x)) return -gamma_fraction(a, x, 1).slope;
  return gamma_series(a, x, 1).slope;
}

BY_LANE_OF_TWO(igamma_lanes, igamma)
BY_LANE_OF_TWO(igammac_lanes, igammac)
BY_LANE_OF_TWO(igamma_grad_a_lanes, igamma_grad_a)
