/* Mirrors: the copies the policy made, kept with their source and reused.
 *
 * One mirror per (buffer, device), shared by views. Tensors are immutable, so a mirror
 * never goes stale. All state is guarded by the runtime's lock. */
#ifndef EAGER_RUNTIME_MIRROR_H
#define EAGER_RUNTIME_MIRROR_H

#include "runtime/copy_stats.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"
#include "tensor/buffer.h"

/* The mirror of `source` on `device`, one reference; made when there is none, and then the
 * copy is under way (ASYNC) or done (SYNC). `*out_made` tells. The statistics count it
 * under `key`. Allocation failures are the call's, in both modes; so is, in SYNC, a copy
 * that failed. No lock held. */
eager_status eager__mirror_get(eager__runtime *runtime, eager__buffer *source,
                               eager__device *device, eager_execution_mode mode,
                               eager__origin origin, const eager__copy_key *key, bool warn,
                               eager__buffer **out);

/* Unlinks the mirror whose copy failed, so that the next op tries again. */
void eager__mirror_forget(eager__runtime *runtime, eager__buffer *source,
                          eager__buffer *copy);

/* Drops every mirror on `device` that nobody else holds: memory is short there. */
void eager__mirrors_drop(eager__runtime *runtime, eager__device *device);

/* Gives the tensor floor its hook. */
void eager__mirrors_open(eager__runtime *runtime);
/* Drops every mirror: shutdown. */
void eager__mirrors_close(void);

#endif
