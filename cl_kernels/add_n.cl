/* The sum of the first `terms` of eight dense arrays, from left to right. Where there are
 * more, launches follow each other: the first one's `part` has bit 0, the last one's bit 1,
 * and between them the sums stand in `sums`, which has room for whole vectors. A work-item
 * takes `chunk` consecutive elements of n, a multiple of V. Any local size. */

static inline AV term_at(const __global T *x, size_t i, int count) {
  if (count == V) return LOADV(x, i);
  return LOADV_PART(x, i, count);
}

__kernel void add_n(__global T *out, long out_offset, __global A *sums, long sums_offset,
                    const __global T *x0, long offset0, const __global T *x1, long offset1,
                    const __global T *x2, long offset2, const __global T *x3, long offset3,
                    const __global T *x4, long offset4, const __global T *x5, long offset5,
                    const __global T *x6, long offset6, const __global T *x7, long offset7,
                    int terms, int part, long n, long chunk) {
  size_t begin = get_global_id(0) * (size_t)chunk;
  size_t end = AT_MOST(begin + (size_t)chunk, (size_t)n);
  out += out_offset;
  sums += sums_offset;
  for (size_t i = begin; i < end; i += V) {
    int count = (int)AT_MOST(end - i, (size_t)V);
    AV sum = term_at(x0 + offset0, i, count);
    if (!(part & 1)) sum = S(U(VLOAD(0, sums + i)) + U(sum));
    if (terms > 1) sum = S(U(sum) + U(term_at(x1 + offset1, i, count)));
    if (terms > 2) sum = S(U(sum) + U(term_at(x2 + offset2, i, count)));
    if (terms > 3) sum = S(U(sum) + U(term_at(x3 + offset3, i, count)));
    if (terms > 4) sum = S(U(sum) + U(term_at(x4 + offset4, i, count)));
    if (terms > 5) sum = S(U(sum) + U(term_at(x5 + offset5, i, count)));
    if (terms > 6) sum = S(U(sum) + U(term_at(x6 + offset6, i, count)));
    if (terms > 7) sum = S(U(sum) + U(term_at(x7 + offset7, i, count)));
    if (!(part & 2))
      VSTORE(sum, 0, sums + i);
    else if (count == V)
      STOREV(out, i, sum);
    else
      STOREV_PART(out, i, sum, count);
  }
}
