/* MaxPool, AvgPool, their 3-D forms and gradients. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "ops/shape_attr.h"
#include "ops/window.h"
#include "runtime/commands.h"
#include "runtime/run.h"

/* As in pool.cl. */
typedef struct pooling {
  int64_t inner, tiles, lanes, count;
  int64_t in[3], out[3], size[3], stride[3], before[3];
} pooling;

typedef struct kind {
  int spatial;
  bool is_max;
} kind;

typedef struct geometry {
  eager__window window;
  int64_t batch, channels;
} geometry;

/* --- Reading a call --- */

static eager_status read_sizes(const eager__call *call, geometry *g) {
  eager__window_list sizes;
  EAGER__TRY(eager__window_list_get(call, "ksize", &g->window, &sizes));
  EAGER__REQUIRE(sizes.batch == 1 && sizes.channel == 1, EAGER_UNIMPLEMENTED,
                 "Pooling over the batch or depth dimension is not supported");
  for (int i = 0; i < g->window.spatial; i++) {
    EAGER__REQUIRE(
        sizes.spatial[i] > 0 && sizes.spatial[i] <= INT32_MAX, EAGER_INVALID_ARGUMENT,
        "Sliding window ksize must be larger than 0, got %" PRId64, sizes.spatial[i]);
    g->window.axes[i].size = sizes.spatial[i];
  }
  return EAGER_OK;
}

