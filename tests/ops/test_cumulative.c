/* ctest: devices=all timeout=120 tuned */
/* Running totals: every dtype, axis, direction; long axes in three passes. */
#include <math.h>

#include "reference.h"

typedef eager_status (*door_fn)(eager_tensor *, int64_t, bool, bool, eager_tensor **);

static double add(double x, double y) {
  return x + y;
}
static double multiply(double x, double y) {
  return x * y;
}
static double log_add(double x, double y) {
  double top = fmax(x, y), low = fmin(x, y);
  if (isnan(x) || isnan(y)) return NAN;
  return top == low ? top + log(2) : top + log1p(exp(low - top));
}

static const struct {
  const char *name;
  door_fn door;
  double (*join)(double, double);
  double start, low, high;
} kinds[] = {
    {"Cumsum", eager_cumsum, add, 0, -1, 1},
    {"Cumprod", eager_cumprod, multiply, 1, 0.98, 1.02},
    {"CumulativeLogsumexp", eager_cumulative_logsumexp, log_add, -INFINITY, -3, 3},
};
enum { SUM, PROD, LOG_SUM_EXP, KINDS };

typedef struct running_case {
  test_shape shape;
  int axis;
} running_case;

static const running_case cases[] = {
    {{1, {1}}, 0},
    {{1, {7}}, 0},
    {{2, {3, 5}}, 0},
    {{2, {3, 5}}, -1},
    {{3, {2, 7, 3}}, 1},
    {{3, {2, 9, 17}}, 1},
    {{2, {31, 2}}, 0},
    {{4, {2, 1, 3, 4}}, 1},
    {{2, {1, 33}}, 1},
    {{2, {0, 3}}, 0},
    {{2, {3, 0}}, 0},
    {{3, {5, 2, 16}}, -3},
    {{8, {1, 2, 1, 2, 1, 2, 1, 2}}, 3},
};
enum { CASES = sizeof cases / sizeof *cases };

static double *reference(int kind, const running_case *c, const double *x, bool exclusive,
                         bool reverse) {
  int axis = c->axis < 0 ? c->axis + c->shape.rank : c->axis;
  int64_t extent = c->shape.dims[axis], elements = test_elements(c->shape);
  int64_t inner = eager__shape_product(&c->shape, axis + 1, c->shape.rank);
  double *out = test_alloc((size_t)(elements + 1) * sizeof *out);
  for (int64_t row = 0; extent > 0 && row < elements / extent; row++) {
    int64_t base = row / inner * extent * inner + row % inner;
    double total = kinds[kind].start;
    for (int64_t i = 0; i < extent; i++) {
      int64_t at = base + (reverse ? extent - 1 - i : i) * inner;
      double next = i == 0 ? x[at] : kinds[kind].join(total, x[at]);
      out[at] = exclusive ? total : next;
      total = next;
    }
  }
  return out;
}

/* n terms of up to `high` are rounded n times at most: n / 2 ulp of the largest total. A
 * sum may cancel, a product not. Each logarithm adds the 4 ulp of log1p and exp. */
static test_tolerance tolerance(int kind, eager_dtype dtype, int64_t extent) {
  if (!test_is_float(dtype)) return TEST_EXACT;
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  double unit = test_epsilon(narrow ? EAGER_FLOAT32 : dtype), n = (double)extent;
  double own = narrow ? 1 : 0;
  if (kind == SUM) return (test_tolerance){own, unit * n * fmin(n, 8 * sqrt(n))};
  if (kind == PROD)
    return (test_tolerance){own + (narrow ? 0 : n), narrow ? unit * n * 8 : 0};
  return (test_tolerance){own, unit * (8 + n) * 8};
}

