/* ops_conv.h - convolutions. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_CONV_H
#define EAGERCL_OPS_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Windows ---- */

typedef enum eager_padding {
  EAGER_PADDING_VALID,    /* none: only where the whole window lies in the input */
  EAGER_PADDING_SAME,     /* so that out = ceil(in / stride); the odd one goes behind */
  EAGER_PADDING_EXPLICIT, /* as `paddings` says */
} eager_padding;

typedef enum eager_data_format {
  EAGER_CHANNELS_LAST,  /* NWC, NHWC, NDHWC */
  EAGER_CHANNELS_FIRST, /* NCW, NCHW, NCDHW */
} eager_data_format;

/* ---- Convolutions: floats; conv1d, conv2d and conv2d_transpose int32 too ----
 *
 * out[n, q, o] = sum over taps k and channels c of
 *   x[n, q * stride + k * dilation - padding, c] * filter[k, c, o]
 *
 * x is [batch, spatial..., channels] or [batch, channels, spatial...], the filter
 * [spatial..., channels / groups, outputs] in either format: as many groups as the input's
 * channels are a multiple of the filter's. `options` NULL: all zero, which is stride 1, no
 * padding, channels last, dilation 1. (tf.nn.conv2d_transpose's default padding is SAME;
 * here it is VALID, as for all.) 16-bit floats are added up in float32.
 *
 * EAGER_INVALID_ARGUMENT: ranks, depths and groups that disagree, a filter without taps or
 * input channels, one so much larger than the input that the output's extent would be
 * negative.
 *
 * Padding is left out of the sums: an infinite or NaN weight that falls on it does not
 * show, while TensorFlow, depending on its kernel, may give NaN. Strides and dilations may
 * differ between axes, also together, where TensorFlow's depthwise kernels want them alike;
 * its depthwise gradients for CPUs leave dilations out.
 */

typedef struct eager_conv1d_options {
  int64_t stride; /* 0: 1 */
  eager_padding padding;
  eager_data_format data_format;
  int64_t dilation; /* 0: 1 */
} eager_conv1d_options;

typedef struct eager_conv2d_options { /* axes: height, width */
  int64_t strides[2];                 /* 0: 1 */
  eager_padding padding;
  int64_t paddings[2][2]; /* of EXPLICIT: before and after each axis */
  eager_data_format data_format;
  int64_t dilations[2]; /* 0: 1 */
} eager_conv2d_options;

typedef struct eager_conv3d_options { /* axes: depth, height, width */
  int64_t strides[3];                 /* 0: 1 */
  eager_padding padding;              /* not EXPLICIT */
  eager_data_format data_format;
  int64_t dilations[3]; /* 0: 1 */
} eager_conv3d_options;

/* On CPUs a filter of 256 KB and more that is used again for up to 2048 pixels of a result
 * is laid out once and kept so, as eager_matmul says of weights. */

/* Conv1D: an op of its own here, Conv2D between two reshapes in TensorFlow. */
EAGER_API EAGER_NODISCARD eager_status eager_conv1d(eager_tensor *x, eager_tensor *filter,
                                                    const eager_conv1d_options *options,
                                                    eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_conv2d(eager_tensor *x, eager_tensor *filter,
                                                    const eager_conv2d_options *options,
                                                    eager_tensor **out);
/* Conv2DBackpropInput: the gradient of conv2d's input, x being that of its output. The
 * filter is [height, width, outputs / groups, channels of x]. */
EAGER_API EAGER_NODISCARD eager_status
eager_conv2d_transpose(eager_tensor *x, eager_tensor *filter, const int64_t output_shape[4],
                       const eager_conv2d_options *options, eager_tensor **out);
/* The gradient of conv2d's filter, of shape `filter_sizes`. Not int32. */
EAGER_API EAGER_NODISCARD eager_status eager_conv2d_backprop_filter(
    eager_tensor *x, const int64_t filter_sizes[4], eager_tensor *out_backprop,
    const eager_conv2d_options *options, eager_tensor **out);

EAGER_API EAGER_NODISCARD eager_status eager_conv3d(eager_tensor *x, eager_tensor *filter,
                                                    const eager_conv3d_options *options,
                                                    eager_tensor **out);
/* Conv3DBackpropInputV2. */
EAGER_API EAGER_NODISCARD eager_status
eager_conv3d_transpose(eager_tensor *x, eager_tensor *filter, const int64_t output_shape[5],
                       const eager_conv3d_options *options, eager_tensor **out);
/* Conv3DBackpropFilterV2. */
EAGER_API EAGER_NODISCARD eager_status eager_conv3d_backprop_filter(
    eager_tensor *x, const int64_t filter_sizes[5], eager_tensor *out_backprop,
    const eager_conv3d_options *options, eager_tensor **out);

/* DepthwiseConv2dNative: every channel on its own; the filter is [height, width, channels,
 * multiplier], output channel c * multiplier + m is of input channel c. */
EAGER_API EAGER_NODISCARD eager_status
eager_depthwise_conv2d(eager_tensor *x, eager_tensor *filter,
                       const eager_conv2d_options *options, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_depthwise_conv2d_backprop_input(
    const int64_t input_sizes[4], eager_tensor *filter, eager_tensor *out_backprop,
    const eager_conv2d_options *options, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_depthwise_conv2d_backprop_filter(
    eager_tensor *x, const int64_t filter_sizes[4], eager_tensor *out_backprop,
    const eager_conv2d_options *options, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_CONV_H */
