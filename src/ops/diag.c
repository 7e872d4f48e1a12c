/* Diag, DiagPart, MatrixBandPart, Eye: the main diagonal and what lies around it. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/band.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

/* --- Diag, DiagPart: tensors of any rank as diagonals of ones of twice the rank --- */

static eager__band square_band(int64_t extent) {
  return (eager__band){.rows = extent,
                       .columns = extent,
                       .length = extent,
                       .upper_left = true,
                       .lower_left = true};
}

static eager_status infer_diag(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  eager__result *out = &call->outputs[0];
  EAGER__REQUIRE(x->rank >= 1 && 2 * x->rank <= EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "diagonal must have a rank from 1 to %d, got %d", EAGER__MAX_RANK / 2,
                 x->rank);
  out->dtype = call->dtype;
  out->shape.rank = 2 * x->rank;
  for (int i = 0; i < out->shape.rank; i++) out->shape.dims[i] = x->dims[i % x->rank];
  return EAGER_OK;
}

static eager_status launch_diag(eager__call *call, eager__commands *commands) {
  uint64_t zero = 0;
  eager__band band = square_band(eager__shape_elements(call->inputs[0].shape));
  return eager__add_band(commands, "matrix_diag", &zero, &band, band.columns);
}

static eager_status infer_diag_part(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  eager__result *out = &call->outputs[0];
  int half = x->rank / 2;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(x->rank >= 2 && x->rank % 2 == 0, EAGER_INVALID_ARGUMENT,
                 "The rank of the tensor should be even and positive, got shape %s",
                 eager__shape_text(x, text));
  out->dtype = call->dtype;
  out->shape.rank = half;
  for (int i = 0; i < half; i++) {
    int64_t a = x->dims[i], b = x->dims[i + half];
    EAGER__REQUIRE(a == b || a < 0 || b < 0, EAGER_INVALID_ARGUMENT,
                   "Invalid shape %s: dimensions %d and %d do not match.",
                   eager__shape_text(x, text), i, i + half);
    out->shape.dims[i] = a < 0 ? b : a;
  }
  return EAGER_OK;
}

static eager_status launch_diag_part(eager__call *call, eager__commands *commands) {
  uint64_t zero = 0;
  eager__band band = square_band(eager__shape_elements(&call->outputs[0].shape));
  return eager__add_band(commands, "matrix_diag_part", &zero, &band, band.length);
}

/* --- MatrixBandPart --- */

/* Extents of unknown matrices are -1 and then not compared with. */
static eager_status read_part(const eager__call *call, eager__band *band) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t lower = eager__attr_get(call, "num_lower")->i;
  int64_t upper = eager__attr_get(call, "num_upper")->i;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(x->rank >= 2, EAGER_INVALID_ARGUMENT,
                 "input must be at least 2-dim, received shape: %s",
                 eager__shape_text(x, text));
  int64_t rows = x->dims[x->rank - 2], columns = x->dims[x->rank - 1];
  EAGER__REQUIRE(rows < 0 || lower <= rows, EAGER_INVALID_ARGUMENT,
                 "num_lower must be negative or less or equal to number of rows (%" PRId64
                 ") got: %" PRId64,
                 rows, lower);
  EAGER__REQUIRE(columns < 0 || upper <= columns, EAGER_INVALID_ARGUMENT,
                 "num_upper must be negative or less or equal to number of columns "
                 "(%" PRId64 ") got: %" PRId64,
                 columns, upper);
  *band = (eager__band){.rows = rows,
                        .columns = columns,
                        .lower = lower < 0 ? -rows : -lower,
                        .upper = upper < 0 ? columns : upper};
  return EAGER_OK;
}

static eager_status infer_band_part(eager__call *call) {
  eager__band band;
  EAGER__TRY(read_part(call, &band));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  call->outputs[0].view_of = eager__attr_get(call, "num_lower")->i < 0 &&
                             eager__attr_get(call, "num_upper")->i < 0;
  return EAGER_OK;
}

static eager_status launch_band_part(eager__call *call, eager__commands *commands) {
  eager__band band;
  EAGER__TRY(read_part(call, &band));
  return eager__add_band(commands, "matrix_band_part", NULL, &band, band.columns);
}

