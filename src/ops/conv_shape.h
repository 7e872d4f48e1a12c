/* What a convolution and its two gradients agree on: axes, channels and groups, read from a
 * call and checked as TensorFlow does. */
#ifndef EAGER_OPS_CONV_SHAPE_H
#define EAGER_OPS_CONV_SHAPE_H

#include "ops/window.h"

typedef enum eager__conv_part {
  EAGER__CONV_FORWARD,  /* input, filter -> output */
  EAGER__CONV_TO_INPUT, /* attribute input_sizes; filter, out_backprop */
  EAGER__CONV_TO_FILTER /* attribute filter_sizes; input, out_backprop */
} eager__conv_part;

/* What an op's record says in .data. */
typedef struct eager__conv_kind {
  int spatial;
  bool depthwise; /* filter [..., channels, multiplier]: one group per channel */
  eager__conv_part part;
} eager__conv_kind;

/* Extents are -1 while unknown. */
typedef struct eager__conv {
  eager__window window;
  int64_t batch, channels, filters, groups; /* filters: the output's channels */
  eager__shape input, filter, out;
} eager__conv;

/* Refuses all that can be refused; of a gradient, also an out_backprop of another shape. */
eager_status eager__conv_read(const eager__call *call, eager__conv *out);

/* Sets dtype and shape of output 0. */
eager_status eager__conv_infer(eager__call *call);

#endif
