/* The elementwise ops on floats as the tests know them: the semantics written down a second
 * time, in double precision. */
#ifndef EAGER_TESTS_ELEMENTWISE_FLOATS_H
#define EAGER_TESTS_ELEMENTWISE_FLOATS_H

#include <math.h>

#include "reference.h"

typedef eager_status (*unary_door)(eager_tensor *, eager_tensor **);
typedef eager_status (*binary_door)(eager_tensor *, eager_tensor *, eager_tensor **);

/* What values are drawn from besides chance. */
typedef enum special_set {
  MILD,  /* small numbers, zeros, infinities, NaN */
  LARGE, /* also the ends of the range */
  TINY,  /* also subnormals: only for what never computes with them */
} special_set;

/* `ulps`: the largest error in float32 and float64: that of the last step, from OpenCL C
 * 1.2, table 7.4 (half a unit for + and *), plus twice that of the steps before it, since
 * units differ by up to two; times what later steps amplify: e^z has z times the relative
 * error of z. 0: exact. `absolute`: float32 epsilons more where a result near 0 is a
 * difference of larger numbers. */
typedef struct unary_case {
  const char *raw;
  unary_door door;
  test_unary_fn reference;
  double ulps;
  special_set specials;
  double low, high, absolute;
} unary_case;

typedef struct binary_case {
  const char *raw;
  binary_door door;
  test_binary_fn reference;
  double ulps;
  special_set specials;
  double low, high, absolute;
} binary_case;

static double negated(double a) {
  return -a;
}
static double sign(double a) {
  return isnan(a) ? a : (a > 0) - (a < 0);
}
static double square(double a) {
  return a * a;
}
static double reciprocal(double a) {
  return 1 / a;
}
static double rsqrt(double a) {
  return 1 / sqrt(a);
}
static double relu(double a) {
  return a < 0 ? 0 : a;
}
static double relu6(double a) {
  return a < 0 ? 0 : a > 6 ? 6 : a;
}
static double elu(double a) {
  return a < 0 ? expm1(a) : a;
}
static double selu(double a) {
  return 1.0507009873554805 * (a < 0 ? 1.6732632423543772 * expm1(a) : a);
}
static double sigmoid(double a) {
  return 1 / (1 + exp(-a));
}
static double softplus(double a) {
  return isnan(a) ? a : (a > 0 ? a : 0) + log1p(exp(-fabs(a)));
}
static double softsign(double a) {
  return a / (1 + fabs(a));
}
static double is_nan(double a) {
  return isnan(a) != 0;
}
static double is_inf(double a) {
  return isinf(a) != 0;
}
static double is_finite(double a) {
  return isfinite(a) != 0;
}
static double add(double a, double b) {
  return a + b;
}
static double subtract(double a, double b) {
  return a - b;
}
static double multiply(double a, double b) {
  return a * b;
}
static double divide(double a, double b) {
  return a / b;
}
static double floor_divide(double a, double b) {
  return floor(a / b);
}
static double floor_modulo(double a, double b) {
  double m = fmod(a, b);
  return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}
static double truncate_divide(double a, double b) {
  return trunc(a / b);
}
static double maximum(double a, double b) {
  return isnan(a) || a > b ? a : b;
}
static double minimum(double a, double b) {
  return isnan(a) || a < b ? a : b;
}
static double squared_difference(double a, double b) {
  return (a - b) * (a - b);
}
static double divide_no_nan(double a, double b) {
  return b == 0 ? 0 : a / b;
}
static double multiply_no_nan(double a, double b) {
  return b == 0 ? 0 : a * b;
}
static double xdivy(double a, double b) {
  return a == 0 ? 0 : a / b;
}
static double xlogy(double a, double b) {
  return a == 0 ? 0 : a * log(b);
}
static double xlog1py(double a, double b) {
  return a == 0 ? 0 : a * log1p(b);
}
static double equal(double a, double b) {
  return a == b;
}
static double not_equal(double a, double b) {
  return a != b;
}
static double less(double a, double b) {
  return a < b;
}
static double less_equal(double a, double b) {
  return a <= b;
}
static double greater(double a, double b) {
  return a > b;
}
static double greater_equal(double a, double b) {
  return a >= b;
}
static double relu_grad(double a, double b) {
  return b > 0 ? a : 0;
}
static double relu6_grad(double a, double b) {
  return b > 0 && b < 6 ? a : 0;
}
static double elu_grad(double a, double b) {
  return b < 0 ? a * (b + 1) : a;
}
static double selu_grad(double a, double b) {
  return a * (b < 0 ? b + 1.7580993408473769 : 1.0507009873554805);
}
static double softplus_grad(double a, double b) {
  return a / (1 + exp(-b));
}
static double softsign_grad(double a, double b) {
  return a / ((1 + fabs(b)) * (1 + fabs(b)));
}
static double sigmoid_grad(double a, double b) {
  return b * a * (1 - a);
}
static double tanh_grad(double a, double b) {
  return b * (1 - a * a);
}
static double sqrt_grad(double a, double b) {
  return b == 0 ? 0 : b * 0.5 / a;
}
static double rsqrt_grad(double a, double b) {
  return b == 0 ? 0 : b * -0.5 * a * a * a;
}
static double reciprocal_grad(double a, double b) {
  return b == 0 ? 0 : -b * a * a;
}

