#include "cl/kernel.h"

#include <CL/cl.h>
#include <assert.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/command.h"

static eager_status make_instance(eager__kernel *kernel, eager__instance **out) {
  eager__instance *instance = eager__alloc(sizeof *instance);
  if (instance == NULL) return eager__out_of_memory(sizeof *instance);
  eager__mutex_lock(&kernel->lock);
  eager_status status =
      eager__reserve(&kernel->free, &kernel->capacity, kernel->made + 1, sizeof instance);
  if (status == EAGER_OK) kernel->made++;
  eager__mutex_unlock(&kernel->lock);
  if (status != EAGER_OK) {
    eager__free(instance);
    return status;
  }
  cl_int code;
  eager__cl_enter(kernel->device->context);
  instance->cl = clCreateKernel(kernel->program, kernel->name, &code);
  eager__cl_leave(kernel->device->context);
  if (code == CL_SUCCESS) {
    eager__census_add(EAGER__OBJECT_KERNEL, 1);
    *out = instance;
    return EAGER_OK;
  }
  eager__free(instance);
  eager__mutex_lock(&kernel->lock);
  kernel->made--;
  eager__mutex_unlock(&kernel->lock);
  status = eager__command_refused(kernel->device, "clCreateKernel", code);
  eager__fail_append(" [kernel %s]", kernel->name);
  return status;
}

static eager_status first_kernel(eager__kernel *kernel) {
  eager__instance *first;
  EAGER__TRY(make_instance(kernel, &first));
  cl_kernel cl = first->cl;
  eager__kernel_check_in(kernel, first);
  eager__cl_enter(kernel->device->context);
  cl_int code = clGetKernelWorkGroupInfo(cl, kernel->device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                         sizeof kernel->max_local_size,
                                         &kernel->max_local_size, NULL);
  if (code == CL_SUCCESS)
    code = clGetKernelWorkGroupInfo(
        cl, kernel->device->id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
        sizeof kernel->required_local_size, kernel->required_local_size, NULL);
  if (code == CL_SUCCESS)
    code = clGetKernelInfo(cl, CL_KERNEL_NUM_ARGS, sizeof kernel->arg_count,
                           &kernel->arg_count, NULL);
  eager__cl_leave(kernel->device->context);
  if (code == CL_SUCCESS) return EAGER_OK;
  return eager__command_refused(kernel->device, "clGetKernelWorkGroupInfo", code);
}

eager_status eager__kernel_create(eager__device *device, eager__cl_program *program,
                                  const char *name, eager__kernel **out) {
  *out = NULL;
  eager__kernel *kernel = eager__alloc(sizeof *kernel);
  if (kernel == NULL) return eager__out_of_memory(sizeof *kernel);
  kernel->device = device;
  kernel->program = program;
  kernel->name = name;
  eager__mutex_init(&kernel->lock, EAGER__RANK_LEAF);
  eager_status status = first_kernel(kernel);
  if (status == EAGER_OK)
    *out = kernel;
  else
    eager__kernel_destroy(kernel);
  return status;
}

static void release(eager__kernel *kernel, eager__instance *instance) {
  eager__cl_enter(kernel->device->context);
  clReleaseKernel(instance->cl);
  eager__cl_leave(kernel->device->context);
  eager__census_add(EAGER__OBJECT_KERNEL, -1);
  eager__free(instance);
}

void eager__kernel_destroy(eager__kernel *kernel) {
  if (kernel == NULL) return;
  eager__instance *first = atomic_exchange(&kernel->first_free, NULL);
  assert(kernel->made == kernel->free_count + (first != NULL));
  if (first != NULL) release(kernel, first);
  for (size_t i = 0; i < kernel->free_count; i++) release(kernel, kernel->free[i]);
  eager__free(kernel->free);
  eager__mutex_destroy(&kernel->lock);
  eager__free(kernel);
}

eager_status eager__kernel_check_out(eager__kernel *kernel, eager__instance **out) {
  *out = eager__kernel_take_first(kernel);
  if (*out != NULL) return EAGER_OK;
  eager__mutex_lock(&kernel->lock);
  if (kernel->free_count > 0) *out = kernel->free[--kernel->free_count];
  eager__mutex_unlock(&kernel->lock);
  return *out != NULL ? EAGER_OK : make_instance(kernel, out);
}

void eager__kernel_check_in(eager__kernel *kernel, eager__instance *instance) {
  if (eager__kernel_put_first(kernel, instance)) return;
  eager__mutex_lock(&kernel->lock);
  kernel->free[kernel->free_count++] = instance;
  eager__mutex_unlock(&kernel->lock);
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
