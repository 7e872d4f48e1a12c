/* MatrixInverse MatrixSolve MatrixDeterminant LogMatrixDeterminant: by LU with partial
 * pivoting. */
#include "eagercl/ops.h"
#include "ops/factor.h"
#include "ops/families.h"
#include "runtime/run.h"

static bool is_adjoint(const eager__call *call) {
  return eager__attr_get(call, "adjoint")->i != 0;
}

/* --- Shapes --- */

static eager_status infer_inverse(eager__call *call) {
  EAGER__TRY(eager__check_matrices(call, 0, true));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status infer_solve(eager__call *call) {
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  EAGER__TRY(eager__check_matrices(call, 0, true));
  EAGER__TRY(eager__check_matrices(call, 1, false));
  bool alike = a->rank == b->rank;
  for (int d = 0; d < a->rank - 2 && alike; d++)
    alike = a->dims[d] == b->dims[d] || a->dims[d] < 0 || b->dims[d] < 0;
  EAGER__REQUIRE(alike, EAGER_INVALID_ARGUMENT,
                 "All input tensors must have the same outer dimensions: %s vs. %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  int64_t n = a->dims[a->rank - 1], rows = b->dims[b->rank - 2];
  EAGER__REQUIRE(n == rows || n < 0 || rows < 0, EAGER_INVALID_ARGUMENT,
                 "Input matrix and rhs are incompatible: %s vs. %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *b;
  return EAGER_OK;
}

static eager_status infer_determinant(eager__call *call) {
  EAGER__TRY(eager__check_matrices(call, 0, true));
  for (int i = 0; i < call->output_count; i++) {
    call->outputs[i].dtype = call->dtype;
    call->outputs[i].shape = eager__batch_of(call->inputs[0].shape);
  }
  return EAGER_OK;
}

/* --- Commands --- */

static eager_status factor_input(eager__call *call, eager__commands *commands,
                                 bool transpose, eager__lu *out) {
  eager__shape batch = eager__batch_of(call->inputs[0].shape);
  eager__stack x = eager__stack_of(call, 0, &batch);
  eager__work work = eager__work_scratch(commands, x.count, x.rows, x.rows);
  EAGER__TRY(eager__work_load(commands, &x, transpose, false, &work));
  return eager__add_lu(commands, &work, out);
}

/* The right-hand sides, or the columns of a unit matrix, with the rows as in `lu`. */
static eager_status add_permute(eager__commands *commands, const eager__lu *lu,
                                bool is_unit, const eager__work *to) {
  eager__factor s = {.n = to->rows, .count = to->count, .columns = to->columns};
  eager__kernel_begin(commands, &eager__family_factor, commands->call->dtype,
                      "matrix_permute");
  eager__arg_input(commands, is_unit ? 0 : 1);
  eager__arg_scratch(commands, lu->order);
  eager__arg_at(commands, &to->at);
  eager__arg_bytes(commands, &s, sizeof s);
  eager__arg_int(commands, is_unit);
  return eager__kernel_end(commands,
                           eager__factor_grid(commands, s.count * s.n * s.columns));
}

static eager_status solve(eager__call *call, eager__commands *commands, bool is_unit) {
  const eager__shape *out = &call->outputs[0].shape;
  eager__lu lu;
  EAGER__TRY(factor_input(call, commands, is_adjoint(call), &lu));
  int64_t n = lu.work.rows;
  EAGER__TRY(
      eager__add_diagonal_check(commands, &lu.work.at, lu.work.dtype, lu.work.count, n));
  eager__work x = eager__work_output(commands, lu.work.count, n, out->dims[out->rank - 1]);
  EAGER__TRY(add_permute(commands, &lu, is_unit, &x));
  eager__triangle triangle = {
      .x = eager__stack_of_work(&lu.work), .row = n, .col = 1, .unit = true};
  EAGER__TRY(eager__add_triangle(commands, &triangle, &x));
  triangle.unit = false;
  triangle.upper = true;
  EAGER__TRY(eager__add_triangle(commands, &triangle, &x));
  return eager__work_store(commands, &x, false);
}

static eager_status launch_inverse(eager__call *call, eager__commands *commands) {
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "Input is not invertible. (matrix # of the batch)");
  return solve(call, commands, true);
}

static eager_status launch_solve(eager__call *call, eager__commands *commands) {
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "Input matrix is not invertible. (matrix # of the batch)");
  return solve(call, commands, false);
}

/* The product of no factors is 1. */
static eager_status fill_without_rows(eager__call *call, eager__commands *commands) {
  uint8_t one[8] = {0}, zero[8] = {0};
  size_t size = eager_dtype_size(call->dtype);
  eager__encode_int(call->dtype, 1, one);
  EAGER__TRY(eager__add_fill(commands, 0, one, size));
  return call->output_count == 1 ? EAGER_OK : eager__add_fill(commands, 1, zero, size);
}

static eager_status launch_determinant(eager__call *call, eager__commands *commands) {
  if (eager__shape_elements(call->inputs[0].shape) == 0)
    return fill_without_rows(call, commands);
  bool is_log = call->output_count == 2;
  eager__lu lu;
  EAGER__TRY(factor_input(call, commands, false, &lu));
  eager__factor s = {.n = lu.work.rows, .count = lu.work.count};
  /* float32 works of 16-bit matrices are rounded on the way out, by a kernel of theirs. */
  eager__kernel_begin(commands, &eager__family_factor, call->dtype, "lu_determinant");
  eager__arg_at(commands, &lu.work.at);
  eager__arg_scratch(commands, lu.swaps);
  eager__arg_output(commands, 0);
  eager__arg_output(commands, is_log ? 1 : 0);
  eager__arg_bytes(commands, &s, sizeof s);
  eager__arg_int(commands, is_log);
  return eager__kernel_end(commands, eager__factor_grid(commands, s.count));
}

#define ADJOINT                                                                            \
  {                                                                                        \
    { .name = "adjoint", .kind = EAGER__ATTR_BOOL }                                        \
  }

enum { INVERSE, SOLVE, DETERMINANT, LOG_DETERMINANT, COUNT };
static const eager__op ops[COUNT] = {
    [INVERSE] = {.name = "MatrixInverse",
                 .typed = "eager_inv",
                 .inputs = {{.name = "input"}},
                 .dtypes = EAGER__FLOATS,
                 .checked = true,
                 .attrs = ADJOINT,
                 .infer = infer_inverse,
                 .launch = launch_inverse},
    [SOLVE] = {.name = "MatrixSolve",
               .typed = "eager_solve",
               .inputs = {{.name = "matrix"}, {.name = "rhs"}},
               .dtypes = EAGER__FLOATS,
               .checked = true,
               .attrs = ADJOINT,
               .infer = infer_solve,
               .launch = launch_solve},
    [DETERMINANT] = {.name = "MatrixDeterminant",
                     .typed = "eager_det",
                     .inputs = {{.name = "input"}},
                     .dtypes = EAGER__FLOATS,
                     .infer = infer_determinant,
                     .launch = launch_determinant},
    [LOG_DETERMINANT] = {.name = "LogMatrixDeterminant",
                         .typed = "eager_slogdet",
                         .inputs = {{.name = "input"}},
                         .outputs = 2,
                         .dtypes = EAGER__FLOATS,
                         .infer = infer_determinant,
                         .launch = launch_determinant},
};
const eager__op_list eager__ops_lu = {ops, COUNT};

eager_status eager_inv(eager_tensor *x, bool adjoint, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[INVERSE], &x, 1));
  eager__call_set_int(&call, "adjoint", adjoint);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_solve(eager_tensor *matrix, eager_tensor *rhs, bool adjoint,
                         eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SOLVE], (eager_tensor *[]){matrix, rhs}, 2));
  eager__call_set_int(&call, "adjoint", adjoint);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_det(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[DETERMINANT], &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_slogdet(eager_tensor *x, eager_tensor **out_sign,
                           eager_tensor **out_log_abs_det) {
  eager_tensor *both[2] = {NULL, NULL};
  if (out_sign) *out_sign = NULL;
  if (out_log_abs_det) *out_log_abs_det = NULL;
  EAGER__REQUIRE(out_sign && out_log_abs_det, EAGER_INVALID_ARGUMENT,
                 "LogMatrixDeterminant has 2 outputs: the place to put them is NULL or too "
                 "small [Op:LogMatrixDeterminant]");
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[LOG_DETERMINANT], &x, 1));
  EAGER__TRY(eager__call_run(&call, NULL, both, 2));
  *out_sign = both[0];
  *out_log_abs_det = both[1];
  return EAGER_OK;
}
