/* Bitcast: another dtype over the same bytes. */
#include <inttypes.h>

#include "base/dtype.h"
#include "eagercl/ops.h"
#include "ops/moves.h"
#include "runtime/run.h"

enum { BITS = EAGER__FLOATS | EAGER__INTEGERS };

/* Larger elements take in the last axis, smaller ones add one. */
static eager_status infer_shape(const eager__shape *x, int64_t from, int64_t to,
                                eager__shape *out) {
  char text[EAGER__SHAPE_TEXT];
  *out = *x;
  if (from == to) return EAGER_OK;
  if (from > to) {
    EAGER__REQUIRE(x->rank < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                   "Cannot bitcast a tensor of rank %d to smaller elements: the largest "
                   "rank is %d",
                   x->rank, EAGER__MAX_RANK);
    out->dims[out->rank++] = from / to;
    return EAGER_OK;
  }
  int last = x->rank - 1;
  EAGER__REQUIRE(last >= 0 && (x->dims[last] == to / from || x->dims[last] < 0),
                 EAGER_INVALID_ARGUMENT,
                 "Cannot bitcast due to shape. %s must end in an extent of %" PRId64,
                 eager__shape_text(x, text), to / from);
  out->rank = last;
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__operand *x = &call->inputs[0];
  eager_dtype target = (eager_dtype)eager__attr_get(call, "type")->i;
  EAGER__REQUIRE(eager__dtype_is_valid(target) && (EAGER__BIT(target) & BITS) != 0,
                 EAGER_INVALID_ARGUMENT, "type: %s is not a dtype of numbers",
                 eager__dtype_is_valid(target) ? eager_dtype_name(target) : "?");
  int64_t from = (int64_t)eager_dtype_size(x->dtype);
  int64_t to = (int64_t)eager_dtype_size(target);
  eager__result *result = &call->outputs[0];
  result->dtype = target;
  EAGER__TRY(infer_shape(x->shape, from, to, &result->shape));
  /* Elements that begin between the larger ones cannot be seen as those. */
  int64_t lead = x->tensor->offset * from;
  if (lead % to != 0) return EAGER_OK;
  result->view_of = 1;
  result->view_offset = lead / to - x->tensor->offset;
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  eager__walk dense = {.rank = 1, .strides = {{1}}};
  dense.dims[0] = eager__shape_elements(call->inputs[0].shape);
  return eager__add_move_rows(commands, 0, &dense);
}

static const eager__op bitcast = {
    .name = "Bitcast",
    .typed = "eager_bitcast",
    .inputs = {{.name = "input"}},
    .dtypes = BITS,
    .moves_only = true,
    .attrs = {{.name = "type", EAGER__ATTR_DTYPE, .required = true}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_bitcast = {&bitcast, 1};

eager_status eager_bitcast(eager_tensor *x, eager_dtype dtype, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &bitcast, &x, 1));
  eager__call_set_int(&call, "type", dtype);
  return eager__call_run(&call, NULL, out, 1);
}
