/* ctest: devices=all timeout=600 */
/* Every elementwise op on every dtype it takes: special values first, then chance. */
#include "elementwise_floats.h"
#include "elementwise_integers.h"
#include "test.h"

enum { MOST = 1500 };

static int most(void) {
  return test_is_slow() ? 40 : MOST;
}

/* ---- Floats ---- */

static int add_specials(eager_dtype dtype, special_set set, double *out) {
  static const double mild[] = {0.0, -0.0, 1.0, -1.0, 0.5,      -0.5,      1.5, -1.5,
                                2.5, -2.5, 3.0, -3.0, INFINITY, -INFINITY, NAN};
  int count = 0;
  for (size_t i = 0; i < sizeof mild / sizeof *mild; i++) out[count++] = mild[i];
  if (set == MILD) return count;
  double ends[] = {test_highest(dtype), test_smallest_normal(dtype), 1e4, 1e-4, 17.25};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    out[count++] = ends[i];
    out[count++] = -ends[i];
  }
  if (set == LARGE) return count;
  out[count++] = test_smallest_normal(dtype) * test_epsilon(dtype);
  out[count++] = -test_smallest_normal(dtype) / 2;
  return count;
}

/* The 16-bit floats are computed in float32, where an error is 2^13 or 2^16 times smaller,
 * and rounded once more. A driver may flush subnormals. */
static test_tolerance tolerance(eager_dtype dtype, double ulps, double absolute) {
  if (ulps == 0) return TEST_EXACT;
  test_tolerance it = {ulps, absolute * 0x1p-23};
  if (dtype == EAGER_FLOAT16) it.ulps = 0.5 + ulps * 0x1p-13;
  if (dtype == EAGER_BFLOAT16) it.ulps = 0.5 + ulps * 0x1p-16;
  if (dtype == EAGER_FLOAT64) it = (test_tolerance){ulps + 1, absolute * 0x1p-52};
  if (dtype != EAGER_FLOAT16) it.absolute += test_smallest_normal(dtype);
  return it;
}

static bool gives_bool(const char *raw) {
  static const char *const names[] = {"IsNan",   "IsInf",        "IsFinite",
                                      "Equal",   "Less",         "LessEqual",
                                      "Greater", "GreaterEqual", "NotEqual"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(raw, names[i]) == 0) return true;
  return false;
}

