/* L2Normalize and BatchNormalization: made of other ops, in float32 at least. */
#include <assert.h>

#include "eagercl/ops.h"
#include "ops/registry.h"
#include "runtime/run.h"

enum { MOST = 15 }; /* BatchNormalization of 16-bit floats, offset and scale given */

/* Steps that each make a tensor. Once one has failed the others do nothing. */
typedef struct chain {
  eager__call *call;
  eager_status status;
  int count;
  eager_tensor *made[MOST]; /* released at the end */
} chain;

/* Ends `inner`; its output, borrowed, or NULL. */
static eager_tensor *run_step(chain *c, eager__call *inner) {
  eager_tensor *out = NULL;
  c->status = eager__call_run(inner, NULL, &out, 1);
  if (c->status != EAGER_OK) return NULL;
  assert(c->count < MOST);
  c->made[c->count++] = out;
  return out;
}

static bool begin_step(chain *c, const char *op, eager_tensor *const *inputs, int count,
                       eager__call *inner) {
  if (c->status != EAGER_OK) return false;
  c->status =
      eager__call_begin_inner(inner, eager__registry_find(op), c->call, inputs, count);
  return c->status == EAGER_OK;
}

static eager_tensor *unary(chain *c, const char *op, eager_tensor *x) {
  eager__call inner;
  return begin_step(c, op, &x, 1, &inner) ? run_step(c, &inner) : NULL;
}

static eager_tensor *binary(chain *c, const char *op, eager_tensor *x, eager_tensor *y) {
  eager__call inner;
  bool begun = begin_step(c, op, (eager_tensor *[]){x, y}, 2, &inner);
  return begun ? run_step(c, &inner) : NULL;
}

static eager_tensor *cast(chain *c, eager_tensor *x, eager_dtype dtype) {
  eager__call inner;
  if (c->status == EAGER_OK && eager_tensor_dtype(x) == dtype) return x;
  if (!begin_step(c, "Cast", &x, 1, &inner)) return NULL;
  eager__call_set_int(&inner, "DstT", dtype);
  return run_step(c, &inner);
}

/* A scalar. */
static eager_tensor *number(chain *c, double value, eager_dtype dtype) {
  eager__call inner;
  if (!begin_step(c, "LinSpace", NULL, 0, &inner)) return NULL;
  eager__call_set_float(&inner, "start", value);
  eager__call_set_float(&inner, "stop", value);
  eager__call_set_int(&inner, "num", 1);
  eager__call_set_int(&inner, "output_dtype", dtype);
  eager_tensor *list = run_step(c, &inner);
  int64_t none = 0;
  if (!begin_step(c, "Reshape", &list, 1, &inner)) return NULL;
  eager__call_set_ints(&inner, "shape", &none, 0);
  return run_step(c, &inner);
}

/* The last step's tensor is the op's one output. */
static eager_status finish(chain *c, eager_tensor *result, eager_tensor **outputs) {
  for (int i = 0; i < c->count; i++)
    if (c->status != EAGER_OK || c->made[i] != result) eager_tensor_release(c->made[i]);
  if (c->status == EAGER_OK) outputs[0] = result;
  return c->status;
}

static eager_dtype computed_dtype(const eager__call *call) {
  return call->dtype == EAGER_FLOAT64 ? EAGER_FLOAT64 : EAGER_FLOAT32;
}

/* --- L2Normalize --- */

