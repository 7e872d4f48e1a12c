#include "ops/conv_shape.h"

#include <inttypes.h>

#include "ops/shape_attr.h"

static eager_status require_rank(const char *what, const eager__shape *shape, int rank) {
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(shape->rank == rank, EAGER_INVALID_ARGUMENT,
                 "%s must be %d-dimensional, got shape %s", what, rank,
                 eager__shape_text(shape, text));
  return EAGER_OK;
}

/* An attribute that stands for the shape of what is computed; for input_sizes the spatial
 * extents alone will do, as in TensorFlow: the rest follows from the other operands. */
static eager_status read_sizes(const eager__call *call, const char *name, int spatial,
                               eager__shape *out) {
  EAGER__TRY(eager__shape_attr_get(call, name, call->dtype, out));
  bool alone = name[0] == 'i' && spatial == 2;
  EAGER__REQUIRE(out->rank == spatial + 2 || (alone && out->rank == spatial),
                 EAGER_INVALID_ARGUMENT, "%s must have %d elements%s, got %d", name,
                 spatial + 2, alone ? " or 2" : "", out->rank);
  return EAGER_OK;
}

static void complete_input(const eager__conv_kind *kind, const eager__shape *filter,
                           const eager__shape *given, eager__conv *conv) {
  int channel = eager__window_channel_axis(&conv->window);
  eager__shape sizes = conv->input;
  if (sizes.rank != kind->spatial) return;
  conv->input.rank = kind->spatial + 2;
  conv->input.dims[0] = given->dims[0];
  conv->input.dims[channel] = filter->dims[kind->spatial];
  for (int i = 0; i < kind->spatial; i++)
    conv->input.dims[eager__window_spatial_axis(&conv->window, i)] = sizes.dims[i];
}

static eager_status read_channels(const eager__conv_kind *kind, eager__conv *conv) {
  int spatial = kind->spatial;
  int64_t channels = conv->input.dims[eager__window_channel_axis(&conv->window)];
  int64_t depth = conv->filter.dims[spatial], last = conv->filter.dims[spatial + 1];
  for (int i = 0; i < spatial + 1; i++)
    EAGER__REQUIRE(conv->filter.dims[i] != 0, EAGER_INVALID_ARGUMENT,
                   "filter must not have zero elements (i.e. all dimensions but the last "
                   "must be non-zero)");
  conv->channels = channels;
  if (kind->depthwise) {
    EAGER__REQUIRE(channels == depth || channels < 0 || depth < 0, EAGER_INVALID_ARGUMENT,
                   "input and filter must have the same depth: %" PRId64 " vs %" PRId64,
                   channels, depth);
    int64_t known = channels < 0 ? depth : channels;
    EAGER__REQUIRE(known <= INT32_MAX && last <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                   "filter has too many channels");
    conv->groups = known;
    conv->filters = known < 0 || last < 0 ? -1 : known * last;
    return EAGER_OK;
  }
  conv->filters = last;
  conv->groups = -1;
  if (channels < 0 || depth < 0) return EAGER_OK;
  EAGER__REQUIRE(channels > 0 && channels % depth == 0, EAGER_INVALID_ARGUMENT,
                 "input depth must be evenly divisible by filter depth: %" PRId64
                 " vs %" PRId64,
                 channels, depth);
  conv->groups = channels / depth;
  EAGER__REQUIRE(last < 0 || last % conv->groups == 0, EAGER_INVALID_ARGUMENT,
                 "output depth must be evenly divisible by number of groups: %" PRId64
                 " vs %" PRId64,
                 last, conv->groups);
  return EAGER_OK;
}

static eager_status check_out_backprop(const eager__shape *given, eager__conv *conv) {
  char texts[2][EAGER__SHAPE_TEXT];
  for (int i = 0; i < given->rank; i++) {
    int64_t a = given->dims[i], b = conv->out.dims[i];
    EAGER__REQUIRE(a == b || a < 0 || b < 0, EAGER_INVALID_ARGUMENT,
                   "Size of out_backprop doesn't match computed: actual = %s, computed = "
                   "%s",
                   eager__shape_text(given, texts[0]),
                   eager__shape_text(&conv->out, texts[1]));
    if (b < 0) conv->out.dims[i] = a;
  }
  return EAGER_OK;
}

eager_status eager__conv_read(const eager__call *call, eager__conv *out) {
  const eager__conv_kind *kind = call->op->data;
  const eager__shape *first = call->inputs[0].shape, *second = call->inputs[1].shape;
  int spatial = kind->spatial, rank = spatial + 2;
  eager__window *window = &out->window;
  EAGER__TRY(eager__window_begin(call, spatial, window));
  EAGER__TRY(eager__window_read_steps(call, window));
  EAGER__TRY(eager__window_read_padding(call, window));
  switch (kind->part) {
  case EAGER__CONV_TO_INPUT:
    EAGER__TRY(require_rank("filter", first, rank));
    EAGER__TRY(require_rank("out_backprop", second, rank));
    EAGER__TRY(read_sizes(call, "input_sizes", spatial, &out->input));
    complete_input(kind, first, second, out);
    out->filter = *first;
    break;
  case EAGER__CONV_TO_FILTER:
    EAGER__TRY(require_rank("input", first, rank));
    EAGER__TRY(require_rank("out_backprop", second, rank));
    EAGER__TRY(read_sizes(call, "filter_sizes", spatial, &out->filter));
    out->input = *first;
    break;
  default:
    EAGER__TRY(require_rank("input", first, rank));
    EAGER__TRY(require_rank("filter", second, rank));
    out->input = *first;
    out->filter = *second;
  }
  EAGER__TRY(read_channels(kind, out));
  out->batch = out->input.dims[0];
  for (int i = 0; i < spatial; i++) {
    eager__window_axis *axis = &window->axes[i];
    axis->in = out->input.dims[eager__window_spatial_axis(window, i)];
    axis->size = out->filter.dims[i];
    EAGER__TRY(eager__window_place(axis, window->padding));
  }
  out->out = eager__window_out_shape(window, out->batch, out->filters);
  if (kind->part == EAGER__CONV_FORWARD) return EAGER_OK;
  return check_out_backprop(second, out);
}

eager_status eager__conv_infer(eager__call *call) {
  const eager__conv_kind *kind = call->op->data;
  eager__conv conv;
  EAGER__TRY(eager__conv_read(call, &conv));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = kind->part == EAGER__CONV_FORWARD    ? conv.out
                           : kind->part == EAGER__CONV_TO_INPUT ? conv.input
                                                                : conv.filter;
  return EAGER_OK;
}
