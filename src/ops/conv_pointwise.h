/* Convolutions whose filter is one element and meets every pixel: products of matrices. */
#ifndef EAGER_OPS_CONV_POINTWISE_H
#define EAGER_OPS_CONV_POINTWISE_H

#include "ops/conv_shape.h"
#include "runtime/commands.h"

/* Whether conv_pointwise can do `part` of it. No operand is empty. */
bool eager__conv_is_pointwise(const eager__conv *conv, eager__conv_part part,
                              eager_dtype dtype);

eager_status eager__conv_pointwise(const eager__call *call, eager__commands *commands,
                                   const eager__conv *conv, eager__conv_part part);

#endif
