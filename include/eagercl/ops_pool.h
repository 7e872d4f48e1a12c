/* ops_pool.h - pooling and images. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_POOL_H
#define EAGERCL_OPS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/ops_conv.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Pooling: the largest number, or the mean of floats, under a window ----
 *
 * x is [batch, spatial..., channels] or [batch, channels, spatial...], with two or three
 * spatial axes. Padding counts for nothing: not in a maximum, nor in what a mean is divided
 * by. NaN wins a maximum. Windows over batch or channels are EAGER_UNIMPLEMENTED. */

typedef struct eager_pool_options { /* axes: (depth,) height, width */
  int64_t window[3];
  int64_t strides[3]; /* 0: the window's extent */
  eager_padding padding;
  int64_t paddings[2][2]; /* of EXPLICIT, max_pool2d only: before and after each axis */
  eager_data_format data_format;
} eager_pool_options;

/* Numbers. Raw: MaxPool, MaxPool3D. */
EAGER_API EAGER_NODISCARD eager_status eager_max_pool2d(eager_tensor *input,
                                                        const eager_pool_options *options,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_max_pool3d(eager_tensor *input,
                                                        const eager_pool_options *options,
                                                        eager_tensor **out);
/* Floats; 16-bit ones are added up in float32. Raw: AvgPool, AvgPool3D. */
EAGER_API EAGER_NODISCARD eager_status eager_avg_pool2d(eager_tensor *input,
                                                        const eager_pool_options *options,
                                                        eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_avg_pool3d(eager_tensor *input,
                                                        const eager_pool_options *options,
                                                        eager_tensor **out);
/* To each window's largest element, the first of equals, what the window's result got.
 * orig_output gives its shape only. */
EAGER_API EAGER_NODISCARD eager_status eager_max_pool2d_grad(
    eager_tensor *orig_input, eager_tensor *orig_output, eager_tensor *grad,
    const eager_pool_options *options, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_max_pool3d_grad(
    eager_tensor *orig_input, eager_tensor *orig_output, eager_tensor *grad,
    const eager_pool_options *options, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status
eager_avg_pool2d_grad(const int64_t orig_input_dims[4], eager_tensor *grad,
                      const eager_pool_options *options, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status
eager_avg_pool3d_grad(const int64_t orig_input_dims[5], eager_tensor *grad,
                      const eager_pool_options *options, eager_tensor **out);

/* ---- Images at another size: x is [batch, height, width, channels], size the new height
 * and width ----
 *
 * half_pixel_centers: pixels are areas, as tf.image.resize has them, else points, those of
 * the corners kept with align_corners; not both. */

/* Numbers to float32. */
EAGER_API EAGER_NODISCARD eager_status eager_resize_bilinear(eager_tensor *images,
                                                             const int64_t size[2],
                                                             bool align_corners,
                                                             bool half_pixel_centers,
                                                             eager_tensor **out);
/* Numbers. */
EAGER_API EAGER_NODISCARD eager_status eager_resize_nearest_neighbor(
    eager_tensor *images, const int64_t size[2], bool align_corners,
    bool half_pixel_centers, eager_tensor **out);
/* `grads` is float32; the result has dtype and shape of original_image, a float. */
EAGER_API EAGER_NODISCARD eager_status
eager_resize_bilinear_grad(eager_tensor *grads, eager_tensor *original_image,
                           bool align_corners, bool half_pixel_centers, eager_tensor **out);
/* `size` is that of the original image. */
EAGER_API EAGER_NODISCARD eager_status eager_resize_nearest_neighbor_grad(
    eager_tensor *grads, const int64_t size[2], bool align_corners, bool half_pixel_centers,
    eager_tensor **out);

/* ---- Local response normalisation: floats, [batch, height, width, channels] ---- */

typedef struct eager_lrn_options {
  int64_t depth_radius;
  double bias, alpha, beta;
} eager_lrn_options;

/* x / (bias + alpha * sum of squares of the channels from c - depth_radius to c +
 * depth_radius)^beta; Krizhevsky et al. 2012, section 3.3. `options` NULL: 5, 1, 1, 0.5.
 * Raw: LRN. */
EAGER_API EAGER_NODISCARD eager_status eager_local_response_normalization(
    eager_tensor *input, const eager_lrn_options *options, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_local_response_normalization_grad(
    eager_tensor *input_grads, eager_tensor *input_image, eager_tensor *output_image,
    const eager_lrn_options *options, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_POOL_H */
