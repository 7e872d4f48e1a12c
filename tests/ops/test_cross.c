/* ctest: devices=all */
#include "test_values.h"

/* Products are rounded, then their difference: 1.5 ulp of the larger product, which is at
 * most 100; 16-bit floats are rounded once. Integers are exact, wrapped. */
static void check(eager_dtype dtype, test_shape shape) {
  int64_t n = test_elements(shape);
  bool is_float = test_is_float(dtype);
  bool is_signed = is_float || (EAGER__BIT(dtype) & EAGER__INTS) != 0;
  double low = is_signed ? -10 : 0;
  double *a = test_random_values(dtype, n, low, 10);
  double *b = test_random_values(dtype, n, low, 10);
  double *expected = test_alloc((size_t)(n + 1) * sizeof *expected);
  for (int64_t i = 0; i < n; i++) {
    int64_t row = i / 3 * 3, j = row + (i + 1) % 3, k = row + (i + 2) % 3;
    double value = a[j] * b[k] - a[k] * b[j];
    expected[i] = is_float ? value : test_round(dtype, value);
  }
  eager_tensor *t = test_view(dtype, shape, a, 1), *u = test_tensor(dtype, shape, b), *y;
  test_poison((size_t)n * eager_dtype_size(dtype));
  assert_ok(eager_cross(t, u, &y));
  double epsilon = dtype == EAGER_FLOAT64 ? 0x1p-52 : 0x1p-23;
  test_tolerance tolerance = {0.51, 300 * epsilon};
  test_expect(y, dtype, shape, expected, is_float ? tolerance : TEST_EXACT,
              eager_dtype_name(dtype));
  eager_tensor_release(t);
  eager_tensor_release(u);
  eager_tensor_release(y);
}

static void products(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {{1, {3}},
                                      {2, {0, 3}},
                                      {2, {5, 3}},
                                      {3, {2, 3, 3}},
                                      {8, {1, 2, 1, 1, 2, 1, 1, 3}},
                                      {2, {67, 3}},
                                      {2, {341, 3}},
                                      {2, {342, 3}}};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      if (test_dtypes[d] == EAGER_BOOL || !test_tries(NULL, test_dtypes[d])) continue;
      if (test_is_slow() && test_elements(shapes[i]) > 30) continue;
      if (!test_sampled(index++)) continue;
      test_pick_mode(index);
      check(test_dtypes[d], shapes[i]);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

static void many(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("too many elements for a simulator");
  check(EAGER_FLOAT32, (test_shape){2, {21845, 3}});
  check(EAGER_FLOAT32, (test_shape){2, {21846, 3}});
  check(EAGER_INT32, (test_shape){2, {66668, 3}});
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double values[6] = {0};
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, values), *y = a;
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 3}}, values);
  eager_tensor *two = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, values);
  eager_tensor *none = test_tensor(EAGER_FLOAT32, (test_shape){0}, values);
  assert_fails(eager_cross(a, b, &y), EAGER_INVALID_ARGUMENT,
               "Both inputs must be of same shape: [3] vs. [1,3] [Op:Cross]");
  assert_null(y);
  assert_fails(eager_cross(two, two, &y), EAGER_INVALID_ARGUMENT,
               "Cross-products are only defined for 3-element vectors. [Op:Cross]");
  assert_fails(eager_cross(none, none, &y), EAGER_INVALID_ARGUMENT,
               "Input must be at least 1D, got: [] [Op:Cross]");
  eager_tensor *all[] = {a, b, two, none};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products),
      cmocka_unit_test(many),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/cross", tests, sizeof tests / sizeof *tests);
}
