/* The products of matmul.cl for CPUs, from packed copies; local size 1.
 *
 * pack_a, pack_b: copies to panels [.., k, ROWS] and [.., k, WIDTH] of type A, padded with
 * zeros. Global: panels, stretches of PACKED positions of k, products.
 *
 * product_packed: from these panels, a_panels and b_panels apart from product to product.
 * Global: blocks of `rows` rows (a multiple of ROWS), of `columns` columns (of WIDTH),
 * products; k in stretches, `depth` long. No parts. */

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
  size_t batch = get_global_id(2);
  pack(a + (a_offset + place_of(&s, batch).a),
       panels + (panels_offset + batch * (size_t)s.a_panels), (size_t)s.m, (size_t)s.k,
       (size_t)s.a_row, (size_t)s.a_col, ROWS);
}

__kernel void pack_b(const __global T *b, long b_offset, __global A *panels,
                     long panels_offset, product s) {
  size_t batch = get_global_id(2);
  pack(b + (b_offset + place_of(&s, batch).b),
       panels + (panels_offset + batch * (size_t)s.b_panels), (size_t)s.n, (size_t)s.k,
       (size_t)s.b_col, (size_t)s.b_row, WIDTH);
}

/* Adds to c. */
OUTLINED void add_tile(const target *t, size_t i0, size_t j0, const AV *tile, int rows,
                       size_t columns) {
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < VECTORS; v++) {
      if (columns <= (size_t)(v * V)) continue;
      int count = (int)AT_MOST(columns - v * V, V);
      size_t at = (i0 + r) * t->row + (j0 + v * V) * t->col;
      AV x = tile[2 * r + v];
      if (t->col == 1 && count == V) {
        STOREV(t->c, at, S(U(LOADV(t->c, at)) + U(x)));
        continue;
      }
      A lanes[V];
      VSTORE(x, 0, lanes);
      for (int l = 0; l < count; l++)
        STORE(t->c, at + l * t->col, ADD(lanes[l], LOAD(t->c, at + l * t->col)));
    }
  }
}

INLINED void packed_tile(const __global A *a, const __global A *b, const target *t,
                         size_t i0, size_t j0, size_t depth, size_t n, int rows,
                         size_t columns, int first) {
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
      for (int v = 0; v < VECTORS; v++)
        sum[i][v] = multiply_add((AV)a[i], bs[v], sum[i][v]);
    }
  }
  AV tile[2 * ROWS];
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) tile[2 * i + v] = sum[i][v];
  }
  if (!first) {
    add_tile(t, i0, j0, tile, rows, columns);
    return;
  }
  int vectors = columns > V ? VECTORS : 1;
  put_tile(t, i0, j0, n, tile, rows, vectors, 0,
           (int)AT_MOST(columns - (size_t)((vectors - 1) * V), V));
}

__kernel void product_packed(const __global A *a, long a_offset, const __global A *b,
                             long b_offset, __global T *c, long c_offset, product s) {
  size_t m = (size_t)s.m, n = (size_t)s.n, k = (size_t)s.k, batch = get_global_id(2);
  size_t row0 = get_global_id(0) * (size_t)s.rows;
  size_t row1 = AT_MOST(row0 + (size_t)s.rows, m);
  size_t col0 = get_global_id(1) * (size_t)s.columns;
  size_t col1 = AT_MOST(col0 + (size_t)s.columns, n);
  a += a_offset + batch * (size_t)s.a_panels;
  b += b_offset + batch * (size_t)s.b_panels;
  target t = {
      c + (c_offset + place_of(&s, batch).c), 0, (size_t)s.c_row, (size_t)s.c_col, 0, 0, 0};
  for (size_t at = 0; at < k; at += (size_t)s.depth) {
    size_t depth = AT_MOST(k - at, (size_t)s.depth);
    for (size_t j = col0; j < col1; j += WIDTH)
      for (size_t i = row0; i < row1; i += ROWS)
        packed_tile(a + (i * k + at * ROWS), b + (j * k + at * WIDTH), &t, i, j, depth, n,
                    (int)AT_MOST(m - i, ROWS), AT_MOST(n - j, WIDTH), at == 0);
  }
}
