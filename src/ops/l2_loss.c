/* L2Loss: half the sum of squares. */
#include "eagercl/ops.h"
#include "ops/channel_sums.h"
#include "ops/families.h"
#include "runtime/run.h"

static eager_status infer(eager__call *call) {
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape.rank = 0;
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t count = eager__shape_elements(call->inputs[0].shape);
  eager__channels c = eager__channels_make(1, 1, count, false);
  eager__sum_operands operands = {.x = {EAGER__PLACE_INPUT, 0, 0}};
  int partials;
  c.centred = 0;
  EAGER__TRY(
      eager__add_channel_sums(commands, EAGER__SUM_SQUARES, &c, &operands, &partials));
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "finish_l2_loss");
  eager__arg_scratch(commands, partials);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &c, sizeof c);
  return eager__kernel_end(commands, eager__grid_1d(1, 1));
}

static const eager__op op = {
    .name = "L2Loss",
    .typed = "eager_l2_loss",
    .inputs = {{.name = "t"}},
    .dtypes = EAGER__FLOATS,
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_l2_loss = {&op, 1};

eager_status eager_l2_loss(eager_tensor *t, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &op, &t, 1));
  return eager__call_run(&call, NULL, out, 1);
}
