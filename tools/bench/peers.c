#include "peers.h"

#include <stdio.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif
#if BENCH_HAVE_OPENBLAS
#include <cblas.h>
#endif
#if BENCH_HAVE_ONEDNN
#include <dnnl.h>
#endif

void bench_peers(char *text, size_t size) {
#ifdef _OPENMP
  snprintf(text, size, "OpenMP with %d threads", omp_get_max_threads());
#else
  snprintf(text, size, "no OpenMP");
#endif
#if BENCH_HAVE_OPENBLAS
  size_t used = strlen(text);
  snprintf(text + used, size - used, ",%s%s", OPENBLAS_VERSION, openblas_get_corename());
#endif
#if BENCH_HAVE_ONEDNN
  size_t length = strlen(text);
  const dnnl_version_t *version = dnnl_version();
  snprintf(text + length, size - length, ", oneDNN %d.%d.%d", version->major,
           version->minor, version->patch);
#endif
}
