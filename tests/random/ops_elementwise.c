/* Elementwise ops, casts and AddN. Single operations of IEEE 754 on plain values have one
 * answer, rounded: 16-bit floats are computed in float32 and rounded once. */
#include <math.h>

#include "random/ops.h"

typedef struct elementwise {
  double (*floats)(double a, double b, double c);
  int64_t (*integers)(int64_t a, int64_t b, int64_t c, eager_dtype dtype);
  enum { SAME, MASK, BYTES } result;
  bool divides; /* fails where b is 0 */
} elementwise;

/* --- Functions of floats --- */

#define F(name, expression)                                                                \
  static double name(double a, double b, double c) {                                       \
    (void)a, (void)b, (void)c;                                                             \
    return expression;                                                                     \
  }
static double larger(double a, double b) {
  return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
}
static double smaller(double a, double b) {
  return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
}
F(f_neg, -a)
F(f_square, a *a)
F(f_abs, fabs(a))
F(f_sign, isnan(a) ? a : (double)((a > 0) - (a < 0)))
F(f_relu, a < 0 ? 0 : a)
F(f_relu6, a<0 ? 0 : a> 6 ? 6 : a)
F(f_floor, floor(a))
F(f_ceil, ceil(a))
F(f_rint, rint(a))
F(f_is_nan, isnan(a))
F(f_is_inf, isinf(a))
F(f_is_finite, isfinite(a))
F(f_add, a + b)
F(f_sub, a - b)
F(f_mul, a *b)
F(f_maximum, larger(a, b))
F(f_minimum, smaller(a, b))
F(f_relu_grad, b > 0 ? a : 0)
F(f_relu6_grad, b > 0 && b < 6 ? a : 0)
F(f_mul_no_nan, b == 0 ? 0 : a * b)
F(f_equal, a == b)
F(f_not_equal, a != b)
F(f_less, a < b)
F(f_less_equal, a <= b)
F(f_greater, a > b)
F(f_greater_equal, a >= b)
F(f_clip, larger(smaller(a, c), b))

/* --- Functions of integers; uint64 as its bits --- */

#define I(name, expression)                                                                \
  static int64_t name(int64_t a, int64_t b, int64_t c, eager_dtype dtype) {                \
    (void)a, (void)b, (void)c, (void)dtype;                                                \
    return (int64_t)(expression);                                                          \
  }
