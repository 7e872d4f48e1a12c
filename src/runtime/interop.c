/* opencl.h: the library's objects as OpenCL's, and back. */
#include "eagercl/opencl.h"

#include "cl/foreign.h"
#include "runtime/scope.h"
#include "runtime/transfer.h"
#include "tensor/forms.h"

eager_status eager_tensor_cl_event(const eager_tensor *t, cl_event *out_event) {
  EAGER__REQUIRE(out_event, EAGER_INVALID_ARGUMENT, "out_event is NULL");
  *out_event = NULL;
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  eager__buffer *buffer = t->buffer;
  eager__wait_not_deferred(runtime, buffer);
  eager__failure *failure = eager__buffer_failure(buffer);
  if (failure) return eager__failure_report(failure, &t->origin);
  uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
  if (buffer->check && buffer->check->seq > seq) seq = buffer->check->seq;
  if (seq == EAGER__SEQ_READY) return EAGER_OK;
  eager_status status = eager__timeline_event(&buffer->device->compute, seq, out_event);
  if (status == EAGER_OK) {
    if (*out_event) eager__foreign_event_given();
    return EAGER_OK;
  }
  failure = eager__buffer_failure(buffer);
  return failure ? eager__failure_report(failure, &t->origin) : status;
}

eager_status eager_tensor_cl_mem(const eager_tensor *t, cl_mem *out_mem,
                                 size_t *out_offset) {
  EAGER__REQUIRE(out_mem && out_offset, EAGER_INVALID_ARGUMENT,
                 "out_mem or out_offset is NULL");
  *out_mem = NULL;
  *out_offset = 0;
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  eager__failure *failure = eager__buffer_failure(t->buffer);
  if (failure) return eager__failure_report(failure, &t->origin);
  EAGER__REQUIRE(t->buffer->block, EAGER_INVALID_ARGUMENT,
                 "an empty tensor has no memory object");
  eager__mem *mem = eager__buffer_mem(t->buffer);
  EAGER__TRY(eager__foreign_give_mem(t->buffer->device, mem));
  eager__pool_export(t->buffer->block);
  eager__forms_forbid(t->buffer); /* "never write to it" binds nobody's kernels */
  *out_mem = mem;
  *out_offset = eager__tensor_offset_bytes(t);
  return EAGER_OK;
}

static eager_status defer_until(eager__runtime *runtime, eager__buffer *buffer,
                                eager__origin origin, cl_event ready) {
  eager__device *device = buffer->device;
  eager__thread_work *work = eager__scope_work(runtime);
  if (!work) return EAGER_RESOURCE_EXHAUSTED;
  EAGER__TRY(eager__worker_start(runtime, device));
  eager__task *task;
  EAGER__TRY(
      eager__task_new(EAGER__TASK_EVENT, device, origin, NULL, 0, &buffer, 1, work, &task));
  eager_status status = eager__foreign_event(device, ready);
  if (status != EAGER_OK) {
    eager__task_free(task);
    return status;
  }
  task->event = ready;
  eager__task_defer(runtime, task);
  return EAGER_OK;
}

eager_status eager_tensor_from_cl_mem(const char *device, cl_mem mem, size_t offset,
                                      eager_dtype dtype, int rank, const int64_t *dims,
                                      cl_event ready, eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  eager__runtime *runtime;
  eager__shape shape;
  eager__device *on;
  EAGER__TRY(eager__runtime_require(&runtime));
  EAGER__TRY(eager__scope_device(runtime, &on));
  if (device) EAGER__TRY(eager__runtime_find_device(runtime, device, &on));
  EAGER__TRY(eager__shape_make(dtype, rank, dims, &shape));
  EAGER__REQUIRE(mem, EAGER_INVALID_ARGUMENT, "mem is NULL");
  size_t element = eager_dtype_size(dtype);
  EAGER__REQUIRE(offset % element == 0, EAGER_INVALID_ARGUMENT,
                 "offset %zu is not a multiple of %s's %zu bytes", offset,
                 eager_dtype_name(dtype), element);
  EAGER__TRY(eager__scope_reserve(1));
  EAGER__TRY(eager__runtime_open_device(runtime, on));
  size_t size = (size_t)eager__shape_elements(&shape) * element;
  EAGER__TRY(eager__foreign_import(on, mem, offset, size));
  eager__block *block;
  eager__buffer *buffer;
  eager_status status = eager__pool_adopt(on, mem, offset + size, NULL, NULL, NULL, &block);
  if (status != EAGER_OK) {
    eager__memory_drop(on, mem);
    return status;
  }
  EAGER__TRY(eager__buffer_new(on, block, offset + size,
                               ready ? EAGER__SEQ_DEFERRED : EAGER__SEQ_READY, &buffer));
  eager__forms_forbid(buffer);
  eager__origin origin = {"FromClMem", atomic_fetch_add(&runtime->op_number, 1) + 1, 0};
  eager_tensor *t = NULL;
  status =
      eager__tensor_new(dtype, &shape, buffer, (int64_t)(offset / element), origin, &t);
  if (status == EAGER_OK && ready) status = defer_until(runtime, buffer, origin, ready);
  eager__buffer_release(buffer);
  if (status != EAGER_OK) {
    eager_tensor_release(t);
    return status;
  }
  eager__scope_give(t);
  *out = t;
  return EAGER_OK;
}

eager_status eager_device_cl(const char *device, cl_context *out_context,
                             cl_device_id *out_device, cl_command_queue *out_queue) {
  eager__runtime *runtime;
  eager__device *found;
  if (out_context) *out_context = NULL;
  if (out_device) *out_device = NULL;
  if (out_queue) *out_queue = NULL;
  EAGER__TRY(eager__runtime_require(&runtime));
  EAGER__TRY(eager__scope_open(runtime, device, &found));
  if (out_context) *out_context = found->context->cl;
  if (out_device) *out_device = found->id;
  if (out_queue) *out_queue = found->compute.queue;
  return EAGER_OK;
}
