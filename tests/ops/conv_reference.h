/* Convolutions as plain loops over every product, and a case run and compared with them.
 * Included by one test file each. */
#ifndef EAGER_TESTS_OPS_CONV_REFERENCE_H
#define EAGER_TESTS_OPS_CONV_REFERENCE_H

#include <math.h>

#include "test.h"
#include "test_values.h"

typedef enum conv_part { FORWARD, TO_INPUT, TO_FILTER } conv_part;

typedef struct conv_case {
  int spatial;
  bool depthwise, first;                    /* channels first */
  int64_t batch, channels, groups, filters; /* depthwise: groups are the channels */
  int64_t in[3], size[3], stride[3], dilation[3];
  char padding; /* S, V or E */
  int64_t pads[3][2];
} conv_case;

/* Every array as [batch, d, h, w, channels] or the filter's [d, h, w, channels, filters].
 */
typedef struct geometry {
  int64_t in[3], out[3], size[3], stride[3], dilation[3], before[3];
  int64_t batch, channels, filters, groups;
} geometry;

static int64_t most(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* By definition: SAME has ceil(in / stride) positions; else the window must fit. */
static geometry work_out(const conv_case *c) {
  geometry s = {.batch = c->batch,
                .channels = c->channels,
                .filters = c->filters,
                .groups = c->groups};
  for (int i = 0; i < 3; i++) {
    bool there = i < c->spatial;
    int at = 3 - c->spatial + i; /* the missing axes are the outer ones */
    if (!there) at = i - c->spatial;
    s.in[at] = there ? c->in[i] : 1;
    s.size[at] = there ? c->size[i] : 1;
    s.stride[at] = there ? c->stride[i] : 1;
    s.dilation[at] = there ? c->dilation[i] : 1;
    int64_t reach = (s.size[at] - 1) * s.dilation[at];
    if (c->padding == 'S') {
      s.out[at] = (int64_t)ceil((double)s.in[at] / (double)s.stride[at]);
      int64_t total = most((s.out[at] - 1) * s.stride[at] + reach + 1 - s.in[at], 0);
      s.before[at] = total / 2;
      continue;
    }
    bool explicit = c->padding == 'E' && there;
    s.before[at] = explicit ? c->pads[i][0] : 0;
    int64_t room = s.in[at] + (explicit ? c->pads[i][0] + c->pads[i][1] : 0);
    while (s.out[at] * s.stride[at] + reach < room) s.out[at]++;
  }
  return s;
}

/* Calls back for every product of y[y] += x[x] * w[w]. */
static void each_product(const geometry *s,
                         void (*visit)(void *argument, int64_t x, int64_t w, int64_t y),
                         void *argument) {
  int64_t group_in = s->channels / s->groups, group_out = s->filters / s->groups;
  int64_t taps = s->size[0] * s->size[1] * s->size[2];
  int64_t pixels = s->out[0] * s->out[1] * s->out[2];
  for (int64_t p = 0; p < s->batch * pixels; p++)
    for (int64_t t = 0; t < taps; t++) {
      int64_t o[3] = {p / (s->out[1] * s->out[2]) % s->out[0], p / s->out[2] % s->out[1],
                      p % s->out[2]};
      int64_t k[3] = {t / (s->size[1] * s->size[2]), t / s->size[2] % s->size[1],
                      t % s->size[2]};
      int64_t at = p / pixels;
      bool there = true;
      for (int i = 0; i < 3; i++) {
        int64_t q = o[i] * s->stride[i] + k[i] * s->dilation[i] - s->before[i];
        there = there && q >= 0 && q < s->in[i];
        at = at * s->in[i] + q;
      }
      for (int64_t f = 0; there && f < s->filters; f++)
        for (int64_t c = 0; c < group_in; c++)
          visit(argument, at * s->channels + f / group_out * group_in + c,
                (t * group_in + c) * s->filters + f, p * s->filters + f);
    }
}

typedef struct sums {
  conv_part part;
  const double *x, *w, *y;
  double *sum, *size;
  int64_t *terms;
} sums;

static void add(void *argument, int64_t x, int64_t w, int64_t y) {
  sums *s = argument;
  int64_t at = s->part == FORWARD ? y : s->part == TO_INPUT ? x : w;
  double product = s->part == FORWARD    ? s->x[x] * s->w[w]
                   : s->part == TO_INPUT ? s->y[y] * s->w[w]
                                         : s->x[x] * s->y[y];
  s->sum[at] += product;
  s->size[at] += fabs(product);
  s->terms[at]++;
}

/* Position in the tensor of pixel element `i` of [batch, pixels, channels]. */
static int64_t place(int64_t i, bool first, int64_t pixels, int64_t channels) {
  if (!first) return i;
  int64_t c = i % channels, p = i / channels % pixels, n = i / channels / pixels;
  return (n * channels + c) * pixels + p;
}

typedef struct arrays {
  int64_t counts[3], pixels[3], channels[3]; /* x, w, y */
  test_shape shapes[3];
  double *values[3];
} arrays;

enum { X, W, Y };

static test_shape shape_of(const conv_case *c, const int64_t *extents, int64_t batch,
                           int64_t channels) {
  test_shape shape = {c->spatial + 2, {0}};
  shape.dims[0] = batch;
  shape.dims[c->first ? 1 : c->spatial + 1] = channels;
  for (int i = 0; i < c->spatial; i++) shape.dims[i + (c->first ? 2 : 1)] = extents[i];
  return shape;
}

static arrays make_arrays(const conv_case *c, const geometry *s, eager_dtype dtype) {
  const int64_t *in = s->in + (3 - c->spatial), *out = s->out + (3 - c->spatial);
  int64_t group_in = s->channels / s->groups;
  arrays a = {
      .pixels = {s->in[0] * s->in[1] * s->in[2], 0, s->out[0] * s->out[1] * s->out[2]},
      .channels = {s->channels, 0, s->filters}};
  a.shapes[X] = shape_of(c, in, s->batch, s->channels);
  a.shapes[Y] = shape_of(c, out, s->batch, s->filters);
  a.shapes[W] = (test_shape){c->spatial + 2, {0}};
  for (int i = 0; i < c->spatial; i++) a.shapes[W].dims[i] = c->size[i];
  a.shapes[W].dims[c->spatial] = c->depthwise ? s->channels : group_in;
  a.shapes[W].dims[c->spatial + 1] = s->filters / (c->depthwise ? s->channels : 1);
  for (int k = 0; k < 3; k++) {
    a.counts[k] = test_elements(a.shapes[k]);
    a.values[k] = test_random_values(dtype, a.counts[k], -9, 9);
  }
  return a;
}

/* Which array a part makes. */
static int result_of(conv_part part) {
  return part == FORWARD ? Y : part == TO_INPUT ? X : W;
}

/* All products added up where they go. */
static sums add_all(const geometry *s, const arrays *a, conv_part part) {
  size_t room = (size_t)(a->counts[result_of(part)] + 1);
  sums want = {part,
               a->values[X],
               a->values[W],
               a->values[Y],
               test_alloc(room * sizeof(double)),
               test_alloc(room * sizeof(double)),
               test_alloc(room * sizeof(int64_t))};
  each_product(s, add, &want);
  return want;
}

static eager_tensor *make_tensor(const conv_case *c, const arrays *a, int k,
                                 eager_dtype dtype) {
  double *values = test_alloc((size_t)(a->counts[k] + 1) * sizeof *values);
  bool first = c->first && k != W;
  for (int64_t i = 0; i < a->counts[k]; i++)
    values[place(i, first, a->pixels[k], a->channels[k])] = a->values[k][i];
  return test_view(dtype, a->shapes[k], values, 3);
}

/* ---- By name ---- */

static void set_list(eager_op *op, const char *name, const conv_case *c,
                     const int64_t *values) {
  int64_t list[5] = {1, 1, 1, 1, 1};
  for (int i = 0; i < c->spatial; i++) list[i + (c->first ? 2 : 1)] = values[i];
  assert_ok(eager_op_set_attr_int_list(op, name, list, (size_t)c->spatial + 2));
}

static const char *raw_name(const conv_case *c, conv_part part) {
  static const char *const names[4][3] = {
      {"DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput",
       "DepthwiseConv2dNativeBackpropFilter"},
      {"Conv1D", NULL, NULL},
      {"Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"},
      {"Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"}};
  return names[c->depthwise ? 0 : c->spatial][part];
}

static eager_status execute(const conv_case *c, conv_part part, eager_tensor *a,
                            eager_tensor *b, test_shape sizes, eager_tensor **out) {
  static const char *const formats[4][2] = {
      {0}, {"NWC", "NCW"}, {"NHWC", "NCHW"}, {"NDHWC", "NCDHW"}};
  eager_op *op;
  assert_ok(eager_op_new(raw_name(c, part), &op));
  assert_ok(eager_op_add_input(op, a));
  assert_ok(eager_op_add_input(op, b));
  set_list(op, "strides", c, c->stride);
  set_list(op, "dilations", c, c->dilation);
  assert_ok(eager_op_set_attr_string(op, "padding",
                                     c->padding == 'S'   ? "SAME"
                                     : c->padding == 'V' ? "VALID"
                                                         : "EXPLICIT"));
  assert_ok(eager_op_set_attr_string(op, "data_format", formats[c->spatial][c->first]));
  if (c->padding == 'E') {
    int64_t pads[8] = {0};
    memcpy(pads + (c->first ? 4 : 2), c->pads, 4 * sizeof *pads);
    assert_ok(eager_op_set_attr_int_list(op, "explicit_paddings", pads, 8));
  }
  if (part != FORWARD)
    assert_ok(eager_op_set_attr_int_list(op,
                                         part == TO_INPUT ? "input_sizes" : "filter_sizes",
                                         sizes.dims, (size_t)sizes.rank));
  int count = 1;
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

/* ---- Comparing ---- */

/* Roundings of a sum of n products in any order: n of them, each at most half an epsilon of
 * the sum of their sizes; then one to the dtype. */
static void expect(eager_tensor *t, eager_dtype dtype, const conv_case *c, const arrays *a,
                   int k, const sums *want, const char *what) {
  assert_int_equal(eager_tensor_dtype(t), dtype);
  assert_int_equal(eager_tensor_rank(t), a->shapes[k].rank);
  for (int d = 0; d < a->shapes[k].rank; d++)
    if (eager_tensor_dim(t, d) != a->shapes[k].dims[d])
      fail_msg("%s: extent %d is %d, expected %d", what, d, (int)eager_tensor_dim(t, d),
               (int)a->shapes[k].dims[d]);
  const double *got = test_read(t);
  eager_dtype computed = dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32;
  bool exact = !test_is_float(dtype);
  for (int64_t i = 0; i < a->counts[k]; i++) {
    double bound = want->size[i] * test_epsilon(computed) * (double)(want->terms[i] + 1);
    test_tolerance tolerance = exact ? TEST_EXACT : (test_tolerance){1, bound};
    double x = got[place(i, c->first && k != W, a->pixels[k], a->channels[k])];
    if (!test_is_close(dtype, x, want->sum[i], tolerance))
      fail_msg("%s: element %d of %d is %.9g, expected %.9g", what, (int)i,
               (int)a->counts[k], x, want->sum[i]);
  }
  eager_tensor_release(t);
}

static const char *describe(const conv_case *c, conv_part part, eager_dtype dtype) {
  return test_text(
      "%s %s: batch %d, %d channels in %d groups to %d, in %d %d %d, filter %d %d %d, "
      "stride %d %d %d, dilation %d %d %d, %c%s, pads %d %d %d %d",
      raw_name(c, part), eager_dtype_name(dtype), (int)c->batch, (int)c->channels,
      (int)c->groups, (int)c->filters, (int)c->in[0], (int)c->in[1], (int)c->in[2],
      (int)c->size[0], (int)c->size[1], (int)c->size[2], (int)c->stride[0],
      (int)c->stride[1], (int)c->stride[2], (int)c->dilation[0], (int)c->dilation[1],
      (int)c->dilation[2], c->padding, c->first ? " channels first" : "",
      (int)c->pads[0][0], (int)c->pads[0][1], (int)c->pads[1][0], (int)c->pads[1][1]);
}

#endif
