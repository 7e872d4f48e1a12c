/* Products on CPUs that read a and b where they lie; local size 1. Defined in front of
 * this: ROWS and VECTORS, a tile of ROWS x (VECTORS * V) elements of c that stays in
 * registers while k runs.
 *
 * product_direct: b_col is 1, m at least SMALL, n at least V; a has any strides. Not for
 * 16-bit floats. A work-item makes `rows` x `columns` of c. The last tiles of a row or
 * column begin so early that they are whole; what others make is not stored by them.
 * Global: blocks of rows; blocks of columns; groups of `each` products, within parts. */

/* The tile at (i, j), of which the first `skip_rows` rows and, in its last vector, `skip`
 * columns are not stored. */
INLINED void direct_tile(int height, int vectors, const __global T *a, const __global T *b,
                         const product *s, const target *t, size_t i0, size_t j0,
                         size_t depth, int skip_rows, int skip) {
  AV sum[ROWS][VECTORS];
  clear_sums(sum);
  size_t a_row = (size_t)s->a_row, a_col = (size_t)s->a_col, b_row = (size_t)s->b_row;
  /* Rows by fours: compilers go from row to row by additions that wait for each other. */
  const __global T *fours[ROWS / 4];
#pragma unroll
  for (int i = 0; i < ROWS / 4; i++) fours[i] = a + (i0 + 4 * i) * a_row;
  b += j0;
  for (size_t k = 0; k < depth; k++, b += b_row) {
    AV bs[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) bs[v] = LOADV(b, v < vectors ? v * V : 0);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      AV x = (AV)LOAD(fours[i / 4], i % 4 * a_row);
#pragma unroll
      for (int v = 0; v < VECTORS; v++)
        if (v < vectors) sum[i][v] = multiply_add(x, bs[v], sum[i][v]);
    }
#pragma unroll
    for (int i = 0; i < ROWS / 4; i++) fours[i] += a_col;
  }
  put_sums(height, vectors, sum, t, i0, j0, (size_t)s->n, skip_rows, height, skip,
           vectors * V);
}

/* Of its own each: between other loops a tile takes several times as long to compile. */
#define DIRECT_TILE(name, height, vectors)                                                 \
  OUTLINED void name(const __global T *a, const __global T *b, const product *s,           \
                     const target *t, size_t i0, size_t j0, size_t depth, int skip_rows,   \
                     int skip) {                                                           \
    direct_tile(height, vectors, a, b, s, t, i0, j0, depth, skip_rows, skip);              \
  }
DIRECT_TILE(direct_tall, ROWS, VECTORS)
DIRECT_TILE(direct_tall_narrow, ROWS, 1)
DIRECT_TILE(direct_small, SMALL, VECTORS)
DIRECT_TILE(direct_small_narrow, SMALL, 1)

/* Rows [i0, i1) of the panel at column j. */
INLINED void direct_panel(bool wide, const __global T *a, const __global T *b,
                          const product *s, const target *t, size_t i0, size_t i1, size_t j,
                          size_t depth, int skip) {
  size_t m = (size_t)s->m;
  for (size_t i = i0; i < i1;) {
    bool tall = i1 - i > 2 * SMALL && m >= ROWS;
    size_t height = tall ? ROWS : SMALL, from = AT_MOST(i, m - height);
    int skip_rows = (int)(i - from);
    if (tall && wide)
      direct_tall(a, b, s, t, from, j, depth, skip_rows, skip);
    else if (tall)
      direct_tall_narrow(a, b, s, t, from, j, depth, skip_rows, skip);
    else if (wide)
      direct_small(a, b, s, t, from, j, depth, skip_rows, skip);
    else
      direct_small_narrow(a, b, s, t, from, j, depth, skip_rows, skip);
    i = from + height;
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
product_direct(const __global T *a, long a_offset, const __global T *b, long b_offset,
               __global T *c, long c_offset, __global A *sums, long sums_offset,
               product all) {
  product s = all;
  share mine = share_of(&s);
  size_t i0 = get_global_id(0) * (size_t)s.rows, j0 = get_global_id(1) * (size_t)s.columns;
  size_t i1 = AT_MOST(i0 + (size_t)s.rows, (size_t)s.m), n = (size_t)s.n;
  size_t j1 = AT_MOST(j0 + (size_t)s.columns, n);
  a += a_offset + mine.begin * (size_t)s.a_col;
  b += b_offset + mine.begin * (size_t)s.b_row;
  c += c_offset;
  sums += sums_offset;
  for (size_t batch = mine.batch; batch < mine.stop; batch++) {
    place at = place_of(&s, batch);
    target t = target_of(&s, c + at.c, sums, batch, mine.part);
    for (size_t j = j0; j < j1;) {
      bool wide = j + WIDTH <= j1;
      size_t from = wide ? j : AT_MOST(j, n - V);
      direct_panel(wide, a + at.a, b + at.b, &s, &t, i0, i1, from, mine.depth,
                   (int)(j - from));
      j += wide ? WIDTH : V;
    }
  }
}
