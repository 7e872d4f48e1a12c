#include "cl/launch.h"

#include <CL/cl.h>
#include <assert.h>

#include "cl/cells.h"
#include "cl/census.h"
#include "cl/command.h"
#include "cl/kernel.h"
#include "cl/memory.h"
#include "cl/traced.h"

static const size_t fill_limit = (size_t)1 << 30; /* NVIDIA hangs from 2^31 bytes on */

/* The first argument from `begin` on that has to be set. VALUE is the first kind, MEM the
 * second, and no other is ever known: so `newest` says in one number whether what is known
 * of buffers still holds. */
static int find_unknown(const eager__kernel *kernel, const eager__arg *args, int begin,
                        int arg_count, uint32_t newest) {
  const int end = arg_count < EAGER__KNOWN_ARGS ? arg_count : EAGER__KNOWN_ARGS;
  int i = begin;
  for (const eager__arg *known = kernel->known; i < end; i++)
    if (known[i].as.bits != args[i].as.bits || known[i].size != args[i].size ||
        known[i].kind != args[i].kind || args[i].kind > newest)
      break;
  return i;
}

static cl_int set_kind(const eager__kernel *kernel, cl_uint index, const eager__arg *arg,
                       const uint8_t *bytes, int slot) {
  switch ((eager__arg_kind)arg->kind) {
  case EAGER__ARG_VALUE:
    return clSetKernelArg(kernel->cl, index, arg->size, &arg->as.bits);
  case EAGER__ARG_MEM:
    return clSetKernelArg(kernel->cl, index, sizeof(cl_mem), &arg->as.mem);
  case EAGER__ARG_BYTES:
    return clSetKernelArg(kernel->cl, index, arg->size, bytes + arg->as.offset);
  case EAGER__ARG_LOCAL:
    return clSetKernelArg(kernel->cl, index, arg->size, NULL);
  case EAGER__ARG_CELLS: {
    cl_mem cells = eager__cells_mem(kernel->device);
    return clSetKernelArg(kernel->cl, index, sizeof cells, &cells);
  }
  case EAGER__ARG_SLOT:
    break;
  }
  return clSetKernelArg(kernel->cl, index, sizeof(cl_int), &(cl_int){slot});
}

static cl_int set_arg(eager__kernel *kernel, int index, const eager__arg *arg,
                      const uint8_t *bytes, int slot) {
  cl_int code = set_kind(kernel, (cl_uint)index, arg, bytes, slot);
  if (index >= EAGER__KNOWN_ARGS) return code;
  kernel->known[index] = *arg;
  if (code != CL_SUCCESS) kernel->known[index].kind = 0;
  return code;
}

static eager_status refuse_group(const eager__device *device, const eager__kernel *kernel,
                                 size_t group) {
  EAGER__FAIL(EAGER_INTERNAL,
              "kernel %s on %s: a work-group of %zu is larger than the driver's %zu",
              kernel->name, device->short_name, group, kernel->max_local_size);
}

/* PoCL accepts any amount of local memory and then aborts the process. */
static eager_status check_local(const eager__device *device, const eager__kernel *kernel,
                                const eager__arg *args, int arg_count) {
  uint64_t local = 0;
  for (int i = 0; i < arg_count; i++)
    if (args[i].kind == EAGER__ARG_LOCAL) local += args[i].size;
  EAGER__REQUIRE(local <= device->info.local_memory, EAGER_INTERNAL,
                 "kernel %s on %s: %llu bytes of local memory are more than the device has",
                 kernel->name, device->short_name, (unsigned long long)local);
  return EAGER_OK;
}

static eager_status set_args(eager__device *device, eager__kernel *kernel,
                             const eager__arg *args, int arg_count, const uint8_t *bytes,
                             int slot) {
  cl_int code = CL_SUCCESS;
  eager_status status = EAGER_OK;
  uint64_t drops = eager__memory_drops();
  uint32_t newest = kernel->known_drops == drops ? EAGER__ARG_MEM : EAGER__ARG_VALUE;
  eager__cl_enter(device->context);
  int next = find_unknown(kernel, args, 0, arg_count, newest);
  while (next < arg_count && code == CL_SUCCESS && status == EAGER_OK) {
    if (args[next].kind == EAGER__ARG_LOCAL)
      status = check_local(device, kernel, args, arg_count);
    if (status == EAGER_OK) code = set_arg(kernel, next, &args[next], bytes, slot);
    next = find_unknown(kernel, args, next + 1, arg_count, newest);
  }
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS) return eager__command_refused(device, "clSetKernelArg", code);
  if (status == EAGER_OK) kernel->known_drops = drops; /* all buffers among them are set */
  return status;
}

