/* LayerNorm RMSNorm and their gradients: rows of the last axes. RMSNorm is LayerNorm with
 * a mean of 0 and nothing added. */
#include "eagercl/ops.h"
#include "ops/channel_sums.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "ops/teams.h"
#include "ops/wanted.h"

enum {
  LONG = 65536, /* elements of a row worth several teams, where rows are few: */
  FEW_ROWS = 16,
  FEW_GROUPS = 64,
  PART = 16384, /* elements for one team then */
  MOST_PARTS = 65535,
  PASSES = 3,
};

/* As in layer_norm.cl. */
typedef struct norm_shape {
  int64_t rows, length, block, lanes, part, centred, scaled, shifted;
} norm_shape;

static eager_dtype statistics_dtype(const eager__call *call) {
  return call->dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
}

/* --- Rows --- */

/* The shapes of what is counted in rows, and of gamma. */
static eager_status split_shape(const eager__call *call, const eager__shape *x,
                                eager__shape *out_rows, eager__shape *out_params) {
  int axis;
  EAGER__REQUIRE(x->rank > 0, EAGER_INVALID_ARGUMENT,
                 "x must have at least 1 dimension, got shape []");
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "begin_norm_axis")->i, x->rank,
                               "begin_norm_axis", &axis));
  out_rows->rank = axis;
  out_params->rank = x->rank - axis;
  for (int d = 0; d < axis; d++) out_rows->dims[d] = x->dims[d];
  for (int d = axis; d < x->rank; d++) out_params->dims[d - axis] = x->dims[d];
  return EAGER_OK;
}

static bool agrees(const eager__shape *a, const eager__shape *b) {
  if (a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] != b->dims[d] && a->dims[d] >= 0 && b->dims[d] >= 0) return false;
  return true;
}

