#include "host_softmax.h"

#include <float.h>
#include <math.h>

enum {
  WIDEST = 4096, /* columns whose totals a thread keeps for itself */
  SOME = 64,     /* rows dealt out together */
};

static float max_of(const float *x, size_t count) {
  float max = -FLT_MAX;
#pragma omp simd reduction(max : max)
  for (size_t i = 0; i < count; i++) max = x[i] > max ? x[i] : max;
  return max;
}

void host_softmax(float *y, const float *x, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) {
    const float *restrict from = x + r * length;
    float *restrict to = y + r * length;
    float max = max_of(from, length), sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < length; i++) sum += to[i] = expf(from[i] - max);
    float scale = 1 / sum;
#pragma omp simd
    for (size_t i = 0; i < length; i++) to[i] *= scale;
  }
}

void host_log_softmax(float *y, const float *x, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) {
    const float *restrict from = x + r * length;
    float *restrict to = y + r * length;
    float max = max_of(from, length), sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < length; i++) sum += expf(from[i] - max);
    float off = max + logf(sum);
#pragma omp simd
    for (size_t i = 0; i < length; i++) to[i] = from[i] - off;
  }
}

void host_layer_norm(float *y, const float *x, const float *gamma, const float *beta,
                     float epsilon, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) {
    const float *restrict from = x + r * length;
    float *restrict to = y + r * length;
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < length; i++) sum += from[i];
    float mean = sum / (float)length;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < length; i++) squares += (from[i] - mean) * (from[i] - mean);
    float inverse = 1 / sqrtf(squares / (float)length + epsilon);
#pragma omp simd
    for (size_t i = 0; i < length; i++)
      to[i] = (from[i] - mean) * inverse * gamma[i] + beta[i];
  }
}

/* --- Columns --- */

static void add_columns(float *restrict sums, const float *restrict x,
                        const float *restrict mean, size_t rows, size_t length) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4, x += 4 * length) {
    const float *a = x, *b = a + length, *c = b + length, *d = c + length;
    if (!mean) {
#pragma omp simd
      for (size_t j = 0; j < length; j++) sums[j] += (a[j] + b[j]) + (c[j] + d[j]);
      continue;
    }
#pragma omp simd
    for (size_t j = 0; j < length; j++) {
      float p = a[j] - mean[j], q = b[j] - mean[j], s = c[j] - mean[j], t = d[j] - mean[j];
      sums[j] += (p * p + q * q) + (s * s + t * t);
    }
  }
  for (; r < rows; r++, x += length) {
#pragma omp simd
    for (size_t j = 0; j < length; j++)
      sums[j] += mean ? (x[j] - mean[j]) * (x[j] - mean[j]) : x[j];
  }
}

static void sum_columns(float *sums, const float *x, const float *mean, size_t rows,
                        size_t length) {
  for (size_t j = 0; j < length; j++) sums[j] = 0;
#pragma omp parallel
  {
    float own[WIDEST] = {0};
#pragma omp for schedule(static)
    for (size_t r = 0; r < rows; r += SOME)
      add_columns(own, x + r * length, mean, rows - r < SOME ? rows - r : SOME, length);
#pragma omp critical
    for (size_t j = 0; j < length; j++) sums[j] += own[j];
  }
}

void host_batch_norm(float *y, const float *x, const float *scale, const float *offset,
                     float epsilon, size_t rows, size_t length) {
  float mean[WIDEST], factor[WIDEST];
  sum_columns(mean, x, NULL, rows, length);
  for (size_t j = 0; j < length; j++) mean[j] /= (float)rows;
  sum_columns(factor, x, mean, rows, length);
  for (size_t j = 0; j < length; j++)
    factor[j] = scale[j] / sqrtf(factor[j] / (float)rows + epsilon);
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) {
    const float *restrict from = x + r * length;
    float *restrict to = y + r * length;
#pragma omp simd
    for (size_t j = 0; j < length; j++) to[j] = (from[j] - mean[j]) * factor[j] + offset[j];
  }
}
