/* Waiting and looking: for one tensor, and for everything. */
#include "runtime/allocate.h"
#include "runtime/scope.h"
#include "runtime/trace.h"
#include "runtime/transfer.h"

/* Puts in the markers and flushes that make a pending buffer come nearer. */
static void nudge(eager__buffer *buffer) {
  uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
  if (seq >= EAGER__SEQ_FAILED || seq == EAGER__SEQ_READY) return;
  uint64_t last = buffer->check && buffer->check->seq > seq ? buffer->check->seq : seq;
  eager__timeline_nudge(&buffer->device->compute, last);
}

eager_readiness eager_tensor_poll(const eager_tensor *t) {
  eager__runtime *runtime;
  if (eager__runtime_require_tensor(t, &runtime) != EAGER_OK) return EAGER_FAILED;
  eager_readiness readiness = eager__buffer_readiness(t->buffer);
  if (readiness == EAGER_PENDING) {
    nudge(t->buffer);
    readiness = eager__buffer_readiness(t->buffer);
  }
  eager__failure *failure =
      readiness == EAGER_FAILED ? eager__buffer_failure(t->buffer) : NULL;
  if (failure) eager__failure_report(failure, &t->origin);
  return readiness;
}

eager_status eager_tensor_wait(const eager_tensor *t) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  eager__wait_not_deferred(runtime, t->buffer);
  eager__failure *failure = eager__buffer_wait_submitted(t->buffer);
  return failure ? eager__failure_report(failure, &t->origin) : EAGER_OK;
}

enum { LOOK_MIN = 5000, LOOK_MAX = 500000 };

eager_status eager_tensor_wait_for(const eager_tensor *t, uint64_t nanoseconds) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  uint64_t begin = eager__now(), nap = LOOK_MIN;
  for (;;) { /* OpenCL has no timed wait */
    eager_readiness readiness = eager_tensor_poll(t);
    if (readiness != EAGER_PENDING) return eager_tensor_wait(t);
    uint64_t passed = eager__now() - begin;
    if (passed >= nanoseconds)
      EAGER__FAIL(EAGER_DEADLINE_EXCEEDED,
                  "the tensor was not ready after %llu ns; it may still become so",
                  (unsigned long long)nanoseconds);
    uint64_t left = nanoseconds - passed;
    eager__sleep(nap < left ? nap : left);
    if (nap < LOOK_MAX) nap *= 2;
  }
}

/* --- Everything --- */

static void wait_submitted(eager__device *device) {
  if (!atomic_load(&device->is_open)) return;
  eager__timeline *timeline = &device->compute;
  if (eager__timeline_wait(timeline, atomic_load(&timeline->submitted)) != EAGER_OK)
    eager__failures_lost(device); /* noted, also when no handle is left to ask */
}

/* The earlier of two failures; the other is released. Either may be NULL. */
static eager__failure *earlier(eager__failure *a, eager__failure *b) {
  if (!a || !b) return a ? a : b;
  bool a_first = a->origin.number <= b->origin.number;
  eager__failure_release(a_first ? b : a);
  return a_first ? a : b;
}

static eager_status report_first(eager__failure *failure) {
  if (!failure) return EAGER_OK;
  eager_status status = eager__failure_report(failure, NULL);
  eager__failure_release(failure);
  return status;
}

static eager_status synchronize(const char *device) {
  eager__runtime *runtime;
  eager__device *only = NULL;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  if (device) EAGER__TRY(eager__runtime_find_device(runtime, device, &only));
  eager__failure *first = NULL;
  for (int i = 0; i < runtime->device_count; i++)
    if (!only || runtime->devices[i] == only)
      eager__wait_tasks(runtime, runtime->devices[i], true);
  for (int i = 0; i < runtime->device_count; i++) {
    if (only && runtime->devices[i] != only) continue;
    wait_submitted(runtime->devices[i]);
    first = earlier(first, eager__failures_take(runtime->devices[i]));
  }
  return report_first(first);
}

eager_status eager_synchronize(const char *device) {
  uint64_t begin = eager__trace_begin();
  eager_status status = synchronize(device);
  eager__trace_wait(begin, "Synchronize", NULL);
  return status;
}

/* --- Explicit copies --- */

static eager_status copy_between(eager__runtime *runtime, eager_tensor *t,
                                 eager__device *device, eager__origin origin,
                                 eager__buffer *copy) {
  if (eager__scope_mode(runtime) == EAGER_SYNC) {
    eager__wait_not_deferred(runtime, t->buffer);
    eager_status status = eager__copy_now(runtime, t->buffer, copy, origin, false);
    eager__failure *failure = status != EAGER_OK ? eager__buffer_failure(copy) : NULL;
    if (!failure) return status;
    bool is_own = failure->origin.number == origin.number;
    return eager__failure_report(failure, is_own ? NULL : &t->origin);
  }
  eager__thread_work *work = eager__scope_work(runtime);
  if (!work) return EAGER_RESOURCE_EXHAUSTED;
  EAGER__TRY(eager__worker_start(runtime, device));
  eager__task *task;
  EAGER__TRY(eager__task_new(EAGER__TASK_COPY, device, origin, &t->buffer, 1, &copy, 1,
                             work, &task));
  eager__task_defer(runtime, task);
  return EAGER_OK;
}

static eager_status copy_to_device(eager_tensor *t, const char *device,
                                   eager_tensor **out) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  eager__device *target;
  EAGER__TRY(eager__scope_open(runtime, device, &target));
  EAGER__TRY(eager__scope_reserve(1));
  eager__origin origin = {"CopyToDevice", atomic_fetch_add(&runtime->op_number, 1) + 1, 0};
  eager__trace_enter(origin.number);
  eager__buffer *copy = NULL;
  eager_tensor *made = NULL;
  bool is_here = t->buffer->device == target;
  eager_status status = EAGER_OK;
  if (is_here) {
    if (eager__scope_mode(runtime) == EAGER_SYNC) status = eager_tensor_wait(t);
    if (status == EAGER_OK) copy = eager__buffer_retain(t->buffer);
  } else {
    status = eager__allocate(runtime, target, t->buffer->size, EAGER__WRITER_TRANSFER,
                             origin, EAGER__SEQ_DEFERRED, &copy);
  }
  if (status == EAGER_OK)
    status = eager__tensor_new(t->dtype, &t->shape, copy, t->offset,
                               is_here ? t->origin : origin, &made);
  if (status == EAGER_OK && !is_here)
    status = copy_between(runtime, t, target, origin, copy);
  eager__buffer_release(copy);
  if (status != EAGER_OK) {
    eager_tensor_release(made);
    return status;
  }
  eager__scope_give(made);
  *out = made;
  return EAGER_OK;
}

eager_status eager_tensor_copy_to_device(eager_tensor *t, const char *device,
                                         eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  uint64_t begin = eager__trace_begin();
  eager_status status = copy_to_device(t, device, out);
  eager__trace_value("CopyToDevice", begin, status, *out,
                     status == EAGER_OK ? t->buffer->device : NULL, true);
  return status;
}
