/* The first result of a new process by OpenCL alone: what the library cannot be faster
 * than. bench-first-raw PLATFORM DEVICE    by their names */
#include <CL/cl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char source[] =
    "__kernel void add(__global float *out, __global const float *a,\n"
    "                  __global const float *b, uint count) {\n"
    "  size_t i = get_global_id(0);\n"
    "  if ((i + 1) * 16 <= count)\n"
    "    vstore16(vload16(i, a) + vload16(i, b), i, out);\n"
    "  else\n"
    "    for (size_t j = i * 16; j < count; j++) out[j] = a[j] + b[j];\n"
    "}\n";

static cl_device_id find(const char *platform_name, const char *device_name) {
  cl_platform_id platforms[32];
  cl_device_id devices[64];
  cl_uint platform_count = 0, device_count = 0;
  char name[512];
  if (clGetPlatformIDs(32, platforms, &platform_count) != CL_SUCCESS) return NULL;
  for (cl_uint p = 0; p < platform_count && p < 32; p++) {
    if (clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof name, name, NULL) != 0 ||
        strcmp(name, platform_name) != 0 ||
        clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 64, devices, &device_count) != 0)
      continue;
    for (cl_uint d = 0; d < device_count && d < 64; d++)
      if (clGetDeviceInfo(devices[d], CL_DEVICE_NAME, sizeof name, name, NULL) == 0 &&
          strcmp(name, device_name) == 0)
        return devices[d];
  }
  return NULL;
}

int main(int count, char **arguments) {
  enum { COUNT = 1000 };
  static float values[COUNT], sums[COUNT];
  const char *text = source;
  size_t groups = COUNT / 16 + 1, one = 1;
  cl_uint n = COUNT;
  cl_int code = CL_SUCCESS;
  for (int i = 0; i < COUNT; i++) values[i] = (float)i;
  cl_device_id device = count > 2 ? find(arguments[1], arguments[2]) : NULL;
  if (!device) return fprintf(stderr, "bench-first-raw: no such device\n"), 1;
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
  if (code != CL_SUCCESS) return 1;
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &code);
  if (code != CL_SUCCESS) return 1;
  cl_program program = clCreateProgramWithSource(context, 1, &text, NULL, &code);
  if (code != CL_SUCCESS ||
      clBuildProgram(program, 1, &device, "-cl-std=CL1.2", NULL, NULL) != CL_SUCCESS)
    return 1;
  cl_kernel kernel = clCreateKernel(program, "add", &code);
  cl_mem in = clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof values, NULL, NULL);
  cl_mem out = clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof sums, NULL, NULL);
  if (code != CL_SUCCESS || !in || !out ||
      clEnqueueWriteBuffer(queue, in, CL_FALSE, 0, sizeof values, values, 0, NULL, NULL) !=
          0 ||
      clSetKernelArg(kernel, 0, sizeof out, &out) != 0 ||
      clSetKernelArg(kernel, 1, sizeof in, &in) != 0 ||
      clSetKernelArg(kernel, 2, sizeof in, &in) != 0 ||
      clSetKernelArg(kernel, 3, sizeof n, &n) != 0 ||
      clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &groups, &one, 0, NULL, NULL) != 0 ||
      clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof sums, sums, 0, NULL, NULL) != 0)
    return 1;
  _exit(sums[COUNT - 1] == 2.0f * (COUNT - 1) ? 0 : 1);
}
