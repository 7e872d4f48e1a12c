/* FusedBatchNormV3 and its gradient. */
#include "eagercl/ops.h"

#include <string.h>

#include "ops/channel_sums.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/lanes.h"
#include "ops/wanted.h"

enum { X, SCALE, OFFSET, MEAN, VARIANCE };
enum { Y, NEW_MEAN, NEW_VARIANCE, SAVED_MEAN, SAVED_VARIANCE, NOTHING_MORE };

/* --- What forward and backward ask of their inputs --- */

/* The axis of channels of x, whose rank is 4 or 5. */
static eager_status channel_axis(const eager__call *call, const eager__shape *x,
                                 int *out_axis) {
  const char *format = eager__attr_get(call, "data_format")->text;
  bool last = strcmp(format, "NHWC") == 0 || strcmp(format, "NDHWC") == 0;
  bool first = strcmp(format, "NCHW") == 0 || strcmp(format, "NCDHW") == 0;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(last || first, EAGER_INVALID_ARGUMENT,
                 "Invalid data format \"%s\"; allowed: NHWC, NCHW, NDHWC, NCDHW", format);
  EAGER__REQUIRE(x->rank == 4 || x->rank == 5, EAGER_INVALID_ARGUMENT,
                 "input must be 4 or 5-dimensional, got shape %s",
                 eager__shape_text(x, text));
  *out_axis = last ? x->rank - 1 : 1;
  return EAGER_OK;
}

/* Input #i: U is what T is computed in, and it has an element for each channel. */
static eager_status check_vector(const eager__call *call, int i, int64_t channels,
                                 const char *when, bool any_size) {
  const char *name = call->op->inputs[i].name;
  const eager__shape *shape = call->inputs[i].shape;
  eager_dtype u = call->dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(call->inputs[i].dtype == u, EAGER_INVALID_ARGUMENT,
                 "%s must be a %s tensor where x is a %s tensor, but is a %s tensor", name,
                 eager_dtype_name(u), eager_dtype_name(call->dtype),
                 eager_dtype_name(call->inputs[i].dtype));
  EAGER__REQUIRE(shape->rank == 1, EAGER_INVALID_ARGUMENT,
                 "%s must be 1-dimensional, got shape %s", name,
                 eager__shape_text(shape, text));
  int64_t size = shape->dims[0];
  EAGER__REQUIRE(any_size || size == channels || size < 0 || channels < 0,
                 EAGER_INVALID_ARGUMENT,
                 "%s%s must have the same number of elements as the channels of x, got "
                 "%lld and %lld",
                 when, name, (long long)size, (long long)channels);
  return EAGER_OK;
}

static void set_vector(eager__call *call, int output, int64_t size) {
  call->outputs[output].dtype =
      call->dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
  call->outputs[output].shape = (eager__shape){1, {size}};
}

static eager__channels view(const eager__shape *x, int axis) {
  return eager__channels_make(eager__shape_product(x, 0, axis), x->dims[axis],
                              eager__shape_product(x, axis + 1, x->rank), false);
}

static bool is_training(const eager__call *call) {
  return eager__attr_get(call, "is_training")->i != 0;
}

static void arg_attr(eager__commands *commands, const char *name) {
  const eager__call *call = commands->call;
  eager__arg_scalar(commands, call->dtype, eager__attr_get(call, name)->f);
}

/* A kernel over all elements of x: the count, and how many of them are a work-item's. */
static eager_status end_apply(eager__commands *commands, const eager__shape *x) {
  int64_t n = eager__shape_elements(x), chunk = 1;
  eager__grid grid = eager__grid_each(commands, n, 1);
  if (eager__commands_traits(commands)->cpu_like) {
    eager__lanes lanes = eager__lanes_plan(commands, n);
    chunk = lanes.chunk;
    grid = lanes.grid;
  }
  eager__arg_long(commands, n);
  eager__arg_long(commands, chunk);
  eager__arg_int(commands,
                 eager__lanes_stream(n * (int64_t)eager_dtype_size(commands->call->dtype)));
  return eager__kernel_end(commands, grid);
}