/* That input #i, if there is one, has this shape. */
static eager_status check_shape(const eager__call *call, int i, const eager__shape *wanted,
                                const eager__shape *x) {
  if (i >= call->input_count) return EAGER_OK;
  const eager__shape *shape = call->inputs[i].shape;
  char text[3][EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(agrees(shape, wanted), EAGER_INVALID_ARGUMENT,
                 "%s must have shape %s for x of shape %s, got %s",
                 call->op->inputs[i].name, eager__shape_text(wanted, text[0]),
                 eager__shape_text(x, text[1]), eager__shape_text(shape, text[2]));
  return EAGER_OK;
}

static norm_shape shape_of(const eager__call *call, const eager__shape *x, bool centred) {
  eager__shape rows, params;
  norm_shape s = {.centred = centred};
  if (split_shape(call, x, &rows, &params) != EAGER_OK) return s;
  s.rows = eager__shape_product(&rows, 0, rows.rank);
  s.length = eager__shape_product(&params, 0, params.rank);
  return s;
}

/* Whether rows are better cut. */
static bool is_long(const eager__commands *commands, const norm_shape *s) {
  const eager__traits *traits = eager__commands_traits(commands);
  eager__teams teams = eager__teams_guess(commands, s->rows, s->length);
  bool few = traits->cpu_like ? s->rows < FEW_ROWS : teams.groups < FEW_GROUPS;
  int64_t trips = PASSES * eager__teams_trips(commands, &teams, s->length);
  return (few && s->length >= LONG) ||
         (traits->loop_limit != 0 && trips > 4 * EAGER__TRIPS);
}

/* A team for each row; for the kernel begun last. */
static eager__teams plan_rows(const eager__commands *commands, norm_shape *s) {
  eager__teams teams = eager__teams_plan(commands, s->rows, s->length);
  s->lanes = teams.lanes;
  s->block = teams.block;
  return teams;
}

/* A team for each part of a row. */
static eager__grid plan_parts(eager__commands *commands, norm_shape *s) {
  eager__teams teams = eager__teams_plan(commands, s->rows, s->length);
  if (eager__commands_traits(commands)->cpu_like) teams.groups = s->rows;
  int64_t part = eager__at_least(PART, eager__ceil_div(s->length, MOST_PARTS));
  s->lanes = teams.lanes;
  s->part = eager__ceil_div(part, 64) * 64;
  return eager__teams_grid(&teams, eager__ceil_div(s->length, s->part));
}

/* --- Forward --- */

enum { X, GAMMA, BETA };

/* What LayerNorm has and RMSNorm has not. */
typedef struct norm_kind {
  bool centred;
  int inverse; /* the output */
} norm_kind;

static const norm_kind layer = {true, 2}, rms = {false, 1};

static eager_status infer(eager__call *call) {
  const norm_kind *kind = call->op->data;
  const eager__shape *x = call->inputs[X].shape;
  eager__shape rows, params;
  EAGER__TRY(split_shape(call, x, &rows, &params));
  EAGER__TRY(check_shape(call, GAMMA, &params, x));
  EAGER__TRY(check_shape(call, BETA, &params, x));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  for (int i = 1; i <= kind->inverse; i++) {
    call->outputs[i].dtype = statistics_dtype(call);
    call->outputs[i].shape = rows;
  }
  return EAGER_OK;
}

/* Inputs and outputs of both kernels that write y. */
static void arg_forward(eager__commands *commands, const norm_kind *kind,
                        const norm_shape *s) {
  eager__arg_input(commands, X);
  eager__arg_input(commands, s->scaled ? GAMMA : X);
  eager__arg_input(commands, s->shifted ? BETA : X);
  eager__arg_output(commands, 0);
  eager__arg_output(commands, 1); /* the mean, or not looked at */
  eager__arg_output(commands, kind->inverse);
  eager__arg_bytes(commands, s, sizeof *s);
}

static void arg_epsilon(eager__commands *commands) {
  const eager__call *call = commands->call;
  eager__arg_scalar(commands, call->dtype, eager__attr_get(call, "epsilon")->f);
}

static eager_status launch_parts(eager__call *call, eager__commands *commands,
                                 norm_shape *s) {
  const norm_kind *kind = call->op->data;
  eager__channels c = eager__channels_make(1, s->rows, s->length, false);
  eager__sum_operands operands = {.x = {EAGER__PLACE_INPUT, X, 0}};
  int partials;
  c.centred = kind->centred;
  if (kind->centred) {
    operands.mean = (eager__spot){EAGER__PLACE_OUTPUT, 1, 0};
    EAGER__TRY(
        eager__add_channel_sums(commands, EAGER__SUM_MEAN, &c, &operands, &partials));
    EAGER__TRY(eager__add_finish_mean(commands, &c, partials, operands.mean));
  }
  EAGER__TRY(
      eager__add_channel_sums(commands, EAGER__SUM_SQUARES, &c, &operands, &partials));
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "layer_norm_finish");
  eager__arg_scratch(commands, partials);
  eager__arg_output(commands, kind->inverse);
  eager__arg_bytes(commands, &c, sizeof c);
  arg_epsilon(commands);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, s->rows, 1)));
  if (s->length == 0) return EAGER_OK;
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "layer_norm_write");
  eager__grid grid = plan_parts(commands, s);
  arg_forward(commands, kind, s);
  return eager__kernel_end(commands, grid);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const norm_kind *kind = call->op->data;
  norm_shape s = shape_of(call, call->inputs[X].shape, kind->centred);
  s.scaled = call->input_count > GAMMA;
  s.shifted = call->input_count > BETA;
  if (is_long(commands, &s)) return launch_parts(call, commands, &s);
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "layer_norm");
  eager__teams teams = plan_rows(commands, &s);
  arg_forward(commands, kind, &s);
  arg_epsilon(commands);
  eager__arg_tile(commands, &teams, call->dtype);
  return eager__kernel_end(commands, eager__teams_grid(&teams, 1));
}

/* --- Backward --- */

enum { DY, BACK_X, BACK_GAMMA, BACK_MEAN, BACK_RMS = BACK_MEAN, BACK_INVERSE };
enum { DX, DGAMMA, DBETA };

static eager_status infer_back(eager__call *call) {
  const norm_kind *kind = call->op->data;
  const eager__shape *x = call->inputs[BACK_X].shape;
  int last = kind->centred ? BACK_INVERSE : BACK_RMS;
  eager__shape rows, params;
  EAGER__TRY(split_shape(call, x, &rows, &params));
  EAGER__TRY(check_shape(call, DY, x, x));
  EAGER__TRY(check_shape(call, BACK_GAMMA, &params, x));
  for (int i = BACK_MEAN; i <= last; i++) {
    EAGER__TRY(check_shape(call, i, &rows, x));
    EAGER__REQUIRE(call->inputs[i].dtype == statistics_dtype(call), EAGER_INVALID_ARGUMENT,
                   "%s must be a %s tensor where x is a %s tensor, but is a %s tensor",
                   call->op->inputs[i].name, eager_dtype_name(statistics_dtype(call)),
                   eager_dtype_name(call->dtype), eager_dtype_name(call->inputs[i].dtype));
  }
  for (int i = DX; i <= (kind->centred ? DBETA : DGAMMA); i++) {
    call->outputs[i].dtype = call->dtype;
    call->outputs[i].shape = i == DX ? *x : params;
  }
  return EAGER_OK;
}

