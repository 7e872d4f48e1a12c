/* As reduce_about.cl, behind reduce_group.cl. */

#define REDUCE_GROUP(name, op)                                                             \
  __kernel void name(const __global T *x, long x_offset, __global T *y, long y_offset,     \
                     __global A *partials, long partials_offset,                           \
                     const __global A *centres, long centres_offset, reduction r,          \
                     __local A *tile) {                                                    \
    reduce_group(op, x + x_offset, y + y_offset, partials + partials_offset,               \
                 centres + centres_offset, &r, tile);                                      \
  }
#define FINISH_GROUP(name, op)                                                             \
  __kernel void name(__global T *y, long y_offset, const __global A *partials,             \
                     long partials_offset, const __global A *centres, long centres_offset, \
                     reduction r, __local A *tile) {                                       \
    finish_group(op, y + y_offset, partials + partials_offset, centres + centres_offset,   \
                 &r, tile);                                                                \
  }

REDUCE_GROUP(squares_group, FOLD_SQUARES)
REDUCE_GROUP(exps_group, FOLD_EXPS)
FINISH_GROUP(squares_group_finish, FOLD_SQUARES)
FINISH_GROUP(exps_group_finish, FOLD_EXPS)
