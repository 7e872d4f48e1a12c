/* ctest: devices=all timeout=240 tuned */
/* Broadcasting, empty and scalar operands, views, lengths around every boundary of the
 * elementwise kernels, and refusals. Values are small integers: every result is exact. */
#include "reference.h"
#include "test.h"

static double add(double a, double b) {
  return a + b;
}

static double less(double a, double b) {
  return a < b;
}

static double choose(double condition, double a, double b) {
  return condition != 0 ? a : b;
}

static double *some_values(test_shape shape) {
  int64_t count = test_elements(shape);
  double *values = test_alloc((size_t)(count + 1) * sizeof *values);
  for (int64_t i = 0; i < count; i++) values[i] = (double)test_random_int(-60, 60);
  return values;
}

static void check_pair(eager_dtype dtype, test_shape a_shape, test_shape b_shape) {
  test_pick_mode(test_random());
  double *a = some_values(a_shape), *b = some_values(b_shape);
  test_shape shape;
  double *sum = test_binary(add, a_shape, a, b_shape, b, &shape);
  eager_tensor *t = test_view(dtype, a_shape, a, 1), *u = test_view(dtype, b_shape, b, 7);
  char texts[2][EAGER__SHAPE_TEXT];
  const char *what = test_text("%s and %s", eager__shape_text(&a_shape, texts[0]),
                               eager__shape_text(&b_shape, texts[1]));
  eager_tensor *y;
  test_poison((size_t)test_elements(shape) * eager_dtype_size(dtype));
  assert_ok(eager_add(t, u, &y));
  test_expect(y, dtype, shape, sum, TEST_EXACT, what);
  eager_tensor_release(y);
  test_poison((size_t)test_elements(shape));
  assert_ok(eager_less(t, u, &y));
  test_expect(y, EAGER_BOOL, shape, test_binary(less, a_shape, a, b_shape, b, &shape),
              TEST_EXACT, what);
  eager_tensor_release(y);
  eager_tensor_release(t);
  eager_tensor_release(u);
}

static void broadcasts(void **state) {
  (void)state;
  test_enable();
  static const struct {
    test_shape a, b;
  } cases[] = {
      {{0}, {0}},
      {{1, {1}}, {0}},
      {{1, {50}}, {0}},
      {{0}, {2, {5, 10}}},
      {{2, {10, 3}}, {1, {3}}}, /* rows shorter than a vector */
      {{2, {20, 1}}, {1, {2}}},
      {{2, {4, 16}}, {1, {16}}}, /* as long as one */
      {{2, {3, 17}}, {2, {3, 1}}},
      {{2, {3, 15}}, {1, {15}}},
      {{2, {1, 21}}, {2, {3, 1}}}, /* each repeats the other */
      {{2, {2, 33}}, {1, {33}}},
      {{3, {2, 3, 5}}, {2, {3, 1}}},
      {{3, {3, 1, 5}}, {3, {1, 4, 1}}},
      {{3, {2, 3, 4}}, {3, {2, 1, 4}}},
      {{4, {2, 1, 3, 1}}, {4, {1, 2, 1, 5}}},
      {{3, {5, 4, 3}}, {1, {3}}},
      {{3, {1, 1, 1}}, {2, {7, 9}}},
      {{5, {2, 1, 2, 1, 3}}, {5, {1, 2, 1, 2, 1}}},
      {{8, {2, 1, 2, 1, 2, 1, 2, 1}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}},
      {{8, {1, 1, 1, 1, 1, 1, 1, 3}}, {8, {2, 2, 1, 2, 1, 2, 2, 1}}},
      {{8, {2, 1, 1, 2, 1, 1, 2, 3}}, {2, {2, 1}}},
  };
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_INT8, EAGER_BFLOAT16,
                                       EAGER_INT64, EAGER_FLOAT16};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_pair(dtypes[i % 5], cases[i].a, cases[i].b);
    check_pair(EAGER_FLOAT32, cases[i].b, cases[i].a);
  }
}

/* An extent of a random shape whose elements are at most `room`. */
static int64_t some_extent(int64_t room) {
  static const int64_t extents[] = {1,  1,  1,  2,  3,  4,  5,  7,  8,  11,
                                    13, 15, 16, 17, 31, 33, 37, 63, 65, 0};
  int count = sizeof extents / sizeof *extents, least = room > 1 ? 0 : 1;
  /* Of 0 only now and then, lest nearly all shapes of high rank be empty. */
  int last = test_random_int(0, 9) == 0 ? count - 1 : count - 2;
  int64_t extent = extents[test_random_int(0, last)];
  return extent > room ? least : extent;
}

/* What broadcasts to `whole`: fewer dimensions, extents of 1. */
static test_shape some_part(test_shape whole) {
  int dropped = (int)test_random_int(0, whole.rank) * (int)test_random_int(0, 1);
  test_shape part = {.rank = whole.rank - dropped};
  for (int i = dropped; i < whole.rank; i++)
    part.dims[i - dropped] = test_random_int(0, 2) == 0 ? 1 : whole.dims[i];
  return part;
}

static test_shape some_shape(void) {
  test_shape whole = {.rank = (int)test_random_int(0, EAGER__MAX_RANK)};
  int64_t room = test_is_slow() ? 40 : 20000;
  for (int i = whole.rank - 1; i >= 0; i--) {
    whole.dims[i] = some_extent(room);
    if (whole.dims[i] > 1) room /= whole.dims[i];
  }
  return whole;
}

