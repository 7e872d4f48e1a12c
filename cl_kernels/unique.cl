/* Equal elements, brought together by order.cl: T is the unsigned integer of the element's
 * size. Behind order.cl, whose kinds it uses. Element i in order is element order[i] of x;
 * equals are a group, and its first is also the first of them in x. Work-item g takes the
 * elements from g * each on. Any local size is legal. */

/* group[i] = firsts[order[i]] = whether a group begins at i: `nan` is the key of elements
 * that equal nothing, looked at if has_nan. */
__kernel void unique_heads(__global int *order, long order_offset, __global int *group,
                           long group_offset, __global int *firsts, long firsts_offset,
                           const __global T *keys, long keys_offset,
                           const __global uint *places, long places_offset, long count,
                           long each, int has_nan) {
  size_t i = get_global_id(0) * (size_t)each;
  if (i >= (size_t)count) return;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  const __global T *key = keys + keys_offset;
  for (; i < end; i++) {
    T own = key[i];
    int head = i == 0 || own != key[i - 1] || (has_nan && own == (T) ~(T)0);
    uint place = places[(size_t)places_offset + i];
    order[(size_t)order_offset + i] = (int)place;
    group[(size_t)group_offset + i] = head;
    firsts[(size_t)firsts_offset + place] = head;
  }
}

/* group[i] is now how many groups begin before i: starts[g] is where group g does, and
 * behind the last one stands `count`. */
__kernel void unique_starts(__global int *starts, long starts_offset,
                            const __global int *group, long group_offset, long count,
                            long each) {
  size_t i = get_global_id(0) * (size_t)each;
  if (i >= (size_t)count) return;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  const __global int *g = group + group_offset;
  __global int *to = starts + starts_offset;
  for (; i < end; i++)
    if (g[i + 1] != g[i]) to[g[i]] = (int)i;
  if (end == (size_t)count) to[g[end]] = (int)count;
}

static inline void store_count(__global int *out, size_t i, int value, int wide) {
  if (wide)
    ((__global long *)out)[i] = (long)value;
  else
    out[i] = value;
}

/* The groups by first occurrence: y their elements, counts their sizes (if wanted), idx the
 * number of each element's group. rank[p] is how many groups' firsts lie before p in x. */
__kernel void unique_write(__global T *y, long y_offset, __global int *idx, long idx_offset,
                           __global int *counts, long counts_offset, const __global T *x,
                           long x_offset, const __global int *order, long order_offset,
                           const __global int *group, long group_offset,
                           const __global int *rank, long rank_offset,
                           const __global int *starts, long starts_offset, long count,
                           long each, int wide, int wants_counts) {
  size_t i = get_global_id(0) * (size_t)each;
  if (i >= (size_t)count) return;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  const __global int *in_order = order + order_offset;
  const __global int *next = group + group_offset + 1, *start = starts + starts_offset;
  for (; i < end; i++) {
    int g = next[i] - 1, begin = start[g], first = in_order[begin];
    int number = rank[rank_offset + first];
    store_count(idx, (size_t)idx_offset + (size_t)in_order[i], number, wide);
    if ((size_t)begin != i) continue;
    y[(size_t)y_offset + (size_t)number] = x[(size_t)x_offset + (size_t)first];
    if (wants_counts)
      store_count(counts, (size_t)counts_offset + (size_t)number, start[g + 1] - begin,
                  wide);
  }
}
