#include "host_conv.h"

#include <stdlib.h>

#if BENCH_HAVE_ONEDNN
#include <dnnl.h>

/* Input, filter, output: as they are given, and as the primitive wants them. */
enum { X, W, Y, OPERANDS };

struct host_conv {
  int operands[3], arguments[3]; /* left, right, result */
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t hint, desc;
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t given[OPERANDS];
  dnnl_memory_t plain[3], used[3];
  const char *name;
};

static bool fine(dnnl_status_t status) {
  return status == dnnl_success;
}

static bool describe(const host_conv_shape *s, bool channels_first,
                     dnnl_memory_desc_t given[OPERANDS]) {
  dnnl_dims_t x = {s->batch, s->channels, s->side, s->side};
  dnnl_dims_t w = {s->filters, s->channels, s->size, s->size};
  dnnl_dims_t depthwise = {s->channels, 1, 1, s->size, s->size};
  dnnl_dims_t y = {s->batch, s->filters, s->out_side, s->out_side};
  dnnl_format_tag_t pixels = channels_first ? dnnl_nchw : dnnl_nhwc;
  return fine(dnnl_memory_desc_init_by_tag(&given[X], 4, x, dnnl_f32, pixels)) &&
         fine(dnnl_memory_desc_init_by_tag(&given[Y], 4, y, dnnl_f32, pixels)) &&
         fine(s->depthwise
                  ? dnnl_memory_desc_init_by_tag(&given[W], 5, depthwise, dnnl_f32,
                                                 dnnl_hwigo)
                  : dnnl_memory_desc_init_by_tag(&given[W], 4, w, dnnl_f32, dnnl_hwio));
}

static bool any_layout(const dnnl_memory_desc_t *from, dnnl_memory_desc_t *to) {
  return fine(dnnl_memory_desc_init_by_tag(to, from->ndims, from->dims, dnnl_f32,
                                           dnnl_format_tag_any));
}

static bool choose(host_conv *c, const host_conv_shape *s, host_conv_part part,
                   bool blocked) {
  const dnnl_dims_t strides = {s->stride, s->stride};
  const dnnl_dims_t before = {s->before, s->before}, after = {s->after, s->after};
  dnnl_memory_desc_t x = c->given[X], w, y = c->given[Y];
  if (!any_layout(&c->given[W], &w)) return false;
  if (blocked && (!any_layout(&c->given[X], &x) || !any_layout(&c->given[Y], &y)))
    return false;
  dnnl_convolution_desc_t forward, desc;
  if (!fine(dnnl_convolution_forward_desc_init(&forward, dnnl_forward_training,
                                               dnnl_convolution_direct, &x, &w, NULL, &y,
                                               strides, before, after)))
    return false;
  if (part == HOST_CONV_FORWARD)
    return fine(dnnl_primitive_desc_create(&c->desc, &forward, NULL, c->engine, NULL));
  dnnl_status_t status =
      part == HOST_CONV_INPUT
          ? dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &x, &w,
                                                     &y, strides, before, after)
          : dnnl_convolution_backward_weights_desc_init(
                &desc, dnnl_convolution_direct, &x, &w, NULL, &y, strides, before, after);
  return fine(status) &&
         fine(dnnl_primitive_desc_create(&c->hint, &forward, NULL, c->engine, NULL)) &&
         fine(dnnl_primitive_desc_create(&c->desc, &desc, NULL, c->engine, c->hint));
}

