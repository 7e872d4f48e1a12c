/* Softmax, its logarithm, layer norm and batch norm in training, beside OpenMP C with
 * vector mathematics. */
#include <stdio.h>

#include "bench.h"
#include "host_softmax.h"

typedef struct sizes {
  const char *name;
  int64_t rows, length;
  double goal;
} sizes;

static const sizes small = {"4 MB", 1024, 1024, 0.7};
static const sizes large = {"128 MB", 8192, 4096, 1.0};

enum { CHANNELS = 64 }; /* of batch norms: x is [8][...][...][CHANNELS] */

typedef struct operation operation;

typedef struct rows {
  const operation *op;
  const sizes *sizes;
  size_t count;
  float *x, *y, *scale, *offset;
  eager_tensor *tx, *timages, *tscale, *toffset, *tchannel_scale, *tchannel_offset;
} rows;

static eager_tensor *softmax(const rows *s) {
  eager_tensor *out = NULL;
  return eager_softmax(s->tx, -1, &out) == EAGER_OK ? out : NULL;
}

static bool host_rows_softmax(void *state) {
  rows *s = state;
  host_softmax(s->y, s->x, (size_t)s->sizes->rows, (size_t)s->sizes->length);
  return true;
}

static eager_tensor *log_softmax(const rows *s) {
  eager_tensor *out = NULL;
  return eager_log_softmax(s->tx, -1, &out) == EAGER_OK ? out : NULL;
}

static bool host_rows_log_softmax(void *state) {
  rows *s = state;
  host_log_softmax(s->y, s->x, (size_t)s->sizes->rows, (size_t)s->sizes->length);
  return true;
}

static eager_tensor *layer_norm(const rows *s) {
  eager_tensor *out = NULL;
  eager_status status =
      eager_layer_norm(s->tx, s->tscale, s->toffset, -1, 0.001, &out, NULL, NULL);
  return status == EAGER_OK ? out : NULL;
}

static bool host_rows_layer_norm(void *state) {
  rows *s = state;
  host_layer_norm(s->y, s->x, s->scale, s->offset, 0.001F, (size_t)s->sizes->rows,
                  (size_t)s->sizes->length);
  return true;
}

static eager_tensor *batch_norm(const rows *s) {
  const eager_fused_batch_norm_options options = {.epsilon = 0.001};
  eager_tensor *scale = s->tchannel_scale, *out = NULL;
  eager_status status =
      eager_fused_batch_norm(s->timages, scale, s->tchannel_offset, scale, scale, &options,
                             &out, NULL, NULL, NULL, NULL);
  return status == EAGER_OK ? out : NULL;
}

static bool host_images_batch_norm(void *state) {
  rows *s = state;
  host_batch_norm(s->y, s->x, s->scale, s->offset, 0.001F, s->count / CHANNELS, CHANNELS);
  return true;
}

/* --- */

struct operation {
  const char *name;
  eager_tensor *(*make)(const rows *s);
  bool (*host)(void *state);
};

static const operation operations[] = {
    {"softmax rows", softmax, host_rows_softmax},
    {"log-softmax rows", log_softmax, host_rows_log_softmax},
    {"layer norm", layer_norm, host_rows_layer_norm},
    {"batch norm NHWC, training", batch_norm, host_images_batch_norm},
};

static bool ours(void *state) {
  const rows *s = state;
  return bench_made(s->op->make(s));
}

static bool check(bench *b, const char *name, rows *s) {
  s->op->host(s);
  eager_tensor *out = s->op->make(s);
  bool same =
      out ? bench_same(b, name, out, s->y, s->count, 1e-5) : bench_fail(b, name, NULL);
  eager_tensor_release(out);
  return same;
}

static bool make_inputs(bench *b, rows *s) {
  const sizes *z = s->sizes;
  const int64_t dims[] = {z->rows, z->length}, channels[] = {CHANNELS};
  const int64_t images[] = {8, z->rows / 64, z->length / 8, CHANNELS};
  s->x = bench_alloc(s->count * sizeof *s->x);
  s->y = bench_alloc(s->count * sizeof *s->y);
  s->scale = bench_alloc((size_t)z->length * sizeof *s->scale);
  s->offset = bench_alloc((size_t)z->length * sizeof *s->offset);
  if (!s->x || !s->y || !s->scale || !s->offset)
    return bench_fail(b, "inputs", "out of memory");
  bench_random_floats(b, s->x, s->count, -4, 4);
  bench_random_floats(b, s->scale, (size_t)z->length, 0.5F, 2);
  bench_random_floats(b, s->offset, (size_t)z->length, -1, 1);
  s->tx = bench_tensor(b, s->x, 2, dims);
  s->tscale = bench_tensor(b, s->scale, 1, &z->length);
  s->toffset = bench_tensor(b, s->offset, 1, &z->length);
  s->tchannel_scale = bench_tensor(b, s->scale, 1, channels);
  s->tchannel_offset = bench_tensor(b, s->offset, 1, channels);
  if (!s->tx || !s->tscale || !s->toffset || !s->tchannel_scale || !s->tchannel_offset)
    return false;
  return eager_reshape(s->tx, 4, images, &s->timages) == EAGER_OK ||
         bench_fail(b, "inputs", NULL);
}

static void run_sizes(bench *b, const sizes *z) {
  rows s = {.sizes = z, .count = (size_t)(z->rows * z->length)};
  bool fine = make_inputs(b, &s);
  for (size_t i = 0; fine && i < sizeof operations / sizeof *operations; i++) {
    const operation *op = &operations[i];
    char name[64];
    snprintf(name, sizeof name, "%s %s", op->name, z->name);
    s.op = op;
    if (!bench_wants(b, name) || !check(b, name, &s)) continue;
    bench_run(b, &(bench_row){
                     .name = name,
                     .reference = "OpenMP C",
                     .ours = {ours, bench_synchronize},
                     .other = {op->host, NULL},
                     .state = &s,
                     .bytes = 8.0 * (double)s.count,
                     .goal = z->goal,
                 });
  }
  eager_tensor *const tensors[] = {s.tx,      s.timages,        s.tscale,
                                   s.toffset, s.tchannel_scale, s.tchannel_offset};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
    eager_tensor_release(tensors[i]);
  bench_free(s.x);
  bench_free(s.y);
  bench_free(s.scale);
  bench_free(s.offset);
}

void bench_softmax(bench *b) {
  run_sizes(b, &small);
  if (!bench_quick(b)) run_sizes(b, &large);
}
