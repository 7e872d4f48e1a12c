/* ctest: devices=all */
#include "array_calls.h"

typedef struct tile_case {
  test_shape shape;
  int64_t multiples[8];
} tile_case;

static const tile_case cases[] = {
    {{1, {5}}, {3}},
    {{1, {5}}, {0}},
    {{1, {5}}, {1}}, /* a view */
    {{0}, {0}},
    {{2, {3, 4}}, {2, 3}},
    {{2, {3, 4}}, {5, 1}},
    {{2, {3, 4}}, {1, 5}},
    {{2, {7, 1}}, {2, 33}},
    {{2, {1, 7}}, {33, 2}},
    {{2, {0, 3}}, {2, 2}},
    {{1, {1}}, {200003}},
    {{1, {65537}}, {2}},
    {{2, {40001, 1}}, {1, 3}},
    {{3, {2, 3, 4}}, {1, 2, 1}},
    {{3, {2, 3, 4}}, {2, 1, 2}},
    {{8, {2, 1, 2, 3, 2, 1, 2, 2}}, {2, 2, 1, 2, 2, 1, 2, 2}},
};
enum { CASES = sizeof cases / sizeof *cases };

static int64_t repeated(const void *context, test_shape x, const int64_t *index) {
  (void)context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) at[i] = index[i] % x.dims[i];
  return test_position(x, at);
}

static void tile(const tile_case *c, eager_dtype dtype, const char *what) {
  test_shape out = c->shape;
  for (int i = 0; i < out.rank; i++) out.dims[i] *= c->multiples[i];
  if (bytes_too_slow(out)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(out) * x.element);
  assert_ok(eager_tile(x.t, c->multiples, &y));
  expect_moved(y, dtype, out, &x, c->shape, repeated, c, NULL, what);
  eager_tensor_release(x.t);
}

static void run_case(int i, eager_dtype dtype) {
  tile(&cases[i], dtype, test_text("case %d", i));
}

static void tiles(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

static const struct {
  test_shape from, to;
} broadcasts[] = {
    {{0}, {1, {7}}},
    {{0}, {0}},
    {{0}, {8, {2, 1, 2, 3, 2, 1, 2, 2}}},
    {{1, {3}}, {2, {4, 3}}},
    {{2, {3, 1}}, {2, {3, 5}}},
    {{2, {3, 1}}, {3, {2, 3, 5}}},
    {{2, {1, 4}}, {4, {2, 1, 3, 4}}},
    {{2, {3, 4}}, {2, {3, 4}}},
    {{2, {3, 4}}, {4, {1, 1, 3, 4}}},
    {{2, {3, 1}}, {2, {3, 0}}},
    {{2, {0, 1}}, {3, {2, 0, 5}}},
    {{1, {1}}, {1, {200003}}},
    {{2, {65537, 1}}, {2, {65537, 2}}},
    {{8, {2, 1, 2, 1, 2, 1, 2, 1}}, {8, {2, 3, 2, 3, 2, 3, 2, 3}}},
};
enum { BROADCASTS = sizeof broadcasts / sizeof *broadcasts };

static int64_t broadcast(const void *context, test_shape x, const int64_t *index) {
  const test_shape *to = context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++)
    at[i] = x.dims[i] == 1 ? 0 : index[to->rank - x.rank + i];
  return test_position(x, at);
}

static void run_broadcast(int i, eager_dtype dtype) {
  test_shape from = broadcasts[i].from, to = broadcasts[i].to;
  if (bytes_too_slow(to)) return;
  bytes_tensor x = bytes_make(dtype, from);
  eager_tensor *y;
  test_poison((size_t)test_elements(to) * x.element);
  assert_ok(eager_broadcast_to(x.t, to.rank, to.dims, &y));
  expect_moved(y, dtype, to, &x, from, broadcast, &to, NULL, test_text("to %d", i));
  eager_tensor_release(x.t);
}

static void broadcasts_to_shapes(void **state) {
  (void)state;
  bytes_each_dtype(BROADCASTS, run_broadcast);
}

static void tiles_at_random(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 10 : 100); round++) {
    test_pick_mode((uint64_t)round);
    tile_case c = {.shape = random_shape(0, 8, 200)};
    for (int i = 0; i < c.shape.rank; i++)
      c.multiples[i] = i < c.shape.rank - 4 ? 1 : test_random_int(0, 9) % 4;
    tile(&c, random_dtype(), test_text("round %d", round));
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void moves_no_bytes_where_nothing_repeats(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){1, 2}), *y;
  assert_ok(eager_tile(x, (int64_t[]){1}, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  assert_ok(eager_broadcast_to(x, 3, (int64_t[]){1, 1, 2}, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}), *y;
  const raw_attr short_list = {"multiples", (int64_t[]){2}, 1};
  assert_fails(raw_call("Tile", &x, 1, &short_list, 1, &y), EAGER_INVALID_ARGUMENT,
               "Expected multiples argument to be a vector of length 2 but got length 1 "
               "[Op:Tile]");
  assert_fails(eager_tile(x, (int64_t[]){1, -1}, &y), EAGER_INVALID_ARGUMENT,
               "Expected multiples[1] >= 0, but got -1 [Op:Tile]");
  assert_fails_like(eager_tile(x, (int64_t[]){1, INT64_MAX}, &y), EAGER_INVALID_ARGUMENT,
                    "is more than fits into 63 bits");
  assert_fails_like(eager_tile(x, (int64_t[]){INT64_MAX / 4, 2}, &y),
                    EAGER_INVALID_ARGUMENT, "is too large");
  assert_fails_like(eager_tile(x, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "multiples must not be NULL");
  assert_fails(eager_broadcast_to(x, 2, (int64_t[]){2, 3}, &y), EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [1,2] vs. [2,3] [Op:BroadcastTo]");
  assert_fails(eager_broadcast_to(x, 1, (int64_t[]){2}, &y), EAGER_INVALID_ARGUMENT,
               "Rank of input (2) must be no greater than rank of output shape (1). "
               "[Op:BroadcastTo]");
  assert_fails_like(eager_broadcast_to(x, 2, (int64_t[]){-1, 2}, &y),
                    EAGER_INVALID_ARGUMENT, "dims[0] must not be negative");
  assert_fails_like(eager_broadcast_to(x, 9, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "rank must be from 0 to 8, got 9");
  assert_null(y);
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tiles),
      cmocka_unit_test(broadcasts_to_shapes),
      cmocka_unit_test(tiles_at_random),
      cmocka_unit_test(moves_no_bytes_where_nothing_repeats),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/tile", tests, sizeof tests / sizeof *tests);
}
