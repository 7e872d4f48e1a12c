#include "cl/foreign.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdint.h>

#include "cl/census.h"
#include "cl/command.h"
#include "cl/error.h"
#include "cl/host_pages.h"

eager__mem *eager__foreign_over_host(eager__device *device, void *data, size_t size) {
  uintptr_t align = device->physical->facts.base_align;
  if (!size || !eager__shares_host_memory(device) || !align) return NULL;
  if ((uintptr_t)data % align || size > device->info.max_allocation) return NULL;
  cl_int code;
  eager__cl_enter(device->context);
  cl_mem mem = clCreateBuffer(device->context->cl, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
                              size, data, &code);
  eager__cl_leave(device->context);
  if (mem) eager__census_add(EAGER__OBJECT_MEM, 1);
  return mem;
}

eager_status eager__foreign_import(eager__device *device, eager__mem *mem, size_t offset,
                                   size_t size) {
  cl_context context = NULL;
  cl_mem_object_type type = 0;
  size_t capacity = 0;
  eager__cl_enter(device->context);
  cl_int code = clGetMemObjectInfo(mem, CL_MEM_CONTEXT, sizeof context, &context, NULL);
  if (code == CL_SUCCESS)
    code = clGetMemObjectInfo(mem, CL_MEM_TYPE, sizeof type, &type, NULL);
  if (code == CL_SUCCESS)
    code = clGetMemObjectInfo(mem, CL_MEM_SIZE, sizeof capacity, &capacity, NULL);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS && code != CL_INVALID_MEM_OBJECT)
    return eager__command_refused(device, "clGetMemObjectInfo", code);
  if (code != CL_SUCCESS)
    return eager__fail_cl(EAGER_INVALID_ARGUMENT, code, "mem is not a memory object: %s",
                          eager__cl_error_name(code));
  EAGER__REQUIRE(type == CL_MEM_OBJECT_BUFFER, EAGER_INVALID_ARGUMENT,
                 "mem is not a buffer");
  EAGER__REQUIRE(context == device->context->cl, EAGER_INVALID_ARGUMENT,
                 "mem belongs to another context than %s: eager_device_cl() tells the "
                 "right one",
                 device->short_name);
  EAGER__REQUIRE(offset <= capacity && size <= capacity - offset, EAGER_INVALID_ARGUMENT,
                 "the tensor needs bytes %zu to %zu of a buffer of %zu", offset,
                 offset + size, capacity);
  eager__cl_enter(device->context);
  code = clRetainMemObject(mem);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS) return eager__command_refused(device, "clRetainMemObject", code);
  eager__census_add(EAGER__OBJECT_MEM, 1);
  return EAGER_OK;
}

/* The timeline of the context that owns `queue`, or NULL: a queue of the user's own. */
static eager__timeline *timeline_of(eager__context *context, cl_command_queue queue) {
  for (int i = 0; i < context->device_count; i++)
    if (context->devices[i]->compute.queue == queue) return &context->devices[i]->compute;
  return NULL;
}

/* A command that nobody flushes never ends, and its event is only looked at. */
static void flush_behind(eager__context *context, cl_event event) {
  cl_command_queue queue = NULL;
  eager__cl_enter(context);
  cl_int code = clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, NULL);
  eager__cl_leave(context);
  if (code != CL_SUCCESS || queue == NULL) return; /* a user event has none */
  eager__timeline *ours = timeline_of(context, queue);
  if (ours != NULL) eager__timeline_lock(ours);
  eager__cl_enter(context);
  if (ours != NULL)
    (void)eager__command_flush(ours->device, queue);
  else
    clFlush(queue); /* the user's own: what it says is not about our device */
  eager__cl_leave(context);
  if (ours != NULL) eager__timeline_unlock(ours);
}

static eager_status lost_behind(eager__device *device, cl_event event) {
  eager__cl_enter(device->context);
  clReleaseEvent(event);
  eager__cl_leave(device->context);
  return eager__device_fail_lost(device, "clFlush");
}

eager_status eager__foreign_event(eager__device *device, eager__event *event) {
  cl_context context = NULL;
  eager__cl_enter(device->context);
  const char *call = "clGetEventInfo";
  cl_int code = clGetEventInfo(event, CL_EVENT_CONTEXT, sizeof context, &context, NULL);
  if (code == CL_SUCCESS && context == device->context->cl) {
    call = "clRetainEvent";
    code = clRetainEvent(event);
  }
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS && code != CL_INVALID_EVENT)
    return eager__command_refused(device, call, code);
  if (code != CL_SUCCESS)
    return eager__fail_cl(EAGER_INVALID_ARGUMENT, code, "ready is not an event: %s",
                          eager__cl_error_name(code));
  EAGER__REQUIRE(context == device->context->cl, EAGER_INVALID_ARGUMENT,
                 "ready belongs to another context than %s", device->short_name);
  flush_behind(device->context, event);
  if (eager__device_is_lost(device)) return lost_behind(device, event);
  eager__census_add(EAGER__OBJECT_EVENT, 1);
  return EAGER_OK;
}

eager_status eager__foreign_give_mem(eager__device *device, eager__mem *mem) {
  eager__cl_enter(device->context);
  cl_int code = clRetainMemObject(mem);
  eager__cl_leave(device->context);
  if (code == CL_SUCCESS) return EAGER_OK;
  return eager__command_refused(device, "clRetainMemObject", code);
}

void eager__foreign_event_given(void) {
  eager__census_add(EAGER__OBJECT_EVENT, -1);
}
