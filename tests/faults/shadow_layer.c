/* An OpenCL layer for runs under Oclgrind's check for uninitialised memory, which keeps a
 * shadow of each buffer: a host write, copy or fill makes it anew, as long as that command
 * (a fill's as its pattern), and what lies behind counts as uninitialised from then on,
 * whatever kernels write there. The pool gives such a buffer to the next op, which is then
 * blamed. Mapping all of the buffer for writing gives it a whole shadow again.
 * The loader takes the layer from OPENCL_LAYERS. */
#include <CL/cl.h>
#include <CL/cl_layer.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const cl_icd_dispatch *driver; /* what the loader gave us */
static cl_icd_dispatch ours;

static bool is_simulator(cl_command_queue queue) {
  cl_device_id device;
  char name[64] = "";
  return driver->clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof device, &device,
                                       NULL) == CL_SUCCESS &&
         driver->clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name, name, NULL) ==
             CL_SUCCESS &&
         strstr(name, "Oclgrind") != NULL;
}

/* Enqueued behind the command whose code this is. */
static cl_int with_whole_shadow(cl_int code, cl_command_queue queue, cl_mem mem) {
  size_t size;
  if (code != CL_SUCCESS || !is_simulator(queue)) return code;
  code = driver->clGetMemObjectInfo(mem, CL_MEM_SIZE, sizeof size, &size, NULL);
  if (code != CL_SUCCESS) return code;
  void *view = driver->clEnqueueMapBuffer(queue, mem, CL_FALSE, CL_MAP_WRITE, 0, size, 0,
                                          NULL, NULL, &code);
  if (code != CL_SUCCESS) return code;
  return driver->clEnqueueUnmapMemObject(queue, mem, view, 0, NULL, NULL);
}

static cl_int CL_API_CALL enqueue_write(cl_command_queue queue, cl_mem mem,
                                        cl_bool blocking, size_t offset, size_t size,
                                        const void *data, cl_uint count,
                                        const cl_event *events, cl_event *event) {
  cl_int code = driver->clEnqueueWriteBuffer(queue, mem, blocking, offset, size, data,
                                             count, events, event);
  return with_whole_shadow(code, queue, mem);
}

static cl_int CL_API_CALL enqueue_copy(cl_command_queue queue, cl_mem source, cl_mem target,
                                       size_t source_offset, size_t target_offset,
                                       size_t size, cl_uint count, const cl_event *events,
                                       cl_event *event) {
  cl_int code = driver->clEnqueueCopyBuffer(queue, source, target, source_offset,
                                            target_offset, size, count, events, event);
  return with_whole_shadow(code, queue, target);
}

static cl_int CL_API_CALL enqueue_fill(cl_command_queue queue, cl_mem mem,
                                       const void *pattern, size_t pattern_size,
                                       size_t offset, size_t size, cl_uint count,
                                       const cl_event *events, cl_event *event) {
  cl_int code = driver->clEnqueueFillBuffer(queue, mem, pattern, pattern_size, offset, size,
                                            count, events, event);
  return with_whole_shadow(code, queue, mem);
}

/* Behind the unmapping, since the mapping may be for writing. */
static cl_int CL_API_CALL enqueue_unmap(cl_command_queue queue, cl_mem mem, void *view,
                                        cl_uint count, const cl_event *events,
                                        cl_event *event) {
  cl_int code = driver->clEnqueueUnmapMemObject(queue, mem, view, count, events, event);
  return with_whole_shadow(code, queue, mem);
}

static const char layer_name[] = "eagercl shadow layer";

static void begin_layer(void) {
  ours.clEnqueueWriteBuffer = enqueue_write;
  ours.clEnqueueCopyBuffer = enqueue_copy;
  ours.clEnqueueFillBuffer = enqueue_fill;
  ours.clEnqueueUnmapMemObject = enqueue_unmap;
}

#include "layer_entry.h"
