/* ctest: devices=all timeout=180 tuned */
/* EAGERCL_GEMM forces the path of MatMul: CLBlast's count of products tells which it was.
 */
#include <math.h>

#include "cl/blas.h"
#include "reference.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"
#include "test.h"

typedef struct product {
  int64_t m, n, k;
} product;

static const product products[] = {{9, 11, 7}, {64, 64, 64}, {129, 33, 65}};
enum { PRODUCTS = sizeof products / sizeof *products, TRANSPOSES = 4 };

static void begin(const char *path) {
  test_time_limit(150); /* a driver with an empty cache compiles all of CLBlast's kernels */
  assert_int_equal(setenv("EAGERCL_GEMM", path, 1), 0);
  test_enable();
}

static eager__device *lane(void) {
  return eager__scope_look(eager__runtime_get()).device;
}

/* CLBlast's kernels read uninitialised memory: Oclgrind reports them, and takes minutes. */
static void begin_clblast(eager_dtype dtype) {
  if (test_is_slow()) test_skip("the simulator finds faults in CLBlast's own kernels");
  begin("clblast");
  if (!eager__blas_usable(lane(), dtype))
    test_skip("CLBlast is not there for %s, or fails its known-answer test",
              eager_dtype_name(dtype));
}

/* Errors of k roundings of a growing sum: sqrt(k) of them of the products' size. */
static test_tolerance make_tolerance(eager_dtype dtype, product p, const double *size) {
  if (!test_is_float(dtype)) return TEST_EXACT;
  eager_dtype computed = dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32;
  double most = 0;
  for (int64_t i = 0; i < p.m * p.n; i++) most = fmax(most, size[i]);
  return (test_tolerance){1, most * test_epsilon(computed) * (4 + sqrt((double)p.k))};
}

static void check(eager_dtype dtype, product p, int transposes) {
  bool ta = transposes & 1, tb = transposes >> 1 & 1;
  double *a = test_random_values(dtype, p.m * p.k, -9, 9);
  double *b = test_random_values(dtype, p.k * p.n, -9, 9);
  test_shape a_shape = {2, {ta ? p.k : p.m, ta ? p.m : p.k}}, out = {2, {p.m, p.n}};
  test_shape b_shape = {2, {tb ? p.n : p.k, tb ? p.k : p.n}};
  eager_tensor *x = test_view(dtype, a_shape, a, 3), *y = test_view(dtype, b_shape, b, 7);
  double *want = test_matmul(p.m, p.n, p.k, a, ta, b, tb, false);
  double *size = test_matmul(p.m, p.n, p.k, a, ta, b, tb, true);
  eager_tensor *c;
  test_poison((size_t)(p.m * p.n) * eager_dtype_size(dtype));
  assert_ok(eager_matmul(x, ta, y, tb, &c));
  test_expect(
      c, dtype, out, want, make_tolerance(dtype, p, size),
      test_text("[%d,%d,%d] transposes %d", (int)p.m, (int)p.n, (int)p.k, transposes));
  eager_tensor_release(c);
  eager_tensor_release(x);
  eager_tensor_release(y);
}

/* How many of them CLBlast has taken. */
static int check_all(eager_dtype dtype) {
  uint64_t before = eager__blas_count();
  for (int i = 0; i < (test_is_slow() ? 1 : PRODUCTS); i++)
    for (int transposes = 0; transposes < TRANSPOSES; transposes++)
      check(dtype, products[i], transposes);
  return (int)(eager__blas_count() - before);
}

static void clblast_takes_float32(void **state) {
  (void)state;
  begin_clblast(EAGER_FLOAT32);
  assert_int_equal(check_all(EAGER_FLOAT32), PRODUCTS * TRANSPOSES);
}

static void clblast_takes_float64(void **state) {
  (void)state;
  if (!test_has_arithmetic(EAGER_FLOAT64)) test_skip("no float64 on this device");
  begin_clblast(EAGER_FLOAT64);
  assert_int_equal(check_all(EAGER_FLOAT64), PRODUCTS * TRANSPOSES);
}

