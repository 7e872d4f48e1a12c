/* Tensors: an immutable value with dtype and shape over a buffer, perhaps shared. */
#ifndef EAGER_TENSOR_TENSOR_H
#define EAGER_TENSOR_TENSOR_H

#include "base/handles.h"
#include "base/shape.h"
#include "tensor/buffer.h"

/* What a tensor without a value stands for: an output of a graph's node. */
typedef struct eager__symbol {
  const char *name; /* the node's */
  int output;
  void (*drop)(struct eager__symbol *symbol); /* with the last reference to its tensor */
} eager__symbol;

struct eager_tensor {
  atomic_int refs;
  eager_dtype dtype;
  eager__shape shape;
  eager__symbol *symbol; /* of a tensor without a value, which has no buffer; else NULL */
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

/* A tensor without a value: takes over `symbol`, which the caller keeps on failure. */
eager_status eager__tensor_symbolic(eager_dtype dtype, const eager__shape *shape,
                                    eager__symbol *symbol, eager__origin origin,
                                    eager_tensor **out);

/* FAILED_PRECONDITION `<what> <name>:<output> is symbolic: run it in a session`. */
eager_status eager__tensor_refuse_symbolic(const eager_tensor *t, const char *what);

/* False, in Debug builds, for a handle that was released; not NULL. */
static inline bool eager__tensor_is_live(const eager_tensor *t) {
  return eager__handle_is_live(t, EAGER__HANDLE_TENSOR);
}

static inline size_t eager__tensor_offset_bytes(const eager_tensor *t) {
  return (size_t)t->offset * eager_dtype_size(t->dtype);
}

#endif
