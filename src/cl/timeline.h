/* A timeline: one in-order queue and what is known of its progress.
 *
 * Submission n is the n-th command group put on the queue. The queue runs in order, so
 * `completed >= n` means that all of 1..n are done. Events exist only at marks: markers
 * behind every EAGER__MARK_EVERY-th submission, or put in by whoever polls or waits for
 * something newer. (An event per command turns rusticl's ASYNC into SYNC: 278 us a call
 * instead of 17.) Only who waits for its submission in the same call has that one's own
 * event, and never polls it: rusticl blocks in clGetEventInfo while the kernel runs.
 *
 *   completed <= marked <= submitted,  flushed <= submitted
 *
 * The lock is held over clSetKernelArg, clEnqueue* and clFlush and never over a wait: PoCL
 * `basic` loses commands when two threads enqueue on one queue without it. */
#ifndef EAGER_CL_TIMELINE_H
#define EAGER_CL_TIMELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/sync.h"
#include "cl/driver.h"

struct eager__device;

enum { EAGER__MARK_EVERY = 16, EAGER__MARK_RING = 512 };

typedef struct eager__mark {
  uint64_t seq;
  eager__event *event;
} eager__mark;

/* Called with the timeline's lock held once `seq` is complete, in order of submission; or
 * with `lost` true when that will never be. Must not touch the driver. */
typedef void (*eager__retire_fn)(void *arg, uint64_t seq, bool lost);

typedef struct eager__retiree {
  uint64_t seq;
  eager__retire_fn retire;
  void *arg;
} eager__retiree;

typedef struct eager__timeline {
  eager__mutex lock;
  struct eager__device *device;
  eager__cl_queue *queue;
  /* Guarded by lock; submitted is also read without it. */
  _Atomic uint64_t submitted;
  uint64_t marked, flushed;
  eager__mark ring[EAGER__MARK_RING]; /* [head, tail): marks in flight */
  uint32_t head, tail;
  eager__retiree *retirees; /* a queue in a circle */
  size_t retiree_capacity, retiree_head, retiree_count;
  struct eager__queue_trace *trace; /* cl/traced: NULL while nothing is traced */
  _Atomic uint64_t completed;       /* only grows; read without the lock */
} eager__timeline;

void eager__timeline_init(eager__timeline *timeline, struct eager__device *device,
                          eager__rank rank);
void eager__timeline_destroy(eager__timeline *timeline);

/* --- Submitting: lock, enqueue commands, commit, unlock. --- */

void eager__timeline_lock(eager__timeline *timeline);
void eager__timeline_unlock(eager__timeline *timeline);

/* Lock held: what was enqueued since the last commit becomes the next number, returned.
 * Puts in a marker when one is due, and flushes. `awaited`: the caller has the last
 * command's event and hands it to eager__timeline_finish next, so no marker is due. */
uint64_t eager__timeline_commit(eager__timeline *timeline, bool awaited);

/* Lock held: makes room so that the next add_retiree cannot fail. */
eager_status eager__timeline_reserve_retirees(eager__timeline *timeline, size_t count);
/* Lock held, room reserved; `seq` is the number the next commit will give. Before that
 * commit: it may complete the submission on the spot. */
void eager__timeline_add_retiree(eager__timeline *timeline, uint64_t seq,
                                 eager__retire_fn retire, void *arg);

/* --- Looking and waiting: no lock held. --- */

static inline bool eager__timeline_reached(const eager__timeline *timeline, uint64_t seq) {
  return atomic_load_explicit(&timeline->completed, memory_order_acquire) >= seq;
}

/* Makes progress towards `seq` without blocking: a marker if none covers it, a flush, a
 * look. Does nothing when another thread holds the lock. */
void eager__timeline_nudge(eager__timeline *timeline, uint64_t seq);

/* Blocks until `seq` is complete; its retirees have run then. UNAVAILABLE when the device
 * is lost (no text recorded: the caller knows the op). */
eager_status eager__timeline_wait(eager__timeline *timeline, uint64_t seq);

/* The same for the caller's own submission `seq`, whose last command's event this is; it is
 * taken over. */
void eager__timeline_finish(eager__timeline *timeline, uint64_t seq, eager__event *event);

/* The device is closing: retires everything as lost, drops the marks. Blocks while a lost
 * device has commands in hand. */
void eager__timeline_abandon(eager__timeline *timeline);

/* A retained event that completes no earlier than `seq`; NULL when already complete. */
eager_status eager__timeline_event(eager__timeline *timeline, uint64_t seq,
                                   eager__event **out);

/* Whether the command of `event` has ended, well or badly. */
bool eager__event_is_done(struct eager__device *device, eager__event *event);

/* Waits for `event`, checks its status in a loop (drivers return early), releases it. The
 * status of the command: 0, or the driver's negative code. No lock held. */
int eager__event_finish(struct eager__device *device, eager__cl_queue *queue,
                        eager__event *event);

/* Control for the test that proves the queue's lock necessary: from now on it is not taken.
 */
void eager__timeline_break_lock(void);

#endif
