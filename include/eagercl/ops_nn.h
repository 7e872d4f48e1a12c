/* ops_nn.h - softmax, losses, normalisation and attention. What holds for all ops: ops.h.
 */
#ifndef EAGERCL_OPS_NN_H
#define EAGERCL_OPS_NN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Softmax along one axis: floats, rank 1 and up ---- */

/* e^(x - max) / sum */
EAGER_API EAGER_NODISCARD eager_status eager_softmax(eager_tensor *logits, int64_t axis,
                                                     eager_tensor **out);
/* x - max - log(sum e^(x - max)) */
EAGER_API EAGER_NODISCARD eager_status eager_log_softmax(eager_tensor *logits, int64_t axis,
                                                         eager_tensor **out);

/* ---- Losses: floats ---- */

/* Of each row of `logits` [..., classes] against as many `labels`, which should sum to 1:
 * loss [...] = sum labels * (log sum e^(x - max) - (x - max)), and its gradient in the
 * logits, softmax - labels; `out_backprop` may be NULL. Rank 1 and up; where the shapes
 * differ they broadcast to rank 2. (TensorFlow's raw op takes rank 2 only.) */
EAGER_API EAGER_NODISCARD eager_status eager_softmax_cross_entropy_with_logits(
    eager_tensor *labels, eager_tensor *logits, eager_tensor **out_loss,
    eager_tensor **out_backprop);
/* The same with the number of one class, int32 or int64, for each row: `labels` [...]. One
 * outside [0, classes) fails on the device, as on TensorFlow's CPU; its GPU gives NaN. */
EAGER_API EAGER_NODISCARD eager_status eager_sparse_softmax_cross_entropy_with_logits(
    eager_tensor *labels, eager_tensor *logits, eager_tensor **out_loss,
    eager_tensor **out_backprop);
/* max(x, 0) - x * label + log(1 + e^-|x|), for logits x; both have one shape. */
EAGER_API EAGER_NODISCARD eager_status eager_sigmoid_cross_entropy_with_logits(
    eager_tensor *labels, eager_tensor *logits, eager_tensor **out);
/* Half the sum of squares of all elements: a scalar. */
EAGER_API EAGER_NODISCARD eager_status eager_l2_loss(eager_tensor *t, eager_tensor **out);

/* ---- Normalisation: floats; statistics are in the dtype it is computed in: float64 for
 * float64, else float32 ---- */

/* Zero means the default. */
typedef struct eager_fused_batch_norm_options {
  double epsilon;                /* 0.0001 */
  double exponential_avg_factor; /* 1; forward only */
  const char *data_format;       /* "NHWC", which is "NDHWC"; or "NCHW", "NCDHW" */
  bool is_inference;             /* is_training=False */
  void *reserved[4];
} eager_fused_batch_norm_options;

/* y = (x - mean) / sqrt(variance + epsilon) * scale + offset for each channel of x, rank 4
 * or 5: statistics of the batch, or, in inference, `mean` and `variance`. `scale`,
 * `offset`, `mean` and `variance` are [channels]; the last two may be of any size where
 * they are not read. Batch mean and variance are 1 - exponential_avg_factor of the old
 * ones, plus the factor times those of the batch, with Bessel's correction n / (n - 1).
 * Saved ones are for the gradient: without correction, as on TensorFlow's CPU. `options`
 * and all outputs but y may be NULL. Float64 x is allowed, unlike in TensorFlow.
 * reserve_space_3 is a scalar 0, as on its CPU. */
EAGER_API EAGER_NODISCARD eager_status eager_fused_batch_norm(
    eager_tensor *x, eager_tensor *scale, eager_tensor *offset, eager_tensor *mean,
    eager_tensor *variance, const eager_fused_batch_norm_options *options,
    eager_tensor **out_y, eager_tensor **out_batch_mean, eager_tensor **out_batch_variance,
    eager_tensor **out_saved_mean, eager_tensor **out_saved_variance);
/* In inference, the saved ones are the `mean` and `variance` that were given; any
 * data_format. All outputs but the first may be NULL. */
EAGER_API EAGER_NODISCARD eager_status eager_fused_batch_norm_grad(
    eager_tensor *y_backprop, eager_tensor *x, eager_tensor *scale,
    eager_tensor *saved_mean, eager_tensor *saved_variance,
    const eager_fused_batch_norm_options *options, eager_tensor **out_x_backprop,
    eager_tensor **out_scale_backprop, eager_tensor **out_offset_backprop);