#define U(x) ((uint64_t)(x))
static bool below(int64_t a, int64_t b, eager_dtype dtype) {
  return dtype == EAGER_UINT64 ? U(a) < U(b) : a < b;
}
static int64_t divided(int64_t a, int64_t b, eager_dtype dtype) {
  if (b == 0) return 0;
  if (rp_is_unsigned(dtype)) return (int64_t)(U(a) / U(b));
  return b == -1 ? (int64_t)(0 - U(a)) : a / b;
}
static int64_t rest(int64_t a, int64_t b, eager_dtype dtype) {
  return (int64_t)(U(a) - U(divided(a, b, dtype)) * U(b));
}
static int64_t floor_divided(int64_t a, int64_t b, eager_dtype dtype) {
  int64_t r = rest(a, b, dtype);
  bool up = !rp_is_unsigned(dtype) && r != 0 && (r < 0) != (b < 0);
  return divided(a, b, dtype) - up;
}
static int64_t floor_rest(int64_t a, int64_t b, eager_dtype dtype) {
  int64_t r = rest(a, b, dtype);
  return !rp_is_unsigned(dtype) && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
static bool in_width(int64_t b, eager_dtype dtype) {
  return U(b) < U(rp_bits(dtype));
}
static int64_t right_shifted(int64_t a, int64_t b, eager_dtype dtype) {
  bool negative = !rp_is_unsigned(dtype) && a < 0;
  if (!in_width(b, dtype)) return negative ? -1 : 0;
  return negative ? ~(~a >> b) : (int64_t)(U(a) >> b);
}
static int64_t bits_set(int64_t a, eager_dtype dtype) {
  uint64_t bits =
      rp_bits(dtype) == 64 ? U(a) : U(a) & ((UINT64_C(1) << rp_bits(dtype)) - 1);
  int64_t count = 0;
  for (; bits; bits &= bits - 1) count++;
  return count;
}
I(i_neg, 0 - U(a))
I(i_square, U(a) * U(a))
I(i_abs, a < 0 ? 0 - U(a) : U(a))
I(i_sign, (a > 0) - (a < 0))
I(i_same, a)
I(i_relu, below(a, 0, dtype) ? 0 : a)
I(i_relu6, below(a, 0, dtype) ? 0 : below(6, a, dtype) ? 6 : a)
I(i_invert, ~U(a))
I(i_population_count, bits_set(a, dtype))
I(i_not, a == 0)
I(i_add, U(a) + U(b))
I(i_sub, U(a) - U(b))
I(i_mul, U(a) * U(b))
I(i_maximum, below(a, b, dtype) ? b : a)
I(i_minimum, below(a, b, dtype) ? a : b)
I(i_relu_grad, below(0, b, dtype) ? a : 0)
I(i_relu6_grad, below(0, b, dtype) && below(b, 6, dtype) ? a : 0)
I(i_squared_difference, (U(a) - U(b)) * (U(a) - U(b)))
I(i_equal, a == b)
I(i_not_equal, a != b)
I(i_less, below(a, b, dtype))
I(i_less_equal, !below(b, a, dtype))
I(i_greater, below(b, a, dtype))
I(i_greater_equal, !below(a, b, dtype))
I(i_and, a &b)
I(i_or, a | b)
I(i_xor, a ^ b)
I(i_left_shift, in_width(b, dtype) ? U(a) << b : 0)
I(i_right_shift, right_shifted(a, b, dtype))
I(i_divide, divided(a, b, dtype))
I(i_remainder, rest(a, b, dtype))
I(i_floor_divide, floor_divided(a, b, dtype))
I(i_floor_remainder, floor_rest(a, b, dtype))
static int64_t i_clip(int64_t a, int64_t b, int64_t c, eager_dtype dtype) {
  int64_t low = below(a, c, dtype) ? a : c;
  return below(low, b, dtype) ? b : low;
}

/* --- Evaluating --- */

static bool broadcast_all(const rp_step *step, const rp_value *const *in, rp_result *result,
                          test_shape *out) {
  *out = in[0]->shape;
  for (int i = 1; i < step->input_count; i++) {
    test_shape before = *out;
    if (test_broadcast(before, in[i]->shape, out)) continue;
    if (step->input_count > 2) /* which pair is named is the op's own */
      rp_unclear(result);
    else
      rp_refuse(result, "Incompatible shapes: %s vs. %s", rp_shape_text(in[0]->shape),
                rp_shape_text(in[1]->shape));
    return false;
  }
  return true;
}

static void evaluate(const rp_op *op, const rp_step *step, const rp_value *const *in,
                     rp_result *result) {
  const elementwise *e = op->data;
  eager_dtype dtype = in[0]->dtype;
  test_shape shape;
  if (!broadcast_all(step, in, result, &shape)) return;
  bool known = test_is_float(dtype) ? e->floats != NULL : e->integers != NULL;
  bool clips = step->input_count < 3 || eager__shape_equal(&shape, &in[0]->shape);
  if (!known || !clips) rp_unclear(result);
  if (result->outcome != RP_GOOD || !rp_all_plain(step, in, result)) return;
  rp_value *out = rp_output(result,
                            e->result == MASK    ? EAGER_BOOL
                            : e->result == BYTES ? EAGER_UINT8
                                                 : dtype,
                            shape);
  if (out == NULL) return;
  test_walk w;
  int64_t bad = -1;
  for (test_walk_begin(&w, shape); w.more; test_walk_next(&w)) {
    int64_t at[3] = {0};
    for (int k = 0; k < step->input_count; k++) at[k] = test_walk_offset(&w, in[k]->shape);
    if (test_is_float(dtype)) {
      double v[3] = {0};
      for (int k = 0; k < step->input_count; k++) v[k] = rp_get(in[k], at[k]);
      rp_set(out, w.position, e->floats(v[0], v[1], v[2]));
      continue;
    }
    int64_t v[3] = {0};
    for (int k = 0; k < step->input_count; k++) v[k] = rp_get_int(in[k], at[k]);
    if (e->divides && v[1] == 0 && bad < 0) bad = w.position;
    rp_set_int(out, w.position, e->integers(v[0], v[1], v[2], dtype));
  }
  if (bad >= 0) rp_fail(result, "Integer division by zero at element %lld", (long long)bad);
}

static void evaluate_select(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  test_shape shape;
  (void)op;
  if (!broadcast_all(step, in, result, &shape)) return;
  rp_value *out = rp_output(result, in[1]->dtype, shape);
  if (out == NULL) return;
  out->moved = in[1]->moved && in[2]->moved;
  test_walk w;
  for (test_walk_begin(&w, shape); w.more; test_walk_next(&w)) {
    bool first = rp_get_int(in[0], test_walk_offset(&w, in[0]->shape)) != 0;
    const rp_value *from = in[first ? 1 : 2];
    rp_move(out, w.position, from, test_walk_offset(&w, from->shape));
  }
}

/* Between floats and integers only what both hold; anything else has one answer. */
static bool casts_clearly(const rp_value *x, eager_dtype to) {
  for (int64_t i = 0; i < x->count; i++) {
    double v = rp_get(x, i);
    if (test_is_float(x->dtype) && !test_is_float(to) && to != EAGER_BOOL) {
      double most = rp_is_unsigned(to) ? 0x1p8 : 0x1p7;
      if (!(v > (rp_is_unsigned(to) ? -1 : -most) && v < most)) return false;
    } else if (!test_is_float(x->dtype) && test_is_float(to)) {
      if (!(fabs(v) <= 0x1p24)) return false;
    } else if (to == EAGER_BOOL && isnan(v)) {
      return false;
    }
  }
  return true;
}

static void evaluate_cast(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_value *x = in[0];
  eager_dtype to = (eager_dtype)rp_attr_int(step, "DstT", 0);
  (void)op;
  bool same = to == x->dtype;
  if (!same && (!rp_all_plain(step, in, result) || !casts_clearly(x, to))) {
    rp_unclear(result);
    return;
  }
  rp_value *out = rp_output(result, to, x->shape);
  if (out == NULL) return;
  out->moved = same && x->moved;
  result->view_of[0] = same;
  for (int64_t i = 0; i < x->count; i++) {
    if (same)
      rp_move(out, i, x, i);
    else if (to == EAGER_BOOL)
      rp_set_int(out, i, test_is_float(x->dtype) ? rp_get(x, i) != 0 : rp_get_int(x, i));
    else if (test_is_float(x->dtype) || test_is_float(to))
      rp_set(out, i, rp_get(x, i));
    else
      rp_set_int(out, i, rp_get_int(x, i));
  }
}

static void evaluate_add_n(const rp_op *op, const rp_step *step, const rp_value *const *in,
                           rp_result *result) {
  (void)op;
  for (int i = 1; i < step->input_count; i++) {
    if (eager__shape_equal(&in[0]->shape, &in[i]->shape)) continue;
    rp_refuse(result,
              "Inputs to operation AddN must have the same size and shape. Input 0: %s != "
              "input %d: %s",
              rp_shape_text(in[0]->shape), i, rp_shape_text(in[i]->shape));
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  double sum = 0;
  for (int i = 0; i < step->input_count; i++) sum += rp_absolute_sum(in[i]);
  if (!rp_sums_exactly(in[0]->dtype, sum, 8)) {
    rp_unclear(result);
    return;
  }
  rp_value *out = rp_output(result, in[0]->dtype, in[0]->shape);
  if (out == NULL) return;
  result->view_of[0] = step->input_count == 1 ? RP_VIEW_MAYBE : 0;
  for (int64_t i = 0; i < out->count; i++) {
    double total = 0;
    int64_t whole = 0;
    for (int k = 0; k < step->input_count; k++) {
      total += rp_get(in[k], i);
      whole = (int64_t)(U(whole) + U(test_is_float(out->dtype) ? 0 : rp_get_int(in[k], i)));
    }
    if (test_is_float(out->dtype))
      rp_set(out, i, total);
    else
      rp_set_int(out, i, whole);
  }
}

/* --- Choosing --- */

static bool choose_1(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  return rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 8));
}

