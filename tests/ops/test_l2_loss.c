/* ctest: devices=all */
#include <math.h>

#include "reference.h"
#include "test.h"

/* Kahan's sums lose an ulp or two, whatever the count; a square and the sum of lanes round.
 */
static void check(eager_dtype dtype, test_shape shape, const double *x) {
  int64_t count = test_elements(shape);
  long double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += (long double)x[i] * x[i];
  double expected = (double)(sum / 2);
  eager_tensor *t = test_view(dtype, shape, x, 3), *y;
  test_pick_mode(test_random());
  test_poison(eager_dtype_size(dtype));
  assert_ok(eager_l2_loss(t, &y));
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  test_expect(y, dtype, (test_shape){0}, &expected, (test_tolerance){narrow ? 1 : 5, 0},
              test_text("%lld elements", (long long)count));
  eager_tensor_release(t);
  eager_tensor_release(y);
}

static void every_shape(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {
      {0},         {1, {1}},       {1, {0}},       {1, {17}},
      {2, {3, 0}}, {3, {2, 3, 5}}, {2, {64, 129}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int s = 0; s < 8; s++) {
      eager_dtype dtype = test_dtypes[d];
      if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
      if (test_is_slow() && test_elements(shapes[s]) > 500) continue;
      check(dtype, shapes[s], test_random_values(dtype, test_elements(shapes[s]), -1, 1));
    }
}

static void many_elements(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of elements");
  static const int64_t counts[] = {65535, 65537, 200003, 3000017};
  for (int i = 0; i < 4; i++)
    check(EAGER_FLOAT32, (test_shape){1, {counts[i]}},
          test_random_values(EAGER_FLOAT32, counts[i], -1, 1));
}

static void special_values(void **state) {
  (void)state;
  test_enable();
  check(EAGER_FLOAT32, (test_shape){1, {3}}, (double[]){1, NAN, 2});
  check(EAGER_FLOAT32, (test_shape){1, {3}}, (double[]){1, -INFINITY, 2});
  check(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1e30, 1e30});
  check(EAGER_FLOAT16, (test_shape){1, {2}}, (double[]){200, 200});
  check(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){-0.0, 0});
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_scalar(EAGER_INT32, 1), *y;
  assert_fails_like(eager_l2_loss(x, &y), EAGER_INVALID_ARGUMENT, "L2Loss");
  assert_null(y);
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_shape),
      cmocka_unit_test(many_elements),
      cmocka_unit_test(special_values),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/l2_loss", tests, sizeof tests / sizeof *tests);
}
