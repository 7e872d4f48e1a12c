/* Fused: several elementwise steps. The text of its kernel: fused_text. */
#include "ops/fused.h"

#include <assert.h>
#include <string.h>

#include "base/dtype.h"
#include "ops/elementwise_kernel.h"
#include "ops/fused_edges.h"
#include "ops/fused_form.h"
#include "ops/fused_program.h"
#include "ops/fused_values.h"
#include "ops/lanes.h"
#include "runtime/commands.h"

/* --- What may be a step --- */

static bool attr_is_given(const eager__attr *attrs) {
  return attrs != NULL && attrs[0].given;
}

static eager_dtype cast_dtype(const eager__attr *attrs, eager_dtype from, eager_dtype to) {
  bool truncates = attrs != NULL && attrs[1].given && attrs[1].i;
  if (truncates || from == to) return EAGER_DTYPE_INVALID;
  return from == EAGER_BOOL ? to : from;
}

eager_dtype eager__fused_dtype(const eager__op *op, const eager__attr *attrs,
                               const eager_dtype *inputs, int input_count,
                               eager_dtype output) {
  eager__elementwise row;
  const eager__family *family;
  if (eager__fused_is_cast(op)) return cast_dtype(attrs, inputs[0], output);
  eager_dtype dtype = inputs[input_count - 1];
  if (!eager__elementwise_find(op, dtype, &row, &family)) return EAGER_DTYPE_INVALID;
  /* The one attribute that is no parameter asks whether shapes must broadcast. */
  bool may_differ = !row.has_parameter && attr_is_given(attrs) && !attrs[0].i;
  return row.bad || row.to_bytes || may_differ ? EAGER_DTYPE_INVALID : dtype;
}

double eager__fused_parameter(const eager__op *op, const eager__attr *attrs) {
  eager__elementwise row;
  const eager__family *family;
  if (!eager__elementwise_find(op, EAGER_FLOAT32, &row, &family) || !row.has_parameter)
    return 0;
  return attr_is_given(attrs) ? attrs[0].f : op->attrs[0].number;
}

bool eager__fused_is_cast(const eager__op *op) {
  return strcmp(op->name, "Cast") == 0;
}

static bool is_valid_cast(const eager__fused *fused, eager_dtype from, eager_dtype to) {
  bool from_edge = eager__fused_is_edge(fused, from);
  if (from_edge) return to == fused->dtype && to != EAGER_BOOL;
  return from != to;
}

static bool is_valid_row(const eager__fused *fused, const eager__fused_step *step,
                         const eager_dtype *operands) {
  int count = eager__op_input_count(step->op);
  eager_dtype dtype = eager__fused_dtype(step->op, NULL, operands, count, step->dtype);
  eager__elementwise row;
  const eager__family *family;
  if (!eager__elementwise_find(step->op, dtype, &row, &family)) return false;
  bool same = dtype == fused->dtype || dtype == EAGER_BOOL;
  same = same && step->dtype == (row.to_bool ? EAGER_BOOL : dtype);
  for (int i = step->op->inputs[0].dtypes != 0; i < count; i++)
    same = same && operands[i] == dtype;
  return same;
}

static bool is_valid_step(const eager__fused *fused, int s) {
  const eager__fused_step *step = &fused->steps[s];
  eager_dtype operands[3] = {EAGER_DTYPE_INVALID};
  for (int i = 0; i < eager__op_input_count(step->op); i++) {
    int operand = step->operands[i];
    if (operand < 0 || operand >= fused->input_count + s) return false;
    operands[i] = eager__fused_operand_dtype(fused, operand);
    bool stored = operand >= fused->input_count;
    if (stored && eager__fused_is_edge(fused, operands[i])) return false;
  }
  return eager__fused_is_cast(step->op) ? is_valid_cast(fused, operands[0], step->dtype)
                                        : is_valid_row(fused, step, operands);
}

bool eager__fused_is_valid(const eager__fused *fused) {
  bool valid = fused->input_count > 0 && fused->input_count <= EAGER__FUSED_INPUTS &&
               fused->output_count > 0 && fused->output_count <= EAGER__FUSED_OUTPUTS &&
               fused->step_count > 0 && fused->step_count <= EAGER__FUSED_STEPS;
  for (int s = 0; valid && s < fused->step_count; s++) valid = is_valid_step(fused, s);
  for (int i = 0; valid && i < fused->output_count; i++)
    valid = fused->outputs[i] >= 0 && fused->outputs[i] < fused->step_count;
  return valid;
}

/* --- The op --- */

static eager_status count_outputs(const eager__call *call, int *out_count) {
  *out_count = ((const eager__fused *)call->user)->output_count;
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__fused *fused = call->user;
  assert(call->input_count == fused->input_count && eager__fused_is_valid(fused));
  eager__shape shape = *call->inputs[0].shape;
  for (int k = 0; k < call->input_count; k++) {
    assert(call->inputs[k].dtype == fused->inputs[k]);
    EAGER__TRY(eager__shape_broadcast(&shape, call->inputs[k].shape, &shape));
  }
  call->dtype = fused->dtype;
  for (int i = 0; i < call->output_count; i++) {
    call->outputs[i].shape = shape;
    call->outputs[i].dtype = fused->steps[fused->outputs[i]].dtype;
  }
  return EAGER_OK;
}

static int64_t output_size(const eager__call *call, int64_t n) {
  int64_t size = 0;
  for (int i = 0; i < call->output_count; i++)
    size += n * (int64_t)eager_dtype_size(call->outputs[i].dtype);
  return size;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__fused *fused = call->user;
  const eager__shape *shapes[EAGER__FUSED_INPUTS], *whole = &call->outputs[0].shape;
  int64_t n = eager__shape_elements(whole);
  for (int k = 0; k < call->input_count; k++) shapes[k] = call->inputs[k].shape;
  eager__fused_shape shape = {.stream = eager__lanes_stream(output_size(call, n))};
  eager__fused_kernel kernel;
  const eager__family *family;
  const char *name;
  eager__fused_choose(eager__commands_traits(commands), fused, shapes, whole, &kernel,
                      &shape);
  EAGER__TRY(eager__fused_find(&kernel, &family, &name));
  eager__kernel_begin(commands, family, fused->dtype, name);
  for (int i = 0; i < call->output_count; i++) eager__arg_output(commands, i);
  for (int k = 0; k < call->input_count; k++) eager__arg_input(commands, k);
  eager__fused_add_parameters(fused, commands);
  bool by_rows = kernel.form == EAGER__FUSED_ROWS || kernel.form == EAGER__FUSED_SHORT;
  eager__lanes plan = by_rows
                          ? eager__lanes_plan_rows(commands, n, shape.dims[shape.rank - 1])
                          : eager__lanes_plan(commands, n);
  eager__arg_long(commands, n);
  eager__arg_long(commands, plan.chunk);
  if (shape.rank > 0)
    eager__arg_bytes(commands, &shape, sizeof shape);
  else
    eager__arg_int(commands, shape.stream);
  return eager__kernel_end(commands, plan.grid);
}

const eager__op eager__op_fused = {
    .name = "Fused",
    .inputs = {{.name = "inputs", .dtypes = EAGER__ANY}},
    .variadic = true,
    .count_outputs = count_outputs,
    .infer = infer,
    .launch = launch,
};
