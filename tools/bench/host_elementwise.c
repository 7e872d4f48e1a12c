#include "host_elementwise.h"

#include <math.h>

void host_add_float(float *restrict y, const float *restrict a, const float *restrict b,
                    size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

void host_multiply_float(float *restrict y, const float *restrict a,
                         const float *restrict b, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = a[i] * b[i];
}

void host_fma_float(float *restrict y, const float *restrict a, const float *restrict b,
                    const float *restrict c, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = fmaf(a[i], b[i], c[i]);
}

void host_cast_float_int32(int32_t *restrict y, const float *restrict a, size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = (int32_t)a[i];
}

void host_less_float(bool *restrict y, const float *restrict a, const float *restrict b,
                     size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = a[i] < b[i];
}

void host_select_float(float *restrict y, const bool *restrict c, const float *restrict a,
                       const float *restrict b, size_t count) {
  const unsigned char *bytes = (const unsigned char *)c; /* gcc makes no vectors of bools */
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) {
    float yes = a[i], no = b[i];
    y[i] = bytes[i] ? yes : no;
  }
}
