/* A trial: the cases of one area under the values in EAGERCL_TUNING, checked and timed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eagercl/eagercl.h>

#include "tune.h"

/* Two float32 inputs; the reference gives element `index` of the result in double and,
 * where the result is a sum, the sum of the terms' magnitudes, to which rounding is
 * relative. */
typedef struct tune_case {
  const char *name, *area;
  int ranks[2];
  int64_t dims[2][4];
  eager_status (*run)(eager_tensor *a, eager_tensor *b, eager_tensor **out);
  double (*expected)(const struct tune_case *c, float *const *inputs, int64_t index,
                     double *out_scale);
  int64_t terms; /* that are added up for one element */
} tune_case;

static eager_status run_add(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  return eager_add(a, b, out);
}

static double expect_add(const tune_case *c, float *const *inputs, int64_t index,
                         double *out_scale) {
  (void)c;
  *out_scale = 2;
  return (double)inputs[0][index] + (double)inputs[1][index];
}

static eager_status run_exp(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  (void)b;
  return eager_exp(a, out);
}

static double expect_exp(const tune_case *c, float *const *inputs, int64_t index,
                         double *out_scale) {
  (void)c;
  return *out_scale = exp((double)inputs[0][index]);
}

static eager_status run_sum(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  const int64_t axis = 1;
  (void)b;
  return eager_reduce_sum(a, &axis, 1, false, out);
}

static double expect_sum(const tune_case *c, float *const *inputs, int64_t index,
                         double *out_scale) {
  int64_t columns = c->dims[0][1];
  double sum = 0;
  *out_scale = 0;
  for (int64_t i = 0; i < columns; i++) {
    double value = (double)inputs[0][index * columns + i];
    sum += value;
    *out_scale += fabs(value);
  }
  return sum;
}

static eager_status run_transpose(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  (void)b;
  return eager_transpose(a, NULL, out);
}

static double expect_transpose(const tune_case *c, float *const *inputs, int64_t index,
                               double *out_scale) {
  int64_t rows = c->dims[0][0], columns = c->dims[0][1];
  *out_scale = 0;
  return (double)inputs[0][index % rows * columns + index / rows];
}

static eager_status run_matmul(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  return eager_matmul(a, false, b, false, out);
}

static double expect_matmul(const tune_case *c, float *const *inputs, int64_t index,
                            double *out_scale) {
  int64_t n = c->dims[1][1], depth = c->dims[1][0], row = index / n, column = index % n;
  double sum = 0;
  *out_scale = 0;
  for (int64_t i = 0; i < depth; i++) {
    double term = (double)inputs[0][row * depth + i] * (double)inputs[1][i * n + column];
    sum += term;
    *out_scale += fabs(term);
  }
  return sum;
}

static eager_status run_conv(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  return eager_conv2d(a, b, &options, out);
}

/* 3x3, stride 1, NHWC, padding SAME. */
static double expect_conv(const tune_case *c, float *const *inputs, int64_t index,
                          double *out_scale) {
  const int64_t *x = c->dims[0], *f = c->dims[1];
  int64_t o = index % f[3], w = index / f[3] % x[2], h = index / f[3] / x[2] % x[1];
  int64_t n = index / f[3] / x[2] / x[1];
  double sum = 0;
  *out_scale = 0;
  for (int64_t i = 0; i < 9; i++) {
    int64_t row = h + i / 3 - 1, column = w + i % 3 - 1;
    if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
    const float *from = inputs[0] + ((n * x[1] + row) * x[2] + column) * x[3];
    for (int64_t k = 0; k < x[3]; k++) {
      double term = (double)from[k] * (double)inputs[1][(i * x[3] + k) * f[3] + o];
      sum += term;
      *out_scale += fabs(term);
    }
  }
  return sum;
}

static eager_status run_conv_filter(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  const int64_t sizes[] = {3, 3, eager_tensor_dim(a, 3), eager_tensor_dim(b, 3)};
  return eager_conv2d_backprop_filter(a, sizes, b, &options, out);
}