/* --- Forward --- */

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[X].shape;
  bool training = is_training(call);
  double factor = eager__attr_get(call, "exponential_avg_factor")->f;
  int axis;
  EAGER__TRY(channel_axis(call, x, &axis));
  int64_t channels = x->dims[axis];
  bool unused = training && factor == 1;
  const char *when =
      training ? "When exponential_avg_factor != 1, " : "When is_training=false, ";
  for (int i = SCALE; i <= VARIANCE; i++)
    EAGER__TRY(check_vector(call, i, channels, i >= MEAN ? when : "", i >= MEAN && unused));
  call->outputs[Y].dtype = call->dtype;
  call->outputs[Y].shape = *x;
  for (int i = NEW_MEAN; i <= SAVED_VARIANCE; i++) set_vector(call, i, channels);
  set_vector(call, NOTHING_MORE, 0);
  call->outputs[NOTHING_MORE].shape.rank = 0;
  return EAGER_OK;
}

/* Statistics of the batch: what is saved, what is kept, and the scales of y. */
static eager_status add_statistics(eager__call *call, eager__commands *commands,
                                   eager__channels *c, int scales) {
  eager__spot means = {EAGER__PLACE_OUTPUT, SAVED_MEAN, 0};
  eager__sum_operands operands = {.x = {EAGER__PLACE_INPUT, X, 0}};
  int partials;
  EAGER__TRY(eager__add_channel_sums(commands, EAGER__SUM_MEAN, c, &operands, &partials));
  EAGER__TRY(eager__add_finish_mean(commands, c, partials, means));
  operands.mean = means;
  EAGER__TRY(
      eager__add_channel_sums(commands, EAGER__SUM_SQUARES, c, &operands, &partials));
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "batch_norm_finish");
  eager__arg_scratch(commands, partials);
  eager__arg_output(commands, SAVED_MEAN);
  eager__arg_input(commands, SCALE);
  eager__arg_input(commands, MEAN);
  eager__arg_input(commands, VARIANCE);
  eager__arg_output(commands, NEW_MEAN);
  eager__arg_output(commands, NEW_VARIANCE);
  eager__arg_output(commands, SAVED_VARIANCE);
  eager__arg_scratch(commands, scales);
  eager__arg_bytes(commands, c, sizeof *c);
  double n = (double)(c->outer * c->inner), bessel = n / (n > 1 ? n - 1 : 1);
  arg_attr(commands, "epsilon");
  arg_attr(commands, "exponential_avg_factor");
  eager__arg_scalar(commands, call->dtype, bessel);
  return eager__kernel_end(commands, eager__grid_each(commands, c->channels, 1));
}

static eager_status add_frozen(eager__call *call, eager__commands *commands,
                               const eager__channels *c, int scales) {
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "batch_norm_frozen");
  eager__arg_input(commands, SCALE);
  eager__arg_input(commands, MEAN);
  eager__arg_input(commands, VARIANCE);
  for (int i = NEW_MEAN; i <= SAVED_VARIANCE; i++) eager__arg_output(commands, i);
  eager__arg_scratch(commands, scales);
  eager__arg_bytes(commands, c, sizeof *c);
  arg_attr(commands, "epsilon");
  return eager__kernel_end(commands, eager__grid_each(commands, c->channels, 1));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[X].shape;
  int axis;
  uint64_t zero = 0;
  EAGER__TRY(eager__add_fill(commands, NOTHING_MORE, &zero,
                             eager_dtype_size(call->outputs[NOTHING_MORE].dtype)));
  EAGER__TRY(channel_axis(call, x, &axis));
  eager__channels c = view(x, axis);
  if (c.channels == 0) return EAGER_OK;
  size_t element = eager_dtype_size(call->outputs[NEW_MEAN].dtype);
  int scales = eager__scratch(commands, (size_t)c.channels * element);
  bool training = is_training(call);
  EAGER__TRY(training ? add_statistics(call, commands, &c, scales)
                      : add_frozen(call, commands, &c, scales));
  if (eager__shape_elements(x) == 0) return EAGER_OK;
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "batch_norm_apply");
  eager__arg_input(commands, X);
  eager__arg_output(commands, SAVED_MEAN);
  eager__arg_scratch(commands, scales);
  eager__arg_input(commands, OFFSET);
  eager__arg_output(commands, Y);
  eager__arg_bytes(commands, &c, sizeof c);
  return end_apply(commands, x);
}

