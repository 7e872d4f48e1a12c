/* ctest: devices=all */
#include "bytes.h"

enum { PARTS = 12 };

typedef struct split_case {
  test_shape shape;
  int axis, count;
  int64_t sizes[PARTS]; /* all 0: equal parts */
} split_case;

static const split_case cases[] = {
    {{1, {6}}, 0, 3, {0}},
    {{1, {6}}, 0, 1, {0}},
    {{2, {6, 7}}, 0, 2, {0}},
    {{2, {6, 7}}, 1, 7, {0}},
    {{2, {7, 12}}, -1, 4, {0}},
    {{3, {1, 6, 5}}, 1, 3, {0}},
    {{3, {3, 10, 5}}, 1, 5, {0}},
    {{2, {4, 0}}, 1, 3, {0}},
    {{2, {0, 4}}, 1, 2, {0}},
    {{2, {200003, 2}}, 1, 2, {0}},
    {{8, {2, 1, 2, 3, 2, 1, 2, 2}}, 4, 2, {0}},
    {{1, {10}}, 0, 4, {1, 2, 3, 4}},
    {{1, {10}}, 0, 3, {4, -1, 1}},
    {{2, {5, 10}}, 1, 3, {4, -1, 1}},
    {{2, {5, 10}}, 1, 4, {4, 6, 0, -1}},
    {{2, {5, 10}}, -2, 3, {0, 4, 1}},
    {{2, {3, 131074}}, 1, 3, {65535, 2, 65537}},
    {{3, {2, 50, 3}}, 1, 12, {1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 1, 4}},
};
enum { CASES = sizeof cases / sizeof *cases };

static bool in_equal_parts(const split_case *c) {
  for (int i = 0; i < c->count; i++)
    if (c->sizes[i] != 0) return false;
  return true;
}

/* Part `i` of x cut along `axis` from `column` on: its bytes. */
static uint8_t *part_of(const bytes_tensor *x, test_shape shape, int axis, int64_t column,
                        int64_t extent) {
  int64_t rows = eager__shape_product(&shape, 0, axis);
  size_t inner = (size_t)eager__shape_product(&shape, axis + 1, shape.rank) * x->element;
  size_t run = (size_t)extent * inner, x_run = (size_t)shape.dims[axis] * inner;
  uint8_t *part = test_alloc((size_t)rows * run + 1);
  for (int64_t row = 0; row < rows; row++)
    memcpy(part + (size_t)row * run,
           x->bytes + (size_t)row * x_run + (size_t)column * inner, run);
  return part;
}

