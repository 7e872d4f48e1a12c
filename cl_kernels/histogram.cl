/* Counting values between edges. Any local size is legal. */

typedef struct {
  A values[16];
} edge_list;

__kernel void set_edges(__global A *edges, long edges_offset, long first, edge_list given,
                        int count) {
  edge_list list = given;
  for (int i = 0; i < count; i++) edges[edges_offset + first + i] = list.values[i];
}

/* counts is [copies][bins], zeroed. A value counts in the bin whose number is that of the
 * edges, which rise, that it reaches. NaN counts nowhere; the cell is told. A work-item
 * takes `each` consecutive values; neighbours count in different copies. */
__kernel void count_values(__global uint *counts, long counts_offset, long copies,
                           long bins, const __global T *values, long values_offset,
                           const __global A *edges, long edges_offset, long count,
                           long each, volatile __global int *cells, int slot) {
  size_t item = get_global_id(0), i = item * (size_t)each;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  size_t turn = item / (size_t)copies, copy = item - turn * (size_t)copies;
  volatile __global uint *own = counts + counts_offset + copy * (size_t)bins;
  const __global A *from = edges + edges_offset;
  for (; i < end; i++) {
    A value = LOAD(values + values_offset, i);
    if (IS_NAN(value)) {
      atomic_min(cells + slot, (int)AT_MOST(i, (size_t)(INT_MAX - 1)));
      continue;
    }
    size_t low = 0, left = (size_t)bins - 1;
    while (left > 0) {
      size_t step = left / 2;
      if (from[low + step] <= value) {
        low += step + 1;
        left -= step + 1;
      } else {
        left = step;
      }
    }
    atomic_inc(own + low);
  }
}

/* counts is [copies][bins]; out int, or long when `wide`. */
__kernel void add_counts(__global int *out, long out_offset, const __global uint *counts,
                         long counts_offset, long copies, long bins, int wide) {
  size_t bin = get_global_id(0);
  if (bin >= (size_t)bins) return;
  uint sum = 0;
  for (size_t copy = 0; copy < (size_t)copies; copy++)
    sum += counts[(size_t)counts_offset + copy * (size_t)bins + bin];
  if (wide)
    ((__global long *)out)[(size_t)out_offset + bin] = (long)sum;
  else
    out[(size_t)out_offset + bin] = (int)sum;
}
