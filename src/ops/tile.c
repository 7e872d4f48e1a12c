/* Tile and BroadcastTo: a tensor again and again. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/margins.h"
#include "ops/moves.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

/* --- Tile --- */

static eager_status infer_tile(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  const eager__attr *multiples;
  EAGER__TRY(eager__list_attr_get(call, "multiples", EAGER__MAX_RANK, &multiples));
  EAGER__REQUIRE(multiples->count == (size_t)x->rank, EAGER_INVALID_ARGUMENT,
                 "Expected multiples argument to be a vector of length %d but got length "
                 "%zu",
                 x->rank, multiples->count);
  eager__result *out = &call->outputs[0];
  bool once = true;
  out->dtype = call->dtype;
  out->shape.rank = x->rank;
  for (int i = 0; i < x->rank; i++) {
    int64_t dim = x->dims[i], multiple = multiples->ints[i];
    EAGER__REQUIRE(multiple >= 0, EAGER_INVALID_ARGUMENT,
                   "Expected multiples[%d] >= 0, but got %" PRId64, i, multiple);
    EAGER__REQUIRE(dim <= 0 || multiple <= INT64_MAX / dim, EAGER_INVALID_ARGUMENT,
                   "multiples[%d]: %" PRId64 " times %" PRId64
                   " is more than fits into 63 bits",
                   i, multiple, dim);
    out->shape.dims[i] = dim < 0 && multiple != 0 ? -1 : dim * multiple;
    once = once && multiple == 1;
  }
  out->view_of = once;
  return EAGER_OK;
}

static eager_status launch_tile(eager__call *call, eager__commands *commands) {
  static const int64_t before[EAGER__MAX_RANK] = {0};
  eager__margins margins = eager__margins_make(call, before, EAGER__MARGIN_WRAP);
  return eager__add_margins(commands, &margins, EAGER__MARGIN_WRAP, 0);
}

/* --- BroadcastTo --- */

static eager_status infer_broadcast(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  eager__result *out = &call->outputs[0];
  char text[EAGER__SHAPE_TEXT], text_x[EAGER__SHAPE_TEXT];
  out->dtype = call->dtype;
  EAGER__TRY(eager__shape_attr_get(call, "shape", call->dtype, &out->shape));
  EAGER__REQUIRE(x->rank <= out->shape.rank, EAGER_INVALID_ARGUMENT,
                 "Rank of input (%d) must be no greater than rank of output shape (%d).",
                 x->rank, out->shape.rank);
  int lead = out->shape.rank - x->rank;
  bool same = lead == 0;
  for (int i = 0; i < x->rank; i++) {
    int64_t from = x->dims[i], to = out->shape.dims[lead + i];
    EAGER__REQUIRE(from == 1 || from == to || from < 0, EAGER_INVALID_ARGUMENT,
                   "Incompatible shapes: %s vs. %s", eager__shape_text(x, text_x),
                   eager__shape_text(&out->shape, text));
    same = same && from == to;
  }
  /* New axes of extent 1 move nothing either. */
  same = same || (eager__shape_elements(x) > 0 &&
                  eager__shape_elements(x) == eager__shape_elements(&out->shape));
  out->view_of = same;
  return EAGER_OK;
}

static eager_status launch_broadcast(eager__call *call, eager__commands *commands) {
  eager__walk walk;
  eager__walk_broadcast(&call->outputs[0].shape, call->inputs[0].shape, 1, &walk);
  return eager__add_move_rows(commands, 0, &walk);
}

enum { TILE, BROADCAST_TO, COUNT };
static const eager__op ops[COUNT] = {
    [TILE] = {.name = "Tile",
              .typed = "eager_tile",
              .inputs = {{.name = "input"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "multiples", EAGER__ATTR_INT_LIST, .required = true}},
              .infer = infer_tile,
              .launch = launch_tile},
    [BROADCAST_TO] = {.name = "BroadcastTo",
                      .typed = "eager_broadcast_to",
                      .inputs = {{.name = "input"}},
                      .dtypes = EAGER__ANY,
                      .moves_only = true,
                      .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true}},
                      .infer = infer_broadcast,
                      .launch = launch_broadcast},
};
const eager__op_list eager__ops_tile = {ops, COUNT};

eager_status eager_tile(eager_tensor *x, const int64_t *multiples, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[TILE], &x, 1));
  size_t rank = x ? (size_t)eager_tensor_rank(x) : 0;
  eager__call_set_ints(&call, "multiples", multiples, rank);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_broadcast_to(eager_tensor *x, int rank, const int64_t *dims,
                                eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[BROADCAST_TO], &x, 1));
  eager__call_set_ints(&call, "shape", dims, (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}
