#include "runtime/transfer.h"

#include "base/alloc.h"
#include "cl/memory.h"
#include "runtime/allocate.h"
#include "runtime/mirror.h"
#include "runtime/submit.h"
#include "runtime/trace.h"

struct eager__worker {
  pthread_t thread;
  eager__runtime *runtime;
  eager__device *device;
  /* Guarded by the runtime's lock. */
  eager__task *tasks, **tail;
  uint64_t running; /* id of the task under way, or 0 */
  int count;        /* listed and running */
  int event_count;  /* of them, those behind a user's event */
  bool stop;
  /* The worker's own: the oldest submission a blocked copy waits for, per device, or 0. */
  uint64_t blocked_on[];
};

/* --- Tasks --- */

eager_status eager__task_new(eager__task_kind kind, eager__device *device,
                             eager__origin origin, eager__buffer *const *inputs,
                             int input_count, eager__buffer *const *outputs,
                             int output_count, eager__thread_work *work,
                             eager__task **out) {
  size_t size =
      sizeof(eager__task) + (size_t)(input_count + output_count) * sizeof(eager__buffer *);
  eager__task *task = eager__alloc(size);
  if (!task) return eager__out_of_memory(size);
  task->kind = kind;
  task->device = device;
  task->origin = origin;
  task->work = eager__thread_work_retain(work);
  task->inputs = (eager__buffer **)(task + 1);
  task->outputs = task->inputs + input_count;
  for (int i = 0; i < input_count; i++)
    task->inputs[task->input_count++] = eager__buffer_retain(inputs[i]);
  for (int i = 0; i < output_count; i++)
    task->outputs[task->output_count++] = eager__buffer_retain(outputs[i]);
  *out = task;
  return EAGER_OK;
}

void eager__task_free(eager__task *task) {
  if (!task) return;
  if (task->commands) {
    eager__commands_clear(task->commands);
    eager__free(task->commands);
  }
  for (int i = 0; i < task->input_count; i++) eager__buffer_release(task->inputs[i]);
  for (int i = 0; i < task->output_count; i++) eager__buffer_release(task->outputs[i]);
  eager__thread_work_release(task->work);
  eager__free(task);
}

static bool is_deferred(const eager__buffer *buffer) {
  return atomic_load_explicit(&buffer->seq, memory_order_acquire) == EAGER__SEQ_DEFERRED;
}

/* --- Copying --- */

static eager_status move_bytes(const eager__buffer *source, const eager__buffer *target) {
  if (!source->size) return EAGER_OK;
  eager__mem *from = eager__buffer_mem(source), *to = eager__buffer_mem(target);
  if (source->device->context == target->device->context)
    return eager__memory_copy(source->device, from, 0, target->device, to, 0, source->size);
  return eager__memory_transfer(source->device, from, 0, target->device, to, 0,
                                source->size);
}

/* Once more with room, where the driver had none. `wait`: for what must end to make it. */
static eager_status move_with_room(eager__runtime *runtime, const eager__buffer *source,
                                   const eager__buffer *target, bool wait) {
  eager_status status = move_bytes(source, target);
  if (!eager__made_room(runtime, target->device, status, wait)) return status;
  return move_bytes(source, target);
}

eager_status eager__copy_now(eager__runtime *runtime, eager__buffer *source,
                             eager__buffer *target, eager__origin origin, bool async) {
  eager__failure *failure = eager__buffer_wait_submitted(source);
  if (failure) { /* the source's fault: told where it happened, not here */
    eager__mirror_forget(runtime, source, target);
    eager__publish_failure(runtime, target, failure);
    return failure->status;
  }
  uint64_t begin = eager__trace_begin();
  eager_status status = move_with_room(runtime, source, target, !async);
  eager__trace_host(EAGER__TRACE_COPY, begin, "Copy", source->device->short_name,
                    target->device->short_name, source->size);
  if (status == EAGER_OK) {
    eager__publish(runtime, target, EAGER__SEQ_READY);
    return EAGER_OK;
  }
  failure = eager__failure_new(status, eager_error_cl_code(), origin, target->device,
                               eager_error_message());
  if (async) eager__failures_note(target->device, failure);
  eager__mirror_forget(runtime, source, target);
  eager__publish_failure(runtime, target, failure);
  eager__failure_release(failure);
  return status;
}

