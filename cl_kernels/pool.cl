/* Pooling over [outer][in0][in1][in2][inner]: with channels last, outer is the batch and
 * inner the channels; with channels first, outer is both and inner 1. Padding counts for
 * nothing, neither in a maximum nor in a mean's divisor.
 *
 * Forward a work-item takes up to V neighbours of the inner axis where `lanes` is V, else
 * one; backward always one, and it gathers: each element of the input asks the windows it
 * stands in. Any local size is legal. */

typedef struct {
  long inner, tiles, lanes, count; /* tiles: work-items that share the inner axis */
  long in[3], out[3], size[3], stride[3], before[3];
} pooling;

enum { POOL_MAX, POOL_MEAN };

typedef struct {
  long outer, at0, at1, at2, column;
} spot;

/* Item number `item` of [outer][extent0][extent1][extent2][tiles]. There is no %: LLVM
 * makes a freeze of / and % of one pair, at which Oclgrind gives up. */
INLINED spot find_spot(long item, long extent0, long extent1, long extent2, long tiles) {
  spot at;
  long rest = item / tiles;
  at.column = item - rest * tiles;
  long next = rest / extent2;
  at.at2 = rest - next * extent2;
  rest = next / extent1;
  at.at1 = next - rest * extent1;
  at.outer = rest / extent0;
  at.at0 = rest - at.outer * extent0;
  return at;
}

/* The part of window `o` of an axis that lies inside: [low, high). */
INLINED long low_of(long o, long stride, long before) {
  return max(o * stride - before, 0L);
}
INLINED long high_of(long o, long stride, long before, long size, long in) {
  return min(o * stride - before + size, in);
}

/* The windows of an axis that hold element i: [first, last). */
INLINED long first_of(long i, long stride, long before, long size) {
  long reach = i + before - size + 1;
  return reach > 0 ? (reach + stride - 1) / stride : 0;
}
INLINED long last_of(long i, long stride, long before, long out) {
  return min((i + before) / stride + 1, out);
}

INLINED AV load_lanes(const __global T *p, long lanes, int count) {
  if (lanes == 1) return (AV)LOAD(p, 0);
  return count == V ? LOADV(p, 0) : LOADV_PART(p, 0, count);
}

INLINED void pool(int op, const __global T *x, __global T *y, const pooling *g) {
  pooling p = *g;
  long item = get_global_id(0);
  if (item >= p.count) return;
  spot at = find_spot(item, p.out[0], p.out[1], p.out[2], p.tiles);
  long column = at.column * p.lanes;
  int count = (int)AT_MOST(p.inner - column, p.lanes);
  long low0 = low_of(at.at0, p.stride[0], p.before[0]);
  long low1 = low_of(at.at1, p.stride[1], p.before[1]);
  long low2 = low_of(at.at2, p.stride[2], p.before[2]);
  long high0 = high_of(at.at0, p.stride[0], p.before[0], p.size[0], p.in[0]);
  long high1 = high_of(at.at1, p.stride[1], p.before[1], p.size[1], p.in[1]);
  long high2 = high_of(at.at2, p.stride[2], p.before[2], p.size[2], p.in[2]);
  AV value = op == POOL_MAX ? (AV)A_LOWEST : (AV)0;
  for (long a = low0; a < high0; a++)
    for (long b = low1; b < high1; b++) {
      long row = (at.outer * p.in[0] + a) * p.in[1] + b;
      const __global T *from = x + row * p.in[2] * p.inner + column;
      for (long c = low2; c < high2; c++) {
        AV next = load_lanes(from + c * p.inner, p.lanes, count);
        value = op == POOL_MAX ? largerv(next, value) : value + next;
      }
    }
  if (op == POOL_MEAN) value /= (AV)(A)((high0 - low0) * (high1 - low1) * (high2 - low2));
  long row = ((at.outer * p.out[0] + at.at0) * p.out[1] + at.at1) * p.out[2] + at.at2;
  __global T *to = y + row * p.inner + column;
  if (p.lanes == 1)
    STORE(to, 0, value.s0);
  else if (count == V)
    STOREV(to, 0, value);
  else
    STOREV_PART(to, 0, value, count);
}

__kernel void max_pool(const __global T *x, long x_offset, __global T *y, long y_offset,
                       pooling g) {
  pool(POOL_MAX, x + x_offset, y + y_offset, &g);
}

__kernel void mean_pool(const __global T *x, long x_offset, __global T *y, long y_offset,
                        pooling g) {
  pool(POOL_MEAN, x + x_offset, y + y_offset, &g);
}

