#include "runtime/replay.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/memory.h"

/* An argument, a fill's target or an operand of a product, that is a value's memory. */
typedef enum patch_kind { PATCH_ARG, PATCH_FILL, PATCH_GEMM } patch_kind;
typedef struct patch {
  patch_kind kind;
  int at;    /* the argument's number, or the command's; of a product, its argument's */
  int value; /* from settling on: the slot, or beyond the slots a workspace */
  int which; /* operand of a product */
  int shift; /* log2 of the element's size, in which the offset is counted */
  int64_t offset; /* bytes */
} patch;

struct eager__replay {
  atomic_int refs;
  _Atomic(eager__played *) spare; /* a copy whose playing is over */
  eager__device *device;
  bool is_settled;     /* the kernels are borrowed */
  int slot_count;      /* with the workspaces */
  uint64_t *item_uses; /* by item: its slots, as bits */
  /* What the kernels' arguments were set to last. Guarded by the compute lock. */
  bool is_bound;
  uint64_t bound_drops; /* eager__memory_drops then */
  eager__replay_slot *bound;
  eager__command *items;
  eager__arg *args;
  uint8_t *bytes;
  patch *patches;
  size_t item_count, item_capacity;
  size_t arg_count, arg_capacity;
  size_t byte_count, byte_capacity;
  size_t patch_count, patch_capacity;
  int workspace_count;
  size_t workspaces[EAGER__MAX_SCRATCH];
  /* While recording: */
  int value_count;
  char *tags; /* the memory of value i is known by the address of tags[i] */
  struct stand_in *stand_ins;
  size_t stand_in_capacity;
  struct stand_in *scratch; /* EAGER__MAX_SCRATCH */
};

/* A buffer with no memory. */
typedef struct stand_in {
  eager__buffer buffer;
  eager__block block;
} stand_in;

/* --- Life --- */

eager_status eager__replay_new(int value_count, eager__replay **out) {
  eager__replay *replay = eager__alloc(sizeof *replay);
  size_t tags = (size_t)value_count + EAGER__MAX_SCRATCH;
  if (!replay) return eager__out_of_memory(sizeof *replay);
  atomic_init(&replay->refs, 1);
  replay->value_count = value_count;
  replay->tags = eager__alloc(tags);
  replay->scratch = eager__alloc(EAGER__MAX_SCRATCH * sizeof *replay->scratch);
  *out = replay;
  if (replay->tags && replay->scratch) return EAGER_OK;
  eager__replay_release(replay);
  *out = NULL;
  return eager__out_of_memory(tags);
}

eager__replay *eager__replay_retain(eager__replay *replay) {
  atomic_fetch_add_explicit(&replay->refs, 1, memory_order_relaxed);
  return replay;
}

static void drop_recording(eager__replay *replay) {
  eager__free(replay->tags);
  eager__free(replay->stand_ins);
  eager__free(replay->scratch);
  replay->tags = NULL;
  replay->stand_ins = replay->scratch = NULL;
}

void eager__replay_release(eager__replay *replay) {
  if (!replay) return;
  if (atomic_fetch_sub_explicit(&replay->refs, 1, memory_order_acq_rel) != 1) return;
  for (size_t i = 0; replay->is_settled && i < replay->item_count; i++)
    if (replay->items[i].kind == EAGER__COMMAND_KERNEL)
      eager__kernel_give_back(replay->device, replay->items[i].kernel);
  drop_recording(replay);
  eager__free(atomic_load(&replay->spare));
  eager__free(replay->items);
  eager__free(replay->args);
  eager__free(replay->bytes);
  eager__free(replay->patches);
  eager__free(replay->item_uses);
  eager__free(replay->bound);
  eager__free(replay);
}

int eager__replay_workspace_count(const eager__replay *replay) {
  return replay->workspace_count;
}

size_t eager__replay_workspace(const eager__replay *replay, int number) {
  return replay->workspaces[number];
}

int eager__replay_command_count(const eager__replay *replay) {
  return (int)replay->item_count;
}

/* --- Stand-ins --- */

