/* Searching: T is the unsigned integer of the element's size. Behind order.cl, whose keys
 * it compares. Work-item g takes the elements from g * each on. Any local size is legal. */

typedef struct searching {
  long length; /* of a sorted row */
  long width;  /* values looked up in a row */
  long count;  /* values */
  long upper, wide, each;
} searching;

/* out = how many elements of the value's row are less, with `upper` not greater, than it,
 * as int or, if `wide`, long. */
__kernel void search_sorted(__global int *out, long out_offset, const __global T *sorted,
                            long sorted_offset, key_rule sorted_rule,
                            const __global T *values, long values_offset,
                            key_rule values_rule, searching search) {
  size_t i = get_global_id(0) * (size_t)search.each, count = (size_t)search.count;
  if (i >= count) return;
  size_t end = AT_MOST(i + (size_t)search.each, count);
  size_t length = (size_t)search.length, width = (size_t)search.width;
  size_t row = i / width, at = i - row * width;
  for (; i < end; i++) {
    T key = key_of(values[(size_t)values_offset + i], values_rule);
    const __global T *p = sorted + sorted_offset + row * length;
    size_t low = 0, high = length;
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      T other = key_of(p[middle], sorted_rule);
      bool before = search.upper != 0 ? other <= key : other < key;
      if (before)
        low = middle + 1;
      else
        high = middle;
    }
    if (search.wide != 0)
      ((__global long *)out)[out_offset + i] = (long)low;
    else
      out[out_offset + i] = (int)low;
    if (++at < width) continue;
    at = 0;
    row++;
  }
}

enum { KEYS_AT_ONCE = 32 };
typedef struct some_keys {
  long keys[KEYS_AT_ONCE];
} some_keys;

/* out[at] on: `count` keys. One work-item. */
__kernel void search_keys(__global T *out, long out_offset, long at, long count,
                          some_keys given) {
  some_keys k = given;
  for (int i = 0; i < KEYS_AT_ONCE; i++)
    if (i < count) out[out_offset + at + i] = (T)k.keys[i];
}

/* ---- InTopKV2: T is float32's bits ---- */

static inline bool is_finite(T bits) {
  return (bits & (T)0x7f800000) != (T)0x7f800000;
}

typedef struct ranking {
  long rows, classes, parts, part, step, wide, k;
} ranking;

static inline long target_of(const __global int *targets, long offset, size_t row,
                             long wide) {
  return wide ? ((const __global long *)targets)[offset + row] : targets[offset + row];
}

/* counts[row * parts + p]: elements of part p larger than the target's; above all numbers
 * of classes if one of them is not finite. Id 0 counts parts, id 1 rows. Part p begins at
 * p * part and goes on in steps of `step`. */
__kernel void top_count(__global long *counts, long counts_offset,
                        const __global T *predictions, long predictions_offset,
                        const __global int *targets, long targets_offset, ranking rank,
                        key_rule rule) {
  size_t p = get_global_id(0), classes = (size_t)rank.classes;
  if (p >= (size_t)rank.parts) return;
  for (size_t row = get_global_id(1); row < (size_t)rank.rows; row += get_global_size(1)) {
    long target = target_of(targets, targets_offset, row, rank.wide), more = 0;
    const __global T *x = predictions + predictions_offset + row * classes;
    if (target >= 0 && target < rank.classes) {
      T mine = key_of(x[target], rule);
      size_t i = p * (size_t)rank.part;
      size_t end = rank.step == 1 ? AT_MOST(i + (size_t)rank.part, classes) : classes;
      bool finite = true;
      for (; i < end; i += (size_t)rank.step) {
        T bits = x[i];
        finite = finite && is_finite(bits);
        more += key_of(bits, rule) > mine;
      }
      if (!finite) more = LONG_MAX / 65536;
    }
    counts[(size_t)counts_offset + row * (size_t)rank.parts + p] = more;
  }
}

/* One work-item per row. */
__kernel void top_finish(__global uchar *out, long out_offset, const __global long *counts,
                         long counts_offset, const __global int *targets,
                         long targets_offset, ranking rank) {
  size_t row = get_global_id(0);
  if (row >= (size_t)rank.rows) return;
  long target = target_of(targets, targets_offset, row, rank.wide), more = 0;
  for (size_t p = 0; p < (size_t)rank.parts; p++)
    more += counts[(size_t)counts_offset + row * (size_t)rank.parts + p];
  bool known = target >= 0 && target < rank.classes;
  out[(size_t)out_offset + row] = known && more < rank.k;
}
