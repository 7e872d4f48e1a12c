/* ctest: devices=all timeout=300 */
/* L2Normalize and BatchNormalization. */
#include <math.h>

#include "reference.h"
#include "test.h"

static double *doubles(int64_t count) {
  return test_alloc((size_t)(count + 1) * sizeof(double));
}

static double sum_of_squares(const double *values, int64_t count) {
  long double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += (long double)values[i] * values[i];
  return (double)sum;
}

typedef struct l2_case {
  test_shape shape;
  int axis_count; /* -1: not given */
  int64_t axes[3];
} l2_case;

static const l2_case l2_cases[] = {
    {{0}, -1, {0}},         {{1, {1}}, 1, {0}},           {{2, {5, 17}}, 1, {-1}},
    {{2, {5, 17}}, 1, {0}}, {{3, {2, 3, 4}}, 2, {0, -1}}, {{3, {2, 3, 4}}, -1, {0}},
    {{2, {2, 0}}, 1, {1}},  {{2, {3, 4}}, 0, {0}},        {{4, {2, 3, 1, 5}}, 3, {3, 1, 2}},
};

/* A sum of squares within an ulp or two, rsqrt within 2, a product. */
static void check_l2(eager_dtype dtype, const l2_case *c) {
  unsigned axes = 0;
  for (int i = 0; i < c->axis_count; i++)
    axes |= 1u << (c->axes[i] < 0 ? c->axes[i] + c->shape.rank : c->axes[i]);
  if (c->axis_count < 0) axes = (1u << c->shape.rank) - 1;
  double *x = test_random_values(dtype, test_elements(c->shape), -300, 300);
  double epsilon = 1e-12;
  double *sums = test_reduce(sum_of_squares, c->shape, x, axes);
  double *expected = doubles(test_elements(c->shape));
  test_shape kept = test_reduced(c->shape, axes, true);
  test_walk w;
  for (test_walk_begin(&w, c->shape); w.more; test_walk_next(&w))
    expected[w.position] =
        x[w.position] / sqrt(fmax(sums[test_walk_offset(&w, kept)], epsilon));
  eager_tensor *t = test_view(dtype, c->shape, x, 3), *y;
  test_pick_mode(test_random());
  assert_ok(eager_l2_normalize(t, c->axis_count < 0 ? NULL : c->axes,
                               c->axis_count < 0 ? 0 : c->axis_count, epsilon, &y));
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  test_expect(y, dtype, c->shape, expected, (test_tolerance){narrow ? 1 : 5, 0},
              "L2Normalize");
  eager_tensor_release(t);
  eager_tensor_release(y);
}

static void l2_normalizes(void **state) {
  (void)state;
  test_enable();
  test_time_limit(120); /* an empty cache: three programs for each dtype */
  for (int d = 0; d < TEST_DTYPES; d++)
    for (size_t i = 0; i < sizeof l2_cases / sizeof *l2_cases; i++)
      if (test_is_float(test_dtypes[d]) && test_tries(NULL, test_dtypes[d]))
        check_l2(test_dtypes[d], &l2_cases[i]);
}

static void l2_of_next_to_nothing(void **state) {
  (void)state;
  test_enable();
  double x[] = {0, 1e-9, 0, -0.0, INFINITY, 1}, expected[] = {0, 1e-3, 0, -0.0, NAN, 0};
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, x), *y;
  assert_ok(eager_l2_normalize(t, (int64_t[]){1}, 1, 1e-12, &y));
  test_expect(y, EAGER_FLOAT32, (test_shape){2, {3, 2}}, expected, (test_tolerance){5, 0},
              NULL);
  eager_tensor_release(t);
  eager_tensor_release(y);
}

/* Rounded steps: rsqrt 2 ulps, three products, two sums. */
static void check_batch(eager_dtype dtype, bool with_offset, bool with_scale) {
  test_shape shape = {3, {2, 3, 5}}, flat = {1, {5}}, tall = {2, {3, 1}};
  double *x = test_random_values(dtype, 30, -3, 3);
  double *mean = test_random_values(dtype, 5, -1, 1);
  double *variance = test_random_values(dtype, 3, 0.5, 2);
  double *offset = test_random_values(dtype, 5, -2, 2);
  double *scale = test_random_values(dtype, 3, -2, 2), *expected = doubles(30), size = 0;
  for (int i = 0; i < 30; i++) {
    double all = (with_scale ? scale[i / 5 % 3] : 1) / sqrt(variance[i / 5 % 3] + 0.01);
    double more = with_offset ? offset[i % 5] : 0;
    expected[i] = (x[i] - mean[i % 5]) * all + more;
    size = fmax(size, (fabs(x[i]) + fabs(mean[i % 5])) * fabs(all) + fabs(more));
  }
  eager_tensor *in[] = {test_view(dtype, shape, x, 1), test_view(dtype, flat, mean, 1),
                        test_view(dtype, tall, variance, 1),
                        with_offset ? test_view(dtype, flat, offset, 1) : NULL,
                        with_scale ? test_view(dtype, tall, scale, 1) : NULL};
  eager_tensor *y;
  test_pick_mode(test_random());
  assert_ok(eager_batch_normalization(in[0], in[1], in[2], in[3], in[4], 0.01, &y));
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  double e = test_epsilon(dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32);
  test_expect(y, dtype, shape, expected, (test_tolerance){narrow, 4 * e * size},
              "BatchNormalization");
  eager_tensor_release(y);
  for (int i = 0; i < 5; i++) eager_tensor_release(in[i]);
}

static void batch_normalizes(void **state) {
  (void)state;
  test_enable();
  test_time_limit(120);
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int i = 0; i < 4; i++)
      if (test_is_float(test_dtypes[d]) && test_tries(NULL, test_dtypes[d]))
        check_batch(test_dtypes[d], i % 2, i / 2);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, doubles(6)), *y;
  eager_tensor *two = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, doubles(2));
  assert_fails_like(eager_l2_normalize(x, (int64_t[]){2}, 1, 1, &y), EAGER_INVALID_ARGUMENT,
                    "axis 2 is out of range");
  assert_null(y);
  assert_fails(eager_l2_normalize(x, (int64_t[]){0, -2}, 2, 1, &y), EAGER_INVALID_ARGUMENT,
               "Invalid reduction arguments: Axes contains duplicate dimension: 0 "
               "[Op:L2Normalize]");
  assert_fails_like(eager_l2_normalize(x, NULL, 2, 1, &y), EAGER_INVALID_ARGUMENT,
                    "axis_count is 2, but axes is NULL");
  assert_fails(eager_batch_normalization(x, two, two, NULL, NULL, 0.1, &y),
               EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [2,3] vs. [2] [Op:BatchNormalization]");
  assert_fails_like(eager_batch_normalization(x, NULL, two, NULL, two, 0.1, &y),
                    EAGER_INVALID_ARGUMENT, "`mean`, is NULL");
  eager_tensor_release(x);
  eager_tensor_release(two);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(l2_of_next_to_nothing),
      cmocka_unit_test(l2_normalizes),
      cmocka_unit_test(batch_normalizes),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/normalize", tests, sizeof tests / sizeof *tests);
}
