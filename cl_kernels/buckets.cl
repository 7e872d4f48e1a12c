/* Lists by destination: keys are sorted stably, by parts of DIGIT bits from the lowest on,
 * so that the entries of a destination stand side by side in the order they came.
 *
 * Everything lies in one pool of uints: keys, entries' numbers, counts. A key is a
 * destination in [0, targets) or, of an entry that belongs to none, `targets`. A work-item
 * takes `each` consecutive entries. Any local size is legal. */

#define DIGIT 6
#define BINS  (1 << DIGIT)

typedef struct {
  long count, each, items;
  long keys, order; /* order -1: the entries' numbers are 0, 1, 2 ... */
  long to_keys, to_order;
  long table; /* [BINS][items]: counts, then first places */
  long shift;
} sorting;

typedef struct {
  size_t i, end;
} stretch;

static inline stretch own_stretch(long count, long each) {
  stretch own;
  own.i = get_global_id(0) * (size_t)each;
  own.end = AT_MOST(own.i + (size_t)each, (size_t)count);
  return own;
}

/* ---- Sorting ---- */

__kernel void bucket_count(__global uint *pool, long pool_offset, sorting given) {
  sorting s = given;
  size_t item = get_global_id(0), items = (size_t)s.items;
  if (item >= items) return;
  uint counts[BINS];
  for (int bin = 0; bin < BINS; bin++) counts[bin] = 0;
  const __global uint *keys = pool + pool_offset + s.keys;
  stretch own = own_stretch(s.count, s.each);
  for (; own.i < own.end; own.i++) counts[keys[own.i] >> s.shift & (BINS - 1)]++;
  __global uint *table = pool + pool_offset + s.table + item;
  for (int bin = 0; bin < BINS; bin++) table[(size_t)bin * items] = counts[bin];
}

__kernel void bucket_place(__global uint *pool, long pool_offset, sorting given) {
  sorting s = given;
  size_t item = get_global_id(0), items = (size_t)s.items;
  if (item >= items) return;
  pool += pool_offset;
  uint places[BINS];
  const __global uint *table = pool + s.table + item;
  for (int bin = 0; bin < BINS; bin++) places[bin] = table[(size_t)bin * items];
  stretch own = own_stretch(s.count, s.each);
  for (; own.i < own.end; own.i++) {
    uint key = pool[(size_t)s.keys + own.i];
    size_t place = places[key >> s.shift & (BINS - 1)]++;
    pool[(size_t)s.to_keys + place] = key;
    uint number = (uint)own.i;
    if (s.order >= 0) number = pool[(size_t)s.order + own.i];
    pool[(size_t)s.to_order + place] = number;
  }
}

/* sums[item]: of the item's stretch of `count` numbers. */
__kernel void bucket_sums(__global uint *pool, long pool_offset, long numbers, long count,
                          long each, long sums) {
  stretch own = own_stretch(count, each);
  if (own.i >= (size_t)count) return;
  pool += pool_offset;
  uint sum = 0;
  for (; own.i < own.end; own.i++) sum += pool[(size_t)numbers + own.i];
  pool[(size_t)sums + get_global_id(0)] = sum;
}

/* Numbers become the sums of all before them; sums (-1: one stretch only) of those before
 * the item's stretch. */
__kernel void bucket_scan(__global uint *pool, long pool_offset, long numbers, long count,
                          long each, long sums) {
  stretch own = own_stretch(count, each);
  if (own.i >= (size_t)count) return;
  pool += pool_offset;
  uint sum = 0;
  if (sums >= 0) sum = pool[(size_t)sums + get_global_id(0)];
  for (; own.i < own.end; own.i++) {
    uint number = pool[(size_t)numbers + own.i];
    pool[(size_t)numbers + own.i] = sum;
    sum += number;
  }
}

/* ---- Lists ---- */

typedef struct { /* as in owners.cl */
  long count, targets, columns, each, items, finish;
  long keys, order, table, table_step, bins, shift;
} owners;

/* lists: where in the order the entries of each destination end, of no destination at last
 * ([targets + 1]), then the order ([count]): the entries by destination, stably. Work-item
 * b lists bin b. */
