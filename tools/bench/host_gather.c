#include "host_gather.h"

#include <float.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num(void) {
  return 0;
}

static int omp_get_num_threads(void) {
  return 1;
}
#endif

void host_gather_rows(float *restrict out, const float *restrict params,
                      const int32_t *restrict indices, size_t rows, size_t columns) {
#pragma omp parallel for
  for (size_t i = 0; i < rows; i++)
    memcpy(out + i * columns, params + (size_t)indices[i] * columns, columns * sizeof *out);
}

void host_add_rows(float *restrict out, const float *restrict base,
                   const int32_t *restrict ids, const float *restrict updates, size_t rows,
                   size_t targets, size_t columns) {
#pragma omp parallel
  {
    size_t thread = (size_t)omp_get_thread_num(), threads = (size_t)omp_get_num_threads();
    size_t begin = targets * thread / threads, end = targets * (thread + 1) / threads;
    size_t size = (end - begin) * columns * sizeof *out;
    if (base)
      memcpy(out + begin * columns, base + begin * columns, size);
    else
      memset(out + begin * columns, 0, size);
    for (size_t i = 0; i < rows; i++) {
      size_t id = (size_t)ids[i];
      if (id < begin || id >= end) continue;
      float *restrict to = out + id * columns;
      const float *restrict from = updates + i * columns;
      for (size_t j = 0; j < columns; j++) to[j] += from[j];
    }
  }
}

void host_concat_columns(float *restrict out, const float *restrict a, size_t a_columns,
                         const float *restrict b, size_t b_columns, size_t rows) {
  size_t columns = a_columns + b_columns;
#pragma omp parallel for
  for (size_t i = 0; i < rows; i++) {
    memcpy(out + i * columns, a + i * a_columns, a_columns * sizeof *a);
    memcpy(out + i * columns + a_columns, b + i * b_columns, b_columns * sizeof *b);
  }
}

void host_pad_images(float *restrict out, const float *restrict x, size_t n, size_t h,
                     size_t w, size_t c) {
  size_t line = (w + 2) * c;
#pragma omp parallel for collapse(2)
  for (size_t i = 0; i < n; i++)
    for (size_t y = 0; y < h + 2; y++) {
      float *to = out + (i * (h + 2) + y) * line;
      if (y == 0 || y == h + 1) {
        memset(to, 0, line * sizeof *to);
        continue;
      }
      memset(to, 0, c * sizeof *to);
      memcpy(to + c, x + (i * h + y - 1) * w * c, w * c * sizeof *to);
      memset(to + c + w * c, 0, c * sizeof *to);
    }
}

void host_cut_columns(float *restrict out, const float *restrict x, size_t x_columns,
                      size_t column, size_t rows, size_t columns) {
#pragma omp parallel for
  for (size_t i = 0; i < rows; i++)
    memcpy(out + i * columns, x + i * x_columns + column, columns * sizeof *out);
}

void host_one_hot(float *restrict out, const int32_t *restrict indices, size_t rows,
                  size_t depth) {
#pragma omp parallel for
  for (size_t i = 0; i < rows; i++) {
    memset(out + i * depth, 0, depth * sizeof *out);
    if ((size_t)indices[i] < depth) out[i * depth + (size_t)indices[i]] = 1;
  }
}

enum { STEP = 64 }; /* elements that are passed over together */

/* Whether any of STEP elements belongs among the largest. */
static inline int any_above(const float *x, float least) {
  int found = 0;
  for (size_t i = 0; i < STEP; i++) found |= x[i] > least;
  return found;
}

static inline void insert(float *values, int32_t *places, size_t k, float x, size_t place) {
  size_t i = k - 1;
  for (; i > 0 && values[i - 1] < x; i--) {
    values[i] = values[i - 1];
    places[i] = places[i - 1];
  }
  values[i] = x;
  places[i] = (int32_t)place;
}

void host_top_k(float *restrict values, int32_t *restrict places, const float *restrict x,
                size_t rows, size_t columns, size_t k) {
#pragma omp parallel for
  for (size_t row = 0; row < rows; row++) {
    const float *from = x + row * columns;
    float *best = values + row * k;
    int32_t *at = places + row * k;
    for (size_t i = 0; i < k; i++) {
      best[i] = -FLT_MAX;
      at[i] = 0;
    }
    for (size_t begin = 0; begin < columns; begin += STEP) {
      size_t end = columns - begin < STEP ? columns : begin + STEP;
      if (end - begin == STEP && !any_above(from + begin, best[k - 1])) continue;
      for (size_t i = begin; i < end; i++)
        if (from[i] > best[k - 1]) insert(best, at, k, from[i], i);
    }
  }
}
