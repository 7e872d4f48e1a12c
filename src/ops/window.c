#include "ops/window.h"

#include <inttypes.h>
#include <string.h>

/* Sums of products of these stay within int64_t. */
static const int64_t most = INT32_MAX;

static const char *const formats[EAGER__SPATIAL + 1][2] = {
    [1] = {"NWC", "NCW"}, [2] = {"NHWC", "NCHW"}, [3] = {"NDHWC", "NCDHW"}};

eager_status eager__window_begin(const eager__call *call, int spatial, eager__window *out) {
  *out = (eager__window){.spatial = spatial};
  for (int i = 0; i < EAGER__SPATIAL; i++)
    out->axes[i] = (eager__window_axis){1, 1, 1, 1, 1, 0, 0};
  const eager__attr *format = eager__attr_get(call, "data_format");
  if (format == NULL || format->text == NULL) return EAGER_OK;
  const char *const *names = formats[spatial];
  out->channels_first = strcmp(format->text, names[1]) == 0;
  EAGER__REQUIRE(out->channels_first || strcmp(format->text, names[0]) == 0,
                 EAGER_INVALID_ARGUMENT, "data_format must be %s or %s, got '%s'", names[0],
                 names[1], format->text);
  return EAGER_OK;
}

eager_status eager__window_list_get(const eager__call *call, const char *name,
                                    const eager__window *window, eager__window_list *out) {
  *out = (eager__window_list){1, 1, {1, 1, 1}};
  const eager__attr *list = eager__attr_get(call, name);
  if (list == NULL || !list->given) return EAGER_OK;
  int rank = window->spatial + 2;
  EAGER__REQUIRE(list->count == (size_t)rank, EAGER_INVALID_ARGUMENT,
                 "Sliding window %s field must specify %d dimensions, got %zu", name, rank,
                 list->count);
  out->batch = list->ints[0];
  out->channel = list->ints[eager__window_channel_axis(window)];
  for (int i = 0; i < window->spatial; i++)
    out->spatial[i] = list->ints[eager__window_spatial_axis(window, i)];
  return EAGER_OK;
}

eager_status eager__window_read_steps(const eager__call *call, eager__window *window) {
  eager__window_list strides, dilations;
  EAGER__TRY(eager__window_list_get(call, "strides", window, &strides));
  EAGER__TRY(eager__window_list_get(call, "dilations", window, &dilations));
  EAGER__REQUIRE(strides.batch == 1 && strides.channel == 1, EAGER_INVALID_ARGUMENT,
                 "Current implementation does not yet support strides in the batch and "
                 "depth dimensions.");
  EAGER__REQUIRE(dilations.batch == 1 && dilations.channel == 1, EAGER_INVALID_ARGUMENT,
                 "Current implementation does not yet support dilations in the batch and "
                 "depth dimensions.");
  for (int i = 0; i < window->spatial; i++) {
    EAGER__REQUIRE(
        strides.spatial[i] > 0 && strides.spatial[i] <= most, EAGER_INVALID_ARGUMENT,
        "spatial strides should be larger than 0, got %" PRId64, strides.spatial[i]);
    EAGER__REQUIRE(
        dilations.spatial[i] > 0 && dilations.spatial[i] <= most, EAGER_INVALID_ARGUMENT,
        "Dilated rates should be larger than 0, got %" PRId64, dilations.spatial[i]);
    window->axes[i].stride = strides.spatial[i];
    window->axes[i].dilation = dilations.spatial[i];
  }
  return EAGER_OK;
}

