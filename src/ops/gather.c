/* GatherV2: slices of params along an axis, by index. GatherNd: by coordinates. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/indices.h"
#include "ops/moves.h"
#include "runtime/run.h"

/* `axis` and `batch_dims` as axes of params. */
static eager_status read_axes(const eager__call *call, int *out_axis, int *out_batch) {
  const eager__shape *params = call->inputs[0].shape, *indices = call->inputs[1].shape;
  int64_t batch = eager__attr_get(call, "batch_dims")->i;
  EAGER__TRY(
      eager__shape_axis(eager__attr_get(call, "axis")->i, params->rank, "axis", out_axis));
  EAGER__REQUIRE(batch >= -indices->rank && batch <= indices->rank, EAGER_INVALID_ARGUMENT,
                 "Expected batch_dims in the range [%d, %d], but got %" PRId64,
                 -indices->rank, indices->rank, batch);
  *out_batch = (int)(batch < 0 ? batch + indices->rank : batch);
  EAGER__REQUIRE(*out_batch <= *out_axis, EAGER_INVALID_ARGUMENT,
                 "batch_dims (%d) must be less than or equal to axis (%d)", *out_batch,
                 *out_axis);
  return EAGER_OK;
}

static eager_status append(eager__shape *shape, const eager__shape *from, int begin,
                           int end) {
  for (int i = begin; i < end; i++) {
    EAGER__REQUIRE(shape->rank < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                   "the result's rank is more than %d", EAGER__MAX_RANK);
    shape->dims[shape->rank++] = from->dims[i];
  }
  return EAGER_OK;
}

