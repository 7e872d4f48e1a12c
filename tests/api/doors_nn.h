/* Doors of softmax's neighbours: losses, normalisation, biases and attention. */
#ifndef EAGER_TESTS_DOORS_NN_H
#define EAGER_TESTS_DOORS_NN_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status softmax_loss(eager_tensor *const *in, eager_tensor **out) {
  return eager_softmax_cross_entropy_with_logits(in[1], in[0], &out[0], &out[1]);
}
static eager_status sparse_loss(eager_tensor *const *in, eager_tensor **out) {
  return eager_sparse_softmax_cross_entropy_with_logits(in[1], in[0], &out[0], &out[1]);
}
static eager_status sigmoid_loss(eager_tensor *const *in, eager_tensor **out) {
  return eager_sigmoid_cross_entropy_with_logits(in[0], in[1], out);
}
static eager_status l2_loss(eager_tensor *const *in, eager_tensor **out) {
  return eager_l2_loss(in[0], out);
}
static eager_status scalar_of_zero(eager_tensor **out) {
  return eager_scalar_float32(0, out);
}
static eager_status batch_norm(eager_tensor *const *in, eager_tensor **out) {
  eager_status status = eager_fused_batch_norm(in[0], in[1], in[2], in[3], in[4], NULL,
                                               &out[0], &out[1], &out[2], &out[3], &out[4]);
  return status != EAGER_OK ? status : scalar_of_zero(&out[5]);
}
static eager_status batch_norm_first(eager_tensor *const *in, eager_tensor **out) {
  eager_fused_batch_norm_options options = {
      .epsilon = 0.5, .exponential_avg_factor = 0.25, .data_format = "NCHW"};
  eager_status status = eager_fused_batch_norm(in[0], in[1], in[2], in[3], in[4], &options,
                                               &out[0], &out[1], &out[2], &out[3], &out[4]);
  return status != EAGER_OK ? status : scalar_of_zero(&out[5]);
}
static eager_status batch_norm_frozen(eager_tensor *const *in, eager_tensor **out) {
  eager_fused_batch_norm_options options = {.is_inference = true};
  eager_status status = eager_fused_batch_norm(in[0], in[1], in[2], in[3], in[4], &options,
                                               &out[0], &out[1], &out[2], &out[3], &out[4]);
  return status != EAGER_OK ? status : scalar_of_zero(&out[5]);
}
static eager_status batch_norm_grad(eager_tensor *const *in, eager_tensor **out) {
  int64_t none = 0;
  eager_fused_batch_norm_options options = {.epsilon = 0.5, .is_inference = true};
  eager_status status = eager_fused_batch_norm_grad(in[0], in[1], in[2], in[3], in[4],
                                                    &options, &out[0], &out[1], &out[2]);
  for (int i = 3; i < 5 && status == EAGER_OK; i++)
    status = eager_tensor_from_host(EAGER_FLOAT32, 1, &none, NULL, &out[i]);
  return status;
}
static eager_status batch_normalization(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_normalization(in[0], in[1], in[2], in[3], in[4], 0.25, out);
}
static eager_status layer_norm(eager_tensor *const *in, eager_tensor **out) {
  return eager_layer_norm(in[0], in[1], in[2], 1, 0.5, &out[0], &out[1], &out[2]);
}
static eager_status layer_norm_bare(eager_tensor *const *in, eager_tensor **out) {
  return eager_layer_norm(in[0], NULL, NULL, -1, 0.001, &out[0], &out[1], &out[2]);
}
static eager_status layer_norm_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_layer_norm_grad(in[0], in[1], in[2], in[3], in[4], -1, &out[0], &out[1],
                               &out[2]);
}
static eager_status rms_norm(eager_tensor *const *in, eager_tensor **out) {
  return eager_rms_norm(in[0], in[1], -1, 0.000001, &out[0], &out[1]);
}
static eager_status rms_norm_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_rms_norm_grad(in[0], in[1], in[2], in[3], 1, &out[0], &out[1]);
}
static eager_status l2_normalize(eager_tensor *const *in, eager_tensor **out) {
  return eager_l2_normalize(in[0], (int64_t[]){0, -1}, 2, 1e-12, out);
}
static eager_status bias_add(eager_tensor *const *in, eager_tensor **out) {
  return eager_bias_add(in[0], in[1], NULL, out);
}
static eager_status bias_add_first(eager_tensor *const *in, eager_tensor **out) {
  return eager_bias_add(in[0], in[1], "NCHW", out);
}
static eager_status bias_add_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_bias_add_grad(in[0], "NCHW", out);
}
static eager_status attention(eager_tensor *const *in, eager_tensor **out) {
  return eager_attention(in[0], in[1], in[2], NULL, 0, true, out);
}
static eager_status attention_masked(eager_tensor *const *in, eager_tensor **out) {
  return eager_attention(in[0], in[1], in[2], in[3], 0.25, false, out);
}

/* --- The same, by name --- */

