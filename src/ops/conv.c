/* Convolutions over one, two and three axes, depthwise ones, and the gradients of all. */
#include "eagercl/ops.h"
#include "ops/conv_correlate.h"
#include "ops/conv_filter.h"
#include "ops/conv_shape.h"
#include "runtime/run.h"

#include <string.h>

#define STEPS                                                                              \
  {.name = "strides", .kind = EAGER__ATTR_INT_LIST, .required = true}, {                   \
    .name = "dilations", .kind = EAGER__ATTR_INT_LIST                                      \
  }
#define PADDING                                                                            \
  { .name = "padding", .kind = EAGER__ATTR_STRING, .required = true }
#define EXPLICIT                                                                           \
  { .name = "explicit_paddings", .kind = EAGER__ATTR_INT_LIST }
#define NWC                                                                                \
  { .name = "data_format", .kind = EAGER__ATTR_STRING, .text = "NWC" }
#define NHWC                                                                               \
  { .name = "data_format", .kind = EAGER__ATTR_STRING, .text = "NHWC" }
#define NDHWC                                                                              \
  { .name = "data_format", .kind = EAGER__ATTR_STRING, .text = "NDHWC" }
#define CUDNN                                                                              \
  { .name = "use_cudnn_on_gpu", .kind = EAGER__ATTR_BOOL, .number = true }
#define INPUT_SIZES                                                                        \
  { .name = "input_sizes", .kind = EAGER__ATTR_INT_LIST, .required = true }
#define FILTER_SIZES                                                                       \
  { .name = "filter_sizes", .kind = EAGER__ATTR_INT_LIST, .required = true }
#define FORWARD                                                                            \
  .inputs = {{.name = "input"}, {.name = "filter"}}, .infer = eager__conv_infer,           \
  .launch = eager__conv_correlate
#define TO_INPUT                                                                           \
  .inputs = {{.name = "filter"}, {.name = "out_backprop"}}, .infer = eager__conv_infer,    \
  .launch = eager__conv_correlate
#define TO_FILTER                                                                          \
  .inputs = {{.name = "input"}, {.name = "out_backprop"}}, .infer = eager__conv_infer,     \
  .launch = eager__conv_filter_gradient

static const eager__conv_kind kinds[EAGER__SPATIAL + 1][3] = {
    [1] = {{1, false, EAGER__CONV_FORWARD}},
    [2] = {{2, false, EAGER__CONV_FORWARD},
           {2, false, EAGER__CONV_TO_INPUT},
           {2, false, EAGER__CONV_TO_FILTER}},
    [3] = {{3, false, EAGER__CONV_FORWARD},
           {3, false, EAGER__CONV_TO_INPUT},
           {3, false, EAGER__CONV_TO_FILTER}},
};
static const eager__conv_kind depthwise[3] = {{2, true, EAGER__CONV_FORWARD},
                                              {2, true, EAGER__CONV_TO_INPUT},
                                              {2, true, EAGER__CONV_TO_FILTER}};

enum {
  CONV1D,
  CONV2D,
  CONV2D_INPUT,
  CONV2D_FILTER,
  CONV3D,
  CONV3D_INPUT,
  CONV3D_FILTER,
  DEPTHWISE,
  DEPTHWISE_INPUT,
  DEPTHWISE_FILTER,
  COUNT
};

