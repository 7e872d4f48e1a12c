#include "runtime/compose.h"

#include "base/alloc.h"

/* Input #i as inner calls take it: where the op runs. */
static eager_status settle_input(eager__call *call, int i, eager_tensor **out) {
  const eager__operand *operand = &call->inputs[i];
  return eager__tensor_new(operand->dtype, operand->shape, operand->buffer, operand->offset,
                           operand->tensor->origin, out);
}

eager_status eager__compose(eager__call *call, eager_tensor **outputs) {
  eager_tensor *few[EAGER__INLINE_INPUTS], **given = few;
  size_t size = (size_t)call->input_count * sizeof *given;
  if (call->input_count > EAGER__INLINE_INPUTS && !(given = eager__alloc(size)))
    return eager__out_of_memory(size);
  eager_status status = EAGER_OK;
  int settled = 0;
  for (; settled < call->input_count && status == EAGER_OK; settled++) {
    given[settled] = call->inputs[settled].tensor;
    eager_tensor *here = NULL;
    status = settle_input(call, settled, &here);
    call->inputs[settled].tensor = here;
  }
  if (status == EAGER_OK) status = call->op->compose(call, outputs);
  for (int i = 0; i < settled; i++) {
    eager_tensor_release(call->inputs[i].tensor);
    call->inputs[i].tensor = given[i];
  }
  if (given != few) eager__free(given);
  return status;
}
