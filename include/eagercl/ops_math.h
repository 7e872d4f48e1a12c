/* ops_math.h - elementwise mathematics, comparisons, logic, bits and choosing. What holds
 * for all ops: ops.h. */
#ifndef EAGERCL_OPS_MATH_H
#define EAGERCL_OPS_MATH_H

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

/* ---- Changing the dtype ---- */

/* Any dtype to any. Float to integer truncates toward zero, saturates at the ends of the
 * range, and gives 0 for NaN; integer to integer wraps; to bool is x != 0; to a smaller
 * float rounds to nearest even. The raw op's attribute Truncate cuts off instead what a
 * smaller float has no bits for; TensorFlow does not heed it from float64 or float16 to
 * bfloat16. */
EAGER_API EAGER_NODISCARD eager_status eager_cast(eager_tensor *x, eager_dtype dtype,
                                                  eager_tensor **out);
/* The bytes of x as elements of another dtype, none of them bool: smaller elements add a
 * last axis, larger ones take one in: float32 [2] is uint8 [2,4]. Shares the bytes of x. */
EAGER_API EAGER_NODISCARD eager_status eager_bitcast(eager_tensor *x, eager_dtype dtype,
                                                     eager_tensor **out);

/* ---- Unary: floats and signed integers; eager_square every number ----
 *
 * Integers wrap: the absolute of INT8_MIN is INT8_MIN. */

