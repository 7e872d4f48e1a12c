/* An OpenCL layer: counts calls, adds up creates, retains and releases, and makes calls
 * fail or late. The loader takes it from OPENCL_LAYERS. Tests steer it through
 * eager_layer_api; any program can be run under it with
 *
 *   EAGERCL_LAYER_FAIL=clCreateBuffer:3:-4,clFlush:1:-36   call, nth (0: every), code
 *   EAGERCL_LAYER_DELAY=clEnqueue:1000000                  call, nanoseconds
 *   EAGERCL_LAYER_REPORT=1                                 counts and balance at exit
 *
 * One long file on purpose: each function is one entry point. */
#include <CL/cl.h>
#include <CL/cl_layer.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer.h"

typedef enum entry_point {
  CREATE_CONTEXT,
  CREATE_QUEUE,
  CREATE_BUFFER,
  CREATE_SUB_BUFFER,
  CREATE_PROGRAM_SOURCE,
  CREATE_PROGRAM_BINARY,
  CREATE_KERNEL,
  CREATE_USER_EVENT,
  RETAIN_CONTEXT,
  RETAIN_QUEUE,
  RETAIN_MEM,
  RETAIN_PROGRAM,
  RETAIN_KERNEL,
  RETAIN_EVENT,
  RELEASE_CONTEXT,
  RELEASE_QUEUE,
  RELEASE_MEM,
  RELEASE_PROGRAM,
  RELEASE_KERNEL,
  RELEASE_EVENT,
  BUILD_PROGRAM,
  SET_KERNEL_ARG,
  ENQUEUE_KERNEL,
  ENQUEUE_READ,
  ENQUEUE_WRITE,
  ENQUEUE_COPY,
  ENQUEUE_FILL,
  ENQUEUE_MAP,
  ENQUEUE_UNMAP,
  ENQUEUE_MARKER,
  FLUSH,
  FINISH,
  WAIT_FOR_EVENTS,
  EVENT_INFO,
  EVENT_CALLBACK,
  ENTRY_POINTS,
} entry_point;

static const char *const names[ENTRY_POINTS] = {
    [CREATE_CONTEXT] = "clCreateContext",
    [CREATE_QUEUE] = "clCreateCommandQueue",
    [CREATE_BUFFER] = "clCreateBuffer",
    [CREATE_SUB_BUFFER] = "clCreateSubBuffer",
    [CREATE_PROGRAM_SOURCE] = "clCreateProgramWithSource",
    [CREATE_PROGRAM_BINARY] = "clCreateProgramWithBinary",
    [CREATE_KERNEL] = "clCreateKernel",
    [CREATE_USER_EVENT] = "clCreateUserEvent",
    [RETAIN_CONTEXT] = "clRetainContext",
    [RETAIN_QUEUE] = "clRetainCommandQueue",
    [RETAIN_MEM] = "clRetainMemObject",
    [RETAIN_PROGRAM] = "clRetainProgram",
    [RETAIN_KERNEL] = "clRetainKernel",
    [RETAIN_EVENT] = "clRetainEvent",
    [RELEASE_CONTEXT] = "clReleaseContext",
    [RELEASE_QUEUE] = "clReleaseCommandQueue",
    [RELEASE_MEM] = "clReleaseMemObject",
    [RELEASE_PROGRAM] = "clReleaseProgram",
    [RELEASE_KERNEL] = "clReleaseKernel",
    [RELEASE_EVENT] = "clReleaseEvent",
    [BUILD_PROGRAM] = "clBuildProgram",
    [SET_KERNEL_ARG] = "clSetKernelArg",
    [ENQUEUE_KERNEL] = "clEnqueueNDRangeKernel",
    [ENQUEUE_READ] = "clEnqueueReadBuffer",
    [ENQUEUE_WRITE] = "clEnqueueWriteBuffer",
    [ENQUEUE_COPY] = "clEnqueueCopyBuffer",
    [ENQUEUE_FILL] = "clEnqueueFillBuffer",
    [ENQUEUE_MAP] = "clEnqueueMapBuffer",
    [ENQUEUE_UNMAP] = "clEnqueueUnmapMemObject",
    [ENQUEUE_MARKER] = "clEnqueueMarkerWithWaitList",
    [FLUSH] = "clFlush",
    [FINISH] = "clFinish",
    [WAIT_FOR_EVENTS] = "clWaitForEvents",
    [EVENT_INFO] = "clGetEventInfo",
    [EVENT_CALLBACK] = "clSetEventCallback",
};

typedef enum kind { CONTEXT, QUEUE, MEM, PROGRAM, KERNEL, EVENT, KINDS } kind;

static const char *const kind_names[KINDS] = {
    [CONTEXT] = "context", [QUEUE] = "queue",   [MEM] = "mem",
    [PROGRAM] = "program", [KERNEL] = "kernel", [EVENT] = "event",
};

