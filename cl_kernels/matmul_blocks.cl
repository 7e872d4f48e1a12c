/* Products on CPUs; local size 1. Defined in front of this: ROWS and VECTORS, a tile of
 * ROWS x (VECTORS * V) elements of c that stays in registers while k runs; DEPTH, positions
 * of k that are laid out at once; PANELS, for so many tiles side by side; BY_COLUMNS, for
 * an a of which V rows lie side by side rather than V positions of k.
 *
 * product_blocks: a work-item makes `rows` x `columns` of c. For every DEPTH positions of k
 * it lays out panels of b, then the rows of one tile of a, in memory of its own, where they
 * are read in order; 16-bit floats are converted there once, and any strides are legal.
 * Global: blocks of rows; blocks of columns; groups of `each` products, within parts.
 *
 * An element is summed up over DEPTH positions of k in order, and that added to what the
 * positions before gave: its bits depend on DEPTH and `depth` alone. What is not the last
 * such sum waits in c, or, where c would round it, in `sums`. */

#define TALL   16                           /* at least ROWS */
#define ROW    (BY_COLUMNS ? 1 : DEPTH + V) /* from row to row of a tile of a */
#define COLUMN (BY_COLUMNS ? TALL : 1)      /* and from position to position of k */
#define NARROW (sizeof(T) < sizeof(A))

/* ---- Laying out ---- */

/* `there` columns of b for a panel, one vector behind the other; zeros in what is left of
 * the last vector, or neighbours: at the first `roomy` positions of k they can be read. */
OUTLINED void lay_b(AV *panel, const __global T *b, size_t b_row, size_t b_col,
                    size_t depth, size_t there, size_t roomy) {
  A *out = (A *)panel;
  size_t k = 0, width = there > V ? WIDTH : V;
  if (b_col == 1) {
    for (; k < roomy; k++)
      for (size_t v = 0; v * V < there; v++)
        panel[k * VECTORS + v] = LOADV(b, k * b_row + v * V);
  } else if (b_row == 1) {
    for (; k + V <= depth; k += V)
      for (size_t v = 0; v * V < there; v++) {
        AV lines[V];
        for (int j = 0; j < V; j++)
          lines[j] = LOADV(b, k + AT_MOST(v * V + j, there - 1) * b_col);
        turn(lines);
        for (int j = 0; j < V; j++) panel[(k + j) * VECTORS + v] = lines[j];
      }
  }
  for (; k < depth; k++) {
    for (size_t j = 0; j < there; j++) out[k * WIDTH + j] = LOAD(b, k * b_row + j * b_col);
    for (size_t j = there; j < width; j++) out[k * WIDTH + j] = (A)0;
  }
}

/* `left` rows of a for a tile, the last one again for those up to `height`. `roomy`: from
 * the first of them on, V rows are there. */
OUTLINED void lay_a(AV *tile, const __global T *a, size_t a_row, size_t a_col, size_t depth,
                    size_t left, size_t height, int roomy) {
  if (BY_COLUMNS) {
    A *out = (A *)tile;
    size_t k = 0;
    if (a_row == 1 && roomy)
      for (; k < depth; k++) tile[k * (TALL / V)] = LOADV(a, k * a_col);
    for (; k < depth; k++)
      for (size_t i = 0; i < height; i++)
        out[k * TALL + i] = LOAD(a, AT_MOST(i, left - 1) * a_row + k * a_col);
    return;
  }
  lay_rows(tile, ROW, a, a_row, a_col, depth, left, height);
}

/* ---- Tiles ---- */

/* Of a tile at (i, j), `left` rows are there, and `count` columns of the last vector. */
INLINED void make_tile(int height, int vectors, const A *a, const AV *b, size_t depth,
                       const target *t, size_t i0, size_t j0, size_t n, int left,
                       int count) {
  AV sum[ROWS][VECTORS];
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) sum[i][v] = (AV)0;
  }
  for (size_t k = 0; k < depth; k++, a += COLUMN, b += VECTORS) {
    AV bs[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) bs[v] = b[v < vectors ? v : 0];
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      AV x = (AV)a[i * ROW];
#pragma unroll
      for (int v = 0; v < VECTORS; v++)
        if (v < vectors) sum[i][v] = multiply_add(x, bs[v], sum[i][v]);
    }
  }
  if (height == ROWS && vectors == VECTORS && left == ROWS && count == V && t->col == 1 &&
      !t->to_sums && !t->from_sums && !t->subtract) {
    size_t at = i0 * t->row + j0;
    if (t->add) {
#pragma unroll
      for (int i = 0; i < ROWS; i++) {
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
          if (v < vectors)
            sum[i][v] = S(U(LOADV(t->c, at + i * t->row + v * V)) + U(sum[i][v]));
      }
    }
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
#pragma unroll
      for (int v = 0; v < VECTORS; v++)
        if (v < vectors) STOREV(t->c, at + i * t->row + v * V, sum[i][v]);
    }
    return;
  }
  /* A copy: what is passed on by its address does not stay in registers. */
  AV tile[ROWS * TILE];
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) tile[TILE * i + v] = sum[i][v];
  }
  put_tile(t, i0, j0, n, tile, 0, left, vectors, 0, count);
}