static eager__buffer *stand_in_for(eager__replay *replay, stand_in *s, int value,
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

static eager_status add_patch(eager__replay *replay, patch_kind kind, size_t at, int which,
                              const eager__mem *mem, int64_t offset) {
  int value = find_value(replay, mem);
  if (value < 0) return EAGER_OK;
  EAGER__TRY(eager__reserve(&replay->patches, &replay->patch_capacity,
                            replay->patch_count + 1, sizeof *replay->patches));
  replay->patches[replay->patch_count++] = (patch){
      .kind = kind, .at = (int)at, .value = value, .which = which, .offset = offset};
  return EAGER_OK;
}

static eager_status take_gemm(eager__replay *replay, size_t arg) {
  eager__gemm gemm;
  memcpy(&gemm, replay->bytes + replay->args[arg].as.offset, sizeof gemm);
  EAGER__TRY(add_patch(replay, PATCH_GEMM, arg, 0, gemm.a, (int64_t)gemm.a_offset));
  EAGER__TRY(add_patch(replay, PATCH_GEMM, arg, 1, gemm.b, (int64_t)gemm.b_offset));
  return add_patch(replay, PATCH_GEMM, arg, 2, gemm.c, (int64_t)gemm.c_offset);
}

/* Behind a buffer stands its offset, in elements. */
static eager_status take_args(eager__replay *replay, const eager__command *item) {
  for (int i = 0; i < item->arg_count; i++) {
    size_t at = (size_t)(item->arg_begin + i);
    const eager__arg *arg = &replay->args[at];
    if (arg->kind == EAGER__ARG_MEM)
      EAGER__TRY(add_patch(replay, PATCH_ARG, at, 0, arg->as.mem, (int64_t)arg[1].as.bits));
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
    return add_patch(replay, PATCH_FILL, number, 0, item->fill.target, 0);
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

/* --- Settling --- */

static int log2_of(size_t size) {
  int shift = 0;
  while ((size_t)1 << shift < size) shift++;
  return shift;
}

/* In place of the slots: of a kernel that others use as well, or that is not launched. */
#define NOT_OWN UINT64_MAX

static bool is_empty(const eager__grid *grid) {
  for (int i = 0; i < grid->dims; i++)
    if (grid->global[i] == 0) return true;
  return false;
}

static uint64_t slot_bit(int slot) {
  return UINT64_C(1) << (slot < 63 ? slot : 63);
}

/* The number of the command that argument `arg` belongs to. */
static size_t find_item(const eager__replay *replay, int arg) {
  size_t low = 0, high = replay->item_count;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (replay->items[middle].arg_begin > arg)
      high = middle;
    else
      low = middle;
  }
  return low;
}

/* From values to slots. */
static void place_patches(eager__replay *replay, const eager__replay_place *places) {
  int slots = 0;
  for (int i = 0; i < replay->value_count; i++)
    if (places[i].slot >= slots) slots = places[i].slot + 1;
  replay->slot_count = slots + replay->workspace_count;
  for (size_t i = 0; i < replay->patch_count; i++) {
    patch *p = &replay->patches[i];
    if (p->value < replay->value_count) {
      const eager__replay_place *place = &places[p->value];
      p->shift = p->kind == PATCH_FILL ? 0 : log2_of(eager_dtype_size(place->dtype));
      p->offset = (p->offset << p->shift) + place->offset;
      p->value = place->slot;
    } else { /* a workspace, at its beginning */
      p->value += slots - replay->value_count;
    }
    if (p->kind == PATCH_ARG)
      replay->item_uses[find_item(replay, p->at)] |= slot_bit(p->value);
  }
}

eager_status eager__replay_settle(eager__replay *replay,
                                  const eager__replay_place *places) {
  size_t uses = replay->item_count * sizeof *replay->item_uses;
  if (!(replay->item_uses = eager__alloc(uses + 1))) return eager__out_of_memory(uses);
  place_patches(replay, places);
  size_t slots = (size_t)replay->slot_count * sizeof *replay->bound;
  if (!(replay->bound = eager__alloc(slots + 1))) return eager__out_of_memory(slots);
  for (size_t i = 0; i < replay->item_count; i++) {
    eager__command *item = &replay->items[i];
    if (item->kind != EAGER__COMMAND_KERNEL) continue;
    eager__kernel *own = eager__kernel_borrow(item->kernel);
    if (own == item->kernel || is_empty(&item->grid)) replay->item_uses[i] = NOT_OWN;
    item->kernel = own;
  }
  replay->is_settled = true;
  drop_recording(replay);
  return EAGER_OK;
}

/* --- Playing --- */

static void patch_gemm(eager__played *played, const patch *p, eager__mem *mem,
                       size_t offset) {
  eager__gemm gemm;
  uint8_t *at = played->bytes + played->args[p->at].as.offset;
  memcpy(&gemm, at, sizeof gemm);
  eager__mem **mems[] = {&gemm.a, &gemm.b, &gemm.c};
  size_t *offsets[] = {&gemm.a_offset, &gemm.b_offset, &gemm.c_offset};
  *mems[p->which] = mem;
  *offsets[p->which] = offset;
  memcpy(at, &gemm, sizeof gemm);
}

static void apply(eager__played *played, const patch *p, eager__mem *mem, int64_t begin) {
  int64_t offset = (p->offset + begin) >> p->shift;
  switch (p->kind) {
  case PATCH_ARG:
    played->args[p->at].as.mem = mem;
    played->args[p->at + 1].as.bits = (uint64_t)offset;
    break;
  case PATCH_FILL:
    played->items[p->at].fill.target = mem;
    played->items[p->at].fill.offset = (size_t)offset;
    break;
  case PATCH_GEMM:
    patch_gemm(played, p, mem, (size_t)offset);
    break;
  }
}

/* All that differs from one playing to the next is patched each time. */
static eager_status copy_commands(eager__replay *replay, eager__played **out) {
  *out = atomic_exchange(&replay->spare, NULL);
  if (*out) {
    (*out)->replay = eager__replay_retain(replay);
    return EAGER_OK;
  }
  size_t items = replay->item_count * sizeof *replay->items;
  size_t args = replay->arg_count * sizeof *replay->args;
  size_t slots = (size_t)replay->slot_count * sizeof(eager__replay_slot);
  size_t size = sizeof(eager__played) + items + args + slots + replay->byte_count;
  eager__played *played = eager__alloc(size);
  if (!played) return eager__out_of_memory(size);
  played->replay = eager__replay_retain(replay);
  played->item_count = (int)replay->item_count;
  played->items = (eager__command *)(played + 1);
  played->args = (eager__arg *)((uint8_t *)played->items + items);
  played->slots = (eager__replay_slot *)((uint8_t *)played->args + args);
  played->bytes = (uint8_t *)played->slots + slots;
  if (items) memcpy(played->items, replay->items, items);
  if (args) memcpy(played->args, replay->args, args);
  if (replay->byte_count) memcpy(played->bytes, replay->bytes, replay->byte_count);
  *out = played;
  return EAGER_OK;
}

void eager__played_free(eager__played *played) {
  if (!played) return;
  eager__replay *replay = played->replay;
  eager__played *none = NULL;
  if (!atomic_compare_exchange_strong(&replay->spare, &none, played)) eager__free(played);
  eager__replay_release(replay);
}

eager_status eager__commands_replay(eager__commands *commands, eager__replay *replay,
                                    const eager__replay_slot *slots) {
  int given = replay->slot_count - replay->workspace_count, first = commands->scratch_count;
  for (int i = 0; i < replay->workspace_count; i++)
    (void)eager__scratch(commands, replay->workspaces[i]);
  EAGER__TRY(commands->status);
  EAGER__TRY(copy_commands(replay, &commands->played));
  eager__played *played = commands->played;
  for (int i = 0; i < given; i++) played->slots[i] = slots[i];
  for (int i = 0; i < replay->workspace_count; i++)
    played->slots[given + i] =
        (eager__replay_slot){eager__buffer_mem(commands->scratch[first + i]), 0};
  for (size_t i = 0; i < replay->patch_count; i++) {
    const patch *p = &replay->patches[i];
    apply(played, p, played->slots[p->value].mem, played->slots[p->value].offset);
  }
  return EAGER_OK;
}

/* --- What is set already --- */

uint64_t eager__played_begin(const eager__played *played) {
  eager__replay *replay = played->replay;
  uint64_t drops = eager__memory_drops(), changed = 0;
  if (!replay->is_bound || replay->bound_drops != drops) changed = UINT64_MAX;
  for (int i = 0; i < replay->slot_count; i++) {
    eager__replay_slot *bound = &replay->bound[i];
    if (bound->mem != played->slots[i].mem || bound->offset != played->slots[i].offset)
      changed |= slot_bit(i);
    *bound = played->slots[i];
  }
  replay->is_bound = false;
  replay->bound_drops = drops;
  return changed;
}

void eager__played_end(const eager__played *played, bool all) {
  played->replay->is_bound = all;
}

bool eager__played_is_set(const eager__played *played, int item, uint64_t changed) {
  uint64_t uses = played->replay->item_uses[item];
  return uses != NOT_OWN && !(uses & changed);
}
