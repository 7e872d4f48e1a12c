/* Sum, product, maximum and minimum over any set of axes, and sums of what is made of the
 * elements and a centre of their own for every result: squares of the distances, or
 * exponentials. The kernels are in reduce_sum.cl, reduce_plain.cl and reduce_about.cl.
 *
 * Result `o` starts at the element that kept_dims and kept_strides give, and reduces `runs`
 * runs of `run` elements each, `stride` apart; run_dims and run_strides say where the runs
 * start. The runs, one after the other, are a range of run * runs positions. It may be cut
 * into `parts` of `part` positions: then partials[p * outputs + o], of type A, is what part
 * p makes of result o, and a finish kernel combines them.
 *
 * These kernels are for CPUs: one work-item takes `block` results, local size 1. Those for
 * GPUs are in reduce_group.cl. */

typedef struct {
  long outputs, run, runs, stride, parts, part, block, lanes;
  long divisor; /* of the result: the positions for a mean, else 1 */
  long last;    /* what becomes of the result: LAST_ */
  long raw;     /* results are of type A, as the next pass wants its centres */
  long centred; /* there are centres, else all are 0 */
  long kept_rank, run_rank;
  long kept_dims[4], kept_strides[4], run_dims[4], run_strides[4];
} reduction;

enum { LAST_NOTHING, LAST_ROOT, LAST_LOG };

/* Trips over which sums run plainly; what is lost between such stretches is carried on. */
#define STRETCH      16
#define ROWS_AT_ONCE 8
/* Elements between what is read and what is asked for: two pages, as processors do not
 * follow a run by themselves from one page into the next. May be behind the last. */
#define AHEAD        (8192 / T_SIZE)
#define WIDEST       64 /* vectors of columns that a work-item takes side by side */

INLINED A start_of(int op) {
  switch (op) {
  case FOLD_PROD:
    return (A)1;
  case FOLD_MAX:
    return A_LOWEST;
  case FOLD_MIN:
    return A_HIGHEST;
  default:
    return (A)0;
  }
}

/* What a sum takes of an element. */
INLINED A seen(int op, A x, A centre) {
  A off = (A)((U_SCALAR)x - (U_SCALAR)centre);
  if (op == FOLD_SQUARES) return MUL(off, off);
  if (op == FOLD_EXPS) return FLOAT_OR_INT(exp(off), off);
  return x;
}

INLINED AV seenv(int op, AV x, AV centre) {
  AV off = S(U(x) - U(centre));
  if (op == FOLD_SQUARES) return S(U(off) * U(off));
  if (op == FOLD_EXPS) return FLOAT_OR_INT(exp(off), off);
  return x;
}

INLINED A across(int op, AV x) {
  if (V > 4) {
    x = combinev(op, x, ROTATED_8(x));
    x = combinev(op, x, ROTATED_4(x));
  }
  x = combinev(op, x, ROTATED_2(x));
  return combinev(op, x, ROTATED_1(x)).s0;
}

INLINED A settle(int op, A total, A lost) {
  return carries(op) ? total - lost : total;
}

INLINED A settlev(int op, AV total, AV lost) {
  return across(op, carries(op) ? total - lost : total);
}

INLINED AV load_seen(int op, const __global T *p, AV centre) {
  return seenv(op, LOADV(p, 0), centre);
}

/* `count` of them, and beyond what changes nothing. */
OUTLINED AV load_filled(int op, const __global T *p, size_t count, AV centre) {
  lanes_of u, c;
  c.v = centre;
  for (size_t i = 0; i < V; i++) u.a[i] = start_of(op);
  ROLLED for (size_t i = 0; i < count; i++) u.a[i] = seen(op, LOAD(p, i), c.a[i]);
  return u.v;
}

/* The largest whole number whose square is not above x. */
INLINED A root_of(A x) {
  if (IS_FLOAT) return FLOAT_OR_INT(sqrt(x), x);
  if (!(x > 0)) return (A)0;
  ulong value = (ulong)x, root = (ulong)sqrt((float)value);
  for (int i = 0; i < 2; i++) root = (root + value / root) / 2;
  if (root > value / root) root--;
  return (A)root;
}

/* Only sums about a centre have something else become of them. */
INLINED A finished(int op, A x, const reduction *r, A centre) {
  (void)centre; /* of floats only */
  A result = x;
  if (IS_FLOAT)
    result = x / (A)r->divisor;
  else if (IS_UINT)
    result = (A)((ulong)x / (ulong)r->divisor);
  else
    result = (A)((long)x / r->divisor);
  if (op < FOLD_SQUARES) return result;
  if (r->last == LAST_ROOT) return root_of(result);
  if (r->last == LAST_LOG) return FLOAT_OR_INT(log(result) + centre, result);
  return result;
}

