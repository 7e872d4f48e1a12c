/* ops.h - the ops, typed, under their tf.* names: inputs, then options, then outputs.
 *
 * What holds for all of them:
 *  1. Inputs are borrowed and may be released right after the call; `*out` is one
 *     reference, or NULL on failure.
 *  2. The op runs on the thread's scope device, else the default device; inputs elsewhere
 *     are copied or refused by the device policy (runtime.h). The output lives there.
 *  3. SYNC blocks until done. ASYNC returns once submitted; shape, dtype, device and memory
 *     errors still come at the call.
 *  4. Inputs of one op have one dtype and nothing is promoted: eager_cast does that. The
 *     result has the inputs' dtype unless said otherwise. Wrong dtypes, shapes and axes are
 *     EAGER_INVALID_ARGUMENT; float64 arithmetic on a device without it is
 *     EAGER_UNIMPLEMENTED.
 *  5. "broadcast" is NumPy's: shapes are aligned at the right, and an extent of 1 repeats.
 *  6. Negative axes count from the end. Zero-size tensors are legal everywhere.
 *  7. "number" is every dtype but bool; "floats" are float32, float64, float16, bfloat16.
 *     The 16-bit ones are computed in float32 and rounded once.
 *  8. Raw names, for op.h and error texts, are TensorFlow's: eager_add is AddV2. */
#ifndef EAGERCL_OPS_H
#define EAGERCL_OPS_H

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
 * float rounds to nearest even. */
