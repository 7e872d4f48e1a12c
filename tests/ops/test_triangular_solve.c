/* ctest: devices=all timeout=240 */
/* MatrixTriangularSolve and CholeskySolve, by residuals. */
#include <math.h>

#include "reference.h"
#include "test.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16};
enum { DTYPES = 4 };

typedef struct problem {
  test_shape a, b; /* the batch axes */
  int64_t n, k;
  bool lower, adjoint;
} problem;

static eager_dtype computed(eager_dtype dtype) {
  return eager_dtype_size(dtype) == 2 ? EAGER_FLOAT32 : dtype;
}

/* A diagonal of 1 to 2 and little beside it; NaN in the triangle that nobody is to read. */
static double *make_triangles(eager_dtype dtype, int64_t count, int64_t n, bool lower) {
  double *x = test_alloc((size_t)(count * n * n + 1) * sizeof *x);
  for (int64_t i = 0; i < count * n * n; i++) {
    int64_t r = i / n % n, c = i % n;
    double value = test_random_double(-1, 1) * (r == c ? 1 : 2 / (double)n);
    if (r == c) value += value < 0 ? -1 : 1;
    x[i] = (lower ? c > r : c < r) ? NAN : test_round(dtype, value);
  }
  return x;
}

static test_shape with_matrix(test_shape batch, int64_t rows, int64_t columns) {
  batch.dims[batch.rank++] = rows;
  batch.dims[batch.rank++] = columns;
  return batch;
}

/* |b - a x| <= n eps |a| |x| (Higham, theorem 8.5); rounding x to 16 bits and, in the
 * triangle, sums of k products by blocks, add their own. */
static void expect_solution(eager_dtype dtype, const double *triangle, const problem *p,
                            const double *x, const double *b, const char *what) {
  int64_t n = p->n, k = p->k;
  double epsilon = test_epsilon(computed(dtype)) * (double)(n + 2);
  if (computed(dtype) != dtype) epsilon += test_epsilon(dtype);
  for (int64_t r = 0; r < n; r++)
    for (int64_t c = 0; c < k; c++) {
      double sum = 0, size = fabs(b[r * k + c]);
      for (int64_t j = 0; j < n; j++) {
        double a = p->adjoint ? triangle[j * n + r] : triangle[r * n + j];
        if (isnan(a)) continue;
        sum += a * x[j * k + c];
        size += fabs(a * x[j * k + c]);
      }
      if (!(fabs(sum - b[r * k + c]) <= size * epsilon))
        fail_msg("%s: (%d, %d) of a x is %g, of b %g", what, (int)r, (int)c, sum,
                 b[r * k + c]);
    }
}

static void check(eager_dtype dtype, const problem *p) {
  test_pick_mode(test_random());
  test_shape batch, a_shape = with_matrix(p->a, p->n, p->n);
  test_shape b_shape = with_matrix(p->b, p->n, p->k);
  assert_true(test_broadcast(p->a, p->b, &batch));
  test_shape out = with_matrix(batch, p->n, p->k);
  double *a = make_triangles(dtype, test_elements(p->a), p->n, p->lower);
  double *b = test_random_values(dtype, test_elements(b_shape), -1, 1);
  eager_tensor *x = test_view(dtype, a_shape, a, 3), *y = test_view(dtype, b_shape, b, 2);
  eager_tensor *z;
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  assert_ok(eager_triangular_solve(x, y, p->lower, p->adjoint, &z));
  assert_int_equal(eager_tensor_rank(z), out.rank);
  for (int d = 0; d < out.rank; d++) assert_int_equal(eager_tensor_dim(z, d), out.dims[d]);
  const double *got = test_read(z);
  test_walk w;
  for (test_walk_begin(&w, batch); w.more; test_walk_next(&w))
    expect_solution(
        dtype, a + test_walk_offset(&w, p->a) * p->n * p->n, p,
        got + w.position * p->n * p->k, b + test_walk_offset(&w, p->b) * p->n * p->k,
        test_text("%s, n = %d, k = %d, lower %d, adjoint %d", eager_dtype_name(dtype),
                  (int)p->n, (int)p->k, p->lower, p->adjoint));
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(z);
}

static void sizes(void **state) {
  (void)state;
  test_enable();
  static const int64_t ns[] = {1, 2, 5, 31, 32, 33, 64, 70, 129}, ks[] = {1, 2, 7, 40};
  for (int d = 0; d < DTYPES; d++) {
    if (!test_tries(NULL, dtypes[d])) continue;
    for (int i = 0; i < 9; i++)
      for (int way = 0; way < 4; way++) {
        if (test_is_slow() && (ns[i] > 5 && !(d == 0 && ns[i] == 33))) continue;
        problem p = {{0}, {0}, ns[i], ks[(i + way) % 4], way & 1, way >> 1};
        check(dtypes[d], &p);
      }
  }
}

static void batches_broadcast(void **state) {
  (void)state;
  test_enable();
  static const test_shape batches[][2] = {
      {{1, {3}}, {1, {3}}},       {{1, {3}}, {0}},
      {{0}, {2, {2, 3}}},         {{2, {2, 1}}, {2, {1, 3}}},
      {{3, {2, 1, 2}}, {1, {2}}}, {{1, {0}}, {1, {1}}},
  };
  for (int i = 0; i < 6; i++)
    for (int way = 0; way < 4; way++) {
      if (test_is_slow() && way != i % 4) continue;
      problem p = {batches[i][0], batches[i][1], test_is_slow() ? 3 : 35, 2,
                   way & 1,       way >> 1};
      check(EAGER_FLOAT32, &p);
      if (way == i % 4) check(EAGER_BFLOAT16, &p);
    }
}