/* --- The worker --- */

static void run_submit(eager__runtime *runtime, eager__task *task) {
  eager__submission submission = {
      .runtime = runtime,
      .device = task->device,
      .commands = task->commands,
      .inputs = task->inputs,
      .outputs = task->outputs,
      .input_count = task->input_count,
      .output_count = task->output_count,
      .async = true,
      .deferred = true,
      .work = task->work,
  };
  uint64_t begin = eager__trace_begin();
  eager__submit(&submission); /* a refusal is with the outputs now */
  eager__trace_host(EAGER__TRACE_TASK, begin, task->origin.op, NULL,
                    task->device->short_name, 0);
}

static void run_event(eager__runtime *runtime, eager__task *task) {
  int status = eager__event_finish(task->device, task->device->compute.queue, task->event);
  if (status == 0) {
    eager__publish(runtime, task->outputs[0], EAGER__SEQ_READY);
    return;
  }
  eager_status code =
      eager__device_is_lost(task->device)
          ? eager__device_fail_lost(task->device, task->origin.op)
          : eager__fail_cl(EAGER_INTERNAL, status,
                           "the event a tensor was waiting for failed: status %d", status);
  eager__failure *failure =
      eager__failure_new(code, status, task->origin, task->device, eager_error_message());
  eager__failures_note(task->device, failure);
  eager__publish_failure(runtime, task->outputs[0], failure);
  eager__failure_release(failure);
}

static void run_task(eager__runtime *runtime, eager__task *task) {
  eager__trace_enter(task->origin.number);
  switch (task->kind) {
  case EAGER__TASK_COPY:
    eager__copy_now(runtime, task->inputs[0], task->outputs[0], task->origin, true);
    break;
  case EAGER__TASK_SUBMIT:
    run_submit(runtime, task);
    break;
  case EAGER__TASK_EVENT:
    run_event(runtime, task);
    break;
  }
}

/* Whether the task can run without waiting for anything but a driver's copy. */
static bool is_runnable(const eager__task *task) {
  if (task->kind == EAGER__TASK_EVENT) return task->event_done;
  if (task->kind == EAGER__TASK_SUBMIT) {
    for (int i = 0; i < task->input_count; i++)
      if (is_deferred(task->inputs[i])) return false;
    return true;
  }
  return eager__buffer_readiness(task->inputs[0]) != EAGER_PENDING;
}

static void note_blocked(const eager__task *task, uint64_t *blocked_on) {
  if (task->kind != EAGER__TASK_COPY) return;
  const eager__buffer *source = task->inputs[0];
  uint64_t seq = atomic_load(&source->seq);
  if (seq >= EAGER__SEQ_FAILED) return; /* behind a task of another worker */
  if (source->check && source->check->seq > seq) seq = source->check->seq;
  uint64_t *oldest = &blocked_on[source->device->index];
  if (!*oldest || seq < *oldest) *oldest = seq;
}

/* Lock held: unlinks the first runnable task, or notes what the others wait for. */
static eager__task *pick(struct eager__worker *worker) {
  for (int i = 0; i < worker->runtime->device_count; i++) worker->blocked_on[i] = 0;
  for (eager__task **link = &worker->tasks; *link; link = &(*link)->next) {
    eager__task *task = *link;
    if (!is_runnable(task)) {
      note_blocked(task, worker->blocked_on);
      continue;
    }
    *link = task->next;
    if (!*link) worker->tail = link;
    return task;
  }
  return NULL;
}

