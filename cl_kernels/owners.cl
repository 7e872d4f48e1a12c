/* Rows added to their destinations, for devices like a CPU: whoever owns a destination
 * walks all keys (buckets.cl) and adds the rows that go there, in the order they come. So
 * the order depends on nothing but the keys, and no sorting is needed.
 *
 * out and x are [targets][columns], updates [count][columns]. The targets are dealt out in
 * ranges of `each`; work-item g takes the ranges g, g + items ... one after the other, and
 * adds up in its own part of `totals`, which has room for a range and stays in its cache.
 * Any local size is legal. */

typedef struct owners {
  long count, targets, columns, each, items;
  long finish; /* as in scatter.cl: plain, onto x, x less the sum */
} owners;

enum { PLAIN, ONTO, LESS };
enum {
  LISTED = 1024, /* keys looked at before rows are */
  AHEAD = 8,     /* rows asked for before they are added */
};

/* total becomes what it was, or x, and `count` values from p[at] on more or less. */
INLINED void add_run(__global TOTAL *totals, const __global T *p, size_t at, size_t count,
                     bool less) {
  size_t i = 0;
  for (; i + V <= count; i += V) {
    __global TOTALV_LOOSE *total = (__global TOTALV_LOOSE *)(totals + i);
    TOTALV value = JOIN(convert_, TOTALV)(LOADV(p, at + i));
    *total = less ? S(U(*total) - U(value)) : S(U(*total) + U(value));
  }
  for (; i < count; i++) {
    TOTAL value = (TOTAL)LOAD(p, at + i), total = totals[i];
    totals[i] = less ? (TOTAL)((WRAPPING)total - (WRAPPING)value)
                     : (TOTAL)((WRAPPING)total + (WRAPPING)value);
  }
}

INLINED void begin_run(__global TOTAL *totals, const __global T *x, size_t at, size_t count,
                       bool onto) {
  for (size_t i = 0; i < count; i++) totals[i] = onto ? (TOTAL)LOAD(x, at + i) : (TOTAL)0;
}

INLINED void end_run(__global T *out, size_t at, const __global TOTAL *totals,
                     size_t count) {
  size_t i = 0;
  for (; i + V <= count; i += V)
    STOREV(out, at + i, JOIN(convert_, AV)(*(const __global TOTALV_LOOSE *)(totals + i)));
  for (; i < count; i++) STORE(out, at + i, (A)totals[i]);
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

__kernel void add_owned(__global T *out, long out_offset, const __global T *x,
                        long x_offset, const __global T *updates, long updates_offset,
                        __global TOTAL *totals, long totals_offset,
                        const __global uint *pool, long pool_offset, long keys_at,
                        owners given) {
  owners o = given;
  size_t item = get_global_id(0), items = (size_t)o.items;
  if (item >= items) return;
  size_t columns = (size_t)o.columns, count = (size_t)o.count, each = (size_t)o.each;
  const __global uint *keys = pool + (size_t)(pool_offset + keys_at);
  totals += (size_t)totals_offset + item * each * columns;
  for (size_t first = item * each; first < (size_t)o.targets; first += items * each) {
    size_t extent = AT_MOST((size_t)o.targets - first, each), size = extent * columns;
    begin_run(totals, x, (size_t)x_offset + first * columns, size, o.finish != PLAIN);
    for (size_t i = 0; i < count; i += LISTED) {
      uint list[LISTED];
      size_t found = list_own(list, keys + i, AT_MOST(count - i, (size_t)LISTED),
                              (uint)first, (uint)extent);
      for (size_t j = 0; j < found; j++) {
        size_t entry = i + list[j];
        if (j + AHEAD < found)
          PREFETCH(updates + (size_t)updates_offset + (i + list[j + AHEAD]) * columns,
                   columns);
        add_run(totals + (keys[entry] - first) * columns, updates,
                (size_t)updates_offset + entry * columns, columns, o.finish == LESS);
      }
    }
    end_run(out, (size_t)out_offset + first * columns, totals, size);
  }
}
