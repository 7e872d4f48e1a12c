/* ctest: devices=all timeout=300 tuned */
/* The three cross entropies, their gradients, broadcasting and labels out of range. */
#include <math.h>

#include "reference.h"
#include "test.h"

typedef struct entropy {
  double *loss, *backprop;
} entropy;

/* Of rows of `classes` logits; label(row, class) is labels[row * classes + class]. */
static entropy reference(int64_t rows, int64_t classes, const double *x,
                         const double *labels) {
  entropy out = {test_alloc((size_t)(rows + 1) * sizeof(double)),
                 test_alloc((size_t)(rows * classes + 1) * sizeof(double))};
  for (int64_t r = 0; r < rows; r++, x += classes, labels += classes) {
    double largest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < classes; i++) largest = fmax(largest, x[i]);
    for (int64_t i = 0; i < classes; i++) sum += exp(x[i] - largest);
    for (int64_t i = 0; i < classes; i++) {
      out.loss[r] += labels[i] * (log(sum) - (x[i] - largest));
      out.backprop[r * classes + i] = exp(x[i] - largest) / sum - labels[i];
    }
  }
  return out;
}

/* Of the loss: a sum of `classes` terms as large as `high` times a label, the labels adding
 * up to 1 in the main; log, exp and two differences err by 8 epsilons of `high` in all. Of
 * the gradient: exp(x - max) as in softmax, less a label near 1. */
static void expect(eager_dtype dtype, test_shape shape, entropy expected, double high,
                   eager_tensor *loss, eager_tensor *backprop, const char *what) {
  double epsilon = test_epsilon(dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32);
  double ulps = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16 ? 1 : 16;
  test_shape rows = shape;
  rows.rank--;
  test_tolerance tolerance = {ulps, 8 * (high + 4) * epsilon};
  test_expect(loss, dtype, rows, expected.loss, tolerance, what);
  test_expect(backprop, dtype, shape, expected.backprop, tolerance, what);
  eager_tensor_release(loss);
  eager_tensor_release(backprop);
}

static const test_shape shapes[] = {
    {1, {5}},      {2, {3, 1}},   {2, {7, 10}},    {2, {33, 17}},
    {2, {2, 257}}, {2, {0, 4}},   {3, {2, 3, 4}},  {4, {2, 1, 3, 31}},
    {2, {18, 48}}, {2, {18, 49}}, {3, {2, 17, 3}}, /* the last of short rows */
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static bool is_tried(eager_dtype dtype, test_shape shape) {
  return test_is_float(dtype) && test_tries(NULL, dtype) &&
         !(test_is_slow() && test_elements(shape) > 150);
}

static void check_dense(eager_dtype dtype, test_shape shape) {
  int64_t classes = shape.dims[shape.rank - 1], count = test_elements(shape);
  double *x = test_random_values(dtype, count, -8, 8);
  double *labels = test_random_values(dtype, count, 0, 2.0 / (double)classes);
  test_pick_mode(test_random());
  eager_tensor *logits = test_view(dtype, shape, x, 3), *loss, *backprop;
  eager_tensor *given = test_view(dtype, shape, labels, 5);
  test_poison((size_t)count * eager_dtype_size(dtype));
  test_poison((size_t)(count / classes) * eager_dtype_size(dtype));
  assert_ok(eager_softmax_cross_entropy_with_logits(given, logits, &loss, &backprop));
  expect(dtype, shape, reference(count / classes, classes, x, labels), 16, loss, backprop,
         "dense");
  eager_tensor_release(logits);
  eager_tensor_release(given);
}

static void check_sparse(eager_dtype dtype, test_shape shape, bool wide) {
  int64_t classes = shape.dims[shape.rank - 1], count = test_elements(shape);
  int64_t rows = count / classes;
  double *x = test_random_values(dtype, count, -8, 8);
  double *labels = test_alloc((size_t)(count + 1) * sizeof *labels);
  int64_t *numbers = test_alloc((size_t)(rows + 1) * sizeof *numbers);
  for (int64_t r = 0; r < rows; r++) {
    numbers[r] = test_random_int(0, classes - 1);
    labels[r * classes + numbers[r]] = 1;
  }
  test_shape outer = shape;
  outer.rank--;
  test_pick_mode(test_random());
  eager_tensor *logits = test_view(dtype, shape, x, 1), *loss, *backprop;
  eager_tensor *given = test_tensor_int(wide ? EAGER_INT64 : EAGER_INT32, outer, numbers);
  test_poison((size_t)count * eager_dtype_size(dtype));
  test_poison((size_t)rows * eager_dtype_size(dtype));
  assert_ok(
      eager_sparse_softmax_cross_entropy_with_logits(given, logits, &loss, &backprop));
  expect(dtype, shape, reference(rows, classes, x, labels), 16, loss, backprop, "sparse");
  eager_tensor_release(logits);
  eager_tensor_release(given);
}

static void every_shape(void **state) {
  (void)state;
  test_enable();
  test_time_limit(200); /* an empty cache: a program for each dtype */
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int s = 0; s < SHAPES; s++) {
      if (!is_tried(test_dtypes[d], shapes[s])) continue;
      check_dense(test_dtypes[d], shapes[s]);
      check_sparse(test_dtypes[d], shapes[s], s % 2);
    }
}

