/* ops_segment.h - segments, scatter and gather. What holds for all ops: ops.h. Ids and
 * indices are not looked at where the result is empty. TensorFlow's attribute
 * bad_indices_policy is not there. */
#ifndef EAGERCL_OPS_SEGMENT_H
#define EAGERCL_OPS_SEGMENT_H

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

/* ---- Segments: numbers ----
 *
 * Rows of data with one id become row id of the result, combined in an order that depends
 * on the shapes alone: the same bits every time. NaN wins in max and min. ids int32 or
 * int64; a bad one is EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor.
 */

/* segment_ids is a vector, one id per row (the first axis) of data, not negative and
 * nowhere decreasing. The result has one row more than the last id says, so the call waits
 * for that one in both modes. Rows of ids that do not occur: 1 for prod, else 0. The mean
 * of integers is truncated. */
EAGER_API EAGER_NODISCARD eager_status eager_segment_sum(eager_tensor *data,
                                                         eager_tensor *segment_ids,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_segment_mean(eager_tensor *data,
                                                          eager_tensor *segment_ids,
                                                          eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_segment_prod(eager_tensor *data,
                                                          eager_tensor *segment_ids,
                                                          eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_segment_max(eager_tensor *data,
                                                         eager_tensor *segment_ids,
                                                         eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_segment_min(eager_tensor *data,
                                                         eager_tensor *segment_ids,
                                                         eager_tensor **out);

/* The shape of segment_ids begins that of data; ids in any order; the result is
 * [num_segments] + data.shape[segment_ids.rank:]. What has a negative id is left out; one
 * of num_segments or more is refused. Rows of ids that do not occur: 0, 1 for prod, and for
 * max and min the dtype's lowest and highest finite number; unlike TensorFlow's, these are
 * not a part of the maximum of other rows. */
EAGER_API EAGER_NODISCARD eager_status eager_unsorted_segment_sum(eager_tensor *data,
                                                                  eager_tensor *segment_ids,
                                                                  int64_t num_segments,
                                                                  eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status
eager_unsorted_segment_prod(eager_tensor *data, eager_tensor *segment_ids,
                            int64_t num_segments, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_unsorted_segment_max(eager_tensor *data,
                                                                  eager_tensor *segment_ids,
                                                                  int64_t num_segments,
                                                                  eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_unsorted_segment_min(eager_tensor *data,
                                                                  eager_tensor *segment_ids,
                                                                  int64_t num_segments,
                                                                  eager_tensor **out);
/* Floats: the sum divided by the number of its terms, or that one's square root; 0 for ids
 * that do not occur. */
EAGER_API EAGER_NODISCARD eager_status
eager_unsorted_segment_mean(eager_tensor *data, eager_tensor *segment_ids,
                            int64_t num_segments, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status
eager_unsorted_segment_sqrt_n(eager_tensor *data, eager_tensor *segment_ids,
                              int64_t num_segments, eager_tensor **out);

/* ---- Counting ---- */

typedef struct eager_bincount_options { /* zeroed: tf.math.bincount's defaults */
  eager_tensor *weights; /* added up instead of ones; of the shape of arr; borrowed */
  int64_t minlength;     /* bins, at least */
  int64_t maxlength;     /* bins, at most; 0: no bound. Larger numbers are left out */
  eager_dtype dtype;     /* the result's without weights; 0: int32 */
  int64_t axis;          /* 0: all of arr; -1: each row of a matrix */
  bool binary_output;    /* 1 for what occurs, whatever the weights */
} eager_bincount_options;

/* How often 0, 1, 2 ... occur in arr, int32 or int64, up to its largest number: the call
 * waits for that one in both modes unless minlength reaches maxlength. A negative number is
 * EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor. Weights and the
 * result are int32, int64, float32 or float64; floats are added in an order that depends on
 * the shapes alone. `options` may be NULL. Raw: DenseBincount; also Bincount. */
EAGER_API EAGER_NODISCARD eager_status eager_bincount(eager_tensor *arr,
                                                      const eager_bincount_options *options,
                                                      eager_tensor **out);

/* How many values lie in each of `nbins` bins of equal width between `low` and `high`, both
 * rounded to the dtype of values, int32, int64, float32 or float64; what lies outside
 * counts in the first or last bin. A bin's number is (value - low) / ((high - low) /
 * nbins), in double whatever the device. The result is int32 or int64. NaN is
 * EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor. The raw op's
 * value_range is [low, high]. */
EAGER_API EAGER_NODISCARD eager_status eager_histogram_fixed_width(eager_tensor *values,
                                                                   double low, double high,
                                                                   int64_t nbins,
                                                                   eager_dtype dtype,
                                                                   eager_tensor **out);

/* ---- Gather: every dtype; eager_gather is in ops_array.h ----
 *
 * indices int16, int32 or int64. One out of range is EAGER_INVALID_ARGUMENT naming its
 * position, in ASYNC a failed tensor. */

/* tf.gather with batch_dims: the first `batch_dims` axes of params and indices are alike
 * and pick each for itself: params.shape[:axis] + indices.shape[batch_dims:] +
 * params.shape[axis + 1:]. A negative batch_dims counts from the rank of indices. Raw:
 * GatherV2. */
EAGER_API EAGER_NODISCARD eager_status eager_batch_gather(eager_tensor *params,
                                                          eager_tensor *indices,
                                                          int64_t axis, int64_t batch_dims,
                                                          eager_tensor **out);
/* indices [..., k] names slices of k dimensions of params, those behind its first
 * `batch_dims`: indices.shape[:-1] + params.shape[batch_dims + k:]. The raw GatherNd has
 * batch_dims too, unlike TensorFlow's. */
EAGER_API EAGER_NODISCARD eager_status eager_gather_nd(eager_tensor *params,
                                                       eager_tensor *indices,
                                                       int64_t batch_dims,
                                                       eager_tensor **out);

/* ---- Scatter ----
 *
 * indices [..., k], k from 0 on, names slices of the first k dimensions; updates is
 * indices.shape[:-1] + the shape of a slice. Updates of one slice are combined in an order
 * that depends on the shapes alone: the same bits every time. An index out of range is
 * EAGER_INVALID_ARGUMENT naming its position among the rows of indices, in ASYNC a failed
 * tensor. */

/* Zeros of `shape`, updates added. indices int16, int32 or int64; updates of every dtype
 * (bool: or). */
EAGER_API EAGER_NODISCARD eager_status eager_scatter_nd(eager_tensor *indices,
                                                        eager_tensor *updates, int rank,
                                                        const int64_t *shape,
                                                        eager_tensor **out);
/* tensor with updates added, subtracted, or where they are larger or smaller (NaN wins).
 * Updates of one slice are combined before they meet the tensor's. Numbers; indices int32
 * or int64. Raw: TensorScatterAdd, Sub, Max, Min. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_scatter_nd_add(eager_tensor *tensor,
                                                                   eager_tensor *indices,
                                                                   eager_tensor *updates,
                                                                   eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tensor_scatter_nd_sub(eager_tensor *tensor,
                                                                   eager_tensor *indices,
                                                                   eager_tensor *updates,
                                                                   eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tensor_scatter_nd_max(eager_tensor *tensor,
                                                                   eager_tensor *indices,
                                                                   eager_tensor *updates,
                                                                   eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tensor_scatter_nd_min(eager_tensor *tensor,
                                                                   eager_tensor *indices,
                                                                   eager_tensor *updates,
                                                                   eager_tensor **out);
/* tensor with slices replaced; of several updates of one slice the last one wins. Every
 * dtype; indices int16, uint16, int32 or int64. Raw: TensorScatterUpdate. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_scatter_nd_update(eager_tensor *tensor,
                                                                      eager_tensor *indices,
                                                                      eager_tensor *updates,
                                                                      eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_SEGMENT_H */
