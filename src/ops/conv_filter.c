#include "ops/conv_filter.h"

#include "ops/conv_depthwise.h"
#include "ops/conv_pack.h"
#include "ops/conv_pointwise.h"
#include "ops/conv_tuning.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/lanes.h"
#include "ops/plan.h"

enum {
  LEAST_PIXELS = 256,       /* worth a part of their own */
  MOST_BYTES = 64 << 20,    /* of all parts' sums */
  CPU_ITEMS = 128,          /* work-items that are enough for any number of cores */
  GPU_ITEMS = 65536,        /* and of a GPU */
  CACHED = 1 << 20,         /* bytes of x and dy that all items of a launch read */
  TRIPS = EAGER__TRIPS / 4, /* of limited loops: drivers' unrolled ones count */
};

/* As `filter_conv` in conv_filter.cl. */
typedef struct filter_conv {
  int64_t source[3], out[3], taps[3], stride[3], dilation[3], before[3];
  int64_t pixels, part, parts, begin, end, is_whole;
  int64_t groups, blocks, panels, lanes, reduce, row;
  int64_t x_pixel, x_group, x_step, y_pixel, y_group;
  int64_t blocks_each, joined;
} filter_conv;

static void set_axes(filter_conv *f, const eager__window *window) {
  int first = EAGER__SPATIAL - window->spatial; /* the last ones are the innermost */
  for (int i = 0; i < EAGER__SPATIAL; i++) {
    static const eager__window_axis none = {1, 1, 1, 1, 1, 0, 0};
    const eager__window_axis *axis = i < first ? &none : &window->axes[i - first];
    f->source[i] = axis->in;
    f->out[i] = axis->out;
    f->taps[i] = axis->size;
    f->stride[i] = axis->stride;
    f->dilation[i] = axis->dilation;
    f->before[i] = axis->before;
  }
}

static int64_t items_of_part(const filter_conv *f) {
  return f->taps[0] * f->taps[1] * f->taps[2] * f->groups * f->blocks * f->panels;
}

static void plan_parts(filter_conv *f, int64_t bytes, bool few) {
  int64_t parts = eager__ceil_div(few ? CPU_ITEMS : GPU_ITEMS, items_of_part(f));
  parts = eager__at_most(parts, eager__ceil_div(f->pixels, LEAST_PIXELS));
  parts = eager__at_most(parts, eager__at_least(MOST_BYTES / bytes, 1));
  f->part = eager__ceil_div(f->pixels, parts);
  f->parts = eager__ceil_div(f->pixels, f->part);
}

/* Pixels of a part for one launch. On CPUs every item of a launch reads the same pixels:
 * few enough to stay in a cache, but more than the sums that pass through memory. */
static int64_t pass_pixels(const filter_conv *f, const eager__traits *traits, int64_t bytes,
                           int64_t element) {
  if (traits->loop_limit != 0) return TRIPS;
  if (!traits->cpu_like) return f->part;
  int64_t pixel = (f->x_pixel + f->y_pixel) * element * f->parts;
  return eager__at_least(eager__at_least(CACHED, bytes) / pixel, LEAST_PIXELS);
}

static eager_status add_pass(const eager__call *call, eager__commands *commands,
                             const filter_conv *f, bool dealt, const eager__spot *x,
                             const eager__spot *dy, int scratch) {
  eager__kernel_begin(commands, &eager__family_conv_filter, call->dtype,
                      dealt ? "filter_lanes" : "filter_tiles");
  eager__arg_at(commands, x);
  eager__arg_at(commands, dy);
  eager__arg_output(commands, 0);
  if (scratch >= 0)
    eager__arg_scratch(commands, scratch);
  else
    eager__arg_at(commands, dy); /* not looked at */
  eager__arg_bytes(commands, f, sizeof *f);
  return eager__kernel_end(commands,
                           eager__grid_each(commands, f->parts * items_of_part(f), 1));
}

/* Without a window all pixels are one row. */
static void join_pixels(filter_conv *f) {
  for (int i = 0; i < EAGER__SPATIAL; i++)
    if (f->taps[i] != 1 || f->stride[i] != 1 || f->before[i] != 0 ||
        f->source[i] != f->out[i])
      return;
  f->source[0] = f->source[1] = f->out[0] = f->out[1] = 1;
  f->source[2] = f->out[2] = f->pixels;
}

/* Where channels are few, those of all taps of a row are taken as one tap's: they follow
 * each other in x and in the result. */
static void join_taps(filter_conv *f, int64_t depth) {
  if (f->groups > 1 || f->reduce >= depth || f->taps[2] == 1 || f->dilation[2] != 1) return;
  f->joined = f->reduce;
  f->reduce *= f->taps[2];
  f->taps[2] = 1;
  f->blocks = eager__ceil_div(f->reduce, depth);
}

/* On CPUs. Parts copy less of dy than cuts between blocks, but their sums pass through
 * memory once more. */
