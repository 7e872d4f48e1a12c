/* Fill, ZerosLike, OnesLike, Zeros, Ones: one value everywhere. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/moves.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

static eager_status infer_fill(eager__call *call) {
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(call->inputs[0].shape->rank == 0, EAGER_INVALID_ARGUMENT,
                 "value must be a scalar, got shape %s",
                 eager__shape_text(call->inputs[0].shape, text));
  call->outputs[0].dtype = call->dtype;
  return eager__shape_attr_get(call, "dims", call->dtype, &call->outputs[0].shape);
}

/* The value is on the device, so its bytes are not known here: a kernel spreads it. */
static eager_status launch_fill(eager__call *call, eager__commands *commands) {
  eager__kernel_begin(commands, &eager__family_array, eager__move_dtype(call->dtype),
                      "fill");
  eager__spread spread =
      eager__spread_make(commands, 1, eager__shape_elements(&call->outputs[0].shape));
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

static eager_status infer_like(eager__call *call) {
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status infer_made(eager__call *call) {
  call->dtype = (eager_dtype)eager__attr_get(call, "dtype")->i;
  call->outputs[0].dtype = call->dtype;
  return eager__shape_attr_get(call, "shape", call->dtype, &call->outputs[0].shape);
}

static eager_status launch_like(eager__call *call, eager__commands *commands) {
  const int *value = call->op->data;
  uint64_t pattern = 0;
  eager__encode_int(call->dtype, *value, &pattern);
  return eager__add_fill(commands, 0, &pattern, eager_dtype_size(call->dtype));
}

enum { FILL, ZEROS_LIKE, ONES_LIKE, ZEROS, ONES, COUNT };
static const int zero = 0, one = 1;
static const eager__op ops[COUNT] = {
    [FILL] = {.name = "Fill",
              .typed = "eager_fill",
              .inputs = {{.name = "value"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "dims", EAGER__ATTR_INT_LIST, .required = true}},
              .infer = infer_fill,
              .launch = launch_fill},
    [ZEROS_LIKE] = {.name = "ZerosLike",
                    .typed = "eager_zeros_like",
                    .inputs = {{.name = "x"}},
                    .dtypes = EAGER__ANY,
                    .moves_only = true,
                    .infer = infer_like,
                    .launch = launch_like,
                    .data = &zero},
    [ONES_LIKE] = {.name = "OnesLike",
                   .typed = "eager_ones_like",
                   .inputs = {{.name = "x"}},
                   .dtypes = EAGER__ANY,
                   .moves_only = true,
                   .infer = infer_like,
                   .launch = launch_like,
                   .data = &one},
    [ZEROS] = {.name = "Zeros",
               .typed = "eager_zeros",
               .dtypes = EAGER__ANY,
               .moves_only = true,
               .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true},
                         {.name = "dtype", EAGER__ATTR_DTYPE, EAGER_FLOAT32}},
               .infer = infer_made,
               .launch = launch_like,
               .data = &zero},
    [ONES] = {.name = "Ones",
              .typed = "eager_ones",
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true},
                        {.name = "dtype", EAGER__ATTR_DTYPE, EAGER_FLOAT32}},
              .infer = infer_made,
              .launch = launch_like,
              .data = &one},
};
const eager__op_list eager__ops_fill = {ops, COUNT};

eager_status eager_fill(int rank, const int64_t *dims, eager_tensor *value,
                        eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[FILL], &value, 1));
  eager__call_set_ints(&call, "dims", dims, (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_zeros_like(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[ZEROS_LIKE], &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_ones_like(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[ONES_LIKE], &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status make(const eager__op *op, int rank, const int64_t *dims,
                         eager_dtype dtype, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, op, NULL, 0));
  eager__call_set_ints(&call, "shape", dims, (size_t)rank);
  eager__call_set_int(&call, "dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_zeros(int rank, const int64_t *dims, eager_dtype dtype,
                         eager_tensor **out) {
  return make(&ops[ZEROS], rank, dims, dtype, out);
}

eager_status eager_ones(int rank, const int64_t *dims, eager_dtype dtype,
                        eager_tensor **out) {
  return make(&ops[ONES], rank, dims, dtype, out);
}
