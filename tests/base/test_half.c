/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "eagercl/dtype.h"

/* The two formats, so that every check below runs on both. */
typedef struct format {
  int mantissa_bits, exponent_bits;
  uint16_t (*narrow)(float);
  float (*widen)(uint16_t);
} format;

static const format formats[] = {
    {10, 5, eager_float_to_half, eager_half_to_float},
    {7, 8, eager_float_to_bfloat16, eager_bfloat16_to_float},
};

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint16_t infinity_of(const format *f) {
  return (uint16_t)(((1u << f->exponent_bits) - 1) << f->mantissa_bits);
}

/* What the bits mean by IEEE 754, written from the definition. `pattern` is finite; that of
 * infinity gives the number after the largest. */
static double meaning(const format *f, uint16_t pattern) {
  int exponent = (pattern & 0x7fff) >> f->mantissa_bits;
  int mantissa = pattern & ((1 << f->mantissa_bits) - 1);
  int bias = (1 << (f->exponent_bits - 1)) - 1;
  if (exponent > 0) mantissa |= 1 << f->mantissa_bits;
  double value = ldexp(mantissa, (exponent > 0 ? exponent : 1) - bias - f->mantissa_bits);
  return (pattern & 0x8000) != 0 ? -value : value;
}

static bool is_nan_pattern(const format *f, unsigned pattern) {
  return (pattern & 0x7fff) > infinity_of(f);
}

static void every_pattern_widens_to_its_meaning(void **state) {
  const format *f = *state;
  for (unsigned pattern = 0; pattern < 65536; pattern++) {
    float value = f->widen((uint16_t)pattern);
    assert_int_equal(signbit(value) != 0, pattern >> 15);
    if (is_nan_pattern(f, pattern)) {
      assert_true(isnan(value));
      assert_true((bits_of(value) & 0x400000) != 0);
    } else if ((pattern & 0x7fff) == infinity_of(f)) {
      assert_true(isinf(value));
    } else {
      assert_true((double)value == meaning(f, (uint16_t)pattern));
    }
  }
}

static void every_pattern_survives_the_round_trip(void **state) {
  const format *f = *state;
  unsigned quiet = 1u << (f->mantissa_bits - 1);
  for (unsigned pattern = 0; pattern < 65536; pattern++) {
    unsigned expected = is_nan_pattern(f, pattern) ? pattern | quiet : pattern;
    assert_int_equal(f->narrow(f->widen((uint16_t)pattern)), expected);
  }
}

/* Between each number and the next: the tie goes to the even one, its neighbours to the
 * nearer one. The last gap is that before what overflows to infinity. */
static void ties_go_to_even_in_every_gap(void **state) {
  const format *f = *state;
  for (unsigned low = 0; low < infinity_of(f); low++) {
    unsigned high = low + 1, even = low % 2 == 0 ? low : high;
    double middle = (meaning(f, (uint16_t)low) + meaning(f, (uint16_t)high)) / 2;
    float tie = (float)middle;
    assert_true((double)tie == middle);
    float below = float_of(bits_of(tie) - 1), above = float_of(bits_of(tie) + 1);
    assert_int_equal(f->narrow(tie), even);
    assert_int_equal(f->narrow(below), low);
    assert_int_equal(f->narrow(above), high);
    assert_int_equal(f->narrow(-tie), even | 0x8000);
    assert_int_equal(f->narrow(-below), low | 0x8000);
    assert_int_equal(f->narrow(-above), high | 0x8000);
  }
}

/* One float in 4093 of all: the result is nowhere farther than half a gap. */
static void floats_go_to_the_nearest(void **state) {
  const format *f = *state;
  uint16_t last = (uint16_t)(infinity_of(f) - 1);
  for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 4093) {
    float value = float_of((uint32_t)bits);
    uint16_t narrow = f->narrow(value);
    assert_int_equal(narrow >> 15, bits >> 31);
    narrow &= 0x7fff;
    if (isnan(value)) {
      assert_true(is_nan_pattern(f, narrow));
      continue;
    }
    double size = fabs((double)value);
    double high = (meaning(f, last) + meaning(f, infinity_of(f))) / 2;
    if (narrow < infinity_of(f))
      high = (meaning(f, narrow) + meaning(f, (uint16_t)(narrow + 1))) / 2;
    if (narrow == infinity_of(f)) {
      assert_true(size >= high);
      continue;
    }
    assert_true(size <= high);
    if (narrow > 0)
      assert_true(size >= (meaning(f, narrow) + meaning(f, (uint16_t)(narrow - 1))) / 2);
  }
}

static void nans_become_quiet_and_keep_their_sign(void **state) {
  const format *f = *state;
  static const uint32_t nans[] = {0x7f800001, 0xff800001, 0x7fc00000, 0xffc00000,
                                  0x7fffffff, 0xffffffff, 0x7f80ffff, 0xffa00000};
  unsigned quiet = 1u << (f->mantissa_bits - 1);
  for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
    unsigned narrow = f->narrow(float_of(nans[i]));
    assert_true(is_nan_pattern(f, narrow));
    assert_true((narrow & quiet) != 0);
    assert_int_equal(narrow >> 15, nans[i] >> 31);
  }
}

static void known_values(void **state) {
  (void)state;
  static const struct {
    float value;
    uint16_t half, bfloat16;
  } cases[] = {
      {0.0f, 0x0000, 0x0000},        {-0.0f, 0x8000, 0x8000},    {1.0f, 0x3c00, 0x3f80},
      {-2.0f, 0xc000, 0xc000},       {65504.0f, 0x7bff, 0x4780}, {65519.0f, 0x7bff, 0x4780},
      {65520.0f, 0x7c00, 0x4780},    {0x1p-14f, 0x0400, 0x3880}, {0x1p-24f, 0x0001, 0x3380},
      {0x1p-25f, 0x0000, 0x3300},    {3e38f, 0x7c00, 0x7f62},    {INFINITY, 0x7c00, 0x7f80},
      {3.14159265f, 0x4248, 0x4049},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(eager_float_to_half(cases[i].value), cases[i].half);
    assert_int_equal(eager_float_to_bfloat16(cases[i].value), cases[i].bfloat16);
  }
  assert_int_equal(eager_float_to_bfloat16(float_of(0x7f7fffff)), 0x7f80);
  assert_int_equal(eager_float_to_half(float_of(1)), 0);
}

static int run(const char *name, const format *f) {
  void *state = (void *)(uintptr_t)f;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(every_pattern_widens_to_its_meaning, state),
      cmocka_unit_test_prestate(every_pattern_survives_the_round_trip, state),
      cmocka_unit_test_prestate(ties_go_to_even_in_every_gap, state),
      cmocka_unit_test_prestate(floats_go_to_the_nearest, state),
      cmocka_unit_test_prestate(nans_become_quiet_and_keep_their_sign, state),
      cmocka_unit_test(known_values),
  };
  return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void) {
  return run("float16", &formats[0]) + run("bfloat16", &formats[1]);
}