static eager_status infer_l2(eager__call *call) {
  const eager__attr *axes = eager__attr_get(call, "axis");
  const eager__shape *x = call->inputs[0].shape;
  bool seen[EAGER__MAX_RANK] = {false};
  for (size_t i = 0; axes->given && i < axes->count; i++) {
    int axis;
    EAGER__TRY(eager__shape_axis(axes->ints[i], x->rank, "axis", &axis));
    EAGER__REQUIRE(!seen[axis], EAGER_INVALID_ARGUMENT,
                   "Invalid reduction arguments: Axes contains duplicate dimension: %d",
                   axis);
    seen[axis] = true;
  }
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

static eager_tensor *sum_kept(chain *c, eager_tensor *x) {
  const eager__attr *axes = eager__attr_get(c->call, "axis");
  eager__call inner;
  if (!begin_step(c, "Sum", &x, 1, &inner)) return NULL;
  if (axes->given) eager__call_set_ints(&inner, "axis", axes->ints, axes->count);
  eager__call_set_int(&inner, "keep_dims", 1);
  return run_step(c, &inner);
}

static eager_status compose_l2(eager__call *call, eager_tensor **outputs) {
  chain c = {.call = call};
  eager_dtype dtype = computed_dtype(call);
  eager_tensor *x = cast(&c, call->inputs[0].tensor, dtype);
  eager_tensor *squares = sum_kept(&c, unary(&c, "Square", x));
  eager_tensor *least = number(&c, eager__attr_get(call, "epsilon")->f, dtype);
  eager_tensor *inverse = unary(&c, "Rsqrt", binary(&c, "Maximum", squares, least));
  eager_tensor *y = binary(&c, "Mul", x, inverse);
  return finish(&c, cast(&c, y, call->dtype), outputs);
}

/* --- BatchNormalization --- */

enum { X, MEAN, VARIANCE, OFFSET, SCALE };

/* Which inputs of the record are the last ones; 0: it has none. */
typedef struct lasts {
  int offset, scale;
} lasts;

static const lasts both = {OFFSET, SCALE}, scale_alone = {0, OFFSET};

static eager_status infer_batch(eager__call *call) {
  eager__shape shape = *call->inputs[X].shape;
  for (int i = MEAN; i < call->input_count; i++)
    EAGER__TRY(eager__shape_broadcast(&shape, call->inputs[i].shape, &shape));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = shape;
  return EAGER_OK;
}

/* x * inverse + (offset - mean * inverse), as TensorFlow writes it. */
static eager_status compose_batch(eager__call *call, eager_tensor **outputs) {
  chain c = {.call = call};
  eager_dtype dtype = computed_dtype(call);
  const lasts *last = call->op->data;
  eager_tensor *in[SCALE + 1] = {NULL};
  for (int i = 0; i < call->input_count; i++)
    in[i] = cast(&c, call->inputs[i].tensor, dtype);
  eager_tensor *scale = in[last->scale];
  eager_tensor *epsilon = number(&c, eager__attr_get(call, "variance_epsilon")->f, dtype);
  eager_tensor *inverse = unary(&c, "Rsqrt", binary(&c, "AddV2", in[VARIANCE], epsilon));
  if (call->input_count > last->scale) inverse = binary(&c, "Mul", inverse, scale);
  eager_tensor *scaled = binary(&c, "Mul", in[X], inverse);
  eager_tensor *level = binary(&c, "Mul", in[MEAN], inverse), *y;
  if (last->offset && call->input_count > last->offset)
    y = binary(&c, "AddV2", scaled, binary(&c, "Sub", in[last->offset], level));
  else
    y = binary(&c, "Sub", scaled, level);
  return finish(&c, cast(&c, y, call->dtype), outputs);
}

/* --- The ops --- */

enum { L2, BATCH, COUNT };
static const eager__op ops[COUNT] = {
    [L2] = {.name = "L2Normalize",
            .typed = "eager_l2_normalize",
            .inputs = {{.name = "x"}},
            .dtypes = EAGER__FLOATS,
            .attrs = {{.name = "axis", EAGER__ATTR_INT_LIST},
                      {.name = "epsilon", EAGER__ATTR_FLOAT, .number = 1e-12}},
            .infer = infer_l2,
            .compose = compose_l2},
    [BATCH] = {.name = "BatchNormalization",
               .typed = "eager_batch_normalization",
               .inputs = {{.name = "x"},
                          {.name = "mean"},
                          {.name = "variance"},
                          {.name = "offset"},
                          {.name = "scale"}},
               .optional_inputs = 2,
               .dtypes = EAGER__FLOATS,
               .attrs = {{.name = "variance_epsilon", EAGER__ATTR_FLOAT, .required = true}},
               .infer = infer_batch,
               .compose = compose_batch,
               .data = &both},
};
const eager__op_list eager__ops_normalize = {ops, COUNT};

/* The typed door's own: by name no scale goes without an offset. */
static const eager__op batch_without_offset = {
    .name = "BatchNormalization",
    .inputs = {{.name = "x"}, {.name = "mean"}, {.name = "variance"}, {.name = "scale"}},
    .dtypes = EAGER__FLOATS,
    .attrs = {{.name = "variance_epsilon", EAGER__ATTR_FLOAT, .required = true}},
    .infer = infer_batch,
    .compose = compose_batch,
    .data = &scale_alone};

eager_status eager_l2_normalize(eager_tensor *x, const int64_t *axes, int axis_count,
                                double epsilon, eager_tensor **out) {
  if (axis_count < 0 || (axes == NULL && axis_count > 0)) {
    if (out != NULL) *out = NULL;
    EAGER__FAIL(EAGER_INVALID_ARGUMENT, "axis_count is %d, but axes is %s [Op:L2Normalize]",
                axis_count, axes == NULL ? "NULL" : "a list");
  }
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[L2], &x, 1));
  if (axes != NULL) eager__call_set_ints(&call, "axis", axes, (size_t)axis_count);
  eager__call_set_float(&call, "epsilon", epsilon);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_batch_normalization(eager_tensor *x, eager_tensor *mean,
                                       eager_tensor *variance, eager_tensor *offset,
                                       eager_tensor *scale, double variance_epsilon,
                                       eager_tensor **out) {
  if (out != NULL) *out = NULL;
  bool scale_only = offset == NULL && scale != NULL;
  eager_tensor *inputs[] = {x, mean, variance, scale_only ? scale : offset, scale};
  int count = 3 + (offset != NULL) + (scale != NULL);
  const eager__op *op = scale_only ? &batch_without_offset : &ops[BATCH];
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, op, inputs, count));
  eager__call_set_float(&call, "variance_epsilon", variance_epsilon);
  return eager__call_run(&call, NULL, out, 1);
}
