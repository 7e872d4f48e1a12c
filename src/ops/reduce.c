/* Sum Mean Max Min Prod Any All over any set of axes. Which kernels run, and into how many
 * parts a long reduction is cut, depends on shapes alone: the same bits with any number of
 * threads. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

#include <math.h>

enum {
  TILE = 64,    /* columns that one block takes side by side */
  PART = 16384, /* elements worth a work-item of their own */
  STRETCH = 16, /* as in reduce.cl */
};

/* As in reduce.cl. */
typedef struct reduction {
  int64_t outputs, run, runs, stride, parts, part, block, lanes, divisor;
  int64_t kept_rank, run_rank;
  int64_t kept_dims[4], kept_strides[4], run_dims[4], run_strides[4];
} reduction;

typedef enum nothing { ZERO, ONE, LOWEST, HIGHEST, NAN_OR_ZERO } nothing;

typedef struct reducer {
  const char *rows, *columns, *finish, *group, *group_finish;
  nothing over_nothing;
} reducer;

static eager_status mark_axes(const eager__call *call, bool reduced[EAGER__MAX_RANK]) {
  const eager__attr *axes = eager__attr_get(call, "axis");
  int rank = call->inputs[0].shape->rank;
  for (int d = 0; d < EAGER__MAX_RANK; d++) reduced[d] = !axes->given && d < rank;
  for (size_t i = 0; axes->given && i < axes->count; i++) {
    int axis;
    EAGER__TRY(eager__shape_axis(axes->ints[i], rank, "axis", &axis));
    EAGER__REQUIRE(!reduced[axis], EAGER_INVALID_ARGUMENT,
                   "Invalid reduction arguments: Axes contains duplicate dimension: %d",
                   axis);
    reduced[axis] = true;
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  bool keep = eager__attr_get(call, "keep_dims")->i != 0;
  bool reduced[EAGER__MAX_RANK];
  EAGER__TRY(mark_axes(call, reduced));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = 0;
  out->view_of = 1;
  for (int d = 0; d < x->rank; d++) {
    if (!reduced[d])
      out->shape.dims[out->shape.rank++] = x->dims[d];
    else if (keep)
      out->shape.dims[out->shape.rank++] = 1;
    if (reduced[d] && x->dims[d] != 1) out->view_of = 0;
  }
  return EAGER_OK;
}

/* The axes in as few groups as possible, and each group where it belongs. True when the
 * innermost group is kept. */
static bool lay_out(const eager__shape *x, const bool *is_reduced, reduction *out) {
  struct {
    int64_t dim, stride;
    bool reduced;
  } groups[EAGER__MAX_RANK];
  int count = 0;
  int64_t stride = 1;
  for (int d = x->rank - 1; d >= 0; d--) { /* innermost first */
    if (x->dims[d] == 1) continue;
    if (count > 0 && groups[count - 1].reduced == is_reduced[d])
      groups[count - 1].dim *= x->dims[d];
    else {
      groups[count].dim = x->dims[d];
      groups[count].stride = stride;
      groups[count++].reduced = is_reduced[d];
    }
    stride *= x->dims[d];
  }
  *out = (reduction){.outputs = 1, .run = 1, .runs = 1, .stride = 1};
  int inner = -1;
  for (int g = 0; g < count && inner < 0; g++)
    if (groups[g].reduced) inner = g;
  for (int g = count - 1; g >= 0; g--) {
    if (g == inner) {
      out->run = groups[g].dim;
      out->stride = groups[g].stride;
    } else if (groups[g].reduced) {
      out->runs *= groups[g].dim;
      out->run_dims[out->run_rank] = groups[g].dim;
      out->run_strides[out->run_rank++] = groups[g].stride;
    } else {
      out->outputs *= groups[g].dim;
      out->kept_dims[out->kept_rank] = groups[g].dim;
      out->kept_strides[out->kept_rank++] = groups[g].stride;
    }
  }
  return count > 0 && !groups[0].reduced;
}

static void cut(reduction *r, int64_t parts, int64_t multiple) {
  int64_t total = r->run * r->runs;
  r->part = eager__ceil_div(eager__ceil_div(total, eager__at_least(parts, 1)), multiple) *
            multiple;
  r->parts = eager__ceil_div(total, r->part);
}

/* Blocks for one work-item each. The number of them is the result. */
static int64_t plan_blocks(reduction *r, bool columns) {
  int64_t total = r->run * r->runs;
  if (!columns) {
    bool few = r->outputs < 16 && total >= 4 * PART;
    cut(r, few ? eager__at_most(total / PART, TILE / r->outputs) : 1, TILE);
    r->block = eager__at_least(PART / 2 / (total + 32), 1);
    return eager__ceil_div(r->outputs, r->block);
  }
  int64_t inner = r->kept_dims[r->kept_rank - 1], outer = r->outputs / inner;
  int64_t tiles = outer * eager__ceil_div(inner, TILE), width = eager__at_most(inner, TILE);
  bool tall = outer < TILE && total * inner >= 4 * PART;
  cut(r, tall ? eager__at_most(total * width / PART, 1024) : 1, STRETCH);
  r->block = eager__at_least(PART / 2 / (total * width + 32), 1);
  return eager__ceil_div(tiles, r->block);
}

/* How many work-items of a group of `size` share one result. */
static int64_t choose_lanes(int64_t length, int64_t outputs, bool columns, int64_t size) {
  if (columns) return size / eager__power_of_two(outputs, size);
  if (length < 8) return 1;
  return length < 512 ? eager__at_most(size, 16) : size;
}

static int64_t plan_groups(reduction *r, bool columns, int64_t size) {
  int64_t total = r->run * r->runs;
  r->lanes = choose_lanes(total, r->outputs, columns, size);
  int64_t groups = eager__ceil_div(r->outputs, size / r->lanes);
  int64_t parts =
      eager__at_most(4096 / groups, total / eager__at_least(r->lanes * 64, PART / 4));
  int64_t longest = r->lanes * EAGER__TRIPS;
  cut(r, eager__at_least(parts, eager__ceil_div(total, longest)), 1);
  return groups;
}

static eager_status fill_over_nothing(eager__call *call, eager__commands *commands) {
  const reducer *row = call->op->data;
  eager__kind kind = eager__dtype(call->dtype)->kind;
  size_t size = eager_dtype_size(call->dtype);
  int64_t top = kind == EAGER__KIND_INT ? (int64_t)(UINT64_MAX >> (65 - 8 * size)) : -1;
  uint8_t element[8] = {0};
  switch (row->over_nothing) {
  case ONE:
    eager__encode_int(call->dtype, 1, element);
    break;
  case NAN_OR_ZERO:
    eager__encode_double(call->dtype, NAN, element);
    break;
  case LOWEST:
    if (kind == EAGER__KIND_FLOAT) eager__encode_double(call->dtype, -INFINITY, element);
    if (kind == EAGER__KIND_INT) eager__encode_int(call->dtype, -top - 1, element);
    break;
  case HIGHEST:
    if (kind == EAGER__KIND_FLOAT)
      eager__encode_double(call->dtype, INFINITY, element);
    else
      eager__encode_int(call->dtype, top, element);
    break;
  default:
    break;
  }
  return eager__add_fill(commands, 0, element, size);
}

static void add_partials(eager__commands *commands, const reduction *r, int scratch) {
  if (r->parts > 1)
    eager__arg_scratch(commands, scratch);
  else
    eager__arg_output(commands, 0); /* not looked at */
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const reducer *row = call->op->data;
  const eager__traits *traits = eager__commands_traits(commands);
  bool reduced[EAGER__MAX_RANK];
  EAGER__TRY(mark_axes(call, reduced));
  const eager__shape *x = call->inputs[0].shape;
  if (eager__shape_elements(x) == 0) return fill_over_nothing(call, commands);

  reduction r;
  bool columns = lay_out(x, reduced, &r), blocks = traits->cpu_like;
  int64_t size = eager__power_of_two(EAGER__GROUP, (int64_t)traits->max_local_size);
  int64_t groups = blocks ? plan_blocks(&r, columns) : plan_groups(&r, columns, size);
  int64_t local = blocks ? 1 : size;
  r.divisor = row->over_nothing == NAN_OR_ZERO ? r.run * r.runs : 1;
  size_t element = eager__computed_size(call->dtype);
  int scratch = -1;
  if (r.parts > 1)
    scratch = eager__scratch(commands, (size_t)(r.parts * r.outputs) * element);

  const char *name = !blocks ? row->group : columns ? row->columns : row->rows;
  eager__kernel_begin(commands, &eager__family_rows, call->dtype, name);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  add_partials(commands, &r, scratch);
  eager__arg_bytes(commands, &r, sizeof r);
  if (!blocks) eager__arg_local(commands, (size_t)size * element);
  eager_status status =
      eager__kernel_end(commands, eager__grid_2d(groups * local, local, r.parts, 1));
  if (r.parts == 1 || status != EAGER_OK) return status;

  r.lanes = choose_lanes(r.parts, r.outputs, r.outputs > 1, size);
  eager__kernel_begin(commands, &eager__family_rows, call->dtype,
                      blocks ? row->finish : row->group_finish);
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, scratch);
  eager__arg_bytes(commands, &r, sizeof r);
  if (!blocks) eager__arg_local(commands, (size_t)size * element);
  int64_t vectors = eager__ceil_div(r.outputs, traits->vector_width);
  groups = eager__ceil_div(r.outputs, size / r.lanes);
  return eager__kernel_end(commands, blocks ? eager__grid_1d(vectors, 1)
                                            : eager__grid_1d(groups * size, size));
}

