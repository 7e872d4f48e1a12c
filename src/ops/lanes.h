/* How kernels of V lanes are spread over a device: each work-item takes `chunk` consecutive
 * elements. */
#ifndef EAGER_OPS_LANES_H
#define EAGER_OPS_LANES_H

#include "runtime/commands.h"

typedef struct eager__lanes {
  int64_t chunk; /* elements of a work-item; a multiple of the lanes */
  eager__grid grid;
} eager__lanes;

/* For the kernel begun last and `elements` > 0 elements. */
eager__lanes eager__lanes_plan(const eager__commands *commands, int64_t elements);

/* The same in rows of `columns`: chunks of whole rows where rows are much shorter than
 * chunks. Such a chunk is no multiple of the lanes. */
eager__lanes eager__lanes_plan_rows(const eager__commands *commands, int64_t elements,
                                    int64_t columns);

/* Whether an output of so many bytes is better stored past a CPU's caches: it would push
 * out what is there, and itself before anybody reads it. */
bool eager__lanes_stream(int64_t size);

#endif
