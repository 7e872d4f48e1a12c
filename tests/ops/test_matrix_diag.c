/* ctest: devices=all */
#include "array_calls.h"

typedef struct diag_case {
  test_shape batch;
  int64_t rows, columns, k[2];
  const char *align;
  bool told; /* num_rows and num_cols are given */
} diag_case;

static const diag_case cases[] = {
    {{0}, 4, 4, {0, 0}, NULL, false},
    {{1, {3}}, 4, 4, {0, 0}, NULL, true},
    {{0}, 3, 5, {0, 0}, NULL, true},
    {{0}, 5, 5, {2, 2}, NULL, false},
    {{0}, 5, 5, {-3, -3}, NULL, false},
    {{0}, 3, 6, {2, 2}, NULL, true},
    {{0}, 4, 5, {-2, 3}, NULL, true},
    {{1, {2}}, 5, 4, {-2, 3}, "LEFT_RIGHT", true},
    {{1, {2}}, 5, 4, {-4, 1}, "LEFT_LEFT", true},
    {{1, {2}}, 5, 7, {1, 5}, "RIGHT_RIGHT", true},
    {{0}, 7, 5, {-6, -2}, "RIGHT_LEFT", true},
    {{0}, 7, 7, {-1, 1}, "LEFT_LEFT", false},
    {{0}, 300, 450, {-3, 2}, NULL, true},
    {{0}, 2, 65537, {0, 1}, NULL, true},
    {{0}, 65537, 3, {-1, 0}, "RIGHT_LEFT", true},
    {{2, {0, 2}}, 3, 3, {-1, 1}, NULL, true},
    {{6, {2, 1, 2, 1, 2, 1}}, 3, 2, {-1, 1}, "LEFT_RIGHT", true},
};
enum { CASES = sizeof cases / sizeof *cases };

