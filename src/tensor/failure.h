/* Failures that come after the call, and how they travel.
 *
 * A *failure* is an immutable record shared by every handle it has poisoned. A *check* says
 * "this may still fail on the device": it travels by dataflow with the outputs of a checked
 * op and resolves when its submission is complete. Checks resolve in order of submission
 * (they retire from the device's compute timeline), so a check finds its parents resolved,
 * drops them, and never recurses. Checks never cross devices: a copy waits for its
 * source's.
 *
 *   check: OPEN -> GOOD | BAD, once; `failure` is written before BAD is stored. */
#ifndef EAGER_TENSOR_FAILURE_H
#define EAGER_TENSOR_FAILURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "cl/device.h"

/* Who made a value: names are static text, numbers count the process's ops from 1. */
typedef struct eager__origin {
  const char *op;
  uint64_t number;
  int output;
} eager__origin;

typedef struct eager__failure {
  atomic_int refs;
  eager_status status;
  int cl_code;
  eager__origin origin;
  const eager__device *device; /* where it happened */
  const char *text;            /* without the bracketed origin; behind the struct */
} eager__failure;

/* Never NULL: a static record stands in when host memory is short. */
eager__failure *eager__failure_new(eager_status status, int cl_code, eager__origin origin,
                                   const eager__device *device, const char *text);
eager__failure *eager__failure_retain(eager__failure *failure);
void eager__failure_release(eager__failure *failure);

/* Records `<text> [failed op: GatherV2 #12 on CPU:0] [read as output 0 of AddV2 #13]` in
 * this thread and returns its status. The second bracket is left out when `reader` is the
 * origin itself or NULL. */
eager_status eager__failure_report(const eager__failure *failure,
                                   const eager__origin *reader);

typedef enum eager__check_state {
  EAGER__CHECK_OPEN,
  EAGER__CHECK_GOOD,
  EAGER__CHECK_BAD,
} eager__check_state;

enum { EAGER__CHECK_TEXT = 192 };

typedef struct eager__check {
  atomic_int refs;
  atomic_int state;
  eager__failure *failure; /* set before state becomes BAD */
  eager__device *device;
  uint64_t seq;  /* on the compute timeline */
  int slot;      /* error cell, or -1 for a join of parents */
  bool deferred; /* an ASYNC op's: its failure belongs to synchronize */
  eager__origin origin;
  eager_status status;
  char text[EAGER__CHECK_TEXT]; /* '#' stands for the first bad position */
  int parent_room, parent_count;
  struct eager__check *parents[];
} eager__check;

/* One reference; all else zero, no parents yet. NULL when host memory is short; nothing is
 * recorded. */
eager__check *eager__check_new(int parent_room);
eager__check *eager__check_retain(eager__check *check);
void eager__check_release(eager__check *check);
static inline eager__check_state eager__check_get(const eager__check *check) {
  return (eager__check_state)atomic_load_explicit(&check->state, memory_order_acquire);
}

/* The retire function of checks (eager__timeline_add_retiree): takes over one reference. */
void eager__check_retire(void *check, uint64_t seq, bool lost);

/* --- What a device remembers of its failures: device->failures. --- */

eager_status eager__failures_open(eager__device *device);
void eager__failures_close(eager__device *device);

/* Remembers `failure` (retained) if no earlier op of this device failed since the last
 * take. Any thread, any lock below leaf. */
void eager__failures_note(eager__device *device, eager__failure *failure);
/* The earliest noted failure, now the caller's, or NULL; forgets it. */
eager__failure *eager__failures_take(eager__device *device);

/* Which op a submission belongs to, for the text of a lost device, and whether nobody waits
 * for it in the call. Compute lock held. */
void eager__failures_label(eager__device *device, uint64_t seq, eager__origin origin,
                           bool async);
/* The record every unfinished handle of a lost device shares: made at the first question,
 * names the oldest unfinished op, and is noted if ASYNC work was unfinished. Borrowed. */
eager__failure *eager__failures_lost(eager__device *device);

#endif