EAGER_API EAGER_NODISCARD eager_status eager_cast(eager_tensor *x, eager_dtype dtype,
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

/* ---- Activations: relu and relu6 for every number, the others for floats ----
 *
 * NaN stays NaN. */

EAGER_API EAGER_NODISCARD eager_status eager_relu(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_relu6(eager_tensor *x, eager_tensor **out);
/* x, and e^x - 1 below 0. */
EAGER_API EAGER_NODISCARD eager_status eager_elu(eager_tensor *x, eager_tensor **out);
/* Klambauer et al. 2017, eq. 2. */
EAGER_API EAGER_NODISCARD eager_status eager_selu(eager_tensor *x, eager_tensor **out);
/* 1 / (1 + e^-x) */
EAGER_API EAGER_NODISCARD eager_status eager_sigmoid(eager_tensor *x, eager_tensor **out);
/* log(1 + e^x), without overflow. */
EAGER_API EAGER_NODISCARD eager_status eager_softplus(eager_tensor *x, eager_tensor **out);
/* x / (1 + |x|) */
EAGER_API EAGER_NODISCARD eager_status eager_softsign(eager_tensor *x, eager_tensor **out);

/* ---- Special functions: floats ---- */

EAGER_API EAGER_NODISCARD eager_status eager_erf(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_erfc(eager_tensor *x, eager_tensor **out);
/* log |Gamma(x)| */
EAGER_API EAGER_NODISCARD eager_status eager_lgamma(eager_tensor *x, eager_tensor **out);

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
/* Floats only. */
EAGER_API EAGER_NODISCARD eager_status eager_divide(eager_tensor *a, eager_tensor *b,
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
 * equal and not_equal take every dtype, the others every number. NaN equals nothing. */

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

/* ---- Logic: bool to bool, broadcast ---- */

EAGER_API EAGER_NODISCARD eager_status eager_logical_not(eager_tensor *x,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_logical_and(eager_tensor *a, eager_tensor *b,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_logical_or(eager_tensor *a, eager_tensor *b,
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

/* ---- Choosing, broadcast ---- */

/* x where the bool `condition` holds, y elsewhere; x and y of any one dtype. */
EAGER_API EAGER_NODISCARD eager_status eager_where(eager_tensor *condition, eager_tensor *x,
                                                   eager_tensor *y, eager_tensor **out);
/* Every number; the limits broadcast to the shape of t. NaN stays NaN. */
EAGER_API EAGER_NODISCARD eager_status eager_clip_by_value(eager_tensor *t,
                                                           eager_tensor *clip_value_min,
                                                           eager_tensor *clip_value_max,
                                                           eager_tensor **out);

/* ---- Gradients, broadcast: the incoming gradient times the derivative ----
 *
 * Named and ordered as TensorFlow's gradient ops: some take the forward op's input
 * (features), some its output (outputs, y). relu and relu6 for every number, the others for
 * floats. */

EAGER_API EAGER_NODISCARD eager_status eager_relu_grad(eager_tensor *gradients,
                                                       eager_tensor *features,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_relu6_grad(eager_tensor *gradients,
                                                        eager_tensor *features,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_elu_grad(eager_tensor *gradients,
                                                      eager_tensor *outputs,
                                                      eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_selu_grad(eager_tensor *gradients,
                                                       eager_tensor *outputs,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_softplus_grad(eager_tensor *gradients,
                                                           eager_tensor *features,
                                                           eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_softsign_grad(eager_tensor *gradients,
                                                           eager_tensor *features,
                                                           eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_sigmoid_grad(eager_tensor *y, eager_tensor *dy,
                                                          eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tanh_grad(eager_tensor *y, eager_tensor *dy,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_sqrt_grad(eager_tensor *y, eager_tensor *dy,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_rsqrt_grad(eager_tensor *y, eager_tensor *dy,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_reciprocal_grad(eager_tensor *y,
                                                             eager_tensor *dy,
                                                             eager_tensor **out);

/* ---- Reductions over the `axis_count` axes listed ----
 *
 * axes NULL (with axis_count 0): all axes. A non-NULL list of none: nothing is reduced. An
 * axis listed twice or out of range is EAGER_INVALID_ARGUMENT. keep_dims leaves extents
 * of 1. */

/* Numbers. Integers wrap; 0 over nothing. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_sum(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);
/* Numbers. The sum of integers wraps, their mean truncates toward zero; over nothing: NaN,
 * or 0 for integers. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_mean(eager_tensor *x,
                                                         const int64_t *axes,
                                                         int axis_count, bool keep_dims,
                                                         eager_tensor **out);
/* Numbers. NaN if any is; over nothing the lowest value of the dtype (-inf). */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_max(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);
/* Numbers. NaN if any is; over nothing the highest value of the dtype (inf). */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_min(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);
/* Numbers. Integers wrap; 1 over nothing. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_prod(eager_tensor *x,
                                                         const int64_t *axes,
                                                         int axis_count, bool keep_dims,
                                                         eager_tensor **out);
/* bool. False over nothing. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_any(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);
/* bool. True over nothing. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_all(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);

/* Where the largest or smallest number along `axis` stands, the first of equals; a NaN
 * counts as both. The axis is dropped. output_type: EAGER_INT32 or EAGER_INT64. An axis of
 * extent 0 is EAGER_INVALID_ARGUMENT. Raw attribute names: dimension, output_type. */
EAGER_API EAGER_NODISCARD eager_status eager_argmax(eager_tensor *x, int64_t axis,
                                                    eager_dtype output_type,
                                                    eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_argmin(eager_tensor *x, int64_t axis,
                                                    eager_dtype output_type,
                                                    eager_tensor **out);

/* ---- Matrices ---- */

/* [m, k] x [k, n] -> [m, n], each read transposed if asked for. Floats, int32, int64.
 * k = 0 gives zeros. */
EAGER_API EAGER_NODISCARD eager_status eager_matmul(eager_tensor *a, bool transpose_a,
                                                    eager_tensor *b, bool transpose_b,
                                                    eager_tensor **out);

/* ---- Softmax along one axis: floats, rank 1 and up ---- */

/* e^(x - max) / sum */
EAGER_API EAGER_NODISCARD eager_status eager_softmax(eager_tensor *logits, int64_t axis,
                                                     eager_tensor **out);
/* x - max - log(sum e^(x - max)) */
EAGER_API EAGER_NODISCARD eager_status eager_log_softmax(eager_tensor *logits, int64_t axis,
                                                         eager_tensor **out);

/* ---- Shape: every dtype ----
 *
 * All but transpose share the bytes of x when the op runs where x is. */

EAGER_API EAGER_NODISCARD eager_status eager_identity(eager_tensor *x, eager_tensor **out);
/* One of `dims` may be -1: what is left over. The numbers of elements must agree. */
EAGER_API EAGER_NODISCARD eager_status eager_reshape(eager_tensor *x, int rank,
                                                     const int64_t *dims,
                                                     eager_tensor **out);
/* Puts an extent of 1 in front of `axis`, in [-1 - rank, rank]. */
EAGER_API EAGER_NODISCARD eager_status eager_expand_dims(eager_tensor *x, int64_t axis,
                                                         eager_tensor **out);
/* Drops the axes listed, which must have extent 1; axes NULL: every such axis. */
EAGER_API EAGER_NODISCARD eager_status eager_squeeze(eager_tensor *x, const int64_t *axes,
                                                     int axis_count, eager_tensor **out);
/* Axis i of the result is axis perm[i] of x; perm has rank(x) entries; NULL: reversed. */
EAGER_API EAGER_NODISCARD eager_status eager_transpose(eager_tensor *x, const int64_t *perm,
                                                       eager_tensor **out);

/* ---- Parts: every dtype ---- */

/* One after the other along `axis`; at least one, equal in rank and all other extents. */
EAGER_API EAGER_NODISCARD eager_status eager_concat(eager_tensor *const *values,
                                                    size_t count, int64_t axis,
                                                    eager_tensor **out);
/* `begin` and `size` have rank(x) entries; size -1: to the end. */
EAGER_API EAGER_NODISCARD eager_status eager_slice(eager_tensor *x, const int64_t *begin,
                                                   const int64_t *size, eager_tensor **out);
/* Slices of params along `axis`, one per index: params.shape[:axis] + indices.shape +
 * params.shape[axis + 1:]. indices int32 or int64; one outside [0, extent) is
 * EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor. Raw: GatherV2. */
EAGER_API EAGER_NODISCARD eager_status eager_gather(eager_tensor *params,
                                                    eager_tensor *indices, int64_t axis,
                                                    eager_tensor **out);

/* ---- Making: on the scope's device ---- */

/* A new axis of extent `depth` at `axis` (-1: last): on_value where its position is the
 * index, off_value elsewhere, so also for an index out of range. indices uint8, int8, int32
 * or int64; the values are scalars of one dtype, the result's. */
EAGER_API EAGER_NODISCARD eager_status eager_one_hot(eager_tensor *indices, int64_t depth,
                                                     eager_tensor *on_value,
                                                     eager_tensor *off_value, int64_t axis,
                                                     eager_tensor **out);
/* Every element is the scalar `value`, of any dtype. */
EAGER_API EAGER_NODISCARD eager_status eager_fill(int rank, const int64_t *dims,
                                                  eager_tensor *value, eager_tensor **out);
/* Of the shape and dtype of x, any. */
EAGER_API EAGER_NODISCARD eager_status eager_zeros_like(eager_tensor *x,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_ones_like(eager_tensor *x, eager_tensor **out);
/* start, start + delta, ... before limit: ceil((limit - start) / delta) numbers, or none.
 * delta 0 and, for integers, arguments that are not whole or do not fit:
 * EAGER_INVALID_ARGUMENT. Beyond 2^53 use the raw op Range, whose attributes may be
 * integers. */
EAGER_API EAGER_NODISCARD eager_status eager_range(double start, double limit, double delta,
                                                   eager_dtype dtype, eager_tensor **out);

/* ---- Random numbers: floats, a function of seed, shape and dtype alone ----
 *
 * Philox 4x32-10 (Salmon et al., SC 2011), the same numbers on every device; for the normal
 * ones up to rounding. `seed` is two numbers. */

/* Uniform in [0, 1). */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_random_uniform(int rank,
                                                                      const int64_t *dims,
                                                                      const int64_t seed[2],
                                                                      eager_dtype dtype,
                                                                      eager_tensor **out);
/* Mean 0, standard deviation 1, by Box-Muller. */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_random_normal(int rank,
                                                                     const int64_t *dims,
                                                                     const int64_t seed[2],
                                                                     eager_dtype dtype,
                                                                     eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_H */
