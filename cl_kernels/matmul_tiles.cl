/* What matmul_blocks.cl, matmul_packed.cl and matmul_direct.cl, behind this, do alike with
 * a tile of ROWS x (VECTORS * V) sums that stay in registers: where it goes in the end. */

#define SMALL  4 /* rows of the smaller tile; divides ROWS */
#define TILE   4 /* at least VECTORS */
#define NARROW (sizeof(T) < sizeof(A))

typedef AV AV_LOOSE __attribute__((aligned(sizeof(A))));

INLINED void clear_sums(AV sum[ROWS][VECTORS]) {
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) sum[i][v] = (AV)0;
  }
}

/* Columns [from, to) of `quads` times SMALL x V sums, rows of which are TILE vectors apart,
 * to where columns are rows. Fours of lanes: compilers make vectors of them. */
OUTLINED void put_turned(const target *t, size_t i, size_t j, const AV *tile, int quads,
                         int from, int to) {
  const A *lanes = (const A *)tile;
  __global T *column = t->c + (i + (j + from) * t->col);
  ROLLED for (int l = from; l < to; l++, column += t->col) {
    __global T *to_quad = column;
    ROLLED for (int q = 0; q < quads; q++, to_quad += SMALL) {
      const A *quad = lanes + (q * (SMALL * TILE * V) + l);
      A x[SMALL];
#pragma unroll
      for (int r = 0; r < SMALL; r++) x[r] = quad[r * (TILE * V)];
      if (t->add) {
#pragma unroll
        for (int r = 0; r < SMALL; r++) x[r] = ADD(LOAD(to_quad, r), x[r]);
      }
#pragma unroll
      for (int r = 0; r < SMALL; r++) STORE(to_quad, r, x[r]);
    }
  }
}

/* V sums at (i, j), of which columns [from, to) are there. */
INLINED void put_lanes(const target *t, size_t i, size_t j, size_t n, AV x, int from,
                       int to) {
  size_t at = i * t->row + j * t->col;
  if (to - from < V || (t->col != 1 && !t->to_sums)) {
    A lanes[V];
    VSTORE(x, 0, lanes);
    if (t->to_sums | t->from_sums | t->subtract) {
      ROLLED for (int l = from; l < to; l++) put(t, i, j + l, n, lanes[l]);
      return;
    }
    if (t->add)
      ROLLED for (int l = from; l < to; l++) lanes[l] =
          ADD(LOAD(t->c, at + l * t->col), lanes[l]);
    ROLLED for (int l = from; l < to; l++) STORE(t->c, at + l * t->col, lanes[l]);
    return;
  }
  __global AV_LOOSE *sums = (__global AV_LOOSE *)(t->sums + (i * n + j));
  if (t->from_sums) x = S(U(*sums) + U(x));
  if (t->to_sums) {
    *sums = x;
    return;
  }
  if (t->subtract) x = S(U(LOADV(t->c, at)) - U(x));
  if (t->add) x = S(U(LOADV(t->c, at)) + U(x));
  STOREV(t->c, at, x);
}

/* Rows [skip_rows, rows) of a tile, kept as TILE vectors a row, that begins at (i, j); of
 * its columns `there`, without the first `skip` of the last vector. */
OUTLINED void put_tile(const target *t, size_t i, size_t j, size_t n, const AV *tile,
                       int skip_rows, int rows, int skip, int there) {
  bool plain = !t->to_sums && !t->from_sums && !t->subtract;
  bool turned = plain & (t->row == 1) & (t->col != 1) & !NARROW;
  ROLLED for (int r = skip_rows; r < rows;) {
    int quads = turned ? (rows - r) / SMALL : 0;
    ROLLED for (int v = 0; v * V < there; v++) {
      int to = AT_MOST(there - v * V, V), from = (v + 1) * V < there ? 0 : skip;
      const AV *piece = tile + (TILE * r + v);
      if (quads > 0)
        put_turned(t, i + r, j + v * V, piece, quads, from, to);
      else
        put_lanes(t, i + r, j + v * V, n, *piece, from, to);
    }
    r += quads > 0 ? quads * SMALL : 1;
  }
}

/* Asks for the lines of c that a tile at (i, j) will be stored to. */
INLINED void await_tile(int height, const target *t, size_t i0, size_t j0, int rows,
                        int there) {
  if (2 * height < ROWS || rows != height || there != WIDTH || t->to_sums) return;
  const __global T *c = t->c + (i0 * t->row + j0 * t->col);
  if (t->col == 1) {
#pragma unroll
    for (int i = 0; i < height; i++) PREFETCH(c + i * t->row, WIDTH);
  } else {
    ROLLED for (int j = 0; j < WIDTH; j++) PREFETCH(c + j * t->col, 1);
  }
}

/* Sums of `height` x `vectors`, in registers: as put_tile. Small ones and narrow ones are
 * too few to be worth the time of compiling more for them. */
INLINED void put_sums(int height, int vectors, AV sum[ROWS][VECTORS], const target *t,
                      size_t i0, size_t j0, size_t n, int skip_rows, int rows, int skip,
                      int there) {
  bool often = vectors == VECTORS && 2 * height >= ROWS;
  if (often && skip_rows + skip == 0 && rows == height && there == WIDTH && t->col == 1 &&
      !t->to_sums && !t->from_sums && !t->subtract) {
    size_t at = i0 * t->row + j0;
    if (t->add) {
#pragma unroll
      for (int i = 0; i < ROWS; i++) {
#pragma unroll
        for (int v = 0; v < VECTORS; v++)
          if (i < height)
            sum[i][v] = S(U(LOADV(t->c, at + i * t->row + v * V)) + U(sum[i][v]));
      }
    }
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
#pragma unroll
      for (int v = 0; v < VECTORS; v++)
        if (i < height) STOREV(t->c, at + i * t->row + v * V, sum[i][v]);
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
  put_tile(t, i0, j0, n, tile, skip_rows, rows, skip, there);
}
