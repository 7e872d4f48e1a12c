/* What all ways to put rows in order share: keys, and what is asked for in the end. T is
 * the unsigned integer of the element's size, whatever its dtype.
 *
 * A pair is (key, place): the key orders as the element does, as an unsigned number, and
 * the place is the element's index in its row. x is [outer][length][inner]: a row has
 * `length` elements `inner` apart, and row number (outer index) * inner + (inner index).
 * Work-item g takes the elements from g * each on. Any local size is legal. */

/* sign: the sign's bit, 0 for unsigned numbers. infinity: its bits, 0 for integers. flip:
 * 0, or all bits for descending order. */
typedef struct key_rule {
  long sign, infinity, flip;
} key_rule;

/* NaN is greater than all, and one NaN equals another; -0 equals 0. */
static inline T key_of(T bits, key_rule rule) {
  T sign = (T)rule.sign, infinity = (T)rule.infinity, key = (T)(bits ^ sign);
  if (infinity != 0) {
    T magnitude = (T)(bits & (T)~sign);
    if ((bits & sign) != 0) key = (T)~bits;
    if (magnitude == 0) key = sign;
    if (magnitude > infinity) key = (T) ~(T)0;
  }
  return (T)(key ^ (T)rule.flip);
}

typedef struct ordering {
  long rows, length, inner;
  long limit, span, slot, stride; /* stride: pairs between rows */
  long runs;                      /* of a row */
  long each;
} ordering;

/* Where element 0 of a row is in [outer][extent][inner]. */
static inline size_t row_start(size_t row, size_t extent, size_t inner) {
  if (inner == 1) return row * extent;
  size_t outer = row / inner;
  return outer * extent * inner + (row - outer * inner);
}

/* What is asked for of the rows in order: pairs [first, first + kept) of each, as elements
 * of x and as places of `width` bytes (0: not asked for). Output is [outer][kept][inner].
 */
typedef struct picking {
  long first, kept, values, width;
} picking;

static inline void store_place(__global uchar *out, size_t i, uint place, long width) {
  if (width == 8)
    ((__global long *)out)[i] = (long)place;
  else if (width == 4)
    ((__global int *)out)[i] = (int)place;
  else
    ((__global short *)out)[i] = (short)place;
}

__kernel void order_pick(__global T *values, long values_offset, __global uchar *out,
                         long out_offset, const __global T *x, long x_offset,
                         const __global uint *places, long places_offset, ordering order,
                         picking pick) {
  size_t length = (size_t)order.length, inner = (size_t)order.inner;
  size_t kept = (size_t)pick.kept, all = (size_t)order.rows * kept;
  size_t number = get_global_id(0) * (size_t)order.each;
  size_t last = AT_MOST(number + (size_t)order.each, all);
  if (number >= last) return;
  size_t line = number / inner, in = number - line * inner;
  size_t outer = line / kept, at = line - outer * kept;
  for (; number < last; number++) {
    size_t row = outer * inner + in;
    uint place = places[(size_t)places_offset + row * (size_t)order.stride +
                        (size_t)pick.first + at];
    if (pick.values != 0)
      values[(size_t)values_offset + number] =
          x[(size_t)x_offset + (outer * length + place) * inner + in];
    if (pick.width != 0) store_place(out, (size_t)out_offset + number, place, pick.width);
    if (++in < inner) continue;
    in = 0;
    if (++at < kept) continue;
    at = 0;
    outer++;
  }
}
