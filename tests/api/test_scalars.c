/* ctest: devices=all */
/* semantics.md section 5, "C literals": eager_scalar() picks the dtype by the C type. */
#include <limits.h>
#include <math.h>

#include "test.h"

static int enable(void **state) {
  (void)state;
  test_enable();
  return 0;
}

/* Checks dtype, rank, device and the exact bytes, and releases. */
static void expect(eager_tensor *t, eager_dtype dtype, const void *value, size_t size) {
  unsigned char bytes[8];
  assert_int_equal(eager_tensor_dtype(t), dtype);
  assert_int_equal(eager_tensor_rank(t), 0);
  assert_int_equal(eager_tensor_num_elements(t), 1);
  assert_int_equal(eager_tensor_byte_size(t), size);
  assert_non_null(strstr(eager_tensor_device(t), test_device()));
  assert_ok(eager_tensor_to_host(t, bytes, size));
  assert_memory_equal(bytes, value, size);
  eager_tensor_release(t);
}

#define EXPECT(call, dtype, type, value)                                                   \
  do {                                                                                     \
    const type wanted = (value);                                                           \
    eager_tensor *t = NULL;                                                                \
    assert_ok(call);                                                                       \
    expect(t, dtype, &wanted, sizeof wanted);                                              \
  } while (0)

static void literals(void **state) {
  (void)state;
  EXPECT(eager_scalar(6, &t), EAGER_INT32, int32_t, 6);
  EXPECT(eager_scalar(-6, &t), EAGER_INT32, int32_t, -6);
  EXPECT(eager_scalar('6', &t), EAGER_INT32, int32_t, 54);
  EXPECT(eager_scalar(6u, &t), EAGER_UINT32, uint32_t, 6);
  EXPECT(eager_scalar(6ll, &t), EAGER_INT64, int64_t, 6);
  EXPECT(eager_scalar(6ull, &t), EAGER_UINT64, uint64_t, 6);
  EXPECT(eager_scalar(6.0f, &t), EAGER_FLOAT32, float, 6);
  EXPECT(eager_scalar(6.0, &t), EAGER_FLOAT32, float, 6);
  EXPECT(eager_scalar(0.1, &t), EAGER_FLOAT32, float, 0.1f); /* a double narrows */
  EXPECT(eager_scalar_float64(0.1, &t), EAGER_FLOAT64, double, 0.1);
}

static void bools_by_type_not_by_looks(void **state) {
  (void)state;
  bool variable = true;
  EXPECT(eager_scalar(variable, &t), EAGER_BOOL, uint8_t, 1);
  EXPECT(eager_scalar((bool)2, &t), EAGER_BOOL, uint8_t, 1);
  EXPECT(eager_scalar((bool)0, &t), EAGER_BOOL, uint8_t, 0);
  EXPECT(eager_scalar(true, &t), EAGER_INT32, int32_t, 1); /* an int in C11 */
  EXPECT(eager_scalar(variable == true, &t), EAGER_INT32, int32_t, 1);
  EXPECT(eager_scalar_bool(true, &t), EAGER_BOOL, uint8_t, 1);
  EXPECT(eager_scalar_bool(variable == false, &t), EAGER_BOOL, uint8_t, 0);
}

static void integer_types_by_sign_and_size(void **state) {
  (void)state;
  signed char c = -128;
  unsigned char uc = 255;
  char plain = 65;
  short s = SHRT_MIN;
  unsigned short us = USHRT_MAX;
  EXPECT(eager_scalar(c, &t), EAGER_INT32, int32_t, -128);
  EXPECT(eager_scalar(uc, &t), EAGER_UINT32, uint32_t, 255);
  EXPECT(eager_scalar(plain, &t), EAGER_INT32, int32_t, 65);
  EXPECT(eager_scalar(s, &t), EAGER_INT32, int32_t, SHRT_MIN);
  EXPECT(eager_scalar(us, &t), EAGER_UINT32, uint32_t, USHRT_MAX);
  EXPECT(eager_scalar((int32_t)-1, &t), EAGER_INT32, int32_t, -1);
  EXPECT(eager_scalar((uint32_t)-1, &t), EAGER_UINT32, uint32_t, UINT32_MAX);
  EXPECT(eager_scalar((int64_t)-1, &t), EAGER_INT64, int64_t, -1);
  EXPECT(eager_scalar((uint64_t)-1, &t), EAGER_UINT64, uint64_t, UINT64_MAX);
#if LONG_MAX > 2147483647L
  EXPECT(eager_scalar(LONG_MIN, &t), EAGER_INT64, int64_t, LONG_MIN);
  EXPECT(eager_scalar(ULONG_MAX, &t), EAGER_UINT64, uint64_t, ULONG_MAX);
#else
  EXPECT(eager_scalar(LONG_MIN, &t), EAGER_INT32, int32_t, LONG_MIN);
  EXPECT(eager_scalar(ULONG_MAX, &t), EAGER_UINT32, uint32_t, ULONG_MAX);
#endif
  const int constant = 3;
  EXPECT(eager_scalar(constant, &t), EAGER_INT32, int32_t, 3);
}

