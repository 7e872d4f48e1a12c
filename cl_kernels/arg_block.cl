/* Behind arg.cl, for CPUs: one work-item takes `block` results (tiles of `lanes` columns,
 * at most ARG_WIDEST vectors), local size 1. */
#define ARG_WIDEST 32
/* Rows whose numbers fit into lanes. */
#define LOOKED     ((size_t)(sizeof(MASK_LANE) == 1 ? 64 : 4096))

/* The first of `count` elements that is `value`, or NaN when the value is. */
INLINED size_t find(const __global T *p, A value, size_t count) {
  size_t i = 0;
  while (i + V <= count) {
    AV x = LOADV(p, i);
    if (ANY((x == (AV)value) | FLOAT_OR_INT(x != x, (MV)0))) break;
    i += V;
  }
  for (; i + 1 < count; i++) {
    A x = LOAD(p, i);
    if (x == value || IS_NAN(x)) break;
  }
  return i;
}

INLINED AV better_of(int least, AV x, AV best) {
  return least ? smallerv(x, best) : largerv(x, best);
}

/* Of `trips` times 4 vectors, where there is NaN among them. */
OUTLINED AV best_of_all(int least, const __global T *p, size_t trips) {
  AV best = LOADV(p, 0);
  for (size_t i = 0; i < 4 * trips; i++) best = better_of(least, LOADV(p, i * V), best);
  return best;
}

INLINED A best_of(int least, const __global T *p, size_t count) {
  A best = LOAD(p, 0);
  size_t i = 0;
  if (count >= 4 * V) {
    int op = least ? FOLD_MIN : FOLD_MAX;
    bool nan;
    AV all = stretch_without_nan(op, p, count / (4 * V), &nan);
    if (nan) all = best_of_all(least, p, count / (4 * V));
    best = across(op, all);
    i = count / (4 * V) * (4 * V);
  }
  for (; i < count; i++) {
    A x = LOAD(p, i);
    if (beats(least, x, best)) best = x;
  }
  return best;
}

/* Looks for the value first, 64 vectors at a time, and for its place only where it rises.
 */
INLINED void arg_rows_of(int least, const __global T *x, __global uchar *y,
                         __global A *values, __global long *places, const search *s) {
  size_t output = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(output + (size_t)s->block, (size_t)s->outputs);
  size_t begin = get_global_id(1) * (size_t)s->part;
  size_t end = AT_MOST(begin + (size_t)s->part, (size_t)s->length);
  for (; output < last; output++) {
    const __global T *p = x + output * (size_t)s->length;
    A best = LOAD(p, begin);
    size_t at = begin;
    for (size_t i = begin; i < end; i += 64 * V) {
      size_t count = AT_MOST(end - i, 64 * V);
      A found = best_of(least, p + i, count);
      if (!beats(least, found, best)) continue;
      best = found;
      at = i + find(p + i, found, count);
    }
    if (s->parts > 1) {
      values[get_global_id(1) * (size_t)s->outputs + output] = best;
      places[get_global_id(1) * (size_t)s->outputs + output] = (long)at;
    } else {
      store_place(y, s, output, (long)at);
    }
  }
}

typedef union {
  MV v;
  MASK_LANE a[V];
} mask_lanes;

/* One row more of V columns: the best so far, and how many rows below a multiple of LOOKED
 * it stands; -1: before that. NaN is above all, and the first one stays. */
INLINED void look_at(int least, AV x, size_t row, AV *best, MV *at) {
  MV kept = least ? x >= *best : x <= *best;
  MV better = ~kept & FLOAT_OR_INT(*best == *best, (MV)-1);
  *best = SELECT(better, x, *best);
  *at = select(*at, (MV)(MASK_LANE)row, better);
}

/* x becomes y where that is better, and so does its place. */
INLINED void pick(int least, AV *x, MV *at, AV y, MV y_at) {
  MV better = least ? y < *x : y > *x;
  *x = SELECT(better, y, *x);
  *at = select(*at, y_at, better);
}

/* ROWS_AT_ONCE rows of V columns, of which the first is row `from`: whether there is no NaN
 * among them. Only then anything changes. */
INLINED bool look_at_all(int least, const __global T *p, size_t inner, size_t from,
                         AV *best, MV *at) {
  AV a = LOADV(p, 0), b = LOADV(p, inner), c = LOADV(p, 2 * inner), d = LOADV(p, 3 * inner);
  AV e = LOADV(p, 4 * inner), f = LOADV(p, 5 * inner), g = LOADV(p, 6 * inner);
  AV h = LOADV(p, 7 * inner);
  if (ANY(is_nan(a, b) | is_nan(c, d) | is_nan(e, f) | is_nan(g, h))) return false;
  MV at_a = (MV)0, at_c = (MV)2, at_e = (MV)4, at_g = (MV)6;
  pick(least, &a, &at_a, b, (MV)1);
  pick(least, &c, &at_c, d, (MV)3);
  pick(least, &e, &at_e, f, (MV)5);
  pick(least, &g, &at_g, h, (MV)7);
  pick(least, &a, &at_a, c, at_c);
  pick(least, &e, &at_e, g, at_g);
  pick(least, &a, &at_a, e, at_e);
  pick(least, best, at, a, at_a + (MV)(MASK_LANE)from);
  return true;
}

