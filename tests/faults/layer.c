/* An OpenCL layer: counts calls, adds up creates, retains and releases, and makes calls
 * fail or late, and commands fail or never end. The loader takes it from OPENCL_LAYERS.
 * Tests steer it through eager_layer_api (layer.h; layer_steer.c does the work); any
 * program can be run under it with
 *
 *   EAGERCL_LAYER_FAIL=clCreateBuffer:3:-4,clFlush:1:-36   call, nth (0: every), code
 *   EAGERCL_LAYER_DELAY=clEnqueue:1000000                  call, nanoseconds
 *   EAGERCL_LAYER_REPORT=1                                 counts and balance at exit
 *
 * One long file on purpose: each function is one entry point. */
#include "layer_steer.h"

#include <stdint.h>
#include <string.h>

static const cl_icd_dispatch *driver; /* what the loader gave us */
static cl_icd_dispatch ours;

static cl_int note(entry_point e) {
  return eager_layer_note(e);
}

/* ---- After an object was made ---- */

static void *made(kind k, void *object, cl_int code, cl_int *out_code) {
  if (object != NULL) eager_layer_count(k, 1);
  if (out_code != NULL) *out_code = code;
  return object;
}

static cl_int retained(kind k, cl_int code) {
  if (code == CL_SUCCESS) eager_layer_count(k, 1);
  return code;
}

/* Done also when it tells a failure. */
static cl_int released(kind k, cl_int planned, cl_int code) {
  if (code == CL_SUCCESS) eager_layer_count(k, -1);
  return planned != CL_SUCCESS ? planned : code;
}

static cl_int enqueued(cl_int code, const cl_event *event) {
  if (event != NULL && code == CL_SUCCESS) {
    eager_layer_count(EVENT, 1);
    eager_layer_enqueued(*event);
  }
  return code;
}

/* ---- Discovering ---- */

static cl_int CL_API_CALL get_platform_ids(cl_uint room, cl_platform_id *platforms,
                                           cl_uint *count) {
  cl_int code = note(GET_PLATFORM_IDS);
  if (code == CL_SUCCESS) code = driver->clGetPlatformIDs(room, platforms, count);
  if (code == CL_SUCCESS && count != NULL)
    *count = eager_layer_shorten(GET_PLATFORM_IDS, *count, platforms != NULL);
  return code;
}

static cl_int CL_API_CALL get_platform_info(cl_platform_id platform, cl_platform_info what,
                                            size_t size, void *value, size_t *out_size) {
  cl_int code = note(GET_PLATFORM_INFO);
  return code ? code : driver->clGetPlatformInfo(platform, what, size, value, out_size);
}

static cl_int CL_API_CALL get_device_ids(cl_platform_id platform, cl_device_type type,
                                         cl_uint room, cl_device_id *devices,
                                         cl_uint *count) {
  cl_int code = note(GET_DEVICE_IDS);
  if (code == CL_SUCCESS)
    code = driver->clGetDeviceIDs(platform, type, room, devices, count);
  if (code == CL_SUCCESS && count != NULL)
    *count = eager_layer_shorten(GET_DEVICE_IDS, *count, devices != NULL);
  return code;
}

static cl_int CL_API_CALL get_device_info(cl_device_id device, cl_device_info what,
                                          size_t size, void *value, size_t *out_size) {
  cl_int code = note(GET_DEVICE_INFO);
  return code ? code : driver->clGetDeviceInfo(device, what, size, value, out_size);
}

/* ---- Creating ---- */

static cl_context CL_API_CALL create_context(
    const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
    void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user,
    cl_int *out) {
  cl_int code = note(CREATE_CONTEXT);
  void *object = code == CL_SUCCESS ? driver->clCreateContext(properties, count, devices,
                                                              notify, user, &code)
                                    : NULL;
  return made(CONTEXT, object, code, out);
}

static cl_command_queue CL_API_CALL create_queue(cl_context context, cl_device_id device,
                                                 cl_command_queue_properties properties,
                                                 cl_int *out) {
  cl_int code = note(CREATE_QUEUE);
  void *object = code == CL_SUCCESS
                     ? driver->clCreateCommandQueue(context, device, properties, &code)
                     : NULL;
  return made(QUEUE, object, code, out);
}