/* Attributes are given here, so that the tables know doors of one kind. */
static eager_status leaky_relu_door(eager_tensor *x, eager_tensor **out) {
  return eager_leaky_relu(x, 0.3, out);
}
static double leaky_relu(double a) {
  return a > 0 ? a : a * 0.3;
}
static eager_status leaky_relu_grad_door(eager_tensor *a, eager_tensor *b,
                                         eager_tensor **out) {
  return eager_leaky_relu_grad(a, b, 0.25, out);
}
static double leaky_relu_grad(double a, double b) {
  return b > 0 ? a : a * 0.25;
}
static eager_status silu_door(eager_tensor *x, eager_tensor **out) {
  return eager_silu(x, 1.5, out);
}
static double silu(double a) {
  return a / (1 + exp(-1.5 * a));
}
static eager_status silu_grad_door(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  return eager_silu_grad(a, b, 1.5, out);
}
static double silu_grad(double a, double b) {
  double s = 1 / (1 + exp(-1.5 * b));
  return a * (s * (1 + 1.5 * b * (1 - s)));
}
static eager_status gelu_door(eager_tensor *x, eager_tensor **out) {
  return eager_gelu(x, false, out);
}
static double gelu(double a) {
  return 0.5 * a * erfc(-a * sqrt(0.5));
}
static eager_status gelu_tanh_door(eager_tensor *x, eager_tensor **out) {
  return eager_gelu(x, true, out);
}
static double gelu_inner(double a) {
  return 2 * sqrt(2 / 3.141592653589793) * (a + 0.044715 * a * a * a);
}
static double gelu_tanh(double a) {
  return a / (1 + exp(-gelu_inner(a)));
}
static eager_status gelu_grad_door(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  return eager_gelu_grad(a, b, false, out);
}
static double gelu_grad(double a, double b) {
  if (isinf(b)) return a * (b > 0);
  return a *
         (0.5 * erfc(-b * sqrt(0.5)) + b * exp(-0.5 * b * b) / sqrt(2 * 3.141592653589793));
}
static eager_status gelu_tanh_grad_door(eager_tensor *a, eager_tensor *b,
                                        eager_tensor **out) {
  return eager_gelu_grad(a, b, true, out);
}
static double gelu_tanh_grad(double a, double b) {
  if (isinf(b)) return a * (b > 0);
  double s = 1 / (1 + exp(-gelu_inner(b)));
  double slope = 2 * sqrt(2 / 3.141592653589793) * (1 + 3 * 0.044715 * b * b);
  return a * (s + b * s * (1 - s) * slope);
}
static eager_status approximate_equal_door(eager_tensor *a, eager_tensor *b,
                                           eager_tensor **out) {
  return eager_approximate_equal(a, b, 0.5, out);
}
static double approximate_equal(double a, double b) {
  return fabs(a - b) <= 0.5;
}
static double reciprocal_no_nan(double a) {
  return a == 0 ? 0 : 1 / a;
}
static double log_sigmoid(double a) {
  return fmin(a, 0) - log1p(exp(-fabs(a)));
}

