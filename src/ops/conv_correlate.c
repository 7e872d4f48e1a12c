#include "ops/conv_correlate.h"

#include "ops/conv_depthwise.h"
#include "ops/conv_pack.h"
#include "ops/conv_pointwise.h"
#include "ops/conv_tuning.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum { TRIPS = EAGER__TRIPS / 4 }; /* of limited loops: drivers' unrolled ones count */

/* As `conv` in conv.cl. */
typedef struct correlation {
  int64_t result[3], source[3], taps[3];
  int64_t mul[3], add[3], tap_mul[3], div[3];
  int64_t common[3], inverse[3], tap_step[3], source_step[3];
  int64_t rows, phases, phase_tiles, tiles_each, panels, panels_each, group_panels;
  int64_t lanes, reduce;
  int64_t x_batch, x_pixel, x_group, x_step;
  int64_t w_group, w_panel, w_step;
  int64_t y_batch, y_pixel, y_channel;
  int64_t from_tap, to_tap, from, to, is_first, is_last;
  int64_t joined;
} correlation;

static int64_t greatest_common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* x with a * x = 1 modulo m, which have no common divisor; 0 for m = 1. */
static int64_t invert(int64_t a, int64_t m) {
  int64_t r0 = m, r1 = a % m, x0 = 0, x1 = 1;
  while (r1 != 0) {
    int64_t q = r0 / r1, r = r0 - q * r1, x = x0 - q * x1;
    r0 = r1;
    r1 = r;
    x0 = x1;
    x1 = x;
  }
  return (x0 % m + m) % m;
}

static void set_forward(correlation *c, int i, const eager__window_axis *axis) {
  c->result[i] = axis->out;
  c->source[i] = axis->in;
  c->mul[i] = axis->stride;
  c->add[i] = -axis->before;
  c->tap_mul[i] = c->source_step[i] = axis->dilation;
  c->div[i] = c->common[i] = c->tap_step[i] = 1;
}

/* Input position p met tap k of output (p + before - k * dilation) / stride. */
static void set_to_input(correlation *c, int i, const eager__window_axis *axis) {
  int64_t common = greatest_common_divisor(axis->stride, axis->dilation);
  c->result[i] = axis->in;
  c->source[i] = axis->out;
  c->mul[i] = 1;
  c->add[i] = axis->before;
  c->tap_mul[i] = -axis->dilation;
  c->div[i] = axis->stride;
  c->common[i] = common;
  c->tap_step[i] = axis->stride / common;
  c->source_step[i] = -(axis->dilation / common);
  c->inverse[i] = invert(axis->dilation / common, c->tap_step[i]);
}

/* The same where the stride is 1, for a filter turned round: forward again, so that taps
 * follow each other as their pixels do. */
static void set_turned(correlation *c, int i, const eager__window_axis *axis) {
  eager__window_axis back = {.in = axis->out, .out = axis->in, .stride = 1};
  back.dilation = axis->dilation;
  back.before = (axis->size - 1) * axis->dilation - axis->before;
  set_forward(c, i, &back);
}

static bool is_turned(const eager__conv *conv, bool to_input) {
  for (int i = 0; i < conv->window.spatial; i++)
    if (conv->window.axes[i].stride != 1) return false;
  return to_input;
}

static void set_axes(correlation *c, const eager__conv *conv, bool to_input, bool turned) {
  int first = EAGER__SPATIAL - conv->window.spatial; /* the last ones are the innermost */
  for (int i = 0; i < EAGER__SPATIAL; i++) {
    static const eager__window_axis none = {1, 1, 1, 1, 1, 0, 0};
    const eager__window_axis *axis = i < first ? &none : &conv->window.axes[i - first];
    c->taps[i] = axis->size;
    if (turned)
      set_turned(c, i, axis);
    else if (to_input)
      set_to_input(c, i, axis);
    else
      set_forward(c, i, axis);
  }
}

/* Without a window every pixel is on its own: one row of all of them. */
static void join_pixels(correlation *c, bool channels_first) {
  if (channels_first && c->rows / (c->result[0] * c->result[1]) > 1) return;
  for (int i = 0; i < EAGER__SPATIAL; i++)
    if (c->taps[i] != 1 || c->mul[i] != 1 || c->add[i] != 0 || c->div[i] != 1 ||
        c->result[i] != c->source[i])
      return;
  c->result[2] = c->source[2] = c->rows * c->result[2];
  c->result[0] = c->result[1] = c->source[0] = c->source[1] = c->rows = 1;
}