static void many_classes(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of exponentials");
  static const test_shape longs[] = {{2, {3, 65537}}, {2, {1, 200003}}, {2, {65537, 3}}};
  for (int s = 0; s < 3; s++) {
    check_dense(EAGER_FLOAT32, longs[s]);
    check_sparse(EAGER_FLOAT32, longs[s], true);
  }
}

/* One of the two is repeated. */
static void broadcasts(void **state) {
  (void)state;
  test_enable();
  static const test_shape pairs[][2] = {
      {{2, {1, 9}}, {2, {17, 9}}}, {{2, {17, 1}}, {2, {17, 9}}},
      {{1, {9}}, {2, {17, 9}}},    {{0}, {2, {17, 9}}},
      {{2, {1, 1}}, {2, {17, 9}}}, {{2, {1, 9}}, {2, {17, 1}}}};
  for (int p = 0; p < 6; p++)
    for (int swap = 0; swap < 2; swap++) {
      test_shape a = pairs[p][swap], b = pairs[p][!swap], shape;
      double *x = test_random_values(EAGER_FLOAT32, test_elements(a), -8, 8);
      double *labels = test_random_values(EAGER_FLOAT32, test_elements(b), 0, 0.2);
      assert_true(test_broadcast(a, b, &shape));
      double *wide_x = test_alloc(17 * 9 * sizeof *x),
             *wide_labels = test_alloc(17 * 9 * sizeof *x);
      test_walk w;
      for (test_walk_begin(&w, shape); w.more; test_walk_next(&w)) {
        wide_x[w.position] = x[test_walk_offset(&w, a)];
        wide_labels[w.position] = labels[test_walk_offset(&w, b)];
      }
      eager_tensor *logits = test_view(EAGER_FLOAT32, a, x, 2), *loss, *backprop;
      eager_tensor *given = test_view(EAGER_FLOAT32, b, labels, 1);
      assert_ok(eager_softmax_cross_entropy_with_logits(given, logits, &loss, &backprop));
      expect(EAGER_FLOAT32, shape, reference(17, 9, wide_x, wide_labels), 16, loss,
             backprop, test_text("pair %d, %d", p, swap));
      eager_tensor_release(logits);
      eager_tensor_release(given);
    }
}

