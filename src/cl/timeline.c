#include "cl/timeline.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/command.h"
#include "cl/device.h"
#include "cl/error.h"
#include "cl/traced.h"

/* A refused marker, or hold on one, is retried this often, a millisecond apart, before the
 * device counts as lost: it needs a few bytes of host memory, nothing else. */
enum { MARKER_TRIES = 100 };

/* Milliseconds a lost device is given to finish what it may still be doing. */
enum { LOST_WAITS = 10000 };

void eager__timeline_init(eager__timeline *timeline, struct eager__device *device,
                          eager__rank rank) {
  memset(timeline, 0, sizeof *timeline);
  eager__mutex_init(&timeline->lock, rank);
  timeline->device = device;
}

void eager__timeline_destroy(eager__timeline *timeline) {
  eager__free(timeline->retirees);
  eager__mutex_destroy(&timeline->lock);
}

static bool lock_is_broken; /* by a test, before its threads start */

void eager__timeline_break_lock(void) {
  lock_is_broken = true;
}

void eager__timeline_lock(eager__timeline *timeline) {
  if (!lock_is_broken) eager__mutex_lock(&timeline->lock);
}

void eager__timeline_unlock(eager__timeline *timeline) {
  if (!lock_is_broken) eager__mutex_unlock(&timeline->lock);
}

/* --- Events --- */

static void release_event(eager__device *device, cl_event event) {
  eager__cl_enter(device->context);
  clReleaseEvent(event);
  eager__cl_leave(device->context);
  eager__census_add(EAGER__OBJECT_EVENT, -1);
}

static cl_int retain_event(eager__device *device, cl_event event) {
  eager__cl_enter(device->context);
  cl_int code = clRetainEvent(event);
  eager__cl_leave(device->context);
  if (code == CL_SUCCESS) eager__census_add(EAGER__OBJECT_EVENT, 1);
  return code;
}

static int wait_event(eager__device *device, cl_event event) {
  for (int round = 0;; round++) {
    cl_int status = CL_QUEUED;
    eager__cl_enter(device->context);
    cl_int code = clWaitForEvents(1, &event);
    cl_int asked = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status,
                                  &status, NULL);
    eager__cl_leave(device->context);
    if (asked != CL_SUCCESS) return asked;
    if (status < CL_COMPLETE) return status;
    if (code != CL_SUCCESS && eager__cl_is_loss(code)) return code;
    if (status == CL_COMPLETE) return status;
    /* PoCL basic: another thread may be running our command and the wait returns early. */
    if (round > 20) eager__sleep(50000);
  }
}

bool eager__event_is_done(eager__device *device, eager__event *event) {
  cl_int status = CL_QUEUED;
  eager__cl_enter(device->context);
  cl_int code = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status,
                               &status, NULL);
  eager__cl_leave(device->context);
  return code != CL_SUCCESS || status <= CL_COMPLETE;
}

/* What a device does that only said it was lost, it does to memory that goes next. A dead
 * one answers with an error. */
static void outlast(eager__device *device, cl_event event) {
  for (int i = 0; i < LOST_WAITS && !eager__event_is_done(device, event); i++)
    eager__sleep(1000000);
}

int eager__event_finish(eager__device *device, eager__cl_queue *queue,
                        eager__event *event) {
  eager__timeline *timeline =
      queue == device->transfer.queue ? &device->transfer : &device->compute;
  eager__timeline_lock(timeline);
  eager__cl_enter(device->context);
  int flushed = eager__command_flush(device, queue); /* the wait flushes too */
  eager__cl_leave(device->context);
  eager__timeline_unlock(timeline);
  int status = wait_event(device, event);
  if (status < CL_COMPLETE) outlast(device, event); /* it may hold the caller's memory */
  release_event(device, event);
  return status == CL_COMPLETE && eager__cl_is_dead(flushed) ? flushed : status;
}

/* --- Marks; the lock is held in all of these --- */

static void flush(eager__timeline *timeline) {
  uint64_t submitted = atomic_load_explicit(&timeline->submitted, memory_order_relaxed);
  if (timeline->flushed == submitted) return;
  eager__cl_enter(timeline->device->context);
  if (eager__command_flush(timeline->device, timeline->queue) == CL_SUCCESS)
    timeline->flushed = submitted; /* else whoever looks or waits flushes again */
  eager__cl_leave(timeline->device->context);
}

static eager__mark *mark_at(eager__timeline *timeline, uint32_t position) {
  return &timeline->ring[position % EAGER__MARK_RING];
}

/* A full ring gives up every other mark: whoever waits for one waits for its neighbour. */
static void thin_marks(eager__timeline *timeline) {
  uint32_t kept = timeline->head;
  for (uint32_t i = timeline->head; i != timeline->tail; i++) {
    eager__mark mark = *mark_at(timeline, i);
    if ((timeline->tail - 1 - i) % 2 == 0)
      *mark_at(timeline, kept++) = mark;
    else
      release_event(timeline->device, mark.event);
  }
  timeline->tail = kept;
}

