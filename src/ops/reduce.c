/* Sum Mean Max Min Prod Any All over any set of axes; EuclideanNorm, Variance, Std and
 * LogSumExp, most of them in two passes: the centres first, in scratch, then sums about
 * them. Which kernels run, and into how many
 * parts a long reduction is cut, depends on shapes alone: the same bits with any number of
 * threads. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "ops/reduce_plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

#include <math.h>

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

static const pass sums = {&eager__family_rows, "sum_rows",  "sum_columns",
                          "sum_finish",        "sum_group", "sum_group_finish"};
static const pass wide_sums = {&eager__family_means, "sum_rows",  "sum_columns",
                               "sum_finish",         "sum_group", "sum_group_finish"};
static const pass products = {&eager__family_folds, "prod_rows",  "prod_columns",
                              "prod_finish",        "prod_group", "prod_group_finish"};
static const pass maxima = {&eager__family_folds, "max_rows",  "max_columns",
                            "max_finish",         "max_group", "max_group_finish"};
static const pass minima = {&eager__family_folds, "min_rows",  "min_columns",
                            "min_finish",         "min_group", "min_group_finish"};
static const pass squares = {&eager__family_moments, "squares_rows",
                             "squares_columns",      "squares_finish",
                             "squares_group",        "squares_group_finish"};
static const pass exponentials = {&eager__family_moments, "exps_rows",
                                  "exps_columns",         "exps_finish",
                                  "exps_group",           "exps_group_finish"};

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
  eager__reduction r;
  int centres; /* scratch, or -1 */
  int target;  /* scratch of type A, or -1: output 0 */
} step;

static size_t partial_size(const eager__call *call, const pass *kernels) {
  return kernels->family->wide ? sizeof(int64_t) : eager__computed_size(call->dtype);
}

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
  eager__reduction r = s->r;
  r.lanes = eager__reduction_lanes(r.parts, r.outputs, r.outputs > 1, size);
  eager__kernel_begin(commands, s->pass->family, call->dtype,
                      blocks ? s->pass->finish : s->pass->group_finish);
  add_target(commands, s->target);
  eager__arg_scratch(commands, partials);
  add_centres(commands, s);
  eager__arg_bytes(commands, &r, sizeof r);
  if (!blocks) eager__arg_local(commands, (size_t)size * partial_size(call, s->pass));
  int64_t vectors = eager__ceil_div(r.outputs, traits->vector_width);
  int64_t groups = eager__ceil_div(r.outputs, size / r.lanes);
  return eager__kernel_end(commands, blocks ? eager__grid_1d(vectors, 1)
                                            : eager__grid_1d(groups * size, size));
}

static eager_status add_step(eager__call *call, eager__commands *commands, step *s,
                             bool columns) {
  const eager__traits *traits = eager__commands_traits(commands);
  bool blocks = traits->cpu_like;
  eager__reduction *r = &s->r;
  int64_t size = eager__power_of_two(EAGER__GROUP, (int64_t)traits->max_local_size);
  int64_t groups = blocks ? eager__reduction_plan_blocks(r, columns)
                          : eager__reduction_plan_groups(r, columns, size);
  int64_t local = blocks ? 1 : size;
  size_t element = partial_size(call, s->pass);
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
  eager__reduction r;
  bool columns = eager__reduction_lay_out(x, reduced, &r);
  int64_t total = r.run * r.runs;
  int centres = -1;
  if (row->centre) {
    size_t element = partial_size(call, row->centre);
    centres = eager__scratch(commands, (size_t)r.outputs * element);
    step first = {row->centre, r, -1, centres};
    first.r.divisor = row->centre_is_mean ? total : 1;
    first.r.raw = true;
    EAGER__TRY(add_step(call, commands, &first, columns));
  }
  bool wide = row == &mean && (EAGER__BIT(call->dtype) & EAGER__INTEGERS) != 0;
  step whole = {wide ? &wide_sums : row->pass, r, centres, -1};
  whole.r.divisor = row->is_mean ? total : 1;
  whole.r.last = row->last;
  whole.r.centred = row->centre != NULL;
  return add_step(call, commands, &whole, columns);
}

#define REDUCES                                                                            \
  .inputs = {{.name = "input"}}, .infer = infer, .launch = launch,                         \
  .attrs = {{.name = "axis", .kind = EAGER__ATTR_INT_LIST},                                \
            {.name = "keep_dims", .kind = EAGER__ATTR_BOOL}}

enum { SUM, MEAN, MAX, MIN, PROD, ANY, ALL, NORM, VARIANCE, STD, LOG_SUM_EXP, COUNT };
static const eager__op ops[COUNT] = {
    [SUM] = {"Sum", "eager_reduce_sum", .dtypes = EAGER__NUMBERS, .data = &sum, REDUCES},
    [MEAN] = {"Mean", "eager_reduce_mean", .dtypes = EAGER__NUMBERS, .data = &mean,
              REDUCES},
    [MAX] = {"Max", "eager_reduce_max", .dtypes = EAGER__NUMBERS, .data = &max, REDUCES},
    [MIN] = {"Min", "eager_reduce_min", .dtypes = EAGER__NUMBERS, .data = &min, REDUCES},
    [PROD] = {"Prod", "eager_reduce_prod", .dtypes = EAGER__NUMBERS, .data = &prod,
              REDUCES},
    [ANY] = {"Any", "eager_reduce_any", .dtypes = EAGER__BOOLS, .data = &any, REDUCES},
    [ALL] = {"All", "eager_reduce_all", .dtypes = EAGER__BOOLS, .data = &all, REDUCES},
    [NORM] = {"EuclideanNorm", "eager_reduce_euclidean_norm", .dtypes = EAGER__NUMBERS,
              .data = &norm, REDUCES},
    [VARIANCE] = {"Variance", "eager_reduce_variance", .dtypes = EAGER__FLOATS,
                  .data = &variance, REDUCES},
    [STD] = {"Std", "eager_reduce_std", .dtypes = EAGER__FLOATS, .data = &deviation,
             REDUCES},
    [LOG_SUM_EXP] = {"LogSumExp", "eager_reduce_logsumexp", .dtypes = EAGER__FLOATS,
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
