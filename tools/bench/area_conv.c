/* Convolutions and their gradients beside oneDNN, in both data formats. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "host_conv.h"

/* SAME padding, as convolutional networks have it. */
typedef struct layer {
  const char *kind;
  int64_t batch, side, channels, filters, size, stride;
  bool depthwise, quick; /* quick: also where smaller inputs are asked for */
} layer;

static const layer layers[] = {
    {"3x3", 32, 56, 64, 64, 3, 1, false, false},
    {"3x3", 8, 28, 128, 128, 3, 1, false, true},
    {"3x3", 8, 14, 256, 256, 3, 1, false, true},
    {"3x3", 1, 56, 64, 64, 3, 1, false, true},
    {"3x3", 32, 112, 32, 32, 3, 1, false, false},
    {"1x1", 8, 56, 64, 256, 1, 1, false, true},
    {"1x1", 8, 14, 1024, 256, 1, 1, false, true},
    {"7x7/2", 4, 224, 3, 64, 7, 2, false, true},
    {"depthwise", 8, 112, 32, 32, 3, 1, true, true},
    {"depthwise", 8, 14, 512, 512, 3, 1, true, true},
    {"depthwise/2", 8, 112, 64, 64, 3, 2, true, false},
};

static host_conv_shape shape_of(const layer *l) {
  host_conv_shape s = {.batch = l->batch,
                       .side = l->side,
                       .channels = l->channels,
                       .filters = l->filters,
                       .size = l->size,
                       .stride = l->stride,
                       .depthwise = l->depthwise};
  s.out_side = (l->side + l->stride - 1) / l->stride;
  int64_t padding = (s.out_side - 1) * l->stride + l->size - l->side;
  if (padding < 0) padding = 0;
  s.before = padding / 2;
  s.after = padding - s.before;
  return s;
}

enum { X, W, Y, OPERANDS };

typedef struct conv {
  host_conv_shape shape;
  host_conv_part part;
  eager_conv2d_options options;
  int64_t dims[OPERANDS][4];
  size_t counts[OPERANDS];
  float *values[OPERANDS];
  eager_tensor *tensors[OPERANDS];
  host_conv *host;
} conv;

static eager_status execute(const conv *c, eager_tensor **out) {
  eager_tensor *x = c->tensors[X], *w = c->tensors[W], *y = c->tensors[Y];
  const eager_conv2d_options *o = &c->options;
  bool depthwise = c->shape.depthwise;
  switch (c->part) {
  case HOST_CONV_FORWARD:
    return depthwise ? eager_depthwise_conv2d(x, w, o, out) : eager_conv2d(x, w, o, out);
  case HOST_CONV_INPUT:
    return depthwise ? eager_depthwise_conv2d_backprop_input(c->dims[X], w, y, o, out)
                     : eager_conv2d_transpose(y, w, c->dims[X], o, out);
  default:
    return depthwise ? eager_depthwise_conv2d_backprop_filter(x, c->dims[W], y, o, out)
                     : eager_conv2d_backprop_filter(x, c->dims[W], y, o, out);
  }
}

static bool ours(void *state) {
  eager_tensor *out = NULL;
  bool made = execute(state, &out) == EAGER_OK;
  eager_tensor_release(out);
  return made;
}

static bool theirs(void *state) {
  return host_conv_run(((conv *)state)->host);
}

/* Of sums of products of numbers in [-1, 1): most lie within the root of how many there
 * are, and so do the errors of sums that come out near 0. */
static double tolerance_of(const conv *c) {
  const host_conv_shape *s = &c->shape;
  double pixels = (double)(s->batch * s->out_side * s->out_side);
  return c->part == HOST_CONV_FILTER ? 2e-5 * sqrt(pixels) : 1e-4;
}

static bool check(bench *b, const char *name, conv *c) {
  static const int results[] = {Y, X, W};
  int result = results[c->part];
  float *expected = bench_alloc(c->counts[result] * sizeof(float));
  eager_tensor *out = NULL;
  bool right = expected && host_conv_run(c->host) && host_conv_get(c->host, expected);
  if (!right) bench_fail(b, name, "the reference failed");
  if (right && execute(c, &out) != EAGER_OK) right = bench_fail(b, name, NULL);
  right = right && bench_same(b, name, out, expected, c->counts[result], tolerance_of(c));
  eager_tensor_release(out);
  bench_free(expected);
  return right;
}

