#include "runtime/record.h"

#include "runtime/run.h"
#include "runtime/scope.h"

static bool knows_extents(const eager__call *call) {
  for (int i = 0; i < call->input_count; i++)
    if (eager__shape_elements(call->inputs[i].shape) < 0) return false;
  return true;
}

static bool is_late(const eager__call *call) {
  return call->op->infer_late && (!call->op->is_late || call->op->is_late(call));
}

/* Whether it becomes the calls it is made of. */
static bool is_taken_apart(const eager__call *call) {
  return call->op->compose && !call->op->user && knows_extents(call);
}

static eager_status record(eager__recorder *recorder, eager__call *call,
                           eager_tensor **outputs, int output_count) {
  EAGER__TRY(eager__call_check(call, outputs, output_count));
  if (is_late(call))
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "the size of what %s gives depends on data: it cannot be part of a graph",
                call->name);
  if (call->op->check) EAGER__TRY(call->op->check(call));
  if (!call->outer) EAGER__TRY(eager__scope_reserve(call->output_count));
  if (!call->op->infer) return call->op->compose(call, outputs);
  EAGER__TRY(call->op->infer(call));
  EAGER__TRY(eager__call_check_outputs(call));
  if (is_taken_apart(call)) return call->op->compose(call, outputs);
  return recorder->add_op(recorder, call, call->request, outputs);
}

eager_status eager__record(eager__recorder *recorder, eager__call *call, const char *device,
                           eager_tensor **outputs, int output_count) {
  EAGER__TRY(eager__runtime_require_open());
  if (call->outer)
    call->request = call->outer->request;
  else
    call->request = device ? device : eager__scope_device_name();
  eager_status status = record(recorder, call, outputs, output_count);
  if (status != EAGER_OK && !call->outer) eager__fail_append(" [Op:%s]", call->name);
  return status;
}
