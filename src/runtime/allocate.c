#include "runtime/allocate.h"

#include "cl/error.h"
#include "runtime/mirror.h"
#include "runtime/transfer.h"
#include "tensor/forms.h"

void eager__make_room(eager__runtime *runtime, eager__device *device, bool wait_tasks) {
  eager__forms_drop(device, true);
  eager__mirrors_drop(runtime, device);
  /* Of every device: a copy away from here holds its source. */
  for (int i = 0; wait_tasks && i < runtime->device_count; i++)
    eager__wait_tasks(runtime, runtime->devices[i], false);
  eager__timeline_wait(&device->compute, atomic_load(&device->compute.submitted));
  eager__mirrors_drop(runtime, device); /* those that were in use */
  eager__pool_trim(device);
}

bool eager__made_room(eager__runtime *runtime, eager__device *device, eager_status status,
                      bool wait_tasks) {
  if (status != EAGER_RESOURCE_EXHAUSTED ||
      !eager__cl_is_allocation_failure(eager_error_cl_code()))
    return false;
  eager__make_room(runtime, device, wait_tasks);
  eager__clear_error();
  return true;
}

static eager_status take_block(eager__runtime *runtime, eager__device *device, size_t size,
                               eager__writer writer, eager__origin holder,
                               eager__block **out) {
  eager_status status = eager__pool_take(device, size, writer, holder, out);
  if (status != EAGER_RESOURCE_EXHAUSTED) return status;
  eager__make_room(runtime, device, true);
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
