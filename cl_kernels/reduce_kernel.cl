/* What the kernels of reduce.cl and reduce_group.cl that need no centre look like. */

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
