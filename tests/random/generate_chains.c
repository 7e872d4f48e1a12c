/* Programs that a planner of graphs can make something of: long chains and trees of
 * elementwise ops with broadcasts, casts and choices, sums, softmaxes and norms of them,
 * products and convolutions with biases and activations behind, results that several ops
 * take, ops repeated, and ops that change nothing. Few tensors are read. */
#include "random/generate_state.h"

#include "random/ops.h"

static const struct {
  const char *name;
  int weight;
} mix[] = {
    {"AddV2", 8},
    {"Sub", 6},
    {"Mul", 8},
    {"Maximum", 3},
    {"Minimum", 3},
    {"Relu", 6},
    {"Relu6", 1},
    {"Neg", 3},
    {"Abs", 3},
    {"Square", 3},
    {"Sign", 1},
    {"Floor", 1},
    {"ClipByValue", 2},
    {"ReluGrad", 2},
    {"SelectV2", 5},
    {"Less", 2},
    {"GreaterEqual", 2},
    {"Equal", 1},
    {"LogicalAnd", 1},
    {"LogicalNot", 1},
    {"Cast", 5},
    {"BitwiseXor", 1},
    {"FloorDiv", 1},
    {"AddN", 1},
    {"Sum", 4},
    {"Max", 2},
    {"Min", 1},
    {"All", 1},
    {"Cumsum", 1},
    {"Reshape", 2},
    {"ExpandDims", 1},
    {"Transpose", 2},
    {"BroadcastTo", 1},
    {"Slice", 1},
    {"ConcatV2", 1},
    {"Pad", 1},
    {"Identity", 1},
    {"GatherV2", 1},
    {"OnesLike", 1},
    {"MatMul", 5},
    {"BatchMatMulV2", 1},
    {"Conv2D", 2},
    {"BiasAdd", 4},
    {"MaxPool", 1},
    {"Exp", 2},
    {"Log1p", 1},
    {"Sqrt", 1},
    {"Rsqrt", 1},
    {"Reciprocal", 1},
    {"Tanh", 2},
    {"Sigmoid", 2},
    {"Erf", 1},
    {"Elu", 1},
    {"Softplus", 1},
    {"Sin", 1},
    {"RealDiv", 3},
    {"DivNoNan", 1},
    {"TanhGrad", 1},
    {"SigmoidGrad", 1},
    {"Mean", 2},
    {"Variance", 1},
    {"LogSumExp", 1},
    {"Softmax", 3},
    {"LogSoftmax", 1},
    {"LayerNorm", 2},
    {"RMSNorm", 1},
    {"SoftmaxCrossEntropyWithLogits", 1},
};
enum { MIX = sizeof mix / sizeof *mix };

static int choose_op(rp_chooser *c) {
  int total = 0, at = 0;
  for (int i = 0; i < MIX; i++) total += mix[i].weight;
  int64_t chosen = rp_choose(c, 0, total - 1);
  while (chosen >= mix[at].weight) chosen -= mix[at++].weight;
  return rp_op_named(mix[at].name);
}

static bool append_op(rp_chooser *c, int index) {
  const rp_op *op = rp_op_at(index);
  rp_step step = {.code = RP_OP, .op = index, .device = -1, .output_count = 1};
  if (op->is_rough && !c->roughly) return false;
  if (!op->choose(c, op, &step)) return false;
  step.typed = op->typed != NULL && rp_chance(c, 70);
  return rp_append(c, &step);
}

/* --- What a planner looks for --- */

/* An op once more, with the same inputs: one computation would do. */
static bool append_again(rp_chooser *c) {
  const rp_program *p = c->program;
  int count = 0, chosen = -1;
  for (int i = 0; i < p->step_count; i++)
    if (p->steps[i].code == RP_OP && rp_choose(c, 0, count++) == 0) chosen = i;
  if (chosen < 0) return false;
  rp_step step = p->steps[chosen];
  step.typed = rp_op_at(step.op)->typed != NULL && rp_chance(c, 50);
  return rp_append(c, &step);
}

static int newest(rp_chooser *c, uint32_t dtypes) {
  for (int reg = c->program->register_count - 1; reg >= 0; reg--)
    if (rp_is_live(&c->state, reg) && dtypes >> rp_look(c, reg)->dtype & 1) return reg;
  return -1;
}

/* x + 0, 1 * x, x - 0 and the like: some change what is -0 or NaN. */
static bool append_neutral(rp_chooser *c) {
  static const struct {
    const char *name;
    int number;
    bool first; /* the number may come first */
  } forms[] = {{"AddV2", 0, true},    {"Sub", 0, false},      {"Mul", 1, true},
               {"Mul", 0, true},      {"Sub", 0, true},       {"Maximum", 0, true},
               {"RealDiv", 1, false}, {"FloorDiv", 1, false}, {"BitwiseOr", 0, true}};
  int form = (int)rp_choose(c, 0, sizeof forms / sizeof *forms - 1);
  int index = rp_op_named(forms[form].name);
  const rp_op *op = rp_op_at(index);
  int x = newest(c, op->dtypes);
  if (rp_chance(c, 50)) {
    eager_dtype dtype =
        rp_choose_dtype(c, op->dtypes & RP_FLOATS ? op->dtypes & RP_FLOATS : op->dtypes);
    rp_fill special = {RP_FILL_SPECIAL, (uint32_t)rp_choose(c, 0, 1 << 30), -1, 1};
    x = rp_choose_new(c, dtype, rp_choose_shape(c, 1, 3), special);
  }
  if (x < 0 || (op->is_rough && !c->roughly)) return false;
  rp_step step = {.code = RP_OP, .op = index, .device = -1, .output_count = 1};
  rp_fill fill = {RP_FILL_SMALL, 0, forms[form].number, forms[form].number};
  test_shape shape = rp_chance(c, 85) ? (test_shape){0} : rp_look(c, x)->shape;
  int number = rp_choose_new(c, rp_look(c, x)->dtype, shape, fill);
  bool first = forms[form].first && rp_chance(c, 50);
  step.typed = rp_chance(c, 50);
  return rp_add_input(&step, first ? number : x) &&
         rp_add_input(&step, first ? x : number) && rp_append(c, &step);
}

