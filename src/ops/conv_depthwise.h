/* Depthwise convolutions on CPUs: cl_kernels/conv_pixels.cl and conv_planes.cl. */
#ifndef EAGER_OPS_CONV_DEPTHWISE_H
#define EAGER_OPS_CONV_DEPTHWISE_H

#include "ops/conv_shape.h"
#include "runtime/commands.h"

/* Whether conv_depthwise can do it, any part. No operand is empty. */
bool eager__conv_is_depthwise(const eager__traits *traits, const eager__conv *conv);

eager_status eager__conv_depthwise(const eager__call *call, eager__commands *commands,
                                   const eager__conv *conv, eager__conv_part part);

#endif
