/* ctest: devices=all timeout=120 */
/* eager_elementwise: a user's expression over one to sixteen inputs. */
#include <math.h>

#include "eagercl/kernel.h"
#include "reference.h"

static double *of(eager_dtype dtype, test_shape shape) {
  return test_random_values(dtype, test_elements(shape), 1, 5);
}

static eager_tensor *tensor(eager_dtype dtype, test_shape shape, const double *x) {
  return test_view(dtype, shape, x, 1);
}

/* Sums of small whole numbers: exact in every dtype. */
static void every_dtype(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  test_shape wide = {3, {2, 3, 5}}, row = {1, {5}};
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || !test_tries(NULL, dtype)) continue;
    test_pick_mode(test_random());
    double *x = of(EAGER_INT8, wide), *y = of(EAGER_INT8, row);
    double *want = test_alloc((size_t)test_elements(wide) * sizeof *want);
    test_walk w;
    for (test_walk_begin(&w, wide); w.more; test_walk_next(&w))
      want[w.position] = x[test_walk_offset(&w, wide)] * y[test_walk_offset(&w, row)] + 2;
    eager_tensor *in[] = {tensor(dtype, wide, x), tensor(dtype, row, y)}, *got;
    assert_ok(eager_elementwise("a * b + (A)2", in, 2, &got));
    test_expect(got, dtype, wide, want, TEST_EXACT, "a * b + 2");
    eager_tensor_release(got);
    eager_tensor_release(in[0]);
    eager_tensor_release(in[1]);
  }
}

static const test_shape shapes[] = {{0},           {1, {1}},         {1, {7}},
                                    {2, {3, 17}},  {1, {1031}},      {2, {0, 4}},
                                    {2, {64, 65}}, {4, {2, 1, 3, 2}}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The sum of a to p with weights of their own, from 1 to 16 inputs; in the second round
 * every third input is one element, every fourth lacks the first axis. */
static void any_number_of_inputs(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  for (int count = 1; count <= 16; count++)
    for (int round = 0; round < 2; round++) {
      int s = (int)(test_random() % SHAPES);
      test_shape shape = shapes[s];
      if (test_is_slow() && (count % 5 || test_elements(shape) > 100)) continue;
      test_pick_mode(test_random());
      int64_t elements = test_elements(shape);
      double *want = test_alloc((size_t)(elements + 1) * sizeof *want);
      eager_tensor *in[16], *got;
      char expression[256];
      size_t used = 0;
      for (int i = 0; i < count; i++) {
        test_shape own = shape;
        if (round && i % 3 == 1) own = (test_shape){0};
        if (round && i % 4 == 2 && shape.rank > 0) own.dims[0] = shape.dims[0] ? 1 : 0;
        double *x = of(EAGER_INT16, own);
        in[i] = tensor(EAGER_FLOAT32, own, x);
        used += (size_t)snprintf(expression + used, sizeof expression - used, "%s%d * %c",
                                 i ? " + " : "", i + 1, 'a' + i);
        test_walk w;
        for (test_walk_begin(&w, shape); w.more; test_walk_next(&w))
          want[w.position] += (i + 1) * x[test_walk_offset(&w, own)];
      }
      test_poison((size_t)elements * sizeof(float));
      assert_ok(eager_elementwise(expression, in, (size_t)count, &got));
      test_expect(got, EAGER_FLOAT32, shape, want, TEST_EXACT,
                  test_text("%s, shape %d, round %d", expression, s, round));
      eager_tensor_release(got);
      for (int i = 0; i < count; i++) eager_tensor_release(in[i]);
    }
}

static void constants_have_the_inputs_precision(void **state) {
  (void)state;
  test_enable();
  if (test_device_info()->is_simulator) test_skip("Oclgrind takes 0.1 for a double");
  test_shape shape = {1, {3}};
  double x[] = {1, 2, 4}, want[3];
  eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, x), *y;
  for (int i = 0; i < 3; i++) want[i] = (double)(0.1f * (float)x[i]);
  assert_ok(eager_elementwise("a * 0.1", &t, 1, &y));
  test_expect(y, EAGER_FLOAT32, shape, want, TEST_EXACT, "float32");
  eager_tensor_release(y);
  assert_ok(eager_elementwise("a > 1.5 ? a : -a // chosen lane by lane", &t, 1, &y));
  test_expect(y, EAGER_FLOAT32, shape, (double[]){-1, 2, 4}, TEST_EXACT, "a choice");
  eager_tensor_release(y);
  eager_tensor_release(t);
  if (!test_has_arithmetic(EAGER_FLOAT64)) return;
  t = test_tensor(EAGER_FLOAT64, shape, x);
  for (int i = 0; i < 3; i++) want[i] = 0.1 * x[i];
  assert_ok(eager_elementwise("a * 0.1", &t, 1, &y));
  test_expect(y, EAGER_FLOAT64, shape, want, TEST_EXACT, "float64");
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 2});
  eager_tensor *n = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){1, 2});
  eager_tensor *three = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, (double[3]){0});
  eager_tensor *truth = test_tensor(EAGER_BOOL, (test_shape){1, {2}}, (double[2]){0});
  eager_tensor *in[17], *y;
  for (int i = 0; i < 17; i++) in[i] = x;
  assert_fails_like(eager_elementwise("a +\nnothing(a)", in, 1, &y), EAGER_INVALID_ARGUMENT,
                    "    2 | nothing(a)\n");
  assert_null(y);
  if (!test_device_info()->is_simulator) /* Oclgrind counts the library's lines, too */
    assert_non_null(strstr(eager_error_message(), "expression:2"));
  assert_non_null(strstr(eager_error_message(), " [Op:Elementwise]"));
  assert_fails(eager_elementwise("", in, 1, &y), EAGER_INVALID_ARGUMENT,
               "the expression is NULL or empty [Op:Elementwise]");
  assert_fails(eager_elementwise(NULL, in, 1, &y), EAGER_INVALID_ARGUMENT,
               "the expression is NULL or empty [Op:Elementwise]");
  assert_fails(eager_elementwise("a", in, 17, &y), EAGER_INVALID_ARGUMENT,
               "an expression has at most 16 inputs, got 17 [Op:Elementwise]");
  assert_fails_like(eager_elementwise("a", in, 0, &y), EAGER_INVALID_ARGUMENT,
                    "takes one or more inputs, got none");
  assert_fails_like(eager_elementwise("a", &truth, 1, &y), EAGER_INVALID_ARGUMENT,
                    "is a bool tensor");
  assert_fails_like(eager_elementwise("a + b", (eager_tensor *[]){x, n}, 2, &y),
                    EAGER_INVALID_ARGUMENT,
                    "expected to be a float tensor but is a int32 tensor [Op:Elementwise]");
  assert_fails(eager_elementwise("a + b", (eager_tensor *[]){x, three}, 2, &y),
               EAGER_INVALID_ARGUMENT, "Incompatible shapes: [2] vs. [3] [Op:Elementwise]");
  eager_tensor_release(x);
  eager_tensor_release(n);
  eager_tensor_release(three);
  eager_tensor_release(truth);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_dtype),
      cmocka_unit_test(any_number_of_inputs),
      cmocka_unit_test(constants_have_the_inputs_precision),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/user_elementwise", tests, sizeof tests / sizeof *tests);
}
