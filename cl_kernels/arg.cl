/* Where the largest or smallest element along one axis stands: the first of equals, and the
 * first NaN if there is one. Behind reduce.cl, whose helpers it uses.
 *
 * Result `o` looks at `length` elements `inner` apart. They may be cut into `parts` of
 * `part`: then values[p * outputs + o] and places[p * outputs + o] are what part p finds,
 * and arg_finish compares them. Results have `bytes` bytes.
 *
 * _rows, _columns: arg_block.cl; _group: arg_group.cl. */
typedef struct {
  long outputs, length, inner, parts, part, block, lanes, bytes;
} search;

INLINED bool beats(int least, A x, A best) {
  if (IS_NAN(best)) return false;
  if (IS_NAN(x)) return true;
  return least ? x < best : x > best;
}

INLINED void store_place(__global uchar *y, const search *s, size_t output, long at) {
  if (s->bytes == 8)
    ((__global long *)y)[output] = at;
  else if (s->bytes == 4)
    ((__global int *)y)[output] = (int)at;
  else
    ((__global ushort *)y)[output] = (ushort)at;
}

/* One work-item takes `block` results. */
INLINED void arg_finish_of(int least, __global uchar *y, const __global A *values,
                           const __global long *places, const search *s) {
  size_t outputs = (size_t)s->outputs, output = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(output + (size_t)s->block, outputs);
  for (; output < last; output++) {
    A best = values[output];
    long at = places[output];
    for (size_t p = 1; p < (size_t)s->parts; p++) {
      A x = values[p * outputs + output];
      if (!beats(least, x, best)) continue;
      best = x;
      at = places[p * outputs + output];
    }
    store_place(y, s, output, at);
  }
}

#define ARG_FINISH(finish, least)                                                          \
  __kernel void finish(__global uchar *y, long y_offset, const __global A *values,         \
                       long values_offset, const __global long *places,                    \
                       long places_offset, search s) {                                     \
    arg_finish_of(least, y + s.bytes * y_offset, values + values_offset,                   \
                  places + places_offset, &s);                                             \
  }

ARG_FINISH(argmax_finish, 0)
ARG_FINISH(argmin_finish, 1)