static void name_row(const layer *l, bool channels_first, host_conv_part part, bool blocked,
                     char *name, size_t size) {
  static const char *const parts[] = {"forward", "input gradient", "filter gradient"};
  snprintf(name, size, "%s %dx%dx%dx%d->%d %s %s%s", l->kind, (int)l->batch, (int)l->side,
           (int)l->side, (int)l->channels, (int)l->filters,
           channels_first ? "nchw" : "nhwc", parts[part], blocked ? "" : ", plain");
}

static void run_side(bench *b, const layer *l, conv *c, bool channels_first, bool blocked) {
  static const int sides[][2] = {{X, W}, {Y, W}, {X, Y}};
  const host_conv_shape *s = &c->shape;
  char name[64], reference[24], note[160];
  name_row(l, channels_first, c->part, blocked, name, sizeof name);
  if (!bench_wants(b, name)) return;
  c->host = host_conv_create(s, c->part, channels_first, blocked);
  if (!c->host) {
    bench_skip(b, name, "no oneDNN, or none that does this");
    return;
  }
  snprintf(reference, sizeof reference, "oneDNN %s", blocked ? "blocked" : "plain");
  snprintf(note, sizeof note, "%s%s", host_conv_name(c->host),
           blocked ? "; its layouts of input, output and filter are made outside the timing"
                   : "; its layout of the filter is made outside the timing");
  const int *side = sides[c->part];
  if (!host_conv_set(c->host, c->values[side[0]], c->values[side[1]]))
    bench_fail(b, name, "the reference failed");
  else if (check(b, name, c))
    bench_run(b, &(bench_row){
                     .name = name,
                     .reference = reference,
                     .ours = {ours, bench_synchronize},
                     .other = {theirs, NULL},
                     .state = c,
                     .bytes = 4.0 * (double)(c->counts[X] + c->counts[W] + c->counts[Y]),
                     .flops = 2.0 * (double)(c->counts[Y] * s->size * s->size) *
                              (double)(s->depthwise ? 1 : s->channels),
                     .goal = blocked ? 0.9 : 0,
                     .note = note,
                 });
  host_conv_free(c->host);
}

static void set_dims(int64_t dims[4], int64_t batch, int64_t side, int64_t channels,
                     bool channels_first) {
  dims[0] = batch;
  dims[1] = dims[2] = dims[3] = side;
  dims[channels_first ? 1 : 3] = channels;
}

static bool make_operands(bench *b, conv *c, bool channels_first) {
  const host_conv_shape *s = &c->shape;
  set_dims(c->dims[X], s->batch, s->side, s->channels, channels_first);
  set_dims(c->dims[Y], s->batch, s->out_side, s->filters, channels_first);
  const int64_t filter[] = {s->size, s->size, s->channels, s->depthwise ? 1 : s->filters};
  memcpy(c->dims[W], filter, sizeof filter);
  for (int i = 0; i < OPERANDS; i++) {
    c->counts[i] = 1;
    for (int d = 0; d < 4; d++) c->counts[i] *= (size_t)c->dims[i][d];
    c->values[i] = bench_alloc(c->counts[i] * sizeof(float));
    if (!c->values[i]) return bench_fail(b, "an input", "out of memory");
    bench_random_floats(b, c->values[i], c->counts[i], -1, 1);
    c->tensors[i] = bench_tensor(b, c->values[i], 4, c->dims[i]);
    if (!c->tensors[i]) return false;
  }
  return true;
}

static bool wants_layer(const bench *b, const layer *l, bool channels_first) {
  char name[64];
  for (int row = 0; row < 6; row++) {
    name_row(l, channels_first, (host_conv_part)(row / 2), row % 2, name, sizeof name);
    if (bench_wants(b, name)) return true;
  }
  return false;
}

static void run_layer(bench *b, const layer *l, bool channels_first) {
  if (!wants_layer(b, l, channels_first)) return;
  conv c = {.shape = shape_of(l),
            .options = {.strides = {l->stride, l->stride},
                        .padding = EAGER_PADDING_SAME,
                        .data_format = channels_first ? EAGER_CHANNELS_FIRST : 0}};
  if (make_operands(b, &c, channels_first))
    for (int part = HOST_CONV_FORWARD; part <= HOST_CONV_FILTER; part++) {
      c.part = (host_conv_part)part;
      run_side(b, l, &c, channels_first, true);
      run_side(b, l, &c, channels_first, false);
    }
  for (int i = 0; i < OPERANDS; i++) {
    eager_tensor_release(c.tensors[i]);
    bench_free(c.values[i]);
  }
}

void bench_conv(bench *b) {
  for (int first = 0; first < 2; first++)
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
      if (layers[i].quick || !bench_quick(b)) run_layer(b, &layers[i], first);
}
