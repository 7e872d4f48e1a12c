/* ctest: devices=all timeout=150 tuned */
/* ScatterNd and TensorScatter*. Values are small whole numbers: their sums are exact in
 * float32, so the one rounding, to the dtype, is the reference's too. */
#include <math.h>

#include "test_values.h"

typedef enum spread { ANYWHERE, ONE_TARGET, EACH_ONCE } spread;

typedef struct scatter_case {
  test_shape out;  /* the tensor */
  test_shape lead; /* of indices, without the last dimension */
  int depth;       /* the last dimension */
  spread where;
} scatter_case;

static const scatter_case cases[] = {
    {{1, {9}}, {1, {5}}, 1, ANYWHERE},
    {{1, {1}}, {1, {1}}, 1, ANYWHERE},
    {{1, {5}}, {1, {0}}, 1, ANYWHERE},
    {{0}, {1, {7}}, 0, ANYWHERE},
    {{0}, {0}, 0, ANYWHERE},
    {{2, {4, 3}}, {0}, 2, ANYWHERE},
    {{2, {4, 3}}, {0}, 0, ANYWHERE},
    {{2, {5, 7}}, {2, {3, 4}}, 1, ANYWHERE},
    {{2, {5, 7}}, {2, {3, 4}}, 2, ANYWHERE},
    {{3, {3, 4, 18}}, {1, {11}}, 2, ANYWHERE},
    {{2, {6, 33}}, {1, {40}}, 1, ANYWHERE},
    {{2, {3, 8}}, {1, {17}}, 0, ANYWHERE},
    {{8, {2, 1, 3, 1, 2, 1, 1, 2}}, {2, {3, 5}}, 8, ANYWHERE},
    {{1, {700}}, {1, {700}}, 1, EACH_ONCE},
    {{1, {64}}, {1, {1025}}, 1, ANYWHERE},
    {{2, {65, 3}}, {1, {3000}}, 1, ANYWHERE},
    {{2, {300, 17}}, {1, {1500}}, 1, ANYWHERE},
    {{2, {4, 40}}, {1, {2049}}, 1, ONE_TARGET},
    {{3, {5, 1000, 3}}, {1, {4099}}, 2, ANYWHERE},
    {{1, {65537}}, {1, {65535}}, 1, EACH_ONCE},
    {{1, {3}}, {1, {65537}}, 1, ANYWHERE},
    {{1, {5}}, {1, {200003}}, 1, ONE_TARGET},
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *const names[] = {"ScatterNd",        "TensorScatterAdd",
                                    "TensorScatterSub", "TensorScatterUpdate",
                                    "TensorScatterMax", "TensorScatterMin"};
enum { ND, ADD, SUB, UPDATE, MAX, MIN, OPS };

static eager_status scatter(int op, eager_tensor *tensor, eager_tensor *indices,
                            eager_tensor *updates, test_shape shape, eager_tensor **out) {
  switch (op) {
  case ND:
    return eager_scatter_nd(indices, updates, shape.rank, shape.dims, out);
  case ADD:
    return eager_tensor_scatter_nd_add(tensor, indices, updates, out);
  case SUB:
    return eager_tensor_scatter_nd_sub(tensor, indices, updates, out);
  case UPDATE:
    return eager_tensor_scatter_nd_update(tensor, indices, updates, out);
  case MAX:
    return eager_tensor_scatter_nd_max(tensor, indices, updates, out);
  default:
    return eager_tensor_scatter_nd_min(tensor, indices, updates, out);
  }
}

static bool takes(int op, eager_dtype dtype) {
  if (dtype == EAGER_BOOL) return op == ND || op == UPDATE;
  return op == UPDATE || test_has_arithmetic(dtype);
}

static eager_dtype index_dtype(int op, uint64_t i) {
  static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_INT64, EAGER_INT16, EAGER_UINT16};
  if (op == ND) return dtypes[i % 3];
  return dtypes[i % (op == UPDATE ? 4 : 2)];
}

