/* A buffer: the bytes behind tensors and their views, and the state of their handle.
 *
 *   seq: DEFERRED -> n | READY | FAILED,   n -> READY | FAILED.   Nothing leaves FAILED.
 *
 * `check` is written once, before seq leaves DEFERRED (or before the buffer is shared).
 * Writers store seq with release, readers load it with acquire. A change that a waiter for
 * DEFERRED must see is published by the runtime under its lock. */
#ifndef EAGER_TENSOR_BUFFER_H
#define EAGER_TENSOR_BUFFER_H

#include "eagercl/tensor.h"
#include "tensor/failure.h"
#include "tensor/pool.h"

#define EAGER__SEQ_READY    UINT64_C(0)
#define EAGER__SEQ_DEFERRED UINT64_MAX
#define EAGER__SEQ_FAILED   (UINT64_MAX - 1)

struct eager__mirror;
struct eager__form;

typedef struct eager__buffer {
  atomic_int refs;
  eager__device *device;
  eager__block *block; /* NULL: no bytes */
  size_t size;         /* bytes that mean something */
  _Atomic uint64_t seq;
  eager__check *check;               /* NULL: cannot fail on the device */
  _Atomic(eager__failure *) failure; /* set before seq becomes FAILED */
  struct eager__mirror *mirrors;     /* runtime/mirror: guarded by its lock */
  const void *view;                  /* mapped host view; guarded by the map lock */
  int view_count;
  _Atomic uint32_t uses;               /* tensor/forms: how it was read lately */
  _Atomic(struct eager__form *) forms; /* written under its lock */
} eager__buffer;

/* A buffer without bytes yet: `block` is taken over, also on failure. seq starts at
 * `seq`. */
eager_status eager__buffer_new(eager__device *device, eager__block *block, size_t size,
                               uint64_t seq, eager__buffer **out);
eager__buffer *eager__buffer_retain(eager__buffer *buffer);
void eager__buffer_release(eager__buffer *buffer);

/* What runtime/mirror wants called before a buffer with mirrors goes. */
void eager__buffer_set_mirror_drop(void (*drop)(eager__buffer *buffer));

/* The driver's handle; NULL for no bytes and after shutdown. */
static inline eager__mem *eager__buffer_mem(const eager__buffer *buffer) {
  return buffer->block ? buffer->block->memory.mem : NULL;
}

/* Where it stands, looking at atomics only. */
eager_readiness eager__buffer_readiness(eager__buffer *buffer);

/* The failure it is known to carry, borrowed, or NULL. */
eager__failure *eager__buffer_find_failure(eager__buffer *buffer);
static inline eager__failure *eager__buffer_failure(eager__buffer *buffer) {
  uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
  bool fine =
      seq < EAGER__SEQ_FAILED && !buffer->check && !eager__device_is_lost(buffer->device);
  return fine ? NULL : eager__buffer_find_failure(buffer);
}

/* Its check if that may still turn bad (or is bad), borrowed; NULL when it cannot. */
static inline eager__check *eager__buffer_live_check(eager__buffer *buffer) {
  eager__check *check = buffer->check;
  return check && eager__check_get(check) != EAGER__CHECK_GOOD ? check : NULL;
}

/* Sets FAILED; `failure` is retained. The runtime publishes it to waiters. */
void eager__buffer_poison(eager__buffer *buffer, eager__failure *failure);

/* Submitted already: waits for its number and its check. The failure (borrowed) or NULL.
 * No lock held. */
eager__failure *eager__buffer_wait_submitted(eager__buffer *buffer);

#endif
