/* ctest: devices=all */
#include <math.h>

#include "test_values.h"

typedef struct range_case {
  double start, limit, delta;
  int64_t count;
} range_case;

static const range_case cases[] = {
    {3, 18, 3, 5}, {0, 10, 3, 4}, {10, 0, -3, 4},   {5, 5, 1, 0},
    {5, 0, 1, 0},  {0, 5, -1, 0}, {0, 100, 1, 100}, {7, 8, 100, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static void expect_range(const range_case *c, eager_dtype dtype) {
  double *expected = test_alloc((size_t)(c->count + 1) * sizeof *expected);
  for (int64_t k = 0; k < c->count; k++) expected[k] = c->start + (double)k * c->delta;
  eager_tensor *y;
  test_poison((size_t)c->count * eager_dtype_size(dtype));
  assert_ok(eager_range(c->start, c->limit, c->delta, dtype, &y));
  test_expect(y, dtype, (test_shape){1, {c->count}}, expected, TEST_EXACT,
              test_text("from %g to %g by %g", c->start, c->limit, c->delta));
  eager_tensor_release(y);
}

static void counts(void **state) {
  (void)state;
  test_enable();
  for (int async = 0; async < 2; async++) {
    assert_ok(eager_set_thread_execution_mode(async ? EAGER_ASYNC : EAGER_SYNC));
    for (int d = 0; d < TEST_DTYPES; d++) {
      eager_dtype dtype = test_dtypes[d];
      if (dtype == EAGER_BOOL || !test_tries(NULL, dtype)) continue;
      bool is_unsigned = eager__dtype(dtype)->kind == EAGER__KIND_UINT;
      for (int i = 0; i < CASES; i++)
        if (cases[i].delta > 0 || !is_unsigned) expect_range(&cases[i], dtype);
    }
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

/* A float range is counted in its own dtype, as TensorFlow does: in float32
 * (1 - 0) / 0.1f is 10, although 0.1f is a little more than 0.1. */
static void counts_floats(void **state) {
  (void)state;
  test_enable();
  eager_tensor *y;
  assert_ok(eager_range(0, 1, 0.1, EAGER_FLOAT32, &y));
  double expected[10];
  for (int k = 0; k < 10; k++) expected[k] = k * (double)0.1f;
  test_expect(y, EAGER_FLOAT32, (test_shape){1, {10}}, expected, TEST_EXACT, "by 0.1");
  eager_tensor_release(y);
}

static void makes_long_ranges(void **state) {
  (void)state;
  if (test_is_slow()) test_skip("200003 elements take too long on a simulator");
  test_enable();
  static const int64_t lengths[] = {65535, 65537, 200003};
  for (int i = 0; i < 3; i++) {
    double n = (double)lengths[i];
    expect_range(&(range_case){-7, -7 + 3 * n, 3, lengths[i]}, EAGER_INT64);
    expect_range(&(range_case){0, n / 2, 0.5, lengths[i]}, EAGER_FLOAT32);
  }
}

static void set_int(eager_op *op, const char *name, int64_t value) {
  assert_ok(eager_op_set_attr_int(op, name, value));
}

/* By name the dtype follows from the numbers, or is asked for. */
static void infers_its_dtype(void **state) {
  (void)state;
  test_enable();
  eager_op *op;
  eager_tensor *y;
  int count = 1;
  assert_ok(eager_op_new("Range", &op));
  set_int(op, "start", 0);
  set_int(op, "limit", 3);
  set_int(op, "delta", 1);
  assert_ok(eager_op_execute(op, &y, &count));
  test_expect(y, EAGER_INT32, (test_shape){1, {3}}, (double[]){0, 1, 2}, TEST_EXACT, "");
  eager_tensor_release(y);
  assert_ok(eager_op_set_attr_float(op, "limit", 2.5));
  assert_ok(eager_op_execute(op, &y, &count));
  test_expect(y, EAGER_FLOAT32, (test_shape){1, {3}}, (double[]){0, 1, 2}, TEST_EXACT, "");
  eager_tensor_release(y);
  int64_t big = (INT64_C(1) << 53) + 1; /* no double */
  set_int(op, "start", big);
  set_int(op, "limit", big + 5);
  set_int(op, "delta", 2);
  assert_ok(eager_op_set_attr_dtype(op, "output_dtype", EAGER_INT64));
  assert_ok(eager_op_execute(op, &y, &count));
  test_expect_int(y, EAGER_INT64, (test_shape){1, {3}}, (int64_t[]){big, big + 2, big + 4},
                  "");
  eager_tensor_release(y);
  eager_op_release(op);
}

/* --- LinSpace --- */

static const struct {
  double start, stop;
  int64_t num;
} spaces[] = {
    {0, 1, 5},    {-1, 1, 2},     {3, 7, 1},       {2, 2, 4},     {10, -3, 7},
    {-0.0, 0, 3}, {0.1, 0.7, 33}, {-1e4, 1e4, 64}, {1, 2, 65537}, {-5, 11, 200003},
};

/* i * step carries half an ulp of the step, so of the way in all; then one rounding, and
 * for the 16-bit floats another one. */
static void spaces_evenly(void **state) {
  (void)state;
  test_enable();
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                       EAGER_BFLOAT16};
  for (int i = 0; i < 40; i++) {
    eager_dtype dtype = dtypes[i % 4];
    int64_t num = spaces[i / 4].num;
    if (!test_tries(NULL, dtype) || (test_is_slow() && num > 64)) continue;
    test_pick_mode((uint64_t)i);
    double start = test_round(dtype, spaces[i / 4].start);
    double stop = test_round(dtype, spaces[i / 4].stop);
    double *expected = test_alloc((size_t)num * sizeof *expected);
    for (int64_t k = 0; k < num; k++)
      expected[k] = k == 0         ? start
                    : k == num - 1 ? stop
                                   : start + (stop - start) * (double)k / (double)(num - 1);
    double epsilon = test_epsilon(dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32);
    eager_tensor *y;
    test_poison((size_t)num * eager_dtype_size(dtype));
    assert_ok(eager_linspace(spaces[i / 4].start, spaces[i / 4].stop, num, dtype, &y));
    test_expect(y, dtype, (test_shape){1, {num}}, expected,
                (test_tolerance){1, fabs(stop - start) * epsilon},
                test_text("space %d", i / 4));
    double *got = test_read(y);
    assert_true(got[0] == start && (num == 1 || got[num - 1] == stop));
    eager_tensor_release(y);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void refuses_bad_spaces(void **state) {
  (void)state;
  test_enable();
  eager_tensor *y;
  assert_fails(eager_linspace(0, 1, 0, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
               "Requires num > 0: 0 [Op:LinSpace]");
  assert_fails(eager_linspace(0, 1, 3, EAGER_INT32, &y), EAGER_INVALID_ARGUMENT,
               "linspace makes floats, not int32 [Op:LinSpace]");
  assert_fails_like(eager_linspace(0, 1, 3, (eager_dtype)99, &y), EAGER_INVALID_ARGUMENT,
                    "linspace makes floats, not unknown");
  assert_fails_like(eager_linspace(0, 1, INT64_MAX, EAGER_FLOAT32, &y),
                    EAGER_INVALID_ARGUMENT, "is too large");
  assert_null(y);
}

static void refuses_bad_numbers(void **state) {
  (void)state;
  test_enable();
  static const struct {
    double start, limit, delta;
    eager_dtype dtype;
    const char *text;
  } refused[] = {
      {0, 5, 0, EAGER_INT32, "Requires delta != 0: 0 [Op:Range]"},
      {0, 5, 0, EAGER_FLOAT32, "Requires delta != 0: 0 [Op:Range]"},
      {0, 200, 1, EAGER_INT8, "limit 200 does not fit into dtype int8 [Op:Range]"},
      {-1, 5, 1, EAGER_UINT64, "start -1 does not fit into dtype uint64 [Op:Range]"},
      {0.5, 5, 1, EAGER_INT32,
       "start must be a whole number for dtype int32, got 0.5 [Op:Range]"},
      {0, 1e300, 1, EAGER_INT64,
       "limit must be a whole number for dtype int64, got 1e+300 [Op:Range]"},
      {0, INFINITY, 1, EAGER_FLOAT32,
       "limit must be finite in dtype float32, got inf "
       "[Op:Range]"},
      {0, 5, 1, EAGER_BOOL, "range makes numbers, not bool [Op:Range]"},
  };
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    eager_tensor *y;
    assert_fails(eager_range(refused[i].start, refused[i].limit, refused[i].delta,
                             refused[i].dtype, &y),
                 EAGER_INVALID_ARGUMENT, refused[i].text);
    assert_null(y);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts),
      cmocka_unit_test(counts_floats),
      cmocka_unit_test(makes_long_ranges),
      cmocka_unit_test(infers_its_dtype),
      cmocka_unit_test(refuses_bad_numbers),
      cmocka_unit_test(spaces_evenly),
      cmocka_unit_test(refuses_bad_spaces),
  };
  return test_main("ops/range", tests, sizeof tests / sizeof *tests);
}
