/* Recording a replay: an op launches on stand-ins, and what it asks for is kept. */
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/replay_parts.h"

/* --- Stand-ins --- */

static eager__buffer *stand_in_for(eager__replay *replay, eager__stand_in *s, int value,
                                   eager__device *device, size_t size) {
  memset(s, 0, sizeof *s);
  s->block.memory.mem = (eager__mem *)&replay->tags[value];
  s->block.device = device;
  s->buffer.block = &s->block;
  s->buffer.device = device;
  s->buffer.size = size;
  return &s->buffer;
}

eager__buffer *eager__replay_scratch(eager__replay *replay, int number, size_t size) {
  assert(number < EAGER__MAX_SCRATCH);
  if (number >= replay->workspace_count) replay->workspace_count = number + 1;
  if (size > replay->workspaces[number]) replay->workspaces[number] = size;
  return stand_in_for(replay, &replay->scratch[number], replay->value_count + number, NULL,
                      size);
}

/* The value that `mem` stands for, or -1. */
static int find_value(const eager__replay *replay, const eager__mem *mem) {
  uintptr_t at = (uintptr_t)mem, first = (uintptr_t)replay->tags;
  size_t count = (size_t)replay->value_count + EAGER__MAX_SCRATCH;
  return at >= first && at < first + count ? (int)(at - first) : -1;
}

static eager_status stand_in_operands(eager__replay *replay, eager__call *call,
                                      eager__device *device, const int *values) {
  size_t count = (size_t)(call->input_count + call->output_count), next = 0;
  EAGER__TRY(eager__reserve(&replay->stand_ins, &replay->stand_in_capacity, count,
                            sizeof *replay->stand_ins));
  for (int i = 0; i < call->input_count; i++, next++) {
    size_t size = (size_t)eager__shape_elements(call->inputs[i].shape) *
                  eager_dtype_size(call->inputs[i].dtype);
    call->inputs[i].offset = 0;
    call->inputs[i].buffer =
        stand_in_for(replay, &replay->stand_ins[next], values[next], device, size);
  }
  for (int i = 0; i < call->output_count; i++, next++) {
    eager__result *result = &call->outputs[i];
    size_t size =
        (size_t)eager__shape_elements(&result->shape) * eager_dtype_size(result->dtype);
    result->offset = 0;
    if (values[next] >= 0)
      result->buffer =
          stand_in_for(replay, &replay->stand_ins[next], values[next], device, size);
  }
  return EAGER_OK;
}

static void forget_operands(eager__call *call) {
  for (int i = 0; i < call->input_count; i++) call->inputs[i].buffer = NULL;
  for (int i = 0; i < call->output_count; i++) call->outputs[i].buffer = NULL;
}

/* --- Taking over what was recorded --- */

static eager_status add_patch(eager__replay *replay, eager__patch_kind kind, size_t at,
                              int which, const eager__mem *mem, int64_t offset) {
  int value = find_value(replay, mem);
  if (value < 0) return EAGER_OK;
  EAGER__TRY(eager__reserve(&replay->patches, &replay->patch_capacity,
                            replay->patch_count + 1, sizeof *replay->patches));
  replay->patches[replay->patch_count++] = (eager__patch){
      .kind = kind, .at = (int)at, .value = value, .which = which, .offset = offset};
  return EAGER_OK;
}

static eager_status take_gemm(eager__replay *replay, size_t arg) {
  eager__gemm gemm;
  memcpy(&gemm, replay->bytes + replay->args[arg].as.offset, sizeof gemm);
  EAGER__TRY(add_patch(replay, EAGER__PATCH_GEMM, arg, 0, gemm.a, (int64_t)gemm.a_offset));
  EAGER__TRY(add_patch(replay, EAGER__PATCH_GEMM, arg, 1, gemm.b, (int64_t)gemm.b_offset));
  return add_patch(replay, EAGER__PATCH_GEMM, arg, 2, gemm.c, (int64_t)gemm.c_offset);
}

/* Behind a buffer stands its offset, in elements. */
static eager_status take_args(eager__replay *replay, const eager__command *item) {
  for (int i = 0; i < item->arg_count; i++) {
    size_t at = (size_t)(item->arg_begin + i);
    const eager__arg *arg = &replay->args[at];
    if (arg->kind == EAGER__ARG_MEM)
      EAGER__TRY(
          add_patch(replay, EAGER__PATCH_ARG, at, 0, arg->as.mem, (int64_t)arg[1].as.bits));
  }
  return EAGER_OK;
}

static eager_status take_item(eager__replay *replay, const eager__command *item,
                              size_t arg_begin) {
  eager__command *copy = &replay->items[replay->item_count];
  *copy = *item;
  copy->arg_begin += (int)arg_begin;
  size_t number = replay->item_count++;
  switch (item->kind) {
  case EAGER__COMMAND_KERNEL:
    return take_args(replay, copy);
  case EAGER__COMMAND_FILL:
    return add_patch(replay, EAGER__PATCH_FILL, number, 0, item->fill.target, 0);
  case EAGER__COMMAND_GEMM:
    return take_gemm(replay, (size_t)copy->arg_begin);
  }
  return EAGER_OK;
}

static eager_status take_chunk(eager__replay *replay, const eager__chunk *chunk) {
  size_t args = replay->arg_count, bytes = (replay->byte_count + 7) & ~(size_t)7;
  size_t arg_count = (size_t)chunk->arg_count, byte_count = (size_t)chunk->byte_count;
  EAGER__TRY(eager__reserve(&replay->items, &replay->item_capacity,
                            replay->item_count + (size_t)chunk->item_count,
                            sizeof *replay->items));
  EAGER__TRY(eager__reserve(&replay->args, &replay->arg_capacity, args + arg_count,
                            sizeof *replay->args));
  EAGER__TRY(eager__reserve(&replay->bytes, &replay->byte_capacity, bytes + byte_count, 1));
  if (arg_count) memcpy(replay->args + args, chunk->args, arg_count * sizeof *chunk->args);
  if (byte_count) memcpy(replay->bytes + bytes, chunk->bytes, byte_count);
  for (size_t i = args; i < args + arg_count; i++)
    if (replay->args[i].kind == EAGER__ARG_BYTES) replay->args[i].as.offset += bytes;
  replay->arg_count += arg_count;
  replay->byte_count = bytes + byte_count;
  for (int i = 0; i < chunk->item_count; i++)
    EAGER__TRY(take_item(replay, &chunk->items[i], args));
  return EAGER_OK;
}

static eager_status launch(eager__replay *replay, eager__call *call, eager__device *device,
                           bool *out_fails) {
  eager__commands commands;
  eager__commands_init(&commands, call, device, (eager__origin){call->name, 0, 0});
  commands.recording = replay;
  eager_status status = call->op->launch(call, &commands);
  if (status == EAGER_OK) status = commands.status;
  *out_fails = commands.checked;
  const eager__chunk *chunk = &commands.first;
  for (; chunk && status == EAGER_OK && !commands.checked; chunk = chunk->next)
    status = take_chunk(replay, chunk);
  eager__commands_clear(&commands);
  return status;
}

eager_status eager__replay_add(eager__replay *replay, eager__call *call,
                               eager__device *device, const int *values, bool *out_fails) {
  replay->device = device;
  EAGER__TRY(stand_in_operands(replay, call, device, values));
  eager_status status = launch(replay, call, device, out_fails);
  forget_operands(call);
  return status;
}
