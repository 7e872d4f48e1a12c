/* The elementwise ops on integers and bool as the tests know them. References compute in 64
 * bits; what they return is wrapped to the dtype. Unsigned values up to uint32 come as what
 * they are, uint64 as its bits. */
#ifndef EAGER_TESTS_ELEMENTWISE_INTEGERS_H
#define EAGER_TESTS_ELEMENTWISE_INTEGERS_H

#include "reference.h"

typedef struct integer_kind {
  int bits;
  bool is_signed;
} integer_kind;

typedef int64_t (*integer_fn)(integer_kind kind, int64_t a, int64_t b);
typedef eager_status (*integer_unary_door)(eager_tensor *, eager_tensor **);
typedef eager_status (*integer_binary_door)(eager_tensor *, eager_tensor *,
                                            eager_tensor **);

/* What the second operand may be. */
typedef enum second_set { ANY_SECOND, NO_ZERO, POWERS, SHIFTS } second_set;

typedef struct integer_case {
  const char *raw;
  integer_unary_door unary; /* one of the two */
  integer_binary_door binary;
  integer_fn reference;
  uint32_t dtypes;
  second_set seconds;
  bool to_bool;
  bool to_uint8;
} integer_case;

static int64_t wrapped(uint64_t value) {
  return (int64_t)value;
}
static bool below(integer_kind kind, int64_t a, int64_t b) {
  return kind.is_signed ? a < b : (uint64_t)a < (uint64_t)b;
}

