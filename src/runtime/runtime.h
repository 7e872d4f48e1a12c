/* The runtime object: what a process that has enabled eager execution holds. */
#ifndef EAGER_RUNTIME_RUNTIME_H
#define EAGER_RUNTIME_RUNTIME_H

#include "base/sync.h"
#include "cl/device.h"
#include "runtime/options.h"

typedef struct eager__runtime {
  eager__options options; /* effective */
  int device_count, context_count;
  eager__device **devices; /* enabled, in order; never freed: handles keep their device */
  eager__context **contexts;
  eager__device *default_device;
  /* Deferred handles, tasks and mirrors. Never held over a driver call. */
  eager__mutex lock;
  eager__cond changed; /* a handle left DEFERRED, or a task ended */
  _Atomic uint64_t op_number;
} eager__runtime;

/* The runtime if enabled, or made for a session, and not shut down; else NULL. */
eager__runtime *eager__runtime_get(void);
bool eager__runtime_is_enabled(void);

/* For ops and scopes: enabled, or this thread records or runs a session.
 * FAILED_PRECONDITION with semantics.md's texts. */
eager_status eager__runtime_require(eager__runtime **out);

/* For scopes: the same, but *out is NULL where this thread records and there is no session
 * yet. */
eager_status eager__runtime_require_scope(eager__runtime **out);

/* For what needs no device: FAILED_PRECONDITION after shutdown, and after fork. */
eager_status eager__runtime_require_open(void);

/* For values from the host, which sessions are fed: enabled, or there is a session. */
eager_status eager__runtime_require_any(eager__runtime **out);

/* Makes the runtime as eager_enable_execution would, without enabling, or compares the
 * request with the one there is. */
eager_status eager__runtime_for_session(const eager_config *config, eager__runtime **out);

/* What a call on an existing tensor needs: FAILED_PRECONDITION after shutdown, and for a
 * tensor that has no value. */
eager_status eager__runtime_require_tensor(const void *tensor, eager__runtime **out);

/* An enabled device by any accepted form of its name. NOT_FOUND lists what is there. */
eager_status eager__runtime_find_device(eager__runtime *runtime, const char *name,
                                        eager__device **out);
/* The same, NULL meaning the default device. */
eager_status eager__runtime_device_or_default(eager__runtime *runtime, const char *name,
                                              eager__device **out);

/* While there is no runtime: the short name of a device that the machine has, or that
 * EAGERCL_VISIBLE_DEVICES gives a name of its own. What the runtime to come makes of it is
 * seen when it is needed. INVALID_ARGUMENT and NOT_FOUND as above. */
eager_status eager__foresee_device(const char *name, char short_name[EAGER__SHORT_NAME]);

/* Says once, at INFO, which fields of the first config have no effect on these devices. */
void eager__runtime_log_ineffective(const eager__runtime *runtime,
                                    const eager_config *config);

/* Opens the device's queues and pool at the first use. */
eager_status eager__runtime_open_device(eager__runtime *runtime, eager__device *device);

/* The start-up rule: a graph was created or run ("which": "eager_graph_new"). The first
 * caller's text is kept. Text is static. */
void eager__note_graph_use(const char *which);

#endif
