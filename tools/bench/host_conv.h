/* Convolutions by oneDNN, the reference of the conv area. Without oneDNN in this build
 * there are none: host_conv_create gives NULL. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum host_conv_part {
  HOST_CONV_FORWARD, /* left: input, right: filter */
  HOST_CONV_INPUT,   /* left: output's gradient, right: filter */
  HOST_CONV_FILTER   /* left: input, right: output's gradient */
} host_conv_part;

/* Symmetric extents; filters is channels where depthwise. `before` and `after`: padding. */
typedef struct host_conv_shape {
  int64_t batch, side, channels, filters, out_side;
  int64_t size, stride, before, after;
  bool depthwise;
} host_conv_shape;

/* blocked: all in the layouts oneDNN likes best; else input and output as they are, only
 * the filter in a layout of its choice. */
typedef struct host_conv host_conv;
host_conv *host_conv_create(const host_conv_shape *shape, host_conv_part part,
                            bool channels_first, bool blocked);
/* Lays out copies of what is given in NHWC or NCHW, filters as [size, size, in, out]. */
bool host_conv_set(host_conv *conv, const float *left, const float *right);
bool host_conv_run(host_conv *conv);
/* The result, laid out as what is given. */
bool host_conv_get(host_conv *conv, float *result);
/* The name of the chosen implementation. */
const char *host_conv_name(const host_conv *conv);
void host_conv_free(host_conv *conv);
