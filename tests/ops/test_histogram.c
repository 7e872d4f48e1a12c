/* ctest: devices=all */
#include <math.h>

#include "test_values.h"

static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_INT64, EAGER_FLOAT32,
                                     EAGER_FLOAT64};

typedef struct histogram_case {
  int64_t count;
  double low, high;
  int64_t bins;
} histogram_case;

static const histogram_case cases[] = {
    {0, 0, 1, 3},         {1, 0, 1, 1},       {40, 0, 5, 5},        {60, -3, 7, 10},
    {60, 0, 1, 49},       {400, 0, 10, 100},  {65537, -1, 1, 2},    {200003, 0, 100, 16},
    {3000, -0.5, 9, 333}, {61, -1e9, 1e9, 7}, {61, 1e6, 1.1e6, 98},
};
enum { CASES = sizeof cases / sizeof *cases };

/* TensorFlow's formula; differences of the 32-bit dtypes are exact or rounded to float32.
 */
static int64_t bin_of(eager_dtype dtype, double x, double low, double high, int64_t bins) {
  double width = high - low, above = x - low;
  if (dtype == EAGER_FLOAT32) {
    width = (float)high - (float)low;
    above = (float)x - (float)low;
  }
  if (x <= low) return 0;
  double bin = above / (width / (double)bins);
  return bin < (double)(bins - 1) ? (int64_t)bin : bins - 1;
}

/* Many values lie on an edge or next to it. */
static void run_case(int i, eager_dtype dtype) {
  const histogram_case *c = &cases[i];
  double low = test_round(dtype, c->low), high = test_round(dtype, c->high);
  if (low == high || (test_is_slow() && c->count > 100)) return;
  double *x = test_alloc((size_t)(c->count + 1) * sizeof *x), *expected;
  expected = test_alloc((size_t)c->bins * sizeof *expected);
  for (int64_t k = 0; k < c->count; k++) {
    double at = (double)test_random_int(-1, c->bins + 1) / (double)c->bins;
    x[k] = test_round(dtype, low + (high - low) * at);
    if (k % 3 == 0) x[k] = test_round(dtype, low + (high - low) * test_random_double(0, 1));
    if (k % 7 == 0 && dtype == EAGER_FLOAT32) x[k] = nextafterf((float)x[k], 1e9f);
    if (k % 50 == 9 && test_is_float(dtype)) x[k] = k % 4 ? INFINITY : -INFINITY;
    expected[bin_of(dtype, x[k], low, high, c->bins)]++;
  }
  eager_dtype counted = i % 2 ? EAGER_INT64 : EAGER_INT32;
  eager_tensor *values = test_view(dtype, (test_shape){1, {c->count}}, x, 3), *y;
  test_poison((size_t)c->bins * eager_dtype_size(counted));
  assert_ok(eager_histogram_fixed_width(values, c->low, c->high, c->bins, counted, &y));
  test_expect(y, counted, (test_shape){1, {c->bins}}, expected, TEST_EXACT,
              test_text("case %d of %s", i, eager_dtype_name(dtype)));
  eager_tensor_release(values);
  eager_tensor_release(y);
}

static void counts(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 4; d++)
    for (int i = 0; i < CASES; i++) {
      if (!test_tries(NULL, dtypes[d])) continue;
      test_pick_mode((uint64_t)(d * CASES + i));
      run_case(i, dtypes[d]);
    }
}

static void refuses_nan(void **state) {
  (void)state;
  test_enable();
  double x[] = {1, 2, NAN, 4, NAN};
  eager_tensor *values = test_tensor(EAGER_FLOAT32, (test_shape){1, {5}}, x), *y;
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails(eager_histogram_fixed_width(values, 0, 5, 5, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "values[2] is not a number [Op:HistogramFixedWidth]");
  assert_null(y);
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(eager_histogram_fixed_width(values, 0, 5, 5, EAGER_INT32, &y));
  assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT, "values[2]");
  assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "values[2]");
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(y);
  eager_tensor_release(values);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_scalar(EAGER_FLOAT32, 1), *b = test_scalar(EAGER_BOOL, 1), *y;
  assert_fails(eager_histogram_fixed_width(x, 2, 2, 5, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "value_range should satisfy value_range[0] < value_range[1], but got [2, 2] "
               "[Op:HistogramFixedWidth]");
  assert_fails_like(eager_histogram_fixed_width(x, NAN, 2, 5, EAGER_INT32, &y),
                    EAGER_INVALID_ARGUMENT, "value_range[0] < value_range[1]");
  assert_fails(eager_histogram_fixed_width(x, 0, 2, 0, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "nbins should be a positive number, but got '0' [Op:HistogramFixedWidth]");
  assert_fails_like(eager_histogram_fixed_width(x, 0, 2, 5, EAGER_FLOAT32, &y),
                    EAGER_INVALID_ARGUMENT, "dtype is float32; allowed: int32, int64");
  assert_fails_like(eager_histogram_fixed_width(b, 0, 2, 5, EAGER_INT32, &y),
                    EAGER_INVALID_ARGUMENT, "bool");
  eager_tensor_release(x);
  eager_tensor_release(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts),
      cmocka_unit_test(refuses_nan),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/histogram", tests, sizeof tests / sizeof *tests);
}
