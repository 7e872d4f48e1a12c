/* ctest: devices=all timeout=240 */
/* MatrixSolve, MatrixInverse and the determinants: residuals, and an LU in double. */
#include <math.h>

#include "reference.h"
#include "test.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16};
enum { DTYPES = 4 };

static eager_dtype computed(eager_dtype dtype) {
  return eager_dtype_size(dtype) == 2 ? EAGER_FLOAT32 : dtype;
}

/* The rows of a matrix with a diagonal of 2 and -2 and little beside it, shuffled: every
 * one is found by pivoting, and its condition is below 4. */
static double *make_matrices(eager_dtype dtype, int64_t count, int64_t n) {
  double *x = test_alloc((size_t)(count * n * n + 1) * sizeof *x);
  for (int64_t i = 0; i < count; i++) {
    double *a = x + i * n * n;
    for (int64_t r = 0; r < n; r++)
      for (int64_t c = 0; c < n; c++) {
        double value = test_random_double(-1, 1) / (double)n;
        if (r == c) value = test_random() % 2 ? 2 : -2;
        a[r * n + c] = test_round(dtype, value);
      }
    for (int64_t r = n - 1; r > 0; r--) {
      int64_t other = test_random_int(0, r);
      for (int64_t c = 0; c < n; c++) {
        double value = a[r * n + c];
        a[r * n + c] = a[other * n + c];
        a[other * n + c] = value;
      }
    }
  }
  return x;
}

static test_shape with_matrix(test_shape batch, int64_t rows, int64_t columns) {
  batch.dims[batch.rank++] = rows;
  batch.dims[batch.rank++] = columns;
  return batch;
}

/* |b - a x| <= (3 n + 4) eps |l| |u| |x| (Higham, 9.3 and 9.4). Rows of |l| |u| add up to
 * less than 2 n times the largest of |u|, which pivoting keeps below 4 here; in fact rows
 * add up to 8 or so, since all but one element of a row is small. Rounding x to 16 bits
 * changes a x by eps / 2 |a| |x|. */
static void expect_solution(eager_dtype dtype, const double *a, bool adjoint,
                            const double *x, const double *b, int64_t n, int64_t k,
                            const char *what) {
  const double *ax = test_matmul(n, k, n, a, adjoint, x, false, false);
  const double *size = test_matmul(n, k, n, a, adjoint, x, false, true);
  for (int64_t i = 0; i < n * k; i++) {
    double most = 1;
    for (int64_t r = 0; r < n; r++) most = fmax(most, fabs(x[r * k + i % k]));
    double bound = (double)(3 * n + 4) * test_epsilon(computed(dtype)) * 8 * most;
    if (computed(dtype) != dtype) bound += size[i] * test_epsilon(dtype);
    if (!(fabs(ax[i] - b[i]) <= bound))
      fail_msg("%s: element %d of a x is %g, of b %g, and the bound %g", what, (int)i,
               ax[i], b[i], bound);
  }
}

static void check_solve(eager_dtype dtype, test_shape batch, int64_t n, int64_t k,
                        bool adjoint) {
  test_pick_mode(test_random());
  int64_t count = test_elements(batch);
  double *a = make_matrices(dtype, count, n);
  double *b = test_random_values(dtype, count * n * k, -1, 1);
  eager_tensor *x = test_view(dtype, with_matrix(batch, n, n), a, 3), *z;
  eager_tensor *y = test_view(dtype, with_matrix(batch, n, k), b, 1);
  test_poison((size_t)(count * n * k) * eager_dtype_size(dtype));
  assert_ok(eager_solve(x, y, adjoint, &z));
  assert_int_equal(eager_tensor_rank(z), batch.rank + 2);
  const double *got = test_read(z);
  for (int64_t i = 0; i < count; i++)
    expect_solution(dtype, a + i * n * n, adjoint, got + i * n * k, b + i * n * k, n, k,
                    test_text("solve %s, n = %d, k = %d, adjoint %d",
                              eager_dtype_name(dtype), (int)n, (int)k, adjoint));
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(z);
}

static void check_inverse(eager_dtype dtype, test_shape batch, int64_t n, bool adjoint) {
  test_pick_mode(test_random());
  int64_t count = test_elements(batch);
  double *a = make_matrices(dtype, count, n);
  double *unit = test_alloc((size_t)(n * n + 1) * sizeof *unit);
  for (int64_t i = 0; i < n; i++) unit[i * n + i] = 1;
  eager_tensor *x = test_view(dtype, with_matrix(batch, n, n), a, 5), *y;
  test_poison((size_t)(count * n * n) * eager_dtype_size(dtype));
  assert_ok(eager_inv(x, adjoint, &y));
  const double *got = test_read(y);
  for (int64_t i = 0; i < count; i++)
    expect_solution(dtype, a + i * n * n, adjoint, got + i * n * n, unit, n, n,
                    test_text("inverse %s, n = %d, adjoint %d", eager_dtype_name(dtype),
                              (int)n, adjoint));
  eager_tensor_release(x);
  eager_tensor_release(y);
}