/* Of any one dtype, shapes that broadcast; now and then they do not. */
static bool choose_2(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int a = rp_choose_register(chooser, op->dtypes, 0, 8);
  if (a < 0) return false;
  test_shape shape = rp_look(chooser, a)->shape;
  test_shape other = rp_chance(chooser, 60) ? shape : rp_choose_broadcast(chooser, shape);
  if (rp_chance(chooser, 3)) other = rp_choose_shape(chooser, 1, 3);
  uint32_t dtypes = RP_BIT(rp_look(chooser, a)->dtype);
  if (rp_chance(chooser, 2)) dtypes = RP_ANY;
  int b = rp_chance(chooser, 10)
              ? a
              : rp_choose_like(chooser, rp_choose_dtype(chooser, dtypes), other);
  bool swapped = rp_chance(chooser, 50);
  return rp_add_input(step, swapped ? b : a) && rp_add_input(step, swapped ? a : b);
}

/* Integers for the right-hand side: few zeros, small shifts. */
static bool choose_divisor(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (rp_chance(chooser, 20)) return choose_2(chooser, op, step);
  int a = rp_choose_register(chooser, op->dtypes & RP_INTEGERS, 0, 8);
  if (a < 0) return false;
  const rp_value *x = rp_look(chooser, a);
  test_shape shape =
      rp_chance(chooser, 60) ? x->shape : rp_choose_broadcast(chooser, x->shape);
  rp_fill fill = {RP_FILL_SMALL, (uint32_t)rp_choose(chooser, 1, 1 << 30), 1, 9};
  if (rp_choose_indices(chooser, 9).high > 8) fill.low = 0; /* as rarely as a bad index */
  int b = rp_choose_new(chooser, x->dtype, shape, fill);
  return rp_add_input(step, a) && rp_add_input(step, b);
}

