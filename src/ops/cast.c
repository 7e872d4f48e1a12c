#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/lanes.h"
#include "runtime/run.h"

static const char *const kernels[EAGER__DTYPE_END] = {
    [EAGER_BOOL] = "cast_bool",     [EAGER_FLOAT16] = "cast_float16",
    [EAGER_INT8] = "cast_int8",     [EAGER_BFLOAT16] = "cast_bfloat16",
    [EAGER_INT16] = "cast_int16",   [EAGER_FLOAT32] = "cast_float32",
    [EAGER_INT32] = "cast_int32",   [EAGER_FLOAT64] = "cast_float64",
    [EAGER_INT64] = "cast_int64",   [EAGER_UINT8] = "cast_uint8",
    [EAGER_UINT16] = "cast_uint16", [EAGER_UINT32] = "cast_uint32",
    [EAGER_UINT64] = "cast_uint64",
};

static eager_status infer(eager__call *call) {
  eager_dtype target = (eager_dtype)eager__attr_get(call, "DstT")->i;
  EAGER__REQUIRE(eager__dtype_is_valid(target), EAGER_INVALID_ARGUMENT,
                 "DstT: %d is not a dtype", (int)target);
  eager__result *result = &call->outputs[0];
  result->dtype = target;
  result->shape = *call->inputs[0].shape;
  if (target == call->inputs[0].dtype) result->view_of = 1;
  return EAGER_OK;
}

/* Bits of the significand, the hidden one too; 0 for integers and bool. */
static int digits(eager_dtype dtype) {
  switch (dtype) {
  case EAGER_FLOAT64:
    return 53;
  case EAGER_FLOAT32:
    return 24;
  case EAGER_FLOAT16:
    return 11;
  case EAGER_BFLOAT16:
    return 8;
  default:
    return 0;
  }
}

/* How many low bits of what kernels load are cleared before the conversion. */
static int dropped_bits(const eager__call *call) {
  eager_dtype from = call->inputs[0].dtype;
  int kept = digits(call->outputs[0].dtype);
  bool narrows = kept > 0 && kept < digits(from);
  if (!eager__attr_get(call, "Truncate")->i || !narrows) return 0;
  return digits(from == EAGER_FLOAT64 ? from : EAGER_FLOAT32) - kept;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t n = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, &eager__family_cast, call->inputs[0].dtype,
                      kernels[call->outputs[0].dtype]);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__lanes plan = eager__lanes_plan(commands, n);
  eager__arg_long(commands, n);
  eager__arg_long(commands, plan.chunk);
  eager__arg_int(commands, dropped_bits(call));
  size_t element = eager_dtype_size(call->outputs[0].dtype);
  eager__arg_int(commands, eager__lanes_stream(n * (int64_t)element));
  return eager__kernel_end(commands, plan.grid);
}

static const eager__op cast = {
    .name = "Cast",
    .typed = "eager_cast",
    .inputs = {{"x", 0}},
    .dtypes = EAGER__ANY,
    .attrs = {{.name = "DstT", .kind = EAGER__ATTR_DTYPE, .required = true},
              {.name = "Truncate", .kind = EAGER__ATTR_BOOL}},
    .infer = infer,
    .launch = launch,
};

const eager__op_list eager__ops_cast = {&cast, 1};

eager_status eager_cast(eager_tensor *x, eager_dtype dtype, eager_tensor **out) {
  if (out) *out = NULL;
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &cast, (eager_tensor *[]){x}, 1));
  eager__call_set_int(&call, "DstT", dtype);
  return eager__call_run(&call, NULL, out, 1);
}
