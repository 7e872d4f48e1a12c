/* ArgMax and ArgMin along one axis. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

enum {
  PART = 16384,   /* elements worth a work-item of their own */
  WIDEST = 32,    /* vectors side by side, as in arg_block.cl */
  BLOCKS = 64,    /* work-items that keep a CPU's cores busy */
  FINISHED = 256, /* results of a CPU's work-item that compares parts */
};

/* As in arg.cl. */
typedef struct search {
  int64_t outputs, length, inner, parts, part, block, lanes, bytes;
} search;

typedef struct searcher {
  const char *rows, *columns, *group, *finish;
} searcher;

static int64_t highest(eager_dtype type) {
  int bits = 8 * (int)eager_dtype_size(type) - (type == EAGER_UINT16 ? 0 : 1);
  return (int64_t)(UINT64_MAX >> (64 - bits));
}

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t type = eager__attr_get(call, "output_type")->i;
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "dimension")->i, x->rank, "dimension",
                               &axis));
  EAGER__REQUIRE(x->dims[axis] != 0, EAGER_INVALID_ARGUMENT,
                 "Reduction axis %d is empty in shape %s", axis,
                 eager__shape_text(x, (char[EAGER__SHAPE_TEXT]){0}));
  EAGER__REQUIRE(type == EAGER_INT16 || type == EAGER_UINT16 || type == EAGER_INT32 ||
                     type == EAGER_INT64,
                 EAGER_INVALID_ARGUMENT,
                 "output_type must be int16, uint16, int32 or int64, got %s",
                 eager_dtype_name((eager_dtype)type));
  EAGER__REQUIRE(x->dims[axis] - 1 <= highest((eager_dtype)type), EAGER_INVALID_ARGUMENT,
                 "output_type %s is too small for places along an axis of %lld elements",
                 eager_dtype_name((eager_dtype)type), (long long)x->dims[axis]);
  eager__result *out = &call->outputs[0];
  out->dtype = (eager_dtype)type;
  out->shape.rank = 0;
  for (int d = 0; d < x->rank; d++)
    if (d != axis) out->shape.dims[out->shape.rank++] = x->dims[d];
  return EAGER_OK;
}

static void cut(search *s, int64_t parts) {
  s->part = eager__ceil_div(s->length, eager__at_least(parts, 1));
  s->parts = eager__ceil_div(s->length, s->part);
}

/* Blocks for one work-item each. The number of them is the result. */
static int64_t plan_blocks(search *s, int64_t lanes) {
  if (s->inner > 1) {
    s->lanes = eager__at_most(eager__ceil_div(s->inner, lanes), WIDEST) * lanes;
    int64_t tiles = s->outputs / s->inner * eager__ceil_div(s->inner, s->lanes);
    int64_t width = eager__at_most(s->inner, s->lanes);
    cut(s, eager__at_most(s->length * width / (8 * PART), BLOCKS / tiles));
    s->block = eager__at_least(PART / 2 / (s->length * width), 1);
    return eager__ceil_div(tiles, s->block);
  }
  cut(s, s->outputs < 16 ? eager__at_most(s->length / PART, 64 / s->outputs) : 1);
  s->block = eager__at_least(PART / 2 / (s->length + 32), 1);
  return eager__ceil_div(s->outputs, s->block);
}

static int64_t plan_groups(search *s, int64_t size) {
  if (s->inner > 1)
    s->lanes = size / eager__power_of_two(s->outputs, size);
  else
    s->lanes = s->length < 8 ? 1 : s->length < 512 ? eager__at_most(size, 16) : size;
  int64_t groups = eager__ceil_div(s->outputs, size / s->lanes);
  int64_t enough = eager__at_least(s->lanes * 64, PART / 4);
  int64_t parts = eager__at_most(256 / groups, s->length / enough);
  int64_t longest = s->lanes * EAGER__TRIPS;
  cut(s, eager__at_least(parts, eager__ceil_div(s->length, longest)));
  return groups;
}

