/* Vector products of dense rows of three. A work-item takes `chunk` consecutive elements of
 * the n, wherever in a row it begins. Any local size. */

__kernel void cross_product(__global T *out, long out_offset, const __global T *a,
                            long a_offset, const __global T *b, long b_offset, long n,
                            long chunk) {
  size_t begin = get_global_id(0) * (size_t)chunk;
  size_t end = AT_MOST(begin + (size_t)chunk, (size_t)n);
  out += out_offset;
  a += a_offset;
  b += b_offset;
  size_t row = begin / 3 * 3;
  for (size_t i = begin; i < end; i++) {
    if (i - row == 3) row = i;
    size_t j = i - row == 2 ? row : i + 1, k = i == row ? row + 2 : i - 1;
    A left = MUL(LOAD(a, j), LOAD(b, k)), right = MUL(LOAD(a, k), LOAD(b, j));
    STORE(out, i, (A)((U_SCALAR)left - (U_SCALAR)right));
  }
}
