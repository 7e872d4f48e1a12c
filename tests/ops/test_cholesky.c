/* ctest: devices=all timeout=240 */
/* Cholesky, by what l l' leaves of the matrix. */
#include <float.h>
#include <math.h>

#include "reference.h"
#include "test.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16};
enum { DTYPES = 4 };

/* b b' + n I, or its lower triangle with NaN above: which nobody is to read. */
static double *positive_matrices(eager_dtype dtype, int64_t count, int64_t n) {
  double *x = test_alloc((size_t)(count * n * n + 1) * sizeof *x);
  for (int64_t i = 0; i < count; i++) {
    double *b = test_random_values(EAGER_FLOAT32, n * n, -1, 1), *a = x + i * n * n;
    const double *bb = test_matmul(n, n, n, b, false, b, true, false);
    for (int64_t r = 0; r < n; r++)
      for (int64_t c = 0; c < n; c++)
        a[r * n + c] = c > r ? NAN : test_round(dtype, bb[r * n + c] + (r == c ? n : 0));
  }
  return x;
}

/* The computed l is exact for a matrix that differs by |l| |l'| (n + 1) eps at most
 * (Higham, Accuracy and Stability, 10.3); rounding l to 16 bits adds twice its epsilon. */
static void expect_factor(eager_dtype dtype, const double *a, const double *l, int64_t n,
                          const char *what) {
  bool narrow = eager_dtype_size(dtype) == 2;
  double epsilon = test_epsilon(narrow ? EAGER_FLOAT32 : dtype) * (double)(n + 2);
  if (narrow) epsilon += 2 * test_epsilon(dtype);
  for (int64_t r = 0; r < n; r++)
    for (int64_t c = 0; c < n; c++) {
      if (c > r) {
        if (l[r * n + c] != 0) fail_msg("%s: not 0 above the diagonal", what);
        continue;
      }
      double sum = 0, size = 0;
      for (int64_t k = 0; k <= c; k++) {
        sum += l[r * n + k] * l[c * n + k];
        size += fabs(l[r * n + k] * l[c * n + k]);
      }
      if (!(fabs(sum - a[r * n + c]) <= size * epsilon))
        fail_msg("%s: (%d, %d) of l l' is %g, of the matrix %g", what, (int)r, (int)c, sum,
                 a[r * n + c]);
    }
}

static void check(eager_dtype dtype, test_shape batch, int64_t n) {
  test_pick_mode(test_random());
  int64_t count = test_elements(batch);
  double *a = positive_matrices(dtype, count, n);
  test_shape shape = batch;
  shape.dims[shape.rank++] = n;
  shape.dims[shape.rank++] = n;
  eager_tensor *x = test_view(dtype, shape, a, 3), *y;
  test_poison((size_t)(count * n * n) * eager_dtype_size(dtype));
  assert_ok(eager_cholesky(x, &y));
  assert_int_equal(eager_tensor_dtype(y), dtype);
  assert_int_equal(eager_tensor_rank(y), shape.rank);
  const double *l = test_read(y);
  for (int64_t i = 0; i < count; i++)
    expect_factor(dtype, a + i * n * n, l + i * n * n, n,
                  test_text("%s, n = %d", eager_dtype_name(dtype), (int)n));
  eager_tensor_release(x);
  eager_tensor_release(y);
}

static void sizes(void **state) {
  (void)state;
  test_enable();
  static const int64_t ns[] = {1, 2, 3, 5, 8, 31, 32, 33, 64, 65, 100};
  for (int d = 0; d < DTYPES; d++) {
    if (!test_tries(NULL, dtypes[d])) continue;
    for (int i = 0; i < 11; i++) {
      if (test_is_slow() && (ns[i] > 5 && !(d == 0 && ns[i] == 33))) continue;
      check(dtypes[d], (test_shape){0}, ns[i]);
      if (ns[i] < 40) check(dtypes[d], (test_shape){2, {2, 3}}, ns[i]);
    }
  }
}

static void large_ones(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of multiplications");
  check(EAGER_FLOAT32, (test_shape){0}, 257);
  check(EAGER_FLOAT32, (test_shape){1, {1000}}, 3);
}

static void nothing(void **state) {
  (void)state;
  test_enable();
  check(EAGER_FLOAT32, (test_shape){0}, 0);
  check(EAGER_FLOAT32, (test_shape){1, {0}}, 3);
}

static void what_is_not_positive_is_told(void **state) {
  (void)state;
  test_enable();
  enum { COUNT = 3 };
  static const char *const text =
      "Cholesky decomposition was not successful. The input might not be valid. (matrix 1 "
      "of the batch)";
  const int64_t ns[] = {1, 3, 40};
  for (int i = 0; i < (test_is_slow() ? 2 : 3); i++) {
    int64_t n = ns[i];
    double *a = positive_matrices(EAGER_FLOAT32, COUNT, n);
    a[n * n + n * n - 1] = n == 1 ? 0 : -1; /* the last pivot of the second */
    a[2 * n * n] = 0;                       /* the first one of the third */
    test_shape shape = {3, {COUNT, n, n}};
    eager_tensor *x = test_tensor(EAGER_FLOAT32, shape, a), *y, *z;
    assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
    assert_fails_like(eager_cholesky(x, &y), EAGER_INVALID_ARGUMENT, text);
    assert_null(y);
    assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
    assert_ok(eager_cholesky(x, &y));
    assert_ok(eager_negative(y, &z));
    assert_fails_like(eager_tensor_wait(z), EAGER_INVALID_ARGUMENT, text);
    assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, text);
    assert_ok(eager_synchronize(NULL));
    assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
    eager_tensor_release(x);
    eager_tensor_release(y);
    eager_tensor_release(z);
  }
}

static void nan_is_no_failure(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 2}},
                                (double[]){NAN, 0, 1, 1}),
               *y;
  assert_ok(eager_cholesky(x, &y));
  const double *l = test_read(y);
  assert_true(isnan(l[0]) && l[1] == 0 && isnan(l[2]) && isnan(l[3]));
  eager_tensor_release(x);
  eager_tensor_release(y);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[8] = {0};
  eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){1, {4}}, zeros), *y;
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, zeros);
  eager_tensor *i = test_tensor(EAGER_INT32, (test_shape){2, {2, 2}}, zeros);
  assert_fails(eager_cholesky(v, &y), EAGER_INVALID_ARGUMENT,
               "Input tensor 0 must have rank >= 2, but has shape [4] [Op:Cholesky]");
  assert_null(y);
  assert_fails(eager_cholesky(a, &y), EAGER_INVALID_ARGUMENT,
               "Input matrix must be square, but input 0 is [2,3] [Op:Cholesky]");
  assert_fails_like(eager_cholesky(i, &y), EAGER_INVALID_ARGUMENT, "Cholesky");
  eager_tensor_release(v);
  eager_tensor_release(a);
  eager_tensor_release(i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes),
      cmocka_unit_test(large_ones),
      cmocka_unit_test(nothing),
      cmocka_unit_test(what_is_not_positive_is_told),
      cmocka_unit_test(nan_is_no_failure),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/cholesky", tests, sizeof tests / sizeof *tests);
}