/* y = (x - mean) * rstd * gamma + beta over the axes of x from `begin_norm_axis` on, where
 * rstd = 1 / sqrt(variance + epsilon): Keras' LayerNormalization, whose epsilon is 0.001.
 * `gamma` and `beta` have the shape of those axes; both, or beta, may be NULL. Mean and
 * rstd have the shape of the other axes, and may be NULL; by name epsilon is 0.001 and the
 * axis -1 unless told. Sum of squares about the mean: two passes. */
EAGER_API EAGER_NODISCARD eager_status eager_layer_norm(
    eager_tensor *x, eager_tensor *gamma, eager_tensor *beta, int64_t begin_norm_axis,
    double epsilon, eager_tensor **out_y, eager_tensor **out_mean, eager_tensor **out_rstd);
/* `gamma` is required, be it of ones. dgamma and dbeta may be NULL. */
EAGER_API EAGER_NODISCARD eager_status eager_layer_norm_grad(
    eager_tensor *dy, eager_tensor *x, eager_tensor *gamma, eager_tensor *mean,
    eager_tensor *rstd, int64_t begin_norm_axis, eager_tensor **out_dx,
    eager_tensor **out_dgamma, eager_tensor **out_dbeta);
/* y = x * rstd * gamma, rstd = 1 / sqrt(mean of x^2 + epsilon): Zhang and Sennrich 2019.
 * `gamma` and `out_rstd` may be NULL; by name epsilon is 0.000001. */
EAGER_API EAGER_NODISCARD eager_status eager_rms_norm(eager_tensor *x, eager_tensor *gamma,
                                                      int64_t begin_norm_axis,
                                                      double epsilon, eager_tensor **out_y,
                                                      eager_tensor **out_rstd);
EAGER_API EAGER_NODISCARD eager_status eager_rms_norm_grad(
    eager_tensor *dy, eager_tensor *x, eager_tensor *gamma, eager_tensor *rstd,
    int64_t begin_norm_axis, eager_tensor **out_dx, eager_tensor **out_dgamma);

/* x / sqrt(max(sum of x^2 over `axes`, epsilon)); NULL: all axes. tf's epsilon is 1e-12.
 * 16-bit floats: squares do not overflow, unlike TensorFlow's. */
EAGER_API EAGER_NODISCARD eager_status eager_l2_normalize(eager_tensor *x,
                                                          const int64_t *axes,
                                                          int axis_count, double epsilon,
                                                          eager_tensor **out);
/* (x - mean) * scale / sqrt(variance + variance_epsilon) + offset; all broadcast. `offset`
 * and `scale` may be NULL. */
EAGER_API EAGER_NODISCARD eager_status eager_batch_normalization(
    eager_tensor *x, eager_tensor *mean, eager_tensor *variance, eager_tensor *offset,
    eager_tensor *scale, double variance_epsilon, eager_tensor **out);

/* ---- Biases: numbers ---- */

/* value + bias for each channel: the last axis of `value`, or axis 1 where `data_format`
 * begins with "NC"; NULL is "NHWC". Rank 2 and up; `bias` is [channels]. */
EAGER_API EAGER_NODISCARD eager_status eager_bias_add(eager_tensor *value,
                                                      eager_tensor *bias,
                                                      const char *data_format,
                                                      eager_tensor **out);
/* The sum over all other axes: [channels]. */
EAGER_API EAGER_NODISCARD eager_status eager_bias_add_grad(eager_tensor *out_backprop,
                                                           const char *data_format,
                                                           eager_tensor **out);

/* ---- Attention: floats ---- */

/* softmax(query key^T * scale + mask) value. `query` is [..., heads, q_len, d], `key`
 * [..., heads, k_len, d], `value` [..., heads, k_len, d_v], the result [..., heads, q_len,
 * d_v]; rank 2 and up. Keys and values may have fewer heads, a divisor of the queries':
 * queries of neighbouring heads share them. `scale` 0 is 1 / sqrt(d). `mask`, or NULL,
 * broadcasts to [..., heads, q_len, k_len]: of query's dtype it is added, of bool it keeps
 * where true. With `is_causal` query i sees keys 0 to i, also beside a mask. As in
 * PyTorch's scaled_dot_product_attention, but that a query that sees no key gives zeros,
 * and values behind masked keys are not looked at. Memory beside the result: none, or where
 * a device's loops are limited as much as the result. (Milakov and Gimelshein 2018, Dao et
 * al. 2022.) */
EAGER_API EAGER_NODISCARD eager_status eager_attention(eager_tensor *query,
                                                       eager_tensor *key,
                                                       eager_tensor *value,
                                                       eager_tensor *mask, double scale,
                                                       bool is_causal, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_NN_H */
