#define _GNU_SOURCE /* dladdr */
#include "cl/blas_library.h"

#include <clblast_c.h>
#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

#include "cl/traced.h"

/* CLBlast 1.5 and 1.6 share a program cache between contexts that breaks when two threads
 * are inside: status -2039, or a crash. */
static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_BLAS);

bool eager__blas_serves(const eager__device *device, eager_dtype dtype) {
  switch (dtype) {
  case EAGER_FLOAT32:
    return true;
  case EAGER_FLOAT64:
    return device->info.has_float64;
  case EAGER_FLOAT16:
    return device->info.has_float16_arithmetic;
  default:
    return false;
  }
}

/* The C interface tells no version: the file it came from does. */
void eager__blas_write_version(eager__strbuf *text) {
  CLBlastStatusCode (*function)(void) = CLBlastClearCache;
  void *address;
  Dl_info info;
  struct stat file;
  memcpy(&address, &function, sizeof address);
  if (dladdr(address, &info) == 0 || stat(info.dli_fname, &file) != 0) return;
  eager__strbuf_format(text, "%s, %lld bytes, of %lld", info.dli_fname,
                       (long long)file.st_size, (long long)file.st_mtime);
}

static CLBlastTranspose transposed(bool is_transposed) {
  return is_transposed ? CLBlastTransposeYes : CLBlastTransposeNo;
}

static const cl_half half_one = 0x3c00, half_zero = 0;

static CLBlastStatusCode multiply(const eager__gemm *g, cl_command_queue *queue,
                                  cl_event *event) {
  CLBlastTranspose a = transposed(g->transpose_a), b = transposed(g->transpose_b);
  switch (g->dtype) {
  case EAGER_FLOAT32:
    return CLBlastSgemm(CLBlastLayoutRowMajor, a, b, g->m, g->n, g->k, 1.0f, g->a,
                        g->a_offset, g->lda, g->b, g->b_offset, g->ldb, 0.0f, g->c,
                        g->c_offset, g->ldc, queue, event);
  case EAGER_FLOAT64:
    return CLBlastDgemm(CLBlastLayoutRowMajor, a, b, g->m, g->n, g->k, 1.0, g->a,
                        g->a_offset, g->lda, g->b, g->b_offset, g->ldb, 0.0, g->c,
                        g->c_offset, g->ldc, queue, event);
  case EAGER_FLOAT16:
    return CLBlastHgemm(CLBlastLayoutRowMajor, a, b, g->m, g->n, g->k, half_one, g->a,
                        g->a_offset, g->lda, g->b, g->b_offset, g->ldb, half_zero, g->c,
                        g->c_offset, g->ldc, queue, event);
  default:
    return CLBlastNotImplemented;
  }
}

static CLBlastStatusCode multiply_many(const eager__gemm *g, cl_command_queue *queue,
                                       cl_event *event) {
  CLBlastTranspose a = transposed(g->transpose_a), b = transposed(g->transpose_b);
  switch (g->dtype) {
  case EAGER_FLOAT32:
    return CLBlastSgemmStridedBatched(
        CLBlastLayoutRowMajor, a, b, g->m, g->n, g->k, 1.0f, g->a, g->a_offset, g->lda,
        g->a_step, g->b, g->b_offset, g->ldb, g->b_step, 0.0f, g->c, g->c_offset, g->ldc,
        g->c_step, g->batch, queue, event);
  case EAGER_FLOAT64:
    return CLBlastDgemmStridedBatched(
        CLBlastLayoutRowMajor, a, b, g->m, g->n, g->k, 1.0, g->a, g->a_offset, g->lda,
        g->a_step, g->b, g->b_offset, g->ldb, g->b_step, 0.0, g->c, g->c_offset, g->ldc,
        g->c_step, g->batch, queue, event);
  case EAGER_FLOAT16:
    return CLBlastHgemmStridedBatched(
        CLBlastLayoutRowMajor, a, b, g->m, g->n, g->k, half_one, g->a, g->a_offset, g->lda,
        g->a_step, g->b, g->b_offset, g->ldb, g->b_step, half_zero, g->c, g->c_offset,
        g->ldc, g->c_step, g->batch, queue, event);
  default:
    return CLBlastNotImplemented;
  }
}

/* Sizes of its Xgemm kernel, in the order of `size_names`. The conditions stand in its
 * kernels: MWG a multiple of MDIMC * VWM and MDIMA * VWM, NWG of NDIMC * VWN and NDIMB *
 * VWN, KWG of KWI and of MDIMC * NDIMC / MDIMA and / NDIMB. Set 1 is for processors that
 * compute a tile in one work-item's registers, 2 to 4 are for GPUs: small, middle and large
 * tiles. */
static const char *const size_names[] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                         "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                         "STRM",  "STRN",  "VWM",   "VWN"};
enum { SIZES = sizeof size_names / sizeof *size_names };
static const size_t size_sets[][SIZES] = {
    {0, 1, 32, 2, 4, 4, 64, 4, 4, 64, 0, 0, 0, 0, 8, 8},
    {0, 1, 16, 2, 8, 8, 32, 8, 8, 32, 1, 1, 0, 0, 2, 2},
    {0, 1, 16, 2, 16, 16, 64, 16, 16, 64, 1, 1, 0, 0, 2, 2},
    {0, 1, 32, 2, 16, 16, 128, 16, 16, 128, 1, 1, 0, 0, 4, 4},
};

static CLBlastPrecision precision_of(eager_dtype dtype) {
  if (dtype == EAGER_FLOAT64) return CLBlastPrecisionDouble;
  return dtype == EAGER_FLOAT16 ? CLBlastPrecisionHalf : CLBlastPrecisionSingle;
}

void eager__blas_use_set(const eager__device *device, eager_dtype dtype, int set) {
  if (set <= 0 || (size_t)set > sizeof size_sets / sizeof *size_sets) return;
  eager__mutex_lock(&lock);
  CLBlastOverrideParameters(device->id, "Xgemm", precision_of(dtype), SIZES,
                            (const char **)size_names, size_sets[set - 1]);
  eager__mutex_unlock(&lock);
}

int eager__blas_enqueue(eager__device *device, const eager__gemm *gemm) {
  cl_command_queue queue = device->compute.queue;
  eager__traced traced;
  eager__mutex_lock(&lock);
  eager__cl_enter(device->context);
  cl_event *event = eager__traced_begin(&traced, &device->compute, NULL);
  CLBlastStatusCode code =
      gemm->batch > 1 ? multiply_many(gemm, &queue, event) : multiply(gemm, &queue, event);
  eager__cl_leave(device->context);
  eager__mutex_unlock(&lock);
  eager__traced_end(&traced, code == CLBlastSuccess,
                    &(eager__traced_what){.kind = EAGER__TRACE_KERNEL,
                                          .name = "CLBlast (its last kernel)"});
  return (int)code;
}

void eager__blas_forget(void) {
  eager__mutex_lock(&lock);
  CLBlastClearCache();
  eager__mutex_unlock(&lock);
}
