/* Doors of the ops that cut, join, order and make arrays. */
#ifndef EAGER_TESTS_DOORS_ARRAY_H
#define EAGER_TESTS_DOORS_ARRAY_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status array_split(eager_tensor *const *in, eager_tensor **out) {
  return eager_split(in[0], 3, 1, out);
}
static eager_status array_splitv(eager_tensor *const *in, eager_tensor **out) {
  return eager_split_v(in[0], (int64_t[]){1, -1, 2}, 3, -1, out);
}
static eager_status array_unpack(eager_tensor *const *in, eager_tensor **out) {
  return eager_unstack(in[0], 2, 0, out);
}
static eager_status array_pack(eager_tensor *const *in, eager_tensor **out) {
  return eager_stack(in, 2, 1, out);
}
static eager_status array_strided_slice(eager_tensor *const *in, eager_tensor **out) {
  return eager_strided_slice(in[0], 2, (int64_t[]){1, 3}, (int64_t[]){4, 0},
                             (int64_t[]){2, -2},
                             &(eager_strided_slice_options){.begin_mask = 1,
                                                            .end_mask = 2,
                                                            .ellipsis_mask = 0,
                                                            .new_axis_mask = 0,
                                                            .shrink_axis_mask = 0},
                             out);
}
static eager_status array_strided_slice_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_strided_slice_grad(2, (int64_t[]){5, 4}, in[0], 2, (int64_t[]){1, 3},
                                  (int64_t[]){4, 0}, (int64_t[]){2, -2},
                                  &(eager_strided_slice_options){.begin_mask = 1,
                                                                 .end_mask = 2,
                                                                 .ellipsis_mask = 0,
                                                                 .new_axis_mask = 0,
                                                                 .shrink_axis_mask = 0},
                                  out);
}
static eager_status array_tensor_strided_slice_update(eager_tensor *const *in,
                                                      eager_tensor **out) {
  return eager_tensor_strided_slice_update(
      in[0], in[1], 2, (int64_t[]){1, 3}, (int64_t[]){4, 0}, (int64_t[]){2, -2},
      &(eager_strided_slice_options){.begin_mask = 1,
                                     .end_mask = 2,
                                     .ellipsis_mask = 0,
                                     .new_axis_mask = 0,
                                     .shrink_axis_mask = 0},
      out);
}
static eager_status array_pad(eager_tensor *const *in, eager_tensor **out) {
  return eager_pad(in[0], (int64_t[]){1, 0, 2, 3}, out);
}
static eager_status array_padv2(eager_tensor *const *in, eager_tensor **out) {
  return eager_pad_v2(in[0], (int64_t[]){1, 0, 2, 3}, in[1], out);
}
static eager_status array_mirror_pad(eager_tensor *const *in, eager_tensor **out) {
  return eager_mirror_pad(in[0], (int64_t[]){1, 0, 2, 1}, "REFLECT", out);
}
static eager_status array_mirror_pad_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_mirror_pad_grad(in[0], (int64_t[]){0, 1, 2, 1}, "SYMMETRIC", out);
}
static eager_status array_tile(eager_tensor *const *in, eager_tensor **out) {
  return eager_tile(in[0], (int64_t[]){2, 3}, out);
}
static eager_status array_broadcast_to(eager_tensor *const *in, eager_tensor **out) {
  return eager_broadcast_to(in[0], 3, (int64_t[]){2, 3, 4}, out);
}
static eager_status array_reversev2(eager_tensor *const *in, eager_tensor **out) {
  return eager_reverse(in[0], (int64_t[]){1}, 1, out);
}
static eager_status array_reverse_sequence(eager_tensor *const *in, eager_tensor **out) {
  return eager_reverse_sequence(in[0], in[1], 1, 0, out);
}
static eager_status array_roll(eager_tensor *const *in, eager_tensor **out) {
  return eager_roll(in[0], (int64_t[]){1, -2}, (int64_t[]){0, 1}, 2, out);
}
static eager_status array_depth_to_space(eager_tensor *const *in, eager_tensor **out) {
  return eager_depth_to_space(in[0], 2, "NCHW", out);
}
static eager_status array_space_to_depth(eager_tensor *const *in, eager_tensor **out) {
  return eager_space_to_depth(in[0], 2, NULL, out);
}
static eager_status array_batch_to_spacend(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_to_space(in[0], (int64_t[]){2, 2}, 2, (int64_t[]){1, 0, 0, 1}, out);
}
static eager_status array_space_to_batchnd(eager_tensor *const *in, eager_tensor **out) {
  return eager_space_to_batch(in[0], (int64_t[]){2, 2}, 2, (int64_t[]){1, 0, 0, 1}, out);
}
static eager_status array_matrix_diag(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_diag(in[0], NULL, out);
}
static eager_status array_matrix_diagv2(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_diag(
      in[0],
      &(eager_matrix_diag_options){
          .k = {0, 1}, .num_cols = 4, .padding_value = 9, .align = "LEFT_LEFT"},
      out);
}
static eager_status array_matrix_diagv3(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_diag(
      in[0],
      &(eager_matrix_diag_options){.k = {-1, 1}, .padding_value = 9, .align = "LEFT_RIGHT"},
      out);
}
static eager_status array_matrix_diag_part(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_diag_part(in[0], NULL, out);
}
static eager_status array_matrix_diag_partv2(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_diag_part(
      in[0],
      &(eager_matrix_diag_options){.k = {-1, 1}, .padding_value = 9, .align = "LEFT_LEFT"},
      out);
}
static eager_status array_matrix_diag_partv3(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_diag_part(
      in[0],
      &(eager_matrix_diag_options){.k = {-1, 1}, .padding_value = 9, .align = "LEFT_RIGHT"},
      out);
}
static eager_status array_matrix_set_diag(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_set_diag(in[0], in[1], NULL, out);
}
static eager_status array_matrix_set_diagv2(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_set_diag(
      in[0], in[1], &(eager_matrix_diag_options){.k = {-1, 0}, .align = "LEFT_LEFT"}, out);
}
static eager_status array_matrix_set_diagv3(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_set_diag(
      in[0], in[1],
      &(eager_matrix_diag_options){.k = {-1, 1}, .padding_value = 9, .align = "LEFT_RIGHT"},
      out);
}
static eager_status array_matrix_band_part(eager_tensor *const *in, eager_tensor **out) {
  return eager_matrix_band_part(in[0], 1, 0, out);
}
static eager_status array_diag(eager_tensor *const *in, eager_tensor **out) {
  return eager_diag(in[0], out);
}
static eager_status array_diag_part(eager_tensor *const *in, eager_tensor **out) {
  return eager_diag_part(in[0], out);
}
static eager_status array_eye(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_eye(2, 3, 1, (int64_t[]){2}, EAGER_INT16, out);
}
static eager_status array_lin_space(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_linspace(-1, 2, 7, EAGER_FLOAT16, out);
}
static eager_status array_zeros(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_zeros(2, (int64_t[]){2, 3}, EAGER_INT8, out);
}
static eager_status array_ones(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_ones(2, (int64_t[]){2, 3}, EAGER_FLOAT32, out);
}
static eager_status array_invert_permutation(eager_tensor *const *in, eager_tensor **out) {
  return eager_invert_permutation(in[0], out);
}
static eager_status array_snapshot(eager_tensor *const *in, eager_tensor **out) {
  return eager_identity(in[0], out);
}
static eager_status array_stop_gradient(eager_tensor *const *in, eager_tensor **out) {
  return eager_stop_gradient(in[0], out);
}
static eager_status array_prevent_gradient(eager_tensor *const *in, eager_tensor **out) {
  return eager_stop_gradient(in[0], out);
}
static eager_status array_ensure_shape(eager_tensor *const *in, eager_tensor **out) {
  return eager_ensure_shape(in[0], 2, (int64_t[]){-1, 3}, out);
}

