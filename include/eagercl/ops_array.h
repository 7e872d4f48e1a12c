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
 * All but transpose share the bytes of x when the op runs where x is, and transpose too
 * where nothing changes places. */

EAGER_API EAGER_NODISCARD eager_status eager_identity(eager_tensor *x, eager_tensor **out);
/* The same. Raw: also PreventGradient. */
EAGER_API EAGER_NODISCARD eager_status eager_stop_gradient(eager_tensor *x,
                                                           eager_tensor **out);
/* x itself, if it has `rank` and `dims`, where -1 is any extent. */
EAGER_API EAGER_NODISCARD eager_status eager_ensure_shape(eager_tensor *x, int rank,
                                                          const int64_t *dims,
                                                          eager_tensor **out);
/* One of `dims` may be -1: what is left over, beside a 0 by the extents that are not 0. The
 * numbers of elements must agree. */
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

/* One after the other along `axis`; at least one (TensorFlow's raw op wants two), equal in
 * rank and all other extents. */
EAGER_API EAGER_NODISCARD eager_status eager_concat(eager_tensor *const *values,
                                                    size_t count, int64_t axis,
                                                    eager_tensor **out);
/* Of one shape, along a new axis of the result. Raw: Pack. */
EAGER_API EAGER_NODISCARD eager_status eager_stack(eager_tensor *const *values,
                                                   size_t count, int64_t axis,
                                                   eager_tensor **out);
/* `begin` and `size` have rank(x) entries; size -1: to the end. */
EAGER_API EAGER_NODISCARD eager_status eager_slice(eager_tensor *x, const int64_t *begin,
                                                   const int64_t *size, eager_tensor **out);
/* The bits of the masks stand for entries of begin, end and strides, as in TensorFlow. */
typedef struct eager_strided_slice_options {
  int64_t begin_mask, end_mask; /* the bound is not looked at: from, to the end */
  int64_t ellipsis_mask;    /* one entry at most: as many axes as are left over, whole */
  int64_t new_axis_mask;    /* no axis of x: a new one of extent 1 */
  int64_t shrink_axis_mask; /* only position begin[i], and the axis vanishes */
} eager_strided_slice_options;
/* Python's x[begin:end:strides, ...], with up to 31 entries; bounds may be negative and are
 * clamped; strides may be negative, not 0; NULL: 1. Axes without an entry are whole. One
 * run of x's elements shares its bytes. */
EAGER_API EAGER_NODISCARD eager_status eager_strided_slice(
    eager_tensor *x, int count, const int64_t *begin, const int64_t *end,
    const int64_t *strides, const eager_strided_slice_options *options, eager_tensor **out);
/* The gradient by x, of the shape given: dy where the slice was, 0 elsewhere. */
EAGER_API EAGER_NODISCARD eager_status
eager_strided_slice_grad(int rank, const int64_t *dims, eager_tensor *dy, int count,
                         const int64_t *begin, const int64_t *end, const int64_t *strides,
                         const eager_strided_slice_options *options, eager_tensor **out);
/* x with `value`, broadcast, in place of the slice; it must broadcast to an empty slice
 * too, where TensorFlow does not look. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_strided_slice_update(
    eager_tensor *x, eager_tensor *value, int count, const int64_t *begin,
    const int64_t *end, const int64_t *strides, const eager_strided_slice_options *options,
    eager_tensor **out);
/* `num_split` equal parts along `axis` into outputs[0] ... outputs[num_split - 1]; on
 * failure all of them are NULL. Parts along the first axis that is not 1 share the bytes of
 * x. */
EAGER_API EAGER_NODISCARD eager_status eager_split(eager_tensor *x, int num_split,
                                                   int64_t axis, eager_tensor **outputs);
/* Parts of the `sizes` given, one of which may be -1: what is left over. Raw: SplitV. */
EAGER_API EAGER_NODISCARD eager_status eager_split_v(eager_tensor *x, const int64_t *sizes,
                                                     int size_count, int64_t axis,
                                                     eager_tensor **outputs);
/* The `num` slices along `axis`, which vanishes; num must be its extent. Raw: Unpack. */
EAGER_API EAGER_NODISCARD eager_status eager_unstack(eager_tensor *x, int num, int64_t axis,
                                                     eager_tensor **outputs);