/* Of its own each: between other loops a tile takes several times as long to compile. */
#define MAKE_TILE(name, height, vectors)                                                   \
  OUTLINED void name(const A *a, const AV *b, size_t depth, const target *t, size_t i0,    \
                     size_t j0, size_t n, int left, int count) {                           \
    make_tile(height, vectors, a, b, depth, t, i0, j0, n, left, count);                    \
  }
MAKE_TILE(make_tall, ROWS, VECTORS)
MAKE_TILE(make_small, SMALL, VECTORS)
MAKE_TILE(make_tall_narrow, ROWS, 1)
MAKE_TILE(make_small_narrow, SMALL, 1)

/* The tiles of some rows beside each other: columns [j0, j1), of panels with room for DEPTH
 * positions of k. */
INLINED void make_row(bool tall, const A *a, const AV *b, size_t depth, const target *t,
                      size_t i, size_t j0, size_t j1, size_t n, int left) {
  for (size_t j = j0; j < j1; j += WIDTH, b += DEPTH * VECTORS) {
    int there = (int)AT_MOST(j1 - j, (size_t)WIDTH), count = there - (VECTORS - 1) * V;
    bool narrow = (VECTORS > 1) & (there <= V);
    if (narrow && tall)
      make_tall_narrow(a, b, depth, t, i, j, n, left, there);
    else if (narrow)
      make_small_narrow(a, b, depth, t, i, j, n, left, there);
    else if (tall)
      make_tall(a, b, depth, t, i, j, n, left, count);
    else
      make_small(a, b, depth, t, i, j, n, left, count);
  }
}

/* ---- Blocks ---- */

/* k positions [0, depth) of rows [i0, i1) and columns [j0, j1), at most PANELS. */
INLINED void make_block(const __global T *a, const __global T *b, const target *t,
                        const product *s, size_t i0, size_t i1, size_t j0, size_t j1,
                        size_t depth, size_t behind, AV *tile, AV *panels) {
  size_t a_row = (size_t)s->a_row, a_col = (size_t)s->a_col, m = (size_t)s->m;
  size_t b_row = (size_t)s->b_row, b_col = (size_t)s->b_col, n = (size_t)s->n;
  AV *panel = panels;
  for (size_t j = j0; j < j1; j += WIDTH, panel += DEPTH * VECTORS) {
    size_t there = AT_MOST(j1 - j, (size_t)WIDTH), needed = (there + V - 1) / V * V;
    /* Positions at which whole vectors can be read without leaving b. */
    size_t last = (depth + behind - 1) * b_row + (n - j), roomy = depth;
    if (there < needed && n - j < needed)
      roomy = last < needed || b_row == 0 ? 0 : AT_MOST((last - needed) / b_row + 1, depth);
    lay_b(panel, b + j * b_col, b_row, b_col, depth, there, roomy);
  }
  for (size_t i = i0; i < i1;) {
    int left = (int)AT_MOST(i1 - i, (size_t)ROWS);
    bool tall = left > 2 * SMALL;
    if (!tall) left = AT_MOST(left, SMALL);
    lay_a(tile, a + i * a_row, a_row, a_col, depth, (size_t)left, tall ? ROWS : SMALL,
          m - i >= V);
    make_row(tall, (A *)tile, panels, depth, t, i, j0, j1, n, left);
    i += (size_t)left;
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
product_blocks(const __global T *a, long a_offset, const __global T *b, long b_offset,
               __global T *c, long c_offset, __global A *sums, long sums_offset,
               product all) {
  product s = all;
  share mine = share_of(&s);
  size_t i0 = get_global_id(0) * (size_t)s.rows, j0 = get_global_id(1) * (size_t)s.columns;
  size_t i1 = AT_MOST(i0 + (size_t)s.rows, (size_t)s.m);
  size_t j1 = AT_MOST(j0 + (size_t)s.columns, (size_t)s.n);
  AV panels[PANELS * DEPTH * VECTORS];
  AV tile[DEPTH * TALL / V];
  a += a_offset;
  b += b_offset;
  c += c_offset;
  sums += sums_offset;
  for (size_t batch = mine.batch; batch < mine.stop; batch++) {
    place at = place_of(&s, batch);
    target t = target_of(&s, c + at.c, sums, batch, mine.part);
    for (size_t j = j0; j < j1; j += PANELS * WIDTH)
      for (size_t k = 0; k < mine.depth; k += DEPTH) {
        size_t here = mine.begin + k, depth = AT_MOST(mine.depth - k, (size_t)DEPTH);
        int narrow = NARROW, waits = narrow & (k + depth < mine.depth);
        t.to_sums = s.to_sums != 0 || waits;
        t.from_sums = k > 0 && (narrow | (s.to_sums != 0));
        t.add = k > 0 && !narrow && s.to_sums == 0 && s.subtract == 0;
        make_block(a + (at.a + here * (size_t)s.a_col), b + (at.b + here * (size_t)s.b_row),
                   &t, &s, i0, i1, j, AT_MOST(j + PANELS * WIDTH, j1), depth,
                   (size_t)s.end - here - depth, tile, panels);
      }
  }
}
