/* ConcatV2 and Pack: seen as tables of rows (the axes before `axis`), every input is a
 * strip of the output; four strips go in one launch. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/moves.h"
#include "runtime/run.h"

enum { STRIPS = 4 };

/* Adds input `i` to `*shape`, which begins as input 0's. */
static eager_status join(const eager__call *call, int i, int axis, eager__shape *shape) {
  const eager__shape *first = call->inputs[0].shape, *other = call->inputs[i].shape;
  char text0[EAGER__SHAPE_TEXT], text1[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(other->rank == first->rank, EAGER_INVALID_ARGUMENT,
                 "ConcatOp : Ranks of all input tensors should match: shape[0] = %s vs. "
                 "shape[%d] = %s",
                 eager__shape_text(first, text0), i, eager__shape_text(other, text1));
  for (int d = 0; d < first->rank; d++) {
    int64_t a = shape->dims[d], b = other->dims[d];
    if (d == axis) {
      EAGER__REQUIRE(a < 0 || b < 0 || a <= INT64_MAX - b, EAGER_INVALID_ARGUMENT,
                     "ConcatOp : the extents along axis %d add up to more than fits into "
                     "63 bits",
                     axis);
      shape->dims[d] = a < 0 || b < 0 ? -1 : a + b;
      continue;
    }
    EAGER__REQUIRE(a == b || a < 0 || b < 0, EAGER_INVALID_ARGUMENT,
                   "ConcatOp : Dimension %d in both shapes must be equal (axis is %d): "
                   "shape[0] = %s vs. shape[%d] = %s",
                   d, axis, eager__shape_text(first, text0), i,
                   eager__shape_text(other, text1));
    if (a < 0) shape->dims[d] = b;
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = *call->inputs[0].shape;
  int axis;
  EAGER__TRY(
      eager__shape_axis(eager__attr_get(call, "axis")->i, out->shape.rank, "axis", &axis));
  for (int i = 1; i < call->input_count; i++) EAGER__TRY(join(call, i, axis, &out->shape));
  out->view_of = call->input_count == 1; /* with others, a failed one would go unseen */
  return EAGER_OK;
}

/* --- Pack: a new axis of extent `input_count` --- */

static eager_status read_new_axis(const eager__call *call, int *out) {
  int rank = call->inputs[0].shape->rank;
  int64_t axis = eager__attr_get(call, "axis")->i;
  EAGER__REQUIRE(axis >= -1 - rank && axis <= rank, EAGER_INVALID_ARGUMENT,
                 "axis = %" PRId64 " not in [%d, %d)", axis, -1 - rank, rank + 1);
  *out = (int)(axis < 0 ? axis + rank + 1 : axis);
  return EAGER_OK;
}

static eager_status infer_pack(eager__call *call) {
  eager__shape part = *call->inputs[0].shape;
  char text0[EAGER__SHAPE_TEXT], text1[EAGER__SHAPE_TEXT];
  int axis;
  EAGER__TRY(read_new_axis(call, &axis));
  EAGER__REQUIRE(part.rank < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "the result's rank is more than %d", EAGER__MAX_RANK);
  for (int i = 1; i < call->input_count; i++) {
    const eager__shape *other = call->inputs[i].shape;
    bool agree = other->rank == part.rank;
    for (int d = 0; agree && d < part.rank; d++) {
      agree = part.dims[d] == other->dims[d] || part.dims[d] < 0 || other->dims[d] < 0;
      if (part.dims[d] < 0) part.dims[d] = other->dims[d];
    }
    EAGER__REQUIRE(agree, EAGER_INVALID_ARGUMENT,
                   "Shapes of all inputs must match: values[0].shape = %s != "
                   "values[%d].shape = %s",
                   eager__shape_text(call->inputs[0].shape, text0), i,
                   eager__shape_text(other, text1));
  }
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = part.rank + 1;
  for (int d = 0; d <= part.rank; d++)
    out->shape.dims[d] = d == axis ? call->input_count : part.dims[d < axis ? d : d - 1];
  out->view_of = call->input_count == 1;
  return EAGER_OK;
}

/* --- Both --- */

typedef struct strips { /* the kernel's */
  int64_t widths[STRIPS], columns[STRIPS];
  int64_t out_width;
  int64_t together; /* of the strips, for a work-item */
} strips;

/* A CPU writes a line of the output once where one work-item has whole rows of it. */
static eager__spread spread_strips(const eager__commands *commands, int64_t rows,
                                   strips *all, int count) {
  int64_t widest = 0, width = 0;
  for (int k = 0; k < count; k++) {
    if (all->widths[k] > widest) widest = all->widths[k];
    width += all->widths[k];
  }
  eager__spread spread = eager__spread_make(commands, rows, width);
  bool whole = eager__commands_traits(commands)->cpu_like && spread.columns_each == width;
  all->together = whole ? count : 1;
  return whole ? spread : eager__spread_make(commands, rows, widest);
}

static eager_status add_strips(eager__commands *commands, int64_t rows, strips *all,
                               const int inputs[STRIPS], int count) {
  eager_dtype dtype = eager__move_dtype(commands->call->dtype);
  eager__kernel_begin(commands, &eager__family_array, dtype, "concat");
  eager__spread spread = spread_strips(commands, rows, all, count);
  eager__arg_output(commands, 0);
  for (int k = 0; k < STRIPS; k++) eager__arg_input(commands, inputs[k < count ? k : 0]);
  eager__arg_bytes(commands, all, sizeof *all);
  eager__arg_bytes(commands, &spread, sizeof spread);
  eager__grid grid = eager__spread_grid(commands, &spread);
  grid.dims = 3;
  grid.global[2] = (size_t)(count / all->together);
  grid.local[2] = 1;
  return eager__kernel_end(commands, grid);
}

/* Joins the inputs along `axis` of the output. */
static eager_status launch_along(eager__call *call, eager__commands *commands, int axis) {
  const eager__shape *out = &call->outputs[0].shape;
  int inputs[STRIPS], count = 0;
  int64_t rows = eager__shape_product(out, 0, axis), column = 0;
  strips all = {.out_width = eager__shape_product(out, axis, out->rank)};
  for (int i = 0; i < call->input_count; i++) {
    int64_t width = eager__shape_elements(call->inputs[i].shape) / rows;
    if (width > 0) {
      inputs[count] = i;
      all.widths[count] = width;
      all.columns[count++] = column;
      column += width;
    }
    if (count == STRIPS || (count > 0 && i == call->input_count - 1)) {
      EAGER__TRY(add_strips(commands, rows, &all, inputs, count));
      count = 0;
    }
  }
  return EAGER_OK;
}

static eager_status launch_concat(eager__call *call, eager__commands *commands) {
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i,
                               call->outputs[0].shape.rank, "axis", &axis));
  return launch_along(call, commands, axis);
}

