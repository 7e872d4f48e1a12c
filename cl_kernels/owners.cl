/* Rows added to their destinations in the order they come, for devices like a CPU. So the
 * order depends on nothing but the keys.
 *
 * out and x are [targets][columns], updates [count][columns]. keys[i] is the destination of
 * entry i, or `targets`; order -1: entry i is row i of updates. With several bins, bin b
 * has the keys with key >> shift == b, from table[b * table_step] on. Any local size is
 * legal. */

typedef struct owners { /* as in buckets.cl */
  long count, targets, columns, each, items;
  long finish; /* as in scatter.cl: plain, onto x, x less the sum */
  long keys, order, table, table_step, bins, shift;
} owners;

enum { PLAIN, ONTO, LESS };
enum {
  LISTED = 1024, /* keys looked at before numbers are */
  AHEAD = 8,     /* rows asked for before they are added */
  AHEAD_NUMBERS = 32,
};

/* ---- Rows ---- */

INLINED TOTALV total_of(const __global T *x, size_t at, bool onto) {
  return onto ? JOIN(convert_, TOTALV)(LOADV(x, at)) : (TOTALV)(TOTAL)0;
}

INLINED TOTALV total_with(TOTALV total, const __global T *p, size_t at, bool less) {
  TOTALV value = JOIN(convert_, TOTALV)(LOADV(p, at));
  return less ? S(U(total) - U(value)) : S(U(total) + U(value));
}

INLINED void put_total(__global T *out, size_t at, TOTALV total) {
  STOREV(out, at, JOIN(convert_, AV)(total));
}

typedef struct sources {
  const __global T *updates;
  const __global uint *order; /* rows of updates, [count] */
  size_t count, columns;
  bool onto, less;
} sources;

/* 4V columns of one destination: the entries [begin, end) of the order. */
INLINED void add_wide(__global T *out, const __global T *x, size_t at, const sources *s,
                      size_t begin, size_t end, size_t column) {
  TOTALV a = total_of(x, at, s->onto), b = total_of(x, at + V, s->onto);
  TOTALV c = total_of(x, at + 2 * V, s->onto), d = total_of(x, at + 3 * V, s->onto);
  for (size_t i = begin; i < end; i++) {
    size_t from = s->order[i] * s->columns + column;
    if (i + AHEAD < s->count)
      PREFETCH(s->updates + s->order[i + AHEAD] * s->columns + column, (size_t)(4 * V));
    a = total_with(a, s->updates, from, s->less);
    b = total_with(b, s->updates, from + V, s->less);
    c = total_with(c, s->updates, from + 2 * V, s->less);
    d = total_with(d, s->updates, from + 3 * V, s->less);
  }
  put_total(out, at, a);
  put_total(out, at + V, b);
  put_total(out, at + 2 * V, c);
  put_total(out, at + 3 * V, d);
}

INLINED void add_narrow(__global T *out, const __global T *x, size_t at, const sources *s,
                        size_t begin, size_t end, size_t column) {
  TOTALV total = total_of(x, at, s->onto);
  for (size_t i = begin; i < end; i++)
    total = total_with(total, s->updates, s->order[i] * s->columns + column, s->less);
  put_total(out, at, total);
}

/* Rows of V columns or more; work-item g has the destinations from g * each on. `lists` is
 * what bucket_list made. */
__kernel void add_rows(__global T *out, long out_offset, const __global T *x, long x_offset,
                       const __global T *updates, long updates_offset,
                       const __global uint *lists, long lists_offset, owners given) {
  owners o = given;
  size_t item = get_global_id(0), columns = (size_t)o.columns;
  if (item >= (size_t)o.items) return;
  size_t target = item * (size_t)o.each;
  size_t last = AT_MOST(target + (size_t)o.each, (size_t)o.targets);
  lists += lists_offset;
  sources s = {updates + updates_offset, lists + o.targets + 1, (size_t)o.count, columns,
               o.finish != PLAIN,        o.finish == LESS};
  out += out_offset;
  x += s.onto ? x_offset : 0;
  for (; target < last; target++) {
    size_t begin = target == 0 ? 0 : lists[target - 1], end = lists[target];
    size_t at = target * columns, column = 0;
    for (; column + 4 * V <= columns; column += 4 * V)
      add_wide(out, x, at + column, &s, begin, end, column);
    for (; column < columns; column += V) {
      column = AT_MOST(column, columns - V); /* some again, with the same result */
      add_narrow(out, x, at + column, &s, begin, end, column);
    }
  }
}

/* ---- Numbers, and rows of a few ---- */