/* Slices of params along `axis`, one per index: params.shape[:axis] + indices.shape +
 * params.shape[axis + 1:]. indices int16, int32 or int64; one outside [0, extent) is
 * EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor. Raw: GatherV2. */
EAGER_API EAGER_NODISCARD eager_status eager_gather(eager_tensor *params,
                                                    eager_tensor *indices, int64_t axis,
                                                    eager_tensor **out);

/* ---- Order and repetition: every dtype ----
 *
 * What changes nothing, such as a padding of 0, shares the bytes of x. */

/* paddings: 2 rank(x) numbers >= 0, before and after each axis. Around x stands 0; raw:
 * Pad. */
EAGER_API EAGER_NODISCARD eager_status eager_pad(eager_tensor *x, const int64_t *paddings,
                                                 eager_tensor **out);
/* The scalar `constant_value`, of x's dtype, stands around x. Bytes are never shared: when
 * constant_value has failed, so has the result. */
EAGER_API EAGER_NODISCARD eager_status eager_pad_v2(eager_tensor *x,
                                                    const int64_t *paddings,
                                                    eager_tensor *constant_value,
                                                    eager_tensor **out);
/* `mode` "REFLECT": x's image without its outermost elements, so paddings are below the
 * extent; "SYMMETRIC": with them, up to the extent. */
EAGER_API EAGER_NODISCARD eager_status eager_mirror_pad(eager_tensor *x,
                                                        const int64_t *paddings,
                                                        const char *mode,
                                                        eager_tensor **out);
/* The gradient by x: what dy holds at all places of an element added up. Numbers. */
EAGER_API EAGER_NODISCARD eager_status eager_mirror_pad_grad(eager_tensor *dy,
                                                             const int64_t *paddings,
                                                             const char *mode,
                                                             eager_tensor **out);
/* multiples: rank(x) numbers >= 0. */
EAGER_API EAGER_NODISCARD eager_status eager_tile(eager_tensor *x, const int64_t *multiples,
                                                  eager_tensor **out);
/* To a shape x broadcasts to. */
EAGER_API EAGER_NODISCARD eager_status eager_broadcast_to(eager_tensor *x, int rank,
                                                          const int64_t *dims,
                                                          eager_tensor **out);
/* The axes listed, none twice, turned round; TensorFlow does not look at them when x is a
 * scalar or empty. Raw: ReverseV2. */
EAGER_API EAGER_NODISCARD eager_status eager_reverse(eager_tensor *x, const int64_t *axes,
                                                     int axis_count, eager_tensor **out);
/* The first seq_lengths[b] elements along seq_axis turned round where batch_axis is at b.
 * seq_lengths int32 or int64, one per batch; one outside [0, extent] is
 * EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor. */
EAGER_API EAGER_NODISCARD eager_status eager_reverse_sequence(eager_tensor *x,
                                                              eager_tensor *seq_lengths,
                                                              int64_t seq_axis,
                                                              int64_t batch_axis,
                                                              eager_tensor **out);
/* Position p of axes[i] comes to p + shifts[i], round the end; of an axis listed twice the
 * shifts add up. x has a rank of 1 at least. */
EAGER_API EAGER_NODISCARD eager_status eager_roll(eager_tensor *x, const int64_t *shifts,
                                                  const int64_t *axes, int axis_count,
                                                  eager_tensor **out);

/* ---- Blocks of space: every dtype ---- */

/* x is [n,h,w,c] or, with data_format "NCHW" (NULL: "NHWC"), [n,c,h,w]. A pixel's channels,
 * read as [b][b][c / (b * b)], become a block of b x b pixels, b = block_size >= 2; and
 * back. */
