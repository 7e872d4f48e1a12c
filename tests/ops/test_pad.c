/* ctest: devices=all */
#include "array_calls.h"
#include "placing.h"

typedef struct pad_case {
  test_shape shape;
  int64_t paddings[16];
} pad_case;

static const pad_case cases[] = {
    {{1, {5}}, {2, 3}},
    {{1, {5}}, {0, 3}},
    {{1, {5}}, {3, 0}},
    {{1, {5}}, {0, 0}}, /* a view */
    {{0}, {0}},
    {{2, {3, 4}}, {1, 2, 2, 1}},
    {{2, {3, 4}}, {2, 1, 0, 0}},
    {{2, {3, 4}}, {0, 0, 3, 3}},
    {{4, {2, 5, 6, 3}}, {0, 0, 1, 1, 2, 2, 0, 0}},
    {{4, {2, 3, 17, 16}}, {0, 0, 0, 0, 1, 2, 4, 15}},
    {{2, {0, 3}}, {1, 2, 0, 1}},
    {{1, {0}}, {2, 1}},
    {{2, {0, 0}}, {0, 0, 1, 1}},
    {{1, {200003}}, {65537, 7}},
    {{2, {65537, 2}}, {1, 0, 1, 0}},
    {{8, {2, 1, 2, 3, 2, 1, 2, 2}}, {1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1}},
};
enum { CASES = sizeof cases / sizeof *cases };

static test_shape padded(const pad_case *c) {
  test_shape out = c->shape;
  for (int i = 0; i < out.rank; i++)
    out.dims[i] += c->paddings[2 * i] + c->paddings[2 * i + 1];
  return out;
}

static int64_t inside(const void *context, test_shape x, const int64_t *index) {
  const pad_case *c = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) {
    at[i] = index[i] - c->paddings[2 * i];
    if (at[i] < 0 || at[i] >= x.dims[i]) return -1;
  }
  return test_position(x, at);
}

static void pad(const pad_case *c, eager_dtype dtype, bool with_value, const char *what) {
  test_shape out = padded(c);
  if (bytes_too_slow(out)) return;
  bytes_tensor x = bytes_make(dtype, c->shape), value = bytes_make(dtype, (test_shape){0});
  eager_tensor *y;
  test_poison((size_t)test_elements(out) * x.element);
  if (with_value)
    assert_ok(eager_pad_v2(x.t, c->paddings, value.t, &y));
  else
    assert_ok(eager_pad(x.t, c->paddings, &y));
  expect_moved(y, dtype, out, &x, c->shape, inside, c, with_value ? value.bytes : NULL,
               what);
  eager_tensor_release(x.t);
  eager_tensor_release(value.t);
}

static void run_case(int i, eager_dtype dtype) {
  pad(&cases[i / 2], dtype, i % 2, test_text("case %d, value %d", i / 2, i % 2));
}

static void pads_with_a_constant(void **state) {
  (void)state;
  bytes_each_dtype(2 * CASES, run_case);
}

typedef struct mirror_case {
  pad_case at;
  bool edge;
} mirror_case;

static const mirror_case mirrors[] = {
    {{{1, {5}}, {4, 4}}, false},
    {{{1, {5}}, {5, 5}}, true},
    {{{1, {5}}, {1, 0}}, false},
    {{{1, {1}}, {1, 1}}, true},
    {{{1, {1}}, {0, 0}}, false},
    {{{2, {3, 4}}, {2, 1, 3, 0}}, false},
    {{{2, {3, 4}}, {3, 3, 4, 4}}, true},
    {{{3, {4, 3, 5}}, {0, 0, 2, 2, 0, 0}}, false},
    {{{4, {2, 9, 17, 3}}, {0, 0, 1, 1, 16, 3, 0, 0}}, false},
    {{{4, {2, 3, 9, 17}}, {0, 0, 0, 0, 9, 1, 16, 17}}, true},
    {{{2, {0, 3}}, {0, 0, 1, 2}}, true},
    {{{1, {65537}}, {65535, 1}}, false},
    {{{2, {40001, 2}}, {3, 0, 1, 1}}, true},
    {{{8, {2, 1, 2, 3, 2, 1, 2, 2}}, {1, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 1, 0, 0, 1}},
     false},
};
enum { MIRRORS = sizeof mirrors / sizeof *mirrors };

