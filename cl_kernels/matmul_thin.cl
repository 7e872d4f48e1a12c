/* Products on CPUs in which every element of the large matrix is used a few times only;
 * local size 1. Id 2 counts groups of `each` products, within parts.
 *
 * product_dots: a_col and b_row are 1, n at most THIN: V lanes along k. Global: blocks of
 * `rows` rows.
 *
 * product_rows: b_col is 1, m at most THIN, n at least V, nothing is subtracted: V lanes
 * along n, and c stays in the work-item's memory while it walks down b. Global: blocks of
 * `columns` columns, a multiple of V; the last one takes what is left behind it, so
 * (columns + n % columns) * m is at most SPAN.
 *
 * pack_dots: b [k, n] to [product, n, k]. Global: stretches of PACKED positions of k. */

#define THIN   4
#define SPAN   4096
#define PACKED 256

/* ---- Lanes along k ---- */

/* `left` of `rows` rows and `n` of `columns` columns from row i on; the last ones stand in
 * for the others. */
INLINED void dot_rows(int rows, int columns, const __global T *a, const __global T *b,
                      const product *s, const target *t, size_t i, size_t left,
                      size_t depth) {
  size_t n = (size_t)s->n, k = 0;
  const __global T *as[8], *bs[THIN];
  AV sum[8][THIN];
#pragma unroll
  for (int r = 0; r < rows; r++)
    as[r] = a + AT_MOST((size_t)r, left - 1) * (size_t)s->a_row;
#pragma unroll
  for (int j = 0; j < columns; j++)
    bs[j] = b + AT_MOST((size_t)j, n - 1) * (size_t)s->b_col;
#pragma unroll
  for (int r = 0; r < rows; r++) {
#pragma unroll
    for (int j = 0; j < columns; j++) sum[r][j] = (AV)0;
  }
  for (; k + V <= depth; k += V) {
    AV y[THIN];
#pragma unroll
    for (int j = 0; j < columns; j++) y[j] = LOADV(bs[j], k);
#pragma unroll
    for (int r = 0; r < rows; r++) {
      AV x = LOADV(as[r], k);
#pragma unroll
      for (int j = 0; j < columns; j++) sum[r][j] = multiply_add(x, y[j], sum[r][j]);
    }
  }
  /* A copy: what a loop that is not unrolled walks through does not stay in registers. */
  AV ends[8 * THIN];
#pragma unroll
  for (int r = 0; r < rows; r++) {
#pragma unroll
    for (int j = 0; j < columns; j++) ends[r * THIN + j] = sum[r][j];
  }
  for (size_t r = 0; r < left; r++)
    for (size_t j = 0; j < n; j++) {
      A total = add_lanes(ends[r * THIN + j]);
      for (size_t rest = k; rest < depth; rest++)
        total = multiply_add_one(LOAD(a, r * (size_t)s->a_row + rest),
                                 LOAD(b, j * (size_t)s->b_col + rest), total);
      put(t, i + r, j, n, total);
    }
}

__kernel void product_dots(const __global T *a, long a_offset, const __global T *b,
                           long b_offset, __global T *c, long c_offset, __global A *sums,
                           long sums_offset, product all) {
  product s = all;
  share mine = share_of(&s);
  size_t row = get_global_id(0) * (size_t)s.rows;
  size_t last = AT_MOST(row + (size_t)s.rows, (size_t)s.m);
  a += a_offset;
  b += b_offset;
  c += c_offset;
  sums += sums_offset;
  for (size_t batch = mine.batch; batch < mine.stop; batch++) {
    place at = place_of(&s, batch);
    target t = target_of(&s, c + at.c, sums, batch, mine.part);
    const __global T *y = b + (at.b + mine.begin);
    for (size_t i = row; i < last;) {
      const __global T *x = a + (at.a + i * (size_t)s.a_row + mine.begin);
      size_t left = AT_MOST(last - i, (size_t)(s.n == 1 ? 8 : 4));
      if (s.n == 1)
        dot_rows(8, 1, x, y, &s, &t, i, left, mine.depth);
      else
        dot_rows(4, THIN, x, y, &s, &t, i, left, mine.depth);
      i += left;
    }
  }
}

