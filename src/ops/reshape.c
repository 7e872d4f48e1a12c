/* Reshape, ExpandDims, Squeeze, Identity and its relatives: other shapes over the same
 * bytes. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

static eager_status view(eager__call *call, const eager__shape *shape) {
  call->outputs[0].dtype = call->inputs[0].dtype;
  call->outputs[0].shape = *shape;
  call->outputs[0].view_of = 1;
  return EAGER_OK;
}

static eager_status infer_identity(eager__call *call) {
  return view(call, call->inputs[0].shape);
}

/* --- EnsureShape --- */

/* The tensor as it is, if its shape agrees with the one asked for, where -1 is anything. */
static eager_status infer_ensure(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  const eager__attr *list = eager__attr_get(call, "shape");
  EAGER__TRY(eager__shape_attr_check("shape", list));
  eager__shape asked = {.rank = (int)list->count};
  bool agree = asked.rank == x->rank;
  for (int i = 0; i < asked.rank; i++) {
    asked.dims[i] = list->ints[i];
    EAGER__REQUIRE(asked.dims[i] >= -1, EAGER_INVALID_ARGUMENT,
                   "shape[%d] must not be below -1, got %" PRId64, i, asked.dims[i]);
    agree =
        agree && (asked.dims[i] == -1 || x->dims[i] == -1 || asked.dims[i] == x->dims[i]);
  }
  char text[EAGER__SHAPE_TEXT], text_x[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(agree, EAGER_INVALID_ARGUMENT,
                 "Shape of tensor input %s is not compatible with expected shape %s.",
                 eager__shape_text(x, text_x), eager__shape_text(&asked, text));
  return view(call, x);
}

/* --- Reshape --- */

/* Where the one -1 of the list stands, -1 if nowhere. */
static eager_status find_open(const eager__attr *list, int *out) {
  *out = -1;
  for (int i = 0; i < (int)list->count; i++) {
    int64_t dim = list->ints[i];
    EAGER__REQUIRE(dim >= -1, EAGER_INVALID_ARGUMENT,
                   "Size %d must be non-negative, not %" PRId64, i, dim);
    EAGER__REQUIRE(dim != -1 || *out < 0, EAGER_INVALID_ARGUMENT,
                   "Only one input size may be -1, not both %d and %d", *out, i);
    if (dim == -1) *out = i;
  }
  return EAGER_OK;
}

static eager__shape without_zeros(const eager__shape *shape) {
  eager__shape out = *shape;
  for (int i = 0; i < out.rank; i++)
    if (out.dims[i] == 0) out.dims[i] = 1;
  return out;
}

/* The extent for -1: what the input's elements leave over beside all other extents. If one
 * of these is 0, zeros are not looked at on either side. */
static eager_status fill_open(const eager__shape *x, eager__shape *asked, int open) {
  int64_t elements = eager__shape_elements(x), known = eager__shape_elements(asked);
  EAGER__REQUIRE(known != 0 || elements <= 0, EAGER_INVALID_ARGUMENT,
                 "Input to reshape is a tensor with %" PRId64
                 " values, but the requested shape has 0",
                 elements);
  if (known == 0 && elements == 0) {
    eager__shape held = without_zeros(x), rest = without_zeros(asked);
    elements = eager__shape_elements(&held);
    known = eager__shape_elements(&rest);
    asked->dims[open] = elements / known;
    return EAGER_OK;
  }
  EAGER__REQUIRE(elements < 0 || elements % known == 0, EAGER_INVALID_ARGUMENT,
                 "Input to reshape is a tensor with %" PRId64
                 " values, but the requested shape requires a multiple of %" PRId64,
                 elements, known);
  asked->dims[open] = elements < 0 ? -1 : elements / known;
  return EAGER_OK;
}

static eager_status infer_reshape(eager__call *call) {
  const eager__attr *list = eager__attr_get(call, "shape");
  int open;
  EAGER__TRY(eager__shape_attr_check("shape", list));
  EAGER__TRY(find_open(list, &open));
  int64_t dims[EAGER__MAX_RANK];
  for (int i = 0; i < (int)list->count; i++) dims[i] = i == open ? 1 : list->ints[i];
  eager__shape shape;
  EAGER__TRY(eager__shape_make(call->inputs[0].dtype, (int)list->count, dims, &shape));
  int64_t elements = eager__shape_elements(call->inputs[0].shape);
  int64_t requested = eager__shape_elements(&shape);
  if (open >= 0) {
    EAGER__TRY(fill_open(call->inputs[0].shape, &shape, open));
    return view(call, &shape);
  }
  EAGER__REQUIRE(elements < 0 || elements == requested, EAGER_INVALID_ARGUMENT,
                 "Input to reshape is a tensor with %" PRId64
                 " values, but the requested shape has %" PRId64,
                 elements, requested);
  return view(call, &shape);
}

/* --- ExpandDims, Squeeze --- */

static eager_status infer_expand_dims(eager__call *call) {
  const eager__shape *input = call->inputs[0].shape;
  int64_t axis = eager__attr_get(call, "axis")->i;
  EAGER__REQUIRE(input->rank < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "cannot expand a tensor of rank %d: the largest rank is %d", input->rank,
                 EAGER__MAX_RANK);
  EAGER__REQUIRE(axis >= -1 - input->rank && axis <= input->rank, EAGER_INVALID_ARGUMENT,
                 "Tried to expand dim index %" PRId64 " for tensor with %d dimensions",
                 axis, input->rank);
  int place = (int)(axis < 0 ? axis + input->rank + 1 : axis);
  eager__shape shape = {.rank = input->rank + 1};
  for (int i = 0; i < shape.rank; i++)
    shape.dims[i] = i == place ? 1 : input->dims[i < place ? i : i - 1];
  return view(call, &shape);
}

/* The axes to drop, as bits. An empty list stands for every axis of extent 1. */
static eager_status dropped_axes(const eager__shape *input, const eager__attr *list,
                                 unsigned *out) {
  *out = 0;
  for (int i = 0; list->count == 0 && i < input->rank; i++) {
    char text[EAGER__SHAPE_TEXT];
    EAGER__REQUIRE(input->dims[i] >= 0, EAGER_INVALID_ARGUMENT,
                   "the rank of what Squeeze gives is unknown: name the axes to drop of "
                   "shape %s in a graph",
                   eager__shape_text(input, text));
    if (input->dims[i] == 1) *out |= 1u << i;
  }
  for (size_t i = 0; i < list->count; i++) {
    int64_t axis = list->ints[i];
    EAGER__REQUIRE(axis >= -input->rank && axis < input->rank, EAGER_INVALID_ARGUMENT,
                   "Tried to squeeze dim index %" PRId64 " for tensor with %d dimensions",
                   axis, input->rank);
    int place = (int)(axis < 0 ? axis + input->rank : axis);
    int64_t dim = input->dims[place];
    EAGER__REQUIRE(dim == 1 || dim == -1, EAGER_INVALID_ARGUMENT,
                   "Can not squeeze dim[%d], expected a dimension of 1, got %" PRId64,
                   place, dim);
    *out |= 1u << place;
  }
  return EAGER_OK;
}

static eager_status infer_squeeze(eager__call *call) {
  const eager__shape *input = call->inputs[0].shape;
  unsigned dropped;
  EAGER__TRY(dropped_axes(input, eager__attr_get(call, "axis"), &dropped));
  eager__shape shape = {0};
  for (int i = 0; i < input->rank; i++)
    if (!(dropped >> i & 1)) shape.dims[shape.rank++] = input->dims[i];
  return view(call, &shape);
}

enum {
  RESHAPE,
  EXPAND_DIMS,
  SQUEEZE,
  IDENTITY,
  SNAPSHOT,
  STOP_GRADIENT,
  PREVENT_GRADIENT,
  ENSURE_SHAPE,
  COUNT
};
static const eager__op ops[COUNT] = {
    [RESHAPE] = {.name = "Reshape",
                 .typed = "eager_reshape",
                 .inputs = {{.name = "tensor"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true}},
                 .infer = infer_reshape},
    [EXPAND_DIMS] = {.name = "ExpandDims",
                     .typed = "eager_expand_dims",
                     .inputs = {{.name = "input"}},
                     .dtypes = EAGER__ANY,
                     .moves_only = true,
                     .attrs = {{.name = "axis", EAGER__ATTR_INT, .required = true}},
                     .infer = infer_expand_dims},
    [SQUEEZE] = {.name = "Squeeze",
                 .typed = "eager_squeeze",
                 .inputs = {{.name = "input"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "axis", EAGER__ATTR_INT_LIST}},
                 .infer = infer_squeeze},
    [IDENTITY] = {.name = "Identity",
                  .typed = "eager_identity",
                  .inputs = {{.name = "input"}},
                  .dtypes = EAGER__ANY,
                  .moves_only = true,
                  .infer = infer_identity},
    [SNAPSHOT] = {.name = "Snapshot",
                  .typed = "eager_identity",
                  .inputs = {{.name = "input"}},
                  .dtypes = EAGER__ANY,
                  .moves_only = true,
                  .infer = infer_identity},
    [STOP_GRADIENT] = {.name = "StopGradient",
                       .typed = "eager_stop_gradient",
                       .inputs = {{.name = "input"}},
                       .dtypes = EAGER__ANY,
                       .moves_only = true,
                       .infer = infer_identity},
    [PREVENT_GRADIENT] = {.name = "PreventGradient",
                          .typed = "eager_stop_gradient",
                          .inputs = {{.name = "input"}},
                          .dtypes = EAGER__ANY,
                          .moves_only = true,
                          .attrs = {{.name = "message", EAGER__ATTR_STRING, .text = ""}},
                          .infer = infer_identity},
    [ENSURE_SHAPE] = {.name = "EnsureShape",
                      .typed = "eager_ensure_shape",
                      .inputs = {{.name = "input"}},
                      .dtypes = EAGER__ANY,
                      .moves_only = true,
                      .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true}},
                      .infer = infer_ensure},
};
const eager__op_list eager__ops_reshape = {ops, COUNT};

eager_status eager_identity(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[IDENTITY], &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_stop_gradient(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[STOP_GRADIENT], &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_ensure_shape(eager_tensor *x, int rank, const int64_t *dims,
                                eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[ENSURE_SHAPE], &x, 1));
  eager__call_set_ints(&call, "shape", dims, (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_reshape(eager_tensor *x, int rank, const int64_t *dims,
                           eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[RESHAPE], &x, 1));
  eager__call_set_ints(&call, "shape", dims, (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_expand_dims(eager_tensor *x, int64_t axis, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[EXPAND_DIMS], &x, 1));
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_squeeze(eager_tensor *x, const int64_t *axes, int axis_count,
                           eager_tensor **out) {
  if (axis_count < 0 || (axes == NULL && axis_count > 0)) {
    if (out != NULL) *out = NULL;
    EAGER__FAIL(EAGER_INVALID_ARGUMENT, "axis_count is %d, but axes is %s [Op:Squeeze]",
                axis_count, axes == NULL ? "NULL" : "a list");
  }
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SQUEEZE], &x, 1));
  if (axes != NULL) eager__call_set_ints(&call, "axis", axes, (size_t)axis_count);
  return eager__call_run(&call, NULL, out, 1);
}
