#include "runtime/prepare.h"

#include "runtime/scope.h"

eager_status eager__prepare_kernel(const eager__family *family, eager_dtype dtype,
                                   const char *name) {
  eager__runtime *runtime;
  eager__kernel *kernel;
  EAGER__TRY(eager__runtime_require(&runtime));
  eager__device *device;
  EAGER__TRY(eager__scope_open(runtime, NULL, &device));
  return eager__kernel_get(device, family, dtype, name, &kernel);
}