/* `rows` rows, ROWS_AT_ONCE at most, of which the first is row `from`. */
INLINED void look_at_rows(int least, const __global T *p, size_t inner, size_t from,
                          size_t rows, size_t count, AV *best, MV *at) {
  AV top = *best;
  MV place = *at;
  if (rows != ROWS_AT_ONCE || count < V ||
      !look_at_all(least, p, inner, from, &top, &place)) {
    for (size_t i = 0; i < rows; i++, p += inner) {
      AV x = count >= V ? LOADV(p, 0) : LOADV_PART(p, 0, (int)count);
      look_at(least, x, from + i, &top, &place);
    }
  }
  *best = top;
  *at = place;
}

/* One tile: `count` columns, and the rows [begin, end) of them. */
INLINED void arg_tile_of(int least, const __global T *x, size_t begin, size_t end,
                         size_t inner, size_t count, lanes_of *best, long *places) {
  mask_lanes at[ARG_WIDEST];
  for (size_t v = 0; v * V < count; v++) {
    const __global T *p = x + begin * inner + v * V;
    size_t left = count - v * V;
    best[v].v = left >= V ? LOADV(p, 0) : LOADV_PART(p, 0, (int)left);
  }
  for (size_t i = 0; i < count; i++) places[i] = (long)begin;
  for (size_t first = begin; first < end; first += LOOKED) {
    size_t rows = AT_MOST(end - first, LOOKED);
    for (size_t v = 0; v * V < count; v++) at[v].v = (MV)-1;
    for (size_t i = 0; i < rows; i += ROWS_AT_ONCE)
      for (size_t v = 0; v * V < count; v++)
        look_at_rows(least, x + (first + i) * inner + v * V, inner, i,
                     AT_MOST(rows - i, ROWS_AT_ONCE), count - v * V, &best[v].v, &at[v].v);
    for (size_t v = 0; v * V < count; v++) {
      if (!ANY(at[v].v >= (MV)0)) continue;
      size_t left = AT_MOST(count - v * V, V);
      for (size_t i = 0; i < left; i++)
        if (at[v].a[i] >= 0) places[v * V + i] = (long)first + at[v].a[i];
    }
  }
}

INLINED void arg_columns_of(int least, const __global T *x, __global uchar *y,
                            __global A *values, __global long *places, const search *s) {
  lanes_of best[ARG_WIDEST];
  long at[ARG_WIDEST * V];
  size_t inner = (size_t)s->inner, lanes = (size_t)s->lanes;
  size_t tiles = (inner + lanes - 1) / lanes, part = get_global_id(1);
  size_t tile = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(tile + (size_t)s->block, (size_t)s->outputs / inner * tiles);
  size_t begin = part * (size_t)s->part;
  size_t end = AT_MOST(begin + (size_t)s->part, (size_t)s->length);
  for (; tile < last; tile++) {
    size_t outer = tile / tiles, column = (tile - outer * tiles) * lanes;
    size_t count = AT_MOST(inner - column, lanes), output = outer * inner + column;
    const __global T *p = x + outer * (size_t)s->length * inner + column;
    arg_tile_of(least, p, begin, end, inner, count, best, at);
    for (size_t i = 0; i < count; i++) {
      if (s->parts > 1) {
        values[part * (size_t)s->outputs + output + i] = best[i / V].a[i & (V - 1)];
        places[part * (size_t)s->outputs + output + i] = at[i];
      } else {
        store_place(y, s, output + i, at[i]);
      }
    }
  }
}

#define ARG_BLOCK(rows, columns, least)                                                    \
  __kernel void rows(const __global T *x, long x_offset, __global uchar *y, long y_offset, \
                     __global A *values, long values_offset, __global long *places,        \
                     long places_offset, search s) {                                       \
    arg_rows_of(least, x + x_offset, y + s.bytes * y_offset, values + values_offset,       \
                places + places_offset, &s);                                               \
  }                                                                                        \
  __kernel void columns(const __global T *x, long x_offset, __global uchar *y,             \
                        long y_offset, __global A *values, long values_offset,             \
                        __global long *places, long places_offset, search s) {             \
    arg_columns_of(least, x + x_offset, y + s.bytes * y_offset, values + values_offset,    \
                   places + places_offset, &s);                                            \
  }

ARG_BLOCK(argmax_rows, argmax_columns, 0)
ARG_BLOCK(argmin_rows, argmin_columns, 1)