INLINED void put_result(int op, __global T *y, size_t output, A x, const reduction *r,
                        A centre) {
  A value = finished(op, x, r, centre);
  if (r->raw)
    ((__global A *)y)[output] = value;
  else
    STORE(y, output, value);
}

OUTLINED void put_one_by_one(int op, __global T *y, size_t output, AV x, size_t count,
                             const reduction *r, AV centre) {
  lanes_of u, c;
  u.v = x;
  c.v = centre;
  ROLLED for (size_t i = 0; i < count; i++)
      put_result(op, y, output + i, u.a[i], r, c.a[i]);
}

/* `count` of V lanes. */
INLINED void put_results(int op, __global T *y, size_t output, AV x, size_t count,
                         const reduction *r, AV centre) {
  bool plain = !r->raw & (r->last == LAST_NOTHING) & (IS_FLOAT | (r->divisor == 1));
  if (plain && count == V) {
    STOREV(y, output, FLOAT_OR_INT(x / (A)r->divisor, x));
    return;
  }
  put_one_by_one(op, y, output, x, count, r, centre);
}

/* An exponential's centre, the largest element, may be infinite or NaN: 0 then. */
INLINED A centre_at(int op, const __global A *centres, size_t output, const reduction *r) {
  if (op < FOLD_SQUARES || !r->centred) return (A)0;
  A centre = centres[output];
  return op != FOLD_EXPS || FLOAT_OR_INT(isfinite(centre), 1) ? centre : (A)0;
}

INLINED AV centres_at(int op, const __global A *centres, size_t output, size_t count,
                      const reduction *r) {
  if (op < FOLD_SQUARES || !r->centred) return (AV)0;
  lanes_of u;
  for (size_t i = 0; i < V; i++)
    u.a[i] = centre_at(op, centres, output + AT_MOST(i, count - 1), r);
  return u.v;
}

/* Where position `i` of row-major dims lies. There is no % here nor in what follows: LLVM
 * makes / and % of one pair into a freeze, at which Oclgrind gives up. */
INLINED size_t place(size_t i, long rank, const long *dims, const long *strides) {
  size_t at = 0;
#pragma unroll
  for (int d = 3; d > 0; d--) {
    if (d >= rank) continue;
    size_t rest = i / (size_t)dims[d];
    at += i * (size_t)strides[d] - rest * (size_t)(dims[d] * strides[d]);
    i = rest;
  }
  return rank > 0 ? at + i * (size_t)strides[0] : 0;
}

/* ---- Blocks ---- */

/* What `trips` times 4 vectors make, NaN left out; whether there was any. */
INLINED AV stretch_without_nan(int op, const __global T *p, size_t trips, bool *found) {
  AV a = LOADV(p, 0), b = LOADV(p, V), c = LOADV(p, 2 * V), d = LOADV(p, 3 * V);
  MV nan = is_nan(a, b) | is_nan(c, d);
  for (size_t i = 1; i < trips; i++) {
    p += 4 * V;
    AV e = LOADV(p, 0), f = LOADV(p, V), g = LOADV(p, 2 * V), h = LOADV(p, 3 * V);
    PREFETCH(p + AHEAD, (size_t)(4 * V));
    nan |= is_nan(e, f) | is_nan(g, h);
    a = without_nan(op, a, e);
    b = without_nan(op, b, f);
    c = without_nan(op, c, g);
    d = without_nan(op, d, h);
  }
  *found = ANY(nan);
  return without_nan(op, without_nan(op, a, b), without_nan(op, c, d));
}

/* What they make in all cases. */
INLINED AV stretch_of(int op, const __global T *p, size_t trips, AV centre) {
  AV start = (AV)start_of(op), a = start, b = start, c = start, d = start;
  for (size_t i = 0; i < trips; i++, p += 4 * V) {
    PREFETCH(p + AHEAD, (size_t)(4 * V));
    a = combinev(op, a, load_seen(op, p, centre));
    b = combinev(op, b, load_seen(op, p + V, centre));
    c = combinev(op, c, load_seen(op, p + 2 * V, centre));
    d = combinev(op, d, load_seen(op, p + 3 * V, centre));
  }
  return combinev(op, combinev(op, a, b), combinev(op, c, d));
}