/* The window as it slides over an input of shape x. */
static eager_status read_geometry(const eager__call *call, const eager__shape *x,
                                  geometry *g) {
  const kind *of = call->op->data;
  EAGER__TRY(eager__window_begin(call, of->spatial, &g->window));
  EAGER__REQUIRE(x->rank == of->spatial + 2, EAGER_INVALID_ARGUMENT,
                 "input must be %d-dimensional, got rank %d", of->spatial + 2, x->rank);
  EAGER__TRY(read_sizes(call, g));
  EAGER__TRY(eager__window_read_steps(call, &g->window));
  EAGER__TRY(eager__window_read_padding(call, &g->window));
  g->batch = x->dims[0];
  g->channels = x->dims[eager__window_channel_axis(&g->window)];
  for (int i = 0; i < of->spatial; i++) {
    eager__window_axis *axis = &g->window.axes[i];
    axis->in = x->dims[eager__window_spatial_axis(&g->window, i)];
    EAGER__REQUIRE(g->window.padding != EAGER__PADDING_EXPLICIT ||
                       (axis->before < axis->size && axis->after < axis->size),
                   EAGER_INVALID_ARGUMENT,
                   "explicit padding must be smaller than the window: %" PRId64
                   " and %" PRId64 " beside %" PRId64,
                   axis->before, axis->after, axis->size);
    EAGER__TRY(eager__window_place(axis, g->window.padding));
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  geometry g;
  EAGER__TRY(read_geometry(call, call->inputs[0].shape, &g));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = eager__window_out_shape(&g.window, g.batch, g.channels);
  return EAGER_OK;
}

static eager_status check_like(const eager__call *call, int input,
                               const eager__shape *wanted) {
  const eager__shape *shape = call->inputs[input].shape;
  bool like = shape->rank == wanted->rank;
  for (int d = 0; like && d < wanted->rank; d++)
    like = shape->dims[d] == wanted->dims[d] || shape->dims[d] < 0 || wanted->dims[d] < 0;
  char got[EAGER__SHAPE_TEXT], expected[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(like, EAGER_INVALID_ARGUMENT, "Expected %s shape to be %s, but got %s",
                 call->op->inputs[input].name, eager__shape_text(wanted, expected),
                 eager__shape_text(shape, got));
  return EAGER_OK;
}

static eager_status input_shape(const eager__call *call, eager__shape *out) {
  const kind *of = call->op->data;
  if (!of->is_max) return eager__shape_attr_get(call, "orig_input_shape", call->dtype, out);
  *out = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status infer_gradient(eager__call *call) {
  const kind *of = call->op->data;
  geometry g;
  eager__shape x;
  EAGER__TRY(input_shape(call, &x));
  EAGER__TRY(read_geometry(call, &x, &g));
  eager__shape y = eager__window_out_shape(&g.window, g.batch, g.channels);
  if (of->is_max) EAGER__TRY(check_like(call, 1, &y));
  EAGER__TRY(check_like(call, of->is_max ? 2 : 0, &y));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = x;
  return EAGER_OK;
}

/* --- Launching --- */

static pooling describe(const geometry *g) {
  pooling p = {.inner = g->window.channels_first ? 1 : g->channels};
  int lead = EAGER__SPATIAL - g->window.spatial; /* the innermost axes come last */
  for (int i = 0; i < EAGER__SPATIAL; i++) {
    eager__window_axis axis = {1, 1, 1, 1, 1, 0, 0};
    if (i >= lead) axis = g->window.axes[i - lead];
    p.in[i] = axis.in;
    p.out[i] = axis.out;
    p.size[i] = axis.size;
    p.stride[i] = axis.stride;
    p.before[i] = axis.before;
  }
  return p;
}

/* A work-item's loops: over a window, or over the windows round an element. */
static eager_status check_trips(const eager__commands *commands, const pooling *p) {
  int64_t most = eager__commands_traits(commands)->loop_limit;
  if (!most) return EAGER_OK;
  double trips = 1;
  for (int i = 0; i < EAGER__SPATIAL; i++)
    trips *= (double)eager__at_most(p->size[i], p->in[i]) + 2;
  EAGER__REQUIRE(trips < (double)most, EAGER_UNIMPLEMENTED,
                 "a window of %" PRId64 " x %" PRId64 " x %" PRId64
                 " elements is too large for this device",
                 p->size[0], p->size[1], p->size[2]);
  return EAGER_OK;
}

static eager_status end(eager__commands *commands, int64_t count) {
  return eager__kernel_end(commands, eager__grid_1d(count, eager__group_size(commands)));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const kind *of = call->op->data;
  const eager__traits *traits = eager__commands_traits(commands);
  geometry g;
  EAGER__TRY(read_geometry(call, call->inputs[0].shape, &g));
  pooling p = describe(&g);
  EAGER__TRY(check_trips(commands, &p));
  p.lanes = traits->cpu_like && p.inner > 1 ? traits->vector_width : 1;
  p.tiles = eager__ceil_div(p.inner, p.lanes);
  p.count = eager__shape_elements(&call->outputs[0].shape) / p.inner * p.tiles;
  eager__kernel_begin(commands, &eager__family_pool, call->dtype,
                      of->is_max ? "max_pool" : "mean_pool");
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &p, sizeof p);
  return end(commands, p.count);
}

static eager_status launch_max_gradient(eager__call *call, eager__commands *commands) {
  geometry g;
  EAGER__TRY(read_geometry(call, call->inputs[0].shape, &g));
  pooling p = describe(&g);
  EAGER__TRY(check_trips(commands, &p));
  int64_t place_count = eager__shape_elements(call->inputs[2].shape);
  int64_t plane = p.in[0] * p.in[1] * p.in[2];
  EAGER__REQUIRE(plane <= INT32_MAX, EAGER_UNIMPLEMENTED,
                 "more than 2^31 - 1 elements of one channel");
  int places =
      eager__scratch(commands, (size_t)eager__at_least(place_count, 1) * sizeof(int32_t));
  if (place_count > 0) {
    p.count = place_count;
    eager__kernel_begin(commands, &eager__family_pool, call->dtype, "max_places");
    eager__arg_input(commands, 0);
    eager__arg_scratch(commands, places);
    eager__arg_bytes(commands, &p, sizeof p);
    EAGER__TRY(end(commands, p.count));
  }
  p.count = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, &eager__family_pool, call->dtype, "max_pool_back");
  eager__arg_input(commands, 2);
  eager__arg_scratch(commands, places);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &p, sizeof p);
  return end(commands, p.count);
}

static eager_status launch_mean_gradient(eager__call *call, eager__commands *commands) {
  geometry g;
  eager__shape x;
  EAGER__TRY(input_shape(call, &x));
  EAGER__TRY(read_geometry(call, &x, &g));
  pooling p = describe(&g);
  EAGER__TRY(check_trips(commands, &p));
  p.count = eager__shape_elements(&x);
  eager__kernel_begin(commands, &eager__family_pool, call->dtype, "mean_pool_back");
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &p, sizeof p);
  return end(commands, p.count);
}

/* --- Records --- */

#define WINDOW_ATTRS                                                                       \
  {.name = "ksize", EAGER__ATTR_INT_LIST, .required = true},                               \
      {.name = "strides", EAGER__ATTR_INT_LIST, .required = true}, {                       \
    .name = "padding", EAGER__ATTR_STRING, .required = true                                \
  }
