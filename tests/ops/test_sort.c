/* ctest: devices=all timeout=120 tuned */
/* Sort, Argsort, TopKV2 and NthElement against qsort with the index as a tie-break. */
#include "sorting.h"

/* Rows as [outer][length][inner], along the middle. */
typedef struct rows {
  test_shape shape;
  int axis;
  int64_t outer, length, inner;
} rows;

static rows make_rows(test_shape shape, int axis) {
  return (rows){shape, axis, eager__shape_product(&shape, 0, axis), shape.dims[axis],
                eager__shape_product(&shape, axis + 1, shape.rank)};
}

static test_shape with_extent(const rows *r, int64_t extent) {
  test_shape shape = r->shape;
  shape.dims[r->axis] = extent;
  return shape;
}

/* Places [first, first + kept) of every row, laid out as the result, and the elements. */
static void expect_of(const rows *r, eager_dtype dtype, const uint64_t *bits,
                      bool descending, int64_t first, int64_t kept, uint64_t *values,
                      uint64_t *places) {
  int64_t *order = test_alloc((size_t)(r->length + 1) * sizeof *order);
  for (int64_t o = 0; o < r->outer; o++)
    for (int64_t i = 0; i < r->inner; i++) {
      const uint64_t *row = bits + o * r->length * r->inner + i;
      sorting_places(dtype, row, r->length, r->inner, descending, order);
      for (int64_t j = 0; j < kept; j++) {
        int64_t to = (o * kept + j) * r->inner + i;
        places[to] = (uint64_t)order[first + j];
        values[to] = row[order[first + j] * r->inner];
      }
    }
}

static uint64_t *space(const rows *r, int64_t kept) {
  return test_alloc((size_t)(r->outer * kept * r->inner + 1) * sizeof(uint64_t));
}

static void check_sort(test_shape shape, int axis, eager_dtype dtype, sorting_kind kind) {
  if (sorting_too_slow(shape)) return;
  rows r = make_rows(shape, axis);
  sorting_tensor x = sorting_make(dtype, shape, kind);
  uint64_t *values = space(&r, r.length), *places = space(&r, r.length);
  for (int descending = 0; descending < 2; descending++) {
    const char *direction = descending ? "DESCENDING" : "ASCENDING";
    const char *what = test_text("axis %d, %s, kind %d", axis, direction, kind);
    expect_of(&r, dtype, x.bits, descending, 0, r.length, values, places);
    eager_tensor *y;
    test_pick_mode(test_random());
    test_poison((size_t)test_elements(shape) * eager_dtype_size(dtype));
    assert_ok(eager_sort(x.t, axis - (descending ? shape.rank : 0), direction, &y));
    sorting_expect(y, dtype, shape, values, what);
    test_poison((size_t)test_elements(shape) * sizeof(int32_t));
    assert_ok(eager_argsort(x.t, axis, descending ? direction : NULL, &y));
    sorting_expect(y, EAGER_INT32, shape, places, what);
  }
  eager_tensor_release(x.t);
}