static const eager__op ops[COUNT] = {
    [CONV1D] = {.name = "Conv1D",
                .typed = "eager_conv1d",
                .dtypes = EAGER__FLOATS | EAGER__BIT(EAGER_INT32),
                .attrs = {STEPS, PADDING, NWC},
                .data = &kinds[1][0],
                FORWARD},
    [CONV2D] = {.name = "Conv2D",
                .typed = "eager_conv2d",
                .dtypes = EAGER__FLOATS | EAGER__BIT(EAGER_INT32),
                .attrs = {STEPS, PADDING, NHWC, EXPLICIT, CUDNN},
                .data = &kinds[2][0],
                FORWARD},
    [CONV2D_INPUT] = {.name = "Conv2DBackpropInput",
                      .typed = "eager_conv2d_transpose",
                      .dtypes = EAGER__FLOATS | EAGER__BIT(EAGER_INT32),
                      .attrs = {STEPS, PADDING, NHWC, EXPLICIT, CUDNN, INPUT_SIZES},
                      .data = &kinds[2][1],
                      TO_INPUT},
    [CONV2D_FILTER] = {.name = "Conv2DBackpropFilter",
                       .typed = "eager_conv2d_backprop_filter",
                       .dtypes = EAGER__FLOATS,
                       .attrs = {STEPS, PADDING, NHWC, EXPLICIT, CUDNN, FILTER_SIZES},
                       .data = &kinds[2][2],
                       TO_FILTER},
    [CONV3D] = {.name = "Conv3D",
                .typed = "eager_conv3d",
                .dtypes = EAGER__FLOATS,
                .attrs = {STEPS, PADDING, NDHWC},
                .data = &kinds[3][0],
                FORWARD},
    [CONV3D_INPUT] = {.name = "Conv3DBackpropInputV2",
                      .typed = "eager_conv3d_transpose",
                      .dtypes = EAGER__FLOATS,
                      .attrs = {STEPS, PADDING, NDHWC, INPUT_SIZES},
                      .data = &kinds[3][1],
                      TO_INPUT},
    [CONV3D_FILTER] = {.name = "Conv3DBackpropFilterV2",
                       .typed = "eager_conv3d_backprop_filter",
                       .dtypes = EAGER__FLOATS,
                       .attrs = {STEPS, PADDING, NDHWC, FILTER_SIZES},
                       .data = &kinds[3][2],
                       TO_FILTER},
    [DEPTHWISE] = {.name = "DepthwiseConv2dNative",
                   .typed = "eager_depthwise_conv2d",
                   .dtypes = EAGER__FLOATS,
                   .attrs = {STEPS, PADDING, NHWC, EXPLICIT},
                   .data = &depthwise[0],
                   FORWARD},
    [DEPTHWISE_INPUT] = {.name = "DepthwiseConv2dNativeBackpropInput",
                         .typed = "eager_depthwise_conv2d_backprop_input",
                         .dtypes = EAGER__FLOATS,
                         .attrs = {STEPS, PADDING, NHWC, EXPLICIT, INPUT_SIZES},
                         .data = &depthwise[1],
                         TO_INPUT},
    [DEPTHWISE_FILTER] = {.name = "DepthwiseConv2dNativeBackpropFilter",
                          .typed = "eager_depthwise_conv2d_backprop_filter",
                          .dtypes = EAGER__FLOATS,
                          .attrs = {STEPS, PADDING, NHWC, EXPLICIT, FILTER_SIZES},
                          .data = &depthwise[2],
                          TO_FILTER},
};
const eager__op_list eager__ops_conv = {ops, COUNT};

/* ---- Typed ---- */

/* The options of every door, which are alike but for the number of axes. */
typedef struct conv_options {
  const int64_t *strides, *dilations; /* 0: 1 */
  const int64_t (*paddings)[2];       /* NULL: the op has none */
  eager_padding padding;
  eager_data_format format;
} conv_options;

/* One entry per axis of a tensor. */
static void fill_list(int64_t *list, const int64_t *values, int spatial, bool first) {
  for (int i = 0; i < spatial + 2; i++) list[i] = 1;
  for (int i = 0; i < spatial; i++)
    if (values[i] != 0) list[i + (first ? 2 : 1)] = values[i];
}

