#include "ops/conv_pack.h"

#include "ops/conv_tuning.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/lanes.h"
#include "ops/plan.h"

/* As in conv_pack.cl. */
typedef struct pixels_pack {
  int64_t pixels, plane, lanes, inner, outer_step, repeat, inner_step, limit;
  int64_t x_batch, x_pixel, x_channel, each, squares;
} pixels_pack;

typedef struct filter_pack {
  int64_t rows, reduce, width, panels, lanes, count, each;
  int64_t first, tap_step, reduce_step, group_step, lane_group, lane_outer, lane_inner;
} filter_pack;

enum { BLOCK = 64 }; /* pixels, or rows of the filter, that a work-item of a CPU packs */

static int64_t round_up(int64_t x, int64_t multiple) {
  return eager__ceil_div(x, multiple) * multiple;
}

eager__conv_lanes eager__conv_lanes_plain(int64_t channels) {
  return (eager__conv_lanes){channels, channels, 0, 1, 1, channels};
}

eager__conv_lanes eager__conv_lanes_padded(int64_t groups, int64_t group_size,
                                           int64_t multiple) {
  int64_t padded = round_up(group_size, multiple);
  return (eager__conv_lanes){groups * padded, padded, group_size, 1, 1, group_size};
}

eager__conv_lanes eager__conv_lanes_dealt(int64_t groups, int64_t repeat, int64_t reduce,
                                          int64_t multiple) {
  int64_t all = groups * repeat, padded = round_up(all, multiple);
  return (eager__conv_lanes){reduce * padded, padded, 1, repeat, reduce, all};
}

static bool is_plain(const eager__conv_lanes *l, int64_t channels) {
  return l->lanes == channels && l->repeat == 1 && l->inner_step == 1 &&
         l->limit == l->inner && (l->inner == channels || l->outer_step == l->inner);
}

static eager_status pack_dense(const eager__call *call, eager__commands *commands,
                               const eager__family *family, const eager__spot *x,
                               int64_t count, const eager__spot *out) {
  eager__kernel_begin(commands, family, call->dtype, "pack_dense");
  eager__lanes lanes = eager__lanes_plan(commands, count);
  eager__arg_at(commands, x);
  eager__arg_at(commands, out);
  eager__arg_long(commands, count);
  eager__arg_long(commands, lanes.chunk);
  return eager__kernel_end(commands, lanes.grid);
}

eager_status eager__conv_pack_pixels(const eager__call *call, eager__commands *commands,
                                     const eager__family *family,
                                     const eager__window *window, int input,
                                     const eager__conv_lanes *lanes, eager__spot *out) {
  const eager__conv_images all = {0, call->inputs[input].shape->dims[0]};
  return eager__conv_pack_images(call, commands, family, window, input, lanes, &all, out);
}

eager_status eager__conv_pack_images(const eager__call *call, eager__commands *commands,
                                     const eager__family *family,
                                     const eager__window *window, int input,
                                     const eager__conv_lanes *lanes,
                                     const eager__conv_images *images, eager__spot *out) {
  const eager__shape *x = call->inputs[input].shape;
  int64_t channels = x->dims[eager__window_channel_axis(window)];
  int64_t plane = eager__shape_elements(x) / channels / x->dims[0];
  int64_t pixels = plane * images->count;
  bool last = !window->channels_first || channels == 1 || plane == 1;
  bool narrow = eager__computed_size(call->dtype) != eager_dtype_size(call->dtype);
  bool plain = last && is_plain(lanes, channels);
  const eager__spot from = {EAGER__PLACE_INPUT, input, images->first * plane * channels};
  if (plain && !narrow) {
    *out = from;
    return EAGER_OK;
  }

  size_t size = (size_t)(pixels * lanes->lanes) * eager__computed_size(call->dtype);
  if (images->first == 0)
    *out = (eager__spot){EAGER__PLACE_SCRATCH, eager__scratch(commands, size), 0};
  if (plain) return pack_dense(call, commands, family, &from, pixels * channels, out);
  bool cpu = eager__commands_traits(commands)->cpu_like;
  pixels_pack p = {pixels,
                   last ? pixels : plane,
                   lanes->lanes,
                   lanes->inner,
                   lanes->outer_step,
                   lanes->repeat,
                   lanes->inner_step,
                   lanes->limit,
                   .x_batch = plane * channels,
                   .x_pixel = last ? channels : 1,
                   .x_channel = last ? 1 : plane,
                   .each = eager__ceil_div(plane, eager__ceil_div(plane, BLOCK)),
                   .squares = !last && is_plain(lanes, channels) &&
                              channels >= eager__commands_traits(commands)->vector_width};
  eager__kernel_begin(commands, family, call->dtype, "pack_pixels");
  eager__arg_at(commands, &from);
  eager__arg_at(commands, out);
  eager__arg_bytes(commands, &p, sizeof p);
  return eager__kernel_end(
      commands, cpu ? eager__grid_1d(eager__ceil_div(pixels, p.each), 1)
                    : eager__grid_1d(pixels * p.lanes, eager__group_size(commands)));
}

