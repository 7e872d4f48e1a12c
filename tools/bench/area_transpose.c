/* Transposes beside OpenMP C in blocks: matrices, images, a permutation of four axes. */
#include <stdio.h>

#include "bench.h"
#include "host_transpose.h"

typedef struct transposing {
  eager_dtype dtype;
  int64_t perm[4];
  host_matrices all;
  const int64_t *dims; /* where rows move as wholes: x's four; else NULL */
  void *x, *out;
  eager_tensor *tx;
} transposing;

static bool our_transpose(void *state) {
  transposing *s = state;
  eager_tensor *out = NULL;
  bool made = eager_transpose(s->tx, s->perm, &out) == EAGER_OK;
  eager_tensor_release(out);
  return made;
}

static bool host_transpose(void *state) {
  transposing *s = state;
  const int64_t *d = s->dims;
  if (d)
    host_swap_middle_32(s->out, s->x, (size_t)d[0], (size_t)d[1], (size_t)d[2],
                        (size_t)d[3]);
  else if (s->dtype == EAGER_UINT8)
    host_transpose_8(s->out, s->x, &s->all);
  else if (s->dtype == EAGER_FLOAT32)
    host_transpose_32(s->out, s->x, &s->all);
  else
    host_transpose_64(s->out, s->x, &s->all);
  return true;
}

typedef struct shape {
  const char *name;
  eager_dtype dtype;
  int rank;
  int64_t dims[4], perm[4];
  bool large;
} shape;

static const shape shapes[] = {
    {"2-D float32 1024x1024", EAGER_FLOAT32, 2, {1024, 1024}, {1, 0}, false},
    {"2-D float32 8192x4096", EAGER_FLOAT32, 2, {8192, 4096}, {1, 0}, true},
    {"2-D float32 1000x1003", EAGER_FLOAT32, 2, {1000, 1003}, {1, 0}, false},
    {"2-D uint8 2048x2048", EAGER_UINT8, 2, {2048, 2048}, {1, 0}, false},
    {"2-D float64 1024x1024", EAGER_FLOAT64, 2, {1024, 1024}, {1, 0}, false},
    {"NHWC to NCHW 8x56x56x64", EAGER_FLOAT32, 4, {8, 56, 56, 64}, {0, 3, 1, 2}, false},
    {"NCHW to NHWC 8x64x56x56", EAGER_FLOAT32, 4, {8, 64, 56, 56}, {0, 2, 3, 1}, false},
    {"NHWC to NCHW 128x56x56x64", EAGER_FLOAT32, 4, {128, 56, 56, 64}, {0, 3, 1, 2}, true},
    {"NHWC to NCHW 8x224x224x3", EAGER_FLOAT32, 4, {8, 224, 224, 3}, {0, 3, 1, 2}, false},
    {"NCHW to NHWC 8x3x224x224", EAGER_FLOAT32, 4, {8, 3, 224, 224}, {0, 2, 3, 1}, false},
    {"4-D 16x48x32x40 perm 3 1 0 2",
     EAGER_FLOAT32,
     4,
     {16, 48, 32, 40},
     {3, 1, 0, 2},
     false},
    {"4-D 8x128x16x64 perm 0 2 1 3",
     EAGER_FLOAT32,
     4,
     {8, 128, 16, 64},
     {0, 2, 1, 3},
     false},
};

/* The matrices: the output's last axis are x's rows, x's last axis their columns. */
static void plan(const shape *row, transposing *s) {
  size_t x_strides[4], out_strides[4] = {0}, x_stride = 1, out_stride = 1;
  int outer = 0, last = row->rank - 1;
  for (int i = last; i >= 0; i--) {
    x_strides[i] = x_stride;
    x_stride *= (size_t)row->dims[i];
    out_strides[row->perm[i]] = out_stride;
    out_stride *= (size_t)row->dims[row->perm[i]];
  }
  int rows = (int)row->perm[last];
  s->all = (host_matrices){.outer = {1, 1},
                           .m = (size_t)row->dims[rows],
                           .n = (size_t)row->dims[last],
                           .x_stride = x_strides[rows],
                           .out_stride = out_strides[last]};
  /* An image's height and width are one axis. */
  bool image = row->rank == 4 && row->perm[0] == 0 && row->perm[1] != 2;
  if (image && rows == 2) {
    s->all.m *= (size_t)row->dims[1];
    s->all.outer[0] = (size_t)row->dims[0];
    s->all.x_outer[0] = s->all.out_outer[0] = s->all.m * s->all.n;
  } else if (image) {
    s->all.n *= (size_t)row->dims[2];
    s->all.outer[0] = (size_t)row->dims[0];
    s->all.x_outer[0] = s->all.out_outer[0] = s->all.m * s->all.n;
    s->all.x_stride = s->all.n;
  } else {
    for (int i = 0; i < last; i++) {
      if (i == rows) continue;
      s->all.outer[outer] = (size_t)row->dims[i];
      s->all.x_outer[outer] = x_strides[i];
      s->all.out_outer[outer++] = out_strides[i];
    }
  }
  s->dims = row->rank == 4 && rows == 3 ? row->dims : NULL;
}

static void run_shape(bench *b, const shape *row) {
  size_t count = 1, width = eager_dtype_size(row->dtype);
  for (int i = 0; i < row->rank; i++) count *= (size_t)row->dims[i];
  transposing s = {.dtype = row->dtype,
                   .x = bench_alloc(count * width),
                   .out = bench_alloc(count * width)};
  for (int i = 0; i < row->rank; i++) s.perm[i] = row->perm[i];
  plan(row, &s);
  if (!s.x || !s.out) {
    bench_fail(b, row->name, "out of memory");
  } else {
    /* Any bits will do: nothing here computes. */
    bench_random_floats(b, s.x, count * width / sizeof(float), -100, 100);
    host_transpose(&s);
    eager_tensor *out = NULL;
    bool made =
        eager_tensor_from_host(row->dtype, row->rank, row->dims, s.x, &s.tx) == EAGER_OK &&
        eager_transpose(s.tx, s.perm, &out) == EAGER_OK;
    if (!made) bench_fail(b, row->name, NULL);
    if (made && bench_same_bytes(b, row->name, out, s.out))
      bench_run(b, &(bench_row){
                       .name = row->name,
                       .reference = "OpenMP C blocks",
                       .ours = {our_transpose, bench_synchronize},
                       .other = {host_transpose, NULL},
                       .state = &s,
                       .bytes = 2 * (double)(count * width),
                       .goal = 0.9,
                   });
    eager_tensor_release(out);
  }
  eager_tensor_release(s.tx);
  bench_free(s.x);
  bench_free(s.out);
}

void bench_transpose(bench *b) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    if (bench_wants(b, shapes[i].name) && (!shapes[i].large || !bench_quick(b)))
      run_shape(b, &shapes[i]);
}
