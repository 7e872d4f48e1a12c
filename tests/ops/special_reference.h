/* The special functions from their definitions, mostly integrals, in long double: nothing
 * of what the kernels do. DLMF: the NIST Digital Library of Mathematical Functions. */
#ifndef EAGER_TESTS_SPECIAL_REFERENCE_H
#define EAGER_TESTS_SPECIAL_REFERENCE_H

#include <math.h>

typedef long double number;

static const number pi_l = 3.14159265358979323846264338327950288L;

typedef struct integrand {
  number (*of)(const struct integrand *it, number t);
  number p, q, r; /* parameters */
} integrand;

/* By the double exponential rule: ends may be singular or steep. */
static number integral(const integrand *it, number low, number high) {
  number middle = (low + high) / 2, half = (high - low) / 2, sum = 0, h = 1.0L / 32;
  for (int k = -110; k <= 110; k++) {
    number s = k * h, u = pi_l / 2 * sinhl(s), x = tanhl(u);
    number weight = pi_l / 2 * coshl(s) / (coshl(u) * coshl(u));
    /* From the nearer end: 1 - |x| without cancellation. */
    number off = half * 2 / (expl(2 * fabsl(u)) + 1);
    number t = x < 0 ? low + off : x > 0 ? high - off : middle;
    if (weight > 1e-24L) sum += weight * it->of(it, t);
  }
  return sum * half * h;
}

/* ---- Bessel functions: DLMF 10.9.1, 10.9.2, 10.32.1, 10.32.3, 10.9.7, 10.32.9 ---- */

/* Periodic integrands: the trapezoidal rule. */
static number bessel_j(int n, number x) {
  int steps = 200 + (int)fabsl(x) * 2;
  number sum = 0;
  for (int k = 0; k < 2 * steps; k++) {
    number t = pi_l * k / steps;
    sum += cosl(n * t - x * sinl(t));
  }
  return sum / (2 * steps);
}
static number bessel_ie(int n, number x) {
  int steps = 100 + (int)(20 * sqrtl(fabsl(x)));
  number sum = 0, sign = n == 1 && x < 0 ? -1 : 1;
  for (int k = 0; k < 2 * steps; k++) {
    number t = pi_l * k / steps, s = sinl(t / 2);
    number e = expl(-2 * fabsl(x) * s * s);
    /* Of order 1 by parts, so that nothing cancels near 0: 10.32.2 */
    sum += n == 0 ? e : e * sinl(t) * sinl(t) * fabsl(x);
  }
  return sign * sum / (2 * steps);
}
static number bessel_ke(int n, number x) {
  number h = fminl(1.0L / 16, 0.4L / sqrtl(x)), sum = 0.5L;
  for (int k = 1;; k++) {
    number t = k * h, s = sinhl(t / 2), e = expl(n * t - 2 * x * s * s);
    sum += (n == 0 ? 1 : (1 + expl(-2 * t)) / 2) * e;
    if (e < 1e-22L * sum && 2 * x * s * s > 1) break;
  }
  return sum * h;
}
static number y_turns(const integrand *it, number t) {
  return sinl(it->p * sinl(t) - it->q * t);
}
static number y_falls(const integrand *it, number t) {
  number n = it->q, both = n == 0 ? 2 : expl(n * t) - expl(-n * t);
  return both * expl(-it->p * sinhl(t));
}
static number bessel_y(int n, number x) {
  integrand turns = {y_turns, x, n, 0}, falls = {y_falls, x, n, 0};
  number sum = 0, last = asinhl(60 / x) + 1;
  int parts = 1 + (int)(x / 4), pieces = 1 + (int)last;
  for (int k = 0; k < parts; k++)
    sum += integral(&turns, pi_l * k / parts, pi_l * (k + 1) / parts);
  for (int k = 0; k < pieces; k++)
    sum -= integral(&falls, last * k / pieces, last * (k + 1) / pieces);
  return sum / pi_l;
}

#define OF_DOUBLE(name, value)                                                             \
  static double name(double x) {                                                           \
    return (double)(value);                                                                \
  }
#define FOR_POSITIVE(name, at_zero, value)                                                 \
  static double name(double x) {                                                           \
    if (!(x >= 0)) return NAN;                                                             \
    return x == 0 ? (at_zero) : (double)(value);                                           \
  }
