#include "host_reduce.h"

#include <float.h>
#include <string.h>

enum {
  WIDEST = 4096, /* columns whose totals a thread keeps for itself */
  BLOCK = 1024,  /* elements whose maximum is taken before it is looked for */
  LANE = 2048,   /* columns of a running sum that a thread takes side by side */
};

static float sum_of(const float *x, size_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < count; i++) sum += x[i];
  return sum;
}

static float max_of(const float *x, size_t count) {
  float max = -FLT_MAX;
#pragma omp simd reduction(max : max)
  for (size_t i = 0; i < count; i++) max = x[i] > max ? x[i] : max;
  return max;
}

void host_sum_full(float *y, const float *x, size_t count) {
  float sum = 0;
#pragma omp parallel for simd reduction(+ : sum)
  for (size_t i = 0; i < count; i++) sum += x[i];
  y[0] = sum;
}

void host_max_full(float *y, const float *x, size_t count) {
  float max = -FLT_MAX;
#pragma omp parallel for simd reduction(max : max)
  for (size_t i = 0; i < count; i++) max = x[i] > max ? x[i] : max;
  y[0] = max;
}

void host_sum_rows(float *y, const float *x, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) y[r] = sum_of(x + r * length, length);
}

void host_max_rows(float *y, const float *x, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) y[r] = max_of(x + r * length, length);
}

/* --- Columns: four rows at a time, so that the totals are touched a quarter as often ---
 */

static void add_rows(float *restrict y, const float *restrict x, size_t rows,
                     size_t inner) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *a = x + r * inner, *b = a + inner, *c = b + inner, *d = c + inner;
#pragma omp simd
    for (size_t j = 0; j < inner; j++) y[j] += (a[j] + b[j]) + (c[j] + d[j]);
  }
  for (; r < rows; r++) {
#pragma omp simd
    for (size_t j = 0; j < inner; j++) y[j] += x[r * inner + j];
  }
}

static inline float larger(float a, float b) {
  return a > b ? a : b;
}

static void max_rows(float *restrict y, const float *restrict x, size_t rows,
                     size_t inner) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *a = x + r * inner, *b = a + inner, *c = b + inner, *d = c + inner;
#pragma omp simd
    for (size_t j = 0; j < inner; j++)
      y[j] = larger(y[j], larger(larger(a[j], b[j]), larger(c[j], d[j])));
  }
  for (; r < rows; r++) {
#pragma omp simd
    for (size_t j = 0; j < inner; j++) y[j] = larger(y[j], x[r * inner + j]);
  }
}

void host_sum_columns(float *y, const float *x, size_t outer, size_t length, size_t inner) {
  memset(y, 0, outer * inner * sizeof *y);
  if (outer > 1) {
#pragma omp parallel for
    for (size_t o = 0; o < outer; o++)
      add_rows(y + o * inner, x + o * length * inner, length, inner);
    return;
  }
#pragma omp parallel
  {
    float own[WIDEST] = {0};
#pragma omp for schedule(static)
    for (size_t r = 0; r < length; r += 16)
      add_rows(own, x + r * inner, length - r < 16 ? length - r : 16, inner);
#pragma omp critical
    add_rows(y, own, 1, inner);
  }
}

void host_max_columns(float *y, const float *x, size_t outer, size_t length, size_t inner) {
  for (size_t i = 0; i < outer * inner; i++) y[i] = -FLT_MAX;
  if (outer > 1) {
#pragma omp parallel for
    for (size_t o = 0; o < outer; o++)
      max_rows(y + o * inner, x + o * length * inner, length, inner);
    return;
  }
#pragma omp parallel
  {
    float own[WIDEST];
    for (size_t j = 0; j < inner; j++) own[j] = -FLT_MAX;
#pragma omp for schedule(static)
    for (size_t r = 0; r < length; r += 16)
      max_rows(own, x + r * inner, length - r < 16 ? length - r : 16, inner);
#pragma omp critical
    max_rows(y, own, 1, inner);
  }
}

void host_scale(float *y, float factor, size_t count) {
#pragma omp simd
  for (size_t i = 0; i < count; i++) y[i] *= factor;
}

/* --- Places --- */

/* Block by block, and only where the maximum rises a look for its place. */
static size_t place_of_max(const float *x, size_t count, float *out_max) {
  float max = -FLT_MAX;
  size_t place = 0;
  for (size_t i = 0; i < count; i += BLOCK) {
    size_t here = count - i < BLOCK ? count - i : BLOCK;
    float found = max_of(x + i, here);
    if (!(found > max)) continue;
    max = found;
    for (place = i; x[place] != found; place++) continue;
  }
  *out_max = max;
  return place;
}

