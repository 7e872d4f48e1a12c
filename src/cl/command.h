/* Commands on a device's transfer queue, started one by one, and what all commands have in
 * common: refusals, events and the wait for one.
 *
 * Starting takes the queue's lock, enqueues, flushes and returns; host memory must live
 * until the event is waited for. The event is the caller's, and waiting releases it. */
#ifndef EAGER_CL_COMMAND_H
#define EAGER_CL_COMMAND_H

#include <stddef.h>

#include "cl/device.h"

/* Records a driver's refusal of `call` and returns its status. What a dead device says
 * (eager__cl_is_dead) loses it: then UNAVAILABLE. */
eager_status eager__command_refused(eager__device *device, const char *call, int code);

/* The driver's code, which may have lost the device. The queue's lock is held. */
int eager__command_flush(eager__device *device, eager__cl_queue *queue);

/* Counts the event that a successful enqueue has just made. */
void eager__command_made_event(void);

eager_status eager__command_write(eager__device *device, eager__mem *mem, size_t offset,
                                  const void *data, size_t size, eager__event **out_event);
eager_status eager__command_read(eager__device *device, eager__mem *mem, size_t offset,
                                 void *data, size_t size, eager__event **out_event);
eager_status eager__command_copy(eager__device *device, eager__mem *source,
                                 size_t source_offset, eager__mem *target,
                                 size_t target_offset, size_t size,
                                 eager__event **out_event);

/* `*out_view` may be used once the event is waited for. `discard`: for writing all of it,
 * else for reading. */
eager_status eager__command_map(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, bool discard, void **out_view,
                                eager__event **out_event);
eager_status eager__command_unmap(eager__device *device, eager__mem *mem, void *view,
                                  eager__event **out_event);

/* NULL is complete. UNAVAILABLE, and the device is lost, when the command failed; `what`
 * names it. No lock held. */
eager_status eager__command_wait(eager__device *device, const char *what,
                                 eager__event *event);

#endif