OF_DOUBLE(bessel_i0, bessel_ie(0, x) * expl(fabs(x)))
OF_DOUBLE(bessel_i0e, bessel_ie(0, x))
OF_DOUBLE(bessel_i1, bessel_ie(1, x) * expl(fabs(x)))
OF_DOUBLE(bessel_i1e, bessel_ie(1, x))
OF_DOUBLE(bessel_j0, bessel_j(0, x))
OF_DOUBLE(bessel_j1, bessel_j(1, x))
FOR_POSITIVE(bessel_k0, INFINITY, bessel_ke(0, x) * expl(-x))
FOR_POSITIVE(bessel_k0e, INFINITY, bessel_ke(0, x))
FOR_POSITIVE(bessel_k1, INFINITY, bessel_ke(1, x) * expl(-x))
FOR_POSITIVE(bessel_k1e, INFINITY, bessel_ke(1, x))
FOR_POSITIVE(bessel_y0, -INFINITY, bessel_y(0, x))
FOR_POSITIVE(bessel_y1, -INFINITY, bessel_y(1, x))

/* ---- Integrals: DLMF 7.2.5, 7.2.7, 7.2.8, 6.6.2, 25.12.2 with t = e^u ---- */

static number dawson_of(const integrand *it, number t) {
  return expl((t - it->p) * (t + it->p));
}
static double dawsn(double x) {
  number a = fabsl((number)x);
  integrand it = {dawson_of, a, 0, 0};
  return copysign((double)integral(&it, a > 8 ? a - 40 / a : 0, a), x);
}
static number fresnel_of(const integrand *it, number t) {
  number angle = pi_l / 2 * t * t;
  return it->p == 0 ? sinl(angle) : cosl(angle);
}
static number fresnel(double x, int cosine) {
  integrand it = {fresnel_of, cosine, 0, 0};
  number sum = 0;
  int pieces = 1 + (int)(x * x / 4);
  for (int k = 0; k < pieces; k++)
    sum += integral(&it, (number)x * k / pieces, (number)x * (k + 1) / pieces);
  return sum;
}
OF_DOUBLE(fresnel_sin, fresnel(x, 0))
OF_DOUBLE(fresnel_cos, fresnel(x, 1))

static double expint(double x) {
  if (!(x >= 0)) return NAN;
  number sum = 0.577215664901532860606512090082402431L + logl(x), term = 1;
  for (int k = 1; k < 400; k++) {
    term *= (number)x / k;
    sum += term / k;
  }
  return (double)sum;
}
static number spence_of(const integrand *it, number u) {
  (void)it;
  return fabsl(u) < 1e-12L ? 1 + u / 2 : -u / expm1l(-u);
}
static double spence(double x) {
  integrand it = {spence_of, 0, 0, 0};
  if (!(x >= 0)) return NAN;
  return x == 0 ? (double)(pi_l * pi_l / 6) : (double)-integral(&it, 0, logl(x));
}

/* ---- Inverses, by Newton's method on the logarithm of erfc ---- */

/* erfc(y) = p <= 1 */
static number erfc_inverse(number p) {
  number y = p > 0.1L ? 1 - p : sqrtl(-logl(p));
  for (int k = 0; k < 60; k++) {
    number q = erfcl(y), slope = 2 / sqrtl(pi_l) * expl(-y * y);
    number step = logl(q / p) * q / slope;
    y += step;
    if (fabsl(step) < 1e-19L * y) break;
  }
  return y;
}
static double erfcinv(double x) {
  if (!(x >= 0 && x <= 2)) return NAN;
  if (x == 0 || x == 2) return x == 0 ? INFINITY : -INFINITY;
  if (x > 1) return -(double)erfc_inverse(2 - (number)x);
  return x == 1 ? 0 : (double)erfc_inverse(x);
}
/* Near 0 by erf itself, relative to it. */
static double erfinv(double x) {
  if (!(fabs(x) <= 1)) return NAN;
  if (fabs(x) == 1) return copysign(INFINITY, x);
  if (fabs(x) > 0.5) return copysign((double)erfc_inverse(1 - fabsl((number)x)), x);
  number y = x;
  for (int k = 0; k < 30; k++) y += (x - erfl(y)) * sqrtl(pi_l) / 2 * expl(y * y);
  return (double)y;
}
static double ndtri(double x) {
  if (!(x >= 0 && x <= 1)) return NAN;
  if (x == 0 || x == 1) return x == 0 ? -INFINITY : INFINITY;
  if (x > 0.5) return (double)(sqrtl(2) * erfc_inverse(2 * (1 - (number)x)));
  return x == 0.5 ? 0 : -(double)(sqrtl(2) * erfc_inverse(2 * (number)x));
}

/* ---- Gamma's derivatives and zeta, from far out (DLMF 5.11.2, 25.2.10) ---- */

static const number bernoullis[] = {1.0L / 6,   -1.0L / 30,     1.0L / 42,
                                    -1.0L / 30, 5.0L / 66,      -691.0L / 2730,
                                    7.0L / 6,   -3617.0L / 510, 43867.0L / 798};

