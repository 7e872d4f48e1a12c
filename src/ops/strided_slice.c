/* StridedSlice, its gradient and its update: Python's x[begin:end:stride, ..., newaxis, i].
 * A slice that is a single run of x's elements moves no bytes. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/moves.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

enum { SPECS = 31 }; /* the masks are TensorFlow's int32 */

/* The attributes as given: one entry per part of x[...]. */
typedef struct spec {
  int count;
  const int64_t *begin, *end, *strides;
  int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
} spec;

/* What one axis of x gives: `count` elements (-1: unknown) from `begin` on. */
typedef struct cut {
  int64_t begin, stride, count;
} cut;

typedef struct box {
  cut cuts[EAGER__MAX_RANK]; /* per axis of x */
  eager__shape shape;        /* of the slice */
  int axes[EAGER__MAX_RANK]; /* per axis of the slice: x's, or -1 for a new one */
} box;

static bool bit(int64_t mask, int i) {
  return mask >> i & 1;
}

static eager_status read_spec(const eager__call *call, spec *out) {
  const eager__attr *begin, *end, *strides;
  EAGER__TRY(eager__list_attr_get(call, "begin", SPECS, &begin));
  EAGER__TRY(eager__list_attr_get(call, "end", SPECS, &end));
  EAGER__TRY(eager__list_attr_get(call, "strides", SPECS, &strides));
  EAGER__REQUIRE(begin->count == end->count &&
                     (!strides->given || begin->count == strides->count),
                 EAGER_INVALID_ARGUMENT,
                 "Expected begin, end, and strides to be 1D equal size tensors, but got "
                 "shapes [%zu], [%zu], and [%zu] instead.",
                 begin->count, end->count, strides->count);
  *out = (spec){.count = (int)begin->count,
                .begin = begin->ints,
                .end = end->ints,
                .strides = strides->given ? strides->ints : NULL,
                .begin_mask = eager__attr_get(call, "begin_mask")->i,
                .end_mask = eager__attr_get(call, "end_mask")->i,
                .ellipsis_mask = eager__attr_get(call, "ellipsis_mask")->i,
                .new_axis_mask = eager__attr_get(call, "new_axis_mask")->i,
                .shrink_axis_mask = eager__attr_get(call, "shrink_axis_mask")->i};
  int ellipses = 0;
  for (int i = 0; i < out->count; i++) ellipses += bit(out->ellipsis_mask, i);
  EAGER__REQUIRE(ellipses <= 1, EAGER_INVALID_ARGUMENT,
                 "Multiple ellipses in slice spec not allowed");
  return EAGER_OK;
}

/* A bound of the interval of positions, as Python clamps it. */
static int64_t bound(int64_t given, int64_t dim, bool forward) {
  int64_t low = forward ? 0 : -1, high = forward ? dim : dim - 1;
  int64_t at = given < 0 ? dim + given : given;
  return at < low ? low : at > high ? high : at;
}

static int64_t interval_count(int64_t begin, int64_t end, int64_t stride) {
  int64_t length = end - begin;
  if (length == 0 || (length < 0) != (stride < 0)) return 0;
  return length / stride + (length % stride != 0);
}

/* Axis `axis` of x by entry `i`. */
static eager_status cut_axis(const spec *s, int i, int axis, int64_t dim, cut *out) {
  int64_t stride = s->strides ? s->strides[i] : 1;
  bool shrink = bit(s->shrink_axis_mask, i), forward = stride > 0;
  EAGER__REQUIRE(stride != 0, EAGER_INVALID_ARGUMENT, "strides[%d] must be non-zero", i);
  EAGER__REQUIRE(!shrink || forward, EAGER_INVALID_ARGUMENT,
                 "only stride 1 allowed on non-range indexing.");
  *out = (cut){.stride = stride, .count = shrink ? 1 : -1};
  if (dim < 0) return EAGER_OK;
  if (shrink) {
    out->begin = s->begin[i] < 0 ? dim + s->begin[i] : s->begin[i];
    EAGER__REQUIRE(out->begin >= 0 && out->begin < dim, EAGER_INVALID_ARGUMENT,
                   "slice index %" PRId64 " of dimension %d out of bounds.", s->begin[i],
                   axis);
    return EAGER_OK;
  }
  int64_t first = forward ? 0 : dim - 1, past = forward ? dim : -1;
  out->begin = bit(s->begin_mask, i) ? first : bound(s->begin[i], dim, forward);
  int64_t end = bit(s->end_mask, i) ? past : bound(s->end[i], dim, forward);
  out->count = interval_count(out->begin, end, stride);
  return EAGER_OK;
}