static int inverse_input(const eager__call *call) {
  const norm_kind *kind = call->op->data;
  return kind->centred ? BACK_INVERSE : BACK_RMS;
}

static void arg_backward(eager__commands *commands) {
  for (int i = DY; i <= BACK_MEAN; i++) eager__arg_input(commands, i);
  eager__arg_input(commands, inverse_input(commands->call));
}

static eager_status add_params(eager__call *call, eager__commands *commands,
                               const norm_shape *s) {
  eager__channels c = eager__channels_make(s->rows, s->length, 1, true);
  eager__sum_operands operands = {.x = {EAGER__PLACE_INPUT, BACK_X, 0},
                                  .dy = {EAGER__PLACE_INPUT, DY, 0},
                                  .mean = {EAGER__PLACE_INPUT, BACK_MEAN, 0},
                                  .scale = {EAGER__PLACE_INPUT, inverse_input(call), 0}};
  int partials;
  c.centred = s->centred;
  EAGER__TRY(
      eager__add_channel_sums(commands, EAGER__SUM_BY_ROW, &c, &operands, &partials));
  eager__kernel_begin(commands, &eager__family_norm, call->dtype,
                      "layer_norm_finish_params");
  eager__arg_scratch(commands, partials);
  eager__arg_output(commands, DGAMMA);
  eager__arg_output(commands, s->centred ? DBETA : DGAMMA);
  eager__arg_bytes(commands, &c, sizeof c);
  return eager__kernel_end(commands, eager__grid_each(commands, s->length, 1));
}

static eager_status add_back_parts(eager__call *call, eager__commands *commands,
                                   norm_shape *s) {
  eager__channels c = eager__channels_make(1, s->rows, s->length, false);
  eager__sum_operands operands = {.x = {EAGER__PLACE_INPUT, BACK_X, 0},
                                  .dy = {EAGER__PLACE_INPUT, DY, 0},
                                  .gamma = {EAGER__PLACE_INPUT, BACK_GAMMA, 0},
                                  .mean = {EAGER__PLACE_INPUT, BACK_MEAN, 0}};
  int partials;
  c.centred = s->centred;
  EAGER__TRY(
      eager__add_channel_sums(commands, EAGER__SUM_WEIGHTED, &c, &operands, &partials));
  size_t element = eager__computed_size(call->dtype);
  int coefs = eager__scratch(commands, (size_t)(2 * s->rows) * element);
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "layer_norm_back_finish");
  eager__arg_scratch(commands, partials);
  eager__arg_input(commands, inverse_input(call));
  eager__arg_scratch(commands, coefs);
  eager__arg_bytes(commands, &c, sizeof c);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, s->rows, 1)));
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "layer_norm_back_write");
  eager__grid grid = plan_parts(commands, s);
  arg_backward(commands);
  eager__arg_scratch(commands, coefs);
  eager__arg_output(commands, DX);
  eager__arg_bytes(commands, s, sizeof *s);
  return eager__kernel_end(commands, grid);
}

static eager_status launch_back(eager__call *call, eager__commands *commands) {
  const norm_kind *kind = call->op->data;
  norm_shape s = shape_of(call, call->inputs[BACK_X].shape, kind->centred);
  if (s.length == 0) return EAGER_OK;
  EAGER__TRY(add_params(call, commands, &s));
  if (s.rows == 0) return EAGER_OK;
  if (is_long(commands, &s)) return add_back_parts(call, commands, &s);
  eager__kernel_begin(commands, &eager__family_norm, call->dtype, "layer_norm_back");
  eager__teams teams = plan_rows(commands, &s);
  arg_backward(commands);
  eager__arg_output(commands, DX);
  eager__arg_bytes(commands, &s, sizeof s);
  eager__arg_tile(commands, &teams, call->dtype);
  return eager__kernel_end(commands, eager__teams_grid(&teams, 1));
}

/* --- The ops --- */

enum { U = EAGER__BIT(EAGER_FLOAT32) | EAGER__BIT(EAGER_FLOAT64) };

#define AXIS                                                                               \
  { .name = "begin_norm_axis", EAGER__ATTR_INT, .number = -1 }

