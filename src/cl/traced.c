#include "cl/traced.h"

#include <CL/cl.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/census.h"

/* A device's clock is the host's plus an offset. It is measured when the device opens and
 * with every command: a command is queued after the host's clock was read, so the largest
 * difference of the two is the nearest to the truth. Clocks drift, by less than one part in
 * DRIFT: by so much an old measurement loses against a new one. */
enum { DRIFT = 4096, TRIALS = 5 };

typedef struct command {
  eager__event *event; /* NULL: not asked for */
  uint64_t seq, number, begin;
  eager__trace_kind kind;
  const char *name;
  size_t size;
  uint32_t grid[6];
} command;

/* Guarded by the timeline's lock. */
struct eager__queue_trace {
  eager__trace_ring *ring;
  command *commands; /* in flight: a queue in a circle, in order of submission */
  size_t capacity, head, count;
  bool knows_times;
  atomic_bool is_blind;
  int64_t offset; /* device's clock + offset = host's, as known at host's time `measured` */
  uint64_t measured;
  uint64_t last_end;
};

typedef struct eager__queue_trace queue_trace;

/* --- Enqueued --- */

eager__event **eager__traced_start(eager__traced *traced, eager__event **wanted) {
  traced->event = NULL;
  traced->wanted = wanted;
  traced->begin = eager__now();
  if (wanted) return wanted;
  return atomic_load(&traced->timeline->trace->is_blind) ? NULL : &traced->event;
}

static void release(eager__device *device, cl_event event) {
  if (!event) return;
  eager__cl_enter(device->context);
  clReleaseEvent(event);
  eager__cl_leave(device->context);
  eager__census_add(EAGER__OBJECT_EVENT, -1);
}

/* The event as the trace's own, or NULL. */
static cl_event own_event(eager__traced *traced) {
  eager__device *device = traced->timeline->device;
  cl_event event = traced->event;
  if (traced->wanted) {
    if (!*traced->wanted) return NULL;
    event = *traced->wanted;
    eager__cl_enter(device->context);
    cl_int code = clRetainEvent(event);
    eager__cl_leave(device->context);
    if (code != CL_SUCCESS) return NULL; /* recorded without its times */
  }
  if (event) eager__census_add(EAGER__OBJECT_EVENT, 1);
  return event;
}

static bool make_room(queue_trace *trace) {
  size_t old = trace->capacity;
  if (trace->count < old) return true;
  size_t capacity = old ? old * 2 : 256;
  command *grown = eager__alloc(capacity * sizeof *grown);
  if (!grown) return false;
  for (size_t i = 0; i < trace->count; i++)
    grown[i] = trace->commands[(trace->head + i) & (old - 1)];
  eager__free(trace->commands);
  trace->commands = grown;
  trace->capacity = capacity;
  trace->head = 0;
  return true;
}

static uint32_t narrow(size_t value) {
  return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

void eager__traced_note(eager__traced *traced, const eager__traced_what *what) {
  eager__timeline *timeline = traced->timeline;
  queue_trace *trace = timeline->trace;
  cl_event event = own_event(traced);
  if (!make_room(trace)) {
    eager__trace_lose(1);
    release(timeline->device, event);
    return;
  }
  size_t at = (trace->head + trace->count++) & (trace->capacity - 1);
  command *noted = &trace->commands[at];
  *noted = (command){
      .event = event,
      .seq = atomic_load_explicit(&timeline->submitted, memory_order_relaxed) + 1,
      .number = eager__trace_number(),
      .begin = traced->begin,
      .kind = what->kind,
      .name = what->name,
      .size = what->size,
  };
  for (int i = 0; i < what->dims; i++) {
    noted->grid[i] = narrow(what->global[i]);
    noted->grid[3 + i] = narrow(what->local[i]);
  }
}

/* --- Complete --- */

enum { QUEUED, SUBMITTED, STARTED, ENDED, TIMES };

/* False when the driver does not know, as rusticl 22.3, which answers with zeros. */
static bool read_times(eager__device *device, cl_event event, cl_ulong *times) {
  static const cl_profiling_info names[TIMES] = {
      [QUEUED] = CL_PROFILING_COMMAND_QUEUED,
      [SUBMITTED] = CL_PROFILING_COMMAND_SUBMIT,
      [STARTED] = CL_PROFILING_COMMAND_START,
      [ENDED] = CL_PROFILING_COMMAND_END,
  };
  cl_int code = CL_SUCCESS;
  eager__cl_enter(device->context);
  for (int i = 0; i < TIMES && code == CL_SUCCESS; i++)
    code = clGetEventProfilingInfo(event, names[i], sizeof times[i], &times[i], NULL);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS || !times[STARTED] || !times[ENDED]) return false;
  /* Some drivers leave out the first two, or tell one a little too late. */
  if (times[ENDED] < times[STARTED]) times[ENDED] = times[STARTED];
  if (!times[SUBMITTED] || times[SUBMITTED] > times[STARTED])
    times[SUBMITTED] = times[STARTED];
  if (!times[QUEUED] || times[QUEUED] > times[SUBMITTED]) times[QUEUED] = times[SUBMITTED];
  return true;
}

