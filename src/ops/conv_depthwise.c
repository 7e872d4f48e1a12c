#include "ops/conv_depthwise.h"

#include "ops/conv_pack.h"
#include "ops/conv_tuning.h"
#include "ops/families.h"
#include "ops/plan.h"

enum {
  ITEMS = 256, /* work-items that are enough for any number of cores */
  PIXELS = 7,  /* as in conv_columns.cl */
  COLUMN_ROWS = 7,
  COLUMN_PANELS = 8,  /* a multiple of APART_PANELS */
  APART_PANELS = 4,   /* as in conv_columns_apart.cl */
  APART_BYTES = 1024, /* multiples between pixels at which few lines of a cache are used */
  LEAST_ROWS = 4,     /* of a plane, for a work-item */
  PART_PIXELS = 192,  /* of a part of the filter's gradient, at least */
  MOST_PARTS = 64,    /* of the filter's gradient */
  MOST_EXTENT = 1 << 28, /* of a plane: lanes count in ints */
};

/* As in conv_depthwise.cl. */
typedef struct depthwise {
  int64_t source[2], result[2], taps[2];
  int64_t mul[2], add[2], tap_mul[2], div[2];
  int64_t batch, channels;
  int64_t rows_each, planes_each, panels_each, part;
} depthwise;

bool eager__conv_is_depthwise(const eager__traits *traits, const eager__conv *conv) {
  const eager__window *window = &conv->window;
  if (!traits->cpu_like || window->spatial != 2) return false;
  if (conv->groups != conv->channels || conv->filters != conv->channels) return false;
  if (!window->channels_first) return conv->channels >= traits->vector_width;
  for (int i = 0; i < 2; i++)
    if (window->axes[i].stride > 2 || window->axes[i].in > MOST_EXTENT ||
        window->axes[i].out > MOST_EXTENT)
      return false;
  return true;
}

static const eager__family *family_of(const eager__conv *conv) {
  if (!conv->window.channels_first) return &eager__family_conv_pixels;
  return conv->window.axes[1].stride == 1 ? &eager__family_conv_planes
                                          : &eager__family_conv_planes_two;
}

static depthwise describe(const eager__conv *conv, bool to_input) {
  depthwise s = {.batch = conv->batch, .channels = conv->channels};
  for (int i = 0; i < 2; i++) {
    const eager__window_axis *axis = &conv->window.axes[i];
    s.source[i] = to_input ? axis->out : axis->in;
    s.result[i] = to_input ? axis->in : axis->out;
    s.taps[i] = axis->size;
    s.mul[i] = to_input ? 1 : axis->stride;
    s.add[i] = to_input ? axis->before : -axis->before;
    s.tap_mul[i] = to_input ? -axis->dilation : axis->dilation;
    s.div[i] = to_input ? axis->stride : 1;
  }
  return s;
}

/* Pieces of `all` for a work-item, each `work` multiplications: no more than leave some for
 * every core, but enough to be worth a work-item. */
static int64_t share(int64_t all, int64_t others, int64_t work, int64_t worth) {
  int64_t fair = eager__ceil_div(all * others, ITEMS);
  return eager__at_most(eager__at_least(fair, eager__ceil_div(worth, work)), all);
}

/* Whether depthwise_columns can do it. */
static bool has_columns(const depthwise *s) {
  for (int i = 0; i < 2; i++)
    if (s->taps[i] != 3 || s->mul[i] != 1 || s->div[i] != 1 || s->tap_mul[i] > 1 ||
        s->tap_mul[i] < -1)
      return false;
  return s->result[1] >= PIXELS;
}

/* Whether depthwise_columns_apart shall. */
static bool is_apart(const depthwise *s, int64_t vector, eager_dtype dtype) {
  int64_t bytes = s->channels * (int64_t)eager_dtype_size(dtype);
  return bytes % APART_BYTES == 0 && s->channels % (APART_PANELS * vector) == 0;
}

