/* ctest: devices=all timeout=600 tuned */
/* Every dtype to every dtype. The reference works on the bits of the source: what a value
 * becomes is decided in 64-bit integers or in one rounding of a double. */
#include <math.h>

#include "test_values.h"

enum { MOST = 400 };

typedef struct source {
  double number; /* floats */
  int64_t whole; /* integers and bool; uint64 as its bits */
} source;

static int bits_of(eager_dtype dtype) {
  return 8 * (int)eager_dtype_size(dtype);
}
static bool is_signed(eager_dtype dtype) {
  return (EAGER__BIT(dtype) & EAGER__INTS) != 0;
}

static int64_t wrap_to(eager_dtype dtype, int64_t value) {
  if (bits_of(dtype) == 64) return value;
  uint64_t mask = ((uint64_t)1 << bits_of(dtype)) - 1, bits = (uint64_t)value & mask;
  bool negative = is_signed(dtype) && bits >> (bits_of(dtype) - 1) != 0;
  return (int64_t)(negative ? bits | ~mask : bits);
}

static int64_t saturated(eager_dtype to, double value) {
  double beyond = ldexp(1, bits_of(to) - is_signed(to));
  uint64_t top = UINT64_MAX >> (64 - bits_of(to) + is_signed(to));
  if (isnan(value)) return 0;
  if (value >= beyond) return (int64_t)top;
  if (!is_signed(to)) return value <= 0 ? 0 : (int64_t)(uint64_t)value;
  return value <= -beyond ? -(int64_t)top - 1 : (int64_t)value;
}

/* Rounds a 64-bit magnitude to `digits` bits, to nearest even: every float type has
 * the range. */
static double rounded(int64_t value, bool has_sign, int digits) {
  bool negative = has_sign && value < 0;
  uint64_t size = negative ? 0 - (uint64_t)value : (uint64_t)value;
  int extra = 0;
  while (size >> extra >> digits != 0) extra++;
  if (extra == 0) return negative ? -(double)size : (double)size;
  uint64_t kept = size >> extra, rest = size - (kept << extra);
  uint64_t half = (uint64_t)1 << (extra - 1);
  kept += rest > half || (rest == half && (kept & 1) != 0);
  double result = ldexp((double)kept, extra);
  return negative ? -result : result;
}

static double to_float(eager_dtype from, eager_dtype to, source x) {
  if (test_is_float(from)) return test_round(to, x.number);
  int digits = to == EAGER_FLOAT64   ? 53
               : to == EAGER_FLOAT32 ? 24
               : to == EAGER_FLOAT16 ? 11
                                     : 8;
  double value = rounded(x.whole, is_signed(from), digits);
  return fabs(value) > test_highest(to) ? copysign(INFINITY, value) : value;
}

static int64_t to_whole(eager_dtype from, eager_dtype to, source x) {
  bool is_float = test_is_float(from);
  if (to == EAGER_BOOL) return is_float ? x.number != 0 : x.whole != 0;
  return is_float ? saturated(to, x.number) : wrap_to(to, x.whole);
}

static source some_float(eager_dtype dtype, int i) {
  static const double specials[] = {0.0,
                                    -0.0,
                                    NAN,
                                    INFINITY,
                                    -INFINITY,
                                    0.5,
                                    -0.5,
                                    0.999,
                                    -0.999,
                                    1.5,
                                    -1.5,
                                    127.5,
                                    128,
                                    -128.9,
                                    -129,
                                    255.9,
                                    256,
                                    32767.5,
                                    32768,
                                    -32769,
                                    65535.5,
                                    65536,
                                    0x1p31,
                                    -0x1p31,
                                    0x1p32,
                                    0x1p63,
                                    -0x1p63,
                                    0x1p64,
                                    65519,
                                    65520,
                                    -65520,
                                    3.5e38,
                                    0x1p-24,
                                    0x1p-25,
                                    0x1.8p-24,
                                    1e300,
                                    0x1.004p0,
                                    0x1.00400001p0,
                                    0x1.01p0,
                                    0x1.0100000001p0,
                                    0x1.0000010000001p0,
                                    2147483647.0};
  int count = sizeof specials / sizeof *specials;
  double value = i < count ? specials[i]
                 : i % 2   ? test_random_double(-300, 300)
                         : ldexp(test_random_double(-1, 1), (int)test_random_int(-20, 66));
  return (source){.number = test_round(dtype, value)};
}

