/* Commands of a traced device: an event for each while it is in flight, and its times on
 * the host's clock once it is complete.
 *
 *   eager__traced traced;
 *   code = clEnqueueX(..., eager__traced_begin(&traced, timeline, out_event));
 *   eager__traced_end(&traced, code == CL_SUCCESS, &(eager__traced_what){...});
 *
 * The timeline's lock is held in both. A device whose queues do not profile, or whose
 * driver tells no times, is not asked for events; its commands are recorded where they were
 * enqueued. */
#ifndef EAGER_CL_TRACED_H
#define EAGER_CL_TRACED_H

#include "base/trace.h"
#include "cl/device.h"

typedef struct eager__traced_what {
  eager__trace_kind kind; /* KERNEL or MOVE */
  const char *name;
  size_t size;                  /* bytes of a MOVE */
  int dims;                     /* of a kernel's grid, or 0 */
  const size_t *global, *local; /* `dims` sizes each */
} eager__traced_what;

typedef struct eager__traced {
  eager__timeline *timeline; /* NULL: not traced */
  eager__event *event, **wanted;
  uint64_t begin;
} eager__traced;

/* Where the enqueue is to put its event: `wanted` itself while nothing is traced. */
eager__event **eager__traced_start(eager__traced *traced, eager__event **wanted);
static inline eager__event **eager__traced_begin(eager__traced *traced,
                                                 eager__timeline *timeline,
                                                 eager__event **wanted) {
  traced->timeline = timeline->trace ? timeline : NULL;
  return traced->timeline ? eager__traced_start(traced, wanted) : wanted;
}

void eager__traced_note(eager__traced *traced, const eager__traced_what *what);
static inline void eager__traced_end(eager__traced *traced, bool enqueued,
                                     const eager__traced_what *what) {
  if (traced->timeline && enqueued) eager__traced_note(traced, what);
}

/* Everything submitted up to `seq` is complete: its times are taken. Lock held. */
void eager__traced_take(eager__timeline *timeline, uint64_t seq);
static inline void eager__traced_complete(eager__timeline *timeline, uint64_t seq) {
  if (timeline->trace) eager__traced_take(timeline, seq);
}
/* The same for a queue without numbers: up to the command of `event`, which is complete
 * but may be released. No lock held. */
void eager__traced_finish(eager__timeline *timeline, const eager__event *event);

/* When a device opens, before it is used; does nothing while tracing is off. Without memory
 * its commands are not traced. */
void eager__traced_open(eager__device *device);
/* What is not complete is recorded without times. No lock held, nothing else at work. */
void eager__traced_close(eager__device *device);

/* Whether the driver has told no times. */
bool eager__traced_is_blind(const eager__device *device);

#endif