/* The gradient of that filter: the sum over all pixels. */
static double expect_conv_filter(const tune_case *c, float *const *inputs, int64_t index,
                                 double *out_scale) {
  const int64_t *x = c->dims[0], *y = c->dims[1];
  int64_t o = index % y[3], k = index / y[3] % x[3], tap = index / y[3] / x[3];
  double sum = 0;
  *out_scale = 0;
  for (int64_t i = 0; i < y[0] * y[1] * y[2]; i++) {
    int64_t row = i / y[2] % y[1] + tap / 3 - 1, column = i % y[2] + tap % 3 - 1;
    if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
    int64_t pixel = (i / y[2] / y[1] * x[1] + row) * x[2] + column;
    double term = (double)inputs[0][pixel * x[3] + k] * (double)inputs[1][i * y[3] + o];
    sum += term;
    *out_scale += fabs(term);
  }
  return sum;
}

static const tune_case cases[] = {
    {"add", "elementwise", {1, 1}, {{1 << 20}, {1 << 20}}, run_add, expect_add, 1},
    {"exp", "elementwise", {1, 1}, {{1 << 20}, {1}}, run_exp, expect_exp, 4},
    {"sum", "elementwise", {2, 1}, {{1024, 1024}, {1}}, run_sum, expect_sum, 1024},
    {"transpose",
     "elementwise",
     {2, 1},
     {{1024, 1024}, {1}},
     run_transpose,
     expect_transpose,
     1},
    {"square", "gemm", {2, 2}, {{512, 512}, {512, 512}}, run_matmul, expect_matmul, 512},
    {"large",
     "gemm",
     {2, 2},
     {{1024, 1024}, {1024, 1024}},
     run_matmul,
     expect_matmul,
     1024},
    {"skinny", "gemm", {2, 2}, {{128, 784}, {784, 512}}, run_matmul, expect_matmul, 784},
    {"large",
     "clblast",
     {2, 2},
     {{1024, 1024}, {1024, 1024}},
     run_matmul,
     expect_matmul,
     1024},
    {"3x3x64",
     "conv",
     {4, 4},
     {{2, 56, 56, 64}, {3, 3, 64, 64}},
     run_conv,
     expect_conv,
     576},
    {"3x3x128",
     "conv",
     {4, 4},
     {{2, 28, 28, 128}, {3, 3, 128, 128}},
     run_conv,
     expect_conv,
     1152},
    {"3x3x64",
     "conv_filter",
     {4, 4},
     {{2, 28, 28, 64}, {2, 28, 28, 64}},
     run_conv_filter,
     expect_conv_filter,
     1568},
};

/* --- Running one --- */

static bool fail(const tune_case *c) {
  printf("%s: %s\n", c->name, eager_error_message());
  return false;
}

static bool make_inputs(const tune_case *c, float **values, eager_tensor **tensors) {
  uint64_t state = 42;
  for (int i = 0; i < 2; i++) {
    int64_t count = 1;
    for (int d = 0; d < c->ranks[i]; d++) count *= c->dims[i][d];
    if (!(values[i] = malloc((size_t)count * sizeof(float)))) return false;
    for (int64_t k = 0; k < count; k++) {
      state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      values[i][k] = (float)(state >> 40) * 0x1p-23f - 1;
    }
    if (eager_tensor_from_host(EAGER_FLOAT32, c->ranks[i], c->dims[i], values[i],
                               &tensors[i]) != EAGER_OK)
      return fail(c);
  }
  return true;
}

/* A few thousand elements, spread so that every part of a tile is among them. Rounding:
 * half a unit for each term and one for the result. */
