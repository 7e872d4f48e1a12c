/* ctest: devices=all timeout=120 tuned */
/* Softmax and LogSoftmax along every axis, with large, infinite and NaN logits. */
#include <math.h>

#include "reference.h"
#include "test.h"

/* Over axis `axis` of row-major x. */
static double *reference(bool logs, test_shape shape, const double *x, int axis) {
  int64_t inner = eager__shape_product(&shape, axis + 1, shape.rank);
  int64_t length = shape.dims[axis], count = test_elements(shape);
  double *y = test_alloc((size_t)(count + 1) * sizeof *y);
  for (int64_t row = 0; row < count / (length ? length : 1); row++) {
    int64_t first = row / inner * inner * length + row % inner,
            last = first + length * inner;
    double largest = -INFINITY, sum = 0;
    for (int64_t i = first; i < last; i += inner) largest = fmax(largest, x[i]);
    for (int64_t i = first; i < last; i += inner) sum += exp(x[i] - largest);
    for (int64_t i = first; i < last; i += inner)
      y[i] = logs ? x[i] - largest - log(sum) : exp(x[i] - largest) / sum;
  }
  return y;
}

/* OpenCL's exp and log are right to 3 ulps in float32 and float64; of x - largest, at most
 * `high`, half an ulp shows as `high` half epsilons of the result; sum and division: 4. */
static test_tolerance tolerance(bool logs, eager_dtype dtype, double high) {
  double ulps = 3 + high + 4;
  if (dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16) ulps = 1;
  eager_dtype computed = dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32;
  double absolute = logs ? 8 * test_epsilon(computed) : test_smallest_normal(dtype);
  return (test_tolerance){ulps, absolute};
}

static void check(eager_dtype dtype, test_shape shape, const double *x, int axis,
                  double high) {
  test_pick_mode(test_random());
  for (int logs = 0; logs < 2; logs++) {
    eager_tensor *t = test_view(dtype, shape, x, 3), *y;
    test_poison((size_t)test_elements(shape) * eager_dtype_size(dtype));
    assert_ok((logs ? eager_log_softmax : eager_softmax)(t, axis - shape.rank, &y));
    test_expect(y, dtype, shape, reference(logs, shape, x, axis),
                tolerance(logs, dtype, high), logs ? "LogSoftmax" : "Softmax");
    eager_tensor_release(y);
    eager_tensor_release(t);
  }
}

static void every_axis(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {{1, {1}},      {1, {37}},      {2, {7, 10}},
                                      {2, {33, 17}}, {3, {3, 5, 4}}, {3, {2, 0, 3}},
                                      {2, {18, 48}}, {2, {49, 49}}};
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
      if (test_is_slow() && test_elements(shapes[s]) > 100) continue;
      double *x = test_random_values(dtype, test_elements(shapes[s]), -8, 8);
      for (int axis = 0; axis < shapes[s].rank; axis++)
        check(dtype, shapes[s], x, axis, 16);
    }
  }
}

static void long_axes(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of exponentials");
  static const test_shape longs[] = {
      {1, {65537}}, {2, {2, 200003}}, {2, {200003, 2}}, {2, {65537, 65}}};
  for (int s = 0; s < 4; s++) {
    int axis = longs[s].dims[0] == 2;
    double *x = test_random_values(EAGER_FLOAT32, test_elements(longs[s]), -4, 4);
    check(EAGER_FLOAT32, longs[s], x, axis, 8);
  }
}

/* Cut into parts: one of them of -inf alone, and the largest in the last. */
static void very_long_axes(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of exponentials");
  static const test_shape longs[] = {{1, {600011}}, {2, {540001, 3}}};
  for (int s = 0; s < 2; s++) {
    int64_t count = test_elements(longs[s]);
    double *x = test_random_values(EAGER_FLOAT32, count, -4, 4);
    for (int64_t i = count / 3; i < count / 2; i++) x[i] = -INFINITY;
    x[count - 5] = 9;
    check(EAGER_FLOAT32, longs[s], x, 0, 16);
    check(EAGER_FLOAT16, longs[s], x, 0, 16);
  }
}

static void large_and_special_logits(void **state) {
  (void)state;
  test_enable();
  double x[] = {1e30, 1e30, -1e30, 0, 1, -INFINITY, 0,         3, 0, INFINITY, 1, 2,
                1,    NAN,  2,     3, 0, 0,         -INFINITY, 0, 5, 5,        5, 5};
  for (int i = 16; i < 20; i++) x[i] = -INFINITY;
  for (int axis = 1; axis >= 0; axis--)
    check(EAGER_FLOAT32, (test_shape){2, {6, 4}}, x, axis, 16);
  double many[4 * 24];
  for (int i = 0; i < 4 * 24; i++) many[i] = x[i % 24];
  check(EAGER_FLOAT32, (test_shape){2, {24, 4}}, many, 1, 16);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_scalar(EAGER_FLOAT32, 1), *y;
  assert_fails(eager_softmax(x, -1, &y), EAGER_INVALID_ARGUMENT,
               "logits must have at least 1 dimension, got shape [] [Op:Softmax]");
  assert_null(y);
  eager_tensor_release(x);
  x = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){1, 2});
  assert_fails_like(eager_log_softmax(x, 0, &y), EAGER_INVALID_ARGUMENT, "LogSoftmax");
  eager_tensor_release(x);
  x = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 2});
  assert_fails_like(eager_softmax(x, 1, &y), EAGER_INVALID_ARGUMENT,
                    "axis 1 is out of range");
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_axis),     cmocka_unit_test(long_axes),
      cmocka_unit_test(very_long_axes), cmocka_unit_test(large_and_special_logits),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/softmax", tests, sizeof tests / sizeof *tests);
}
