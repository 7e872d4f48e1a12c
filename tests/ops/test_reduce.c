/* ctest: devices=all timeout=240 tuned */
/* Sum Mean Max Min Prod Any All EuclideanNorm Variance Std LogSumExp: every dtype, every
 * set of axes, empty axes, long ones. */
#include <math.h>

#include "reference.h"
#include "test.h"

typedef eager_status (*reduce_door)(eager_tensor *, const int64_t *, int, bool,
                                    eager_tensor **);

static double sum(const double *x, int64_t count) {
  double total = 0;
  for (int64_t i = 0; i < count; i++) total += x[i];
  return total;
}
static double mean(const double *x, int64_t count) {
  return sum(x, count) / (double)count;
}
static double product(const double *x, int64_t count) {
  double total = 1;
  for (int64_t i = 0; i < count; i++) total *= x[i];
  return total;
}
static double largest(const double *x, int64_t count) {
  double best = -INFINITY;
  for (int64_t i = 0; i < count; i++)
    if (x[i] > best || isnan(x[i])) best = x[i];
  return best;
}
static double smallest(const double *x, int64_t count) {
  double best = INFINITY;
  for (int64_t i = 0; i < count; i++)
    if (x[i] < best || isnan(x[i])) best = x[i];
  return best;
}

static double norm(const double *x, int64_t count) {
  double squares = 0;
  for (int64_t i = 0; i < count; i++) squares += x[i] * x[i];
  return sqrt(squares);
}
static double variance(const double *x, int64_t count) {
  double centre = mean(x, count), squares = 0;
  for (int64_t i = 0; i < count; i++) squares += (x[i] - centre) * (x[i] - centre);
  return squares / (double)count;
}
static double deviation(const double *x, int64_t count) {
  return sqrt(variance(x, count));
}
static double log_sum_exp(const double *x, int64_t count) {
  double top = largest(x, count), total = 0;
  if (!isfinite(top)) return top;
  for (int64_t i = 0; i < count; i++) total += exp(x[i] - top);
  return log(total) + top;
}

typedef enum kind { NUMBERS, BOOLS, FLOATS } kind;

typedef struct reduce_case {
  const char *raw;
  reduce_door door;
  test_reduce_fn reference;
  double low, high;
  kind kind;
} reduce_case;

/* Integers stay so small that no sum or product leaves int8; a mean's may. */
static const reduce_case cases[] = {
    {"Sum", eager_reduce_sum, sum, 0, 1, NUMBERS},
    {"Mean", eager_reduce_mean, mean, 0, 1, NUMBERS},
    {"Prod", eager_reduce_prod, product, 1, 1.01, NUMBERS},
    {"Max", eager_reduce_max, largest, -100, 100, NUMBERS},
    {"Min", eager_reduce_min, smallest, -100, 100, NUMBERS},
    {"Any", eager_reduce_any, largest, 0, 1, BOOLS},
    {"All", eager_reduce_all, smallest, 0, 1, BOOLS},
    {"EuclideanNorm", eager_reduce_euclidean_norm, norm, -1, 1, NUMBERS},
    {"Variance", eager_reduce_variance, variance, -1, 1, FLOATS},
    {"Std", eager_reduce_std, deviation, -1, 1, FLOATS},
    {"LogSumExp", eager_reduce_logsumexp, log_sum_exp, -5, 5, FLOATS},
};
enum { CASES = sizeof cases / sizeof *cases };

static bool takes(const reduce_case *c, eager_dtype dtype) {
  if (!test_tries(c->raw, dtype)) return false;
  if (c->kind == FLOATS) return test_is_float(dtype);
  return (dtype == EAGER_BOOL) == (c->kind == BOOLS);
}