static bool choose_clip(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int a = rp_choose_register(chooser, op->dtypes, 0, 8);
  if (!rp_add_input(step, a)) return false;
  for (int i = 0; i < 2; i++) {
    const rp_value *x = rp_look(chooser, a);
    test_shape shape = rp_chance(chooser, 50) ? (test_shape){0} : x->shape;
    if (!rp_add_input(step, rp_choose_like(chooser, x->dtype, shape))) return false;
  }
  return true;
}

static bool choose_select(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int a = rp_choose_register(chooser, op->dtypes, 0, 8);
  if (a < 0) return false;
  test_shape shape = rp_look(chooser, a)->shape;
  test_shape mask = rp_chance(chooser, 60) ? shape : rp_choose_broadcast(chooser, shape);
  int condition = rp_choose_like(chooser, EAGER_BOOL, mask);
  test_shape other = rp_chance(chooser, 60) ? shape : rp_choose_broadcast(chooser, shape);
  if (!rp_add_input(step, condition) || !rp_add_input(step, a)) return false;
  return rp_add_input(step, rp_choose_like(chooser, rp_look(chooser, a)->dtype, other));
}

static bool choose_cast(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  rp_attr_add_dtype(step, "DstT", rp_choose_dtype(chooser, RP_ANY));
  return choose_1(chooser, op, step);
}

