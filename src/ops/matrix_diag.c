/* MatrixDiag, MatrixDiagPart, MatrixSetDiag and their V2 and V3: diagonals into matrices
 * and out of them. A list of diagonals is [..., count, length], the uppermost first; one
 * that is shorter than the longest is aligned left or right, and V2 aligns left. */
#include <inttypes.h>
#include <string.h>

#include "eagercl/ops.h"
#include "ops/band.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* --- Attributes --- */

/* V1 has no `k`. */
static eager_status read_k(const eager__call *call, eager__band *band) {
  const eager__attr *k = eager__attr_get(call, "k");
  band->lower = band->upper = 0;
  if (!k || !k->given) return EAGER_OK;
  EAGER__TRY(eager__list_attr_get(call, "k", 2, &k));
  EAGER__REQUIRE(k->count > 0, EAGER_INVALID_ARGUMENT,
                 "diag_index must have one or two elements, received none");
  band->lower = k->ints[0];
  band->upper = k->ints[k->count - 1];
  EAGER__REQUIRE(band->lower >= INT32_MIN && band->lower <= INT32_MAX &&
                     band->upper >= INT32_MIN && band->upper <= INT32_MAX,
                 EAGER_INVALID_ARGUMENT,
                 "k must be 32-bit integers, got %" PRId64 " and %" PRId64, band->lower,
                 band->upper);
  EAGER__REQUIRE(band->lower <= band->upper, EAGER_INVALID_ARGUMENT,
                 "lower_diag_index must not be larger than upper_diag_index: %" PRId64
                 " > %" PRId64,
                 band->lower, band->upper);
  return EAGER_OK;
}

/* Only V3 has `align`. */
static eager_status read_align(const eager__call *call, eager__band *band) {
  static const char *const names[] = {"LEFT_LEFT", "LEFT_RIGHT", "RIGHT_LEFT",
                                      "RIGHT_RIGHT"};
  const eager__attr *align = eager__attr_get(call, "align");
  const char *text = !align ? "LEFT_LEFT" : align->text ? align->text : "NULL";
  int i = 0;
  while (i < 4 && strcmp(text, names[i]) != 0) i++;
  EAGER__REQUIRE(i < 4, EAGER_INVALID_ARGUMENT,
                 "align must be one of LEFT_LEFT, LEFT_RIGHT, RIGHT_LEFT, RIGHT_RIGHT, "
                 "got %s",
                 text);
  band->upper_left = i < 2;
  band->lower_left = i % 2 == 0;
  return EAGER_OK;
}

static eager_status read_band(const eager__call *call, eager__band *band) {
  *band = (eager__band){0};
  EAGER__TRY(read_k(call, band));
  return read_align(call, band);
}

static uint64_t read_padding(const eager__call *call) {
  const eager__attr *padding = eager__attr_get(call, "padding_value");
  uint64_t element = 0;
  if (padding && padding->is_float)
    eager__encode_double(call->dtype, padding->f, &element);
  else if (padding)
    eager__encode_int(call->dtype, padding->i, &element);
  return element;
}

/* --- MatrixDiag --- */

/* Extents of the matrices that hold diagonals of this length, as TensorFlow completes what
 * is not told: both are the least possible, and equal if neither is told. */
static eager_status complete(const eager__call *call, eager__band *band) {
  const eager__attr *rows = eager__attr_get(call, "num_rows");
  const eager__attr *columns = eager__attr_get(call, "num_cols");
  int64_t told_rows = rows ? rows->i : -1, told_columns = columns ? columns->i : -1;
  int64_t min_rows = band->length - least(band->upper, 0);
  int64_t min_columns = band->length + most(band->lower, 0);
  EAGER__REQUIRE(told_rows == -1 || told_rows >= min_rows, EAGER_INVALID_ARGUMENT,
                 "The number of rows is too small: %" PRId64 " for at least %" PRId64,
                 told_rows, min_rows);
  EAGER__REQUIRE(told_columns == -1 || told_columns >= min_columns, EAGER_INVALID_ARGUMENT,
                 "The number of columns is too small: %" PRId64 " for at least %" PRId64,
                 told_columns, min_columns);
  bool square = told_rows == -1 && told_columns == -1;
  band->rows = square            ? most(min_rows, min_columns)
               : told_rows == -1 ? min_rows
                                 : told_rows;
  band->columns = square ? band->rows : told_columns == -1 ? min_columns : told_columns;
  EAGER__REQUIRE(band->rows == min_rows || band->columns == min_columns,
                 EAGER_INVALID_ARGUMENT,
                 "The number of rows or columns is not consistent with the specified "
                 "d_lower, d_upper, and diagonal.");
  return EAGER_OK;
}

/* The band of a MatrixDiag call and how many of the input's axes are batches. The length is
 * known unless *out_known becomes false. */