/* The coordinates of `count` targets; *rows: the targets. */
static int64_t *make_indices(const scatter_case *c, int64_t count, int64_t *rows) {
  int64_t *indices = test_alloc((size_t)(count * c->depth + 1) * sizeof *indices);
  int64_t targets = eager__shape_product(&c->out, 0, c->depth);
  int64_t one = test_random_int(0, targets - 1);
  for (int64_t i = 0; i < count; i++) {
    rows[i] = c->where == ANYWHERE     ? test_random_int(0, targets - 1)
              : c->where == ONE_TARGET ? one
                                       : count - 1 - i;
    int64_t rest = rows[i];
    for (int d = c->depth - 1; d >= 0; d--) {
      indices[i * c->depth + d] = rest % c->out.dims[d];
      rest /= c->out.dims[d];
    }
  }
  return indices;
}

static double combine(int op, double old, double x) {
  switch (op) {
  case ND:
  case ADD:
    return old + x;
  case SUB:
    return old - x;
  case UPDATE:
    return x;
  case MAX:
    return x > old ? x : old;
  default:
    return x < old ? x : old;
  }
}

static double *reference(int op, const scatter_case *c, eager_dtype dtype, const double *x,
                         const double *updates, const int64_t *rows, int64_t count) {
  int64_t elements = test_elements(c->out);
  int64_t columns = eager__shape_product(&c->out, c->depth, c->out.rank);
  double *out = test_alloc((size_t)(elements + 1) * sizeof *out);
  for (int64_t i = 0; i < elements; i++) out[i] = op == ND ? 0 : x[i];
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = 0; k < columns; k++) {
      double *to = &out[rows[i] * columns + k];
      *to = combine(op, *to, updates[i * columns + k]);
      if (dtype == EAGER_BOOL) *to = *to != 0;
    }
  for (int64_t i = 0; i < elements; i++) out[i] = test_round(dtype, out[i]);
  return out;
}

static test_shape joined(test_shape a, const int64_t *dims, int count) {
  for (int i = 0; i < count; i++) a.dims[a.rank++] = dims[i];
  return a;
}

/* Whole numbers in [-8, 8], or [0, 8]. */
static double *whole(eager_dtype dtype, int64_t count) {
  double low = test_lowest(dtype) < 0 ? -8 : 0, high = dtype == EAGER_BOOL ? 1 : 8;
  double *values = test_alloc((size_t)(count + 1) * sizeof *values);
  for (int64_t i = 0; i < count; i++)
    values[i] = (double)test_random_int((int64_t)low, (int64_t)high);
  return values;
}

static void run_case(int op, int i, eager_dtype dtype) {
  const scatter_case *c = &cases[i];
  int64_t count = test_elements(c->lead), depth = c->depth;
  int64_t columns = eager__shape_product(&c->out, c->depth, c->out.rank);
  if (test_is_slow() && count * columns > 500) return;
  int64_t *rows = test_alloc((size_t)(count + 1) * sizeof *rows);
  int64_t *index = make_indices(c, count, rows);
  eager_dtype narrow = index_dtype(op, (uint64_t)i);
  if (narrow != EAGER_INT64 && test_elements(c->out) > 30000) narrow = EAGER_INT32;
  test_shape updates_shape = joined(c->lead, c->out.dims + depth, c->out.rank - c->depth);
  double *x = whole(dtype, test_elements(c->out));
  double *u = whole(dtype, count * columns);
  eager_tensor *tensor = test_view(dtype, c->out, x, 3), *y;
  eager_tensor *updates = test_view(dtype, updates_shape, u, 5);
  eager_tensor *indices = test_tensor_int(narrow, joined(c->lead, &depth, 1), index);
  test_poison((size_t)test_elements(c->out) * eager_dtype_size(dtype));
  assert_ok(scatter(op, tensor, indices, updates, c->out, &y));
  test_expect(y, dtype, c->out, reference(op, c, dtype, x, u, rows, count), TEST_EXACT,
              test_text("%s, case %d", names[op], i));
  eager_tensor_release(tensor);
  eager_tensor_release(updates);
  eager_tensor_release(indices);
  eager_tensor_release(y);
}

static void scatters(void **state) {
  (void)state;
  test_time_limit(120); /* an empty cache: programs of every dtype */
  test_enable();
  for (int op = 0; op < OPS; op++)
    for (int d = 0; d < TEST_DTYPES; d++)
      for (int i = 0; i < CASES; i++) {
        uint64_t number = (uint64_t)((op * TEST_DTYPES + d) * CASES + i);
        if (!takes(op, test_dtypes[d]) || !test_wants(names[op], test_dtypes[d])) continue;
        if (!test_sampled(number)) continue;
        test_pick_mode(number);
        run_case(op, i, test_dtypes[d]);
      }
}

