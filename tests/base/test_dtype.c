/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/dtype.h"

static const struct row_case {
  eager_dtype dtype;
  const char *name, *tf_name;
  eager__kind kind;
  int size;
  const char *stored, *computed, *npy;
} row_cases[] = {
    {EAGER_FLOAT32, "float32", "float", EAGER__KIND_FLOAT, 4, "float", "float", "f4"},
    {EAGER_FLOAT64, "float64", "double", EAGER__KIND_FLOAT, 8, "double", "double", "f8"},
    {EAGER_FLOAT16, "float16", "half", EAGER__KIND_FLOAT, 2, "ushort", "float", "f2"},
    {EAGER_BFLOAT16, "bfloat16", "bfloat16", EAGER__KIND_FLOAT, 2, "ushort", "float", "V2"},
    {EAGER_INT8, "int8", "int8", EAGER__KIND_INT, 1, "char", "char", "i1"},
    {EAGER_INT16, "int16", "int16", EAGER__KIND_INT, 2, "short", "short", "i2"},
    {EAGER_INT32, "int32", "int32", EAGER__KIND_INT, 4, "int", "int", "i4"},
    {EAGER_INT64, "int64", "int64", EAGER__KIND_INT, 8, "long", "long", "i8"},
    {EAGER_UINT8, "uint8", "uint8", EAGER__KIND_UINT, 1, "uchar", "uchar", "u1"},
    {EAGER_UINT16, "uint16", "uint16", EAGER__KIND_UINT, 2, "ushort", "ushort", "u2"},
    {EAGER_UINT32, "uint32", "uint32", EAGER__KIND_UINT, 4, "uint", "uint", "u4"},
    {EAGER_UINT64, "uint64", "uint64", EAGER__KIND_UINT, 8, "ulong", "ulong", "u8"},
    {EAGER_BOOL, "bool", "bool", EAGER__KIND_BOOL, 1, "uchar", "uchar", "b1"},
};
enum { ROW_CASES = sizeof row_cases / sizeof *row_cases };

static void every_dtype_has_its_row(void **state) {
  (void)state;
  for (int i = 0; i < ROW_CASES; i++) {
    const struct row_case *c = &row_cases[i];
    const eager__dtype_row *row = eager__dtype(c->dtype);
    assert_true(eager__dtype_is_valid(c->dtype));
    assert_string_equal(eager_dtype_name(c->dtype), c->name);
    assert_int_equal(eager_dtype_size(c->dtype), c->size);
    assert_string_equal(row->name, c->name);
    assert_string_equal(row->tf_name, c->tf_name);
    assert_int_equal(row->kind, c->kind);
    assert_int_equal(row->size, c->size);
    assert_string_equal(row->stored, c->stored);
    assert_string_equal(row->computed, c->computed);
    assert_string_equal(row->npy, c->npy);
  }
}

static void other_values_are_unknown(void **state) {
  (void)state;
  int valid = 0;
  for (int value = -2; value < 300; value++) {
    if (eager__dtype_is_valid((eager_dtype)value)) {
      valid++;
      continue;
    }
    assert_string_equal(eager_dtype_name((eager_dtype)value), "unknown");
    assert_int_equal(eager_dtype_size((eager_dtype)value), 0);
    assert_int_equal(eager__dtype((eager_dtype)value)->kind, EAGER__KIND_NONE);
  }
  assert_int_equal(valid, ROW_CASES);
  assert_false(eager__dtype_is_valid(EAGER_DTYPE_INVALID));
}

static void sets_hold_the_dtypes_of_their_kind(void **state) {
  (void)state;
  unsigned all = 0;
  for (int i = 0; i < ROW_CASES; i++) {
    unsigned bit = EAGER__BIT(row_cases[i].dtype);
    all |= bit;
    assert_int_equal((EAGER__FLOATS & bit) != 0, row_cases[i].kind == EAGER__KIND_FLOAT);
    assert_int_equal((EAGER__INTS & bit) != 0, row_cases[i].kind == EAGER__KIND_INT);
    assert_int_equal((EAGER__UINTS & bit) != 0, row_cases[i].kind == EAGER__KIND_UINT);
    assert_int_equal((EAGER__BOOLS & bit) != 0, row_cases[i].kind == EAGER__KIND_BOOL);
  }
  assert_int_equal(EAGER__ANY, all);
  assert_int_equal(EAGER__INTEGERS, EAGER__INTS | EAGER__UINTS);
  assert_int_equal(EAGER__NUMBERS | EAGER__BOOLS, EAGER__ANY);
}