/* 0 * inf is NaN, as in TensorFlow; so is a row of -inf, and one with inf or NaN. */
static void special_logits(void **state) {
  (void)state;
  test_enable();
  double x[] = {1e30,      -1e30,     0,         1,        -INFINITY, 0, 3, 0, NAN,
                -INFINITY, -INFINITY, -INFINITY, INFINITY, 0,         1, 5, 5, 5};
  double labels[] = {0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0.25, 0.5, 0.25};
  double many_x[4 * 18], many_labels[4 * 18];
  for (int i = 0; i < 4 * 18; i++) {
    many_x[i] = x[i % 18];
    many_labels[i] = labels[i % 18];
  }
  for (int times = 1; times <= 4; times += 3) {
    test_shape shape = {2, {6 * times, 3}};
    eager_tensor *logits = test_view(EAGER_FLOAT32, shape, many_x, 1), *loss, *backprop;
    eager_tensor *given = test_view(EAGER_FLOAT32, shape, many_labels, 1);
    assert_ok(eager_softmax_cross_entropy_with_logits(given, logits, &loss, &backprop));
    expect(EAGER_FLOAT32, shape, reference(6 * times, 3, many_x, many_labels), 16, loss,
           backprop, "special");
    eager_tensor_release(logits);
    eager_tensor_release(given);
  }
}

static double sigmoid_loss(double label, double x) {
  return (x < 0 ? 0 : x) - x * label + log1p(exp(-fabs(x)));
}

static void sigmoid(void **state) {
  (void)state;
  test_enable();
  static const test_shape tried[] = {{0}, {1, {1}}, {1, {67}}, {2, {5, 257}}, {2, {0, 3}}};
  static const double specials[] = {0,    -0.0,  INFINITY, -INFINITY, NAN,
                                    1e30, -1e30, 80,       -80};
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int s = 0; s < 5; s++) {
      eager_dtype dtype = test_dtypes[d];
      if (!is_tried(dtype, tried[s])) continue;
      int64_t count = test_elements(tried[s]);
      double *x = test_random_values(dtype, count, -12, 12);
      double *labels = test_random_values(dtype, count, 0, 1);
      for (int64_t i = 0; i < count && i < 9 && s == 2; i++)
        x[i] = test_round(dtype, specials[i]);
      test_pick_mode(test_random());
      eager_tensor *logits = test_view(dtype, tried[s], x, 3), *y;
      eager_tensor *given = test_view(dtype, tried[s], labels, 1);
      test_poison((size_t)count * eager_dtype_size(dtype));
      assert_ok(eager_sigmoid_cross_entropy_with_logits(given, logits, &y));
      test_shape out;
      /* log1p errs by 2 ulps of at most 0.7, exp by 3 on the way; products by half. */
      double epsilon = test_epsilon(dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32);
      test_expect(y, dtype, tried[s],
                  test_binary(sigmoid_loss, tried[s], labels, tried[s], x, &out),
                  (test_tolerance){2, 16 * epsilon}, "sigmoid");
      eager_tensor_release(y);
      eager_tensor_release(logits);
      eager_tensor_release(given);
    }
}

static void labels_out_of_range(void **state) {
  (void)state;
  test_enable();
  static const int64_t bad[] = {-1, 5, INT32_MAX, INT32_MIN};
  double x[40 * 5] = {0};
  eager_tensor *logits[] = {test_tensor(EAGER_FLOAT32, (test_shape){2, {10, 5}}, x),
                            test_tensor(EAGER_FLOAT32, (test_shape){2, {40, 5}}, x)};
  for (int wide = 0; wide < 2; wide++)
    for (int k = 0; k < 8; k++) {
      int64_t label[40] = {0, 4, 1};
      label[3] = label[9] = label[25] = bad[k % 4];
      test_shape shape = {1, {k < 4 ? 10 : 40}};
      eager_tensor *labels =
          test_tensor_int(wide ? EAGER_INT64 : EAGER_INT32, shape, label);
      eager_tensor *loss, *backprop;
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      assert_fails(eager_sparse_softmax_cross_entropy_with_logits(labels, logits[k / 4],
                                                                  &loss, &backprop),
                   EAGER_INVALID_ARGUMENT,
                   "labels[3] is outside the valid range of [0, 5) "
                   "[Op:SparseSoftmaxCrossEntropyWithLogits]");
      assert_null(loss);
      assert_null(backprop);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(eager_sparse_softmax_cross_entropy_with_logits(labels, logits[k / 4], &loss,
                                                               NULL));
      assert_fails_like(eager_tensor_wait(loss), EAGER_INVALID_ARGUMENT,
                        "labels[3] is outside");
      assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "labels[3]");
      eager_tensor_release(loss);
      eager_tensor_release(labels);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  for (int i = 0; i < 2; i++) eager_tensor_release(logits[i]);
}

