/* Memory that is not ours: host data used in place, and the user's own buffers. */
#ifndef EAGER_CL_FOREIGN_H
#define EAGER_CL_FOREIGN_H

#include <stddef.h>

#include "cl/device.h"

/* A buffer over `data`, used in place: only where the device shares the host's memory, the
 * address is aligned for it and the driver agrees; NULL otherwise, with nothing recorded.
 * The device is open. */
eager__mem *eager__foreign_over_host(eager__device *device, void *data, size_t size);

/* INVALID_ARGUMENT unless `mem` is a buffer of the device's context that holds
 * [offset, offset + size). Retains it. The device is open. */
eager_status eager__foreign_import(eager__device *device, eager__mem *mem, size_t offset,
                                   size_t size);

/* INVALID_ARGUMENT unless `event` is of the device's context. Retains it, and flushes the
 * queue it comes from. */
eager_status eager__foreign_event(eager__device *device, eager__event *event);

/* --- Handing ours out: the user releases what is given, so the census forgets it. --- */

/* Retains `mem` for the user. */
eager_status eager__foreign_give_mem(eager__device *device, eager__mem *mem);
/* An event retained by the timeline is the user's from now on. */
void eager__foreign_event_given(void);

#endif