#define BATCH                                                                              \
  {                                                                                        \
    {EAGER_FLOAT32, {4, {2, 3, 2, 3}}}, {EAGER_FLOAT32, {1, {3}}},                         \
        {EAGER_FLOAT32, {1, {3}}}, {EAGER_FLOAT32, {1, {3}}}, {                            \
      EAGER_FLOAT32, {                                                                     \
        1, {                                                                               \
          3                                                                                \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }

static const row nn_rows[] = {
    {"SoftmaxCrossEntropyWithLogits",
     softmax_loss,
     {{EAGER_FLOAT32, {2, {3, 5}}}, {EAGER_FLOAT32, {2, {3, 5}}}},
     {{0}},
     2},
    {"SparseSoftmaxCrossEntropyWithLogits",
     sparse_loss,
     {{EAGER_FLOAT32, {2, {3, 9}}}, {EAGER_INT64, {1, {3}}}},
     {{0}},
     2},
    {"SigmoidCrossEntropyWithLogits",
     sigmoid_loss,
     {{EAGER_FLOAT32, {2, {3, 5}}}, {EAGER_FLOAT32, {2, {3, 5}}}},
     {{0}}},
    {"L2Loss", l2_loss, {{EAGER_FLOAT32, {2, {3, 5}}}}, {{0}}},
    {"FusedBatchNormV3", batch_norm, BATCH, {{0}}, 6},
    {"FusedBatchNormV3",
     batch_norm_first,
     BATCH,
     {{"epsilon", EAGER_ATTR_FLOAT, 1, {0.5}},
      {"exponential_avg_factor", EAGER_ATTR_FLOAT, 1, {0.25}},
      {"data_format", EAGER_ATTR_STRING, 1, {0}, "NCHW"}},
     6},
    {"FusedBatchNormV3",
     batch_norm_frozen,
     BATCH,
     {{"is_training", EAGER_ATTR_BOOL, 1, {false}}},
     6},
    {"FusedBatchNormGradV3",
     batch_norm_grad,
     {{EAGER_FLOAT32, {4, {2, 3, 2, 3}}},
      {EAGER_FLOAT32, {4, {2, 3, 2, 3}}},
      {EAGER_FLOAT32, {1, {3}}},
      {EAGER_FLOAT32, {1, {3}}},
      {EAGER_FLOAT32, {1, {3}}},
      {EAGER_FLOAT32, {1, {3}}}},
     {{"epsilon", EAGER_ATTR_FLOAT, 1, {0.5}},
      {"is_training", EAGER_ATTR_BOOL, 1, {false}}},
     5},
    {"BatchNormalization",
     batch_normalization,
     BATCH,
     {{"variance_epsilon", EAGER_ATTR_FLOAT, 1, {0.25}}}},
    {"LayerNorm",
     layer_norm,
     {{EAGER_FLOAT32, {3, {2, 3, 4}}},
      {EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {2, {3, 4}}}},
     {{"begin_norm_axis", EAGER_ATTR_INT, 1, {1}}, {"epsilon", EAGER_ATTR_FLOAT, 1, {0.5}}},
     3},
    {"LayerNorm", layer_norm_bare, {{EAGER_FLOAT32, {2, {3, 4}}}}, {{0}}, 3},
    {"LayerNormGrad",
     layer_norm_grad,
     {{EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {1, {4}}},
      {EAGER_FLOAT32, {1, {3}}},
      {EAGER_FLOAT32, {1, {3}}}},
     {{0}},
     3},
    {"RMSNorm",
     rms_norm,
     {{EAGER_BFLOAT16, {2, {3, 4}}}, {EAGER_BFLOAT16, {1, {4}}}},
     {{0}},
     2},
    {"RMSNormGrad",
     rms_norm_grad,
     {{EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {1, {4}}},
      {EAGER_FLOAT32, {1, {3}}}},
     {{"begin_norm_axis", EAGER_ATTR_INT, 1, {1}}},
     2},
    {"L2Normalize",
     l2_normalize,
     {{EAGER_FLOAT32, {3, {2, 3, 4}}}},
     {{"axis", EAGER_ATTR_INT_LIST, 2, {0, -1}}}},
    {"BiasAdd", bias_add, {{EAGER_INT32, {3, {2, 3, 4}}}, {EAGER_INT32, {1, {4}}}}, {{0}}},
    {"BiasAdd",
     bias_add_first,
     {{EAGER_FLOAT32, {3, {2, 3, 4}}}, {EAGER_FLOAT32, {1, {3}}}},
     {{"data_format", EAGER_ATTR_STRING, 1, {0}, "NCHW"}}},
    {"BiasAddGrad",
     bias_add_grad,
     {{EAGER_FLOAT32, {3, {2, 3, 4}}}},
     {{"data_format", EAGER_ATTR_STRING, 1, {0}, "NCHW"}}},
    {"Attention",
     attention,
     {{EAGER_FLOAT32, {3, {2, 3, 4}}},
      {EAGER_FLOAT32, {3, {1, 5, 4}}},
      {EAGER_FLOAT32, {3, {1, 5, 2}}}},
     {{"is_causal", EAGER_ATTR_BOOL, 1, {true}}}},
    {"Attention",
     attention_masked,
     {{EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {2, {5, 4}}},
      {EAGER_FLOAT32, {2, {5, 2}}},
      {EAGER_BOOL, {2, {3, 5}}}},
     {{"scale", EAGER_ATTR_FLOAT, 1, {0.25}}}},
};

#endif