static const unary_case unary_cases[] = {
    {"Abs", eager_abs, fabs, 0, TINY, -9, 9, 0},
    {"Neg", eager_negative, negated, 0, TINY, -9, 9, 0},
    {"Sign", eager_sign, sign, 0, TINY, -9, 9, 0},
    {"Square", eager_square, square, 0.5, LARGE, -9, 9, 0},
    {"Reciprocal", eager_reciprocal, reciprocal, 2.5, LARGE, -9, 9, 0},
    {"Sqrt", eager_sqrt, sqrt, 3, LARGE, 0, 100, 0},
    {"Rsqrt", eager_rsqrt, rsqrt, 2, LARGE, 0.001, 100, 0},
    {"Exp", eager_exp, exp, 3, LARGE, -90, 90, 0},
    {"Expm1", eager_expm1, expm1, 3, LARGE, -2, 2, 0},
    {"Log", eager_log, log, 3, LARGE, 0, 20, 0},
    {"Log1p", eager_log1p, log1p, 2, LARGE, -1, 1, 0},
    {"Sin", eager_sin, sin, 4, LARGE, -50, 50, 0},
    {"Cos", eager_cos, cos, 4, LARGE, -50, 50, 0},
    {"Tan", eager_tan, tan, 5, LARGE, -9, 9, 0},
    {"Asin", eager_asin, asin, 4, LARGE, -1, 1, 0},
    {"Acos", eager_acos, acos, 4, LARGE, -1, 1, 0},
    {"Atan", eager_atan, atan, 5, LARGE, -9, 9, 0},
    {"Sinh", eager_sinh, sinh, 4, LARGE, -9, 9, 0},
    {"Cosh", eager_cosh, cosh, 4, LARGE, -9, 9, 0},
    {"Tanh", eager_tanh, tanh, 5, LARGE, -5, 5, 0},
    {"Asinh", eager_asinh, asinh, 4, LARGE, -9, 9, 0},
    {"Acosh", eager_acosh, acosh, 4, LARGE, 1, 9, 0},
    {"Atanh", eager_atanh, atanh, 5, LARGE, -1, 1, 0},
    {"Relu", eager_relu, relu, 0, TINY, -9, 9, 0},
    {"Relu6", eager_relu6, relu6, 0, TINY, -9, 9, 0},
    {"Elu", eager_elu, elu, 3, LARGE, -9, 9, 0},
    {"Selu", eager_selu, selu, 7.5, LARGE, -9, 9, 0},
    {"Sigmoid", eager_sigmoid, sigmoid, 9.5, LARGE, -60, 60, 0},
    {"Softplus", eager_softplus, softplus, 8, LARGE, -60, 60, 0},
    {"Softsign", eager_softsign, softsign, 3.5, LARGE, -9, 9, 0},
    {"Erf", eager_erf, erf, 16, LARGE, -4, 4, 0},
    {"Erfc", eager_erfc, erfc, 16, LARGE, -4, 9, 0},
    {"Lgamma", eager_lgamma, lgamma, 16, LARGE, -9, 40, 200},
    {"ReciprocalNoNan", eager_reciprocal_no_nan, reciprocal_no_nan, 2.5, LARGE, -9, 9, 0},
    {"LogSigmoid", eager_log_sigmoid, log_sigmoid, 8, LARGE, -60, 60, 0},
    {"LeakyRelu", leaky_relu_door, leaky_relu, 1.5, LARGE, -9, 9, 0},
    {"Silu", silu_door, silu, 24, LARGE, -9, 9, 0},
    {"Gelu", gelu_door, gelu, 16, LARGE, -9, 9, 4},
    {"Gelu", gelu_tanh_door, gelu_tanh, 16, LARGE, -9, 9, 4},
    {"Floor", eager_floor, floor, 0, TINY, -9, 9, 0},
    {"Ceil", eager_ceil, ceil, 0, TINY, -9, 9, 0},
    {"Round", eager_round, rint, 0, TINY, -9, 9, 0},
    {"Rint", eager_rint, rint, 0, TINY, -9, 9, 0},
    {"IsNan", eager_is_nan, is_nan, 0, TINY, -9, 9, 0},
    {"IsInf", eager_is_inf, is_inf, 0, TINY, -9, 9, 0},
    {"IsFinite", eager_is_finite, is_finite, 0, TINY, -9, 9, 0},
};