#define EXPLICIT                                                                           \
  { .name = "explicit_paddings", EAGER__ATTR_INT_LIST }
#define FORMAT_2D                                                                          \
  { .name = "data_format", EAGER__ATTR_STRING, .text = "NHWC" }
#define FORMAT_3D                                                                          \
  { .name = "data_format", EAGER__ATTR_STRING, .text = "NDHWC" }

static const kind max_2d = {2, true}, mean_2d = {2, false};
static const kind max_3d = {3, true}, mean_3d = {3, false};

#define SHAPE                                                                              \
  { .name = "orig_input_shape", EAGER__ATTR_INT_LIST, .required = true }
#define BACK_FROM                                                                          \
  {                                                                                        \
    {.name = "orig_input"}, {.name = "orig_output"}, {                                     \
      .name = "grad"                                                                       \
    }                                                                                      \
  }

enum { MAX, MAX3D, MAX_GRAD, MAX3D_GRAD, AVG, AVG3D, AVG_GRAD, AVG3D_GRAD, COUNT };
static const eager__op ops[COUNT] = {
    [MAX] = {.name = "MaxPool",
             .typed = "eager_max_pool2d",
             .inputs = {{.name = "input"}},
             .dtypes = EAGER__NUMBERS,
             .infer = infer,
             .launch = launch,
             .data = &max_2d,
             .attrs = {WINDOW_ATTRS, EXPLICIT, FORMAT_2D}},
    [MAX3D] = {.name = "MaxPool3D",
               .typed = "eager_max_pool3d",
               .inputs = {{.name = "input"}},
               .dtypes = EAGER__NUMBERS,
               .infer = infer,
               .launch = launch,
               .data = &max_3d,
               .attrs = {WINDOW_ATTRS, FORMAT_3D}},
    [MAX_GRAD] = {.name = "MaxPoolGrad",
                  .typed = "eager_max_pool2d_grad",
                  .inputs = BACK_FROM,
                  .dtypes = EAGER__NUMBERS,
                  .infer = infer_gradient,
                  .launch = launch_max_gradient,
                  .data = &max_2d,
                  .attrs = {WINDOW_ATTRS, EXPLICIT, FORMAT_2D}},
    [MAX3D_GRAD] = {.name = "MaxPool3DGrad",
                    .typed = "eager_max_pool3d_grad",
                    .inputs = BACK_FROM,
                    .dtypes = EAGER__NUMBERS,
                    .infer = infer_gradient,
                    .launch = launch_max_gradient,
                    .data = &max_3d,
                    .attrs = {WINDOW_ATTRS, FORMAT_3D}},
    [AVG] = {.name = "AvgPool",
             .typed = "eager_avg_pool2d",
             .inputs = {{.name = "input"}},
             .dtypes = EAGER__FLOATS,
             .infer = infer,
             .launch = launch,
             .data = &mean_2d,
             .attrs = {WINDOW_ATTRS, FORMAT_2D}},
    [AVG3D] = {.name = "AvgPool3D",
               .typed = "eager_avg_pool3d",
               .inputs = {{.name = "input"}},
               .dtypes = EAGER__FLOATS,
               .infer = infer,
               .launch = launch,
               .data = &mean_3d,
               .attrs = {WINDOW_ATTRS, FORMAT_3D}},
    [AVG_GRAD] = {.name = "AvgPoolGrad",
                  .typed = "eager_avg_pool2d_grad",
                  .inputs = {{.name = "grad"}},
                  .dtypes = EAGER__FLOATS,
                  .infer = infer_gradient,
                  .launch = launch_mean_gradient,
                  .data = &mean_2d,
                  .attrs = {SHAPE, WINDOW_ATTRS, FORMAT_2D}},
    [AVG3D_GRAD] = {.name = "AvgPool3DGrad",
                    .typed = "eager_avg_pool3d_grad",
                    .inputs = {{.name = "grad"}},
                    .dtypes = EAGER__FLOATS,
                    .infer = infer_gradient,
                    .launch = launch_mean_gradient,
                    .data = &mean_3d,
                    .attrs = {SHAPE, WINDOW_ATTRS, FORMAT_3D}},
};
const eager__op_list eager__ops_pool = {ops, COUNT};

/* --- Doors --- */

