/* ctest: devices=all */
#include "array_calls.h"

typedef struct axes_case {
  test_shape shape;
  int count;
  int64_t axes[8], shifts[8];
} axes_case;

static const axes_case reversed[] = {
    {{1, {5}}, 1, {0}, {0}},
    {{1, {5}}, 0, {0}, {0}},
    {{2, {3, 4}}, 1, {0}, {0}},
    {{2, {3, 4}}, 1, {-1}, {0}},
    {{2, {3, 4}}, 2, {1, 0}, {0}},
    {{2, {1, 4}}, 1, {0}, {0}}, /* a view */
    {{2, {0, 4}}, 2, {0, 1}, {0}},
    {{1, {200003}}, 1, {0}, {0}},
    {{2, {3, 65537}}, 1, {0}, {0}},
    {{2, {65537, 3}}, 1, {1}, {0}},
    {{3, {5, 17, 16}}, 2, {0, 2}, {0}},
    {{8, {2, 1, 2, 3, 2, 1, 2, 3}}, 4, {0, 3, 7, -2}, {0}},
};
enum { REVERSED = sizeof reversed / sizeof *reversed };

static int64_t turned(const void *context, test_shape x, const int64_t *index) {
  const axes_case *c = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) at[i] = index[i];
  for (int k = 0; k < c->count; k++) {
    int axis = (int)(c->axes[k] < 0 ? c->axes[k] + x.rank : c->axes[k]);
    at[axis] = x.dims[axis] - 1 - at[axis];
  }
  return test_position(x, at);
}

static void run_reversed(int i, eager_dtype dtype) {
  const axes_case *c = &reversed[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(c->shape) * x.element);
  assert_ok(eager_reverse(x.t, c->axes, c->count, &y));
  expect_moved(y, dtype, c->shape, &x, c->shape, turned, c, NULL, test_text("case %d", i));
  eager_tensor_release(x.t);
}

static void reverses(void **state) {
  (void)state;
  bytes_each_dtype(REVERSED, run_reversed);
}

static const axes_case rolled[] = {
    {{1, {5}}, 1, {0}, {2}},
    {{1, {5}}, 1, {0}, {-1}},
    {{1, {5}}, 1, {0}, {INT64_MIN}},
    {{1, {5}}, 2, {0, 0}, {INT64_MAX, INT64_MAX}},
    {{1, {5}}, 2, {0, -1}, {2, 3}}, /* a view */
    {{1, {5}}, 0, {0}, {0}},
    {{2, {3, 4}}, 1, {0}, {1}},
    {{2, {3, 4}}, 2, {1, 0}, {3, -7}},
    {{2, {0, 4}}, 2, {1, 0}, {3, 1}},
    {{1, {200003}}, 1, {0}, {65537}},
    {{2, {65537, 3}}, 2, {0, 1}, {-2, 1}},
    {{3, {4, 33, 17}}, 2, {0, 1}, {1, 5}},
    {{3, {4, 33, 17}}, 1, {1}, {16}},
    {{8, {2, 1, 2, 3, 2, 1, 2, 3}}, 5, {0, 3, 7, -2, 3}, {1, 1, -1, 5, 1}},
};
enum { ROLLED = sizeof rolled / sizeof *rolled };

static int64_t round_the_end(const void *context, test_shape x, const int64_t *index) {
  const axes_case *c = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) at[i] = index[i];
  for (int k = 0; k < c->count; k++) {
    int axis = (int)(c->axes[k] < 0 ? c->axes[k] + x.rank : c->axes[k]);
    int64_t dim = x.dims[axis], shift = c->shifts[k] % dim;
    at[axis] = (at[axis] - shift + 2 * dim) % dim;
  }
  return test_position(x, at);
}

static void roll(const axes_case *c, eager_dtype dtype, const char *what) {
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(c->shape) * x.element);
  assert_ok(eager_roll(x.t, c->shifts, c->axes, c->count, &y));
  expect_moved(y, dtype, c->shape, &x, c->shape, round_the_end, c, NULL, what);
  eager_tensor_release(x.t);
}

static void run_rolled(int i, eager_dtype dtype) {
  roll(&rolled[i], dtype, test_text("roll %d", i));
}