static void run_case(int i, eager_dtype dtype) {
  const split_case *c = &cases[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  eager_tensor *parts[PARTS];
  int axis = c->axis < 0 ? c->axis + c->shape.rank : c->axis;
  int64_t dim = c->shape.dims[axis], column = 0, rest = dim;
  bool equal = in_equal_parts(c);
  for (int k = 0; k < c->count; k++) rest -= c->sizes[k] > 0 ? c->sizes[k] : 0;
  test_poison((size_t)(test_elements(c->shape) / c->count) * x.element);
  if (equal)
    assert_ok(eager_split(x.t, c->count, c->axis, parts));
  else
    assert_ok(eager_split_v(x.t, c->sizes, c->count, c->axis, parts));
  for (int k = 0; k < c->count; k++) {
    test_shape shape = c->shape;
    shape.dims[axis] = equal ? dim / c->count : c->sizes[k] < 0 ? rest : c->sizes[k];
    bytes_expect(parts[k], dtype, shape,
                 part_of(&x, c->shape, axis, column, shape.dims[axis]),
                 test_text("case %d, part %d", i, k));
    column += shape.dims[axis];
  }
  eager_tensor_release(x.t);
}

static void splits(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

static const struct {
  test_shape shape;
  int axis;
} unpacked[] = {
    {{1, {5}}, 0},       {{2, {5, 3}}, 0},      {{2, {5, 3}}, 1},
    {{2, {5, 9}}, -1},   {{3, {1, 5, 3}}, 1},   {{3, {4, 5, 3}}, -2},
    {{3, {4, 5, 0}}, 1}, {{2, {0, 3}}, 1},      {{2, {3, 0}}, 1},
    {{3, {7, 1, 3}}, 1}, {{2, {12, 65537}}, 0}, {{8, {2, 1, 2, 3, 2, 1, 2, 2}}, 3},
};
enum { UNPACKED = sizeof unpacked / sizeof *unpacked };

static void run_unpacked(int i, eager_dtype dtype) {
  test_shape shape = unpacked[i].shape, part = {.rank = shape.rank - 1};
  if (bytes_too_slow(shape)) return;
  bytes_tensor x = bytes_make(dtype, shape);
  eager_tensor *parts[PARTS];
  int axis = unpacked[i].axis < 0 ? unpacked[i].axis + shape.rank : unpacked[i].axis;
  for (int d = 0; d < part.rank; d++) part.dims[d] = shape.dims[d < axis ? d : d + 1];
  test_poison((size_t)test_elements(part) * x.element);
  assert_ok(eager_unstack(x.t, (int)shape.dims[axis], unpacked[i].axis, parts));
  for (int k = 0; k < (int)shape.dims[axis]; k++)
    bytes_expect(parts[k], dtype, part, part_of(&x, shape, axis, k, 1),
                 test_text("unpacked %d, part %d", i, k));
  eager_tensor_release(x.t);
}

static void unpacks(void **state) {
  (void)state;
  bytes_each_dtype(UNPACKED, run_unpacked);
}

static void moves_no_bytes_along_the_first_axis(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){3, {1, 6, 2}},
                                (double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  eager_tensor *parts[6];
  assert_ok(eager_split(x, 3, 1, parts));
  for (int k = 0; k < 3; k++) {
    bytes_expect_view(x, parts[k], k * 4);
    eager_tensor_release(parts[k]);
  }
  assert_ok(eager_split_v(x, (int64_t[]){2, 0, -1}, 3, 1, parts));
  bytes_expect_view(x, parts[0], 0);
  bytes_expect_view(x, parts[2], 4);
  for (int k = 0; k < 3; k++) eager_tensor_release(parts[k]);
  assert_ok(eager_unstack(x, 6, 1, parts));
  for (int k = 0; k < 6; k++) {
    bytes_expect_view(x, parts[k], k * 2);
    eager_tensor_release(parts[k]);
  }
  eager_tensor_release(x);
}

static void refuses_what_does_not_fit(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x =
      test_tensor(EAGER_INT32, (test_shape){2, {2, 3}}, (double[]){1, 2, 3, 4, 5, 6});
  eager_tensor *s = test_scalar(EAGER_INT32, 1), *y[4];
  assert_fails(eager_split(x, 2, 1, y), EAGER_INVALID_ARGUMENT,
               "Number of ways to split should evenly divide the split dimension, but got "
               "split_dim 1 (size = 3) and num_split 2 [Op:Split]");
  assert_null(y[0]);
  assert_null(y[1]);
  assert_fails(eager_split(x, 0, 1, y), EAGER_INVALID_ARGUMENT,
               "num_split must be from 1 to 2^31 - 1, got 0 [Op:Split]");
  assert_fails(eager_split(x, -1, 1, y), EAGER_INVALID_ARGUMENT,
               "num_split must be from 1 to 2^31 - 1, got -1 [Op:Split]");
  assert_fails_like(eager_split(x, 2, 2, y), EAGER_INVALID_ARGUMENT,
                    "axis 2 is out of range for a tensor of rank 2");
  assert_fails_like(eager_split(s, 1, 0, y), EAGER_INVALID_ARGUMENT, "rank 0");
  assert_fails(eager_split_v(x, (int64_t[]){1, 3}, 2, 1, y), EAGER_INVALID_ARGUMENT,
               "Determined shape must either match input shape along split_dim exactly if "
               "fully specified, or be less than the size of the input along split_dim if "
               "not fully specified. Got: 4 of 3 [Op:SplitV]");
  assert_fails_like(eager_split_v(x, (int64_t[]){1, 1}, 2, 1, y), EAGER_INVALID_ARGUMENT,
                    "Got: 2 of 3");
  assert_fails_like(eager_split_v(x, (int64_t[]){-1, 4}, 2, 1, y), EAGER_INVALID_ARGUMENT,
                    "Got: 4 of 3");
  assert_fails(eager_split_v(x, (int64_t[]){-1, -1}, 2, 1, y), EAGER_INVALID_ARGUMENT,
               "There can only be one -1 in the input, not both 0 and 1 [Op:SplitV]");
  assert_fails(eager_split_v(x, (int64_t[]){5, -2}, 2, 1, y), EAGER_INVALID_ARGUMENT,
               "Split size at index 1 must be >= 0. Got: -2 [Op:SplitV]");
  assert_fails_like(eager_split_v(x, (int64_t[]){INT64_MAX, 1}, 2, 1, y),
                    EAGER_INVALID_ARGUMENT, "add up to more than fits into 63 bits");
  assert_fails_like(eager_split_v(x, NULL, 2, 1, y), EAGER_INVALID_ARGUMENT,
                    "size_splits must not be NULL");
  assert_fails_like(eager_split_v(x, NULL, 0, 1, y), EAGER_INVALID_ARGUMENT,
                    "the number of size_splits must be from 1");
  assert_fails_like(eager_split_v(x, (int64_t[]){3}, -1, 1, y), EAGER_INVALID_ARGUMENT,
                    "size_splits may list 2147483647 numbers at most, got -1");
  assert_fails(eager_unstack(x, 2, 1, y), EAGER_INVALID_ARGUMENT,
               "Input shape axis 1 must equal 2, got 3 [Op:Unpack]");
  assert_fails_like(eager_unstack(x, -1, 1, y), EAGER_INVALID_ARGUMENT,
                    "num must be from 0");
  assert_fails_like(eager_unstack(s, 1, 0, y), EAGER_INVALID_ARGUMENT, "rank 0");
  eager_tensor_release(x);
  eager_tensor_release(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(splits),
      cmocka_unit_test(unpacks),
      cmocka_unit_test(moves_no_bytes_along_the_first_axis),
      cmocka_unit_test(refuses_what_does_not_fit),
  };
  return test_main("ops/split", tests, sizeof tests / sizeof *tests);
}
