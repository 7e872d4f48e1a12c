#include "cl/device.h"

#include <string.h>

#include <CL/cl.h>
#include <stdio.h>

#include "base/alloc.h"
#include "cl/cells.h"
#include "cl/census.h"
#include "cl/error.h"
#include "cl/program.h"
#include "cl/staging.h"
#include "cl/traced.h"
#include "cl/tuning.h"

/* Held while a device opens: the first of a platform makes the context of all. */
static eager__mutex open_lock = EAGER__MUTEX_STATIC(EAGER__RANK_CONTEXT);

/* --- Enabling. --- */

eager_status eager__context_new(const eager__physical *first, eager__context **out) {
  *out = NULL;
  eager__context *context = eager__alloc(sizeof *context);
  if (context == NULL) return eager__out_of_memory(sizeof *context);
  context->platform = first->platform;
  context->single_threaded = first->traits.single_threaded;
  eager__mutex_init_recursive(&context->serial, EAGER__RANK_SERIAL);
  *out = context;
  return EAGER_OK;
}

static eager_status join_context(eager__context *context, eager__device *device) {
  size_t size = (size_t)(context->device_count + 1) * sizeof *context->devices;
  eager__device **devices = eager__realloc(context->devices, size);
  if (devices == NULL) return eager__out_of_memory(size);
  context->devices = devices;
  context->devices[context->device_count++] = device;
  device->context = context;
  return EAGER_OK;
}

eager_status eager__device_new(const eager__selected *selected, int index,
                               eager__context *context, bool profiling,
                               eager__device **out) {
  *out = NULL;
  eager__device *device = eager__alloc(sizeof *device);
  if (device == NULL) return eager__out_of_memory(sizeof *device);
  eager_status status = join_context(context, device);
  if (status != EAGER_OK) {
    eager__free(device);
    return status;
  }
  const eager__physical *physical = selected->physical;
  eager__format_short_name(selected->name, device->short_name);
  eager__format_full_name(selected->name, device->full_name);
  device->info = physical->info;
  device->info.name = device->full_name;
  device->info.short_name = device->short_name;
  device->info.type = device->type = selected->name.type;
  device->index = index;
  device->physical = physical;
  device->traits = physical->traits;
  device->id = physical->id;
  device->profiling = profiling;
  eager__timeline_init(&device->compute, device, EAGER__RANK_COMPUTE);
  eager__timeline_init(&device->transfer, device, EAGER__RANK_TRANSFER);
  *out = device;
  return EAGER_OK;
}

void eager__device_free(eager__device *device) {
  if (device == NULL) return;
  eager__timeline_destroy(&device->compute);
  eager__timeline_destroy(&device->transfer);
  eager__free(device);
}

void eager__context_free(eager__context *context) {
  if (context == NULL) return;
  eager__mutex_destroy(&context->serial);
  eager__free(context->devices);
  eager__free(context);
}

/* --- Opening and closing. --- */

static eager_status open_context(eager__context *context, const char *name) {
  if (context->cl != NULL) return EAGER_OK;
  size_t size = (size_t)context->device_count * sizeof(cl_device_id);
  cl_device_id *ids = eager__alloc(size);
  if (ids == NULL) return eager__out_of_memory(size);
  for (int i = 0; i < context->device_count; i++) ids[i] = context->devices[i]->id;
  cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                        (cl_context_properties)context->platform, 0};
  cl_int code = CL_SUCCESS;
  cl_context cl =
      clCreateContext(properties, (cl_uint)context->device_count, ids, NULL, NULL, &code);
  eager__free(ids);
  if (code != CL_SUCCESS) return eager__cl_fail("clCreateContext", name, code);
  eager__census_add(EAGER__OBJECT_CONTEXT, 1);
  context->cl = cl;
  return EAGER_OK;
}

static eager_status create_queue(eager__device *device, cl_command_queue *out) {
  cl_command_queue_properties properties =
      device->profiling ? CL_QUEUE_PROFILING_ENABLE : 0;
  cl_int code = CL_SUCCESS;
  cl_command_queue queue =
      clCreateCommandQueue(device->context->cl, device->id, properties, &code);
  if (code != CL_SUCCESS && properties) { /* every driver must have it: not all do */
    queue = clCreateCommandQueue(device->context->cl, device->id, 0, &code);
    device->profiling = code != CL_SUCCESS;
  }
  if (code != CL_SUCCESS)
    return eager__cl_fail("clCreateCommandQueue", device->short_name, code);
  eager__census_add(EAGER__OBJECT_QUEUE, 1);
  *out = queue;
  return EAGER_OK;
}

