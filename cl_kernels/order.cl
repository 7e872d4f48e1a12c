/* Rows put in order: pairs of order_keys.cl.
 *
 * A merge sort. A row is cut into runs of `span` elements, each in order; of a run the
 * first `limit` pairs are kept, `slot` pairs apart. Merging takes a run's places as lower
 * than the next one's, so equals keep their order. Work-item g takes the runs or pieces
 * from g * each on. Any local size is legal. */

enum { RUN = 16 }; /* elements of a run at first */

/* Neighbours are swapped, so equals are not. All indices are constants once unrolled. */
static inline void order_run(T keys[RUN], uint places[RUN]) {
  for (int round = 0; round < RUN; round++)
    for (int i = round & 1; i + 1 < RUN; i += 2) {
      T low = keys[i], high = keys[i + 1];
      uint low_at = places[i], high_at = places[i + 1];
      bool swap = high < low;
      keys[i] = swap ? high : low;
      keys[i + 1] = swap ? low : high;
      places[i] = swap ? high_at : low_at;
      places[i + 1] = swap ? low_at : high_at;
    }
}

__kernel void order_runs(const __global T *x, long x_offset, __global T *keys,
                         long keys_offset, __global uint *places, long places_offset,
                         ordering order, key_rule rule) {
  size_t rows = (size_t)order.rows, runs = (size_t)order.runs, all = rows * runs;
  size_t length = (size_t)order.length, inner = (size_t)order.inner;
  size_t number = get_global_id(0) * (size_t)order.each;
  size_t last = AT_MOST(number + (size_t)order.each, all);
  for (; number < last; number++) {
    /* Neighbours in memory are neighbouring work-items. */
    size_t by = inner == 1 ? runs : rows, high = number / by, low = number - high * by;
    size_t row = inner == 1 ? high : low, run = inner == 1 ? low : high;
    size_t begin = run * RUN, count = AT_MOST(length - begin, (size_t)RUN);
    const __global T *from = x + x_offset + row_start(row, length, inner) + begin * inner;
    T own[RUN];
    uint own_at[RUN];
    for (int i = 0; i < RUN; i++) {
      own[i] = (T) ~(T)0; /* stays behind the row's last */
      own_at[i] = (uint)begin + (uint)i;
      if ((size_t)i < count) own[i] = key_of(from[(size_t)i * inner], rule);
    }
    order_run(own, own_at);
    size_t to = row * (size_t)order.stride + run * (size_t)order.slot;
    size_t kept = AT_MOST(count, (size_t)order.limit);
    for (int i = 0; i < RUN; i++) {
      if ((size_t)i >= kept) break;
      keys[(size_t)keys_offset + to + i] = own[i];
      places[(size_t)places_offset + to + i] = own_at[i];
    }
  }
}

/* Of the first `end` pairs of the merged run, those from run a. Never fewer than run b
 * leaves over: asked in the loop, as a saturating subtraction is what Oclgrind lacks. */
