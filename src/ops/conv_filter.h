/* The gradients of convolutions' filters: cl_kernels/conv_filter.cl. */
#ifndef EAGER_OPS_CONV_FILTER_H
#define EAGER_OPS_CONV_FILTER_H

#include "runtime/commands.h"

/* The launch of ops whose .data is an eager__conv_kind of part TO_FILTER. */
eager_status eager__conv_filter_gradient(eager__call *call, eager__commands *commands);

#endif
