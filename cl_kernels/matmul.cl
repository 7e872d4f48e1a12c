/* Many products: c = a b, or c - a b where `subtract`; element (i, j) of a lies at
 * i * a_row + j * a_col, b and c alike, so a transposed matrix is one with its strides
 * exchanged. Product `batch` of a launch is number `first + batch`, whose place in a, b and
 * c is found by walking over `dims`, innermost first.
 *
 * k runs from `begin` to `end` in parts of `depth`. `to_sums`: what a part adds up to is
 * left in `sums`, dense [part, product, m, n]; `from_sums`: and goes on from what is there.
 *
 * For CPUs, local size 1; id 2 counts groups of `each` products within parts:
 *
 * product_direct: b_col is 1. A tile of ROWS x WIDTH of c stays in registers while k runs.
 * Global: blocks of `rows` rows, panels of WIDTH columns.
 *
 * product_strided: the same for any strides.
 *
 * product_dots: a_col is 1, b_row 1 or 0, n at most DOTS: V lanes along k. Global: blocks
 * of `rows` rows, 1.
 *
 * pack_dots: b [k, n] to [product, n, k]. Global: stretches of PACKED positions of k, 1.
 *
 * On both:
 *
 * product_finish: adds up the parts. Global: elements of all products. */

typedef struct {
  long m, n, k, a_row, a_col, b_row, b_col, c_row, c_col;
  long rows, columns, side, lanes;
  long begin, end, depth, parts;
  long subtract, to_sums, from_sums;
  long first, count, each;
  long a_panels, b_panels;
  long rank;
  long dims[6], a_strides[6], b_strides[6], c_strides[6];
} product;

#define ROWS    12
#define VECTORS (sizeof(A) == 8 ? 1 : 2)
#define WIDTH   (VECTORS * V)
#define DOTS    4
#define PACKED  256 /* positions of k */

INLINED AV multiply_add(AV a, AV b, AV c) {
  return FLOAT_OR_INT(fma(a, b, c), S(U(a) * U(b) + U(c)));
}

INLINED A multiply_add_one(A a, A b, A c) {
  return FLOAT_OR_INT(TERM(a, b, c), ADD(MUL(a, b), c));
}

/* ---- Where products lie, and where they go ---- */

typedef struct {
  size_t a, b, c;
} place;

INLINED void step(place *at, size_t *rest, long dim, long a, long b, long c) {
  size_t above = *rest / (size_t)dim, index = *rest - above * (size_t)dim;
  at->a += index * (size_t)a;
  at->b += index * (size_t)b;
  at->c += index * (size_t)c;
  *rest = above;
}

/* Written out: an index that is not constant into a struct argument fails somewhere. */
INLINED place place_of(const product *s, size_t batch) {
  place at = {0, 0, 0};
  size_t rest = batch + (size_t)s->first;
  if (s->rank > 0)
    step(&at, &rest, s->dims[0], s->a_strides[0], s->b_strides[0], s->c_strides[0]);
  if (s->rank > 1)
    step(&at, &rest, s->dims[1], s->a_strides[1], s->b_strides[1], s->c_strides[1]);
  if (s->rank > 2)
    step(&at, &rest, s->dims[2], s->a_strides[2], s->b_strides[2], s->c_strides[2]);
  if (s->rank > 3)
    step(&at, &rest, s->dims[3], s->a_strides[3], s->b_strides[3], s->c_strides[3]);
  if (s->rank > 4)
    step(&at, &rest, s->dims[4], s->a_strides[4], s->b_strides[4], s->c_strides[4]);
  if (s->rank > 5)
    step(&at, &rest, s->dims[5], s->a_strides[5], s->b_strides[5], s->c_strides[5]);
  return at;
}

/* The matrix that a product's results go to. */
typedef struct {
  __global T *c;
  __global A *sums;
  size_t row, col;
  int to_sums, from_sums, subtract;
} target;

INLINED target target_of(const product *s, __global T *c, __global A *sums, size_t batch,
                         size_t part) {
  size_t m = (size_t)s->m, n = (size_t)s->n;
  target t = {c, sums, (size_t)s->c_row, (size_t)s->c_col, 0, 0, 0};
  t.sums += (part * (size_t)s->count + batch) * (m * n);
  t.to_sums = s->to_sums != 0;
  t.from_sums = s->from_sums != 0;
  t.subtract = s->subtract != 0;
  return t;
}

INLINED void put(const target *t, size_t i, size_t j, size_t n, A x) {
  if (t->from_sums) x = ADD(x, t->sums[i * n + j]);
  if (t->to_sums) {
    t->sums[i * n + j] = x;
    return;
  }
  size_t at = i * t->row + j * t->col;
  if (t->subtract) x = (A)(LOAD(t->c, at) - x);
  STORE(t->c, at, x);
}

/* Of V neighbours of row i from column j on, those in [skip, count). */
OUTLINED void put_lanes(const target *t, size_t i, size_t j, size_t n, AV x, int skip,
                        int count) {
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int l = skip; l < count; l++) put(t, i, j + l, n, lanes[l]);
}

