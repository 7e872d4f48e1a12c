/* The inverse of a permutation, in three kernels. T is uint or ulong, values are
 * non-negative ints or longs below 2^31; out begins as `none`, INT_MAX, in every element,
 * of which only the low 32 bits (devices are little-endian) change: several positions may
 * want one place, and the least wins. invert_check finds the others, and values outside [0,
 * count), whose least position the cell becomes. A work-item handles `each` elements. Any
 * local size is legal. */

/* Not the driver's fill, which Oclgrind takes for no initialisation. */
__kernel void invert_begin(__global T *out, long out_offset, long count, long each,
                           T none) {
  size_t i = get_global_id(0) * (size_t)each;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  for (; i < end; i++) out[(size_t)out_offset + i] = none;
}

__kernel void invert(__global T *out, long out_offset, const __global T *x, long x_offset,
                     long count, long each) {
  size_t i = get_global_id(0) * (size_t)each;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  for (; i < end; i++) {
    ulong value = (ulong)x[(size_t)x_offset + i];
    if (value < (ulong)count)
      atomic_min((volatile __global int *)(out + ((size_t)out_offset + (size_t)value)),
                 (int)i);
  }
}

__kernel void invert_check(const __global T *out, long out_offset, const __global T *x,
                           long x_offset, long count, long each,
                           volatile __global int *cells, int slot) {
  size_t i = get_global_id(0) * (size_t)each;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  for (; i < end; i++) {
    ulong value = (ulong)x[(size_t)x_offset + i];
    bool bad = value >= (ulong)count;
    if (!bad) bad = (size_t)out[(size_t)out_offset + (size_t)value] != i;
    if (bad) atomic_min(cells + slot, (int)i);
  }
}
