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
static eager_status play_items(eager__device *device, const eager__command *items,
                               int count, const eager__arg *args, const uint8_t *bytes,
                               int slot, bool want_event, eager__event **out_event,
                               int *skip) {
  for (int i = 0; i < count; i++) {
    bool wanted = want_event && i == count - 1;
    if (*skip > 0)
      --*skip;
    else
      EAGER__TRY(
          play_item(device, &items[i], args, bytes, slot, wanted ? out_event : NULL, skip));
  }
  return EAGER_OK;
}

eager_status eager__commands_play(eager__commands *commands, int slot, bool want_event,
                                  eager__event **out_event) {
  eager__device *device = commands->device;
  const eager__played *played = commands->played;
  bool ends = want_event && slot < 0;
  int skip = 0;
  if (slot >= 0) EAGER__TRY(eager__cell_prepare(device, slot));
  if (played)
    EAGER__TRY(play_items(device, played->items, played->item_count, played->args,
                          played->bytes, slot, ends, out_event, &skip));
  for (eager__chunk *chunk = &commands->first; chunk; chunk = chunk->next)
    EAGER__TRY(play_items(device, chunk->items, chunk->item_count, chunk->args,
                          chunk->bytes, slot, ends && !chunk->next, out_event, &skip));
  if (slot >= 0) return eager__cell_read_back(device, slot, want_event ? out_event : NULL);
  return EAGER_OK;
}