void host_argmax_full(int64_t *y, const float *x, size_t count) {
  float max = -FLT_MAX;
  size_t place = 0;
#pragma omp parallel
  {
    float own_max = -FLT_MAX;
    size_t own = 0;
#pragma omp for schedule(static)
    for (size_t i = 0; i < count; i += 16 * BLOCK) {
      float found;
      size_t at =
          place_of_max(x + i, count - i < 16 * BLOCK ? count - i : 16 * BLOCK, &found);
      if (!(found > own_max)) continue;
      own_max = found;
      own = i + at;
    }
#pragma omp critical
    if (own_max > max || (own_max == max && own < place)) {
      max = own_max;
      place = own;
    }
  }
  y[0] = (int64_t)place;
}

void host_argmax_rows(int64_t *y, const float *x, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) {
    float max;
    y[r] = (int64_t)place_of_max(x + r * length, length, &max);
  }
}

void host_argmax_columns(int64_t *y, const float *x, size_t length, size_t inner) {
  float best[WIDEST];
  for (size_t j = 0; j < inner; j++) {
    best[j] = -FLT_MAX;
    y[j] = 0;
  }
#pragma omp parallel
  {
    float own[WIDEST];
    int32_t at[WIDEST] = {0};
    for (size_t j = 0; j < inner; j++) own[j] = -FLT_MAX;
#pragma omp for schedule(static)
    for (size_t r = 0; r < length; r++) {
      const float *row = x + r * inner;
#pragma omp simd
      for (size_t j = 0; j < inner; j++) {
        at[j] = row[j] > own[j] ? (int32_t)r : at[j];
        own[j] = row[j] > own[j] ? row[j] : own[j];
      }
    }
#pragma omp critical
    for (size_t j = 0; j < inner; j++) {
      if (!(own[j] > best[j] || (own[j] == best[j] && at[j] < y[j]))) continue;
      best[j] = own[j];
      y[j] = at[j];
    }
  }
}

/* --- Running sums --- */

static float run_sum(float *restrict y, const float *restrict x, size_t count, float sum) {
#pragma omp simd reduction(inscan, + : sum)
  for (size_t i = 0; i < count; i++) {
    sum += x[i];
#pragma omp scan inclusive(sum)
    y[i] = sum;
  }
  return sum;
}

/* Two blocks at a time per pair of threads, while the second one's elements are in its
 * cache: their sum first, then each block from where it starts. */
void host_cumsum_full(float *y, const float *x, size_t count) {
  enum { PIECE = 32768, PIECES = 64 };
  float sums[PIECES], start = 0;
  for (size_t at = 0; at < count; at += (size_t)PIECE * PIECES) {
    size_t left = count - at, pieces = (left + PIECE - 1) / PIECE;
    if (pieces > PIECES) pieces = PIECES;
#pragma omp parallel
    {
#pragma omp for schedule(static, 1)
      for (size_t p = 0; p < pieces; p++) {
        size_t first = p * PIECE;
        sums[p] = sum_of(x + at + first, left - first < PIECE ? left - first : PIECE);
      }
#pragma omp single
      for (size_t p = 0; p < pieces; p++) {
        float sum = sums[p];
        sums[p] = start;
        start += sum;
      }
#pragma omp for schedule(static, 1)
      for (size_t p = 0; p < pieces; p++) {
        size_t first = p * PIECE, here = left - first < PIECE ? left - first : PIECE;
        run_sum(y + at + first, x + at + first, here, sums[p]);
      }
    }
  }
}

void host_cumsum_rows(float *y, const float *x, size_t rows, size_t length) {
#pragma omp parallel for
  for (size_t r = 0; r < rows; r++) run_sum(y + r * length, x + r * length, length, 0);
}

void host_cumsum_columns(float *y, const float *x, size_t length, size_t inner) {
  size_t lane = inner / 2 < LANE ? (inner + 1) / 2 : LANE;
#pragma omp parallel for
  for (size_t first = 0; first < inner; first += lane) {
    size_t count = inner - first < lane ? inner - first : lane;
    float sums[LANE] = {0};
    for (size_t r = 0; r < length; r++) {
      const float *from = x + r * inner + first;
      float *to = y + r * inner + first;
#pragma omp simd
      for (size_t j = 0; j < count; j++) to[j] = sums[j] += from[j];
    }
  }
}
