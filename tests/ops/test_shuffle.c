/* ctest: devices=all */
/* Slices in the order of the draws that the host makes too. */
#include "philox.h"

static const int64_t seed[2] = {5, 6};

static void shuffles(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {{1, {1}}, {1, {100}},   {2, {37, 3}}, {3, {5, 2, 2}},
                                      {1, {0}}, {1, {65537}}, {0}};
  for (int i = 0; i < 7; i++) {
    test_shape shape = shapes[i];
    int64_t rows = shape.rank ? shape.dims[0] : 1, count = test_elements(shape);
    if (test_is_slow() && count > 200) continue;
    eager_dtype dtype = test_dtypes[i % TEST_DTYPES];
    test_pick_mode(test_random());
    double *x = test_random_values(dtype, count, 0, 100);
    double *want = test_alloc((size_t)(count + 1) * sizeof *want);
    int64_t *order = test_alloc((size_t)(rows + 1) * sizeof *order);
    for (int64_t r = 0; r < rows; r++) order[r] = r;
    for (int64_t step = rows / 2 + 1; step > 0; step /= 2) /* Shell's sort by the draws */
      for (int64_t r = step; r < rows; r++)
        for (int64_t k = r; k >= step && wide_draw(seed, (uint64_t)order[k - step]) >
                                             wide_draw(seed, (uint64_t)order[k]);
             k -= step) {
          int64_t other = order[k];
          order[k] = order[k - step];
          order[k - step] = other;
        }
    int64_t each = rows ? count / rows : 0;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < each; c++) want[r * each + c] = x[order[r] * each + c];
    eager_tensor *t = test_view(dtype, shape, x, 1), *y;
    assert_ok(eager_stateless_shuffle(t, seed, &y));
    test_expect(y, dtype, shape, want, TEST_EXACT, test_text("shuffle %d", i));
    eager_tensor_release(y);
    eager_tensor_release(t);
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *y, *x = test_tensor(EAGER_INT8, (test_shape){1, {2}}, (double[2]){0});
  assert_fails(eager_stateless_shuffle(x, NULL, &y), EAGER_INVALID_ARGUMENT,
               "seed must not be NULL [Op:StatelessShuffle]");
  assert_null(y);
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shuffles),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/shuffle", tests, sizeof tests / sizeof *tests);
}
