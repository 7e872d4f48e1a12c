/* Ops whose results the interpreter does not foretell, but their shapes: functions, means,
 * norms and losses. What they give is rough (value.h): the same ops run in two ways are
 * held against each other. Only programs made for that have them. */
#include "random/ops.h"

static void give(rp_result *result, eager_dtype dtype, test_shape shape) {
  rp_value *out = rp_output(result, dtype, shape);
  if (out != NULL) out->rough = true;
}

static void evaluate_elementwise(const rp_op *op, const rp_step *step,
                                 const rp_value *const *in, rp_result *result) {
  test_shape shape = in[0]->shape;
  (void)op;
  if (step->input_count == 2 && !test_broadcast(in[0]->shape, in[1]->shape, &shape))
    rp_refuse(result, "Incompatible shapes: %s vs. %s", rp_shape_text(in[0]->shape),
              rp_shape_text(in[1]->shape));
  else
    give(result, in[0]->dtype, shape);
}

static void evaluate_softmax(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  (void)op, (void)step;
  if (in[0]->shape.rank == 0)
    rp_unclear(result);
  else
    give(result, in[0]->dtype, in[0]->shape);
}

static void evaluate_fold(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  test_shape shape = in[0]->shape;
  unsigned axes;
  bool keep = rp_attr_int(step, "keep_dims", 0) != 0, folds = false;
  (void)op;
  if (!rp_read_axes(step, shape.rank, result, &axes)) return;
  for (int i = 0; i < shape.rank; i++)
    folds = folds || (axes >> i & 1 && shape.dims[i] != 1);
  if (folds)
    give(result, in[0]->dtype, test_reduced(shape, axes, keep));
  else
    rp_unclear(result); /* perhaps a view */
}

/* Of the last axis: y, and what it takes from each row (RMSNorm has no mean). */
static void evaluate_norm(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  test_shape rows = in[0]->shape;
  eager_dtype wide = in[0]->dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
  (void)op;
  bool fits = rows.rank > 0;
  for (int i = 1; i < step->input_count; i++)
    fits = fits && in[i]->shape.rank == 1 && in[i]->count == rows.dims[rows.rank - 1];
  if (!fits) {
    rp_unclear(result);
    return;
  }
  rows.rank--;
  give(result, in[0]->dtype, in[0]->shape);
  for (int i = 1; i < step->output_count; i++) give(result, wide, rows);
}

static void evaluate_loss(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  test_shape rows = in[0]->shape;
  (void)op, (void)step;
  if (rows.rank != 2 || !eager__shape_equal(&rows, &in[1]->shape)) {
    rp_unclear(result);
    return;
  }
  rows.rank = 1;
  give(result, in[0]->dtype, rows);
  give(result, in[0]->dtype, in[0]->shape);
}

/* --- Choosing --- */

static bool choose_1(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  return rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 8));
}

static bool choose_2(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!choose_1(chooser, op, step)) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  test_shape other =
      rp_chance(chooser, 60) ? x->shape : rp_choose_broadcast(chooser, x->shape);
  return rp_add_input(step, rp_choose_like(chooser, x->dtype, other));
}

static bool choose_softmax(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  int64_t axis = rp_chance(chooser, 70) ? -1 : rp_choose(chooser, -rank, rank - 1);
  rp_attr_add_int(step, "axis", axis);
  return true;
}

static bool choose_fold(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int64_t axes[8];
  int count = 0;
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes & RP_FLOATS, 0, 8)))
    return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  for (int i = 0; i < rank; i++)
    if (rp_chance(chooser, 50)) axes[count++] = i - rank;
  if (rp_chance(chooser, 80)) rp_attr_add_list(step, "axis", count, axes);
  if (rp_chance(chooser, 60)) rp_attr_add_bool(step, "keep_dims", true);
  return true;
}

static bool choose_norm(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  bool layer = strcmp(op->name, "LayerNorm") == 0;
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 8))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  test_shape row = {1, {x->shape.dims[x->shape.rank - 1]}};
  step->output_count = layer ? 3 : 2;
  for (int i = 0; i < 1 + layer; i++)
    if (!rp_add_input(step, rp_choose_like(chooser, x->dtype, row))) return false;
  return true;
}

static bool choose_loss(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 2, 2))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  step->output_count = 2;
  return rp_add_input(step, rp_choose_like(chooser, x->dtype, x->shape));
}

/* --- The ops --- */

#define ROUGH(raw, kind, door_fn, set, chosen, evaluated)                                  \
  .name = raw, .door = kind, RP_TYPED(door_fn), .dtypes = set, .choose = chosen,           \
  .evaluate = evaluated, .is_rough = true
#define UNARY(raw, door_fn)                                                                \
  { ROUGH(raw, RP_DOOR_1, door_fn, RP_FLOATS, choose_1, evaluate_elementwise) }
#define BINARY(raw, door_fn)                                                               \
  { ROUGH(raw, RP_DOOR_2, door_fn, RP_FLOATS, choose_2, evaluate_elementwise) }
#define FOLD(raw, door_fn, set)                                                            \
  {                                                                                        \
    ROUGH(raw, RP_DOOR_REDUCE, door_fn, set, choose_fold, evaluate_fold), .attrs = {       \
      "axis",                                                                              \
      "keep_dims"                                                                          \
    }                                                                                      \
  }
#define SOFTMAX(raw, door_fn)                                                              \
  {                                                                                        \
    ROUGH(raw, RP_DOOR_AXIS, door_fn, RP_FLOATS, choose_softmax, evaluate_softmax),        \
        .attrs = {                                                                         \
          "axis"                                                                           \
        }                                                                                  \
  }
static const rp_op ops[] = {
    UNARY("Exp", eager_exp),
    UNARY("Log1p", eager_log1p),
    UNARY("Sqrt", eager_sqrt),
    UNARY("Rsqrt", eager_rsqrt),
    UNARY("Reciprocal", eager_reciprocal),
    UNARY("Tanh", eager_tanh),
    UNARY("Sigmoid", eager_sigmoid),
    UNARY("Erf", eager_erf),
    UNARY("Elu", eager_elu),
    UNARY("Softplus", eager_softplus),
    UNARY("Sin", eager_sin),
    BINARY("RealDiv", eager_divide),
    BINARY("DivNoNan", eager_divide_no_nan),
    BINARY("TanhGrad", eager_tanh_grad),
    BINARY("SigmoidGrad", eager_sigmoid_grad),
    FOLD("Mean", eager_reduce_mean, RP_NUMBERS),
    FOLD("Variance", eager_reduce_variance, RP_FLOATS),
    FOLD("LogSumExp", eager_reduce_logsumexp, RP_FLOATS),
    SOFTMAX("Softmax", eager_softmax),
    SOFTMAX("LogSoftmax", eager_log_softmax),
    {.name = "LayerNorm",
     .dtypes = RP_FLOATS,
     .choose = choose_norm,
     .evaluate = evaluate_norm,
     .is_rough = true},
    {.name = "RMSNorm",
     .dtypes = RP_FLOATS,
     .choose = choose_norm,
     .evaluate = evaluate_norm,
     .is_rough = true},
    {.name = "SoftmaxCrossEntropyWithLogits",
     .dtypes = RP_FLOATS,
     .choose = choose_loss,
     .evaluate = evaluate_loss,
     .is_rough = true},
};
const rp_family rp_family_rough = {ops, sizeof ops / sizeof *ops};
