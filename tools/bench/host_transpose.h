/* Transposes as a C programmer with OpenMP would write them: blocks that fit the cache. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Many matrices: of matrix (i, j), x holds `m` rows of `n` elements, x_stride apart, from
 * i * x_outer[0] + j * x_outer[1] on; out holds `n` rows of `m`, out_stride apart. */
typedef struct host_matrices {
  size_t outer[2], x_outer[2], out_outer[2];
  size_t m, n, x_stride, out_stride;
} host_matrices;

void host_transpose_8(uint8_t *out, const uint8_t *x, const host_matrices *all);
void host_transpose_32(uint32_t *out, const uint32_t *x, const host_matrices *all);
void host_transpose_64(uint64_t *out, const uint64_t *x, const host_matrices *all);

/* [a][b][c][d] to [a][c][b][d]: rows move as wholes. */
void host_swap_middle_32(uint32_t *out, const uint32_t *x, size_t a, size_t b, size_t c,
                         size_t d);
