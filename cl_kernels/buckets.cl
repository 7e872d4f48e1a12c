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

/* indices is [count][depth]. */
__kernel void corner_keys(__global uint *pool, long pool_offset, long keys,
                          const __global uchar *indices, long indices_offset, int kind,
                          long count, long each, corner shape, volatile __global int *cells,
                          int slot) {
  corner c = shape;
  stretch own = own_stretch(count, each);
  for (; own.i < own.end; own.i++) {
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

/* Which ids are refused and which ones count nowhere. */
enum {
  RULE_RISING,   /* refused: those below their predecessor or 0; nowhere: too large */
  RULE_SEGMENTS, /* refused: too large; nowhere: negative */
  RULE_BINS,     /* refused: negative; nowhere: too large */
};

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
  for (; own.i < own.end; own.i++) {
    long key =
        id_key(ids, (size_t)ids_offset + own.i, own.i, kind, size, rule, cells, slot);
    if (key < size)
      key += (long)(own.i / (size_t)length) * size;
    else
      key = targets;
    pool[(size_t)(pool_offset + keys) + own.i] = (uint)key;
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