static int64_t mirrored(const void *context, test_shape x, const int64_t *index) {
  const mirror_case *c = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) {
    at[i] = index[i] - c->at.paddings[2 * i];
    if (at[i] < 0) at[i] = c->edge ? -1 - at[i] : -at[i];
    if (at[i] >= x.dims[i]) at[i] = 2 * x.dims[i] - (c->edge ? 1 : 2) - at[i];
  }
  return test_position(x, at);
}

static void mirror(const mirror_case *c, eager_dtype dtype, const char *what) {
  test_shape out = padded(&c->at);
  if (bytes_too_slow(out)) return;
  bytes_tensor x = bytes_make(dtype, c->at.shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(out) * x.element);
  assert_ok(eager_mirror_pad(x.t, c->at.paddings, c->edge ? "SYMMETRIC" : "REFLECT", &y));
  expect_moved(y, dtype, out, &x, c->at.shape, mirrored, c, NULL, what);
  eager_tensor_release(x.t);
}

static void run_mirror(int i, eager_dtype dtype) {
  mirror(&mirrors[i], dtype, test_text("mirror %d", i));
}

static void pads_with_images(void **state) {
  (void)state;
  bytes_each_dtype(MIRRORS, run_mirror);
}

/* Sums of small integers, exact in every dtype: at most 3^4 of them, each up to 3. */
static void run_grad(int i, eager_dtype dtype) {
  const mirror_case *c = &mirrors[i];
  test_shape dy = padded(&c->at);
  if (bytes_too_slow(dy) || dtype == EAGER_BOOL || !test_has_arithmetic(dtype)) return;
  double *values = test_alloc((size_t)(test_elements(dy) + 1) * sizeof *values);
  double *sums = test_alloc((size_t)(test_elements(c->at.shape) + 1) * sizeof *sums);
  for (int64_t k = 0; k < test_elements(dy); k++) values[k] = (double)test_random_int(0, 1);
  test_walk w;
  for (test_walk_begin(&w, dy); w.more; test_walk_next(&w))
    sums[mirrored(c, c->at.shape, w.index)] += values[w.position];
  eager_tensor *x = test_view(dtype, dy, values, 3), *y;
  test_poison((size_t)test_elements(c->at.shape) * eager_dtype_size(dtype));
  assert_ok(
      eager_mirror_pad_grad(x, c->at.paddings, c->edge ? "SYMMETRIC" : "REFLECT", &y));
  test_expect(y, dtype, c->at.shape, sums, TEST_EXACT, test_text("gradient %d", i));
  eager_tensor_release(x);
  eager_tensor_release(y);
}

static void adds_up_gradients(void **state) {
  (void)state;
  bytes_each_dtype(MIRRORS, run_grad);
}

