/* Locks, conditions, threads and the clock.
 *
 * Lock order, outermost first; never two of one rank at once:
 *   runtime (state, mirrors, tasks) > compute queue > transfer queue > Oclgrind's > pool >
 *   trace > log
 * Debug builds check it: eager__mutex_lock asserts that ranks only grow. A recursive
 * lock may be taken again at any time; try_lock may go against the order, for it cannot
 * wait. */
#ifndef EAGER_BASE_SYNC_H
#define EAGER_BASE_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum eager__rank {
  EAGER__RANK_GRAPH = 1, /* a graph's nodes, a session's constants, a function's traces */
  EAGER__RANK_ENABLE,    /* discovery and enabling, once per process */
  EAGER__RANK_OPEN,      /* a device, at its first use */
  EAGER__RANK_MAP,       /* mapping a buffer: held over the driver's blocking map */
  EAGER__RANK_RUNTIME,   /* deferred states, mirrors, tasks */
  EAGER__RANK_CONTEXT,   /* making contexts and queues at first use */
  EAGER__RANK_PROGRAM,   /* building programs: held over a driver's compiler only */
  EAGER__RANK_COMPUTE,
  EAGER__RANK_TRANSFER,
  EAGER__RANK_BLAS,   /* CLBlast is not thread-safe in practice */
  EAGER__RANK_SERIAL, /* Oclgrind: one recursive lock round every driver call */
  EAGER__RANK_POOL,
  EAGER__RANK_TRACE, /* the trace's file: taken by whoever finds a ring full */
  EAGER__RANK_LEAF,  /* held over a few loads and stores */
} eager__rank;

typedef struct eager__mutex {
  pthread_mutex_t mutex;
  eager__rank rank;
  bool recursive;
} eager__mutex;

typedef struct eager__cond {
  pthread_cond_t cond; /* on the monotonic clock */
} eager__cond;

void eager__mutex_init(eager__mutex *mutex, eager__rank rank);
void eager__mutex_init_recursive(eager__mutex *mutex, eager__rank rank);
void eager__mutex_destroy(eager__mutex *mutex);
bool eager__mutex_try_lock(eager__mutex *mutex);
#ifdef NDEBUG
static inline void eager__mutex_lock(eager__mutex *mutex) {
  pthread_mutex_lock(&mutex->mutex);
}
static inline void eager__mutex_unlock(eager__mutex *mutex) {
  pthread_mutex_unlock(&mutex->mutex);
}
#else
void eager__mutex_lock(eager__mutex *mutex);
void eager__mutex_unlock(eager__mutex *mutex);
#endif

/* For a lock with static storage. */
#define EAGER__MUTEX_STATIC(the_rank)                                                      \
  { PTHREAD_MUTEX_INITIALIZER, (the_rank), false }

void eager__cond_init(eager__cond *cond);
void eager__cond_destroy(eager__cond *cond);
/* May wake without a broadcast: wait in a loop over what is waited for. */
void eager__cond_wait(eager__cond *cond, eager__mutex *mutex);
/* False when `nanoseconds` passed first. */
bool eager__cond_wait_for(eager__cond *cond, eager__mutex *mutex, uint64_t nanoseconds);
void eager__cond_broadcast(eager__cond *cond);

uint64_t eager__now(void); /* nanoseconds of the monotonic clock */
void eager__sleep(uint64_t nanoseconds);

#endif
