/* Doors of the elementwise ops with attributes or a second raw name, and of AddN, Bitcast
 * and Cross. */
#ifndef EAGER_TESTS_DOORS_MATH_H
#define EAGER_TESTS_DOORS_MATH_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status add_alias(eager_tensor *const *in, eager_tensor **out) {
  return eager_add(in[0], in[1], out);
}
static eager_status mod_alias(eager_tensor *const *in, eager_tensor **out) {
  return eager_truncatemod(in[0], in[1], out);
}
static eager_status inv_alias(eager_tensor *const *in, eager_tensor **out) {
  return eager_reciprocal(in[0], out);
}
static eager_status inv_grad_alias(eager_tensor *const *in, eager_tensor **out) {
  return eager_reciprocal_grad(in[0], in[1], out);
}
static eager_status select_rows(eager_tensor *const *in, eager_tensor **out) {
  return eager_select(in[0], in[1], in[2], out);
}
static eager_status approximate_equal(eager_tensor *const *in, eager_tensor **out) {
  return eager_approximate_equal(in[0], in[1], 0.8, out);
}
static eager_status leaky_relu(eager_tensor *const *in, eager_tensor **out) {
  return eager_leaky_relu(in[0], 0.5, out);
}
static eager_status leaky_relu_of_tf(eager_tensor *const *in, eager_tensor **out) {
  return eager_leaky_relu(in[0], 0.2, out);
}
static eager_status leaky_relu_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_leaky_relu_grad(in[0], in[1], 0.5, out);
}
static eager_status silu(eager_tensor *const *in, eager_tensor **out) {
  return eager_silu(in[0], 0.5, out);
}
static eager_status silu_of_tf(eager_tensor *const *in, eager_tensor **out) {
  return eager_silu(in[0], 1, out);
}
static eager_status silu_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_silu_grad(in[0], in[1], 0.5, out);
}
static eager_status gelu(eager_tensor *const *in, eager_tensor **out) {
  return eager_gelu(in[0], false, out);
}
static eager_status gelu_approximate(eager_tensor *const *in, eager_tensor **out) {
  return eager_gelu(in[0], true, out);
}
static eager_status gelu_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_gelu_grad(in[0], in[1], true, out);
}
static eager_status add_n(eager_tensor *const *in, eager_tensor **out) {
  return eager_add_n(in, 3, out);
}
static eager_status bitcast(eager_tensor *const *in, eager_tensor **out) {
  return eager_bitcast(in[0], EAGER_UINT8, out);
}
static eager_status cross(eager_tensor *const *in, eager_tensor **out) {
  return eager_cross(in[0], in[1], out);
}

/* --- The same, by name --- */

static const double math_signs[] = {-2, -0.5, 0, 0.5, 2, 9};

static const row math_rows[] = {
    {"Add", add_alias, {{EAGER_INT8, {2, {2, 3}}}, {EAGER_INT8, {1, {3}}}}, {{0}}},
    {"Mod", mod_alias, {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {1, {3}}}}, {{0}}},
    {"Inv", inv_alias, {{EAGER_FLOAT32, {1, {5}}}}, {{0}}},
    {"InvGrad",
     inv_grad_alias,
     {{EAGER_FLOAT32, {1, {5}}}, {EAGER_FLOAT32, {1, {5}}}},
     {{0}}},
    {"Select",
     select_rows,
     {{EAGER_BOOL, {1, {3}}}, {EAGER_INT16, {2, {3, 2}}}, {EAGER_INT16, {2, {3, 2}}}},
     {{0}}},
    {"ApproximateEqual",
     approximate_equal,
     {{EAGER_FLOAT32, {1, {5}}}, {EAGER_FLOAT32, {1, {5}}}},
     {{"tolerance", EAGER_ATTR_FLOAT, 1, {0.8}}}},
    {"LeakyRelu",
     leaky_relu,
     {{EAGER_FLOAT32, {1, {6}}, math_signs}},
     {{"alpha", EAGER_ATTR_FLOAT, 1, {0.5}}}},
    {"LeakyRelu", leaky_relu_of_tf, {{EAGER_FLOAT32, {1, {6}}, math_signs}}, {{0}}},
    {"LeakyReluGrad",
     leaky_relu_grad,
     {{EAGER_FLOAT32, {1, {6}}}, {EAGER_FLOAT32, {1, {6}}, math_signs}},
     {{"alpha", EAGER_ATTR_FLOAT, 1, {0.5}}}},
    {"Silu",
     silu,
     {{EAGER_FLOAT32, {1, {6}}, math_signs}},
     {{"beta", EAGER_ATTR_FLOAT, 1, {0.5}}}},
    {"Silu", silu_of_tf, {{EAGER_FLOAT32, {1, {6}}, math_signs}}, {{0}}},
    {"SiluGrad",
     silu_grad,
     {{EAGER_FLOAT32, {1, {6}}}, {EAGER_FLOAT32, {1, {6}}, math_signs}},
     {{"beta", EAGER_ATTR_FLOAT, 1, {0.5}}}},
    {"Gelu", gelu, {{EAGER_FLOAT32, {1, {6}}, math_signs}}, {{0}}},
    {"Gelu",
     gelu_approximate,
     {{EAGER_FLOAT32, {1, {6}}, math_signs}},
     {{"approximate", EAGER_ATTR_BOOL, 1, {true}}}},
    {"GeluGrad",
     gelu_grad,
     {{EAGER_FLOAT32, {1, {6}}}, {EAGER_FLOAT32, {1, {6}}, math_signs}},
     {{"approximate", EAGER_ATTR_BOOL, 1, {true}}}},
    {"AddN",
     add_n,
     {{EAGER_FLOAT32, {1, {5}}}, {EAGER_FLOAT32, {1, {5}}}, {EAGER_FLOAT32, {1, {5}}}},
     {{0}}},
    {"Bitcast",
     bitcast,
     {{EAGER_FLOAT32, {1, {5}}}},
     {{"type", EAGER_ATTR_DTYPE, 1, {EAGER_UINT8}}}},
    {"Cross", cross, {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {2, {2, 3}}}}, {{0}}},
};

#endif
