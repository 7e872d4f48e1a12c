/* Doors of segments, counts, gather and scatter. */
#ifndef EAGER_TESTS_DOORS_SEGMENT_H
#define EAGER_TESTS_DOORS_SEGMENT_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status segment_sum(eager_tensor *const *in, eager_tensor **out) {
  return eager_segment_sum(in[0], in[1], out);
}
static eager_status segment_mean(eager_tensor *const *in, eager_tensor **out) {
  return eager_segment_mean(in[0], in[1], out);
}
static eager_status segment_prod(eager_tensor *const *in, eager_tensor **out) {
  return eager_segment_prod(in[0], in[1], out);
}
static eager_status segment_max(eager_tensor *const *in, eager_tensor **out) {
  return eager_segment_max(in[0], in[1], out);
}
static eager_status segment_min(eager_tensor *const *in, eager_tensor **out) {
  return eager_segment_min(in[0], in[1], out);
}
static eager_status unsorted_segment_sum(eager_tensor *const *in, eager_tensor **out) {
  return eager_unsorted_segment_sum(in[0], in[1], 9, out);
}
static eager_status unsorted_segment_mean(eager_tensor *const *in, eager_tensor **out) {
  return eager_unsorted_segment_mean(in[0], in[1], 9, out);
}
static eager_status unsorted_segment_sqrt_n(eager_tensor *const *in, eager_tensor **out) {
  return eager_unsorted_segment_sqrt_n(in[0], in[1], 9, out);
}
static eager_status unsorted_segment_prod(eager_tensor *const *in, eager_tensor **out) {
  return eager_unsorted_segment_prod(in[0], in[1], 9, out);
}
static eager_status unsorted_segment_max(eager_tensor *const *in, eager_tensor **out) {
  return eager_unsorted_segment_max(in[0], in[1], 9, out);
}
static eager_status unsorted_segment_min(eager_tensor *const *in, eager_tensor **out) {
  return eager_unsorted_segment_min(in[0], in[1], 9, out);
}
static eager_status bincount(eager_tensor *const *in, eager_tensor **out) {
  eager_bincount_options options = {.weights = in[1], .minlength = 6, .maxlength = 6};
  return eager_bincount(in[0], &options, out);
}
static eager_status bincount_of_rows(eager_tensor *const *in, eager_tensor **out) {
  eager_bincount_options options = {.axis = -1, .binary_output = true, .minlength = 12};
  return eager_bincount(in[0], &options, out);
}
static eager_status histogram(eager_tensor *const *in, eager_tensor **out) {
  return eager_histogram_fixed_width(in[0], 0.5, 4, 6, EAGER_INT64, out);
}
static eager_status batch_gather(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_gather(in[0], in[1], 1, 1, out);
}
static eager_status gather_nd(eager_tensor *const *in, eager_tensor **out) {
  return eager_gather_nd(in[0], in[1], 0, out);
}
static eager_status scatter_nd(eager_tensor *const *in, eager_tensor **out) {
  return eager_scatter_nd(in[0], in[1], 2, (int64_t[]){8, 2}, out);
}
static eager_status scatter_add(eager_tensor *const *in, eager_tensor **out) {
  return eager_tensor_scatter_nd_add(in[0], in[1], in[2], out);
}
static eager_status scatter_sub(eager_tensor *const *in, eager_tensor **out) {
  return eager_tensor_scatter_nd_sub(in[0], in[1], in[2], out);
}
static eager_status scatter_update(eager_tensor *const *in, eager_tensor **out) {
  return eager_tensor_scatter_nd_update(in[0], in[1], in[2], out);
}
static eager_status scatter_max(eager_tensor *const *in, eager_tensor **out) {
  return eager_tensor_scatter_nd_max(in[0], in[1], in[2], out);
}
static eager_status scatter_min(eager_tensor *const *in, eager_tensor **out) {
  return eager_tensor_scatter_nd_min(in[0], in[1], in[2], out);
}

/* --- The same, by name --- */

