/* Many matrices transposed: of each, x holds m rows of n elements, x_stride apart, out n
 * rows of m, out_stride apart. Where a matrix begins is a row-major walk over `dims`.
 *
 * Squares of SIDE x SIDE elements are transposed in registers. A work-item takes a block of
 * rows_each x columns_each elements of matrices_each matrices: id 0 counts blocks of
 * columns, id 1 blocks of rows. On devices like a CPU a block is a square at least, and
 * squares at its end overlap others of the block; elsewhere it is a square at most. Ids 1
 * and 2 go round again where the grid is smaller. Any local size is legal.
 *
 * Matrices along the last of `dims` are taken together, columns outermost: out's rows are
 * often a power of two apart, so that few of them find room in the caches at a time. */

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

/* The first `skip` columns are left out: they were in the square before. */
INLINED void move_square(__global T *to, const __global T *from, size_t to_stride,
                         size_t from_stride, size_t skip, bool streams) {
  SV rows[SIDE];
#pragma unroll
  for (int i = 0; i < SIDE; i++) rows[i] = SLOAD(0, from + (size_t)i * from_stride);
  transpose_square(rows);
  if (skip > 0) {
#pragma unroll
    for (int i = 0; i < SIDE; i++)
      if ((size_t)i >= skip) *(__global SV_LOOSE *)(to + (size_t)i * to_stride) = rows[i];
  } else if (streams) {
#pragma unroll
    for (int i = 0; i < SIDE; i++)
      STREAM_STORE(rows[i], (__global SV *)(to + (size_t)i * to_stride));
  } else {
#pragma unroll
    for (int i = 0; i < SIDE; i++)
      *(__global SV_LOOSE *)(to + (size_t)i * to_stride) = rows[i];
  }
}

/* Of pairs x0 y0 x1 y1 ... and z: x0 y0 z0 x1 y1 z1 ..., of which the pairs in the lower
 * half make the first third, those in the middle the second. */
#define MIDDLE16(x, y)                                                                     \
  ((SV)((x).s4, (y).s4, (x).s5, (y).s5, (x).s6, (y).s6, (x).s7, (y).s7, (x).s8, (y).s8,    \
        (x).s9, (y).s9, (x).sa, (y).sa, (x).sb, (y).sb))
#define FIRST16(t, z)                                                                      \
  ((SV)((t).s01, (z).s0, (t).s23, (z).s1, (t).s45, (z).s2, (t).s67, (z).s3, (t).s89,       \
        (z).s4, (t).sa))
#define SECOND16(t, z)                                                                     \
  ((SV)((t).s3, (z).s5, (t).s45, (z).s6, (t).s67, (z).s7, (t).s89, (z).s8, (t).sab,        \
        (z).s9, (t).scd))
#define THIRD16(t, z)                                                                      \
  ((SV)((z).sa, (t).s67, (z).sb, (t).s89, (z).sc, (t).sab, (z).sd, (t).scd, (z).se,        \
        (t).sef, (z).sf))
#define MIDDLE8(x, y) ((SV)((x).s2, (y).s2, (x).s3, (y).s3, (x).s4, (y).s4, (x).s5, (y).s5))
#define FIRST8(t, z)  ((SV)((t).s01, (z).s0, (t).s23, (z).s1, (t).s45))
#define SECOND8(t, z) ((SV)((z).s2, (t).s23, (z).s3, (t).s45, (z).s4, (t).s6))
#define THIRD8(t, z)  ((SV)((t).s3, (z).s5, (t).s45, (z).s6, (t).s67, (z).s7))
#define MIDDLE4(x, y) ((SV)((x).s1, (y).s1, (x).s2, (y).s2))
#define FIRST4(t, z)  ((SV)((t).s01, (z).s0, (t).s2))
#define SECOND4(t, z) ((SV)((t).s1, (z).s1, (t).s23))
#define THIRD4(t, z)  ((SV)((z).s2, (t).s23, (z).s3))

INLINED void store_side(__global T *to, SV x) {
  *(__global SV_LOOSE *)to = x;
}

/* Planes of three or four colours become pixels; `width` is SIDE at least. */
INLINED void mix_three(__global T *to, const __global T *from, size_t from_stride,
                       size_t width) {
  for (size_t i = 0; i < width; i += SIDE) {
    size_t j = AT_MOST(i, width - SIDE);
    const __global T *p = from + j;
    SV x = SLOAD(0, p), y = SLOAD(0, p + from_stride), z = SLOAD(0, p + 2 * from_stride);
    SV low = SIDE_LOW(x, y), middle = JOIN(MIDDLE, SIDE)(x, y), high = SIDE_HIGH(x, y);
    store_side(to + 3 * j, JOIN(FIRST, SIDE)(low, z));
    store_side(to + 3 * j + SIDE, JOIN(SECOND, SIDE)(middle, z));
    store_side(to + 3 * j + 2 * SIDE, JOIN(THIRD, SIDE)(high, z));
  }
}

