/* Doors of convolutions. */
#ifndef EAGER_TESTS_DOORS_CONV_H
#define EAGER_TESTS_DOORS_CONV_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status conv1d(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv1d(
      in[0], in[1],
      &(eager_conv1d_options){.stride = 2, .padding = EAGER_PADDING_SAME, .dilation = 3},
      out);
}
static eager_status conv2d_plain(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv2d(in[0], in[1], NULL, out);
}

static const eager_conv2d_options first_options = {.strides = {2, 1},
                                                   .padding = EAGER_PADDING_EXPLICIT,
                                                   .paddings = {{1, 2}, {3, 0}},
                                                   .data_format = EAGER_CHANNELS_FIRST,
                                                   .dilations = {1, 2}};

static eager_status conv2d(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv2d(in[0], in[1], &first_options, out);
}
static eager_status conv2d_transpose(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv2d_transpose(in[1], in[0], (int64_t[]){2, 2, 5, 6}, &first_options, out);
}
static eager_status conv2d_filter(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv2d_backprop_filter(in[0], (int64_t[]){2, 3, 2, 4}, in[1], &first_options,
                                      out);
}
static eager_status depthwise(eager_tensor *const *in, eager_tensor **out) {
  return eager_depthwise_conv2d(in[0], in[1], &first_options, out);
}
static eager_status depthwise_input(eager_tensor *const *in, eager_tensor **out) {
  return eager_depthwise_conv2d_backprop_input((int64_t[]){2, 2, 5, 6}, in[0], in[1],
                                               &first_options, out);
}
static eager_status depthwise_filter(eager_tensor *const *in, eager_tensor **out) {
  return eager_depthwise_conv2d_backprop_filter(in[0], (int64_t[]){2, 3, 2, 2}, in[1],
                                                &first_options, out);
}

static const eager_conv3d_options deep_options = {
    .strides = {1, 2, 1}, .padding = EAGER_PADDING_SAME, .dilations = {2, 1, 1}};

static eager_status conv3d(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv3d(in[0], in[1], &deep_options, out);
}
static eager_status conv3d_transpose(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv3d_transpose(in[1], in[0], (int64_t[]){1, 3, 4, 2, 2}, &deep_options,
                                out);
}
static eager_status conv3d_filter(eager_tensor *const *in, eager_tensor **out) {
  return eager_conv3d_backprop_filter(in[0], (int64_t[]){2, 2, 1, 2, 3}, in[1],
                                      &deep_options, out);
}

/* --- The same, by name --- */

#define FIRST_ATTRS                                                                        \
  {"strides", EAGER_ATTR_INT_LIST, 4, {1, 1, 2, 1}},                                       \
      {"padding", EAGER_ATTR_STRING, 1, {0}, "EXPLICIT"},                                  \
      {"explicit_paddings", EAGER_ATTR_INT_LIST, 8, {0, 0, 0, 0, 1, 2, 3, 0}},             \
      {"data_format", EAGER_ATTR_STRING, 1, {0}, "NCHW"}, {                                \
    "dilations", EAGER_ATTR_INT_LIST, 4, {                                                 \
      1, 1, 1, 2                                                                           \
    }                                                                                      \
  }
#define DEEP_ATTRS                                                                         \
  {"strides", EAGER_ATTR_INT_LIST, 5, {1, 1, 2, 1, 1}},                                    \
      {"padding", EAGER_ATTR_STRING, 1, {0}, "SAME"}, {                                    \
    "dilations", EAGER_ATTR_INT_LIST, 5, {                                                 \
      1, 2, 1, 1, 1                                                                        \
    }                                                                                      \
  }