static const double rising_ids[] = {0, 0, 2, 2, 2, 3};
#define SEGMENTS                                                                           \
  {                                                                                        \
    {EAGER_FLOAT32, {2, {6, 3}}}, {                                                        \
      EAGER_INT32, {1, {6}}, rising_ids                                                    \
    }                                                                                      \
  }
#define ROWS                                                                               \
  {                                                                                        \
    {EAGER_FLOAT32, {2, {6, 3}}}, {                                                        \
      EAGER_INT64, {                                                                       \
        1, {                                                                               \
          6                                                                                \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }
#define NINE                                                                               \
  {                                                                                        \
    {                                                                                      \
      "num_segments", EAGER_ATTR_INT, 1, {                                                 \
        9                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }
#define SCATTER                                                                            \
  {                                                                                        \
    {EAGER_FLOAT32, {2, {8, 2}}}, {EAGER_INT32, {2, {4, 1}}}, {                            \
      EAGER_FLOAT32, {                                                                     \
        2, {                                                                               \
          4, 2                                                                             \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }

static const row segment_rows[] = {
    {"SegmentSum", segment_sum, SEGMENTS, {{0}}},
    {"SegmentMean", segment_mean, SEGMENTS, {{0}}},
    {"SegmentProd", segment_prod, SEGMENTS, {{0}}},
    {"SegmentMax", segment_max, SEGMENTS, {{0}}},
    {"SegmentMin", segment_min, SEGMENTS, {{0}}},
    {"UnsortedSegmentSum", unsorted_segment_sum, ROWS, NINE},
    {"UnsortedSegmentMean", unsorted_segment_mean, ROWS, NINE},
    {"UnsortedSegmentSqrtN", unsorted_segment_sqrt_n, ROWS, NINE},
    {"UnsortedSegmentProd", unsorted_segment_prod, ROWS, NINE},
    {"UnsortedSegmentMax", unsorted_segment_max, ROWS, NINE},
    {"UnsortedSegmentMin", unsorted_segment_min, ROWS, NINE},
    {"Bincount",
     bincount,
     {{EAGER_INT32, {1, {9}}}, {EAGER_FLOAT32, {1, {9}}}},
     {{"size", EAGER_ATTR_INT, 1, {6}}}},
    {"DenseBincount",
     bincount,
     {{EAGER_INT64, {1, {9}}}, {EAGER_FLOAT32, {1, {9}}}},
     {{"size", EAGER_ATTR_INT, 1, {6}}}},
    {"DenseBincount",
     bincount_of_rows,
     {{EAGER_INT64, {2, {3, 5}}}},
     {{"size", EAGER_ATTR_INT, 1, {12}}, {"binary_output", EAGER_ATTR_BOOL, 1, {true}}}},
    {"HistogramFixedWidth",
     histogram,
     {{EAGER_FLOAT32, {2, {5, 7}}}},
     {{"value_range", EAGER_ATTR_FLOAT_LIST, 2, {0.5, 4}},
      {"nbins", EAGER_ATTR_INT, 1, {6}},
      {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_INT64}}}},
    {"GatherV2",
     batch_gather,
     {{EAGER_FLOAT32, {2, {2, 8}}}, {EAGER_INT16, {2, {2, 3}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}, {"batch_dims", EAGER_ATTR_INT, 1, {1}}}},
    {"GatherNd",
     gather_nd,
     {{EAGER_FLOAT32, {3, {8, 8, 2}}}, {EAGER_INT32, {2, {3, 2}}}},
     {{0}}},
    {"ScatterNd",
     scatter_nd,
     {{EAGER_INT16, {2, {4, 1}}}, {EAGER_FLOAT32, {2, {4, 2}}}},
     {{"shape", EAGER_ATTR_INT_LIST, 2, {8, 2}}}},
    {"TensorScatterAdd", scatter_add, SCATTER, {{0}}},
    {"TensorScatterSub", scatter_sub, SCATTER, {{0}}},
    {"TensorScatterUpdate", scatter_update, SCATTER, {{0}}},
    {"TensorScatterMax", scatter_max, SCATTER, {{0}}},
    {"TensorScatterMin", scatter_min, SCATTER, {{0}}},
};

#endif