static eager_status add_panels(const eager__call *call, eager__commands *commands,
                               filter_conv *f, const eager__spot *x, const eager__spot *dy,
                               const eager__conv_tuning *tuning) {
  join_pixels(f);
  join_taps(f, tuning->filter_depth);
  int64_t taps = f->taps[0] * f->taps[1] * f->taps[2], across = f->groups * f->panels;
  int64_t tiles = across * f->blocks;
  int64_t count = tiles * taps * tuning->filter_depth * tuning->tile_width;
  size_t element = eager__computed_size(call->dtype);
  int64_t most = eager__at_least(tuning->filter_parts_size / (count * (int64_t)element), 1);
  int64_t parts = eager__ceil_div(tuning->filter_items, across);
  parts = eager__at_most(parts, eager__ceil_div(f->pixels, tuning->filter_part_pixels));
  parts = eager__at_most(parts, most);
  f->part = eager__ceil_div(eager__ceil_div(f->pixels, parts), tuning->filter_chunk) *
            tuning->filter_chunk;
  f->parts = eager__ceil_div(f->pixels, f->part);
  int64_t cuts = eager__ceil_div(tuning->filter_items, across * f->parts);
  f->blocks_each = eager__ceil_div(f->blocks, eager__at_most(cuts, f->blocks));
  int sums = eager__scratch(commands, (size_t)(f->parts * count) * element);
  int64_t items = f->parts * across * eager__ceil_div(f->blocks, f->blocks_each);
  eager__kernel_begin(commands, &eager__family_conv_filter, call->dtype, "filter_panels");
  eager__arg_at(commands, x);
  eager__arg_at(commands, dy);
  eager__arg_scratch(commands, sums);
  eager__arg_bytes(commands, f, sizeof *f);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_1d(items, 1)));
  eager__kernel_begin(commands, &eager__family_conv_filter, call->dtype, "filter_gather");
  eager__arg_scratch(commands, sums);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, f, sizeof *f);
  return eager__kernel_end(commands, eager__grid_1d(taps * f->reduce, 1));
}

eager_status eager__conv_filter_gradient(eager__call *call, eager__commands *commands) {
  const eager__traits *traits = eager__commands_traits(commands);
  const uint8_t zero[8] = {0};
  eager__conv conv;
  EAGER__TRY(eager__conv_read(call, &conv));
  if (eager__shape_elements(call->inputs[0].shape) == 0 ||
      eager__shape_elements(call->inputs[1].shape) == 0)
    return eager__add_fill(commands, 0, zero, eager_dtype_size(call->dtype));
  if (eager__conv_is_pointwise(&conv, EAGER__CONV_TO_FILTER, call->dtype))
    return eager__conv_pointwise(call, commands, &conv, EAGER__CONV_TO_FILTER);
  if (eager__conv_is_depthwise(traits, &conv))
    return eager__conv_depthwise(call, commands, &conv, EAGER__CONV_TO_FILTER);

  eager__conv_tuning tuning = eager__conv_tuning_of(traits, call->dtype);
  int64_t vector = traits->vector_width, group_out = conv.filters / conv.groups;
  bool dealt = conv.groups > 1 && group_out * 4 <= vector;
  filter_conv f = {.groups = dealt ? 1 : conv.groups,
                   .lanes = dealt ? conv.filters : group_out,
                   .reduce = conv.channels / conv.groups,
                   .row = conv.filters};
  set_axes(&f, &conv.window);
  f.pixels = conv.batch * f.out[0] * f.out[1] * f.out[2];
  f.blocks = dealt ? f.reduce : eager__ceil_div(f.reduce, tuning.filter_depth);
  f.panels = eager__ceil_div(f.lanes, tuning.tile_width);
  eager__conv_lanes x_lanes =
      dealt ? eager__conv_lanes_dealt(conv.groups, group_out, f.reduce, vector)
            : eager__conv_lanes_plain(conv.channels);
  eager__conv_lanes y_lanes = eager__conv_lanes_padded(f.groups, f.lanes, vector);
  f.x_pixel = x_lanes.lanes;
  f.x_group = dealt ? 0 : f.reduce;
  f.x_step = dealt ? x_lanes.inner : 1;
  f.y_pixel = y_lanes.lanes;
  f.y_group = y_lanes.inner;
  eager__spot x, dy;
  EAGER__TRY(eager__conv_pack_pixels(call, commands, &eager__family_conv_filter,
                                     &conv.window, 0, &x_lanes, &x));
  EAGER__TRY(eager__conv_pack_pixels(call, commands, &eager__family_conv_filter,
                                     &conv.window, 1, &y_lanes, &dy));
  if (traits->cpu_like && !dealt) return add_panels(call, commands, &f, &x, &dy, &tuning);

  int64_t count = eager__shape_elements(&conv.filter);
  size_t element = eager__computed_size(call->dtype);
  /* What limits loops is llvmpipe: a CPU too. */
  plan_parts(&f, count * (int64_t)element, traits->cpu_like || traits->loop_limit != 0);

  int64_t trips = pass_pixels(&f, traits, count * (int64_t)element, (int64_t)element);
  f.is_whole = f.parts == 1 && f.part <= trips;
  int scratch = -1;
  if (!f.is_whole) scratch = eager__scratch(commands, (size_t)(f.parts * count) * element);
  for (f.begin = 0; f.begin < f.part; f.begin = f.end) {
    f.end = eager__at_most(f.part, f.begin + trips);
    EAGER__TRY(add_pass(call, commands, &f, dealt, &x, &dy, scratch));
  }
  if (f.is_whole) return EAGER_OK;
  return eager__conv_add_parts(call, commands, &eager__family_conv_filter, count, f.parts,
                               scratch);
}
