/* Exclusive sums: T is uint or ulong. values[from] on holds `count` elements; they are cut
 * into blocks of `each`, one per work-item, whose sums go to sums[to] on. Any local size is
 * legal. */

typedef struct scanning {
  long from, count, to, each;
} scanning;

__kernel void scan_sums(const __global T *values, long values_offset, __global T *sums,
                        long sums_offset, scanning scan) {
  size_t block = get_global_id(0), count = (size_t)scan.count;
  size_t i = block * (size_t)scan.each;
  if (i >= count) return;
  size_t end = AT_MOST(i + (size_t)scan.each, count);
  const __global T *p = values + values_offset + scan.from;
  T sum = 0;
  for (; i < end; i++) sum += p[i];
  sums[(size_t)sums_offset + (size_t)scan.to + block] = sum;
}

/* The sums are sums of all blocks before each by now; with one block they are not looked
 * at. The sum of all goes behind the values. */
__kernel void scan_blocks(__global T *values, long values_offset, const __global T *sums,
                          long sums_offset, scanning scan) {
  size_t block = get_global_id(0), count = (size_t)scan.count;
  size_t i = block * (size_t)scan.each;
  if (block > 0 && i >= count) return;
  size_t end = AT_MOST(i + (size_t)scan.each, count);
  __global T *p = values + values_offset + scan.from;
  T sum = 0;
  if (block > 0) sum = sums[(size_t)sums_offset + (size_t)scan.to + block];
  for (; i < end; i++) {
    T value = p[i];
    p[i] = sum;
    sum += value;
  }
  if (end == count) p[count] = sum;
}

/* out[0] = values[at], as a long. */
__kernel void scan_total(__global long *out, long out_offset, const __global T *values,
                         long values_offset, long at) {
  if (get_global_id(0) == 0) out[out_offset] = (long)values[values_offset + at];
}