static inline size_t merge_split(const __global T *a, size_t a_count, const __global T *b,
                                 size_t b_count, size_t end) {
  size_t low = 0, high = AT_MOST(end, a_count);
  while (low < high) {
    size_t middle = (low + high) / 2, other = end - 1 - middle;
    if (other >= b_count || a[middle] <= b[other])
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Runs two by two: `order` describes the runs read; those written have `merged` runs of
 * `merged_slot` in rows `merged_stride` apart, cut into `pieces` of `piece` pairs. */
typedef struct merging {
  long runs, slot, stride, piece, pieces;
} merging;

static inline size_t run_count(const ordering *order, size_t run) {
  size_t begin = run * (size_t)order->span, length = (size_t)order->length;
  if (begin >= length) return 0;
  size_t count = AT_MOST(length - begin, (size_t)order->span);
  return AT_MOST(count, (size_t)order->limit);
}

__kernel void order_merge(__global T *out_keys, long out_keys_offset,
                          __global uint *out_places, long out_places_offset,
                          const __global T *keys, long keys_offset,
                          const __global uint *places, long places_offset, ordering order,
                          merging merge) {
  ordering o = order;
  size_t runs = (size_t)merge.runs, pieces = (size_t)merge.pieces;
  size_t all = (size_t)o.rows * runs * pieces;
  size_t number = get_global_id(0) * (size_t)o.each;
  size_t last = AT_MOST(number + (size_t)o.each, all);
  for (; number < last; number++) {
    size_t whole = number / pieces, piece = number - whole * pieces;
    size_t row = whole / runs, run = whole - row * runs;
    size_t a_count = run_count(&o, 2 * run), b_count = run_count(&o, 2 * run + 1);
    size_t count = AT_MOST(a_count + b_count, (size_t)o.limit);
    size_t begin = piece * (size_t)merge.piece;
    size_t end = AT_MOST(begin + (size_t)merge.piece, count);
    if (begin >= end) continue;
    size_t from = row * (size_t)o.stride + 2 * run * (size_t)o.slot;
    size_t to = row * (size_t)merge.stride + run * (size_t)merge.slot;
    const __global T *a = keys + keys_offset + from, *b = a + o.slot;
    const __global uint *a_at = places + places_offset + from, *b_at = a_at + o.slot;
    __global T *out = out_keys + out_keys_offset + to;
    __global uint *out_at = out_places + out_places_offset + to;
    size_t i = merge_split(a, a_count, b, b_count, begin), j = begin - i;
    for (; begin < end; begin++) {
      bool first = j >= b_count || (i < a_count && a[i] <= b[j]);
      if (first) {
        out[begin] = a[i];
        out_at[begin] = a_at[i++];
      } else {
        out[begin] = b[j];
        out_at[begin] = b_at[j++];
      }
    }
  }
}

/* ---- The other way, for long rows on devices like a CPU: by digits, the lowest first ----
 *
 * keys and places are [rows][length]. A row is cut into `blocks` of `block`, and work-item
 * g takes block g of them all: how many of its keys have each digit it counts into
 * counts[row][digit][block], whose exclusive sums are where they go. */

enum { DIGITS = 256 };

typedef struct digits {
  long rows, length, inner;
  long blocks, block;
  long shift; /* of the digit */
} digits;

__kernel void radix_keys(__global T *keys, long keys_offset, __global uint *places,
                         long places_offset, const __global T *x, long x_offset,
                         digits order, key_rule rule) {
  size_t blocks = (size_t)order.blocks, length = (size_t)order.length;
  size_t row = get_global_id(0) / blocks, block = get_global_id(0) - row * blocks;
  if (row >= (size_t)order.rows) return;
  size_t i = block * (size_t)order.block, inner = (size_t)order.inner;
  size_t end = AT_MOST(i + (size_t)order.block, length);
  const __global T *from = x + x_offset + row_start(row, length, inner);
  for (; i < end; i++) {
    keys[(size_t)keys_offset + row * length + i] = key_of(from[i * inner], rule);
    places[(size_t)places_offset + row * length + i] = (uint)i;
  }
}

__kernel void radix_count(__global ulong *counts, long counts_offset,
                          const __global T *keys, long keys_offset, digits order) {
  size_t blocks = (size_t)order.blocks, length = (size_t)order.length;
  size_t row = get_global_id(0) / blocks, block = get_global_id(0) - row * blocks;
  if (row >= (size_t)order.rows) return;
  size_t i = block * (size_t)order.block;
  size_t end = AT_MOST(i + (size_t)order.block, length);
  int shift = (int)order.shift;
  const __global T *from = keys + keys_offset + row * length;
  uint found[DIGITS];
  for (int d = 0; d < DIGITS; d++) found[d] = 0;
  for (; i < end; i++) found[from[i] >> shift & (DIGITS - 1)]++;
  __global ulong *to = counts + counts_offset + row * DIGITS * blocks + block;
  for (int d = 0; d < DIGITS; d++) to[(size_t)d * blocks] = found[d];
}

__kernel void radix_move(__global T *out_keys, long out_keys_offset,
                         __global uint *out_places, long out_places_offset,
                         const __global T *keys, long keys_offset,
                         const __global uint *places, long places_offset,
                         const __global ulong *starts, long starts_offset, digits order) {
  size_t blocks = (size_t)order.blocks, length = (size_t)order.length;
  size_t row = get_global_id(0) / blocks, block = get_global_id(0) - row * blocks;
  if (row >= (size_t)order.rows) return;
  size_t i = block * (size_t)order.block;
  size_t end = AT_MOST(i + (size_t)order.block, length);
  int shift = (int)order.shift;
  const __global T *from = keys + keys_offset + row * length;
  const __global uint *from_at = places + places_offset + row * length;
  __global T *to = out_keys + out_keys_offset;
  __global uint *to_at = out_places + out_places_offset;
  const __global ulong *start = starts + starts_offset + row * DIGITS * blocks + block;
  ulong next[DIGITS];
  for (int d = 0; d < DIGITS; d++) next[d] = start[(size_t)d * blocks];
  for (; i < end; i++) {
    T key = from[i];
    size_t at = (size_t)next[key >> shift & (DIGITS - 1)]++;
    to[at] = key;
    to_at[at] = from_at[i];
  }
}
