#include "runtime/run.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "runtime/allocate.h"
#include "runtime/capability.h"
#include "runtime/commands.h"
#include "runtime/compose.h"
#include "runtime/mirror.h"
#include "runtime/placement.h"
#include "runtime/record.h"
#include "runtime/scope.h"
#include "runtime/submit.h"
#include "runtime/trace.h"
#include "runtime/transfer.h"

/* --- Where the op runs: semantics.md section 3 --- */

static eager_status place(eager__runtime *runtime, eager__call *call,
                          const eager__scope *scope, const char *name) {
  if (call->outer) {
    call->device = call->outer->device;
    return EAGER_OK;
  }
  eager__device *device = scope->device;
  if (name) EAGER__TRY(eager__runtime_place(runtime, name, call->name, &device));
  EAGER__TRY(eager__place_capable(runtime, call, &device));
  if (runtime->options.log_device_placement)
    eager__log_always("Executing op %s in device %s", call->name, device->full_name);
  call->device = device;
  return eager__runtime_open_device(runtime, device);
}

/* The usual case, seen in one look: most of what follows has nothing to do then. What a
 * device's loss does to an input later, it does to the op as well. */
static bool is_plain(const eager__call *call) {
  for (int i = 0; i < call->input_count; i++) {
    const eager__buffer *buffer = call->inputs[i].tensor->buffer;
    uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
    if (buffer->device != call->device || seq >= EAGER__SEQ_FAILED || buffer->check)
      return false;
  }
  return !eager__device_is_lost(call->device);
}

static eager_status refuse_input(const eager__call *call, int input) {
  const char *wanted = call->device->full_name;
  eager__part reader = eager__call_reader(call, input);
  eager__fail(
      EAGER_INVALID_ARGUMENT,
      "Tensors on conflicting devices: cannot compute %s as input #%d was expected "
      "to be on %s but is actually on %s (operation running on %s). Copy it with "
      "eager_tensor_copy_to_device(), or let the runtime copy: device policy SILENT "
      "or WARN. Copying tensors between devices may slow down your model.",
      reader.op, reader.index, wanted,
      call->inputs[input].tensor->buffer->device->full_name, wanted);
  if (reader.node) eager__fail_append(" (node %s)", reader.node);
  return EAGER_INVALID_ARGUMENT;
}

static eager__verdict judge_input(eager__runtime *runtime, const eager__call *call,
                                  int input) {
  const eager__operand *operand = &call->inputs[input];
  if (operand->tensor->buffer->device == call->device) return EAGER__VERDICT_STAY;
  return eager__place_input(eager__scope_policy(runtime), operand->dtype, false);
}

/* Every refusal before any copy, so that a call that fails has moved nothing. */
static eager_status check_policy(eager__runtime *runtime, const eager__call *call) {
  for (int i = 0; !call->is_plain && i < call->input_count; i++)
    if (judge_input(runtime, call, i) == EAGER__VERDICT_REFUSE)
      return refuse_input(call, i);
  return EAGER_OK;
}

static eager_status migrate(eager__runtime *runtime, eager__call *call,
                            eager_execution_mode mode) {
  for (int i = 0; i < call->input_count; i++) {
    eager__operand *operand = &call->inputs[i];
    eager__buffer *source = operand->tensor->buffer;
    operand->offset = operand->tensor->offset;
    operand->buffer = source; /* the caller holds the tensor while the call lasts */
    eager__verdict verdict = judge_input(runtime, call, i);
    if (verdict == EAGER__VERDICT_STAY) continue;
    eager__part reader = eager__call_reader(call, i);
    eager__copy_key key = {reader.op, reader.index, source->device, call->device};
    eager__origin origin = {reader.op, call->number, 0};
    EAGER__TRY(eager__mirror_get(runtime, source, call->device, mode, origin, &key,
                                 verdict == EAGER__VERDICT_WARN, &operand->copy));
    operand->buffer = operand->copy;
  }
  return EAGER_OK;
}

/* --- Outputs --- */

static bool is_view(const eager__result *result) {
  return result->view_of > 0;
}