INLINED void mix_four(__global T *to, const __global T *from, size_t from_stride,
                      size_t width) {
  for (size_t i = 0; i < width; i += SIDE) {
    size_t j = AT_MOST(i, width - SIDE);
    const __global T *p = from + j;
    SV a = SLOAD(0, p), b = SLOAD(0, p + from_stride);
    SV c = SLOAD(0, p + 2 * from_stride), d = SLOAD(0, p + 3 * from_stride);
    SV even = SIDE_LOW(a, c), odd = SIDE_LOW(b, d);
    store_side(to + 4 * j, SIDE_LOW(even, odd));
    store_side(to + 4 * j + SIDE, SIDE_HIGH(even, odd));
    even = SIDE_HIGH(a, c);
    odd = SIDE_HIGH(b, d);
    store_side(to + 4 * j + 2 * SIDE, SIDE_LOW(even, odd));
    store_side(to + 4 * j + 3 * SIDE, SIDE_HIGH(even, odd));
  }
}

INLINED void move_narrow(__global T *to, const __global T *from, size_t to_stride,
                         size_t from_stride, size_t height, size_t width) {
  for (size_t j = 0; j < width; j++)
#pragma unroll
    for (size_t i = 0; i < height; i++) to[j * to_stride + i] = from[i * from_stride + j];
}

/* Less than a square. */
static inline void move_part(__global T *to, const __global T *from, size_t to_stride,
                             size_t from_stride, size_t height, size_t width) {
  bool pixels = CPU_LIKE && width >= SIDE && to_stride == height;
  if (pixels && height == 3)
    mix_three(to, from, from_stride, width);
  else if (pixels && height == 4)
    mix_four(to, from, from_stride, width);
  else
    move_narrow(to, from, to_stride, from_stride, height, width);
}

/* SIDE columns from `j` on of each of `count` matrices: what is written is one run per
 * column. */
INLINED void move_columns(__global T *to, const __global T *from, const matrices *s,
                          size_t j, size_t height, size_t width, size_t count) {
  size_t to_stride = (size_t)s->out_stride, from_stride = (size_t)s->x_stride;
  size_t column = AT_MOST(j, width - SIDE);
  to += column * to_stride;
  from += column;
  size_t last = s->rank > 0 ? (size_t)s->rank - 1 : 0;
  for (; count > 0; count--) {
    for (size_t i = 0; i < height; i += SIDE) {
      size_t row = AT_MOST(i, height - SIDE);
      __global T *square = to + row;
      move_square(square, from + row * from_stride, to_stride, from_stride, j - column,
                  s->streams != 0 && ((size_t)square & (sizeof(SV) - 1)) == 0);
    }
    to += s->out_strides[last];
    from += s->x_strides[last];
  }
}

INLINED void move_block(__global T *to, const __global T *from, const matrices *s,
                        size_t height, size_t width, size_t count) {
  if (height >= SIDE && width >= SIDE) {
    for (size_t j = 0; j < width; j += SIDE)
      move_columns(to, from, s, j, height, width, count);
    return;
  }
  size_t last = s->rank > 0 ? (size_t)s->rank - 1 : 0;
  for (; count > 0; count--) {
    move_part(to, from, (size_t)s->out_stride, (size_t)s->x_stride, height, width);
    to += s->out_strides[last];
    from += s->x_strides[last];
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
    size_t last = AT_MOST(first + matrices_each, count), together = 1;
    for (size_t matrix = first; matrix < last; matrix += together) {
      size_t from = (size_t)x_offset + column,
             to = (size_t)out_offset + column * out_stride;
      size_t rest = matrix;
      for (int d = (int)s.rank - 1; d >= 0; d--) {
        size_t above = rest / (size_t)s.dims[d], index = rest - above * (size_t)s.dims[d];
        from += index * (size_t)s.x_strides[d];
        to += index * (size_t)s.out_strides[d];
        rest = above;
        if (d == (int)s.rank - 1)
          together = AT_MOST((size_t)s.dims[d] - index, last - matrix);
      }
      for (size_t row = get_global_id(1) * each; row < m; row += get_global_size(1) * each)
        move_block(out + to + row, x + from + row * x_stride, &s, AT_MOST(m - row, each),
                   width, together);
    }
  }
}
