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

#define AHEAD  8192                         /* bytes */
/* Tiles of a that are laid out at once: all that a work-item lays out lies on a stack. */
#define STRIPE (!BY_COLUMNS ? 1 : sizeof(A) > 4 ? 2 : 4)
#define ROW    (BY_COLUMNS ? 1 : DEPTH + V) /* from row to row of one of them, */
#define COLUMN (BY_COLUMNS ? ROWS : 1)      /* from position to position of k, */
#define ROOM   (ROWS * DEPTH + (BY_COLUMNS ? V : ROWS * V)) /* from one to the next */
#define PANEL  ((DEPTH + 1) * VECTORS) /* from panel to panel of b, in vectors */

/* ---- Laying out ---- */

/* Positions of k, of `depth` and `behind` more, at which `needed` elements can be read
 * where `there` are left, without leaving the matrix. */
INLINED size_t roomy_of(size_t depth, size_t behind, size_t step, size_t there,
                        size_t needed) {
  size_t last = (depth + behind - 1) * step + there;
  if (there >= needed) return depth;
  return last < needed || step == 0 ? 0 : AT_MOST((last - needed) / step + 1, depth);
}

/* Memory is asked for lines so many rows of some vectors before they are laid out. */
INLINED size_t rows_ahead(size_t vectors) {
  return AHEAD / (vectors * V * T_SIZE) + 4;
}

/* `there` columns of b, in panels; zeros in what is left of the last vector, or neighbours:
 * at the first `roomy` positions of k they can be read. */
OUTLINED void lay_b(AV *panels, const __global T *b, size_t b_row, size_t b_col,
                    size_t depth, size_t there, size_t roomy) {
  size_t k = 0, vectors = (there + V - 1) / V, far = rows_ahead(vectors);
  if (b_col == 1) {
    for (; k < roomy; k++)
      for (size_t v = 0; v < vectors; v++) {
        PREFETCH(b + ((k + far) * b_row + v * V), V);
        panels[v / VECTORS * PANEL + k * VECTORS + v % VECTORS] =
            LOADV(b, k * b_row + v * V);
      }
  } else if (b_row == 1) {
    for (; k + V <= depth; k += V)
      for (size_t v = 0; v < vectors; v++) {
        AV lines[V], *panel = panels + (v / VECTORS * PANEL + k * VECTORS + v % VECTORS);
#pragma unroll
        for (int j = 0; j < V; j++)
          lines[j] = LOADV(b, k + AT_MOST(v * V + j, there - 1) * b_col);
        turn(lines);
#pragma unroll
        for (int j = 0; j < V; j++) panel[j * VECTORS] = lines[j];
      }
  }
  ROLLED for (; k < depth; k++) ROLLED for (size_t j = 0; j < vectors * V; j++) {
    A *out = (A *)(panels + j / WIDTH * PANEL) + (k * WIDTH + j % WIDTH);
    *out = j < there ? LOAD(b, k * b_row + j * b_col) : (A)0;
  }
}

/* `left` rows of a, at most STRIPE tiles; the last one again up to the next SMALL rows.
 * `roomy`: at the first of these positions of k, V rows from every tile's first one on can
 * be read. */
OUTLINED void lay_a(A *tiles, const __global T *a, size_t a_row, size_t a_col, size_t depth,
                    size_t left, size_t roomy) {
  if (!BY_COLUMNS) {
    lay_rows((AV *)tiles, ROW, a, a_row, a_col, depth, left,
             (left + SMALL - 1) / SMALL * SMALL);
    return;
  }
  /* What a vector lays beyond its tile's rows, the next position writes again. */
  size_t k = 0, tile = 0, far = rows_ahead((left + ROWS - 1) / ROWS);
  if (a_row == 1)
    for (; k < roomy; k++) {
      tile = k * ROWS;
      for (size_t i = 0; i < left; i += ROWS, tile += ROOM) {
        PREFETCH(a + ((k + far) * a_col + i), ROWS);
        *(AV_LOOSE *)(tiles + tile) = LOADV(a, k * a_col + i);
      }
    }
  ROLLED for (; k < depth; k++)
      ROLLED for (size_t i = 0; i < (left + ROWS - 1) / ROWS * ROWS; i++)
          tiles[i / ROWS * ROOM + k * ROWS + i % ROWS] =
              LOAD(a, AT_MOST(i, left - 1) * a_row + k * a_col);
}