static eager_status read_explicit(const eager__attr *list, eager__window *window) {
  int rank = window->spatial + 2, channel = eager__window_channel_axis(window);
  size_t count = list == NULL || !list->given ? 0 : list->count;
  EAGER__REQUIRE(count == (size_t)rank * 2, EAGER_INVALID_ARGUMENT,
                 "explicit_paddings attribute must contain %d values, but got: %zu",
                 rank * 2, count);
  for (size_t i = 0; i < count; i++)
    EAGER__REQUIRE(list->ints[i] >= 0 && list->ints[i] <= most, EAGER_INVALID_ARGUMENT,
                   "All elements of explicit_paddings must be nonnegative, got %" PRId64,
                   list->ints[i]);
  EAGER__REQUIRE(list->ints[0] == 0 && list->ints[1] == 0 && list->ints[2 * channel] == 0 &&
                     list->ints[2 * channel + 1] == 0,
                 EAGER_INVALID_ARGUMENT,
                 "Nonzero explicit padding in the batch or depth dimensions is not "
                 "supported");
  for (int i = 0; i < window->spatial; i++) {
    int axis = eager__window_spatial_axis(window, i);
    window->axes[i].before = list->ints[2 * axis];
    window->axes[i].after = list->ints[2 * axis + 1];
  }
  return EAGER_OK;
}

eager_status eager__window_read_padding(const eager__call *call, eager__window *window) {
  const eager__attr *list = eager__attr_get(call, "explicit_paddings");
  const char *text = eager__attr_get(call, "padding")->text;
  if (text != NULL && strcmp(text, "EXPLICIT") == 0 && list != NULL) {
    window->padding = EAGER__PADDING_EXPLICIT;
    return read_explicit(list, window);
  }
  bool same = text != NULL && strcmp(text, "SAME") == 0;
  EAGER__REQUIRE(same || (text != NULL && strcmp(text, "VALID") == 0),
                 EAGER_INVALID_ARGUMENT, "padding must be SAME%s, got '%s'",
                 list != NULL ? ", VALID or EXPLICIT" : " or VALID",
                 text != NULL ? text : "");
  EAGER__REQUIRE(list == NULL || !list->given || list->count == 0, EAGER_INVALID_ARGUMENT,
                 "explicit_paddings attribute must be empty if the padding attribute is "
                 "not EXPLICIT");
  window->padding = same ? EAGER__PADDING_SAME : EAGER__PADDING_VALID;
  return EAGER_OK;
}

eager_status eager__window_place(eager__window_axis *axis, eager__padding padding) {
  axis->out = -1;
  if (axis->in < 0 || axis->size < 0) return EAGER_OK;
  EAGER__REQUIRE(axis->in <= most && axis->size <= most, EAGER_INVALID_ARGUMENT,
                 "a spatial extent of %" PRId64 " is too large for a window",
                 axis->in > most ? axis->in : axis->size);
  int64_t reach = (axis->size - 1) * axis->dilation + 1;
  if (padding == EAGER__PADDING_SAME) {
    axis->out = (axis->in + axis->stride - 1) / axis->stride;
    int64_t needed = (axis->out - 1) * axis->stride + reach - axis->in;
    if (needed < 0) needed = 0;
    axis->before = needed / 2;
    axis->after = needed - axis->before;
    return EAGER_OK;
  }
  int64_t room = axis->in + axis->before + axis->after;
  int64_t out = (room - reach + axis->stride) / axis->stride;
  EAGER__REQUIRE(out >= 0, EAGER_INVALID_ARGUMENT,
                 "Computed output size would be negative: %" PRId64 " [input_size: %" PRId64
                 ", effective_filter_size: %" PRId64 ", stride: %" PRId64 "]",
                 out, axis->in, reach, axis->stride);
  axis->out = out;
  return EAGER_OK;
}

int eager__window_channel_axis(const eager__window *window) {
  return window->channels_first ? 1 : window->spatial + 1;
}

int eager__window_spatial_axis(const eager__window *window, int i) {
  return window->channels_first ? i + 2 : i + 1;
}

eager__shape eager__window_out_shape(const eager__window *window, int64_t batch,
                                     int64_t channels) {
  eager__shape shape = {.rank = window->spatial + 2};
  shape.dims[0] = batch;
  shape.dims[eager__window_channel_axis(window)] = channels;
  for (int i = 0; i < window->spatial; i++)
    shape.dims[eager__window_spatial_axis(window, i)] = window->axes[i].out;
  return shape;
}
