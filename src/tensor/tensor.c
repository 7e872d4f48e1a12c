#include "tensor/tensor.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/small.h"
#include "eagercl/tensor.h"

eager_status eager__tensor_new(eager_dtype dtype, const eager__shape *shape,
                               eager__buffer *buffer, int64_t offset, eager__origin origin,
                               eager_tensor **out) {
  EAGER__TRY(eager__tensor_over(dtype, shape, buffer, offset, origin, out));
  eager__buffer_retain(buffer);
  return EAGER_OK;
}

eager_status eager__tensor_over(eager_dtype dtype, const eager__shape *shape,
                                eager__buffer *buffer, int64_t offset, eager__origin origin,
                                eager_tensor **out) {
  eager_tensor *t = eager__small_alloc(sizeof *t);
  if (!t) return eager__out_of_memory(sizeof *t);
  atomic_init(&t->refs, 1);
  t->dtype = dtype;
  t->shape = *shape;
  t->symbol = NULL;
  t->buffer = buffer;
  t->offset = offset;
  t->origin = origin;
  atomic_init(&t->scoped, false);
  eager__handle_made(t, EAGER__HANDLE_TENSOR);
  *out = t;
  return EAGER_OK;
}

eager_status eager__tensor_symbolic(eager_dtype dtype, const eager__shape *shape,
                                    eager__symbol *symbol, eager__origin origin,
                                    eager_tensor **out) {
  EAGER__TRY(eager__tensor_over(dtype, shape, NULL, 0, origin, out));
  (*out)->symbol = symbol;
  return EAGER_OK;
}

eager_status eager__tensor_refuse_symbolic(const eager_tensor *t, const char *what) {
  EAGER__FAIL(EAGER_FAILED_PRECONDITION, "%s %s:%d is symbolic: run it in a session", what,
              t->symbol->name, t->symbol->output);
}

void eager_tensor_retain(eager_tensor *t) {
  if (!t) return;
  if (eager__tensor_is_live(t))
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
  else
    eager__handle_log(t, "eager_tensor_retain: the tensor");
}

void eager_tensor_release(eager_tensor *t) {
  if (!t) return;
  if (!eager__tensor_is_live(t)) {
    eager__handle_log(t, "eager_tensor_release: the tensor");
    return;
  }
  /* In this order: a scope that has just given up its reference has cleared the mark. */
  bool last = atomic_load_explicit(&t->refs, memory_order_acquire) == 1;
  if (last && t->scoped) {
    eager__log(EAGER_LOG_ERROR,
               "eager_tensor_release: the reference to %s #%llu belongs to a tidy scope "
               "and stays: call eager_tidy_keep() first, or leave it to the scope",
               t->origin.op, (unsigned long long)t->origin.number);
    return;
  }
  if (!last && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1) return;
  if (t->symbol)
    t->symbol->drop(t->symbol);
  else
    eager__buffer_release(t->buffer);
  eager__handle_free(t, sizeof *t, t->origin.op, t->origin.number);
}

/* Getters answer for a released handle what they do for NULL. */
static bool is_usable(const eager_tensor *t) {
  if (!t || eager__tensor_is_live(t)) return t != NULL;
  (void)eager__handle_refuse(t, "the tensor");
  return false;
}

eager_dtype eager_tensor_dtype(const eager_tensor *t) {
  return is_usable(t) ? t->dtype : EAGER_DTYPE_INVALID;
}

int eager_tensor_rank(const eager_tensor *t) {
  return is_usable(t) ? t->shape.rank : -1;
}

int64_t eager_tensor_dim(const eager_tensor *t, int axis) {
  if (!is_usable(t)) return -1;
  int rank = t->shape.rank;
  if (axis < -rank || axis >= rank) return -1;
  return t->shape.dims[axis < 0 ? axis + rank : axis];
}

const int64_t *eager_tensor_dims(const eager_tensor *t) {
  return is_usable(t) ? t->shape.dims : NULL;
}

int64_t eager_tensor_num_elements(const eager_tensor *t) {
  return is_usable(t) ? eager__shape_elements(&t->shape) : -1;
}

size_t eager_tensor_byte_size(const eager_tensor *t) {
  if (!is_usable(t) || t->symbol) return 0;
  return (size_t)eager__shape_elements(&t->shape) * eager_dtype_size(t->dtype);
}

const char *eager_tensor_device(const eager_tensor *t) {
  return is_usable(t) && !t->symbol ? t->buffer->device->full_name : "";
}