static const reducer sum = {"sum_rows",  "sum_columns",      "sum_finish",
                            "sum_group", "sum_group_finish", ZERO};
static const reducer mean = {"sum_rows",  "sum_columns",      "sum_finish",
                             "sum_group", "sum_group_finish", NAN_OR_ZERO};
static const reducer prod = {"prod_rows",  "prod_columns",      "prod_finish",
                             "prod_group", "prod_group_finish", ONE};
static const reducer max = {"max_rows",  "max_columns",      "max_finish",
                            "max_group", "max_group_finish", LOWEST};
static const reducer min = {"min_rows",  "min_columns",      "min_finish",
                            "min_group", "min_group_finish", HIGHEST};
static const reducer any = {"max_rows",  "max_columns",      "max_finish",
                            "max_group", "max_group_finish", ZERO};
static const reducer all = {"min_rows",  "min_columns",      "min_finish",
                            "min_group", "min_group_finish", ONE};

#define REDUCES                                                                            \
  .inputs = {{.name = "input"}}, .infer = infer, .launch = launch,                         \
  .attrs = {{.name = "axis", .kind = EAGER__ATTR_INT_LIST},                                \
            {.name = "keep_dims", .kind = EAGER__ATTR_BOOL}}

enum { SUM, MEAN, MAX, MIN, PROD, ANY, ALL, COUNT };
static const eager__op ops[COUNT] = {
    [SUM] = {.name = "Sum", .dtypes = EAGER__NUMBERS, .data = &sum, REDUCES},
    [MEAN] = {.name = "Mean", .dtypes = EAGER__NUMBERS, .data = &mean, REDUCES},
    [MAX] = {.name = "Max", .dtypes = EAGER__NUMBERS, .data = &max, REDUCES},
    [MIN] = {.name = "Min", .dtypes = EAGER__NUMBERS, .data = &min, REDUCES},
    [PROD] = {.name = "Prod", .dtypes = EAGER__NUMBERS, .data = &prod, REDUCES},
    [ANY] = {.name = "Any", .dtypes = EAGER__BOOLS, .data = &any, REDUCES},
    [ALL] = {.name = "All", .dtypes = EAGER__BOOLS, .data = &all, REDUCES},
};
const eager__op_list eager__ops_reduce = {ops, COUNT};