static const row conv_rows[] = {
    {"Conv1D",
     conv1d,
     {{EAGER_FLOAT32, {3, {2, 11, 2}}}, {EAGER_FLOAT32, {3, {3, 2, 3}}}},
     {{"strides", EAGER_ATTR_INT_LIST, 3, {1, 2, 1}},
      {"padding", EAGER_ATTR_STRING, 1, {0}, "SAME"},
      {"dilations", EAGER_ATTR_INT_LIST, 3, {1, 3, 1}}}},
    {"Conv2D",
     conv2d_plain,
     {{EAGER_INT32, {4, {1, 5, 6, 2}}}, {EAGER_INT32, {4, {2, 3, 2, 4}}}},
     {{"strides", EAGER_ATTR_INT_LIST, 4, {1, 1, 1, 1}},
      {"padding", EAGER_ATTR_STRING, 1, {0}, "VALID"},
      {"use_cudnn_on_gpu", EAGER_ATTR_BOOL, 1, {false}}}},
    {"Conv2D",
     conv2d,
     {{EAGER_FLOAT32, {4, {2, 2, 5, 6}}}, {EAGER_FLOAT32, {4, {2, 3, 2, 4}}}},
     {FIRST_ATTRS}},
    {"Conv2DBackpropInput",
     conv2d_transpose,
     {{EAGER_FLOAT32, {4, {2, 3, 2, 4}}}, {EAGER_FLOAT32, {4, {2, 4, 4, 5}}}},
     {FIRST_ATTRS, {"input_sizes", EAGER_ATTR_INT_LIST, 4, {2, 2, 5, 6}}}},
    {"Conv2DBackpropFilter",
     conv2d_filter,
     {{EAGER_FLOAT32, {4, {2, 2, 5, 6}}}, {EAGER_FLOAT32, {4, {2, 4, 4, 5}}}},
     {FIRST_ATTRS, {"filter_sizes", EAGER_ATTR_INT_LIST, 4, {2, 3, 2, 4}}}},
    {"DepthwiseConv2dNative",
     depthwise,
     {{EAGER_FLOAT32, {4, {2, 2, 5, 6}}}, {EAGER_FLOAT32, {4, {2, 3, 2, 2}}}},
     {FIRST_ATTRS}},
    {"DepthwiseConv2dNativeBackpropInput",
     depthwise_input,
     {{EAGER_FLOAT32, {4, {2, 3, 2, 2}}}, {EAGER_FLOAT32, {4, {2, 4, 4, 5}}}},
     {FIRST_ATTRS, {"input_sizes", EAGER_ATTR_INT_LIST, 4, {2, 2, 5, 6}}}},
    {"DepthwiseConv2dNativeBackpropFilter",
     depthwise_filter,
     {{EAGER_FLOAT32, {4, {2, 2, 5, 6}}}, {EAGER_FLOAT32, {4, {2, 4, 4, 5}}}},
     {FIRST_ATTRS, {"filter_sizes", EAGER_ATTR_INT_LIST, 4, {2, 3, 2, 2}}}},
    {"Conv3D",
     conv3d,
     {{EAGER_FLOAT32, {5, {1, 3, 4, 2, 2}}}, {EAGER_FLOAT32, {5, {2, 2, 1, 2, 3}}}},
     {DEEP_ATTRS}},
    {"Conv3DBackpropInputV2",
     conv3d_transpose,
     {{EAGER_FLOAT32, {5, {2, 2, 1, 2, 3}}}, {EAGER_FLOAT32, {5, {1, 3, 2, 2, 3}}}},
     {DEEP_ATTRS, {"input_sizes", EAGER_ATTR_INT_LIST, 5, {1, 3, 4, 2, 2}}}},
    {"Conv3DBackpropFilterV2",
     conv3d_filter,
     {{EAGER_FLOAT32, {5, {1, 3, 4, 2, 2}}}, {EAGER_FLOAT32, {5, {1, 3, 2, 2, 3}}}},
     {DEEP_ATTRS, {"filter_sizes", EAGER_ATTR_INT_LIST, 5, {2, 2, 1, 2, 3}}}},
};

#endif