EAGER_API EAGER_NODISCARD eager_status eager_abs(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_negative(eager_tensor *x, eager_tensor **out);
/* NaN gives NaN. */
EAGER_API EAGER_NODISCARD eager_status eager_sign(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_square(eager_tensor *x, eager_tensor **out);

/* ---- Roots, exponentials and logarithms: floats ----
 *
 * Outside its domain a function gives NaN, at a pole an infinity, as IEEE 754 does. */

EAGER_API EAGER_NODISCARD eager_status eager_reciprocal(eager_tensor *x,
                                                        eager_tensor **out);
/* 0 where x is 0. */
EAGER_API EAGER_NODISCARD eager_status eager_reciprocal_no_nan(eager_tensor *x,
                                                               eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_sqrt(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_rsqrt(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_exp(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_expm1(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_log(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_log1p(eager_tensor *x, eager_tensor **out);

/* ---- Trigonometry, in radians: floats ---- */

EAGER_API EAGER_NODISCARD eager_status eager_sin(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_cos(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tan(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_asin(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_acos(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_atan(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_sinh(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_cosh(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tanh(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_asinh(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_acosh(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_atanh(eager_tensor *x, eager_tensor **out);

/* ---- Rounding: floats ---- */

EAGER_API EAGER_NODISCARD eager_status eager_floor(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_ceil(eager_tensor *x, eager_tensor **out);
/* To nearest, halves to even. Also takes signed integers, which it leaves alone. */
EAGER_API EAGER_NODISCARD eager_status eager_round(eager_tensor *x, eager_tensor **out);
/* The same, for floats only. */
EAGER_API EAGER_NODISCARD eager_status eager_rint(eager_tensor *x, eager_tensor **out);

/* ---- Tests: floats to bool ---- */

EAGER_API EAGER_NODISCARD eager_status eager_is_nan(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_is_inf(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_is_finite(eager_tensor *x, eager_tensor **out);

/* ---- Arithmetic of two: a and b of one dtype, broadcast ----
 *
 * Every number unless said otherwise. Integers wrap. An integer division by zero is
 * EAGER_INVALID_ARGUMENT, in ASYNC a failed tensor. The lowest integer divided by
 * -1 wraps. */

EAGER_API EAGER_NODISCARD eager_status eager_add(eager_tensor *a, eager_tensor *b,
                                                 eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_subtract(eager_tensor *a, eager_tensor *b,
                                                      eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_multiply(eager_tensor *a, eager_tensor *b,
                                                      eager_tensor **out);
/* The sum of `count` >= 1 tensors of one shape, from left to right; nothing is broadcast.
 */
EAGER_API EAGER_NODISCARD eager_status eager_add_n(eager_tensor *const *inputs,
                                                   size_t count, eager_tensor **out);
/* Floats only. */
EAGER_API EAGER_NODISCARD eager_status eager_divide(eager_tensor *a, eager_tensor *b,
                                                    eager_tensor **out);
/* TensorFlow's raw Div: floats as eager_divide, integers as eager_truncatediv. */
EAGER_API EAGER_NODISCARD eager_status eager_div(eager_tensor *a, eager_tensor *b,
                                                 eager_tensor **out);
/* Rounds down. */
EAGER_API EAGER_NODISCARD eager_status eager_floordiv(eager_tensor *a, eager_tensor *b,
                                                      eager_tensor **out);
/* The sign of b. */
EAGER_API EAGER_NODISCARD eager_status eager_floormod(eager_tensor *a, eager_tensor *b,
                                                      eager_tensor **out);
/* Rounds to zero. */
EAGER_API EAGER_NODISCARD eager_status eager_truncatediv(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
/* The sign of a. */
EAGER_API EAGER_NODISCARD eager_status eager_truncatemod(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
/* NaN if either is. */
EAGER_API EAGER_NODISCARD eager_status eager_maximum(eager_tensor *a, eager_tensor *b,
                                                     eager_tensor **out);
/* NaN if either is. */
EAGER_API EAGER_NODISCARD eager_status eager_minimum(eager_tensor *a, eager_tensor *b,
                                                     eager_tensor **out);
/* Floats and signed integers; a negative integer power is EAGER_INVALID_ARGUMENT. */
EAGER_API EAGER_NODISCARD eager_status eager_pow(eager_tensor *a, eager_tensor *b,
                                                 eager_tensor **out);
/* Floats, int32, int64. */
EAGER_API EAGER_NODISCARD eager_status eager_squared_difference(eager_tensor *a,
                                                                eager_tensor *b,
                                                                eager_tensor **out);
/* Vector products of rows of three: [...,3] and the same shape, not broadcast. */
EAGER_API EAGER_NODISCARD eager_status eager_cross(eager_tensor *a, eager_tensor *b,
                                                   eager_tensor **out);

/* ---- Arithmetic of two: floats, broadcast ---- */

/* Angle of the point (x, y). */
EAGER_API EAGER_NODISCARD eager_status eager_atan2(eager_tensor *y, eager_tensor *x,
                                                   eager_tensor **out);
/* float32 and float64: the next value after a towards b. */
EAGER_API EAGER_NODISCARD eager_status eager_nextafter(eager_tensor *a, eager_tensor *b,
                                                       eager_tensor **out);
/* 0 where b is 0. */
EAGER_API EAGER_NODISCARD eager_status eager_divide_no_nan(eager_tensor *a, eager_tensor *b,
                                                           eager_tensor **out);
/* 0 where b is 0, even if a is NaN. */
EAGER_API EAGER_NODISCARD eager_status eager_multiply_no_nan(eager_tensor *a,
                                                             eager_tensor *b,
                                                             eager_tensor **out);
/* a / b, 0 where a is 0. */
EAGER_API EAGER_NODISCARD eager_status eager_xdivy(eager_tensor *a, eager_tensor *b,
                                                   eager_tensor **out);
/* a * log(b), 0 where a is 0. */
EAGER_API EAGER_NODISCARD eager_status eager_xlogy(eager_tensor *a, eager_tensor *b,
                                                   eager_tensor **out);
/* a * log1p(b), 0 where a is 0. */
EAGER_API EAGER_NODISCARD eager_status eager_xlog1py(eager_tensor *a, eager_tensor *b,
                                                     eager_tensor **out);

/* ---- Comparisons: two of one dtype, broadcast, to bool ----
 *
 * equal and not_equal take every dtype, the others every number. NaN equals nothing. Raw
 * Equal and NotEqual have TensorFlow's incompatible_shape_error: where false, shapes that
 * do not broadcast make a scalar, "not equal", instead of an error. */

EAGER_API EAGER_NODISCARD eager_status eager_equal(eager_tensor *a, eager_tensor *b,
                                                   eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_not_equal(eager_tensor *a, eager_tensor *b,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_less(eager_tensor *a, eager_tensor *b,
                                                  eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_less_equal(eager_tensor *a, eager_tensor *b,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_greater(eager_tensor *a, eager_tensor *b,
                                                     eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_greater_equal(eager_tensor *a, eager_tensor *b,
                                                           eager_tensor **out);
/* |a - b| <= tolerance; every number. For integers the difference is exact and tolerance is
 * truncated. TensorFlow does not broadcast here; its text says "<", its kernels "<=". */
EAGER_API EAGER_NODISCARD eager_status eager_approximate_equal(eager_tensor *a,
                                                               eager_tensor *b,
                                                               double tolerance,
                                                               eager_tensor **out);

/* ---- Logic: bool to bool, broadcast ---- */

EAGER_API EAGER_NODISCARD eager_status eager_logical_not(eager_tensor *x,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_logical_and(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_logical_or(eager_tensor *a, eager_tensor *b,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_logical_xor(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);

/* ---- Bits: integers, broadcast ----
 *
 * A shift by less than 0 or by the width and more leaves nothing: 0, or -1 from shifting a
 * negative number right. */

EAGER_API EAGER_NODISCARD eager_status eager_invert(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bitwise_and(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bitwise_or(eager_tensor *a, eager_tensor *b,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_bitwise_xor(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_left_shift(eager_tensor *a, eager_tensor *b,
                                                        eager_tensor **out);
/* Keeps the sign. */
EAGER_API EAGER_NODISCARD eager_status eager_right_shift(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
/* How many bits are set; the result is uint8. */
EAGER_API EAGER_NODISCARD eager_status eager_population_count(eager_tensor *x,
                                                              eager_tensor **out);

/* ---- Choosing, broadcast ---- */

/* x where the bool `condition` holds, y elsewhere; x and y of any one dtype. */
EAGER_API EAGER_NODISCARD eager_status eager_where(eager_tensor *condition, eager_tensor *x,
                                                   eager_tensor *y, eager_tensor **out);
/* TensorFlow's raw Select, the elder of eager_where: t and e have one shape, `condition`
 * the same, or it is a scalar or a vector with one bool for each row of t. */
EAGER_API EAGER_NODISCARD eager_status eager_select(eager_tensor *condition,
                                                    eager_tensor *t, eager_tensor *e,
                                                    eager_tensor **out);
/* Every number; the limits broadcast to the shape of t, and NaN in any of them goes
 * through, as in tf.clip_by_value; TensorFlow's raw op takes limits of the shape of t or
 * scalars. Where clip_value_min > clip_value_max, clip_value_min wins. */
EAGER_API EAGER_NODISCARD eager_status eager_clip_by_value(eager_tensor *t,
                                                           eager_tensor *clip_value_min,
                                                           eager_tensor *clip_value_max,
                                                           eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_MATH_H */