static void release_queue(cl_command_queue queue) {
  if (queue == NULL) return;
  clReleaseCommandQueue(queue);
  eager__census_add(EAGER__OBJECT_QUEUE, -1);
}

static eager_status create_queues(eager__device *device, cl_command_queue *compute,
                                  cl_command_queue *transfer) {
  EAGER__TRY(create_queue(device, compute));
  eager_status status = create_queue(device, transfer);
  if (status != EAGER_OK) release_queue(*compute);
  return status;
}

static void set_queue(eager__timeline *timeline, cl_command_queue queue) {
  eager__timeline_lock(timeline);
  timeline->queue = queue;
  eager__timeline_unlock(timeline);
}

static eager_status open_locked(eager__device *device) {
  if (atomic_load(&device->is_open)) return EAGER_OK;
  cl_command_queue compute = NULL, transfer = NULL;
  eager__cl_enter(device->context);
  eager_status status = open_context(device->context, device->short_name);
  if (status == EAGER_OK) status = create_queues(device, &compute, &transfer);
  eager__cl_leave(device->context);
  if (status != EAGER_OK) return status;
  set_queue(&device->compute, compute);
  set_queue(&device->transfer, transfer);
  eager__tuning_load(device);
  eager__traced_open(device);
  atomic_store_explicit(&device->is_open, true, memory_order_release);
  return EAGER_OK;
}

eager_status eager__device_open(eager__device *device) {
  if (eager__device_is_lost(device))
    return eager__device_fail_lost(device, "an earlier command");
  if (atomic_load_explicit(&device->is_open, memory_order_acquire)) return EAGER_OK;
  eager__mutex_lock(&open_lock);
  eager_status status = open_locked(device);
  eager__mutex_unlock(&open_lock);
  return status;
}

static cl_command_queue take_queue(eager__timeline *timeline) {
  eager__timeline_lock(timeline);
  cl_command_queue queue = timeline->queue;
  timeline->queue = NULL;
  eager__timeline_unlock(timeline);
  return queue;
}

void eager__device_close(eager__device *device) {
  if (!atomic_load_explicit(&device->is_open, memory_order_acquire)) return;
  /* Marks hold events, and retirees hold slots of the rooms closed next. */
  eager__timeline_abandon(&device->compute);
  eager__timeline_abandon(&device->transfer);
  eager__cells_close(device);
  eager__staging_close(device);
  eager__programs_close(device);
  cl_command_queue compute = take_queue(&device->compute);
  cl_command_queue transfer = take_queue(&device->transfer);
  eager__cl_enter(device->context);
  release_queue(compute);
  release_queue(transfer);
  eager__cl_leave(device->context);
  atomic_store_explicit(&device->is_open, false, memory_order_release);
}

void eager__context_close(eager__context *context) {
  if (context->cl == NULL) return;
  eager__cl_enter(context);
  clReleaseContext(context->cl);
  eager__cl_leave(context);
  eager__census_add(EAGER__OBJECT_CONTEXT, -1);
  context->cl = NULL;
}

/* --- The lock of drivers that are not thread-safe. --- */

bool eager__cl_try_enter(eager__context *context) {
  return !context->single_threaded || eager__mutex_try_lock(&context->serial);
}

/* --- Loss. --- */

void eager__device_lose(eager__device *device, int code) {
  eager__context *context = device->context;
  int none = 0;
  if (!atomic_compare_exchange_strong(&context->lost_code, &none, code)) return;
  for (int i = 0; i < context->device_count; i++) context->devices[i]->info.is_lost = true;
}

eager_status eager__device_fail_lost(const eager__device *device, const char *what) {
  char text[256];
  int code = eager__device_describe_loss(device, what, text, sizeof text);
  return eager__fail_cl(EAGER_UNAVAILABLE, code, "%s", text);
}

int eager__device_describe_loss(const eager__device *device, const char *what, char *text,
                                size_t size) {
  int code = atomic_load(&device->context->lost_code);
  snprintf(text, size, "device %s was lost: %s (%d) at or after %s", device->short_name,
           eager__cl_error_name(code), code, what);
  return code;
}
