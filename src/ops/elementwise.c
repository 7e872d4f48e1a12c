/* The elementwise ops: records, doors and the tail of their programs, all from the rows of
 * elementwise.def. */
#include "ops/elementwise_kernel.h"
#include "ops/families.h"
#include "runtime/run.h"
#include "eagercl/ops.h"

#define X                                                                                  \
  {                                                                                        \
    { "x", 0 }                                                                             \
  }
#define FEATURES                                                                           \
  {                                                                                        \
    { "features", 0 }                                                                      \
  }
#define X_Y                                                                                \
  {                                                                                        \
    {"x", 0}, {                                                                            \
      "y", 0                                                                               \
    }                                                                                      \
  }
#define Y_X                                                                                \
  {                                                                                        \
    {"y", 0}, {                                                                            \
      "x", 0                                                                               \
    }                                                                                      \
  }
#define X1_X2                                                                              \
  {                                                                                        \
    {"x1", 0}, {                                                                           \
      "x2", 0                                                                              \
    }                                                                                      \
  }
#define Y_DY                                                                               \
  {                                                                                        \
    {"y", 0}, {                                                                            \
      "dy", 0                                                                              \
    }                                                                                      \
  }
#define GRADIENTS_FEATURES                                                                 \
  {                                                                                        \
    {"gradients", 0}, {                                                                    \
      "features", 0                                                                        \
    }                                                                                      \
  }
#define GRADIENTS_OUTPUTS                                                                  \
  {                                                                                        \
    {"gradients", 0}, {                                                                    \
      "outputs", 0                                                                         \
    }                                                                                      \
  }
#define CONDITION_T_E                                                                      \
  {                                                                                        \
    {"condition", EAGER__BOOLS}, {"t", 0}, {                                               \
      "e", 0                                                                               \
    }                                                                                      \
  }
#define T_MIN_MAX                                                                          \
  {                                                                                        \
    {"t", 0}, {"clip_value_min", 0}, {                                                     \
      "clip_value_max", 0                                                                  \
    }                                                                                      \
  }

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

enum result { SAME, MASK, MOVED };
enum check { NEVER, ZERO_DIVISOR, NEGATIVE_POWER };

struct row {
  const char *flat, *walk, *expression;
  enum result result;
  enum check check;
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

#define ROW(raw, door, names, set, kind, fails, text) raw,
enum {
#include "ops/elementwise.def"
};

#define ROW(raw, door, names, set, kind, fails, text)                                      \
  [raw] = {.name = #raw,                                                                   \
           .inputs = names,                                                                \
           .dtypes = set,                                                                  \
           .moves_only = (kind) == MOVED,                                                  \
           .checked = (fails) != NEVER,                                                    \
           .infer = infer,                                                                 \
           .launch = launch,                                                               \
           .data = &(const struct row){#raw, #raw "_walk", text, kind, fails}},
static const eager__op records[] = {
#include "ops/elementwise.def"
};
enum { RECORD_COUNT = sizeof records / sizeof *records };

const eager__op_list eager__ops_elementwise = {records, RECORD_COUNT};

static eager_status infer(eager__call *call) {
  const struct row *row = call->op->data;
  eager__result *result = &call->outputs[0];
  result->dtype = row->result == MASK ? EAGER_BOOL : call->dtype;
  result->shape = *call->inputs[0].shape;
  for (int i = 1; i < call->input_count; i++)
    EAGER__TRY(
        eager__shape_broadcast(&result->shape, call->inputs[i].shape, &result->shape));
  if (call->op != &records[ClipByValue]) return EAGER_OK;
  const eager__shape *t = call->inputs[0].shape;
  char whole[EAGER__SHAPE_TEXT], clipped[EAGER__SHAPE_TEXT];
  for (int i = 0, lead = result->shape.rank - t->rank; i < result->shape.rank; i++) {
    bool same = i >= lead &&
                (t->dims[i - lead] == result->shape.dims[i] || t->dims[i - lead] == -1);
    EAGER__REQUIRE(
        same, EAGER_INVALID_ARGUMENT,
        "clip_value_min and clip_value_max must broadcast to the shape of t, %s, "
        "but all three broadcast to %s",
        eager__shape_text(t, whole), eager__shape_text(&result->shape, clipped));
  }
  return EAGER_OK;
}

/* What is written and launched for a row in the program of `dtype`. */
static eager__elementwise describe(const eager__op *op, eager_dtype dtype) {
  const struct row *row = op->data;
  eager__elementwise it = {.flat = row->flat,
                           .walk = row->walk,
                           .expression = row->expression,
                           .inputs = eager__op_input_count(op),
                           .first_is_bool = row->result == MOVED,
                           .to_bool = row->result == MASK};
  bool is_integer = (EAGER__BIT(dtype) & EAGER__INTEGERS) != 0;
  it.bad = is_integer ? checks[row->check].bad : NULL;
  return it;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const struct row *row = call->op->data;
  eager_dtype dtype = row->result == MOVED ? eager__move_dtype(call->dtype) : call->dtype;
  eager__elementwise it = describe(call->op, dtype);
  if (it.bad)
    eager__check_text(commands, EAGER_INVALID_ARGUMENT, "%s", checks[row->check].text);
  return eager__elementwise_launch(commands, &it, &eager__family_elementwise, dtype);
}

static void write_rows(eager_dtype dtype, eager__strbuf *source) {
  for (int i = 0; i < RECORD_COUNT; i++) {
    const eager__op *op = &records[i];
    bool legal = op->moves_only ? dtype == eager__move_dtype(dtype)
                                : (op->dtypes & EAGER__BIT(dtype)) != 0;
    if (!legal) continue;
    eager__elementwise it = describe(op, dtype);
    eager__elementwise_write(&it, source);
  }
}

const eager__family eager__family_elementwise = {
    .name = "elementwise", .files = {"elementwise"}, .write_tail = write_rows};

static eager_status run(int record, eager_tensor *const *inputs, int count,
                        eager_tensor **out) {
  if (out) *out = NULL;
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &records[record], inputs, count));
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

eager_status eager_where(eager_tensor *condition, eager_tensor *x, eager_tensor *y,
                         eager_tensor **out) {
  return run(SelectV2, (eager_tensor *[]){condition, x, y}, 3, out);
}

eager_status eager_clip_by_value(eager_tensor *t, eager_tensor *clip_value_min,
                                 eager_tensor *clip_value_max, eager_tensor **out) {
  return run(ClipByValue, (eager_tensor *[]){t, clip_value_min, clip_value_max}, 3, out);
}
