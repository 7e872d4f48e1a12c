/* Running sums, products and log-sum-exps along one axis of [outer][extent][inner]; the
 * axis is cut into `parts` of `part` elements. Three passes: what each part makes,
 * totals[outer] [part][inner] of type A; then, in its place, what stands before each part;
 * then the elements. Reversed, position i of the axis counts from its end.
 *
 * A work-item takes up to V neighbours of the inner axis where `lanes` is V, else one, so
 * that neighbours read neighbours. Any local size is legal. */

typedef struct {
  long extent, inner, parts, part, tiles; /* tiles: work-items that share the inner axis */
  long count, lanes, reverse, exclusive;  /* count: work-items in all */
} running;

enum { RUN_SUM, RUN_PROD, RUN_LOG_SUM_EXP };

INLINED AV start_of(int op) {
  if (op == RUN_PROD) return (AV)1;
  return op == RUN_SUM ? (AV)0 : (AV)FLOAT_OR_INT(-INFINITY, 0);
}

INLINED AV log_of_sum(AV x, AV y) {
  AV top = largerv(x, y), low = smallerv(x, y);
  AV off = SELECT(low == top, (AV)0, low - top); /* also where both are infinite */
  return top + FLOAT_OR_INT(log1p(exp(off)), off);
}

INLINED AV joined(int op, AV x, AV y) {
  if (op == RUN_PROD) return S(U(x) * U(y));
  return op == RUN_SUM ? S(U(x) + U(y)) : log_of_sum(x, y);
}

typedef struct {
  size_t outer, part, column;
  int count;
} spot;

/* There is no %: LLVM makes a freeze of / and % of one pair, at which Oclgrind gives up. */
INLINED bool find_spot(const running *r, spot *at) {
  size_t item = get_global_id(0);
  if (item >= (size_t)r->count) return false;
  size_t row = item / (size_t)r->tiles;
  at->column = (item - row * (size_t)r->tiles) * (size_t)r->lanes;
  at->outer = row / (size_t)r->parts;
  at->part = row - at->outer * (size_t)r->parts;
  at->count = (int)AT_MOST((size_t)r->inner - at->column, (size_t)r->lanes);
  return true;
}

INLINED AV load(const __global T *p, const running *r, int count) {
  if (r->lanes == 1) return (AV)LOAD(p, 0);
  return count == V ? LOADV(p, 0) : LOADV_PART(p, 0, count);
}

INLINED void store(__global T *p, const running *r, int count, AV x) {
  if (r->lanes == 1)
    STORE(p, 0, x.s0);
  else if (count == V)
    STOREV(p, 0, x);
  else
    STOREV_PART(p, 0, x, count);
}

INLINED AV load_total(const __global A *p, int count) {
  A lanes[V];
  for (int i = 0; i < V; i++) lanes[i] = p[AT_MOST(i, count - 1)];
  return VLOAD(0, lanes);
}

INLINED void store_total(__global A *p, int count, AV x) {
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int i = 0; i < V; i++)
    if (i < count) p[i] = lanes[i];
}

/* Where position i of the axis lies. */
INLINED size_t element(const running *r, const spot *at, size_t i) {
  size_t along = r->reverse ? (size_t)r->extent - 1 - i : i;
  return (at->outer * (size_t)r->extent + along) * (size_t)r->inner + at->column;
}

INLINED size_t total(const running *r, const spot *at, size_t part) {
  return (at->outer * (size_t)r->parts + part) * (size_t)r->inner + at->column;
}

INLINED void part_totals(int op, const __global T *x, __global A *totals,
                         const running *r) {
  spot at;
  if (!find_spot(r, &at)) return;
  size_t i = at.part * (size_t)r->part;
  size_t end = AT_MOST(i + (size_t)r->part, (size_t)r->extent);
  AV value = start_of(op);
  for (; i < end; i++) value = joined(op, value, load(x + element(r, &at, i), r, at.count));
  store_total(totals + total(r, &at, at.part), at.count, value);
}

/* `parts` is 1 here, and `count` counts the columns of tiles alone; `all` are the parts. */
INLINED void part_starts(int op, __global A *totals, const running *given, long all) {
  running r = *given;
  spot at;
  if (!find_spot(&r, &at)) return;
  r.parts = all;
  AV before = start_of(op);
  for (size_t part = 0; part < (size_t)all; part++) {
    __global A *p = totals + total(&r, &at, part);
    AV own = load_total(p, at.count);
    store_total(p, at.count, before);
    before = joined(op, before, own);
  }
}

INLINED void write_part(int op, const __global T *x, __global T *y,
                        const __global A *totals, const running *r) {
  spot at;
  if (!find_spot(r, &at)) return;
  size_t i = at.part * (size_t)r->part;
  size_t end = AT_MOST(i + (size_t)r->part, (size_t)r->extent);
  AV value = start_of(op);
  if (r->parts > 1) value = load_total(totals + total(r, &at, at.part), at.count);
  for (; i < end; i++) {
    size_t place = element(r, &at, i);
    AV next = joined(op, value, load(x + place, r, at.count));
    store(y + place, r, at.count, r->exclusive ? value : next);
    value = next;
  }
}

#define RUNNING(op, totals_name, starts_name, parts_name)                                  \
  __kernel void totals_name(const __global T *x, long x_offset, __global A *totals,        \
                            long totals_offset, running r) {                               \
    part_totals(op, x + x_offset, totals + totals_offset, &r);                             \
  }                                                                                        \
  __kernel void starts_name(__global A *totals, long totals_offset, running r, long all) { \
    part_starts(op, totals + totals_offset, &r, all);                                      \
  }                                                                                        \
  __kernel void parts_name(const __global T *x, long x_offset, __global T *y,              \
                           long y_offset, const __global A *totals, long totals_offset,    \
                           running r) {                                                    \
    write_part(op, x + x_offset, y + y_offset, totals + totals_offset, &r);                \
  }

RUNNING(RUN_SUM, sum_totals, sum_starts, sum_parts)
RUNNING(RUN_PROD, prod_totals, prod_starts, prod_parts)
RUNNING(RUN_LOG_SUM_EXP, log_sum_exp_totals, log_sum_exp_starts, log_sum_exp_parts)
