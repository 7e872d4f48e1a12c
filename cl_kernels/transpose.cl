/* Many matrices transposed: of each, x holds m rows of n elements, x_stride apart, out n
 * rows of m, out_stride apart. Where a matrix begins is a row-major walk over `dims`.
 *
 * Squares of SIDE x SIDE elements are transposed in registers. A work-item takes a block of
 * rows_each x columns_each elements of matrices_each matrices: id 0 counts blocks of
 * columns, id 1 blocks of rows. On devices like a CPU a block is a square at least, and
 * squares at its end overlap others of the block; elsewhere it is a square at most. Ids 1
 * and 2 go round again where the grid is smaller. Any local size is legal. */

typedef struct matrices {
  long m, n, x_stride, out_stride;
  long count, rank;
  long dims[8], x_strides[8], out_strides[8];
  long rows_each, columns_each, matrices_each;
  long streams; /* 1: rows of squares go past the caches where they are whole lines */
} matrices;

/* Each stage interleaves the upper half of the rows with the lower half: read as one
 * number, the bits of (row, column) rotate by one. After log2(SIDE) stages they have
 * changed places. ZIP, not .even and .odd: Oclgrind's checker for uninitialised memory
 * crashes on those. */
static inline void transpose_square(SV rows[SIDE]) {
#pragma unroll
  for (int stage = 1; stage < SIDE; stage *= 2) {
    SV mixed[SIDE];
#pragma unroll
    for (int i = 0; i < SIDE / 2; i++) {
      mixed[2 * i] = SIDE_LOW(rows[i], rows[i + SIDE / 2]);
      mixed[2 * i + 1] = SIDE_HIGH(rows[i], rows[i + SIDE / 2]);
    }
#pragma unroll
    for (int i = 0; i < SIDE; i++) rows[i] = mixed[i];
  }
}

INLINED void move_square(__global T *to, const __global T *from, size_t to_stride,
                         size_t from_stride, bool streams) {
  SV rows[SIDE];
#pragma unroll
  for (int i = 0; i < SIDE; i++) rows[i] = SLOAD(0, from + (size_t)i * from_stride);
  transpose_square(rows);
  if (streams) {
#pragma unroll
    for (int i = 0; i < SIDE; i++)
      STREAM_STORE(rows[i], (__global SV *)(to + (size_t)i * to_stride));
  } else {
#pragma unroll
    for (int i = 0; i < SIDE; i++)
      *(__global SV_LOOSE *)(to + (size_t)i * to_stride) = rows[i];
  }
}

INLINED void move_narrow(__global T *to, const __global T *from, size_t to_stride,
                         size_t from_stride, size_t height, size_t width) {
  for (size_t j = 0; j < width; j++)
#pragma unroll
    for (size_t i = 0; i < height; i++) to[j * to_stride + i] = from[i * from_stride + j];
}

/* Less than a square; the numbers of colours have a loop of their own. */
static inline void move_part(__global T *to, const __global T *from, size_t to_stride,
                             size_t from_stride, size_t height, size_t width) {
  if (height == 3)
    move_narrow(to, from, to_stride, from_stride, 3, width);
  else if (height == 4)
    move_narrow(to, from, to_stride, from_stride, 4, width);
  else
    move_narrow(to, from, to_stride, from_stride, height, width);
}

/* Down the rows first: what is written is one run per column. */
INLINED void move_block(__global T *to, const __global T *from, size_t to_stride,
                        size_t from_stride, size_t height, size_t width, bool streams) {
  if (height < SIDE || width < SIDE) {
    move_part(to, from, to_stride, from_stride, height, width);
    return;
  }
  for (size_t j = 0; j < width; j += SIDE) {
    size_t column = AT_MOST(j, width - SIDE);
    for (size_t i = 0; i < height; i += SIDE) {
      size_t row = AT_MOST(i, height - SIDE);
      __global T *square = to + column * to_stride + row;
      move_square(square, from + row * from_stride + column, to_stride, from_stride,
                  streams && ((size_t)square & (sizeof(SV) - 1)) == 0);
    }
  }
}

__kernel void transpose(__global T *out, long out_offset, const __global T *x,
                        long x_offset, matrices all) {
  matrices s = all;
  size_t m = (size_t)s.m, n = (size_t)s.n, count = (size_t)s.count;
  size_t x_stride = (size_t)s.x_stride, out_stride = (size_t)s.out_stride;
  size_t each = (size_t)s.rows_each, matrices_each = (size_t)s.matrices_each;
  size_t column = get_global_id(0) * (size_t)s.columns_each;
  if (column >= n) return;
  size_t width = AT_MOST(n - column, (size_t)s.columns_each);
  for (size_t first = get_global_id(2) * matrices_each; first < count;
       first += get_global_size(2) * matrices_each) {
    size_t last = AT_MOST(first + matrices_each, count);
    for (size_t matrix = first; matrix < last; matrix++) {
      size_t from = (size_t)x_offset + column,
             to = (size_t)out_offset + column * out_stride;
      size_t rest = matrix;
      for (int d = (int)s.rank - 1; d >= 0; d--) {
        size_t above = rest / (size_t)s.dims[d], index = rest - above * (size_t)s.dims[d];
        from += index * (size_t)s.x_strides[d];
        to += index * (size_t)s.out_strides[d];
        rest = above;
      }
      for (size_t row = get_global_id(1) * each; row < m; row += get_global_size(1) * each)
        move_block(out + to + row, x + from + row * x_stride, out_stride, x_stride,
                   AT_MOST(m - row, each), width, s.streams != 0);
    }
  }
}