static source some_whole(eager_dtype dtype, int i) {
  static const int64_t specials[] = {0,
                                     1,
                                     -1,
                                     127,
                                     128,
                                     255,
                                     256,
                                     -129,
                                     65519,
                                     65520,
                                     INT32_MAX,
                                     INT32_MIN,
                                     INT64_MAX,
                                     INT64_MIN,
                                     0x1000001,
                                     0x1010000001,
                                     0x101000000000001,
                                     0x7fffff4000000000,
                                     0x7fffff4000000001};
  int count = sizeof specials / sizeof *specials;
  int64_t value =
      i < count ? specials[i] : (int64_t)(test_random() >> test_random_int(0, 63));
  if (dtype == EAGER_BOOL) return (source){.whole = value & 1};
  return (source){.whole = wrap_to(dtype, i % 2 ? value : -value)};
}

static void check(eager_dtype from, eager_dtype to) {
  int count = test_is_slow() ? 60 : MOST;
  double numbers[MOST], floats[MOST];
  int64_t wholes[MOST], expected[MOST];
  for (int i = 0; i < count; i++) {
    source x = test_is_float(from) ? some_float(from, i) : some_whole(from, i);
    numbers[i] = x.number;
    wholes[i] = x.whole;
    if (test_is_float(to))
      floats[i] = to_float(from, to, x);
    else
      expected[i] = to_whole(from, to, x);
  }
  test_shape shape = {1, {count}};
  eager_tensor *t = test_is_float(from) ? test_view(from, shape, numbers, 3)
                                        : test_tensor_int(from, shape, wholes);
  eager_tensor *y;
  test_poison((size_t)count * eager_dtype_size(to));
  assert_ok(eager_cast(t, to, &y));
  const char *what = test_text("%s to %s", eager_dtype_name(from), eager_dtype_name(to));
  if (test_is_float(to))
    test_expect(y, to, shape, floats, TEST_EXACT, what);
  else
    test_expect_int(y, to, shape, expected, what);
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void every_pair(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (int i = 0; i < TEST_DTYPES; i++)
    for (int j = 0; j < TEST_DTYPES; j++)
      if (test_tries(NULL, test_dtypes[i]) && test_has_arithmetic(test_dtypes[j]) &&
          test_sampled(index++)) {
        bool sync = (i + j) % 2 == 0;
        assert_ok(eager_set_thread_execution_mode(sync ? EAGER_SYNC : EAGER_ASYNC));
        check(test_dtypes[i], test_dtypes[j]);
      }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

/* All of them, through float32 and back: nothing is lost on the way. */
static void every_sixteen_bits(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("too many elements for a simulator");
  static const eager_dtype dtypes[] = {EAGER_FLOAT16, EAGER_BFLOAT16};
  uint16_t *bits = test_alloc(65536 * sizeof *bits),
           *back = test_alloc(65536 * sizeof *back);
  for (int i = 0; i < 65536; i++) bits[i] = (uint16_t)i;
  int64_t dims[] = {65536};
  for (int d = 0; d < 2; d++) {
    eager_tensor *t, *wide, *y;
    assert_ok(eager_tensor_from_host(dtypes[d], 1, dims, bits, &t));
    assert_ok(eager_cast(t, EAGER_FLOAT32, &wide));
    assert_ok(eager_cast(wide, dtypes[d], &y));
    assert_ok(eager_tensor_to_host(y, back, 65536 * sizeof *back));
    int infinity = d == 0 ? 0x7c00 : 0x7f80;
    for (int i = 0; i < 65536; i++) {
      bool is_nan = (i & 0x7fff) > infinity;
      if (is_nan ? (back[i] & 0x7fff) > infinity : back[i] == bits[i]) continue;
      fail_msg("%s: 0x%04x came back as 0x%04x", eager_dtype_name(dtypes[d]), i, back[i]);
    }
    eager_tensor_release(y);
    eager_tensor_release(wide);
    eager_tensor_release(t);
  }
}

static void shapes_and_views(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {
      {0},          {1, {0}},     {3, {2, 0, 4}},
      {1, {17}},    {2, {5, 13}}, {8, {1, 2, 1, 2, 1, 2, 1, 3}},
      {1, {65537}}, {1, {200003}}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    int64_t count = test_elements(shapes[i]);
    if (test_is_slow() && count > 100) break;
    double *values = test_random_values(EAGER_INT16, count, -3000, 3000);
    eager_tensor *t = test_view(EAGER_INT16, shapes[i], values, 5), *y, *same;
    assert_ok(eager_cast(t, EAGER_FLOAT32, &y));
    test_expect(y, EAGER_FLOAT32, shapes[i], values, TEST_EXACT, "int16 to float32");
    assert_ok(eager_cast(y, EAGER_FLOAT32, &same));
    test_expect(same, EAGER_FLOAT32, shapes[i], values, TEST_EXACT, "no change");
    eager_tensor_release(same);
    eager_tensor_release(y);
    eager_tensor_release(t);
  }
}

/* Raw attribute Truncate: the bits a smaller float has no room for are cleared, and only
 * what is subnormal there is rounded still. */
static double truncated(eager_dtype from, eager_dtype to, double x) {
  int kept = to == EAGER_FLOAT32 ? 24 : to == EAGER_FLOAT16 ? 11 : 8, exponent;
  if (x == 0 || !isfinite(x)) return x;
  double fraction = frexp(x, &exponent);
  /* A subnormal's first bits are not significant ones. */
  int lost = from != EAGER_FLOAT64 && exponent < -125 ? -125 - exponent : 0;
  return ldexp(trunc(ldexp(fraction, kept - lost)), exponent - kept + lost);
}

static void truncates(void **state) {
  (void)state;
  test_enable();
  static const eager_dtype pairs[][2] = {
      {EAGER_FLOAT32, EAGER_FLOAT16}, {EAGER_FLOAT32, EAGER_BFLOAT16},
      {EAGER_FLOAT64, EAGER_FLOAT32}, {EAGER_FLOAT64, EAGER_FLOAT16},
      {EAGER_FLOAT32, EAGER_FLOAT64}, {EAGER_FLOAT32, EAGER_INT32}};
  for (int p = 0; p < 6; p++) {
    eager_dtype from = pairs[p][0], to = pairs[p][1];
    if (!test_tries(NULL, from) || !test_has_arithmetic(to)) continue;
    int count = test_is_slow() ? 60 : MOST;
    double values[MOST], expected[MOST];
    bool narrows = test_is_float(to) && test_epsilon(to) > test_epsilon(from);
    for (int i = 0; i < count; i++) {
      values[i] = some_float(from, i).number;
      if (to == EAGER_INT32 && !(fabs(values[i]) < 1e9)) values[i] = 1.5;
      expected[i] = narrows ? truncated(from, to, values[i]) : values[i];
      expected[i] = test_round(to, expected[i]);
    }
    test_shape shape = {1, {count}};
    eager_tensor *t = test_tensor(from, shape, values), *y;
    eager_op *op;
    int outputs = 1;
    assert_ok(eager_op_new("Cast", &op));
    assert_ok(eager_op_add_input(op, t));
    assert_ok(eager_op_set_attr_dtype(op, "DstT", to));
    assert_ok(eager_op_set_attr_bool(op, "Truncate", true));
    assert_ok(eager_op_execute(op, &y, &outputs));
    test_expect(y, to, shape, expected, TEST_EXACT,
                test_text("%s to %s", eager_dtype_name(from), eager_dtype_name(to)));
    eager_op_release(op);
    eager_tensor_release(y);
    eager_tensor_release(t);
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *t = test_scalar(EAGER_FLOAT32, 1), *y = t;
  assert_fails(eager_cast(t, (eager_dtype)99, &y), EAGER_INVALID_ARGUMENT,
               "DstT: 99 is not a dtype [Op:Cast]");
  assert_null(y);
  if (!test_has_arithmetic(EAGER_FLOAT64))
    assert_fails_like(eager_cast(t, EAGER_FLOAT64, &y), EAGER_UNIMPLEMENTED, "[Op:Cast]");
  eager_tensor_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair),       cmocka_unit_test(every_sixteen_bits),
      cmocka_unit_test(shapes_and_views), cmocka_unit_test(truncates),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/cast", tests, sizeof tests / sizeof *tests);
}
