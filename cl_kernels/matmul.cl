/* c[m, n] = a[m, k] b[k, n], c dense and row-major. Element (i, j) of a lies at
 * i * a_row + j * a_col, so a transposed matrix is one with its strides exchanged; b alike.
 *
 * For CPUs, local size 1: a tile of ROWS x WIDTH of c stays in registers while k runs.
 *
 * product_direct: b_col is 1. Global: blocks of `rows` rows, panels of WIDTH columns.
 *
 * product_strided: the same for any strides.
 *
 * pack_a, pack_b: copies to panels [.., k, ROWS] and [.., k, WIDTH] of type A, padded with
 * zeros. Global: panels, stretches of PACKED positions of k.
 *
 * product_packed: from these panels. Global: blocks of `rows` rows (a multiple of ROWS),
 * blocks of `columns` columns (of WIDTH); k in stretches of `depth`.
 *
 * For GPUs, groups of side * side work-items, side a power of two:
 *
 * product_tiled: k from `begin` to `end`, with what came before in `sums`, which also holds
 * the result unless `end` is k. A group makes a tile of 4 * side rows and columns, a
 * work-item 16 elements of it, `side` apart. Global: tiles down, tiles across. */

/* Choices given as constants must meet their bodies. */
#define INLINED static inline __attribute__((always_inline))

typedef struct {
  long m, n, k, a_row, a_col, b_row, b_col;
  long rows, columns, depth, side, begin, end;
} product;

#define ROWS    12
#define VECTORS (sizeof(A) == 8 ? 1 : 2)
#define WIDTH   (VECTORS * V)
#define PACKED  256

INLINED AV multiply_add(A a, AV b, AV c) {
  return FLOAT_OR_INT(fma((AV)a, b, c), S(U((AV)a) * U(b) + U(c)));
}

/* ---- Without packing ---- */

enum { WHOLE, PART, STRIDED };

/* V neighbours of a row of b; PART and STRIDED: `count` of them, the last one repeated. */
INLINED AV load_b(int how, const __global T *b, size_t stride, int count) {
  if (how == WHOLE) return LOADV(b, 0);
  if (how == PART) return LOADV_PART(b, 0, count);
  A lanes[V];
  for (int i = 0; i < V; i++) lanes[i] = LOAD(b, AT_MOST(i, count - 1) * stride);
  return VLOAD(0, lanes);
}

INLINED void store_c(__global T *c, AV x, int skip, int count) {
  if (skip == 0 && count == V) {
    STOREV(c, 0, x);
    return;
  }
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int i = skip; i < count; i++) STORE(c, i, lanes[i]);
}

/* `left` of `height` rows are there; the last one stands in for the others. Of the last
 * vector, columns [skip, count) are stored. */
INLINED void direct_tile(int height, int vectors, int how, const __global T *a,
                         const __global T *b, __global T *c, const product *s, int left,
                         int skip, int count) {
  AV sum[ROWS][2];
  size_t row[ROWS];
  size_t k = (size_t)s->k, a_row = (size_t)s->a_row, a_col = (size_t)s->a_col;
  size_t b_row = (size_t)s->b_row, b_col = (size_t)s->b_col, n = (size_t)s->n;
  /* Rows of b so far from its end that V elements may be read at each. */
  size_t roomy = k * n > V ? (k * n - V) / n : 0;
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    row[i] = AT_MOST(i, left - 1) * a_row;
    sum[i][0] = sum[i][1] = (AV)0;
  }
  for (size_t at = 0; at < k; at++, a += a_col, b += b_row) {
    AV b0, b1;
    if (how == PART && at < roomy)
      b0 = LOADV(b, 0);
    else
      b0 = load_b(how, b, b_col, count);
    b1 = b0;
    if (vectors > 1) b1 = load_b(how, b + V * b_col, b_col, count);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      A x = LOAD(a, row[i]);
      sum[i][0] = multiply_add(x, b0, sum[i][0]);
      if (vectors > 1) sum[i][1] = multiply_add(x, b1, sum[i][1]);
    }
  }
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height || i >= left) continue;
    store_c(c + i * n, sum[i][0], skip, count);
    if (vectors > 1) store_c(c + i * n + V, sum[i][1], skip, count);
  }
}