static void check(int kind, eager_dtype dtype, const running_case *c, int flags) {
  test_pick_mode(test_random());
  bool exclusive = flags & 1, reverse = flags & 2;
  int64_t count = test_elements(c->shape);
  bool whole = !test_is_float(dtype);
  double low = whole && kind == SUM && test_lowest(dtype) == 0 ? 0 : kinds[kind].low;
  double *x = test_random_values(dtype, count, whole ? floor(low) : low, kinds[kind].high);
  if (whole && kind == PROD)
    for (int64_t i = 0; i < count; i++) x[i] = test_lowest(dtype) < 0 && i % 3 ? -1 : 1;
  double *want = reference(kind, c, x, exclusive, reverse);
  eager_tensor *t = test_view(dtype, c->shape, x, 3), *y;
  test_poison((size_t)count * eager_dtype_size(dtype));
  assert_ok(kinds[kind].door(t, c->axis, exclusive, reverse, &y));
  int axis = c->axis < 0 ? c->axis + c->shape.rank : c->axis;
  test_expect(y, dtype, c->shape, want, tolerance(kind, dtype, c->shape.dims[axis]),
              test_text("%s, rank %d, axis %d, flags %d", kinds[kind].name, c->shape.rank,
                        c->axis, flags));
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void every_axis_and_direction(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  uint64_t index = 0;
  for (int kind = 0; kind < KINDS; kind++)
    for (int d = 0; d < TEST_DTYPES; d++) {
      eager_dtype dtype = test_dtypes[d];
      if (dtype == EAGER_BOOL || !test_tries(NULL, dtype)) continue;
      if (kind == LOG_SUM_EXP && !test_is_float(dtype)) continue;
      for (int i = 0; i < CASES; i++)
        for (int flags = 0; flags < 4; flags++)
          if (test_sampled(index++)) check(kind, dtype, &cases[i], flags);
    }
}

static void long_axes(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  if (test_is_slow()) test_skip("millions of additions");
  static const running_case longs[] = {
      {{1, {65535}}, 0},     {{1, {65537}}, 0},       {{1, {200003}}, 0},
      {{2, {200003, 3}}, 0}, {{3, {2, 70001, 2}}, 1}, {{2, {1030, 97}}, 0},
      {{2, {1030, 97}}, 1},  {{1, {3000001}}, 0},
  };
  for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
    for (int flags = 0; flags < 4; flags += 3) {
      check(SUM, EAGER_INT32, &longs[i], flags);
      check(SUM, EAGER_FLOAT32, &longs[i], flags);
      if (i < 3) check(LOG_SUM_EXP, EAGER_FLOAT32, &longs[i], flags);
    }
}

/* Several vectors along the axis or across it, whole and in part. */
static void vectors(void **state) {
  (void)state;
  test_enable();
  static const running_case wide[] = {
      {{2, {3, 37}}, 1}, {{2, {2, 64}}, 1}, {{2, {19, 70}}, 0}, {{2, {17, 1100}}, 0}};
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT16, EAGER_INT8};
  for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
    for (int flags = 0; flags < 4; flags++)
      for (int d = 0; d < 3; d++) {
        if (test_is_slow() && (i == 3 || d == 1)) continue;
        check(SUM, dtypes[d], &wide[i], flags);
        check(PROD, dtypes[d], &wide[i], flags);
        if (d < 2) check(LOG_SUM_EXP, dtypes[d], &wide[i], flags);
      }
}

static void specials(void **state) {
  (void)state;
  test_enable();
  static const double x[] = {1, INFINITY, 2, -INFINITY, 3, NAN, 4};
  running_case c = {{1, {7}}, 0};
  for (int kind = 0; kind < KINDS; kind++)
    for (int flags = 0; flags < 4; flags++) {
      eager_tensor *t = test_tensor(EAGER_FLOAT32, c.shape, x), *y;
      assert_ok(kinds[kind].door(t, 0, flags & 1, flags & 2, &y));
      test_expect(y, EAGER_FLOAT32, c.shape, reference(kind, &c, x, flags & 1, flags & 2),
                  (test_tolerance){8, 0}, kinds[kind].name);
      eager_tensor_release(y);
      eager_tensor_release(t);
    }
}

static void integers_wrap(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT8, (test_shape){1, {3}}, (double[]){100, 100, 3});
  eager_tensor *y;
  assert_ok(eager_cumsum(x, 0, false, false, &y));
  test_expect(y, EAGER_INT8, (test_shape){1, {3}}, (double[]){100, -56, -53}, TEST_EXACT,
              NULL);
  eager_tensor_release(y);
  assert_ok(eager_cumprod(x, 0, false, true, &y)); /* 300 wraps to 44, 4400 to 48 */
  test_expect(y, EAGER_INT8, (test_shape){1, {3}}, (double[]){48, 44, 3}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){1, 2}), *y;
  assert_fails_like(eager_cumsum(x, 1, false, false, &y), EAGER_INVALID_ARGUMENT,
                    "axis 1 is out of range");
  assert_null(y);
  assert_fails_like(eager_cumulative_logsumexp(x, 0, false, false, &y),
                    EAGER_INVALID_ARGUMENT, "is a int32 tensor; allowed: float32");
  eager_tensor_release(x);
  x = test_tensor(EAGER_INT32, (test_shape){0}, (double[]){1});
  assert_fails_like(eager_cumprod(x, 0, false, false, &y), EAGER_INVALID_ARGUMENT,
                    "out of range");
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_axis_and_direction),
      cmocka_unit_test(long_axes),
      cmocka_unit_test(vectors),
      cmocka_unit_test(specials),
      cmocka_unit_test(integers_wrap),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/cumulative", tests, sizeof tests / sizeof *tests);
}
