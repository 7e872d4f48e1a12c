#include "tensor/buffer.h"

#include "base/alloc.h"
#include "base/small.h"
#include "tensor/forms.h"

static void (*drop_mirrors)(eager__buffer *buffer);

void eager__buffer_set_mirror_drop(void (*drop)(eager__buffer *buffer)) {
  drop_mirrors = drop;
}

eager_status eager__buffer_new(eager__device *device, eager__block *block, size_t size,
                               uint64_t seq, eager__buffer **out) {
  eager__buffer *buffer = eager__small_alloc(sizeof *buffer);
  if (!buffer) {
    if (block) eager__pool_give(block);
    return eager__out_of_memory(sizeof *buffer);
  }
  atomic_init(&buffer->refs, 1);
  buffer->device = device;
  buffer->block = block;
  buffer->size = size;
  atomic_init(&buffer->seq, seq);
  buffer->check = NULL;
  atomic_init(&buffer->failure, NULL);
  buffer->mirrors = NULL;
  buffer->view = NULL;
  buffer->view_count = 0;
  atomic_init(&buffer->uses, 0);
  atomic_init(&buffer->forms, NULL);
  *out = buffer;
  return EAGER_OK;
}

eager__buffer *eager__buffer_retain(eager__buffer *buffer) {
  atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
  return buffer;
}

void eager__buffer_release(eager__buffer *buffer) {
  if (!buffer) return;
  /* The last reference is this caller's: nobody can add one meanwhile. */
  bool last = atomic_load_explicit(&buffer->refs, memory_order_acquire) == 1;
  if (!last && atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (buffer->mirrors) drop_mirrors(buffer);
  if (atomic_load_explicit(&buffer->forms, memory_order_acquire))
    eager__forms_drop_of(buffer);
  if (buffer->block) eager__pool_give(buffer->block);
  eager__check_release(buffer->check);
  eager__failure_release(atomic_load_explicit(&buffer->failure, memory_order_acquire));
  eager__small_free(buffer, sizeof *buffer);
}

/* Submitted, but the device will never say so any more. */
static bool is_stranded(const eager__buffer *buffer, uint64_t seq) {
  return seq != EAGER__SEQ_READY && seq < EAGER__SEQ_FAILED &&
         !eager__timeline_reached(&buffer->device->compute, seq) &&
         eager__device_is_lost(buffer->device);
}

eager_readiness eager__buffer_readiness(eager__buffer *buffer) {
  uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
  if (seq == EAGER__SEQ_DEFERRED) return EAGER_PENDING;
  if (seq == EAGER__SEQ_FAILED || is_stranded(buffer, seq)) return EAGER_FAILED;
  if (buffer->check) {
    eager__check_state state = eager__check_get(buffer->check);
    if (state == EAGER__CHECK_BAD) return EAGER_FAILED;
    if (state == EAGER__CHECK_OPEN) return EAGER_PENDING;
  }
  return eager__timeline_reached(&buffer->device->compute, seq) ? EAGER_READY
                                                                : EAGER_PENDING;
}

eager__failure *eager__buffer_find_failure(eager__buffer *buffer) {
  uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
  if (seq == EAGER__SEQ_DEFERRED) return NULL;
  if (seq == EAGER__SEQ_FAILED) return atomic_load(&buffer->failure);
  if (buffer->check && eager__check_get(buffer->check) == EAGER__CHECK_BAD)
    return buffer->check->failure;
  return is_stranded(buffer, seq) ? eager__failures_lost(buffer->device) : NULL;
}

void eager__buffer_poison(eager__buffer *buffer, eager__failure *failure) {
  atomic_store(&buffer->failure, eager__failure_retain(failure));
  atomic_store_explicit(&buffer->seq, EAGER__SEQ_FAILED, memory_order_release);
}

eager__failure *eager__buffer_wait_submitted(eager__buffer *buffer) {
  uint64_t seq = atomic_load_explicit(&buffer->seq, memory_order_acquire);
  if (seq == EAGER__SEQ_FAILED) return atomic_load(&buffer->failure);
  eager__check *check = buffer->check;
  uint64_t last = check && check->seq > seq ? check->seq : seq;
  eager__timeline_wait(&buffer->device->compute, last);
  return eager__buffer_failure(buffer);
}
