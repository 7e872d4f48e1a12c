/* CLBlast, behind one process-wide lock and a known-answer test. */
#ifndef EAGER_CL_BLAS_H
#define EAGER_CL_BLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cl/device.h"
#include "eagercl/dtype.h"

/* C[m,n] = A[m,k] B[k,n], row-major, offsets and leading dimensions in elements; `batch` of
 * them (0 reads as 1), whose operands begin a_step, b_step and c_step elements apart. */
typedef struct eager__gemm {
  eager_dtype dtype;
  bool transpose_a, transpose_b;
  size_t m, n, k;
  eager__mem *a, *b, *c;
  size_t a_offset, b_offset, c_offset;
  size_t lda, ldb, ldc;
  size_t batch, a_step, b_step, c_step;
} eager__gemm;

/* True when CLBlast is linked, serves the dtype and gives right answers on this device: at
 * the first question for (device, dtype) small integer products are run and compared. No
 * lock held; may take seconds. */
bool eager__blas_usable(eager__device *device, eager_dtype dtype);

/* Compute lock held. A status of CLBlast's other than success is INTERNAL: the caller
 * falls back to its own kernel. */
eager_status eager__blas_gemm(eager__device *device, const eager__gemm *gemm);

/* For tests: products CLBlast has taken in this process (its trials are not counted), and
 * whether eager__blas_gemm refuses every product from now on. */
uint64_t eager__blas_count(void);
void eager__blas_refuse(bool refuse);

/* Before the last context goes: CLBlast's program cache keeps contexts alive. */
void eager__blas_close(void);

#endif
