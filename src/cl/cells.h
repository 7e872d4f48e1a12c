/* Error cells: one int32 on the device for each checked op in flight.
 *
 * A clean cell holds INT32_MAX. The kernel does atomic_min(cell, position) for every bad
 * lane, so the first bad position wins whatever the order of work-items. The op reads its
 * cell back behind itself; when that submission is complete the value is on the host. */
#ifndef EAGER_CL_CELLS_H
#define EAGER_CL_CELLS_H

#include "cl/device.h"

typedef struct eager__cells eager__cells;

enum { EAGER__CELL_COUNT = 4096, EAGER__CELL_CLEAN = INT32_MAX };

/* Takes a free cell of an open device; waits for the oldest checked op when none is free.
 * No lock held. */
eager_status eager__cell_take(eager__device *device, int *out_slot);

/* Compute lock held, before the op's kernel: cleans the cell if its last user dirtied it.
 */
eager_status eager__cell_prepare(eager__device *device, int slot);
/* Compute lock held, behind the op's kernel: starts the read; `out_event` NULL: no event.
 */
eager_status eager__cell_read_back(eager__device *device, int slot,
                                   eager__event **out_event);
/* The value, once the read's submission is complete; EAGER__CELL_CLEAN if all was well. */
int32_t eager__cell_value(const eager__device *device, int slot);
/* Gives the cell back. Never touches the driver. `spoiled`: what it holds on the device is
 * not known, so the next user cleans it. */
void eager__cell_give(eager__device *device, int slot, bool spoiled);

eager__mem *eager__cells_mem(const eager__device *device);

void eager__cells_close(eager__device *device);

#endif
