/* ctest: devices=all */
#include "array_calls.h"

typedef struct slice_case {
  test_shape shape;
  int count;
  int64_t begin[8], end[8], strides[8];
  eager_strided_slice_options masks;
  test_shape out;
  /* Per axis of x, as Python resolves it: first position, step; result axis i steps along
   * axes[i] of x (-1: new). */
  int64_t first[8];
  int axes[8];
  int64_t steps[8];
} slice_case;

/* Each line says what NumPy gives: its shape, and where its elements come from. */
static const slice_case cases[] = {
    /* x[2:5] */
    {{1, {7}}, 1, {2}, {5}, {1}, {0}, {1, {3}}, {2}, {0}, {1}},
    /* x[::-1] */
    {{1, {7}},
     1,
     {0},
     {0},
     {-1},
     {.begin_mask = 1, .end_mask = 1},
     {1, {7}},
     {6},
     {0},
     {-1}},
    /* x[-2:-6:-2] */
    {{1, {7}}, 1, {-2}, {-6}, {-2}, {0}, {1, {2}}, {5}, {0}, {-2}},
    /* x[100:-100:-3] */
    {{1, {7}}, 1, {100}, {-100}, {-3}, {0}, {1, {3}}, {6}, {0}, {-3}},
    /* x[5:2], x[2:5:-1]: nothing */
    {{1, {7}}, 1, {5}, {2}, {1}, {0}, {1, {0}}, {5}, {0}, {1}},
    {{1, {7}}, 1, {2}, {5}, {-1}, {0}, {1, {0}}, {2}, {0}, {-1}},
    /* a stride beyond everything */
    {{1, {7}}, 1, {3}, {7}, {INT64_MAX}, {0}, {1, {1}}, {3}, {0}, {1}},
    {{1, {7}}, 1, {3}, {0}, {INT64_MIN}, {.end_mask = 1}, {1, {1}}, {3}, {0}, {1}},
    {{1, {7}}, 1, {INT64_MIN}, {INT64_MAX}, {2}, {0}, {1, {4}}, {0}, {0}, {2}},
    /* x[-3], x[2, 1:6:2] */
    {{1, {7}}, 1, {-3}, {0}, {1}, {.shrink_axis_mask = 1}, {0}, {4}, {0}, {0}},
    {{2, {4, 7}},
     2,
     {2, 1},
     {3, 6},
     {1, 2},
     {.shrink_axis_mask = 1},
     {1, {3}},
     {2, 1},
     {1},
     {2}},
    /* x[..., 3], x[1, ..., 2], x[...]: the ellipsis is 2 axes, 2, 0 */
    {{3, {3, 4, 5}},
     2,
     {0, 3},
     {0, 4},
     {1, 1},
     {.ellipsis_mask = 1, .shrink_axis_mask = 2},
     {2, {3, 4}},
     {0, 0, 3},
     {0, 1},
     {1, 1}},
    {{4, {3, 4, 5, 6}},
     3,
     {1, 0, 2},
     {2, 0, 3},
     {1, 1, 1},
     {.ellipsis_mask = 2, .shrink_axis_mask = 5},
     {2, {4, 5}},
     {1, 0, 0, 2},
     {1, 2},
     {1, 1}},
    {{1, {5}}, 2, {1, 0}, {4, 0}, {1, 1}, {.ellipsis_mask = 2}, {1, {3}}, {1}, {0}, {1}},
    /* x[newaxis, ::2, newaxis, ..., newaxis] */
    {{3, {5, 2, 3}},
     5,
     {0, 0, 0, 0, 0},
     {0, 0, 0, 0, 0},
     {1, 2, 1, 1, 1},
     {.begin_mask = 2, .end_mask = 2, .ellipsis_mask = 8, .new_axis_mask = 21},
     {6, {1, 3, 1, 2, 3, 1}},
     {0},
     {-1, 0, -1, 1, 2, -1},
     {0, 2, 0, 1, 1, 0}},
    /* a new axis goes before a shrunk one, an ellipsis before both */
    {{1, {5}},
     1,
     {0},
     {0},
     {1},
     {.new_axis_mask = 1, .shrink_axis_mask = 1},
     {2, {1, 5}},
     {0},
     {-1, 0},
     {0, 1}},
    {{1, {5}},
     1,
     {3},
     {4},
     {1},
     {.ellipsis_mask = 1, .new_axis_mask = 1, .shrink_axis_mask = 1},
     {1, {5}},
     {0},
     {0},
     {1}},
    /* masks have no say over a shrunk axis */
    {{2, {4, 3}},
     1,
     {2},
     {0},
     {1},
     {.begin_mask = 1, .end_mask = 1, .shrink_axis_mask = 1},
     {1, {3}},
     {2},
     {1},
     {1}},
    /* x[1:3]: the other axes are whole; no entries at all */
    {{3, {4, 3, 2}}, 1, {1}, {3}, {1}, {0}, {3, {2, 3, 2}}, {1}, {0, 1, 2}, {1, 1, 1}},
    {{2, {4, 3}}, 0, {0}, {0}, {0}, {0}, {2, {4, 3}}, {0}, {0, 1}, {1, 1}},
    {{0}, 0, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}},
    {{0}, 1, {0}, {0}, {1}, {.new_axis_mask = 1}, {1, {1}}, {0}, {-1}, {0}},
    /* long ones */
    {{1, {200003}},
     1,
     {0},
     {0},
     {-3},
     {.begin_mask = 1, .end_mask = 1},
     {1, {66668}},
     {200002},
     {0},
     {-3}},
    {{2, {3, 65537}},
     2,
     {2, 1},
     {0, 65537},
     {-1, 1},
     {.end_mask = 1},
     {2, {3, 65536}},
     {2, 1},
     {0, 1},
     {-1, 1}},
    {{2, {65537, 3}},
     2,
     {0, 2},
     {0, 0},
     {2, -2},
     {.begin_mask = 1, .end_mask = 3},
     {2, {32769, 2}},
     {0, 2},
     {0, 1},
     {2, -2}},
    {{8, {2, 3, 2, 3, 2, 3, 2, 3}},
     8,
     {1, 2, 0, 0, 1, 0, 0, 2},
     {0, 0, 2, 3, 0, 3, 2, 0},
     {-1, -2, 1, 2, -1, 1, 1, -1},
     {.end_mask = 147},
     {8, {2, 2, 2, 2, 2, 3, 2, 3}},
     {1, 2, 0, 0, 1, 0, 0, 2},
     {0, 1, 2, 3, 4, 5, 6, 7},
     {-1, -2, 1, 2, -1, 1, 1, -1}},
    {{2, {0, 3}},
     1,
     {0},
     {0},
     {-1},
     {.begin_mask = 1, .end_mask = 1},
     {2, {0, 3}},
     {0},
     {0, 1},
     {1, 1}},
};
enum { CASES = sizeof cases / sizeof *cases };

