/* ctest: devices=all */
#include "array_calls.h"

/* --- MatrixBandPart --- */

typedef struct band_case {
  test_shape shape;
  int64_t lower, upper;
} band_case;

static const band_case bands[] = {
    {{2, {4, 5}}, 0, 0},
    {{2, {4, 5}}, -1, 0},
    {{2, {4, 5}}, 0, -1},
    {{2, {4, 5}}, -1, -1},
    {{2, {5, 4}}, 1, 2},
    {{2, {5, 4}}, 5, 4},
    {{3, {3, 17, 33}}, 2, 16},
    {{3, {0, 3, 3}}, 1, 1},
    {{3, {2, 0, 3}}, 0, 1},
    {{2, {1, 65537}}, 0, 3},
    {{2, {65537, 3}}, 65530, 0},
    {{2, {450, 450}}, -1, 7},
    {{8, {2, 1, 2, 3, 1, 1, 5, 3}}, 1, 0},
};
enum { BANDS = sizeof bands / sizeof *bands };

static int64_t in_band(const void *context, test_shape x, const int64_t *index) {
  const band_case *c = context;
  int64_t i = index[x.rank - 2], j = index[x.rank - 1];
  bool stays = (c->lower < 0 || i - j <= c->lower) && (c->upper < 0 || j - i <= c->upper);
  return stays ? test_position(x, index) : -1;
}

static void run_band(int i, eager_dtype dtype) {
  const band_case *c = &bands[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(c->shape) * x.element);
  assert_ok(eager_matrix_band_part(x.t, c->lower, c->upper, &y));
  expect_moved(y, dtype, c->shape, &x, c->shape, in_band, c, NULL, test_text("band %d", i));
  eager_tensor_release(x.t);
}

static void keeps_bands(void **state) {
  (void)state;
  bytes_each_dtype(BANDS, run_band);
}

/* --- Diag, DiagPart --- */

static const test_shape diagonals[] = {
    {1, {1}},    {1, {7}},       {1, {0}},          {1, {301}},
    {2, {3, 5}}, {3, {2, 3, 2}}, {4, {2, 1, 3, 2}},
};
enum { DIAGONALS = sizeof diagonals / sizeof *diagonals };

static int64_t from_diagonal(const void *context, test_shape x, const int64_t *index) {
  (void)context;
  for (int i = 0; i < x.rank; i++)
    if (index[i] != index[i + x.rank]) return -1;
  return test_position(x, index);
}

static int64_t to_diagonal(const void *context, test_shape x, const int64_t *index) {
  (void)context;
  int64_t at[8];
  for (int i = 0; i < x.rank; i++) at[i] = index[i % (x.rank / 2)];
  return test_position(x, at);
}

static void run_diagonal(int i, eager_dtype dtype) {
  test_shape one = diagonals[i], two = {.rank = 2 * one.rank};
  for (int d = 0; d < two.rank; d++) two.dims[d] = one.dims[d % one.rank];
  if (bytes_too_slow(two)) return;
  bytes_tensor x = bytes_make(dtype, one), square = bytes_make(dtype, two);
  eager_tensor *y;
  test_poison((size_t)test_elements(two) * x.element);
  assert_ok(eager_diag(x.t, &y));
  expect_moved(y, dtype, two, &x, one, from_diagonal, NULL, NULL, test_text("diag %d", i));
  assert_ok(eager_diag_part(square.t, &y));
  expect_moved(y, dtype, one, &square, two, to_diagonal, NULL, NULL,
               test_text("diag part %d", i));
  eager_tensor_release(x.t);
  eager_tensor_release(square.t);
}

static void makes_diagonals(void **state) {
  (void)state;
  bytes_each_dtype(DIAGONALS, run_diagonal);
}

/* --- Eye --- */

static const struct {
  int64_t rows, columns;
  test_shape batch;
} eyes[] = {
    {3, -1, {0}},
    {3, 5, {0}},
    {5, 3, {1, {2}}},
    {0, 3, {0}},
    {3, 0, {1, {2}}},
    {4, -1, {2, {2, 0}}},
    {17, 33, {2, {3, 2}}},
    {1, 65537, {0}},
    {65537, 2, {0}},
    {301, -1, {0}},
    {2, 3, {6, {1, 2, 1, 2, 1, 2}}},
};
enum { EYES = sizeof eyes / sizeof *eyes };

