/* ctest: devices=all */
#include "bytes.h"

static const test_shape shapes[] = {
    {0},           {1, {1}},       {1, {17}},
    {2, {3, 5}},   {1, {65535}},   {1, {65537}},
    {1, {200003}}, {3, {4, 0, 2}}, {8, {2, 1, 2, 1, 2, 1, 2, 1}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static uint8_t *repeated(eager_dtype dtype, test_shape shape, const void *element) {
  size_t size = eager_dtype_size(dtype), count = (size_t)test_elements(shape);
  uint8_t *bytes = test_alloc(size * count + 1);
  for (size_t i = 0; i < count; i++) memcpy(bytes + i * size, element, size);
  return bytes;
}

static void run_fill(int i, eager_dtype dtype) {
  test_shape shape = shapes[i];
  if (bytes_too_slow(shape)) return;
  bytes_tensor value = bytes_make(dtype, (test_shape){0});
  eager_tensor *y;
  test_poison((size_t)test_elements(shape) * value.element);
  assert_ok(eager_fill(shape.rank, shape.dims, value.t, &y));
  bytes_expect(y, dtype, shape, repeated(dtype, shape, value.bytes),
               test_text("case %d", i));
  eager_tensor_release(value.t);
}

static void run_like(int i, eager_dtype dtype) {
  test_shape shape = shapes[i];
  if (bytes_too_slow(shape)) return;
  bytes_tensor x = bytes_make(dtype, shape);
  uint64_t zero = 0, one = 0;
  eager__encode_int(dtype, 1, &one);
  eager_tensor *y;
  test_poison((size_t)test_elements(shape) * x.element);
  assert_ok(eager_zeros_like(x.t, &y));
  bytes_expect(y, dtype, shape, repeated(dtype, shape, &zero),
               test_text("zeros, case %d", i));
  assert_ok(eager_ones_like(x.t, &y));
  bytes_expect(y, dtype, shape, repeated(dtype, shape, &one),
               test_text("ones, case %d", i));
  test_poison((size_t)test_elements(shape) * x.element);
  assert_ok(eager_zeros(shape.rank, shape.dims, dtype, &y));
  bytes_expect(y, dtype, shape, repeated(dtype, shape, &zero),
               test_text("made zeros, case %d", i));
  assert_ok(eager_ones(shape.rank, shape.dims, dtype, &y));
  bytes_expect(y, dtype, shape, repeated(dtype, shape, &one),
               test_text("made ones, case %d", i));
  eager_tensor_release(x.t);
}

static void fills(void **state) {
  (void)state;
  bytes_each_dtype(SHAPES, run_fill);
}

static void makes_zeros_and_ones(void **state) {
  (void)state;
  bytes_each_dtype(SHAPES, run_like);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *one = test_scalar(EAGER_FLOAT32, 1), *y;
  eager_tensor *row = test_tensor(EAGER_FLOAT32, (test_shape){1, {1}}, (double[]){0});
  assert_fails(eager_fill(1, (int64_t[]){-2}, one, &y), EAGER_INVALID_ARGUMENT,
               "dims[0] must not be negative, got -2 [Op:Fill]");
  assert_fails(eager_fill(9, (int64_t[9]){0}, one, &y), EAGER_INVALID_ARGUMENT,
               "dims: rank must be from 0 to 8, got 9 [Op:Fill]");
  assert_fails(eager_fill(-1, (int64_t[]){1}, one, &y), EAGER_INVALID_ARGUMENT,
               "dims: rank must be from 0 to 8, got -1 [Op:Fill]");
  assert_fails(eager_fill(1, NULL, one, &y), EAGER_INVALID_ARGUMENT,
               "dims must not be NULL for rank 1 [Op:Fill]");
  assert_fails(eager_fill(1, (int64_t[]){1}, row, &y), EAGER_INVALID_ARGUMENT,
               "value must be a scalar, got shape [1] [Op:Fill]");
  assert_fails(eager_zeros(1, (int64_t[]){-2}, EAGER_INT8, &y), EAGER_INVALID_ARGUMENT,
               "dims[0] must not be negative, got -2 [Op:Zeros]");
  assert_fails_like(eager_ones(-1, NULL, EAGER_INT8, &y), EAGER_INVALID_ARGUMENT,
                    "rank must be from 0 to 8, got -1 [Op:Ones]");
  assert_fails_like(eager_ones(0, NULL, (eager_dtype)99, &y), EAGER_INVALID_ARGUMENT,
                    "dtype must be one of enum eager_dtype, got 99");
  assert_null(y);
  eager_tensor_release(one);
  eager_tensor_release(row);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fills),
      cmocka_unit_test(makes_zeros_and_ones),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/fill", tests, sizeof tests / sizeof *tests);
}
