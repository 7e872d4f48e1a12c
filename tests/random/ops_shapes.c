/* Ops that change shapes and dtypes but no byte, and that make values. */
#include "random/ops.h"

static void keep(rp_result *result, const rp_value *x, test_shape shape, int view) {
  rp_value *out = rp_output(result, x->dtype, shape);
  if (out == NULL) return;
  memcpy(out->bytes, x->bytes, (size_t)x->count * x->size);
  out->moved = x->moved;
  result->view_of[0] = view;
}

/* --- Shapes --- */

static void evaluate_identity(const rp_op *op, const rp_step *step,
                              const rp_value *const *in, rp_result *result) {
  (void)op, (void)step;
  keep(result, in[0], in[0]->shape, 1);
}

static void evaluate_reshape(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_attr *list = rp_attr_find(step, "shape");
  (void)op;
  test_shape shape = {0};
  int open = -1;
  int64_t known = 1;
  for (int i = 0; i < list->count && list->count <= EAGER__MAX_RANK; i++) {
    shape.dims[shape.rank++] = list->ints[i];
    if (list->ints[i] == -1 && open < 0)
      open = i;
    else
      known *= list->ints[i];
    if (list->ints[i] < -1) known = -1;
  }
  if (open >= 0 && known > 0 && in[0]->count % known == 0)
    shape.dims[open] = in[0]->count / known;
  else if (open >= 0 || list->count > EAGER__MAX_RANK || known < 0) {
    rp_unclear(result);
    return;
  }
  if (test_elements(shape) != in[0]->count) {
    rp_refuse(result,
              "Input to reshape is a tensor with %lld values, but the requested shape has "
              "%lld",
              (long long)in[0]->count, (long long)test_elements(shape));
    return;
  }
  keep(result, in[0], shape, 1);
}

static void evaluate_ensure(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  bool good;
  (void)op;
  test_shape shape = rp_list_shape(step, "shape", &good);
  if (!good || !eager__shape_equal(&shape, &in[0]->shape))
    rp_unclear(result);
  else
    keep(result, in[0], shape, 1);
}

static void evaluate_expand(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  (void)op;
  int rank = in[0]->shape.rank;
  int64_t axis = rp_attr_int(step, "axis", 0);
  if (rank == EAGER__MAX_RANK) {
    rp_refuse(result, "cannot expand a tensor of rank %d: the largest rank is %d", rank,
              EAGER__MAX_RANK);
    return;
  }
  if (axis < -1 - rank || axis > rank) {
    rp_refuse(result, "Tried to expand dim index %lld for tensor with %d dimensions",
              (long long)axis, rank);
    return;
  }
  int place = (int)(axis < 0 ? axis + rank + 1 : axis);
  test_shape shape = {.rank = rank + 1};
  for (int i = 0; i < shape.rank; i++)
    shape.dims[i] = i == place ? 1 : in[0]->shape.dims[i < place ? i : i - 1];
  keep(result, in[0], shape, 1);
}

static void evaluate_squeeze(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_attr *list = rp_attr_find(step, "axis");
  (void)op;
  test_shape x = in[0]->shape, shape = {0};
  unsigned dropped = 0;
  for (int i = 0; i < x.rank && list == NULL; i++)
    dropped |= (x.dims[i] == 1 ? 1u : 0) << i;
  for (int i = 0; list != NULL && i < list->count; i++) {
    int64_t axis = list->ints[i] < 0 ? list->ints[i] + x.rank : list->ints[i];
    if (axis < 0 || axis >= x.rank || list->count == 0) {
      rp_unclear(result);
      return;
    }
    if (x.dims[axis] != 1) {
      rp_refuse(result, "Can not squeeze dim[%lld], expected a dimension of 1, got %lld",
                (long long)axis, (long long)x.dims[axis]);
      return;
    }
    dropped |= 1u << axis;
  }
  for (int i = 0; i < x.rank; i++)
    if (!(dropped >> i & 1)) shape.dims[shape.rank++] = x.dims[i];
  keep(result, in[0], shape, 1);
}

static void evaluate_bitcast(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_value *x = in[0];
  eager_dtype to = (eager_dtype)rp_attr_int(step, "type", 0);
  (void)op;
  if (eager_dtype_size(to) != x->size || to == EAGER_BOOL ||
      (test_is_float(x->dtype) && !x->moved)) {
    rp_unclear(result);
    return;
  }
  rp_value *out = rp_output(result, to, x->shape);
  if (out == NULL) return;
  memcpy(out->bytes, x->bytes, (size_t)x->count * x->size);
  out->moved = true;
  result->view_of[0] = 1;
}

/* --- Making --- */

static void evaluate_like(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  (void)step;
  rp_value *out = rp_output(result, in[0]->dtype, in[0]->shape);
  for (int64_t i = 0; out != NULL && i < out->count; i++) rp_set(out, i, op->data != NULL);
  if (out != NULL) out->moved = true;
}

static void evaluate_made(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  bool good;
  (void)in;
  test_shape shape = rp_list_shape(step, "shape", &good);
  if (!good) {
    rp_unclear(result);
    return;
  }
  rp_value *out =
      rp_output(result, (eager_dtype)rp_attr_int(step, "dtype", EAGER_FLOAT32), shape);
  for (int64_t i = 0; out != NULL && i < out->count; i++) rp_set(out, i, op->data != NULL);
  if (out != NULL) out->moved = true;
}