/* Adds `count` neighbours to the totals. */
INLINED void add_run(int op, const __global T *p, size_t count, AV centre, AV *total,
                     AV *lost) {
  while (count >= 4 * V) {
    size_t trips = AT_MOST(count / (4 * V), STRETCH);
    bool nan = true;
    AV value = (AV)0;
    if (minds_nan(op)) value = stretch_without_nan(op, p, trips, &nan);
    if (nan) value = stretch_of(op, p, trips, centre);
    takev(op, total, lost, value);
    p += trips * 4 * V;
    count -= trips * 4 * V;
  }
  for (; count >= V; count -= V, p += V) takev(op, total, lost, load_seen(op, p, centre));
  if (count > 0) takev(op, total, lost, load_filled(op, p, count, centre));
}

INLINED A reduce_row(int op, const __global T *x, const reduction *r, size_t begin,
                     size_t end, A centre) {
  size_t length = (size_t)r->run;
  if (r->runs == 1 && end - begin < V / 2) {
    A value = start_of(op);
    for (size_t i = begin; i < end; i++)
      value = combine(op, value, seen(op, LOAD(x, i), centre));
    return value;
  }
  AV total = (AV)start_of(op), lost = (AV)0;
  while (begin < end) {
    size_t run = begin / length, first = begin - run * length;
    size_t count = AT_MOST(length - first, end - begin);
    const __global T *p = x + place(run, r->run_rank, r->run_dims, r->run_strides);
    add_run(op, p + first, count, (AV)centre, &total, &lost);
    begin += count;
  }
  return settlev(op, total, lost);
}

/* The last axis is reduced: stride is 1. Global: blocks of results, parts. */
INLINED void rows_block(int op, const __global T *x, __global T *y, __global A *partials,
                        const __global A *centres, const reduction *r) {
  size_t output = get_global_id(0) * (size_t)r->block;
  size_t last = AT_MOST(output + (size_t)r->block, (size_t)r->outputs);
  size_t begin = get_global_id(1) * (size_t)r->part;
  size_t end = AT_MOST(begin + (size_t)r->part, (size_t)r->run * (size_t)r->runs);
  for (; output < last; output++) {
    const __global T *p = x + place(output, r->kept_rank, r->kept_dims, r->kept_strides);
    A centre = centre_at(op, centres, output, r);
    A value = reduce_row(op, p, r, begin, end, centre);
    if (r->parts > 1)
      partials[get_global_id(1) * (size_t)r->outputs + output] = value;
    else
      put_result(op, y, output, value, r, centre);
  }
}

/* What rows i and i + 4 of V columns make. */
INLINED AV fold_pair(int op, const __global T *p, size_t stride, size_t i, AV centre) {
  return combinev(op, load_seen(op, p + i * stride, centre),
                  load_seen(op, p + (i + 4) * stride, centre));
}

/* The same, NaN left out. */
INLINED AV fold_pair_without_nan(int op, const __global T *p, size_t stride, size_t i,
                                 MV *nan) {
  AV x = LOADV(p, i * stride), y = LOADV(p, (i + 4) * stride);
  *nan |= is_nan(x, y);
  return without_nan(op, x, y);
}

/* What ROWS_AT_ONCE rows of V columns make: so few rows are streams that processors
 * follow. Written out: compilers leave a loop over an array of them in memory. */
INLINED AV fold_rows(int op, const __global T *p, size_t stride, AV centre) {
  if (minds_nan(op)) {
    MV nan = (MV)0;
    AV even = without_nan(op, fold_pair_without_nan(op, p, stride, 0, &nan),
                          fold_pair_without_nan(op, p, stride, 2, &nan));
    AV odd = without_nan(op, fold_pair_without_nan(op, p, stride, 1, &nan),
                         fold_pair_without_nan(op, p, stride, 3, &nan));
    if (!ANY(nan)) return without_nan(op, even, odd);
  }
  AV even = combinev(op, fold_pair(op, p, stride, 0, centre),
                     fold_pair(op, p, stride, 2, centre));
  AV odd = combinev(op, fold_pair(op, p, stride, 1, centre),
                    fold_pair(op, p, stride, 3, centre));
  return combinev(op, even, odd);
}

/* The same of less columns or rows. */
INLINED AV fold_some(int op, const __global T *p, size_t stride, size_t rows, size_t count,
                     AV centre) {
  AV all = (AV)start_of(op);
  if (count >= V)
    for (size_t i = 0; i < rows; i++, p += stride)
      all = combinev(op, all, load_seen(op, p, centre));
  else
    for (size_t i = 0; i < rows; i++, p += stride)
      all = combinev(op, all, load_filled(op, p, count, centre));
  return all;
}