static void pads_at_random(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 10 : 120); round++) {
    test_pick_mode((uint64_t)round);
    mirror_case c = {.at.shape = random_shape(0, 8, 600), .edge = round % 2};
    test_shape *shape = &c.at.shape;
    bool images = round % 4 < 2;
    for (int i = 0; i < shape->rank; i++) {
      if (images && !c.edge && shape->dims[i] == 0) shape->dims[i] = 1;
      int64_t most = shape->dims[i] - 1 + c.edge;
      if (!images || most > 2) most = 2;
      for (int k = 0; k < 2; k++)
        if (test_random_int(0, 2) == 0 && (!test_is_slow() || i > shape->rank - 3))
          c.at.paddings[2 * i + k] = test_random_int(0, most);
    }
    const char *what = test_text("round %d", round);
    if (images)
      mirror(&c, random_dtype(), what);
    else
      pad(&c.at, random_dtype(), c.edge, what);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void moves_no_bytes_for_no_padding(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){1, 2}), *y;
  assert_ok(eager_pad(x, (int64_t[]){0, 0}, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  assert_ok(eager_mirror_pad(x, (int64_t[]){0, 0}, "REFLECT", &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

/* A padding of 0 does not look at the constant, but depends on it all the same. */
static void fails_with_its_constant(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 2), *constant, *y;
  eager_tensor *bad = placing_bad_gather(test_device());
  assert_ok(eager_reduce_sum(bad, NULL, 0, false, &constant));
  assert_ok(eager_pad_v2(x, (int64_t[]){0, 0}, constant, &y));
  assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT, placing_bad_text);
  eager_tensor_release(y);
  y = NULL; /* known now */
  assert_ok(eager_pad_v2(x, (int64_t[]){0, 0}, constant, &y));
  assert_int_equal(eager_tensor_poll(y), EAGER_FAILED);
  assert_ok(eager_tensor_wait(x));
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor *all[] = {x, bad, constant, y};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

static void refuses_bad_paddings(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}), *y;
  const raw_attr short_list = {"paddings", (int64_t[]){0, 1}, 2};
  assert_fails(
      raw_call("Pad", &x, 1, &short_list, 1, &y), EAGER_INVALID_ARGUMENT,
      "The first dimension of paddings must be the rank of inputs (2): two numbers "
      "per axis, but paddings has 2 [Op:Pad]");
  assert_fails(eager_pad(x, (int64_t[]){0, 1, 2, -1}, &y), EAGER_INVALID_ARGUMENT,
               "Paddings must be non-negative: 2 -1 [Op:Pad]");
  assert_fails_like(eager_pad(x, (int64_t[]){0, 1, INT64_MAX, 1}, &y),
                    EAGER_INVALID_ARGUMENT, "add up to more than fits into 63 bits");
  assert_fails_like(eager_pad(x, (int64_t[]){0, INT64_MAX / 4, 0, INT64_MAX / 4}, &y),
                    EAGER_INVALID_ARGUMENT, "is too large");
  assert_fails_like(eager_pad(x, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "paddings must not be NULL");
  assert_fails(eager_pad_v2(x, (int64_t[]){0, 1, 2, 1}, x, &y), EAGER_INVALID_ARGUMENT,
               "constant_values must be a scalar. Found: [1,2] [Op:PadV2]");
  eager_tensor *other = test_scalar(EAGER_FLOAT32, 1);
  assert_fails_like(eager_pad_v2(x, (int64_t[]){0, 1, 2, 1}, other, &y),
                    EAGER_INVALID_ARGUMENT, "expected to be a int32 tensor");
  assert_fails(eager_mirror_pad(x, (int64_t[]){0, 0, 1, 2}, "REFLECT", &y),
               EAGER_INVALID_ARGUMENT,
               "paddings must be less than the dimension size: 1, 2 for 2 [Op:MirrorPad]");
  assert_fails(eager_mirror_pad(x, (int64_t[]){0, 0, 3, 0}, "SYMMETRIC", &y),
               EAGER_INVALID_ARGUMENT,
               "paddings must be no greater than the dimension size: 3, 0 for 2 "
               "[Op:MirrorPad]");
  assert_fails(eager_mirror_pad(x, (int64_t[]){0, 0, 1, 0}, "EDGE", &y),
               EAGER_INVALID_ARGUMENT,
               "mode must be either REFLECT or SYMMETRIC, got EDGE [Op:MirrorPad]");
  assert_fails_like(eager_mirror_pad(x, (int64_t[]){0, 0, 1, 0}, NULL, &y),
                    EAGER_INVALID_ARGUMENT, "got NULL");
  assert_fails(eager_mirror_pad_grad(x, (int64_t[]){0, 0, 2, 1}, "REFLECT", &y),
               EAGER_INVALID_ARGUMENT,
               "paddings 2 and 1 are more than the 2 that axis 1 of the input has "
               "[Op:MirrorPadGrad]");
  assert_fails(eager_mirror_pad_grad(x, (int64_t[]){0, 0, 0, 1}, "REFLECT", &y),
               EAGER_INVALID_ARGUMENT,
               "paddings must be less than the dimension size: 0, 1 for 1 "
               "[Op:MirrorPadGrad]");
  assert_null(y);
  eager_tensor_release(x);
  eager_tensor_release(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pads_with_a_constant),
      cmocka_unit_test(pads_with_images),
      cmocka_unit_test(adds_up_gradients),
      cmocka_unit_test(pads_at_random),
      cmocka_unit_test(moves_no_bytes_for_no_padding),
      cmocka_unit_test(fails_with_its_constant),
      cmocka_unit_test(refuses_bad_paddings),
  };
  return test_main("ops/pad", tests, sizeof tests / sizeof *tests);
}