static const test_shape shapes[] = {
    {1, {1}},       {1, {37}},         {2, {17, 6}}, {2, {3, 41}},
    {3, {4, 3, 7}}, {4, {2, 3, 2, 5}}, {0, {0}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* In float32: 6 roundings of a total that may be up to `count` times a term; a product
 * rounds once per factor. About a centre, which is off by an ulp itself, a distance is off
 * by 2 of 1 (or of 5, below log), however small it or the result is. */
static test_tolerance tolerance(const reduce_case *c, eager_dtype dtype, int64_t count) {
  if (!test_is_float(dtype) || c->reference == largest || c->reference == smallest)
    return TEST_EXACT;
  double roundings = c->reference == product ? (double)count : 6;
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  if (narrow) roundings = 1;
  double unit = test_epsilon(narrow ? EAGER_FLOAT32 : dtype);
  if (c->kind == FLOATS) return (test_tolerance){roundings, unit * fmax(c->high, 1) * 4};
  return (test_tolerance){roundings, 0};
}

static void check(const reduce_case *c, eager_dtype dtype, test_shape shape, unsigned axes,
                  bool keep) {
  test_pick_mode(test_random());
  int64_t count = test_elements(shape), list[EAGER__MAX_RANK];
  int axis_count = 0;
  for (int d = 0; d < shape.rank; d++)
    if (axes >> d & 1) list[axis_count++] = d % 2 ? d - shape.rank : d;
  double low = c->low, high = c->high;
  if (c->reference == mean && !test_is_float(dtype)) low = -100, high = 100;
  if (test_lowest(dtype) >= 0) low = fmax(low, 0);
  double *x = test_random_values(dtype, count, low, high);
  double *want = test_reduce(c->reference, shape, x, axes);
  test_shape out = test_reduced(shape, axes, keep);
  if (!test_is_float(dtype))
    for (int64_t i = 0; i < test_elements(out); i++) want[i] = trunc(want[i]);
  eager_tensor *t = test_view(dtype, shape, x, 3), *y;
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  assert_ok(c->door(t, list, axis_count, keep, &y));
  test_expect(y, dtype, out, want, tolerance(c, dtype, count),
              test_text("%s over axes %#x", c->raw, axes));
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void every_set_of_axes(void **state) {
  (void)state;
  test_time_limit(180); /* a driver with an empty cache compiles a program per dtype */
  test_enable();
  uint64_t index = 0;
  for (int c = 0; c < CASES; c++)
    for (int d = 0; d < TEST_DTYPES; d++) {
      eager_dtype dtype = test_dtypes[d];
      if (!takes(&cases[c], dtype)) continue;
      for (int s = 0; s < SHAPES; s++)
        for (unsigned axes = 0; axes < 1u << shapes[s].rank; axes++)
          if (test_sampled(index++)) check(&cases[c], dtype, shapes[s], axes, axes & 1);
    }
}

static void no_list_means_all_axes(void **state) {
  (void)state;
  test_enable();
  test_shape shape = {2, {2, 3}};
  eager_tensor *x = test_tensor(EAGER_INT32, shape, (double[]){1, 2, 3, 4, 5, 6}), *y;
  assert_ok(eager_reduce_sum(x, NULL, 0, false, &y));
  test_expect(y, EAGER_INT32, (test_shape){0}, (double[]){21}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  assert_ok(eager_reduce_sum(x, (int64_t[]){0}, 0, false, &y));
  test_expect(y, EAGER_INT32, shape, (double[]){1, 2, 3, 4, 5, 6}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void over_nothing(void **state) {
  (void)state;
  test_enable();
  test_shape shape = {2, {2, 0}}, out = {1, {2}};
  for (int c = 0; c < CASES; c++)
    for (int d = 0; d < TEST_DTYPES; d++) {
      eager_dtype dtype = test_dtypes[d];
      bool is_float = test_is_float(dtype);
      if (!takes(&cases[c], dtype)) continue;
      if (eager_dtype_size(dtype) == 8 && !is_float) continue; /* beyond a double */
      double low = is_float ? -INFINITY : test_lowest(dtype);
      double high = is_float ? INFINITY : test_highest(dtype);
      double want[] = {0, is_float ? NAN : 0, 1, low, high, 0, 1, 0, NAN, NAN, -INFINITY};
      eager_tensor *x = test_tensor(dtype, shape, (double[1]){0}), *y;
      assert_ok(cases[c].door(x, (int64_t[]){1}, 1, false, &y));
      test_expect(y, dtype, out, (double[]){want[c], want[c]}, TEST_EXACT, cases[c].raw);
      eager_tensor_release(y);
      eager_tensor_release(x);
    }
}

static void nan_and_infinity_go_through(void **state) {
  (void)state;
  test_enable();
  test_shape shape = {2, {3, 4}};
  double x[] = {1, NAN, 3, 4, INFINITY, 2, 3, 4, 1, 2, -INFINITY, 4};
  for (int c = 0; c < CASES; c++) {
    if (cases[c].kind == BOOLS) continue;
    eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, x), *y;
    for (unsigned axes = 1; axes < 4; axes++) {
      double *want = test_reduce(cases[c].reference, shape, x, axes);
      assert_ok(
          cases[c].door(t, axes == 3 ? NULL : (int64_t[]){axes - 1}, axes != 3, false, &y));
      test_expect(y, EAGER_FLOAT32, test_reduced(shape, axes, false), want,
                  (test_tolerance){6, 0}, cases[c].raw);
      eager_tensor_release(y);
    }
    eager_tensor_release(t);
  }
}

/* Lengths about the trips after which a driver's loops stop, and sums in two passes. */
static void long_axes(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of additions");
  static const test_shape longs[] = {
      {1, {65535}},     {1, {65537}},       {1, {200003}},      {2, {2, 200003}},
      {2, {200003, 2}}, {3, {70001, 2, 3}}, {2, {1030, 97}},    {2, {65537, 65}},
      {1, {3000001}},   {2, {19, 1100}},    {3, {20, 70, 130}}, {2, {4099, 37}}};
  for (size_t s = 0; s < sizeof longs / sizeof *longs; s++) {
    int64_t count = test_elements(longs[s]);
    double *x = test_random_values(EAGER_FLOAT32, count, 0.5, 1);
    double *n = test_random_values(EAGER_INT32, count, -900, 900);
    eager_tensor *t = test_tensor(EAGER_FLOAT32, longs[s], x), *y;
    eager_tensor *u = test_tensor(EAGER_INT32, longs[s], n), *z;
    for (unsigned axes = 1; axes < 1u << longs[s].rank; axes++) {
      int64_t list[3];
      int axis_count = 0;
      for (int d = 0; d < longs[s].rank; d++)
        if (axes >> d & 1) list[axis_count++] = d;
      test_shape out = test_reduced(longs[s], axes, false);
      assert_ok(eager_reduce_sum(t, list, axis_count, false, &y));
      test_expect(y, EAGER_FLOAT32, out, test_reduce(sum, longs[s], x, axes),
                  (test_tolerance){6, 0}, "a long sum");
      assert_ok(eager_reduce_min(u, list, axis_count, false, &z));
      test_expect(z, EAGER_INT32, out, test_reduce(smallest, longs[s], n, axes), TEST_EXACT,
                  "a long minimum");
      eager_tensor_release(y);
      eager_tensor_release(z);
    }
    eager_tensor_release(t);
    eager_tensor_release(u);
  }
}

/* A NaN in one of many rows is the largest and the smallest of its column, and of all. */
static void nan_among_many(void **state) {
  (void)state;
  test_enable();
  test_shape shape = {2, {37, 150}};
  int64_t count = test_elements(shape);
  double *x = test_random_values(EAGER_FLOAT32, count, -1, 1);
  for (int i = 0; i < 40; i++) x[test_random() % (uint64_t)count] = NAN;
  x[3] = -INFINITY;
  eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, x), *y;
  for (int c = 0; c < CASES; c++) {
    if (cases[c].reference != largest && cases[c].reference != smallest) continue;
    if (cases[c].kind == BOOLS) continue;
    for (unsigned axes = 1; axes < 4; axes++) {
      double *want = test_reduce(cases[c].reference, shape, x, axes);
      assert_ok(
          cases[c].door(t, axes == 3 ? NULL : (int64_t[]){axes - 1}, axes != 3, false, &y));
      test_expect(y, EAGER_FLOAT32, test_reduced(shape, axes, false), want, TEST_EXACT,
                  cases[c].raw);
      eager_tensor_release(y);
    }
  }
  eager_tensor_release(t);
}

static void integers_wrap(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT8, (test_shape){1, {3}}, (double[]){100, 100, 2});
  eager_tensor *y;
  assert_ok(eager_reduce_sum(x, NULL, 0, false, &y));
  test_expect(y, EAGER_INT8, (test_shape){0}, (double[]){-54}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  assert_ok(eager_reduce_prod(x, NULL, 0, false, &y)); /* 20000 = 78 * 256 + 32 */
  test_expect(y, EAGER_INT8, (test_shape){0}, (double[]){32}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
  x = test_tensor(EAGER_INT32, (test_shape){1, {3}}, (double[]){-1, -3, -4});
  assert_ok(eager_reduce_mean(x, NULL, 0, false, &y)); /* -8 / 3 */
  test_expect(y, EAGER_INT32, (test_shape){0}, (double[]){-2}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void integer_means_truncate(void **state) {
  (void)state;
  test_enable();
  static const struct {
    eager_dtype dtype;
    double x[2], mean;
  } means[] = {
      {EAGER_INT32, {-7, 2}, -2},     /* -2.5, toward zero */
      {EAGER_UINT8, {255, 255}, 255}, /* no sum wraps below 64 bits */
      {EAGER_INT8, {-128, -127}, -127},
      {EAGER_INT32, {2147483647, 2147483646}, 2147483646},
      {EAGER_UINT32, {4294967295, 4294967295}, 4294967295},
  };
  for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
    test_pick_mode(test_random());
    eager_tensor *x = test_tensor(means[i].dtype, (test_shape){1, {2}}, means[i].x), *y;
    assert_ok(eager_reduce_mean(x, NULL, 0, false, &y));
    test_expect(y, means[i].dtype, (test_shape){0}, &means[i].mean, TEST_EXACT, "Mean");
    eager_tensor_release(y);
    eager_tensor_release(x);
  }
}

/* Two passes: a mean far from 0 costs no digits, and no exponential overflows. */
static void centres_help(void **state) {
  (void)state;
  test_enable();
  int64_t count = test_is_slow() ? 50 : 4000;
  double *x = test_random_values(EAGER_FLOAT32, count, 9999, 10001);
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {count}}, x), *y;
  assert_ok(eager_reduce_variance(t, NULL, 0, false, &y));
  /* The mean is off by half an ulp of 10000, its square by 2^-22. */
  test_expect(y, EAGER_FLOAT32, (test_shape){0}, (double[]){variance(x, count)},
              (test_tolerance){8, ldexp(1, -20)}, "a variance far from 0");
  eager_tensor_release(y);
  assert_ok(eager_reduce_logsumexp(t, NULL, 0, false, &y));
  test_expect(y, EAGER_FLOAT32, (test_shape){0}, (double[]){log_sum_exp(x, count)},
              (test_tolerance){2, 0}, "large exponents");
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void integer_norms_round_down(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT64, (test_shape){1, {2}},
                                (double[]){2147483647, 5}); /* 2^31 - 1 */
  eager_tensor *y;
  assert_ok(eager_reduce_euclidean_norm(x, NULL, 0, false, &y));
  test_expect(y, EAGER_INT64, (test_shape){0}, (double[]){2147483647}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
  x = test_tensor(EAGER_UINT8, (test_shape){1, {2}}, (double[]){3, 4});
  assert_ok(eager_reduce_euclidean_norm(x, NULL, 0, true, &y));
  test_expect(y, EAGER_UINT8, (test_shape){1, {1}}, (double[]){5}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

/* 10^8 numbers in full runs: a few ulp, and the same bits again. */
static void very_long_sums(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  if (test_is_slow()) test_skip("millions of additions");
  int64_t count = getenv("EAGERCL_TEST_FULL") ? 100000000 : 10000000;
  eager_tensor *x, *y[2];
  assert_ok(
      eager_stateless_random_uniform(1, &count, (int64_t[]){1, 2}, EAGER_FLOAT32, &x));
  size_t size = (size_t)count * sizeof(float);
  float *host = malloc(size), sums[2];
  assert_non_null(host);
  assert_ok(eager_tensor_to_host(x, host, size));
  double want = 0;
  for (int64_t i = 0; i < count; i++) want += host[i];
  free(host);
  for (int i = 0; i < 2; i++) {
    assert_ok(eager_reduce_sum(x, NULL, 0, false, &y[i]));
    assert_ok(eager_tensor_to_host(y[i], &sums[i], sizeof sums[i]));
    eager_tensor_release(y[i]);
  }
  eager_tensor_release(x);
  assert_memory_equal(&sums[0], &sums[1], sizeof *sums);
  assert_true(fabs(sums[0] - want) <= 4 * want * ldexp(1, -24));
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 2}}, (double[]){1, 2}),
               *y;
  assert_fails(
      eager_reduce_sum(x, (int64_t[]){0, -2}, 2, false, &y), EAGER_INVALID_ARGUMENT,
      "Invalid reduction arguments: Axes contains duplicate dimension: 0 [Op:Sum]");
  assert_null(y);
  assert_fails_like(eager_reduce_max(x, (int64_t[]){2}, 1, false, &y),
                    EAGER_INVALID_ARGUMENT, "axis 2 is out of range");
  assert_fails(eager_reduce_mean(x, NULL, 2, false, &y), EAGER_INVALID_ARGUMENT,
               "axis_count is 2, but axes is NULL [Op:Mean]");
  assert_fails(eager_reduce_mean(x, (int64_t[]){0}, -1, false, &y), EAGER_INVALID_ARGUMENT,
               "axis_count is -1, but axes is a list [Op:Mean]");
  assert_fails_like(eager_reduce_any(x, NULL, 0, false, &y), EAGER_INVALID_ARGUMENT, "Any");
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_set_of_axes), cmocka_unit_test(no_list_means_all_axes),
      cmocka_unit_test(over_nothing),      cmocka_unit_test(nan_and_infinity_go_through),
      cmocka_unit_test(long_axes),         cmocka_unit_test(nan_among_many),
      cmocka_unit_test(integers_wrap),     cmocka_unit_test(integer_means_truncate),
      cmocka_unit_test(centres_help),      cmocka_unit_test(integer_norms_round_down),
      cmocka_unit_test(very_long_sums),    cmocka_unit_test(refusals),
  };
  return test_main("ops/reduce", tests, sizeof tests / sizeof *tests);
}
