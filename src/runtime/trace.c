#include "runtime/trace.h"

#include "cl/traced.h"
#include "tensor/tensor.h"

/* --- What calls were about --- */

static uint8_t at_most(int count) {
  return (uint8_t)(count < UINT8_MAX ? count : UINT8_MAX);
}

static void add_inputs(eager__trace_record *record, const eager__call *call) {
  int kept = 0;
  for (; kept < call->input_count && kept < UINT8_MAX; kept++) {
    const eager__operand *input = &call->inputs[kept];
    if (!input->shape || !eager__trace_add_shape(record, input->dtype, input->shape)) break;
  }
  record->head.inputs = (uint8_t)kept;
  record->head.more_inputs = at_most(call->input_count - kept);
}

static void add_outputs(eager__trace_record *record, eager_tensor *const *outputs,
                        int count) {
  int kept = 0;
  for (; kept < count && kept < UINT8_MAX; kept++)
    if (!eager__trace_add_shape(record, outputs[kept]->dtype, &outputs[kept]->shape)) break;
  record->head.outputs = (uint8_t)kept;
  record->head.more_outputs = at_most(count - kept);
}

void eager__trace_call(const eager__call *call, uint64_t begin, eager_status status,
                       eager_tensor *const *outputs, int output_count) {
  eager__trace_set_number(call->outer ? call->outer->number : 0);
  eager__trace_record *record = eager__trace_take();
  if (!record) return;
  record->head = (eager__trace_head){
      .kind = call->outer ? EAGER__TRACE_INNER : EAGER__TRACE_OP,
      .status = (uint8_t)status,
      .track = record->head.track,
      .name = call->op->name,
      .to = call->device ? call->device->short_name : NULL,
      .number = call->number,
      .begin = begin,
  };
  add_inputs(record, call);
  if (status == EAGER_OK) add_outputs(record, outputs, output_count);
  record->head.end = eager__now();
  eager__trace_put();
}

void eager__trace_value(const char *name, uint64_t begin, eager_status status,
                        const eager_tensor *t, const eager__device *from, bool is_new) {
  if (!begin) return;
  if (t && (!eager__tensor_is_live(t) || t->symbol)) t = NULL;
  uint64_t number = eager__trace_number();
  eager__trace_set_number(0);
  eager__trace_record *record = eager__trace_take();
  if (!record) return;
  record->head = (eager__trace_head){
      .kind = EAGER__TRACE_VALUE,
      .status = (uint8_t)status,
      .track = record->head.track,
      .name = name,
      .from = from ? from->short_name : NULL,
      .to = t ? t->buffer->device->short_name : NULL,
      .number = number,
      .begin = begin,
      .size = t ? eager_tensor_byte_size(t) : 0,
  };
  if (t && eager__trace_add_shape(record, t->dtype, &t->shape)) {
    record->head.inputs = !is_new;
    record->head.outputs = is_new;
  }
  record->head.end = eager__now();
  eager__trace_put();
}
