/* OpenCL without the library, on the library's context and a queue of its own: the floor
 * that the library stands on. */
#pragma once

#include <eagercl/opencl.h>

#include "bench.h"

typedef struct bench_raw {
  cl_context context;     /* the library's */
  cl_device_id device;    /* the library's */
  cl_command_queue queue; /* our own, in order */
  cl_uint vector_width;   /* preferred for float, at least 4 */
} bench_raw;

/* False, with a message on stderr, when the device cannot be opened. */
bool bench_raw_open(const char *device, bench_raw *out);
void bench_raw_close(bench_raw *raw);
/* One kernel of `source`; NULL, with the build log on stderr, when it does not compile. */
cl_kernel bench_raw_kernel(const bench_raw *raw, const char *source, const char *name,
                           const char *options);
cl_mem bench_raw_buffer(const bench_raw *raw, size_t size);