static cl_mem CL_API_CALL create_buffer(cl_context context, cl_mem_flags flags, size_t size,
                                        void *host, cl_int *out) {
  cl_int code = note(CREATE_BUFFER);
  void *object =
      code == CL_SUCCESS ? driver->clCreateBuffer(context, flags, size, host, &code) : NULL;
  return made(MEM, object, code, out);
}

static cl_mem CL_API_CALL create_sub_buffer(cl_mem buffer, cl_mem_flags flags,
                                            cl_buffer_create_type type, const void *info,
                                            cl_int *out) {
  cl_int code = note(CREATE_SUB_BUFFER);
  void *object = code == CL_SUCCESS
                     ? driver->clCreateSubBuffer(buffer, flags, type, info, &code)
                     : NULL;
  return made(MEM, object, code, out);
}

static cl_program CL_API_CALL create_program_source(cl_context context, cl_uint count,
                                                    const char **texts,
                                                    const size_t *lengths, cl_int *out) {
  cl_int code = note(CREATE_PROGRAM_SOURCE);
  void *object =
      code == CL_SUCCESS
          ? driver->clCreateProgramWithSource(context, count, texts, lengths, &code)
          : NULL;
  return made(PROGRAM, object, code, out);
}

static cl_program CL_API_CALL create_program_binary(cl_context context, cl_uint count,
                                                    const cl_device_id *devices,
                                                    const size_t *lengths,
                                                    const unsigned char **binaries,
                                                    cl_int *states, cl_int *out) {
  cl_int code = note(CREATE_PROGRAM_BINARY);
  void *object = code == CL_SUCCESS
                     ? driver->clCreateProgramWithBinary(context, count, devices, lengths,
                                                         binaries, states, &code)
                     : NULL;
  return made(PROGRAM, object, code, out);
}

static cl_kernel CL_API_CALL create_kernel(cl_program program, const char *name,
                                           cl_int *out) {
  cl_int code = note(CREATE_KERNEL);
  void *object = code == CL_SUCCESS ? driver->clCreateKernel(program, name, &code) : NULL;
  return made(KERNEL, object, code, out);
}

static cl_event CL_API_CALL create_user_event(cl_context context, cl_int *out) {
  cl_int code = note(CREATE_USER_EVENT);
  void *object = code == CL_SUCCESS ? driver->clCreateUserEvent(context, &code) : NULL;
  return made(EVENT, object, code, out);
}

/* ---- Retaining and releasing ---- */

static cl_int CL_API_CALL retain_context(cl_context object) {
  cl_int code = note(RETAIN_CONTEXT);
  return code ? code : retained(CONTEXT, driver->clRetainContext(object));
}

static cl_int CL_API_CALL retain_queue(cl_command_queue object) {
  cl_int code = note(RETAIN_QUEUE);
  return code ? code : retained(QUEUE, driver->clRetainCommandQueue(object));
}

static cl_int CL_API_CALL retain_mem(cl_mem object) {
  cl_int code = note(RETAIN_MEM);
  return code ? code : retained(MEM, driver->clRetainMemObject(object));
}

static cl_int CL_API_CALL retain_program(cl_program object) {
  cl_int code = note(RETAIN_PROGRAM);
  return code ? code : retained(PROGRAM, driver->clRetainProgram(object));
}

static cl_int CL_API_CALL retain_kernel(cl_kernel object) {
  cl_int code = note(RETAIN_KERNEL);
  return code ? code : retained(KERNEL, driver->clRetainKernel(object));
}

static cl_int CL_API_CALL retain_event(cl_event object) {
  cl_int code = note(RETAIN_EVENT);
  return code ? code : retained(EVENT, driver->clRetainEvent(object));
}

static cl_int CL_API_CALL release_context(cl_context object) {
  cl_int code = note(RELEASE_CONTEXT);
  return released(CONTEXT, code, driver->clReleaseContext(object));
}

static cl_int CL_API_CALL release_queue(cl_command_queue object) {
  cl_int code = note(RELEASE_QUEUE);
  return released(QUEUE, code, driver->clReleaseCommandQueue(object));
}

static cl_int CL_API_CALL release_mem(cl_mem object) {
  cl_int code = note(RELEASE_MEM);
  return released(MEM, code, driver->clReleaseMemObject(object));
}

