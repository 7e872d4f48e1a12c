/* A sum with a row, a column, a scalar and a 4-D mixture, at 4 MB and 134 MB of result. */
#include <stdio.h>

#include "bench.h"
#include "host_broadcast.h"

enum { RANK = 4, QUICK_COUNT = 1 << 21 };

/* Dims of both operands; the result has the larger ones. */
typedef struct broadcast {
  const char *name;
  int64_t a[RANK], b[RANK];
  void (*host)(const struct broadcast *s);
  float *y, *from, *with;
  eager_tensor *ta, *tb;
  size_t dims[RANK], rows; /* of the result */
} broadcast;

static void host_row(const broadcast *s) {
  host_add_row(s->y, s->from, s->with, s->rows, s->dims[3]);
}

static void host_column(const broadcast *s) {
  host_add_column(s->y, s->from, s->with, s->rows, s->dims[3]);
}

static void host_scalar(const broadcast *s) {
  host_add_scalar(s->y, s->from, s->with[0], s->rows * s->dims[3]);
}

/* One addend for each image and channel: a column too. */
static void host_channels(const broadcast *s) {
  size_t images = s->dims[0], channels = s->dims[1], pixels = s->dims[2] * s->dims[3];
  for (size_t i = 0; i < images; i++)
    host_add_column(s->y + i * channels * pixels, s->from + i * channels * pixels, s->with,
                    channels, pixels);
}

static void host_4d(const broadcast *s) {
  host_add_4d(s->y, s->from, s->with, s->dims);
}

static const broadcast cases[] = {
    {.name = "row 4 MB", .a = {1, 1, 1024, 1024}, .b = {1, 1, 1, 1024}, host_row},
    {.name = "column 4 MB", .a = {1, 1, 1024, 1024}, .b = {1, 1, 1024, 1}, host_column},
    {.name = "scalar 4 MB", .a = {1, 1, 1024, 1024}, .b = {1, 1, 1, 1}, host_scalar},
    {.name = "4-D channels 4 MB", .a = {4, 64, 64, 64}, .b = {1, 64, 1, 1}, host_channels},
    {.name = "4-D both 4 MB", .a = {16, 1, 64, 32}, .b = {1, 32, 1, 32}, host_4d},
    {.name = "4-D pixels 4 MB", .a = {8, 200, 218, 3}, .b = {1, 1, 1, 3}, host_row},
    {.name = "row 134 MB", .a = {1, 1, 8192, 4096}, .b = {1, 1, 1, 4096}, host_row},
    {.name = "column 134 MB", .a = {1, 1, 8192, 4096}, .b = {1, 1, 8192, 1}, host_column},
    {.name = "scalar 134 MB", .a = {1, 1, 8192, 4096}, .b = {1, 1, 1, 1}, host_scalar},
    {.name = "4-D channels 134 MB",
     .a = {32, 64, 128, 128},
     .b = {1, 64, 1, 1},
     host_channels},
    {.name = "4-D both 134 MB", .a = {64, 1, 128, 64}, .b = {1, 64, 1, 64}, host_4d},
    {.name = "4-D pixels 134 MB", .a = {32, 512, 683, 3}, .b = {1, 1, 1, 3}, host_row},
};

static eager_tensor *add(const broadcast *s) {
  eager_tensor *out = NULL;
  return eager_add(s->ta, s->tb, &out) == EAGER_OK ? out : NULL;
}

static bool ours(void *state) {
  return bench_made(add(state));
}

static bool host(void *state) {
  const broadcast *s = state;
  s->host(s);
  return true;
}

static size_t elements(const int64_t dims[RANK]) {
  return (size_t)(dims[0] * dims[1] * dims[2] * dims[3]);
}

static float *values(bench *b, const int64_t dims[RANK]) {
  float *out = bench_alloc(elements(dims) * sizeof *out);
  if (out) bench_random_floats(b, out, elements(dims), -100, 100);
  return out;
}

static void measure(bench *b, broadcast *s) {
  char name[64];
  snprintf(name, sizeof name, "add float32 %s", s->name);
  if (!bench_wants(b, name)) return;
  for (int i = 0; i < RANK; i++)
    s->dims[i] = (size_t)(s->a[i] > s->b[i] ? s->a[i] : s->b[i]);
  s->rows = s->dims[0] * s->dims[1] * s->dims[2];
  size_t count = s->rows * s->dims[3], in = elements(s->a) + elements(s->b);
  if (bench_quick(b) && count > QUICK_COUNT) return;
  s->from = values(b, s->a);
  s->with = values(b, s->b);
  s->y = bench_alloc(count * sizeof *s->y);
  if (!s->from || !s->with || !s->y) {
    bench_fail(b, name, "out of memory");
  } else {
    s->ta = bench_tensor(b, s->from, RANK, s->a);
    s->tb = bench_tensor(b, s->with, RANK, s->b);
    eager_tensor *out = s->ta && s->tb ? add(s) : NULL;
    host(s);
    if (!out)
      bench_fail(b, name, NULL);
    else if (bench_same_bytes(b, name, out, s->y))
      bench_run(b, &(bench_row){
                       .name = name,
                       .reference = "OpenMP C",
                       .ours = {ours, bench_synchronize},
                       .other = {host, NULL},
                       .state = s,
                       .bytes = (double)(count + in) * sizeof(float),
                       .goal = 0.9,
                   });
    eager_tensor_release(out);
  }
  eager_tensor_release(s->ta);
  eager_tensor_release(s->tb);
  bench_free(s->from);
  bench_free(s->with);
  bench_free(s->y);
}

void bench_broadcast(bench *b) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    broadcast s = cases[i];
    measure(b, &s);
  }
}
