/* The elementwise ops: records, doors and the tail of their programs, all from the rows of
 * elementwise.def and special.def. */
#include "ops/elementwise_kernel.h"
#include "ops/families.h"
#include "runtime/run.h"
#include "eagercl/ops.h"

/* Columns of inputs. */
#define X                  .inputs = {{"x", 0}}
#define FEATURES           .inputs = {{"features", 0}}
#define X_Y                .inputs = {{"x", 0}, {"y", 0}}
#define Y_X                .inputs = {{"y", 0}, {"x", 0}}
#define X1_X2              .inputs = {{"x1", 0}, {"x2", 0}}
#define A_X                .inputs = {{"a", 0}, {"x", 0}}
#define X_Q                .inputs = {{"x", 0}, {"q", 0}}
#define Y_DY               .inputs = {{"y", 0}, {"dy", 0}}
#define GRADIENTS_FEATURES .inputs = {{"gradients", 0}, {"features", 0}}
#define GRADIENTS_OUTPUTS  .inputs = {{"gradients", 0}, {"outputs", 0}}
#define A_B_X              .inputs = {{"a", 0}, {"b", 0}, {"x", 0}}
#define CONDITION_T_E      .inputs = {{"condition", EAGER__BOOLS}, {"t", 0}, {"e", 0}}

#define T_MIN_MAX .inputs = {{"t", 0}, {"clip_value_min", 0}, {"clip_value_max", 0}}

/* The same with the attribute that is `p` in the expression. */
#define ALPHA       .attrs = {{.name = "alpha", .kind = EAGER__ATTR_FLOAT, .number = 0.2}}
#define BETA        .attrs = {{.name = "beta", .kind = EAGER__ATTR_FLOAT, .number = 1.0}}
#define APPROXIMATE .attrs = {{.name = "approximate", .kind = EAGER__ATTR_BOOL}}
#define TOLERANCE                                                                          \
  .attrs = {{.name = "tolerance", .kind = EAGER__ATTR_FLOAT, .number = 1e-5}}
#define FEATURES_ALPHA                 FEATURES, ALPHA
#define FEATURES_BETA                  FEATURES, BETA
#define FEATURES_APPROXIMATE           FEATURES, APPROXIMATE
#define GRADIENTS_FEATURES_ALPHA       GRADIENTS_FEATURES, ALPHA
#define GRADIENTS_FEATURES_BETA        GRADIENTS_FEATURES, BETA
#define GRADIENTS_FEATURES_APPROXIMATE GRADIENTS_FEATURES, APPROXIMATE
#define X_Y_TOLERANCE                  X_Y, TOLERANCE
/* The one attribute that is not: see is_scalar_answer. */
#define X_Y_SHAPE_ERROR                                                                    \
  X_Y, .attrs = {                                                                          \
           {.name = "incompatible_shape_error", .kind = EAGER__ATTR_BOOL, .number = true}}

enum {
  ANY = EAGER__ANY,
  BOOLS = EAGER__BOOLS,
  NUMBERS = EAGER__NUMBERS,
  INTEGERS = EAGER__INTEGERS,
  FLOATS = EAGER__FLOATS,
  SIGNED = EAGER__FLOATS | EAGER__INTS,
  WIDE_FLOATS = EAGER__BIT(EAGER_FLOAT32) | EAGER__BIT(EAGER_FLOAT64),
  WIDE_SIGNED = EAGER__FLOATS | EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64),
};

enum result { SAME, MASK, BYTES, MOVED };
enum check { NEVER, ZERO_DIVISOR, NEGATIVE_POWER };

struct row {
  const char *flat, *walk, *expression;
  enum result result;
  enum check check;
  const eager__family *family;
};

static const struct {
  const char *bad, *text;
} checks[] = {
    [NEVER] = {NULL, NULL},
    [ZERO_DIVISOR] = {"b == ZERO", "Integer division by zero at element #"},
    [NEGATIVE_POWER] = {"b < ZERO", "Integers to negative integer powers are not allowed: "
                                    "element #"},
};

static eager_status infer(eager__call *call);
static eager_status launch(eager__call *call, eager__commands *commands);

#define ROW(raw, door, names, set, kind, fails, text)   raw,
#define ALIAS(raw, door, names, set, kind, fails, same) raw,
enum {
#include "ops/elementwise.def"
#include "ops/special.def"
  COUNT,
};

