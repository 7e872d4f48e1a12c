/* Values on the host: what the interpreter computes with. Nothing of the library's
 * arithmetic is in it but the 16-bit conversions, which have tests of their own. */
#ifndef EAGER_TESTS_RANDOM_VALUE_H
#define EAGER_TESTS_RANDOM_VALUE_H

#include "random/random_program.h"
#include "reference.h"

typedef struct rp_value {
  eager_dtype dtype;
  test_shape shape;
  int64_t count;
  size_t size; /* of an element */
  bool moved;  /* host data that was only moved since: floats too keep every bit */
  bool rough;  /* nobody foretells its bytes (floats and bools) */
  unsigned char *bytes;
} rp_value;

enum { RP_MOST_ELEMENTS = 1 << 20 }; /* a program that wants more is none */

/* Zeroed; ends the process when memory is short. NULL if it would be too large. */
rp_value *rp_value_new(eager_dtype dtype, test_shape shape);
void rp_value_free(rp_value *value); /* NULL-safe */

double rp_get(const rp_value *value, int64_t i);      /* also of integers, rounded */
int64_t rp_get_int(const rp_value *value, int64_t i); /* uint64 as its bits */
void rp_set(rp_value *value, int64_t i, double v);    /* floats: rounded to nearest even */
void rp_set_int(rp_value *value, int64_t i, int64_t v);                 /* wraps */
void rp_move(rp_value *to, int64_t i, const rp_value *from, int64_t j); /* one size */

void rp_fill_value(rp_value *value, rp_fill fill);

/* Whether arithmetic on it has one answer on every device: each element NaN, infinite, or a
 * multiple of 1/8 below 2^20 (so no subnormals). Always true of integers. */
bool rp_is_plain(const rp_value *value);
/* Whether any sum of any of its elements, in any order, is exact: multiples of `1 / unit`
 * whose absolute values add up to less than the dtype's significand holds. NaN and
 * infinities are no obstacle. Always true of integers. */
bool rp_sums_exactly(eager_dtype dtype, double absolute_sum, double unit);
double rp_absolute_sum(const rp_value *value); /* of the finite ones */
double rp_unit(const rp_value *value); /* 1, 2, 4 or 8: all are multiples of 1 / unit */

bool rp_is_unsigned(eager_dtype dtype);
int rp_bits(eager_dtype dtype); /* of an integer */

/* Compares what the library gave: bit for bit, but for floats that were computed, where -0
 * is 0 and one NaN another. The first place that differs, or -1, as always if it is rough.
 */
int64_t rp_difference(const rp_value *expected, const void *got);

/* Exactly one element, as C would write it, for reports. Until the fourth call after. */
const char *rp_element_text(eager_dtype dtype, const void *element);

#endif