/* Where in [in0][in1][in2] the largest of each window stands, the first of equals and of
 * NaNs; -1 for a window of padding only. */
__kernel void max_places(const __global T *x, long x_offset, __global int *places,
                         long places_offset, pooling g) {
  pooling p = g;
  long item = get_global_id(0);
  if (item >= p.count) return;
  spot at = find_spot(item, p.out[0], p.out[1], p.out[2], p.inner);
  long low0 = low_of(at.at0, p.stride[0], p.before[0]);
  long low1 = low_of(at.at1, p.stride[1], p.before[1]);
  long low2 = low_of(at.at2, p.stride[2], p.before[2]);
  long high0 = high_of(at.at0, p.stride[0], p.before[0], p.size[0], p.in[0]);
  long high1 = high_of(at.at1, p.stride[1], p.before[1], p.size[1], p.in[1]);
  long high2 = high_of(at.at2, p.stride[2], p.before[2], p.size[2], p.in[2]);
  A best = A_LOWEST;
  int place = -1;
  for (long a = low0; a < high0; a++)
    for (long b = low1; b < high1; b++)
      for (long c = low2; c < high2; c++) {
        long here = (a * p.in[1] + b) * p.in[2] + c;
        long whole = at.outer * p.in[0] * p.in[1] * p.in[2] + here;
        A next = LOAD(x + x_offset, whole * p.inner + at.column);
        int beats = next > best;
        beats |= IS_NAN(next) & !IS_NAN(best);
        if (place < 0 || beats) {
          best = next;
          place = (int)here;
        }
      }
  places[places_offset + item] = place;
}

/* Of an element of the input: what the windows whose largest it is got. */
__kernel void max_pool_back(const __global T *dy, long dy_offset,
                            const __global int *places, long places_offset, __global T *dx,
                            long dx_offset, pooling g) {
  pooling p = g;
  long item = get_global_id(0);
  if (item >= p.count) return;
  spot at = find_spot(item, p.in[0], p.in[1], p.in[2], p.inner);
  int place = (int)((at.at0 * p.in[1] + at.at1) * p.in[2] + at.at2);
  A value = (A)0;
  for (long a = first_of(at.at0, p.stride[0], p.before[0], p.size[0]);
       a < last_of(at.at0, p.stride[0], p.before[0], p.out[0]); a++)
    for (long b = first_of(at.at1, p.stride[1], p.before[1], p.size[1]);
         b < last_of(at.at1, p.stride[1], p.before[1], p.out[1]); b++)
      for (long c = first_of(at.at2, p.stride[2], p.before[2], p.size[2]);
           c < last_of(at.at2, p.stride[2], p.before[2], p.out[2]); c++) {
        long row = ((at.outer * p.out[0] + a) * p.out[1] + b) * p.out[2] + c;
        long from = row * p.inner + at.column;
        if (places[places_offset + from] == place)
          value = ADD(value, LOAD(dy + dy_offset, from));
      }
  STORE(dx + dx_offset, item, value);
}

__kernel void mean_pool_back(const __global T *dy, long dy_offset, __global T *dx,
                             long dx_offset, pooling g) {
  pooling p = g;
  long item = get_global_id(0);
  if (item >= p.count) return;
  spot at = find_spot(item, p.in[0], p.in[1], p.in[2], p.inner);
  A value = (A)0;
  for (long a = first_of(at.at0, p.stride[0], p.before[0], p.size[0]);
       a < last_of(at.at0, p.stride[0], p.before[0], p.out[0]); a++)
    for (long b = first_of(at.at1, p.stride[1], p.before[1], p.size[1]);
         b < last_of(at.at1, p.stride[1], p.before[1], p.out[1]); b++)
      for (long c = first_of(at.at2, p.stride[2], p.before[2], p.size[2]);
           c < last_of(at.at2, p.stride[2], p.before[2], p.out[2]); c++) {
        long size0 = high_of(a, p.stride[0], p.before[0], p.size[0], p.in[0]) -
                     low_of(a, p.stride[0], p.before[0]);
        long size1 = high_of(b, p.stride[1], p.before[1], p.size[1], p.in[1]) -
                     low_of(b, p.stride[1], p.before[1]);
        long size2 = high_of(c, p.stride[2], p.before[2], p.size[2], p.in[2]) -
                     low_of(c, p.stride[2], p.before[2]);
        long row = ((at.outer * p.out[0] + a) * p.out[1] + b) * p.out[2] + c;
        A own = LOAD(dy + dy_offset, row * p.inner + at.column);
        value += own / (A)(size0 * size1 * size2);
      }
  STORE(dx + dx_offset, item, value);
}
