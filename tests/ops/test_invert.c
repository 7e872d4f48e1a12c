/* ctest: devices=all */
#include "test_values.h"

static eager_tensor *make(bool wide, int64_t count, const int64_t *values) {
  return test_tensor_int(wide ? EAGER_INT64 : EAGER_INT32, (test_shape){1, {count}},
                         values);
}

static int64_t *shuffled(int64_t count) {
  int64_t *values = test_alloc((size_t)(count + 1) * sizeof *values);
  for (int64_t i = 0; i < count; i++) values[i] = i;
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t j = test_random_int(0, i), held = values[i];
    values[i] = values[j];
    values[j] = held;
  }
  return values;
}

static void inverts(void **state) {
  (void)state;
  test_enable();
  static const int64_t counts[] = {0, 1, 2, 5, 31, 64, 4097, 65537, 200003};
  for (int i = 0; i < 18; i++) {
    bool wide = i % 2;
    int64_t count = counts[i / 2];
    if (test_is_slow() && count > 100) continue;
    test_pick_mode((uint64_t)i);
    int64_t *values = shuffled(count);
    int64_t *expected = test_alloc((size_t)(count + 1) * sizeof *expected);
    for (int64_t k = 0; k < count; k++) expected[values[k]] = k;
    eager_tensor *x = make(wide, count, values), *y;
    test_poison((size_t)count * (wide ? 8 : 4));
    assert_ok(eager_invert_permutation(x, &y));
    test_expect_int(y, wide ? EAGER_INT64 : EAGER_INT32, (test_shape){1, {count}}, expected,
                    test_text("%lld elements", (long long)count));
    eager_tensor_release(x);
    eager_tensor_release(y);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void inverts_views(void **state) {
  (void)state;
  test_enable();
  for (int wide = 0; wide < 2; wide++) {
    eager_dtype dtype = wide ? EAGER_INT64 : EAGER_INT32;
    test_shape shape = {1, {5}};
    eager_tensor *x = test_view(dtype, shape, (double[]){3, 4, 0, 2, 1}, 3), *y;
    assert_ok(eager_invert_permutation(x, &y));
    test_expect(y, dtype, shape, (double[]){2, 4, 3, 0, 1}, TEST_EXACT, NULL);
    eager_tensor_release(x);
    eager_tensor_release(y);
  }
}

/* The first position that is out of range or repeats an earlier one is told. */
static void refuses_what_is_no_permutation(void **state) {
  (void)state;
  test_enable();
  static const int64_t bad[] = {-1, 40, INT32_MAX, INT32_MIN, 6, 0};
  for (int wide = 0; wide < 2; wide++)
    for (int k = 0; k < 6; k++) {
      int64_t values[40];
      for (int64_t i = 0; i < 40; i++) values[i] = i;
      values[7] = values[39] = bad[k];
      eager_tensor *x = make(wide, 40, values), *y;
      /* Oclgrind's shadow of a block is as large as what was last uploaded there. */
      test_poison(wide ? 320 : 160);
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      assert_fails(eager_invert_permutation(x, &y), EAGER_INVALID_ARGUMENT,
                   "x[7] is not between 0 and 39, or is a duplicate "
                   "[Op:InvertPermutation]");
      assert_null(y);
      test_poison(wide ? 320 : 160);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(eager_invert_permutation(x, &y));
      assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT,
                        "x[7] is not between");
      assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "x[7]");
      eager_tensor_release(x);
      eager_tensor_release(y);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 0}), *y;
  eager_tensor *f = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 0});
  assert_fails(eager_invert_permutation(x, &y), EAGER_INVALID_ARGUMENT,
               "invert_permutation expects a 1D vector, got shape [1,2] "
               "[Op:InvertPermutation]");
  assert_fails_like(eager_invert_permutation(f, &y), EAGER_INVALID_ARGUMENT,
                    "is a float32 tensor; allowed: int32, int64");
  assert_null(y);
  eager_tensor_release(x);
  eager_tensor_release(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inverts),
      cmocka_unit_test(inverts_views),
      cmocka_unit_test(refuses_what_is_no_permutation),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/invert", tests, sizeof tests / sizeof *tests);
}