/* `rows` rows of a tile of one or two vectors, from (i, j) on; of the last vector, columns
 * [skip, count). */
OUTLINED void put_tile(const target *t, size_t i, size_t j, size_t n, const AV *tile,
                       int rows, int vectors, int skip, int count) {
  int plain = !t->to_sums && t->col == 1;
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < vectors; v++) {
      AV x = tile[2 * r + v];
      int last = v == vectors - 1, whole = plain && (!last || (skip == 0 && count == V));
      size_t at = (i + r) * t->row + (j + v * V);
      if (!whole) {
        put_lanes(t, i + r, j + v * V, n, x, last ? skip : 0, last ? count : V);
        continue;
      }
      if (t->subtract) x = S(U(LOADV(t->c, at)) - U(x));
      STOREV(t->c, at, x);
    }
  }
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

/* `left` of `height` rows are there; the last one stands in for the others. Of the last
 * vector, columns [skip, count) are stored. */
INLINED void direct_tile(int height, int vectors, int how, const __global T *a,
                         const __global T *b, const target *t, const product *s, size_t i0,
                         size_t j0, size_t k, int left, int skip, int count) {
  AV sum[ROWS][2];
  size_t row[ROWS];
  size_t a_row = (size_t)s->a_row, a_col = (size_t)s->a_col;
  size_t b_row = (size_t)s->b_row, b_col = (size_t)s->b_col, n = (size_t)s->n;
  /* Rows of b so far from its end that V elements may be read at each. */
  size_t roomy = 0;
  if (how == PART && (k - 1) * b_row + n > V) roomy = ((k - 1) * b_row + n - V) / b_row;
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
      AV x = (AV)LOAD(a, row[i]);
      sum[i][0] = multiply_add(x, b0, sum[i][0]);
      if (vectors > 1) sum[i][1] = multiply_add(x, b1, sum[i][1]);
    }
  }
  /* A copy: what is passed on by its address does not stay in registers. */
  AV tile[2 * ROWS];
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    tile[2 * i] = sum[i][0];
    if (vectors > 1) tile[2 * i + 1] = sum[i][1];
  }
  put_tile(t, i0, j0, n, tile, left, vectors, skip, count);
}

/* One panel of columns, from column `first` on, through rows [row, last). */
INLINED void direct_panel(int vectors, int how, const __global T *a, const __global T *b,
                          const target *t, const product *s, size_t row, size_t last,
                          size_t first, size_t k, int skip, int count) {
  b += first * (size_t)s->b_col;
  for (; row < last; row += ROWS) {
    int left = (int)AT_MOST(last - row, ROWS);
    const __global T *rows = a + row * (size_t)s->a_row;
    if (left > 4)
      direct_tile(ROWS, vectors, how, rows, b, t, s, row, first, k, left, skip, count);
    else if (left > 1)
      direct_tile(4, vectors, how, rows, b, t, s, row, first, k, left, skip, count);
    else
      direct_tile(1, vectors, how, rows, b, t, s, row, first, k, left, skip, count);
  }
}

INLINED void direct_block(int strided, const __global T *a, const __global T *b,
                          const target *t, const product *s, size_t k) {
  size_t row = get_global_id(0) * (size_t)s->rows;
  size_t last = AT_MOST(row + (size_t)s->rows, (size_t)s->m);
  size_t n = (size_t)s->n, first = get_global_id(1) * WIDTH;
  if (n - first >= WIDTH) {
    direct_panel(VECTORS, strided ? STRIDED : WHOLE, a, b, t, s, row, last, first, k, 0, V);
    return;
  }
  for (; first < n; first += V) {
    int count = (int)AT_MOST(n - first, V);
    if (strided)
      direct_panel(1, STRIDED, a, b, t, s, row, last, first, k, 0, count);
    else if (n < V)
      direct_panel(1, PART, a, b, t, s, row, last, first, k, 0, count);
    else /* the last V columns there are, of which `count` are new */
      direct_panel(1, WHOLE, a, b, t, s, row, last, first + count - V, k, V - count, V);
  }
}

/* The part and the products [batch, stop) of a work-item of a CPU. */
typedef struct {
  size_t part, batch, stop, begin, depth;
} share;

INLINED share share_of(const product *s) {
  size_t each = (size_t)s->each, groups = ((size_t)s->count + each - 1) / each;
  share mine;
  mine.part = get_global_id(2) / groups;
  mine.batch = (get_global_id(2) - mine.part * groups) * each;
  mine.stop = AT_MOST(mine.batch + each, (size_t)s->count);
  mine.begin = (size_t)s->begin + mine.part * (size_t)s->depth;
  mine.depth = AT_MOST((size_t)s->end - mine.begin, (size_t)s->depth);
  return mine;
}

