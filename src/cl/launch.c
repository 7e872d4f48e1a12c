#include "cl/launch.h"

#include <CL/cl.h>
#include <assert.h>

#include "cl/cells.h"
#include "cl/census.h"
#include "cl/command.h"
#include "cl/kernel.h"
#include "cl/traced.h"

static const size_t fill_limit = (size_t)1 << 30; /* NVIDIA hangs from 2^31 bytes on */

static cl_int set_bytes(eager__instance *instance, cl_uint index, const void *value,
                        size_t size) {
  if (index < EAGER__KNOWN_ARGS) instance->sizes[index] = 0;
  return clSetKernelArg(instance->cl, index, size, value);
}

static bool is_known(const eager__instance *instance, cl_uint index, uint64_t bits,
                     uint32_t size) {
  return index < EAGER__KNOWN_ARGS && instance->sizes[index] == size &&
         instance->bits[index] == bits;
}

/* At most 8 bytes. */
static cl_int set_bits(eager__instance *instance, cl_uint index, uint64_t bits,
                       uint32_t size) {
  cl_int code = set_bytes(instance, index, &bits, size);
  if (index >= EAGER__KNOWN_ARGS || code != CL_SUCCESS) return code;
  instance->bits[index] = bits;
  instance->sizes[index] = (uint8_t)size;
  return code;
}

static cl_int set_arg(eager__device *device, eager__instance *instance, cl_uint index,
                      const eager__arg *arg, const uint8_t *bytes, int slot) {
  switch ((eager__arg_kind)arg->kind) {
  case EAGER__ARG_MEM:
    return set_bytes(instance, index, &arg->as.mem, sizeof(cl_mem));
  case EAGER__ARG_LOCAL:
    return set_bytes(instance, index, NULL, arg->size);
  case EAGER__ARG_CELLS: {
    cl_mem cells = eager__cells_mem(device);
    return set_bytes(instance, index, &cells, sizeof cells);
  }
  case EAGER__ARG_SLOT: {
    cl_int number = slot;
    return set_bytes(instance, index, &number, sizeof number);
  }
  case EAGER__ARG_VALUE:
    break;
  }
  if (arg->size <= sizeof arg->as.bits)
    return set_bits(instance, index, arg->as.bits, arg->size);
  return set_bytes(instance, index, bytes + arg->offset, arg->size);
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

static eager_status launch(eager__device *device, eager__kernel *kernel,
                           eager__instance *instance, const eager__grid *grid,
                           const eager__arg *args, int arg_count, const uint8_t *bytes,
                           int slot, eager__event **out_event) {
  eager__traced traced;
  cl_int code = CL_SUCCESS;
  eager_status status = EAGER_OK;
  eager__cl_enter(device->context);
  for (int i = 0; i < arg_count && code == CL_SUCCESS && status == EAGER_OK; i++) {
    const eager__arg *arg = &args[i];
    if (arg->kind == EAGER__ARG_VALUE &&
        is_known(instance, (cl_uint)i, arg->as.bits, arg->size))
      continue; /* sizes above 8 never are */
    if (arg->kind == EAGER__ARG_LOCAL)
      status = check_local(device, kernel, args, arg_count);
    if (status == EAGER_OK) code = set_arg(device, instance, (cl_uint)i, arg, bytes, slot);
  }
  const char *call = code == CL_SUCCESS ? "clEnqueueNDRangeKernel" : "clSetKernelArg";
  if (code == CL_SUCCESS && status == EAGER_OK)
    code = clEnqueueNDRangeKernel(
        device->compute.queue, instance->cl, (cl_uint)grid->dims, NULL, grid->global,
        grid->local, 0, NULL, eager__traced_begin(&traced, &device->compute, out_event));
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS) return eager__command_refused(device, call, code);
  if (status != EAGER_OK) return status;
  if (out_event != NULL) eager__command_made_event();
  eager__traced_end(&traced, true,
                    &(eager__traced_what){.kind = EAGER__TRACE_KERNEL,
                                          .name = kernel->name,
                                          .dims = grid->dims,
                                          .global = grid->global,
                                          .local = grid->local});
  return EAGER_OK;
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
  eager__instance *instance = eager__kernel_take_first(kernel);
  if (instance == NULL) EAGER__TRY(eager__kernel_check_out(kernel, &instance));
  eager_status status =
      launch(device, kernel, instance, grid, args, arg_count, bytes, slot, out_event);
  if (!eager__kernel_put_first(kernel, instance)) eager__kernel_check_in(kernel, instance);
  if (status != EAGER_OK) eager__fail_append(" [kernel %s]", kernel->name);
  return status;
}

int eager__launch_refused_arg(eager__device *device, eager__kernel *kernel,
                              const eager__arg *args, int arg_count, const uint8_t *bytes) {
  eager__instance *instance;
  if (eager__kernel_check_out(kernel, &instance) != EAGER_OK)
    return -1; /* launching will say */
  int refused = -1;
  eager__cl_enter(device->context);
  for (int i = 0; i < arg_count && refused < 0; i++)
    if (set_arg(device, instance, (cl_uint)i, &args[i], bytes, -1) != CL_SUCCESS)
      refused = i;
  eager__cl_leave(device->context);
  eager__kernel_check_in(kernel, instance);
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
