/* OneHot: an index becomes an axis that is on in one place. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/moves.h"
#include "runtime/run.h"

/* The new axis, in [0, rank of the indices]. */
static eager_status read_axis(const eager__call *call, int *out) {
  int rank = call->inputs[0].shape->rank;
  int64_t axis = eager__attr_get(call, "axis")->i;
  EAGER__REQUIRE(axis >= -1 - rank && axis <= rank, EAGER_INVALID_ARGUMENT,
                 "Expected axis in the range [%d, %d], but got %" PRId64, -1 - rank, rank,
                 axis);
  *out = (int)(axis < 0 ? axis + rank + 1 : axis);
  return EAGER_OK;
}

static eager_status check_scalar(const eager__call *call, int input) {
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(call->inputs[input].shape->rank == 0, EAGER_INVALID_ARGUMENT,
                 "%s must be a scalar, but got shape %s", call->op->inputs[input].name,
                 eager__shape_text(call->inputs[input].shape, text));
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__shape *indices = call->inputs[0].shape;
  int64_t depth = eager__attr_get(call, "depth")->i;
  int axis;
  EAGER__TRY(read_axis(call, &axis));
  EAGER__REQUIRE(depth >= 0, EAGER_INVALID_ARGUMENT,
                 "depth must be non-negative, got: %" PRId64, depth);
  EAGER__REQUIRE(indices->rank < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "the result's rank is more than %d", EAGER__MAX_RANK);
  EAGER__TRY(check_scalar(call, 1));
  EAGER__TRY(check_scalar(call, 2));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = indices->rank + 1;
  for (int i = 0; i < out->shape.rank; i++)
    out->shape.dims[i] = i == axis ? depth : indices->dims[i < axis ? i : i - 1];
  return EAGER_OK;
}

static int index_kind(eager_dtype dtype) {
  switch (dtype) {
  case EAGER_UINT8:
    return 0;
  case EAGER_INT8:
    return 1;
  case EAGER_INT32:
    return 2;
  default:
    return 3;
  }
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *out = &call->outputs[0].shape;
  int axis;
  EAGER__TRY(read_axis(call, &axis));
  bool is_last = axis == out->rank - 1;
  int64_t depth = out->dims[axis];
  int64_t columns = is_last ? depth : eager__shape_product(out, axis + 1, out->rank);
  int64_t rows = eager__shape_elements(out) / columns;
  eager__kernel_begin(commands, &eager__family_array, eager__move_dtype(call->dtype),
                      is_last ? "one_hot_last" : "one_hot");
  eager__spread spread = eager__spread_make(commands, rows, columns);
  eager__arg_output(commands, 0);
  for (int i = 0; i < 3; i++) eager__arg_input(commands, i);
  eager__arg_int(commands, index_kind(call->inputs[0].dtype));
  if (!is_last) eager__arg_long(commands, depth);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

static const eager__op one_hot = {
    .name = "OneHot",
    .typed = "eager_one_hot",
    .inputs = {{.name = "indices",
                EAGER__BIT(EAGER_UINT8) | EAGER__BIT(EAGER_INT8) | EAGER__BIT(EAGER_INT32) |
                    EAGER__BIT(EAGER_INT64)},
               {.name = "on_value"},
               {.name = "off_value"}},
    .dtypes = EAGER__ANY,
    .moves_only = true,
    .attrs = {{.name = "depth", EAGER__ATTR_INT, .required = true},
              {.name = "axis", EAGER__ATTR_INT, -1}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_one_hot = {&one_hot, 1};

eager_status eager_one_hot(eager_tensor *indices, int64_t depth, eager_tensor *on_value,
                           eager_tensor *off_value, int64_t axis, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &one_hot,
                               (eager_tensor *[]){indices, on_value, off_value}, 3));
  eager__call_set_int(&call, "depth", depth);
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, out, 1);
}
