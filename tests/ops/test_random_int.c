/* ctest: devices=all */
/* Whole numbers, bit for bit. */
#include "philox.h"

static const int64_t seeds[][2] = {
    {0, 0}, {1, 2}, {-1, -1}, {INT64_C(0x13198a2ea4093822), INT64_C(0x03707344299f31d0)}};

static const struct {
  eager_dtype dtype;
  int64_t low, high;
} ranges[] = {
    {EAGER_INT32, 0, 1},
    {EAGER_INT32, -5, 6},
    {EAGER_INT32, INT32_MIN, INT32_MAX},
    {EAGER_INT64, -3, 1000000007},
    {EAGER_INT64, INT64_MIN, INT64_MAX},
    {EAGER_UINT32, 0, UINT32_MAX},
    {EAGER_UINT64, 7, INT64_MAX},
};
enum { RANGES = sizeof ranges / sizeof *ranges };

static void draws_ranges(void **state) {
  (void)state;
  test_enable();
  static const int64_t lengths[] = {1, 2, 3, 64, 65537};
  for (int i = 0; i < RANGES; i++)
    for (int l = 0; l < 5; l++) {
      int64_t count = test_is_slow() && lengths[l] > 64 ? 129 : lengths[l];
      const int64_t *seed = seeds[(i + l) % 4];
      int64_t *want = test_alloc((size_t)count * sizeof *want);
      uint64_t range = (uint64_t)ranges[i].high - (uint64_t)ranges[i].low;
      for (int64_t k = 0; k < count; k++)
        want[k] = (int64_t)((uint64_t)ranges[i].low +
                            upper_product(wide_draw(seed, (uint64_t)k), range));
      eager_tensor *y;
      test_pick_mode(test_random());
      test_poison((size_t)count * eager_dtype_size(ranges[i].dtype));
      assert_ok(eager_stateless_random_uniform_int(1, &count, seed, ranges[i].low,
                                                   ranges[i].high, ranges[i].dtype, &y));
      test_expect_int(y, ranges[i].dtype, (test_shape){1, {count}}, want,
                      test_text("range %d", i));
      eager_tensor_release(y);
    }
}

static void draws_all_numbers(void **state) {
  (void)state;
  test_enable();
  static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_INT64, EAGER_UINT32,
                                       EAGER_UINT64};
  int64_t dims[] = {7, 19};
  for (int d = 0; d < 4; d++) {
    int64_t want[7 * 19];
    for (int k = 0; k < 7 * 19; k++) {
      uint64_t bits = wide_draw(seeds[3], (uint64_t)k);
      want[k] = dtypes[d] == EAGER_INT32    ? (int32_t)bits
                : dtypes[d] == EAGER_UINT32 ? (int64_t)(uint32_t)bits
                                            : (int64_t)bits;
    }
    eager_tensor *y;
    test_pick_mode(test_random());
    assert_ok(eager_stateless_random_uniform_full_int(2, dims, seeds[3], dtypes[d], &y));
    test_expect_int(y, dtypes[d], (test_shape){2, {7, 19}}, want, "all numbers");
    eager_tensor_release(y);
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *y;
  int64_t n = 3;
  assert_fails(eager_stateless_random_uniform_int(1, &n, seeds[0], 5, 5, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "Need minval < maxval, got 5 >= 5 [Op:StatelessRandomUniformInt]");
  assert_null(y);
  assert_fails(
      eager_stateless_random_uniform_int(1, &n, seeds[0], -1, 5, EAGER_UINT32, &y),
      EAGER_INVALID_ARGUMENT,
      "minval -1 or maxval 5 is out of uint32's range [Op:StatelessRandomUniformInt]");
  assert_fails(eager_stateless_random_uniform_int(1, &n, seeds[0], 0, 5, EAGER_INT16, &y),
               EAGER_INVALID_ARGUMENT,
               "dtype must be int32, int64, uint32 or uint64, got int16 "
               "[Op:StatelessRandomUniformInt]");
  assert_fails(eager_stateless_random_uniform_full_int(1, &n, NULL, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "seed must not be NULL [Op:StatelessRandomUniformFullInt]");
  assert_ok(eager_stateless_random_uniform_full_int(1, (int64_t[]){0}, seeds[0],
                                                    EAGER_INT32, &y));
  assert_int_equal(eager_tensor_num_elements(y), 0);
  eager_tensor_release(y);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draws_ranges),
      cmocka_unit_test(draws_all_numbers),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/random_int", tests, sizeof tests / sizeof *tests);
}
