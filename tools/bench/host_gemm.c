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

/* One product after the other, the rows of each dealt to the threads. */
#define DEFINE_PRODUCTS(name, type)                                                        \
  void name(const host_product *p, const type *a, const type *b, type *c) {                \
    size_t a_row = p->transpose_a ? 1 : p->k, a_column = p->transpose_a ? p->m : 1;        \
    size_t b_row = p->transpose_b ? 1 : p->n, b_column = p->transpose_b ? p->k : 1;        \
    for (size_t batch = 0; batch < p->batch || batch == 0; batch++) {                      \
      _Pragma("omp parallel for") for (size_t i = 0; i < p->m; i++) {                      \
        type *to = c + i * p->n;                                                           \
        memset(to, 0, p->n * sizeof *to);                                                  \
        for (size_t l = 0; l < p->k; l++) {                                                \
          type x = a[i * a_row + l * a_column];                                            \
          for (size_t j = 0; j < p->n; j++) to[j] += x * b[l * b_row + j * b_column];      \
        }                                                                                  \
      }                                                                                    \
      a += p->m * p->k;                                                                    \
      b += p->k * p->n;                                                                    \
      c += p->m * p->n;                                                                    \
    }                                                                                      \
  }

DEFINE_PRODUCTS(host_gemm_float, float)
DEFINE_PRODUCTS(host_gemm_double, double)

void host_gemv_float(const host_product *p, const float *a, const float *x, float *y) {
  host_gemm_float(p, a, x, y);
}
#endif