static eager_status run(int op, eager_tensor *a, eager_tensor *b, const conv_options *o,
                        const int64_t *sizes, eager_tensor **out) {
  static const char *const paddings[] = {"VALID", "SAME", "EXPLICIT"};
  static const char *const formats[EAGER__SPATIAL + 1][2] = {
      [1] = {"NWC", "NCW"}, [2] = {"NHWC", "NCHW"}, [3] = {"NDHWC", "NCDHW"}};
  const eager__conv_kind *kind = ops[op].data;
  int spatial = kind->spatial, rank = spatial + 2;
  bool first = o->format == EAGER_CHANNELS_FIRST;
  int64_t strides[EAGER__SPATIAL + 2], dilations[EAGER__SPATIAL + 2], explicit[8] = {0};
  fill_list(strides, o->strides, spatial, first);
  fill_list(dilations, o->dilations, spatial, first);
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], (eager_tensor *[]){a, b}, 2));
  eager__call_set_ints(&call, "strides", strides, (size_t)rank);
  eager__call_set_ints(&call, "dilations", dilations, (size_t)rank);
  bool known = o->padding <= EAGER_PADDING_EXPLICIT;
  eager__call_set_string(&call, "padding", known ? paddings[o->padding] : "unknown");
  known = o->format <= EAGER_CHANNELS_FIRST;
  eager__call_set_string(&call, "data_format", known ? formats[spatial][first] : "unknown");
  if (o->padding == EAGER_PADDING_EXPLICIT && o->paddings != NULL) {
    memcpy(explicit + (first ? 4 : 2), o->paddings, 4 * sizeof *explicit);
    eager__call_set_ints(&call, "explicit_paddings", explicit, 8);
  }
  if (sizes != NULL)
    eager__call_set_ints(
        &call, kind->part == EAGER__CONV_TO_INPUT ? "input_sizes" : "filter_sizes", sizes,
        (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status run_2d(int op, eager_tensor *a, eager_tensor *b,
                           const eager_conv2d_options *given, const int64_t *sizes,
                           eager_tensor **out) {
  static const eager_conv2d_options none = {0};
  const eager_conv2d_options *o = given != NULL ? given : &none;
  return run(
      op, a, b,
      &(conv_options){o->strides, o->dilations, o->paddings, o->padding, o->data_format},
      sizes, out);
}

static eager_status run_3d(int op, eager_tensor *a, eager_tensor *b,
                           const eager_conv3d_options *given, const int64_t *sizes,
                           eager_tensor **out) {
  static const eager_conv3d_options none = {0};
  const eager_conv3d_options *o = given != NULL ? given : &none;
  return run(op, a, b,
             &(conv_options){o->strides, o->dilations, NULL, o->padding, o->data_format},
             sizes, out);
}

eager_status eager_conv1d(eager_tensor *x, eager_tensor *filter,
                          const eager_conv1d_options *given, eager_tensor **out) {
  static const eager_conv1d_options none = {0};
  const eager_conv1d_options *o = given != NULL ? given : &none;
  return run(CONV1D, x, filter,
             &(conv_options){&o->stride, &o->dilation, NULL, o->padding, o->data_format},
             NULL, out);
}

eager_status eager_conv2d(eager_tensor *x, eager_tensor *filter,
                          const eager_conv2d_options *options, eager_tensor **out) {
  return run_2d(CONV2D, x, filter, options, NULL, out);
}

eager_status eager_conv2d_transpose(eager_tensor *x, eager_tensor *filter,
                                    const int64_t output_shape[4],
                                    const eager_conv2d_options *options,
                                    eager_tensor **out) {
  return run_2d(CONV2D_INPUT, filter, x, options, output_shape, out);
}

eager_status eager_conv2d_backprop_filter(eager_tensor *x, const int64_t filter_sizes[4],
                                          eager_tensor *out_backprop,
                                          const eager_conv2d_options *options,
                                          eager_tensor **out) {
  return run_2d(CONV2D_FILTER, x, out_backprop, options, filter_sizes, out);
}

eager_status eager_conv3d(eager_tensor *x, eager_tensor *filter,
                          const eager_conv3d_options *options, eager_tensor **out) {
  return run_3d(CONV3D, x, filter, options, NULL, out);
}

eager_status eager_conv3d_transpose(eager_tensor *x, eager_tensor *filter,
                                    const int64_t output_shape[5],
                                    const eager_conv3d_options *options,
                                    eager_tensor **out) {
  return run_3d(CONV3D_INPUT, filter, x, options, output_shape, out);
}

eager_status eager_conv3d_backprop_filter(eager_tensor *x, const int64_t filter_sizes[5],
                                          eager_tensor *out_backprop,
                                          const eager_conv3d_options *options,
                                          eager_tensor **out) {
  return run_3d(CONV3D_FILTER, x, out_backprop, options, filter_sizes, out);
}

eager_status eager_depthwise_conv2d(eager_tensor *x, eager_tensor *filter,
                                    const eager_conv2d_options *options,
                                    eager_tensor **out) {
  return run_2d(DEPTHWISE, x, filter, options, NULL, out);
}

eager_status eager_depthwise_conv2d_backprop_input(const int64_t input_sizes[4],
                                                   eager_tensor *filter,
                                                   eager_tensor *out_backprop,
                                                   const eager_conv2d_options *options,
                                                   eager_tensor **out) {
  return run_2d(DEPTHWISE_INPUT, filter, out_backprop, options, input_sizes, out);
}

eager_status eager_depthwise_conv2d_backprop_filter(eager_tensor *x,
                                                    const int64_t filter_sizes[4],
                                                    eager_tensor *out_backprop,
                                                    const eager_conv2d_options *options,
                                                    eager_tensor **out) {
  return run_2d(DEPTHWISE_FILTER, x, out_backprop, options, filter_sizes, out);
}
