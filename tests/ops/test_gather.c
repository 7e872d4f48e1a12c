/* ctest: devices=all tuned */
#include "bytes.h"

typedef struct gather_case {
  test_shape params, indices;
  int axis, batch_dims;
} gather_case;

static const gather_case cases[] = {
    {{1, {9}}, {1, {5}}, 0, 0},          {{1, {9}}, {0}, 0, 0},
    {{2, {9, 20}}, {2, {3, 4}}, 0, 0},   {{2, {9, 20}}, {2, {3, 4}}, -1, 0},
    {{3, {4, 5, 7}}, {1, {6}}, 1, 0},    {{3, {4, 5, 7}}, {2, {4, 6}}, 1, 1},
    {{3, {4, 5, 7}}, {2, {4, 6}}, 2, 1}, {{3, {4, 5, 7}}, {2, {4, 5}}, 2, 2},
    {{2, {64, 3}}, {1, {200003}}, 0, 0}, {{2, {3, 65537}}, {1, {4}}, 0, 0},
    {{2, {9, 4}}, {2, {0, 3}}, 0, 0},    {{2, {9, 0}}, {1, {3}}, 0, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

/* int32, int64, int16. */
static eager_tensor *make_indices(test_shape shape, int kind, const int64_t *values) {
  static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_INT64, EAGER_INT16};
  return test_tensor_int(dtypes[kind % 3], shape, values);
}

static test_shape result_shape(const gather_case *c, int axis) {
  test_shape out = {0};
  for (int i = 0; i < axis; i++) out.dims[out.rank++] = c->params.dims[i];
  for (int i = c->batch_dims; i < c->indices.rank; i++)
    out.dims[out.rank++] = c->indices.dims[i];
  for (int i = axis + 1; i < c->params.rank; i++) out.dims[out.rank++] = c->params.dims[i];
  return out;
}

static void run_case(int i, eager_dtype dtype) {
  const gather_case *c = &cases[i];
  int axis = c->axis < 0 ? c->axis + c->params.rank : c->axis;
  test_shape out = result_shape(c, axis);
  if (bytes_too_slow(out)) return;
  bytes_tensor x = bytes_make(dtype, c->params);
  int64_t extent = c->params.dims[axis], index_count = test_elements(c->indices);
  int64_t *index = test_alloc((size_t)(index_count + 1) * sizeof *index);
  for (int64_t k = 0; k < index_count; k++) index[k] = test_random_int(0, extent - 1);
  int64_t outer = eager__shape_product(&c->params, c->batch_dims, axis);
  int64_t groups = eager__shape_product(&c->params, 0, axis);
  int64_t picks = eager__shape_product(&c->indices, c->batch_dims, c->indices.rank);
  size_t run =
      (size_t)eager__shape_product(&c->params, axis + 1, c->params.rank) * x.element;
  size_t size = (size_t)test_elements(out) * x.element;
  uint8_t *expected = test_alloc(size + 1), *to = expected;
  for (int64_t g = 0; g < groups; g++)
    for (int64_t k = 0; k < picks; k++, to += run) {
      int64_t row = g * extent + index[g / outer * picks + k];
      memcpy(to, x.bytes + (size_t)row * run, run);
    }
  eager_tensor *indices = make_indices(c->indices, i, index), *y;
  test_poison(size);
  assert_ok(eager_batch_gather(x.t, indices, c->axis, c->batch_dims, &y));
  bytes_expect(y, dtype, out, expected, test_text("case %d", i));
  eager_tensor_release(x.t);
  eager_tensor_release(indices);
}

static void picks_slices(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

/* The first bad position is told, whatever the order of work-items. */
static void refuses_indices_out_of_range(void **state) {
  (void)state;
  test_enable();
  static const int64_t bad[] = {-1, 64, INT32_MAX, INT32_MIN};
  bytes_tensor x = bytes_make(EAGER_FLOAT32, (test_shape){2, {64, 3}});
  for (int wide = 0; wide < 2; wide++)
    for (int k = 0; k < 4; k++) {
      int64_t index[40] = {0};
      index[7] = index[39] = bad[k];
      eager_tensor *indices = make_indices((test_shape){1, {40}}, wide, index), *y;
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      assert_fails(eager_gather(x.t, indices, 0, &y), EAGER_INVALID_ARGUMENT,
                   "indices[7] is not in [0, 64) [Op:GatherV2]");
      assert_null(y);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(eager_gather(x.t, indices, 0, &y));
      assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT,
                        "indices[7] is not in [0, 64)");
      assert_int_equal(eager_tensor_poll(y), EAGER_FAILED);
      assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "indices[7]");
      eager_tensor_release(y);
      eager_tensor_release(indices);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(x.t);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  bytes_tensor x = bytes_make(EAGER_FLOAT32, (test_shape){2, {4, 3}});
  int64_t index[6] = {0};
  eager_tensor *two = make_indices((test_shape){2, {2, 3}}, 0, index), *y;
  eager_tensor *flat = test_tensor(EAGER_FLOAT32, (test_shape){1, {1}}, (double[]){0});
  assert_fails_like(eager_batch_gather(x.t, two, 2, 0, &y), EAGER_INVALID_ARGUMENT,
                    "axis 2 is out of range");
  assert_fails(eager_batch_gather(x.t, two, 1, 1, &y), EAGER_INVALID_ARGUMENT,
               "params.shape[0]: 4 should be equal to indices.shape[0]: 2 [Op:GatherV2]");
  assert_fails(eager_batch_gather(x.t, two, 0, 1, &y), EAGER_INVALID_ARGUMENT,
               "batch_dims (1) must be less than or equal to axis (0) [Op:GatherV2]");
  assert_fails_like(eager_batch_gather(x.t, two, 0, 3, &y), EAGER_INVALID_ARGUMENT,
                    "Expected batch_dims in the range [-2, 2], but got 3");
  assert_fails_like(
      eager_gather(x.t, flat, 0, &y), EAGER_INVALID_ARGUMENT,
      "input #1(zero-based) is a float32 tensor; allowed: int32, int16, int64");
  eager_tensor_release(x.t);
  eager_tensor_release(two);
  eager_tensor_release(flat);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(picks_slices),
      cmocka_unit_test(refuses_indices_out_of_range),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/gather", tests, sizeof tests / sizeof *tests);
}
