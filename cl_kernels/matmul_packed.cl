/* The products of matmul_blocks.cl where b has been laid out before and kept: [panel, k,
 * WIDTH] of A, a panel being WIDTH columns of b, zeros past the last one. Defined in front
 * of this, as there: ROWS, VECTORS, DEPTH, PANELS. Local size 1.
 *
 * pack_panels: lays it out; any strides. Global: panels; stretches of DEPTH positions of k.
 *
 * product_packed: a work-item makes `rows` x `columns` of c. Global: blocks of rows; blocks
 * of columns; parts. An element is summed up in product_blocks' order, so the bits are
 * those it gives: sums of DEPTH positions of k, each added to what those before gave. */

#define MIDDLE 8           /* rows of the tile between ROWS and SMALL */
#define ROW    (DEPTH + V) /* from row to row of a tile of a */

/* ---- Laying out ---- */

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
pack_panels(const __global T *b, long b_offset, __global A *to, long to_offset, product s) {
  size_t j0 = get_global_id(0) * WIDTH, k = get_global_id(1) * DEPTH;
  size_t there = AT_MOST((size_t)s.n - j0, (size_t)WIDTH);
  size_t stop = AT_MOST((size_t)s.k, k + DEPTH), row = (size_t)s.b_row,
         col = (size_t)s.b_col;
  b += (size_t)b_offset + j0 * col;
  to += (size_t)to_offset + j0 * (size_t)s.k;
  if (there == WIDTH && col == 1) {
    for (; k < stop; k++)
      for (size_t v = 0; v < WIDTH; v += V)
        PUTV(A, LOADV(b, k * row + v), to + k * WIDTH + v);
  } else if (there == WIDTH && row == 1) {
    for (; k + V <= stop; k += V)
      for (size_t v = 0; v < WIDTH; v += V) {
        AV lines[V];
#pragma unroll
        for (int j = 0; j < V; j++) lines[j] = LOADV(b, k + (v + j) * col);
        turn(lines);
#pragma unroll
        for (int j = 0; j < V; j++) PUTV(A, lines[j], to + (k + j) * WIDTH + v);
      }
  }
  for (; k < stop; k++) {
    for (size_t j = 0; j < there; j++) to[k * WIDTH + j] = LOAD(b, k * row + j * col);
    for (size_t j = there; j < WIDTH; j++) to[k * WIDTH + j] = (A)0;
  }
}

/* ---- Tiles ---- */

/* Of a tile at (i0, j0), `left` rows are there, and `there` columns. */
INLINED void packed_tile(int height, const A *a, const __global A *b, size_t depth,
                         const target *t, size_t i0, size_t j0, size_t n, int left,
                         int there) {
  AV sum[ROWS][VECTORS];
  clear_sums(sum);
  await_tile(height, t, i0, j0, left, there);
  for (size_t k = 0; k < depth; k++, a++, b += WIDTH) {
    AV bs[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) bs[v] = *(const __global AV_LOOSE *)(b + v * V);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      AV x = (AV)a[i * ROW];
#pragma unroll
      for (int v = 0; v < VECTORS; v++) sum[i][v] = multiply_add(x, bs[v], sum[i][v]);
    }
  }
  put_sums(height, VECTORS, sum, t, i0, j0, n, 0, left, 0, there);
}

/* Of its own each: between other loops a tile takes several times as long to compile. */
#define PACKED_TILE(name, height)                                                          \
  OUTLINED void name(const A *a, const __global A *b, size_t depth, const target *t,       \
                     size_t i0, size_t j0, size_t n, int left, int there) {                \
    packed_tile(height, a, b, depth, t, i0, j0, n, left, there);                           \
  }
PACKED_TILE(packed_tall, ROWS)
PACKED_TILE(packed_middle, MIDDLE)
PACKED_TILE(packed_small, SMALL)

/* The tiles of some rows beside each other: columns [j0, j1), panels `step` apart. */
INLINED void packed_row(int height, const A *a, const __global A *b, size_t step,
                        size_t depth, const target *t, size_t i, size_t j0, size_t j1,
                        size_t n, int left) {
  for (size_t j = j0; j < j1; j += WIDTH, b += step) {
    int there = (int)AT_MOST(j1 - j, (size_t)WIDTH);
    if (height == ROWS)
      packed_tall(a, b, depth, t, i, j, n, left, there);
    else if (height == MIDDLE)
      packed_middle(a, b, depth, t, i, j, n, left, there);
    else
      packed_small(a, b, depth, t, i, j, n, left, there);
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
product_packed(const __global T *a, long a_offset, const __global A *b, long b_offset,
               __global T *c, long c_offset, __global A *sums, long sums_offset,
               product all) {
  product s = all;
  share mine = share_of(&s);
  size_t i0 = get_global_id(0) * (size_t)s.rows, j0 = get_global_id(1) * (size_t)s.columns;
  size_t i1 = AT_MOST(i0 + (size_t)s.rows, (size_t)s.m);
  size_t j1 = AT_MOST(j0 + (size_t)s.columns, (size_t)s.n);
  size_t a_row = (size_t)s.a_row, a_col = (size_t)s.a_col, step = WIDTH * (size_t)s.k;
  AV tile[ROWS * ROW / V];
  target t = target_of(&s, c + c_offset, sums + sums_offset, 0, mine.part);
  a += (size_t)a_offset;
  b += (size_t)b_offset;
  for (size_t j = j0; j < j1; j += PANELS * WIDTH)
    for (size_t k = 0; k < mine.depth; k += DEPTH) {
      size_t here = mine.begin + k, depth = AT_MOST(mine.depth - k, (size_t)DEPTH);
      size_t stop = AT_MOST(j + PANELS * WIDTH, j1);
      const __global A *panels = b + (j * (size_t)s.k + here * WIDTH);
      int narrow = NARROW, waits = narrow & (k + depth < mine.depth);
      t.to_sums = s.to_sums != 0 || waits;
      t.from_sums = k > 0 && (narrow | (s.to_sums != 0));
      t.add = k > 0 && !narrow && s.to_sums == 0;
      for (size_t i = i0; i < i1;) {
        int left = (int)AT_MOST(i1 - i, (size_t)ROWS);
        int height = left > MIDDLE ? ROWS : left > SMALL ? MIDDLE : SMALL;
        lay_rows(tile, ROW, a + (i * a_row + here * a_col), a_row, a_col, depth,
                 (size_t)left, (size_t)height);
        packed_row(height, (A *)tile, panels, step, depth, &t, i, j, stop, s.n, left);
        i += (size_t)left;
      }
    }
}