/* By elimination with the largest pivots, in double: sign and logarithm. */
static double determinant(const double *matrix, int64_t n, double *sign) {
  double *a = test_alloc((size_t)(n * n + 1) * sizeof *a), sum = 0;
  memcpy(a, matrix, (size_t)(n * n) * sizeof *a);
  *sign = 1;
  for (int64_t j = 0; j < n; j++) {
    int64_t p = j;
    for (int64_t i = j; i < n; i++)
      if (fabs(a[i * n + j]) > fabs(a[p * n + j])) p = i;
    if (p != j) *sign = -*sign;
    for (int64_t c = 0; c < n; c++) {
      double value = a[j * n + c];
      a[j * n + c] = a[p * n + c];
      a[p * n + c] = value;
    }
    double pivot = a[j * n + j];
    if (pivot < 0) *sign = -*sign;
    sum += log(fabs(pivot));
    for (int64_t i = j + 1; i < n; i++)
      for (int64_t c = n - 1; c >= j; c--)
        a[i * n + c] -= a[i * n + j] / pivot * a[j * n + c];
  }
  return sum;
}

/* The determinant is that of a matrix off by 4 n eps or so in its larger elements, times
 * the sum of the inverse's elements, below n for these; and n roundings more. */
static void check_determinant(eager_dtype dtype, test_shape batch, int64_t n) {
  test_pick_mode(test_random());
  int64_t count = test_elements(batch);
  double *a = make_matrices(dtype, count, n);
  double *sign = test_alloc((size_t)(count + 1) * sizeof *sign);
  double *size = test_alloc((size_t)(count + 1) * sizeof *size);
  double *want = test_alloc((size_t)(count + 1) * sizeof *want), most = 0;
  for (int64_t i = 0; i < count; i++) {
    size[i] = determinant(a + i * n * n, n, &sign[i]);
    want[i] = sign[i] * exp(size[i]);
    most = fmax(most, fabs(want[i]));
  }
  double epsilon = test_epsilon(computed(dtype)) * 10 * (double)(n * n + 1);
  eager_tensor *x = test_view(dtype, with_matrix(batch, n, n), a, 2), *y, *z;
  const char *what = test_text("%s, n = %d", eager_dtype_name(dtype), (int)n);
  if (most < test_highest(dtype) / 2) {
    test_poison((size_t)count * eager_dtype_size(dtype));
    assert_ok(eager_det(x, &y));
    test_expect(y, dtype, batch, want, (test_tolerance){1, most * epsilon}, what);
    eager_tensor_release(y);
  }
  assert_ok(eager_slogdet(x, &y, &z));
  test_expect(y, dtype, batch, sign, TEST_EXACT, what);
  /* An error of a factor is one of as much in the logarithm; n ulps of each term's. */
  test_expect(z, dtype, batch, size, (test_tolerance){1, epsilon * 2}, what);
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(z);
}

static void sizes(void **state) {
  (void)state;
  test_enable();
  static const int64_t ns[] = {1, 2, 3, 4, 7, 16, 31, 32, 33, 65, 100};
  for (int d = 0; d < DTYPES; d++) {
    if (!test_tries(NULL, dtypes[d])) continue;
    for (int i = 0; i < 11; i++) {
      bool is_large = ns[i] > (d == 0 ? 4 : 2);
      if (test_is_slow() && is_large && !(d == 0 && ns[i] == 33)) continue;
      test_shape batch = ns[i] < 40 ? (test_shape){2, {2, 2}} : (test_shape){0};
      if (test_is_slow() && is_large) batch = (test_shape){0};
      check_solve(dtypes[d], batch, ns[i], 1 + i % 4, i % 2);
      if (test_is_slow() && is_large) continue;
      check_inverse(dtypes[d], batch, ns[i], i % 3 == 0);
      check_determinant(dtypes[d], batch, ns[i]);
    }
  }
}

static void large_ones(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of multiplications");
  check_solve(EAGER_FLOAT32, (test_shape){0}, 300, 70, false);
  check_solve(EAGER_FLOAT32, (test_shape){0}, 300, 2, false); /* many blocks, thin */
  check_solve(EAGER_FLOAT32, (test_shape){1, {500}}, 4, 1, true);
  check_inverse(EAGER_FLOAT32, (test_shape){0}, 130, true);
  check_determinant(EAGER_FLOAT32, (test_shape){1, {500}}, 3);
}

static void nothing(void **state) {
  (void)state;
  test_enable();
  check_solve(EAGER_FLOAT32, (test_shape){0}, 0, 3, false);
  check_solve(EAGER_FLOAT32, (test_shape){1, {2}}, 3, 0, false);
  check_inverse(EAGER_FLOAT32, (test_shape){1, {0}}, 3, false);
  check_determinant(EAGER_FLOAT32, (test_shape){1, {0}}, 3);
  check_determinant(EAGER_BFLOAT16, (test_shape){1, {3}}, 0);
}