/* ---- Tiles ---- */

/* Of a tile at (i, j), `left` rows are there, and `there` columns. */
INLINED void make_tile(int height, int vectors, const A *a, const AV *b, size_t depth,
                       const target *t, size_t i0, size_t j0, size_t n, int left,
                       int there) {
  AV sum[ROWS][VECTORS];
  clear_sums(sum);
  if (vectors == VECTORS) await_tile(height, t, i0, j0, left, there);
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
  put_sums(height, vectors, sum, t, i0, j0, n, 0, left, 0, there);
}

/* Of its own each: between other loops a tile takes several times as long to compile. */
#define MAKE_TILE(name, height, vectors)                                                   \
  OUTLINED void name(const A *a, const AV *b, size_t depth, const target *t, size_t i0,    \
                     size_t j0, size_t n, int left, int there) {                           \
    make_tile(height, vectors, a, b, depth, t, i0, j0, n, left, there);                    \
  }
MAKE_TILE(make_tall, ROWS, VECTORS)
MAKE_TILE(make_small, SMALL, VECTORS)
MAKE_TILE(make_tall_narrow, ROWS, 1)
MAKE_TILE(make_small_narrow, SMALL, 1)

/* The tiles of some rows beside each other: columns [j0, j1), of panels PANEL apart. */
INLINED void make_row(bool tall, const A *a, const AV *b, size_t depth, const target *t,
                      size_t i, size_t j0, size_t j1, size_t n, int left) {
  for (size_t j = j0; j < j1; j += WIDTH, b += PANEL) {
    int there = (int)AT_MOST(j1 - j, (size_t)WIDTH);
    bool narrow = (VECTORS > 1) & (there <= V);
    if (narrow && tall)
      make_tall_narrow(a, b, depth, t, i, j, n, left, there);
    else if (narrow)
      make_small_narrow(a, b, depth, t, i, j, n, left, there);
    else if (tall)
      make_tall(a, b, depth, t, i, j, n, left, there);
    else
      make_small(a, b, depth, t, i, j, n, left, there);
  }
}

/* ---- Blocks ---- */

/* k positions [0, depth) of rows [i0, i1) and columns [j0, j1), at most PANELS. */
INLINED void make_block(const __global T *a, const __global T *b, const target *t,
                        const product *s, size_t i0, size_t i1, size_t j0, size_t j1,
                        size_t depth, size_t behind, A *tiles, AV *panels) {
  size_t a_row = (size_t)s->a_row, a_col = (size_t)s->a_col, m = (size_t)s->m;
  size_t b_row = (size_t)s->b_row, b_col = (size_t)s->b_col, n = (size_t)s->n;
  size_t there = j1 - j0, needed = (there + V - 1) / V * V;
  lay_b(panels, b + j0 * b_col, b_row, b_col, depth, there,
        roomy_of(depth, behind, b_row, n - j0, needed));
  for (size_t i = i0; i < i1; i += STRIPE * ROWS) {
    size_t rows = AT_MOST(i1 - i, (size_t)(STRIPE * ROWS));
    needed = (rows - 1) / ROWS * ROWS + V;
    lay_a(tiles, a + i * a_row, a_row, a_col, depth, rows,
          roomy_of(depth, behind, a_col, m - i, needed));
    for (size_t r = 0; r < rows;) {
      size_t left = AT_MOST(rows - r, (size_t)ROWS);
      bool tall = left > 2 * SMALL;
      if (!tall) left = AT_MOST(left, (size_t)SMALL);
      make_row(tall, tiles + (r / ROWS * ROOM + r % ROWS * ROW), panels, depth, t, i + r,
               j0, j1, n, (int)left);
      r += left;
    }
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
  AV panels[PANELS * PANEL];
  AV tiles[STRIPE * ROOM / V];
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
                   (size_t)s.end - here - depth, (A *)tiles, panels);
      }
  }
}