static void rolls(void **state) {
  (void)state;
  bytes_each_dtype(ROLLED, run_rolled);
}

static void rolls_and_reverses_at_random(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 10 : 100); round++) {
    test_pick_mode((uint64_t)round);
    axes_case c = {.shape = random_shape(1, 8, 3000)};
    eager_dtype dtype = random_dtype();
    for (int i = 0; i < c.shape.rank; i++) {
      if (test_random_int(0, 1)) continue;
      c.axes[c.count] = i;
      c.shifts[c.count++] = test_random_int(-20, 20);
    }
    roll(&c, dtype, test_text("round %d", round));
    bytes_tensor x = bytes_make(dtype, c.shape);
    eager_tensor *y;
    assert_ok(eager_reverse(x.t, c.axes, c.count, &y));
    expect_moved(y, dtype, c.shape, &x, c.shape, turned, &c, NULL,
                 test_text("round %d", round));
    eager_tensor_release(x.t);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

/* --- Sequences --- */

typedef struct sequence_case {
  test_shape shape;
  int seq, batch;
} sequence_case;

static const sequence_case sequences[] = {
    {{2, {3, 7}}, 1, 0},        {{2, {7, 3}}, 0, 1},
    {{3, {3, 7, 5}}, 1, 0},     {{3, {7, 3, 5}}, 0, 1},
    {{4, {2, 3, 4, 5}}, -1, 1}, {{4, {2, 5, 4, 3}}, 1, -1},
    {{4, {2, 5, 4, 3}}, 0, 2},  {{2, {3, 0}}, 1, 0},
    {{2, {0, 3}}, 1, 0},        {{2, {3, 65537}}, 1, 0},
    {{2, {65537, 3}}, 1, 0},    {{8, {2, 1, 2, 3, 2, 1, 2, 5}}, 3, 7},
};
enum { SEQUENCES = sizeof sequences / sizeof *sequences };

typedef struct turning {
  int seq, batch;
  const int64_t *lengths;
} turning;

static int64_t partly_turned(const void *context, test_shape x, const int64_t *index) {
  const turning *t = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) at[i] = index[i];
  int64_t length = t->lengths[index[t->batch]];
  if (at[t->seq] < length) at[t->seq] = length - 1 - at[t->seq];
  return test_position(x, at);
}

static eager_tensor *make_lengths(bool wide, int64_t count, const int64_t *values) {
  return test_tensor_int(wide ? EAGER_INT64 : EAGER_INT32, (test_shape){1, {count}},
                         values);
}

static void run_sequence(int i, eager_dtype dtype) {
  const sequence_case *c = &sequences[i];
  test_shape shape = c->shape;
  if (bytes_too_slow(shape)) return;
  turning t = {c->seq < 0 ? c->seq + shape.rank : c->seq,
               c->batch < 0 ? c->batch + shape.rank : c->batch, NULL};
  int64_t count = shape.dims[t.batch], most = shape.dims[t.seq];
  int64_t *lengths = test_alloc((size_t)(count + 1) * sizeof *lengths);
  for (int64_t k = 0; k < count; k++)
    lengths[k] = k == 0 ? most : k == 1 ? 0 : test_random_int(0, most);
  t.lengths = lengths;
  bytes_tensor x = bytes_make(dtype, shape);
  eager_tensor *l = make_lengths(i % 2, count, lengths), *y;
  test_poison((size_t)test_elements(shape) * x.element);
  assert_ok(eager_reverse_sequence(x.t, l, c->seq, c->batch, &y));
  expect_moved(y, dtype, shape, &x, shape, partly_turned, &t, NULL,
               test_text("sequence %d", i));
  eager_tensor_release(x.t);
  eager_tensor_release(l);
}

static void reverses_sequences(void **state) {
  (void)state;
  bytes_each_dtype(SEQUENCES, run_sequence);
}

