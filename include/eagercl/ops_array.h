/* ops_array.h - shapes, parts, moves and making. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_ARRAY_H
#define EAGERCL_OPS_ARRAY_H

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

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_ARRAY_H */
