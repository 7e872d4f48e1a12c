/* Attention: softmax(Q K^T * scale + mask) V. */
#include <inttypes.h>
#include <math.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/run.h"

/* As in attention.cl. */
enum { ROWS = 4, COLUMNS = 2, BLOCK_VECTORS = 8, LEADING = 6 };

typedef struct attention_shape {
  int64_t heads, q_len, k_len, depth, width, group, begin, end;
  int64_t mask_kind, mask_row, mask_column, causal, first, last;
  int64_t mask_dims[LEADING], mask_strides[LEADING];
} attention_shape;

enum { QUERY, KEY, VALUE, MASK };
enum { NO_MASK, ADDED_MASK, BOOL_MASK };

static bool differ(int64_t a, int64_t b) {
  return a != b && a >= 0 && b >= 0;
}

/* --- Shapes --- */

static eager_status check_ranks(const eager__call *call) {
  char text[EAGER__SHAPE_TEXT];
  int rank = call->inputs[QUERY].shape->rank;
  for (int i = QUERY; i <= VALUE; i++) {
    const eager__shape *shape = call->inputs[i].shape;
    EAGER__REQUIRE(shape->rank >= 2, EAGER_INVALID_ARGUMENT,
                   "%s must have at least 2 dimensions, got shape %s",
                   call->op->inputs[i].name, eager__shape_text(shape, text));
    EAGER__REQUIRE(shape->rank == rank, EAGER_INVALID_ARGUMENT,
                   "query, key and value must have the same rank, got %d and, for %s, %d",
                   rank, call->op->inputs[i].name, shape->rank);
  }
  return EAGER_OK;
}

static eager_status check_extents(const eager__call *call) {
  const eager__shape *q = call->inputs[QUERY].shape, *k = call->inputs[KEY].shape;
  const eager__shape *v = call->inputs[VALUE].shape;
  char text[3][EAGER__SHAPE_TEXT];
  int rank = q->rank;
  bool good = !differ(q->dims[rank - 1], k->dims[rank - 1]) &&
              !differ(k->dims[rank - 2], v->dims[rank - 2]);
  for (int d = 0; d < rank - 2; d++) {
    good = good && !differ(k->dims[d], v->dims[d]);
    if (d < rank - 3) good = good && !differ(q->dims[d], k->dims[d]);
  }
  if (good && rank > 2) {
    int64_t heads = q->dims[rank - 3], key_heads = k->dims[rank - 3];
    good = heads < 0 || key_heads < 0 || heads == key_heads ||
           (key_heads > 0 && heads % key_heads == 0);
  }
  EAGER__REQUIRE(
      good, EAGER_INVALID_ARGUMENT,
      "query [...,heads,q_len,d], key [...,heads or a divisor,k_len,d] and value "
      "[...,heads as key's,k_len,d_v] do not fit: %s, %s and %s",
      eager__shape_text(q, text[0]), eager__shape_text(k, text[1]),
      eager__shape_text(v, text[2]));
  return EAGER_OK;
}

