/* The library behind blas.c: CLBlast (blas_clblast.c), or none (blas_none.c). */
#ifndef EAGER_CL_BLAS_LIBRARY_H
#define EAGER_CL_BLAS_LIBRARY_H

#include "base/strbuf.h"
#include "cl/blas.h"

/* Whether it has products of this dtype at all, on this device. */
bool eager__blas_serves(const eager__device *device, eager_dtype dtype);

/* Text that changes with the installed library. */
void eager__blas_write_version(eager__strbuf *text);

/* Makes it compute with set number `set` of sizes on the device, 0 being its own. Sets are
 * legal on every device that holds their tiles in local memory; a refusal leaves its own.
 */
void eager__blas_use_set(const eager__device *device, eager_dtype dtype, int set);

/* Enqueues the product; the library's status, 0 for success. Compute lock held. */
int eager__blas_enqueue(eager__device *device, const eager__gemm *gemm);

void eager__blas_forget(void); /* what the library keeps of contexts */

#endif
