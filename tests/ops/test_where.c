/* ctest: devices=all timeout=120 */
/* Where and BooleanMask: what is not zero, in row-major order. */
#include "reference.h"
#include "sorting.h"

static bool is_true(eager_dtype dtype, uint64_t bits) {
  if (dtype == EAGER_INT64 || dtype == EAGER_UINT64) return bits != 0;
  return eager__decode_double(dtype, &bits) != 0;
}

/* `thin`: one in so many is not zero. */
static sorting_tensor make(eager_dtype dtype, test_shape shape, int thin) {
  sorting_tensor x = sorting_make(dtype, shape, SORTING_SPECIAL);
  if (thin == 1) return x;
  int64_t count = test_elements(shape);
  uint64_t sign =
      test_is_float(dtype) ? UINT64_C(1) << (eager_dtype_size(dtype) * 8 - 1) : 0;
  for (int64_t i = 0; i < count; i++)
    if (thin == 0 || test_random_int(0, thin - 1) > 0) x.bits[i] = i % 2 ? sign : 0;
  eager_tensor_release(x.t);
  return sorting_from_bits(dtype, shape, x.bits);
}

static void check(eager_dtype dtype, test_shape shape, int thin) {
  if (sorting_too_slow(shape)) return;
  sorting_tensor x = make(dtype, shape, thin);
  int64_t found = 0, count = test_elements(shape);
  uint64_t *expected = test_alloc((size_t)(count * shape.rank + 1) * sizeof *expected);
  test_walk w;
  for (test_walk_begin(&w, shape); w.more; test_walk_next(&w)) {
    if (!is_true(dtype, x.bits[w.position])) continue;
    for (int d = 0; d < shape.rank; d++)
      expected[found * shape.rank + d] = (uint64_t)w.index[d];
    found++;
  }
  eager_tensor *y;
  test_pick_mode(test_random());
  test_poison((size_t)(found * shape.rank) * sizeof(int64_t));
  assert_ok(eager_where_indices(x.t, &y));
  sorting_expect(y, EAGER_INT64, (test_shape){2, {found, shape.rank}}, expected,
                 test_text("rank %d, %d elements", shape.rank, (int)count));
  eager_tensor_release(x.t);
}

static void finds_what_is_not_zero(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {
      {0},           {1, {0}},    {1, {1}},          {1, {17}},
      {2, {3, 5}},   {2, {0, 5}}, {3, {4, 1, 33}},   {8, {2, 1, 3, 2, 1, 2, 3, 2}},
      {2, {40, 67}}, {1, {1025}}, {4, {5, 2, 7, 3}},
  };
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
      for (int thin = 0; thin < 4; thin++)
        if (test_wants(NULL, test_dtypes[d]) && test_sampled(index++))
          check(test_dtypes[d], shapes[s], thin);
}

static void long_conditions(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundred thousands of elements");
  check(EAGER_BOOL, (test_shape){1, {65535}}, 1);
  check(EAGER_FLOAT32, (test_shape){1, {65537}}, 1000);
  check(EAGER_INT16, (test_shape){2, {65537, 3}}, 2);
  check(EAGER_FLOAT64, (test_shape){1, {200003}}, 1);
  check(EAGER_BOOL, (test_shape){1, {1000003}}, 3);
}

/* --- BooleanMask --- */

static void check_mask(eager_dtype dtype, test_shape shape, int axis, int axes) {
  if (sorting_too_slow(shape)) return;
  test_shape mask_shape = {.rank = axes};
  for (int d = 0; d < axes; d++) mask_shape.dims[d] = shape.dims[axis + d];
  sorting_tensor x = sorting_make(dtype, shape, SORTING_BITS);
  sorting_tensor mask = sorting_make(EAGER_BOOL, mask_shape, SORTING_BITS);
  int64_t outer = eager__shape_product(&shape, 0, axis), found = 0;
  int64_t extent = test_elements(mask_shape);
  int64_t inner = eager__shape_product(&shape, axis + axes, shape.rank);
  for (int64_t m = 0; m < extent; m++) found += mask.bits[m] != 0;
  uint64_t *expected = test_alloc((size_t)(test_elements(shape) + 1) * sizeof *expected);
  int64_t to = 0;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t m = 0; m < extent; m++)
      for (int64_t i = 0; i < inner && mask.bits[m]; i++)
        expected[to++] = x.bits[(o * extent + m) * inner + i];
  test_shape out = {0};
  for (int d = 0; d < axis; d++) out.dims[out.rank++] = shape.dims[d];
  out.dims[out.rank++] = found;
  for (int d = axis + axes; d < shape.rank; d++) out.dims[out.rank++] = shape.dims[d];
  eager_tensor *y;
  test_pick_mode(test_random());
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  assert_ok(eager_boolean_mask(x.t, mask.t, axis - (extent % 2 ? shape.rank : 0), &y));
  sorting_expect(y, dtype, out, expected, test_text("axis %d, %d axes", axis, axes));
  eager_tensor_release(x.t);
  eager_tensor_release(mask.t);
}

static void masks(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {{1, {1}},        {1, {33}},         {2, {7, 5}},
                                      {3, {3, 10, 2}}, {4, {2, 3, 4, 5}}, {2, {0, 3}}};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
      for (int axis = 0; axis < shapes[s].rank; axis++)
        for (int axes = 1; axis + axes <= shapes[s].rank; axes++)
          if (test_wants(NULL, test_dtypes[d]) && test_sampled(index++))
            check_mask(test_dtypes[d], shapes[s], axis, axes);
  if (test_is_slow()) return;
  check_mask(EAGER_FLOAT32, (test_shape){2, {65537, 3}}, 0, 1);
  check_mask(EAGER_UINT8, (test_shape){2, {3, 65535}}, 1, 1);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[6] = {0};
  for (int mode = 0; mode < 2; mode++) {
    assert_ok(eager_set_thread_execution_mode(mode ? EAGER_ASYNC : EAGER_SYNC));
    eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, zeros), *y;
    eager_tensor *mask = test_tensor(EAGER_BOOL, (test_shape){1, {3}}, zeros);
    eager_tensor *scalar = test_scalar(EAGER_BOOL, 1);
    assert_fails(eager_boolean_mask(x, mask, 0, &y), EAGER_INVALID_ARGUMENT,
                 "Shapes [2,3] and [3] are incompatible: mask must fit tensor from axis 0 "
                 "on [Op:BooleanMask]");
    assert_null(y);
    assert_fails(eager_boolean_mask(x, scalar, 0, &y), EAGER_INVALID_ARGUMENT,
                 "mask cannot be scalar [Op:BooleanMask]");
    assert_fails_like(eager_boolean_mask(x, mask, 2, &y), EAGER_INVALID_ARGUMENT,
                      "axis 2 is out of range");
    assert_fails_like(eager_boolean_mask(x, x, 0, &y), EAGER_INVALID_ARGUMENT,
                      "input #1(zero-based) is a float32 tensor; allowed: bool");
    assert_fails_like(eager_where_indices(NULL, &y), EAGER_INVALID_ARGUMENT,
                      "`condition`, is NULL [Op:Where]");
    assert_fails_like(eager_where_indices(x, NULL), EAGER_INVALID_ARGUMENT,
                      "Where has 1 output: the place to put them is NULL or too small");
    eager_tensor_release(x);
    eager_tensor_release(mask);
    eager_tensor_release(scalar);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_what_is_not_zero),
      cmocka_unit_test(long_conditions),
      cmocka_unit_test(masks),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/where", tests, sizeof tests / sizeof *tests);
}