/* Specials, all into one element: NaN wins, infinities stay, integers wrap. */
static void keeps_specials(void **state) {
  (void)state;
  test_enable();
  static const double numbers[] = {0, -0.0, 1, -INFINITY, 3};
  static const double nans[] = {1, NAN, 2, -INFINITY, 3};
  int64_t index[5] = {1, 1, 1, 1, 1};
  test_shape two = {1, {2}};
  eager_tensor *indices = test_tensor_int(EAGER_INT32, (test_shape){2, {5, 1}}, index), *y;
  eager_tensor *x = test_tensor(EAGER_FLOAT32, two, (double[]){-0.0, 7});
  for (int op = 0; op < OPS; op++)
    for (int k = 0; k < 2; k++) {
      eager_tensor *u =
          test_tensor(EAGER_FLOAT32, (test_shape){1, {5}}, k ? nans : numbers);
      double expected[] = {-0.0, 0};
      double all = k ? NAN : -INFINITY;
      expected[1] = op == UPDATE ? 3 : op == SUB ? -all : op == MAX && !k ? 7 : all;
      assert_ok(scatter(op, x, indices, u, two, &y));
      test_expect(y, EAGER_FLOAT32, two, expected, TEST_EXACT, names[op]);
      if (op != ND) {
        float got[2];
        assert_ok(eager_tensor_to_host(y, got, sizeof got));
        assert_true(signbit(got[0]));
      }
      eager_tensor_release(y);
      eager_tensor_release(u);
    }
  eager_tensor_release(x);
  int64_t most[5] = {INT32_MAX, INT32_MAX, INT32_MIN, 5, 0}, wrapped[] = {0, 3};
  eager_tensor *u = test_tensor_int(EAGER_INT32, (test_shape){1, {5}}, most);
  assert_ok(scatter(ND, NULL, indices, u, two, &y));
  wrapped[1] = (int32_t)(uint32_t)(2u * INT32_MAX + (uint32_t)INT32_MIN + 5u);
  test_expect_int(y, EAGER_INT32, two, wrapped, NULL);
  eager_tensor_release(y);
  eager_tensor_release(u);
  eager_tensor_release(indices);
}

/* Kahan's sums lose two ulp at most on every level, three levels here; and the same bits
 * come out every time. */
static void sums_exactly_and_alike(void **state) {
  (void)state;
  test_enable();
  int64_t count = test_is_slow() ? 70 : 60000;
  test_shape out = {1, {2}}, lead = {1, {count}};
  int64_t *index = test_alloc((size_t)count * sizeof *index);
  double *u = test_random_values(EAGER_FLOAT32, count, 0, 1), sums[2] = {0, 0};
  for (int64_t i = 0; i < count; i++) {
    index[i] = test_random_int(0, 1);
    sums[index[i]] += u[i];
  }
  int64_t one = 1;
  eager_tensor *indices = test_tensor_int(EAGER_INT64, joined(lead, &one, 1), index);
  eager_tensor *updates = test_tensor(EAGER_FLOAT32, lead, u);
  float first[2], again[2];
  for (int k = 0; k < 3; k++) {
    eager_tensor *y;
    assert_ok(eager_scatter_nd(indices, updates, 1, out.dims, &y));
    test_expect(y, EAGER_FLOAT32, out, sums, (test_tolerance){6, 0}, "sums");
    assert_ok(eager_tensor_to_host(y, k ? again : first, sizeof first));
    if (k) assert_memory_equal(first, again, sizeof first);
    eager_tensor_release(y);
  }
  eager_tensor_release(indices);
  eager_tensor_release(updates);
}

