/* Running sums, products and log-sum-exps along one axis of [outer][extent][inner]; the
 * axis is cut into `parts` of `part` elements. Three passes: what each part makes,
 * totals[outer] [part][inner] of type A; then, in its place, what stands before each part;
 * then the elements. Reversed, position i of the axis counts from its end.
 *
 * A work-item goes along the axis with `lanes` neighbours of the inner axis: one on GPUs,
 * so that neighbours read neighbours, and whole vectors on CPUs, WIDEST at most. Where
 * there is no inner axis its vectors lie along the axis. Any local size is legal. */

typedef struct {
  long extent, inner, parts, part, tiles; /* tiles: work-items that share the inner axis */
  long count, lanes, reverse, exclusive;  /* count: work-items in all */
} running;

enum { RUN_SUM, RUN_PROD, RUN_LOG_SUM_EXP };

#define WIDEST 64
#define ROWS   8

typedef union {
  AV v;
  A a[V];
} lanes_of;

INLINED A start_of(int op) {
  if (op == RUN_PROD) return (A)1;
  return op == RUN_SUM ? (A)0 : (A)FLOAT_OR_INT(-INFINITY, 0);
}

INLINED AV log_of_sumv(AV x, AV y) {
  AV top = largerv(x, y), low = smallerv(x, y);
  AV off = SELECT(low == top, (AV)0, low - top); /* also where both are infinite */
  return top + FLOAT_OR_INT(log1p(exp(off)), off);
}

INLINED A log_of_sum(A x, A y) {
  A top = larger(x, y), low = smaller(x, y), off = (A)0;
  if (low != top) off = low - top;
  return top + FLOAT_OR_INT(log1p(exp(off)), off);
}

INLINED A joined(int op, A x, A y) {
  if (op == RUN_PROD) return MUL(x, y);
  return op == RUN_SUM ? ADD(x, y) : log_of_sum(x, y);
}

INLINED AV joinedv(int op, AV x, AV y) {
  if (op == RUN_PROD) return S(U(x) * U(y));
  return op == RUN_SUM ? S(U(x) + U(y)) : log_of_sumv(x, y);
}

typedef struct {
  size_t outer, part, column, lanes;
} spot;

/* There is no %: LLVM makes a freeze of / and % of one pair, at which Oclgrind gives up. */
INLINED bool find_spot(const running *r, spot *at) {
  size_t item = get_global_id(0);
  if (item >= (size_t)r->count) return false;
  size_t row = item / (size_t)r->tiles;
  at->column = (item - row * (size_t)r->tiles) * (size_t)r->lanes;
  at->outer = row / (size_t)r->parts;
  at->part = row - at->outer * (size_t)r->parts;
  at->lanes = AT_MOST((size_t)r->inner - at->column, (size_t)r->lanes);
  return true;
}

/* Where position i of the axis lies. */
INLINED size_t element(const running *r, const spot *at, size_t i) {
  size_t along = r->reverse ? (size_t)r->extent - 1 - i : i;
  return (at->outer * (size_t)r->extent + along) * (size_t)r->inner + at->column;
}

INLINED size_t total(const running *r, const spot *at, size_t part) {
  return (at->outer * (size_t)r->parts + part) * (size_t)r->inner + at->column;
}

/* ---- Along the axis: inner is 1 ---- */

/* V elements from a position on, in order; p is the first of them, or the last one where
 * `back`, as a constant, says that the axis runs backwards. */
INLINED AV load_along(int back, const __global T *p) {
  if (!back) return LOADV(p, 0);
  AV x = LOADV(p - (V - 1), 0);
  return REVERSED(x);
}

INLINED void store_along(int back, __global T *p, AV x) {
  if (back)
    STOREV(p - (V - 1), 0, REVERSED(x));
  else
    STOREV(p, 0, x);
}

/* Less than V of them, and behind them what changes nothing. */
INLINED AV load_rest(int op, int back, const __global T *p, size_t count) {
  lanes_of u;
  u.v = (AV)start_of(op);
  for (size_t k = 0; k < count; k++, p += back ? -1 : 1) u.a[k] = LOAD(p, 0);
  return u.v;
}

INLINED void store_rest(int back, __global T *p, size_t count, AV x) {
  lanes_of u;
  u.v = x;
  for (size_t k = 0; k < count; k++, p += back ? -1 : 1) STORE(p, 0, u.a[k]);
}