static int64_t min(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* How many elements diagonal d of the case's matrices has. */
static int64_t length_of(const diag_case *c, int64_t d) {
  return min(c->rows + min(d, 0), c->columns - max(d, 0));
}

static int64_t longest_of(const diag_case *c) {
  int64_t longest = 0;
  for (int64_t d = c->k[0]; d <= c->k[1]; d++) longest = max(longest, length_of(c, d));
  return longest;
}

static bool is_left(const diag_case *c, int64_t d) {
  const char *align = c->align ? c->align : "RIGHT_LEFT";
  return strncmp(d > 0 ? align : strchr(align, '_') + 1, "LEFT", 4) == 0;
}

static test_shape matrices_of(const diag_case *c) {
  test_shape shape = c->batch;
  shape.dims[shape.rank++] = c->rows;
  shape.dims[shape.rank++] = c->columns;
  return shape;
}

static test_shape diagonals_of(const diag_case *c) {
  test_shape shape = c->batch;
  if (c->k[0] < c->k[1]) shape.dims[shape.rank++] = c->k[1] - c->k[0] + 1;
  shape.dims[shape.rank++] = longest_of(c);
  return shape;
}

/* Of element (i, j) of a matrix among its batch's diagonals; -1: on none. */
static int64_t to_diagonals(const void *context, test_shape x, const int64_t *index) {
  const diag_case *c = context;
  int batch = c->batch.rank;
  int64_t i = index[batch], j = index[batch + 1], d = j - i, at[8];
  if (d < c->k[0] || d > c->k[1]) return -1;
  for (int k = 0; k < batch; k++) at[k] = index[k];
  int n = batch;
  if (c->k[0] < c->k[1]) at[n++] = c->k[1] - d;
  at[n] = min(i, j);
  if (d != 0 && !is_left(c, d)) at[n] += longest_of(c) - length_of(c, d);
  return test_position(x, at);
}

static int64_t to_matrices(const void *context, test_shape x, const int64_t *index) {
  const diag_case *c = context;
  int batch = c->batch.rank, n = batch;
  int64_t d = c->k[0], at[8];
  if (c->k[0] < c->k[1]) d = c->k[1] - index[n++];
  int64_t along = index[n];
  if (d != 0 && !is_left(c, d)) along -= longest_of(c) - length_of(c, d);
  if (along < 0 || along >= length_of(c, d)) return -1;
  for (int k = 0; k < batch; k++) at[k] = index[k];
  at[batch] = along + max(-d, 0);
  at[batch + 1] = along + max(d, 0);
  return test_position(x, at);
}

static eager_matrix_diag_options options_of(const diag_case *c, double padding) {
  eager_matrix_diag_options options = {
      .k = {c->k[0], c->k[1]}, .align = c->align, .padding_value = padding};
  if (c->told) options.num_rows = c->rows;
  if (c->told) options.num_cols = c->columns;
  return options;
}

static void run_case(int i, eager_dtype dtype) {
  const diag_case *c = &cases[i];
  test_shape whole = matrices_of(c), part = diagonals_of(c);
  if (bytes_too_slow(whole)) return;
  bytes_tensor x = bytes_make(dtype, whole), d = bytes_make(dtype, part);
  double padding = i % 2;
  uint8_t filler[8] = {0};
  eager__encode_double(dtype, padding, filler);
  eager_matrix_diag_options options = options_of(c, padding);
  eager_tensor *y;
  test_poison((size_t)test_elements(whole) * x.element);
  assert_ok(eager_matrix_diag(d.t, &options, &y));
  expect_moved(y, dtype, whole, &d, part, to_diagonals, c, filler, test_text("diag %d", i));
  test_poison((size_t)test_elements(part) * x.element);
  assert_ok(eager_matrix_diag_part(x.t, &options, &y));
  expect_moved(y, dtype, part, &x, whole, to_matrices, c, filler, test_text("part %d", i));
  uint8_t *expected = moved_bytes(&d, part, whole, to_diagonals, c, NULL);
  test_walk w;
  for (test_walk_begin(&w, whole); w.more; test_walk_next(&w))
    if (to_diagonals(c, part, w.index) < 0)
      memcpy(expected + (size_t)w.position * x.element,
             x.bytes + (size_t)w.position * x.element, x.element);
  test_poison((size_t)test_elements(whole) * x.element);
  assert_ok(eager_matrix_set_diag(x.t, d.t, &options, &y));
  bytes_expect(y, dtype, whole, expected, test_text("set %d", i));
  eager_tensor_release(x.t);
  eager_tensor_release(d.t);
}

static void makes_takes_and_sets_diagonals(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

/* V1: the main one; V2: as V3 with LEFT_LEFT. Padding and rows by name. */
static void older_versions_agree(void **state) {
  (void)state;
  test_enable();
  const diag_case c = {{1, {2}}, 3, 4, {-1, 2}, "LEFT_LEFT", false};
  bytes_tensor x = bytes_make(EAGER_INT16, matrices_of(&c));
  const raw_attr k = {"k", c.k, 2};
  eager_tensor *parts[2], *y[2];
  eager_matrix_diag_options options = options_of(&c, 0);
  /* Oclgrind's shadow of a block is as large as what was last uploaded there. */
  test_poison(2 * 4 * 3 * sizeof(int16_t));
  assert_ok(raw_call("MatrixDiagPartV2", &x.t, 1, &k, 1, &parts[0]));
  test_poison(2 * 4 * 3 * sizeof(int16_t));
  assert_ok(eager_matrix_diag_part(x.t, &options, &parts[1]));
  for (int i = 0; i < 2; i++) {
    assert_ok(raw_call("MatrixDiagV2", &parts[i], 1, &k, 1, &y[0]));
    assert_ok(eager_matrix_diag(parts[1 - i], &options, &y[1]));
    assert_memory_equal(test_read_int(y[0]), test_read_int(y[1]),
                        (size_t)eager_tensor_num_elements(y[0]) * sizeof(int64_t));
    for (int n = 0; n < 2; n++) eager_tensor_release(y[n]);
    eager_tensor *inputs[] = {x.t, parts[i]};
    assert_ok(raw_call("MatrixSetDiagV2", inputs, 2, &k, 1, &y[0]));
    bytes_expect(y[0], EAGER_INT16, matrices_of(&c), x.bytes, "set back");
  }
  for (int i = 0; i < 2; i++) eager_tensor_release(parts[i]);
  const diag_case main_one = {{1, {2}}, 3, 4, {0, 0}, NULL, false};
  test_poison(2 * 3 * sizeof(int16_t));
  assert_ok(raw_call("MatrixDiagPart", &x.t, 1, NULL, 0, &parts[0]));
  eager_tensor *inputs[] = {x.t, parts[0]};
  assert_ok(raw_call("MatrixSetDiag", inputs, 2, NULL, 0, &y[0]));
  bytes_expect(y[0], EAGER_INT16, matrices_of(&c), x.bytes, "set back");
  assert_ok(raw_call("MatrixDiag", parts, 1, NULL, 0, &y[0]));
  assert_int_equal(eager_tensor_dim(y[0], 1), 3);
  assert_int_equal(eager_tensor_dim(y[0], 2), 3);
  eager_tensor_release(y[0]);
  expect_moved(parts[0], EAGER_INT16, diagonals_of(&main_one), &x, matrices_of(&c),
               to_matrices, &main_one, NULL, "main diagonal");
  eager_tensor_release(x.t);
}

static eager_status diag_with(eager_tensor *x, int64_t lower, int64_t upper, int64_t rows,
                              int64_t columns, const char *align, eager_tensor **y) {
  eager_matrix_diag_options options = {
      .k = {lower, upper}, .num_rows = rows, .num_cols = columns, .align = align};
  return eager_matrix_diag(x, &options, y);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  double values[6] = {0};
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {2, 3}}, values), *y;
  eager_tensor *line = test_tensor(EAGER_INT32, (test_shape){1, {3}}, values);
  eager_tensor *s = test_scalar(EAGER_INT32, 1);
  assert_fails(diag_with(x, 1, 0, 0, 0, NULL, &y), EAGER_INVALID_ARGUMENT,
               "lower_diag_index must not be larger than upper_diag_index: 1 > 0 "
               "[Op:MatrixDiagV3]");
  assert_fails(diag_with(x, -1, 1, 0, 0, NULL, &y), EAGER_INVALID_ARGUMENT,
               "The number of diagonals provided in the input does not match the "
               "lower_diag_index and upper_diag_index range: 2 instead of 3 "
               "[Op:MatrixDiagV3]");
  assert_fails(diag_with(line, 0, 1, 0, 0, NULL, &y), EAGER_INVALID_ARGUMENT,
               "diagonal must be at least 2-dim, received shape: [3] [Op:MatrixDiagV3]");
  assert_fails_like(diag_with(s, 0, 0, 0, 0, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "diagonal must be at least 1-dim, received shape: []");
  assert_fails(diag_with(line, 0, 0, 2, 0, NULL, &y), EAGER_INVALID_ARGUMENT,
               "The number of rows is too small: 2 for at least 3 [Op:MatrixDiagV3]");
  assert_fails(diag_with(line, 2, 2, 0, 4, NULL, &y), EAGER_INVALID_ARGUMENT,
               "The number of columns is too small: 4 for at least 5 [Op:MatrixDiagV3]");
  assert_fails(
      diag_with(line, 0, 0, 4, 4, NULL, &y), EAGER_INVALID_ARGUMENT,
      "The number of rows or columns is not consistent with the specified d_lower, "
      "d_upper, and diagonal. [Op:MatrixDiagV3]");
  assert_fails(diag_with(line, 0, 0, 0, 0, "MIDDLE", &y), EAGER_INVALID_ARGUMENT,
               "align must be one of LEFT_LEFT, LEFT_RIGHT, RIGHT_LEFT, RIGHT_RIGHT, got "
               "MIDDLE [Op:MatrixDiagV3]");
  assert_fails_like(diag_with(line, INT64_MIN, 0, 0, 0, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "k must be 32-bit integers");
  eager_matrix_diag_options far = {.k = {-2, 3}};
  assert_fails(eager_matrix_diag_part(x, &far, &y), EAGER_INVALID_ARGUMENT,
               "lower_diag_index is out of bound: -2. It must be between -2 and 3 "
               "[Op:MatrixDiagPartV3]");
  far.k[0] = -1;
  assert_fails_like(eager_matrix_diag_part(x, &far, &y), EAGER_INVALID_ARGUMENT,
                    "upper_diag_index is out of bound: 3");
  assert_fails(eager_matrix_diag_part(line, NULL, &y), EAGER_INVALID_ARGUMENT,
               "input must be at least 2-dim, received shape: [3] [Op:MatrixDiagPartV3]");
  assert_fails(eager_matrix_set_diag(x, line, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Dimension mismatch between input and diagonal: expected diagonal of shape "
               "[2], received [3] [Op:MatrixSetDiagV3]");
  const raw_attr many = {"k", (int64_t[]){0, 1, 2}, 3}, none = {"k", NULL, 0};
  assert_fails_like(raw_call("MatrixDiagV3", &x, 1, &many, 1, &y), EAGER_INVALID_ARGUMENT,
                    "k may list 2 numbers at most, got 3");
  assert_fails_like(raw_call("MatrixDiagV3", &x, 1, &none, 1, &y), EAGER_INVALID_ARGUMENT,
                    "diag_index must have one or two elements, received none");
  assert_null(y);
  eager_tensor *all[] = {x, line, s};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(makes_takes_and_sets_diagonals),
      cmocka_unit_test(older_versions_agree),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/matrix_diag", tests, sizeof tests / sizeof *tests);
}
