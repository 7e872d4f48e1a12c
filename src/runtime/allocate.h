/* Allocating a buffer, freeing what can be freed first when memory is short. */
#ifndef EAGER_RUNTIME_ALLOCATE_H
#define EAGER_RUNTIME_ALLOCATE_H

#include "runtime/runtime.h"
#include "tensor/buffer.h"

/* A buffer of `size` bytes (0 is fine) on an open device, its seq set to `seq`. Short of
 * memory: drops forms and mirrors, waits for work in flight, trims the pool and tries once
 * more; then RESOURCE_EXHAUSTED. No lock held. */
eager_status eager__allocate(eager__runtime *runtime, eager__device *device, size_t size,
                             eager__writer writer, eager__origin holder, uint64_t seq,
                             eager__buffer **out);

/* Frees on `device` what can be freed: forms, mirrors, buffers of work in flight, cached
 * blocks. `wait_tasks` false in a worker, which must not wait for tasks. No lock held. */
void eager__make_room(eager__runtime *runtime, eager__device *device, bool wait_tasks);

/* For drivers that allocate when memory is first used: true where `status` says that an
 * allocation of theirs failed; room is made then, and the caller tries once more. */
bool eager__made_room(eager__runtime *runtime, eager__device *device, eager_status status,
                      bool wait_tasks);

#endif