static eager_status read_diag(const eager__call *call, eager__band *band, int *out_batches,
                              bool *out_known) {
  const eager__shape *x = call->inputs[0].shape;
  char text[EAGER__SHAPE_TEXT];
  EAGER__TRY(read_band(call, band));
  bool many = band->lower < band->upper;
  EAGER__REQUIRE(x->rank >= 1 + many, EAGER_INVALID_ARGUMENT,
                 "diagonal must be at least %d-dim, received shape: %s", 1 + many,
                 eager__shape_text(x, text));
  *out_batches = x->rank - 1 - many;
  int64_t count = many ? x->dims[x->rank - 2] : 1;
  EAGER__REQUIRE(
      count < 0 || count == band->upper - band->lower + 1, EAGER_INVALID_ARGUMENT,
      "The number of diagonals provided in the input does not match the "
      "lower_diag_index and upper_diag_index range: %" PRId64 " instead of %" PRId64,
      count, band->upper - band->lower + 1);
  band->length = x->dims[x->rank - 1];
  *out_known = band->length >= 0;
  return *out_known ? complete(call, band) : EAGER_OK;
}

static eager_status infer_diag(eager__call *call) {
  eager__result *out = &call->outputs[0];
  eager__band band;
  int batches;
  bool known;
  EAGER__TRY(read_diag(call, &band, &batches, &known));
  EAGER__REQUIRE(batches + 2 <= EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "the result's rank is more than %d", EAGER__MAX_RANK);
  out->dtype = call->dtype;
  out->shape = *call->inputs[0].shape;
  out->shape.rank = batches + 2;
  out->shape.dims[batches] = known ? band.rows : -1;
  out->shape.dims[batches + 1] = known ? band.columns : -1;
  return EAGER_OK;
}

static eager_status launch_diag(eager__call *call, eager__commands *commands) {
  eager__band band;
  int batches;
  bool known;
  EAGER__TRY(read_diag(call, &band, &batches, &known));
  uint64_t padding = read_padding(call);
  return eager__add_band(commands, "matrix_diag", &padding, &band, band.columns);
}

/* --- MatrixDiagPart --- */

/* The band of matrices `x`, whose extents are known unless rows or columns is -1. */
static eager_status read_matrices(const eager__call *call, eager__band *band) {
  const eager__shape *x = call->inputs[0].shape;
  char text[EAGER__SHAPE_TEXT];
  EAGER__TRY(read_band(call, band));
  EAGER__REQUIRE(x->rank >= 2, EAGER_INVALID_ARGUMENT,
                 "input must be at least 2-dim, received shape: %s",
                 eager__shape_text(x, text));
  band->rows = x->dims[x->rank - 2];
  band->columns = x->dims[x->rank - 1];
  band->length = -1;
  if (band->rows < 0 || band->columns < 0) return EAGER_OK;
  int64_t k[2] = {band->lower, band->upper};
  for (int i = 0; i < 2; i++)
    EAGER__REQUIRE((k[i] > -band->rows && k[i] < band->columns) || k[i] == 0,
                   EAGER_INVALID_ARGUMENT,
                   "%s_diag_index is out of bound: %" PRId64 ". It must be between %" PRId64
                   " and %" PRId64,
                   i == 0 ? "lower" : "upper", k[i], -band->rows, band->columns);
  band->length =
      least(band->rows + least(band->upper, 0), band->columns - most(band->lower, 0));
  return EAGER_OK;
}

/* The shape of the diagonals of the matrices of input 0. */
static eager_status diagonals_of(const eager__call *call, const eager__band *band,
                                 eager__shape *out) {
  *out = *call->inputs[0].shape;
  out->rank -= 2;
  if (band->lower < band->upper) out->dims[out->rank++] = band->upper - band->lower + 1;
  out->dims[out->rank++] = band->length;
  return EAGER_OK;
}

static eager_status infer_part(eager__call *call) {
  eager__band band;
  EAGER__TRY(read_matrices(call, &band));
  call->outputs[0].dtype = call->dtype;
  return diagonals_of(call, &band, &call->outputs[0].shape);
}

static eager_status launch_part(eager__call *call, eager__commands *commands) {
  eager__band band;
  EAGER__TRY(read_matrices(call, &band));
  uint64_t padding = read_padding(call);
  return eager__add_band(commands, "matrix_diag_part", &padding, &band, band.length);
}

/* --- MatrixSetDiag --- */