static cl_int CL_API_CALL release_program(cl_program object) {
  cl_int code = note(RELEASE_PROGRAM);
  return released(PROGRAM, code, driver->clReleaseProgram(object));
}

static cl_int CL_API_CALL release_kernel(cl_kernel object) {
  cl_int code = note(RELEASE_KERNEL);
  return released(KERNEL, code, driver->clReleaseKernel(object));
}

static cl_int CL_API_CALL release_event(cl_event object) {
  cl_int code = note(RELEASE_EVENT);
  cl_uint references = 0;
  driver->clGetEventInfo(object, CL_EVENT_REFERENCE_COUNT, sizeof references, &references,
                         NULL);
  if (references == 1) eager_layer_forget(object);
  return released(EVENT, code, driver->clReleaseEvent(object));
}

/* ---- Building ---- */

static cl_int CL_API_CALL build_program(cl_program program, cl_uint count,
                                        const cl_device_id *devices, const char *options,
                                        void(CL_CALLBACK *notify)(cl_program, void *),
                                        void *user) {
  cl_int code = note(BUILD_PROGRAM);
  return code ? code
              : driver->clBuildProgram(program, count, devices, options, notify, user);
}

static cl_int CL_API_CALL program_info(cl_program program, cl_program_info what,
                                       size_t size, void *value, size_t *out_size) {
  cl_int code = note(PROGRAM_INFO);
  return code ? code : driver->clGetProgramInfo(program, what, size, value, out_size);
}

static cl_int CL_API_CALL program_build_info(cl_program program, cl_device_id device,
                                             cl_program_build_info what, size_t size,
                                             void *value, size_t *out_size) {
  cl_int code = note(PROGRAM_BUILD_INFO);
  const char *log = what == CL_PROGRAM_BUILD_LOG ? eager_layer_build_log() : NULL;
  if (code != CL_SUCCESS) return code;
  if (log == NULL)
    return driver->clGetProgramBuildInfo(program, device, what, size, value, out_size);
  size_t needed = strlen(log) + 1;
  if (out_size != NULL) *out_size = needed;
  if (value != NULL && size < needed) return CL_INVALID_VALUE;
  if (value != NULL) memcpy(value, log, needed);
  return CL_SUCCESS;
}

static cl_int CL_API_CALL kernel_info(cl_kernel kernel, cl_kernel_info what, size_t size,
                                      void *value, size_t *out_size) {
  cl_int code = note(KERNEL_INFO);
  return code ? code : driver->clGetKernelInfo(kernel, what, size, value, out_size);
}

static cl_int CL_API_CALL kernel_work_group_info(cl_kernel kernel, cl_device_id device,
                                                 cl_kernel_work_group_info what,
                                                 size_t size, void *value,
                                                 size_t *out_size) {
  cl_int code = note(KERNEL_WORK_GROUP_INFO);
  return code ? code
              : driver->clGetKernelWorkGroupInfo(kernel, device, what, size, value,
                                                 out_size);
}

static cl_int CL_API_CALL set_kernel_arg(cl_kernel kernel, cl_uint index, size_t size,
                                         const void *value) {
  cl_int code = note(SET_KERNEL_ARG);
  return code ? code : driver->clSetKernelArg(kernel, index, size, value);
}

/* ---- Memory objects ---- */

static cl_int CL_API_CALL mem_info(cl_mem mem, cl_mem_info what, size_t size, void *value,
                                   size_t *out_size) {
  cl_int code = note(MEM_INFO);
  return code ? code : driver->clGetMemObjectInfo(mem, what, size, value, out_size);
}

static cl_int CL_API_CALL mem_callback(cl_mem mem,
                                       void(CL_CALLBACK *notify)(cl_mem, void *),
                                       void *user) {
  cl_int code = note(MEM_CALLBACK);
  return code ? code : driver->clSetMemObjectDestructorCallback(mem, notify, user);
}

/* ---- Enqueueing ---- */

static cl_int CL_API_CALL enqueue_kernel(cl_command_queue queue, cl_kernel kernel,
                                         cl_uint dims, const size_t *offset,
                                         const size_t *global, const size_t *local,
                                         cl_uint count, const cl_event *list,
                                         cl_event *event) {
  cl_int code = note(ENQUEUE_KERNEL);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueNDRangeKernel(queue, kernel, dims, offset, global, local,
                                                 count, list, event),
                  event);
}

