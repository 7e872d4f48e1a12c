/* Softmax and LogSoftmax along one axis. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "ops/teams.h"
#include "runtime/commands.h"
#include "runtime/run.h"

enum {
  BLOCK = 4096,      /* elements worth a work-item of their own */
  LONG = 65536,      /* elements of a row worth several, where rows are few */
  FEW_GROUPS = 64,   /* what a GPU is not busy with */
  FEW_ROWS = 16,     /* nor a CPU */
  MOST_PARTS = 1024, /* that one work-item merges */
};

/* As in softmax.cl. */
typedef struct softmax_shape {
  int64_t outputs, length, inner, block, lanes, parts, part;
} softmax_shape;

typedef struct softmaxer {
  const char *rows, *brief, *columns, *group, *write;
} softmaxer;

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  EAGER__REQUIRE(x->rank > 0, EAGER_INVALID_ARGUMENT,
                 "logits must have at least 1 dimension, got shape []");
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", &axis));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

/* Blocks for one work-item each. The number of them is the result. */
static int64_t plan_blocks(softmax_shape *s, int64_t lanes) {
  int64_t rows = s->inner > 1 ? lanes : 1;
  int64_t tiles = s->outputs / s->inner * eager__ceil_div(s->inner, rows);
  s->block = eager__at_least(BLOCK / (rows * s->length + 32), 1);
  return eager__ceil_div(tiles, s->block);
}

static int64_t plan_groups(softmax_shape *s, int64_t size) {
  if (s->inner > 1)
    s->lanes = size / eager__power_of_two(s->outputs, size);
  else if (s->length < 512)
    s->lanes = eager__power_of_two(s->length / 2, eager__at_most(size, 16));
  else
    s->lanes = size;
  while (s->lanes < size && s->length > 2 * s->lanes * EAGER__TRIPS) s->lanes *= 2;
  return eager__ceil_div(s->outputs, size / s->lanes);
}

/* How many parts a row is cut into; 1: it stays whole. */
static int64_t choose_parts(const softmax_shape *s, bool blocks, int64_t groups) {
  if (blocks) {
    bool few = s->inner == 1 && s->outputs < FEW_ROWS && s->length >= LONG;
    return few ? eager__at_most(s->length / (LONG / 4), MOST_PARTS / s->outputs) : 1;
  }
  int64_t longest = s->lanes * EAGER__TRIPS;
  if (s->length <= 2 * longest && (s->length < LONG || groups >= FEW_GROUPS)) return 1;
  int64_t parts = eager__at_most(s->length / (16 * s->lanes), MOST_PARTS / groups);
  return eager__at_least(parts, eager__ceil_div(s->length, longest));
}

static size_t element_size(const eager__call *call) {
  return eager__computed_size(call->dtype);
}

static eager_status launch_whole(eager__call *call, eager__commands *commands,
                                 const softmax_shape *s, bool blocks, int64_t groups,
                                 int64_t size) {
  const softmaxer *row = call->op->data;
  const char *name = !blocks ? row->group : s->inner > 1 ? row->columns : row->rows;
  eager__kernel_begin(commands, &eager__family_softmax, call->dtype, name);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, s, sizeof *s);
  if (blocks) return eager__kernel_end(commands, eager__grid_1d(groups, 1));
  eager__arg_local(commands, (size_t)size * element_size(call));
  return eager__kernel_end(commands, eager__grid_1d(groups * size, size));
}

static eager_status launch_short(eager__call *call, eager__commands *commands,
                                 softmax_shape *s) {
  const softmaxer *row = call->op->data;
  eager__teams teams = eager__teams_plan_short(commands, s->outputs);
  s->block = teams.block;
  eager__kernel_begin(commands, &eager__family_softmax, call->dtype, row->brief);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, s, sizeof *s);
  return eager__kernel_end(commands, eager__teams_grid(&teams, 1));
}

