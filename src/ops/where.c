/* Where and BooleanMask: how many there are is counted on the device and read, then the
 * result has its size and is written. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/order.h"
#include "ops/scan.h"
#include "runtime/run.h"

enum { STEP = 16 }; /* elements of a GPU's work-item */

/* The bits that make an element count; -0 is zero. */
static int64_t mask_of(eager_dtype dtype) {
  eager__key_rule rule = eager__key_rule_of(dtype, false);
  return rule.infinity != 0 ? ~rule.sign : -1;
}

static void add_condition(eager__commands *commands, int input, int64_t count,
                          int64_t each) {
  eager__arg_input(commands, input);
  eager__arg_long(commands, mask_of(commands->call->inputs[input].dtype));
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
}

/* --- Inner op: [blocks + 1] elements found before each block, [1] all of them --- */

static eager_status infer_count(eager__call *call) {
  /* One block too many at most: how long they are is known to launch. */
  int64_t blocks = eager__shape_elements(call->inputs[0].shape) / STEP + 2;
  for (int i = 0; i < 2; i++) call->outputs[i].dtype = EAGER_INT64;
  call->outputs[0].shape = (eager__shape){1, {blocks}};
  call->outputs[1].shape = (eager__shape){1, {1}};
  return EAGER_OK;
}

static eager_status launch_count(eager__call *call, eager__commands *commands) {
  int64_t count = eager__shape_elements(call->inputs[0].shape);
  eager__kernel_begin(commands, &eager__family_sort, eager__move_dtype(call->dtype),
                      "where_count");
  int64_t each = eager__block_each(commands, count, STEP);
  eager__arg_output(commands, 0);
  add_condition(commands, 0, count, each);
  eager__kernel_end(commands, eager__grid_each(commands, count, each));
  eager__scan scan = {.values = {EAGER__PLACE_OUTPUT, 0, 0},
                      .dtype = EAGER_UINT64,
                      .count = (count + each - 1) / each,
                      .sums = -1};
  eager__add_scan(commands, &scan);
  return eager__add_scan_total(commands, &scan, 1);
}

/* --- Inner op: [found, rank], or [found] places in the flat condition --- */

static eager_status infer_write(eager__call *call) {
  int64_t found = eager__attr_get(call, "found")->i;
  call->outputs[0].dtype = EAGER_INT64;
  call->outputs[0].shape = (eager__shape){1, {found}};
  if (eager__attr_get(call, "flat")->i) return EAGER_OK;
  call->outputs[0].shape.rank = 2;
  call->outputs[0].shape.dims[1] = call->inputs[0].shape->rank;
  return EAGER_OK;
}

static eager_status launch_write(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t count = eager__shape_elements(x);
  struct {
    int64_t rank, dims[8];
  } extents = {.rank = x->rank};
  for (int i = 0; i < x->rank; i++) extents.dims[i] = x->dims[i];
  if (eager__attr_get(call, "flat")->i) extents.rank = 1;
  eager__kernel_begin(commands, &eager__family_sort, eager__move_dtype(call->dtype),
                      "where_write");
  int64_t each = eager__block_each(commands, count, STEP);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 1);
  add_condition(commands, 0, count, each);
  eager__arg_bytes(commands, &extents, sizeof extents);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

/* --- Inner op: the slices of a tensor at places along an axis --- */

static eager_status infer_take(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int axis = (int)eager__attr_get(call, "axis")->i;
  int after = axis + (int)eager__attr_get(call, "axes")->i;
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = (eager__shape){0};
  for (int i = 0; i < axis; i++) out->shape.dims[out->shape.rank++] = x->dims[i];
  out->shape.dims[out->shape.rank++] = call->inputs[1].shape->dims[0];
  for (int i = after; i < x->rank; i++) out->shape.dims[out->shape.rank++] = x->dims[i];
  return EAGER_OK;
}

static eager_status launch_take(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  int axis = (int)eager__attr_get(call, "axis")->i;
  int after = axis + (int)eager__attr_get(call, "axes")->i;
  int64_t all = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, &eager__family_sort, eager__move_dtype(call->dtype),
                      "where_take");
  int64_t each = eager__block_each(commands, all, 1);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_long(commands, all);
  eager__arg_long(commands, call->inputs[1].shape->dims[0]);
  eager__arg_long(commands, eager__shape_product(x, axis, after));
  eager__arg_long(commands, eager__shape_product(x, after, x->rank));
  eager__arg_long(commands, each);
  return eager__kernel_end(commands, eager__grid_each(commands, all, each));
}

