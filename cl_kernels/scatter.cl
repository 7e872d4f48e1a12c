/* Rows with one destination become one row: entries sorted by key (buckets.cl) are summed,
 * multiplied or compared, in an order that depends on nothing but their number.
 *
 * A work-item takes `chunk` consecutive entries. A run of equal keys that lies within the
 * chunk goes to out, the rows [targets][columns]. Of a run that begins before or goes on
 * behind, the chunk's share becomes an entry of the next level: two entries per chunk, the
 * share of its first and of its last run, in `partials`, of type A. An entry without a
 * share repeats the other one's key and holds what changes nothing. Any local size is
 * legal.
 */

typedef struct {
  long count, targets, columns, columns_each, blocks, chunk, items;
  long keys, order;           /* in the pool; order -1: entry i is row i */
  long first_keys, all_count; /* of the first level, for means */
  long from, to;              /* rows of partials; from -1: entries are rows of updates */
  long next_keys;             /* in the pool; -1: one chunk, nothing is left over */
  long op, finish;
} folding;

enum { FINISH_PLAIN, FINISH_ONTO, FINISH_LESS, FINISH_MEAN, FINISH_SQRT_N };

#define NO_KEY 0xffffffffu

/* What changes nothing; of sums -0, which keeps the sign of zeros. */
INLINED A start_of(long op) {
  switch (op) {
  case FOLD_SUM:
    return FLOAT_OR_INT(-NUMBER(0.0), (A)0);
  case FOLD_PROD:
    return (A)1;
  case FOLD_MAX:
    return A_LOWEST;
  default:
    return A_HIGHEST;
  }
}

/* How many of the sorted keys are below `key`. */
INLINED size_t below(const __global uint *keys, size_t count, ulong key) {
  size_t low = 0;
  while (count > 0) {
    size_t half_count = count / 2;
    if (keys[low + half_count] < key) {
      low += half_count + 1;
      count -= half_count + 1;
    } else {
      count = half_count;
    }
  }
  return low;
}

/* At least 1: keys that should have been sorted need not be. */
INLINED long entries_of(const folding *f, const __global uint *pool, uint key) {
  if (f->finish != FINISH_MEAN && f->finish != FINISH_SQRT_N) return 1;
  const __global uint *keys = pool + f->first_keys;
  size_t count = (size_t)f->all_count;
  size_t first = below(keys, count, key), end = below(keys, count, (ulong)key + 1);
  return end > first ? (long)(end - first) : 1;
}

INLINED A finished(const folding *f, A total, A x, long entries) {
  switch (f->finish) {
  case FINISH_ONTO:
    return combine(f->op, x, total);
  case FINISH_LESS:
    return (A)((U_SCALAR)x - (U_SCALAR)total);
  case FINISH_MEAN:
    if (IS_FLOAT) return total / (A)entries;
    if (IS_UINT) return (A)((ulong)total / (ulong)entries);
    return (A)((long)total / entries);
  case FINISH_SQRT_N:
    return FLOAT_OR_INT(total / sqrt((A)entries), total);
  default:
    return f->op == FOLD_SUM ? ADD((A)0, total) : total;
  }
}

INLINED size_t row_of(const folding *f, const __global uint *pool, size_t i) {
  if (f->from >= 0) return (size_t)f->from + i;
  return f->order < 0 ? i : pool[(size_t)f->order + i];
}

/* Whether the run [first, end) of the chunk that begins at `begin` goes on outside it. */
INLINED bool comes_from_before(const __global uint *keys, size_t first, size_t begin,
                               uint key) {
  return first == begin && begin > 0 && keys[begin - 1] == key;
}

INLINED bool goes_on(const __global uint *keys, size_t end, size_t chunk_end, size_t count,
                     uint key) {
  return end == chunk_end && end < count && keys[end] == key;
}

INLINED void pass_on_keys(__global uint *pool, const folding *f, size_t chunk, uint head,
                          uint tail) {
  if (head == NO_KEY) head = tail;
  if (tail == NO_KEY) tail = head;
  pool[(size_t)f->next_keys + 2 * chunk] = head;
  pool[(size_t)f->next_keys + 2 * chunk + 1] = tail;
}