static void plan_blocks(correlation *c, const eager__conv_tuning *tuning, int64_t element,
                        bool cpu) {
  int64_t rows = tuning->tile_rows, width = tuning->tile_width;
  c->phases = eager__at_most(c->div[2], c->result[2]);
  c->phase_tiles = eager__ceil_div(eager__ceil_div(c->result[2], c->div[2]), rows);
  c->tiles_each = c->panels_each = 1;
  if (!cpu) return;
  int64_t tiles = c->rows * c->phases * c->phase_tiles;
  int64_t taps = c->taps[0] * c->taps[1] * c->taps[2];
  int64_t tile_work = rows * width * eager__ceil_div(taps * c->reduce, c->div[2]);
  int64_t block =
      eager__ceil_div(tuning->work, tile_work); /* tiles of a panel in a block */
  /* All of a small filter stays in a cache: results are then stored as they lie. */
  if (taps * c->reduce * width * c->panels * element <= tuning->small_filter) {
    c->panels_each = c->panels;
    c->tiles_each = eager__ceil_div(block, c->panels);
    /* A panel that the first cache keeps is read there by a few tiles in a row. */
    if (taps * c->reduce * width * element <= tuning->near_panel)
      c->tiles_each = eager__at_least(c->tiles_each, tuning->near_tiles);
    c->tiles_each = eager__at_most(c->tiles_each, tiles);
    return;
  }
  int64_t blocks = eager__ceil_div(eager__at_most(tiles * c->panels, 256), c->panels);
  c->tiles_each = eager__at_most(eager__at_least(eager__ceil_div(tiles, blocks), 1),
                                 tuning->most_tiles);
  if (c->tiles_each < block) c->tiles_each = eager__at_most(block, tiles);
  int64_t panel_blocks = eager__ceil_div(64, eager__ceil_div(tiles, c->tiles_each));
  c->panels_each = eager__ceil_div(c->panels, eager__at_most(panel_blocks, c->panels));
  c->panels_each =
      eager__at_least(c->panels_each, eager__at_most(block / c->tiles_each, c->panels));
}

static eager_status add_pass(const eager__call *call, eager__commands *commands,
                             const correlation *c, bool dealt, const eager__spot *x,
                             const eager__spot *w, const eager__spot *y, int scratch) {
  eager__kernel_begin(commands, &eager__family_conv, call->dtype,
                      dealt ? "conv_lanes" : "conv_tiles");
  eager__arg_at(commands, x);
  eager__arg_at(commands, w);
  eager__arg_at(commands, y);
  if (scratch >= 0)
    eager__arg_scratch(commands, scratch);
  else
    eager__arg_at(commands, w); /* not looked at */
  eager__arg_bytes(commands, c, sizeof *c);
  int64_t tiles = c->rows * c->phases * c->phase_tiles;
  int64_t items =
      eager__ceil_div(tiles, c->tiles_each) * eager__ceil_div(c->panels, c->panels_each);
  return eager__kernel_end(commands, eager__grid_each(commands, items, 1));
}

/* In as many launches as a limit of loops asks for. */
static eager_status add_passes(const eager__call *call, eager__commands *commands,
                               correlation *c, bool dealt, const eager__spot *x,
                               const eager__spot *w, const eager__spot *y, int64_t width) {
  int64_t taps = 1;
  for (int i = 0; i < EAGER__SPATIAL; i++)
    taps *= eager__ceil_div(c->taps[i], c->tap_step[i]);
  bool limited = eager__commands_traits(commands)->loop_limit != 0;
  int64_t depth = limited ? eager__at_most(c->reduce, TRIPS / 2) : c->reduce;
  int64_t count = limited ? eager__at_least(TRIPS / (depth + 2), 1) : taps;
  int scratch = -1;
  if (depth < c->reduce || count < taps)
    scratch =
        eager__scratch(commands, (size_t)(c->rows * c->result[2] * c->panels * width) *
                                     eager__computed_size(call->dtype));
  c->is_first = 1;
  for (c->from = 0; c->from < c->reduce; c->from = c->to) {
    c->to = eager__at_most(c->reduce, c->from + depth);
    for (c->from_tap = 0; c->from_tap < taps; c->from_tap = c->to_tap) {
      c->to_tap = eager__at_most(taps, c->from_tap + count);
      c->is_last = c->to == c->reduce && c->to_tap == taps;
      EAGER__TRY(add_pass(call, commands, c, dealt, x, w, y, scratch));
      c->is_first = 0;
    }
  }
  return EAGER_OK;
}

