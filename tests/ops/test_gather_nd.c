/* ctest: devices=all */
#include "bytes.h"

typedef struct nd_case {
  test_shape params, lead; /* lead: indices without the last dimension */
  int batch_dims, depth;
} nd_case;

static const nd_case cases[] = {
    {{1, {9}}, {1, {5}}, 0, 1},
    {{1, {9}}, {0}, 0, 1},
    {{0}, {1, {3}}, 0, 0},
    {{2, {3, 5}}, {1, {2}}, 0, 0},
    {{2, {9, 20}}, {2, {3, 4}}, 0, 2},
    {{2, {9, 20}}, {2, {3, 4}}, 0, 1},
    {{3, {4, 5, 7}}, {2, {4, 6}}, 1, 1},
    {{3, {4, 5, 7}}, {2, {4, 6}}, 1, 2},
    {{3, {4, 5, 7}}, {2, {4, 5}}, 2, 1},
    {{3, {4, 5, 7}}, {2, {4, 5}}, 2, 0},
    {{8, {2, 1, 3, 1, 2, 1, 2, 2}}, {1, {11}}, 0, 8},
    {{2, {3, 0}}, {1, {4}}, 0, 1},
    {{2, {0, 3}}, {1, {0}}, 0, 1},
    {{3, {8, 8, 3}}, {1, {65537}}, 0, 2},
    {{1, {64}}, {1, {200003}}, 0, 1},
    {{2, {3, 65537}}, {1, {4}}, 0, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static test_shape joined(test_shape a, const int64_t *dims, int count) {
  for (int i = 0; i < count; i++) a.dims[a.rank++] = dims[i];
  return a;
}

static void run_case(int i, eager_dtype dtype) {
  static const eager_dtype kinds[] = {EAGER_INT32, EAGER_INT64, EAGER_INT16};
  const nd_case *c = &cases[i];
  int behind = c->batch_dims + c->depth;
  test_shape out = joined(c->lead, c->params.dims + behind, c->params.rank - behind);
  if (bytes_too_slow(out) || bytes_too_slow(c->params)) return;
  bytes_tensor x = bytes_make(dtype, c->params);
  int64_t count = test_elements(c->lead), depth = c->depth;
  int64_t batches = eager__shape_product(&c->lead, 0, c->batch_dims);
  int64_t targets = eager__shape_product(&c->params, c->batch_dims, behind);
  size_t run = (size_t)eager__shape_product(&c->params, behind, c->params.rank) * x.element;
  int64_t *index = test_alloc((size_t)(count * depth + 1) * sizeof *index);
  size_t size = (size_t)test_elements(out) * x.element;
  uint8_t *expected = test_alloc(size + 1);
  for (int64_t k = 0; k < count; k++) {
    int64_t target = test_random_int(0, targets - 1), rest = target;
    for (int d = c->depth - 1; d >= 0; d--) {
      index[k * depth + d] = rest % c->params.dims[c->batch_dims + d];
      rest /= c->params.dims[c->batch_dims + d];
    }
    int64_t row = k / (count / batches) * targets + target;
    memcpy(expected + (size_t)k * run, x.bytes + (size_t)row * run, run);
  }
  eager_tensor *indices = test_tensor_int(kinds[i % 3], joined(c->lead, &depth, 1), index);
  eager_tensor *y;
  test_poison(size);
  assert_ok(eager_gather_nd(x.t, indices, c->batch_dims, &y));
  bytes_expect(y, dtype, out, expected, test_text("case %d", i));
  eager_tensor_release(x.t);
  eager_tensor_release(indices);
}

static void picks_slices(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

static void refuses_indices_out_of_range(void **state) {
  (void)state;
  test_enable();
  static const int64_t bad[] = {-1, 7, INT32_MAX, INT32_MIN};
  bytes_tensor x = bytes_make(EAGER_FLOAT32, (test_shape){3, {5, 7, 3}});
  for (int wide = 0; wide < 2; wide++)
    for (int k = 0; k < 4; k++) {
      int64_t index[40] = {0};
      index[7] = index[39] = bad[k];
      eager_tensor *indices = test_tensor_int(wide ? EAGER_INT64 : EAGER_INT32,
                                              (test_shape){2, {20, 2}}, index);
      eager_tensor *y;
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      assert_fails(eager_gather_nd(x.t, indices, 0, &y), EAGER_INVALID_ARGUMENT,
                   "indices[3] does not index into param shape [5,7,3] [Op:GatherNd]");
      assert_null(y);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(eager_gather_nd(x.t, indices, 0, &y));
      assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT, "indices[3]");
      assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "indices[3]");
      eager_tensor_release(y);
      eager_tensor_release(indices);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(x.t);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  int64_t zeros[12] = {0};
  bytes_tensor x = bytes_make(EAGER_FLOAT32, (test_shape){2, {4, 3}});
  eager_tensor *none = test_tensor(EAGER_FLOAT32, (test_shape){2, {0, 3}}, NULL), *y;
  eager_tensor *scalar = test_scalar(EAGER_INT32, 0), *f = test_scalar(EAGER_FLOAT32, 0);
  eager_tensor *deep = test_tensor_int(EAGER_INT32, (test_shape){2, {2, 3}}, zeros);
  eager_tensor *pairs = test_tensor_int(EAGER_INT32, (test_shape){2, {4, 2}}, zeros);
  eager_tensor *single = test_tensor_int(EAGER_INT32, (test_shape){2, {2, 1}}, zeros);
  assert_fails(eager_gather_nd(x.t, scalar, 0, &y), EAGER_INVALID_ARGUMENT,
               "Indices shape must have rank at least one. Found: [] [Op:GatherNd]");
  assert_fails(eager_gather_nd(x.t, deep, 0, &y), EAGER_INVALID_ARGUMENT,
               "index innermost dimension length must be <= params rank; saw: 3 vs. 2 "
               "[Op:GatherNd]");
  assert_fails_like(eager_gather_nd(x.t, pairs, 1, &y), EAGER_INVALID_ARGUMENT,
                    "saw: 2 vs. 1");
  assert_fails(eager_gather_nd(x.t, pairs, 2, &y), EAGER_INVALID_ARGUMENT,
               "Expected batch_dims in the range [0, 1], but got 2 [Op:GatherNd]");
  assert_fails_like(eager_gather_nd(x.t, pairs, -1, &y), EAGER_INVALID_ARGUMENT,
                    "but got -1");
  assert_fails_like(eager_gather_nd(x.t, single, 1, &y), EAGER_INVALID_ARGUMENT,
                    "params.shape[0]: 4 should be equal to indices.shape[0]: 2");
  assert_fails(eager_gather_nd(none, single, 0, &y), EAGER_INVALID_ARGUMENT,
               "Requested more than 0 entries, but params is empty.  Params shape: [0,3] "
               "[Op:GatherNd]");
  assert_fails_like(eager_gather_nd(x.t, f, 0, &y), EAGER_INVALID_ARGUMENT,
                    "input #1(zero-based) is a float32 tensor; allowed: int");
  eager_tensor *all[] = {x.t, none, scalar, f, deep, pairs, single};
  for (int i = 0; i < 7; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(picks_slices),
      cmocka_unit_test(refuses_indices_out_of_range),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/gather_nd", tests, sizeof tests / sizeof *tests);
}
