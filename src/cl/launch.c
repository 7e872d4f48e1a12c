#include "cl/launch.h"

#include <CL/cl.h>
#include <assert.h>

#include "cl/cells.h"
#include "cl/census.h"
#include "cl/command.h"

static const size_t fill_limit = (size_t)1 << 30; /* NVIDIA hangs from 2^31 bytes on */

static cl_int set_arg(eager__device *device, cl_kernel kernel, cl_uint index,
                      const eager__arg *arg, const uint8_t *bytes, int slot) {
  switch ((eager__arg_kind)arg->kind) {
  case EAGER__ARG_MEM:
    return clSetKernelArg(kernel, index, sizeof(cl_mem), &arg->as.mem);
  case EAGER__ARG_LOCAL:
    return clSetKernelArg(kernel, index, arg->size, NULL);
  case EAGER__ARG_CELLS: {
    cl_mem cells = eager__cells_mem(device);
    return clSetKernelArg(kernel, index, sizeof cells, &cells);
  }
  case EAGER__ARG_SLOT: {
    cl_int number = slot;
    return clSetKernelArg(kernel, index, sizeof number, &number);
  }
  case EAGER__ARG_VALUE:
    break;
  }
  const void *value =
      arg->size <= sizeof arg->as.bits ? (const void *)&arg->as.bits : bytes + arg->offset;
  return clSetKernelArg(kernel, index, arg->size, value);
}

/* PoCL accepts any amount of local memory and then aborts the process. */
static eager_status check_sizes(const eager__device *device, const eager__kernel *kernel,
                                const eager__grid *grid, const eager__arg *args,
                                int arg_count) {
  size_t group = 1;
  for (int i = 0; i < grid->dims; i++) {
    assert(grid->local[i] > 0 && grid->global[i] % grid->local[i] == 0);
    group *= grid->local[i];
  }
  EAGER__REQUIRE(group <= eager__kernel_max_local_size(kernel), EAGER_INTERNAL,
                 "kernel %s on %s: a work-group of %zu is larger than the driver's %zu",
                 eager__kernel_name(kernel), device->short_name, group,
                 eager__kernel_max_local_size(kernel));
  uint64_t local = 0;
  for (int i = 0; i < arg_count; i++)
    if (args[i].kind == EAGER__ARG_LOCAL) local += args[i].size;
  EAGER__REQUIRE(local <= device->info.local_memory, EAGER_INTERNAL,
                 "kernel %s on %s: %llu bytes of local memory are more than the device has",
                 eager__kernel_name(kernel), device->short_name, (unsigned long long)local);
  return EAGER_OK;
}

static eager_status launch(eager__device *device, cl_kernel kernel, const eager__grid *grid,
                           const eager__arg *args, int arg_count, const uint8_t *bytes,
                           int slot, eager__event **out_event) {
  cl_int code = CL_SUCCESS;
  eager__cl_enter(device->context);
  for (int i = 0; i < arg_count && code == CL_SUCCESS; i++)
    code = set_arg(device, kernel, (cl_uint)i, &args[i], bytes, slot);
  const char *call = code == CL_SUCCESS ? "clEnqueueNDRangeKernel" : "clSetKernelArg";
  if (code == CL_SUCCESS)
    code = clEnqueueNDRangeKernel(device->compute.queue, kernel, (cl_uint)grid->dims, NULL,
                                  grid->global, grid->local, 0, NULL, out_event);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS) return eager__command_refused(device, call, code);
  if (out_event != NULL) eager__command_made_event();
  return EAGER_OK;
}

static bool is_empty(const eager__grid *grid) {
  for (int i = 0; i < grid->dims; i++)
    if (grid->global[i] == 0) return true;
  return false;
}

eager_status eager__launch_kernel(eager__device *device, eager__kernel *kernel,
                                  const eager__grid *grid, const eager__arg *args,
                                  int arg_count, const uint8_t *bytes, int slot,
                                  eager__event **out_event) {
  if (out_event != NULL) *out_event = NULL;
  if (is_empty(grid)) return EAGER_OK;
  EAGER__TRY(check_sizes(device, kernel, grid, args, arg_count));
  cl_kernel cl;
  EAGER__TRY(eager__kernel_check_out(kernel, &cl));
  eager_status status = launch(device, cl, grid, args, arg_count, bytes, slot, out_event);
  eager__kernel_check_in(kernel, cl);
  if (status != EAGER_OK) eager__fail_append(" [kernel %s]", eager__kernel_name(kernel));
  return status;
}

int eager__launch_refused_arg(eager__device *device, eager__kernel *kernel,
                              const eager__arg *args, int arg_count, const uint8_t *bytes) {
  cl_kernel cl;
  if (eager__kernel_check_out(kernel, &cl) != EAGER_OK) return -1; /* launching will say */
  int refused = -1;
  eager__cl_enter(device->context);
  for (int i = 0; i < arg_count && refused < 0; i++)
    if (set_arg(device, cl, (cl_uint)i, &args[i], bytes, -1) != CL_SUCCESS) refused = i;
  eager__cl_leave(device->context);
  eager__kernel_check_in(kernel, cl);
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
    eager__cl_enter(device->context);
    code = clEnqueueFillBuffer(device->compute.queue, mem, pattern, pattern_size,
                               offset + done, chunk, 0, NULL, event);
    eager__cl_leave(device->context);
  }
  if (code != CL_SUCCESS)
    return eager__command_refused(device, "clEnqueueFillBuffer", code);
  if (out_event != NULL && *out_event != NULL) eager__command_made_event();
  return EAGER_OK;
}