static eager_status allocate_outputs(eager__runtime *runtime, eager__call *call) {
  for (int i = 0; i < call->output_count; i++) {
    eager__result *result = &call->outputs[i];
    if (is_view(result)) {
      const eager__operand *whole = &call->inputs[result->view_of - 1];
      result->buffer = eager__buffer_retain(whole->buffer);
      result->offset = whole->offset + result->view_offset;
      continue;
    }
    size_t size =
        (size_t)eager__shape_elements(&result->shape) * eager_dtype_size(result->dtype);
    eager__origin holder = {call->name, call->number, i};
    result->offset = 0;
    EAGER__TRY(eager__allocate(runtime, call->device, size, EAGER__WRITER_COMPUTE, holder,
                               EAGER__SEQ_DEFERRED, &result->buffer));
  }
  return EAGER_OK;
}

static eager_status make_tensors(eager__call *call, eager_tensor **outputs) {
  for (int i = 0; i < call->output_count; i++) {
    eager__result *result = &call->outputs[i];
    eager__part maker = eager__call_maker(call, i);
    eager__origin origin = {maker.op, call->number, maker.index};
    EAGER__TRY(eager__tensor_over(result->dtype, &result->shape, result->buffer,
                                  result->offset, origin, &outputs[i]));
    result->has_tensor = true;
  }
  return EAGER_OK;
}

/* --- Inputs already known to have failed --- */

static eager__failure *known_failure(const eager__call *call, int *out_input) {
  if (call->is_plain && !eager__device_is_lost(call->device)) return NULL;
  for (int i = 0; i < call->input_count; i++) {
    eager__failure *failure = eager__buffer_failure(call->inputs[i].tensor->buffer);
    if (!failure) continue;
    *out_input = i;
    return failure;
  }
  return NULL;
}

static eager_status report_input(const eager__call *call, int input,
                                 const eager__failure *failure) {
  return eager__failure_report(failure, &call->inputs[input].tensor->origin);
}

/* ASYNC: the outputs are what they would be had the failure come later. */
static eager_status poisoned_outputs(eager__call *call, eager__failure *failure) {
  for (int i = 0; i < call->output_count; i++) {
    eager__result *result = &call->outputs[i];
    EAGER__TRY(
        eager__buffer_new(call->device, NULL, 0, EAGER__SEQ_DEFERRED, &result->buffer));
    eager__buffer_poison(result->buffer, failure);
    result->offset = 0;
  }
  return EAGER_OK;
}

/* --- Submitting --- */

/* The buffers of a call side by side, views left out of the outputs. */
typedef struct buffers {
  eager__buffer *few[EAGER__INLINE_INPUTS + EAGER__INLINE_OUTPUTS];
  eager__buffer **inputs, **outputs;
  int output_count;
} buffers;

static eager_status gather_buffers(const eager__call *call, buffers *out) {
  int count = call->input_count + call->output_count;
  out->inputs = out->few;
  if (count > (int)(sizeof out->few / sizeof *out->few)) {
    size_t size = (size_t)count * sizeof *out->inputs;
    out->inputs = eager__alloc(size);
    if (!out->inputs) return eager__out_of_memory(size);
  }
  out->outputs = out->inputs + call->input_count;
  for (int i = 0; i < call->input_count; i++) out->inputs[i] = call->inputs[i].buffer;
  out->output_count = 0;
  for (int i = 0; i < call->output_count; i++)
    if (!is_view(&call->outputs[i]))
      out->outputs[out->output_count++] = call->outputs[i].buffer;
  return EAGER_OK;
}

static void free_buffers(buffers *all) {
  if (all->inputs != all->few) eager__free(all->inputs);
}

static bool any_deferred(const eager__call *call) {
  if (call->is_plain) return false;
  for (int i = 0; i < call->input_count; i++)
    if (atomic_load_explicit(&call->inputs[i].buffer->seq, memory_order_acquire) ==
        EAGER__SEQ_DEFERRED)
      return true;
  return false;
}

/* The bound on work in flight: exact to one mark. What waits for copies becomes what is
 * submitted while one waits, so the larger part is waited for until both together fit. */
