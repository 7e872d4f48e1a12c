/* ctest: devices=all tuned */
#include "bytes.h"

enum { INPUTS = 11 };

typedef struct concat_case {
  test_shape shape; /* of the inputs but for the extent along `axis` */
  int axis, count;
  int64_t extents[INPUTS];
} concat_case;

static const concat_case cases[] = {
    {{1, {0}}, 0, 2, {3, 4}},
    {{2, {0, 5}}, 0, 3, {2, 1, 3}},
    {{2, {5, 0}}, 1, 3, {2, 1, 3}},
    {{2, {5, 0}}, -1, 5, {17, 1, 33, 2, 16}},
    {{3, {4, 0, 6}}, 1, 4, {1, 2, 3, 4}},
    {{3, {4, 0, 6}}, -2, 11, {1, 2, 0, 4, 5, 0, 7, 8, 9, 1, 2}},
    {{2, {0, 3}}, 0, 2, {65537, 200003}},
    {{2, {3, 0}}, 1, 2, {65535, 65537}},
    {{2, {200003, 0}}, 1, 2, {1, 2}},
    {{2, {5, 0}}, 1, 3, {0, 4, 0}}, /* one has elements */
    {{2, {5, 0}}, 1, 2, {0, 0}},
    {{2, {0, 0}}, 0, 2, {3, 4}},
    {{2, {0, 4}}, 0, 1, {3}},
    {{8, {2, 1, 2, 0, 2, 1, 2, 2}}, 3, 3, {1, 2, 3}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void run_case(int i, eager_dtype dtype) {
  const concat_case *c = &cases[i];
  bytes_tensor inputs[INPUTS];
  eager_tensor *values[INPUTS], *y;
  int axis = c->axis < 0 ? c->axis + c->shape.rank : c->axis;
  test_shape out = c->shape;
  out.dims[axis] = 0;
  for (int k = 0; k < c->count; k++) out.dims[axis] += c->extents[k];
  if (bytes_too_slow(out)) return;
  int64_t rows = eager__shape_product(&out, 0, axis);
  size_t inner = (size_t)eager__shape_product(&out, axis + 1, out.rank);
  for (int k = 0; k < c->count; k++) {
    test_shape shape = c->shape;
    shape.dims[axis] = c->extents[k];
    inputs[k] = bytes_make(dtype, shape);
    values[k] = inputs[k].t;
  }
  size_t size = (size_t)test_elements(out) * eager_dtype_size(dtype);
  uint8_t *expected = test_alloc(size + 1), *to = expected;
  for (int64_t row = 0; row < rows; row++)
    for (int k = 0; k < c->count; k++) {
      size_t run = (size_t)c->extents[k] * inner * inputs[k].element;
      memcpy(to, inputs[k].bytes + (size_t)row * run, run);
      to += run;
    }
  test_poison(size);
  assert_ok(eager_concat(values, (size_t)c->count, c->axis, &y));
  bytes_expect(y, dtype, out, expected, test_text("case %d", i));
  for (int k = 0; k < c->count; k++) eager_tensor_release(values[k]);
}

static void joins(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

/* --- Pack --- */

static const struct {
  test_shape shape; /* of each input */
  int axis, count;
} packs[] = {
    {{0}, 0, 3},           {{1, {4}}, 0, 2},
    {{1, {4}}, 1, 5},      {{2, {3, 17}}, -1, 11},
    {{2, {3, 17}}, 1, 4},  {{2, {3, 17}}, -3, 2},
    {{2, {3, 4}}, 1, 1}, /* a view */
    {{2, {3, 0}}, 0, 2},   {{1, {65537}}, 1, 3},
    {{1, {200003}}, 0, 2}, {{7, {2, 1, 2, 3, 2, 1, 2}}, 4, 3},
};
enum { PACKS = sizeof packs / sizeof *packs };

static void run_pack(int i, eager_dtype dtype) {
  test_shape shape = packs[i].shape, out = {.rank = shape.rank + 1};
  int axis = packs[i].axis < 0 ? packs[i].axis + out.rank : packs[i].axis;
  for (int d = 0; d < out.rank; d++)
    out.dims[d] = d == axis ? packs[i].count : shape.dims[d < axis ? d : d - 1];
  if (bytes_too_slow(out)) return;
  bytes_tensor inputs[INPUTS];
  eager_tensor *values[INPUTS], *y;
  for (int k = 0; k < packs[i].count; k++) {
    inputs[k] = bytes_make(dtype, shape);
    values[k] = inputs[k].t;
  }
  size_t run = (size_t)eager__shape_product(&shape, axis, shape.rank) * inputs[0].element;
  size_t size = (size_t)test_elements(out) * inputs[0].element;
  int64_t rows = eager__shape_product(&shape, 0, axis);
  uint8_t *expected = test_alloc(size + 1), *to = expected;
  for (int64_t row = 0; row < rows; row++)
    for (int k = 0; k < packs[i].count; k++, to += run)
      memcpy(to, inputs[k].bytes + (size_t)row * run, run);
  test_poison(size);
  assert_ok(eager_stack(values, (size_t)packs[i].count, packs[i].axis, &y));
  if (packs[i].count == 1) bytes_expect_view(values[0], y, 0);
  bytes_expect(y, dtype, out, expected, test_text("pack %d", i));
  for (int k = 0; k < packs[i].count; k++) eager_tensor_release(values[k]);
}

static void stacks(void **state) {
  (void)state;
  bytes_each_dtype(PACKS, run_pack);
}

static void refuses_to_stack(void **state) {
  (void)state;
  test_enable();
  double one[1] = {1};
  eager_tensor *a = test_tensor(EAGER_INT32, (test_shape){2, {1, 1}}, one), *y;
  eager_tensor *b = test_tensor(EAGER_INT32, (test_shape){1, {1}}, one);
  eager_tensor *deep =
      test_tensor(EAGER_INT32, (test_shape){8, {1, 1, 1, 1, 1, 1, 1, 1}}, one);
  assert_fails(eager_stack((eager_tensor *[]){a, b}, 2, 0, &y), EAGER_INVALID_ARGUMENT,
               "Shapes of all inputs must match: values[0].shape = [1,1] != "
               "values[1].shape = [1] [Op:Pack]");
  assert_fails(eager_stack(&a, 1, 3, &y), EAGER_INVALID_ARGUMENT,
               "axis = 3 not in [-3, 3) [Op:Pack]");
  assert_fails_like(eager_stack(&a, 1, -4, &y), EAGER_INVALID_ARGUMENT, "axis = -4 not in");
  assert_fails_like(eager_stack(&deep, 1, 0, &y), EAGER_INVALID_ARGUMENT,
                    "the result's rank is more than 8");
  assert_fails(eager_stack(NULL, 2, 0, &y), EAGER_INVALID_ARGUMENT,
               "values must be a list of one or more tensors [Op:Pack]");
  assert_null(y);
  eager_tensor_release(a);
  eager_tensor_release(b);
  eager_tensor_release(deep);
}

static void refuses_what_does_not_fit(void **state) {
  (void)state;
  test_enable();
  eager_tensor *a = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2});
  eager_tensor *b = test_tensor(EAGER_INT32, (test_shape){2, {2, 1}}, (double[]){1, 2});
  eager_tensor *c = test_tensor(EAGER_INT32, (test_shape){1, {1}}, (double[]){1});
  eager_tensor *d = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 2}}, (double[]){1, 2});
  eager_tensor *s = test_scalar(EAGER_INT32, 1), *y;
  assert_fails(eager_concat((eager_tensor *[]){a, b}, 2, 0, &y), EAGER_INVALID_ARGUMENT,
               "ConcatOp : Dimension 1 in both shapes must be equal (axis is 0): "
               "shape[0] = [1,2] vs. shape[1] = [2,1] [Op:ConcatV2]");
  assert_fails(eager_concat((eager_tensor *[]){a, c}, 2, 0, &y), EAGER_INVALID_ARGUMENT,
               "ConcatOp : Ranks of all input tensors should match: shape[0] = [1,2] vs. "
               "shape[1] = [1] [Op:ConcatV2]");
  assert_fails(eager_concat((eager_tensor *[]){a, d}, 2, 0, &y), EAGER_INVALID_ARGUMENT,
               "cannot compute ConcatV2 as input #1(zero-based) was expected to be a int32 "
               "tensor but is a float tensor [Op:ConcatV2]");
  assert_fails_like(eager_concat((eager_tensor *[]){a, a}, 2, 2, &y),
                    EAGER_INVALID_ARGUMENT, "axis 2 is out of range");
  assert_fails_like(eager_concat((eager_tensor *[]){s, s}, 2, 0, &y),
                    EAGER_INVALID_ARGUMENT, "rank 0");
  assert_fails(eager_concat(NULL, 0, 0, &y), EAGER_INVALID_ARGUMENT,
               "values must be a list of one or more tensors [Op:ConcatV2]");
  assert_null(y);
  eager_tensor *all[] = {a, b, c, d, s};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(joins),
      cmocka_unit_test(stacks),
      cmocka_unit_test(refuses_what_does_not_fit),
      cmocka_unit_test(refuses_to_stack),
  };
  return test_main("ops/concat", tests, sizeof tests / sizeof *tests);
}
