#include "cl/cells.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/command.h"
#include "cl/error.h"
#include "cl/launch.h"
#include "cl/traced.h"

struct eager__cells {
  eager__mutex lock; /* leaf: the free list and the dirty flags */
  eager__mem *mem;
  int free_count;
  int16_t free_slots[EAGER__CELL_COUNT];
  bool dirty[EAGER__CELL_COUNT];
  int32_t host[EAGER__CELL_COUNT]; /* where read-backs land */
};

static eager_status open_cells(eager__device *device, eager__cells **out) {
  eager__cells *cells = eager__alloc(sizeof *cells);
  if (!cells) return eager__out_of_memory(sizeof *cells);
  for (int i = 0; i < EAGER__CELL_COUNT; i++) {
    cells->host[i] = EAGER__CELL_CLEAN;
    cells->free_slots[i] = (int16_t)(EAGER__CELL_COUNT - 1 - i);
  }
  cl_int code;
  eager__cl_enter(device->context);
  cells->mem = clCreateBuffer(device->context->cl, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                              sizeof cells->host, cells->host, &code);
  eager__cl_leave(device->context);
  if (!cells->mem) {
    eager__free(cells);
    return eager__command_refused(device, "clCreateBuffer", code);
  }
  eager__census_add(EAGER__OBJECT_MEM, 1);
  cells->free_count = EAGER__CELL_COUNT;
  eager__mutex_init(&cells->lock, EAGER__RANK_LEAF);
  *out = cells;
  return EAGER_OK;
}

static eager_status get_cells(eager__device *device, eager__cells **out) {
  eager__timeline_lock(&device->compute);
  eager_status status = device->cells ? EAGER_OK : open_cells(device, &device->cells);
  *out = device->cells;
  eager__timeline_unlock(&device->compute);
  return status;
}

eager_status eager__cell_take(eager__device *device, int *out_slot) {
  eager__cells *cells;
  EAGER__TRY(get_cells(device, &cells));
  for (;;) {
    eager__mutex_lock(&cells->lock);
    int slot = cells->free_count ? cells->free_slots[--cells->free_count] : -1;
    eager__mutex_unlock(&cells->lock);
    if (slot >= 0) {
      *out_slot = slot;
      return EAGER_OK;
    }
    uint64_t oldest = atomic_load(&device->compute.completed) + 1;
    if (oldest > atomic_load(&device->compute.submitted))
      eager__sleep(50000); /* all taken by threads that are about to submit */
    else if (eager__timeline_wait(&device->compute, oldest) != EAGER_OK)
      return eager__device_fail_lost(device, "a checked op");
  }
}

eager_status eager__cell_prepare(eager__device *device, int slot) {
  eager__cells *cells = device->cells;
  if (!cells->dirty[slot]) return EAGER_OK;
  const cl_int clean = EAGER__CELL_CLEAN;
  EAGER__TRY(eager__launch_fill(device, cells->mem, (size_t)slot * sizeof clean,
                                sizeof clean, &clean, sizeof clean, NULL));
  cells->dirty[slot] = false;
  return EAGER_OK;
}

eager_status eager__cell_read_back(eager__device *device, int slot,
                                   eager__event **out_event) {
  eager__cells *cells = device->cells;
  eager__traced traced;
  eager__cl_enter(device->context);
  cl_int code = clEnqueueReadBuffer(
      device->compute.queue, cells->mem, CL_FALSE, (size_t)slot * sizeof(cl_int),
      sizeof(cl_int), &cells->host[slot], 0, NULL,
      eager__traced_begin(&traced, &device->compute, out_event));
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS)
    return eager__command_refused(device, "clEnqueueReadBuffer", code);
  if (out_event) eager__command_made_event();
  eager__traced_end(&traced, true,
                    &(eager__traced_what){.kind = EAGER__TRACE_MOVE,
                                          .name = "check",
                                          .size = sizeof(cl_int)});
  return EAGER_OK;
}

int32_t eager__cell_value(const eager__device *device, int slot) {
  return device->cells->host[slot];
}

void eager__cell_give(eager__device *device, int slot, bool spoiled) {
  eager__cells *cells = device->cells;
  eager__mutex_lock(&cells->lock);
  if (spoiled || cells->host[slot] != EAGER__CELL_CLEAN) cells->dirty[slot] = true;
  cells->host[slot] = EAGER__CELL_CLEAN;
  cells->free_slots[cells->free_count++] = (int16_t)slot;
  eager__mutex_unlock(&cells->lock);
}

eager__mem *eager__cells_mem(const eager__device *device) {
  return device->cells->mem;
}

void eager__cells_close(eager__device *device) {
  eager__cells *cells = device->cells;
  if (!cells) return;
  device->cells = NULL;
  eager__cl_enter(device->context);
  clReleaseMemObject(cells->mem);
  eager__cl_leave(device->context);
  eager__census_add(EAGER__OBJECT_MEM, -1);
  eager__mutex_destroy(&cells->lock);
  eager__free(cells);
}
