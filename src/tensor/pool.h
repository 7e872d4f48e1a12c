/* The caching allocator: one pool per device, whole driver buffers by size class.
 *
 * Size classes waste at most 12.5 % (eight per power of two, 256 bytes the smallest).
 * A block that is given back remembers how much the compute queue had been given
 * (`free_seq`). Invariants:
 *   (P1) the buffers of a submitted compute command may be given back at once;
 *   (P2) a task keeps references until it is submitted, a transfer until it is complete;
 *   (P3) outputs of compute commands take any free block of the device; whatever is written
 *        outside the compute queue takes only a block with free_seq <= completed. */
#ifndef EAGER_TENSOR_POOL_H
#define EAGER_TENSOR_POOL_H

#include "cl/memory.h"
#include "eagercl/device.h"
#include "tensor/failure.h"

typedef enum eager__writer {
  EAGER__WRITER_COMPUTE,  /* the compute queue writes the block first */
  EAGER__WRITER_TRANSFER, /* anything else does: (P3) */
} eager__writer;

typedef struct eager__block {
  eager__memory memory; /* mem NULL after the pool has closed */
  size_t requested;     /* bytes asked for by the present holder */
  int size_class;
  uint64_t free_seq;
  eager__device *device;
  eager__origin holder;                 /* for "largest holder" */
  struct eager__block *next, *previous; /* in the live or a free list */
  /* Memory that is not the pool's: never pooled again (adopted or imported, or handed out
   * through opencl.h). free_fn runs once, when the device has finished with it. */
  bool foreign;
  void (*free_fn)(void *data, void *user);
  void *data, *user;
} eager__block;

eager_status eager__pool_open(eager__device *device, uint64_t limit);
/* Releases every block of the device, live ones too (their mem becomes NULL). */
void eager__pool_close(eager__device *device);
/* After fork: leaves the pool to the parent. Blocks given back are freed, not their memory.
 */
void eager__pool_leave(eager__device *device);

/* `size` > 0; the device is open. The limit covers what is held from the driver: before it
 * refuses, cached blocks that the device has finished with go back. RESOURCE_EXHAUSTED
 * without waiting when the limit or the driver says no: run.c frees what can be freed and
 * asks again. Runs the free_fn of foreign memory that the device has finished with. */
eager_status eager__pool_take(eager__device *device, size_t size, eager__writer writer,
                              eager__origin holder, eager__block **out);
/* The same for what could be done without, to be written on the compute queue: NULL, with
 * nothing recorded, unless a quarter of the limit stays free of live blocks. */
eager__block *eager__pool_take_spare(eager__device *device, size_t size,
                                     eager__origin holder);
/* Takes over memory that the pool did not make: `mem` (one reference) and free_fn. It
 * counts, but no limit refuses it. RESOURCE_EXHAUSTED when host memory is short: the caller
 * keeps both. */
eager_status eager__pool_adopt(eager__device *device, eager__mem *mem, size_t size,
                               void (*free_fn)(void *, void *), void *data, void *user,
                               eager__block **out);
/* The memory of this live block was shown to the user: it is never pooled again. */
void eager__pool_export(eager__block *block);
/* Calls the driver, and free_fn, only for foreign memory the device has finished with.
 * After the pool has closed it frees the struct. */
void eager__pool_give(eager__block *block);

/* Gives all cached blocks that the device has finished with back to the driver. */
void eager__pool_trim(eager__device *device);
void eager__pool_info(eager__device *device, eager_memory_info *out);
void eager__pool_reset_peak(eager__device *device);

/* Records RESOURCE_EXHAUSTED with requested size, in use, cached, limit, largest holder.
 * `cl_code`: the driver's, or 0 when the limit was reached. */
eager_status eager__pool_fail(eager__device *device, size_t size, int cl_code);

/* Pure: rounds a size up to its class and tells the class. */
size_t eager__pool_class_size(size_t size, int *out_class);

/* Control for the test that proves (P3): reuse without looking at free_seq. */
void eager__pool_break_reuse_rule(bool broken);

#endif
