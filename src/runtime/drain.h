/* The end of work: drained by eager_shutdown and by the exit handler, or left to the
 * process it belongs to. */
#ifndef EAGER_RUNTIME_DRAIN_H
#define EAGER_RUNTIME_DRAIN_H

#include "runtime/runtime.h"

/* Completes what is submitted and deferred on every device; tasks that wait for a user's
 * event only if `past_events`. */
void eager__drain(eager__runtime *runtime, bool past_events);

/* Best effort, where the program did not shut down: other threads may still be at work, so
 * workers stay, and what is behind a user's event is left. */
void eager__drain_at_exit(void);

/* Something has run on `device`. At its first time the exit handler that drains is put in
 * again: compilers inside drivers make their own handlers when they first work, and the
 * handler put in last runs first. */
void eager__drain_again_at_exit(eager__device *device);

/* In a child after fork: nothing is traced, and releases free host memory only. */
void eager__runtime_leave(eager__runtime *runtime);

#endif
