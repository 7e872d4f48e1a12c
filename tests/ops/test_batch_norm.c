/* ctest: devices=all timeout=300 tuned */
/* FusedBatchNormV3 and its gradient, in training and inference, channels last and first. */
#include <math.h>

#include "reference.h"
#include "test.h"

typedef struct norm_case {
  test_shape shape;
  bool last;
  bool is_inference;
  double factor, epsilon;
} norm_case;

static const norm_case cases[] = {
    {{4, {2, 3, 4, 5}}, true, false, 1, 0.001},
    {{4, {2, 3, 4, 5}}, false, false, 0.25, 0},
    {{4, {3, 1, 2, 17}}, true, true, 1, 0.01},
    {{4, {3, 17, 2, 1}}, false, true, 1, 0},
    {{4, {1, 1, 1, 1}}, true, false, 1, 0},
    {{4, {1, 1, 1, 4}}, true, false, 0.5, 0},
    {{4, {4, 4, 5, 1}}, true, false, 1, 0},
    {{4, {7, 1, 3, 5}}, false, false, 1, 0},
    {{4, {2, 3, 7, 7}}, false, false, 1, 0},
    {{5, {2, 2, 3, 2, 6}}, true, false, 0.75, 0},
    {{5, {2, 6, 2, 3, 2}}, false, true, 1, 0},
    {{4, {5, 9, 11, 33}}, true, false, 1, 0},
    {{4, {6, 35, 9, 11}}, false, false, 1, 0},
    {{4, {0, 2, 2, 3}}, true, false, 1, 0},
    {{4, {0, 3, 2, 2}}, false, true, 1, 0},
    {{4, {2, 2, 2, 0}}, true, false, 1, 0},
    {{4, {2, 3, 7, 64}}, true, false, 1, 0},
    {{4, {1, 5, 7, 79}}, true, false, 1, 0},
    {{4, {3, 3, 2, 129}}, true, true, 1, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

static const norm_case long_cases[] = {
    {{4, {1, 257, 257, 3}}, true, false, 1, 0},
    {{4, {1, 3, 1, 200003}}, false, false, 1, 0},
    {{4, {200003, 1, 1, 1}}, true, false, 1, 0},
    {{4, {65537, 3, 1, 2}}, false, false, 1, 0},
    {{4, {1, 257, 256, 64}}, true, false, 1, 0}, /* 16 MiB: stored past the caches */
    {{4, {1, 257, 256, 65}}, true, false, 1, 0},
};
enum { LONG_CASES = sizeof long_cases / sizeof *long_cases };

/* [outer][channels][inner] */
typedef struct layout {
  int64_t outer, channels, inner, n;
} layout;

static layout layout_of(const norm_case *c) {
  int axis = c->last ? c->shape.rank - 1 : 1;
  layout l = {eager__shape_product(&c->shape, 0, axis), c->shape.dims[axis],
              eager__shape_product(&c->shape, axis + 1, c->shape.rank), 0};
  l.n = l.outer * l.inner;
  return l;
}

/* Element `k` of channel `c`. */
static int64_t at(const layout *l, int64_t c, int64_t k) {
  return (k / l->inner * l->channels + c) * l->inner + k % l->inner;
}

static double *doubles(int64_t count) {
  return test_alloc((size_t)(count + 1) * sizeof(double));
}

static eager_dtype statistics_dtype(eager_dtype dtype) {
  return dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
}

typedef struct operands {
  double *x, *dy, *scale, *offset, *mean, *variance;
} operands;

static operands random_operands(eager_dtype dtype, const layout *l, double middle) {
  int64_t count = l->n * l->channels;
  eager_dtype u = statistics_dtype(dtype);
  operands o = {.x = test_random_values(dtype, count, middle - 3, middle + 3),
                .dy = test_random_values(dtype, count, -2, 2),
                .scale = test_random_values(u, l->channels, -2, 2),
                .offset = test_random_values(u, l->channels, -2, 2),
                .mean = test_random_values(u, l->channels, middle - 1, middle + 1),
                .variance = test_random_values(u, l->channels, 0.5, 3)};
  return o;
}

static eager_fused_batch_norm_options options_of(const norm_case *c) {
  static const char *const formats[2][2] = {{"NCHW", "NCDHW"}, {"NHWC", "NDHWC"}};
  return (eager_fused_batch_norm_options){
      .epsilon = c->epsilon,
      .exponential_avg_factor = c->factor == 1 ? 0 : c->factor,
      .data_format = formats[c->last][c->shape.rank == 5],
      .is_inference = c->is_inference};
}

static eager_tensor *vector(eager_dtype dtype, int64_t size, const double *values) {
  return test_view(dtype, (test_shape){1, {size}}, values, 1);
}

/* y: half an ulp each of x - mean, the product and the sum, 2 for rsqrt; the mean is within
 * an ulp or so, and n terms add up to within 2 ulps for what Kahan's sums lose. */
static void check_forward(eager_dtype dtype, const norm_case *c, double middle) {
  layout l = layout_of(c);
  operands o = random_operands(dtype, &l, middle);
  eager_dtype u = statistics_dtype(dtype);
  double epsilon = c->epsilon == 0 ? 0.0001 : c->epsilon, size = 0;
  double *y = doubles(l.n * l.channels), *mean = doubles(l.channels);
  double *variance = doubles(l.channels), *saved = doubles(l.channels);
  double *spread = doubles(l.channels);
  for (int64_t i = 0; i < l.channels; i++) {
    long double sum = 0, squares = 0;
    double n = (double)l.n, f = c->factor;
    for (int64_t k = 0; k < l.n; k++) sum += o.x[at(&l, i, k)];
    double m = (double)(sum / n);
    for (int64_t k = 0; k < l.n; k++)
      squares += (o.x[at(&l, i, k)] - sum / n) * (o.x[at(&l, i, k)] - sum / n);
    double v = (double)(squares / n);
    saved[i] = m;
    spread[i] = v;
    mean[i] = f == 1 ? m : (1 - f) * o.mean[i] + f * m;
    variance[i] = v * n / (n > 1 ? n - 1 : 1);
    if (f != 1) variance[i] = (1 - f) * o.variance[i] + f * variance[i];
    if (c->is_inference) {
      mean[i] = saved[i] = m = n > 0 ? o.mean[i] : NAN;
      variance[i] = spread[i] = v = n > 0 ? o.variance[i] : NAN;
    }
    double scale = o.scale[i] / sqrt(v + epsilon);
    for (int64_t k = 0; k < l.n; k++) {
      double here = o.x[at(&l, i, k)];
      y[at(&l, i, k)] = (here - m) * scale + o.offset[i];
      size = fmax(size, (fabs(here - m) + fabs(m)) * fabs(scale) + fabs(o.offset[i]));
    }
  }

  eager_fused_batch_norm_options options = options_of(c);
  int64_t given = c->is_inference || c->factor != 1 ? l.channels : 0;
  eager_tensor *in[] = {test_view(dtype, c->shape, o.x, 3), vector(u, l.channels, o.scale),
                        vector(u, l.channels, o.offset), vector(u, given, o.mean),
                        vector(u, given, o.variance)};
  eager_tensor *out[5];
  test_pick_mode(test_random());
  test_poison((size_t)test_elements(c->shape) * eager_dtype_size(dtype));
  assert_ok(eager_fused_batch_norm(in[0], in[1], in[2], in[3], in[4], &options, &out[0],
                                   &out[1], &out[2], &out[3], &out[4]));
  double e = test_epsilon(u);
  bool narrow = u != dtype;
  const char *what = test_text("[%d] of %s %s", (int)c->shape.rank, options.data_format,
                               c->is_inference ? "frozen" : "");
  test_shape channels = {1, {l.channels}};
  test_tolerance tight = {4, 2 * e * fabs(middle)};
  test_expect(out[0], dtype, c->shape, y, (test_tolerance){narrow, 8 * e * size}, what);
  test_expect(out[1], u, channels, mean, tight, what);
  test_expect(out[2], u, channels, variance, (test_tolerance){16, 16 * e}, what);
  test_expect(out[3], u, channels, saved, tight, what);
  test_expect(out[4], u, channels, spread, (test_tolerance){16, 16 * e}, what);
  for (int i = 0; i < 5; i++) {
    eager_tensor_release(in[i]);
    eager_tensor_release(out[i]);
  }
}

/* dx: three terms, each of some products; sums as above. */
static void check_backward(eager_dtype dtype, const norm_case *c, double middle) {
  layout l = layout_of(c);
  operands o = random_operands(dtype, &l, middle);
  eager_dtype u = statistics_dtype(dtype);
  double epsilon = c->epsilon == 0 ? 0.0001 : c->epsilon, size = 0, sums = 0;
  double *dx = doubles(l.n * l.channels), *dscale = doubles(l.channels);
  double *doffset = doubles(l.channels), n = (double)l.n;
  for (int64_t i = 0; i < l.channels; i++) {
    double inverse = 1 / sqrt(o.variance[i] + epsilon), all = o.scale[i] * inverse;
    double tilt = 0, tilt_size = 0, widest = 0;
    for (int64_t k = 0; k < l.n; k++) {
      double dy = o.dy[at(&l, i, k)], off = o.x[at(&l, i, k)] - o.mean[i];
      doffset[i] += dy;
      tilt += dy * off;
      tilt_size += fabs(dy * off);
      widest = fmax(widest, fabs(off));
    }
    dscale[i] = tilt * inverse;
    sums = fmax(sums, fmax(tilt_size * inverse, 2 * n));
    for (int64_t k = 0; k < l.n; k++) {
      double dy = o.dy[at(&l, i, k)], off = o.x[at(&l, i, k)] - o.mean[i];
      double level = doffset[i] / n, slant = inverse * inverse * tilt / n;
      dx[at(&l, i, k)] = c->is_inference ? all * dy : all * (dy - level - off * slant);
    }
    if (n > 0)
      size = fmax(size, fabs(all) * (4 + widest * inverse * inverse * tilt_size / n));
  }

  eager_fused_batch_norm_options options = options_of(c);
  eager_tensor *in[] = {test_view(dtype, c->shape, o.dy, 1),
                        test_view(dtype, c->shape, o.x, 3), vector(u, l.channels, o.scale),
                        vector(u, l.channels, o.mean), vector(u, l.channels, o.variance)};
  eager_tensor *out[3];
  test_pick_mode(test_random());
  test_poison((size_t)test_elements(c->shape) * eager_dtype_size(dtype));
  assert_ok(eager_fused_batch_norm_grad(in[0], in[1], in[2], in[3], in[4], &options,
                                        &out[0], &out[1], &out[2]));
  double e = test_epsilon(u);
  test_shape channels = {1, {l.channels}};
  test_expect(out[0], dtype, c->shape, dx, (test_tolerance){u != dtype, 8 * e * size},
              "dx");
  test_expect(out[1], u, channels, dscale, (test_tolerance){4, 4 * e * sums}, "dscale");
  test_expect(out[2], u, channels, doffset, (test_tolerance){4, 4 * e * sums}, "doffset");
  for (int i = 0; i < 5; i++) eager_tensor_release(in[i]);
  for (int i = 0; i < 3; i++) eager_tensor_release(out[i]);
}

static void every_case(void **state) {
  (void)state;
  test_enable();
  test_time_limit(200); /* an empty cache: a program for each dtype */
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int i = 0; i < CASES; i++) {
      eager_dtype dtype = test_dtypes[d];
      if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
      if (test_is_slow() && test_elements(cases[i].shape) > 130) continue;
      check_forward(dtype, &cases[i], 0.5);
      check_backward(dtype, &cases[i], 0.5);
    }
}

static void long_reductions(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of elements");
  for (int i = 0; i < LONG_CASES; i++) {
    check_forward(EAGER_FLOAT32, &long_cases[i], 0.5);
    check_backward(EAGER_FLOAT32, &long_cases[i], 0.5);
  }
  check_forward(EAGER_FLOAT16, &long_cases[0], 0.5);
}

/* Sums of squares would lose the variance altogether. */
static void large_means(void **state) {
  (void)state;
  test_enable();
  for (int i = 0; i < 2; i++) check_forward(EAGER_FLOAT32, &cases[i], 10000);
}

static eager_tensor *zeros(eager_dtype dtype, test_shape shape) {
  return test_tensor(dtype, shape, doubles(test_elements(shape)));
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = zeros(EAGER_FLOAT32, (test_shape){4, {2, 3, 4, 5}}), *y;
  eager_tensor *half = zeros(EAGER_FLOAT16, (test_shape){4, {2, 3, 4, 5}});
  eager_tensor *flat = zeros(EAGER_FLOAT32, (test_shape){3, {2, 3, 5}});
  eager_tensor *five = zeros(EAGER_FLOAT32, (test_shape){1, {5}});
  eager_tensor *three = zeros(EAGER_FLOAT32, (test_shape){1, {3}});
  eager_tensor *narrow = zeros(EAGER_FLOAT16, (test_shape){1, {5}});
  eager_fused_batch_norm_options odd = {.data_format = "CHWN"};
  eager_fused_batch_norm_options frozen = {.is_inference = true};
  eager_fused_batch_norm_options mixed = {.exponential_avg_factor = 0.5};
  const struct {
    eager_tensor *x, *scale, *mean;
    const eager_fused_batch_norm_options *options;
    const char *text;
  } bad[] = {
      {flat, five, five, NULL, "input must be 4 or 5-dimensional, got shape [2,3,5]"},
      {x, five, five, &odd, "Invalid data format \"CHWN\""},
      {x, three, five, NULL,
       "scale must have the same number of elements as the channels of x, got 3 and 5"},
      {x, flat, five, NULL, "scale must be 1-dimensional, got shape [2,3,5]"},
      {x, five, three, &frozen,
       "When is_training=false, mean must have the same number of elements as the channels "
       "of x, got 3 and 5"},
      {x, five, three, &mixed, "When exponential_avg_factor != 1, mean must have"},
      {half, narrow, five, NULL,
       "cannot compute FusedBatchNormV3 as input #1(zero-based) "
       "is a float16 tensor; allowed: float32, float64"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_fails_like(eager_fused_batch_norm(bad[i].x, bad[i].scale, five, bad[i].mean,
                                             bad[i].mean, bad[i].options, &y, NULL, NULL,
                                             NULL, NULL),
                      EAGER_INVALID_ARGUMENT, bad[i].text);
    assert_null(y);
  }
  eager_tensor *wide = zeros(EAGER_FLOAT64, (test_shape){1, {5}});
  assert_fails(
      eager_fused_batch_norm(x, five, wide, five, five, NULL, &y, NULL, NULL, NULL, NULL),
      EAGER_INVALID_ARGUMENT,
      "offset must be a float32 tensor where x is a float32 tensor, but is a "
      "float64 tensor [Op:FusedBatchNormV3]");
  eager_tensor *other = zeros(EAGER_FLOAT32, (test_shape){4, {2, 3, 5, 5}});
  assert_fails(
      eager_fused_batch_norm_grad(other, x, five, five, five, NULL, &y, NULL, NULL),
      EAGER_INVALID_ARGUMENT,
      "x and y_backprop must have same shape, but x has shape [2,3,4,5] and "
      "y_backprop has shape [2,3,5,5] [Op:FusedBatchNormGradV3]");
  assert_fails_like(
      eager_fused_batch_norm_grad(x, x, five, three, five, NULL, &y, NULL, NULL),
      EAGER_INVALID_ARGUMENT, "reserve_space_1 must have the same number of elements");
  eager_tensor *all[] = {x, half, flat, five, three, narrow, wide, other};
  for (int i = 0; i < 8; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case),
      cmocka_unit_test(large_means),
      cmocka_unit_test(long_reductions),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/batch_norm", tests, sizeof tests / sizeof *tests);
}
