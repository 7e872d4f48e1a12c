#include "ops/families.h"

#include "base/dtype.h"

const eager__family eager__family_cast = {.name = "cast", .files = {"convert", "cast"}};
const eager__family eager__family_rows = {
    .name = "rows",
    .files = {"carry", "fold", "reduce", "reduce_kernel"},
    .blocks = {"reduce_sum"},
    .groups = {"reduce_group", "reduce_sum_group"}};
const eager__family eager__family_folds = {
    .name = "folds",
    .files = {"carry", "fold", "reduce", "reduce_kernel"},
    .blocks = {"reduce_plain"},
    .groups = {"reduce_group", "reduce_plain_group"}};
const eager__family eager__family_arg = {.name = "arg",
                                         .files = {"carry", "fold", "reduce", "arg"},
                                         .blocks = {"arg_block"},
                                         .groups = {"arg_group"}};
const eager__family eager__family_means = {
    .name = "means",
    .files = {"carry", "fold", "reduce", "reduce_kernel"},
    .blocks = {"reduce_sum"},
    .groups = {"reduce_group", "reduce_sum_group"},
    .wide = true};
const eager__family eager__family_moments = {
    .name = "moments",
    .files = {"carry", "fold", "reduce"},
    .blocks = {"reduce_about"},
    .groups = {"reduce_group", "reduce_about_group"}};
const eager__family eager__family_pool = {.name = "pool", .files = {"pool"}};
const eager__family eager__family_resize = {.name = "resize", .files = {"resize"}};
const eager__family eager__family_lrn = {.name = "lrn", .files = {"lrn"}};
const eager__family eager__family_cumulative = {.name = "cumulative",
                                                .files = {"cumulative"}};
const eager__family eager__family_softmax = {.name = "softmax",
                                             .files = {"carry", "rowwise", "softmax"},
                                             .blocks = {"short_rows", "softmax_short"}};
const eager__family eager__family_losses = {
    .name = "losses",
    .files = {"carry", "rowwise", "cross_entropy"},
    .blocks = {"short_rows", "cross_entropy_short"}};
const eager__family eager__family_attention = {.name = "attention",
                                               .files = {"carry", "rowwise", "attention"}};
const eager__family eager__family_norm = {
    .name = "norm",
    .files = {"carry", "rowwise", "channel_sums", "batch_norm", "layer_norm"}};
const eager__family eager__family_array = {
    .name = "array", .files = {"moves", "concat", "gather", "one_hot", "fill"}};
const eager__family eager__family_transpose = {.name = "transpose", .files = {"transpose"}};
const eager__family eager__family_layout = {
    .name = "layout", .files = {"moves", "place", "split", "pad", "space", "reverse"}};
const eager__family eager__family_mirror = {.name = "mirror", .files = {"mirror"}};
const eager__family eager__family_diag = {.name = "diag",
                                          .files = {"moves", "diag", "invert"}};
const eager__family eager__family_buckets = {.name = "buckets", .files = {"buckets"}};
const eager__family eager__family_scatter = {
    .name = "scatter", .files = {"moves", "carry", "fold", "scatter"}};
const eager__family eager__family_owners = {.name = "owners", .files = {"owners"}};
const eager__family eager__family_histogram = {.name = "histogram", .files = {"histogram"}};
const eager__family eager__family_gemm_thin = {.name = "gemm_thin",
                                               .files = {"matmul", "matmul_thin"}};
const eager__family eager__family_gemm_groups = {.name = "gemm_groups",
                                                 .files = {"matmul", "matmul_group"}};
const eager__family eager__family_einsum = {.name = "einsum", .files = {"einsum"}};
const eager__family eager__family_factor = {.name = "factor", .files = {"factor"}};
const eager__family eager__family_conv = {
    .name = "conv",
    .files = {"conv_sums", "turn", "conv_pack", "conv"},
    .blocks = {"conv_blocks"},
    .groups = {"conv_tiles"}};
const eager__family eager__family_conv_filter = {
    .name = "conv_filter",
    .files = {"conv_sums", "turn", "conv_pack", "conv_filter"},
    .blocks = {"conv_filter_panels"},
    .groups = {"conv_filter_tiles"}};
const eager__family eager__family_conv_pixels = {.name = "conv_pixels",
                                                 .files = {"conv_sums", "conv_depthwise",
                                                           "conv_columns", "conv_pixels",
                                                           "conv_pixels_filter"}};
const eager__family eager__family_conv_columns = {
    .name = "conv_columns",
    .files = {"conv_sums", "conv_depthwise", "conv_columns", "conv_columns_apart"}};
const eager__family eager__family_conv_planes = {
    .name = "conv_planes",
    .files = {"conv_sums", "conv_depthwise", "conv_planes", "conv_planes_one"}};
const eager__family eager__family_conv_planes_two = {
    .name = "conv_planes_two",
    .files = {"conv_sums", "conv_depthwise", "conv_planes", "conv_planes_two"}};
const eager__family eager__family_sums = {.name = "sums", .files = {"add_n", "cross"}};
const eager__family eager__family_range = {.name = "range", .files = {"range"}};
const eager__family eager__family_random = {.name = "random",
                                            .files = {"philox", "random"}};