static eager_status top_k(eager_tensor *x, int64_t k, eager_dtype type,
                          eager_tensor *out[2]) {
  eager_op *op;
  int count = 2;
  assert_ok(eager_op_new("TopKV2", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_set_attr_int(op, "k", k));
  assert_ok(eager_op_set_attr_bool(op, "sorted", test_random() % 2 == 0));
  assert_ok(eager_op_set_attr_dtype(op, "index_type", type));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

static void check_top_k(test_shape shape, int64_t k, eager_dtype dtype, eager_dtype type,
                        sorting_kind kind) {
  if (sorting_too_slow(shape) || k > shape.dims[shape.rank - 1]) return;
  rows r = make_rows(shape, shape.rank - 1);
  sorting_tensor x = sorting_make(dtype, shape, kind);
  uint64_t *values = space(&r, k), *places = space(&r, k);
  expect_of(&r, dtype, x.bits, true, 0, k, values, places);
  eager_tensor *out[2];
  const char *what = test_text("k %d of %d, kind %d", (int)k, (int)r.length, kind);
  test_pick_mode(test_random());
  assert_ok(top_k(x.t, k, type, out));
  sorting_expect(out[0], dtype, with_extent(&r, k), values, what);
  sorting_expect(out[1], type, with_extent(&r, k), places, what);
  eager_tensor_release(x.t);
}

static void check_nth(test_shape shape, int64_t n, bool reverse, eager_dtype dtype) {
  if (sorting_too_slow(shape)) return;
  rows r = make_rows(shape, shape.rank - 1);
  /* No -0: which of equals it is remains open. */
  sorting_tensor x = sorting_make(dtype, shape, SORTING_FEW);
  uint64_t *values = space(&r, 1), *places = space(&r, 1);
  expect_of(&r, dtype, x.bits, reverse, n, 1, values, places);
  test_shape out = shape;
  out.rank--;
  eager_tensor *y;
  test_pick_mode(test_random());
  assert_ok(eager_nth_element(x.t, n, reverse, &y));
  sorting_expect(y, dtype, out, values, test_text("n %d", (int)n));
  eager_tensor_release(x.t);
}

static const int64_t lengths[] = {0,  1,  2,  3,   15,   16,   17,  31,
                                  32, 33, 47, 100, 1023, 1024, 1025};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static void lengths_and_kinds(void **state) {
  (void)state;
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (test_dtypes[d] == EAGER_BOOL || !test_wants(NULL, test_dtypes[d])) continue;
    for (int i = 0; i < LENGTHS; i++)
      for (int kind = 0; kind < SORTING_KINDS; kind++)
        if (test_sampled(index++))
          check_sort((test_shape){2, {3, lengths[i]}}, 1, test_dtypes[d],
                     (sorting_kind)kind);
  }
}

static void every_axis(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[] = {{1, {1}},          {2, {40, 3}},
                                      {3, {4, 33, 5}},   {3, {0, 4, 2}},
                                      {4, {2, 3, 4, 5}}, {8, {2, 1, 3, 1, 2, 2, 1, 3}},
                                      {2, {1, 70}},      {2, {70, 67}}};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (test_dtypes[d] == EAGER_BOOL || !test_wants(NULL, test_dtypes[d])) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
      for (int axis = 0; axis < shapes[s].rank; axis++)
        if (test_sampled(index++))
          check_sort(shapes[s], axis, test_dtypes[d], SORTING_SPECIAL);
  }
}

/* Long enough for them to be ordered by digits where that is done, short enough for slow
 * lanes. */
static void rows_of_bytes(void **state) {
  (void)state;
  test_enable();
  check_sort((test_shape){1, {300}}, 0, EAGER_UINT8, SORTING_BITS);
  check_sort((test_shape){2, {300, 1}}, 0, EAGER_INT8, SORTING_SPECIAL);
  check_top_k((test_shape){1, {400}}, 200, EAGER_UINT8, EAGER_INT32, SORTING_FEW);
}

static void long_rows(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of comparisons");
  check_sort((test_shape){1, {65535}}, 0, EAGER_FLOAT32, SORTING_BITS);
  check_sort((test_shape){2, {2, 65537}}, 1, EAGER_INT64, SORTING_BITS);
  check_sort((test_shape){1, {200003}}, 0, EAGER_FLOAT16, SORTING_BITS);
  check_sort((test_shape){1, {200003}}, 0, EAGER_UINT8, SORTING_BITS);
  check_sort((test_shape){1, {200003}}, 0, EAGER_INT32, SORTING_FALLING);
  check_sort((test_shape){2, {65537, 2}}, 0, EAGER_FLOAT64, SORTING_BITS);
  check_sort((test_shape){2, {65537, 3}}, 1, EAGER_UINT16, SORTING_FEW);
  check_top_k((test_shape){2, {2, 200003}}, 5, EAGER_FLOAT32, EAGER_INT32, SORTING_BITS);
  check_top_k((test_shape){1, {200003}}, 1000, EAGER_INT32, EAGER_INT64, SORTING_FEW);
  check_nth((test_shape){1, {200003}}, 100001, false, EAGER_FLOAT32);
}

static void top_of_rows(void **state) {
  (void)state;
  test_enable();
  static const int64_t ks[] = {0, 1, 2, 5, 16, 17, 64, 100, 1025};
  static const eager_dtype types[] = {EAGER_INT16, EAGER_INT32, EAGER_INT64};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (test_dtypes[d] == EAGER_BOOL || !test_wants(NULL, test_dtypes[d])) continue;
    for (int i = 0; i < LENGTHS; i++)
      for (size_t k = 0; k < sizeof ks / sizeof *ks; k++, index++) {
        if (!test_sampled(index)) continue;
        sorting_kind kind = (sorting_kind)(index / 4 % SORTING_KINDS);
        check_top_k((test_shape){2, {3, lengths[i]}}, ks[k], test_dtypes[d],
                    types[index % 3], kind);
        check_top_k((test_shape){1, {lengths[i]}}, lengths[i], test_dtypes[d],
                    types[index % 3], kind);
      }
  }
}