__kernel void bucket_list(__global uint *lists, long lists_offset,
                          const __global uint *pool, long pool_offset, owners given) {
  owners o = given;
  size_t bin = get_global_id(0), first = bin << o.shift;
  if (bin >= (size_t)o.bins) return;
  pool += pool_offset;
  size_t begin = 0, end = (size_t)o.count;
  if (o.bins > 1) {
    const __global uint *begins = pool + o.table + bin * (size_t)o.table_step;
    begin = begins[0];
    if (bin + 1 < (size_t)o.bins) end = begins[o.table_step];
  }
  const __global uint *keys = pool + o.keys;
  __global uint *places = lists + lists_offset, *order = places + o.targets + 1;
  size_t last = AT_MOST(first + ((size_t)1 << o.shift), (size_t)o.targets + 1);
  for (size_t i = first; i < last; i++) places[i] = 0;
  for (size_t i = begin; i < end; i++) places[keys[i]]++;
  uint place = (uint)begin;
  for (size_t i = first; i < last; i++) {
    uint count = places[i];
    places[i] = place;
    place += count;
  }
  for (size_t i = begin; i < end; i++)
    order[places[keys[i]]++] = o.order < 0 ? (uint)i : pool[(size_t)o.order + i];
}

/* ---- Keys ---- */

typedef struct {
  long dims[8], strides[8];
  long depth;   /* of an index */
  long targets; /* strides are in them */
} corner;

static inline long load_index(const __global uchar *p, size_t i, int kind) {
  switch (kind) {
  case 0:
    return ((const __global short *)p)[i];
  case 1:
    return ((const __global int *)p)[i];
  case 2:
    return ((const __global long *)p)[i];
  default:
    return ((const __global ushort *)p)[i];
  }
}

static inline void refuse(volatile __global int *cells, int slot, size_t position) {
  atomic_min(cells + slot, (int)AT_MOST(position, (size_t)(INT_MAX - 1)));
}

/* Which ids are refused and which ones count nowhere. */
enum {
  RULE_RISING,   /* refused: those below their predecessor or 0; nowhere: too large */
  RULE_SEGMENTS, /* refused: too large; nowhere: negative */
  RULE_BINS,     /* refused: negative; nowhere: too large */
};

INLINED LONGV load_ids(const __global uchar *p, size_t i, int kind) {
  return kind == 1 ? JOIN(convert_, LONGV)(VLOAD(0, (const __global int *)p + i))
                   : VLOAD(0, (const __global long *)p + i);
}

/* V keys at once, where there is nothing to refuse and nothing that counts nowhere. */
INLINED bool put_keys(__global uint *keys, const __global uchar *ids, size_t i, int kind,
                      long size, bool rising, long base) {
  LONGV id = load_ids(ids, i, kind);
  LONGV other = (id < (LONGV)0) | (id >= (LONGV)size);
  if (rising) other |= load_ids(ids, i - 1, kind) > id;
  if (ANY(other)) return false;
  VSTORE(JOIN(convert_, UINTV)(id + (LONGV)base), 0, keys);
  return true;
}

/* indices is [count][depth]. */
__kernel void corner_keys(__global uint *pool, long pool_offset, long keys,
                          const __global uchar *indices, long indices_offset, int kind,
                          long count, long each, corner shape, volatile __global int *cells,
                          int slot) {
  corner c = shape;
  stretch own = own_stretch(count, each);
  bool plain = c.depth == 1 && c.strides[0] == 1 && (kind == 1 || kind == 2);
  for (; own.i < own.end; own.i++) {
    while (plain && own.i + V <= own.end &&
           put_keys(pool + (size_t)(pool_offset + keys) + own.i, indices,
                    (size_t)indices_offset + own.i, kind, c.dims[0], false, 0))
      own.i += V;
    if (own.i >= own.end) return;
    long key = 0;
    bool legal = true;
    for (int d = 0; d < c.depth; d++) {
      size_t at = (size_t)indices_offset + own.i * (size_t)c.depth + (size_t)d;
      long index = load_index(indices, at, kind);
      if (index < 0 || index >= c.dims[d])
        legal = false;
      else
        key += index * c.strides[d];
    }
    if (!legal) {
      refuse(cells, slot, own.i);
      key = c.targets;
    }
    pool[(size_t)(pool_offset + keys) + own.i] = (uint)key;
  }
}