static void extremes(void **state) {
  (void)state;
  test_enable();
  double diagonal[32] = {0};
  diagonal[0] = diagonal[5] = 1e30; /* would overflow on the way */
  diagonal[10] = diagonal[15] = 1e-30;
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){3, {2, 4, 4}}, diagonal);
  eager_tensor *y, *z;
  assert_ok(eager_det(x, &y)); /* the second is singular */
  test_expect(y, EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 0},
              (test_tolerance){8, 0}, "a product in range");
  eager_tensor_release(y);
  assert_ok(eager_slogdet(x, &y, &z));
  test_expect(y, EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 0}, TEST_EXACT, "sign");
  test_expect(z, EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){0, -INFINITY},
              (test_tolerance){0, 1e-4}, "logarithm");
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(z);
  x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 2}}, (double[]){NAN, 1, 2, 3});
  assert_ok(eager_det(x, &y));
  assert_true(isnan(test_read(y)[0]));
  eager_tensor_release(y);
  assert_ok(eager_inv(x, false, &y));
  assert_true(isnan(test_read(y)[0]));
  eager_tensor_release(x);
  eager_tensor_release(y);
}

/* In both modes: at the call, and by poisoning. */
static void expect_failure(eager_status (*run)(eager_tensor *x, eager_tensor **out),
                           eager_tensor *x, const char *text) {
  eager_tensor *y, *z;
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails_like(run(x, &y), EAGER_INVALID_ARGUMENT, text);
  assert_null(y);
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(run(x, &y));
  assert_ok(eager_negative(y, &z));
  assert_fails_like(eager_tensor_wait(z), EAGER_INVALID_ARGUMENT, text);
  assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, text);
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(y);
  eager_tensor_release(z);
}

static eager_status invert(eager_tensor *x, eager_tensor **out) {
  return eager_inv(x, false, out);
}
static eager_status solve_itself(eager_tensor *x, eager_tensor **out) {
  return eager_solve(x, x, true, out);
}

static void singular_ones_are_told(void **state) {
  (void)state;
  test_enable();
  for (int64_t n = 1; n < (test_is_slow() ? 4 : 50); n = n * 3 + 1) {
    double *a = make_matrices(EAGER_FLOAT32, 3, n);
    for (int64_t i = 0; i < n; i++) {
      a[n * n + i * n + n / 2] = 0; /* a column */
      a[2 * n * n + n / 2 * n + i] = 0;
    }
    eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){3, {3, n, n}}, a);
    expect_failure(invert, x, "Input is not invertible. (matrix 1 of the batch)");
    expect_failure(solve_itself, x,
                   "Input matrix is not invertible. (matrix 1 of the batch)");
    eager_tensor_release(x);
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[12] = {0};
  eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){1, {4}}, zeros), *y, *z;
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, zeros);
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 2}}, zeros);
  eager_tensor *c = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, zeros);
  eager_tensor *e = test_tensor(EAGER_FLOAT32, (test_shape){3, {2, 2, 2}}, zeros);
  eager_tensor *i = test_tensor(EAGER_INT32, (test_shape){2, {2, 2}}, zeros);
  assert_fails(eager_inv(v, false, &y), EAGER_INVALID_ARGUMENT,
               "Input tensor 0 must have rank >= 2, but has shape [4] [Op:MatrixInverse]");
  assert_null(y);
  assert_fails(eager_det(a, &y), EAGER_INVALID_ARGUMENT,
               "Input matrix must be square, but input 0 is [2,3] [Op:MatrixDeterminant]");
  assert_fails(eager_slogdet(a, &y, &z), EAGER_INVALID_ARGUMENT,
               "Input matrix must be square, but input 0 is [2,3] "
               "[Op:LogMatrixDeterminant]");
  assert_null(y);
  assert_null(z);
  assert_fails_like(eager_slogdet(b, NULL, &z), EAGER_INVALID_ARGUMENT, "has 2 outputs");
  assert_fails(eager_solve(b, c, false, &y), EAGER_INVALID_ARGUMENT,
               "Input matrix and rhs are incompatible: [2,2] vs. [3,2] [Op:MatrixSolve]");
  assert_fails(eager_solve(b, e, false, &y), EAGER_INVALID_ARGUMENT,
               "All input tensors must have the same outer dimensions: [2,2] vs. [2,2,2] "
               "[Op:MatrixSolve]");
  assert_fails_like(eager_inv(i, false, &y), EAGER_INVALID_ARGUMENT, "MatrixInverse");
  eager_tensor_release(v);
  eager_tensor_release(a);
  eager_tensor_release(b);
  eager_tensor_release(c);
  eager_tensor_release(e);
  eager_tensor_release(i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes),    cmocka_unit_test(large_ones),
      cmocka_unit_test(nothing),  cmocka_unit_test(extremes),
      cmocka_unit_test(refusals), cmocka_unit_test(singular_ones_are_told),
  };
  return test_main("ops/lu", tests, sizeof tests / sizeof *tests);
}
