/* ctest: devices=all timeout=300 tuned */
/* BiasAdd and BiasAddGrad on every number and rank, channels last and first. */
#include <math.h>

#include "reference.h"
#include "test.h"

typedef struct bias_case {
  test_shape shape;
  const char *format;
} bias_case;

static const bias_case cases[] = {
    {{2, {1, 1}}, NULL},
    {{2, {7, 5}}, "NHWC"},
    {{2, {7, 5}}, "NCHW"},
    {{3, {2, 3, 4}}, NULL},
    {{3, {2, 3, 17}}, "NCHW"},
    {{4, {2, 3, 4, 5}}, "NHWC"},
    {{4, {2, 5, 3, 3}}, "NCHW"},
    {{5, {2, 3, 2, 2, 3}}, "NDHWC"},
    {{5, {2, 3, 2, 2, 3}}, "NCDHW"},
    {{8, {1, 2, 1, 3, 1, 2, 1, 2}}, "NCHW"},
    {{2, {33, 65}}, NULL},
    {{4, {0, 2, 2, 3}}, NULL},
    {{4, {2, 0, 2, 3}}, "NCHW"},
    {{3, {2, 3, 0}}, "NCHW"},
};
enum { CASES = sizeof cases / sizeof *cases };

static double *doubles(int64_t count) {
  return test_alloc((size_t)(count + 1) * sizeof(double));
}

/* Integers stay small enough not to wrap but for 8 bits, where both wrap alike. */
static void check(eager_dtype dtype, const bias_case *c) {
  bool last = c->format == NULL || c->format[1] != 'C';
  int axis = last ? c->shape.rank - 1 : 1;
  int64_t channels = c->shape.dims[axis], count = test_elements(c->shape);
  int64_t inner = eager__shape_product(&c->shape, axis + 1, c->shape.rank);
  double *x = test_random_values(dtype, count, 0, 9);
  double *bias = test_random_values(dtype, channels, 0, 9);
  double *sum = doubles(count), *grad = doubles(channels), size = 0;
  for (int64_t i = 0; i < count; i++) {
    int64_t channel = i / inner % channels;
    sum[i] = x[i] + bias[channel];
    grad[channel] += x[i];
  }
  for (int64_t i = 0; i < channels; i++) {
    size = fmax(size, grad[i]);
    grad[i] = test_round(dtype, grad[i]);
  }
  test_pick_mode(test_random());
  test_shape vector = {1, {channels}};
  eager_tensor *value = test_view(dtype, c->shape, x, 3), *y, *dy;
  eager_tensor *biases = test_view(dtype, vector, bias, 1);
  test_poison((size_t)count * eager_dtype_size(dtype));
  assert_ok(eager_bias_add(value, biases, c->format, &y));
  assert_ok(eager_bias_add_grad(value, c->format, &dy));
  test_tolerance half = {0.5, 0};
  test_expect(y, dtype, c->shape, sum, test_is_float(dtype) ? half : TEST_EXACT, "BiasAdd");
  test_tolerance few = {1, 4 * size * 1e-7};
  test_expect(dy, dtype, vector, grad, test_is_float(dtype) ? few : TEST_EXACT,
              "BiasAddGrad");
  eager_tensor *all[] = {value, biases, y, dy};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

static void every_case(void **state) {
  (void)state;
  test_enable();
  test_time_limit(120); /* an empty cache: the program of Sum for each dtype */
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || !test_tries(NULL, dtype)) continue;
    if (!test_is_float(dtype) && !test_sampled((uint64_t)d)) continue;
    for (int i = 0; i < CASES; i++)
      if (!test_is_slow() || test_elements(cases[i].shape) <= 100) check(dtype, &cases[i]);
  }
}

static void special_values(void **state) {
  (void)state;
  test_enable();
  double x[] = {-0.0, INFINITY, NAN, 1}, bias[] = {-0.0, -INFINITY};
  double expected[] = {-0.0, NAN, NAN, -INFINITY};
  eager_tensor *value = test_view(EAGER_FLOAT32, (test_shape){2, {2, 2}}, x, 1), *y;
  eager_tensor *biases = test_view(EAGER_FLOAT32, (test_shape){1, {2}}, bias, 1);
  assert_ok(eager_bias_add(value, biases, NULL, &y));
  test_expect(y, EAGER_FLOAT32, (test_shape){2, {2, 2}}, expected, TEST_EXACT, NULL);
  eager_tensor_release(value);
  eager_tensor_release(biases);
  eager_tensor_release(y);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, doubles(6)), *y;
  eager_tensor *three = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, doubles(3));
  eager_tensor *two = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, doubles(2));
  assert_fails(eager_bias_add(x, two, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Must provide as many biases as the channel dimension of the input tensor: "
               "[2] vs. 3 in [2,3] [Op:BiasAdd]");
  assert_null(y);
  assert_fails_like(eager_bias_add(x, x, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "Biases must be 1D: [2,3]");
  assert_fails_like(eager_bias_add(three, three, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "Input tensor must be at least 2D: [3]");
  assert_fails_like(eager_bias_add(x, three, "HWC", &y), EAGER_INVALID_ARGUMENT,
                    "Invalid data format \"HWC\"");
  assert_fails(eager_bias_add_grad(three, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Input tensor must be at least 2D: [3] [Op:BiasAddGrad]");
  assert_fails_like(eager_bias_add_grad(x, "", &y), EAGER_INVALID_ARGUMENT,
                    "Invalid data format \"\"");
  eager_tensor *all[] = {x, three, two};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(special_values),
      cmocka_unit_test(every_case),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/bias", tests, sizeof tests / sizeof *tests);
}
