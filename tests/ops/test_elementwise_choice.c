/* ctest: devices=all */
/* The elementwise ops that choose: SelectV2, Select, ClipByValue, and what Equal says of
 * shapes that do not fit. */
#include <math.h>

#include "reference.h"
#include "test.h"

/* Bits go through untouched: a NaN's payload too, and float64 on every device. */
static void where_moves_bits(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (!test_wants("SelectV2", test_dtypes[d])) continue;
    test_pick_mode((uint64_t)d);
    size_t size = eager_dtype_size(test_dtypes[d]);
    uint8_t bits[2][8 * 20], chosen[20], got[8 * 20], expected[8 * 20];
    for (int i = 0; i < 8 * 20; i++) {
      bits[0][i] = (uint8_t)(test_dtypes[d] == EAGER_BOOL ? i % 2 : 0xf1 + i % 15);
      bits[1][i] = (uint8_t)(test_dtypes[d] == EAGER_BOOL ? i % 3 == 0 : i);
    }
    for (int i = 0; i < 20; i++) {
      chosen[i] = i % 3 == 1;
      memcpy(expected + size * (size_t)i, bits[chosen[i] ? 0 : 1] + size * (size_t)i, size);
    }
    int64_t dims[] = {20};
    eager_tensor *c, *x, *y, *z;
    assert_ok(eager_tensor_from_host(EAGER_BOOL, 1, dims, chosen, &c));
    assert_ok(eager_tensor_from_host(test_dtypes[d], 1, dims, bits[0], &x));
    assert_ok(eager_tensor_from_host(test_dtypes[d], 1, dims, bits[1], &y));
    assert_ok(eager_where(c, x, y, &z));
    assert_ok(eager_tensor_to_host(z, got, 20 * size));
    assert_memory_equal(got, expected, 20 * size);
    eager_tensor *all[] = {c, x, y, z};
    for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
  }
}

static double clipped(double t, double low, double high) {
  double x = isnan(t) || t < high ? t : high;
  return isnan(x) || x > low ? x : low;
}

static void clip_by_value(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || !test_tries(NULL, dtype) || !test_sampled((uint64_t)d))
      continue;
    test_pick_mode((uint64_t)d);
    test_shape shape = {2, {3, 7}}, column = {2, {3, 1}}, scalar = {0}, out;
    double *x = test_random_values(dtype, 21, 0, 100);
    if (test_is_float(dtype)) x[4] = NAN, x[5] = INFINITY;
    double lows[] = {20, 40, 90}, high = 80; /* the last row: low wins */
    eager_tensor *t = test_tensor(dtype, shape, x), *low = test_tensor(dtype, column, lows);
    eager_tensor *top = test_scalar(dtype, high), *y;
    assert_ok(eager_clip_by_value(t, low, top, &y));
    test_expect(y, dtype, shape,
                test_ternary(clipped, shape, x, column, lows, scalar, &high, &out),
                TEST_EXACT, "ClipByValue");
    eager_tensor_release(y);
    assert_fails(eager_clip_by_value(top, low, top, &y), EAGER_INVALID_ARGUMENT,
                 "clip_value_min and clip_value_max must broadcast to the shape of t, [], "
                 "but all three broadcast to [3,1] [Op:ClipByValue]");
    eager_tensor_release(t);
    eager_tensor_release(low);
    eager_tensor_release(top);
  }
}

/* Select, the elder: the condition may be one bool for each row. */
static void select_chooses_rows(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[][2] = {/* condition, t and e */
                                         {{0}, {2, {3, 5}}},
                                         {{1, {3}}, {2, {3, 5}}},
                                         {{1, {3}}, {1, {3}}},
                                         {{2, {3, 5}}, {2, {3, 5}}},
                                         {{1, {2}}, {4, {2, 3, 1, 3}}},
                                         {{1, {1}}, {3, {1, 2, 2}}},
                                         {{1, {0}}, {2, {0, 4}}},
                                         {{0}, {0}}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    test_pick_mode(i);
    test_shape flags = shapes[i][0], shape = shapes[i][1];
    int64_t n = test_elements(shape), per = n / (n ? test_elements(flags) : 1);
    double *c = test_random_values(EAGER_BOOL, test_elements(flags), 0, 1);
    double *a = test_random_values(EAGER_INT16, n, -99, 99);
    double *b = test_random_values(EAGER_INT16, n, -99, 99);
    double *expected = test_alloc((size_t)(n + 1) * sizeof *expected);
    for (int64_t k = 0; k < n; k++) expected[k] = c[k / per] != 0 ? a[k] : b[k];
    eager_tensor *t = test_view(EAGER_BOOL, flags, c, 2), *y;
    eager_tensor *u = test_view(EAGER_INT16, shape, a, 1);
    eager_tensor *v = test_tensor(EAGER_INT16, shape, b);
    assert_ok(eager_select(t, u, v, &y));
    test_expect(y, EAGER_INT16, shape, expected, TEST_EXACT, "Select");
    eager_tensor *all[] = {t, u, v, y};
    for (int k = 0; k < 4; k++) eager_tensor_release(all[k]);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

static void select_refuses(void **state) {
  (void)state;
  test_enable();
  double values[6] = {0};
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, values), *y = t;
  eager_tensor *e = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, values);
  eager_tensor *c = test_tensor(EAGER_BOOL, (test_shape){1, {2}}, values);
  assert_fails(eager_select(c, t, e, &y), EAGER_INVALID_ARGUMENT,
               "'then' and 'else' must have the same size, but got: [3,2] vs. [2] "
               "[Op:Select]");
  assert_null(y);
  assert_fails(eager_select(c, t, t, &y), EAGER_INVALID_ARGUMENT,
               "'cond' must be a scalar, have the shape of 'then' or be a vector with one "
               "element for each of its slices, but saw: [2] vs. [3,2] [Op:Select]");
  eager_tensor_release(t);
  eager_tensor_release(e);
  eager_tensor_release(c);
}

/* The raw attribute: instead of an error, a scalar. */
static void shapes_are_not_equal(void **state) {
  (void)state;
  test_enable();
  double values[3] = {1, 2, 3};
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, values);
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, values), *y;
  static const char *const raw[] = {"Equal", "NotEqual"};
  for (int i = 0; i < 4; i++) {
    test_pick_mode((uint64_t)i);
    eager_tensor *other = i < 2 ? b : a;
    eager_op *op;
    int outputs = 1;
    assert_ok(eager_op_new(raw[i % 2], &op));
    assert_ok(eager_op_add_input(op, a));
    assert_ok(eager_op_add_input(op, other));
    assert_ok(eager_op_set_attr_bool(op, "incompatible_shape_error", false));
    assert_ok(eager_op_execute(op, &y, &outputs));
    double answer = i % 2, answers[3] = {i == 2, i == 2, i == 2};
    if (i < 2)
      test_expect(y, EAGER_BOOL, (test_shape){0}, &answer, TEST_EXACT, raw[i % 2]);
    else
      test_expect(y, EAGER_BOOL, (test_shape){1, {3}}, answers, TEST_EXACT, raw[i % 2]);
    eager_tensor_release(y);
    eager_op_release(op);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails(eager_equal(a, b, &y), EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [3] vs. [2] [Op:Equal]");
  eager_tensor_release(a);
  eager_tensor_release(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(where_moves_bits),     cmocka_unit_test(clip_by_value),
      cmocka_unit_test(select_chooses_rows),  cmocka_unit_test(select_refuses),
      cmocka_unit_test(shapes_are_not_equal),
  };
  return test_main("ops/elementwise_choice", tests, sizeof tests / sizeof *tests);
}
