#include "ops/conv_pointwise.h"

#include "ops/conv_pack.h"
#include "ops/families.h"
#include "ops/gemm.h"
#include "ops/plan.h"

enum { MOST_BYTES = 64 << 20 }; /* of the sums of all images */

static int64_t plane_of(const eager__conv *conv) {
  int64_t plane = 1;
  for (int i = 0; i < conv->window.spatial; i++) plane *= conv->window.axes[i].in;
  return plane;
}

/* Whether a pixel's channels do not lie side by side. */
static bool is_apart(const eager__conv *conv) {
  return conv->window.channels_first && plane_of(conv) > 1;
}

bool eager__conv_is_pointwise(const eager__conv *conv, eager__conv_part part,
                              eager_dtype dtype) {
  if (conv->groups != 1 || !is_apart(conv)) return false;
  for (int i = 0; i < conv->window.spatial; i++) {
    const eager__window_axis *axis = &conv->window.axes[i];
    if (axis->size != 1 || axis->stride != 1 || axis->in != axis->out || axis->before != 0)
      return false;
  }
  if (part != EAGER__CONV_TO_FILTER || conv->batch == 1) return true;
  /* Sums of images are added up: not where products round them. */
  size_t size = eager_dtype_size(dtype);
  return eager__computed_size(dtype) == size &&
         conv->batch * conv->channels * conv->filters <= MOST_BYTES / (int64_t)size;
}

/* The planes of an image's channels, as the rows of a matrix. */
static eager__matrix planes_at(eager__spot at, int64_t plane) {
  return (eager__matrix){at, plane, 1};
}

static eager__matrix transposed(eager__matrix x) {
  return (eager__matrix){x.at, x.col, x.row};
}

static eager_status add_filter(const eager__call *call, eager__commands *commands,
                               const eager__conv *conv, eager__product *p) {
  int64_t plane = plane_of(conv), count = conv->channels * conv->filters;
  eager__spot x = {EAGER__PLACE_INPUT, 0, 0}, dy = {EAGER__PLACE_INPUT, 1, 0};
  eager__spot out = {EAGER__PLACE_OUTPUT, 0, 0};
  bool sums = conv->batch > 1;
  if (sums) {
    size_t size = (size_t)(conv->batch * count) * eager_dtype_size(call->dtype);
    out = (eager__spot){EAGER__PLACE_SCRATCH, eager__scratch(commands, size), 0};
  }
  p->m = conv->channels;
  p->n = conv->filters;
  p->k = plane;
  p->a = planes_at(x, plane);
  p->b = transposed(planes_at(dy, plane));
  p->c = eager__matrix_dense(out, p->m, p->n, false);
  p->strides[0][0] = conv->channels * plane;
  p->strides[1][0] = conv->filters * plane;
  p->strides[2][0] = count;
  EAGER__TRY(eager__add_product(commands, p));
  if (!sums) return EAGER_OK;
  return eager__conv_add_parts(call, commands, &eager__family_conv_filter, count,
                               conv->batch, out.index);
}

eager_status eager__conv_pointwise(const eager__call *call, eager__commands *commands,
                                   const eager__conv *conv, eager__conv_part part) {
  int64_t plane = plane_of(conv), channels = conv->channels, filters = conv->filters;
  bool to_input = part == EAGER__CONV_TO_INPUT;
  eager__product p = {.dtype = call->dtype, .rank = 1, .dims = {conv->batch}};
  if (part == EAGER__CONV_TO_FILTER) return add_filter(call, commands, conv, &p);
  eager__spot pixels = {EAGER__PLACE_INPUT, to_input ? 1 : 0, 0};
  eager__spot filter = {EAGER__PLACE_INPUT, to_input ? 0 : 1, 0};
  eager__spot out = {EAGER__PLACE_OUTPUT, 0, 0};
  int64_t from = to_input ? filters : channels, to = to_input ? channels : filters;
  p.m = to;
  p.n = plane;
  p.k = from;
  p.a = transposed(eager__matrix_dense(filter, from, to, to_input));
  p.b = planes_at(pixels, plane);
  p.c = planes_at(out, plane);
  p.strides[1][0] = from * plane;
  p.strides[2][0] = to * plane;
  return eager__add_product(commands, &p);
}