static cl_int CL_API_CALL enqueue_read(cl_command_queue queue, cl_mem mem, cl_bool blocking,
                                       size_t offset, size_t size, void *data,
                                       cl_uint count, const cl_event *list,
                                       cl_event *event) {
  cl_int code = note(ENQUEUE_READ);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueReadBuffer(queue, mem, blocking, offset, size, data,
                                              count, list, event),
                  event);
}

static cl_int CL_API_CALL enqueue_write(cl_command_queue queue, cl_mem mem,
                                        cl_bool blocking, size_t offset, size_t size,
                                        const void *data, cl_uint count,
                                        const cl_event *list, cl_event *event) {
  cl_int code = note(ENQUEUE_WRITE);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueWriteBuffer(queue, mem, blocking, offset, size, data,
                                               count, list, event),
                  event);
}

static cl_int CL_API_CALL enqueue_copy(cl_command_queue queue, cl_mem source, cl_mem target,
                                       size_t source_offset, size_t target_offset,
                                       size_t size, cl_uint count, const cl_event *list,
                                       cl_event *event) {
  cl_int code = note(ENQUEUE_COPY);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueCopyBuffer(queue, source, target, source_offset,
                                              target_offset, size, count, list, event),
                  event);
}

static cl_int CL_API_CALL enqueue_fill(cl_command_queue queue, cl_mem mem,
                                       const void *pattern, size_t pattern_size,
                                       size_t offset, size_t size, cl_uint count,
                                       const cl_event *list, cl_event *event) {
  cl_int code = note(ENQUEUE_FILL);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueFillBuffer(queue, mem, pattern, pattern_size, offset,
                                              size, count, list, event),
                  event);
}

static void *CL_API_CALL enqueue_map(cl_command_queue queue, cl_mem mem, cl_bool blocking,
                                     cl_map_flags flags, size_t offset, size_t size,
                                     cl_uint count, const cl_event *list, cl_event *event,
                                     cl_int *out) {
  cl_int code = note(ENQUEUE_MAP);
  void *view = NULL;
  if (code == CL_SUCCESS) {
    view = driver->clEnqueueMapBuffer(queue, mem, blocking, flags, offset, size, count,
                                      list, event, &code);
    enqueued(code, event);
  }
  if (out != NULL) *out = code;
  return view;
}

/* A dead queue's buffers are unmapped all the same: PoCL never frees one that stays mapped,
 * and a leak checker would call that ours. Other refusals leave it to the caller. */
static cl_int CL_API_CALL enqueue_unmap(cl_command_queue queue, cl_mem mem, void *view,
                                        cl_uint count, const cl_event *list,
                                        cl_event *event) {
  cl_int code = note(ENQUEUE_UNMAP);
  bool is_dead = code == CL_INVALID_COMMAND_QUEUE || code < -1000;
  if (is_dead) driver->clEnqueueUnmapMemObject(queue, mem, view, count, list, NULL);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueUnmapMemObject(queue, mem, view, count, list, event),
                  event);
}

static cl_int CL_API_CALL enqueue_marker(cl_command_queue queue, cl_uint count,
                                         const cl_event *list, cl_event *event) {
  cl_int code = note(ENQUEUE_MARKER);
  if (code != CL_SUCCESS) return code;
  return enqueued(driver->clEnqueueMarkerWithWaitList(queue, count, list, event), event);
}

/* ---- Waiting ---- */

static cl_int CL_API_CALL flush(cl_command_queue queue) {
  cl_int code = note(FLUSH);
  return code ? code : driver->clFlush(queue);
}

static cl_int CL_API_CALL finish(cl_command_queue queue) {
  cl_int code = note(FINISH);
  return code ? code : driver->clFinish(queue);
}

/* As the specification has it: an event whose command failed makes the wait fail. */
static cl_int CL_API_CALL wait_for_events(cl_uint count, const cl_event *list) {
  cl_int code = note(WAIT_FOR_EVENTS);
  if (code != CL_SUCCESS) return code;
  code = driver->clWaitForEvents(count, list);
  eager_layer_wait_stalled();
  for (cl_uint i = 0; i < count && code == CL_SUCCESS; i++)
    if (eager_layer_status(list[i], CL_COMPLETE) < 0)
      code = CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
  return code;
}