static void broadcasts_by_chance(void **state) {
  (void)state;
  test_enable();
  for (int round = test_is_slow() ? 5 : 150; round > 0; round--) {
    test_shape whole = some_shape();
    check_pair(round % 3 ? EAGER_FLOAT32 : EAGER_INT8, some_part(whole), some_part(whole));
  }
}

/* The ends of vectors, of a work-item's chunk and of the largest number of work-groups. */
static void lengths(void **state) {
  (void)state;
  test_enable();
  static const int64_t counts[] = {1,    2,    3,    4,    5,     15,    16,     17,    63,
                                   1023, 1024, 1025, 4097, 65535, 65537, 200003, 262145};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    if (test_is_slow() && counts[i] > 63) break;
    check_pair(EAGER_FLOAT32, (test_shape){1, {counts[i]}}, (test_shape){1, {counts[i]}});
    check_pair(EAGER_INT16, (test_shape){1, {counts[i]}}, (test_shape){0});
    check_pair(EAGER_FLOAT32, (test_shape){2, {2, counts[i]}},
               (test_shape){1, {counts[i]}});
    check_pair(EAGER_FLOAT32, (test_shape){2, {counts[i], 3}}, (test_shape){1, {3}});
  }
}

static void empties(void **state) {
  (void)state;
  test_enable();
  check_pair(EAGER_FLOAT32, (test_shape){1, {0}}, (test_shape){1, {0}});
  check_pair(EAGER_INT32, (test_shape){2, {0, 3}}, (test_shape){1, {3}});
  check_pair(EAGER_FLOAT16, (test_shape){2, {4, 1}}, (test_shape){2, {1, 0}});
  check_pair(EAGER_FLOAT32, (test_shape){1, {1}}, (test_shape){1, {0}});
}

static void check_three(eager_dtype dtype, const test_shape s[3]) {
  test_pick_mode(test_random());
  double *condition = test_random_values(EAGER_BOOL, test_elements(s[0]), 0, 1);
  double *a = test_random_values(dtype, test_elements(s[1]), 0, 99);
  double *b = test_random_values(dtype, test_elements(s[2]), 0, 99);
  test_shape shape;
  double *expected = test_ternary(choose, s[0], condition, s[1], a, s[2], b, &shape);
  eager_tensor *c = test_view(EAGER_BOOL, s[0], condition, 3);
  eager_tensor *t = test_view(dtype, s[1], a, 1), *u = test_tensor(dtype, s[2], b), *y;
  test_poison((size_t)test_elements(shape) * eager_dtype_size(dtype));
  assert_ok(eager_where(c, t, u, &y));
  test_expect(y, dtype, shape, expected, TEST_EXACT, "SelectV2");
  eager_tensor *all[] = {c, t, u, y};
  for (int k = 0; k < 4; k++) eager_tensor_release(all[k]);
}

static void three_operands(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[][3] = {
      {{2, {6, 5}}, {2, {6, 5}}, {2, {6, 5}}},   {{2, {6, 1}}, {1, {5}}, {0}},
      {{0}, {2, {2, 23}}, {2, {2, 1}}},          {{1, {3}}, {3, {4, 1, 1}}, {2, {5, 1}}},
      {{2, {1, 33}}, {2, {2, 1}}, {2, {2, 33}}}, {{3, {2, 3, 1}}, {1, {4}}, {3, {2, 1, 4}}},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    check_three(i % 2 == 0 ? EAGER_FLOAT32 : EAGER_UINT16, shapes[i]);
  for (int round = test_is_slow() ? 3 : 60; round > 0; round--) {
    test_shape whole = some_shape();
    test_shape parts[] = {some_part(whole), some_part(whole), some_part(whole)};
    check_three(round % 2 == 0 ? EAGER_FLOAT32 : EAGER_UINT16, parts);
  }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double values[3] = {1, 2, 3};
  eager_tensor *two = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, values);
  eager_tensor *three = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, values);
  eager_tensor *whole = test_tensor(EAGER_INT32, (test_shape){1, {3}}, values);
  eager_tensor *y = two;
  assert_fails(eager_add(two, three, &y), EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [2] vs. [3] [Op:AddV2]");
  assert_null(y);
  assert_fails(eager_multiply(whole, three, &y), EAGER_INVALID_ARGUMENT,
               "cannot compute Mul as input #1(zero-based) was expected to be a int32 "
               "tensor but is a float tensor [Op:Mul]");
  assert_fails_like(eager_exp(whole, &y), EAGER_INVALID_ARGUMENT, "[Op:Exp]");
  assert_fails_like(eager_where(three, three, three, &y), EAGER_INVALID_ARGUMENT,
                    "[Op:SelectV2]");
  assert_fails_like(eager_add(two, NULL, &y), EAGER_INVALID_ARGUMENT, "[Op:AddV2]");
  assert_fails_like(eager_add(two, two, NULL), EAGER_INVALID_ARGUMENT, "[Op:AddV2]");
  eager_tensor_release(two);
  eager_tensor_release(three);
  eager_tensor_release(whole);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(broadcasts),     cmocka_unit_test(broadcasts_by_chance),
      cmocka_unit_test(lengths),        cmocka_unit_test(empties),
      cmocka_unit_test(three_operands), cmocka_unit_test(refusals),
  };
  return test_main("ops/elementwise_shapes", tests, sizeof tests / sizeof *tests);
}
