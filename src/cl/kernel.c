#include "cl/kernel.h"

#include <CL/cl.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/command.h"

static eager_status ask(eager__kernel *kernel) {
  cl_device_id id = kernel->device->id;
  eager__cl_enter(kernel->device->context);
  cl_int code = clGetKernelWorkGroupInfo(kernel->cl, id, CL_KERNEL_WORK_GROUP_SIZE,
                                         sizeof kernel->max_local_size,
                                         &kernel->max_local_size, NULL);
  if (code == CL_SUCCESS)
    code = clGetKernelWorkGroupInfo(kernel->cl, id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
                                    sizeof kernel->required_local_size,
                                    kernel->required_local_size, NULL);
  const char *call = "clGetKernelWorkGroupInfo";
  if (code == CL_SUCCESS) {
    call = "clGetKernelInfo";
    code = clGetKernelInfo(kernel->cl, CL_KERNEL_NUM_ARGS, sizeof kernel->arg_count,
                           &kernel->arg_count, NULL);
  }
  eager__cl_leave(kernel->device->context);
  if (code == CL_SUCCESS) return EAGER_OK;
  eager_status status = eager__command_refused(kernel->device, call, code);
  eager__fail_append(" [kernel %s]", kernel->name);
  return status;
}

static eager_status create(eager__kernel *kernel, cl_program program) {
  cl_int code;
  eager__cl_enter(kernel->device->context);
  kernel->cl = clCreateKernel(program, kernel->name, &code);
  eager__cl_leave(kernel->device->context);
  if (code == CL_SUCCESS) {
    eager__census_add(EAGER__OBJECT_KERNEL, 1);
    return ask(kernel);
  }
  kernel->cl = NULL;
  eager_status status = eager__command_refused(kernel->device, "clCreateKernel", code);
  eager__fail_append(" [kernel %s]", kernel->name);
  return status;
}

eager_status eager__kernel_create(eager__device *device, eager__cl_program *program,
                                  const char *name, eager__kernel **out) {
  *out = NULL;
  eager__kernel *kernel = eager__alloc(sizeof *kernel);
  if (kernel == NULL) return eager__out_of_memory(sizeof *kernel);
  kernel->device = device;
  kernel->name = name;
  kernel->program = program;
  eager_status status = create(kernel, program);
  if (status == EAGER_OK)
    *out = kernel;
  else
    eager__kernel_destroy(kernel);
  return status;
}

void eager__kernel_destroy(eager__kernel *kernel) {
  if (kernel == NULL) return;
  for (eager__kernel *next, *twin = kernel->twins; twin != NULL; twin = next) {
    next = twin->next_twin;
    eager__kernel_destroy(twin);
  }
  if (kernel->cl != NULL) {
    eager__cl_enter(kernel->device->context);
    clReleaseKernel(kernel->cl);
    eager__cl_leave(kernel->device->context);
    eager__census_add(EAGER__OBJECT_KERNEL, -1);
  }
  eager__free(kernel);
}

const char *eager__kernel_name(const eager__kernel *kernel) {
  return kernel->name;
}

int eager__kernel_arg_count(const eager__kernel *kernel) {
  return (int)kernel->arg_count;
}

size_t eager__kernel_max_local_size(const eager__kernel *kernel) {
  return kernel->max_local_size;
}

const size_t *eager__kernel_required_local_size(const eager__kernel *kernel) {
  return kernel->required_local_size[0] > 0 ? kernel->required_local_size : NULL;
}
