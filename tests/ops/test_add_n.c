/* ctest: devices=all */
/* Sums are exact: small integers, so that neither the order nor the 16-bit floats matter,
 * and, for integers, wrapping. */
#include <math.h>

#include "test_values.h"

enum { MOST = 40 };

static eager_status sum(eager_tensor **x, int count, eager_tensor **y) {
  return eager_add_n(x, (size_t)count, y);
}

static void check(eager_dtype dtype, int terms, test_shape shape) {
  int64_t n = test_elements(shape);
  double *expected = test_alloc((size_t)(n + 1) * sizeof *expected);
  eager_tensor *x[MOST], *y;
  for (int k = 0; k < terms; k++) {
    double *values = test_random_values(dtype, n, 0, 3);
    for (int64_t i = 0; i < n; i++) {
      if (test_is_float(dtype)) values[i] = (double)(int64_t)values[i];
      expected[i] += values[i];
    }
    x[k] = k % 2 ? test_view(dtype, shape, values, 1 + k % 5)
                 : test_tensor(dtype, shape, values);
  }
  test_poison((size_t)n * eager_dtype_size(dtype));
  assert_ok(sum(x, terms, &y));
  test_expect(y, dtype, shape, expected, TEST_EXACT,
              test_text("%d x %s", terms, eager_dtype_name(dtype)));
  eager_tensor_release(y);
  for (int k = 0; k < terms; k++) eager_tensor_release(x[k]);
}

static const int counts[] = {1, 2, 3, 7, 8, 9, 16, 17, MOST};

static void adds(void **state) {
  (void)state;
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
      if (test_dtypes[d] == EAGER_BOOL || !test_tries(NULL, test_dtypes[d])) continue;
      if (!test_sampled(index++)) continue;
      test_pick_mode(index);
      check(test_dtypes[d], counts[i], (test_shape){2, {3, test_is_slow() ? 3 : 41}});
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

static void lengths(void **state) {
  (void)state;
  test_enable();
  static const int64_t extents[] = {0, 1, 15, 16, 17, 1023, 1025, 65535, 65537, 200003};
  for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
    if (test_is_slow() && extents[i] > 17) break;
    check(EAGER_FLOAT32, 3, (test_shape){1, {extents[i]}});
    check(EAGER_FLOAT16, 10, (test_shape){1, {extents[i]}});
  }
  check(EAGER_INT32, 9, (test_shape){0});
  check(EAGER_INT32, 2, (test_shape){8, {1, 2, 1, 3, 1, 1, 2, 1}});
}

static void integers_wrap(void **state) {
  (void)state;
  test_enable();
  int64_t tops[] = {INT8_MAX, INT8_MIN, -1, 100}, expected[4];
  for (int i = 0; i < 4; i++) expected[i] = (int8_t)(uint8_t)(10 * (uint64_t)tops[i]);
  eager_tensor *t = test_tensor_int(EAGER_INT8, (test_shape){1, {4}}, tops), *x[10], *y;
  for (int k = 0; k < 10; k++) x[k] = t;
  assert_ok(sum(x, 10, &y));
  test_expect_int(y, EAGER_INT8, (test_shape){1, {4}}, expected, "ten times");
  eager_tensor_release(y);
  eager_tensor_release(t);
}

/* Ten terms take two launches: in between, the sum is still a float32. 2049 is no float16,
 * and would be rounded to 2048 at every step. */
static void rounds_once(void **state) {
  (void)state;
  test_enable();
  double first = 2048, one = 1, expected = 2048 + 9, infinite = INFINITY;
  expected = test_round(EAGER_FLOAT16, expected);
  eager_tensor *t = test_tensor(EAGER_FLOAT16, (test_shape){0}, &first), *x[10], *y;
  eager_tensor *u = test_tensor(EAGER_FLOAT16, (test_shape){0}, &one);
  eager_tensor *v = test_tensor(EAGER_FLOAT16, (test_shape){0}, &infinite);
  for (int k = 0; k < 10; k++) x[k] = k == 0 ? t : u;
  assert_ok(sum(x, 10, &y));
  test_expect(y, EAGER_FLOAT16, (test_shape){0}, &expected, TEST_EXACT, "2048 + 9 ones");
  eager_tensor_release(y);
  x[9] = v;
  assert_ok(sum(x, 10, &y));
  test_expect(y, EAGER_FLOAT16, (test_shape){0}, &infinite, TEST_EXACT, "infinity");
  eager_tensor_release(y);
  eager_tensor_release(t);
  eager_tensor_release(u);
  eager_tensor_release(v);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double values[6] = {0};
  eager_tensor *two = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, values);
  eager_tensor *row = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 2}}, values);
  eager_tensor *whole = test_tensor(EAGER_INT32, (test_shape){1, {2}}, values), *y = two;
  eager_tensor *flag = test_tensor(EAGER_BOOL, (test_shape){1, {2}}, values);
  assert_fails(sum((eager_tensor *[]){two, two, row}, 3, &y), EAGER_INVALID_ARGUMENT,
               "Inputs to operation AddN must have the same size and shape. Input 0: [2] "
               "!= input 2: [1,2] [Op:AddN]");
  assert_null(y);
  assert_fails_like(sum((eager_tensor *[]){two, whole}, 2, &y), EAGER_INVALID_ARGUMENT,
                    "was expected to be a float tensor but is a int32 tensor [Op:AddN]");
  assert_fails_like(sum(&flag, 1, &y), EAGER_INVALID_ARGUMENT, "[Op:AddN]");
  assert_fails(sum(NULL, 0, &y), EAGER_INVALID_ARGUMENT,
               "inputs must be a list of one or more tensors [Op:AddN]");
  eager_tensor_release(two);
  eager_tensor_release(row);
  eager_tensor_release(whole);
  eager_tensor_release(flag);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adds),          cmocka_unit_test(lengths),
      cmocka_unit_test(integers_wrap), cmocka_unit_test(rounds_once),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/add_n", tests, sizeof tests / sizeof *tests);
}