static eager_status add_result(const eager__call *call, eager__commands *commands,
                               const eager__conv *conv, bool to_input) {
  bool planes = conv->window.channels_first;
  depthwise s = describe(conv, to_input);
  const eager__traits *traits = eager__commands_traits(commands);
  eager__conv_tuning tuning = eager__conv_tuning_of(traits, call->dtype);
  int64_t vector = traits->vector_width;
  int64_t taps = s.taps[0] * s.taps[1], items;
  bool columns = !planes && has_columns(&s);
  bool apart = columns && is_apart(&s, vector, call->dtype);
  if (planes) {
    int64_t all = s.batch * s.channels;
    s.planes_each = share(all, 1, s.result[0] * s.result[1] * taps, tuning.depthwise_work);
    int64_t blocks = eager__ceil_div(ITEMS, eager__ceil_div(all, s.planes_each));
    s.rows_each = eager__ceil_div(s.result[0], blocks);
    s.rows_each = eager__at_least(
        s.rows_each,
        eager__ceil_div(tuning.depthwise_work / 4, s.result[1] * taps) + LEAST_ROWS);
    s.rows_each = eager__at_most(s.rows_each, s.result[0]);
    items = eager__ceil_div(all, s.planes_each) * eager__ceil_div(s.result[0], s.rows_each);
  } else if (columns) {
    int64_t panels = eager__ceil_div(s.channels, vector);
    s.panels_each = eager__at_most(panels, COLUMN_PANELS);
    panels = eager__ceil_div(panels, s.panels_each);
    int64_t blocks = eager__ceil_div(tuning.depthwise_items, s.batch * panels);
    s.rows_each = eager__at_least(eager__ceil_div(s.result[0], blocks), COLUMN_ROWS);
    items = panels * s.batch * eager__ceil_div(s.result[0], s.rows_each);
  } else {
    int64_t panels = eager__ceil_div(s.channels, vector), all = s.batch * s.result[0];
    /* Neighbouring channels share cache lines' neighbours: only cut where rows are few. */
    s.panels_each = eager__ceil_div(panels, eager__ceil_div(tuning.depthwise_items, all));
    panels = eager__ceil_div(panels, s.panels_each);
    s.rows_each = share(all, panels, s.result[1] * s.panels_each * vector * taps,
                        tuning.depthwise_work);
    items = eager__ceil_div(all, s.rows_each) * panels;
  }
  eager__kernel_begin(commands, apart ? &eager__family_conv_columns : family_of(conv),
                      call->dtype,
                      apart           ? "depthwise_columns_apart"
                      : columns       ? "depthwise_columns"
                      : !planes       ? "depthwise_pixels"
                      : s.mul[1] == 2 ? "depthwise_halves"
                      : s.div[1] == 2 ? "depthwise_doubles"
                                      : "depthwise_planes");
  eager__arg_input(commands, to_input ? 1 : 0);
  eager__arg_input(commands, to_input ? 0 : 1);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands, eager__grid_1d(items, 1));
}

/* Images in equal parts, or whole images: not less than `rows`, as far as there are. */
static int64_t whole_pieces(int64_t rows, int64_t image) {
  if (rows > image) return eager__ceil_div(rows, image) * image;
  return eager__ceil_div(image, eager__at_least(image / rows, 1));
}

static eager_status add_filter(const eager__call *call, eager__commands *commands,
                               const eager__conv *conv) {
  bool planes = conv->window.channels_first;
  depthwise s = describe(conv, false);
  bool columns = !planes && has_columns(&s);
  const eager__traits *traits = eager__commands_traits(commands);
  eager__conv_tuning tuning = eager__conv_tuning_of(traits, call->dtype);
  int64_t vector = traits->vector_width;
  int64_t all = planes ? s.batch : s.batch * s.result[0];
  int64_t panels = eager__ceil_div(s.channels, vector);
  int64_t across = planes ? s.channels : 1;
  int64_t parts = eager__ceil_div(planes ? ITEMS : tuning.depthwise_items, across);
  parts =
      eager__at_most(parts, planes ? all : eager__ceil_div(all * s.result[1], PART_PIXELS));
  s.part = eager__ceil_div(all, eager__at_most(parts, MOST_PARTS));
  if (columns) s.part = whole_pieces(s.part, s.result[0]);
  parts = eager__ceil_div(all, s.part);
  s.panels_each = eager__ceil_div(panels, eager__ceil_div(tuning.depthwise_items, parts));
  if (!planes) across = eager__ceil_div(panels, s.panels_each);
  int64_t count = s.taps[0] * s.taps[1] * s.channels;
  int scratch =
      eager__scratch(commands, (size_t)(parts * count) * eager__computed_size(call->dtype));
  eager__kernel_begin(commands, family_of(conv), call->dtype,
                      columns         ? "filter_columns"
                      : !planes       ? "filter_pixels"
                      : s.mul[1] == 2 ? "filter_halves"
                                      : "filter_planes");
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_scratch(commands, scratch);
  eager__arg_bytes(commands, &s, sizeof s);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_1d(across * parts, 1)));
  return eager__conv_add_parts(call, commands, family_of(conv), count, parts, scratch);
}

eager_status eager__conv_depthwise(const eager__call *call, eager__commands *commands,
                                   const eager__conv *conv, eager__conv_part part) {
  if (part == EAGER__CONV_TO_FILTER) return add_filter(call, commands, conv);
  return add_result(call, commands, conv, part == EAGER__CONV_TO_INPUT);
}
