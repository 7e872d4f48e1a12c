/* Processes made by fork() from one in which drivers were loaded. Drivers' threads, locks
 * and devices do not survive fork, and a lock of ours may be held for ever by a thread that
 * is not there: the child refuses every call before it takes a lock or meets a driver. */
#ifndef EAGER_BASE_FORK_H
#define EAGER_BASE_FORK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "eagercl/status.h"

/* From now on children are told apart. Before a driver is loaded. */
void eager__fork_watch(void);

/* Called in every such child before fork returns there; from a process with one thread. */
void eager__fork_on_child(void (*in_child)(void));

extern atomic_bool eager__fork_is_child;
static inline bool eager__is_forked(void) {
  return atomic_load_explicit(&eager__fork_is_child, memory_order_relaxed);
}

/* FAILED_PRECONDITION that says so. */
eager_status eager__fork_refuse(void);

#endif
