/* ctest: devices=all timeout=120 */
/* LowerBound, UpperBound, Bucketize and InTopKV2 against loops. */
#include "sorting.h"

static eager_status bound(const char *name, eager_tensor *sorted, eager_tensor *values,
                          eager_dtype type, eager_tensor **out) {
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new(name, &op));
  assert_ok(eager_op_add_input(op, sorted));
  assert_ok(eager_op_add_input(op, values));
  assert_ok(eager_op_set_attr_dtype(op, "out_type", type));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

/* [rows][length], each row sorted. */
static sorting_tensor make_sorted(eager_dtype dtype, test_shape shape, sorting_kind kind) {
  int64_t length = shape.dims[shape.rank - 1];
  int64_t rows = length > 0 ? test_elements(shape) / length : 0;
  sorting_tensor any = sorting_make(dtype, shape, kind);
  uint64_t *bits = test_alloc((size_t)(rows * length + 1) * sizeof *bits);
  int64_t *places = test_alloc((size_t)(length + 1) * sizeof *places);
  for (int64_t r = 0; r < rows; r++) {
    sorting_places(dtype, any.bits + r * length, length, 1, false, places);
    for (int64_t i = 0; i < length; i++)
      bits[r * length + i] = any.bits[r * length + places[i]];
  }
  eager_tensor_release(any.t);
  return sorting_from_bits(dtype, shape, bits);
}

static void check_bounds(eager_dtype dtype, test_shape leading, int64_t length,
                         int64_t width, sorting_kind kind) {
  test_shape sorted_shape = leading, shape = leading;
  sorted_shape.dims[sorted_shape.rank++] = length;
  shape.dims[shape.rank++] = width;
  if (sorting_too_slow(sorted_shape) || sorting_too_slow(shape)) return;
  sorting_tensor sorted = make_sorted(dtype, sorted_shape, kind);
  sorting_tensor values = sorting_make(dtype, shape, kind);
  int64_t count = test_elements(shape);
  uint64_t *expected = test_alloc((size_t)(count + 1) * sizeof *expected);
  for (int upper = 0; upper < 2; upper++) {
    for (int64_t i = 0; i < count; i++) {
      const uint64_t *row = sorted.bits + i / width * length;
      int64_t low = 0, high = length;
      while (low < high) {
        int64_t middle = (low + high) / 2;
        int order = sorting_compare(dtype, row[middle], values.bits[i]);
        if (order < upper)
          low = middle + 1;
        else
          high = middle;
      }
      expected[i] = (uint64_t)low;
    }
    eager_dtype type = (upper + kind) % 2 ? EAGER_INT64 : EAGER_INT32;
    eager_tensor *y;
    test_pick_mode(test_random());
    test_poison((size_t)count * eager_dtype_size(type));
    assert_ok(bound(upper ? "UpperBound" : "LowerBound", sorted.t, values.t, type, &y));
    sorting_expect(y, type, shape, expected,
                   test_text("%d in %d, upper %d", (int)width, (int)length, upper));
  }
  eager_tensor_release(sorted.t);
  eager_tensor_release(values.t);
}

static void bounds(void **state) {
  (void)state;
  test_enable();
  static const int64_t sizes[][2] = {{0, 5}, {1, 1},   {2, 3},    {7, 0},
                                     {8, 9}, {33, 31}, {100, 40}, {1025, 65}};
  static const test_shape leading[] = {{0}, {1, {1}}, {1, {3}}, {2, {2, 2}}, {1, {0}}};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (test_dtypes[d] == EAGER_BOOL || !test_wants(NULL, test_dtypes[d])) continue;
    for (int s = 0; s < 8; s++)
      for (int l = 0; l < 5; l++, index++)
        if (test_sampled(index))
          check_bounds(test_dtypes[d], leading[l], sizes[s][0], sizes[s][1],
                       (sorting_kind)(index / 4 % SORTING_KINDS));
  }
  if (test_is_slow()) return;
  check_bounds(EAGER_FLOAT32, (test_shape){0}, 200003, 65537, SORTING_BITS);
  check_bounds(EAGER_UINT8, (test_shape){1, {3}}, 65537, 65535, SORTING_BITS);
  check_bounds(EAGER_INT64, (test_shape){1, {200003}}, 3, 2, SORTING_FEW);
}