static bool check(const tune_case *c, float *const *values, const eager_tensor *out) {
  int64_t count = eager_tensor_num_elements(out);
  int64_t step = count * c->terms / 4000000 + 1; /* as long as the reference may take */
  size_t size = eager_tensor_byte_size(out);
  float *got = malloc(size);
  bool right = got && eager_tensor_to_host(out, got, size) == EAGER_OK;
  if (!right) fail(c);
  for (int64_t i = 0; right && i < count; i += step) {
    double scale = 0, expected = c->expected(c, values, i, &scale);
    double allowed = (0.5 * (double)c->terms + 1) * 0x1p-23 * scale;
    if (fabs((double)got[i] - expected) <= allowed) continue;
    printf("%s: element %lld is %g, not %g\n", c->name, (long long)i, (double)got[i],
           expected);
    right = false;
  }
  free(got);
  return right;
}

/* Seconds of one execution within a stream of them, the least of 5 samples. */
static bool measure(const tune_case *c, eager_tensor *const *inputs, double *out_seconds) {
  double least = 0;
  int count = 1;
  for (int sample = 0; sample < 6;) {
    double begin = tune_now();
    for (int i = 0; i < count; i++) {
      eager_tensor *out;
      if (c->run(inputs[0], inputs[1], &out) != EAGER_OK) return fail(c);
      eager_tensor_release(out);
    }
    if (eager_synchronize(NULL) != EAGER_OK) return fail(c);
    double taken = tune_now() - begin;
    if (taken < 0.02 && count < 100000) {
      count *= 2;
      continue;
    }
    if (sample++ && (least == 0 || taken / count < least)) least = taken / count;
  }
  *out_seconds = least;
  return true;
}

static bool run_case(const tune_case *c) {
  float *values[2] = {NULL, NULL};
  eager_tensor *inputs[2] = {NULL, NULL}, *out = NULL;
  double seconds = 0;
  bool fine = make_inputs(c, values, inputs);
  if (fine && c->run(inputs[0], inputs[1], &out) != EAGER_OK) fine = fail(c);
  fine = fine && check(c, values, out) && measure(c, inputs, &seconds);
  if (fine) printf("case %s %.9f\n", c->name, seconds);
  eager_tensor_release(out);
  for (int i = 0; i < 2; i++) {
    eager_tensor_release(inputs[i]);
    free(values[i]);
  }
  return fine;
}

/* --- The child's side --- */

static bool start(const char *device) {
  const eager_config config = {.default_device = *device ? device : NULL};
  if (eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC) ==
      EAGER_OK)
    return true;
  printf("%s\n", eager_error_message());
  return false;
}

static int finish(bool fine) {
  if (eager_shutdown() != EAGER_OK) fine = false;
  return fine ? 0 : 1;
}

int tune_run_trial(const char *area, const char *device) {
  if (strcmp(area, "clblast") == 0) setenv("EAGERCL_GEMM", "clblast", 1);
  bool fine = start(device);
  if (!fine) return 1;
  int count = 0;
  for (size_t i = 0; fine && i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].area, area) != 0) continue;
    fine = run_case(&cases[i]);
    count++;
  }
  if (count == 0) printf("no case of the area %s\n", area);
  return finish(fine && count > 0);
}

int tune_describe(const char *device) {
  bool fine = start(device);
  if (!fine) return 1;
  for (size_t i = 0; fine && i < eager_tunable_count(); i++) {
    eager_tunable tunable;
    fine = eager_tunable_get(NULL, i, &tunable) == EAGER_OK;
    if (!fine) {
      printf("%s\n", eager_error_message());
      break;
    }
    printf("tunable %s %s %d %d", tunable.name, tunable.area, tunable.value,
           tunable.builtin);
    for (size_t k = 0; k < tunable.choice_count; k++) printf(" %d", tunable.choices[k]);
    printf("\n");
  }
  return finish(fine);
}

int tune_save(const char *device, const char *values) {
  if (!start(device)) return 1;
  bool fine = eager_tuning_save(NULL, values) == EAGER_OK;
  if (!fine) printf("%s\n", eager_error_message());
  return finish(fine);
}