static bool choose_add_n(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int a = rp_choose_register(chooser, op->dtypes, 0, 8);
  if (!rp_add_input(step, a)) return false;
  int more = (int)rp_choose(chooser, 0, 3);
  for (int i = 0; i < more; i++) {
    const rp_value *x = rp_look(chooser, a);
    if (!rp_add_input(step, rp_choose_like(chooser, x->dtype, x->shape))) return false;
  }
  return true;
}

/* --- The ops --- */

#define UNARY(raw, door_fn, set, f, i, kind)                                               \
  {                                                                                        \
    .name = raw, .door = RP_DOOR_1, RP_TYPED(door_fn), .dtypes = set, .choose = choose_1,  \
    .evaluate = evaluate, .data = &(const elementwise) {                                   \
      f, i, kind, false                                                                    \
    }                                                                                      \
  }
#define BINARY(raw, door_fn, set, f, i, kind)                                              \
  {                                                                                        \
    .name = raw, .door = RP_DOOR_2, RP_TYPED(door_fn), .dtypes = set, .choose = choose_2,  \
    .evaluate = evaluate, .data = &(const elementwise) {                                   \
      f, i, kind, false                                                                    \
    }                                                                                      \
  }
#define DIVIDING(raw, door_fn, set, i, zero)                                               \
  {                                                                                        \
    .name = raw, .door = RP_DOOR_2, RP_TYPED(door_fn), .dtypes = set,                      \
    .choose = choose_divisor, .evaluate = evaluate, .data = &(const elementwise) {         \
      NULL, i, SAME, zero                                                                  \
    }                                                                                      \
  }
