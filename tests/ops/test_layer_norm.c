/* ctest: devices=all timeout=300 tuned */
/* LayerNorm, RMSNorm and their gradients over the last one and more axes. */
#include <math.h>

#include "reference.h"
#include "test.h"

typedef struct norm_case {
  test_shape shape;
  int axis; /* the first normalised */
} norm_case;

static const norm_case cases[] = {
    {{1, {1}}, 0},          {{1, {37}}, 0},      {{2, {5, 16}}, 1},   {{2, {33, 17}}, 1},
    {{2, {3, 257}}, 1},     {{3, {2, 3, 5}}, 1}, {{3, {2, 3, 5}}, 0}, {{3, {7, 1, 64}}, 2},
    {{4, {2, 3, 1, 9}}, 2}, {{2, {0, 4}}, 1},    {{2, {3, 0}}, 1},    {{2, {130, 3}}, 1},
    {{3, {2, 65, 100}}, 2},
};
enum { CASES = sizeof cases / sizeof *cases };

static const norm_case long_cases[] = {
    {{2, {2, 65537}}, 1}, {{1, {200003}}, 0}, {{2, {65537, 3}}, 1}, {{2, {70, 65536}}, 1}};
enum { LONG_CASES = sizeof long_cases / sizeof *long_cases };

typedef struct rows {
  int64_t count, length;
  test_shape outer, params;
} rows;

static rows rows_of(const norm_case *c) {
  rows r = {.count = eager__shape_product(&c->shape, 0, c->axis),
            .length = eager__shape_product(&c->shape, c->axis, c->shape.rank)};
  for (int d = 0; d < c->shape.rank; d++) {
    test_shape *part = d < c->axis ? &r.outer : &r.params;
    part->dims[part->rank++] = c->shape.dims[d];
  }
  return r;
}

static double *doubles(int64_t count) {
  return test_alloc((size_t)(count + 1) * sizeof(double));
}

static eager_dtype statistics_dtype(eager_dtype dtype) {
  return dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
}

typedef struct operands {
  double *x, *dy, *gamma, *beta, *mean, *rstd;
} operands;

/* With the statistics of x, as the device would hold them. */
static operands make_operands(eager_dtype dtype, const rows *r, bool centred,
                              double epsilon, double middle) {
  operands o = {
      .x = test_random_values(dtype, r->count * r->length, middle - 3, middle + 3),
      .dy = test_random_values(dtype, r->count * r->length, -2, 2),
      .gamma = test_random_values(dtype, r->length, -2, 2),
      .beta = test_random_values(dtype, r->length, -2, 2),
      .mean = doubles(r->count),
      .rstd = doubles(r->count),
  };
  for (int64_t i = 0; i < r->count; i++) {
    const double *x = o.x + i * r->length;
    long double m = 0, v = 0, n = (long double)r->length;
    for (int64_t k = 0; centred && k < r->length; k++) m += x[k];
    m /= centred ? n : 1;
    for (int64_t k = 0; k < r->length; k++) v += (x[k] - m) * (x[k] - m);
    o.mean[i] = (double)m;
    o.rstd[i] = 1 / sqrt((double)(v / n) + epsilon);
  }
  return o;
}

/* As in test_batch_norm.c: a few roundings of y's largest summands. The mean is rounded,
 * which for a large one shows. */
static void check_forward(eager_dtype dtype, const norm_case *c, bool centred, int params,
                          double middle) {
  rows r = rows_of(c);
  double epsilon = test_random_double(0.00001, 0.01), size = 0;
  operands o = make_operands(dtype, &r, centred, epsilon, middle);
  double *y = doubles(r.count * r.length);
  for (int64_t i = 0; i < r.count * r.length; i++) {
    int64_t row = i / r.length, k = i - row * r.length;
    double gamma = params > 0 ? o.gamma[k] : 1, beta = params > 1 ? o.beta[k] : 0;
    double off = o.x[i] - o.mean[row], scale = o.rstd[row] * gamma;
    y[i] = off * scale + beta;
    size = fmax(size, (fabs(off) + fabs(o.mean[row])) * fabs(scale) + fabs(beta));
  }
  eager_dtype u = statistics_dtype(dtype);
  double e = test_epsilon(u);
  eager_tensor *x = test_view(dtype, c->shape, o.x, 3), *out, *mean = NULL, *rstd;
  eager_tensor *gamma = params > 0 ? test_view(dtype, r.params, o.gamma, 1) : NULL;
  eager_tensor *beta = params > 1 ? test_view(dtype, r.params, o.beta, 2) : NULL;
  test_pick_mode(test_random());
  test_poison((size_t)test_elements(c->shape) * eager_dtype_size(dtype));
  test_poison((size_t)r.count * eager_dtype_size(u));
  int axis = c->axis - c->shape.rank;
  assert_ok(centred ? eager_layer_norm(x, gamma, beta, axis, epsilon, &out, &mean, &rstd)
                    : eager_rms_norm(x, gamma, axis, epsilon, &out, &rstd));
  const char *what = test_text("%s, axis %d, %d", centred ? "layer" : "rms", axis, params);
  test_expect(out, dtype, c->shape, y, (test_tolerance){u != dtype, 8 * e * size}, what);
  test_expect(rstd, u, r.outer, o.rstd, (test_tolerance){8, 0}, what);
  if (centred)
    test_expect(mean, u, r.outer, o.mean, (test_tolerance){4, 2 * e * (fabs(middle) + 3)},
                what);
  eager_tensor *all[] = {x, out, mean, rstd, gamma, beta};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
}