/* --- Backward --- */

enum { DY, BACK_X, BACK_SCALE, BACK_MEAN, BACK_VARIANCE };
enum { DX, SCALE_BACK, OFFSET_BACK, RESERVED_4, RESERVED_5 };

static eager_status infer_back(eager__call *call) {
  const eager__shape *dy = call->inputs[DY].shape, *x = call->inputs[BACK_X].shape;
  char text[2][EAGER__SHAPE_TEXT];
  int axis;
  EAGER__TRY(channel_axis(call, x, &axis));
  EAGER__REQUIRE(eager__shape_agrees(x, dy), EAGER_INVALID_ARGUMENT,
                 "x and y_backprop must have same shape, but x has shape %s and y_backprop "
                 "has shape %s",
                 eager__shape_text(x, text[0]), eager__shape_text(dy, text[1]));
  int64_t channels = x->dims[axis];
  for (int i = BACK_SCALE; i <= BACK_VARIANCE; i++)
    EAGER__TRY(check_vector(call, i, channels, "", false));
  call->outputs[DX].dtype = call->dtype;
  call->outputs[DX].shape = *x;
  set_vector(call, SCALE_BACK, channels);
  set_vector(call, OFFSET_BACK, channels);
  set_vector(call, RESERVED_4, 0);
  set_vector(call, RESERVED_5, 0);
  return EAGER_OK;
}

static eager_status launch_back(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[BACK_X].shape;
  int axis, partials;
  EAGER__TRY(channel_axis(call, x, &axis));
  eager__channels c = view(x, axis);
  size_t element = eager_dtype_size(call->outputs[SCALE_BACK].dtype);
  int coefs = eager__scratch(commands, (size_t)(3 * c.channels) * element);
  eager__sum_operands operands = {.x = {EAGER__PLACE_INPUT, BACK_X, 0},
                                  .dy = {EAGER__PLACE_INPUT, DY, 0},
                                  .mean = {EAGER__PLACE_INPUT, BACK_MEAN, 0}};
  EAGER__TRY(
      eager__add_channel_sums(commands, EAGER__SUM_SLOPES, &c, &operands, &partials));
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "batch_norm_back_finish");
  eager__arg_scratch(commands, partials);
  eager__arg_input(commands, BACK_SCALE);
  eager__arg_input(commands, BACK_VARIANCE);
  eager__arg_output(commands, SCALE_BACK);
  eager__arg_output(commands, OFFSET_BACK);
  eager__arg_scratch(commands, coefs);
  eager__arg_bytes(commands, &c, sizeof c);
  arg_attr(commands, "epsilon");
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, c.channels, 1)));
  if (eager__shape_elements(x) == 0) return EAGER_OK;

  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "batch_norm_back_apply");
  eager__arg_input(commands, DY);
  eager__arg_input(commands, BACK_X);
  eager__arg_input(commands, BACK_MEAN);
  eager__arg_scratch(commands, coefs);
  eager__arg_output(commands, DX);
  eager__arg_bytes(commands, &c, sizeof c);
  eager__arg_int(commands, is_training(call));
  return end_apply(commands, x);
}

/* --- The ops --- */

enum {
  U = EAGER__BIT(EAGER_FLOAT32) | EAGER__BIT(EAGER_FLOAT64),
};

