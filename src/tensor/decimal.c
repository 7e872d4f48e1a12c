#include "tensor/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"

enum { TEXT = 64 };

static void trim(eager__decimal *decimal) {
  while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') decimal->count--;
  decimal->digits[decimal->count] = '\0';
}

void eager__decimal_round(double value, int count, eager__decimal *out) {
  char text[TEXT];
  snprintf(text, sizeof text, "%.*e", count - 1, fabs(value));
  out->negative = signbit(value);
  out->count = 0;
  const char *p = text;
  for (; *p != 'e'; p++) /* the decimal point is the locale's, perhaps several bytes */
    if (*p >= '0' && *p <= '9') out->digits[out->count++] = *p;
  out->exponent = (int)strtol(p + 1, NULL, 10);
  trim(out);
}

/* The next larger decimal of `count` digits. */
static void step_up(eager__decimal *decimal, int count) {
  while (decimal->count < count) decimal->digits[decimal->count++] = '0';
  int i = count - 1;
  while (i >= 0 && decimal->digits[i] == '9') decimal->digits[i--] = '0';
  if (i < 0) {
    decimal->digits[0] = '1';
    decimal->exponent++;
  } else {
    decimal->digits[i]++;
  }
  trim(decimal);
}

/* Written without a decimal point: every locale reads it alike. */
static bool reads_back(eager_dtype dtype, double value, const eager__decimal *decimal) {
  char text[TEXT];
  unsigned char expected[8], got[8];
  snprintf(text, sizeof text, "%se%d", decimal->digits,
           decimal->exponent - (decimal->count - 1));
  if (dtype == EAGER_FLOAT32) return strtof(text, NULL) == (float)fabs(value);
  eager__encode_double(dtype, fabs(value), expected);
  eager__encode_double(dtype, strtod(text, NULL), got);
  return memcmp(expected, got, eager_dtype_size(dtype)) == 0;
}

void eager__decimal_shortest(eager_dtype dtype, double value, eager__decimal *out) {
  assert(isfinite(value));
  int exponent;
  /* Below a power of two the next number is nearer than above: the nearest decimal may be
   * below and another number's, and the one above still this one's. */
  bool lopsided = fabs(frexp(value, &exponent)) == 0.5;
  for (int count = 1; count <= EAGER__DECIMAL_DIGITS; count++) {
    eager__decimal_round(value, count, out);
    if (reads_back(dtype, value, out)) return;
    if (!lopsided) continue;
    step_up(out, count);
    if (reads_back(dtype, value, out)) return;
  }
}
