/* One kernel of a built program, as program.c makes and keeps them. */
#ifndef EAGER_CL_KERNEL_H
#define EAGER_CL_KERNEL_H

#include "cl/program.h"

/* Creates the first of its driver's kernels, so that a missing name fails here. `name`
 * lives as long as the kernel. */
eager_status eager__kernel_create(eager__device *device, eager__cl_program *program,
                                  const char *name, eager__kernel **out);

/* All must be checked in. NULL is fine. */
void eager__kernel_destroy(eager__kernel *kernel);

#endif
