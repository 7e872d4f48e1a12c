/* AddN: arrays of one shape, eight to a launch. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/lanes.h"
#include "ops/plan.h"
#include "runtime/run.h"

enum { TERMS = 8 };

/* The kernel's `part`. */
enum { BEGINS = 1, ENDS = 2 };

/* Adds to `*shape` what input `i` knows of it. */
static eager_status merge(const eager__call *call, int i, eager__shape *shape) {
  const eager__shape *other = call->inputs[i].shape;
  bool same = other->rank == shape->rank;
  for (int d = 0; same && d < shape->rank; d++) {
    same = other->dims[d] == shape->dims[d] || other->dims[d] < 0 || shape->dims[d] < 0;
    if (shape->dims[d] < 0) shape->dims[d] = other->dims[d];
  }
  char text0[EAGER__SHAPE_TEXT], text1[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(same, EAGER_INVALID_ARGUMENT,
                 "Inputs to operation AddN must have the same size and shape. Input 0: %s "
                 "!= input %d: %s",
                 eager__shape_text(call->inputs[0].shape, text0), i,
                 eager__shape_text(other, text1));
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = *call->inputs[0].shape;
  for (int i = 1; i < call->input_count; i++) EAGER__TRY(merge(call, i, &out->shape));
  if (call->input_count == 1) out->view_of = 1;
  return EAGER_OK;
}

/* Sums on their way from launch to launch are in the type of arithmetic, so that 16-bit
 * floats are rounded once. */
static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t n = eager__shape_elements(&call->outputs[0].shape);
  int64_t whole = eager__ceil_div(n, 16) * 16;
  int count = call->input_count, sums = 0;
  if (count > TERMS)
    sums = eager__scratch(commands, (size_t)whole * eager__computed_size(call->dtype));
  for (int first = 0; first < count; first += TERMS) {
    int terms = count - first < TERMS ? count - first : TERMS;
    int part = (first == 0 ? BEGINS : 0) | (first + terms == count ? ENDS : 0);
    eager__kernel_begin(commands, &eager__family_sums, call->dtype, "add_n");
    eager__arg_output(commands, 0);
    if (count > TERMS)
      eager__arg_scratch(commands, sums);
    else
      eager__arg_output(commands, 0);
    for (int k = 0; k < TERMS; k++) eager__arg_input(commands, first + (k < terms ? k : 0));
    eager__arg_int(commands, terms);
    eager__arg_int(commands, part);
    eager__lanes plan = eager__lanes_plan(commands, n);
    eager__arg_long(commands, n);
    eager__arg_long(commands, plan.chunk);
    EAGER__TRY(eager__kernel_end(commands, plan.grid));
  }
  return EAGER_OK;
}

static const eager__op add_n = {
    .name = "AddN",
    .typed = "eager_add_n",
    .inputs = {{.name = "inputs"}},
    .variadic = true,
    .dtypes = EAGER__NUMBERS,
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_add_n = {&add_n, 1};

eager_status eager_add_n(eager_tensor *const *inputs, size_t count, eager_tensor **out) {
  if (out) *out = NULL;
  EAGER__REQUIRE(count > 0 && inputs, EAGER_INVALID_ARGUMENT,
                 "inputs must be a list of one or more tensors [Op:AddN]");
  EAGER__REQUIRE(count <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "inputs lists %zu tensors, more than 2^31 - 1 [Op:AddN]", count);
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &add_n, inputs, (int)count));
  return eager__call_run(&call, NULL, out, 1);
}
