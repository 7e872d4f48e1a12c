/* The kernels of reduce.cl for sums about a centre: centres[o], of type A, belongs to
 * result o. */

#define REDUCE_BLOCK(name, body, op)                                                       \
  __kernel void name(const __global T *x, long x_offset, __global T *y, long y_offset,     \
                     __global A *partials, long partials_offset,                           \
                     const __global A *centres, long centres_offset, reduction r) {        \
    body(op, x + x_offset, y + y_offset, partials + partials_offset,                       \
         centres + centres_offset, &r);                                                    \
  }
#define FINISH_BLOCK(name, op)                                                             \
  __kernel void name(__global T *y, long y_offset, const __global A *partials,             \
                     long partials_offset, const __global A *centres, long centres_offset, \
                     reduction r) {                                                        \
    finish_block(op, y + y_offset, partials + partials_offset, centres + centres_offset,   \
                 &r);                                                                      \
  }

REDUCE_BLOCK(squares_rows, rows_block, FOLD_SQUARES)
REDUCE_BLOCK(exps_rows, rows_block, FOLD_EXPS)
REDUCE_BLOCK(squares_columns, columns_block, FOLD_SQUARES)
REDUCE_BLOCK(exps_columns, columns_block, FOLD_EXPS)
FINISH_BLOCK(squares_finish, FOLD_SQUARES)
FINISH_BLOCK(exps_finish, FOLD_EXPS)
