/* Softmax and LogSoftmax along one axis. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

enum {
  BLOCK = 4096, /* elements worth a work-item of their own */
};

/* As in softmax.cl. */
typedef struct softmax_shape {
  int64_t outputs, length, inner, block, lanes;
} softmax_shape;

typedef struct softmaxer {
  const char *rows, *columns, *group;
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

static eager_status launch(eager__call *call, eager__commands *commands) {
  const softmaxer *row = call->op->data;
  const eager__traits *traits = eager__commands_traits(commands);
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", &axis));
  softmax_shape s = {.length = x->dims[axis],
                     .inner = eager__shape_product(x, axis + 1, x->rank)};
  s.outputs = eager__shape_product(x, 0, axis) * s.inner;
  bool blocks = traits->cpu_like;
  int64_t size = eager__power_of_two(EAGER__GROUP, (int64_t)traits->max_local_size);
  int64_t groups = blocks ? plan_blocks(&s, traits->vector_width) : plan_groups(&s, size);

  bool endless = !blocks && s.length > 2 * s.lanes * EAGER__TRIPS;
  EAGER__REQUIRE(traits->loop_limit == 0 || !endless, EAGER_UNIMPLEMENTED,
                 "an axis of %lld elements is too long for the loops of this device",
                 (long long)s.length);

  eager__kernel_begin(commands, &eager__family_rows, call->dtype,
                      !blocks       ? row->group
                      : s.inner > 1 ? row->columns
                                    : row->rows);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &s, sizeof s);
  if (blocks) return eager__kernel_end(commands, eager__grid_1d(groups, 1));
  size_t element = call->dtype == EAGER_FLOAT64 ? sizeof(double) : sizeof(float);
  eager__arg_local(commands, (size_t)size * element);
  return eager__kernel_end(commands, eager__grid_1d(groups * size, size));
}

static const softmaxer plain = {"softmax_rows", "softmax_columns", "softmax_group"};
static const softmaxer logs = {"log_softmax_rows", "log_softmax_columns",
                               "log_softmax_group"};

#define SOFTMAXES                                                                          \
  .inputs = {{.name = "logits"}}, .dtypes = EAGER__FLOATS, .infer = infer,                 \
  .launch = launch, .attrs = {{.name = "axis", .kind = EAGER__ATTR_INT, .number = -1}}

enum { SOFTMAX, LOG_SOFTMAX, COUNT };
static const eager__op ops[COUNT] = {
    [SOFTMAX] = {.name = "Softmax", .data = &plain, SOFTMAXES},
    [LOG_SOFTMAX] = {.name = "LogSoftmax", .data = &logs, SOFTMAXES},
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