/* Section 5: reading gives exactly the bytes. */
static void extremes_keep_their_bits(void **state) {
  (void)state;
  EXPECT(eager_scalar_int32(INT32_MIN, &t), EAGER_INT32, int32_t, INT32_MIN);
  EXPECT(eager_scalar_int64(INT64_MIN, &t), EAGER_INT64, int64_t, INT64_MIN);
  EXPECT(eager_scalar_uint32(UINT32_MAX, &t), EAGER_UINT32, uint32_t, UINT32_MAX);
  EXPECT(eager_scalar_uint64(UINT64_MAX, &t), EAGER_UINT64, uint64_t, UINT64_MAX);
  EXPECT(eager_scalar_float32(-0.0f, &t), EAGER_FLOAT32, float, -0.0f);
  EXPECT(eager_scalar_float32(1e-45f, &t), EAGER_FLOAT32, float, 1e-45f);
  EXPECT(eager_scalar_float32(NAN, &t), EAGER_FLOAT32, float, NAN);
  EXPECT(eager_scalar_float32(-INFINITY, &t), EAGER_FLOAT32, float, -INFINITY);
  EXPECT(eager_scalar_float64(1e300, &t), EAGER_FLOAT64, double, 1e300);
  EXPECT(eager_scalar(1e300, &t), EAGER_FLOAT32, float, INFINITY);
}

static void bool_bytes_read_as_zero_or_one(void **state) {
  (void)state;
  const unsigned char bytes[] = {0, 1, 2, 255};
  const int64_t dims[] = {4};
  unsigned char got[4];
  eager_tensor *t = NULL;
  assert_ok(eager_tensor_from_host(EAGER_BOOL, 1, dims, bytes, &t));
  assert_ok(eager_tensor_to_host(t, got, sizeof got));
  assert_memory_equal(got, ((unsigned char[]){0, 1, 1, 1}), 4);
  eager_tensor_release(t);
}

static void a_place_for_the_result_is_needed(void **state) {
  (void)state;
  eager_tensor **nowhere = NULL;
  assert_fails(eager_scalar(6, nowhere), EAGER_INVALID_ARGUMENT, "out is NULL");
  assert_fails(eager_scalar_bool(true, nowhere), EAGER_INVALID_ARGUMENT, "out is NULL");
  assert_fails(eager_scalar_float64(1, nowhere), EAGER_INVALID_ARGUMENT, "out is NULL");
}

/* No implicit promotion: an int literal does not go with float32 tensors. */
static void literals_are_not_promoted(void **state) {
  (void)state;
  eager_tensor *x = NULL, *six = NULL, *y = NULL;
  assert_ok(eager_scalar(1.5f, &x));
  assert_ok(eager_scalar(6, &six));
  assert_fails(
      eager_multiply(x, six, &y), EAGER_INVALID_ARGUMENT,
      "cannot compute Mul as input #1(zero-based) was expected to be a float tensor "
      "but is a int32 tensor [Op:Mul]");
  assert_null(y);
  assert_fails(
      eager_multiply(six, x, &y), EAGER_INVALID_ARGUMENT,
      "cannot compute Mul as input #1(zero-based) was expected to be a int32 tensor "
      "but is a float tensor [Op:Mul]");
  eager_tensor_release(six);
  assert_ok(eager_scalar(6.0, &six));
  assert_ok(eager_multiply(x, six, &y));
  expect(y, EAGER_FLOAT32, &(float){9}, sizeof(float));
  eager_tensor_release(x);
  eager_tensor_release(six);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, enable)
  const struct CMUnitTest tests[] = {
      ROW(literals),
      ROW(bools_by_type_not_by_looks),
      ROW(integer_types_by_sign_and_size),
      ROW(extremes_keep_their_bits),
      ROW(bool_bytes_read_as_zero_or_one),
      ROW(a_place_for_the_result_is_needed),
      ROW(literals_are_not_promoted),
  };
  return test_main("api/scalars", tests, sizeof tests / sizeof *tests);
}