/* A filter that stays the same is laid out once and kept, where that shows: 3 % with 1568
 * pixels of the result, half of the time with 49. */
static int find_form(const eager__call *call, eager__commands *commands,
                     const eager__conv *conv, int input, const eager__conv_roles *roles,
                     size_t size, bool *out_make) {
  int64_t pixels = conv->batch, most = 2048;
  for (int i = 0; i < conv->window.spatial && pixels <= most; i++)
    pixels *= roles->to_input ? conv->window.axes[i].in : conv->window.axes[i].out;
  if (size < EAGER__KEPT_LEAST || pixels > most) return -1;
  eager__form_key key = {.layout = &eager__family_conv,
                         .dtype = call->dtype,
                         .rows = eager__shape_elements(&conv->filter),
                         .columns = conv->channels / conv->groups,
                         .row = conv->filters,
                         .column = conv->groups * 8 + roles->turned * 4 +
                                   roles->to_input * 2 + roles->dealt};
  const eager__spot filter = {EAGER__PLACE_INPUT, input, 0};
  int form = eager__input_form(commands, &filter, &key, size, out_make);
  if (form < 0) *out_make = true;
  return form;
}

eager_status eager__conv_pack_filter(const eager__call *call, eager__commands *commands,
                                     const eager__conv *conv, int input,
                                     const eager__conv_roles *roles,
                                     eager__conv_weights *out) {
  bool to_input = roles->to_input, dealt = roles->dealt;
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t filters = conv->filters, group_in = conv->channels / conv->groups;
  int64_t group_out = filters / conv->groups;
  int64_t result = to_input ? group_in : group_out, groups = dealt ? 1 : conv->groups;
  int64_t taps = eager__shape_elements(&conv->filter) / (group_in * filters);
  filter_pack p = {
      .reduce = to_input ? group_out : group_in,
      .lanes = dealt ? result * conv->groups : result,
      .tap_step = group_in * filters,
      .reduce_step = to_input ? 1 : filters,
      .group_step = group_out,
      .lane_group = result,
      .lane_outer = group_out,
      .lane_inner = to_input ? filters : 1,
  };
  if (roles->turned) {
    p.first = (taps - 1) * p.tap_step;
    p.tap_step = -p.tap_step;
  }
  int64_t vector = traits->vector_width;
  bool same = eager__computed_size(call->dtype) == eager_dtype_size(call->dtype);
  if (!traits->cpu_like && !to_input && same && p.lanes % vector == 0) {
    out->place = (eager__spot){EAGER__PLACE_INPUT, input, 0};
    out->group = group_out;
    out->panel = vector;
    out->step = filters;
    return EAGER_OK;
  }
  int64_t tile = eager__conv_tuning_of(traits, call->dtype).tile_width;
  p.rows = taps * p.reduce;
  p.width = traits->cpu_like ? tile : round_up(p.lanes, vector);
  p.panels = traits->cpu_like ? eager__ceil_div(p.lanes, tile) : 1;
  p.count = groups * p.panels * p.rows * p.width;
  p.each = traits->cpu_like ? p.width * BLOCK : 1;
  size_t size = (size_t)p.count * eager__computed_size(call->dtype);
  bool make = true;
  int form = find_form(call, commands, conv, input, roles, size, &make);
  out->place = (eager__spot){EAGER__PLACE_FORM, form, 0};
  if (form < 0)
    out->place = (eager__spot){EAGER__PLACE_SCRATCH, eager__scratch(commands, size), 0};
  out->group = p.panels * p.rows * p.width;
  out->panel = traits->cpu_like ? p.rows * p.width : vector;
  out->step = p.width;
  if (!make) return EAGER_OK;
  eager__kernel_begin(commands, &eager__family_conv, call->dtype, "pack_filter");
  eager__arg_input(commands, input);
  eager__arg_at(commands, &out->place);
  eager__arg_bytes(commands, &p, sizeof p);
  return eager__kernel_end(commands, eager__grid_each(commands, p.count, p.each));
}

eager_status eager__conv_add_parts(const eager__call *call, eager__commands *commands,
                                   const eager__family *family, int64_t count,
                                   int64_t parts, int scratch) {
  eager__kernel_begin(commands, family, call->dtype, "add_parts");
  eager__lanes lanes = eager__lanes_plan(commands, count);
  eager__arg_scratch(commands, scratch);
  eager__arg_output(commands, 0);
  eager__arg_long(commands, count);
  eager__arg_long(commands, parts);
  eager__arg_long(commands, lanes.chunk);
  return eager__kernel_end(commands, lanes.grid);
}
