/* The gradient of mirror padding: out, of extents x_dims, sums for each element what dy, of
 * extents dy_dims, holds at every place that shows its image: one inside and, along each
 * dimension, one before and one behind it at most. The order is fixed. A work-item makes
 * `each` elements; any local size is legal. */

typedef struct mirrors {
  long dy_dims[8], x_dims[8], before[8];
  long rank, edge; /* edge 1: the outermost element is repeated */
} mirrors;

__kernel void mirror_grad(__global T *out, long out_offset, const __global T *dy,
                          long dy_offset, mirrors all, long count, long each) {
  mirrors m = all;
  size_t i = get_global_id(0) * (size_t)each;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  for (; i < end; i++) {
    long places[24]; /* three per dimension */
    int counts[8], combinations = 1;
    long rest = (long)i, stride = 1;
    for (int d = (int)m.rank - 1; d >= 0; d--) {
      long extent = m.x_dims[d], above = rest / extent, at = rest - above * extent;
      long before = m.before[d], low = before - at - (long)m.edge;
      long high = before + 2 * extent - 2 + m.edge - at;
      int n = 0;
      places[3 * d + n++] = (before + at) * stride;
      if (low >= 0 && low < before) places[3 * d + n++] = low * stride;
      if (high >= before + extent && high < m.dy_dims[d])
        places[3 * d + n++] = high * stride;
      counts[d] = n;
      combinations *= n;
      stride *= m.dy_dims[d];
      rest = above;
    }
    A sum = 0;
    for (int c = 0; c < combinations; c++) {
      long from = dy_offset;
      int left = c;
      for (int d = (int)m.rank - 1; d >= 0; d--) {
        int over = left / counts[d];
        from += places[3 * d + left - over * counts[d]];
        left = over;
      }
      sum = ADD(sum, LOAD(dy, (size_t)from));
    }
    STORE(out, (size_t)out_offset + i, sum);
  }
}