enum { NAP_MIN = 20000, NAP_MAX = 500000 };

/* Nothing can run. Every source is brought nearer and looked at again after a nap: waiting
 * for one would keep the copies from all others. A new task ends the nap. */
static void wait_for_work(struct eager__worker *worker, uint64_t *nap) {
  eager__runtime *runtime = worker->runtime;
  for (int i = 0; i < runtime->device_count; i++)
    if (worker->blocked_on[i])
      eager__timeline_nudge(&runtime->devices[i]->compute, worker->blocked_on[i]);
  eager__mutex_lock(&runtime->lock);
  bool woken = eager__cond_wait_for(&runtime->changed, &runtime->lock, *nap);
  eager__mutex_unlock(&runtime->lock);
  *nap = woken ? NAP_MIN : *nap < NAP_MAX ? *nap * 2 : *nap;
}

/* Asks about the users' events: driver calls, so with no lock held. Only this thread
 * unlinks tasks, so they stay. */
static void poll_events(struct eager__worker *worker) {
  enum { BATCH = 16 };
  uint64_t after = 0;
  for (int count = BATCH; count == BATCH;) {
    eager__task *waiting[BATCH];
    count = 0;
    eager__mutex_lock(&worker->runtime->lock);
    for (eager__task *task = worker->tasks; task && count < BATCH; task = task->next)
      if (task->kind == EAGER__TASK_EVENT && task->id > after) waiting[count++] = task;
    eager__mutex_unlock(&worker->runtime->lock);
    for (int i = 0; i < count; i++) {
      waiting[i]->event_done = eager__event_is_done(worker->device, waiting[i]->event);
      after = waiting[i]->id;
    }
  }
}

static void finish_task(struct eager__worker *worker, eager__task *task) {
  eager__runtime *runtime = worker->runtime;
  eager__thread_work *work = task->work;
  bool was_event = task->kind == EAGER__TASK_EVENT;
  task->work = NULL;
  eager__task_free(task); /* before the news: who waits for it counts on the buffers */
  eager__mutex_lock(&runtime->lock);
  worker->running = 0;
  worker->count--;
  worker->event_count -= was_event;
  if (work) work->pending--;
  eager__cond_broadcast(&runtime->changed);
  eager__mutex_unlock(&runtime->lock);
  eager__thread_work_release(work);
}

static void *worker_main(void *arg) {
  struct eager__worker *worker = arg;
  eager__runtime *runtime = worker->runtime;
  uint64_t nap = NAP_MIN;
  eager__trace_name_thread("transfers to", worker->device->short_name);
  for (;;) {
    poll_events(worker);
    eager__mutex_lock(&runtime->lock);
    while (!worker->tasks && !worker->stop)
      eager__cond_wait(&runtime->changed, &runtime->lock);
    bool ended = !worker->tasks;
    eager__task *task = pick(worker);
    if (task) worker->running = task->id;
    eager__mutex_unlock(&runtime->lock);
    if (ended) return NULL;
    if (!task) {
      wait_for_work(worker, &nap);
      continue;
    }
    nap = NAP_MIN;
    run_task(runtime, task);
    finish_task(worker, task);
  }
}

eager_status eager__worker_start(eager__runtime *runtime, eager__device *device) {
  eager_status status = EAGER_OK;
  eager__mutex_lock(&runtime->lock);
  if (!device->worker) {
    size_t size =
        sizeof(struct eager__worker) + (size_t)runtime->device_count * sizeof(uint64_t);
    struct eager__worker *worker = eager__alloc(size);
    if (worker) {
      worker->runtime = runtime;
      worker->device = device;
      worker->tail = &worker->tasks;
      if (pthread_create(&worker->thread, NULL, worker_main, worker) == 0) {
        device->worker = worker;
      } else {
        eager__free(worker);
        status = eager__fail(EAGER_RESOURCE_EXHAUSTED,
                             "cannot start the transfer thread of %s", device->short_name);
      }
    } else {
      status = eager__out_of_memory(size);
    }
  }
  eager__mutex_unlock(&runtime->lock);
  return status;
}

