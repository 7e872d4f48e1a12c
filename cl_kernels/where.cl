/* What of a condition is not zero: T is the unsigned integer of the element's size, `mask`
 * its bits that count (not the sign of -0). Work-item g takes the elements from g * each
 * on. Any local size is legal. */

__kernel void where_count(__global long *counts, long counts_offset, const __global T *x,
                          long x_offset, long mask, long count, long each) {
  size_t block = get_global_id(0), i = block * (size_t)each;
  if (i >= (size_t)count) return;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  T bits = (T)mask;
  long found = 0;
  for (; i < end; i++) found += (x[(size_t)x_offset + i] & bits) != 0;
  counts[(size_t)counts_offset + block] = found;
}

typedef struct extents {
  long rank;
  long dims[8];
} extents;

/* out[j] is where the j-th element found is, in each dimension; starts[g] of them lie
 * before block g. */
__kernel void where_write(__global long *out, long out_offset, const __global long *starts,
                          long starts_offset, const __global T *x, long x_offset, long mask,
                          long count, long each, extents shape) {
  extents s = shape;
  size_t block = get_global_id(0), i = block * (size_t)each, rank = (size_t)s.rank;
  if (i >= (size_t)count) return;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  T bits = (T)mask;
  __global long *to =
      out + out_offset + (size_t)starts[(size_t)starts_offset + block] * rank;
  for (; i < end; i++) {
    if ((x[(size_t)x_offset + i] & bits) == 0) continue;
    size_t rest = i;
    for (int d = (int)rank - 1; d > 0; d--) {
      size_t extent = (size_t)s.dims[d], above = rest / extent;
      to[d] = (long)(rest - above * extent);
      rest = above;
    }
    to[0] = (long)rest;
    to += rank;
  }
}

/* out is [outer][kept][inner], x [outer][extent][inner]: slices places[0] ... of x. */
__kernel void where_take(__global T *out, long out_offset, const __global T *x,
                         long x_offset, const __global long *places, long places_offset,
                         long all, long kept, long extent, long inner_count, long each) {
  size_t number = get_global_id(0) * (size_t)each, inner = (size_t)inner_count;
  if (number >= (size_t)all) return;
  size_t last = AT_MOST(number + (size_t)each, (size_t)all);
  size_t line = number / inner, in = number - line * inner;
  size_t outer = line / (size_t)kept, at = line - outer * (size_t)kept;
  const __global long *place = places + places_offset;
  for (; number < last; number++) {
    size_t row = outer * (size_t)extent + (size_t)place[at];
    out[(size_t)out_offset + number] = x[(size_t)x_offset + row * inner + in];
    if (++in < inner) continue;
    in = 0;
    if (++at < (size_t)kept) continue;
    at = 0;
    outer++;
  }
}
