/* Work-groups and grids for the kernel begun last. */
#ifndef EAGER_OPS_GRIDS_H
#define EAGER_OPS_GRIDS_H

#include "runtime/commands.h"

/* The largest power of two up to EAGER__GROUP that the kernel takes. */
int64_t eager__group_size(const eager__commands *commands);

/* The same on GPUs; 1 on CPUs, for kernels whose work-items take a block each there. */
int64_t eager__group_each(const eager__commands *commands);

/* Work-items for `elements`, of which each takes `each`, in groups of eager__group_each. */
eager__grid eager__grid_each(const eager__commands *commands, int64_t elements,
                             int64_t each);

#endif