static const cl_icd_dispatch *driver; /* what the loader gave us */
static cl_icd_dispatch ours;
static _Atomic int64_t alive[KINDS];
static _Atomic uint64_t failed_count;

static struct {
  _Atomic uint64_t count, delay;
  _Atomic uint64_t fail_at; /* 0: none; UINT64_MAX: every one */
  _Atomic int code;
} entries[ENTRY_POINTS];

/* ---- Steering ---- */

static bool is_meant(entry_point e, const char *call) {
  /* "clCreateBuffer" alone when a whole name is given. */
  for (int i = 0; i < ENTRY_POINTS; i++)
    if (strcmp(names[i], call) == 0) return i == (int)e;
  return strncmp(names[e], call, strlen(call)) == 0;
}

static void reset(void) {
  for (int e = 0; e < ENTRY_POINTS; e++) {
    atomic_store(&entries[e].fail_at, 0);
    atomic_store(&entries[e].count, 0);
    atomic_store(&entries[e].delay, 0);
  }
  atomic_store(&failed_count, 0);
}

static uint64_t count_of(const char *call) {
  uint64_t sum = 0;
  for (int e = 0; e < ENTRY_POINTS; e++)
    if (is_meant((entry_point)e, call)) sum += atomic_load(&entries[e].count);
  return sum;
}

static void plan_failure(const char *call, uint64_t nth, int code) {
  for (int e = 0; e < ENTRY_POINTS; e++) {
    if (!is_meant((entry_point)e, call)) continue;
    uint64_t at = nth == 0 ? UINT64_MAX : atomic_load(&entries[e].count) + nth;
    atomic_store(&entries[e].code, code);
    atomic_store(&entries[e].fail_at, at);
  }
}

static uint64_t failures(void) {
  return atomic_load(&failed_count);
}

static void plan_delay(const char *call, uint64_t nanoseconds) {
  for (int e = 0; e < ENTRY_POINTS; e++)
    if (is_meant((entry_point)e, call)) atomic_store(&entries[e].delay, nanoseconds);
}

static int64_t balance_of(const char *name) {
  int64_t sum = 0;
  for (int k = 0; k < KINDS; k++)
    if (*name == '\0' || strcmp(name, kind_names[k]) == 0) sum += atomic_load(&alive[k]);
  return sum;
}

extern const eager_layer eager_layer_api;
const eager_layer eager_layer_api = {
    reset, count_of, plan_failure, failures, plan_delay, balance_of,
};

/* ---- What every entry point does first, and after an object was made ---- */

/* The code to give instead of asking the driver; CL_SUCCESS: ask. */
static cl_int note(entry_point e) {
  uint64_t delay = atomic_load(&entries[e].delay);
  if (delay > 0) {
    struct timespec time = {(time_t)(delay / 1000000000u), (long)(delay % 1000000000u)};
    nanosleep(&time, NULL);
  }
  uint64_t now = atomic_fetch_add(&entries[e].count, 1) + 1;
  uint64_t at = atomic_load(&entries[e].fail_at);
  if (at != now && at != UINT64_MAX) return CL_SUCCESS;
  atomic_fetch_add(&failed_count, 1);
  return atomic_load(&entries[e].code);
}

static void *made(kind k, void *object, cl_int code, cl_int *out_code) {
  if (object != NULL) atomic_fetch_add(&alive[k], 1);
  if (out_code != NULL) *out_code = code;
  return object;
}

static cl_int counted(kind k, cl_int code, int change) {
  if (code == CL_SUCCESS) atomic_fetch_add(&alive[k], change);
  return code;
}

static cl_int enqueued(cl_int code, const cl_event *event) {
  return event != NULL ? counted(EVENT, code, 1) : code;
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
  return code ? code : counted(CONTEXT, driver->clRetainContext(object), 1);
}

static cl_int CL_API_CALL retain_queue(cl_command_queue object) {
  cl_int code = note(RETAIN_QUEUE);
  return code ? code : counted(QUEUE, driver->clRetainCommandQueue(object), 1);
}

static cl_int CL_API_CALL retain_mem(cl_mem object) {
  cl_int code = note(RETAIN_MEM);
  return code ? code : counted(MEM, driver->clRetainMemObject(object), 1);
}

static cl_int CL_API_CALL retain_program(cl_program object) {
  cl_int code = note(RETAIN_PROGRAM);
  return code ? code : counted(PROGRAM, driver->clRetainProgram(object), 1);
}

static cl_int CL_API_CALL retain_kernel(cl_kernel object) {
  cl_int code = note(RETAIN_KERNEL);
  return code ? code : counted(KERNEL, driver->clRetainKernel(object), 1);
}

static cl_int CL_API_CALL retain_event(cl_event object) {
  cl_int code = note(RETAIN_EVENT);
  return code ? code : counted(EVENT, driver->clRetainEvent(object), 1);
}

