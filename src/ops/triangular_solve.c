/* MatrixTriangularSolve, and CholeskySolve, which is two of them. */
#include "eagercl/ops.h"
#include "ops/factor.h"
#include "runtime/run.h"

static eager_status infer(eager__call *call) {
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  EAGER__TRY(eager__check_matrices(call, 0, true));
  EAGER__TRY(eager__check_matrices(call, 1, false));
  int64_t n = a->dims[a->rank - 1], rows = b->dims[b->rank - 2];
  EAGER__REQUIRE(n == rows || n < 0 || rows < 0, EAGER_INVALID_ARGUMENT,
                 "In[0] mismatch In[1] shape: In[0]: %s, In[1]: %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  eager__shape a_batch = eager__batch_of(a), b_batch = eager__batch_of(b);
  eager__shape *out = &call->outputs[0].shape;
  if (eager__shape_broadcast(&a_batch, &b_batch, out) != EAGER_OK)
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
                eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  out->dims[out->rank++] = rows;
  out->dims[out->rank++] = b->dims[b->rank - 1];
  call->outputs[0].dtype = call->dtype;
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  bool adjoint = eager__attr_get(call, "adjoint")->i != 0;
  bool lower = eager__attr_get(call, "lower")->i != 0;
  eager__shape batch = eager__batch_of(&call->outputs[0].shape);
  eager__shape a_batch = eager__batch_of(call->inputs[0].shape);
  eager__stack own = eager__stack_of(call, 0, &a_batch);
  eager__stack a = eager__stack_of(call, 0, &batch), b = eager__stack_of(call, 1, &batch);
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "Input matrix is not invertible. (matrix # of the batch)");
  EAGER__TRY(eager__add_diagonal_check(commands, &own.at, call->dtype, own.count, a.rows));
  if (eager__work_dtype(call->dtype) != call->dtype) {
    eager__work copy = eager__work_scratch(commands, own.count, a.rows, a.rows);
    EAGER__TRY(eager__work_load(commands, &own, false, false, &copy));
    a.at = copy.at;
  }
  eager__work work = eager__work_output(commands, b.count, b.rows, b.columns);
  EAGER__TRY(eager__work_load(commands, &b, false, false, &work));
  eager__triangle triangle = {.x = a,
                              .row = adjoint ? 1 : a.rows,
                              .col = adjoint ? a.rows : 1,
                              .upper = lower == adjoint};
  EAGER__TRY(eager__add_triangle(commands, &triangle, &work));
  return eager__work_store(commands, &work, false);
}

static const eager__op *solve_op(void);

static eager_status run(const eager__call *outer, eager_tensor *a, eager_tensor *b,
                        bool adjoint, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin_inner(&call, solve_op(), outer, (eager_tensor *[]){a, b}, 2));
  eager__call_set_int(&call, "adjoint", adjoint);
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status compose_cholesky(eager__call *call, eager_tensor **outputs) {
  eager_tensor *l = call->inputs[0].tensor, *y;
  EAGER__TRY(run(call, l, call->inputs[1].tensor, false, &y));
  eager_status status = run(call, l, y, true, outputs);
  eager_tensor_release(y);
  return status;
}

static const eager__op ops[] = {
    {.name = "MatrixTriangularSolve",
     .typed = "eager_triangular_solve",
     .inputs = {{.name = "matrix"}, {.name = "rhs"}},
     .dtypes = EAGER__FLOATS,
     .checked = true,
     .attrs = {{.name = "lower", .kind = EAGER__ATTR_BOOL, .number = 1},
               {.name = "adjoint", .kind = EAGER__ATTR_BOOL}},
     .infer = infer,
     .launch = launch},
    {.name = "CholeskySolve",
     .typed = "eager_cholesky_solve",
     .inputs = {{.name = "chol"}, {.name = "rhs"}},
     .dtypes = EAGER__FLOATS,
     .checked = true,
     .infer = infer,
     .compose = compose_cholesky},
};
const eager__op_list eager__ops_triangular_solve = {ops, 2};

static const eager__op *solve_op(void) {
  return &ops[0];
}

eager_status eager_triangular_solve(eager_tensor *matrix, eager_tensor *rhs, bool lower,
                                    bool adjoint, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[0], (eager_tensor *[]){matrix, rhs}, 2));
  eager__call_set_int(&call, "lower", lower);
  eager__call_set_int(&call, "adjoint", adjoint);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_cholesky_solve(eager_tensor *chol, eager_tensor *rhs,
                                  eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[1], (eager_tensor *[]){chol, rhs}, 2));
  return eager__call_run(&call, NULL, out, 1);
}
