#include "host_broadcast.h"

enum { NARROW = 64, REPEATS = 16 };

/* Rows too short for the compiler's vectors: sixteen at a time, beside their addend as
 * often. */
static void add_narrow_row(float *restrict y, const float *restrict a,
                           const float *restrict row, size_t rows, size_t columns) {
  float repeated[NARROW * REPEATS];
  const size_t block = columns * REPEATS, count = rows * columns, whole = count / block;
  for (size_t j = 0; j < block; j++) repeated[j] = row[j % columns];
#pragma omp parallel for
  for (size_t i = 0; i < whole; i++)
#pragma omp simd
    for (size_t j = 0; j < block; j++) y[i * block + j] = a[i * block + j] + repeated[j];
  for (size_t i = whole * block; i < count; i++) y[i] = a[i] + row[i % columns];
}

void host_add_row(float *restrict y, const float *restrict a, const float *restrict row,
                  size_t rows, size_t columns) {
  if (columns < NARROW) {
    add_narrow_row(y, a, row, rows, columns);
    return;
  }
#pragma omp parallel for
  for (size_t i = 0; i < rows; i++)
#pragma omp simd
    for (size_t j = 0; j < columns; j++) y[i * columns + j] = a[i * columns + j] + row[j];
}

void host_add_column(float *restrict y, const float *restrict a,
                     const float *restrict column, size_t rows, size_t columns) {
#pragma omp parallel for
  for (size_t i = 0; i < rows; i++)
#pragma omp simd
    for (size_t j = 0; j < columns; j++)
      y[i * columns + j] = a[i * columns + j] + column[i];
}

void host_add_scalar(float *restrict y, const float *restrict a, float scalar,
                     size_t count) {
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) y[i] = a[i] + scalar;
}

void host_add_4d(float *restrict y, const float *restrict a, const float *restrict b,
                 const size_t dims[4]) {
  const size_t outer = dims[0], second = dims[1], third = dims[2], inner = dims[3];
#pragma omp parallel for collapse(2)
  for (size_t i = 0; i < outer; i++)
    for (size_t j = 0; j < second; j++)
      for (size_t k = 0; k < third; k++) {
        float *to = y + ((i * second + j) * third + k) * inner;
        const float *from = a + (i * third + k) * inner, *with = b + j * inner;
#pragma omp simd
        for (size_t l = 0; l < inner; l++) to[l] = from[l] + with[l];
      }
}