static eager_tensor *zeros(eager_dtype dtype, test_shape shape) {
  return test_tensor(dtype, shape, test_alloc((size_t)test_elements(shape) * 8 + 8));
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = zeros(EAGER_FLOAT32, (test_shape){2, {2, 3}}), *y, *z;
  eager_tensor *odd = zeros(EAGER_FLOAT32, (test_shape){2, {4, 3}});
  eager_tensor *deep = zeros(EAGER_FLOAT32, (test_shape){3, {1, 2, 3}});
  eager_tensor *none = zeros(EAGER_FLOAT32, (test_shape){2, {2, 0}});
  eager_tensor *scalar = zeros(EAGER_FLOAT32, (test_shape){0});
  eager_tensor *labels = zeros(EAGER_INT32, (test_shape){1, {2}});
  eager_tensor *more = zeros(EAGER_INT32, (test_shape){1, {3}});
  assert_fails(eager_softmax_cross_entropy_with_logits(odd, x, &y, &z),
               EAGER_INVALID_ARGUMENT,
               "logits and labels must be broadcastable: logits_size=[2,3] "
               "labels_size=[4,3] [Op:SoftmaxCrossEntropyWithLogits]");
  assert_null(y);
  assert_null(z);
  assert_fails_like(eager_softmax_cross_entropy_with_logits(deep, x, &y, NULL),
                    EAGER_INVALID_ARGUMENT,
                    "must be either 2-dimensional, or broadcasted to be 2-dimensional, got "
                    "shapes [2,3] and [1,2,3]");
  assert_fails_like(eager_softmax_cross_entropy_with_logits(scalar, scalar, &y, NULL),
                    EAGER_INVALID_ARGUMENT,
                    "logits must have at least 1 dimension, got shape []");
  assert_fails_like(eager_softmax_cross_entropy_with_logits(labels, x, &y, NULL),
                    EAGER_INVALID_ARGUMENT, "was expected to be a float tensor");
  assert_fails_like(eager_sparse_softmax_cross_entropy_with_logits(more, x, &y, NULL),
                    EAGER_INVALID_ARGUMENT,
                    "must have the same first dimension, got logits shape [2,3] and labels "
                    "shape [3]");
  assert_fails_like(eager_sparse_softmax_cross_entropy_with_logits(labels, deep, &y, NULL),
                    EAGER_INVALID_ARGUMENT,
                    "Rank of labels (received 1) should equal rank of logits minus 1");
  assert_fails_like(eager_sparse_softmax_cross_entropy_with_logits(labels, none, &y, NULL),
                    EAGER_INVALID_ARGUMENT, "Must have at least one class");
  assert_fails_like(eager_sparse_softmax_cross_entropy_with_logits(x, x, &y, NULL),
                    EAGER_INVALID_ARGUMENT, "allowed: int32, int64");
  assert_fails_like(eager_softmax_cross_entropy_with_logits(x, x, NULL, NULL),
                    EAGER_INVALID_ARGUMENT, "the place to put them is NULL");
  assert_fails(eager_sigmoid_cross_entropy_with_logits(x, odd, &y), EAGER_INVALID_ARGUMENT,
               "`logits` and `labels` must have the same shape, received ([4,3] vs [2,3]) "
               "[Op:SigmoidCrossEntropyWithLogits]");
  eager_tensor *all[] = {x, odd, deep, none, scalar, labels, more};
  for (int i = 0; i < 7; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(special_logits), cmocka_unit_test(every_shape),
      cmocka_unit_test(broadcasts),     cmocka_unit_test(many_classes),
      cmocka_unit_test(sigmoid),        cmocka_unit_test(labels_out_of_range),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/cross_entropy", tests, sizeof tests / sizeof *tests);
}
