/* The sizes that convolutions are cut up by, in one place. They depend on the device's
 * traits and the dtype, so that results do not depend on the number of threads. */
#ifndef EAGER_OPS_CONV_TUNING_H
#define EAGER_OPS_CONV_TUNING_H

#include "base/dtype.h"
#include "cl/platform.h"

typedef struct eager__conv_tuning {
  /* What the kernels are compiled with, here for planning; the macro of the same meaning
   * stands behind each. */
  int64_t tile_rows;    /* conv.cl: ROWS */
  int64_t tile_width;   /* conv.cl, conv_filter.cl: WIDTH */
  int64_t filter_depth; /* conv_filter.cl: DEPTH */
  int64_t filter_chunk; /* conv_filter.cl: CHUNK */
  /* Any positive values are right; those of filter_* decide in which order sums are added
   * up. */
  int64_t work;               /* multiplications worth a work-item of their own */
  int64_t most_tiles;         /* of one panel in a row: what they read stays in a cache */
  int64_t small_filter;       /* bytes of a filter that is read whole for every tile */
  int64_t near_panel;         /* bytes of a panel of it that the first cache keeps */
  int64_t near_tiles;         /* that read such a panel, at least */
  int64_t laid_out;           /* bytes of images that are laid out at once, about */
  int64_t filter_items;       /* work-items of the filter's gradient on CPUs */
  int64_t filter_part_pixels; /* least of a part there */
  int64_t filter_parts_size;  /* most bytes of all parts' sums there */
  int64_t depthwise_work;     /* as work */
  int64_t depthwise_items;    /* wanted at least: all channels of a row go together above */
} eager__conv_tuning;

/* Pure. */
eager__conv_tuning eager__conv_tuning_of(const eager__traits *traits, eager_dtype dtype);

#endif
