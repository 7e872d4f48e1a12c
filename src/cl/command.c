#include "cl/command.h"

#include <CL/cl.h>

#include "cl/census.h"
#include "cl/error.h"
#include "cl/traced.h"

eager_status eager__command_refused(eager__device *device, const char *call, int code) {
  if (eager__cl_is_dead(code)) eager__device_lose(device, code);
  if (eager__device_is_lost(device)) return eager__device_fail_lost(device, call);
  return eager__cl_fail(call, device->short_name, code);
}

int eager__command_flush(eager__device *device, eager__cl_queue *queue) {
  cl_int code = clFlush(queue);
  if (eager__cl_is_dead(code)) eager__device_lose(device, code);
  return code;
}

void eager__command_made_event(void) {
  eager__census_add(EAGER__OBJECT_EVENT, 1);
}

/* The lock, and where the event goes. */
static eager__event **begin(eager__device *device, eager__traced *traced,
                            eager__event **out_event) {
  eager__timeline_lock(&device->transfer);
  eager__cl_enter(device->context);
  return eager__traced_begin(traced, &device->transfer, out_event);
}

/* The command is on its way, but its queue has just died. */
static eager_status give_up(eager__device *device, eager__event **out_event) {
  (void)eager__event_finish(device, device->transfer.queue, *out_event);
  *out_event = NULL;
  return eager__device_fail_lost(device, "clFlush");
}

/* Flushes at once: somebody waits for this command next, perhaps on another queue. A
 * refused flush that loses nothing does no harm: the wait flushes as well. */
static eager_status end(eager__device *device, eager__traced *traced, const char *name,
                        size_t size, const char *call, cl_int code,
                        eager__event **out_event) {
  int flushed = CL_SUCCESS;
  if (code == CL_SUCCESS) {
    flushed = eager__command_flush(device, device->transfer.queue);
    eager__command_made_event();
  }
  eager__cl_leave(device->context);
  eager__traced_end(
      traced, code == CL_SUCCESS,
      &(eager__traced_what){.kind = EAGER__TRACE_MOVE, .name = name, .size = size});
  eager__timeline_unlock(&device->transfer);
  if (code != CL_SUCCESS) return eager__command_refused(device, call, code);
  return eager__cl_is_dead(flushed) ? give_up(device, out_event) : EAGER_OK;
}

eager_status eager__command_write(eager__device *device, eager__mem *mem, size_t offset,
                                  const void *data, size_t size, eager__event **out_event) {
  eager__traced traced;
  eager__event **event = begin(device, &traced, out_event);
  cl_int code = clEnqueueWriteBuffer(device->transfer.queue, mem, CL_FALSE, offset, size,
                                     data, 0, NULL, event);
  return end(device, &traced, "write", size, "clEnqueueWriteBuffer", code, out_event);
}

eager_status eager__command_read(eager__device *device, eager__mem *mem, size_t offset,
                                 void *data, size_t size, eager__event **out_event) {
  eager__traced traced;
  eager__event **event = begin(device, &traced, out_event);
  cl_int code = clEnqueueReadBuffer(device->transfer.queue, mem, CL_FALSE, offset, size,
                                    data, 0, NULL, event);
  return end(device, &traced, "read", size, "clEnqueueReadBuffer", code, out_event);
}

eager_status eager__command_copy(eager__device *device, eager__mem *source,
                                 size_t source_offset, eager__mem *target,
                                 size_t target_offset, size_t size,
                                 eager__event **out_event) {
  eager__traced traced;
  eager__event **event = begin(device, &traced, out_event);
  cl_int code = clEnqueueCopyBuffer(device->transfer.queue, source, target, source_offset,
                                    target_offset, size, 0, NULL, event);
  return end(device, &traced, "copy", size, "clEnqueueCopyBuffer", code, out_event);
}

eager_status eager__command_map(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, bool discard, void **out_view,
                                eager__event **out_event) {
  cl_map_flags flags = discard ? CL_MAP_WRITE_INVALIDATE_REGION : CL_MAP_READ;
  cl_int code;
  eager__traced traced;
  eager__event **event = begin(device, &traced, out_event);
  *out_view = clEnqueueMapBuffer(device->transfer.queue, mem, CL_FALSE, flags, offset, size,
                                 0, NULL, event, &code);
  return end(device, &traced, "map", size, "clEnqueueMapBuffer", code, out_event);
}

eager_status eager__command_unmap(eager__device *device, eager__mem *mem, void *view,
                                  eager__event **out_event) {
  eager__traced traced;
  eager__event **event = begin(device, &traced, out_event);
  cl_int code = clEnqueueUnmapMemObject(device->transfer.queue, mem, view, 0, NULL, event);
  return end(device, &traced, "unmap", 0, "clEnqueueUnmapMemObject", code, out_event);
}

eager_status eager__command_wait(eager__device *device, const char *what,
                                 eager__event *event) {
  if (event == NULL) return EAGER_OK;
  uint64_t begin = eager__trace_begin();
  int code = eager__event_finish(device, device->transfer.queue, event);
  eager__trace_wait(begin, "wait for copy", device->short_name);
  if (begin) eager__traced_finish(&device->transfer, event);
  if (code >= 0) return EAGER_OK;
  eager__device_lose(device, code);
  return eager__device_fail_lost(device, what);
}
