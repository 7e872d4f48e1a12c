/* The incomplete beta function, zeta and polygamma, behind gamma.cl. */

/* Bernoulli's numbers B(2 k) / (2 k)!, k from 1 */
__constant F bernoulli[] = {
    NUMBER(0.0833333333333333333),   NUMBER(-1.38888888888888889e-3),
    NUMBER(3.30687830687830688e-5),  NUMBER(-8.2671957671957672e-7),
    NUMBER(2.0876756987868099e-8),   NUMBER(-5.28419013868749318e-10),
    NUMBER(1.33825365306846788e-11), NUMBER(-3.38968029632258287e-13),
    NUMBER(8.58606205627784456e-15), NUMBER(-2.17486869855806187e-16),
    NUMBER(5.50900282836022952e-18), NUMBER(-1.39544646858125233e-19)};

/* ---- The incomplete beta function ---- */

/* x^a y^b / (a B(a, b)), y = 1 - x. Below 1 an argument is raised by one (DLMF 5.12.1), so
 * that Stirling's formula serves for all; the exponent is small near the mode. */
OUTLINED F beta_power(F a, F b, F x, F y) {
  F p = a < 1 ? a + 1 : a, q = b < 1 ? b + 1 : b, n = p + q;
  F away = x * q - y * p, to_x = away / p, to_y = -away / q;
  F rest_x = to_x < NUMBER(-0.5) ? to_x - log_of(x / p * n) : log_rest(to_x);
  F rest_y = to_y < NUMBER(-0.5) ? to_y - log_of(y / q * n) : log_rest(to_y);
  F scale = a < 1 ? 1 / (a + b) : 1 / a, exponent = -p * rest_x - q * rest_y;
  if (a < 1) exponent -= log_of(x);
  if (b < 1) {
    exponent -= log_of(y);
    scale *= b / (p + b);
  }
  scale *= sqrt(p / n * q / (2 * PI)) * (gamma_star(n) / (gamma_star(p) * gamma_star(q)));
  return exp(exponent) * scale;
}

/* I by the even part of the continued fraction DLMF 8.17.22, forward as Lentz does, for
 * x < (a + 1) / (a + b + 2), where it takes some sqrt(max(a, b)) steps. In x and y = 1 - x,
 * nothing cancels where x is nearly 1. */
OUTLINED F beta_fraction(F a, F b, F x, F y) {
  F balance = a * y - b * x + 1;
  F f = a / (a + 1) * balance, c = f, d = 0;
  for (int m = 1; m < 2000; m++) {
    F at = a + (2 * m - 1), step = m * (b - m) * x / at;
    F top = (a + (m - 1)) / at * (a + b + (m - 1)) * x * step;
    F bottom = m + step + (a + m) / (at + 2) * (balance + m * (2 - x));
    d = 1 / (bottom + top * d);
    c = bottom + top / c;
    F change = c * d;
    f *= change;
    if (fabs(change - 1) < MACHINE_EPSILON) break;
  }
  return beta_power(a, b, x, y) * a / f;
}

OUTLINED F betainc(F a, F b, F x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return NOT_A_NUMBER;
  if (a == INFINITE && b == INFINITE) return NOT_A_NUMBER;
  if (x == 0 || x == 1) return x;
  if (a == INFINITE) return 0;
  if (b == INFINITE) return 1;
  F y = 1 - x;
  if (x < (a + 1) / (a + b + 2)) return beta_fraction(a, b, x, y);
  return 1 - beta_fraction(b, a, y, x);
}

/* ---- Zeta and its relatives ---- */

/* Hurwitz' zeta times q^s, for s > 1, q > 0: ten terms, then Euler-Maclaurin, DLMF 25.11.5.
 */
OUTLINED F zeta_ratio(F s, F q) {
  F sum = 1, w = q;
  for (int k = 1; k < 10; k++) {
    w += 1;
    F term = pow(q / w, s);
    sum += term;
    if (term <= MACHINE_EPSILON * NUMBER(0.1) * sum) return sum;
  }
  w += 1;
  F power = pow(q / w, s), factor = s / w;
  sum += w / (s - 1) * power + NUMBER(0.5) * power;
  for (int k = 0; k < 12; k++) {
    F term = power * factor * bernoulli[k];
    sum += term;
    if (fabs(term) < MACHINE_EPSILON * NUMBER(0.1) * sum) break;
    factor *= (s + (2 * k + 1)) / w * ((s + (2 * k + 2)) / w);
  }
  return sum;
}
static inline F zeta_positive(F s, F q) {
  return q == INFINITE ? 0 : pow(q, -s) * zeta_ratio(s, q);
}

/* For q < 0 and a whole s, the terms on both sides of 0. At a pole the limit is infinite
 * where s is even; where it is odd the sides differ: NaN. */
OUTLINED F zeta(F s, F q) {
  if (s == 1) return INFINITE;
  if (!(s > 1) || q != q) return NOT_A_NUMBER;
  if (q > 0) return zeta_positive(s, q);
  if (floor(s) != s) return NOT_A_NUMBER;
  int odd = s - 2 * floor(NUMBER(0.5) * s) != 0;
  if (floor(q) == q) return odd ? NOT_A_NUMBER : INFINITE;
  F part = q - floor(q);
  F below = zeta_positive(s, 1 - part) - zeta_positive(s, 1 - q);
  F above = zeta_positive(s, part);
  return odd ? above - below : above + below;
}

/* n! / x^(n + 1), the outer factors first, whose products are neither small nor large. */
OUTLINED F factorial_over_power(F n, F x) {
  if (n > 1000) return exp(lgamma_of(n + 1) - (n + 1) * log(x));
  F product = 1 / x, low = 1, high = n;
  for (; low < high; low += 1, high -= 1) product *= low / x * (high / x);
  return low == high ? product * (low / x) : product;
}

/* DLMF 25.11.12 */
OUTLINED F polygamma(F n, F x) {
  if (n == 0) return digamma(x);
  if (!(n > 0) || floor(n) != n) return NOT_A_NUMBER;
  F y = x > 0 && x < INFINITE ? factorial_over_power(n, x) * zeta_ratio(n + 1, x)
                              : factorial_over_power(n, 1) * zeta(n + 1, x);
  return n - 2 * floor(NUMBER(0.5) * n) == 0 ? -y : y;
}

OUTLINED FV betainc_lanes(FV a, FV b, FV c) {
  F x[V], y[V], z[V];
  VSTORE(a, 0, x);
  VSTORE(b, 0, y);
  VSTORE(c, 0, z);
  for (int j = 0; j < V; j++) x[j] = betainc(x[j], y[j], z[j]);
  return VLOAD(0, x);
}
BY_LANE_OF_TWO(zeta_lanes, zeta)
BY_LANE_OF_TWO(polygamma_lanes, polygamma)
