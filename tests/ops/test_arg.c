/* ctest: devices=all timeout=120 tuned */
/* ArgMax and ArgMin: the first of equals, the first NaN, every axis and dtype. */
#include <math.h>

#include "reference.h"
#include "test.h"

static double first_largest(const double *x, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; i++)
    if (!isnan(x[best]) && (isnan(x[i]) || x[i] > x[best])) best = i;
  return (double)best;
}
static double first_smallest(const double *x, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; i++)
    if (!isnan(x[best]) && (isnan(x[i]) || x[i] < x[best])) best = i;
  return (double)best;
}

static void check(eager_dtype dtype, test_shape shape, int axis, double high, bool nan) {
  test_pick_mode(test_random());
  int64_t count = test_elements(shape);
  double *x = test_random_values(dtype, count, 0, high);
  for (int64_t i = 0; nan && i < count; i++)
    if (test_random_int(0, 9) == 0) x[i] = NAN;
  test_shape out = test_reduced(shape, 1u << axis, false);
  eager_tensor *t = test_view(dtype, shape, x, 5), *y;
  assert_ok(eager_argmax(t, axis, EAGER_INT64, &y));
  test_expect(y, EAGER_INT64, out, test_reduce(first_largest, shape, x, 1u << axis),
              TEST_EXACT, test_text("ArgMax axis %d", axis));
  eager_tensor_release(y);
  assert_ok(eager_argmin(t, axis - shape.rank, EAGER_INT32, &y));
  test_expect(y, EAGER_INT32, out, test_reduce(first_smallest, shape, x, 1u << axis),
              TEST_EXACT, test_text("ArgMin axis %d", axis));
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void every_axis(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {{1, {1}},     {1, {50}},      {2, {3, 40}},
                                      {2, {20, 5}}, {3, {4, 7, 3}}, {4, {2, 3, 4, 5}}};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (!test_tries(NULL, dtype)) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
      for (int axis = 0; axis < shapes[s].rank; axis++)
        for (int ties = 0; ties < 3; ties++)
          if (test_sampled(index++))
            check(dtype, shapes[s], axis, ties == 1 ? 2 : 100,
                  ties == 2 && test_is_float(dtype));
  }
}

static void small_output_types(void **state) {
  (void)state;
  test_enable();
  static const eager_dtype types[] = {EAGER_INT16, EAGER_UINT16, EAGER_INT32, EAGER_INT64};
  test_shape shape = {2, {5, 7}}, out = {1, {5}};
  double *x = test_random_values(EAGER_INT32, 35, -100, 100);
  eager_tensor *t = test_view(EAGER_INT32, shape, x, 3), *y;
  for (int i = 0; i < 4; i++) {
    test_pick_mode(test_random());
    assert_ok(eager_argmax(t, 1, types[i], &y));
    test_expect(y, types[i], out, test_reduce(first_largest, shape, x, 2), TEST_EXACT,
                "ArgMax");
    eager_tensor_release(y);
  }
  eager_tensor_release(t);
  if (test_is_slow()) return;
  shape = (test_shape){1, {32769}};
  double *ramp = test_random_values(EAGER_INT32, 32769, 0, 0);
  ramp[32768] = 1;
  t = test_tensor(EAGER_INT32, shape, ramp);
  assert_fails(eager_argmax(t, 0, EAGER_INT16, &y), EAGER_INVALID_ARGUMENT,
               "output_type int16 is too small for places along an axis of 32769 elements "
               "[Op:ArgMax]");
  assert_ok(eager_argmax(t, 0, EAGER_UINT16, &y));
  test_expect(y, EAGER_UINT16, (test_shape){0}, (double[]){32768}, TEST_EXACT, "ArgMax");
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void long_axes(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("a million comparisons");
  check(EAGER_FLOAT32, (test_shape){1, {65537}}, 0, 100, false);
  check(EAGER_FLOAT32, (test_shape){1, {1000001}}, 0, 1e6, false);
  check(EAGER_INT32, (test_shape){2, {2, 200003}}, 1, 1e9, false);
  check(EAGER_FLOAT32, (test_shape){2, {200003, 3}}, 0, 1e6, true);
  check(EAGER_FLOAT32, (test_shape){2, {65537, 65}}, 0, 1e6, false);
  check(EAGER_FLOAT32, (test_shape){2, {131, 530}}, 0, 50, true);
  if (test_has_arithmetic(EAGER_FLOAT64))
    check(EAGER_FLOAT64, (test_shape){3, {3, 70, 37}}, 1, 1e6, true);
  check(EAGER_FLOAT32, (test_shape){2, {40, 1027}}, 1, 1e6, true);
  check(EAGER_FLOAT16, (test_shape){2, {5, 300}}, 1, 100, true);
  check(EAGER_INT8, (test_shape){2, {4099, 70}}, 0, 100, false);
  check(EAGER_UINT8, (test_shape){2, {300, 1100}}, 0, 3, false);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 0}}, (double[1]){0}), *y;
  assert_fails(eager_argmax(x, 1, EAGER_INT64, &y), EAGER_INVALID_ARGUMENT,
               "Reduction axis 1 is empty in shape [2,0] [Op:ArgMax]");
  assert_null(y);
  assert_fails(
      eager_argmin(x, 0, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
      "output_type must be int16, uint16, int32 or int64, got float32 [Op:ArgMin]");
  assert_fails_like(eager_argmin(x, 2, EAGER_INT32, &y), EAGER_INVALID_ARGUMENT,
                    "dimension 2 is out of range");
  assert_ok(eager_argmax(x, 0, EAGER_INT32, &y));
  test_expect(y, EAGER_INT32, (test_shape){1, {0}}, (double[1]){0}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new("ArgMax", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_fails_like(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
                    "attribute `dimension` is required");
  assert_null(y);
  eager_op_release(op);
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_axis),
      cmocka_unit_test(small_output_types),
      cmocka_unit_test(long_axes),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/arg", tests, sizeof tests / sizeof *tests);
}