void eager__task_defer(eager__runtime *runtime, eager__task *task) {
  static uint64_t last_id; /* guarded by the runtime's lock */
  struct eager__worker *worker = task->device->worker;
  eager__mutex_lock(&runtime->lock);
  task->id = ++last_id;
  task->next = NULL;
  *worker->tail = task;
  worker->tail = &task->next;
  worker->count++;
  worker->event_count += task->kind == EAGER__TASK_EVENT;
  if (task->work) task->work->pending++;
  eager__cond_broadcast(&runtime->changed);
  eager__mutex_unlock(&runtime->lock);
}

void eager__worker_stop(eager__runtime *runtime, eager__device *device) {
  struct eager__worker *worker = device->worker;
  if (!worker) return;
  eager__mutex_lock(&runtime->lock);
  worker->stop = true;
  eager__cond_broadcast(&runtime->changed);
  eager__mutex_unlock(&runtime->lock);
  pthread_join(worker->thread, NULL);
  device->worker = NULL;
  eager__free(worker);
}

/* --- Waiting --- */

void eager__wait_not_deferred(eager__runtime *runtime, eager__buffer *buffer) {
  if (!is_deferred(buffer)) return;
  uint64_t begin = eager__trace_begin();
  eager__mutex_lock(&runtime->lock);
  while (is_deferred(buffer)) eager__cond_wait(&runtime->changed, &runtime->lock);
  eager__mutex_unlock(&runtime->lock);
  eager__trace_wait(begin, "wait for transfers", buffer->device->short_name);
}

/* Lock held. 0: none. */
static uint64_t oldest_task(const struct eager__worker *worker) {
  uint64_t oldest = worker->running;
  for (const eager__task *task = worker->tasks; task; task = task->next)
    if (!oldest || task->id < oldest) oldest = task->id;
  return oldest;
}

static uint64_t newest_task(const struct eager__worker *worker) {
  uint64_t newest = worker->running;
  for (const eager__task *task = worker->tasks; task; task = task->next)
    if (task->id > newest) newest = task->id;
  return newest;
}

void eager__wait_tasks(eager__runtime *runtime, eager__device *device, bool past_events) {
  eager__mutex_lock(&runtime->lock);
  struct eager__worker *worker = device->worker;
  uint64_t last = worker ? newest_task(worker) : 0;
  while (last) {
    uint64_t oldest = oldest_task(worker);
    if (!oldest || oldest > last) break;
    if (!past_events && worker->event_count) break;
    eager__cond_wait(&runtime->changed, &runtime->lock);
  }
  eager__mutex_unlock(&runtime->lock);
}

void eager__wait_thread_work(eager__runtime *runtime, eager__thread_work *work) {
  eager__mutex_lock(&runtime->lock);
  while (work->pending) eager__cond_wait(&runtime->changed, &runtime->lock);
  eager__mutex_unlock(&runtime->lock);
  for (int i = 0; i < 2 * work->device_count; i++)
    eager__timeline_wait(&runtime->devices[i % work->device_count]->compute,
                         atomic_load(&work->last_seq[i]));
}

int eager__deferred_count(eager__runtime *runtime, const eager__device *device) {
  eager__mutex_lock(&runtime->lock);
  int count = device->worker ? device->worker->count : 0;
  eager__mutex_unlock(&runtime->lock);
  return count;
}

void eager__wait_deferred_below(eager__runtime *runtime, eager__device *device, int limit) {
  eager__mutex_lock(&runtime->lock);
  while (device->worker && device->worker->count >= limit)
    eager__cond_wait(&runtime->changed, &runtime->lock);
  eager__mutex_unlock(&runtime->lock);
}
