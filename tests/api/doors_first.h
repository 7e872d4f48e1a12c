/* Doors of the ops of the first release. */
#ifndef EAGER_TESTS_DOORS_FIRST_H
#define EAGER_TESTS_DOORS_FIRST_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status cast(eager_tensor *const *in, eager_tensor **out) {
  return eager_cast(in[0], EAGER_UINT8, out);
}
static eager_status argmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_argmax(in[0], 1, EAGER_INT64, out);
}
static eager_status argmin(eager_tensor *const *in, eager_tensor **out) {
  return eager_argmin(in[0], -2, EAGER_INT32, out);
}
static eager_status matmul(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], false, in[1], false, out);
}
static eager_status matmul_transposed_a(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], true, in[1], false, out);
}
static eager_status matmul_transposed_b(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], false, in[1], true, out);
}
static eager_status softmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_softmax(in[0], -1, out);
}
static eager_status log_softmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_log_softmax(in[0], 0, out);
}
static eager_status identity(eager_tensor *const *in, eager_tensor **out) {
  return eager_identity(in[0], out);
}
static eager_status reshape(eager_tensor *const *in, eager_tensor **out) {
  return eager_reshape(in[0], 3, (int64_t[]){3, -1, 2}, out);
}
static eager_status expand_dims(eager_tensor *const *in, eager_tensor **out) {
  return eager_expand_dims(in[0], -2, out);
}
static eager_status squeeze(eager_tensor *const *in, eager_tensor **out) {
  return eager_squeeze(in[0], (int64_t[]){2}, 1, out);
}
static eager_status squeeze_all(eager_tensor *const *in, eager_tensor **out) {
  return eager_squeeze(in[0], NULL, 0, out);
}
static eager_status transpose(eager_tensor *const *in, eager_tensor **out) {
  return eager_transpose(in[0], (int64_t[]){1, 2, 0}, out);
}
static eager_status transpose_reversed(eager_tensor *const *in, eager_tensor **out) {
  return eager_transpose(in[0], NULL, out);
}
static eager_status concat(eager_tensor *const *in, eager_tensor **out) {
  return eager_concat(in, 3, 1, out);
}
static eager_status slice(eager_tensor *const *in, eager_tensor **out) {
  return eager_slice(in[0], (int64_t[]){1, 2}, (int64_t[]){2, -1}, out);
}
static eager_status gather(eager_tensor *const *in, eager_tensor **out) {
  return eager_gather(in[0], in[1], 1, out);
}
static eager_status one_hot(eager_tensor *const *in, eager_tensor **out) {
  return eager_one_hot(in[0], 5, in[1], in[2], 0, out);
}
static eager_status fill(eager_tensor *const *in, eager_tensor **out) {
  return eager_fill(2, (int64_t[]){2, 3}, in[0], out);
}
static eager_status zeros_like(eager_tensor *const *in, eager_tensor **out) {
  return eager_zeros_like(in[0], out);
}
static eager_status ones_like(eager_tensor *const *in, eager_tensor **out) {
  return eager_ones_like(in[0], out);
}
static eager_status range(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_range(-2, 9, 3, EAGER_INT32, out);
}
static eager_status range_of_floats(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_range(7, 1, -2, EAGER_FLOAT32, out);
}
static eager_status uniform(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_random_uniform(2, (int64_t[]){3, 5}, (int64_t[]){7, -9},
                                        EAGER_FLOAT16, out);
}
static eager_status normal(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_random_normal(2, (int64_t[]){3, 5}, (int64_t[]){7, -9},
                                       EAGER_FLOAT32, out);
}
static eager_status where(eager_tensor *const *in, eager_tensor **out) {
  return eager_where(in[0], in[1], in[2], out);
}
static eager_status clip(eager_tensor *const *in, eager_tensor **out) {
  return eager_clip_by_value(in[0], in[1], in[2], out);
}

/* --- The same, by name --- */

