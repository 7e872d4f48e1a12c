/* Elements of x put anywhere into out, both strided. Rows begin where a row-major walk over
 * dims[0] ... dims[rank - 1] finds them; within a row, columns lie out_stride and x_stride
 * apart. Blocks are own_block's. Any local size is legal. */

typedef struct places {
  long dims[8], out_strides[8], x_strides[8];
  long rank;
  long out_start, x_start;   /* of the first row */
  long out_stride, x_stride; /* between columns */
} places;

__kernel void place_rows(__global T *out, long out_offset, const __global T *x,
                         long x_offset, places all, spread table) {
  places p = all;
  size_t out_stride = (size_t)p.out_stride, x_stride = (size_t)p.x_stride;
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t to = (size_t)(out_offset + p.out_start) + own.column * out_stride;
    size_t from = (size_t)(x_offset + p.x_start) + own.column * x_stride;
    size_t rest = row;
    for (int d = (int)p.rank - 1; d >= 0; d--) {
      size_t extent = (size_t)p.dims[d], above = rest / extent;
      size_t index = rest - above * extent;
      to += index * (size_t)p.out_strides[d];
      from += index * (size_t)p.x_strides[d];
      rest = above;
    }
    if (out_stride == 1 && x_stride == 1) {
      copy_run(out + to, x + from, own.count);
    } else {
      for (size_t i = 0; i < own.count; i++)
        out[to + i * out_stride] = x[from + i * x_stride];
    }
  }
}