__kernel void pack_dots(const __global T *b, long b_offset, __global T *to, long to_offset,
                        product all) {
  product s = all;
  size_t k = (size_t)s.k, n = (size_t)s.n, batch = get_global_id(2);
  size_t from = get_global_id(0) * PACKED, stop = AT_MOST(from + PACKED, k);
  b += b_offset + place_of(&s, batch).b;
  to += to_offset + batch * (n * k);
  for (size_t i = from; i < stop; i++)
    for (size_t j = 0; j < n; j++)
      to[j * k + i] = b[i * (size_t)s.b_row + j * (size_t)s.b_col];
}

/* ---- Lanes along n ---- */

/* `rows` rows of c, of which the last may be the same again: adds `steps` rows of b, from
 * the first to the last. Columns [0, width): the last vector may share some with the one
 * before it. */
INLINED void add_rows(int rows, int steps, const __global T *a, const __global T *b,
                      const product *s, AV *sums, size_t width) {
  size_t m = (size_t)s->m, a_row = (size_t)s->a_row;
  AV x[THIN][8];
  const __global T *bs[8];
#pragma unroll
  for (int k = 0; k < steps; k++) {
    bs[k] = b + k * (size_t)s->b_row;
#pragma unroll
    for (int i = 0; i < rows; i++)
      x[i][k] = (AV)LOAD(a, AT_MOST((size_t)i, m - 1) * a_row + k * (size_t)s->a_col);
  }
  for (size_t from = 0; from < width; from += V, sums += rows) {
    size_t at = AT_MOST(from, width - V);
    AV y[8];
#pragma unroll
    for (int k = 0; k < steps; k++) y[k] = LOADV(bs[k], at);
#pragma unroll
    for (int i = 0; i < rows; i++) {
      AV sum = sums[i];
#pragma unroll
      for (int k = 0; k < steps; k++) sum = multiply_add(x[i][k], y[k], sum);
      sums[i] = sum;
    }
  }
}

INLINED void walk_down(int rows, int steps, const __global T *a, const __global T *b,
                       const product *s, AV *sums, size_t width, size_t depth) {
  size_t k = 0;
  for (size_t v = 0; v * V < width; v++) {
#pragma unroll
    for (int i = 0; i < rows; i++) sums[v * rows + i] = (AV)0;
  }
  for (; k + steps <= depth; k += steps)
    add_rows(rows, steps, a + k * (size_t)s->a_col, b + k * (size_t)s->b_row, s, sums,
             width);
  for (; k < depth; k++)
    add_rows(rows, 1, a + k * (size_t)s->a_col, b + k * (size_t)s->b_row, s, sums, width);
}

__kernel void product_rows(const __global T *a, long a_offset, const __global T *b,
                           long b_offset, __global T *c, long c_offset, __global A *out,
                           long out_offset, product all) {
  product s = all;
  share mine = share_of(&s);
  size_t n = (size_t)s.n, m = (size_t)s.m, first = get_global_id(0) * (size_t)s.columns;
  size_t width = get_global_id(0) + 1 < get_global_size(0) ? (size_t)s.columns : n - first;
  AV sums[SPAN / V];
  a += a_offset;
  b += b_offset;
  c += c_offset;
  out += out_offset;
  for (size_t batch = mine.batch; batch < mine.stop; batch++) {
    place at = place_of(&s, batch);
    target t = target_of(&s, c + at.c, out, batch, mine.part);
    const __global T *x = a + (at.a + mine.begin * (size_t)s.a_col);
    const __global T *y = b + (at.b + mine.begin * (size_t)s.b_row + first);
    size_t rows = m == 1 ? 1 : THIN;
    if (m == 1)
      walk_down(1, 8, x, y, &s, sums, width, mine.depth);
    else
      walk_down(THIN, 4, x, y, &s, sums, width, mine.depth);
    for (size_t from = 0, v = 0; from < width; from += V, v++)
      for (size_t i = 0; i < m; i++) {
        A lanes[V];
        size_t j = AT_MOST(from, width - V);
        VSTORE(sums[v * rows + i], 0, lanes);
        for (size_t l = 0; l < V; l++) put(&t, i, first + j + l, n, lanes[l]);
      }
  }
}