/* Of each lane: what it and those before it make. Pairs first, then fours and so on: what
 * the lower half of each makes goes to the upper half. */
INLINED AV scanned(int op, AV x) {
  x = SELECT(IN_UPPER(2), joinedv(op, x, HALF_LAST_2(x)), x);
  x = SELECT(IN_UPPER(4), joinedv(op, x, HALF_LAST_4(x)), x);
  if (V > 4) {
    x = SELECT(IN_UPPER(8), joinedv(op, x, HALF_LAST_8(x)), x);
    x = SELECT(IN_UPPER(16), joinedv(op, x, HALF_LAST_16(x)), x);
  }
  return x;
}

INLINED A total_along(int op, const __global T *p, size_t count) {
  AV start = (AV)start_of(op), a = start, b = start, c = start, d = start;
  for (; count >= 4 * V; count -= 4 * V, p += 4 * V) {
    a = joinedv(op, a, LOADV(p, 0));
    b = joinedv(op, b, LOADV(p, V));
    c = joinedv(op, c, LOADV(p, 2 * V));
    d = joinedv(op, d, LOADV(p, 3 * V));
  }
  for (; count >= V; count -= V, p += V) a = joinedv(op, a, LOADV(p, 0));
  b = joinedv(op, b, load_rest(op, 0, p, count));
  a = joinedv(op, joinedv(op, a, b), joinedv(op, c, d));
  return scanned(op, a).LAST_LANE;
}

INLINED void write_along(int op, int back, int exclusive, const __global T *p,
                         __global T *q, size_t count, A before) {
  AV start = (AV)start_of(op), carried = (AV)before;
  long step = back ? -V : V;
  for (; count >= V; count -= V, p += step, q += step) {
    AV here = scanned(op, load_along(back, p)), shown = here;
    if (exclusive) shown = LANES_UP(here, start);
    store_along(back, q, joinedv(op, carried, shown));
    carried = joinedv(op, carried, (AV)here.LAST_LANE);
  }
  if (count == 0) return;
  AV here = scanned(op, load_rest(op, back, p, count));
  if (exclusive) here = LANES_UP(here, start);
  store_rest(back, q, count, joinedv(op, carried, here));
}

/* ---- Across: vectors of neighbours ---- */

INLINED AV load_across(const __global T *p, size_t count) {
  return count >= V ? LOADV(p, 0) : LOADV_PART(p, 0, (int)count);
}

INLINED AV load_total(const __global A *p, size_t count) {
  lanes_of u;
  if (count >= V) return VLOAD(0, p);
  for (size_t i = 0; i < V; i++) u.a[i] = p[AT_MOST(i, count - 1)];
  return u.v;
}

INLINED void store_total(__global A *p, size_t count, AV x) {
  lanes_of u;
  u.v = x;
  if (count >= V)
    VSTORE(x, 0, p);
  else
    for (size_t i = 0; i < count; i++) p[i] = u.a[i];
}

INLINED void total_across(int op, const __global T *x, __global A *totals, const running *r,
                          const spot *at, size_t i, size_t end) {
  AV sums[WIDEST];
  for (size_t v = 0; v * V < at->lanes; v++) sums[v] = (AV)start_of(op);
  for (; i < end; i++) {
    const __global T *p = x + element(r, at, i);
    size_t v = 0;
    for (; (v + 1) * V <= at->lanes; v++) sums[v] = joinedv(op, sums[v], LOADV(p, v * V));
    if (v * V < at->lanes)
      sums[v] = joinedv(op, sums[v], load_across(p + v * V, at->lanes - v * V));
  }
  for (size_t v = 0; v * V < at->lanes; v++)
    store_total(totals + v * V, at->lanes - v * V, sums[v]);
}

/* The next vector of the axis. */
INLINED void write_next(int op, int exclusive, const __global T *p, __global T *q,
                        size_t count, AV *sum) {
  AV next = joinedv(op, *sum, load_across(p, count)), shown = next;
  if (exclusive) shown = *sum;
  if (count >= V)
    STOREV(q, 0, shown);
  else
    STOREV_PART(q, 0, shown, (int)count);
  *sum = next;
}

/* ROWS of them. Loads come first: where the step is a multiple of 4 KB a processor takes
 * them for what the stores before them wrote. */