/* --- Bucketize --- */

static void check_buckets(eager_dtype dtype, const double *boundaries, size_t count) {
  sorting_tensor x = sorting_make(dtype, (test_shape){2, {7, 9}}, SORTING_SPECIAL);
  for (int i = 0; i < 63; i += 2) x.bits[i] = sorting_encode(dtype, (i - 30) * 0.25);
  sorting_tensor t = sorting_from_bits(dtype, (test_shape){2, {7, 9}}, x.bits);
  uint64_t expected[63];
  for (int i = 0; i < 63; i++) {
    expected[i] = 0;
    for (size_t b = 0; b < count; b++) {
      long double boundary = (float)boundaries[b];
      bool reached = dtype == EAGER_INT64
                         ? (long double)(int64_t)x.bits[i] >= boundary
                         : !(eager__decode_double(dtype, &x.bits[i]) < (double)boundary);
      expected[i] += reached;
    }
  }
  eager_tensor *y;
  test_pick_mode(test_random());
  assert_ok(eager_bucketize(t.t, boundaries, count, &y));
  sorting_expect(y, EAGER_INT32, (test_shape){2, {7, 9}}, expected,
                 test_text("%d boundaries", (int)count));
  eager_tensor_release(x.t);
  eager_tensor_release(t.t);
}

static void buckets(void **state) {
  (void)state;
  test_enable();
  static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_INT64, EAGER_FLOAT32,
                                       EAGER_FLOAT64};
  static const double some[] = {-INFINITY, -1e30, -3, -0.1, -0.0,   0,      0.1,
                                0.5,       1,     1,  4,    0x1p31, 0x1p63, INFINITY};
  double many[150];
  for (int i = 0; i < 150; i++) many[i] = (i - 75) * 0.11;
  for (int d = 0; d < 4; d++) {
    check_buckets(dtypes[d], some, 14);
    check_buckets(dtypes[d], many, 150);
    check_buckets(dtypes[d], many, 32);
    check_buckets(dtypes[d], NULL, 0);
  }
}

/* --- InTopKV2 --- */

static void check_in_top_k(int64_t rows, int64_t classes, int64_t k, bool wide) {
  if (sorting_too_slow((test_shape){2, {rows, classes}})) return;
  double *x = test_random_values(EAGER_FLOAT32, rows * classes, -3, 3);
  for (int64_t i = 0; i < rows * classes; i++) x[i] = round(x[i] * 4) / 4;
  double *targets = test_alloc((size_t)(rows + 1) * sizeof *targets);
  uint64_t *expected = test_alloc((size_t)(rows + 1) * sizeof *expected);
  for (int64_t r = 0; r < rows; r++) {
    double *row = x + r * classes;
    targets[r] = (double)test_random_int(-1, classes);
    if (classes > 0 && test_random_int(0, 9) == 0)
      row[test_random_int(0, classes - 1)] = r % 2 ? NAN : -INFINITY;
    bool known = targets[r] >= 0 && targets[r] < (double)classes;
    int64_t more = 0;
    for (int64_t i = 0; i < classes && known; i++) {
      more += row[i] > row[(int64_t)targets[r]];
      known = isfinite(row[i]);
    }
    expected[r] = known && more < k;
  }
  eager_tensor *p = test_view(EAGER_FLOAT32, (test_shape){2, {rows, classes}}, x, 3), *y;
  eager_tensor *t =
      test_view(wide ? EAGER_INT64 : EAGER_INT32, (test_shape){1, {rows}}, targets, 5);
  test_pick_mode(test_random());
  test_poison((size_t)rows);
  assert_ok(eager_in_top_k(t, p, k, &y));
  sorting_expect(y, EAGER_BOOL, (test_shape){1, {rows}}, expected,
                 test_text("[%d, %d], k %d", (int)rows, (int)classes, (int)k));
  eager_tensor_release(p);
  eager_tensor_release(t);
}