static eager_status check_mask(const eager__call *call, const eager__shape *scores) {
  if (call->input_count <= MASK) return EAGER_OK;
  const eager__operand *mask = &call->inputs[MASK];
  char text[2][EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(
      mask->dtype == EAGER_BOOL || mask->dtype == call->dtype, EAGER_INVALID_ARGUMENT,
      "mask must be a bool tensor or a %s tensor as query is, but is a %s tensor",
      eager_dtype_name(call->dtype), eager_dtype_name(mask->dtype));
  int lead = scores->rank - mask->shape->rank;
  bool good = lead >= 0;
  for (int d = 0; good && d < mask->shape->rank; d++)
    good =
        mask->shape->dims[d] == 1 || !differ(mask->shape->dims[d], scores->dims[lead + d]);
  EAGER__REQUIRE(good, EAGER_INVALID_ARGUMENT,
                 "mask of shape %s does not broadcast to [...,q_len,k_len], which is %s",
                 eager__shape_text(mask->shape, text[0]),
                 eager__shape_text(scores, text[1]));
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  EAGER__TRY(check_ranks(call));
  EAGER__TRY(check_extents(call));
  const eager__shape *q = call->inputs[QUERY].shape;
  eager__shape shape = *q;
  shape.dims[q->rank - 1] = call->inputs[KEY].shape->dims[q->rank - 2];
  EAGER__TRY(check_mask(call, &shape));
  shape.dims[q->rank - 1] = call->inputs[VALUE].shape->dims[q->rank - 1];
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = shape;
  return EAGER_OK;
}

/* --- Launch --- */

static void set_mask(const eager__call *call, attention_shape *s) {
  for (int d = 0; d < LEADING; d++) s->mask_dims[d] = 1;
  if (call->input_count <= MASK) return;
  const eager__shape *q = call->inputs[QUERY].shape, *mask = call->inputs[MASK].shape;
  s->mask_kind = call->inputs[MASK].dtype == EAGER_BOOL ? BOOL_MASK : ADDED_MASK;
  int64_t stride = 1;
  for (int d = mask->rank - 1; d >= 0; d--) {
    int from_end = mask->rank - 1 - d;
    int64_t step = mask->dims[d] == 1 ? 0 : stride;
    if (from_end == 0) s->mask_column = step;
    if (from_end == 1) s->mask_row = step;
    if (from_end > 1) s->mask_strides[LEADING + 1 - from_end] = step;
    stride *= mask->dims[d];
  }
  for (int d = q->rank - 3; d >= 0; d--)
    s->mask_dims[LEADING - (q->rank - 2) + d] = q->dims[d];
}

static attention_shape describe(const eager__call *call) {
  const eager__shape *q = call->inputs[QUERY].shape, *k = call->inputs[KEY].shape;
  int rank = q->rank;
  attention_shape s = {
      .heads = eager__shape_product(q, 0, rank - 2),
      .q_len = q->dims[rank - 2],
      .k_len = k->dims[rank - 2],
      .depth = q->dims[rank - 1],
      .width = call->inputs[VALUE].shape->dims[rank - 1],
      .group = rank > 2 ? q->dims[rank - 3] / k->dims[rank - 3] : 1,
      .causal = eager__attr_get(call, "is_causal")->i,
      .first = 1,
      .last = 1,
  };
  s.end = s.k_len;
  set_mask(call, &s);
  return s;
}

static double scale_of(const eager__call *call, int64_t depth) {
  double scale = eager__attr_get(call, "scale")->f;
  if (scale != 0 || depth == 0) return scale;
  return 1 / sqrt((double)depth);
}

/* What both kernels take first, and what last. */
static void arg_operands(eager__commands *commands, const attention_shape *s) {
  for (int i = QUERY; i <= VALUE; i++) eager__arg_input(commands, i);
  eager__arg_input(commands, s->mask_kind != NO_MASK ? MASK : QUERY);
  eager__arg_output(commands, 0);
}

static void arg_shape(eager__commands *commands, const attention_shape *s) {
  eager_dtype dtype = commands->call->dtype;
  eager__arg_bytes(commands, s, sizeof *s);
  eager__arg_scalar(commands, dtype, scale_of(commands->call, s->depth));
}

/* Keys for one launch: all, or as many as the device's loops let a work-item see. A stretch
 * is `local` keys. */
static int64_t keys_at_once(const eager__traits *traits, const attention_shape *s,
                            int64_t local) {
  if (traits->loop_limit == 0) return eager__at_least(s->k_len, 1);
  int64_t dots = eager__ceil_div(s->depth, (int64_t)traits->vector_width) * (1 + ROWS);
  int64_t sums = local * (1 + COLUMNS + ROWS * (1 + COLUMNS));
  int64_t stretches = 6 * EAGER__TRIPS / (dots + sums + 32 * ROWS);
  return stretches * local;
}

static eager_status launch_groups(eager__call *call, eager__commands *commands,
                                  attention_shape s) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t tiles = s.heads * eager__ceil_div(s.q_len, ROWS), end = s.k_len;
  size_t element = eager__computed_size(call->dtype);
  int state = -1;
  do {
    eager__kernel_begin(commands, &eager__family_attention, call->dtype, "attention_group");
    int64_t local = eager__group_size(commands), keys = keys_at_once(traits, &s, local);
    int64_t strips = eager__ceil_div(s.width, COLUMNS * local);
    EAGER__REQUIRE(keys > 0, EAGER_UNIMPLEMENTED,
                   "a depth of %" PRId64 " is too much for the loops of this device",
                   s.depth);
    if (keys < end && state < 0) {
      int64_t numbers = s.heads * s.q_len * (2 * strips + s.width);
      state = eager__scratch(commands, (size_t)numbers * element);
    }
    s.first = s.begin == 0;
    s.end = eager__at_most(s.begin + keys, end);
    s.last = s.end == end;
    arg_operands(commands, &s);
    if (state >= 0)
      eager__arg_scratch(commands, state);
    else
      eager__arg_output(commands, 0); /* not looked at */
    arg_shape(commands, &s);
    eager__arg_local(commands, (size_t)(ROWS * local) * element);
    EAGER__TRY(
        eager__kernel_end(commands, eager__grid_2d(tiles * local, local, strips, 1)));
    s.begin = s.end;
  } while (s.begin < end);
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__traits *traits = eager__commands_traits(commands);
  attention_shape s = describe(call);
  if (!traits->cpu_like) return launch_groups(call, commands, s);
  eager__kernel_begin(commands, &eager__family_attention, call->dtype, "attention_block");
  int64_t columns = BLOCK_VECTORS * (int64_t)traits->vector_width;
  arg_operands(commands, &s);
  arg_shape(commands, &s);
  return eager__kernel_end(commands,
                           eager__grid_2d(s.heads * eager__ceil_div(s.q_len, ROWS), 1,
                                          eager__ceil_div(s.width, columns), 1));
}

static const eager__op op = {
    .name = "Attention",
    .typed = "eager_attention",
    .inputs = {{.name = "query"},
               {.name = "key"},
               {.name = "value"},
               {.name = "mask", EAGER__FLOATS | EAGER__BOOLS}},
    .optional_inputs = 1,
    .dtypes = EAGER__FLOATS,
    .attrs = {{.name = "scale", EAGER__ATTR_FLOAT},
              {.name = "is_causal", EAGER__ATTR_BOOL}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_attention = {&op, 1};

eager_status eager_attention(eager_tensor *query, eager_tensor *key, eager_tensor *value,
                             eager_tensor *mask, double scale, bool is_causal,
                             eager_tensor **out) {
  eager_tensor *inputs[] = {query, key, value, mask};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &op, inputs, mask != NULL ? 4 : 3));
  eager__call_set_float(&call, "scale", scale);
  eager__call_set_int(&call, "is_causal", is_causal);
  return eager__call_run(&call, NULL, out, 1);
}