/* `count` columns side by side. */
INLINED void add_columns(int op, const __global T *p, size_t stride, size_t rows,
                         size_t count, const AV *centre, AV *total, AV *lost) {
  while (rows > 0) {
    size_t trips = AT_MOST(rows, count < V ? STRETCH : ROWS_AT_ONCE), v = 0;
    if (trips == ROWS_AT_ONCE)
      for (; (v + 1) * V <= count; v++)
        takev(op, total + v, lost + v, fold_rows(op, p + v * V, stride, centre[v]));
    for (; v * V < count; v++) {
      size_t left = count - v * V;
      AV all = fold_some(op, p + v * V, stride, trips, left, centre[v]);
      takev(op, total + v, lost + v, all);
    }
    p += trips * stride;
    rows -= trips;
  }
}

INLINED void store_results(int op, AV value, size_t count, size_t output, AV centre,
                           __global T *y, __global A *partials, const reduction *r) {
  lanes_of u, c;
  u.v = value;
  c.v = centre;
  partials += get_global_id(1) * (size_t)r->outputs;
  if (r->parts > 1 && count == V)
    VSTORE(value, 0, partials + output);
  else if (r->parts > 1)
    ROLLED for (size_t i = 0; i < count; i++) partials[output + i] = u.a[i];
  else
    put_results(op, y, output, value, count, r, centre);
}

/* `count` columns, WIDEST vectors at most. */
INLINED void reduce_columns(int op, const __global T *x, const reduction *r, size_t count,
                            size_t output, __global T *y, __global A *partials,
                            const __global A *centres) {
  AV total[WIDEST], lost[WIDEST], centre[WIDEST];
  for (size_t v = 0; v * V < count; v++) {
    centre[v] = centres_at(op, centres, output + v * V, count - v * V, r);
    total[v] = (AV)start_of(op);
    lost[v] = (AV)0;
  }
  size_t length = (size_t)r->run;
  size_t begin = get_global_id(1) * (size_t)r->part;
  size_t end = AT_MOST(begin + (size_t)r->part, length * (size_t)r->runs);
  while (begin < end) {
    size_t run = begin / length, first = begin - run * length;
    size_t rows = AT_MOST(length - first, end - begin);
    const __global T *p = x + place(run, r->run_rank, r->run_dims, r->run_strides);
    add_columns(op, p + first * (size_t)r->stride, (size_t)r->stride, rows, count, centre,
                total, lost);
    begin += rows;
  }
  for (size_t v = 0; v * V < count; v++) {
    AV value = carries(op) ? total[v] - lost[v] : total[v];
    store_results(op, value, AT_MOST(count - v * V, V), output + v * V, centre[v], y,
                  partials, r);
  }
}

/* The last axis is kept: it is the last of kept_dims. A tile is `lanes` of its columns; a
 * work-item takes `block` tiles. Global: blocks of tiles, parts. */
INLINED void columns_block(int op, const __global T *x, __global T *y, __global A *partials,
                           const __global A *centres, const reduction *r) {
  size_t columns = (size_t)r->kept_dims[r->kept_rank - 1], lanes = (size_t)r->lanes;
  size_t tiles = (columns + lanes - 1) / lanes;
  size_t tile = get_global_id(0) * (size_t)r->block;
  size_t last = AT_MOST(tile + (size_t)r->block, (size_t)r->outputs / columns * tiles);
  for (; tile < last; tile++) {
    size_t outer = tile / tiles, column = (tile - outer * tiles) * lanes;
    const __global T *p =
        x + column + place(outer, r->kept_rank - 1, r->kept_dims, r->kept_strides);
    reduce_columns(op, p, r, AT_MOST(columns - column, lanes), outer * columns + column, y,
                   partials, centres);
  }
}

/* V results per work-item. Global: vectors of results. */
INLINED void finish_block(int op, __global T *y, const __global A *partials,
                          const __global A *centres, const reduction *r) {
  size_t output = get_global_id(0) * V;
  if (output >= (size_t)r->outputs) return;
  size_t count = AT_MOST((size_t)r->outputs - output, V);
  AV total = (AV)start_of(op), lost = (AV)0;
  for (size_t p = 0; p < (size_t)r->parts; p++)
    takev(op, &total, &lost, load_some(partials + p * r->outputs + output, count));
  put_results(op, y, output, carries(op) ? total - lost : total, count, r,
              centres_at(op, centres, output, count, r));
}