enum {
  SIGNED_NUMBERS = RP_FLOATS | RP_SIGNED,
  WIDE_SIGNED = RP_FLOATS | 1u << EAGER_INT32 | 1u << EAGER_INT64
};
static const rp_op ops[] = {
    UNARY("Neg", eager_negative, SIGNED_NUMBERS, f_neg, i_neg, SAME),
    UNARY("Square", eager_square, RP_NUMBERS, f_square, i_square, SAME),
    UNARY("Abs", eager_abs, SIGNED_NUMBERS, f_abs, i_abs, SAME),
    UNARY("Sign", eager_sign, SIGNED_NUMBERS, f_sign, i_sign, SAME),
    UNARY("Relu", eager_relu, RP_NUMBERS, f_relu, i_relu, SAME),
    UNARY("Relu6", eager_relu6, RP_NUMBERS, f_relu6, i_relu6, SAME),
    UNARY("Floor", eager_floor, RP_FLOATS, f_floor, NULL, SAME),
    UNARY("Ceil", eager_ceil, RP_FLOATS, f_ceil, NULL, SAME),
    UNARY("Round", eager_round, SIGNED_NUMBERS, f_rint, i_same, SAME),
    UNARY("Rint", eager_rint, RP_FLOATS, f_rint, NULL, SAME),
    UNARY("IsNan", eager_is_nan, RP_FLOATS, f_is_nan, NULL, MASK),
    UNARY("IsInf", eager_is_inf, RP_FLOATS, f_is_inf, NULL, MASK),
    UNARY("IsFinite", eager_is_finite, RP_FLOATS, f_is_finite, NULL, MASK),
    UNARY("LogicalNot", eager_logical_not, RP_BOOLS, NULL, i_not, MASK),
    UNARY("Invert", eager_invert, RP_INTEGERS, NULL, i_invert, SAME),
    UNARY("PopulationCount", eager_population_count, RP_INTEGERS, NULL, i_population_count,
          BYTES),
    BINARY("AddV2", eager_add, RP_NUMBERS, f_add, i_add, SAME),
    BINARY("Sub", eager_subtract, RP_NUMBERS, f_sub, i_sub, SAME),
    BINARY("Mul", eager_multiply, RP_NUMBERS, f_mul, i_mul, SAME),
    BINARY("Maximum", eager_maximum, RP_NUMBERS, f_maximum, i_maximum, SAME),
    BINARY("Minimum", eager_minimum, RP_NUMBERS, f_minimum, i_minimum, SAME),
    BINARY("ReluGrad", eager_relu_grad, RP_NUMBERS, f_relu_grad, i_relu_grad, SAME),
    BINARY("Relu6Grad", eager_relu6_grad, RP_NUMBERS, f_relu6_grad, i_relu6_grad, SAME),
    BINARY("MulNoNan", eager_multiply_no_nan, RP_FLOATS, f_mul_no_nan, NULL, SAME),
    BINARY("SquaredDifference", eager_squared_difference, WIDE_SIGNED, NULL,
           i_squared_difference, SAME),
    BINARY("Equal", eager_equal, RP_ANY, f_equal, i_equal, MASK),
    BINARY("NotEqual", eager_not_equal, RP_ANY, f_not_equal, i_not_equal, MASK),
    BINARY("Less", eager_less, RP_NUMBERS, f_less, i_less, MASK),
    BINARY("LessEqual", eager_less_equal, RP_NUMBERS, f_less_equal, i_less_equal, MASK),
    BINARY("Greater", eager_greater, RP_NUMBERS, f_greater, i_greater, MASK),
    BINARY("GreaterEqual", eager_greater_equal, RP_NUMBERS, f_greater_equal,
           i_greater_equal, MASK),
    BINARY("LogicalAnd", eager_logical_and, RP_BOOLS, NULL, i_and, MASK),
    BINARY("LogicalOr", eager_logical_or, RP_BOOLS, NULL, i_or, MASK),
    BINARY("LogicalXor", eager_logical_xor, RP_BOOLS, NULL, i_xor, MASK),
    BINARY("BitwiseAnd", eager_bitwise_and, RP_INTEGERS, NULL, i_and, SAME),
    BINARY("BitwiseOr", eager_bitwise_or, RP_INTEGERS, NULL, i_or, SAME),
    BINARY("BitwiseXor", eager_bitwise_xor, RP_INTEGERS, NULL, i_xor, SAME),
    DIVIDING("LeftShift", eager_left_shift, RP_INTEGERS, i_left_shift, false),
    DIVIDING("RightShift", eager_right_shift, RP_INTEGERS, i_right_shift, false),
    DIVIDING("FloorDiv", eager_floordiv, RP_NUMBERS, i_floor_divide, true),
    DIVIDING("FloorMod", eager_floormod, RP_NUMBERS, i_floor_remainder, true),
    DIVIDING("TruncateDiv", eager_truncatediv, RP_NUMBERS, i_divide, true),
    DIVIDING("TruncateMod", eager_truncatemod, RP_NUMBERS, i_remainder, true),
    {.name = "ClipByValue",
     .door = RP_DOOR_3,
     RP_TYPED(eager_clip_by_value),
     .dtypes = RP_NUMBERS,
     .choose = choose_clip,
     .evaluate = evaluate,
     .data = &(const elementwise){f_clip, i_clip, SAME, false}},
    {.name = "SelectV2",
     .door = RP_DOOR_3,
     RP_TYPED(eager_where),
     .dtypes = RP_ANY,
     .input_dtypes = {RP_BOOLS},
     .choose = choose_select,
     .evaluate = evaluate_select,
     .moves = true},
    {.name = "Cast",
     .door = RP_DOOR_DTYPE,
     RP_TYPED(eager_cast),
     .attrs = {"DstT"},
     .dtypes = RP_ANY,
     .choose = choose_cast,
     .evaluate = evaluate_cast},
    {.name = "AddN",
     .dtypes = RP_NUMBERS,
     .choose = choose_add_n,
     .evaluate = evaluate_add_n},
};
const rp_family rp_family_elementwise = {ops, sizeof ops / sizeof *ops};