static eager_status reduce(int op, eager_tensor *x, const int64_t *axes, int axis_count,
                           bool keep_dims, eager_tensor **out) {
  if (axis_count < 0 || (axes == NULL && axis_count > 0)) {
    if (out != NULL) *out = NULL;
    EAGER__FAIL(EAGER_INVALID_ARGUMENT, "axis_count is %d, but axes is %s [Op:%s]",
                axis_count, axes == NULL ? "NULL" : "a list", ops[op].name);
  }
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], &x, 1));
  if (axes != NULL) eager__call_set_ints(&call, "axis", axes, (size_t)axis_count);
  eager__call_set_int(&call, "keep_dims", keep_dims);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_reduce_sum(eager_tensor *x, const int64_t *axes, int axis_count,
                              bool keep_dims, eager_tensor **out) {
  return reduce(SUM, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_mean(eager_tensor *x, const int64_t *axes, int axis_count,
                               bool keep_dims, eager_tensor **out) {
  return reduce(MEAN, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_max(eager_tensor *x, const int64_t *axes, int axis_count,
                              bool keep_dims, eager_tensor **out) {
  return reduce(MAX, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_min(eager_tensor *x, const int64_t *axes, int axis_count,
                              bool keep_dims, eager_tensor **out) {
  return reduce(MIN, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_prod(eager_tensor *x, const int64_t *axes, int axis_count,
                               bool keep_dims, eager_tensor **out) {
  return reduce(PROD, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_any(eager_tensor *x, const int64_t *axes, int axis_count,
                              bool keep_dims, eager_tensor **out) {
  return reduce(ANY, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_all(eager_tensor *x, const int64_t *axes, int axis_count,
                              bool keep_dims, eager_tensor **out) {
  return reduce(ALL, x, axes, axis_count, keep_dims, out);
}
