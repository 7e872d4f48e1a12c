/* Products of row-major matrices, c[m,n] = a[m,k] b[k,n], by OpenBLAS; by OpenMP C where
 * this build has none. a and b are read transposed if asked for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct host_product {
  size_t batch, m, n, k; /* `batch` of them, dense, one behind the other; 0 reads as 1 */
  bool transpose_a, transpose_b;
} host_product;

extern const char *const host_gemm_name; /* "OpenBLAS" or "OpenMP C" */

void host_gemm_float(const host_product *p, const float *a, const float *b, float *c);
void host_gemm_double(const host_product *p, const double *a, const double *b, double *c);
/* n is 1: matrices times vectors. */
void host_gemv_float(const host_product *p, const float *a, const float *x, float *y);
