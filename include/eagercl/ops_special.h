/* ops_special.h - special functions. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_SPECIAL_H
#define EAGERCL_OPS_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Elementwise on floats; arguments broadcast. Where a function is not defined it is NaN.
 * Error bounds are in ulp (units in the last place of the result) of float32; near roots
 * other than 0, in float32 epsilons (2^-23) of what is said. float64 is as good in its own,
 * unless said otherwise; the 16-bit floats are rounded from float32. Formulas: DLMF, the
 * NIST Digital Library of Mathematical Functions, and Abramowitz and Stegun. */

/* ---- Error functions and the normal distribution ---- */

/* DLMF 7.2.1; 16 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_erf(eager_tensor *x, eager_tensor **out);
/* 1 - erf, DLMF 7.2.2; 16 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_erfc(eager_tensor *x, eager_tensor **out);
/* The inverse of erf on [-1, 1]; infinities at its ends; 8 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_erfinv(eager_tensor *x, eager_tensor **out);
/* The inverse of erfc on [0, 2]; infinities at its ends; 8 ulp. By name Erfcinv, which
 * TensorFlow composes of Ndtri. */
EAGER_API EAGER_NODISCARD eager_status eager_erfcinv(eager_tensor *x, eager_tensor **out);
/* Quantile of the standard normal distribution, on [0, 1]; infinities at its ends; 8 ulp.
 */
EAGER_API EAGER_NODISCARD eager_status eager_ndtri(eager_tensor *x, eager_tensor **out);

/* ---- Gamma and its derivatives ---- */

/* log |Gamma(x)|, DLMF 5.2.1; infinite at 0, -1, -2 ...; 8 ulp, near roots and below 0 of
 * the largest term. */
EAGER_API EAGER_NODISCARD eager_status eager_lgamma(eager_tensor *x, eager_tensor **out);
/* Its derivative psi, DLMF 5.2.2; NaN at 0, -1, -2 ... (SciPy: infinite at 0); 8 ulp, below
 * 0 of the larger term of the reflection. */
EAGER_API EAGER_NODISCARD eager_status eager_digamma(eager_tensor *x, eager_tensor **out);
/* The a-th derivative of psi at x, DLMF 5.15.1; NaN unless a is 0 or a positive whole
 * number; at 0, -1, -2 ... infinite where a is odd and NaN where it is even, as the sides
 * differ. float32 and float64; 32 ulp, for a above 1000 as many as lgamma(a) has units. */
EAGER_API EAGER_NODISCARD eager_status eager_polygamma(eager_tensor *a, eager_tensor *x,
                                                       eager_tensor **out);
/* Hurwitz' zeta: the sum of (q + k)^-x over k = 0, 1 ..., DLMF 25.11.1; infinite at x = 1,
 * NaN below. For q <= 0 only whole x count; at q = 0, -1 ... infinite for even x and NaN
 * for odd ones. float32 and float64; 24 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_zeta(eager_tensor *x, eager_tensor *q,
                                                  eager_tensor **out);

/* ---- Incomplete gamma and beta functions, regularized ----
 *
 * Errors grow with the exponents of what they are made of: 32 ulp and as many as the
 * result's logarithm has units, also relative to 1 where a result is 1 minus another. */

/* P(a, x), DLMF 8.2.4, for a > 0 and x >= 0. */
EAGER_API EAGER_NODISCARD eager_status eager_igamma(eager_tensor *a, eager_tensor *x,
                                                    eager_tensor **out);
/* Q(a, x) = 1 - P(a, x). */
EAGER_API EAGER_NODISCARD eager_status eager_igammac(eager_tensor *a, eager_tensor *x,
                                                     eager_tensor **out);
/* The derivative of P(a, x) by a. float32 and float64. Errors are relative to the terms it
 * is made of: some 1e-5 of P or Q in float32. */
EAGER_API EAGER_NODISCARD eager_status eager_igamma_grad_a(eager_tensor *a, eager_tensor *x,
                                                           eager_tensor **out);
/* I_x(a, b), DLMF 8.17.2, for a > 0, b > 0 and x from 0 to 1. float32 and float64. Above
 * a or b = 1e6 it may not have converged. */
EAGER_API EAGER_NODISCARD eager_status eager_betainc(eager_tensor *a, eager_tensor *b,
                                                     eager_tensor *x, eager_tensor **out);

/* ---- Bessel functions, DLMF 10 ---- */

/* I of order 0 and 1: 16 ulp, and times e^-|x|: 8 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_bessel_i0(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_i0e(eager_tensor *x,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_i1(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_i1e(eager_tensor *x,
                                                        eager_tensor **out);
/* J of order 0 and 1: 8 epsilons of 1, for x above 8 of sqrt(1 / x). */
EAGER_API EAGER_NODISCARD eager_status eager_bessel_j0(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_j1(eager_tensor *x, eager_tensor **out);
/* K of order 0 and 1, and times e^x, for x > 0; infinite at 0, in TensorFlow also below: 16
 * ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_bessel_k0(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_k0e(eager_tensor *x,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_k1(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_k1e(eager_tensor *x,
                                                        eager_tensor **out);
/* Y of order 0 and 1 for x > 0; -infinity at 0, in TensorFlow also below: 8 ulp and as
 * many epsilons of 1, for x above 8 of sqrt(1 / x). */
EAGER_API EAGER_NODISCARD eager_status eager_bessel_y0(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bessel_y1(eager_tensor *x, eager_tensor **out);

/* ---- Integrals ---- */

/* Dawson's integral, DLMF 7.2.5; 8 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_dawsn(eager_tensor *x, eager_tensor **out);
/* Ei(x), DLMF 6.2.5, for x >= 0, as TensorFlow defines it: NaN below. 16 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_expint(eager_tensor *x, eager_tensor **out);
/* C(x) and S(x), DLMF 7.2.7 and 7.2.8; 8 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_fresnel_cos(eager_tensor *x,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_fresnel_sin(eager_tensor *x,
                                                         eager_tensor **out);
/* Li2(1 - x), the dilogarithm of DLMF 25.12.1, for x >= 0; 8 ulp. */
EAGER_API EAGER_NODISCARD eager_status eager_spence(eager_tensor *x, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_SPECIAL_H */