static void run_eye(int i, eager_dtype dtype) {
  test_shape out = eyes[i].batch;
  out.dims[out.rank++] = eyes[i].rows;
  out.dims[out.rank++] = eyes[i].columns < 0 ? eyes[i].rows : eyes[i].columns;
  if (bytes_too_slow(out)) return;
  double *expected = test_alloc((size_t)(test_elements(out) + 1) * sizeof *expected);
  test_walk w;
  for (test_walk_begin(&w, out); w.more; test_walk_next(&w))
    expected[w.position] = w.index[out.rank - 2] == w.index[out.rank - 1];
  eager_tensor *y;
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  assert_ok(eager_eye(eyes[i].rows, eyes[i].columns, eyes[i].batch.rank, eyes[i].batch.dims,
                      dtype, &y));
  test_expect(y, dtype, out, expected, TEST_EXACT, test_text("eye %d", i));
  eager_tensor_release(y);
}

static void makes_identities(void **state) {
  (void)state;
  bytes_each_dtype(EYES, run_eye);
}

static void moves_no_bytes_of_a_whole_band(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}), *y;
  assert_ok(eager_matrix_band_part(x, -1, -1, &y));
  bytes_expect_view(x, y, 0);
  eager_tensor_release(y);
  eager_tensor_release(x);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  double values[6] = {0};
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {2, 3}}, values), *y;
  eager_tensor *line = test_tensor(EAGER_INT32, (test_shape){1, {3}}, values);
  eager_tensor *deep = test_tensor(EAGER_INT32, (test_shape){5, {1, 1, 1, 1, 1}}, values);
  eager_tensor *s = test_scalar(EAGER_INT32, 1);
  assert_fails(eager_matrix_band_part(x, 3, 0, &y), EAGER_INVALID_ARGUMENT,
               "num_lower must be negative or less or equal to number of rows (2) got: 3 "
               "[Op:MatrixBandPart]");
  assert_fails(
      eager_matrix_band_part(x, 0, 4, &y), EAGER_INVALID_ARGUMENT,
      "num_upper must be negative or less or equal to number of columns (3) got: 4 "
      "[Op:MatrixBandPart]");
  assert_fails(eager_matrix_band_part(line, 0, 0, &y), EAGER_INVALID_ARGUMENT,
               "input must be at least 2-dim, received shape: [3] [Op:MatrixBandPart]");
  assert_fails(eager_diag(deep, &y), EAGER_INVALID_ARGUMENT,
               "diagonal must have a rank from 1 to 4, got 5 [Op:Diag]");
  assert_fails_like(eager_diag(s, &y), EAGER_INVALID_ARGUMENT, "from 1 to 4, got 0");
  assert_fails(eager_diag_part(line, &y), EAGER_INVALID_ARGUMENT,
               "The rank of the tensor should be even and positive, got shape [3] "
               "[Op:DiagPart]");
  assert_fails(eager_diag_part(x, &y), EAGER_INVALID_ARGUMENT,
               "Invalid shape [2,3]: dimensions 0 and 1 do not match. [Op:DiagPart]");
  assert_fails_like(eager_diag_part(s, &y), EAGER_INVALID_ARGUMENT, "even and positive");
  assert_fails(eager_eye(-1, 2, 0, NULL, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
               "num_rows must be non-negative, got -1 [Op:Eye]");
  assert_fails_like(eager_eye(1, -2, 0, NULL, EAGER_FLOAT32, &y), EAGER_INVALID_ARGUMENT,
                    "num_columns must be non-negative");
  assert_fails_like(eager_eye(1, 1, 7, (int64_t[7]){0}, EAGER_FLOAT32, &y),
                    EAGER_INVALID_ARGUMENT,
                    "batch_shape may list 6 numbers at most, got 7");
  assert_fails_like(eager_eye(1, 1, 1, (int64_t[]){-1}, EAGER_FLOAT32, &y),
                    EAGER_INVALID_ARGUMENT, "dims[0] must not be negative");
  assert_fails_like(eager_eye(1, 1, 0, NULL, (eager_dtype)99, &y), EAGER_INVALID_ARGUMENT,
                    "dtype must be one of enum eager_dtype, got 99");
  assert_null(y);
  eager_tensor *all[] = {x, line, deep, s};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_bands),
      cmocka_unit_test(makes_diagonals),
      cmocka_unit_test(makes_identities),
      cmocka_unit_test(moves_no_bytes_of_a_whole_band),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/diag", tests, sizeof tests / sizeof *tests);
}