/* One panel of columns, from column `first` on, through rows [row, last). */
INLINED void direct_panel(int vectors, int how, const __global T *a, const __global T *b,
                          __global T *c, const product *s, size_t row, size_t last,
                          size_t first, int skip, int count) {
  b += first * (size_t)s->b_col;
  for (; row < last; row += ROWS) {
    int left = (int)AT_MOST(last - row, ROWS);
    const __global T *rows = a + row * (size_t)s->a_row;
    __global T *tile = c + (row * (size_t)s->n + first);
    if (left > 4)
      direct_tile(ROWS, vectors, how, rows, b, tile, s, left, skip, count);
    else
      direct_tile(4, vectors, how, rows, b, tile, s, left, skip, count);
  }
}

INLINED void direct_block(int strided, const __global T *a, const __global T *b,
                          __global T *c, const product *s) {
  size_t row = get_global_id(0) * (size_t)s->rows;
  size_t last = AT_MOST(row + (size_t)s->rows, (size_t)s->m);
  size_t n = (size_t)s->n, first = get_global_id(1) * WIDTH;
  if (n - first >= WIDTH) {
    direct_panel(VECTORS, strided ? STRIDED : WHOLE, a, b, c, s, row, last, first, 0, V);
    return;
  }
  for (; first < n; first += V) {
    int count = (int)AT_MOST(n - first, V);
    if (strided)
      direct_panel(1, STRIDED, a, b, c, s, row, last, first, 0, count);
    else if (n < V)
      direct_panel(1, PART, a, b, c, s, row, last, first, 0, count);
    else /* the last V columns there are, of which `count` are new */
      direct_panel(1, WHOLE, a, b, c, s, row, last, first + count - V, V - count, V);
  }
}

__kernel void product_direct(const __global T *a, long a_offset, const __global T *b,
                             long b_offset, __global T *c, long c_offset, product s) {
  direct_block(0, a + a_offset, b + b_offset, c + c_offset, &s);
}

__kernel void product_strided(const __global T *a, long a_offset, const __global T *b,
                              long b_offset, __global T *c, long c_offset, product s) {
  direct_block(1, a + a_offset, b + b_offset, c + c_offset, &s);
}

/* ---- Packed ---- */

INLINED void pack(const __global T *x, __global A *panels, size_t count, size_t k,
                  size_t stride, size_t k_stride, size_t width) {
  size_t first = get_global_id(0) * width, from = get_global_id(1) * PACKED;
  size_t to = AT_MOST(from + PACKED, k), there = AT_MOST(count - first, width);
  __global A *out = panels + (first * k + from * width);
  x += first * stride + from * k_stride;
  for (size_t at = from; at < to; at++, out += width, x += k_stride) {
    for (size_t i = 0; i < there; i++) out[i] = LOAD(x, i * stride);
    for (size_t i = there; i < width; i++) out[i] = (A)0;
  }
}

__kernel void pack_a(const __global T *a, long a_offset, __global A *panels,
                     long panels_offset, product s) {
  pack(a + a_offset, panels + panels_offset, (size_t)s.m, (size_t)s.k, (size_t)s.a_row,
       (size_t)s.a_col, ROWS);
}

__kernel void pack_b(const __global T *b, long b_offset, __global A *panels,
                     long panels_offset, product s) {
  pack(b + b_offset, panels + panels_offset, (size_t)s.n, (size_t)s.k, (size_t)s.b_col,
       (size_t)s.b_row, WIDTH);
}

/* Adds to c unless this is the first stretch of k. */
INLINED void store_tile(__global T *c, size_t n, const AV sum[ROWS][2], int rows,
                        size_t columns, int first) {
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      if (i >= rows || columns <= (size_t)(v * V)) continue;
      __global T *p = c + i * n + v * V;
      int count = (int)AT_MOST(columns - v * V, V);
      AV x = sum[i][v];
      if (!first) {
        AV old = count == V ? LOADV(p, 0) : LOADV_PART(p, 0, count);
        x = S(U(old) + U(x));
      }
      store_c(p, x, 0, count);
    }
  }
}

INLINED void packed_tile(const __global A *a, const __global A *b, __global T *c,
                         size_t depth, const product *s, int rows, size_t columns,
                         int first) {
  AV sum[ROWS][2];
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) sum[i][v] = (AV)0;
  }
  for (size_t at = 0; at < depth; at++, a += ROWS, b += WIDTH) {
    AV bs[2];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) bs[v] = VLOAD(v, b);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