static const binary_case binary_cases[] = {
    {"AddV2", eager_add, add, 0.5, LARGE, -9, 9, 0},
    {"Sub", eager_subtract, subtract, 0.5, LARGE, -9, 9, 0},
    {"Mul", eager_multiply, multiply, 0.5, LARGE, -9, 9, 0},
    {"RealDiv", eager_divide, divide, 2.5, LARGE, -9, 9, 0},
    {"Div", eager_div, divide, 2.5, LARGE, -9, 9, 0},
    {"FloorDiv", eager_floordiv, floor_divide, 0, MILD, -9, 9, 0},
    {"FloorMod", eager_floormod, floor_modulo, 0.5, MILD, -9, 9, 0},
    {"TruncateDiv", eager_truncatediv, truncate_divide, 0, MILD, -9, 9, 0},
    {"TruncateMod", eager_truncatemod, fmod, 0.5, LARGE, -9, 9, 0},
    {"Maximum", eager_maximum, maximum, 0, TINY, -9, 9, 0},
    {"Minimum", eager_minimum, minimum, 0, TINY, -9, 9, 0},
    {"Pow", eager_pow, pow, 16, LARGE, 0.1, 9, 0},
    {"SquaredDifference", eager_squared_difference, squared_difference, 2.5, MILD, -9, 9,
     0},
    {"Atan2", eager_atan2, atan2, 6, LARGE, -9, 9, 0},
    {"DivNoNan", eager_divide_no_nan, divide_no_nan, 2.5, LARGE, -9, 9, 0},
    {"MulNoNan", eager_multiply_no_nan, multiply_no_nan, 0.5, LARGE, -9, 9, 0},
    {"Xdivy", eager_xdivy, xdivy, 2.5, LARGE, -9, 9, 0},
    {"Xlogy", eager_xlogy, xlogy, 6.5, LARGE, 0.1, 9, 0},
    {"Xlog1py", eager_xlog1py, xlog1py, 4.5, LARGE, -0.9, 9, 0},
    {"Equal", eager_equal, equal, 0, TINY, -9, 9, 0},
    {"NotEqual", eager_not_equal, not_equal, 0, TINY, -9, 9, 0},
    {"Less", eager_less, less, 0, TINY, -9, 9, 0},
    {"LessEqual", eager_less_equal, less_equal, 0, TINY, -9, 9, 0},
    {"Greater", eager_greater, greater, 0, TINY, -9, 9, 0},
    {"GreaterEqual", eager_greater_equal, greater_equal, 0, TINY, -9, 9, 0},
    {"ApproximateEqual", approximate_equal_door, approximate_equal, 0, MILD, -2, 2, 0},
    {"LeakyReluGrad", leaky_relu_grad_door, leaky_relu_grad, 0.5, MILD, -9, 9, 0},
    {"SiluGrad", silu_grad_door, silu_grad, 16, MILD, -9, 9, 64},
    {"GeluGrad", gelu_grad_door, gelu_grad, 16, MILD, -9, 9, 64},
    {"GeluGrad", gelu_tanh_grad_door, gelu_tanh_grad, 16, MILD, -9, 9, 64},
    {"ReluGrad", eager_relu_grad, relu_grad, 0, TINY, -9, 9, 0},
    {"Relu6Grad", eager_relu6_grad, relu6_grad, 0, TINY, -9, 9, 0},
    {"EluGrad", eager_elu_grad, elu_grad, 2, MILD, -1, 1, 0},
    {"SeluGrad", eager_selu_grad, selu_grad, 2, MILD, -1.7, 1, 4},
    {"SoftplusGrad", eager_softplus_grad, softplus_grad, 9.5, MILD, -30, 30, 0},
    {"SoftsignGrad", eager_softsign_grad, softsign_grad, 6, MILD, -9, 9, 0},
    {"SigmoidGrad", eager_sigmoid_grad, sigmoid_grad, 3, MILD, 0, 1, 0},
    {"TanhGrad", eager_tanh_grad, tanh_grad, 4, MILD, -0.9, 0.9, 4},
    {"SqrtGrad", eager_sqrt_grad, sqrt_grad, 2.5, MILD, 0.1, 9, 0},
    {"RsqrtGrad", eager_rsqrt_grad, rsqrt_grad, 3, MILD, 0.1, 9, 0},
    {"ReciprocalGrad", eager_reciprocal_grad, reciprocal_grad, 2, MILD, -9, 9, 0},
};

#endif