#define ROW(raw, door, names, set, kind, fails, text)                                      \
  [raw] = {#raw, #raw "_walk", text, kind, fails, FAMILY},
#define ALIAS(...)
static const struct row rows[COUNT] = {
#define FAMILY &eager__family_elementwise
#include "ops/elementwise.def"
#undef FAMILY
#define FAMILY &eager__family_special
#include "ops/special.def"
};

#define RECORD(raw, typed_name, set, kind, fails, of, ...)                                 \
  [raw] = {.name = #raw,                                                                   \
           .typed = typed_name,                                                            \
           .dtypes = set,                                                                  \
           .moves_only = (kind) == MOVED,                                                  \
           .checked = (fails) != NEVER,                                                    \
           .infer = infer,                                                                 \
           .launch = launch,                                                               \
           .data = &rows[of],                                                              \
           __VA_ARGS__},
#define ROW(raw, door, names, set, kind, fails, text)                                      \
  RECORD(raw, #door, set, kind, fails, raw, names)
#define ALIAS(raw, door, names, set, kind, fails, same)                                    \
  RECORD(raw, #door, set, kind, fails, same, names)
static const eager__op records[COUNT] = {
#include "ops/elementwise.def"
#include "ops/special.def"
};

const eager__op_list eager__ops_elementwise = {records, COUNT};

static const eager_dtype results[] = {
    [SAME] = EAGER_DTYPE_INVALID,
    [MASK] = EAGER_BOOL,
    [BYTES] = EAGER_UINT8,
    [MOVED] = EAGER_DTYPE_INVALID,
};

static eager_status check_clip(const eager__shape *t, const eager__shape *all) {
  char whole[EAGER__SHAPE_TEXT], clipped[EAGER__SHAPE_TEXT];
  for (int i = 0, lead = all->rank - t->rank; i < all->rank; i++) {
    int64_t own = i < lead ? 0 : t->dims[i - lead];
    bool same = i >= lead && (own == all->dims[i] || own < 0 || all->dims[i] < 0);
    EAGER__REQUIRE(
        same, EAGER_INVALID_ARGUMENT,
        "clip_value_min and clip_value_max must broadcast to the shape of t, %s, "
        "but all three broadcast to %s",
        eager__shape_text(t, whole), eager__shape_text(all, clipped));
  }
  return EAGER_OK;
}

static bool may_equal(const eager__shape *a, const eager__shape *b) {
  bool equal = a->rank == b->rank;
  for (int i = 0; equal && i < a->rank; i++)
    equal = a->dims[i] == b->dims[i] || a->dims[i] < 0 || b->dims[i] < 0;
  return equal;
}

/* Select, the elder of SelectV2, broadcasts nothing but its condition: a scalar, or one
 * bool for each slice. As SelectV2 knows it, that has the shape `out`. */
static eager_status condition_shape(const eager__call *call, eager__shape *out) {
  const eager__shape *condition = call->inputs[0].shape, *t = call->inputs[1].shape;
  const eager__shape *e = call->inputs[2].shape;
  char text0[EAGER__SHAPE_TEXT], text1[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(may_equal(t, e), EAGER_INVALID_ARGUMENT,
                 "'then' and 'else' must have the same size, but got: %s vs. %s",
                 eager__shape_text(t, text0), eager__shape_text(e, text1));
  *out = *condition;
  if (condition->rank == 0 || may_equal(condition, t)) return EAGER_OK;
  eager__shape slices = {.rank = 1, .dims = {t->rank > 0 ? t->dims[0] : 1}};
  EAGER__REQUIRE(
      t->rank > 0 && may_equal(condition, &slices), EAGER_INVALID_ARGUMENT,
      "'cond' must be a scalar, have the shape of 'then' or be a vector with one "
      "element for each of its slices, but saw: %s vs. %s",
      eager__shape_text(condition, text0), eager__shape_text(t, text1));
  out->rank = t->rank;
  for (int i = 1; i < t->rank; i++) out->dims[i] = 1;
  return EAGER_OK;
}

static bool is_equality(const eager__op *op) {
  return op == &records[Equal] || op == &records[NotEqual];
}

/* Without incompatible_shape_error, tensors that do not broadcast are just not equal. */
static bool is_scalar_answer(const eager__call *call) {
  eager__shape shape;
  if (!is_equality(call->op) || call->attrs[0].i) return false;
  if (eager__shape_broadcast(call->inputs[0].shape, call->inputs[1].shape, &shape) ==
      EAGER_OK)
    return false;
  eager__clear_error();
  return true;
}

static eager_status infer(eager__call *call) {
  const struct row *row = call->op->data;
  eager__result *result = &call->outputs[0];
  if (is_scalar_answer(call)) {
    result->dtype = EAGER_BOOL;
    result->shape = (eager__shape){0};
    return EAGER_OK;
  }
  result->dtype = results[row->result] ? results[row->result] : call->dtype;
  result->shape = *call->inputs[0].shape;
  if (call->op == &records[Select]) EAGER__TRY(condition_shape(call, &result->shape));
  for (int i = 1; i < call->input_count; i++)
    EAGER__TRY(
        eager__shape_broadcast(&result->shape, call->inputs[i].shape, &result->shape));
  if (call->op != &records[ClipByValue]) return EAGER_OK;
  return check_clip(call->inputs[0].shape, &result->shape);
}

/* What is written and launched for a row in the program of `dtype`. */
static eager__elementwise describe(const eager__op *op, eager_dtype dtype) {
  const struct row *row = op->data;
  eager__elementwise it = {.flat = row->flat,
                           .walk = row->walk,
                           .expression = row->expression,
                           .inputs = eager__op_input_count(op),
                           .first_is_bool = row->result == MOVED,
                           .to_bool = row->result == MASK,
                           .to_bytes = row->result == BYTES,
                           .has_parameter = op->attrs[0].name && !is_equality(op)};
  bool is_integer = (EAGER__BIT(dtype) & EAGER__INTEGERS) != 0;
  it.bad = is_integer ? checks[row->check].bad : NULL;
  return it;
}

bool eager__elementwise_find(const eager__op *op, eager_dtype dtype,
                             eager__elementwise *out, const eager__family **out_family) {
  if (op->launch != launch) return false;
  *out = describe(op, dtype);
  *out_family = ((const struct row *)op->data)->family;
  return true;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const struct row *row = call->op->data;
  if (is_scalar_answer(call))
    return eager__add_fill(commands, 0, &(bool){call->op == &records[NotEqual]}, 1);
  eager_dtype dtype = row->result == MOVED ? eager__move_dtype(call->dtype) : call->dtype;
  eager__elementwise it = describe(call->op, dtype);
  if (it.has_parameter) it.parameter = call->attrs[0].f;
  if (it.bad)
    eager__check_text(commands, EAGER_INVALID_ARGUMENT, "%s", checks[row->check].text);
  const eager__shape *first = call->inputs[0].shape;
  eager__shape condition;
  if (call->op == &records[Select]) {
    EAGER__TRY(condition_shape(call, &condition));
    call->inputs[0].shape = &condition;
  }
  eager_status status = eager__elementwise_launch(commands, &it, row->family, dtype);
  call->inputs[0].shape = first;
  return status;
}

static void write_rows(const eager__family *family, eager_dtype dtype,
                       eager__strbuf *source) {
  for (int i = 0; i < COUNT; i++) {
    const eager__op *op = &records[i];
    bool is_alias = op->data != &rows[i];
    bool legal = op->moves_only ? dtype == eager__move_dtype(dtype)
                                : (op->dtypes & EAGER__BIT(dtype)) != 0;
    if (is_alias || !legal || rows[i].family != family) continue;
    eager__elementwise it = describe(op, dtype);
    eager__elementwise_write(&it, source);
  }
}

static void write_elementwise(eager_dtype dtype, eager__strbuf *source) {
  write_rows(&eager__family_elementwise, dtype, source);
}
static void write_choices(eager_dtype dtype, eager__strbuf *source) {
  write_rows(&eager__family_choices, dtype, source);
}
static void write_comparisons(eager_dtype dtype, eager__strbuf *source) {
  write_rows(&eager__family_comparisons, dtype, source);
}
static void write_functions(eager_dtype dtype, eager__strbuf *source) {
  write_rows(&eager__family_functions, dtype, source);
}
static void write_special(eager_dtype dtype, eager__strbuf *source) {
  write_rows(&eager__family_special, dtype, source);
}
static void write_bessel(eager_dtype dtype, eager__strbuf *source) {
  write_rows(&eager__family_bessel, dtype, source);
}

const eager__family eager__family_elementwise = {.name = "elementwise",
                                                 .files = {"words", "elementwise"},
                                                 .write_tail = write_elementwise};
const eager__family eager__family_choices = {
    .name = "choices", .files = {"words", "elementwise"}, .write_tail = write_choices};
const eager__family eager__family_comparisons = {.name = "comparisons",
                                                 .files = {"words", "elementwise"},
                                                 .write_tail = write_comparisons};
const eager__family eager__family_functions = {
    .name = "functions",
    .files = {"words", "elementwise", "functions"},
    .write_tail = write_functions};
const eager__family eager__family_special = {
    .name = "special",
    .files = {"words", "elementwise", "functions", "special", "gamma", "beta"},
    .write_tail = write_special};
const eager__family eager__family_bessel = {
    .name = "bessel",
    .files = {"words", "elementwise", "functions", "special", "bessel", "integrals"},
    .write_tail = write_bessel};

static eager_status run(int record, eager_tensor *const *inputs, int count,
                        eager_tensor **out) {
  if (out) *out = NULL;
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &records[record], inputs, count));
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status run_with(int record, double parameter, eager_tensor *const *inputs,
                             int count, eager_tensor **out) {
  if (out) *out = NULL;
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &records[record], inputs, count));
  eager__call_set_float(&call, records[record].attrs[0].name, parameter);
  return eager__call_run(&call, NULL, out, 1);
}

#define UNARY(raw, door, names, set, kind, fails, text)                                    \
  eager_status door(eager_tensor *x, eager_tensor **out) {                                 \
    return run(raw, (eager_tensor *[]){x}, 1, out);                                        \
  }
#define BINARY(raw, door, names, set, kind, fails, text)                                   \
  eager_status door(eager_tensor *x, eager_tensor *y, eager_tensor **out) {                \
    return run(raw, (eager_tensor *[]){x, y}, 2, out);                                     \
  }
#include "ops/elementwise.def"
#include "ops/special.def"

eager_status eager_where(eager_tensor *condition, eager_tensor *x, eager_tensor *y,
                         eager_tensor **out) {
  return run(SelectV2, (eager_tensor *[]){condition, x, y}, 3, out);
}

eager_status eager_select(eager_tensor *condition, eager_tensor *t, eager_tensor *e,
                          eager_tensor **out) {
  return run(Select, (eager_tensor *[]){condition, t, e}, 3, out);
}

eager_status eager_betainc(eager_tensor *a, eager_tensor *b, eager_tensor *x,
                           eager_tensor **out) {
  return run(Betainc, (eager_tensor *[]){a, b, x}, 3, out);
}

eager_status eager_clip_by_value(eager_tensor *t, eager_tensor *clip_value_min,
                                 eager_tensor *clip_value_max, eager_tensor **out) {
  return run(ClipByValue, (eager_tensor *[]){t, clip_value_min, clip_value_max}, 3, out);
}

eager_status eager_approximate_equal(eager_tensor *x, eager_tensor *y, double tolerance,
                                     eager_tensor **out) {
  return run_with(ApproximateEqual, tolerance, (eager_tensor *[]){x, y}, 2, out);
}

eager_status eager_leaky_relu(eager_tensor *features, double alpha, eager_tensor **out) {
  return run_with(LeakyRelu, alpha, (eager_tensor *[]){features}, 1, out);
}

eager_status eager_leaky_relu_grad(eager_tensor *gradients, eager_tensor *features,
                                   double alpha, eager_tensor **out) {
  return run_with(LeakyReluGrad, alpha, (eager_tensor *[]){gradients, features}, 2, out);
}

eager_status eager_silu(eager_tensor *features, double beta, eager_tensor **out) {
  return run_with(Silu, beta, (eager_tensor *[]){features}, 1, out);
}

eager_status eager_silu_grad(eager_tensor *gradients, eager_tensor *features, double beta,
                             eager_tensor **out) {
  return run_with(SiluGrad, beta, (eager_tensor *[]){gradients, features}, 2, out);
}

eager_status eager_gelu(eager_tensor *features, bool approximate, eager_tensor **out) {
  return run_with(Gelu, approximate, (eager_tensor *[]){features}, 1, out);
}

eager_status eager_gelu_grad(eager_tensor *gradients, eager_tensor *features,
                             bool approximate, eager_tensor **out) {
  return run_with(GeluGrad, approximate, (eager_tensor *[]){gradients, features}, 2, out);
}
