#include "host_math.h"

#include <math.h>

void host_exp_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = expf(a[i]);
}

void host_log_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = logf(a[i]);
}

void host_tanh_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = tanhf(a[i]);
}

void host_sigmoid_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = 1 / (1 + expf(-a[i]));
}

void host_gelu_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = 0.5f * a[i] * (1 + erff(a[i] * 0.70710678f));
}

/* By a sigmoid instead of the tanh, which is the same function with one exponential. */
void host_gelu_tanh_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) {
    float x = a[i];
    y[i] = x / (1 + expf(-1.5957691f * (x + 0.044715f * x * x * x)));
  }
}

void host_sin_float(float *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = sinf(a[i]);
}

void host_pow_float(float *restrict y, const float *restrict a, const float *restrict b,
                    size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = powf(a[i], b[i]);
}
