/* ctest: devices=all */
#include "bytes.h"
#include "reference.h"

typedef struct slice_case {
  test_shape shape;
  int64_t begin[8], size[8];
} slice_case;

static const slice_case cases[] = {
    {{2, {6, 7}}, {2, 0}, {3, 7}}, /* one run: a view */
    {{2, {6, 7}}, {2, 3}, {1, 4}},
    {{2, {6, 7}}, {1, 2}, {4, 3}},
    {{2, {6, 7}}, {1, 2}, {-1, -1}},
    {{2, {6, 7}}, {0, 3}, {-1, 1}}, /* a column */
    {{2, {200003, 3}}, {0, 1}, {-1, 1}},
    {{2, {3, 65537}}, {0, 1}, {3, 65535}},
    {{2, {3, 200003}}, {1, 2}, {2, 200000}},
    {{3, {40, 30, 20}}, {3, 2, 1}, {30, 20, 10}},
    {{4, {5, 4, 30, 20}}, {1, 0, 0, 0}, {3, 2, 30, 20}},
    {{8, {2, 3, 2, 3, 2, 3, 2, 3}}, {0, 1, 0, 1, 0, 1, 0, 1}, {2, 2, 1, 2, 2, 2, 1, 2}},
    {{2, {6, 7}}, {6, 0}, {0, 7}},
    {{2, {0, 7}}, {0, 2}, {0, 3}},
    {{0}, {0}, {0}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void run_case(int i, eager_dtype dtype) {
  const slice_case *c = &cases[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  test_shape out = {.rank = c->shape.rank};
  for (int d = 0; d < out.rank; d++)
    out.dims[d] = c->size[d] < 0 ? c->shape.dims[d] - c->begin[d] : c->size[d];
  size_t size = (size_t)test_elements(out) * x.element;
  uint8_t *expected = test_alloc(size + 1);
  test_walk w;
  for (test_walk_begin(&w, out); w.more; test_walk_next(&w)) {
    int64_t index[8];
    for (int d = 0; d < out.rank; d++) index[d] = w.index[d] + c->begin[d];
    memcpy(expected + (size_t)w.position * x.element,
           x.bytes + (size_t)test_position(c->shape, index) * x.element, x.element);
  }
  eager_tensor *y;
  test_poison(size);
  assert_ok(eager_slice(x.t, c->begin, c->size, &y));
  bytes_expect(y, dtype, out, expected, test_text("case %d", i));
  eager_tensor_release(x.t);
}

static void cuts_boxes(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

static void moves_no_bytes_of_a_single_run(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x =
      test_tensor(EAGER_INT32, (test_shape){2, {3, 2}}, (double[]){1, 2, 3, 4, 5, 6});
  eager_tensor *y;
  assert_ok(eager_slice(x, (int64_t[]){1, 0}, (int64_t[]){2, -1}, &y));
  bytes_expect_view(x, y, 2);
  eager_tensor_release(y);
  assert_ok(eager_slice(x, (int64_t[]){2, 1}, (int64_t[]){1, 1}, &y));
  bytes_expect_view(x, y, 5);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refuses_boxes_outside(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}), *y;
  assert_fails(eager_slice(x, (int64_t[]){0, 3}, (int64_t[]){1, 0}, &y),
               EAGER_INVALID_ARGUMENT, "Expected begin[1] in [0, 2], but got 3 [Op:Slice]");
  assert_fails(eager_slice(x, (int64_t[]){0, 1}, (int64_t[]){1, 2}, &y),
               EAGER_INVALID_ARGUMENT, "Expected size[1] in [0, 1], but got 2 [Op:Slice]");
  assert_fails(eager_slice(x, (int64_t[]){0, -1}, (int64_t[]){1, 2}, &y),
               EAGER_INVALID_ARGUMENT,
               "Expected begin[1] in [0, 2], but got -1 [Op:Slice]");
  assert_fails_like(eager_slice(x, (int64_t[]){0, 0}, (int64_t[]){1, -2}, &y),
                    EAGER_INVALID_ARGUMENT, "Expected size[1] in [0, 2], but got -2");
  assert_fails_like(eager_slice(x, NULL, (int64_t[]){1, 2}, &y), EAGER_INVALID_ARGUMENT,
                    "begin must not be NULL");
  assert_null(y);
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cuts_boxes),
      cmocka_unit_test(moves_no_bytes_of_a_single_run),
      cmocka_unit_test(refuses_boxes_outside),
  };
  return test_main("ops/slice", tests, sizeof tests / sizeof *tests);
}
