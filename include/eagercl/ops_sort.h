/* ops_sort.h - sorting, searching and what depends on data. What holds for all ops: ops.h.
 */
#ifndef EAGERCL_OPS_SORT_H
#define EAGERCL_OPS_SORT_H

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

/* ---- In order: numbers ----
 *
 * Equals keep their order, also when descending: the lower index first. -0 equals 0; NaN is
 * greater than every number, so last when ascending and first when descending (TensorFlow
 * leaves that open). Elements come out with every bit they went in with. */

/* Along `axis`. direction "ASCENDING" or "DESCENDING"; NULL: ascending. Raw: Sort. */
EAGER_API EAGER_NODISCARD eager_status eager_sort(eager_tensor *values, int64_t axis,
                                                  const char *direction,
                                                  eager_tensor **out);
/* Where in `values` each element of the sorted result is, int32. Always stable. Raw:
 * Argsort. */
EAGER_API EAGER_NODISCARD eager_status eager_argsort(eager_tensor *values, int64_t axis,
                                                     const char *direction,
                                                     eager_tensor **out);
/* The k largest of the last axis, largest first, and their int32 indices there. k more than
 * the axis has is EAGER_INVALID_ARGUMENT. Raw: TopKV2, which has index_type int16, int32 or
 * int64 and takes `sorted`, but sorts always. */
EAGER_API EAGER_NODISCARD eager_status eager_top_k(eager_tensor *input, int64_t k,
                                                   eager_tensor **out_values,
                                                   eager_tensor **out_indices);
/* What is element n of the last axis once that is sorted, ascending, or descending if
 * `reverse`; the axis is gone from the result. Raw: NthElement. */
EAGER_API EAGER_NODISCARD eager_status eager_nth_element(eager_tensor *input, int64_t n,
                                                         bool reverse, eager_tensor **out);

/* ---- Searching ---- */

/* For each value where to put it into its sorted row: before its equals for side "left" (or
 * NULL), behind them for "right". Numbers of one dtype; [..., n] and [..., m] with equal
 * leading extents, result [..., m], int32 or int64. Order as in eager_sort. Raw: LowerBound
 * (left) and UpperBound (right), which in TensorFlow take rank 2 only. */
EAGER_API EAGER_NODISCARD eager_status eager_searchsorted(eager_tensor *sorted_sequence,
                                                          eager_tensor *values,
                                                          const char *side,
                                                          eager_dtype out_type,
                                                          eager_tensor **out);
/* For each element how many of the rising `boundaries` it reaches, int32; all of them for
 * NaN. int32, int64, float32 and float64. Boundaries are rounded to float32, as in
 * TensorFlow; integers are compared exactly, where TensorFlow rounds them too. */
EAGER_API EAGER_NODISCARD eager_status eager_bucketize(eager_tensor *input,
                                                       const double *boundaries,
                                                       size_t count, eager_tensor **out);
/* [n] bool: whether fewer than k of row i of the float32 predictions [n, classes] are
 * larger than the one of class targets[i] (int32, int64). False where a prediction is not
 * finite or the class out of range. Raw: InTopKV2, predictions first. */
EAGER_API EAGER_NODISCARD eager_status eager_in_top_k(eager_tensor *targets,
                                                      eager_tensor *predictions, int64_t k,
                                                      eager_tensor **out);

/* ---- Sizes that depend on data: every dtype ----
 *
 * These wait at the call, in ASYNC too, until the number of results is known: if an input
 * has failed, or that on which the number depends does so then, the call fails. */

/* [found, rank(condition)] int64: where it is not zero, in row-major order; -0 is zero, NaN
 * is not. tf.where(condition), which takes no scalars; raw: Where. */
EAGER_API EAGER_NODISCARD eager_status eager_where_indices(eager_tensor *condition,
                                                           eager_tensor **out);
/* The slices of `tensor` for which the bool mask, as long as the axes from `axis` on that
 * it stands for, is true: shape[:axis] + [found] + shape[axis + rank(mask):]. */
EAGER_API EAGER_NODISCARD eager_status eager_boolean_mask(eager_tensor *tensor,
                                                          eager_tensor *mask, int64_t axis,
                                                          eager_tensor **out);
/* The different elements of vector x in the order of their first occurrence, and for each
 * element of x the number of its equal there, int32 or int64. -0 equals 0; a NaN equals
 * nothing. Raw: Unique. */
EAGER_API EAGER_NODISCARD eager_status eager_unique(eager_tensor *x, eager_dtype out_idx,
                                                    eager_tensor **out_y,
                                                    eager_tensor **out_indices);
/* The same, and how often each occurs, in the same dtype. Raw: UniqueWithCounts. */
EAGER_API EAGER_NODISCARD eager_status eager_unique_with_counts(eager_tensor *x,
                                                                eager_dtype out_idx,
                                                                eager_tensor **out_y,
                                                                eager_tensor **out_indices,
                                                                eager_tensor **out_counts);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_SORT_H */