static void wait_for_room(eager__runtime *runtime, eager__device *device,
                          const eager__commands *commands) {
  uint64_t bound = eager__commands_bound(commands, runtime->options.max_in_flight);
  eager__timeline *timeline = &device->compute;
  for (;;) {
    uint64_t submitted = atomic_load_explicit(&timeline->submitted, memory_order_relaxed);
    uint64_t completed = atomic_load_explicit(&timeline->completed, memory_order_relaxed);
    uint64_t flying = submitted > completed ? submitted - completed : 0;
    uint64_t deferred =
        device->worker ? (uint64_t)eager__deferred_count(runtime, device) : 0;
    if (flying + deferred < bound) return;
    if (deferred > flying)
      eager__wait_deferred_below(runtime, device, (int)(deferred / 2 + 1));
    else if (eager__timeline_wait(timeline, completed + (flying + 1) / 2) != EAGER_OK)
      return; /* lost: the submission will tell */
  }
}

static eager_status defer(eager__runtime *runtime, const eager__call *call,
                          eager__commands *commands, const buffers *all) {
  eager__thread_work *work = eager__scope_work(runtime);
  if (!work) return EAGER_RESOURCE_EXHAUSTED;
  EAGER__TRY(eager__worker_start(runtime, call->device));
  eager__task *task;
  EAGER__TRY(eager__task_new(EAGER__TASK_SUBMIT, call->device, commands->origin,
                             all->inputs, call->input_count, all->outputs,
                             all->output_count, work, &task));
  task->commands = eager__commands_move(commands);
  if (!task->commands) {
    eager__task_free(task);
    return eager__out_of_memory(sizeof *commands);
  }
  eager__task_defer(runtime, task);
  return EAGER_OK;
}

static eager_status submit_now(eager__runtime *runtime, const eager__call *call,
                               eager__commands *commands, const buffers *all,
                               eager_execution_mode mode) {
  /* SYNC: other threads' work, or this one's before. */
  for (int i = 0; !call->is_plain && i < call->input_count; i++)
    eager__wait_not_deferred(runtime, all->inputs[i]);
  eager__submission submission = {
      .runtime = runtime,
      .device = call->device,
      .commands = commands,
      .inputs = all->inputs,
      .outputs = all->outputs,
      .input_count = call->input_count,
      .output_count = all->output_count,
      .async = mode == EAGER_ASYNC,
      .is_plain = call->is_plain,
  };
  if (mode == EAGER_ASYNC && !(submission.work = eager__scope_work(runtime)))
    return EAGER_RESOURCE_EXHAUSTED;
  eager_status status = eager__submit(&submission);
  /* ASYNC: the refusal is with the handles, and nowhere else. */
  if (mode == EAGER_SYNC || status == EAGER_OK) return status;
  eager__clear_error();
  return EAGER_OK;
}

static bool has_elements(const eager__call *call) {
  for (int i = 0; i < call->output_count; i++)
    if (!is_view(&call->outputs[i]) && eager__shape_elements(&call->outputs[i].shape) > 0)
      return true;
  return false;
}

static eager_status record_and_submit(eager__runtime *runtime, eager__call *call,
                                      eager_execution_mode mode) {
  buffers all;
  EAGER__TRY(gather_buffers(call, &all));
  eager__commands commands;
  eager__origin origin = {call->name, call->number, 0};
  eager__commands_init(&commands, call, call->device, origin);
  eager_status status = EAGER_OK;
  if (all.output_count) {
    if (has_elements(call)) status = call->op->launch(call, &commands);
    if (status == EAGER_OK) status = commands.status;
    if (status == EAGER_OK) {
      wait_for_room(runtime, call->device, &commands);
      status = mode == EAGER_ASYNC && any_deferred(call)
                   ? defer(runtime, call, &commands, &all)
                   : submit_now(runtime, call, &commands, &all, mode);
    }
  }
  eager__commands_clear(&commands);
  free_buffers(&all);
  return status;
}

/* SYNC: the call's answer is what became of its outputs. */
static eager_status finish(eager__runtime *runtime, eager_tensor *const *outputs,
                           int count) {
  for (int i = 0; i < count; i++) {
    eager__wait_not_deferred(runtime, outputs[i]->buffer);
    eager__failure *failure = eager__buffer_wait_submitted(outputs[i]->buffer);
    if (!failure) continue;
    if (failure->origin.number != outputs[i]->origin.number)
      return eager__failure_report(failure, &outputs[i]->origin);
    return eager__fail_cl(failure->status, failure->cl_code, "%s", failure->text);
  }
  return EAGER_OK;
}

