#include "raw.h"

#include <stdio.h>

bool bench_raw_open(const char *device, bench_raw *out) {
  cl_int error = CL_SUCCESS;
  cl_command_queue theirs;
  if (eager_device_cl(device, &out->context, &out->device, &theirs) != EAGER_OK)
    return fprintf(stderr, "%s\n", eager_error_message()), false;
  out->queue = clCreateCommandQueue(out->context, out->device, 0, &error);
  if (error != CL_SUCCESS) return fprintf(stderr, "no raw queue: %d\n", error), false;
  cl_uint width = 1;
  clGetDeviceInfo(out->device, CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, sizeof width, &width,
                  NULL);
  out->vector_width = width < 4 ? 4 : width;
  return true;
}

void bench_raw_close(bench_raw *raw) {
  clFinish(raw->queue);
  clReleaseCommandQueue(raw->queue);
}

cl_kernel bench_raw_kernel(const bench_raw *raw, const char *source, const char *name,
                           const char *options) {
  cl_int error = CL_SUCCESS;
  cl_program program = clCreateProgramWithSource(raw->context, 1, &source, NULL, &error);
  if (error != CL_SUCCESS) return NULL;
  error = clBuildProgram(program, 1, &raw->device, options, NULL, NULL);
  if (error != CL_SUCCESS) {
    static char log[8192];
    clGetProgramBuildInfo(program, raw->device, CL_PROGRAM_BUILD_LOG, sizeof log, log,
                          NULL);
    fprintf(stderr, "a raw kernel does not build (%d): %s\n", error, log);
  }
  cl_kernel kernel = error == CL_SUCCESS ? clCreateKernel(program, name, &error) : NULL;
  clReleaseProgram(program);
  return kernel;
}

cl_mem bench_raw_buffer(const bench_raw *raw, size_t size) {
  cl_int error = CL_SUCCESS;
  cl_mem memory = clCreateBuffer(raw->context, CL_MEM_READ_WRITE, size, NULL, &error);
  return error == CL_SUCCESS ? memory : NULL;
}