static cl_int CL_API_CALL release_context(cl_context object) {
  cl_int code = note(RELEASE_CONTEXT);
  return code ? code : counted(CONTEXT, driver->clReleaseContext(object), -1);
}

static cl_int CL_API_CALL release_queue(cl_command_queue object) {
  cl_int code = note(RELEASE_QUEUE);
  return code ? code : counted(QUEUE, driver->clReleaseCommandQueue(object), -1);
}

static cl_int CL_API_CALL release_mem(cl_mem object) {
  cl_int code = note(RELEASE_MEM);
  return code ? code : counted(MEM, driver->clReleaseMemObject(object), -1);
}

static cl_int CL_API_CALL release_program(cl_program object) {
  cl_int code = note(RELEASE_PROGRAM);
  return code ? code : counted(PROGRAM, driver->clReleaseProgram(object), -1);
}

static cl_int CL_API_CALL release_kernel(cl_kernel object) {
  cl_int code = note(RELEASE_KERNEL);
  return code ? code : counted(KERNEL, driver->clReleaseKernel(object), -1);
}

static cl_int CL_API_CALL release_event(cl_event object) {
  cl_int code = note(RELEASE_EVENT);
  return code ? code : counted(EVENT, driver->clReleaseEvent(object), -1);
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

static cl_int CL_API_CALL set_kernel_arg(cl_kernel kernel, cl_uint index, size_t size,
                                         const void *value) {
  cl_int code = note(SET_KERNEL_ARG);
  return code ? code : driver->clSetKernelArg(kernel, index, size, value);
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

/* Unmaps even when it tells a failure: PoCL never frees a buffer that stays mapped, and a
 * leak checker would call that ours. */
static cl_int CL_API_CALL enqueue_unmap(cl_command_queue queue, cl_mem mem, void *view,
                                        cl_uint count, const cl_event *list,
                                        cl_event *event) {
  cl_int code = note(ENQUEUE_UNMAP);
  cl_event *wanted = code == CL_SUCCESS ? event : NULL;
  cl_int done = driver->clEnqueueUnmapMemObject(queue, mem, view, count, list, wanted);
  return code != CL_SUCCESS ? code : enqueued(done, event);
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

static cl_int CL_API_CALL wait_for_events(cl_uint count, const cl_event *list) {
  cl_int code = note(WAIT_FOR_EVENTS);
  return code ? code : driver->clWaitForEvents(count, list);
}

static cl_int CL_API_CALL event_info(cl_event event, cl_event_info what, size_t size,
                                     void *value, size_t *out_size) {
  cl_int code = note(EVENT_INFO);
  return code ? code : driver->clGetEventInfo(event, what, size, value, out_size);
}

static cl_int CL_API_CALL event_callback(cl_event event, cl_int status,
                                         void(CL_CALLBACK *notify)(cl_event, cl_int,
                                                                   void *),
                                         void *user) {
  cl_int code = note(EVENT_CALLBACK);
  return code ? code : driver->clSetEventCallback(event, status, notify, user);
}

/* ---- The loader's side ---- */

static void read_plans(void) {
  char text[512], call[64];
  const char *plans = getenv("EAGERCL_LAYER_FAIL");
  snprintf(text, sizeof text, "%s", plans != NULL ? plans : "");
  char *rest = text;
  for (char *plan; (plan = strtok_r(rest, ",", &rest)) != NULL;) {
    uint64_t nth;
    int code;
    if (sscanf(plan, "%63[^:]:%" SCNu64 ":%d", call, &nth, &code) == 3)
      plan_failure(call, nth, code);
  }
  const char *delays = getenv("EAGERCL_LAYER_DELAY");
  snprintf(text, sizeof text, "%s", delays != NULL ? delays : "");
  rest = text;
  for (char *plan; (plan = strtok_r(rest, ",", &rest)) != NULL;) {
    uint64_t nanoseconds;
    if (sscanf(plan, "%63[^:]:%" SCNu64, call, &nanoseconds) == 2)
      plan_delay(call, nanoseconds);
  }
}

static void report(void) {
  for (int e = 0; e < ENTRY_POINTS; e++) {
    uint64_t count = atomic_load(&entries[e].count);
    if (count > 0) fprintf(stderr, "layer: %8" PRIu64 " %s\n", count, names[e]);
  }
  for (int k = 0; k < KINDS; k++)
    fprintf(stderr, "layer: %8" PRId64 " %s alive\n", atomic_load(&alive[k]),
            kind_names[k]);
}

static void override_entries(void) {
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
  ours.clSetEventCallback = event_callback;
}

static const char layer_name[] = "eagercl fault layer";

static void begin_layer(void) {
  override_entries();
  read_plans();
  if (getenv("EAGERCL_LAYER_REPORT") != NULL) atexit(report);
}

#include "layer_entry.h"
