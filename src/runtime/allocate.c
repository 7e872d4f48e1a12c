#include "runtime/allocate.h"

#include "runtime/mirror.h"
#include "runtime/transfer.h"

static eager_status take_block(eager__runtime *runtime, eager__device *device, size_t size,
                               eager__writer writer, eager__origin holder,
                               eager__block **out) {
  eager_status status = eager__pool_take(device, size, writer, holder, out);
  if (status != EAGER_RESOURCE_EXHAUSTED) return status;
  eager__mirrors_drop(runtime, device);
  eager__wait_tasks(runtime, device);
  eager__timeline_wait(&device->compute, atomic_load(&device->compute.submitted));
  eager__mirrors_drop(runtime, device); /* those that were in use */
  eager__pool_trim(device);
  status = eager__pool_take(device, size, writer, holder, out);
  if (status != EAGER_RESOURCE_EXHAUSTED) return status;
  return eager__pool_fail(device, size, eager_error_cl_code());
}

eager_status eager__allocate(eager__runtime *runtime, eager__device *device, size_t size,
                             eager__writer writer, eager__origin holder, uint64_t seq,
                             eager__buffer **out) {
  eager__block *block = NULL;
  if (size) EAGER__TRY(take_block(runtime, device, size, writer, holder, &block));
  return eager__buffer_new(device, block, size, seq, out);
}
