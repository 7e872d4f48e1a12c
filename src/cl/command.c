#include "cl/command.h"

#include <CL/cl.h>

#include "cl/census.h"
#include "cl/error.h"

eager_status eager__command_refused(eager__device *device, const char *call, int code) {
  if (code == CL_INVALID_COMMAND_QUEUE) eager__device_lose(device, code);
  if (eager__device_is_lost(device)) return eager__device_fail_lost(device, call);
  return eager__cl_fail(call, device->short_name, code);
}

void eager__command_made_event(void) {
  eager__census_add(EAGER__OBJECT_EVENT, 1);
}

static void begin(eager__device *device) {
  eager__timeline_lock(&device->transfer);
  eager__cl_enter(device->context);
}

/* Flushes at once: somebody waits for this command next, perhaps on another queue. */
static eager_status end(eager__device *device, const char *call, cl_int code) {
  if (code == CL_SUCCESS) {
    clFlush(device->transfer.queue);
    eager__command_made_event();
  }
  eager__cl_leave(device->context);
  eager__timeline_unlock(&device->transfer);
  return code == CL_SUCCESS ? EAGER_OK : eager__command_refused(device, call, code);
}

eager_status eager__command_write(eager__device *device, eager__mem *mem, size_t offset,
                                  const void *data, size_t size, eager__event **out_event) {
  begin(device);
  cl_int code = clEnqueueWriteBuffer(device->transfer.queue, mem, CL_FALSE, offset, size,
                                     data, 0, NULL, out_event);
  return end(device, "clEnqueueWriteBuffer", code);
}

eager_status eager__command_read(eager__device *device, eager__mem *mem, size_t offset,
                                 void *data, size_t size, eager__event **out_event) {
  begin(device);
  cl_int code = clEnqueueReadBuffer(device->transfer.queue, mem, CL_FALSE, offset, size,
                                    data, 0, NULL, out_event);
  return end(device, "clEnqueueReadBuffer", code);
}

eager_status eager__command_copy(eager__device *device, eager__mem *source,
                                 size_t source_offset, eager__mem *target,
                                 size_t target_offset, size_t size,
                                 eager__event **out_event) {
  begin(device);
  cl_int code = clEnqueueCopyBuffer(device->transfer.queue, source, target, source_offset,
                                    target_offset, size, 0, NULL, out_event);
  return end(device, "clEnqueueCopyBuffer", code);
}

eager_status eager__command_map(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, bool discard, void **out_view,
                                eager__event **out_event) {
  cl_map_flags flags = discard ? CL_MAP_WRITE_INVALIDATE_REGION : CL_MAP_READ;
  cl_int code;
  begin(device);
  *out_view = clEnqueueMapBuffer(device->transfer.queue, mem, CL_FALSE, flags, offset, size,
                                 0, NULL, out_event, &code);
  return end(device, "clEnqueueMapBuffer", code);
}

eager_status eager__command_unmap(eager__device *device, eager__mem *mem, void *view,
                                  eager__event **out_event) {
  begin(device);
  cl_int code =
      clEnqueueUnmapMemObject(device->transfer.queue, mem, view, 0, NULL, out_event);
  return end(device, "clEnqueueUnmapMemObject", code);
}

eager_status eager__command_wait(eager__device *device, const char *what,
                                 eager__event *event) {
  if (event == NULL) return EAGER_OK;
  int code = eager__event_finish(device, device->transfer.queue, event);
  if (code >= 0) return EAGER_OK;
  eager__device_lose(device, code);
  return eager__device_fail_lost(device, what);
}