static eager_status append(box *out, int axis, int64_t dim) {
  EAGER__REQUIRE(out->shape.rank < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "the result's rank is more than %d", EAGER__MAX_RANK);
  out->axes[out->shape.rank] = axis;
  out->shape.dims[out->shape.rank++] = dim;
  return EAGER_OK;
}

/* Axes [from, to) of x whole. */
static eager_status append_whole(const eager__shape *x, int from, int to, box *out) {
  for (int axis = from; axis < to; axis++) {
    out->cuts[axis] = (cut){.stride = 1, .count = x->dims[axis]};
    EAGER__TRY(append(out, axis, x->dims[axis]));
  }
  return EAGER_OK;
}

/* Entries from `i` on that stand for an axis of x. */
static int axes_from(const spec *s, int i) {
  int axes = 0;
  for (; i < s->count; i++) axes += !bit(s->new_axis_mask, i);
  return axes;
}

/* An ellipsis goes before a new axis, that before a shrunk one, as in TensorFlow. */
static eager_status make_box(const spec *s, const eager__shape *x, box *out) {
  int axis = 0;
  bool open = true; /* no ellipsis yet: one stands at the end */
  out->shape.rank = 0;
  for (int i = 0; i < s->count; i++) {
    if (bit(s->ellipsis_mask, i)) {
      int next = x->rank - axes_from(s, i + 1);
      open = false;
      if (next <= axis) continue;
      EAGER__TRY(append_whole(x, axis, next, out));
      axis = next;
      continue;
    }
    if (bit(s->new_axis_mask, i)) {
      EAGER__TRY(append(out, -1, 1));
      continue;
    }
    EAGER__REQUIRE(axis < x->rank, EAGER_INVALID_ARGUMENT,
                   "Index out of range using input dim %d; input has only %d dims", axis,
                   x->rank);
    EAGER__TRY(cut_axis(s, i, axis, x->dims[axis], &out->cuts[axis]));
    if (!bit(s->shrink_axis_mask, i)) EAGER__TRY(append(out, axis, out->cuts[axis].count));
    axis++;
  }
  return open ? append_whole(x, axis, x->rank, out) : EAGER_OK;
}

static eager_status read_box(const eager__call *call, const eager__shape *x, box *out) {
  spec s;
  EAGER__TRY(read_spec(call, &s));
  return make_box(&s, x, out);
}

/* Over the box's axes, nothing unknown and not empty: operand `whole` of the walk is x, the
 * other one `part`, which may repeat. x's first element comes out. */
static int64_t make_walk(const eager__shape *x, const box *b, const eager__shape *part,
                         int whole, eager__walk *walk) {
  int64_t start = 0, x_strides[EAGER__MAX_RANK], part_stride = 1;
  eager__shape_strides(x, x_strides);
  for (int i = 0; i < x->rank; i++) start += b->cuts[i].begin * x_strides[i];
  walk->rank = b->shape.rank;
  for (int i = walk->rank - 1; i >= 0; i--) {
    int axis = b->axes[i], own = i - (walk->rank - part->rank);
    int64_t dim = own < 0 ? 1 : part->dims[own], count = b->shape.dims[i];
    walk->dims[i] = count;
    /* A stride of an extent of 1 may be as large as the caller liked. */
    walk->strides[whole][i] = count > 1 ? b->cuts[axis].stride * x_strides[axis] : 0;
    walk->strides[1 - whole][i] = dim == 1 ? 0 : part_stride;
    part_stride *= dim;
  }
  eager__walk_collapse(walk, 2);
  return start;
}

/* --- StridedSlice --- */