INLINED void direct_blocks(int strided, const __global T *a, const __global T *b,
                           __global T *c, __global A *sums, const product *s) {
  share mine = share_of(s);
  for (size_t batch = mine.batch; batch < mine.stop; batch++) {
    place at = place_of(s, batch);
    target t = target_of(s, c + at.c, sums, batch, mine.part);
    direct_block(strided, a + (at.a + mine.begin * (size_t)s->a_col),
                 b + (at.b + mine.begin * (size_t)s->b_row), &t, s, mine.depth);
  }
}

__kernel void product_direct(const __global T *a, long a_offset, const __global T *b,
                             long b_offset, __global T *c, long c_offset, __global A *sums,
                             long sums_offset, product s) {
  direct_blocks(0, a + a_offset, b + b_offset, c + c_offset, sums + sums_offset, &s);
}

__kernel void product_strided(const __global T *a, long a_offset, const __global T *b,
                              long b_offset, __global T *c, long c_offset, __global A *sums,
                              long sums_offset, product s) {
  direct_blocks(1, a + a_offset, b + b_offset, c + c_offset, sums + sums_offset, &s);
}

/* ---- Few columns ---- */

INLINED A add_lanes(AV x) {
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int reach = V / 2; reach > 0; reach /= 2)
    for (int i = 0; i < reach; i++) lanes[i] = ADD(lanes[i], lanes[i + reach]);
  return lanes[0];
}

/* One row of c, from rows of a and of b's transpose, or what is all of it. */
INLINED void dot_row(const __global T *a, const __global T *b, size_t b_row, size_t b_col,
                     size_t n, size_t k, A out[DOTS]) {
  AV sum[DOTS];
#pragma unroll
  for (int j = 0; j < DOTS; j++) sum[j] = (AV)0;
  size_t at = 0;
  for (; at + V <= k; at += V) {
    AV x = LOADV(a, at);
#pragma unroll
    for (int j = 0; j < DOTS; j++) {
      if ((size_t)j >= n) continue;
      AV y = (AV)LOAD(b, j * b_col);
      if (b_row != 0) y = LOADV(b, j * b_col + at);
      sum[j] = multiply_add(x, y, sum[j]);
    }
  }
#pragma unroll
  for (int j = 0; j < DOTS; j++) {
    if ((size_t)j >= n) continue;
    A total = add_lanes(sum[j]);
    for (size_t i = at; i < k; i++)
      total = multiply_add_one(LOAD(a, i), LOAD(b, j * b_col + i * b_row), total);
    out[j] = total;
  }
}

__kernel void product_dots(const __global T *a, long a_offset, const __global T *b,
                           long b_offset, __global T *c, long c_offset, __global A *sums,
                           long sums_offset, product s) {
  share mine = share_of(&s);
  size_t row = get_global_id(0) * (size_t)s.rows, n = (size_t)s.n;
  size_t last = AT_MOST(row + (size_t)s.rows, (size_t)s.m);
  a += a_offset;
  b += b_offset;
  c += c_offset;
  sums += sums_offset;
  for (size_t batch = mine.batch; batch < mine.stop; batch++) {
    place at = place_of(&s, batch);
    target t = target_of(&s, c + at.c, sums, batch, mine.part);
    for (size_t i = row; i < last; i++) {
      A out[DOTS];
      dot_row(a + (at.a + i * (size_t)s.a_row + mine.begin),
              b + (at.b + mine.begin * (size_t)s.b_row), (size_t)s.b_row, (size_t)s.b_col,
              n, mine.depth, out);
      for (size_t j = 0; j < n; j++) put(&t, i, j, n, out[j]);
    }
  }
}

__kernel void pack_dots(const __global T *b, long b_offset, __global T *to, long to_offset,
                        product s) {
  size_t k = (size_t)s.k, n = (size_t)s.n, batch = get_global_id(2);
  size_t from = get_global_id(0) * PACKED, stop = AT_MOST(from + PACKED, k);
  b += b_offset + place_of(&s, batch).b;
  to += to_offset + batch * (n * k);
  for (size_t i = from; i < stop; i++)
    for (size_t j = 0; j < n; j++)
      to[j * k + i] = b[i * (size_t)s.b_row + j * (size_t)s.b_col];
}

/* ---- Parts ---- */

__kernel void product_finish(__global T *c, long c_offset, const __global A *sums,
                             long sums_offset, product s) {
  size_t m = (size_t)s.m, n = (size_t)s.n, all = (size_t)s.count * (m * n);
  size_t here = get_global_id(0);
  if (here >= all) return;
  A total = (A)0;
  sums += sums_offset + here;
  for (size_t part = 0; part < (size_t)s.parts; part++)
    total = ADD(total, sums[part * all]);
  size_t batch = here / (m * n), rest = here - batch * (m * n), i = rest / n;
  size_t at =
      place_of(&s, batch).c + i * (size_t)s.c_row + (rest - i * n) * (size_t)s.c_col;
  STORE(c, (size_t)c_offset + at, total);
}