static uint64_t measure_offset(queue_trace *trace, uint64_t before, uint64_t queued) {
  int64_t seen = (int64_t)(before - queued);
  int64_t passed = before > trace->measured ? (int64_t)(before - trace->measured) : 0;
  int64_t known = trace->offset - passed / DRIFT;
  trace->offset = trace->knows_times && known > seen ? known : seen;
  trace->knows_times = true;
  trace->measured = before;
  return (uint64_t)trace->offset;
}

static void write_record(queue_trace *trace, const command *done,
                         const eager__trace_head *times) {
  eager__trace_record *record = eager__trace_take_in(trace->ring);
  if (!record) return;
  record->head = (eager__trace_head){
      .kind = (uint8_t)done->kind,
      .timed = times->timed,
      .track = record->head.track,
      .name = done->name,
      .number = done->number,
      .queued = times->queued,
      .submitted = times->submitted,
      .begin = times->begin,
      .end = times->end,
      .size = done->size,
  };
  memcpy(record->payload, done->grid, sizeof done->grid);
  eager__trace_put_in(trace->ring);
  trace->last_end = times->end;
}

static uint64_t later(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

/* How the commands taken together ended: `alone` means about now. */
typedef enum ending { IN_ORDER, ALONE, NEVER } ending;

static void take(eager__device *device, queue_trace *trace, const command *done,
                 ending how) {
  cl_ulong device_times[TIMES] = {0};
  bool ask = done->event && how != NEVER && !atomic_load(&trace->is_blind);
  bool told = ask && read_times(device, done->event, device_times);
  if (ask && !told && !trace->knows_times) atomic_store(&trace->is_blind, true);
  eager__trace_head times = {.timed = told, .queued = done->begin};
  if (told) {
    uint64_t offset = measure_offset(trace, done->begin, device_times[QUEUED]);
    times.queued = device_times[QUEUED] + offset;
    times.submitted = device_times[SUBMITTED] + offset;
    /* An in-order queue; the offset may have moved by less than a command takes. */
    times.begin = later(device_times[STARTED] + offset, trace->last_end);
    times.end = later(device_times[ENDED] + offset, times.begin);
  } else {
    times.submitted = times.queued;
    times.begin = later(done->begin, trace->last_end);
    times.end = how == ALONE ? later(eager__now(), times.begin) : times.begin;
  }
  write_record(trace, done, &times);
  release(device, done->event);
}

/* The oldest `count` commands. */
static void take_first(eager__timeline *timeline, size_t count, bool complete) {
  queue_trace *trace = timeline->trace;
  ending how = !complete ? NEVER : count == 1 ? ALONE : IN_ORDER;
  for (size_t i = 0; i < count; i++) {
    command done = trace->commands[trace->head];
    trace->head = (trace->head + 1) & (trace->capacity - 1);
    trace->count--;
    take(timeline->device, trace, &done, how);
  }
}

static const command *in_flight(const queue_trace *trace, size_t i) {
  return &trace->commands[(trace->head + i) & (trace->capacity - 1)];
}

void eager__traced_take(eager__timeline *timeline, uint64_t seq) {
  const queue_trace *trace = timeline->trace;
  size_t count = 0;
  while (count < trace->count && in_flight(trace, count)->seq <= seq) count++;
  take_first(timeline, count, true);
}

void eager__traced_finish(eager__timeline *timeline, const eager__event *event) {
  const queue_trace *trace = timeline->trace;
  if (!trace) return;
  eager__timeline_lock(timeline);
  size_t count = trace->count;
  while (count > 0 && in_flight(trace, count - 1)->event != event) count--;
  take_first(timeline, count, true);
  eager__timeline_unlock(timeline);
}

/* --- Opening and closing --- */

/* A small write, before anything else is on the queue; false when the driver refuses. */
static bool write_and_wait(cl_command_queue queue, cl_mem mem, cl_event *out) {
  const cl_int nothing = 0;
  cl_int code =
      clEnqueueWriteBuffer(queue, mem, CL_FALSE, 0, sizeof nothing, &nothing, 0, NULL, out);
  return code == CL_SUCCESS && clWaitForEvents(1, out) == CL_SUCCESS;
}

static void try_offset(eager__device *device, queue_trace *trace, cl_mem mem) {
  cl_ulong times[TIMES] = {0};
  cl_event event = NULL;
  uint64_t before = eager__now();
  if (write_and_wait(device->compute.queue, mem, &event)) {
    if (read_times(device, event, times))
      measure_offset(trace, before, times[QUEUED]);
    else if (!trace->knows_times)
      atomic_store(&trace->is_blind, true);
  }
  if (event) clReleaseEvent(event);
}

static void try_offsets(eager__device *device, queue_trace *trace) {
  cl_int code;
  eager__cl_enter(device->context);
  cl_mem mem =
      clCreateBuffer(device->context->cl, CL_MEM_READ_WRITE, sizeof(cl_int), NULL, &code);
  for (int i = 0; mem && i < TRIALS; i++) try_offset(device, trace, mem);
  if (mem) clReleaseMemObject(mem);
  eager__cl_leave(device->context);
}

static void set_trace(eager__timeline *timeline, queue_trace *trace) {
  eager__timeline_lock(timeline);
  timeline->trace = trace;
  eager__timeline_unlock(timeline);
}

void eager__traced_open(eager__device *device) {
  if (!atomic_load(&eager__trace_is_on)) return;
  queue_trace *compute = eager__alloc(sizeof *compute);
  queue_trace *transfer = eager__alloc(sizeof *transfer);
  if (!compute || !transfer) {
    eager__free(compute);
    eager__free(transfer);
    eager__trace_lose(1);
    return;
  }
  if (device->profiling)
    try_offsets(device, compute);
  else
    atomic_store(&compute->is_blind, true);
  *transfer = *compute; /* one clock */
  bool blind = atomic_load(&compute->is_blind);
  uint32_t track = EAGER__TRACE_TRACKS * ((uint32_t)device->index + 1);
  compute->ring = eager__trace_ring_new(
      track + 1, blind ? "compute (the driver tells no times)" : "compute",
      device->short_name);
  transfer->ring = eager__trace_ring_new(
      track + 2, blind ? "transfer (the driver tells no times)" : "transfer",
      device->short_name);
  set_trace(&device->compute, compute);
  set_trace(&device->transfer, transfer);
}

static void close_queue(eager__timeline *timeline) {
  eager__timeline_lock(timeline);
  queue_trace *trace = timeline->trace;
  if (trace) {
    take_first(timeline, trace->count, false);
    timeline->trace = NULL;
  }
  eager__timeline_unlock(timeline);
  if (trace) eager__free(trace->commands);
  eager__free(trace);
}

void eager__traced_close(eager__device *device) {
  close_queue(&device->compute);
  close_queue(&device->transfer);
}

bool eager__traced_is_blind(const eager__device *device) {
  const queue_trace *trace = device->compute.trace;
  return trace && atomic_load(&trace->is_blind);
}