static bool make(host_conv *c, const host_conv_shape *s, host_conv_part part,
                 bool channels_first, bool blocked) {
  static const int roles[][3] = {{X, W, Y}, {Y, W, X}, {X, Y, W}};
  static const int forward[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
  static const int backward[] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_WEIGHTS,
                                 DNNL_ARG_DIFF_DST};
  if (!fine(dnnl_engine_create(&c->engine, dnnl_cpu, 0)) ||
      !fine(dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags)) ||
      !describe(s, channels_first, c->given) || !choose(c, s, part, blocked) ||
      !fine(dnnl_primitive_create(&c->primitive, c->desc)))
    return false;
  if (!fine(dnnl_primitive_desc_query(c->desc, dnnl_query_impl_info_str, 0,
                                      (void *)&c->name)))
    return false;
  for (int i = 0; i < 3; i++) {
    int operand = c->operands[i] = roles[part][i];
    bool gradient = part != HOST_CONV_FORWARD && (i == 2 || operand == Y);
    c->arguments[i] = gradient ? backward[operand] : forward[operand];
    const dnnl_memory_desc_t *used =
        dnnl_primitive_desc_query_md(c->desc, dnnl_query_exec_arg_md, c->arguments[i]);
    if (!used ||
        !fine(dnnl_memory_create(&c->used[i], used, c->engine, DNNL_MEMORY_ALLOCATE)) ||
        !fine(dnnl_memory_create(&c->plain[i], &c->given[operand], c->engine,
                                 DNNL_MEMORY_NONE)))
      return false;
  }
  return true;
}

host_conv *host_conv_create(const host_conv_shape *shape, host_conv_part part,
                            bool channels_first, bool blocked) {
  host_conv *c = calloc(1, sizeof *c);
  if (c && make(c, shape, part, channels_first, blocked)) return c;
  host_conv_free(c);
  return NULL;
}

static bool reorder(host_conv *c, dnnl_memory_t from, dnnl_memory_t to) {
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_t primitive = NULL;
  const dnnl_memory_desc_t *source, *target;
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  bool done = fine(dnnl_memory_get_memory_desc(from, &source)) &&
              fine(dnnl_memory_get_memory_desc(to, &target)) &&
              fine(dnnl_reorder_primitive_desc_create(&desc, source, c->engine, target,
                                                      c->engine, NULL)) &&
              fine(dnnl_primitive_create(&primitive, desc)) &&
              fine(dnnl_primitive_execute(primitive, c->stream, 2, arguments)) &&
              fine(dnnl_stream_wait(c->stream));
  dnnl_primitive_destroy(primitive);
  dnnl_primitive_desc_destroy(desc);
  return done;
}

bool host_conv_set(host_conv *c, const float *left, const float *right) {
  const float *const from[] = {left, right};
  for (int i = 0; i < 2; i++)
    if (!fine(dnnl_memory_set_data_handle(c->plain[i], (void *)(uintptr_t)from[i])) ||
        !reorder(c, c->plain[i], c->used[i]))
      return false;
  return true;
}

bool host_conv_run(host_conv *c) {
  dnnl_exec_arg_t arguments[3];
  for (int i = 0; i < 3; i++) arguments[i] = (dnnl_exec_arg_t){c->arguments[i], c->used[i]};
  return fine(dnnl_primitive_execute(c->primitive, c->stream, 3, arguments)) &&
         fine(dnnl_stream_wait(c->stream));
}

bool host_conv_get(host_conv *c, float *result) {
  return fine(dnnl_memory_set_data_handle(c->plain[2], result)) &&
         reorder(c, c->used[2], c->plain[2]);
}

const char *host_conv_name(const host_conv *c) {
  return c->name;
}

void host_conv_free(host_conv *c) {
  if (!c) return;
  for (int i = 0; i < 3; i++) {
    dnnl_memory_destroy(c->plain[i]);
    dnnl_memory_destroy(c->used[i]);
  }
  dnnl_primitive_destroy(c->primitive);
  dnnl_primitive_desc_destroy(c->desc);
  dnnl_primitive_desc_destroy(c->hint);
  dnnl_stream_destroy(c->stream);
  dnnl_engine_destroy(c->engine);
  free(c);
}

#else

host_conv *host_conv_create(const host_conv_shape *shape, host_conv_part part,
                            bool channels_first, bool blocked) {
  (void)shape, (void)part, (void)channels_first, (void)blocked;
  return NULL;
}

bool host_conv_set(host_conv *conv, const float *left, const float *right) {
  (void)conv, (void)left, (void)right;
  return false;
}

bool host_conv_run(host_conv *conv) {
  (void)conv;
  return false;
}

bool host_conv_get(host_conv *conv, float *result) {
  (void)conv, (void)result;
  return false;
}

const char *host_conv_name(const host_conv *conv) {
  (void)conv;
  return "";
}

void host_conv_free(host_conv *conv) {
  (void)conv;
}

#endif