static eager_status launch_pack(eager__call *call, eager__commands *commands) {
  int axis;
  EAGER__TRY(read_new_axis(call, &axis));
  return launch_along(call, commands, axis);
}

enum { CONCAT, PACK, COUNT };
static const eager__op ops[COUNT] = {
    [CONCAT] = {.name = "ConcatV2",
                .typed = "eager_concat",
                .inputs = {{.name = "values"}},
                .variadic = true,
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "axis", EAGER__ATTR_INT, .required = true}},
                .infer = infer,
                .launch = launch_concat},
    [PACK] = {.name = "Pack",
              .typed = "eager_stack",
              .inputs = {{.name = "values"}},
              .variadic = true,
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "axis", EAGER__ATTR_INT}},
              .infer = infer_pack,
              .launch = launch_pack},
};
const eager__op_list eager__ops_concat = {ops, COUNT};

static eager_status run_list(const eager__op *op, eager_tensor *const *values, size_t count,
                             int64_t axis, eager_tensor **out) {
  if (out != NULL) *out = NULL;
  EAGER__REQUIRE(count > 0 && values != NULL, EAGER_INVALID_ARGUMENT,
                 "values must be a list of one or more tensors [Op:%s]", op->name);
  EAGER__REQUIRE(count <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "values lists %zu tensors, more than 2^31 - 1 [Op:%s]", count, op->name);
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, op, values, (int)count));
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_concat(eager_tensor *const *values, size_t count, int64_t axis,
                          eager_tensor **out) {
  return run_list(&ops[CONCAT], values, count, axis, out);
}

eager_status eager_stack(eager_tensor *const *values, size_t count, int64_t axis,
                         eager_tensor **out) {
  return run_list(&ops[PACK], values, count, axis, out);
}
