/* Putting one command on a device's compute queue. The timeline's lock is held. */
#ifndef EAGER_CL_LAUNCH_H
#define EAGER_CL_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "cl/device.h"
#include "cl/program.h"

typedef struct eager__grid {
  int dims; /* 1 to 3; a global size of 0 launches nothing */
  size_t global[3], local[3];
} eager__grid;

typedef enum eager__arg_kind {
  EAGER__ARG_VALUE = 1, /* `size` bytes, at most 8, in `bits` */
  EAGER__ARG_MEM,
  EAGER__ARG_BYTES, /* `size` bytes at `bytes + offset` */
  EAGER__ARG_LOCAL, /* `size` bytes of local memory */
  EAGER__ARG_CELLS, /* the device's error cells */
  EAGER__ARG_SLOT,  /* int: which cell is this op's */
} eager__arg_kind;

/* All of `bits` is set, whatever is used of it. */
typedef struct eager__arg {
  uint32_t kind, size;
  union {
    uint64_t bits, offset;
    eager__mem *mem;
  } as;
} eager__arg;

/* `out_event` NULL: no event. Failures are the driver's refusals. `slot` is the op's cell
 * or -1. */
eager_status eager__launch_kernel(eager__device *device, eager__kernel *kernel,
                                  const eager__grid *grid, const eager__arg *args,
                                  int arg_count, const uint8_t *bytes, int slot,
                                  eager__event **out_event);
/* The same with the arguments and the grid it was launched with last. */
eager_status eager__launch_again(eager__device *device, eager__kernel *kernel,
                                 const eager__grid *grid, eager__event **out_event);
/* The number of the first argument that the driver refuses for this kernel, or -1. Nothing
 * is enqueued. No lock held. */
int eager__launch_refused_arg(eager__device *device, eager__kernel *kernel,
                              const eager__arg *args, int arg_count, const uint8_t *bytes);
/* `pattern_size` 1, 2, 4 or 8; in chunks of at most 1 GiB. */
eager_status eager__launch_fill(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, const void *pattern, size_t pattern_size,
                                eager__event **out_event);

#endif