static void push_mark(eager__timeline *timeline, cl_event event) {
  if (timeline->tail - timeline->head == EAGER__MARK_RING) thin_marks(timeline);
  uint64_t seq = atomic_load_explicit(&timeline->submitted, memory_order_relaxed);
  *mark_at(timeline, timeline->tail++) = (eager__mark){seq, event};
  timeline->marked = seq;
}

static int push_marker(eager__timeline *timeline) {
  cl_event event = NULL;
  eager__cl_enter(timeline->device->context);
  cl_int code = clEnqueueMarkerWithWaitList(timeline->queue, 0, NULL, &event);
  eager__cl_leave(timeline->device->context);
  if (eager__cl_is_dead(code)) eager__device_lose(timeline->device, code);
  if (code != CL_SUCCESS) return code;
  eager__census_add(EAGER__OBJECT_EVENT, 1);
  push_mark(timeline, event);
  timeline->flushed = 0; /* the marker itself is not flushed yet */
  flush(timeline);
  return CL_SUCCESS;
}

static void retire_until(eager__timeline *timeline, uint64_t seq, bool lost) {
  while (timeline->retiree_count) {
    eager__retiree *first = &timeline->retirees[timeline->retiree_head];
    if (first->seq > seq) return;
    eager__retiree retiree = *first;
    timeline->retiree_head = (timeline->retiree_head + 1) % timeline->retiree_capacity;
    timeline->retiree_count--;
    retiree.retire(retiree.arg, retiree.seq, lost);
  }
}

/* Everything up to `seq` is done: retirees first, so that whoever sees the new number sees
 * what they did. */
static void complete_until(eager__timeline *timeline, uint64_t seq) {
  eager__traced_complete(timeline, seq);
  while (timeline->head != timeline->tail && mark_at(timeline, timeline->head)->seq <= seq)
    release_event(timeline->device, mark_at(timeline, timeline->head++)->event);
  if (eager__timeline_reached(timeline, seq)) return;
  if (eager__device_is_lost(timeline->device)) return; /* told FAILED: it stays so */
  retire_until(timeline, seq, false);
  atomic_store_explicit(&timeline->completed, seq, memory_order_release);
}

static void lose(eager__timeline *timeline, int code) {
  eager__device_lose(timeline->device, code);
  retire_until(timeline, UINT64_MAX, true);
}

/* Looks at markers, oldest first. */
static void advance(eager__timeline *timeline) {
  while (timeline->head != timeline->tail) {
    eager__mark mark = *mark_at(timeline, timeline->head);
    cl_int status = CL_QUEUED;
    eager__cl_enter(timeline->device->context);
    cl_int code = clGetEventInfo(mark.event, CL_EVENT_COMMAND_EXECUTION_STATUS,
                                 sizeof status, &status, NULL);
    if (code == CL_SUCCESS && status == CL_COMPLETE)
      code = clWaitForEvents(1, &mark.event); /* a poll is no synchronisation point */
    eager__cl_leave(timeline->device->context);
    if (code != CL_SUCCESS || status < 0) {
      lose(timeline, code != CL_SUCCESS ? code : status);
      return;
    }
    if (status != CL_COMPLETE) return;
    complete_until(timeline, mark.seq);
  }
}

uint64_t eager__timeline_commit(eager__timeline *timeline, bool awaited) {
  uint64_t before = atomic_load_explicit(&timeline->submitted, memory_order_relaxed);
  uint64_t seq = before + 1;
  atomic_store_explicit(&timeline->submitted, seq, memory_order_release);
  if (awaited) {
    timeline->marked = seq; /* by the event in the caller's hands */
  } else if (seq - timeline->marked >= EAGER__MARK_EVERY) {
    push_marker(timeline); /* refused: whoever waits will try again */
    if (timeline->tail - timeline->head > 4) advance(timeline);
  }
  flush(timeline); /* always: submitted work makes progress by itself */
  return seq;
}

/* --- Retirees --- */

eager_status eager__timeline_reserve_retirees(eager__timeline *timeline, size_t count) {
  size_t old = timeline->retiree_capacity;
  if (timeline->retiree_count + count <= old) return EAGER_OK;
  size_t capacity = old ? old * 2 : 64;
  while (capacity < timeline->retiree_count + count) capacity *= 2;
  eager__retiree *grown = eager__alloc(capacity * sizeof *grown);
  if (!grown) return eager__out_of_memory(capacity * sizeof *grown);
  for (size_t i = 0; i < timeline->retiree_count; i++)
    grown[i] = timeline->retirees[(timeline->retiree_head + i) % old];
  eager__free(timeline->retirees);
  timeline->retirees = grown;
  timeline->retiree_capacity = capacity;
  timeline->retiree_head = 0;
  return EAGER_OK;
}

