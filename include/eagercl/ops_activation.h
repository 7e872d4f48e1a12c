/* ops_activation.h - activations and the gradients of elementwise ops. What holds for all
 * ops: ops.h. */
#ifndef EAGERCL_OPS_ACTIVATION_H
#define EAGERCL_OPS_ACTIVATION_H

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

/* ---- Activations: relu and relu6 for every number, the others for floats ----
 *
 * NaN stays NaN. */

EAGER_API EAGER_NODISCARD eager_status eager_relu(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_relu6(eager_tensor *x, eager_tensor **out);
/* x, and e^x - 1 below 0. */
EAGER_API EAGER_NODISCARD eager_status eager_elu(eager_tensor *x, eager_tensor **out);
/* Klambauer et al. 2017, eq. 2. */
EAGER_API EAGER_NODISCARD eager_status eager_selu(eager_tensor *x, eager_tensor **out);
/* 1 / (1 + e^-x) */
EAGER_API EAGER_NODISCARD eager_status eager_sigmoid(eager_tensor *x, eager_tensor **out);
/* log(1 + e^x), without overflow. */
EAGER_API EAGER_NODISCARD eager_status eager_softplus(eager_tensor *x, eager_tensor **out);
/* x / (1 + |x|) */
EAGER_API EAGER_NODISCARD eager_status eager_softsign(eager_tensor *x, eager_tensor **out);
/* log(eager_sigmoid(x)), without underflow. */
EAGER_API EAGER_NODISCARD eager_status eager_log_sigmoid(eager_tensor *x,
                                                         eager_tensor **out);
/* x, and alpha * x below 0. TensorFlow's alpha: 0.2, there a float32 whatever the dtype. */
EAGER_API EAGER_NODISCARD eager_status eager_leaky_relu(eager_tensor *features,
                                                        double alpha, eager_tensor **out);
/* x * sigmoid(beta * x), tf.nn.silu or swish. TensorFlow's beta: 1. */
EAGER_API EAGER_NODISCARD eager_status eager_silu(eager_tensor *features, double beta,
                                                  eager_tensor **out);
/* x times the normal distribution's share below x; `approximate`: by tanh. Hendrycks and
 * Gimpel 2016, eq. 2. TensorFlow's default: false. */
EAGER_API EAGER_NODISCARD eager_status eager_gelu(eager_tensor *features, bool approximate,
                                                  eager_tensor **out);

/* ---- Gradients, broadcast: the incoming gradient times the derivative ----
 *
 * Named and ordered as TensorFlow's gradient ops, which do not broadcast: some take the
 * forward op's input (features), some its output (outputs, y). relu and relu6 for every
 * number, the others for floats. Where the slope of relu or relu6 is 0, so is the result;
 * TensorFlow's CPU kernels multiply, and make NaN of an infinite gradient. Where dy is 0,
 * those of sqrt, rsqrt and reciprocal are 0. */

EAGER_API EAGER_NODISCARD eager_status eager_relu_grad(eager_tensor *gradients,
                                                       eager_tensor *features,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_relu6_grad(eager_tensor *gradients,
                                                        eager_tensor *features,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_elu_grad(eager_tensor *gradients,
                                                      eager_tensor *outputs,
                                                      eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_selu_grad(eager_tensor *gradients,
                                                       eager_tensor *outputs,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_softplus_grad(eager_tensor *gradients,
                                                           eager_tensor *features,
                                                           eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_softsign_grad(eager_tensor *gradients,
                                                           eager_tensor *features,
                                                           eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_leaky_relu_grad(eager_tensor *gradients,
                                                             eager_tensor *features,
                                                             double alpha,
                                                             eager_tensor **out);
/* TensorFlow has no raw op for the two: the names are ours. */
EAGER_API EAGER_NODISCARD eager_status eager_silu_grad(eager_tensor *gradients,
                                                       eager_tensor *features, double beta,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_gelu_grad(eager_tensor *gradients,
                                                       eager_tensor *features,
                                                       bool approximate,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_sigmoid_grad(eager_tensor *y, eager_tensor *dy,
                                                          eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_tanh_grad(eager_tensor *y, eager_tensor *dy,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_sqrt_grad(eager_tensor *y, eager_tensor *dy,
                                                       eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_rsqrt_grad(eager_tensor *y, eager_tensor *dy,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_reciprocal_grad(eager_tensor *y,
                                                             eager_tensor *dy,
                                                             eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_ACTIVATION_H */