/* Products of one shape, a step apart, are one call; b may be the same for all. */
static void clblast_takes_batches(void **state) {
  (void)state;
  enum { COUNT = 3, SIDE = 33 };
  begin_clblast(EAGER_FLOAT32);
  for (int share = 0; share < 2; share++)
    for (int transposes = 0; transposes < TRANSPOSES; transposes++) {
      const product p = {SIDE, SIDE, SIDE};
      bool ta = transposes & 1, tb = transposes >> 1 & 1;
      int64_t each = SIDE * SIDE;
      double *a = test_random_values(EAGER_FLOAT32, COUNT * each, -9, 9);
      double *b = test_random_values(EAGER_FLOAT32, COUNT * each, -9, 9);
      double *want = test_alloc((size_t)(COUNT * each) * sizeof *want), *size = want;
      for (int i = 0; i < COUNT; i++) {
        const double *y = b + (share ? 0 : i * each);
        size = test_matmul(SIDE, SIDE, SIDE, a + i * each, ta, y, tb, true);
        const double *c = test_matmul(SIDE, SIDE, SIDE, a + i * each, ta, y, tb, false);
        memcpy(want + i * each, c, (size_t)each * sizeof *want);
      }
      test_shape shape = {3, {COUNT, SIDE, SIDE}}, one = {2, {SIDE, SIDE}};
      eager_tensor *x = test_view(EAGER_FLOAT32, shape, a, 3), *z;
      eager_tensor *y = test_view(EAGER_FLOAT32, share ? one : shape, b, 7);
      uint64_t before = eager__blas_count();
      assert_ok(eager_batch_matmul(x, ta, y, tb, &z));
      assert_int_equal(eager__blas_count() - before, 1);
      test_tolerance tolerance = make_tolerance(EAGER_FLOAT32, p, size);
      tolerance.absolute *= 2; /* the sizes are those of the last product */
      test_expect(z, EAGER_FLOAT32, shape, want, tolerance, "a batch");
      eager_tensor_release(x);
      eager_tensor_release(y);
      eager_tensor_release(z);
    }
}

static void clblast_runs_within_a_chain(void **state) {
  (void)state;
  enum { SIDE = 96, STEPS = 12 };
  begin_clblast(EAGER_FLOAT32);
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  uint64_t before = eager__blas_count();
  test_shape shape = {2, {SIDE, SIDE}};
  double *turn = test_alloc(SIDE * SIDE * sizeof *turn);
  double *want = test_alloc(SIDE * SIDE * sizeof *want);
  double *start = test_random_values(EAGER_INT32, SIDE * SIDE, -9, 9);
  /* Every product moves the rows up by one, and every addition doubles: all exact. */
  for (int i = 0; i < SIDE; i++) turn[i * SIDE + (i + 1) % SIDE] = 1;
  for (int i = 0; i < SIDE * SIDE; i++)
    want[i] = start[(i + STEPS * SIDE) % (SIDE * SIDE)] * (1 << STEPS);
  eager_tensor *t = test_view(EAGER_FLOAT32, shape, turn, 5);
  eager_tensor *x = test_view(EAGER_FLOAT32, shape, start, 2), *moved, *doubled;
  for (int step = 0; step < STEPS; step++) {
    assert_ok(eager_matmul(t, false, x, false, &moved));
    assert_ok(eager_add(moved, moved, &doubled));
    eager_tensor_release(x);
    eager_tensor_release(moved);
    x = doubled;
  }
  test_expect(x, EAGER_FLOAT32, shape, want, TEST_EXACT, "a chain");
  assert_int_equal(eager__blas_count() - before, STEPS);
  eager_tensor_release(x);
  eager_tensor_release(t);
}

static void what_clblast_does_not_serve_is_ours(void **state) {
  (void)state;
  begin("clblast");
  assert_int_equal(check_all(EAGER_INT32), 0);
  assert_int_equal(check_all(EAGER_BFLOAT16), 0);
}

static void our_kernel_stands_in_for_a_refusal(void **state) {
  (void)state;
  begin_clblast(EAGER_FLOAT32);
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    eager__blas_refuse(true);
    int taken = check_all(EAGER_FLOAT32);
    eager__blas_refuse(false);
    assert_int_equal(taken, 0);
  }
  assert_int_equal(check_all(EAGER_FLOAT32), PRODUCTS * TRANSPOSES);
}

static void own_means_ours(void **state) {
  (void)state;
  begin("own");
  assert_int_equal(check_all(EAGER_FLOAT32), 0);
  if (test_has_arithmetic(EAGER_FLOAT64)) assert_int_equal(check_all(EAGER_FLOAT64), 0);
}

static void auto_means_ours_unless_on_a_gpu(void **state) {
  (void)state;
  begin("auto");
  bool clblast = lane()->info.type == EAGER_DEVICE_GPU && !test_is_slow() &&
                 eager__blas_usable(lane(), EAGER_FLOAT32);
  assert_int_equal(check_all(EAGER_FLOAT32), clblast ? PRODUCTS * TRANSPOSES : 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clblast_takes_float32),
      cmocka_unit_test(clblast_takes_float64),
      cmocka_unit_test(clblast_takes_batches),
      cmocka_unit_test(clblast_runs_within_a_chain),
      cmocka_unit_test(what_clblast_does_not_serve_is_ours),
      cmocka_unit_test(our_kernel_stands_in_for_a_refusal),
      cmocka_unit_test(own_means_ours),
      cmocka_unit_test(auto_means_ours_unless_on_a_gpu),
  };
  return test_main_each("ops/matmul_paths", tests, sizeof tests / sizeof *tests);
}