static number psi(number x) {
  number sum = 0;
  if (x <= 0 && floorl(x) == x) return NAN;
  if (x < 0) return psi(1 - x) - pi_l / tanl(pi_l * (x - rintl(x)));
  for (; x < 40; x += 1) sum -= 1 / x;
  sum += logl(x) - 1 / (2 * x);
  number power = 1 / (x * x);
  for (int k = 1; k <= 9; k++, power /= x * x) sum -= bernoullis[k - 1] / (2 * k) * power;
  return sum;
}
OF_DOUBLE(digamma, psi(x))

static number hurwitz(number s, number q) {
  number sum = 0;
  for (int k = 0; k < 60; k++) sum += powl(q + k, -s);
  number w = q + 60, term = s * powl(w, -s - 1) / 2;
  sum += powl(w, 1 - s) / (s - 1) + powl(w, -s) / 2;
  for (int k = 1; k <= 9; k++) {
    sum += term * bernoullis[k - 1];
    term *= (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2)) / (w * w);
  }
  return sum;
}
/* Term after term below 0. */
static number zeta_l(number s, number q) {
  number below = 0;
  if (s == 1) return INFINITY;
  if (!(s > 1) || isnan(q) || (q <= 0 && floorl(s) != s)) return NAN;
  if (q <= 0 && floorl(q) == q) return fmodl(s, 2) == 0 ? INFINITY : NAN;
  for (; q < 0; q += 1) below += powl(q, -s);
  return below + hurwitz(s, q);
}
static double zeta(double s, double q) {
  return (double)zeta_l(s, q);
}
static double polygamma(double n, double x) {
  if (n == 0) return digamma(x);
  if (!(n > 0) || floor(n) != n) return NAN;
  number z = zeta_l((number)n + 1, x) * tgammal((number)n + 1);
  return (double)(fmod(n, 2) == 0 ? -z : z);
}

/* ---- Incomplete gamma and beta: DLMF 8.2.4 and 8.17.1 with t = e^v and the logistic of v
 * ---- */

static number gamma_density(const integrand *it, number v) {
  number density = expl(it->p * v - expl(v) - it->r);
  return it->q == 0 ? density : density * (v - psi(it->p));
}
static number gamma_side(number a, number x, int upper, int slope) {
  integrand it = {gamma_density, a, slope, lgammal(a)};
  number at = logl(x), reach = fmaxl(45 / a, 14 / sqrtl(a)), mode = logl(a);
  number low = fminl(at, mode) - reach, sum = 0;
  number high = logl(fmaxl(a, x) + 60 + 14 * sqrtl(a));
  if (upper) low = at;
  if (!upper) high = at;
  /* The mode stands between two pieces. */
  if (low < mode && mode < high) {
    sum = integral(&it, low, mode);
    low = mode;
  }
  return sum + integral(&it, low, high);
}
static double gamma_edge(double a, double x, int upper) {
  if (!(a > 0 && x >= 0) || (isinf(a) && isinf(x))) return NAN;
  double p = x == 0 || isinf(a) ? 0 : 1;
  return upper ? 1 - p : p;
}
static int is_inside(double a, double x) {
  return a > 0 && x > 0 && isfinite(a) && isfinite(x);
}
static double igamma(double a, double x) {
  return is_inside(a, x) ? (double)gamma_side(a, x, 0, 0) : gamma_edge(a, x, 0);
}
static double igammac(double a, double x) {
  return is_inside(a, x) ? (double)gamma_side(a, x, 1, 0) : gamma_edge(a, x, 1);
}
static double igamma_grad_a(double a, double x) {
  if (!is_inside(a, x)) return gamma_edge(a, x, 0) * 0;
  return x > a ? -(double)gamma_side(a, x, 1, 1) : (double)gamma_side(a, x, 0, 1);
}

static number beta_density(const integrand *it, number v) {
  return expl(-it->p * log1pl(expl(-v)) - it->q * log1pl(expl(v)) - it->r);
}
static double betainc(double a, double b, double x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return NAN;
  if (x == 0 || x == 1) return x;
  number lbeta = lgammal(a) + lgammal(b) - lgammal((number)a + (number)b);
  integrand it = {beta_density, a, b, lbeta};
  number at = logl(x) - log1pl(-(number)x), mode = logl(a) - logl(b), sum = 0;
  number low = fminl(at, mode) - fmaxl(45 / (number)a, 14 / sqrtl(fmin(a, b)));
  if (mode < at) {
    sum = integral(&it, low, mode);
    low = mode;
  }
  return (double)(sum + integral(&it, low, at));
}

#endif
