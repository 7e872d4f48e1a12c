/* Putting a recorded command list on its device's queue. */
#include <string.h>

#include "cl/cells.h"
#include "runtime/commands.h"

static eager_status play_item(eager__device *device, const eager__chunk *chunk,
                              const eager__command *item, int slot,
                              eager__event **out_event, int *out_skip) {
  switch (item->kind) {
  case EAGER__COMMAND_KERNEL:
    return eager__launch_kernel(device, item->kernel, &item->grid,
                                chunk->args + item->arg_begin, item->arg_count,
                                chunk->bytes, slot, out_event);
  case EAGER__COMMAND_FILL:
    return eager__launch_fill(device, item->fill.target, item->fill.offset, item->fill.size,
                              &item->fill.pattern, item->fill.pattern_size, out_event);
  case EAGER__COMMAND_GEMM: {
    eager__gemm gemm;
    memcpy(&gemm, chunk->bytes + chunk->args[item->arg_begin].as.offset, sizeof gemm);
    if (eager__blas_gemm(device, &gemm) == EAGER_OK)
      *out_skip = item->fallbacks;
    else
      eager__clear_error();
    return EAGER_OK;
  }
  }
  return EAGER_OK;
}

eager_status eager__commands_play(eager__commands *commands, int slot, bool want_event,
                                  eager__event **out_event) {
  eager__device *device = commands->device;
  int skip = 0;
  if (slot >= 0) EAGER__TRY(eager__cell_prepare(device, slot));
  for (eager__chunk *chunk = &commands->first; chunk; chunk = chunk->next) {
    for (int i = 0; i < chunk->item_count; i++) {
      if (skip > 0) {
        skip--;
        continue;
      }
      bool last = !chunk->next && i == chunk->item_count - 1;
      EAGER__TRY(play_item(device, chunk, &chunk->items[i], slot,
                           want_event && last && slot < 0 ? out_event : NULL, &skip));
    }
  }
  if (slot >= 0) return eager__cell_read_back(device, slot, want_event ? out_event : NULL);
  return EAGER_OK;
}
