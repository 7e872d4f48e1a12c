/* ops_reduce.h - reductions and scans. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_REDUCE_H
#define EAGERCL_OPS_REDUCE_H

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

/* ---- Reductions over the `axis_count` axes listed ----
 *
 * axes NULL (with axis_count 0): all axes. A non-NULL list of none: nothing is reduced. An
 * axis listed twice or out of range is EAGER_INVALID_ARGUMENT. keep_dims leaves extents
 * of 1. */

/* Numbers. Integers wrap; 0 over nothing. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_sum(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);
/* Numbers. Integers are summed in 64 bits, and their mean truncates toward zero; over
 * nothing: NaN, or 0 for integers. */
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

/* Numbers. The square root of the sum of squares, of integers rounded down; 0 over nothing.
 * The sum of integers wraps; where that leaves it below 0 the result is 0. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_euclidean_norm(eager_tensor *x,
                                                                   const int64_t *axes,
                                                                   int axis_count,
                                                                   bool keep_dims,
                                                                   eager_tensor **out);
/* Floats. The mean of the squared distances from the mean, in two passes; NaN over nothing.
 * Raw: Variance, which TensorFlow composes. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_variance(eager_tensor *x,
                                                             const int64_t *axes,
                                                             int axis_count, bool keep_dims,
                                                             eager_tensor **out);
/* Floats. The square root of the variance. Raw: Std. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_std(eager_tensor *x,
                                                        const int64_t *axes, int axis_count,
                                                        bool keep_dims, eager_tensor **out);
/* Floats. log(sum e^x) without overflow; -inf over nothing. Raw: LogSumExp. */
EAGER_API EAGER_NODISCARD eager_status eager_reduce_logsumexp(eager_tensor *x,
                                                              const int64_t *axes,
                                                              int axis_count,
                                                              bool keep_dims,
                                                              eager_tensor **out);

/* Where the largest or smallest element along `axis` stands, the first of equals; any
 * dtype. A NaN counts as both: TensorFlow's CPU kernels pass over NaN. The axis is dropped.
 * output_type: EAGER_INT64, EAGER_INT32, EAGER_INT16 or EAGER_UINT16, the last two in
 * TensorFlow for ArgMax only. An axis of extent 0, or too long for output_type, is
 * EAGER_INVALID_ARGUMENT. Raw attribute names: dimension, output_type. */
EAGER_API EAGER_NODISCARD eager_status eager_argmax(eager_tensor *x, int64_t axis,
                                                    eager_dtype output_type,
                                                    eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_argmin(eager_tensor *x, int64_t axis,
                                                    eager_dtype output_type,
                                                    eager_tensor **out);

/* ---- Running totals along `axis`, of the shape of x ----
 *
 * exclusive: element i has the total of those before it, the first one that of none;
 * reverse: from the end. */

/* Numbers. Integers wrap. */
EAGER_API EAGER_NODISCARD eager_status eager_cumsum(eager_tensor *x, int64_t axis,
                                                    bool exclusive, bool reverse,
                                                    eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_cumprod(eager_tensor *x, int64_t axis,
                                                     bool exclusive, bool reverse,
                                                     eager_tensor **out);
/* Floats. log(sum e^x) without overflow; of none: -inf. A NaN stays, and an infinity until
 * one comes; TensorFlow's CPU kernel loses a NaN and makes NaN of infinities. */
EAGER_API EAGER_NODISCARD eager_status eager_cumulative_logsumexp(
    eager_tensor *x, int64_t axis, bool exclusive, bool reverse, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_REDUCE_H */
