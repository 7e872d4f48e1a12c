/* Many matrices transposed: of each, x holds m rows of n elements, x_stride apart, out n
 * rows of m, out_stride apart. Where a matrix begins is a row-major walk over `dims`.
 *
 * One work-item transposes V x V elements in registers: id 0 counts blocks of columns, id 1
 * blocks of rows, id 2 matrices. Ids 1 and 2 go round again where the grid is smaller. Any
 * local size is legal. */

typedef struct matrices {
  long m, n, x_stride, out_stride;
  long count, rank;
  long dims[8], x_strides[8], out_strides[8];
} matrices;

/* Each stage interleaves the upper half of the rows with the lower half: read as one
 * number, the bits of (row, column) rotate by one. After log2(V) stages they have changed
 * places. ZIP, not .even and .odd: Oclgrind's checker for uninitialised memory crashes on
 * those. */
static inline void transpose_block(AV rows[V]) {
  for (int stage = 1; stage < V; stage *= 2) {
    AV mixed[V];
    for (int i = 0; i < V / 2; i++) {
      mixed[2 * i] = ZIP_LOW(rows[i], rows[i + V / 2]);
      mixed[2 * i + 1] = ZIP_HIGH(rows[i], rows[i + V / 2]);
    }
    for (int i = 0; i < V; i++) rows[i] = mixed[i];
  }
}

static inline void move_block(__global T *to, const __global T *from, size_t to_stride,
                              size_t from_stride, size_t height, size_t width) {
  if (height < V || width < V) {
    for (size_t j = 0; j < width; j++)
      for (size_t i = 0; i < height; i++) to[j * to_stride + i] = from[i * from_stride + j];
    return;
  }
  AV rows[V];
  for (int i = 0; i < V; i++) rows[i] = VLOAD(0, from + (size_t)i * from_stride);
  transpose_block(rows);
  for (int i = 0; i < V; i++) VSTORE(rows[i], 0, to + (size_t)i * to_stride);
}

__kernel void transpose(__global T *out, long out_offset, const __global T *x,
                        long x_offset, matrices all) {
  matrices s = all;
  size_t m = (size_t)s.m, n = (size_t)s.n, count = (size_t)s.count;
  size_t x_stride = (size_t)s.x_stride, out_stride = (size_t)s.out_stride;
  size_t column = get_global_id(0) * V;
  if (column >= n) return;
  size_t width = AT_MOST(n - column, (size_t)V);
  for (size_t matrix = get_global_id(2); matrix < count; matrix += get_global_size(2)) {
    size_t from = (size_t)x_offset + column, to = (size_t)out_offset + column * out_stride;
    size_t rest = matrix;
    for (int d = (int)s.rank - 1; d >= 0; d--) {
      size_t above = rest / (size_t)s.dims[d], index = rest - above * (size_t)s.dims[d];
      from += index * (size_t)s.x_strides[d];
      to += index * (size_t)s.out_strides[d];
      rest = above;
    }
    for (size_t row = get_global_id(1) * V; row < m; row += get_global_size(1) * V)
      move_block(out + to + row, x + from + row * x_stride, out_stride, x_stride,
                 AT_MOST(m - row, (size_t)V), width);
  }
}
