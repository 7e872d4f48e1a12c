/* What Einsum needs besides products.
 *
 * einsum_collect: elements from and to where a walk over `dims`, the innermost first, finds
 * them; position i of the walk of `count` goes to out + sum of index * out_strides. A
 * work-item moves `each` consecutive positions. Any local size is legal.
 *
 * einsum_one: a single 1. One work-item. */

typedef struct {
  long count, each, rank;
  long dims[8], x_strides[8], out_strides[8];
} collection;

__kernel void einsum_collect(const __global T *x, long x_offset, __global T *out,
                             long out_offset, collection all) {
  collection s = all;
  size_t begin = get_global_id(0) * (size_t)s.each, inner = (size_t)s.dims[0];
  size_t end = AT_MOST(begin + (size_t)s.each, (size_t)s.count);
  size_t x_step = (size_t)s.x_strides[0], out_step = (size_t)s.out_strides[0];
  for (size_t i = begin; i < end;) {
    size_t rest = i / inner, first = i - rest * inner;
    size_t run = AT_MOST(inner - first, end - i);
    size_t from = (size_t)x_offset + first * x_step;
    size_t to = (size_t)out_offset + first * out_step;
    for (int d = 1; d < (int)s.rank; d++) {
      size_t above = rest / (size_t)s.dims[d], index = rest - above * (size_t)s.dims[d];
      from += index * (size_t)s.x_strides[d];
      to += index * (size_t)s.out_strides[d];
      rest = above;
    }
    for (size_t j = 0; j < run; j++) out[to + j * out_step] = x[from + j * x_step];
    i += run;
  }
}

__kernel void einsum_one(__global T *out, long out_offset) {
  STORE(out, (size_t)out_offset, (A)1);
}