static eager_status infer_set(eager__call *call) {
  const eager__shape *diagonal = call->inputs[1].shape;
  eager__band band;
  eager__shape wanted;
  char text[EAGER__SHAPE_TEXT], text_wanted[EAGER__SHAPE_TEXT];
  EAGER__TRY(read_matrices(call, &band));
  EAGER__TRY(diagonals_of(call, &band, &wanted));
  bool agree = diagonal->rank == wanted.rank;
  for (int i = 0; agree && i < wanted.rank; i++)
    agree =
        wanted.dims[i] == diagonal->dims[i] || wanted.dims[i] < 0 || diagonal->dims[i] < 0;
  EAGER__REQUIRE(
      agree, EAGER_INVALID_ARGUMENT,
      "Dimension mismatch between input and diagonal: expected diagonal of shape "
      "%s, received %s",
      eager__shape_text(&wanted, text_wanted), eager__shape_text(diagonal, text));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status launch_set(eager__call *call, eager__commands *commands) {
  eager__band band;
  EAGER__TRY(read_matrices(call, &band));
  return eager__add_band(commands, "matrix_set_diag", NULL, &band, band.columns);
}

enum { DIAG, DIAG_V2, DIAG_V3, PART, PART_V2, PART_V3, SET, SET_V2, SET_V3, COUNT };
static const eager__op ops[COUNT] = {
    [DIAG] = {.name = "MatrixDiag",
              .typed = "eager_matrix_diag",
              .inputs = {{.name = "diagonal"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .infer = infer_diag,
              .launch = launch_diag},
    [DIAG_V2] = {.name = "MatrixDiagV2",
                 .typed = "eager_matrix_diag",
                 .inputs = {{.name = "diagonal"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "k", EAGER__ATTR_INT_LIST},
                           {.name = "num_rows", EAGER__ATTR_INT, -1},
                           {.name = "num_cols", EAGER__ATTR_INT, -1},
                           {.name = "padding_value", EAGER__ATTR_NUMBER}},
                 .infer = infer_diag,
                 .launch = launch_diag},
    [DIAG_V3] = {.name = "MatrixDiagV3",
                 .typed = "eager_matrix_diag",
                 .inputs = {{.name = "diagonal"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "k", EAGER__ATTR_INT_LIST},
                           {.name = "num_rows", EAGER__ATTR_INT, -1},
                           {.name = "num_cols", EAGER__ATTR_INT, -1},
                           {.name = "padding_value", EAGER__ATTR_NUMBER},
                           {.name = "align", EAGER__ATTR_STRING, .text = "RIGHT_LEFT"}},
                 .infer = infer_diag,
                 .launch = launch_diag},
    [PART] = {.name = "MatrixDiagPart",
              .typed = "eager_matrix_diag_part",
              .inputs = {{.name = "input"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .infer = infer_part,
              .launch = launch_part},
    [PART_V2] = {.name = "MatrixDiagPartV2",
                 .typed = "eager_matrix_diag_part",
                 .inputs = {{.name = "input"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "k", EAGER__ATTR_INT_LIST},
                           {.name = "padding_value", EAGER__ATTR_NUMBER}},
                 .infer = infer_part,
                 .launch = launch_part},
    [PART_V3] = {.name = "MatrixDiagPartV3",
                 .typed = "eager_matrix_diag_part",
                 .inputs = {{.name = "input"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "k", EAGER__ATTR_INT_LIST},
                           {.name = "padding_value", EAGER__ATTR_NUMBER},
                           {.name = "align", EAGER__ATTR_STRING, .text = "RIGHT_LEFT"}},
                 .infer = infer_part,
                 .launch = launch_part},
    [SET] = {.name = "MatrixSetDiag",
             .typed = "eager_matrix_set_diag",
             .inputs = {{.name = "input"}, {.name = "diagonal"}},
             .dtypes = EAGER__ANY,
             .moves_only = true,
             .infer = infer_set,
             .launch = launch_set},
    [SET_V2] = {.name = "MatrixSetDiagV2",
                .typed = "eager_matrix_set_diag",
                .inputs = {{.name = "input"}, {.name = "diagonal"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "k", EAGER__ATTR_INT_LIST}},
                .infer = infer_set,
                .launch = launch_set},
    [SET_V3] = {.name = "MatrixSetDiagV3",
                .typed = "eager_matrix_set_diag",
                .inputs = {{.name = "input"}, {.name = "diagonal"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "k", EAGER__ATTR_INT_LIST},
                          {.name = "align", EAGER__ATTR_STRING, .text = "RIGHT_LEFT"}},
                .infer = infer_set,
                .launch = launch_set},
};
const eager__op_list eager__ops_matrix_diag = {ops, COUNT};

static void set_k(eager__call *call, const eager_matrix_diag_options *options) {
  if (!options) return;
  eager__call_set_ints(call, "k", options->k, 2);
}

static void set_align(eager__call *call, const eager_matrix_diag_options *options) {
  if (options && options->align) eager__call_set_string(call, "align", options->align);
}

eager_status eager_matrix_diag(eager_tensor *diagonal,
                               const eager_matrix_diag_options *options,
                               eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[DIAG_V3], &diagonal, 1));
  set_k(&call, options);
  set_align(&call, options);
  if (options && options->num_rows)
    eager__call_set_int(&call, "num_rows", options->num_rows);
  if (options && options->num_cols)
    eager__call_set_int(&call, "num_cols", options->num_cols);
  if (options) eager__call_set_float(&call, "padding_value", options->padding_value);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_matrix_diag_part(eager_tensor *x,
                                    const eager_matrix_diag_options *options,
                                    eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[PART_V3], &x, 1));
  set_k(&call, options);
  set_align(&call, options);
  if (options) eager__call_set_float(&call, "padding_value", options->padding_value);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_matrix_set_diag(eager_tensor *x, eager_tensor *diagonal,
                                   const eager_matrix_diag_options *options,
                                   eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SET_V3], (eager_tensor *[]){x, diagonal}, 2));
  set_k(&call, options);
  set_align(&call, options);
  return eager__call_run(&call, NULL, out, 1);
}
