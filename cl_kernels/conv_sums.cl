/* What the kernels of convolutions share.
 *
 * add_parts: y[count] from the sums of `parts` parts, one behind the other. Global: chunks
 * of elements. */

INLINED AV multiply_add(AV a, AV b, AV c) {
  return FLOAT_OR_INT(TERM(a, b, c), S(U(a) * U(b) + U(c)));
}

/* Reads something of every V elements [from, end) of the `count` there are, so that caches
 * have them when they are needed: hardware sees no pattern in how windows slide. */
INLINED void touch(const __global T *x, long from, long end, long count) {
  end = AT_MOST(end, count);
  for (long i = from < 0 ? 0 : from; i < end; i += V)
    (void)*(volatile const __global T *)(x + i);
}

INLINED void store_channels(__global T *y, size_t step, AV x, int count) {
  if (step == 1 && count == V) {
    STOREV(y, 0, x);
    return;
  }
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int i = 0; i < count; i++) STORE(y, i * step, lanes[i]);
}

__kernel void add_parts(const __global A *sums, long sums_offset, __global T *y,
                        long y_offset, long count, long parts, long chunk) {
  size_t first = get_global_id(0) * (size_t)chunk, n = (size_t)count;
  sums += sums_offset;
  y += y_offset;
  for (size_t i = first; i < first + (size_t)chunk && i < n; i += V) {
    int lanes = (int)AT_MOST(n - i, V);
    AV total = (AV)0;
    for (size_t part = 0; part < (size_t)parts; part++) {
      AV here = load_some(sums + (part * n + i), (size_t)lanes);
      total = S(U(total) + U(here));
    }
    store_channels(y + i, 1, total, lanes);
  }
}