static void refuses_indices_out_of_range(void **state) {
  (void)state;
  test_enable();
  static const int64_t bad[] = {-1, 7, INT32_MAX, INT32_MIN};
  test_shape shape = {3, {5, 7, 3}};
  eager_tensor *x = test_tensor(EAGER_FLOAT32, shape, test_alloc(105 * sizeof(double)));
  eager_tensor *u =
      test_tensor(EAGER_FLOAT32, (test_shape){2, {9, 3}}, test_alloc(27 * sizeof(double)));
  for (int op = 0; op < OPS; op++)
    for (int k = 0; k < 4; k++) {
      int64_t index[18] = {0};
      index[7] = index[17] = bad[k];
      eager_tensor *indices = test_tensor_int(k % 2 ? EAGER_INT64 : EAGER_INT32,
                                              (test_shape){2, {9, 2}}, index);
      eager_tensor *y;
      const char *text = "indices[3] does not index into shape [5,7,3]";
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      assert_fails(scatter(op, x, indices, u, shape, &y), EAGER_INVALID_ARGUMENT,
                   test_text("%s [Op:%s]", text, names[op]));
      assert_null(y);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(scatter(op, x, indices, u, shape, &y));
      assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT, text);
      assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, text);
      eager_tensor_release(y);
      eager_tensor_release(indices);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(x);
  eager_tensor_release(u);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  static const struct {
    test_shape out, indices, updates;
    const char *text;
  } bad[] = {
      {{1, {4}}, {0}, {0}, "Indices shape must have rank at least one. Found: []"},
      {{1, {4}}, {2, {3, 2}}, {1, {3}}, "dimension length must be <= output rank; saw: 2"},
      {{1, {4}},
       {2, {3, 1}},
       {1, {2}},
       "Outer dimensions of indices and update must match. Indices shape: [3,1], updates "
       "shape: [2]"},
      {{1, {4}}, {2, {3, 1}}, {0}, "Outer dimensions of indices and update must match."},
      {{2, {4, 2}},
       {2, {3, 1}},
       {1, {3}},
       "Inner dimensions of output shape must match inner dimensions of updates shape. "
       "Output: [4,2] updates: [3]"},
      {{2, {4, 2}},
       {2, {3, 1}},
       {2, {3, 5}},
       "The inner 1 dimensions of output.shape=[4,2] must match the inner 1 dimensions of "
       "updates.shape=[3,5]"},
      {{2, {0, 2}},
       {2, {3, 1}},
       {2, {3, 2}},
       "Indices and updates specified for empty output shape"},
  };
  int64_t *zeros = test_alloc(16 * sizeof *zeros);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    for (int op = 0; op < OPS; op++) {
      eager_tensor *x = test_tensor_int(EAGER_INT32, bad[i].out, zeros), *y;
      eager_tensor *indices = test_tensor_int(EAGER_INT32, bad[i].indices, zeros);
      eager_tensor *u = test_tensor_int(EAGER_INT32, bad[i].updates, zeros);
      assert_fails_like(scatter(op, x, indices, u, bad[i].out, &y), EAGER_INVALID_ARGUMENT,
                        bad[i].text);
      assert_null(y);
      eager_tensor_release(x);
      eager_tensor_release(indices);
      eager_tensor_release(u);
    }
  eager_tensor *i32 = test_tensor_int(EAGER_INT32, (test_shape){2, {1, 1}}, zeros), *y;
  eager_tensor *f32 = test_scalar(EAGER_FLOAT32, 1), *b = test_scalar(EAGER_BOOL, 1);
  assert_fails_like(eager_scatter_nd(f32, i32, 1, zeros, &y), EAGER_INVALID_ARGUMENT,
                    "input #0(zero-based) is a float32 tensor; allowed: int");
  assert_fails_like(eager_tensor_scatter_nd_add(b, i32, b, &y), EAGER_INVALID_ARGUMENT,
                    "bool");
  assert_fails_like(eager_tensor_scatter_nd_max(f32, i32, i32, &y), EAGER_INVALID_ARGUMENT,
                    "expected to be a float tensor but is a int32 tensor");
  assert_fails_like(eager_scatter_nd(i32, f32, -1, zeros, &y), EAGER_INVALID_ARGUMENT,
                    "rank must be from 0 to 8");
  eager_tensor_release(i32);
  eager_tensor_release(f32);
  eager_tensor_release(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_specials),
      cmocka_unit_test(scatters),
      cmocka_unit_test(sums_exactly_and_alike),
      cmocka_unit_test(refuses_indices_out_of_range),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/scatter", tests, sizeof tests / sizeof *tests);
}