static int64_t i_abs(integer_kind kind, int64_t a, int64_t b) {
  (void)kind, (void)b;
  return a < 0 ? wrapped(0 - (uint64_t)a) : a;
}
static int64_t i_negate(integer_kind kind, int64_t a, int64_t b) {
  (void)kind, (void)b;
  return wrapped(0 - (uint64_t)a);
}
static int64_t i_sign(integer_kind kind, int64_t a, int64_t b) {
  (void)kind, (void)b;
  return (a > 0) - (a < 0);
}
static int64_t i_same(integer_kind kind, int64_t a, int64_t b) {
  (void)kind, (void)b;
  return a;
}
static int64_t i_invert(integer_kind kind, int64_t a, int64_t b) {
  (void)kind, (void)b;
  return ~a;
}
static int64_t i_relu(integer_kind kind, int64_t a, int64_t b) {
  (void)b;
  return below(kind, a, 0) ? 0 : a;
}
static int64_t i_relu6(integer_kind kind, int64_t a, int64_t b) {
  (void)b;
  return below(kind, a, 0) ? 0 : below(kind, 6, a) ? 6 : a;
}
static int64_t i_add(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return wrapped((uint64_t)a + (uint64_t)b);
}
static int64_t i_subtract(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return wrapped((uint64_t)a - (uint64_t)b);
}
static int64_t i_multiply(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return wrapped((uint64_t)a * (uint64_t)b);
}
static int64_t i_square(integer_kind kind, int64_t a, int64_t b) {
  (void)b;
  return i_multiply(kind, a, a);
}
static int64_t i_squared_difference(integer_kind kind, int64_t a, int64_t b) {
  return i_square(kind, i_subtract(kind, a, b), 0);
}
static int64_t i_truncate_divide(integer_kind kind, int64_t a, int64_t b) {
  if (!kind.is_signed) return wrapped((uint64_t)a / (uint64_t)b);
  return b == -1 ? wrapped(0 - (uint64_t)a) : a / b;
}
static int64_t i_truncate_modulo(integer_kind kind, int64_t a, int64_t b) {
  if (!kind.is_signed) return wrapped((uint64_t)a % (uint64_t)b);
  return b == -1 ? 0 : a % b;
}
static int64_t i_floor_modulo(integer_kind kind, int64_t a, int64_t b) {
  int64_t rest = i_truncate_modulo(kind, a, b);
  return kind.is_signed && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
static int64_t i_floor_divide(integer_kind kind, int64_t a, int64_t b) {
  int64_t rest = i_truncate_modulo(kind, a, b), quotient = i_truncate_divide(kind, a, b);
  return kind.is_signed && rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient;
}
static int64_t i_power(integer_kind kind, int64_t a, int64_t b) {
  int64_t product = 1;
  for (int64_t i = 0; i < b; i++) product = i_multiply(kind, product, a);
  return product;
}
static int64_t i_maximum(integer_kind kind, int64_t a, int64_t b) {
  return below(kind, a, b) ? b : a;
}
static int64_t i_minimum(integer_kind kind, int64_t a, int64_t b) {
  return below(kind, a, b) ? a : b;
}
static int64_t i_equal(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return a == b;
}
static int64_t i_not_equal(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return a != b;
}
static int64_t i_less(integer_kind kind, int64_t a, int64_t b) {
  return below(kind, a, b);
}
static int64_t i_less_equal(integer_kind kind, int64_t a, int64_t b) {
  return !below(kind, b, a);
}
static int64_t i_greater(integer_kind kind, int64_t a, int64_t b) {
  return below(kind, b, a);
}
static int64_t i_greater_equal(integer_kind kind, int64_t a, int64_t b) {
  return !below(kind, a, b);
}
static int64_t i_not(integer_kind kind, int64_t a, int64_t b) {
  (void)kind, (void)b;
  return !a;
}
static int64_t i_and(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return a & b;
}
static int64_t i_or(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return a | b;
}
static int64_t i_xor(integer_kind kind, int64_t a, int64_t b) {
  (void)kind;
  return a ^ b;
}
static int64_t i_left_shift(integer_kind kind, int64_t a, int64_t b) {
  return (uint64_t)b < (uint64_t)kind.bits ? wrapped((uint64_t)a << b) : 0;
}
static int64_t i_right_shift(integer_kind kind, int64_t a, int64_t b) {
  bool legal = (uint64_t)b < (uint64_t)kind.bits;
  if (!kind.is_signed || a >= 0) return legal ? wrapped((uint64_t)a >> b) : 0;
  return legal ? ~wrapped(~(uint64_t)a >> b) : -1;
}
static int64_t i_relu_grad(integer_kind kind, int64_t a, int64_t b) {
  return below(kind, 0, b) ? a : 0;
}
static int64_t i_relu6_grad(integer_kind kind, int64_t a, int64_t b) {
  return below(kind, 0, b) && below(kind, b, 6) ? a : 0;
}

static int64_t i_population_count(integer_kind kind, int64_t a, int64_t b) {
  (void)b;
  int64_t count = 0;
  for (int i = 0; i < kind.bits; i++) count += (int64_t)((uint64_t)a >> i & 1);
  return count;
}
static eager_status approximate_equal_by_five(eager_tensor *a, eager_tensor *b,
                                              eager_tensor **out) {
  return eager_approximate_equal(a, b, 5.9, out);
}
static int64_t i_approximate_equal(integer_kind kind, int64_t a, int64_t b) {
  uint64_t distance =
      below(kind, a, b) ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
  return distance <= 5;
}

enum {
  BOTH = EAGER__INTEGERS,
  WITH_BOOL = EAGER__INTEGERS | EAGER__BOOLS,
  WIDE = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64),
};

