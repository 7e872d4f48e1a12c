/* Putting one op's recorded commands on its device's compute queue: the same function for
 * the caller and for a worker. */
#ifndef EAGER_RUNTIME_SUBMIT_H
#define EAGER_RUNTIME_SUBMIT_H

#include "runtime/commands.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

typedef struct eager__submission {
  eager__runtime *runtime;
  eager__device *device;
  eager__commands *commands;
  eager__buffer *const *inputs, *const *outputs;
  int input_count, output_count;
  bool async;    /* failures belong to the handles and to synchronize, not to a call */
  bool deferred; /* outputs may have waiters: publish their change */
  bool is_plain; /* no input has failed or has a check: known already */
  eager__thread_work *work; /* told the submission's number; NULL in SYNC */
} eager__submission;

/* Every input has left DEFERRED. Afterwards every output has too: it is submitted (SYNC:
 * and its commands have ended), or FAILED with an input's failure, or FAILED because the
 * driver refused (the status is returned and recorded in this thread). No lock held. */
eager_status eager__submit(const eager__submission *submission);

/* Sets a deferred buffer's state and wakes those who wait for it. */
void eager__publish(eager__runtime *runtime, eager__buffer *buffer, uint64_t seq);
void eager__publish_failure(eager__runtime *runtime, eager__buffer *buffer,
                            eager__failure *failure);

#endif