INLINED TOTAL number_with(TOTAL total, TOTAL value, bool less) {
  return less ? (TOTAL)((WRAPPING)total - (WRAPPING)value)
              : (TOTAL)((WRAPPING)total + (WRAPPING)value);
}

/* The entries among `count` keys that lie in [first, first + extent); of V keys without one
 * nothing more is asked. */
INLINED size_t list_own(uint list[LISTED], const __global uint *keys, size_t count,
                        uint first, uint extent) {
  size_t found = 0, i = 0;
  for (; i + V <= count; i += V) {
    UINTV key = VLOAD(0, keys + i) - (UINTV)first;
    if (!ANY(key < (UINTV)extent)) continue;
    for (size_t j = 0; j < V; j++) {
      list[found] = (uint)(i + j);
      found += keys[i + j] - first < extent;
    }
  }
  for (; i < count; i++) {
    list[found] = (uint)i;
    found += keys[i] - first < extent;
  }
  return found;
}

/* A range of destinations, and where its numbers come from. order NULL: entries are rows.
 */
typedef struct range {
  const __global uint *keys, *order;
  const __global T *updates;
  __global TOTAL *totals;
  uint first, extent;
  bool less;
} range;

INLINED void add_entry(const range *r, size_t entry, size_t columns) {
  size_t row = r->order ? r->order[entry] : entry;
  __global TOTAL *total = r->totals + (r->keys[entry] - r->first) * columns;
  for (size_t i = 0; i < columns; i++)
    total[i] = number_with(total[i], (TOTAL)LOAD(r->updates, row * columns + i), r->less);
}

/* The entries [begin, end): those of the range among them, or all but the ones of none. */
INLINED void add_picked(const range *r, size_t begin, size_t end, size_t columns) {
  for (size_t i = begin; i < end; i += LISTED) {
    uint list[LISTED];
    size_t count = AT_MOST(end - i, (size_t)LISTED);
    size_t found = list_own(list, r->keys + i, count, r->first, r->extent);
    for (size_t j = 0; j < found; j++) add_entry(r, i + list[j], columns);
  }
}

INLINED void add_all(const range *r, size_t begin, size_t end, size_t columns) {
  for (size_t i = begin; i < end; i++) {
    if (r->order && i + AHEAD_NUMBERS < end)
      PREFETCH(r->updates + r->order[i + AHEAD_NUMBERS] * columns, (size_t)1);
    if (r->keys[i] - r->first < r->extent) add_entry(r, i, columns);
  }
}

/* Rows of less than V columns. The destinations are dealt out in ranges of `each`, the
 * bins where there are several; a work-item adds up in its part of `totals`, which has room
 * for a range and stays in its cache. */
__kernel void add_numbers(__global T *out, long out_offset, const __global T *x,
                          long x_offset, const __global T *updates, long updates_offset,
                          __global TOTAL *totals, long totals_offset,
                          const __global uint *pool, long pool_offset, owners given) {
  owners o = given;
  size_t item = get_global_id(0), items = (size_t)o.items;
  if (item >= items) return;
  size_t columns = (size_t)o.columns, each = (size_t)o.each;
  bool onto = o.finish != PLAIN;
  pool += pool_offset;
  out += out_offset;
  x += onto ? x_offset : 0;
  range r = {.keys = pool + o.keys,
             .order = o.order < 0 ? 0 : pool + o.order,
             .updates = updates + updates_offset,
             .totals = totals + totals_offset,
             .less = o.finish == LESS};
  r.totals += item * AT_MOST(each, (size_t)o.targets) * columns;
  for (size_t bin = item; bin * each < (size_t)o.targets; bin += items) {
    size_t first = bin * each, extent = AT_MOST((size_t)o.targets - first, each);
    size_t i = 0, end = (size_t)o.count;
    if (o.bins > 1) {
      const __global uint *begins = pool + o.table + bin * (size_t)o.table_step;
      i = begins[0];
      if (bin + 1 < (size_t)o.bins) end = begins[o.table_step];
    }
    for (size_t j = 0; j < extent * columns; j++)
      r.totals[j] = onto ? (TOTAL)LOAD(x, first * columns + j) : (TOTAL)0;
    r.first = (uint)first;
    r.extent = (uint)extent;
    if (o.bins == 1 && items > 1)
      columns == 1 ? add_picked(&r, i, end, 1) : add_picked(&r, i, end, columns);
    else
      columns == 1 ? add_all(&r, i, end, 1) : add_all(&r, i, end, columns);
    for (size_t j = 0; j < extent * columns; j++)
      STORE(out, first * columns + j, (A)r.totals[j]);
  }
}