EAGER_API EAGER_NODISCARD eager_status eager_depth_to_space(eager_tensor *x,
                                                            int64_t block_size,
                                                            const char *data_format,
                                                            eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_space_to_depth(eager_tensor *x,
                                                            int64_t block_size,
                                                            const char *data_format,
                                                            eager_tensor **out);
/* Axes 1 to block_rank of x in blocks, whose elements become batches: axis 0 of the result
 * is [block_shape[0], ..., x.shape[0]]. paddings and crops: 2 block_rank numbers >= 0.
 * Zeros are put around x before, and as much cut off after. Raw: SpaceToBatchND,
 * BatchToSpaceND. */
EAGER_API EAGER_NODISCARD eager_status eager_space_to_batch(eager_tensor *x,
                                                            const int64_t *block_shape,
                                                            int block_rank,
                                                            const int64_t *paddings,
                                                            eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_batch_to_space(eager_tensor *x,
                                                            const int64_t *block_shape,
                                                            int block_rank,
                                                            const int64_t *crops,
                                                            eager_tensor **out);

/* ---- Diagonals: every dtype ----
 *
 * Diagonal d of a matrix holds the elements (i, i + d). */

/* Zeros: the main diagonal. */
typedef struct eager_matrix_diag_options {
  int64_t k[2];               /* diagonals k[0] to k[1] */
  int64_t num_rows, num_cols; /* matrix_diag only; 0: the least possible */
  double padding_value;       /* around diagonals, and beyond short ones */
  const char
      *align; /* of short diagonals, above and below: NULL "RIGHT_LEFT", "LEFT_LEFT" ... */
} eager_matrix_diag_options;
/* Matrices of diagonals: [..., length], or [..., k[1] - k[0] + 1, length], diagonal k[1]
 * first. options may be NULL. Raw: MatrixDiagV3, where num_rows and num_cols are -1 when
 * not told, V2 (aligned left) and MatrixDiag. */
EAGER_API EAGER_NODISCARD eager_status eager_matrix_diag(
    eager_tensor *diagonal, const eager_matrix_diag_options *options, eager_tensor **out);
/* The other way: out of matrices [..., m, n]. */
EAGER_API EAGER_NODISCARD eager_status eager_matrix_diag_part(
    eager_tensor *x, const eager_matrix_diag_options *options, eager_tensor **out);
/* x with these diagonals, of the shape that matrix_diag_part gives. */
EAGER_API EAGER_NODISCARD eager_status
eager_matrix_set_diag(eager_tensor *x, eager_tensor *diagonal,
                      const eager_matrix_diag_options *options, eager_tensor **out);
/* Diagonals -num_lower to num_upper stay, all else becomes 0; negative: all on that side.
 * (-1, 0) is the lower triangle. Raw: MatrixBandPart. */
EAGER_API EAGER_NODISCARD eager_status eager_matrix_band_part(eager_tensor *x,
                                                              int64_t num_lower,
                                                              int64_t num_upper,
                                                              eager_tensor **out);
/* x of rank 1 to 4 as the diagonal of x.shape + x.shape, all else 0, and back. */
EAGER_API EAGER_NODISCARD eager_status eager_diag(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_diag_part(eager_tensor *x, eager_tensor **out);

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
EAGER_API EAGER_NODISCARD eager_status eager_zeros(int rank, const int64_t *dims,
                                                   eager_dtype dtype, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_ones(int rank, const int64_t *dims,
                                                  eager_dtype dtype, eager_tensor **out);
/* Identity matrices [batch_dims..., num_rows, num_columns]; num_columns -1: as many. */
EAGER_API EAGER_NODISCARD eager_status eager_eye(int64_t num_rows, int64_t num_columns,
                                                 int batch_rank, const int64_t *batch_dims,
                                                 eager_dtype dtype, eager_tensor **out);
/* `num` >= 1 floats, evenly from start to stop, both included; one is start. */
EAGER_API EAGER_NODISCARD eager_status eager_linspace(double start, double stop,
                                                      int64_t num, eager_dtype dtype,
                                                      eager_tensor **out);
/* out[x[i]] = i; x [n], int32 or int64, holds 0 to n - 1 each once: another value is
 * EAGER_INVALID_ARGUMENT naming its position, in ASYNC a failed tensor. */
EAGER_API EAGER_NODISCARD eager_status eager_invert_permutation(eager_tensor *x,
                                                                eager_tensor **out);
/* start, start + delta, ... before limit: ceil((limit - start) / delta) numbers, or none,
 * where TensorFlow refuses a delta of the wrong sign. Floats are start + i * delta, where
 * TensorFlow adds up delta. delta 0 and, for integers, arguments that are not whole or do
 * not fit: EAGER_INVALID_ARGUMENT. Beyond 2^53 use the raw op Range, whose attributes may
 * be integers. */
EAGER_API EAGER_NODISCARD eager_status eager_range(double start, double limit, double delta,
                                                   eager_dtype dtype, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_ARRAY_H */
