/* Doors of pooling, resizing and local response normalisation. */
#ifndef EAGER_TESTS_DOORS_POOL_H
#define EAGER_TESTS_DOORS_POOL_H

#include "doors.h"

static const eager_pool_options pool_2d = {
    .window = {2, 3}, .strides = {2, 1}, .padding = EAGER_PADDING_SAME};
static const eager_pool_options pool_3d = {.window = {1, 2, 2},
                                           .data_format = EAGER_CHANNELS_FIRST};

static eager_status max_pool2d(eager_tensor *const *in, eager_tensor **out) {
  return eager_max_pool2d(in[0], &pool_2d, out);
}
static eager_status avg_pool2d(eager_tensor *const *in, eager_tensor **out) {
  return eager_avg_pool2d(in[0], &pool_2d, out);
}
static eager_status max_pool3d(eager_tensor *const *in, eager_tensor **out) {
  return eager_max_pool3d(in[0], &pool_3d, out);
}
static eager_status avg_pool3d(eager_tensor *const *in, eager_tensor **out) {
  return eager_avg_pool3d(in[0], &pool_3d, out);
}
static eager_status max_pool2d_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_max_pool2d_grad(in[0], in[1], in[2], &pool_2d, out);
}
static eager_status max_pool3d_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_max_pool3d_grad(in[0], in[1], in[2], &pool_3d, out);
}
static eager_status avg_pool2d_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_avg_pool2d_grad((int64_t[]){1, 4, 5, 2}, in[0], &pool_2d, out);
}
static eager_status avg_pool3d_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_avg_pool3d_grad((int64_t[]){1, 2, 2, 4, 4}, in[0], &pool_3d, out);
}

static eager_status resize_bilinear(eager_tensor *const *in, eager_tensor **out) {
  return eager_resize_bilinear(in[0], (int64_t[]){3, 7}, true, false, out);
}
static eager_status resize_nearest(eager_tensor *const *in, eager_tensor **out) {
  return eager_resize_nearest_neighbor(in[0], (int64_t[]){3, 7}, false, true, out);
}
static eager_status resize_bilinear_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_resize_bilinear_grad(in[0], in[1], false, true, out);
}
static eager_status resize_nearest_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_resize_nearest_neighbor_grad(in[0], (int64_t[]){3, 7}, false, false, out);
}
static eager_status lrn(eager_tensor *const *in, eager_tensor **out) {
  return eager_local_response_normalization(in[0], NULL, out);
}
static eager_status lrn_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_local_response_normalization_grad(in[0], in[1], in[2],
                                                 &(eager_lrn_options){1, 2, 3, 0.5}, out);
}

#define POOL_X2                                                                            \
  {                                                                                        \
    EAGER_FLOAT32, {                                                                       \
      4, {                                                                                 \
        1, 4, 5, 2                                                                         \
      }                                                                                    \
    }                                                                                      \
  }
#define POOL_Y2                                                                            \
  {                                                                                        \
    EAGER_FLOAT32, {                                                                       \
      4, {                                                                                 \
        1, 2, 5, 2                                                                         \
      }                                                                                    \
    }                                                                                      \
  }
#define POOL_X3                                                                            \
  {                                                                                        \
    EAGER_FLOAT32, {                                                                       \
      5, {                                                                                 \
        1, 2, 2, 4, 4                                                                      \
      }                                                                                    \
    }                                                                                      \
  }
#define POOL_Y3                                                                            \
  {                                                                                        \
    EAGER_FLOAT32, {                                                                       \
      5, {                                                                                 \
        1, 2, 2, 2, 2                                                                      \
      }                                                                                    \
    }                                                                                      \
  }
#define POOL_2D                                                                            \
  {"ksize", EAGER_ATTR_INT_LIST, 4, {1, 2, 3, 1}},                                         \
      {"strides", EAGER_ATTR_INT_LIST, 4, {1, 2, 1, 1}}, {                                 \
    "padding", EAGER_ATTR_STRING, 1, {0}, "SAME"                                           \
  }
#define POOL_3D                                                                            \
  {"ksize", EAGER_ATTR_INT_LIST, 5, {1, 1, 1, 2, 2}},                                      \
      {"strides", EAGER_ATTR_INT_LIST, 5, {1, 1, 1, 2, 2}},                                \
      {"padding", EAGER_ATTR_STRING, 1, {0}, "VALID"}, {                                   \
    "data_format", EAGER_ATTR_STRING, 1, {0}, "NCDHW"                                      \
  }

static const row pool_rows[] = {
    {"MaxPool", max_pool2d, {POOL_X2}, {POOL_2D}},
    {"AvgPool", avg_pool2d, {POOL_X2}, {POOL_2D}},
    {"MaxPool3D", max_pool3d, {POOL_X3}, {POOL_3D}},
    {"AvgPool3D", avg_pool3d, {POOL_X3}, {POOL_3D}},
    {"MaxPoolGrad", max_pool2d_grad, {POOL_X2, POOL_Y2, POOL_Y2}, {POOL_2D}},
    {"MaxPool3DGrad", max_pool3d_grad, {POOL_X3, POOL_Y3, POOL_Y3}, {POOL_3D}},
    {"AvgPoolGrad",
     avg_pool2d_grad,
     {POOL_Y2},
     {{"orig_input_shape", EAGER_ATTR_INT_LIST, 4, {1, 4, 5, 2}}, POOL_2D}},
    {"AvgPool3DGrad",
     avg_pool3d_grad,
     {POOL_Y3},
     {{"orig_input_shape", EAGER_ATTR_INT_LIST, 5, {1, 2, 2, 4, 4}}, POOL_3D}},
    {"ResizeBilinear",
     resize_bilinear,
     {POOL_X2},
     {{"size", EAGER_ATTR_INT_LIST, 2, {3, 7}},
      {"align_corners", EAGER_ATTR_BOOL, 1, {1}}}},
    {"ResizeNearestNeighbor",
     resize_nearest,
     {POOL_X2},
     {{"size", EAGER_ATTR_INT_LIST, 2, {3, 7}},
      {"half_pixel_centers", EAGER_ATTR_BOOL, 1, {1}}}},
    {"ResizeBilinearGrad",
     resize_bilinear_grad,
     {POOL_Y2, POOL_X2},
     {{"half_pixel_centers", EAGER_ATTR_BOOL, 1, {1}}}},
    {"ResizeNearestNeighborGrad",
     resize_nearest_grad,
     {POOL_X2},
     {{"size", EAGER_ATTR_INT_LIST, 2, {3, 7}}}},
    {"LRN", lrn, {POOL_X2}, {{0}}},
    {"LRNGrad",
     lrn_grad,
     {POOL_X2, POOL_X2, POOL_X2},
     {{"depth_radius", EAGER_ATTR_INT, 1, {1}},
      {"bias", EAGER_ATTR_FLOAT, 1, {2}},
      {"alpha", EAGER_ATTR_FLOAT, 1, {3}}}},
};

#endif