static void top_classes(void **state) {
  (void)state;
  test_enable();
  static const int64_t sizes[][2] = {{1, 1}, {3, 5}, {8, 16}, {40, 10},
                                     {5, 0}, {0, 4}, {2, 65}};
  for (int i = 0; i < 7; i++)
    for (int k = -1; k < 8; k += 2) check_in_top_k(sizes[i][0], sizes[i][1], k, i % 2);
  check_in_top_k(20, 8, INT64_MAX, false);
  if (test_is_slow()) return;
  check_in_top_k(3, 200003, 60000, false);
  check_in_top_k(65537, 3, 1, true);
  check_in_top_k(200003, 2, 1, false);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  double zeros[8] = {0};
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, zeros), *y;
  eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, zeros);
  eager_tensor *flat = test_tensor(EAGER_INT32, (test_shape){1, {3}}, zeros);
  eager_tensor *scalar = test_scalar(EAGER_FLOAT32, 1);
  assert_fails(eager_searchsorted(x, v, "left", EAGER_INT32, &y), EAGER_INVALID_ARGUMENT,
               "Leading dim_size of both tensors must match, got [2,3] and [3,2] "
               "[Op:LowerBound]");
  assert_null(y);
  assert_fails(eager_searchsorted(x, scalar, "right", EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "values must be at least rank 1, but has shape [] [Op:UpperBound]");
  assert_fails(eager_searchsorted(x, x, NULL, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
               "out_type must be int32 or int64, got float32 [Op:LowerBound]");
  assert_fails(eager_searchsorted(x, x, "middle", EAGER_INT32, &y), EAGER_INVALID_ARGUMENT,
               "side must be either 'right' or 'left', got 'middle' [Op:LowerBound]");
  assert_fails_like(
      eager_searchsorted(x, flat, NULL, EAGER_INT32, &y), EAGER_INVALID_ARGUMENT,
      "input #1(zero-based) was expected to be a float tensor but is a int32");
  assert_fails(eager_bucketize(x, (double[]){1, 0}, 2, &y), EAGER_INVALID_ARGUMENT,
               "Expected sorted boundaries [Op:Bucketize]");
  assert_fails(eager_bucketize(x, (double[]){1, NAN}, 2, &y), EAGER_INVALID_ARGUMENT,
               "boundaries[1] is NaN [Op:Bucketize]");
  assert_fails_like(eager_bucketize(x, NULL, 2, &y), EAGER_INVALID_ARGUMENT,
                    "Bucketize needs attribute `boundaries`");
  assert_fails(eager_in_top_k(flat, scalar, 1, &y), EAGER_INVALID_ARGUMENT,
               "predictions must be 2-dimensional [Op:InTopKV2]");
  assert_fails(eager_in_top_k(flat, x, 1, &y), EAGER_INVALID_ARGUMENT,
               "First dimension of predictions 2 must match length of targets 3 "
               "[Op:InTopKV2]");
  assert_fails_like(eager_in_top_k(x, x, 1, &y), EAGER_INVALID_ARGUMENT,
                    "input #1(zero-based) is a float32 tensor; allowed: int32, int64");
  eager_tensor *square = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, zeros);
  assert_fails(eager_in_top_k(square, x, 1, &y), EAGER_INVALID_ARGUMENT,
               "targets must be 1-dimensional [Op:InTopKV2]");
  eager_tensor_release(square);
  eager_tensor_release(x);
  eager_tensor_release(v);
  eager_tensor_release(flat);
  eager_tensor_release(scalar);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds),
      cmocka_unit_test(buckets),
      cmocka_unit_test(top_classes),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/search", tests, sizeof tests / sizeof *tests);
}