static const char *const formats[2][2] = {{"NHWC", "NCHW"}, {"NDHWC", "NCDHW"}};
static const char *const paddings[] = {"VALID", "SAME", "EXPLICIT"};

static eager_status check_options(const eager_pool_options *o, const eager__op *op) {
  EAGER__REQUIRE((unsigned)o->padding <= EAGER_PADDING_EXPLICIT, EAGER_INVALID_ARGUMENT,
                 "padding must be one of EAGER_PADDING_*, got %d [Op:%s]", (int)o->padding,
                 op->name);
  EAGER__REQUIRE((unsigned)o->data_format <= EAGER_CHANNELS_FIRST, EAGER_INVALID_ARGUMENT,
                 "data_format must be one of EAGER_CHANNELS_*, got %d [Op:%s]",
                 (int)o->data_format, op->name);
  return EAGER_OK;
}

/* The options name spatial axes only; the attributes have an entry per axis. */
static eager_status run(int op, eager_tensor *const *inputs, int input_count,
                        const eager_pool_options *given, const int64_t *dims,
                        eager_tensor **out) {
  const kind *of = ops[op].data;
  eager_pool_options options = {0};
  if (out) *out = NULL;
  if (given) options = *given;
  EAGER__TRY(check_options(&options, &ops[op]));
  int64_t sizes[] = {1, 1, 1, 1, 1}, strides[] = {1, 1, 1, 1, 1}, pads[8] = {0};
  int rank = of->spatial + 2, first = options.data_format ? 2 : 1;
  for (int i = 0; i < of->spatial; i++) {
    sizes[first + i] = options.window[i];
    strides[first + i] = options.strides[i] ? options.strides[i] : options.window[i];
    for (int side = 0; i < 2 && side < 2; side++)
      pads[2 * (first + i) + side] = options.paddings[i][side];
  }
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], inputs, input_count));
  if (dims) eager__call_set_ints(&call, "orig_input_shape", dims, (size_t)rank);
  eager__call_set_ints(&call, "ksize", sizes, (size_t)rank);
  eager__call_set_ints(&call, "strides", strides, (size_t)rank);
  eager__call_set_string(&call, "padding", paddings[options.padding]);
  eager__call_set_string(&call, "data_format",
                         formats[of->spatial - 2][options.data_format]);
  if (options.padding == EAGER_PADDING_EXPLICIT &&
      eager__attr_get(&call, "explicit_paddings"))
    eager__call_set_ints(&call, "explicit_paddings", pads, 8);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_max_pool2d(eager_tensor *input, const eager_pool_options *options,
                              eager_tensor **out) {
  return run(MAX, &input, 1, options, NULL, out);
}

eager_status eager_max_pool3d(eager_tensor *input, const eager_pool_options *options,
                              eager_tensor **out) {
  return run(MAX3D, &input, 1, options, NULL, out);
}

eager_status eager_avg_pool2d(eager_tensor *input, const eager_pool_options *options,
                              eager_tensor **out) {
  return run(AVG, &input, 1, options, NULL, out);
}

eager_status eager_avg_pool3d(eager_tensor *input, const eager_pool_options *options,
                              eager_tensor **out) {
  return run(AVG3D, &input, 1, options, NULL, out);
}

eager_status eager_max_pool2d_grad(eager_tensor *orig_input, eager_tensor *orig_output,
                                   eager_tensor *grad, const eager_pool_options *options,
                                   eager_tensor **out) {
  return run(MAX_GRAD, (eager_tensor *[]){orig_input, orig_output, grad}, 3, options, NULL,
             out);
}

eager_status eager_max_pool3d_grad(eager_tensor *orig_input, eager_tensor *orig_output,
                                   eager_tensor *grad, const eager_pool_options *options,
                                   eager_tensor **out) {
  return run(MAX3D_GRAD, (eager_tensor *[]){orig_input, orig_output, grad}, 3, options,
             NULL, out);
}

eager_status eager_avg_pool2d_grad(const int64_t orig_input_dims[4], eager_tensor *grad,
                                   const eager_pool_options *options, eager_tensor **out) {
  return run(AVG_GRAD, &grad, 1, options, orig_input_dims, out);
}

eager_status eager_avg_pool3d_grad(const int64_t orig_input_dims[5], eager_tensor *grad,
                                   const eager_pool_options *options, eager_tensor **out) {
  return run(AVG3D_GRAD, &grad, 1, options, orig_input_dims, out);
}