static eager_status infer_slice(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  box b;
  EAGER__TRY(read_box(call, x, &b));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = b.shape;
  if (eager__shape_elements(x) <= 0 || eager__shape_elements(&b.shape) <= 0)
    return EAGER_OK;
  eager__walk walk;
  int64_t start = make_walk(x, &b, &b.shape, 0, &walk);
  if (walk.rank == 1 && (walk.dims[0] == 1 || walk.strides[0][0] == 1)) {
    out->view_of = 1;
    out->view_offset = start;
  }
  return EAGER_OK;
}

static eager_status launch_slice(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  box b;
  eager__walk walk;
  EAGER__TRY(read_box(call, x, &b));
  int64_t start = make_walk(x, &b, &b.shape, 0, &walk);
  return eager__add_move_rows(commands, start, &walk);
}

/* --- StridedSliceGrad: dy where the slice was, 0 elsewhere --- */

static eager_status infer_grad(eager__call *call) {
  eager__result *out = &call->outputs[0];
  const eager__shape *dy = call->inputs[0].shape;
  box b;
  out->dtype = call->dtype;
  EAGER__TRY(eager__shape_attr_get(call, "shape", call->dtype, &out->shape));
  EAGER__TRY(read_box(call, &out->shape, &b));
  char text[EAGER__SHAPE_TEXT], text_dy[EAGER__SHAPE_TEXT];
  bool agree = dy->rank == b.shape.rank;
  for (int i = 0; agree && i < dy->rank; i++)
    agree = dy->dims[i] == b.shape.dims[i] || dy->dims[i] < 0;
  EAGER__REQUIRE(agree, EAGER_INVALID_ARGUMENT, "shape of dy was %s instead of %s",
                 eager__shape_text(dy, text_dy), eager__shape_text(&b.shape, text));
  return EAGER_OK;
}

/* Puts input `input` into the box of output 0, whose other elements are there already. */
static eager_status add_place(eager__commands *commands, int input, const box *b) {
  const eager__call *call = commands->call;
  if (eager__shape_elements(&b->shape) == 0) return commands->status;
  eager__walk walk;
  int64_t start =
      make_walk(&call->outputs[0].shape, b, call->inputs[input].shape, 1, &walk);
  return eager__add_place_rows(commands, input, 0, start, &walk);
}

static eager_status launch_grad(eager__call *call, eager__commands *commands) {
  uint64_t zero = 0;
  box b;
  EAGER__TRY(read_box(call, &call->outputs[0].shape, &b));
  EAGER__TRY(eager__add_fill(commands, 0, &zero, eager_dtype_size(call->dtype)));
  return add_place(commands, 0, &b);
}

/* --- TensorStridedSliceUpdate: input, but value where the slice is --- */

static eager_status infer_update(eager__call *call) {
  const eager__shape *input = call->inputs[0].shape, *value = call->inputs[1].shape;
  char text[EAGER__SHAPE_TEXT], text_value[EAGER__SHAPE_TEXT];
  box b;
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *input;
  EAGER__TRY(read_box(call, input, &b));
  bool fits = value->rank <= b.shape.rank;
  for (int i = 1; fits && i <= value->rank; i++) {
    int64_t a = value->dims[value->rank - i], c = b.shape.dims[b.shape.rank - i];
    fits = a == c || a == 1 || a < 0 || c < 0;
  }
  EAGER__REQUIRE(fits, EAGER_INVALID_ARGUMENT,
                 "value of shape %s does not broadcast to the slice, which has shape %s",
                 eager__shape_text(value, text_value), eager__shape_text(&b.shape, text));
  return EAGER_OK;
}

static eager_status launch_update(eager__call *call, eager__commands *commands) {
  box b;
  EAGER__TRY(read_box(call, &call->outputs[0].shape, &b));
  EAGER__TRY(eager__add_copy(commands, 0));
  return add_place(commands, 1, &b);
}