static void check_unary(const unary_case *c, eager_dtype dtype) {
  double specials[40];
  int special_count = add_specials(dtype, c->specials, specials), count = most();
  double *x = test_random_values(dtype, count, c->low, c->high);
  for (int i = 0; i < special_count; i++) x[i] = test_round(dtype, specials[i]);
  test_shape shape = {1, {count}};
  eager_tensor *t = test_view(dtype, shape, x, 3), *y;
  assert_ok(c->door(t, &y));
  bool to_bool = gives_bool(c->raw);
  test_expect(y, to_bool ? EAGER_BOOL : dtype, shape, test_unary(c->reference, shape, x),
              tolerance(dtype, c->ulps, c->absolute), c->raw);
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void check_binary(const binary_case *c, eager_dtype dtype) {
  double specials[40];
  int special_count = add_specials(dtype, c->specials, specials), count = most();
  double *a = test_random_values(dtype, count, c->low, c->high);
  double *b = test_random_values(dtype, count, c->low, c->high);
  int pairs = special_count * special_count;
  for (int i = 0; i < pairs && i < count; i++) {
    int pair = pairs > count ? (int)test_random_int(0, pairs - 1) : i;
    a[i] = test_round(dtype, specials[pair / special_count]);
    b[i] = test_round(dtype, specials[pair % special_count]);
  }
  test_shape shape = {1, {count}}, out;
  eager_tensor *t = test_tensor(dtype, shape, a), *u = test_view(dtype, shape, b, 5), *y;
  assert_ok(c->door(t, u, &y));
  bool to_bool = gives_bool(c->raw);
  test_expect(y, to_bool ? EAGER_BOOL : dtype, shape,
              test_binary(c->reference, shape, a, shape, b, &out),
              tolerance(dtype, c->ulps, c->absolute), c->raw);
  eager_tensor_release(y);
  eager_tensor_release(t);
  eager_tensor_release(u);
}

static const eager_dtype floats[] = {EAGER_FLOAT32, EAGER_FLOAT16, EAGER_BFLOAT16,
                                     EAGER_FLOAT64};

static void unary_floats(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (size_t d = 0; d < sizeof floats / sizeof *floats; d++)
    for (size_t i = 0; i < sizeof unary_cases / sizeof *unary_cases; i++)
      if (test_sampled(index++) && test_has_arithmetic(floats[d])) {
        test_pick_mode(i + d);
        check_unary(&unary_cases[i], floats[d]);
      }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

static void binary_floats(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (size_t d = 0; d < sizeof floats / sizeof *floats; d++)
    for (size_t i = 0; i < sizeof binary_cases / sizeof *binary_cases; i++)
      if (test_sampled(index++) && test_has_arithmetic(floats[d])) {
        test_pick_mode(i + d);
        check_binary(&binary_cases[i], floats[d]);
      }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

/* ---- Integers and bool ---- */

static integer_kind kind_of(eager_dtype dtype) {
  bool is_signed = (EAGER__BIT(dtype) & EAGER__INTS) != 0;
  return (integer_kind){8 * (int)eager_dtype_size(dtype), is_signed};
}

static int64_t wrap_to(eager_dtype dtype, int64_t value) {
  integer_kind kind = kind_of(dtype);
  if (dtype == EAGER_BOOL) return value & 1;
  if (kind.bits == 64) return value;
  uint64_t mask = ((uint64_t)1 << kind.bits) - 1, bits = (uint64_t)value & mask;
  bool negative = kind.is_signed && bits >> (kind.bits - 1) != 0;
  return (int64_t)(negative ? bits | ~mask : bits);
}

static int64_t some_integer(eager_dtype dtype) {
  int64_t top = (int64_t)((uint64_t)1 << (kind_of(dtype).bits - 1));
  int64_t specials[] = {0,
                        1,
                        -1,
                        2,
                        -2,
                        3,
                        6,
                        7,
                        -7,
                        top,
                        (int64_t)((uint64_t)top - 1),
                        (int64_t)((uint64_t)top + 1)};
  int64_t pick = test_random_int(0, 31);
  int64_t value = pick < 12   ? specials[pick]
                  : pick < 20 ? test_random_int(-100, 100)
                              : (int64_t)test_random();
  return wrap_to(dtype, value);
}

static int64_t some_second(eager_dtype dtype, second_set seconds) {
  if (seconds == POWERS) return test_random_int(0, 70);
  if (seconds == SHIFTS)
    return wrap_to(dtype, test_random_int(-2, kind_of(dtype).bits + 2));
  int64_t value = some_integer(dtype);
  return seconds == NO_ZERO && value == 0 ? 1 : value;
}

static void check_integer(const integer_case *c, eager_dtype dtype) {
  int count = most();
  size_t size = (size_t)count * sizeof(int64_t);
  int64_t *a = test_alloc(size), *b = test_alloc(size), *expected = test_alloc(size);
  eager_dtype result = c->to_bool ? EAGER_BOOL : dtype;
  for (int i = 0; i < count; i++) {
    a[i] = some_integer(dtype);
    b[i] = some_second(dtype, c->seconds);
    expected[i] = wrap_to(result, c->reference(kind_of(dtype), a[i], b[i]));
  }
  test_shape shape = {1, {count}};
  eager_tensor *t = test_tensor_int(dtype, shape, a), *u = test_tensor_int(dtype, shape, b);
  eager_tensor *y;
  assert_ok(c->unary ? c->unary(t, &y) : c->binary(t, u, &y));
  test_expect_int(y, result, shape, expected, c->raw);
  eager_tensor_release(y);
  eager_tensor_release(t);
  eager_tensor_release(u);
}

static void integers(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    for (size_t i = 0; i < sizeof integer_cases / sizeof *integer_cases; i++)
      if ((integer_cases[i].dtypes & EAGER__BIT(test_dtypes[d])) != 0 &&
          test_sampled(index++)) {
        test_pick_mode(i + (uint64_t)d);
        check_integer(&integer_cases[i], test_dtypes[d]);
      }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

/* Three element positions: in a whole vector, in the rest, and two at once. */
static void bad_integers_fail(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    if ((EAGER__BIT(test_dtypes[d]) & EAGER__INTEGERS) == 0 || !test_sampled((uint64_t)d))
      continue;
    double ones[37];
    for (int i = 0; i < 37; i++) ones[i] = i == 5 || i == 36 ? 0 : 1;
    eager_tensor *a = test_tensor(test_dtypes[d], (test_shape){1, {37}}, ones);
    eager_tensor *row = test_tensor(test_dtypes[d], (test_shape){2, {2, 1}}, ones + 35), *y;
    assert_fails(eager_floordiv(a, a, &y), EAGER_INVALID_ARGUMENT,
                 "Integer division by zero at element 5 [Op:FloorDiv]");
    assert_fails(eager_floormod(a, row, &y), EAGER_INVALID_ARGUMENT,
                 "Integer division by zero at element 37 [Op:FloorMod]");
    assert_null(y);
    eager_tensor_release(a);
    eager_tensor_release(row);
  }
  eager_tensor *x = test_scalar(EAGER_INT32, 2), *minus = test_scalar(EAGER_INT32, -1), *y;
  assert_fails(eager_pow(x, minus, &y), EAGER_INVALID_ARGUMENT,
               "Integers to negative integer powers are not allowed: element 0 [Op:Pow]");
  eager_tensor_release(x);
  eager_tensor_release(minus);
}

/* ---- What has no line in the tables ---- */

static void next_after(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 2; d++) {
    eager_dtype dtype = d == 0 ? EAGER_FLOAT32 : EAGER_FLOAT64;
    if (!test_has_arithmetic(dtype)) continue;
    double specials[40], a[27 * 27], b[27 * 27], expected[27 * 27];
    int count = add_specials(dtype, TINY, specials), pairs = count * count;
    if (test_is_slow()) pairs = 40;
    assert_in_range(count, 1, 27);
    for (int i = 0; i < pairs; i++) {
      a[i] = test_round(dtype, specials[i / count]);
      b[i] = test_round(dtype, specials[i % count]);
      expected[i] = d == 0 ? nextafterf((float)a[i], (float)b[i]) : nextafter(a[i], b[i]);
    }
    test_shape shape = {1, {pairs}};
    eager_tensor *t = test_tensor(dtype, shape, a), *u = test_tensor(dtype, shape, b), *y;
    assert_ok(eager_nextafter(t, u, &y));
    test_expect(y, dtype, shape, expected, TEST_EXACT, "NextAfter");
    eager_tensor_release(y);
    eager_tensor_release(t);
    eager_tensor_release(u);
  }
}

/* The sign of zero is not in the tables' comparison. */
static void zeros_keep_their_sign(void **state) {
  (void)state;
  test_enable();
  double zeros[] = {0.0, -0.0};
  test_shape shape = {1, {2}};
  eager_tensor *x = test_tensor(EAGER_FLOAT32, shape, zeros), *y;
  assert_ok(eager_negative(x, &y));
  assert_true(signbit(test_read(y)[0]) && !signbit(test_read(y)[1]));
  eager_tensor_release(y);
  assert_ok(eager_abs(x, &y));
  assert_true(!signbit(test_read(y)[0]) && !signbit(test_read(y)[1]));
  eager_tensor_release(y);
  eager_tensor_release(x);
}

/* Bits go through untouched: a NaN's payload too, and float64 on every device. */
static void where_moves_bits(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    size_t size = eager_dtype_size(test_dtypes[d]);
    uint8_t bits[2][8 * 20], chosen[20], got[8 * 20], expected[8 * 20];
    for (int i = 0; i < 8 * 20; i++) {
      bits[0][i] = (uint8_t)(test_dtypes[d] == EAGER_BOOL ? i % 2 : 0xf1 + i % 15);
      bits[1][i] = (uint8_t)(test_dtypes[d] == EAGER_BOOL ? i % 3 == 0 : i);
    }
    for (int i = 0; i < 20; i++) {
      chosen[i] = i % 3 == 1;
      memcpy(expected + size * (size_t)i, bits[chosen[i] ? 0 : 1] + size * (size_t)i, size);
    }
    int64_t dims[] = {20};
    eager_tensor *c, *x, *y, *z;
    assert_ok(eager_tensor_from_host(EAGER_BOOL, 1, dims, chosen, &c));
    assert_ok(eager_tensor_from_host(test_dtypes[d], 1, dims, bits[0], &x));
    assert_ok(eager_tensor_from_host(test_dtypes[d], 1, dims, bits[1], &y));
    assert_ok(eager_where(c, x, y, &z));
    assert_ok(eager_tensor_to_host(z, got, 20 * size));
    assert_memory_equal(got, expected, 20 * size);
    eager_tensor *all[] = {c, x, y, z};
    for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
  }
}

static double clipped(double t, double low, double high) {
  double x = isnan(t) || t > low ? t : low;
  return isnan(x) || x < high ? x : high;
}

static void clip_by_value(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || !test_has_arithmetic(dtype) || !test_sampled((uint64_t)d))
      continue;
    test_shape shape = {2, {3, 7}}, column = {2, {3, 1}}, scalar = {0}, out;
    double *x = test_random_values(dtype, 21, 0, 100);
    if (test_is_float(dtype)) x[4] = NAN, x[5] = INFINITY;
    double lows[] = {20, 40, 90}, high = 80; /* the last row: high wins */
    eager_tensor *t = test_tensor(dtype, shape, x), *low = test_tensor(dtype, column, lows);
    eager_tensor *top = test_scalar(dtype, high), *y;
    assert_ok(eager_clip_by_value(t, low, top, &y));
    test_expect(y, dtype, shape,
                test_ternary(clipped, shape, x, column, lows, scalar, &high, &out),
                TEST_EXACT, "ClipByValue");
    eager_tensor_release(y);
    assert_fails(eager_clip_by_value(top, low, top, &y), EAGER_INVALID_ARGUMENT,
                 "clip_value_min and clip_value_max must broadcast to the shape of t, [], "
                 "but all three broadcast to [3,1] [Op:ClipByValue]");
    eager_tensor_release(t);
    eager_tensor_release(low);
    eager_tensor_release(top);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unary_floats),     cmocka_unit_test(binary_floats),
      cmocka_unit_test(integers),         cmocka_unit_test(bad_integers_fail),
      cmocka_unit_test(next_after),       cmocka_unit_test(zeros_keep_their_sign),
      cmocka_unit_test(where_moves_bits), cmocka_unit_test(clip_by_value),
  };
  return test_main("ops/elementwise", tests, sizeof tests / sizeof *tests);
}