/* The key of id `i`; `size` for one that counts nowhere. */
static inline long id_key(const __global uchar *ids, size_t i, size_t position, int kind,
                          long size, int rule, volatile __global int *cells, int slot) {
  long id = load_index(ids, i, kind);
  bool negative = id < 0, large = id >= size, legal = true;
  if (rule == RULE_RISING) {
    legal = !negative;
    if (position > 0 && load_index(ids, i - 1, kind) > id) legal = false;
  } else {
    legal = rule == RULE_BINS ? !negative : !large;
  }
  if (!legal) refuse(cells, slot, position);
  return !legal || negative || large ? size : id;
}

/* ids is [rows][length]; row r owns the targets from r * size on. */
__kernel void id_keys(__global uint *pool, long pool_offset, long keys,
                      const __global uchar *ids, long ids_offset, int kind, long count,
                      long each, long length, long size, long targets, int rule,
                      volatile __global int *cells, int slot) {
  stretch own = own_stretch(count, each);
  keys += pool_offset;
  while (own.i < own.end) {
    size_t row = own.i / (size_t)length;
    size_t end = AT_MOST((row + 1) * (size_t)length, own.end);
    long base = (long)row * size;
    for (; own.i < end; own.i++) {
      /* Not the first: it has no predecessor. */
      while (own.i > 0 && own.i + V <= end && (kind == 1 || kind == 2) &&
             put_keys(pool + (size_t)keys + own.i, ids, (size_t)ids_offset + own.i, kind,
                      size, rule == RULE_RISING, base))
        own.i += V;
      if (own.i >= end) break;
      long key =
          id_key(ids, (size_t)ids_offset + own.i, own.i, kind, size, rule, cells, slot);
      pool[(size_t)keys + own.i] = (uint)(key < size ? key + base : targets);
    }
  }
}

/* ---- Without order ---- */

__kernel void bucket_fill(__global uint *pool, long pool_offset, long count, long each) {
  stretch own = own_stretch(count, each);
  for (; own.i < own.end; own.i++) pool[(size_t)pool_offset + own.i] = 0;
}

/* counts is [copies][targets], zeroed: how often each target is named. Neighbouring
 * work-items count in different copies. */
__kernel void id_counts(__global uint *counts, long counts_offset, long copies,
                        const __global uchar *ids, long ids_offset, int kind, long count,
                        long each, long length, long size, long targets,
                        volatile __global int *cells, int slot) {
  stretch own = own_stretch(count, each);
  size_t item = get_global_id(0), turn = item / (size_t)copies;
  size_t copy = item - turn * (size_t)copies;
  volatile __global uint *own_counts = counts + counts_offset + copy * (size_t)targets;
  for (; own.i < own.end; own.i++) {
    long key =
        id_key(ids, (size_t)ids_offset + own.i, own.i, kind, size, RULE_BINS, cells, slot);
    if (key < size)
      atomic_inc(own_counts + (size_t)key + own.i / (size_t)length * (size_t)size);
  }
}

/* winners, zeroed: one more than the last entry that names the target. */
__kernel void bucket_claim(const __global uint *pool, long pool_offset, long keys,
                           volatile __global uint *winners, long winners_offset, long count,
                           long each, long targets) {
  stretch own = own_stretch(count, each);
  keys += pool_offset;
  winners += winners_offset;
  for (; own.i < own.end; own.i++) {
    uint key = pool[(size_t)keys + own.i];
    if (key < (uint)targets) atomic_max(winners + key, (uint)own.i + 1);
  }
}

/* largest, zeroed: one more than the largest id, INT_MAX at most. */
__kernel void id_end(__global int *largest, long largest_offset, const __global uchar *ids,
                     long ids_offset, int kind, long count, long each) {
  stretch own = own_stretch(count, each);
  long most = -1;
  for (; own.i < own.end; own.i++)
    most = max(most, load_index(ids, (size_t)ids_offset + own.i, kind));
  volatile __global int *end = largest + largest_offset;
  if (most >= 0) atomic_max(end, (int)AT_MOST(most, (long)INT_MAX - 1) + 1);
}