enum { LAYER, LAYER_BACK, RMS, RMS_BACK, COUNT };
static const eager__op ops[COUNT] = {
    [LAYER] = {.name = "LayerNorm",
               .typed = "eager_layer_norm",
               .inputs = {{.name = "x"}, {.name = "gamma"}, {.name = "beta"}},
               .optional_inputs = 2,
               .outputs = 3,
               .dtypes = EAGER__FLOATS,
               .attrs = {AXIS, {.name = "epsilon", EAGER__ATTR_FLOAT, .number = 0.001}},
               .infer = infer,
               .launch = launch,
               .data = &layer},
    [LAYER_BACK] = {.name = "LayerNormGrad",
                    .typed = "eager_layer_norm_grad",
                    .inputs = {{.name = "dy"},
                               {.name = "x"},
                               {.name = "gamma"},
                               {.name = "mean", U},
                               {.name = "rstd", U}},
                    .outputs = 3,
                    .dtypes = EAGER__FLOATS,
                    .attrs = {AXIS},
                    .infer = infer_back,
                    .launch = launch_back,
                    .data = &layer},
    [RMS] = {.name = "RMSNorm",
             .typed = "eager_rms_norm",
             .inputs = {{.name = "x"}, {.name = "gamma"}},
             .optional_inputs = 1,
             .outputs = 2,
             .dtypes = EAGER__FLOATS,
             .attrs = {AXIS, {.name = "epsilon", EAGER__ATTR_FLOAT, .number = 0.000001}},
             .infer = infer,
             .launch = launch,
             .data = &rms},
    [RMS_BACK] =
        {.name = "RMSNormGrad",
         .typed = "eager_rms_norm_grad",
         .inputs = {{.name = "dy"}, {.name = "x"}, {.name = "gamma"}, {.name = "rstd", U}},
         .outputs = 2,
         .dtypes = EAGER__FLOATS,
         .attrs = {AXIS},
         .infer = infer_back,
         .launch = launch_back,
         .data = &rms},
};
const eager__op_list eager__ops_layer_norm = {ops, COUNT};

/* --- The typed doors --- */

eager_status eager_layer_norm(eager_tensor *x, eager_tensor *gamma, eager_tensor *beta,
                              int64_t begin_norm_axis, double epsilon, eager_tensor **out_y,
                              eager_tensor **out_mean, eager_tensor **out_rstd) {
  int count = beta != NULL ? 3 : gamma != NULL ? 2 : 1;
  eager_tensor **wanted[] = {out_y, out_mean, out_rstd};
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[LAYER], (eager_tensor *[]){x, gamma, beta}, count));
  eager__call_set_int(&call, "begin_norm_axis", begin_norm_axis);
  eager__call_set_float(&call, "epsilon", epsilon);
  return eager__run_wanted(&call, wanted, 3, 3);
}

eager_status eager_layer_norm_grad(eager_tensor *dy, eager_tensor *x, eager_tensor *gamma,
                                   eager_tensor *mean, eager_tensor *rstd,
                                   int64_t begin_norm_axis, eager_tensor **out_dx,
                                   eager_tensor **out_dgamma, eager_tensor **out_dbeta) {
  eager_tensor *inputs[] = {dy, x, gamma, mean, rstd};
  eager_tensor **wanted[] = {out_dx, out_dgamma, out_dbeta};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[LAYER_BACK], inputs, 5));
  eager__call_set_int(&call, "begin_norm_axis", begin_norm_axis);
  return eager__run_wanted(&call, wanted, 3, 3);
}

eager_status eager_rms_norm(eager_tensor *x, eager_tensor *gamma, int64_t begin_norm_axis,
                            double epsilon, eager_tensor **out_y, eager_tensor **out_rstd) {
  eager_tensor **wanted[] = {out_y, out_rstd};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[RMS], (eager_tensor *[]){x, gamma},
                               gamma != NULL ? 2 : 1));
  eager__call_set_int(&call, "begin_norm_axis", begin_norm_axis);
  eager__call_set_float(&call, "epsilon", epsilon);
  return eager__run_wanted(&call, wanted, 2, 2);
}

eager_status eager_rms_norm_grad(eager_tensor *dy, eager_tensor *x, eager_tensor *gamma,
                                 eager_tensor *rstd, int64_t begin_norm_axis,
                                 eager_tensor **out_dx, eager_tensor **out_dgamma) {
  eager_tensor *inputs[] = {dy, x, gamma, rstd};
  eager_tensor **wanted[] = {out_dx, out_dgamma};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[RMS_BACK], inputs, 4));
  eager__call_set_int(&call, "begin_norm_axis", begin_norm_axis);
  return eager__run_wanted(&call, wanted, 2, 2);
}