static void add_partials(eager__commands *commands, int scratch) {
  if (scratch >= 0)
    eager__arg_scratch(commands, scratch);
  else
    eager__arg_output(commands, 0); /* not looked at */
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const searcher *row = call->op->data;
  const eager__traits *traits = eager__commands_traits(commands);
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "dimension")->i, x->rank, "dimension",
                               &axis));
  search s = {.length = x->dims[axis],
              .inner = eager__shape_product(x, axis + 1, x->rank),
              .bytes = (int64_t)eager_dtype_size(call->outputs[0].dtype)};
  s.outputs = eager__shape_product(x, 0, axis) * s.inner;
  bool blocks = traits->cpu_like, columns = blocks && s.inner > 1;
  int64_t size = eager__power_of_two(EAGER__GROUP, (int64_t)traits->max_local_size);
  int64_t groups = blocks ? plan_blocks(&s, traits->vector_width) : plan_groups(&s, size);
  int64_t local = blocks ? 1 : size;
  size_t element = eager__computed_size(call->dtype), count = (size_t)(s.parts * s.outputs);
  int values = -1, places = -1;
  if (s.parts > 1) {
    values = eager__scratch(commands, count * element);
    places = eager__scratch(commands, count * sizeof(int64_t));
  }

  eager__kernel_begin(commands, &eager__family_arg, call->dtype,
                      !blocks   ? row->group
                      : columns ? row->columns
                                : row->rows);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  add_partials(commands, values);
  add_partials(commands, places);
  eager__arg_bytes(commands, &s, sizeof s);
  if (!blocks) {
    eager__arg_local(commands, (size_t)size * element);
    eager__arg_local(commands, (size_t)size * sizeof(int64_t));
  }
  eager_status status =
      eager__kernel_end(commands, eager__grid_2d(groups * local, local, s.parts, 1));
  if (s.parts == 1 || status != EAGER_OK) return status;

  s.block = blocks ? FINISHED : 1;
  eager__kernel_begin(commands, &eager__family_arg, call->dtype, row->finish);
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, values);
  eager__arg_scratch(commands, places);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands,
                           eager__grid_1d(eager__ceil_div(s.outputs, s.block), local));
}

static const searcher argmax = {"argmax_rows", "argmax_columns", "argmax_group",
                                "argmax_finish"};
static const searcher argmin = {"argmin_rows", "argmin_columns", "argmin_group",
                                "argmin_finish"};

#define SEARCHES                                                                           \
  .inputs = {{.name = "input"}}, .dtypes = EAGER__ANY, .infer = infer, .launch = launch,   \
  .attrs = {{.name = "dimension", .kind = EAGER__ATTR_INT, .required = true},              \
            {.name = "output_type", .kind = EAGER__ATTR_DTYPE, .number = EAGER_INT64}}

enum { ARG_MAX, ARG_MIN, COUNT };
static const eager__op ops[COUNT] = {
    [ARG_MAX] = {"ArgMax", "eager_argmax", .data = &argmax, SEARCHES},
    [ARG_MIN] = {"ArgMin", "eager_argmin", .data = &argmin, SEARCHES},
};
const eager__op_list eager__ops_arg = {ops, COUNT};

static eager_status find(int op, eager_tensor *x, int64_t axis, eager_dtype output_type,
                         eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], &x, 1));
  eager__call_set_int(&call, "dimension", axis);
  eager__call_set_int(&call, "output_type", output_type);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_argmax(eager_tensor *x, int64_t axis, eager_dtype output_type,
                          eager_tensor **out) {
  return find(ARG_MAX, x, axis, output_type, out);
}

eager_status eager_argmin(eager_tensor *x, int64_t axis, eager_dtype output_type,
                          eager_tensor **out) {
  return find(ARG_MIN, x, axis, output_type, out);
}
