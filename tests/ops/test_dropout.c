/* ctest: devices=all */
/* Which elements go is known on the host. */
#include <math.h>

#include "philox.h"

static const int64_t seed[2] = {5, 6};

static double uniform(int64_t i) {
  uint32_t words[4];
  block_words(seed, (uint64_t)i / 4, words);
  return (words[i % 4] >> 8) * 0x1p-24;
}

static const struct {
  test_shape shape;
  double rate;
  bool has_noise;
  int64_t noise[4];
} cases[] = {
    {{0}, 0.5, false, {0}},
    {{1, {1}}, 0.25, false, {0}},
    {{1, {131}}, 0.5, false, {0}},
    {{2, {7, 9}}, 0.9, true, {7, 1}},
    {{3, {2, 3, 5}}, 0.3, true, {1, -1, 5}},
    {{4, {2, 3, 2, 3}}, 0.5, true, {1, 3, 1, -1}},
    {{2, {3, 5}}, 0.5, true, {1, 1}},
    {{2, {0, 5}}, 0.5, false, {0}},
    {{2, {6, 5}}, 0, false, {0}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void drops_what_the_draws_say(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
    for (int i = 0; i < CASES; i++) {
      test_pick_mode(test_random());
      test_shape shape = cases[i].shape;
      int64_t count = test_elements(shape);
      double *x = test_random_values(dtype, count, -9, 9);
      double *want = test_alloc((size_t)(count + 1) * sizeof *want);
      for (int64_t k = 0; k < count; k++) {
        int64_t rest = k, draw = 0, stride = 1;
        for (int axis = shape.rank - 1; axis >= 0; axis--) {
          bool repeats = cases[i].has_noise && cases[i].noise[axis] == 1;
          if (!repeats) draw += rest % shape.dims[axis] * stride;
          if (!repeats) stride *= shape.dims[axis];
          rest /= shape.dims[axis];
        }
        double scale = 1 / (1 - cases[i].rate);
        if (dtype != EAGER_FLOAT64) scale = (float)scale;
        want[k] = uniform(draw) >= (double)(float)cases[i].rate ? x[k] * scale : 0;
      }
      eager_tensor *t = test_view(dtype, shape, x, 3), *y;
      test_poison((size_t)count * eager_dtype_size(dtype));
      assert_ok(eager_dropout(t, cases[i].rate, seed,
                              cases[i].has_noise ? cases[i].noise : NULL, &y));
      test_expect(y, dtype, shape, want, (test_tolerance){1, 0}, test_text("case %d", i));
      eager_tensor_release(y);
      eager_tensor_release(t);
    }
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 2}}, (double[4]){0});
  eager_tensor *y;
  assert_fails(eager_dropout(x, 1, seed, NULL, &y), EAGER_INVALID_ARGUMENT,
               "`rate` must be a scalar or scalar tensor in the range [0, 1). Received: "
               "rate=1 [Op:Dropout]");
  assert_null(y);
  assert_fails(eager_dropout(x, 0.5, seed, (int64_t[]){2, 3}, &y), EAGER_INVALID_ARGUMENT,
               "noise_shape[1] must be 1, -1 or the input's 2, got 3 [Op:Dropout]");
  assert_fails(eager_dropout(x, NAN, seed, NULL, &y), EAGER_INVALID_ARGUMENT,
               "`rate` must be a scalar or scalar tensor in the range [0, 1). Received: "
               "rate=nan [Op:Dropout]");
  assert_fails(eager_dropout(x, 0.5, NULL, NULL, &y), EAGER_INVALID_ARGUMENT,
               "seed must not be NULL [Op:Dropout]");
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(drops_what_the_draws_say),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/dropout", tests, sizeof tests / sizeof *tests);
}
