/* ctest: devices=all */
#include "bytes.h"

/* What Bitcast makes of `shape`, which ends in what the larger element needs. */
static test_shape cast_shape(test_shape shape, size_t from, size_t to) {
  if (from > to) shape.dims[shape.rank++] = (int64_t)(from / to);
  if (from < to) shape.rank--;
  return shape;
}

/* `lead` elements in front of the view: those that are no multiple of the larger element's
 * size are copied. */
static void check(eager_dtype from, eager_dtype to, int64_t rows, int64_t lead) {
  size_t size = eager_dtype_size(from), target = eager_dtype_size(to);
  int64_t last = target > size ? (int64_t)(target / size) : 2;
  test_shape shape = {2, {rows, last}};
  int64_t count = rows * last, all = count + lead;
  uint8_t *whole = bytes_random(from, all);
  eager_tensor *flat, *tail, *x, *y, *z;
  assert_ok(eager_tensor_from_host(from, 1, &all, whole, &flat));
  assert_ok(eager_slice(flat, &lead, &count, &tail));
  assert_ok(eager_reshape(tail, 2, shape.dims, &x));
  const char *what = test_text("%s to %s, %d in front", eager_dtype_name(from),
                               eager_dtype_name(to), (int)lead);
  test_poison((size_t)count * size);
  assert_ok(eager_bitcast(x, to, &y));
  assert_ok(eager_bitcast(y, from, &z));
  uint8_t *bytes = whole + (size_t)lead * size;
  bytes_expect(y, to, cast_shape(shape, size, target), bytes, what);
  bytes_expect(z, from, shape, bytes, test_text("%s and back", what));
  eager_tensor *others[] = {flat, tail, x};
  for (int i = 0; i < 3; i++) eager_tensor_release(others[i]);
}

static void every_pair(void **state) {
  (void)state;
  test_enable();
  uint64_t index = 0;
  for (int i = 0; i < TEST_DTYPES; i++)
    for (int j = 0; j < TEST_DTYPES; j++)
      for (int lead = 0; lead < 6; lead += lead ? 3 : 1) {
        if (test_dtypes[i] == EAGER_BOOL || test_dtypes[j] == EAGER_BOOL) continue;
        if (!test_wants(NULL, test_dtypes[i]) || !test_sampled(index++)) continue;
        test_pick_mode(index);
        check(test_dtypes[i], test_dtypes[j], 5, lead);
      }
  for (int lead = 0; lead < 9; lead++) check(EAGER_UINT8, EAGER_FLOAT64, 3, lead);
  check(EAGER_INT16, EAGER_INT64, 0, 1);
  if (!test_is_slow()) check(EAGER_UINT8, EAGER_FLOAT32, 50001, 1);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

static void floats_are_their_bits(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_scalar(EAGER_FLOAT32, -1.5), *y;
  int64_t bits = (int32_t)0xbfc00000;
  assert_ok(eager_bitcast(x, EAGER_INT32, &y));
  test_expect_int(y, EAGER_INT32, (test_shape){0}, &bits, "-1.5");
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double values[8] = {0};
  eager_tensor *x = test_tensor(EAGER_INT16, (test_shape){1, {3}}, values), *y = x;
  eager_tensor *flag = test_scalar(EAGER_BOOL, 1), *one = test_scalar(EAGER_INT16, 1);
  test_shape eight = {8, {1, 1, 1, 1, 1, 1, 1, 1}};
  eager_tensor *deep = test_tensor(EAGER_INT16, eight, values);
  assert_fails(eager_bitcast(x, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
               "Cannot bitcast due to shape. [3] must end in an extent of 2 [Op:Bitcast]");
  assert_null(y);
  assert_fails(eager_bitcast(one, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
               "Cannot bitcast due to shape. [] must end in an extent of 2 [Op:Bitcast]");
  assert_fails(
      eager_bitcast(deep, EAGER_UINT8, &y), EAGER_INVALID_ARGUMENT,
      "Cannot bitcast a tensor of rank 8 to smaller elements: the largest rank is 8 "
      "[Op:Bitcast]");
  assert_fails(eager_bitcast(x, EAGER_BOOL, &y), EAGER_INVALID_ARGUMENT,
               "type: bool is not a dtype of numbers [Op:Bitcast]");
  assert_fails(eager_bitcast(x, (eager_dtype)99, &y), EAGER_INVALID_ARGUMENT,
               "type: ? is not a dtype of numbers [Op:Bitcast]");
  assert_fails_like(eager_bitcast(flag, EAGER_UINT8, &y), EAGER_INVALID_ARGUMENT,
                    "[Op:Bitcast]");
  eager_tensor *all[] = {x, flag, one, deep};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair),
      cmocka_unit_test(floats_are_their_bits),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/bitcast", tests, sizeof tests / sizeof *tests);
}
