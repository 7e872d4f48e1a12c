#include "host_transpose.h"

#include <string.h>

enum { SIDE = 16 };

/* One strip of blocks: SIDE rows of x at most. */
typedef struct strip {
  size_t to, from, rows;
} strip;

static size_t strips_of(const host_matrices *all) {
  return all->outer[0] * all->outer[1] * ((all->m + SIDE - 1) / SIDE);
}

static strip find(const host_matrices *all, size_t number) {
  size_t down = (all->m + SIDE - 1) / SIDE, matrix = number / down;
  size_t row = (number - matrix * down) * SIDE;
  size_t i = matrix / all->outer[1], j = matrix - i * all->outer[1];
  return (strip){
      .to = i * all->out_outer[0] + j * all->out_outer[1] + row,
      .from = i * all->x_outer[0] + j * all->x_outer[1] + row * all->x_stride,
      .rows = all->m - row < SIDE ? all->m - row : SIDE,
  };
}

static size_t width_of(const host_matrices *all, size_t column) {
  return all->n - column < SIDE ? all->n - column : SIDE;
}

/* Whole blocks have constant bounds, of which the compiler makes vectors. */
#define DEFINE_TRANSPOSE(name, type)                                                       \
  void name(type *restrict out, const type *restrict x, const host_matrices *all) {        \
    size_t strips = strips_of(all), to_stride = all->out_stride,                           \
           from_stride = all->x_stride;                                                    \
    _Pragma("omp parallel for") for (size_t number = 0; number < strips; number++) {       \
      strip s = find(all, number);                                                         \
      for (size_t column = 0; column < all->n; column += SIDE) {                           \
        type *to = out + s.to + column * to_stride;                                        \
        const type *from = x + s.from + column;                                            \
        size_t width = width_of(all, column);                                              \
        if (width == SIDE && s.rows == SIDE) {                                             \
          for (size_t j = 0; j < SIDE; j++)                                                \
            for (size_t i = 0; i < SIDE; i++)                                              \
              to[j * to_stride + i] = from[i * from_stride + j];                           \
        } else {                                                                           \
          for (size_t j = 0; j < width; j++)                                               \
            for (size_t i = 0; i < s.rows; i++)                                            \
              to[j * to_stride + i] = from[i * from_stride + j];                           \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }

DEFINE_TRANSPOSE(host_transpose_8, uint8_t)
DEFINE_TRANSPOSE(host_transpose_32, uint32_t)
DEFINE_TRANSPOSE(host_transpose_64, uint64_t)

void host_swap_middle_32(uint32_t *out, const uint32_t *x, size_t a, size_t b, size_t c,
                         size_t d) {
#pragma omp parallel for collapse(2)
  for (size_t i = 0; i < a; i++)
    for (size_t k = 0; k < c; k++)
      for (size_t j = 0; j < b; j++)
        memcpy(out + ((i * c + k) * b + j) * d, x + ((i * b + j) * c + k) * d,
               d * sizeof *x);
}
