/* Host memory used in place. */
#ifndef EAGER_RUNTIME_ADOPT_H
#define EAGER_RUNTIME_ADOPT_H

#include "runtime/runtime.h"
#include "tensor/tensor.h"

/* Makes a tensor over `data` without a copy where the scope's device shares the host's
 * memory and the address allows. `*out_adopted` false and OK: it does not; nothing was
 * made. On success free_fn is the library's to call. */
eager_status eager__adopt(eager_dtype dtype, const eager__shape *shape, void *data,
                          size_t size, void (*free_fn)(void *data, void *user), void *user,
                          eager_tensor **out, bool *out_adopted);

#endif
