/* Convolutions and the gradients of their inputs: cl_kernels/conv.cl does both. */
#ifndef EAGER_OPS_CONV_CORRELATE_H
#define EAGER_OPS_CONV_CORRELATE_H

#include "runtime/commands.h"

/* The launch of ops whose .data is an eager__conv_kind of part FORWARD or TO_INPUT. */
eager_status eager__conv_correlate(eager__call *call, eager__commands *commands);

#endif
