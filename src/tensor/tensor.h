/* Tensors: an immutable value with dtype and shape over a buffer, perhaps shared. */
#ifndef EAGER_TENSOR_TENSOR_H
#define EAGER_TENSOR_TENSOR_H

#include "base/handles.h"
#include "base/shape.h"
#include "tensor/buffer.h"

struct eager_tensor {
  atomic_int refs;
  eager_dtype dtype;
  eager__shape shape;
  eager__buffer *buffer;
  int64_t offset; /* elements from the start of the buffer */
  eager__origin origin;
  atomic_bool scoped; /* one reference belongs to a tidy scope */
};

/* `buffer` gains a reference. RESOURCE_EXHAUSTED when host memory is short. */
eager_status eager__tensor_new(eager_dtype dtype, const eager__shape *shape,
                               eager__buffer *buffer, int64_t offset, eager__origin origin,
                               eager_tensor **out);

/* The same, taking over the caller's reference; on failure the caller keeps it. */
eager_status eager__tensor_over(eager_dtype dtype, const eager__shape *shape,
                                eager__buffer *buffer, int64_t offset, eager__origin origin,
                                eager_tensor **out);

/* False, in Debug builds, for a handle that was released; not NULL. */
static inline bool eager__tensor_is_live(const eager_tensor *t) {
  return eager__handle_is_live(t, EAGER__HANDLE_TENSOR);
}

static inline size_t eager__tensor_offset_bytes(const eager_tensor *t) {
  return (size_t)t->offset * eager_dtype_size(t->dtype);
}

#endif
