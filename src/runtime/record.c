#include "runtime/record.h"

#include "runtime/run.h"
#include "runtime/scope.h"

/* Extents of compose's inner calls are computed from the inputs'. */
static eager_status require_extents(const eager__call *call) {
  for (int i = 0; i < call->input_count; i++) {
    char text[EAGER__SHAPE_TEXT];
    if (eager__shape_elements(call->inputs[i].shape) >= 0) continue;
    EAGER__FAIL(EAGER_UNIMPLEMENTED,
                "%s in a graph needs the extents of its inputs, but input #%d(zero-based) "
                "has shape %s",
                call->name, i, eager__shape_text(call->inputs[i].shape, text));
  }
  return EAGER_OK;
}

static eager_status refuse(const eager__call *call) {
  if (call->op->infer_late)
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "the size of what %s gives depends on data: it cannot be part of a graph",
                call->name);
  if (call->user)
    EAGER__FAIL(EAGER_UNIMPLEMENTED, "%s: users' kernels cannot be recorded yet",
                call->name);
  return EAGER_OK;
}

static eager_status record(eager__recorder *recorder, eager__call *call,
                           eager_tensor **outputs, int output_count) {
  EAGER__TRY(eager__call_check(call, outputs, output_count));
  EAGER__TRY(refuse(call));
  if (call->op->check) EAGER__TRY(call->op->check(call));
  if (!call->outer) EAGER__TRY(eager__scope_reserve(call->output_count));
  if (call->op->compose) {
    EAGER__TRY(require_extents(call));
    return call->op->compose(call, outputs);
  }
  EAGER__TRY(call->op->infer(call));
  EAGER__TRY(eager__call_check_outputs(call));
  return recorder->add_op(recorder, call, call->request, outputs);
}

eager_status eager__record(eager__recorder *recorder, eager__call *call, const char *device,
                           eager_tensor **outputs, int output_count) {
  if (call->outer)
    call->request = call->outer->request;
  else
    call->request = device ? device : eager__scope_device_name();
  eager_status status = record(recorder, call, outputs, output_count);
  if (status != EAGER_OK && !call->outer) eager__fail_append(" [Op:%s]", call->name);
  return status;
}
