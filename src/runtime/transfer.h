/* What cannot be done yet: tasks, and one worker thread per destination device.
 *
 * A task is a copy to the device, an op behind one, or a tensor behind a user's event.
 * Workers wait for timelines and events, never for tasks; every deferred input of an op on
 * a device is produced by tasks of that device itself. So there are no cycles. */
#ifndef EAGER_RUNTIME_TRANSFER_H
#define EAGER_RUNTIME_TRANSFER_H

#include "runtime/commands.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

typedef enum eager__task_kind {
  EAGER__TASK_COPY,   /* inputs[0] -> outputs[0], whole buffer */
  EAGER__TASK_SUBMIT, /* commands, once no input is DEFERRED */
  EAGER__TASK_EVENT,  /* outputs[0] is ready when `event` is complete */
} eager__task_kind;

typedef struct eager__task {
  struct eager__task *next;
  eager__task_kind kind;
  eager__device *device;
  uint64_t id; /* in order of deferring, per process */
  eager__origin origin;
  eager__commands *commands;
  eager__event *event;
  bool event_done; /* the worker's own */
  eager__thread_work *work;
  int input_count, output_count;
  eager__buffer **inputs, **outputs; /* references; behind the struct */
} eager__task;

/* A task with references to its buffers and to `work`. */
eager_status eager__task_new(eager__task_kind kind, eager__device *device,
                             eager__origin origin, eager__buffer *const *inputs,
                             int input_count, eager__buffer *const *outputs,
                             int output_count, eager__thread_work *work, eager__task **out);
void eager__task_free(eager__task *task);

/* Starts the device's worker if there is none yet. */
eager_status eager__worker_start(eager__runtime *runtime, eager__device *device);
/* Hands a task to a started worker; never fails. */
void eager__task_defer(eager__runtime *runtime, eager__task *task);

/* Copies now, in this thread: waits for the source, moves the bytes, publishes the target
 * as ready or failed. The status is also the call's in SYNC. */
eager_status eager__copy_now(eager__runtime *runtime, eager__buffer *source,
                             eager__buffer *target, eager__origin origin, bool async);

/* Waits until the buffer is no longer DEFERRED. */
void eager__wait_not_deferred(eager__runtime *runtime, eager__buffer *buffer);
/* Waits until every task deferred to `device` before the call is done. Unless
 * `past_events`, gives up when some are behind a user's event, which may never come. */
void eager__wait_tasks(eager__runtime *runtime, eager__device *device, bool past_events);
void eager__wait_thread_work(eager__runtime *runtime, eager__thread_work *work);
int eager__deferred_count(eager__runtime *runtime, const eager__device *device);
/* Waits until fewer than `limit` tasks are deferred to `device`. */
void eager__wait_deferred_below(eager__runtime *runtime, eager__device *device, int limit);

/* Joins the worker; its tasks are done. */
void eager__worker_stop(eager__runtime *runtime, eager__device *device);

#endif
