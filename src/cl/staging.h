/* The staging ring: small host data on its way to a device without a wait.
 *
 * Up to EAGER__STAGING_LIMIT bytes are copied into a slot, and a non-blocking write is put
 * on the compute queue, in order before everything that uses it. The slot comes back when
 * that submission is complete. */
#ifndef EAGER_CL_STAGING_H
#define EAGER_CL_STAGING_H

#include <stddef.h>

#include "cl/device.h"

enum { EAGER__STAGING_LIMIT = 64 * 1024 };

/* Writes `size` <= EAGER__STAGING_LIMIT bytes to `mem` at `offset`; `data` may be reused
 * on return. `*out_seq` is the submission on the compute timeline. No lock held. Waits for
 * the oldest slot when the ring is full. */
eager_status eager__staging_write(eager__device *device, eager__mem *mem, size_t offset,
                                  const void *data, size_t size, uint64_t *out_seq);
void eager__staging_close(eager__device *device);

#endif