static cl_int CL_API_CALL event_info(cl_event event, cl_event_info what, size_t size,
                                     void *value, size_t *out_size) {
  cl_int code = note(EVENT_INFO);
  if (code != CL_SUCCESS) return code;
  code = driver->clGetEventInfo(event, what, size, value, out_size);
  cl_int status;
  if (what != CL_EVENT_COMMAND_EXECUTION_STATUS || value == NULL || code != CL_SUCCESS)
    return code;
  memcpy(&status, value, sizeof status);
  status = eager_layer_status(event, status);
  memcpy(value, &status, sizeof status);
  return code;
}

static cl_int CL_API_CALL event_profiling(cl_event event, cl_profiling_info what,
                                          size_t size, void *value, size_t *out_size) {
  cl_int code = note(EVENT_PROFILING);
  return code ? code : driver->clGetEventProfilingInfo(event, what, size, value, out_size);
}

static cl_int CL_API_CALL event_callback(cl_event event, cl_int status,
                                         void(CL_CALLBACK *notify)(cl_event, cl_int,
                                                                   void *),
                                         void *user) {
  cl_int code = note(EVENT_CALLBACK);
  return code ? code : driver->clSetEventCallback(event, status, notify, user);
}

/* ---- The loader's side ---- */

static void override_entries(void) {
  ours.clGetPlatformIDs = get_platform_ids;
  ours.clGetPlatformInfo = get_platform_info;
  ours.clGetDeviceIDs = get_device_ids;
  ours.clGetDeviceInfo = get_device_info;
  ours.clCreateContext = create_context;
  ours.clCreateCommandQueue = create_queue;
  ours.clCreateBuffer = create_buffer;
  ours.clCreateSubBuffer = create_sub_buffer;
  ours.clCreateProgramWithSource = create_program_source;
  ours.clCreateProgramWithBinary = create_program_binary;
  ours.clCreateKernel = create_kernel;
  ours.clCreateUserEvent = create_user_event;
  ours.clRetainContext = retain_context;
  ours.clRetainCommandQueue = retain_queue;
  ours.clRetainMemObject = retain_mem;
  ours.clRetainProgram = retain_program;
  ours.clRetainKernel = retain_kernel;
  ours.clRetainEvent = retain_event;
  ours.clReleaseContext = release_context;
  ours.clReleaseCommandQueue = release_queue;
  ours.clReleaseMemObject = release_mem;
  ours.clReleaseProgram = release_program;
  ours.clReleaseKernel = release_kernel;
  ours.clReleaseEvent = release_event;
  ours.clBuildProgram = build_program;
  ours.clGetProgramInfo = program_info;
  ours.clGetProgramBuildInfo = program_build_info;
  ours.clGetKernelInfo = kernel_info;
  ours.clGetKernelWorkGroupInfo = kernel_work_group_info;
  ours.clGetMemObjectInfo = mem_info;
  ours.clSetMemObjectDestructorCallback = mem_callback;
  ours.clSetKernelArg = set_kernel_arg;
  ours.clEnqueueNDRangeKernel = enqueue_kernel;
  ours.clEnqueueReadBuffer = enqueue_read;
  ours.clEnqueueWriteBuffer = enqueue_write;
  ours.clEnqueueCopyBuffer = enqueue_copy;
  ours.clEnqueueFillBuffer = enqueue_fill;
  ours.clEnqueueMapBuffer = enqueue_map;
  ours.clEnqueueUnmapMemObject = enqueue_unmap;
  ours.clEnqueueMarkerWithWaitList = enqueue_marker;
  ours.clFlush = flush;
  ours.clFinish = finish;
  ours.clWaitForEvents = wait_for_events;
  ours.clGetEventInfo = event_info;
  ours.clGetEventProfilingInfo = event_profiling;
  ours.clSetEventCallback = event_callback;
}

static const char layer_name[] = "eagercl fault layer";

static void begin_layer(void) {
  override_entries();
  eager_layer_begin();
}

#include "layer_entry.h"