static void evaluate_fill(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  bool good;
  (void)op;
  test_shape shape = rp_list_shape(step, "dims", &good);
  if (!good) {
    rp_unclear(result);
    return;
  }
  if (in[0]->shape.rank != 0) {
    rp_refuse(result, "value must be a scalar, got shape %s", rp_shape_text(in[0]->shape));
    return;
  }
  rp_value *out = rp_output(result, in[0]->dtype, shape);
  for (int64_t i = 0; out != NULL && i < out->count; i++) rp_move(out, i, in[0], 0);
  if (out != NULL) out->moved = in[0]->moved;
}

/* --- Choosing --- */

static bool choose_any(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  return rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 8));
}

/* Into as many elements, in up to three extents; now and then one too many. */
static bool choose_reshape(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!choose_any(chooser, op, step)) return false;
  int64_t left = rp_look(chooser, step->inputs[0])->count, dims[8];
  int rank = (int)rp_choose(chooser, left == 1 ? 0 : 1, 3);
  for (int i = 0; i < rank; i++) {
    int64_t d = i == rank - 1 ? left : rp_choose(chooser, 1, 4);
    while (d > 1 && left % d != 0) d--;
    dims[i] = d;
    left = d > 0 ? left / d : 0;
  }
  if (rank > 0 && rp_chance(chooser, 15)) dims[rp_choose(chooser, 0, rank - 1)] = -1;
  if (rank > 0 && rp_chance(chooser, 2)) dims[0] = 17;
  rp_attr_add_list(step, "shape", rank, dims);
  return true;
}

static bool choose_own_shape(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!choose_any(chooser, op, step)) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  rp_attr_add_list(step, "shape", x.rank, x.dims);
  return true;
}

static bool choose_axis(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!choose_any(chooser, op, step)) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  rp_attr_add_int(step, "axis", rp_choose(chooser, -1 - rank, rank));
  return true;
}

static bool choose_squeeze(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!choose_any(chooser, op, step)) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  int64_t axes[8];
  int count = 0;
  for (int i = 0; i < x.rank; i++)
    if (x.dims[i] == 1 || rp_chance(chooser, 2)) axes[count++] = i;
  if (count > 0 && rp_chance(chooser, 50)) rp_attr_add_list(step, "axis", count, axes);
  return true;
}

static bool choose_bitcast(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!choose_any(chooser, op, step)) return false;
  uint32_t same = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    if (eager_dtype_size(test_dtypes[d]) == rp_look(chooser, step->inputs[0])->size &&
        test_dtypes[d] != EAGER_BOOL)
      same |= RP_BIT(test_dtypes[d]);
  rp_attr_add_dtype(step, "type", rp_choose_dtype(chooser, same));
  return true;
}

static bool choose_made(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  test_shape shape = rp_choose_shape(chooser, 0, 4);
  rp_attr_add_list(step, "shape", shape.rank, shape.dims);
  rp_attr_add_dtype(step, "dtype", rp_choose_dtype(chooser, RP_ANY));
  return true;
}

static bool choose_fill(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  test_shape shape = rp_choose_shape(chooser, 0, 4);
  rp_attr_add_list(step, "dims", shape.rank, shape.dims);
  eager_dtype dtype = rp_choose_dtype(chooser, RP_ANY);
  test_shape value = rp_chance(chooser, 3) ? (test_shape){1, {1}} : (test_shape){0};
  return rp_add_input(step, rp_choose_like(chooser, dtype, value));
}

#define SHAPE(raw, kind, function, choosing, evaluating)                                   \
  .name = raw, .door = kind, RP_TYPED(function), .dtypes = RP_ANY, .moves = true,          \
  .choose = choosing, .evaluate = evaluating
static const int one;
static const rp_op ops[] = {
    {SHAPE("Identity", RP_DOOR_1, eager_identity, choose_any, evaluate_identity)},
    {SHAPE("StopGradient", RP_DOOR_1, eager_stop_gradient, choose_any, evaluate_identity)},
    {SHAPE("Reshape", RP_DOOR_SHAPE, eager_reshape, choose_reshape, evaluate_reshape),
     .attrs = {"shape"}},
    {SHAPE("EnsureShape", RP_DOOR_SHAPE, eager_ensure_shape, choose_own_shape,
           evaluate_ensure),
     .attrs = {"shape"}},
    {SHAPE("ExpandDims", RP_DOOR_AXIS, eager_expand_dims, choose_axis, evaluate_expand),
     .attrs = {"axis"}},
    {SHAPE("Squeeze", RP_DOOR_AXES, eager_squeeze, choose_squeeze, evaluate_squeeze),
     .attrs = {"axis"}},
    {.name = "Bitcast",
     .door = RP_DOOR_DTYPE,
     RP_TYPED(eager_bitcast),
     .attrs = {"type"},
     .dtypes = RP_NUMBERS,
     .moves = true,
     .choose = choose_bitcast,
     .evaluate = evaluate_bitcast},
    {SHAPE("ZerosLike", RP_DOOR_1, eager_zeros_like, choose_any, evaluate_like)},
    {SHAPE("OnesLike", RP_DOOR_1, eager_ones_like, choose_any, evaluate_like),
     .data = &one},
    {.name = "Zeros",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_made,
     .evaluate = evaluate_made},
    {.name = "Ones",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_made,
     .evaluate = evaluate_made,
     .data = &one},
    {.name = "Fill",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_fill,
     .evaluate = evaluate_fill},
};
const rp_family rp_family_shapes = {ops, sizeof ops / sizeof *ops};
