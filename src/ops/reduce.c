/* Sum Mean Max Min Prod Any All over any set of axes; EuclideanNorm, Variance, Std and
 * LogSumExp, most of them in two passes: the centres first, in scratch, then sums about
 * them. Which kernels run, and into how many
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
  int64_t outputs, run, runs, stride, parts, part, block, lanes;
  int64_t divisor, last, raw, centred;
  int64_t kept_rank, run_rank;
  int64_t kept_dims[4], kept_strides[4], run_dims[4], run_strides[4];
} reduction;

typedef enum nothing { ZERO, ONE, LOWEST, HIGHEST, NAN_OR_ZERO } nothing;
typedef enum last { LAST_NOTHING, LAST_ROOT, LAST_LOG } last; /* as in reduce.cl */

/* The kernels of one pass. */
typedef struct pass {
  const eager__family *family;
  const char *rows, *columns, *finish, *group, *group_finish;
} pass;

typedef struct reducer {
  const pass *pass, *centre; /* `centre`, if any, comes first */
  nothing over_nothing;
  bool is_mean, centre_is_mean;
  last last;
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
  const reducer *row = call->op->data;
  if (row->pass->family == &eager__family_moments) out->view_of = 0;
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
  case HIGHEST: /* of unsigned integers every bit */
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

/* One pass over the input: from where, about what, to where. */
typedef struct step {
  const pass *pass;
  reduction r;
  int centres; /* scratch, or -1 */
  int target;  /* scratch of type A, or -1: output 0 */
} step;

static void add_target(eager__commands *commands, int scratch) {
  if (scratch >= 0)
    eager__arg_scratch(commands, scratch);
  else
    eager__arg_output(commands, 0); /* or not looked at */
}

static void add_centres(eager__commands *commands, const step *s) {
  if (s->pass->family == &eager__family_moments) add_target(commands, s->centres);
}

static eager_status add_finish(eager__call *call, eager__commands *commands, const step *s,
                               int partials, int64_t size) {
  const eager__traits *traits = eager__commands_traits(commands);
  bool blocks = traits->cpu_like;
  reduction r = s->r;
  r.lanes = choose_lanes(r.parts, r.outputs, r.outputs > 1, size);
  eager__kernel_begin(commands, s->pass->family, call->dtype,
                      blocks ? s->pass->finish : s->pass->group_finish);
  add_target(commands, s->target);
  eager__arg_scratch(commands, partials);
  add_centres(commands, s);
  eager__arg_bytes(commands, &r, sizeof r);
  if (!blocks) eager__arg_local(commands, (size_t)size * eager__computed_size(call->dtype));
  int64_t vectors = eager__ceil_div(r.outputs, traits->vector_width);
  int64_t groups = eager__ceil_div(r.outputs, size / r.lanes);
  return eager__kernel_end(commands, blocks ? eager__grid_1d(vectors, 1)
                                            : eager__grid_1d(groups * size, size));
}

static eager_status add_step(eager__call *call, eager__commands *commands, step *s,
                             bool columns) {
  const eager__traits *traits = eager__commands_traits(commands);
  bool blocks = traits->cpu_like;
  reduction *r = &s->r;
  int64_t size = eager__power_of_two(EAGER__GROUP, (int64_t)traits->max_local_size);
  int64_t groups = blocks ? plan_blocks(r, columns) : plan_groups(r, columns, size);
  int64_t local = blocks ? 1 : size;
  size_t element = eager__computed_size(call->dtype);
  int partials = -1;
  if (r->parts > 1)
    partials = eager__scratch(commands, (size_t)(r->parts * r->outputs) * element);
  const char *in_blocks = columns ? s->pass->columns : s->pass->rows;
  eager__kernel_begin(commands, s->pass->family, call->dtype,
                      blocks ? in_blocks : s->pass->group);
  eager__arg_input(commands, 0);
  add_target(commands, s->target);
  add_target(commands, partials);
  add_centres(commands, s);
  eager__arg_bytes(commands, r, sizeof *r);
  if (!blocks) eager__arg_local(commands, (size_t)size * element);
  EAGER__TRY(
      eager__kernel_end(commands, eager__grid_2d(groups * local, local, r->parts, 1)));
  return r->parts > 1 ? add_finish(call, commands, s, partials, size) : EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const reducer *row = call->op->data;
  bool reduced[EAGER__MAX_RANK];
  EAGER__TRY(mark_axes(call, reduced));
  const eager__shape *x = call->inputs[0].shape;
  if (eager__shape_elements(x) == 0) return fill_over_nothing(call, commands);
  reduction r;
  bool columns = lay_out(x, reduced, &r);
  int64_t total = r.run * r.runs;
  int centres = -1;
  if (row->centre) {
    size_t element = eager__computed_size(call->dtype);
    centres = eager__scratch(commands, (size_t)r.outputs * element);
    step first = {row->centre, r, -1, centres};
    first.r.divisor = row->centre_is_mean ? total : 1;
    first.r.raw = true;
    EAGER__TRY(add_step(call, commands, &first, columns));
  }
  step whole = {row->pass, r, centres, -1};
  whole.r.divisor = row->is_mean ? total : 1;
  whole.r.last = row->last;
  whole.r.centred = row->centre != NULL;
  return add_step(call, commands, &whole, columns);
}

#define PASS(family, name)                                                                 \
  {                                                                                        \
    family, name "_rows", name "_columns", name "_finish", name "_group",                  \
        name "_group_finish"                                                               \
  }
static const pass sums = PASS(&eager__family_rows, "sum");
static const pass products = PASS(&eager__family_rows, "prod");
static const pass maxima = PASS(&eager__family_rows, "max");
static const pass minima = PASS(&eager__family_rows, "min");
static const pass squares = PASS(&eager__family_moments, "squares");
static const pass exponentials = PASS(&eager__family_moments, "exps");

static const reducer sum = {&sums, .over_nothing = ZERO};
static const reducer mean = {&sums, .over_nothing = NAN_OR_ZERO, .is_mean = true};
static const reducer prod = {&products, .over_nothing = ONE};
static const reducer max = {&maxima, .over_nothing = LOWEST};
static const reducer min = {&minima, .over_nothing = HIGHEST};
static const reducer any = {&maxima, .over_nothing = ZERO};
static const reducer all = {&minima, .over_nothing = ONE};
static const reducer norm = {&squares, .over_nothing = ZERO, .last = LAST_ROOT};
static const reducer variance = {&squares, &sums, NAN_OR_ZERO, .is_mean = true,
                                 .centre_is_mean = true};
static const reducer deviation = {
    &squares, &sums, NAN_OR_ZERO, true, .centre_is_mean = true, .last = LAST_ROOT};
static const reducer log_sum_exp = {&exponentials, &maxima, LOWEST, .last = LAST_LOG};

#define REDUCES                                                                            \
  .inputs = {{.name = "input"}}, .infer = infer, .launch = launch,                         \
  .attrs = {{.name = "axis", .kind = EAGER__ATTR_INT_LIST},                                \
            {.name = "keep_dims", .kind = EAGER__ATTR_BOOL}}

enum { SUM, MEAN, MAX, MIN, PROD, ANY, ALL, NORM, VARIANCE, STD, LOG_SUM_EXP, COUNT };
#define DOOR(name) "eager_reduce_" name
static const eager__op ops[COUNT] = {
    [SUM] = {"Sum", DOOR("sum"), .dtypes = EAGER__NUMBERS, .data = &sum, REDUCES},
    [MEAN] = {"Mean", DOOR("mean"), .dtypes = EAGER__NUMBERS, .data = &mean, REDUCES},
    [MAX] = {"Max", DOOR("max"), .dtypes = EAGER__NUMBERS, .data = &max, REDUCES},
    [MIN] = {"Min", DOOR("min"), .dtypes = EAGER__NUMBERS, .data = &min, REDUCES},
    [PROD] = {"Prod", DOOR("prod"), .dtypes = EAGER__NUMBERS, .data = &prod, REDUCES},
    [ANY] = {"Any", DOOR("any"), .dtypes = EAGER__BOOLS, .data = &any, REDUCES},
    [ALL] = {"All", DOOR("all"), .dtypes = EAGER__BOOLS, .data = &all, REDUCES},
    [NORM] = {"EuclideanNorm", DOOR("euclidean_norm"), .dtypes = EAGER__NUMBERS,
              .data = &norm, REDUCES},
    [VARIANCE] = {"Variance", DOOR("variance"), .dtypes = EAGER__FLOATS, .data = &variance,
                  REDUCES},
    [STD] = {"Std", DOOR("std"), .dtypes = EAGER__FLOATS, .data = &deviation, REDUCES},
    [LOG_SUM_EXP] = {"LogSumExp", DOOR("logsumexp"), .dtypes = EAGER__FLOATS,
                     .data = &log_sum_exp, REDUCES},
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

eager_status eager_reduce_euclidean_norm(eager_tensor *x, const int64_t *axes,
                                         int axis_count, bool keep_dims,
                                         eager_tensor **out) {
  return reduce(NORM, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_variance(eager_tensor *x, const int64_t *axes, int axis_count,
                                   bool keep_dims, eager_tensor **out) {
  return reduce(VARIANCE, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_std(eager_tensor *x, const int64_t *axes, int axis_count,
                              bool keep_dims, eager_tensor **out) {
  return reduce(STD, x, axes, axis_count, keep_dims, out);
}

eager_status eager_reduce_logsumexp(eager_tensor *x, const int64_t *axes, int axis_count,
                                    bool keep_dims, eager_tensor **out) {
  return reduce(LOG_SUM_EXP, x, axes, axis_count, keep_dims, out);
}
