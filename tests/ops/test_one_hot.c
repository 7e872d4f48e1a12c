/* ctest: devices=all tuned */
#include "bytes.h"

typedef struct one_hot_case {
  test_shape indices;
  int64_t depth;
  int axis;
} one_hot_case;

static const one_hot_case cases[] = {
    {{1, {7}}, 5, -1},
    {{1, {7}}, 5, 0},
    {{0}, 4, -1},
    {{2, {6, 9}}, 3, 1},
    {{2, {6, 9}}, 3, -2},
    {{2, {6, 9}}, 3, 0},
    {{1, {200003}}, 3, -1},
    {{2, {2, 65537}}, 2, 1},
    {{1, {2}}, 65537, -1},
    {{3, {2, 3, 4}}, 1, 2},
    {{7, {1, 2, 1, 2, 1, 2, 1}}, 3, 4},
    {{1, {0}}, 5, -1},
    {{1, {7}}, 0, -1},
};
enum { CASES = sizeof cases / sizeof *cases };

static const eager_dtype index_dtypes[] = {EAGER_UINT8, EAGER_INT8, EAGER_INT32,
                                           EAGER_INT64};

static void run_case(int i, eager_dtype dtype) {
  const one_hot_case *c = &cases[i];
  eager_dtype index_dtype = index_dtypes[(i + (int)dtype) % 4];
  int rank = c->indices.rank, axis = c->axis < 0 ? c->axis + rank + 1 : c->axis;
  test_shape out = {.rank = rank + 1};
  for (int d = 0; d <= rank; d++)
    out.dims[d] = d == axis ? c->depth : c->indices.dims[d < axis ? d : d - 1];
  if (bytes_too_slow(out)) return;
  int64_t count = test_elements(c->indices);
  int64_t *index = test_alloc((size_t)(count + 1) * sizeof *index);
  for (int64_t k = 0; k < count; k++) { /* out of range now and then: all off */
    index[k] = test_random_int(-1, c->depth < 100 ? c->depth : 100);
    if (index_dtype == EAGER_UINT8) index[k] &= 255;
  }
  bytes_tensor on = bytes_make(dtype, (test_shape){0});
  bytes_tensor off = bytes_make(dtype, (test_shape){0});
  int64_t suffix = eager__shape_product(&c->indices, axis, rank);
  int64_t prefix = eager__shape_product(&c->indices, 0, axis);
  size_t size = (size_t)test_elements(out) * on.element;
  uint8_t *expected = test_alloc(size + 1), *to = expected;
  for (int64_t p = 0; p < prefix; p++)
    for (int64_t d = 0; d < c->depth; d++)
      for (int64_t s = 0; s < suffix; s++, to += on.element)
        memcpy(to, index[p * suffix + s] == d ? on.bytes : off.bytes, on.element);
  eager_tensor *indices = test_tensor_int(index_dtype, c->indices, index), *y;
  test_poison(size);
  assert_ok(eager_one_hot(indices, c->depth, on.t, off.t, c->axis, &y));
  bytes_expect(y, dtype, out, expected, test_text("case %d", i));
  eager_tensor *all[] = {on.t, off.t, indices};
  for (int k = 0; k < 3; k++) eager_tensor_release(all[k]);
}

static void turns_on_one_place(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *indices = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){0, 1});
  eager_tensor *one = test_scalar(EAGER_FLOAT32, 1), *half = test_scalar(EAGER_FLOAT16, 0);
  eager_tensor *row = test_tensor(EAGER_FLOAT32, (test_shape){1, {1}}, (double[]){0}), *y;
  assert_fails(eager_one_hot(indices, -1, one, one, -1, &y), EAGER_INVALID_ARGUMENT,
               "depth must be non-negative, got: -1 [Op:OneHot]");
  assert_fails(eager_one_hot(indices, 3, one, one, 2, &y), EAGER_INVALID_ARGUMENT,
               "Expected axis in the range [-2, 1], but got 2 [Op:OneHot]");
  assert_fails(eager_one_hot(indices, 3, one, row, 0, &y), EAGER_INVALID_ARGUMENT,
               "off_value must be a scalar, but got shape [1] [Op:OneHot]");
  assert_fails_like(eager_one_hot(indices, 3, one, half, 0, &y), EAGER_INVALID_ARGUMENT,
                    "input #2(zero-based) was expected to be a float tensor but is a half");
  assert_fails_like(eager_one_hot(one, 3, one, one, -1, &y), EAGER_INVALID_ARGUMENT,
                    "input #0(zero-based) is a float32 tensor");
  eager_tensor *all[] = {indices, one, half, row};
  for (int k = 0; k < 4; k++) eager_tensor_release(all[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(turns_on_one_place),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/one_hot", tests, sizeof tests / sizeof *tests);
}