INLINED void write_rows(int op, int exclusive, const __global T *p, __global T *q,
                        long step, AV *sum) {
  AV rows[ROWS];
#pragma unroll
  for (int k = 0; k < ROWS; k++) rows[k] = LOADV(p + k * step, 0);
#pragma unroll
  for (int k = 0; k < ROWS; k++) {
    AV next = joinedv(op, *sum, rows[k]), shown = next;
    if (exclusive) shown = *sum;
    STOREV(q + k * step, 0, shown);
    *sum = next;
  }
}

INLINED void write_across(int op, int exclusive, const __global T *x, __global T *y,
                          const __global A *totals, const running *r, const spot *at,
                          size_t i, size_t end) {
  AV sums[WIDEST];
  for (size_t v = 0; v * V < at->lanes; v++) {
    sums[v] = (AV)start_of(op);
    if (r->parts > 1) sums[v] = load_total(totals + v * V, at->lanes - v * V);
  }
  long step = r->reverse ? -r->inner : r->inner;
  for (; i < end; i += ROWS) {
    size_t place = element(r, at, i), rows = AT_MOST(end - i, ROWS), v = 0;
    for (; (v + 1) * V <= at->lanes; v++) {
      const __global T *p = x + place + v * V;
      __global T *q = y + place + v * V;
      AV sum = sums[v];
      if (rows == ROWS)
        write_rows(op, exclusive, p, q, step, &sum);
      else
        for (size_t k = 0; k < rows; k++, p += step, q += step)
          write_next(op, exclusive, p, q, V, &sum);
      sums[v] = sum;
    }
    if (v * V == at->lanes) continue;
    place += v * V;
    for (size_t k = 0; k < rows; k++, place += (size_t)step)
      write_next(op, exclusive, x + place, y + place, at->lanes - v * V, &sums[v]);
  }
}

/* ---- The passes ---- */

INLINED void part_totals(int op, const __global T *x, __global A *totals,
                         const running *r) {
  spot at;
  if (!find_spot(r, &at)) return;
  size_t i = at.part * (size_t)r->part;
  size_t end = AT_MOST(i + (size_t)r->part, (size_t)r->extent);
  totals += total(r, &at, at.part);
  if (CPU_LIKE && r->inner > 1) {
    total_across(op, x, totals, r, &at, i, end);
  } else if (CPU_LIKE) {
    size_t low = r->reverse ? (size_t)r->extent - end : i; /* sums commute */
    totals[0] = total_along(op, x + at.outer * (size_t)r->extent + low, end - i);
  } else {
    A value = start_of(op);
    for (; i < end; i++) value = joined(op, value, LOAD(x, element(r, &at, i)));
    totals[0] = value;
  }
}

/* `parts` is 1 here, `lanes` 1 or V, and `count` counts the columns of tiles alone; `all`
 * are the parts. */
INLINED void part_starts(int op, __global A *totals, const running *given, long all) {
  running r = *given;
  spot at;
  if (!find_spot(&r, &at)) return;
  r.parts = all;
  AV before = (AV)start_of(op);
  for (size_t part = 0; part < (size_t)all; part++) {
    __global A *p = totals + total(&r, &at, part);
    AV own = load_total(p, at.lanes);
    store_total(p, at.lanes, before);
    before = joinedv(op, before, own);
  }
}

INLINED void write_part(int op, const __global T *x, __global T *y,
                        const __global A *totals, const running *r) {
  spot at;
  if (!find_spot(r, &at)) return;
  size_t i = at.part * (size_t)r->part;
  size_t end = AT_MOST(i + (size_t)r->part, (size_t)r->extent);
  totals += total(r, &at, at.part);
  if (CPU_LIKE && r->inner > 1) {
    if (r->exclusive)
      write_across(op, 1, x, y, totals, r, &at, i, end);
    else
      write_across(op, 0, x, y, totals, r, &at, i, end);
    return;
  }
  A value = start_of(op);
  if (r->parts > 1) value = totals[0];
  if (CPU_LIKE) {
    size_t place = element(r, &at, i);
    if (r->reverse && r->exclusive)
      write_along(op, 1, 1, x + place, y + place, end - i, value);
    else if (r->reverse)
      write_along(op, 1, 0, x + place, y + place, end - i, value);
    else if (r->exclusive)
      write_along(op, 0, 1, x + place, y + place, end - i, value);
    else
      write_along(op, 0, 0, x + place, y + place, end - i, value);
    return;
  }
  for (; i < end; i++) {
    size_t place = element(r, &at, i);
    A next = joined(op, value, LOAD(x, place)), shown = next;
    if (r->exclusive) shown = value;
    STORE(y, place, shown);
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