enum { COUNT_FOUND, WRITE_FOUND, TAKE };
static const eager__op inner[] = {
    [COUNT_FOUND] = {.name = "Where",
                     .inputs = {{.name = "condition"}},
                     .outputs = 2,
                     .dtypes = EAGER__ANY,
                     .moves_only = true,
                     .infer = infer_count,
                     .launch = launch_count},
    [WRITE_FOUND] = {.name = "Where",
                     .inputs = {{.name = "condition"},
                                {.name = "starts", EAGER__BIT(EAGER_INT64)}},
                     .dtypes = EAGER__ANY,
                     .moves_only = true,
                     .attrs = {{.name = "found", EAGER__ATTR_INT},
                               {.name = "flat", EAGER__ATTR_BOOL}},
                     .infer = infer_write,
                     .launch = launch_write},
    [TAKE] = {.name = "BooleanMask",
              .inputs = {{.name = "tensor"}, {.name = "places", EAGER__BIT(EAGER_INT64)}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "axis", EAGER__ATTR_INT},
                        {.name = "axes", EAGER__ATTR_INT}},
              .infer = infer_take,
              .launch = launch_take},
};

/* --- Where --- */

/* Waits for the count. */
static eager_status find(const eager__call *outer, eager_tensor *condition, bool flat,
                         eager_tensor **out) {
  eager__call call;
  eager_tensor *counted[2];
  int64_t found;
  EAGER__TRY(eager__call_begin_inner(&call, &inner[COUNT_FOUND], outer, &condition, 1));
  EAGER__TRY(eager__call_run(&call, NULL, counted, 2));
  eager_status status = eager_tensor_to_host(counted[1], &found, sizeof found);
  eager_tensor *given[] = {condition, counted[0]};
  if (status == EAGER_OK)
    status = eager__call_begin_inner(&call, &inner[WRITE_FOUND], outer, given, 2);
  if (status == EAGER_OK) {
    eager__call_set_int(&call, "found", found);
    eager__call_set_int(&call, "flat", flat);
    status = eager__call_run(&call, NULL, out, 1);
  }
  eager_tensor_release(counted[0]);
  eager_tensor_release(counted[1]);
  return status;
}

static eager_status compose_where(eager__call *call, eager_tensor **outputs) {
  return find(call, call->inputs[0].tensor, false, outputs);
}

/* --- BooleanMask --- */

static eager_status mask_axis(const eager__call *call, int *out_axis) {
  const eager__shape *x = call->inputs[0].shape, *mask = call->inputs[1].shape;
  char text[EAGER__SHAPE_TEXT], other[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(mask->rank > 0, EAGER_INVALID_ARGUMENT, "mask cannot be scalar");
  EAGER__TRY(
      eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", out_axis));
  bool fits = *out_axis + mask->rank <= x->rank;
  for (int i = 0; i < mask->rank && fits; i++)
    fits = x->dims[*out_axis + i] == mask->dims[i];
  EAGER__REQUIRE(fits, EAGER_INVALID_ARGUMENT,
                 "Shapes %s and %s are incompatible: mask must fit tensor from axis %d on",
                 eager__shape_text(x, text), eager__shape_text(mask, other), *out_axis);
  return EAGER_OK;
}

static eager_status check_mask(const eager__call *call) {
  int axis;
  return mask_axis(call, &axis);
}

static eager_status compose_mask(eager__call *call, eager_tensor **outputs) {
  int axis;
  eager_tensor *places;
  EAGER__TRY(mask_axis(call, &axis));
  EAGER__TRY(find(call, call->inputs[1].tensor, true, &places));
  eager__call take;
  eager_tensor *given[] = {call->inputs[0].tensor, places};
  eager_status status = eager__call_begin_inner(&take, &inner[TAKE], call, given, 2);
  if (status == EAGER_OK) {
    eager__call_set_int(&take, "axis", axis);
    eager__call_set_int(&take, "axes", call->inputs[1].shape->rank);
    status = eager__call_run(&take, NULL, outputs, 1);
  }
  eager_tensor_release(places);
  return status;
}

/* --- The ops --- */

enum { WHERE, MASK, COUNT };
static const eager__op ops[COUNT] = {
    [WHERE] = {.name = "Where",
               .typed = "eager_where_indices",
               .inputs = {{.name = "condition"}},
               .dtypes = EAGER__ANY,
               .moves_only = true,
               .infer_late = true,
               .compose = compose_where},
    [MASK] = {.name = "BooleanMask",
              .typed = "eager_boolean_mask",
              .inputs = {{.name = "tensor"}, {.name = "mask", EAGER__BOOLS}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .infer_late = true,
              .attrs = {{.name = "axis", EAGER__ATTR_INT}},
              .compose = compose_mask,
              .check = check_mask},
};
const eager__op_list eager__ops_where = {ops, COUNT};

eager_status eager_where_indices(eager_tensor *condition, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[WHERE], &condition, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_boolean_mask(eager_tensor *tensor, eager_tensor *mask, int64_t axis,
                                eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[MASK], (eager_tensor *[]){tensor, mask}, 2));
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, out, 1);
}
