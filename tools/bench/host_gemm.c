#include "host_gemm.h"

#if BENCH_HAVE_OPENBLAS
#include <cblas.h>

const char *const host_gemm_name = "OpenBLAS";

static CBLAS_TRANSPOSE transposed(bool is_transposed) {
  return is_transposed ? CblasTrans : CblasNoTrans;
}

void host_gemm_float(const host_product *p, const float *a, const float *b, float *c) {
  blasint m = (blasint)p->m, n = (blasint)p->n, k = (blasint)p->k;
  for (size_t i = 0; i < p->batch || i == 0; i++)
    cblas_sgemm(CblasRowMajor, transposed(p->transpose_a), transposed(p->transpose_b), m, n,
                k, 1, a + i * p->m * p->k, p->transpose_a ? m : k, b + i * p->k * p->n,
                p->transpose_b ? k : n, 0, c + i * p->m * p->n, n);
}

void host_gemm_double(const host_product *p, const double *a, const double *b, double *c) {
  blasint m = (blasint)p->m, n = (blasint)p->n, k = (blasint)p->k;
  for (size_t i = 0; i < p->batch || i == 0; i++)
    cblas_dgemm(CblasRowMajor, transposed(p->transpose_a), transposed(p->transpose_b), m, n,
                k, 1, a + i * p->m * p->k, p->transpose_a ? m : k, b + i * p->k * p->n,
                p->transpose_b ? k : n, 0, c + i * p->m * p->n, n);
}

void host_gemv_float(const host_product *p, const float *a, const float *x, float *y) {
  blasint rows = (blasint)(p->transpose_a ? p->k : p->m);
  blasint columns = (blasint)(p->transpose_a ? p->m : p->k);
  for (size_t i = 0; i < p->batch || i == 0; i++)
    cblas_sgemv(CblasRowMajor, transposed(p->transpose_a), rows, columns, 1,
                a + i * p->m * p->k, columns, x + i * p->k, 1, 0, y + i * p->m, 1);
}

#else
#include <string.h>

const char *const host_gemm_name = "OpenMP C";

static void multiply_float(const host_product *p, const float *a, const float *b,
                           float *c) {
  size_t a_row = p->transpose_a ? 1 : p->k, a_col = p->transpose_a ? p->m : 1;
  size_t b_row = p->transpose_b ? 1 : p->n, b_col = p->transpose_b ? p->k : 1;
#pragma omp parallel for
  for (size_t i = 0; i < p->m; i++) {
    memset(c + i * p->n, 0, p->n * sizeof *c);
    for (size_t l = 0; l < p->k; l++) {
      float x = a[i * a_row + l * a_col];
      for (size_t j = 0; j < p->n; j++) c[i * p->n + j] += x * b[l * b_row + j * b_col];
    }
  }
}

void host_gemm_float(const host_product *p, const float *a, const float *b, float *c) {
  for (size_t i = 0; i < p->batch || i == 0; i++)
    multiply_float(p, a + i * p->m * p->k, b + i * p->k * p->n, c + i * p->m * p->n);
}

void host_gemm_double(const host_product *p, const double *a, const double *b, double *c) {
  size_t a_row = p->transpose_a ? 1 : p->k, a_col = p->transpose_a ? p->m : 1;
  size_t b_row = p->transpose_b ? 1 : p->n, b_col = p->transpose_b ? p->k : 1;
#pragma omp parallel for
  for (size_t i = 0; i < p->m; i++) {
    memset(c + i * p->n, 0, p->n * sizeof *c);
    for (size_t l = 0; l < p->k; l++) {
      double x = a[i * a_row + l * a_col];
      for (size_t j = 0; j < p->n; j++) c[i * p->n + j] += x * b[l * b_row + j * b_col];
    }
  }
}

void host_gemv_float(const host_product *p, const float *a, const float *x, float *y) {
  host_gemm_float(p, a, x, y);
}
#endif