static eager_status check_batch(const eager__shape *params, const eager__shape *indices,
                                int batch) {
  for (int i = 0; i < batch; i++) {
    int64_t a = params->dims[i], b = indices->dims[i];
    EAGER__REQUIRE(a == b || a < 0 || b < 0, EAGER_INVALID_ARGUMENT,
                   "params.shape[%d]: %" PRId64 " should be equal to indices.shape[%d]: "
                   "%" PRId64,
                   i, a, i, b);
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__shape *params = call->inputs[0].shape, *indices = call->inputs[1].shape;
  int axis, batch;
  EAGER__TRY(read_axes(call, &axis, &batch));
  EAGER__TRY(check_batch(params, indices, batch));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = 0;
  EAGER__TRY(append(&out->shape, params, 0, axis));
  EAGER__TRY(append(&out->shape, indices, batch, indices->rank));
  EAGER__TRY(append(&out->shape, params, axis + 1, params->rank));
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *params = call->inputs[0].shape, *indices = call->inputs[1].shape;
  int axis, batch;
  EAGER__TRY(read_axes(call, &axis, &batch));
  int64_t extent = params->dims[axis];
  int64_t columns = eager__shape_product(params, axis + 1, params->rank);
  int64_t rows = eager__shape_elements(&call->outputs[0].shape) / columns;
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "indices[#] is not in [0, %" PRId64 ")", extent);
  eager__kernel_begin(commands, &eager__family_array, eager__move_dtype(call->dtype),
                      "gather");
  eager__spread spread = eager__spread_make(commands, rows, columns);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_int(commands, eager__index_kind(call->inputs[1].dtype));
  eager__arg_long(commands, eager__shape_product(params, batch, axis));
  eager__arg_long(commands, extent);
  eager__arg_long(commands, eager__shape_product(indices, batch, indices->rank));
  eager__arg_bytes(commands, &spread, sizeof spread);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

/* --- By coordinates --- */

static eager_status read_batch(const eager__call *call, int *out) {
  const eager__shape *params = call->inputs[0].shape, *indices = call->inputs[1].shape;
  int64_t batch = eager__attr_get(call, "batch_dims")->i;
  int most = indices->rank - 1 < params->rank ? indices->rank - 1 : params->rank;
  EAGER__REQUIRE(batch >= 0 && batch <= most, EAGER_INVALID_ARGUMENT,
                 "Expected batch_dims in the range [0, %d], but got %" PRId64, most, batch);
  *out = (int)batch;
  return check_batch(params, indices, *out);
}

static eager_status infer_nd(eager__call *call) {
  const eager__shape *params = call->inputs[0].shape, *indices = call->inputs[1].shape;
  int batch;
  char text[EAGER__SHAPE_TEXT];
  EAGER__TRY(eager__corner_check(indices, params->rank, "params"));
  EAGER__TRY(read_batch(call, &batch));
  EAGER__TRY(eager__corner_check(indices, params->rank - batch, "params"));
  int depth = (int)indices->dims[indices->rank - 1];
  EAGER__REQUIRE(depth >= 0, EAGER_INVALID_ARGUMENT,
                 "the rank of what %s gives is unknown: indices of shape %s need a known "
                 "last extent in a graph",
                 call->name, eager__shape_text(indices, text));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = 0;
  EAGER__TRY(append(&out->shape, indices, 0, indices->rank - 1));
  EAGER__TRY(append(&out->shape, params, batch + depth, params->rank));
  EAGER__REQUIRE(eager__shape_product(params, batch, batch + depth) != 0 ||
                     eager__shape_elements(&out->shape) <= 0,
                 EAGER_INVALID_ARGUMENT,
                 "Requested more than 0 entries, but params is empty.  Params shape: %s",
                 eager__shape_text(params, text));
  return EAGER_OK;
}

static eager_status launch_nd(eager__call *call, eager__commands *commands) {
  const eager__shape *params = call->inputs[0].shape, *indices = call->inputs[1].shape;
  int batch, depth = (int)indices->dims[indices->rank - 1];
  char text[EAGER__SHAPE_TEXT];
  EAGER__TRY(read_batch(call, &batch));
  eager__corner corner;
  eager__corner_make(indices, params, batch, &corner);
  int64_t columns = eager__shape_product(params, batch + depth, params->rank);
  int64_t rows = eager__shape_product(indices, 0, indices->rank - 1);
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "indices[#] does not index into param shape %s",
                    eager__shape_text(params, text));
  eager__kernel_begin(commands, &eager__family_array, eager__move_dtype(call->dtype),
                      "gather_nd");
  eager__spread spread = eager__spread_make(commands, rows, columns);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_int(commands, eager__index_kind(call->inputs[1].dtype));
  eager__arg_long(commands, eager__shape_product(indices, batch, indices->rank - 1));
  eager__arg_bytes(commands, &corner, sizeof corner);
  eager__arg_bytes(commands, &spread, sizeof spread);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

enum { GATHER, GATHER_ND, COUNT };
static const eager__op ops[COUNT] = {
    [GATHER] = {.name = "GatherV2",
                .typed = "eager_gather, eager_batch_gather",
                .inputs = {{.name = "params"}, {.name = "indices", EAGER__SHORT_INDICES}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .checked = true,
                .attrs = {{.name = "axis", EAGER__ATTR_INT, .required = true},
                          {.name = "batch_dims", EAGER__ATTR_INT}},
                .infer = infer,
                .launch = launch},
    [GATHER_ND] = {.name = "GatherNd",
                   .typed = "eager_gather_nd",
                   .inputs = {{.name = "params"},
                              {.name = "indices", EAGER__SHORT_INDICES}},
                   .dtypes = EAGER__ANY,
                   .moves_only = true,
                   .checked = true,
                   .attrs = {{.name = "batch_dims", EAGER__ATTR_INT}},
                   .infer = infer_nd,
                   .launch = launch_nd},
};
const eager__op_list eager__ops_gather = {ops, COUNT};

eager_status eager_batch_gather(eager_tensor *params, eager_tensor *indices, int64_t axis,
                                int64_t batch_dims, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[GATHER], (eager_tensor *[]){params, indices}, 2));
  eager__call_set_int(&call, "axis", axis);
  eager__call_set_int(&call, "batch_dims", batch_dims);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_gather(eager_tensor *params, eager_tensor *indices, int64_t axis,
                          eager_tensor **out) {
  return eager_batch_gather(params, indices, axis, 0, out);
}

eager_status eager_gather_nd(eager_tensor *params, eager_tensor *indices,
                             int64_t batch_dims, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[GATHER_ND], (eager_tensor *[]){params, indices}, 2));
  eager__call_set_int(&call, "batch_dims", batch_dims);
  return eager__call_run(&call, NULL, out, 1);
}