enum { FORWARD, BACKWARD, COUNT };
static const eager__op ops[COUNT] = {
    [FORWARD] =
        {.name = "FusedBatchNormV3",
         .typed = "eager_fused_batch_norm",
         .inputs = {{.name = "x"},
                    {.name = "scale", U},
                    {.name = "offset", U},
                    {.name = "mean", U},
                    {.name = "variance", U}},
         .outputs = 6,
         .dtypes = EAGER__FLOATS,
         .attrs = {{.name = "epsilon", EAGER__ATTR_FLOAT, .number = 0.0001},
                   {.name = "exponential_avg_factor", EAGER__ATTR_FLOAT, .number = 1},
                   {.name = "data_format", EAGER__ATTR_STRING, .text = "NHWC"},
                   {.name = "is_training", EAGER__ATTR_BOOL, .number = 1}},
         .infer = infer,
         .launch = launch},
    [BACKWARD] = {.name = "FusedBatchNormGradV3",
                  .typed = "eager_fused_batch_norm_grad",
                  .inputs = {{.name = "y_backprop"},
                             {.name = "x"},
                             {.name = "scale", U},
                             {.name = "reserve_space_1", U},
                             {.name = "reserve_space_2", U},
                             {.name = "reserve_space_3", U}},
                  .outputs = 5,
                  .dtypes = EAGER__FLOATS,
                  .attrs = {{.name = "epsilon", EAGER__ATTR_FLOAT, .number = 0.0001},
                            {.name = "data_format", EAGER__ATTR_STRING, .text = "NHWC"},
                            {.name = "is_training", EAGER__ATTR_BOOL, .number = 1}},
                  .infer = infer_back,
                  .launch = launch_back},
};
const eager__op_list eager__ops_batch_norm = {ops, COUNT};

/* --- The typed doors --- */

static void set_options(eager__call *call, const eager_fused_batch_norm_options *options) {
  if (options == NULL) return;
  if (options->epsilon != 0) eager__call_set_float(call, "epsilon", options->epsilon);
  if (options->data_format != NULL)
    eager__call_set_string(call, "data_format", options->data_format);
  eager__call_set_int(call, "is_training", !options->is_inference);
}

eager_status
eager_fused_batch_norm(eager_tensor *x, eager_tensor *scale, eager_tensor *offset,
                       eager_tensor *mean, eager_tensor *variance,
                       const eager_fused_batch_norm_options *options, eager_tensor **out_y,
                       eager_tensor **out_batch_mean, eager_tensor **out_batch_variance,
                       eager_tensor **out_saved_mean, eager_tensor **out_saved_variance) {
  eager_tensor **wanted[] = {out_y, out_batch_mean, out_batch_variance, out_saved_mean,
                             out_saved_variance};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[FORWARD],
                               (eager_tensor *[]){x, scale, offset, mean, variance}, 5));
  set_options(&call, options);
  if (options != NULL && options->exponential_avg_factor != 0)
    eager__call_set_float(&call, "exponential_avg_factor", options->exponential_avg_factor);
  return eager__run_wanted(&call, wanted, 5, 6);
}

eager_status eager_fused_batch_norm_grad(eager_tensor *y_backprop, eager_tensor *x,
                                         eager_tensor *scale, eager_tensor *saved_mean,
                                         eager_tensor *saved_variance,
                                         const eager_fused_batch_norm_options *options,
                                         eager_tensor **out_x_backprop,
                                         eager_tensor **out_scale_backprop,
                                         eager_tensor **out_offset_backprop) {
  eager_tensor **wanted[] = {out_x_backprop, out_scale_backprop, out_offset_backprop};
  eager_tensor *inputs[] = {
      y_backprop,     x,         scale, saved_mean,
      saved_variance, saved_mean /* reserve_space_3: not looked at */};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[BACKWARD], inputs, 6));
  set_options(&call, options);
  return eager__run_wanted(&call, wanted, 3, 5);
}
