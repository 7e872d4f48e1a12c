/* The programs of fused kernels. One holds one kernel, or all that were gathered. */
#ifndef EAGER_OPS_FUSED_PROGRAM_H
#define EAGER_OPS_FUSED_PROGRAM_H

#include "cl/program.h"
#include "ops/fused_text.h"

/* The family and name of a kernel, for eager__kernel_begin. */
eager_status eager__fused_find(const eager__fused_kernel *kernel,
                               const eager__family **out_family, const char **out_name);

#endif
