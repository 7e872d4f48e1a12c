/* Settling a replay, and playing it. */
#include <string.h>

#include "base/alloc.h"
#include "cl/memory.h"
#include "runtime/replay_parts.h"

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

void eager__replay_drop_recording(eager__replay *replay) {
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
  eager__replay_drop_recording(replay);
  eager__free(atomic_load(&replay->spare));
  eager__free(replay->items);
  eager__free(replay->args);
  eager__free(replay->bytes);
  eager__free(replay->patches);
  eager__free(replay->item_uses);
  eager__free(replay->reach);
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
    eager__patch *p = &replay->patches[i];
    if (p->value < replay->value_count) {
      const eager__replay_place *place = &places[p->value];
      p->shift = p->kind == EAGER__PATCH_FILL ? 0 : log2_of(eager_dtype_size(place->dtype));
      p->offset = (p->offset << p->shift) + place->offset;
      p->value = place->slot;
    } else { /* a workspace, at its beginning */
      p->value += slots - replay->value_count;
    }
    if (p->kind == EAGER__PATCH_ARG)
      replay->item_uses[find_item(replay, p->at)] |= slot_bit(p->value);
  }
}

eager_status eager__replay_settle(eager__replay *replay, const eager__replay_place *places,
                                  bool *reach) {
  replay->reach = reach;
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
  eager__replay_drop_recording(replay);
  return EAGER_OK;
}

/* --- Playing --- */

static void patch_gemm(eager__played *played, const eager__patch *p, eager__mem *mem,
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

static void apply(eager__played *played, const eager__patch *p, eager__mem *mem,
                  int64_t begin) {
  int64_t offset = (p->offset + begin) >> p->shift;
  switch (p->kind) {
  case EAGER__PATCH_ARG:
    played->args[p->at].as.mem = mem;
    played->args[p->at + 1].as.bits = (uint64_t)offset;
    break;
  case EAGER__PATCH_FILL:
    played->items[p->at].fill.target = mem;
    played->items[p->at].fill.offset = (size_t)offset;
    break;
  case EAGER__PATCH_GEMM:
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
    const eager__patch *p = &replay->patches[i];
    apply(played, p, played->slots[p->value].mem, played->slots[p->value].offset);
  }
  return EAGER_OK;
}

const bool *eager__played_reach(const eager__played *played) {
  return played->replay->reach;
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