/* A column at a time: fewer columns than lanes. Global: chunks, blocks of columns. */
__kernel void fold(__global T *out, long out_offset, const __global T *x, long x_offset,
                   const __global T *updates, long updates_offset, __global A *partials,
                   long partials_offset, __global uint *pool, long pool_offset,
                   folding given) {
  folding f = given;
  size_t item = get_global_id(0);
  if (item >= (size_t)f.items) return;
  size_t chunk = item / (size_t)f.blocks, block = item - chunk * (size_t)f.blocks;
  size_t columns = (size_t)f.columns, count = (size_t)f.count;
  size_t begin = chunk * (size_t)f.chunk, end = AT_MOST(begin + (size_t)f.chunk, count);
  size_t column = block * (size_t)f.columns_each;
  size_t last_column = AT_MOST(column + (size_t)f.columns_each, columns);
  pool += pool_offset;
  partials += partials_offset;
  const __global uint *keys = pool + f.keys;
  for (; column < last_column; column++) {
    uint head = NO_KEY, tail = NO_KEY;
    A head_share = start_of(f.op), tail_share = head_share;
    for (size_t i = begin; i < end;) {
      uint key = keys[i];
      size_t first = i;
      A total = start_of(f.op), lost = (A)0;
      for (; i < end && keys[i] == key; i++) {
        if (key >= (uint)f.targets) continue;
        size_t from = row_of(&f, pool, i) * columns + column;
        A value;
        if (f.from >= 0)
          value = partials[from];
        else
          value = LOAD(updates + updates_offset, from);
        take(f.op, &total, &lost, value);
      }
      if (key >= (uint)f.targets) continue;
      if (IS_FLOAT && f.op == FOLD_SUM) total = total - lost;
      if (comes_from_before(keys, first, begin, key)) {
        head = key;
        head_share = total;
      } else if (goes_on(keys, i, end, count, key)) {
        tail = key;
        tail_share = total;
      } else {
        size_t at = (size_t)key * columns + column;
        A old = (A)0;
        if (f.finish == FINISH_ONTO || f.finish == FINISH_LESS)
          old = LOAD(x + x_offset, at);
        STORE(out + out_offset, at, finished(&f, total, old, entries_of(&f, pool, key)));
      }
    }
    if (f.next_keys < 0) continue;
    size_t at = ((size_t)f.to + 2 * chunk) * columns + column;
    partials[at] = head_share;
    partials[at + columns] = tail_share;
    if (column == 0) pass_on_keys(pool, &f, chunk, head, tail);
  }
}

INLINED AV load_row(const __global T *p, size_t i, size_t count) {
  if (count == V) return LOADV(p, i);
  return LOADV_PART(p, i, (int)count);
}

INLINED AV load_partial(const __global A *p, size_t i, size_t count) {
  lanes_of u;
  if (count == V) return VLOAD(0, p + i);
  for (size_t j = 0; j < V; j++) u.a[j] = p[i + AT_MOST(j, count - 1)];
  return u.v;
}

INLINED void store_partial(__global A *p, size_t i, AV value, size_t count) {
  lanes_of u;
  u.v = value;
  if (count == V) {
    VSTORE(value, 0, p + i);
  } else {
    for (size_t j = 0; j < count; j++) p[i + j] = u.a[j];
  }
}

INLINED AV finishedv(const folding *f, AV total, AV x, long entries) {
  lanes_of u, old;
  switch (f->finish) {
  case FINISH_ONTO:
    return combinev(f->op, x, total);
  case FINISH_LESS:
    return S(U(x) - U(total));
  case FINISH_PLAIN:
    return f->op == FOLD_SUM ? combinev(FOLD_SUM, (AV)0, total) : total;
  default:
    break;
  }
  u.v = total;
  old.v = x;
  for (int j = 0; j < V; j++) u.a[j] = finished(f, u.a[j], old.a[j], entries);
  return u.v;
}