/* What is laid out for so many images stays in a cache until it is read. */
static int64_t images_at_once(const eager__conv *conv, const eager__traits *traits,
                              int64_t image, const eager__conv_tuning *tuning) {
  if (!traits->cpu_like || !conv->window.channels_first) return conv->batch;
  return eager__at_most(eager__at_least(tuning->laid_out / image, 1), conv->batch);
}

eager_status eager__conv_correlate(eager__call *call, eager__commands *commands) {
  const eager__conv_kind *kind = call->op->data;
  const eager__traits *traits = eager__commands_traits(commands);
  bool to_input = kind->part == EAGER__CONV_TO_INPUT;
  int source = to_input ? 1 : 0;
  const uint8_t zero[8] = {0};
  eager__conv conv;
  EAGER__TRY(eager__conv_read(call, &conv));
  if (eager__shape_elements(call->inputs[source].shape) == 0)
    return eager__add_fill(commands, 0, zero, eager_dtype_size(call->dtype));
  if (eager__conv_is_pointwise(&conv, kind->part, call->dtype))
    return eager__conv_pointwise(call, commands, &conv, kind->part);
  if (eager__conv_is_depthwise(traits, &conv))
    return eager__conv_depthwise(call, commands, &conv, kind->part);

  int64_t group_in = conv.channels / conv.groups, group_out = conv.filters / conv.groups;
  int64_t result = to_input ? group_in : group_out;
  int64_t channels = to_input ? conv.channels : conv.filters; /* of the result */
  eager__conv_tuning tuning = eager__conv_tuning_of(traits, call->dtype);
  int64_t width = tuning.tile_width;
  correlation c = {.reduce = to_input ? group_out : group_in};
  /* Groups too narrow for vectors are taken side by side. */
  bool dealt = conv.groups > 1 && result * 4 <= traits->vector_width;
  bool turned = is_turned(&conv, to_input);
  set_axes(&c, &conv, to_input, turned);
  eager__conv_lanes lanes =
      dealt ? eager__conv_lanes_dealt(conv.groups, result, c.reduce, traits->vector_width)
            : eager__conv_lanes_plain(c.reduce * conv.groups);
  c.lanes = dealt ? channels : result;
  c.group_panels = eager__ceil_div(c.lanes, width);
  c.panels = c.group_panels * (dealt ? 1 : conv.groups);
  c.x_pixel = lanes.lanes;
  c.x_group = dealt ? 0 : c.reduce;
  c.x_step = dealt ? lanes.inner : 1;
  int64_t plane = c.result[0] * c.result[1] * c.result[2];
  bool first = conv.window.channels_first;
  c.y_batch = plane * channels;
  c.y_pixel = first ? 1 : channels;
  c.y_channel = first ? plane : 1;
  c.rows = conv.batch * c.result[0] * c.result[1];
  join_pixels(&c, first);
  c.x_batch = c.source[0] * c.source[1] * c.source[2] * c.x_pixel;
  int64_t element = (int64_t)eager__computed_size(call->dtype), rows = c.rows;
  int64_t each = images_at_once(&conv, traits, c.x_batch * element, &tuning);
  if (each < conv.batch) c.rows = rows / conv.batch * each;
  plan_blocks(&c, &tuning, element, traits->cpu_like);

  eager__conv_weights w;
  EAGER__TRY(eager__conv_pack_filter(
      call, commands, &conv, 1 - source,
      &(eager__conv_roles){.to_input = to_input, .turned = turned, .dealt = dealt}, &w));
  c.w_group = w.group;
  c.w_panel = w.panel;
  c.w_step = w.step;
  c.joined = !dealt && c.div[2] == 1 && c.tap_mul[2] == 1 && c.x_pixel == c.reduce &&
             traits->loop_limit == 0;
  eager__spot x, y = {EAGER__PLACE_OUTPUT, 0, 0};
  eager__conv_images images = {0, each};
  for (; images.first < conv.batch; images.first += each) {
    images.count = eager__at_most(each, conv.batch - images.first);
    if (each < conv.batch) c.rows = rows / conv.batch * images.count;
    y.offset = images.first * c.y_batch;
    EAGER__TRY(eager__conv_pack_images(call, commands, &eager__family_conv, &conv.window,
                                       source, &lanes, &images, &x));
    EAGER__TRY(add_passes(call, commands, &c, dealt, &x, &w.place, &y, width));
  }
  return EAGER_OK;
}
