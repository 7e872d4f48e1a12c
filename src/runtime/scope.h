/* What a thread has set for itself: device scopes, policy, mode, tidy scopes, and which
 * ASYNC work is its own. Dropped when the thread ends. */
#ifndef EAGER_RUNTIME_SCOPE_H
#define EAGER_RUNTIME_SCOPE_H

#include "runtime/runtime.h"
#include "tensor/tensor.h"

/* This thread has something that goes when it ends. */
void eager__scope_own_thread(void);

/* The innermost device scope's, else the default device. NOT_FOUND where one was named
 * before there was a runtime, which does not have it. */
eager_status eager__scope_device(eager__runtime *runtime, eager__device **out);
/* The device called `name`, or for NULL the one above, opened. */
eager_status eager__scope_open(eager__runtime *runtime, const char *name,
                               eager__device **out);
eager_device_policy eager__scope_policy(eager__runtime *runtime);
eager_execution_mode eager__scope_mode(eager__runtime *runtime);

/* Where and how this thread's next op runs, in one look at the thread's state. */
typedef struct eager__scope {
  eager__device *device;
  eager_execution_mode mode;
  bool has_tidy;
} eager__scope;
eager__scope eager__scope_look(eager__runtime *runtime);

/* The ASYNC work of one thread: shared with its tasks, which may outlive the thread. */
typedef struct eager__thread_work {
  atomic_int refs;
  int pending; /* deferred tasks; guarded by the runtime's lock */
  int device_count;
  /* Newest submission per device: first the thread's own, then those of its tasks, which
   * the device's worker makes. So each has one writer. */
  _Atomic uint64_t last_seq[];
} eager__thread_work;

/* This thread's, borrowed. NULL when host memory is short (error recorded). */
eager__thread_work *eager__scope_work(eager__runtime *runtime);
eager__thread_work *eager__thread_work_retain(eager__thread_work *work);
void eager__thread_work_release(eager__thread_work *work);
/* Of its thread, or (by_worker) of the device's worker. */
void eager__thread_work_submitted(eager__thread_work *work, int device, bool by_worker,
                                  uint64_t seq);

/* Makes sure that `count` outputs can be given without failing. */
eager_status eager__scope_reserve(int count);
/* Hands a reference out to the caller: in a tidy scope it becomes the scope's. */
void eager__scope_give(eager_tensor *t);

#endif