/* --- The path --- */

static eager_status carry_out(eager__runtime *runtime, eager__call *call,
                              eager_execution_mode mode, eager_tensor **outputs) {
  EAGER__TRY(migrate(runtime, call, mode));
  if (call->op->compose) return eager__compose(call, outputs);
  EAGER__TRY(allocate_outputs(runtime, call));
  EAGER__TRY(make_tensors(call, outputs));
  EAGER__TRY(record_and_submit(runtime, call, mode));
  return mode == EAGER_SYNC ? finish(runtime, outputs, call->output_count) : EAGER_OK;
}

static eager_status execute(eager__runtime *runtime, eager__call *call,
                            eager_execution_mode mode, eager_tensor **outputs) {
  int input = 0;
  eager__failure *failure = known_failure(call, &input);
  if (failure && mode == EAGER_ASYNC && call->op->infer) {
    EAGER__TRY(poisoned_outputs(call, failure));
    return make_tensors(call, outputs);
  }
  eager_status status = failure ? failure->status : carry_out(runtime, call, mode, outputs);
  /* SYNC: the answer is the input's, whether its failure was known before or came out. */
  bool asked = mode == EAGER_SYNC || !call->op->infer;
  if (status != EAGER_OK && asked && (failure = known_failure(call, &input)))
    return report_input(call, input, failure);
  return status;
}

void eager__call_end(eager__call *call) {
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i].copy) eager__buffer_release(call->inputs[i].copy);
  for (int i = 0; i < call->output_count; i++)
    if (!call->outputs[i].has_tensor) eager__buffer_release(call->outputs[i].buffer);
  if (call->inputs != call->inline_inputs) eager__free(call->inputs);
  if (call->outputs != call->inline_outputs) eager__free(call->outputs);
}

/* The policy's texts stand without it; of an inner call the outer one says it. */
static eager_status name_op(const eager__call *call, eager_status status) {
  if (status != EAGER_OK && !call->outer) eager__fail_append(" [Op:%s]", call->name);
  return status;
}

static eager_status run(eager__runtime *runtime, eager__call *call,
                        const eager__scope *scope, const char *device,
                        eager_tensor **outputs, int output_count) {
  EAGER__TRY(name_op(call, eager__call_check(call, outputs, output_count)));
  if (call->op->check) EAGER__TRY(name_op(call, call->op->check(call)));
  if (call->op->infer) {
    EAGER__TRY(name_op(call, call->op->infer(call)));
    EAGER__TRY(name_op(call, eager__call_check_outputs(call)));
  }
  EAGER__TRY(name_op(call, place(runtime, call, scope, device)));
  call->is_plain = is_plain(call);
  EAGER__TRY(check_policy(runtime, call));
  if (scope->has_tidy) EAGER__TRY(name_op(call, eager__scope_reserve(call->output_count)));
  call->number = atomic_fetch_add(&runtime->op_number, 1) + 1;
  eager__trace_enter(call->number);
  return name_op(call, execute(runtime, call, scope->mode, outputs));
}

eager_status eager__call_run(eager__call *call, const char *device, eager_tensor **outputs,
                             int output_count) {
  eager__recorder *recorder = eager__scope_recorder();
  uint64_t begin = recorder ? 0 : eager__trace_begin();
  for (int i = 0; outputs && i < output_count; i++) outputs[i] = NULL;
  eager__runtime *runtime;
  eager__scope scope = {0};
  eager_status status;
  if (recorder) {
    status = eager__record(recorder, call, device, outputs, output_count);
  } else if ((status = eager__runtime_require(&runtime)) == EAGER_OK) {
    scope = eager__scope_look(runtime);
    status = run(runtime, call, &scope, device, outputs, output_count);
  }
  if (begin) eager__trace_call(call, begin, status, outputs, output_count);
  bool owned = (recorder || scope.has_tidy) && !call->outer;
  eager__call_end(call);
  if (status == EAGER_OK && !owned) return EAGER_OK;
  for (int i = 0; outputs && i < output_count; i++) {
    if (status == EAGER_OK) {
      if (outputs[i]) eager__scope_give(outputs[i]);
    } else {
      eager_tensor_release(outputs[i]);
      outputs[i] = NULL;
    }
  }
  return status;
}
