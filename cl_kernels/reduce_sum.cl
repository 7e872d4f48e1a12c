/* The kernels of reduce.cl and reduce_group.cl for sums; for what else needs no centre they
 * are in reduce_plain.cl. */

#define REDUCE_BLOCK(name, body, op)                                                       \
  __kernel void name(const __global T *x, long x_offset, __global T *y, long y_offset,     \
                     __global A *partials, long partials_offset, reduction r) {            \
    body(op, x + x_offset, y + y_offset, partials + partials_offset, 0, &r);               \
  }
#define FINISH_BLOCK(name, op)                                                             \
  __kernel void name(__global T *y, long y_offset, const __global A *partials,             \
                     long partials_offset, reduction r) {                                  \
    finish_block(op, y + y_offset, partials + partials_offset, 0, &r);                     \
  }
#define REDUCE_GROUP(name, op)                                                             \
  __kernel void name(const __global T *x, long x_offset, __global T *y, long y_offset,     \
                     __global A *partials, long partials_offset, reduction r,              \
                     __local A *tile) {                                                    \
    reduce_group(op, x + x_offset, y + y_offset, partials + partials_offset, 0, &r, tile); \
  }
#define FINISH_GROUP(name, op)                                                             \
  __kernel void name(__global T *y, long y_offset, const __global A *partials,             \
                     long partials_offset, reduction r, __local A *tile) {                 \
    finish_group(op, y + y_offset, partials + partials_offset, 0, &r, tile);               \
  }

REDUCE_BLOCK(sum_rows, rows_block, FOLD_SUM)
REDUCE_BLOCK(sum_columns, columns_block, FOLD_SUM)
FINISH_BLOCK(sum_finish, FOLD_SUM)
REDUCE_GROUP(sum_group, FOLD_SUM)
FINISH_GROUP(sum_group_finish, FOLD_SUM)
