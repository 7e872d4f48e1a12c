/* The kernels of reduce.cl and reduce_group.cl for what needs no centre. */

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

REDUCE_BLOCK(sum_rows, rows_block, REDUCE_SUM)
REDUCE_BLOCK(prod_rows, rows_block, REDUCE_PROD)
REDUCE_BLOCK(max_rows, rows_block, REDUCE_MAX)
REDUCE_BLOCK(min_rows, rows_block, REDUCE_MIN)
REDUCE_BLOCK(sum_columns, columns_block, REDUCE_SUM)
REDUCE_BLOCK(prod_columns, columns_block, REDUCE_PROD)
REDUCE_BLOCK(max_columns, columns_block, REDUCE_MAX)
REDUCE_BLOCK(min_columns, columns_block, REDUCE_MIN)
FINISH_BLOCK(sum_finish, REDUCE_SUM)
FINISH_BLOCK(prod_finish, REDUCE_PROD)
FINISH_BLOCK(max_finish, REDUCE_MAX)
FINISH_BLOCK(min_finish, REDUCE_MIN)
REDUCE_GROUP(sum_group, REDUCE_SUM)
REDUCE_GROUP(prod_group, REDUCE_PROD)
REDUCE_GROUP(max_group, REDUCE_MAX)
REDUCE_GROUP(min_group, REDUCE_MIN)
FINISH_GROUP(sum_group_finish, REDUCE_SUM)
FINISH_GROUP(prod_group_finish, REDUCE_PROD)
FINISH_GROUP(max_group_finish, REDUCE_MAX)
FINISH_GROUP(min_group_finish, REDUCE_MIN)