const eager__family eager__family_normal = {.name = "normal",
                                            .files = {"philox", "random", "normal"}};
const eager__family eager__family_random_int = {.name = "random_int",
                                                .files = {"philox", "random_int"}};
const eager__family eager__family_categorical = {.name = "categorical",
                                                 .files = {"philox", "categorical"}};
const eager__family eager__family_dropout = {.name = "dropout",
                                             .files = {"philox", "dropout"}};
const eager__family eager__family_scan = {.name = "scan", .files = {"scan"}};
const eager__family eager__family_sort = {
    .name = "sort", .files = {"order_keys", "order", "search", "unique", "where"}};
const eager__family eager__family_best = {.name = "best", .files = {"order_keys", "best"}};

enum {
  MOVED = EAGER__BIT(EAGER_UINT8) | EAGER__BIT(EAGER_UINT16) | EAGER__BIT(EAGER_UINT32) |
          EAGER__BIT(EAGER_UINT64),
  DRAWN = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) | EAGER__BIT(EAGER_UINT32) |
          EAGER__BIT(EAGER_UINT64),
};

const eager__family_row eager__families[] = {
    {&eager__family_elementwise, EAGER__NUMBERS},
    {&eager__family_choices, EAGER__ANY & ~EAGER__BOOLS},
    {&eager__family_comparisons, EAGER__ANY},
    {&eager__family_functions, EAGER__NUMBERS},
    {&eager__family_special, EAGER__FLOATS},
    {&eager__family_bessel, EAGER__FLOATS},
    {&eager__family_cast, EAGER__ANY},
    {&eager__family_rows, EAGER__ANY},
    {&eager__family_folds, EAGER__ANY},
    {&eager__family_arg, EAGER__ANY},
    {&eager__family_means, EAGER__INTEGERS},
    {&eager__family_moments, EAGER__NUMBERS},
    {&eager__family_cumulative, EAGER__NUMBERS},
    {&eager__family_pool, EAGER__NUMBERS},
    {&eager__family_resize, EAGER__NUMBERS},
    {&eager__family_lrn, EAGER__FLOATS},
    {&eager__family_softmax, EAGER__FLOATS},
    {&eager__family_losses, EAGER__FLOATS},
    {&eager__family_norm, EAGER__FLOATS},
    {&eager__family_bias, EAGER__NUMBERS},
    {&eager__family_attention, EAGER__FLOATS},
    {&eager__family_array, MOVED},
    {&eager__family_transpose, MOVED},
    {&eager__family_layout, MOVED},
    {&eager__family_mirror, EAGER__NUMBERS},
    {&eager__family_diag, MOVED},
    {&eager__family_gemm, EAGER__NUMBERS},
    {&eager__family_gemm_columns, EAGER__NUMBERS},
    {&eager__family_gemm_direct, EAGER__NUMBERS},
    {&eager__family_gemm_packed, EAGER__NUMBERS},
    {&eager__family_gemm_thin, EAGER__NUMBERS},
    {&eager__family_gemm_groups, EAGER__NUMBERS},
    {&eager__family_einsum, EAGER__NUMBERS},
    {&eager__family_factor, EAGER__FLOATS},
    {&eager__family_conv, EAGER__FLOATS | EAGER__BIT(EAGER_INT32)},
    {&eager__family_conv_filter, EAGER__FLOATS},
    {&eager__family_conv_pixels, EAGER__FLOATS},
    {&eager__family_conv_columns, EAGER__FLOATS},
    {&eager__family_conv_planes, EAGER__FLOATS},
    {&eager__family_conv_planes_two, EAGER__FLOATS},
    {&eager__family_buckets, EAGER__BIT(EAGER_UINT32)},
    {&eager__family_scatter, EAGER__ANY},
    {&eager__family_owners, EAGER__NUMBERS},
    {&eager__family_histogram, EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) |
                                   EAGER__BIT(EAGER_FLOAT32) | EAGER__BIT(EAGER_FLOAT64)},
    {&eager__family_sums, EAGER__NUMBERS},
    {&eager__family_range, EAGER__NUMBERS},
    {&eager__family_random, EAGER__FLOATS},
    {&eager__family_normal, EAGER__FLOATS},
    {&eager__family_random_int, DRAWN},
    {&eager__family_categorical, EAGER__FLOATS},
    {&eager__family_dropout, EAGER__FLOATS},
    {&eager__family_scan, EAGER__BIT(EAGER_UINT32) | EAGER__BIT(EAGER_UINT64)},
    {&eager__family_sort, MOVED},
    {&eager__family_best, MOVED},
};
const int eager__family_count = sizeof eager__families / sizeof *eager__families;

eager_dtype eager__move_dtype(eager_dtype dtype) {
  switch (eager_dtype_size(dtype)) {
  case 1:
    return EAGER_UINT8;
  case 2:
    return EAGER_UINT16;
  case 4:
    return EAGER_UINT32;
  default:
    return EAGER_UINT64;
  }
}
