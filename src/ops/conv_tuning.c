#include "ops/conv_tuning.h"

#include "ops/plan.h"

eager__conv_tuning eager__conv_tuning_of(const eager__traits *traits, eager_dtype dtype) {
  bool cpu = traits->cpu_like, two = cpu && eager__computed_size(dtype) < 8;
  return (eager__conv_tuning){
      .tile_rows = cpu ? 14 : 4,
      .tile_width = traits->vector_width * (two ? 2 : 1),
      .filter_depth = cpu ? 8 : 4,
      .filter_chunk = 128,
      .work = (int64_t)traits->conv_work << 10,
      .most_tiles = traits->conv_tiles,
      .small_filter = 192 << 10,
      .near_panel = 16 << 10,
      .near_tiles = 4,
      .laid_out = 8 << 20,
      .filter_items = traits->conv_filter_items,
      .filter_part_pixels = 1024,
      .filter_parts_size = 2 << 20,
      .depthwise_work = 16384,
      .depthwise_items = 64,
  };
}