static const row first_rows[] = {
    {"Cast",
     cast,
     {{EAGER_FLOAT32, {1, {5}}}},
     {{"DstT", EAGER_ATTR_DTYPE, 1, {EAGER_UINT8}}}},
    {"ArgMax",
     argmax,
     {{EAGER_FLOAT32, {2, {3, 5}}}},
     {{"dimension", EAGER_ATTR_INT, 1, {1}}}},
    {"ArgMin",
     argmin,
     {{EAGER_INT32, {2, {3, 5}}}},
     {{"dimension", EAGER_ATTR_INT, 1, {-2}},
      {"output_type", EAGER_ATTR_DTYPE, 1, {EAGER_INT32}}}},
    {"MatMul", matmul, {{EAGER_FLOAT32, {2, {2, 3}}}, {EAGER_FLOAT32, {2, {3, 4}}}}, {{0}}},
    {"MatMul",
     matmul_transposed_a,
     {{EAGER_FLOAT32, {2, {3, 2}}}, {EAGER_FLOAT32, {2, {3, 4}}}},
     {{"transpose_a", EAGER_ATTR_BOOL, 1, {true}}}},
    {"MatMul",
     matmul_transposed_b,
     {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {2, {4, 3}}}},
     {{"transpose_b", EAGER_ATTR_BOOL, 1, {true}}}},
    {"Softmax", softmax, {{EAGER_FLOAT32, {2, {3, 5}}}}, {{0}}},
    {"LogSoftmax",
     log_softmax,
     {{EAGER_FLOAT32, {2, {3, 5}}}},
     {{"axis", EAGER_ATTR_INT, 1, {0}}}},
    {"Identity", identity, {{EAGER_BOOL, {1, {5}}}}, {{0}}},
    {"Reshape",
     reshape,
     {{EAGER_INT8, {2, {4, 3}}}},
     {{"shape", EAGER_ATTR_INT_LIST, 3, {3, -1, 2}}}},
    {"ExpandDims",
     expand_dims,
     {{EAGER_INT64, {2, {2, 3}}}},
     {{"axis", EAGER_ATTR_INT, 1, {-2}}}},
    {"Squeeze",
     squeeze,
     {{EAGER_FLOAT32, {3, {1, 2, 1}}}},
     {{"axis", EAGER_ATTR_INT_LIST, 1, {2}}}},
    {"Squeeze", squeeze_all, {{EAGER_FLOAT32, {3, {1, 2, 1}}}}, {{0}}},
    {"Transpose",
     transpose,
     {{EAGER_UINT16, {3, {2, 3, 4}}}},
     {{"perm", EAGER_ATTR_INT_LIST, 3, {1, 2, 0}}}},
    {"Transpose", transpose_reversed, {{EAGER_FLOAT32, {2, {2, 3}}}}, {{0}}},
    {"ConcatV2",
     concat,
     {{EAGER_INT32, {2, {2, 1}}}, {EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {2, {2, 2}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}}},
    {"Slice",
     slice,
     {{EAGER_FLOAT32, {2, {4, 5}}}},
     {{"begin", EAGER_ATTR_INT_LIST, 2, {1, 2}},
      {"size", EAGER_ATTR_INT_LIST, 2, {2, -1}}}},
    {"GatherV2",
     gather,
     {{EAGER_FLOAT32, {2, {2, 8}}}, {EAGER_INT32, {1, {3}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}}},
    {"OneHot",
     one_hot,
     {{EAGER_INT32, {1, {4}}}, {EAGER_FLOAT32, {0}}, {EAGER_FLOAT32, {0}}},
     {{"depth", EAGER_ATTR_INT, 1, {5}}, {"axis", EAGER_ATTR_INT, 1, {0}}}},
    {"Fill", fill, {{EAGER_INT64, {0}}}, {{"dims", EAGER_ATTR_INT_LIST, 2, {2, 3}}}},
    {"ZerosLike", zeros_like, {{EAGER_FLOAT32, {2, {2, 3}}}}, {{0}}},
    {"OnesLike", ones_like, {{EAGER_BFLOAT16, {2, {2, 3}}}}, {{0}}},
    {"Range",
     range,
     {{0}},
     {{"start", EAGER_ATTR_INT, 1, {-2}},
      {"limit", EAGER_ATTR_INT, 1, {9}},
      {"delta", EAGER_ATTR_INT, 1, {3}},
      {"output_dtype", EAGER_ATTR_DTYPE, 1, {EAGER_INT32}}}},
    {"Range",
     range_of_floats,
     {{0}},
     {{"start", EAGER_ATTR_FLOAT, 1, {7}},
      {"limit", EAGER_ATTR_FLOAT, 1, {1}},
      {"delta", EAGER_ATTR_FLOAT, 1, {-2}},
      {"output_dtype", EAGER_ATTR_DTYPE, 1, {EAGER_FLOAT32}}}},
    {"StatelessRandomUniform",
     uniform,
     {{0}},
     {{"shape", EAGER_ATTR_INT_LIST, 2, {3, 5}},
      {"seed", EAGER_ATTR_INT_LIST, 2, {7, -9}},
      {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_FLOAT16}}}},
    {"StatelessRandomNormal",
     normal,
     {{0}},
     {{"shape", EAGER_ATTR_INT_LIST, 2, {3, 5}},
      {"seed", EAGER_ATTR_INT_LIST, 2, {7, -9}}}},
    {"SelectV2",
     where,
     {{EAGER_BOOL, {1, {3}}}, {EAGER_FLOAT32, {2, {2, 3}}}, {EAGER_FLOAT32, {0}}},
     {{0}}},
    {"ClipByValue",
     clip,
     {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {0}}, {EAGER_INT32, {0}}},
     {{0}}},
};

#endif
