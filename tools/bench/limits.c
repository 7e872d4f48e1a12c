/* The most the device was seen to do: a copy and multiply-adds in kernels of the shapes
 * that measured fastest, one vector a work-item on GPUs, one block a work-item on CPUs. */
#include <stdio.h>

#include "raw.h"
#include "records.h"

static const char source[] =
    "typedef float floatV __attribute__((ext_vector_type(V)));\n"
    "__kernel void copy(__global float *y, const __global float *x, ulong block) {\n"
    "  const size_t begin = get_global_id(0) * (size_t)block;\n"
    "  const __global floatV *from = (const __global floatV *)(x + begin);\n"
    "  __global floatV *to = (__global floatV *)(y + begin);\n"
    "  for (size_t i = 0; i < block / V; i++) to[i] = from[i];\n"
    "}\n"
    "__kernel void multiply_add(__global float *y, float a, float b) {\n"
    "  floatV r[ROWS];\n"
    "  for (int k = 0; k < ROWS; k++) r[k] = (floatV)(a + k + get_global_id(0));\n"
    "  for (int i = 0; i < TRIPS; i++)\n"
    "    __attribute__((opencl_unroll_hint(ROWS)))\n"
    "    for (int k = 0; k < ROWS; k++) r[k] = fma(r[k], (floatV)(a), (floatV)(b));\n"
    "  floatV sum = r[0];\n"
    "  for (int k = 1; k < ROWS; k++) sum += r[k];\n"
    "  vstoreV(sum, get_global_id(0), y);\n"
    "}\n";

enum { ROWS = 16, TRIPS = 4096 };

typedef struct bench_probe {
  const bench_raw *raw;
  cl_kernel kernel;
  size_t global, local;
} bench_probe;

/* Seconds of one launch, the least of 7 groups of `count`. 0: it failed. */
static double time_launches(const bench_probe *probe, int count) {
  double least = 0;
  for (int i = 0; i < 8; i++) {
    double begin = bench_now();
    for (int k = 0; k < count; k++)
      if (clEnqueueNDRangeKernel(probe->raw->queue, probe->kernel, 1, NULL, &probe->global,
                                 &probe->local, 0, NULL, NULL) != CL_SUCCESS)
        return 0;
    if (clFinish(probe->raw->queue) != CL_SUCCESS) return 0;
    double seconds = (bench_now() - begin) / count;
    if (i == 0) continue; /* pages, compilation */
    if (least == 0 || seconds < least) least = seconds;
  }
  return least;
}

static double copy_rate(const bench_probe *base, cl_mem x, cl_mem y, size_t floats,
                        size_t block) {
  bench_probe copy = *base;
  cl_ulong argument = block;
  copy.global = floats / block;
  while (copy.local > 1 && copy.global % copy.local) copy.local /= 2;
  clSetKernelArg(copy.kernel, 0, sizeof y, &y);
  clSetKernelArg(copy.kernel, 1, sizeof x, &x);
  clSetKernelArg(copy.kernel, 2, sizeof argument, &argument);
  double seconds = time_launches(&copy, floats > 1000000 ? 1 : 200);
  return seconds > 0 ? 2.0 * (double)floats * sizeof(float) / seconds : 0;
}

static bool measure(const bench_raw *raw, bool cpu, bench_limits *out) {
  char options[64];
  const size_t floats = (size_t)1 << 26, width = raw->vector_width;
  snprintf(options, sizeof options, "-DV=%u -DvstoreV=vstore%u -DROWS=%d -DTRIPS=%d",
           raw->vector_width, raw->vector_width, ROWS, TRIPS);
  cl_kernel copy = bench_raw_kernel(raw, source, "copy", options);
  cl_kernel fma = bench_raw_kernel(raw, source, "multiply_add", options);
  cl_mem x = bench_raw_buffer(raw, floats * sizeof(float));
  cl_mem y = bench_raw_buffer(raw, floats * sizeof(float));
  bool fine = copy && fma && x && y;
  if (fine) {
    const float seven = 7;
    clEnqueueFillBuffer(raw->queue, x, &seven, sizeof seven, 0, floats * sizeof seven, 0,
                        NULL, NULL);
    bench_probe moving = {raw, copy, 1, cpu ? 1 : 256};
    size_t small = (size_t)1 << 18;
    out->bytes_per_second = copy_rate(&moving, x, y, floats, cpu ? 16384 : width);
    out->cached_bytes_per_second =
        copy_rate(&moving, x, y, small / 2, cpu ? small / 32 : width);
    double tiny = 2.0 * 64 * sizeof(float);
    moving.local = 1;
    double rate = copy_rate(&moving, x, y, 64, 64);
    out->launch_seconds = rate > 0 ? tiny / rate : 0;

    bench_probe computing = {raw, fma, cpu ? 256 : (size_t)1 << 18, cpu ? 1 : 256};
    const float a = 0.999f, b = 0.001f;
    clSetKernelArg(fma, 0, sizeof y, &y);
    clSetKernelArg(fma, 1, sizeof a, &a);
    clSetKernelArg(fma, 2, sizeof b, &b);
    double seconds = time_launches(&computing, 1);
    if (seconds > 0)
      out->flops_per_second =
          2.0 * ROWS * TRIPS * (double)width * (double)computing.global / seconds;
  }
  if (copy) clReleaseKernel(copy);
  if (fma) clReleaseKernel(fma);
  if (x) clReleaseMemObject(x);
  if (y) clReleaseMemObject(y);
  return fine;
}

bool bench_measure_limits(const char *device, bench_limits *out) {
  bench_raw raw;
  const eager_device_info *info;
  if (eager_device_find(device, &info) != EAGER_OK || !bench_raw_open(device, &raw))
    return false;
  bool fine = measure(&raw, info->type == EAGER_DEVICE_CPU, out);
  bench_raw_close(&raw);
  return fine;
}
