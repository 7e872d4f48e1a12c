/* Putting a recorded command list on its device's queue. */
#include <string.h>

#include "cl/cells.h"
#include "runtime/replay.h"

static eager_status play_item(eager__device *device, const eager__command *item,
                              const eager__arg *args, const uint8_t *bytes, int slot,
                              eager__event **out_event, int *out_skip) {
  args += item->arg_begin;
  switch (item->kind) {
  case EAGER__COMMAND_KERNEL:
    return eager__launch_kernel(device, item->kernel, &item->grid, args, item->arg_count,
                                bytes, slot, out_event);
  case EAGER__COMMAND_FILL:
    return eager__launch_fill(device, item->fill.target, item->fill.offset, item->fill.size,
                              &item->fill.pattern, item->fill.pattern_size, out_event);
  case EAGER__COMMAND_GEMM: {
    eager__gemm gemm;
    memcpy(&gemm, bytes + args->as.offset, sizeof gemm);
    if (eager__blas_gemm(device, &gemm) == EAGER_OK)
      *out_skip = item->fallbacks;
    else
      eager__clear_error();
    return EAGER_OK;
  }
  }
  return EAGER_OK;
}

/* `want_event`: of the last one. */
static eager_status play_chunk(eager__device *device, const eager__chunk *chunk, int slot,
                               bool want_event, eager__event **out_event, int *skip) {
  for (int i = 0; i < chunk->item_count; i++) {
    bool wanted = want_event && i == chunk->item_count - 1;
    if (*skip > 0)
      --*skip;
    else
      EAGER__TRY(play_item(device, &chunk->items[i], chunk->args, chunk->bytes, slot,
                           wanted ? out_event : NULL, skip));
  }
  return EAGER_OK;
}

/* Most kernels have their arguments from the time before. */
static eager_status play_again(eager__device *device, const eager__played *played,
                               bool want_event, eager__event **out_event) {
  uint64_t changed = eager__played_begin(played);
  eager_status status = EAGER_OK;
  bool all = true;
  for (int i = 0, skip = 0; i < played->item_count && status == EAGER_OK; i++) {
    const eager__command *item = &played->items[i];
    eager__event **event = want_event && i == played->item_count - 1 ? out_event : NULL;
    bool is_kernel = item->kind == EAGER__COMMAND_KERNEL;
    if (skip > 0) {
      skip--;
      all = false;
    } else if (is_kernel && eager__played_is_set(played, i, changed)) {
      status = eager__launch_again(device, item->kernel, &item->grid, event);
    } else {
      status = play_item(device, item, played->args, played->bytes, -1, event, &skip);
    }
  }
  eager__played_end(played, all && status == EAGER_OK);
  return status;
}

uint64_t eager__commands_bound(const eager__commands *commands, int most) {
  int ops = commands->played ? commands->played->item_count : 1;
  return ops > most ? 1 : (uint64_t)(most / (ops > 0 ? ops : 1));
}

eager_status eager__commands_play(eager__commands *commands, int slot, bool want_event,
                                  eager__event **out_event) {
  eager__device *device = commands->device;
  const eager__played *played = commands->played;
  bool ends = want_event && slot < 0;
  int skip = 0;
  if (slot >= 0) EAGER__TRY(eager__cell_prepare(device, slot));
  if (played) EAGER__TRY(play_again(device, played, ends, out_event));
  for (eager__chunk *chunk = &commands->first; chunk; chunk = chunk->next)
    EAGER__TRY(play_chunk(device, chunk, slot, ends && !chunk->next, out_event, &skip));
  if (slot >= 0) return eager__cell_read_back(device, slot, want_event ? out_event : NULL);
  return EAGER_OK;
}
