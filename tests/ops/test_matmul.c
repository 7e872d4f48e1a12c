/* ctest: devices=all timeout=180 tuned */
/* MatMul: all four ways of transposing, shapes about every tile; every dtype it takes. */
#include <math.h>

#include "reference.h"
#include "test.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32,  EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16, EAGER_INT32,   EAGER_INT64};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static void check(eager_dtype dtype, int64_t m, int64_t n, int64_t k, int transposes) {
  test_pick_mode(test_random());
  bool ta = transposes & 1, tb = transposes >> 1 & 1;
  double low = test_lowest(dtype) < 0 ? -9 : 0;
  double *a = test_random_values(dtype, m * k, low, 9);
  double *b = test_random_values(dtype, k * n, low, 9);
  test_shape a_shape = {2, {ta ? k : m, ta ? m : k}}, out = {2, {m, n}};
  test_shape b_shape = {2, {tb ? n : k, tb ? k : n}};
  eager_tensor *x = test_view(dtype, a_shape, a, 3), *y = test_view(dtype, b_shape, b, 7),
               *c;
  double *want = test_matmul(m, n, k, a, ta, b, tb, false);
  double *size = test_matmul(m, n, k, a, ta, b, tb, true);
  /* Errors of k roundings of a growing sum: sqrt(k) of them of the products' size. */
  test_tolerance tolerance = TEST_EXACT;
  if (test_is_float(dtype)) {
    eager_dtype computed = dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32;
    double most = 0;
    for (int64_t i = 0; i < m * n; i++) most = fmax(most, size[i]);
    tolerance.ulps = 1;
    tolerance.absolute = most * test_epsilon(computed) * (4 + sqrt((double)k));
  }
  test_poison((size_t)(m * n) * eager_dtype_size(dtype));
  assert_ok(eager_matmul(x, ta, y, tb, &c));
  test_expect(c, dtype, out, want, tolerance,
              test_text("[%d,%d,%d] transposes %d", (int)m, (int)n, (int)k, transposes));
  eager_tensor_release(c);
  eager_tensor_release(x);
  eager_tensor_release(y);
}

static void about_the_tiles(void **state) {
  (void)state;
  test_enable();
  test_time_limit(150); /* a driver with an empty cache compiles a program per dtype */
  static const int64_t ms[] = {1, 4, 5, 12, 13, 25, 0}, ks[] = {0, 1, 7, 33};
  static const int64_t ns[] = {1, 10, 15, 16, 17, 31, 33, 50};
  uint64_t index = 0;
  for (int d = 0; d < DTYPES; d++) {
    if (!test_tries(NULL, dtypes[d])) continue;
    for (int t = 0; t < 4; t++)
      for (int i = 0; i < 7; i++)
        for (int j = 0; j < 8; j++)
          for (int l = 0; l < 4; l++) {
            if (!test_sampled(index++)) continue;
            if (test_is_slow() && (index % 8 != 0 || ms[i] * ns[j] > 400)) continue;
            check(dtypes[d], ms[i], ns[j], ks[l], t);
          }
  }
}

static void large_ones(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of multiplications");
  /* Tiles enough for a GPU, and a k of more than one launch where loops are limited. */
  check(EAGER_BFLOAT16, 160, 208, 2061, 1);
  check(EAGER_BFLOAT16, 37, 65, 777, 0);  /* what a block lays out ends at 384 of k */
  check(EAGER_FLOAT32, 61, 330, 2061, 1); /* b does not stay in the cache */
  for (int d = 0; d < DTYPES; d++) {
    if (!test_tries(NULL, dtypes[d])) continue;
    check(dtypes[d], 29, 50, 1024, 3); /* rows of b that fall on the same lines */
    for (int t = 0; t < 4; t++) {
      check(dtypes[d], 65, 70, 130, t);
      check(dtypes[d], 49, 33, 600, t);
      if (d == 0) check(dtypes[d], 50, 530, 1030, t);
      if (d == 0) check(dtypes[d], 25, 100, 384, t);
      if (d == 0) check(dtypes[d], 13, 33, 769, t);
      if (d == 0) check(dtypes[d], 2, 3, 65537, t);
    }
  }
}

/* Where tiles and panels that are laid out at once end: 48 rows of a transposed a, 256
 * columns; and the vectors that end with a or b. */
static void about_stripes_and_panels(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of multiplications");
  static const int64_t ms[] = {36, 47, 48, 49, 61, 97}, ks[] = {15, 16, 383, 385, 769};
  static const int64_t ns[] = {17, 241, 256, 257, 272, 290};
  for (int i = 0; i < 6; i++)
    for (int t = 0; t < 4; t++) {
      check(EAGER_BFLOAT16, ms[i], ns[(i + t) % 6], ks[(i + t) % 5], t);
      check(EAGER_FLOAT32, ms[i], ns[(i + t + 1) % 6], ks[(i + t + 1) % 5], t);
      check(EAGER_INT32, ms[i], 30 + t, ks[i % 5], t);
    }
}

static void integers_wrap(void **state) {
  (void)state;
  test_enable();
  test_shape shape = {2, {1, 1}};
  eager_tensor *x = test_tensor(EAGER_INT32, shape, (double[]){65537}), *y;
  assert_ok(eager_matmul(x, false, x, false, &y)); /* 2^32 + 2^17 + 1 */
  test_expect(y, EAGER_INT32, shape, (double[]){131073}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[8] = {0};
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 2}}, zeros), *y;
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, zeros);
  eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, zeros);
  eager_tensor *i = test_tensor(EAGER_BOOL, (test_shape){2, {2, 2}}, zeros);
  assert_fails(eager_matmul(a, false, b, false, &y), EAGER_INVALID_ARGUMENT,
               "Matrix size-incompatible: In[0]: [2,2], In[1]: [3,2] [Op:MatMul]");
  assert_null(y);
  assert_fails(eager_matmul(a, false, v, false, &y), EAGER_INVALID_ARGUMENT,
               "In[1] is not a matrix. Instead it has shape [2] [Op:MatMul]");
  assert_fails_like(eager_matmul(i, false, i, false, &y), EAGER_INVALID_ARGUMENT, "MatMul");
  assert_ok(eager_matmul(a, false, b, true, &y));
  eager_tensor_release(y);
  eager_tensor_release(a);
  eager_tensor_release(b);
  eager_tensor_release(v);
  eager_tensor_release(i);
}

/* What wraps around is right, too. */
static void other_integers(void **state) {
  (void)state;
  test_enable();
  test_time_limit(150);
  static const eager_dtype others[] = {EAGER_INT8,   EAGER_INT16,  EAGER_UINT8,
                                       EAGER_UINT16, EAGER_UINT32, EAGER_UINT64};
  for (int d = 0; d < 6; d++)
    for (int t = 0; t < 4; t++)
      if (test_wants("MatMul", others[d])) check(others[d], 5, 17, 7, t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(other_integers), cmocka_unit_test(about_the_tiles),
      cmocka_unit_test(large_ones),     cmocka_unit_test(about_stripes_and_panels),
      cmocka_unit_test(integers_wrap),  cmocka_unit_test(refusals),
  };
  return test_main("ops/matmul", tests, sizeof tests / sizeof *tests);
}