static int64_t source_of(const void *context, test_shape x, const int64_t *index) {
  const slice_case *c = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) at[i] = c->first[i];
  for (int i = 0; i < c->out.rank; i++)
    if (c->axes[i] >= 0) at[c->axes[i]] += index[i] * c->steps[i];
  return test_position(x, at);
}

static void run_case(int i, eager_dtype dtype) {
  const slice_case *c = &cases[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(c->out) * x.element);
  assert_ok(
      eager_strided_slice(x.t, c->count, c->begin, c->end, c->strides, &c->masks, &y));
  expect_moved(y, dtype, c->out, &x, c->shape, source_of, c, NULL, test_text("case %d", i));
  eager_tensor_release(x.t);
}

static void slices(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

/* The bytes that the slice covers become those of `part`, the others those of `rest`. */
static uint8_t *put_back(const slice_case *c, const uint8_t *part, const uint8_t *rest,
                         size_t element, bool one) {
  size_t size = (size_t)test_elements(c->shape) * element;
  uint8_t *whole = test_alloc(size + 1);
  if (rest) memcpy(whole, rest, size);
  test_walk w;
  for (test_walk_begin(&w, c->out); w.more; test_walk_next(&w))
    memcpy(whole + (size_t)source_of(c, c->shape, w.index) * element,
           part + (one ? 0 : (size_t)w.position * element), element);
  return whole;
}

static void run_grad(int i, eager_dtype dtype) {
  const slice_case *c = &cases[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor dy = bytes_make(dtype, c->out);
  eager_tensor *y;
  test_poison((size_t)test_elements(c->shape) * dy.element);
  assert_ok(eager_strided_slice_grad(c->shape.rank, c->shape.dims, dy.t, c->count, c->begin,
                                     c->end, c->strides, &c->masks, &y));
  bytes_expect(y, dtype, c->shape, put_back(c, dy.bytes, NULL, dy.element, false),
               test_text("gradient of case %d", i));
  eager_tensor_release(dy.t);
}

static void spreads_gradients(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_grad);
}

static void run_update(int i, eager_dtype dtype) {
  const slice_case *c = &cases[i / 2];
  bool one = i % 2;
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  bytes_tensor value = bytes_make(dtype, one ? (test_shape){0} : c->out);
  eager_tensor *y;
  test_poison((size_t)test_elements(c->shape) * x.element);
  assert_ok(eager_tensor_strided_slice_update(x.t, value.t, c->count, c->begin, c->end,
                                              c->strides, &c->masks, &y));
  bytes_expect(y, dtype, c->shape, put_back(c, value.bytes, x.bytes, x.element, one),
               test_text("update of case %d", i / 2));
  eager_tensor_release(x.t);
  eager_tensor_release(value.t);
}

static void updates(void **state) {
  (void)state;
  bytes_each_dtype(2 * CASES, run_update);
}

/* Any bounds and strides, without masks but for begin and end, against Python's rule
 * written out: positions b, b + s, ... while within the clamped interval. */
static void slices_at_random(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 10 : 150); round++) {
    test_pick_mode((uint64_t)round);
    slice_case c = {.shape = random_shape(0, 8, 4000)};
    c.count = (int)test_random_int(0, c.shape.rank);
    c.out = c.shape;
    for (int i = 0; i < c.shape.rank; i++) {
      int64_t dim = c.shape.dims[i], n = 0;
      c.axes[i] = i;
      c.steps[i] = 1;
      if (i >= c.count) continue;
      int64_t s = test_random_int(1, 4) * (test_random_int(0, 1) ? 1 : -1);
      int64_t b = test_random_int(-dim - 2, dim + 2),
              e = test_random_int(-dim - 2, dim + 2);
      bool b_open = test_random_int(0, 3) == 0, e_open = test_random_int(0, 3) == 0;
      c.begin[i] = b;
      c.end[i] = e;
      c.strides[i] = c.steps[i] = s;
      c.masks.begin_mask |= (int64_t)b_open << i;
      c.masks.end_mask |= (int64_t)e_open << i;
      b = b < 0 ? b + dim : b;
      e = e < 0 ? e + dim : e;
      if (b_open) b = s > 0 ? 0 : dim - 1;
      if (e_open) e = s > 0 ? dim : -1;
      if (s > 0 && b < 0) b = 0;
      if (s < 0 && b >= dim) b = dim - 1;
      c.first[i] = b;
      for (int64_t at = b; at >= 0 && at < dim && (s > 0 ? at < e : at > e); at += s) n++;
      c.out.dims[i] = n;
    }
    eager_dtype dtype = random_dtype();
    bytes_tensor x = bytes_make(dtype, c.shape);
    eager_tensor *y;
    assert_ok(eager_strided_slice(x.t, c.count, c.begin, c.end, c.strides, &c.masks, &y));
    expect_moved(y, dtype, c.out, &x, c.shape, source_of, &c, NULL,
                 test_text("round %d", round));
    eager_tensor_release(x.t);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void moves_no_bytes_of_a_single_run(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {3, 4}},
                                (double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  eager_tensor *y;
  assert_ok(eager_strided_slice(x, 1, (int64_t[]){1}, (int64_t[]){3}, NULL, NULL, &y));
  bytes_expect_view(x, y, 4);
  eager_tensor_release(y);
  eager_strided_slice_options row = {.shrink_axis_mask = 1};
  assert_ok(
      eager_strided_slice(x, 2, (int64_t[]){2, 1}, (int64_t[]){3, 3}, NULL, &row, &y));
  bytes_expect_view(x, y, 9);
  eager_tensor_release(y);
  /* One element with any stride. */
  assert_ok(eager_strided_slice(x, 2, (int64_t[]){-1, -1}, (int64_t[]){-9, -2},
                                (int64_t[]){-7, -1}, NULL, &y));
  bytes_expect_view(x, y, 11);
  eager_tensor_release(y);
  /* The view's values are right too. */
  assert_ok(eager_strided_slice(x, 0, NULL, NULL, NULL, NULL, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static eager_status slice_of(eager_tensor *x, int count, int64_t begin, int64_t stride,
                             eager_strided_slice_options masks, eager_tensor **y) {
  int64_t b[3] = {begin, 0, 0}, e[3] = {3, 1, 1}, s[3] = {stride, 1, 1};
  return eager_strided_slice(x, count, b, e, s, &masks, y);
}

static void refuses_bad_slices(void **state) {
  (void)state;
  test_enable();
  double values[8] = {1, 2, 3, 4, 5, 6};
  static const int64_t zeros[32] = {0};
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {2, 3}}, values), *y;
  eager_tensor *deep =
      test_tensor(EAGER_INT32, (test_shape){8, {1, 1, 1, 1, 1, 1, 1, 1}}, values);
  const eager_strided_slice_options none = {0};
  eager_strided_slice_options shrink = {.shrink_axis_mask = 1};
  assert_fails(slice_of(x, 1, 0, 0, none, &y), EAGER_INVALID_ARGUMENT,
               "strides[0] must be non-zero [Op:StridedSlice]");
  assert_fails(slice_of(x, 1, 0, -1, shrink, &y), EAGER_INVALID_ARGUMENT,
               "only stride 1 allowed on non-range indexing. [Op:StridedSlice]");
  assert_fails(slice_of(x, 1, 2, 1, shrink, &y), EAGER_INVALID_ARGUMENT,
               "slice index 2 of dimension 0 out of bounds. [Op:StridedSlice]");
  assert_fails(slice_of(x, 1, -3, 1, shrink, &y), EAGER_INVALID_ARGUMENT,
               "slice index -3 of dimension 0 out of bounds. [Op:StridedSlice]");
  assert_fails(slice_of(x, 3, 0, 1, none, &y), EAGER_INVALID_ARGUMENT,
               "Index out of range using input dim 2; input has only 2 dims "
               "[Op:StridedSlice]");
  assert_fails(slice_of(x, 3, 0, 1, (eager_strided_slice_options){.ellipsis_mask = 5}, &y),
               EAGER_INVALID_ARGUMENT,
               "Multiple ellipses in slice spec not allowed [Op:StridedSlice]");
  assert_fails_like(
      slice_of(deep, 1, 0, 1, (eager_strided_slice_options){.new_axis_mask = 1}, &y),
      EAGER_INVALID_ARGUMENT, "the result's rank is more than 8");
  assert_fails_like(eager_strided_slice(x, 1, NULL, (int64_t[]){1}, NULL, NULL, &y),
                    EAGER_INVALID_ARGUMENT, "begin must not be NULL");
  assert_fails_like(eager_strided_slice(x, 32, zeros, zeros, NULL, NULL, &y),
                    EAGER_INVALID_ARGUMENT, "begin may list 31 numbers at most, got 32");
  const raw_attr uneven[] = {{"begin", (int64_t[]){0, 0}, 2},
                             {"end", (int64_t[]){1}, 1},
                             {"strides", (int64_t[]){1}, 1}};
  assert_fails(raw_call("StridedSlice", &x, 1, uneven, 3, &y), EAGER_INVALID_ARGUMENT,
               "Expected begin, end, and strides to be 1D equal size tensors, but got "
               "shapes [2], [1], and [1] instead. [Op:StridedSlice]");
  assert_fails(
      eager_strided_slice_grad(2, (int64_t[]){2, 4}, x, 0, NULL, NULL, NULL, NULL, &y),
      EAGER_INVALID_ARGUMENT,
      "shape of dy was [2,3] instead of [2,4] [Op:StridedSliceGrad]");
  assert_fails_like(
      eager_strided_slice_grad(2, (int64_t[]){2, -4}, x, 0, NULL, NULL, NULL, NULL, &y),
      EAGER_INVALID_ARGUMENT, "dims[1] must not be negative");
  assert_fails(
      eager_tensor_strided_slice_update(x, deep, 0, NULL, NULL, NULL, NULL, &y),
      EAGER_INVALID_ARGUMENT,
      "value of shape [1,1,1,1,1,1,1,1] does not broadcast to the slice, which has "
      "shape [2,3] [Op:TensorStridedSliceUpdate]");
  assert_null(y);
  eager_tensor_release(x);
  eager_tensor_release(deep);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slices),
      cmocka_unit_test(spreads_gradients),
      cmocka_unit_test(updates),
      cmocka_unit_test(slices_at_random),
      cmocka_unit_test(moves_no_bytes_of_a_single_run),
      cmocka_unit_test(refuses_bad_slices),
  };
  return test_main("ops/strided_slice", tests, sizeof tests / sizeof *tests);
}