void eager__timeline_add_retiree(eager__timeline *timeline, uint64_t seq,
                                 eager__retire_fn retire, void *arg) {
  size_t position =
      (timeline->retiree_head + timeline->retiree_count) % timeline->retiree_capacity;
  timeline->retirees[position] = (eager__retiree){seq, retire, arg};
  timeline->retiree_count++;
  if (eager__device_is_lost(timeline->device)) retire_until(timeline, UINT64_MAX, true);
}

/* --- Looking and waiting --- */

void eager__timeline_nudge(eager__timeline *timeline, uint64_t seq) {
  eager__context *context = timeline->device->context;
  if (eager__timeline_reached(timeline, seq) || !timeline->queue) return;
  if (!eager__mutex_try_lock(&timeline->lock)) return;
  if (eager__cl_try_enter(context)) {
    if (!eager__device_is_lost(timeline->device)) {
      bool covered = timeline->head != timeline->tail &&
                     mark_at(timeline, timeline->tail - 1)->seq >= seq;
      if (!covered) push_marker(timeline);
      flush(timeline);
      advance(timeline);
    }
    eager__cl_leave(context);
  }
  eager__mutex_unlock(&timeline->lock);
}

/* Lock held: the oldest mark that covers `seq`, retained; NULL where there is none, or the
 * driver refuses. */
static cl_int take_mark(eager__timeline *timeline, uint64_t seq, cl_event *out,
                        uint64_t *out_seq) {
  for (uint32_t i = timeline->head; i != timeline->tail; i++) {
    eager__mark *mark = mark_at(timeline, i);
    if (mark->seq < seq) continue;
    cl_int code = retain_event(timeline->device, mark->event);
    if (code != CL_SUCCESS) return code;
    *out_seq = mark->seq;
    *out = mark->event;
    return CL_SUCCESS;
  }
  return CL_SUCCESS;
}

/* A retained event that covers `seq`, with a marker put in when none does. NULL and OK:
 * complete meanwhile. */
static eager_status cover(eager__timeline *timeline, uint64_t seq, cl_event *out,
                          uint64_t *out_seq) {
  *out = NULL;
  for (int tries = 0;; tries++) {
    int code = CL_SUCCESS;
    eager__timeline_lock(timeline);
    bool done = eager__timeline_reached(timeline, seq);
    bool lost = eager__device_is_lost(timeline->device);
    if (!done && !lost) {
      code = take_mark(timeline, seq, out, out_seq);
      if (!*out && code == CL_SUCCESS && (code = push_marker(timeline)) == CL_SUCCESS)
        code = take_mark(timeline, seq, out, out_seq);
      flush(timeline);
      if (!*out && tries >= MARKER_TRIES) {
        lose(timeline, code);
        lost = true;
      }
    }
    eager__timeline_unlock(timeline);
    if (done || *out) return EAGER_OK;
    if (lost) return EAGER_UNAVAILABLE;
    eager__sleep(1000000);
  }
}

void eager__timeline_finish(eager__timeline *timeline, uint64_t seq, eager__event *event) {
  uint64_t begin = eager__trace_begin();
  int code = wait_event(timeline->device, event);
  eager__trace_wait(begin, "wait for device", timeline->device->short_name);
  eager__timeline_lock(timeline);
  if (code == CL_COMPLETE)
    complete_until(timeline, seq);
  else
    lose(timeline, code);
  eager__timeline_unlock(timeline);
  release_event(timeline->device, event);
}

eager_status eager__timeline_wait(eager__timeline *timeline, uint64_t seq) {
  while (!eager__timeline_reached(timeline, seq)) {
    cl_event event;
    uint64_t event_seq = 0;
    eager_status status = cover(timeline, seq, &event, &event_seq);
    if (status != EAGER_OK) return status;
    if (!event) break;
    eager__timeline_finish(timeline, event_seq, event);
  }
  return EAGER_OK;
}

/* A device that only said it was lost still writes to cells and reads staging and adopted
 * memory, all of which go next. A dead one answers with an error, or never: then its work
 * will not end either. (rusticl's clFinish returns early after a clFlush.) */
static void finish_lost(eager__timeline *timeline) {
  eager__device *device = timeline->device;
  if (!timeline->queue || !eager__device_is_lost(device)) return;
  cl_event event = NULL;
  eager__cl_enter(device->context);
  cl_int code = clEnqueueMarkerWithWaitList(timeline->queue, 0, NULL, &event);
  if (code == CL_SUCCESS) clFlush(timeline->queue);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS) return;
  eager__census_add(EAGER__OBJECT_EVENT, 1);
  outlast(device, event);
  release_event(device, event);
}

void eager__timeline_abandon(eager__timeline *timeline) {
  finish_lost(timeline);
  eager__timeline_lock(timeline);
  retire_until(timeline, UINT64_MAX, true);
  while (timeline->head != timeline->tail)
    release_event(timeline->device, mark_at(timeline, timeline->head++)->event);
  eager__timeline_unlock(timeline);
}

eager_status eager__timeline_event(eager__timeline *timeline, uint64_t seq,
                                   eager__event **out) {
  uint64_t event_seq;
  return cover(timeline, seq, out, &event_seq);
}