/* --- Eye --- */

static eager_status infer_eye(eager__call *call) {
  eager_dtype dtype = (eager_dtype)eager__attr_get(call, "dtype")->i;
  int64_t rows = eager__attr_get(call, "num_rows")->i;
  const eager__attr *columns = eager__attr_get(call, "num_columns"), *batch;
  int64_t dims[EAGER__MAX_RANK];
  EAGER__TRY(eager__list_attr_get(call, "batch_shape", EAGER__MAX_RANK - 2, &batch));
  for (size_t i = 0; i < batch->count; i++) dims[i] = batch->ints[i];
  EAGER__REQUIRE(rows >= 0, EAGER_INVALID_ARGUMENT,
                 "num_rows must be non-negative, got %" PRId64, rows);
  EAGER__REQUIRE(
      columns->i >= -1, EAGER_INVALID_ARGUMENT,
      "num_columns must be non-negative, or -1 for as many as rows, got %" PRId64,
      columns->i);
  dims[batch->count] = rows;
  dims[batch->count + 1] = columns->i < 0 ? rows : columns->i;
  call->dtype = dtype;
  call->outputs[0].dtype = dtype;
  return eager__shape_make(dtype, (int)batch->count + 2, dims, &call->outputs[0].shape);
}

static eager_status launch_eye(eager__call *call, eager__commands *commands) {
  const eager__shape *out = &call->outputs[0].shape;
  uint64_t one = 0;
  eager__encode_int(call->dtype, 1, &one);
  eager__band band = {.rows = out->dims[out->rank - 2],
                      .columns = out->dims[out->rank - 1]};
  return eager__add_band(commands, "eye", &one, &band, band.columns);
}

enum { DIAG, DIAG_PART, BAND_PART, EYE, COUNT };
static const eager__op ops[COUNT] = {
    [DIAG] = {.name = "Diag",
              .typed = "eager_diag",
              .inputs = {{.name = "diagonal"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .infer = infer_diag,
              .launch = launch_diag},
    [DIAG_PART] = {.name = "DiagPart",
                   .typed = "eager_diag_part",
                   .inputs = {{.name = "input"}},
                   .dtypes = EAGER__ANY,
                   .moves_only = true,
                   .infer = infer_diag_part,
                   .launch = launch_diag_part},
    [BAND_PART] = {.name = "MatrixBandPart",
                   .typed = "eager_matrix_band_part",
                   .inputs = {{.name = "input"}},
                   .dtypes = EAGER__ANY,
                   .moves_only = true,
                   .attrs = {{.name = "num_lower", EAGER__ATTR_INT, .required = true},
                             {.name = "num_upper", EAGER__ATTR_INT, .required = true}},
                   .infer = infer_band_part,
                   .launch = launch_band_part},
    [EYE] = {.name = "Eye",
             .typed = "eager_eye",
             .dtypes = EAGER__ANY,
             .moves_only = true,
             .attrs = {{.name = "num_rows", EAGER__ATTR_INT, .required = true},
                       {.name = "num_columns", EAGER__ATTR_INT, -1},
                       {.name = "batch_shape", EAGER__ATTR_INT_LIST},
                       {.name = "dtype", EAGER__ATTR_DTYPE, EAGER_FLOAT32}},
             .infer = infer_eye,
             .launch = launch_eye},
};
const eager__op_list eager__ops_diag = {ops, COUNT};

eager_status eager_diag(eager_tensor *diagonal, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[DIAG], &diagonal, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_diag_part(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[DIAG_PART], &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_matrix_band_part(eager_tensor *x, int64_t num_lower, int64_t num_upper,
                                    eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[BAND_PART], &x, 1));
  eager__call_set_int(&call, "num_lower", num_lower);
  eager__call_set_int(&call, "num_upper", num_upper);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_eye(int64_t num_rows, int64_t num_columns, int batch_rank,
                       const int64_t *batch_dims, eager_dtype dtype, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[EYE], NULL, 0));
  eager__call_set_int(&call, "num_rows", num_rows);
  eager__call_set_int(&call, "num_columns", num_columns);
  eager__call_set_ints(&call, "batch_shape", batch_dims, (size_t)batch_rank);
  eager__call_set_int(&call, "dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}
