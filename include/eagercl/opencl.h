/* opencl.h - sharing memory and order with OpenCL code of your own: the only public header
 * that includes <CL/cl.h>, and not part of <eagercl/eagercl.h>. */
#ifndef EAGERCL_OPENCL_H
#define EAGERCL_OPENCL_H

#include <stddef.h>
#include <stdint.h>

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 300
#endif
#include <CL/cl.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/kernel.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The event of a non-ready handle, retained for the caller and flushed; NULL if the tensor
 * is complete. It completes no earlier than the tensor and may cover up to 15 later ops. An
 * op still deferred behind a copy: blocks until it is submitted, not finished. A failed
 * tensor: its status. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_cl_event(const eager_tensor *t,
                                                             cl_event *out_event);

/* The tensor's buffer, retained for the caller, and the byte offset of its first element.
 * Never write to it. The buffer is never pooled again. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_cl_mem(const eager_tensor *t,
                                                           cl_mem *out_mem,
                                                           size_t *out_offset);

/* A tensor over `mem` from byte `offset` on, in place. `mem` must be of the device's
 * context, large enough, and `offset` a multiple of the element's size, else
 * EAGER_INVALID_ARGUMENT. Retains `mem`, and `ready` (NULL: the contents are there now;
 * else any event, also a user event: the tensor is deferred until it is complete, and
 * FAILED if it fails). The contents must not
 * change while the tensor or a view of it lives. */
EAGER_API EAGER_NODISCARD eager_status
eager_tensor_from_cl_mem(const char *device, cl_mem mem, size_t offset, eager_dtype dtype,
                         int rank, const int64_t *dims, cl_event ready, eager_tensor **out);

/* What an enabled device runs on; any `out` may be NULL. Borrowed until eager_shutdown.
 * Your commands on the queue come after submitted ops, not after deferred ones. */
EAGER_API EAGER_NODISCARD eager_status eager_device_cl(const char *device,
                                                       cl_context *out_context,
                                                       cl_device_id *out_device,
                                                       cl_command_queue *out_queue);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPENCL_H */
