/* ctest: devices=all timeout=600 tuned */
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
  static const char *const names[] = {
      "IsNan",     "IsInf",   "IsFinite",     "Equal",    "Less",
      "LessEqual", "Greater", "GreaterEqual", "NotEqual", "ApproximateEqual"};
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
      if (test_tries(unary_cases[i].raw, floats[d]) && test_sampled(index++)) {
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
      if (test_tries(binary_cases[i].raw, floats[d]) && test_sampled(index++)) {
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

enum { SPECIAL_INTEGERS = 12 };

static int64_t special_integer(eager_dtype dtype, int i) {
  int64_t top = (int64_t)((uint64_t)1 << (kind_of(dtype).bits - 1));
  int64_t specials[SPECIAL_INTEGERS] = {0,
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
  return wrap_to(dtype, specials[i]);
}

static int64_t some_integer(eager_dtype dtype) {
  int64_t pick = test_random_int(0, 31);
  if (pick < SPECIAL_INTEGERS) return special_integer(dtype, (int)pick);
  return wrap_to(dtype, pick < 20 ? test_random_int(-100, 100) : (int64_t)test_random());
}

static int64_t legal_second(eager_dtype dtype, second_set seconds, int64_t value) {
  if (seconds == POWERS) return test_random_int(0, 70);
  if (seconds == SHIFTS)
    return wrap_to(dtype, test_random_int(-2, kind_of(dtype).bits + 2));
  return seconds == NO_ZERO && value == 0 ? 1 : value;
}

static void check_integer(const integer_case *c, eager_dtype dtype) {
  int count = most();
  size_t size = (size_t)count * sizeof(int64_t);
  int64_t *a = test_alloc(size), *b = test_alloc(size), *expected = test_alloc(size);
  eager_dtype result = c->to_bool ? EAGER_BOOL : c->to_uint8 ? EAGER_UINT8 : dtype;
  enum { PAIRS = SPECIAL_INTEGERS * SPECIAL_INTEGERS };
  for (int i = 0; i < count; i++) {
    bool special = i < PAIRS && count > PAIRS;
    a[i] = special ? special_integer(dtype, i / SPECIAL_INTEGERS) : some_integer(dtype);
    b[i] = special ? special_integer(dtype, i % SPECIAL_INTEGERS) : some_integer(dtype);
    b[i] = legal_second(dtype, c->seconds, b[i]);
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
          test_wants(integer_cases[i].raw, test_dtypes[d]) && test_sampled(index++)) {
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
    if ((EAGER__BIT(test_dtypes[d]) & EAGER__INTEGERS) == 0 ||
        !test_wants(NULL, test_dtypes[d]) || !test_sampled((uint64_t)d))
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

/* In ASYNC the call succeeds, and the tensor says what went wrong; what is computed from
 * it says so, too. */
static void bad_integers_poison(void **state) {
  (void)state;
  test_enable();
  double ones[] = {1, 2, 0, 4};
  eager_tensor *a = test_tensor(EAGER_INT32, (test_shape){1, {4}}, ones), *y, *z;
  static const binary_door doors[] = {eager_div, eager_truncatemod, eager_floormod};
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  for (int i = 0; i < 3; i++) {
    assert_ok(doors[i](a, a, &y));
    assert_ok(eager_add(y, a, &z));
    assert_fails_like(eager_tensor_wait(z), EAGER_INVALID_ARGUMENT,
                      "Integer division by zero at element 2");
    assert_int_equal(eager_tensor_poll(y), EAGER_FAILED);
    assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT,
                      "Integer division by zero at element 2");
    eager_tensor_release(z);
    eager_tensor_release(y);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  eager_tensor_release(a);
}

/* ---- What has no line in the tables ---- */

static void next_after(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 2; d++) {
    eager_dtype dtype = d == 0 ? EAGER_FLOAT32 : EAGER_FLOAT64;
    if (!test_tries("NextAfter", dtype)) continue;
    test_pick_mode((uint64_t)d);
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
static void functions_keep_a_zero_sign(void **state) {
  (void)state;
  test_enable();
  static const struct {
    const char *raw;
    unary_door door;
    double x, expected;
  } cases[] = {
      {"Sqrt", eager_sqrt, -0.0, -0.0},   {"Expm1", eager_expm1, -0.0, -0.0},
      {"Log1p", eager_log1p, -0.0, -0.0}, {"Sin", eager_sin, -0.0, -0.0},
      {"Tan", eager_tan, -0.0, -0.0},     {"Asin", eager_asin, -0.0, -0.0},
      {"Atan", eager_atan, -0.0, -0.0},   {"Sinh", eager_sinh, -0.0, -0.0},
      {"Tanh", eager_tanh, -0.0, -0.0},   {"Asinh", eager_asinh, -0.0, -0.0},
      {"Atanh", eager_atanh, -0.0, -0.0}, {"Floor", eager_floor, -0.0, -0.0},
      {"Ceil", eager_ceil, -0.5, -0.0},   {"Round", eager_round, -0.5, -0.0},
      {"Rint", eager_rint, -0.25, -0.0},  {"Softsign", eager_softsign, -0.0, -0.0},
      {"Sign", eager_sign, -0.0, 0.0},    {"Square", eager_square, -0.0, 0.0},
      {"Log", eager_log, 1.0, 0.0},       {"Exp", eager_exp, -INFINITY, 0.0},
  };
  static const eager_dtype wide[] = {EAGER_FLOAT32, EAGER_FLOAT64};
  for (int d = 0; d < 2; d++)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      if (!test_tries(NULL, wide[d])) continue;
      eager_tensor *x = test_scalar(wide[d], cases[i].x), *y;
      assert_ok(cases[i].door(x, &y));
      double got = test_read(y)[0];
      if (got != 0 || signbit(got) != signbit(cases[i].expected))
        fail_msg("%s(%g) of %s is %g, expected %g", cases[i].raw, cases[i].x,
                 eager_dtype_name(wide[d]), got, cases[i].expected);
      eager_tensor_release(y);
      eager_tensor_release(x);
    }
}

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

/* ---- Whether the tables have every row ---- */

#define ROW(raw, ...) #raw,
#define ALIAS(raw, ...)
static const char *const row_names[] = {
#include "ops/elementwise.def"
};
#undef UNARY
#undef BINARY
#undef ROW

/* Here, and in test_elementwise_choice.c. */
static bool has_own_test(const char *raw) {
  return strcmp(raw, "NextAfter") == 0 || strcmp(raw, "SelectV2") == 0 ||
         strcmp(raw, "ClipByValue") == 0;
}

static uint32_t tested_dtypes(const char *raw) {
  uint32_t dtypes = has_own_test(raw) ? EAGER__ANY : 0;
  for (size_t i = 0; i < sizeof unary_cases / sizeof *unary_cases; i++)
    if (strcmp(raw, unary_cases[i].raw) == 0) dtypes |= EAGER__FLOATS;
  for (size_t i = 0; i < sizeof binary_cases / sizeof *binary_cases; i++)
    if (strcmp(raw, binary_cases[i].raw) == 0) dtypes |= EAGER__FLOATS;
  for (size_t i = 0; i < sizeof integer_cases / sizeof *integer_cases; i++)
    if (strcmp(raw, integer_cases[i].raw) == 0) dtypes |= integer_cases[i].dtypes;
  return dtypes;
}

static void leaves_no_row_out(void **state) {
  (void)state;
  test_enable();
  for (size_t i = 0; i < sizeof row_names / sizeof *row_names; i++)
    for (int d = 0; d < TEST_DTYPES; d++) {
      if (!eager_op_is_supported(row_names[i], test_dtypes[d], NULL)) continue;
      if ((tested_dtypes(row_names[i]) & EAGER__BIT(test_dtypes[d])) == 0)
        fail_msg("no case for %s of %s", row_names[i], eager_dtype_name(test_dtypes[d]));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_keep_a_zero_sign),
      cmocka_unit_test(leaves_no_row_out),
      cmocka_unit_test(unary_floats),
      cmocka_unit_test(binary_floats),
      cmocka_unit_test(integers),
      cmocka_unit_test(bad_integers_fail),
      cmocka_unit_test(bad_integers_poison),
      cmocka_unit_test(next_after),
      cmocka_unit_test(zeros_keep_their_sign),
  };
  return test_main("ops/elementwise", tests, sizeof tests / sizeof *tests);
}