static void check_backward(eager_dtype dtype, const norm_case *c, bool centred) {
  rows r = rows_of(c);
  operands o = make_operands(dtype, &r, centred, 0.001, 0.5);
  eager_dtype u = statistics_dtype(dtype);
  double *dx = doubles(r.count * r.length), *dgamma = doubles(r.length);
  double *dbeta = doubles(r.length), *sums = doubles(r.length);
  double size = 0, most = 0, n = (double)r.length, e = test_epsilon(u);
  for (int64_t i = 0; i < r.count; i++) {
    double level = 0, tilt = 0, tilt_size = 0, widest = 0;
    double mean = o.mean[i] = test_round(u, o.mean[i]);
    double rstd = o.rstd[i] = test_round(u, o.rstd[i]);
    const double *x = o.x + i * r.length, *dy = o.dy + i * r.length;
    for (int64_t k = 0; k < r.length; k++) {
      double off = x[k] - mean, slope = dy[k] * o.gamma[k];
      level += centred ? slope / n : 0;
      tilt += slope * off / n;
      tilt_size += fabs(slope * off) / n;
      widest = fmax(widest, fabs(off));
      dgamma[k] += dy[k] * off * rstd;
      dbeta[k] += dy[k];
      sums[k] += fabs(dy[k] * off * rstd) + fabs(dy[k]);
    }
    for (int64_t k = 0; k < r.length; k++)
      dx[i * r.length + k] =
          rstd * (dy[k] * o.gamma[k] - level - (x[k] - mean) * rstd * rstd * tilt);
    size = fmax(size, rstd * (8 + widest * rstd * rstd * tilt_size));
  }
  for (int64_t k = 0; k < r.length; k++) most = fmax(most, sums[k]);

  eager_tensor *in[] = {test_view(dtype, c->shape, o.dy, 1),
                        test_view(dtype, c->shape, o.x, 3),
                        test_view(dtype, r.params, o.gamma, 1),
                        test_view(u, r.outer, o.mean, 1), test_view(u, r.outer, o.rstd, 2)};
  eager_tensor *out[3] = {NULL, NULL, NULL};
  test_pick_mode(test_random());
  test_poison((size_t)test_elements(c->shape) * eager_dtype_size(dtype));
  test_poison((size_t)r.length * eager_dtype_size(dtype));
  if (centred)
    assert_ok(eager_layer_norm_grad(in[0], in[1], in[2], in[3], in[4], c->axis, &out[0],
                                    &out[1], &out[2]));
  else
    assert_ok(eager_rms_norm_grad(in[0], in[1], in[2], in[4], c->axis, &out[0], &out[1]));
  double ulps = u != dtype;
  test_expect(out[0], dtype, c->shape, dx, (test_tolerance){ulps, 8 * e * size}, "dx");
  test_expect(out[1], dtype, r.params, dgamma, (test_tolerance){ulps, 4 * e * most},
              "dgamma");
  if (centred)
    test_expect(out[2], dtype, r.params, dbeta, (test_tolerance){ulps, 4 * e * most},
                "dbeta");
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
      if (test_is_slow() && test_elements(cases[i].shape) > 100) continue;
      for (int params = 0; params < 3; params++) {
        check_forward(dtype, &cases[i], true, params, 0.5);
        if (params < 2) check_forward(dtype, &cases[i], false, params, 0.5);
      }
      check_backward(dtype, &cases[i], true);
      check_backward(dtype, &cases[i], false);
    }
}

