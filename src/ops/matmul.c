/* MatMul of two matrices, each read transposed if asked for. */
#include "eagercl/ops.h"
#include "ops/gemm.h"
#include "runtime/run.h"

static eager_status infer(eager__call *call) {
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  for (int i = 0; i < 2; i++) {
    const eager__shape *x = call->inputs[i].shape;
    EAGER__REQUIRE(x->rank == 2, EAGER_INVALID_ARGUMENT,
                   "In[%d] is not a matrix. Instead it has shape %s", i,
                   eager__shape_text(x, text[i]));
  }
  bool transpose_a = eager__attr_get(call, "transpose_a")->i != 0;
  bool transpose_b = eager__attr_get(call, "transpose_b")->i != 0;
  int64_t k = a->dims[!transpose_a], b_k = b->dims[transpose_b];
  EAGER__REQUIRE(k == b_k || k < 0 || b_k < 0, EAGER_INVALID_ARGUMENT,
                 "Matrix size-incompatible: In[0]: %s, In[1]: %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = (eager__shape){2, {a->dims[transpose_a], b->dims[!transpose_b]}};
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  bool transpose_a = eager__attr_get(call, "transpose_a")->i != 0;
  bool transpose_b = eager__attr_get(call, "transpose_b")->i != 0;
  const eager__shape *c = &call->outputs[0].shape;
  eager__product p = {.dtype = call->dtype,
                      .m = c->dims[0],
                      .n = c->dims[1],
                      .k = call->inputs[0].shape->dims[!transpose_a]};
  p.a = eager__matrix_dense((eager__spot){EAGER__PLACE_INPUT, 0, 0}, p.m, p.k, transpose_a);
  p.b = eager__matrix_dense((eager__spot){EAGER__PLACE_INPUT, 1, 0}, p.k, p.n, transpose_b);
  p.c = eager__matrix_dense((eager__spot){EAGER__PLACE_OUTPUT, 0, 0}, p.m, p.n, false);
  return eager__add_product(commands, &p);
}

static const eager__op ops[] = {
    {.name = "MatMul",
     .typed = "eager_matmul",
     .inputs = {{.name = "a"}, {.name = "b"}},
     .dtypes = EAGER__NUMBERS,
     .attrs = {{.name = "transpose_a", .kind = EAGER__ATTR_BOOL},
               {.name = "transpose_b", .kind = EAGER__ATTR_BOOL}},
     .infer = infer,
     .launch = launch},
};
const eager__op_list eager__ops_matmul = {ops, 1};

eager_status eager_matmul(eager_tensor *a, bool transpose_a, eager_tensor *b,
                          bool transpose_b, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[0], (eager_tensor *[]){a, b}, 2));
  eager__call_set_int(&call, "transpose_a", transpose_a);
  eager__call_set_int(&call, "transpose_b", transpose_b);
  return eager__call_run(&call, NULL, out, 1);
}