static eager_status launch_parts(eager__call *call, eager__commands *commands,
                                 const softmax_shape *s, int64_t groups, int64_t size) {
  const softmaxer *row = call->op->data;
  size_t element = element_size(call);
  int partials = eager__scratch(commands, (size_t)(2 * s->parts * s->outputs) * element);
  int stats = eager__scratch(commands, (size_t)(2 * s->outputs) * element);
  eager__grid grid = eager__grid_2d(groups * size, size, s->parts, 1);

  eager__kernel_begin(commands, &eager__family_softmax, call->dtype, "softmax_parts");
  eager__arg_input(commands, 0);
  eager__arg_scratch(commands, partials);
  eager__arg_bytes(commands, s, sizeof *s);
  eager__arg_local(commands, (size_t)size * element);
  EAGER__TRY(eager__kernel_end(commands, grid));

  eager__kernel_begin(commands, &eager__family_softmax, call->dtype, "softmax_merge");
  eager__arg_scratch(commands, partials);
  eager__arg_scratch(commands, stats);
  eager__arg_bytes(commands, s, sizeof *s);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_1d(s->outputs, size)));

  eager__kernel_begin(commands, &eager__family_softmax, call->dtype, row->write);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, stats);
  eager__arg_bytes(commands, s, sizeof *s);
  return eager__kernel_end(commands, grid);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__traits *traits = eager__commands_traits(commands);
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", &axis));
  softmax_shape s = {.length = x->dims[axis],
                     .inner = eager__shape_product(x, axis + 1, x->rank)};
  s.outputs = eager__shape_product(x, 0, axis) * s.inner;
  if (s.inner == 1 && eager__rows_are_short(commands, s.outputs, s.length))
    return launch_short(call, commands, &s);
  bool blocks = traits->cpu_like;
  int64_t size = eager__power_of_two(EAGER__GROUP, (int64_t)traits->max_local_size);
  int64_t groups = blocks ? plan_blocks(&s, traits->vector_width) : plan_groups(&s, size);
  int64_t parts = choose_parts(&s, blocks, groups);
  if (parts <= 1) return launch_whole(call, commands, &s, blocks, groups, size);
  s.part = eager__ceil_div(s.length, parts);
  if (blocks) s.part = eager__ceil_div(s.part, traits->vector_width) * traits->vector_width;
  s.parts = eager__ceil_div(s.length, s.part);
  return launch_parts(call, commands, &s, blocks ? s.outputs : groups, blocks ? 1 : size);
}

static const softmaxer plain = {"softmax_rows", "softmax_short", "softmax_columns",
                                "softmax_group", "softmax_write"};
static const softmaxer logs = {"log_softmax_rows", "log_softmax_short",
                               "log_softmax_columns", "log_softmax_group",
                               "log_softmax_write"};

#define SOFTMAXES                                                                          \
  .inputs = {{.name = "logits"}}, .dtypes = EAGER__FLOATS, .infer = infer,                 \
  .launch = launch, .attrs = {{.name = "axis", .kind = EAGER__ATTR_INT, .number = -1}}

enum { SOFTMAX, LOG_SOFTMAX, COUNT };
static const eager__op ops[COUNT] = {
    [SOFTMAX] = {.name = "Softmax", .typed = "eager_softmax", .data = &plain, SOFTMAXES},
    [LOG_SOFTMAX] = {.name = "LogSoftmax",
                     .typed = "eager_log_softmax",
                     .data = &logs,
                     SOFTMAXES},
};
const eager__op_list eager__ops_softmax = {ops, COUNT};

static eager_status softmax(int op, eager_tensor *logits, int64_t axis,
                            eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], &logits, 1));
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_softmax(eager_tensor *logits, int64_t axis, eager_tensor **out) {
  return softmax(SOFTMAX, logits, axis, out);
}

eager_status eager_log_softmax(eager_tensor *logits, int64_t axis, eager_tensor **out) {
  return softmax(LOG_SOFTMAX, logits, axis, out);
}
