/* What happened when: fixed-size records in rings, one ring per host thread and one per
 * device queue.
 *
 * A ring has one producer (the thread; whoever holds the queue's lock) and one consumer at
 * a time (whoever drains), so records are written without a lock and without malloc. A
 * producer that finds its ring full drains all rings itself; what cannot be kept even so is
 * counted. While nothing is traced a hook is one load and a branch. */
#ifndef EAGER_BASE_TRACE_H
#define EAGER_BASE_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/shape.h"
#include "base/sync.h"

typedef enum eager__trace_kind {
  EAGER__TRACE_TRACK,  /* names the ring's track: `name`, of device `to` (NULL: the host) */
  EAGER__TRACE_OP,     /* host: the call of an op, with its inputs and outputs */
  EAGER__TRACE_INNER,  /* the same, as a part of another op */
  EAGER__TRACE_VALUE,  /* host: the call that brings a value in, out or across */
  EAGER__TRACE_COPY,   /* host: a buffer is copied to another device; `size` bytes */
  EAGER__TRACE_WAIT,   /* host */
  EAGER__TRACE_BUILD,  /* host: a program is compiled, for the dtype whose name is `from` */
  EAGER__TRACE_TASK,   /* host: a worker at a deferred op */
  EAGER__TRACE_KERNEL, /* device; the payload is six uint32_t: global and local sizes */
  EAGER__TRACE_MOVE,   /* device: a command that moves `size` bytes */
} eager__trace_kind;

typedef struct eager__trace_head {
  uint8_t kind;
  uint8_t status;                    /* eager_status of a call */
  uint8_t inputs, outputs;           /* in the payload */
  uint8_t more_inputs, more_outputs; /* that had no room there; 255: that many or more */
  uint8_t used;                      /* bytes of the payload */
  bool timed;                        /* a command whose times are the device's own */
  uint32_t track;
  const char *name, *from, *to; /* live as long as the process, or until shutdown */
  uint64_t number;              /* of the op, or 0 */
  uint64_t queued, submitted, begin, end; /* ns of eager__now(); the first two: commands */
  uint64_t size;
} eager__trace_head;

typedef struct eager__trace_record {
  eager__trace_head head;
  uint8_t payload[104];
} eager__trace_record;

/* --- Hooks --- */

extern atomic_bool eager__trace_is_on;

/* The beginning of something, or 0 while nothing is traced. */
static inline uint64_t eager__trace_begin(void) {
  bool on = atomic_load_explicit(&eager__trace_is_on, memory_order_relaxed);
  return on ? eager__now() : 0;
}

/* The op this thread works for from now on; 0: none. Commands take it from here. */
void eager__trace_set_number(uint64_t number);
uint64_t eager__trace_number(void);
static inline void eager__trace_enter(uint64_t number) {
  if (atomic_load_explicit(&eager__trace_is_on, memory_order_relaxed))
    eager__trace_set_number(number);
}

/* Something that ends now on this thread; nothing when `begin` is 0. */
void eager__trace_host(eager__trace_kind kind, uint64_t begin, const char *name,
                       const char *from, const char *to, uint64_t size);
static inline void eager__trace_wait(uint64_t begin, const char *name, const char *device) {
  if (begin) eager__trace_host(EAGER__TRACE_WAIT, begin, name, NULL, device, 0);
}

/* How this thread's track is to be called; before its first record. */
void eager__trace_name_thread(const char *name, const char *device);

/* --- Rings --- */

enum {
  EAGER__TRACE_RING = 8192,
  EAGER__TRACE_TRACKS = 1000000, /* numbers of host threads, then of each device's queues */
};

typedef struct eager__trace_ring eager__trace_ring;

/* A ring for one producer, which takes records by trace_take_in; NULL when memory is short
 * (what it would hold is counted as lost by the caller). */
eager__trace_ring *eager__trace_ring_new(uint32_t track, const char *name,
                                         const char *device);

/* A record to be filled in and then put: of this thread's ring, or of a given one, which
 * may be NULL. NULL: no memory; counted as lost. `track` is set. */
eager__trace_record *eager__trace_take(void);
void eager__trace_put(void);
eager__trace_record *eager__trace_take_in(eager__trace_ring *ring);
void eager__trace_put_in(eager__trace_ring *ring);

/* Adds an operand to the payload; false when it has no room. */
bool eager__trace_add_shape(eager__trace_record *record, eager_dtype dtype,
                            const eager__shape *shape);
/* Reads the operand at `*position` of the payload and moves on. */
void eager__trace_read_shape(const eager__trace_record *record, size_t *position,
                             eager_dtype *out_dtype, eager__shape *out_shape);

/* --- For who drains --- */

/* From now on hooks record. `drain` empties all rings; with `full` false it is only a hint
 * that a ring is half full, and must not block. Any lock but leaves may be held. */
void eager__trace_start(void (*drain)(bool full));
/* Ends recording; nobody may be inside a hook. Rings are gone afterwards. */
void eager__trace_stop(void);

/* Hands every record written so far to `take`, ring by ring, and frees their room. One
 * caller at a time. */
void eager__trace_drain(void (*take)(const eager__trace_record *record));

void eager__trace_lose(uint64_t count);
uint64_t eager__trace_lost(void);

#endif