/* Two ops that undo each other: twice negated, transposed, logically not. */
static bool append_there_and_back(rp_chooser *c) {
  static const char *const names[] = {"Neg", "Transpose", "LogicalNot", "Invert"};
  int index = rp_op_named(names[rp_choose(c, 0, 3)]);
  if (!append_op(c, index)) return false;
  rp_step step = c->program->steps[c->program->step_count - 1];
  step.inputs[0] = step.outputs[0];
  rp_attr *perm = step.attr_count > 0 ? &step.attrs[0] : NULL;
  if (perm != NULL && perm->kind == EAGER_ATTR_INT_LIST) {
    rp_attr inverse = *perm;
    for (int i = 0; i < perm->count; i++)
      if (perm->ints[i] >= 0 && perm->ints[i] < RP_LIST) inverse.ints[perm->ints[i]] = i;
    *perm = inverse;
  }
  return rp_append(c, &step);
}

/* relu(x @ w + b) and the like, of a tensor that is there. */
static bool append_layer(rp_chooser *c) {
  static const char *const activations[] = {"Relu", "Tanh", "Sigmoid", "Relu6", "Neg"};
  int x = rp_choose_register(c, RP_FLOATS, 2, 2);
  if (x < 0 || rp_look(c, x)->shape.rank != 2) return false;
  eager_dtype dtype = rp_look(c, x)->dtype;
  int64_t units = rp_choose(c, 1, 9);
  test_shape weights = {2, {rp_look(c, x)->shape.dims[1], units}};
  rp_fill fill = {RP_FILL_SMALL, (uint32_t)rp_choose(c, 0, 1 << 30), -1, 1};
  rp_step product = {.code = RP_OP, .op = rp_op_named("MatMul"), .device = -1};
  product.output_count = 1;
  product.typed = true;
  if (!rp_add_input(&product, x) ||
      !rp_add_input(&product, rp_choose_new(c, dtype, weights, fill)) ||
      !rp_append(c, &product))
    return false;
  rp_step sum = {.code = RP_OP, .device = -1, .output_count = 1, .typed = true};
  sum.op = rp_op_named(rp_chance(c, 50) ? "BiasAdd" : "AddV2");
  int bias = rp_choose_new(c, dtype, (test_shape){1, {units}}, fill);
  if (!rp_add_input(&sum, product.outputs[0]) || !rp_add_input(&sum, bias) ||
      !rp_append(c, &sum))
    return false;
  rp_step active = {.code = RP_OP, .device = -1, .output_count = 1, .typed = true};
  active.op = rp_op_named(activations[rp_choose(c, 0, 4)]);
  if (rp_op_at(active.op)->is_rough && !c->roughly) return true;
  return rp_add_input(&active, sum.outputs[0]) && rp_append(c, &active);
}

static bool append_any(rp_chooser *c) {
  int chance = (int)rp_choose(c, 1, 100);
  if (chance <= 5) return append_again(c);
  if (chance <= 13) return append_neutral(c);
  if (chance <= 15) return append_there_and_back(c);
  if (chance <= 20) return append_layer(c);
  if (chance <= 22 && c->roams) return rp_append_on_device(c, RP_PUSH);
  if (chance <= 24 && c->roams) return rp_append_on_device(c, RP_COPY);
  return append_op(c, choose_op(c));
}

/* What no op takes, and one or two beside. */
static void append_reads(rp_chooser *c) {
  bool taken[RP_REGISTERS] = {false};
  for (int i = 0; i < c->program->step_count; i++)
    for (int k = 0; k < c->program->steps[i].input_count; k++)
      taken[c->program->steps[i].inputs[k]] = true;
  for (int reg = c->program->register_count - 1; reg >= 0; reg--) {
    rp_step step = {.code = RP_READ, .device = -1, .how = RP_TO_HOST};
    if (!rp_is_live(&c->state, reg) || (taken[reg] && !rp_chance(c, 5))) continue;
    rp_add_input(&step, reg);
    if (!rp_append(c, &step)) return;
  }
}

void rp_generate_chains(rp_chooser *c) {
  const rp_world *world = c->state.world;
  static const eager_dtype usual[] = {EAGER_FLOAT16, EAGER_BFLOAT16, EAGER_FLOAT64,
                                      EAGER_INT32,   EAGER_INT64,    EAGER_UINT8,
                                      EAGER_FLOAT32, EAGER_FLOAT32};
  /* Kernels of one dtype are soon there: more programs in the same time. */
  c->dtypes = RP_BIT(rp_chance(c, 65) ? EAGER_FLOAT32 : usual[rp_choose(c, 0, 7)]);
  if (rp_chance(c, 25)) c->dtypes |= RP_BIT(usual[rp_choose(c, 0, 7)]);
  c->newest = 75;
  c->roughly = rp_chance(c, 60);
  c->roams = rp_chance(c, 25);
  if (!world->is_slow && rp_chance(c, 15)) c->most = 20000;
  int steps = (int)rp_choose(c, 4, world->is_slow ? 14 : RP_STEPS - 20);
  for (int tries = 0; tries < 4 * steps && c->program->step_count < steps; tries++)
    append_any(c);
  append_reads(c);
}