enum { SLICE, GRAD, UPDATE, COUNT };
static const eager__op ops[COUNT] = {
    [SLICE] = {.name = "StridedSlice",
               .typed = "eager_strided_slice",
               .inputs = {{.name = "input"}},
               .dtypes = EAGER__ANY,
               .moves_only = true,
               .attrs = {{.name = "begin", EAGER__ATTR_INT_LIST, .required = true},
                         {.name = "end", EAGER__ATTR_INT_LIST, .required = true},
                         {.name = "strides", EAGER__ATTR_INT_LIST},
                         {.name = "begin_mask", EAGER__ATTR_INT},
                         {.name = "end_mask", EAGER__ATTR_INT},
                         {.name = "ellipsis_mask", EAGER__ATTR_INT},
                         {.name = "new_axis_mask", EAGER__ATTR_INT},
                         {.name = "shrink_axis_mask", EAGER__ATTR_INT}},
               .infer = infer_slice,
               .launch = launch_slice},
    [GRAD] = {.name = "StridedSliceGrad",
              .typed = "eager_strided_slice_grad",
              .inputs = {{.name = "dy"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true},
                        {.name = "begin", EAGER__ATTR_INT_LIST, .required = true},
                        {.name = "end", EAGER__ATTR_INT_LIST, .required = true},
                        {.name = "strides", EAGER__ATTR_INT_LIST},
                        {.name = "begin_mask", EAGER__ATTR_INT},
                        {.name = "end_mask", EAGER__ATTR_INT},
                        {.name = "ellipsis_mask", EAGER__ATTR_INT},
                        {.name = "new_axis_mask", EAGER__ATTR_INT},
                        {.name = "shrink_axis_mask", EAGER__ATTR_INT}},
              .infer = infer_grad,
              .launch = launch_grad},
    [UPDATE] = {.name = "TensorStridedSliceUpdate",
                .typed = "eager_tensor_strided_slice_update",
                .inputs = {{.name = "input"}, {.name = "value"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "begin", EAGER__ATTR_INT_LIST, .required = true},
                          {.name = "end", EAGER__ATTR_INT_LIST, .required = true},
                          {.name = "strides", EAGER__ATTR_INT_LIST},
                          {.name = "begin_mask", EAGER__ATTR_INT},
                          {.name = "end_mask", EAGER__ATTR_INT},
                          {.name = "ellipsis_mask", EAGER__ATTR_INT},
                          {.name = "new_axis_mask", EAGER__ATTR_INT},
                          {.name = "shrink_axis_mask", EAGER__ATTR_INT}},
                .infer = infer_update,
                .launch = launch_update},
};
const eager__op_list eager__ops_strided_slice = {ops, COUNT};

static void set_slices(eager__call *call, int count, const int64_t *begin,
                       const int64_t *end, const int64_t *strides,
                       const eager_strided_slice_options *options) {
  eager__call_set_ints(call, "begin", begin, (size_t)count);
  eager__call_set_ints(call, "end", end, (size_t)count);
  if (strides) eager__call_set_ints(call, "strides", strides, (size_t)count);
  if (!options) return;
  eager__call_set_int(call, "begin_mask", options->begin_mask);
  eager__call_set_int(call, "end_mask", options->end_mask);
  eager__call_set_int(call, "ellipsis_mask", options->ellipsis_mask);
  eager__call_set_int(call, "new_axis_mask", options->new_axis_mask);
  eager__call_set_int(call, "shrink_axis_mask", options->shrink_axis_mask);
}

eager_status eager_strided_slice(eager_tensor *x, int count, const int64_t *begin,
                                 const int64_t *end, const int64_t *strides,
                                 const eager_strided_slice_options *options,
                                 eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SLICE], &x, 1));
  set_slices(&call, count, begin, end, strides, options);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_strided_slice_grad(int rank, const int64_t *dims, eager_tensor *dy,
                                      int count, const int64_t *begin, const int64_t *end,
                                      const int64_t *strides,
                                      const eager_strided_slice_options *options,
                                      eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[GRAD], &dy, 1));
  eager__call_set_ints(&call, "shape", dims, (size_t)rank);
  set_slices(&call, count, begin, end, strides, options);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_tensor_strided_slice_update(eager_tensor *x, eager_tensor *value,
                                               int count, const int64_t *begin,
                                               const int64_t *end, const int64_t *strides,
                                               const eager_strided_slice_options *options,
                                               eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[UPDATE], (eager_tensor *[]){x, value}, 2));
  set_slices(&call, count, begin, end, strides, options);
  return eager__call_run(&call, NULL, out, 1);
}
