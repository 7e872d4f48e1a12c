/* Device memory: creating it, and moving bytes in, out and across.
 *
 * Everything here that moves bytes blocks until they have moved and works on the transfer
 * queue, so it never waits for compute work: the caller has made sure that the source is
 * complete and that nothing in flight still uses the destination. */
#ifndef EAGER_CL_MEMORY_H
#define EAGER_CL_MEMORY_H

#include <stddef.h>

#include "cl/device.h"

/* A block of device memory as the pool keeps it. `host` is set when we made the memory
 * ourselves (huge pages on CPU-like devices) and lent it to the driver. */
typedef struct eager__memory {
  eager__mem *mem;
  void *host;
  size_t size;
} eager__memory;

/* `size` > 0. RESOURCE_EXHAUSTED when the driver says no or the device's largest
 * allocation is smaller. The device is open. */
eager_status eager__memory_create(eager__device *device, size_t size, eager__memory *out);
void eager__memory_release(eager__device *device, eager__memory *memory);

eager_status eager__memory_write(eager__device *device, eager__mem *mem, size_t offset,
                                 const void *data, size_t size);
eager_status eager__memory_read(eager__device *device, eager__mem *mem, size_t offset,
                                void *data, size_t size);
/* Both in one context: on the destination's queue, or half on each device's where both work
 * in the host's memory. */
eager_status eager__memory_copy(eager__device *from, eager__mem *source,
                                size_t source_offset, eager__device *to, eager__mem *target,
                                size_t target_offset, size_t size);
/* Across contexts: through the mapped pointer of a side that shares host memory, else in
 * chunks through two staging halves, both directions in flight. */
eager_status eager__memory_transfer(eager__device *from, eager__mem *source,
                                    size_t source_offset, eager__device *to,
                                    eager__mem *target, size_t target_offset, size_t size);

/* Read-only host view of [offset, offset + size). One map per buffer at a time. */
eager_status eager__memory_map(eager__device *device, eager__mem *mem, size_t offset,
                               size_t size, const void **out);
eager_status eager__memory_unmap(eager__device *device, eager__mem *mem, const void *view);
/* The same; `discard`: for writing all of it. */
eager_status eager__memory_view(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, bool discard, void **out);
/* Unmaps after a failure, whatever becomes of that: the failure stays recorded. */
void eager__memory_forget_view(eager__device *device, eager__mem *mem, void *view);

/* Lets go of one reference. NULL is fine. */
void eager__memory_drop(eager__device *device, eager__mem *mem);

/* How many were let go of. While that does not change, one address is one buffer. */
extern _Atomic uint64_t eager__memory_drop_count;
static inline uint64_t eager__memory_drops(void) {
  return atomic_load_explicit(&eager__memory_drop_count, memory_order_relaxed);
}

#endif