/* V columns at a time. */
__kernel void foldv(__global T *out, long out_offset, const __global T *x, long x_offset,
                    const __global T *updates, long updates_offset, __global A *partials,
                    long partials_offset, __global uint *pool, long pool_offset,
                    folding given) {
  folding f = given;
  size_t item = get_global_id(0);
  if (item >= (size_t)f.items) return;
  size_t chunk = item / (size_t)f.blocks, block = item - chunk * (size_t)f.blocks;
  size_t columns = (size_t)f.columns, count = (size_t)f.count;
  size_t begin = chunk * (size_t)f.chunk, end = AT_MOST(begin + (size_t)f.chunk, count);
  size_t column = block * (size_t)f.columns_each;
  size_t last_column = AT_MOST(column + (size_t)f.columns_each, columns);
  pool += pool_offset;
  partials += partials_offset;
  const __global uint *keys = pool + f.keys;
  for (; column < last_column; column += V) {
    size_t width = AT_MOST(last_column - column, (size_t)V);
    uint head = NO_KEY, tail = NO_KEY;
    AV head_share = (AV)start_of(f.op), tail_share = head_share;
    for (size_t i = begin; i < end;) {
      uint key = keys[i];
      size_t first = i;
      AV total = (AV)start_of(f.op), lost = (AV)0;
      for (; i < end && keys[i] == key; i++) {
        if (key >= (uint)f.targets) continue;
        size_t from = row_of(&f, pool, i) * columns + column;
        AV value;
        if (f.from >= 0)
          value = load_partial(partials, from, width);
        else
          value = load_row(updates + updates_offset, from, width);
        takev(f.op, &total, &lost, value);
      }
      if (key >= (uint)f.targets) continue;
      if (IS_FLOAT && f.op == FOLD_SUM) total = total - lost;
      if (comes_from_before(keys, first, begin, key)) {
        head = key;
        head_share = total;
      } else if (goes_on(keys, i, end, count, key)) {
        tail = key;
        tail_share = total;
      } else {
        size_t at = (size_t)key * columns + column;
        AV old = (AV)0;
        if (f.finish == FINISH_ONTO || f.finish == FINISH_LESS)
          old = load_row(x + x_offset, at, width);
        AV value = finishedv(&f, total, old, entries_of(&f, pool, key));
        if (width == V)
          STOREV(out + out_offset, at, value);
        else
          STOREV_PART(out + out_offset, at, value, (int)width);
      }
    }
    if (f.next_keys < 0) continue;
    size_t at = ((size_t)f.to + 2 * chunk) * columns + column;
    store_partial(partials, at, head_share, width);
    store_partial(partials, at + columns, tail_share, width);
    if (column == 0) pass_on_keys(pool, &f, chunk, head, tail);
  }
}

/* ---- Without order ---- */

/* updates is a table of rows; those that won their target (buckets.cl) go there. T is of
 * the element's size. */
__kernel void scatter_rows(__global T *out, long out_offset, const __global T *updates,
                           long updates_offset, const __global uint *pool, long pool_offset,
                           long keys, const __global uint *winners, long winners_offset,
                           long targets, spread table) {
  block own;
  if (!own_block(table, &own)) return;
  pool += pool_offset;
  winners += winners_offset;
  size_t columns = (size_t)table.columns;
  for (size_t row = own.row; row < own.row_end; row++) {
    uint key = pool[(size_t)keys + row];
    if (key >= (uint)targets || winners[key] != (uint)row + 1) continue;
    copy_run(out + out_offset + (size_t)key * columns + own.column,
             updates + updates_offset + row * columns + own.column, own.count);
  }
}

/* counts is [copies][count]. `binary`: whether there is any. */
__kernel void count_bins(__global T *out, long out_offset, const __global uint *counts,
                         long counts_offset, long copies, long count, int binary) {
  size_t i = get_global_id(0);
  if (i >= (size_t)count) return;
  uint sum = 0;
  for (size_t copy = 0; copy < (size_t)copies; copy++)
    sum += counts[(size_t)counts_offset + copy * (size_t)count + i];
  if (binary && sum > 0) sum = 1;
  STORE(out + out_offset, i, (A)sum);
}
