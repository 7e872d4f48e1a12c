#include "layer_steer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer.h"

static const char *const names[ENTRY_POINTS] = {
    [GET_PLATFORM_IDS] = "clGetPlatformIDs",
    [GET_PLATFORM_INFO] = "clGetPlatformInfo",
    [GET_DEVICE_IDS] = "clGetDeviceIDs",
    [GET_DEVICE_INFO] = "clGetDeviceInfo",
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
    [PROGRAM_INFO] = "clGetProgramInfo",
    [PROGRAM_BUILD_INFO] = "clGetProgramBuildInfo",
    [KERNEL_INFO] = "clGetKernelInfo",
    [KERNEL_WORK_GROUP_INFO] = "clGetKernelWorkGroupInfo",
    [MEM_INFO] = "clGetMemObjectInfo",
    [MEM_CALLBACK] = "clSetMemObjectDestructorCallback",
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
    [EVENT_PROFILING] = "clGetEventProfilingInfo",
    [EVENT_CALLBACK] = "clSetEventCallback",
};

static const char *const kind_names[KINDS] = {
    [CONTEXT] = "context", [QUEUE] = "queue",   [MEM] = "mem",
    [PROGRAM] = "program", [KERNEL] = "kernel", [EVENT] = "event",
};

static _Atomic int64_t alive[KINDS];
static _Atomic uint64_t failed_count, call_count;
static _Atomic(eager_layer_choose) choose;

static struct {
  _Atomic uint64_t count, delay;
  _Atomic uint64_t fail_at; /* 0: none; UINT64_MAX: every one */
  _Atomic int code;
  _Atomic cl_uint most; /* listed at most, plus one; 0: all */
  atomic_bool late;
} entries[ENTRY_POINTS];

/* ---- Calls ---- */

static bool is_meant(entry_point e, const char *call) {
  /* "clCreateBuffer" alone when a whole name is given. */
  for (int i = 0; i < ENTRY_POINTS; i++)
    if (strcmp(names[i], call) == 0) return i == (int)e;
  return strncmp(names[e], call, strlen(call)) == 0;
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

static void plan_choice(eager_layer_choose chooser) {
  atomic_store(&call_count, 0);
  atomic_store(&choose, chooser);
}

static uint64_t failures(void) {
  return atomic_load(&failed_count);
}

static void plan_delay(const char *call, uint64_t nanoseconds) {
  for (int e = 0; e < ENTRY_POINTS; e++)
    if (is_meant((entry_point)e, call)) atomic_store(&entries[e].delay, nanoseconds);
}

static void plan_short_list(const char *call, unsigned most, bool late) {
  for (int e = 0; e < ENTRY_POINTS; e++) {
    if (!is_meant((entry_point)e, call)) continue;
    atomic_store(&entries[e].late, late);
    atomic_store(&entries[e].most, most + 1);
  }
}

cl_uint eager_layer_shorten(entry_point e, cl_uint count, bool listing) {
  cl_uint most = atomic_load(&entries[e].most);
  if (atomic_load(&entries[e].late) && !listing) return count;
  return most > 0 && count > most - 1 ? most - 1 : count;
}

static _Atomic(const char *) build_log;

static void plan_build_log(const char *text) {
  atomic_store(&build_log, text);
}

const char *eager_layer_build_log(void) {
  return atomic_load(&build_log);
}

cl_int eager_layer_note(entry_point e) {
  uint64_t delay = atomic_load(&entries[e].delay);
  if (delay > 0) {
    struct timespec time = {(time_t)(delay / 1000000000u), (long)(delay % 1000000000u)};
    nanosleep(&time, NULL);
  }
  uint64_t now = atomic_fetch_add(&entries[e].count, 1) + 1;
  uint64_t at = atomic_load(&entries[e].fail_at);
  cl_int code = at == now || at == UINT64_MAX ? atomic_load(&entries[e].code) : 0;
  eager_layer_choose chooser = atomic_load(&choose);
  if (code == 0 && chooser != NULL)
    code = chooser(names[e], atomic_fetch_add(&call_count, 1) + 1);
  if (code != 0) atomic_fetch_add(&failed_count, 1);
  return code;
}

/* ---- Objects ---- */

void eager_layer_count(kind k, int change) {
  atomic_fetch_add(&alive[k], change);
}

static int64_t balance_of(const char *name) {
  int64_t sum = 0;
  for (int k = 0; k < KINDS; k++)
    if (*name == '\0' || strcmp(name, kind_names[k]) == 0) sum += atomic_load(&alive[k]);
  return sum;
}

/* ---- Commands ---- */

enum { SPOILED = 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t let_go = PTHREAD_COND_INITIALIZER;
static struct {
  uint64_t events_until_bad; /* 0: none */
  cl_int status;
  bool stalled;
  cl_event bad[SPOILED];
  int bad_count;
} commands;

static void plan_bad_command(uint64_t nth, int status) {
  pthread_mutex_lock(&lock);
  commands.events_until_bad = nth;
  commands.status = status;
  pthread_mutex_unlock(&lock);
}

static void stall(bool on) {
  pthread_mutex_lock(&lock);
  commands.stalled = on;
  pthread_cond_broadcast(&let_go);
  pthread_mutex_unlock(&lock);
}

void eager_layer_enqueued(cl_event event) {
  pthread_mutex_lock(&lock);
  bool is_bad = commands.events_until_bad > 0 && --commands.events_until_bad == 0;
  if (is_bad && commands.bad_count < SPOILED) {
    commands.bad[commands.bad_count++] = event;
    atomic_fetch_add(&failed_count, 1);
  }
  pthread_mutex_unlock(&lock);
}

void eager_layer_forget(cl_event event) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < commands.bad_count; i++)
    if (commands.bad[i] == event) commands.bad[i--] = commands.bad[--commands.bad_count];
  pthread_mutex_unlock(&lock);
}

cl_int eager_layer_status(cl_event event, cl_int status) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < commands.bad_count; i++)
    if (commands.bad[i] == event && status <= CL_COMPLETE) status = commands.status;
  if (commands.stalled && status <= CL_COMPLETE) status = CL_RUNNING;
  pthread_mutex_unlock(&lock);
  return status;
}

void eager_layer_wait_stalled(void) {
  pthread_mutex_lock(&lock);
  while (commands.stalled) pthread_cond_wait(&let_go, &lock);
  pthread_mutex_unlock(&lock);
}

/* ---- The tests' side ---- */

static void reset(void) {
  atomic_store(&choose, NULL);
  for (int e = 0; e < ENTRY_POINTS; e++) {
    atomic_store(&entries[e].fail_at, 0);
    atomic_store(&entries[e].count, 0);
    atomic_store(&entries[e].delay, 0);
    atomic_store(&entries[e].most, 0);
  }
  plan_bad_command(0, 0);
  plan_build_log(NULL);
  stall(false);
  atomic_store(&failed_count, 0);
}

extern const eager_layer eager_layer_api;
const eager_layer eager_layer_api = {
    .reset = reset,
    .count = count_of,
    .refuse = plan_failure,
    .ask = plan_choice,
    .failed = failures,
    .delay = plan_delay,
    .list_at_most = plan_short_list,
    .fail_command = plan_bad_command,
    .build_log = plan_build_log,
    .stall = stall,
    .balance = balance_of,
};

/* ---- The environment's ---- */

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

void eager_layer_begin(void) {
  read_plans();
  if (getenv("EAGERCL_LAYER_REPORT") != NULL) atexit(report);
}