#pragma unroll
      for (int v = 0; v < VECTORS; v++) sum[i][v] = multiply_add(a[i], bs[v], sum[i][v]);
    }
  }
  store_tile(c, (size_t)s->n, sum, rows, columns, first);
}

__kernel void product_packed(const __global A *a, long a_offset, const __global A *b,
                             long b_offset, __global T *c, long c_offset, product s) {
  size_t m = (size_t)s.m, n = (size_t)s.n, k = (size_t)s.k;
  size_t row0 = get_global_id(0) * (size_t)s.rows;
  size_t row1 = AT_MOST(row0 + (size_t)s.rows, m);
  size_t col0 = get_global_id(1) * (size_t)s.columns;
  size_t col1 = AT_MOST(col0 + (size_t)s.columns, n);
  a += a_offset;
  b += b_offset;
  c += c_offset;
  for (size_t at = 0; at < k; at += (size_t)s.depth) {
    size_t depth = AT_MOST(k - at, (size_t)s.depth);
    for (size_t j = col0; j < col1; j += WIDTH)
      for (size_t i = row0; i < row1; i += ROWS)
        packed_tile(a + (i * k + at * ROWS), b + (j * k + at * WIDTH), c + (i * n + j),
                    depth, &s, (int)AT_MOST(m - i, ROWS), AT_MOST(n - j, WIDTH), at == 0);
  }
}

/* ---- In tiles, for GPUs ---- */

/* Fills a local tile [side][4 * side + 1], k first, from `count` rows or columns that are
 * `stride` apart and go on along k by `k_stride`. Neighbours in memory go to neighbouring
 * work-items. Zeros where there is nothing. */
INLINED void fill_tile(__local A *tile, const __global T *x, size_t first, size_t count,
                       size_t stride, size_t at, size_t k, size_t k_stride, size_t side) {
  size_t here = get_local_id(0), width = 4 * side;
#pragma unroll
  for (int step = 0; step < 4; step++) {
    size_t i = here + step * (side * side);
    size_t across = k_stride == 1 ? i / side : i & (width - 1);
    size_t along = k_stride == 1 ? i & (side - 1) : i / width;
    A value = (A)0;
    if (first + across < count && at + along < k)
      value = LOAD(x, (first + across) * stride + (at + along) * k_stride);
    tile[along * (width + 1) + across] = value;
  }
}

INLINED void tile_step(const __local A *a, const __local A *b, size_t side, A sum[4][4]) {
  A as[4], bs[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    as[i] = a[i * side];
    bs[i] = b[i * side];
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++)
      sum[i][j] =
          FLOAT_OR_INT(TERM(as[i], bs[j], sum[i][j]), ADD(MUL(as[i], bs[j]), sum[i][j]));
  }
}

__kernel void product_tiled(const __global T *a, long a_offset, const __global T *b,
                            long b_offset, __global T *c, long c_offset, __global A *sums,
                            long sums_offset, product s, __local A *tile_a,
                            __local A *tile_b) {
  size_t m = (size_t)s.m, n = (size_t)s.n, k = (size_t)s.k, side = (size_t)s.side;
  size_t a_row = (size_t)s.a_row, a_col = (size_t)s.a_col;
  size_t b_row = (size_t)s.b_row, b_col = (size_t)s.b_col;
  size_t begin = (size_t)s.begin, end = (size_t)s.end;
  size_t width = 4 * side;
  size_t row = get_group_id(0) * width, col = get_group_id(1) * width;
  size_t x = get_local_id(0) & (side - 1), y = get_local_id(0) / side;
  A sum[4][4];
  a += a_offset;
  b += b_offset;
  c += c_offset;
  sums += sums_offset;
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      size_t r = row + y + i * side, q = col + x + j * side;
      sum[i][j] = (A)0;
      if (begin > 0 && r < m && q < n) sum[i][j] = sums[r * n + q];
    }
  }
  for (size_t at = begin; at < end; at += side) {
    fill_tile(tile_a, a, row, m, a_row, at, k, a_col, side);
    fill_tile(tile_b, b, col, n, b_col, at, k, b_row, side);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t i = 0; i < side; i++)
      tile_step(tile_a + (i * (width + 1) + y), tile_b + (i * (width + 1) + x), side, sum);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      size_t r = row + y + i * side, q = col + x + j * side;
      if (r >= m || q >= n) continue;
      if (end < k)
        sums[r * n + q] = sum[i][j];
      else
        STORE(c, r * n + q, sum[i][j]);
    }
  }
}