/* The element of `dtype` at `element` as bits, and that nothing after it was written. */
static uint64_t element_bits(eager_dtype dtype, const unsigned char element[9]) {
  uint8_t one;
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  for (size_t i = eager_dtype_size(dtype); i < 9; i++) assert_int_equal(element[i], 0xa5);
  switch (eager_dtype_size(dtype)) {
  case 1:
    memcpy(&one, element, 1);
    return one;
  case 2:
    memcpy(&two, element, 2);
    return two;
  case 4:
    memcpy(&four, element, 4);
    return four;
  default:
    memcpy(&eight, element, 8);
    return eight;
  }
}

static uint64_t int_bits(eager_dtype dtype, int64_t value) {
  unsigned char element[9];
  memset(element, 0xa5, sizeof element);
  eager__encode_int(dtype, value, element);
  return element_bits(dtype, element);
}

static uint64_t double_bits(eager_dtype dtype, double value) {
  unsigned char element[9];
  memset(element, 0xa5, sizeof element);
  eager__encode_double(dtype, value, element);
  return element_bits(dtype, element);
}

static void integers_wrap(void **state) {
  (void)state;
  static const struct {
    eager_dtype dtype;
    int64_t value;
    uint64_t bits;
  } cases[] = {
      {EAGER_INT8, -1, 0xff},
      {EAGER_INT8, 128, 0x80},
      {EAGER_UINT8, 256, 0},
      {EAGER_UINT8, -1, 0xff},
      {EAGER_INT16, 65537, 1},
      {EAGER_UINT16, -2, 0xfffe},
      {EAGER_INT32, INT64_C(0x123456789a), 0x3456789a},
      {EAGER_UINT32, -1, 0xffffffff},
      {EAGER_INT64, INT64_MIN, UINT64_C(1) << 63},
      {EAGER_UINT64, -1, UINT64_MAX},
      {EAGER_BOOL, 0, 0},
      {EAGER_BOOL, 256, 1},
      {EAGER_BOOL, INT64_MIN, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(int_bits(cases[i].dtype, cases[i].value), cases[i].bits);
}

/* bfloat16 has 8 bits: 257 * 2^54 lies half-way between 256 and 258 * 2^54, and to even is
 * down. One more is up, though a double or a float on the way cannot hold that one. */
static void integers_round_once_to_floats(void **state) {
  (void)state;
  int64_t tie = INT64_C(257) << 54;
  assert_int_equal(int_bits(EAGER_FLOAT32, 16777217), 0x4b800000);
  assert_int_equal(int_bits(EAGER_FLOAT64, 3), UINT64_C(0x4008000000000000));
  assert_int_equal(int_bits(EAGER_FLOAT16, 2049), 0x6800);
  assert_int_equal(int_bits(EAGER_FLOAT16, 2051), 0x6802);
  assert_int_equal(int_bits(EAGER_FLOAT16, 65519), 0x7bff);
  assert_int_equal(int_bits(EAGER_FLOAT16, 65520), 0x7c00);
  assert_int_equal(int_bits(EAGER_FLOAT16, INT64_MIN), 0xfc00);
  assert_int_equal(int_bits(EAGER_BFLOAT16, tie), 0x5e80);
  assert_int_equal(int_bits(EAGER_BFLOAT16, tie + 1), 0x5e81);
  assert_int_equal(int_bits(EAGER_BFLOAT16, -tie), 0xde80);
  assert_int_equal(int_bits(EAGER_BFLOAT16, -tie - 1), 0xde81);
  assert_int_equal(int_bits(EAGER_BFLOAT16, tie - 1), 0x5e80);
  assert_int_equal(int_bits(EAGER_BFLOAT16, INT64_MIN), 0xdf00);
}

static void doubles_round_once_to_floats(void **state) {
  (void)state;
  assert_int_equal(double_bits(EAGER_FLOAT32, 0.1), 0x3dcccccd);
  assert_int_equal(double_bits(EAGER_FLOAT64, -0.0), UINT64_C(1) << 63);
  /* 1 + 2^-11 is a tie of half's; a float cannot hold what is added to it. */
  assert_int_equal(double_bits(EAGER_FLOAT16, 1 + 0x1p-11), 0x3c00);
  assert_int_equal(double_bits(EAGER_FLOAT16, 1 + 0x1p-11 + 0x1p-50), 0x3c01);
  assert_int_equal(double_bits(EAGER_FLOAT16, -1 - 0x1p-11 - 0x1p-50), 0xbc01);
  assert_int_equal(double_bits(EAGER_FLOAT16, 1 + 0x3p-11 - 0x1p-50), 0x3c01);
  assert_int_equal(double_bits(EAGER_FLOAT16, 1 + 0x3p-11), 0x3c02);
  assert_int_equal(double_bits(EAGER_FLOAT16, 65520 - 0x1p-30), 0x7bff);
  assert_int_equal(double_bits(EAGER_FLOAT16, 0x1p-25 + 0x1p-70), 0x0001);
  assert_int_equal(double_bits(EAGER_FLOAT16, 1e-300), 0);
  assert_int_equal(double_bits(EAGER_FLOAT16, -1e300), 0xfc00);
  assert_int_equal(double_bits(EAGER_FLOAT16, -0.0), 0x8000);
  assert_int_equal(double_bits(EAGER_FLOAT16, (double)INFINITY), 0x7c00);
  assert_int_equal(double_bits(EAGER_FLOAT16, (double)NAN) & 0x7e00, 0x7e00);
  assert_int_equal(double_bits(EAGER_BFLOAT16, 1 + 0x1p-8), 0x3f80);
  assert_int_equal(double_bits(EAGER_BFLOAT16, 1 + 0x1p-8 + 0x1p-50), 0x3f81);
  assert_int_equal(double_bits(EAGER_BFLOAT16, 1e300), 0x7f80);
  assert_int_equal(double_bits(EAGER_BFLOAT16, 0x1p-134 + 0x1p-180), 0x0001);
  assert_int_equal(double_bits(EAGER_BFLOAT16, 0x1p-134), 0);
}

static void doubles_become_integers(void **state) {
  (void)state;
  static const struct {
    eager_dtype dtype;
    double value;
    uint64_t bits;
  } cases[] = {
      {EAGER_INT32, 2.9, 2},
      {EAGER_INT32, -2.9, 0xfffffffe},
      {EAGER_UINT8, 257.5, 1},
      {EAGER_UINT8, -1.5, 0xff},
      {EAGER_INT64, -0x1p63, UINT64_C(1) << 63},
      {EAGER_INT64, 0x1p63, UINT64_C(1) << 63},
      {EAGER_UINT64, 0x1.8p63, UINT64_C(3) << 62},
      {EAGER_UINT64, 0x1p64 + 0x1p20, UINT64_C(1) << 20},
      {EAGER_UINT64, 1e300, 0},
      {EAGER_INT16, (double)INFINITY, 0},
      {EAGER_INT32, (double)NAN, 0},
      {EAGER_BOOL, 0.25, 1},
      {EAGER_BOOL, -0.0, 0},
      {EAGER_BOOL, (double)NAN, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(double_bits(cases[i].dtype, cases[i].value), cases[i].bits);
}

static void decoding_gives_the_value(void **state) {
  (void)state;
  static const struct {
    eager_dtype dtype;
    int64_t value;
  } cases[] = {
      {EAGER_FLOAT32, -7},
      {EAGER_FLOAT64, 123456789},
      {EAGER_FLOAT16, -1024},
      {EAGER_BFLOAT16, 192},
      {EAGER_INT8, -128},
      {EAGER_INT8, 127},
      {EAGER_INT16, -32768},
      {EAGER_INT32, INT32_MIN},
      {EAGER_INT32, -1},
      {EAGER_INT64, INT64_MIN},
      {EAGER_INT64, -3},
      {EAGER_UINT8, 255},
      {EAGER_UINT16, 65535},
      {EAGER_UINT32, UINT32_MAX},
      {EAGER_UINT64, 1000000007},
      {EAGER_BOOL, 1},
      {EAGER_BOOL, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char element[10]; /* at an odd address: elements need no alignment */
    eager__encode_int(cases[i].dtype, cases[i].value, element + 1);
    assert_true(eager__decode_double(cases[i].dtype, element + 1) ==
                (double)cases[i].value);
  }
  uint64_t most = UINT64_MAX;
  assert_true(eager__decode_double(EAGER_UINT64, &most) == 0x1p64);
  uint8_t five = 5;
  assert_true(eager__decode_double(EAGER_BOOL, &five) == 1);
}

static void unknown_dtypes_write_nothing_and_read_zero(void **state) {
  (void)state;
  unsigned char element[8], before[8];
  memset(element, 0xa5, sizeof element);
  memcpy(before, element, sizeof before);
  eager__encode_int((eager_dtype)7, 1, element);
  eager__encode_double((eager_dtype)99, 1, element);
  assert_memory_equal(element, before, sizeof before);
  assert_true(eager__decode_double((eager_dtype)7, element) == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_dtype_has_its_row),
      cmocka_unit_test(other_values_are_unknown),
      cmocka_unit_test(sets_hold_the_dtypes_of_their_kind),
      cmocka_unit_test(integers_wrap),
      cmocka_unit_test(integers_round_once_to_floats),
      cmocka_unit_test(doubles_round_once_to_floats),
      cmocka_unit_test(doubles_become_integers),
      cmocka_unit_test(decoding_gives_the_value),
      cmocka_unit_test(unknown_dtypes_write_nothing_and_read_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
