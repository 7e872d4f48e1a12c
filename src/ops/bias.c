/* BiasAdd and BiasAddGrad. The sum is an elementwise kernel's; the gradient is Sum's. */
#include <string.h>

#include "eagercl/ops.h"
#include "ops/elementwise_kernel.h"
#include "ops/families.h"
#include "ops/registry.h"
#include "runtime/run.h"

static const eager__elementwise add = {
    .flat = "bias_add",
    .walk = "bias_add_walk",
    .expression = "S(U(a) + U(b))",
    .inputs = 2,
};

static void write_kernels(eager_dtype dtype, eager__strbuf *source) {
  (void)dtype;
  eager__elementwise_write(&add, source);
}

const eager__family eager__family_bias = {
    .name = "bias", .files = {"words", "elementwise"}, .write_tail = write_kernels};

static eager_status channel_axis(const eager__call *call, int *out_axis) {
  static const char *const formats[] = {"NHWC", "NDHWC", "NCHW", "NCDHW"};
  const char *format = eager__attr_get(call, "data_format")->text;
  const eager__shape *x = call->inputs[0].shape;
  char text[EAGER__SHAPE_TEXT];
  int known = 0;
  while (known < 4 && strcmp(format, formats[known]) != 0) known++;
  EAGER__REQUIRE(known < 4, EAGER_INVALID_ARGUMENT,
                 "Invalid data format \"%s\"; allowed: NHWC, NCHW, NDHWC, NCDHW", format);
  EAGER__REQUIRE(x->rank >= 2, EAGER_INVALID_ARGUMENT,
                 "Input tensor must be at least 2D: %s", eager__shape_text(x, text));
  *out_axis = known < 2 ? x->rank - 1 : 1;
  return EAGER_OK;
}

/* --- Forward --- */

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape, *bias = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  int axis;
  EAGER__TRY(channel_axis(call, &axis));
  EAGER__REQUIRE(bias->rank == 1, EAGER_INVALID_ARGUMENT, "Biases must be 1D: %s",
                 eager__shape_text(bias, text[0]));
  int64_t a = x->dims[axis], b = bias->dims[0];
  EAGER__REQUIRE(a == b || a < 0 || b < 0, EAGER_INVALID_ARGUMENT,
                 "Must provide as many biases as the channel dimension of the input "
                 "tensor: %s vs. %lld in %s",
                 eager__shape_text(bias, text[0]), (long long)a,
                 eager__shape_text(x, text[1]));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape, *bias = call->inputs[1].shape;
  int axis;
  EAGER__TRY(channel_axis(call, &axis));
  eager__shape wide = {.rank = x->rank - axis};
  for (int d = 1; d < wide.rank; d++) wide.dims[d] = 1;
  wide.dims[0] = x->dims[axis];
  call->inputs[1].shape = &wide; /* so that it broadcasts */
  eager_status status =
      eager__elementwise_launch(commands, &add, &eager__family_bias, call->dtype);
  call->inputs[1].shape = bias;
  return status;
}

/* --- Backward --- */

static eager_status infer_grad(eager__call *call) {
  int axis;
  EAGER__TRY(channel_axis(call, &axis));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = (eager__shape){1, {call->inputs[0].shape->dims[axis]}};
  return EAGER_OK;
}

static eager_status compose_grad(eager__call *call, eager_tensor **outputs) {
  int64_t axes[EAGER__MAX_RANK];
  size_t count = 0;
  int axis;
  EAGER__TRY(channel_axis(call, &axis));
  for (int d = 0; d < call->inputs[0].shape->rank; d++)
    if (d != axis) axes[count++] = d;
  eager__call sum;
  EAGER__TRY(eager__call_begin_inner(&sum, eager__registry_find("Sum"), call,
                                     &call->inputs[0].tensor, 1));
  eager__call_set_ints(&sum, "axis", axes, count);
  return eager__call_run(&sum, NULL, outputs, 1);
}

/* --- The ops --- */

#define FORMAT                                                                             \
  { .name = "data_format", EAGER__ATTR_STRING, .text = "NHWC" }

enum { FORWARD, BACKWARD, COUNT };
static const eager__op ops[COUNT] = {
    [FORWARD] = {.name = "BiasAdd",
                 .typed = "eager_bias_add",
                 .inputs = {{.name = "value"}, {.name = "bias"}},
                 .dtypes = EAGER__NUMBERS,
                 .attrs = {FORMAT},
                 .infer = infer,
                 .launch = launch},
    [BACKWARD] = {.name = "BiasAddGrad",
                  .typed = "eager_bias_add_grad",
                  .inputs = {{.name = "out_backprop"}},
                  .dtypes = EAGER__NUMBERS,
                  .attrs = {FORMAT},
                  .infer = infer_grad,
                  .compose = compose_grad},
};
const eager__op_list eager__ops_bias = {ops, COUNT};

static eager_status run(int op, eager_tensor *const *inputs, int count, const char *format,
                        eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], inputs, count));
  if (format != NULL) eager__call_set_string(&call, "data_format", format);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_bias_add(eager_tensor *value, eager_tensor *bias,
                            const char *data_format, eager_tensor **out) {
  return run(FORWARD, (eager_tensor *[]){value, bias}, 2, data_format, out);
}

eager_status eager_bias_add_grad(eager_tensor *out_backprop, const char *data_format,
                                 eager_tensor **out) {
  return run(BACKWARD, &out_backprop, 1, data_format, out);
}
