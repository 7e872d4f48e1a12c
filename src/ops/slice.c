/* Slice: a box out of a tensor. One that is a single run of x's elements moves no bytes. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/moves.h"
#include "runtime/run.h"

static eager_status read_list(const eager__call *call, const char *name, int rank,
                              const int64_t **out) {
  const eager__attr *list = eager__attr_get(call, name);
  EAGER__REQUIRE(list->count == (size_t)rank, EAGER_INVALID_ARGUMENT,
                 "Expected begin and size to have one entry per axis of the input (%d), "
                 "but %s has %zu",
                 rank, name, list->count);
  EAGER__REQUIRE(rank == 0 || list->ints != NULL, EAGER_INVALID_ARGUMENT,
                 "%s must not be NULL for rank %d", name, rank);
  *out = list->ints;
  return EAGER_OK;
}

/* One axis: extent of the box, -1 if unknown. */
static eager_status cut_axis(int i, int64_t dim, int64_t begin, int64_t size,
                             int64_t *out) {
  EAGER__REQUIRE(begin >= 0 && (dim < 0 || begin <= dim), EAGER_INVALID_ARGUMENT,
                 "Expected begin[%d] in [0, %" PRId64 "], but got %" PRId64, i, dim, begin);
  if (size == -1) {
    *out = dim < 0 ? -1 : dim - begin;
    return EAGER_OK;
  }
  EAGER__REQUIRE(size >= 0 && (dim < 0 || size <= dim - begin), EAGER_INVALID_ARGUMENT,
                 "Expected size[%d] in [0, %" PRId64 "], but got %" PRId64, i, dim - begin,
                 size);
  *out = size;
  return EAGER_OK;
}

/* Walks x over the box, no extent unknown; the box's first element comes out. The output is
 * operand 1, so that a walk of one dimension is one run of both. */
static int64_t make_walk(const eager__shape *x, const eager__shape *box,
                         const int64_t *begin, eager__walk *walk) {
  int64_t stride = 1, out_stride = 1, start = 0;
  walk->rank = x->rank;
  for (int i = x->rank - 1; i >= 0; i--) {
    walk->dims[i] = box->dims[i];
    walk->strides[0][i] = stride;
    walk->strides[1][i] = out_stride;
    start += begin[i] * stride;
    stride *= x->dims[i];
    out_stride *= box->dims[i];
  }
  eager__walk_collapse(walk, 2);
  return start;
}

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  const int64_t *begin, *size;
  EAGER__TRY(read_list(call, "begin", x->rank, &begin));
  EAGER__TRY(read_list(call, "size", x->rank, &size));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = x->rank;
  for (int i = 0; i < x->rank; i++)
    EAGER__TRY(cut_axis(i, x->dims[i], begin[i], size[i], &out->shape.dims[i]));
  if (eager__shape_elements(x) <= 0 || eager__shape_elements(&out->shape) <= 0)
    return EAGER_OK;
  eager__walk walk;
  int64_t start = make_walk(x, &out->shape, begin, &walk);
  if (walk.rank == 1 && (walk.dims[0] == 1 || walk.strides[0][0] == 1)) {
    out->view_of = 1;
    out->view_offset = start;
  }
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  eager__walk walk;
  int64_t start = make_walk(call->inputs[0].shape, &call->outputs[0].shape,
                            eager__attr_get(call, "begin")->ints, &walk);
  return eager__add_move_rows(commands, start, &walk);
}

static const eager__op slice = {
    .name = "Slice",
    .typed = "eager_slice",
    .inputs = {{.name = "input"}},
    .dtypes = EAGER__ANY,
    .moves_only = true,
    .attrs = {{.name = "begin", EAGER__ATTR_INT_LIST, .required = true},
              {.name = "size", EAGER__ATTR_INT_LIST, .required = true}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_slice = {&slice, 1};

eager_status eager_slice(eager_tensor *x, const int64_t *begin, const int64_t *size,
                         eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &slice, &x, 1));
  size_t rank = x != NULL ? (size_t)eager_tensor_rank(x) : 0;
  eager__call_set_ints(&call, "begin", begin, rank);
  eager__call_set_ints(&call, "size", size, rank);
  return eager__call_run(&call, NULL, out, 1);
}
