/* Decimal digits of a float: the fewest that read back as the same element. No locale. */
#ifndef EAGER_TENSOR_DECIMAL_H
#define EAGER_TENSOR_DECIMAL_H

#include <stdbool.h>

#include "eagercl/dtype.h"

enum { EAGER__DECIMAL_DIGITS = 17 }; /* no double needs more */

/* d.ddd * 10^exponent; the last digit is not 0 unless it is the only one. */
typedef struct eager__decimal {
  bool negative;
  int count; /* of digits, at least 1 */
  int exponent;
  char digits[EAGER__DECIMAL_DIGITS + 1]; /* '0' to '9' */
} eager__decimal;

/* `value` is a finite element of `dtype`, a float. */
void eager__decimal_shortest(eager_dtype dtype, double value, eager__decimal *out);

/* The `count` digits nearest to the finite `value`, 1 to EAGER__DECIMAL_DIGITS. */
void eager__decimal_round(double value, int count, eager__decimal *out);

#endif