static eager_status enqueue(eager__device *device, const eager__kernel *kernel,
                            const eager__grid *grid, eager__event **out_event) {
  eager__traced traced;
  eager__cl_enter(device->context);
  cl_int code = clEnqueueNDRangeKernel(
      device->compute.queue, kernel->cl, (cl_uint)grid->dims, NULL, grid->global,
      grid->local, 0, NULL, eager__traced_begin(&traced, &device->compute, out_event));
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS)
    return eager__command_refused(device, "clEnqueueNDRangeKernel", code);
  if (out_event != NULL) eager__command_made_event();
  eager__traced_end(&traced, true,
                    &(eager__traced_what){.kind = EAGER__TRACE_KERNEL,
                                          .name = kernel->name,
                                          .dims = grid->dims,
                                          .global = grid->global,
                                          .local = grid->local});
  return EAGER_OK;
}

static eager_status name_kernel(eager_status status, const eager__kernel *kernel) {
  if (status != EAGER_OK) eager__fail_append(" [kernel %s]", kernel->name);
  return status;
}

eager_status eager__launch_kernel(eager__device *device, eager__kernel *kernel,
                                  const eager__grid *grid, const eager__arg *args,
                                  int arg_count, const uint8_t *bytes, int slot,
                                  eager__event **out_event) {
  if (out_event != NULL) *out_event = NULL;
  size_t group = 1;
  bool is_empty = false;
  for (int i = 0; i < grid->dims; i++) {
    assert(grid->local[i] > 0 && grid->global[i] % grid->local[i] == 0);
    is_empty = is_empty || grid->global[i] == 0;
    group *= grid->local[i];
  }
  if (is_empty) return EAGER_OK;
  if (group > kernel->max_local_size) return refuse_group(device, kernel, group);
  eager_status status = set_args(device, kernel, args, arg_count, bytes, slot);
  if (status == EAGER_OK) status = enqueue(device, kernel, grid, out_event);
  return name_kernel(status, kernel);
}

eager_status eager__launch_again(eager__device *device, eager__kernel *kernel,
                                 const eager__grid *grid, eager__event **out_event) {
  if (out_event != NULL) *out_event = NULL;
  return name_kernel(enqueue(device, kernel, grid, out_event), kernel);
}

int eager__launch_refused_arg(eager__device *device, eager__kernel *kernel,
                              const eager__arg *args, int arg_count, const uint8_t *bytes) {
  int refused = -1;
  eager__timeline_lock(&device->compute);
  eager__cl_enter(device->context);
  for (int i = 0; i < arg_count && refused < 0; i++)
    if (set_arg(kernel, i, &args[i], bytes, -1) != CL_SUCCESS) refused = i;
  eager__cl_leave(device->context);
  eager__timeline_unlock(&device->compute);
  return refused;
}

eager_status eager__launch_fill(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, const void *pattern, size_t pattern_size,
                                eager__event **out_event) {
  if (out_event != NULL) *out_event = NULL;
  cl_int code = CL_SUCCESS;
  for (size_t done = 0, chunk; done < size && code == CL_SUCCESS; done += chunk) {
    chunk = size - done < fill_limit ? size - done : fill_limit;
    eager__event **event = done + chunk == size ? out_event : NULL;
    eager__traced traced;
    eager__cl_enter(device->context);
    code = clEnqueueFillBuffer(device->compute.queue, mem, pattern, pattern_size,
                               offset + done, chunk, 0, NULL,
                               eager__traced_begin(&traced, &device->compute, event));
    eager__cl_leave(device->context);
    eager__traced_end(
        &traced, code == CL_SUCCESS,
        &(eager__traced_what){.kind = EAGER__TRACE_MOVE, .name = "fill", .size = chunk});
  }
  if (code != CL_SUCCESS)
    return eager__command_refused(device, "clEnqueueFillBuffer", code);
  if (out_event != NULL && *out_event != NULL) eager__command_made_event();
  return EAGER_OK;
}
