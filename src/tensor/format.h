/* Text of a value, as NumPy prints arrays. Pure: works on host bytes. */
#ifndef EAGER_TENSOR_FORMAT_H
#define EAGER_TENSOR_FORMAT_H

#include "base/shape.h"
#include "base/strbuf.h"

/* `Tensor(42, shape=(), dtype=int32, device=GPU:0)`; arrays over several lines, summarised
 * with `...` past 1000 elements. `device` is a short name. */
void eager__format_tensor(eager_dtype dtype, const eager__shape *shape, const void *data,
                          const char *device, eager__strbuf *out);

#endif