static void large_and_empty(void **state) {
  (void)state;
  test_enable();
  check(EAGER_FLOAT32, &(problem){{0}, {0}, 0, 3, true, false});
  check(EAGER_FLOAT32, &(problem){{0}, {0}, 3, 0, true, false});
  if (test_is_slow()) return;
  check(EAGER_FLOAT32, &(problem){{0}, {0}, 500, 3, true, true});
  check(EAGER_FLOAT32, &(problem){{0}, {0}, 1100, 3, true, false}); /* many blocks */
  check(EAGER_FLOAT32, &(problem){{0}, {0}, 200, 300, false, false});
  check(EAGER_FLOAT32, &(problem){{1, {400}}, {0}, 4, 3, false, true});
}

static void cholesky_solves(void **state) {
  (void)state;
  test_enable();
  int64_t n = test_is_slow() ? 4 : 40, k = 3;
  test_pick_mode(test_random());
  double *l = make_triangles(EAGER_FLOAT32, 1, n, true);
  double *b = test_random_values(EAGER_FLOAT32, 2 * n * k, -1, 1);
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {n, n}}, l), *z;
  eager_tensor *y = test_tensor(EAGER_FLOAT32, (test_shape){3, {2, n, k}}, b);
  assert_ok(eager_cholesky_solve(x, y, &z));
  for (int64_t i = 0; i < n * n; i++)
    if (isnan(l[i])) l[i] = 0;
  const double *a = test_matmul(n, n, n, l, false, l, true, false), *got = test_read(z);
  const double *size = test_matmul(n, n, n, l, false, l, true, true);
  for (int s = 0; s < 2; s++) {
    const double *ax = test_matmul(n, k, n, a, false, got + s * n * k, false, false);
    const double *most = test_matmul(n, k, n, size, false, got + s * n * k, false, true);
    for (int64_t i = 0; i < n * k; i++) /* two solves */
      assert_true(fabs(ax[i] - b[s * n * k + i]) <=
                  2 * (double)(n + 2) * test_epsilon(EAGER_FLOAT32) * (1 + most[i]));
  }
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(z);
}

static void a_zero_on_the_diagonal_is_told(void **state) {
  (void)state;
  test_enable();
  static const char *const text = "Input matrix is not invertible. (matrix 1 of the batch)";
  double *a = make_triangles(EAGER_FLOAT32, 3, 5, true);
  a[25 + 12] = 0;
  a[50] = -0.0;
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){3, {3, 5, 5}}, a), *y, *z;
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){2, {5, 1}}, a);
  for (int chol = 0; chol < 2; chol++) {
    assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
    assert_fails_like(chol ? eager_cholesky_solve(x, b, &y)
                           : eager_triangular_solve(x, b, true, true, &y),
                      EAGER_INVALID_ARGUMENT, text);
    assert_null(y);
    assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
    assert_ok(chol ? eager_cholesky_solve(x, b, &y)
                   : eager_triangular_solve(x, b, true, true, &y));
    assert_ok(eager_negative(y, &z));
    assert_fails_like(eager_tensor_wait(z), EAGER_INVALID_ARGUMENT, text);
    assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, text);
    assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
    eager_tensor_release(y);
    eager_tensor_release(z);
    while (eager_synchronize(NULL) != EAGER_OK) continue; /* the second solve's, too */
  }
  eager_tensor_release(x);
  eager_tensor_release(b);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[12] = {0};
  eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, zeros), *y;
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){3, {3, 2, 2}}, zeros);
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){3, {2, 2, 1}}, zeros);
  eager_tensor *c = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 1}}, zeros);
  assert_fails(eager_triangular_solve(a, v, true, false, &y), EAGER_INVALID_ARGUMENT,
               "Input tensor 1 must have rank >= 2, but has shape [2] "
               "[Op:MatrixTriangularSolve]");
  assert_null(y);
  assert_fails(eager_triangular_solve(b, b, true, false, &y), EAGER_INVALID_ARGUMENT,
               "Input matrix must be square, but input 0 is [2,2,1] "
               "[Op:MatrixTriangularSolve]");
  assert_fails(eager_triangular_solve(a, c, true, false, &y), EAGER_INVALID_ARGUMENT,
               "In[0] mismatch In[1] shape: In[0]: [3,2,2], In[1]: [3,1] "
               "[Op:MatrixTriangularSolve]");
  assert_fails(eager_triangular_solve(a, b, true, false, &y), EAGER_INVALID_ARGUMENT,
               "In[0] and In[1] must have compatible batch dimensions: [3,2,2] vs. [2,2,1] "
               "[Op:MatrixTriangularSolve]");
  assert_fails(eager_cholesky_solve(a, c, &y), EAGER_INVALID_ARGUMENT,
               "In[0] mismatch In[1] shape: In[0]: [3,2,2], In[1]: [3,1] "
               "[Op:CholeskySolve]");
  eager_tensor_release(v);
  eager_tensor_release(a);
  eager_tensor_release(b);
  eager_tensor_release(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes),           cmocka_unit_test(batches_broadcast),
      cmocka_unit_test(large_and_empty), cmocka_unit_test(cholesky_solves),
      cmocka_unit_test(refusals),        cmocka_unit_test(a_zero_on_the_diagonal_is_told),
  };
  return test_main("ops/triangular_solve", tests, sizeof tests / sizeof *tests);
}