static void nth_of_rows(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (test_dtypes[d] == EAGER_BOOL || !test_wants(NULL, test_dtypes[d])) continue;
    if (!test_sampled((uint64_t)d * 4)) continue;
    for (int i = 1; i < LENGTHS; i += 3) {
      int64_t n = test_random_int(0, lengths[i] - 1);
      check_nth((test_shape){3, {2, 1, lengths[i]}}, n, i % 2, test_dtypes[d]);
      check_nth((test_shape){1, {lengths[i]}}, lengths[i] - 1, i % 2, test_dtypes[d]);
    }
  }
}

static eager_status by_name(const char *name, eager_tensor *x, const char *attr,
                            int64_t value, eager_tensor **out) {
  eager_op *op;
  int count = 2;
  assert_ok(eager_op_new(name, &op));
  assert_ok(eager_op_add_input(op, x));
  if (attr != NULL) assert_ok(eager_op_set_attr_int(op, attr, value));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, (double[6]){0});
  eager_tensor *flag = test_tensor(EAGER_BOOL, (test_shape){1, {2}}, (double[2]){0});
  eager_tensor *scalar = test_scalar(EAGER_INT32, 1), *out[2] = {x, x};
  assert_fails(eager_sort(x, 2, NULL, out), EAGER_INVALID_ARGUMENT,
               "axis 2 is out of range for a tensor of rank 2: expected -2 to 1 [Op:Sort]");
  assert_null(out[0]);
  assert_fails_like(eager_argsort(scalar, -1, NULL, out), EAGER_INVALID_ARGUMENT,
                    "axis -1 is out of range");
  assert_fails(eager_argsort(x, 1, "descending", out), EAGER_INVALID_ARGUMENT,
               "direction should be one of 'ASCENDING' or 'DESCENDING', got 'descending' "
               "[Op:Argsort]");
  assert_fails_like(eager_sort(flag, 0, NULL, out), EAGER_INVALID_ARGUMENT,
                    "input #0(zero-based) is a bool tensor; allowed: ");
  assert_fails(eager_top_k(x, 5, &out[0], &out[1]), EAGER_INVALID_ARGUMENT,
               "input must have at least k columns. Had 3, needed 5 [Op:TopKV2]");
  assert_null(out[0]);
  assert_null(out[1]);
  assert_fails(eager_top_k(x, -1, &out[0], &out[1]), EAGER_INVALID_ARGUMENT,
               "Need k >= 0, got -1 [Op:TopKV2]");
  assert_fails(eager_top_k(scalar, 0, &out[0], &out[1]), EAGER_INVALID_ARGUMENT,
               "input must be >= 1-D, got shape [] [Op:TopKV2]");
  assert_fails_like(eager_top_k(x, 1, &out[0], NULL), EAGER_INVALID_ARGUMENT,
                    "TopKV2 has 2 outputs: the place to put them is NULL or too small");
  assert_null(out[0]);
  assert_fails(top_k(x, 1, EAGER_FLOAT32, out), EAGER_INVALID_ARGUMENT,
               "index_type must be int16, int32 or int64, got float32 [Op:TopKV2]");
  assert_fails(eager_nth_element(x, -1, false, out), EAGER_INVALID_ARGUMENT,
               "n must be non-negative but is -1 [Op:NthElement]");
  assert_fails(eager_nth_element(x, 3, false, out), EAGER_INVALID_ARGUMENT,
               "Input must have at least n+1 columns [Op:NthElement]");
  assert_fails(eager_nth_element(scalar, 0, false, out), EAGER_INVALID_ARGUMENT,
               "Input must be at least rank 1 but is rank 0 [Op:NthElement]");
  assert_fails_like(by_name("TopKV2", x, NULL, 0, out), EAGER_INVALID_ARGUMENT,
                    "attribute `k` is required");
  if (!test_is_slow()) {
    eager_tensor *wide;
    assert_ok(eager_tensor_zeros(EAGER_UINT8, 1, (int64_t[]){32768}, &wide));
    assert_fails(top_k(wide, 1, EAGER_INT16, out), EAGER_INVALID_ARGUMENT,
                 "input has 32768 columns, too many for int16 indices [Op:TopKV2]");
    eager_tensor_release(wide);
  }
  eager_tensor_release(x);
  eager_tensor_release(flag);
  eager_tensor_release(scalar);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_and_kinds), cmocka_unit_test(every_axis),
      cmocka_unit_test(rows_of_bytes),     cmocka_unit_test(long_rows),
      cmocka_unit_test(top_of_rows),       cmocka_unit_test(nth_of_rows),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/sort", tests, sizeof tests / sizeof *tests);
}
