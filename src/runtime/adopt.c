#include "runtime/adopt.h"

#include "cl/foreign.h"
#include "runtime/record.h"
#include "runtime/scope.h"
#include "tensor/forms.h"

eager_status eager__adopt(eager_dtype dtype, const eager__shape *shape, void *data,
                          size_t size, void (*free_fn)(void *data, void *user), void *user,
                          eager_tensor **out, bool *out_adopted) {
  eager__runtime *runtime;
  *out_adopted = false;
  if (eager__scope_recorder()) return EAGER_OK; /* it becomes a constant, by copy */
  EAGER__TRY(eager__runtime_require_any(&runtime));
  if (!data || !size || dtype == EAGER_BOOL) return EAGER_OK; /* bools are normalized */
  EAGER__TRY(eager__scope_reserve(1));
  eager__device *device;
  EAGER__TRY(eager__scope_open(runtime, NULL, &device));
  eager__mem *mem = eager__foreign_over_host(device, data, size);
  if (!mem) return EAGER_OK;
  eager__block *block;
  eager__buffer *buffer;
  eager_status status = eager__pool_adopt(device, mem, size, free_fn, data, user, &block);
  if (status != EAGER_OK) {
    eager__memory_drop(device, mem);
    return status;
  }
  /* From here on the block owns the data: whatever fails, free_fn runs with it. */
  *out_adopted = true;
  eager__origin origin = {"FromHost", atomic_fetch_add(&runtime->op_number, 1) + 1, 0};
  EAGER__TRY(eager__buffer_new(device, block, size, EAGER__SEQ_READY, &buffer));
  eager__forms_forbid(buffer);
  status = eager__tensor_new(dtype, shape, buffer, 0, origin, out);
  eager__buffer_release(buffer);
  if (status == EAGER_OK) eager__scope_give(*out);
  return status;
}