static const integer_case integer_cases[] = {
    {"Abs", eager_abs, NULL, i_abs, EAGER__INTS, ANY_SECOND, false},
    {"Neg", eager_negative, NULL, i_negate, EAGER__INTS, ANY_SECOND, false},
    {"Sign", eager_sign, NULL, i_sign, EAGER__INTS, ANY_SECOND, false},
    {"Round", eager_round, NULL, i_same, EAGER__INTS, ANY_SECOND, false},
    {"Square", eager_square, NULL, i_square, BOTH, ANY_SECOND, false},
    {"Relu", eager_relu, NULL, i_relu, BOTH, ANY_SECOND, false},
    {"Relu6", eager_relu6, NULL, i_relu6, BOTH, ANY_SECOND, false},
    {"Invert", eager_invert, NULL, i_invert, BOTH, ANY_SECOND, false},
    {"LogicalNot", eager_logical_not, NULL, i_not, EAGER__BOOLS, ANY_SECOND, true},
    {"PopulationCount", eager_population_count, NULL, i_population_count, BOTH, ANY_SECOND,
     false, true},
    {"AddV2", NULL, eager_add, i_add, BOTH, ANY_SECOND, false},
    {"Sub", NULL, eager_subtract, i_subtract, BOTH, ANY_SECOND, false},
    {"Mul", NULL, eager_multiply, i_multiply, BOTH, ANY_SECOND, false},
    {"Div", NULL, eager_div, i_truncate_divide, BOTH, NO_ZERO, false},
    {"FloorDiv", NULL, eager_floordiv, i_floor_divide, BOTH, NO_ZERO, false},
    {"FloorMod", NULL, eager_floormod, i_floor_modulo, BOTH, NO_ZERO, false},
    {"TruncateDiv", NULL, eager_truncatediv, i_truncate_divide, BOTH, NO_ZERO, false},
    {"TruncateMod", NULL, eager_truncatemod, i_truncate_modulo, BOTH, NO_ZERO, false},
    {"Pow", NULL, eager_pow, i_power, EAGER__INTS, POWERS, false},
    {"SquaredDifference", NULL, eager_squared_difference, i_squared_difference, WIDE,
     ANY_SECOND, false},
    {"Maximum", NULL, eager_maximum, i_maximum, BOTH, ANY_SECOND, false},
    {"Minimum", NULL, eager_minimum, i_minimum, BOTH, ANY_SECOND, false},
    {"Equal", NULL, eager_equal, i_equal, WITH_BOOL, ANY_SECOND, true},
    {"NotEqual", NULL, eager_not_equal, i_not_equal, WITH_BOOL, ANY_SECOND, true},
    {"Less", NULL, eager_less, i_less, BOTH, ANY_SECOND, true},
    {"LessEqual", NULL, eager_less_equal, i_less_equal, BOTH, ANY_SECOND, true},
    {"Greater", NULL, eager_greater, i_greater, BOTH, ANY_SECOND, true},
    {"GreaterEqual", NULL, eager_greater_equal, i_greater_equal, BOTH, ANY_SECOND, true},
    {"LogicalAnd", NULL, eager_logical_and, i_and, EAGER__BOOLS, ANY_SECOND, true},
    {"ApproximateEqual", NULL, approximate_equal_by_five, i_approximate_equal, BOTH,
     ANY_SECOND, true},
    {"LogicalXor", NULL, eager_logical_xor, i_xor, EAGER__BOOLS, ANY_SECOND, true},
    {"LogicalOr", NULL, eager_logical_or, i_or, EAGER__BOOLS, ANY_SECOND, true},
    {"BitwiseAnd", NULL, eager_bitwise_and, i_and, BOTH, ANY_SECOND, false},
    {"BitwiseOr", NULL, eager_bitwise_or, i_or, BOTH, ANY_SECOND, false},
    {"BitwiseXor", NULL, eager_bitwise_xor, i_xor, BOTH, ANY_SECOND, false},
    {"LeftShift", NULL, eager_left_shift, i_left_shift, BOTH, SHIFTS, false},
    {"RightShift", NULL, eager_right_shift, i_right_shift, BOTH, SHIFTS, false},
    {"ReluGrad", NULL, eager_relu_grad, i_relu_grad, BOTH, ANY_SECOND, false},
    {"Relu6Grad", NULL, eager_relu6_grad, i_relu6_grad, BOTH, ANY_SECOND, false},
};

#endif