/* --- The same, by name --- */

static const row array_rows[] = {
    {"Split",
     array_split,
     {{EAGER_FLOAT32, {2, {2, 6}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}, {"num_split", EAGER_ATTR_INT, 1, {3}}},
     3},
    {"SplitV",
     array_splitv,
     {{EAGER_INT8, {2, {2, 6}}}},
     {{"size_splits", EAGER_ATTR_INT_LIST, 3, {1, -1, 2}},
      {"axis", EAGER_ATTR_INT, 1, {-1}}},
     3},
    {"Unpack",
     array_unpack,
     {{EAGER_FLOAT32, {2, {2, 3}}}},
     {{"num", EAGER_ATTR_INT, 1, {2}}},
     2},
    {"Pack",
     array_pack,
     {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {2, {2, 3}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}}},
    {"StridedSlice",
     array_strided_slice,
     {{EAGER_FLOAT32, {2, {5, 4}}}},
     {{"begin", EAGER_ATTR_INT_LIST, 2, {1, 3}},
      {"end", EAGER_ATTR_INT_LIST, 2, {4, 0}},
      {"strides", EAGER_ATTR_INT_LIST, 2, {2, -2}},
      {"begin_mask", EAGER_ATTR_INT, 1, {1}},
      {"end_mask", EAGER_ATTR_INT, 1, {2}},
      {"ellipsis_mask", EAGER_ATTR_INT, 1, {0}},
      {"new_axis_mask", EAGER_ATTR_INT, 1, {0}},
      {"shrink_axis_mask", EAGER_ATTR_INT, 1, {0}}}},
    {"StridedSliceGrad",
     array_strided_slice_grad,
     {{EAGER_FLOAT32, {2, {2, 2}}}},
     {{"shape", EAGER_ATTR_INT_LIST, 2, {5, 4}},
      {"begin", EAGER_ATTR_INT_LIST, 2, {1, 3}},
      {"end", EAGER_ATTR_INT_LIST, 2, {4, 0}},
      {"strides", EAGER_ATTR_INT_LIST, 2, {2, -2}},
      {"begin_mask", EAGER_ATTR_INT, 1, {1}},
      {"end_mask", EAGER_ATTR_INT, 1, {2}},
      {"ellipsis_mask", EAGER_ATTR_INT, 1, {0}},
      {"new_axis_mask", EAGER_ATTR_INT, 1, {0}},
      {"shrink_axis_mask", EAGER_ATTR_INT, 1, {0}}}},
    {"TensorStridedSliceUpdate",
     array_tensor_strided_slice_update,
     {{EAGER_FLOAT32, {2, {5, 4}}}, {EAGER_FLOAT32, {1, {2}}}},
     {{"begin", EAGER_ATTR_INT_LIST, 2, {1, 3}},
      {"end", EAGER_ATTR_INT_LIST, 2, {4, 0}},
      {"strides", EAGER_ATTR_INT_LIST, 2, {2, -2}},
      {"begin_mask", EAGER_ATTR_INT, 1, {1}},
      {"end_mask", EAGER_ATTR_INT, 1, {2}},
      {"ellipsis_mask", EAGER_ATTR_INT, 1, {0}},
      {"new_axis_mask", EAGER_ATTR_INT, 1, {0}},
      {"shrink_axis_mask", EAGER_ATTR_INT, 1, {0}}}},
    {"Pad",
     array_pad,
     {{EAGER_FLOAT16, {2, {2, 3}}}},
     {{"paddings", EAGER_ATTR_INT_LIST, 4, {1, 0, 2, 3}}}},
    {"PadV2",
     array_padv2,
     {{EAGER_FLOAT32, {2, {2, 3}}}, {EAGER_FLOAT32, {0}}},
     {{"paddings", EAGER_ATTR_INT_LIST, 4, {1, 0, 2, 3}}}},
    {"MirrorPad",
     array_mirror_pad,
     {{EAGER_FLOAT32, {2, {2, 3}}}},
     {{"paddings", EAGER_ATTR_INT_LIST, 4, {1, 0, 2, 1}},
      {"mode", EAGER_ATTR_STRING, 1, {0}, "REFLECT"}}},
    {"MirrorPadGrad",
     array_mirror_pad_grad,
     {{EAGER_FLOAT32, {2, {3, 6}}}},
     {{"paddings", EAGER_ATTR_INT_LIST, 4, {0, 1, 2, 1}},
      {"mode", EAGER_ATTR_STRING, 1, {0}, "SYMMETRIC"}}},
    {"Tile",
     array_tile,
     {{EAGER_FLOAT32, {2, {2, 3}}}},
     {{"multiples", EAGER_ATTR_INT_LIST, 2, {2, 3}}}},
    {"BroadcastTo",
     array_broadcast_to,
     {{EAGER_FLOAT32, {2, {3, 1}}}},
     {{"shape", EAGER_ATTR_INT_LIST, 3, {2, 3, 4}}}},
    {"ReverseV2",
     array_reversev2,
     {{EAGER_INT64, {2, {2, 3}}}},
     {{"axis", EAGER_ATTR_INT_LIST, 1, {1}}}},
    {"ReverseSequence",
     array_reverse_sequence,
     {{EAGER_FLOAT32, {2, {3, 5}}}, {EAGER_INT32, {1, {3}}, (const double[]){0, 3, 5}}},
     {{"seq_dim", EAGER_ATTR_INT, 1, {1}}, {"batch_dim", EAGER_ATTR_INT, 1, {0}}}},
    {"Roll",
     array_roll,
     {{EAGER_FLOAT32, {2, {3, 5}}}},
     {{"shift", EAGER_ATTR_INT_LIST, 2, {1, -2}},
      {"axis", EAGER_ATTR_INT_LIST, 2, {0, 1}}}},
    {"DepthToSpace",
     array_depth_to_space,
     {{EAGER_FLOAT32, {4, {1, 4, 2, 3}}}},
     {{"block_size", EAGER_ATTR_INT, 1, {2}},
      {"data_format", EAGER_ATTR_STRING, 1, {0}, "NCHW"}}},
    {"SpaceToDepth",
     array_space_to_depth,
     {{EAGER_FLOAT32, {4, {1, 2, 4, 3}}}},
     {{"block_size", EAGER_ATTR_INT, 1, {2}}}},
    {"BatchToSpaceND",
     array_batch_to_spacend,
     {{EAGER_FLOAT32, {3, {4, 2, 3}}}},
     {{"block_shape", EAGER_ATTR_INT_LIST, 2, {2, 2}},
      {"crops", EAGER_ATTR_INT_LIST, 4, {1, 0, 0, 1}}}},
    {"SpaceToBatchND",
     array_space_to_batchnd,
     {{EAGER_FLOAT32, {3, {1, 3, 3}}}},
     {{"block_shape", EAGER_ATTR_INT_LIST, 2, {2, 2}},
      {"paddings", EAGER_ATTR_INT_LIST, 4, {1, 0, 0, 1}}}},
    {"MatrixDiag", array_matrix_diag, {{EAGER_FLOAT32, {2, {2, 3}}}}, {{0}}},
    {"MatrixDiagV2",
     array_matrix_diagv2,
     {{EAGER_FLOAT32, {2, {2, 3}}}},
     {{"k", EAGER_ATTR_INT_LIST, 2, {0, 1}},
      {"num_cols", EAGER_ATTR_INT, 1, {4}},
      {"padding_value", EAGER_ATTR_FLOAT, 1, {9}}}},
    {"MatrixDiagV3",
     array_matrix_diagv3,
     {{EAGER_FLOAT32, {2, {3, 3}}}},
     {{"k", EAGER_ATTR_INT_LIST, 2, {-1, 1}},
      {"padding_value", EAGER_ATTR_FLOAT, 1, {9}},
      {"align", EAGER_ATTR_STRING, 1, {0}, "LEFT_RIGHT"}}},
    {"MatrixDiagPart", array_matrix_diag_part, {{EAGER_FLOAT32, {2, {2, 3}}}}, {{0}}},
    {"MatrixDiagPartV2",
     array_matrix_diag_partv2,
     {{EAGER_FLOAT32, {2, {3, 4}}}},
     {{"k", EAGER_ATTR_INT_LIST, 2, {-1, 1}}, {"padding_value", EAGER_ATTR_FLOAT, 1, {9}}}},
    {"MatrixDiagPartV3",
     array_matrix_diag_partv3,
     {{EAGER_FLOAT32, {2, {3, 4}}}},
     {{"k", EAGER_ATTR_INT_LIST, 2, {-1, 1}},
      {"padding_value", EAGER_ATTR_FLOAT, 1, {9}},
      {"align", EAGER_ATTR_STRING, 1, {0}, "LEFT_RIGHT"}}},
    {"MatrixSetDiag",
     array_matrix_set_diag,
     {{EAGER_FLOAT32, {2, {2, 3}}}, {EAGER_FLOAT32, {1, {2}}}},
     {{0}}},
    {"MatrixSetDiagV2",
     array_matrix_set_diagv2,
     {{EAGER_FLOAT32, {2, {3, 3}}}, {EAGER_FLOAT32, {2, {2, 3}}}},
     {{"k", EAGER_ATTR_INT_LIST, 2, {-1, 0}}}},
    {"MatrixSetDiagV3",
     array_matrix_set_diagv3,
     {{EAGER_FLOAT32, {2, {3, 3}}}, {EAGER_FLOAT32, {2, {3, 3}}}},
     {{"k", EAGER_ATTR_INT_LIST, 2, {-1, 1}},
      {"align", EAGER_ATTR_STRING, 1, {0}, "LEFT_RIGHT"}}},
    {"MatrixBandPart",
     array_matrix_band_part,
     {{EAGER_FLOAT32, {2, {3, 3}}}},
     {{"num_lower", EAGER_ATTR_INT, 1, {1}}, {"num_upper", EAGER_ATTR_INT, 1, {0}}}},
    {"Diag", array_diag, {{EAGER_FLOAT32, {1, {3}}}}, {{0}}},
    {"DiagPart", array_diag_part, {{EAGER_FLOAT32, {2, {3, 3}}}}, {{0}}},
    {"Eye",
     array_eye,
     {{0}},
     {{"num_rows", EAGER_ATTR_INT, 1, {2}},
      {"num_columns", EAGER_ATTR_INT, 1, {3}},
      {"batch_shape", EAGER_ATTR_INT_LIST, 1, {2}},
      {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_INT16}}}},
    {"LinSpace",
     array_lin_space,
     {{0}},
     {{"start", EAGER_ATTR_FLOAT, 1, {-1}},
      {"stop", EAGER_ATTR_FLOAT, 1, {2}},
      {"num", EAGER_ATTR_INT, 1, {7}},
      {"output_dtype", EAGER_ATTR_DTYPE, 1, {EAGER_FLOAT16}}}},
    {"Zeros",
     array_zeros,
     {{0}},
     {{"shape", EAGER_ATTR_INT_LIST, 2, {2, 3}},
      {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_INT8}}}},
    {"Ones", array_ones, {{0}}, {{"shape", EAGER_ATTR_INT_LIST, 2, {2, 3}}}},
    {"InvertPermutation",
     array_invert_permutation,
     {{EAGER_INT32, {1, {4}}, (const double[]){2, 0, 3, 1}}},
     {{0}}},
    {"Snapshot", array_snapshot, {{EAGER_FLOAT32, {1, {3}}}}, {{0}}},
    {"StopGradient", array_stop_gradient, {{EAGER_FLOAT32, {1, {3}}}}, {{0}}},
    {"PreventGradient",
     array_prevent_gradient,
     {{EAGER_FLOAT32, {1, {3}}}},
     {{"message", EAGER_ATTR_STRING, 1, {0}, "why"}}},
    {"EnsureShape",
     array_ensure_shape,
     {{EAGER_FLOAT32, {2, {2, 3}}}},
     {{"shape", EAGER_ATTR_INT_LIST, 2, {-1, 3}}}},

};

#endif