static void long_rows(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of elements");
  for (int i = 0; i < LONG_CASES; i++) {
    if (i == 3 && !test_sampled(test_random())) continue;
    check_forward(EAGER_FLOAT32, &long_cases[i], true, 2, 0.5);
    check_forward(EAGER_FLOAT32, &long_cases[i], false, 1, 0.5);
    check_backward(EAGER_FLOAT32, &long_cases[i], true);
    check_backward(EAGER_FLOAT32, &long_cases[i], false);
  }
  check_forward(EAGER_BFLOAT16, &long_cases[0], true, 2, 0.5);
}

static void large_means(void **state) {
  (void)state;
  test_enable();
  check_forward(EAGER_FLOAT32, &(norm_case){{2, {4, 100}}, 1}, true, 2, 10000);
  if (!test_is_slow())
    check_forward(EAGER_FLOAT32, &(norm_case){{2, {1, 70001}}, 1}, true, 2, 10000);
}

/* Rows that hold NaN or an infinity are NaN, others are not touched by them; a row of one
 * value is 0. */
static void special_rows(void **state) {
  (void)state;
  test_enable();
  double x[] = {1, 2, NAN, 4, 1, INFINITY, 2, 3, 5, 5, 5, 5, -0.0, 0, 0, 0};
  double expected[16];
  for (int i = 0; i < 16; i++) expected[i] = i < 8 ? NAN : 0;
  eager_tensor *t = test_view(EAGER_FLOAT32, (test_shape){2, {4, 4}}, x, 1), *y;
  assert_ok(eager_layer_norm(t, NULL, NULL, -1, 0.001, &y, NULL, NULL));
  test_expect(y, EAGER_FLOAT32, (test_shape){2, {4, 4}}, expected, TEST_EXACT, NULL);
  eager_tensor_release(t);
  eager_tensor_release(y);
}

static eager_tensor *zeros(eager_dtype dtype, test_shape shape) {
  return test_tensor(dtype, shape, doubles(test_elements(shape)));
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = zeros(EAGER_FLOAT32, (test_shape){2, {2, 3}}), *y;
  eager_tensor *two = zeros(EAGER_FLOAT32, (test_shape){1, {2}});
  eager_tensor *three = zeros(EAGER_FLOAT32, (test_shape){1, {3}});
  eager_tensor *scalar = zeros(EAGER_FLOAT32, (test_shape){0});
  eager_tensor *wide = zeros(EAGER_FLOAT64, (test_shape){1, {2}});
  assert_fails(eager_layer_norm(x, two, NULL, -1, 0.1, &y, NULL, NULL),
               EAGER_INVALID_ARGUMENT,
               "gamma must have shape [3] for x of shape [2,3], got [2] [Op:LayerNorm]");
  assert_null(y);
  assert_fails_like(eager_layer_norm(x, three, two, -1, 0.1, &y, NULL, NULL),
                    EAGER_INVALID_ARGUMENT, "beta must have shape [3]");
  assert_fails_like(eager_layer_norm(x, NULL, three, -1, 0.1, &y, NULL, NULL),
                    EAGER_INVALID_ARGUMENT, "`gamma`, is NULL");
  assert_fails_like(eager_layer_norm(scalar, NULL, NULL, -1, 0.1, &y, NULL, NULL),
                    EAGER_INVALID_ARGUMENT, "x must have at least 1 dimension");
  assert_fails_like(eager_rms_norm(x, NULL, 2, 0.1, &y, NULL), EAGER_INVALID_ARGUMENT,
                    "begin_norm_axis 2 is out of range");
  assert_fails_like(eager_rms_norm(x, NULL, 1, 0.1, NULL, NULL), EAGER_INVALID_ARGUMENT,
                    "the place to put them is NULL");
  assert_fails_like(eager_layer_norm_grad(three, x, three, two, two, -1, &y, NULL, NULL),
                    EAGER_INVALID_ARGUMENT, "dy must have shape [2,3]");
  assert_fails_like(eager_layer_norm_grad(x, x, three, three, two, -1, &y, NULL, NULL),
                    EAGER_INVALID_ARGUMENT, "mean must have shape [2]");
  assert_fails_like(eager_rms_norm_grad(x, x, three, wide, -1, &y, NULL),
                    EAGER_INVALID_ARGUMENT,
                    "rstd must be a float32 tensor where x is a float32 tensor, but is a "
                    "float64 tensor");
  eager_tensor *all[] = {x, two, three, scalar, wide};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(special_rows), cmocka_unit_test(every_case),
      cmocka_unit_test(large_means),  cmocka_unit_test(long_rows),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/layer_norm", tests, sizeof tests / sizeof *tests);
}