static void refuses_lengths_out_of_range(void **state) {
  (void)state;
  test_enable();
  static const int64_t bad[] = {-1, 8, INT32_MAX, INT32_MIN};
  bytes_tensor x = bytes_make(EAGER_FLOAT32, (test_shape){2, {9, 7}});
  for (int wide = 0; wide < 2; wide++)
    for (int k = 0; k < 4; k++) {
      int64_t lengths[9] = {7, 0, 3};
      lengths[5] = lengths[8] = bad[k];
      eager_tensor *l = make_lengths(wide, 9, lengths), *y;
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      assert_fails(eager_reverse_sequence(x.t, l, 1, 0, &y), EAGER_INVALID_ARGUMENT,
                   "seq_lengths[5] is not in [0, 7] [Op:ReverseSequence]");
      assert_null(y);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(eager_reverse_sequence(x.t, l, 1, 0, &y));
      assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT,
                        "seq_lengths[5] is not in [0, 7]");
      assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "seq_lengths[5]");
      eager_tensor_release(y);
      eager_tensor_release(l);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(x.t);
}

static void moves_no_bytes_where_nothing_moves(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}), *y;
  assert_ok(eager_reverse(x, (int64_t[]){0}, 1, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  assert_ok(eager_roll(x, (int64_t[]){5, -4}, (int64_t[]){0, 1}, 2, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}), *y;
  eager_tensor *s = test_scalar(EAGER_INT32, 1);
  assert_fails(eager_reverse(x, (int64_t[]){1, -1}, 2, &y), EAGER_INVALID_ARGUMENT,
               "axis 1 specified more than once. [Op:ReverseV2]");
  assert_fails_like(eager_reverse(x, (int64_t[]){2}, 1, &y), EAGER_INVALID_ARGUMENT,
                    "axis 2 is out of range for a tensor of rank 2");
  assert_fails_like(eager_reverse(x, NULL, 1, &y), EAGER_INVALID_ARGUMENT,
                    "axis must not be NULL");
  assert_fails_like(eager_reverse(x, NULL, -1, &y), EAGER_INVALID_ARGUMENT,
                    "axis may list 8 numbers at most, got -1");
  assert_fails(eager_roll(s, (int64_t[]){1}, (int64_t[]){0}, 1, &y), EAGER_INVALID_ARGUMENT,
               "input must be 1-D or higher [Op:Roll]");
  assert_fails_like(eager_roll(x, (int64_t[]){1}, (int64_t[]){-3}, 1, &y),
                    EAGER_INVALID_ARGUMENT,
                    "axis -3 is out of range for a tensor of rank 2");
  const raw_attr uneven[] = {{"shift", (int64_t[]){1, 2}, 2}, {"axis", (int64_t[]){0}, 1}};
  assert_fails(raw_call("Roll", &x, 1, uneven, 2, &y), EAGER_INVALID_ARGUMENT,
               "shift and axis must have the same size, not 2 and 1 [Op:Roll]");
  eager_tensor *one = make_lengths(false, 1, (int64_t[]){1});
  assert_fails(eager_reverse_sequence(x, one, 1, 1, &y), EAGER_INVALID_ARGUMENT,
               "batch_dim == seq_dim == 1 [Op:ReverseSequence]");
  assert_fails(eager_reverse_sequence(x, one, 0, 1, &y), EAGER_INVALID_ARGUMENT,
               "Length of seq_lengths != input.dims(1), (1 vs. 2) [Op:ReverseSequence]");
  assert_fails(eager_reverse_sequence(x, s, 1, 0, &y), EAGER_INVALID_ARGUMENT,
               "seq_lengths must be 1-dim, not 0-dim: got shape [] [Op:ReverseSequence]");
  assert_fails_like(eager_reverse_sequence(x, one, 2, 0, &y), EAGER_INVALID_ARGUMENT,
                    "seq_dim 2 is out of range");
  assert_fails_like(eager_reverse_sequence(x, one, 1, -3, &y), EAGER_INVALID_ARGUMENT,
                    "batch_dim -3 is out of range");
  assert_null(y);
  eager_tensor *all[] = {x, s, one};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reverses),
      cmocka_unit_test(rolls),
      cmocka_unit_test(rolls_and_reverses_at_random),
      cmocka_unit_test(reverses_sequences),
      cmocka_unit_test(refuses_lengths_out_of_range),
      cmocka_unit_test(moves_no_bytes_where_nothing_moves),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/reverse", tests, sizeof tests / sizeof *tests);
}
