/* ctest: devices=all */
/* Local response normalisation and its gradient. */
#include <math.h>

#include "reference.h"

static const struct {
  test_shape shape;
  eager_lrn_options options;
} cases[] = {
    {{4, {1, 1, 1, 1}}, {5, 1, 1, 0.5}},     {{4, {2, 3, 1, 7}}, {2, 1, 0.25, 0.75}},
    {{4, {1, 2, 2, 33}}, {5, 2, 0.5, 0.5}},  {{4, {1, 1, 3, 5}}, {0, 1, 1, 1}},
    {{4, {1, 1, 2, 4}}, {100, 1, 1, 0.5}},   {{4, {0, 2, 2, 3}}, {1, 1, 1, 0.5}},
    {{4, {1, 2, 1, 9}}, {3, 0.7, 0.3, 0.1}},
};
enum { CASES = sizeof cases / sizeof *cases };

static double norm_at(const double *x, int64_t channels, int64_t channel,
                      const eager_lrn_options *o) {
  double squares = 0;
  for (int64_t c = channel - o->depth_radius; c <= channel + o->depth_radius; c++)
    if (c >= 0 && c < channels) squares += x[c] * x[c];
  return o->bias + o->alpha * squares;
}

static double *forward(test_shape shape, const double *x, const eager_lrn_options *o) {
  int64_t count = test_elements(shape), channels = shape.dims[3];
  double *y = test_alloc((size_t)(count + 1) * sizeof *y);
  for (int64_t i = 0; i < count; i++) {
    int64_t row = i / channels * channels;
    y[i] = x[i] * pow(norm_at(x + row, channels, i - row, o), -o->beta);
  }
  return y;
}

/* The derivative of the sum of y * dy: d y[j] / d x[k] in full. */
static double *backward(test_shape shape, const double *dy, const double *x,
                        const double *y, const eager_lrn_options *o) {
  int64_t count = test_elements(shape), channels = shape.dims[3];
  double *dx = test_alloc((size_t)(count + 1) * sizeof *dx);
  for (int64_t j = 0; j < count; j++) {
    int64_t row = j / channels * channels, channel = j - row;
    double norm = norm_at(x + row, channels, channel, o);
    dx[j] += dy[j] * pow(norm, -o->beta);
    for (int64_t c = channel - o->depth_radius; c <= channel + o->depth_radius; c++)
      if (c >= 0 && c < channels)
        dx[row + c] -= 2 * o->alpha * o->beta * x[row + c] * y[j] / norm * dy[j];
  }
  return dx;
}

/* pow is off by 16 ulp at most, by OpenCL's table; the norm, a sum of up to 11 squares and
 * raised to beta <= 1, adds as many roundings. The gradient's terms, each below 1, cancel.
 */
static test_tolerance tolerance(eager_dtype dtype, bool back) {
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  double unit = test_epsilon(narrow ? EAGER_FLOAT32 : dtype);
  double absolute = back ? unit * 64 : 0;
  if (back && narrow) absolute += 8 * test_epsilon(dtype); /* y was rounded to the dtype */
  return (test_tolerance){narrow ? 1 : 32, absolute};
}

static void every_case(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
    for (int i = 0; i < CASES; i++) {
      test_pick_mode(test_random());
      test_shape shape = cases[i].shape;
      if (test_is_slow() && test_elements(shape) > 50) continue;
      const eager_lrn_options *o = &cases[i].options;
      int64_t count = test_elements(shape);
      double *x = test_random_values(dtype, count, -1, 1);
      double *dy = test_random_values(dtype, count, -1, 1);
      double *want = forward(shape, x, o);
      eager_tensor *t = test_view(dtype, shape, x, 3), *u = test_view(dtype, shape, dy, 1);
      eager_tensor *y, *g;
      const char *what = test_text("case %d", i);
      test_poison((size_t)count * eager_dtype_size(dtype));
      assert_ok(eager_local_response_normalization(t, o, &y));
      test_expect(y, dtype, shape, want, tolerance(dtype, false), what);
      assert_ok(eager_local_response_normalization_grad(u, t, y, o, &g));
      test_expect(g, dtype, shape, backward(shape, dy, x, want, o), tolerance(dtype, true),
                  what);
      eager_tensor_release(y);
      eager_tensor_release(g);
      eager_tensor_release(t);
      eager_tensor_release(u);
    }
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x =
      test_tensor(EAGER_FLOAT32, (test_shape){4, {1, 1, 1, 2}}, (double[]){1, 2});
  eager_tensor *flat = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 2});
  eager_tensor *other =
      test_tensor(EAGER_FLOAT32, (test_shape){4, {1, 1, 2, 1}}, (double[]){1, 2});
  eager_tensor *y;
  assert_fails(eager_local_response_normalization(flat, NULL, &y), EAGER_INVALID_ARGUMENT,
               "input must be 4-dimensional, got rank 1 [Op:LRN]");
  assert_null(y);
  assert_fails(eager_local_response_normalization(x, &(eager_lrn_options){-1, 1, 1, 1}, &y),
               EAGER_INVALID_ARGUMENT,
               "depth_radius must not be negative, got -1 [Op:LRN]");
  assert_fails(eager_local_response_normalization_grad(x, x, other, NULL, &y),
               EAGER_INVALID_ARGUMENT,
               "input_grads and output_image must have one shape, got [1,1,1,2] and "
               "[1,1,2,1] [Op:LRNGrad]");
  assert_ok(eager_local_response_normalization(x, NULL, &y));
  test_expect(y, EAGER_FLOAT32, (test_shape){4, {1, 1, 1, 2}},
              (double[]){1 / sqrt(6), 2 / sqrt(6)}, (test_tolerance){20, 0}, "defaults");
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_tensor_release(flat);
  eager_tensor_release(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/lrn", tests, sizeof tests / sizeof *tests);
}
