/* Windows that slide over one to three spatial axes, as convolutions and poolings have
 * them: TensorFlow's attributes, and the sums of SAME, VALID and EXPLICIT. */
#ifndef EAGER_OPS_WINDOW_H
#define EAGER_OPS_WINDOW_H

#include "runtime/op_record.h"

enum { EAGER__SPATIAL = 3 };

typedef enum eager__padding {
  EAGER__PADDING_VALID,
  EAGER__PADDING_SAME,
  EAGER__PADDING_EXPLICIT,
} eager__padding;

/* One spatial axis. Extents are -1 while unknown. */
typedef struct eager__window_axis {
  int64_t in, size, out; /* extents of the input, the window, the output */
  int64_t stride, dilation;
  int64_t before, after; /* padding, EXPLICIT's or what place computes */
} eager__window_axis;

typedef struct eager__window {
  int spatial; /* axes, 1 to 3; those behind are {in 1, size 1, out 1, stride 1, ...} */
  bool channels_first;
  eager__padding padding;
  eager__window_axis axes[EAGER__SPATIAL]; /* the outermost first */
} eager__window;

/* An attribute with one entry per axis of a tensor: strides, dilations, ksize. */
typedef struct eager__window_list {
  int64_t batch, channel, spatial[EAGER__SPATIAL];
} eager__window_list;

/* Reads data_format: NWC NCW, NHWC NCHW, NDHWC NCDHW; default where the op lacks it. All of
 * `out` but spatial and channels_first is as of a window of one element. */
eager_status eager__window_begin(const eager__call *call, int spatial, eager__window *out);

/* The list `name` split by data_format; ones when it is not given. INVALID_ARGUMENT unless
 * it has spatial + 2 entries. */
eager_status eager__window_list_get(const eager__call *call, const char *name,
                                    const eager__window *window, eager__window_list *out);

/* Reads strides and, where the op has them, dilations: 1 for batch and depth, else 1 or
 * more. */
eager_status eager__window_read_steps(const eager__call *call, eager__window *window);

/* Reads padding and, where the op has it, explicit_paddings. */
eager_status eager__window_read_padding(const eager__call *call, eager__window *window);

/* Sets out and the padding of SAME from in, size, stride and dilation. INVALID_ARGUMENT
 * when out would be negative. The formulas are TensorFlow's GetWindowedOutputSize, which
 * divides towards zero:
 *   SAME   out = ceil(in / stride),
 *          before + after = max((out - 1) * stride + (size - 1) * dilation + 1 - in, 0),
 *          before the smaller half
 *   else   out = (in + before + after - ((size - 1) * dilation + 1) + stride) / stride */
eager_status eager__window_place(eager__window_axis *axis, eager__padding padding);

/* Which axis of a tensor in the window's data format. */
int eager__window_channel_axis(const eager__window *window);
int eager__window_spatial_axis(const eager__window *window, int i);

/* The shape of the output in the window's data format. */
eager__shape eager__window_out_shape(const eager__window *window, int64_t batch,
                                     int64_t channels);

#endif
