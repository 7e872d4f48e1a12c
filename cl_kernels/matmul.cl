/* Many products: c = a b, or c - a b where `subtract`; element (i, j) of a lies at
 * i * a_row + j * a_col, b and c alike, so a transposed matrix is one with its strides
 * exchanged. Product `batch` of a launch is number `first + batch`, whose place in a, b and
 * c is found by walking over `dims`, innermost first.
 *
 * k runs from `begin` to `end` in parts of `depth`. `to_sums`: what a part adds up to is
 * left in `sums`, dense [part, product, m, n]; `from_sums`: and goes on from what is there.
 *
 * Here stands what the kernels share: matmul_blocks.cl and matmul_thin.cl for CPUs,
 * matmul_group.cl for GPUs; and
 *
 * product_finish: adds up the parts. Global: elements of all products. */

typedef struct {
  long m, n, k, a_row, a_col, b_row, b_col, c_row, c_col;
  long rows, columns, side, lanes;
  long begin, end, depth, parts;
  long subtract, to_sums, from_sums;
  long first, count, each;
  long rank;
  long dims[6], a_strides[6], b_strides[6], c_strides[6];
} product;

/* Of the kernels for CPUs: VECTORS is defined in front of this. */
#define WIDTH (VECTORS * V)

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

/* On CPUs `s` is a copy. Elsewhere written out: an index that is not constant into a struct
 * argument fails somewhere. */
OUTLINED place place_of(const product *s, size_t batch) {
  place at = {0, 0, 0};
  size_t rest = batch + (size_t)s->first;
  if (CPU_LIKE) {
    ROLLED for (long d = 0; d < s->rank; d++)
        step(&at, &rest, s->dims[d], s->a_strides[d], s->b_strides[d], s->c_strides[d]);
    return at;
  }
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
  int to_sums, from_sums, subtract, add; /* add: to what is in c */
} target;

INLINED target target_of(const product *s, __global T *c, __global A *sums, size_t batch,
                         size_t part) {
  size_t m = (size_t)s->m, n = (size_t)s->n;
  target t = {c, sums, (size_t)s->c_row, (size_t)s->c_col, 0, 0, 0, 0};
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
  if (t->add) x = ADD(LOAD(t->c, at), x);
  STORE(t->c, at, x);
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

/* ---- Parts ---- */

__kernel void product_finish(__global T *c, long c_offset, const __global A *sums,
                             long sums_offset, product asked) {
  product s = asked;
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
