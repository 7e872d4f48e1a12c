/* Values from the host, for the floors above. */
#ifndef EAGER_RUNTIME_VALUES_H
#define EAGER_RUNTIME_VALUES_H

#include "base/shape.h"
#include "eagercl/tensor.h"

/* As eager_tensor_from_host of a checked shape, on the enabled device called `device`;
 * NULL: the scope's. */
eager_status eager__value_on(const char *device, eager_dtype dtype,
                             const eager__shape *shape, const void *data,
                             eager_tensor **out);

#endif
