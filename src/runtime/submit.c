#include "runtime/submit.h"

#include "base/alloc.h"
#include "cl/cells.h"
#include "cl/error.h"

void eager__publish(eager__runtime *runtime, eager__buffer *buffer, uint64_t seq) {
  eager__mutex_lock(&runtime->lock);
  atomic_store_explicit(&buffer->seq, seq, memory_order_release);
  eager__cond_broadcast(&runtime->changed);
  eager__mutex_unlock(&runtime->lock);
}

void eager__publish_failure(eager__runtime *runtime, eager__buffer *buffer,
                            eager__failure *failure) {
  eager__mutex_lock(&runtime->lock);
  eager__buffer_poison(buffer, failure);
  eager__cond_broadcast(&runtime->changed);
  eager__mutex_unlock(&runtime->lock);
}

static void fail_outputs(const eager__submission *s, eager__failure *failure) {
  for (int i = 0; i < s->output_count; i++)
    eager__publish_failure(s->runtime, s->outputs[i], failure);
}

static eager__failure *poisoned_input(const eager__submission *s) {
  for (int i = 0; i < s->input_count; i++) {
    eager__failure *failure = eager__buffer_failure(s->inputs[i]);
    if (failure) return failure;
  }
  return NULL;
}

/* The `index`-th distinct check the outputs depend on, borrowed; NULL past the last. */
static eager__check *live_check(const eager__submission *s, int index) {
  for (int i = 0; i < s->input_count; i++) {
    eager__check *check = eager__buffer_live_check(s->inputs[i]);
    if (!check) continue;
    bool seen = false;
    for (int j = 0; j < i && !seen; j++) seen = s->inputs[j]->check == check;
    if (!seen && index-- == 0) return check;
  }
  return NULL;
}

/* What the outputs' check will be: NULL when nothing can fail, the input's own when only
 * one can, else a new one. `*out_is_new` says that it must be put on the timeline. */
static eager_status make_check(const eager__submission *s, int slot, eager__check **out,
                               bool *out_is_new) {
  eager__check *first = live_check(s, 0);
  *out_is_new = slot >= 0 || (first && live_check(s, 1));
  *out = first && !*out_is_new ? eager__check_retain(first) : NULL;
  if (!*out_is_new) return EAGER_OK;
  int count = 0;
  while (count < s->input_count && live_check(s, count)) count++;
  eager__check *check =
      eager__alloc(sizeof *check + (size_t)count * sizeof check->parents[0]);
  if (!check) return eager__out_of_memory(sizeof *check);
  atomic_init(&check->refs, 1);
  check->device = s->device;
  check->slot = slot;
  check->deferred = s->async;
  check->origin = s->commands->origin;
  check->status = s->commands->check_status;
  for (size_t i = 0; i < EAGER__CHECK_TEXT; i++)
    if (!(check->text[i] = s->commands->check_text[i])) break;
  for (int i = 0; i < count; i++) {
    eager__check *parent = live_check(s, i);
    if (parent) /* it may have turned good meanwhile */
      check->parents[check->parent_count++] = eager__check_retain(parent);
  }
  *out = check;
  return EAGER_OK;
}

/* Compute lock held. What reached the queue gets a number even when a later command was
 * refused: its buffers are in use. */
static eager_status play(const eager__submission *s, int slot, eager__check *check,
                         bool is_new, uint64_t *out_seq) {
  eager__timeline *timeline = &s->device->compute;
  eager__event *event = NULL;
  if (is_new) EAGER__TRY(eager__timeline_reserve_retiree(timeline));
  uint64_t seq = atomic_load_explicit(&timeline->submitted, memory_order_relaxed) + 1;
  eager__failures_label(s->device, seq, s->commands->origin);
  eager_status status = eager__commands_play(s->commands, slot, !s->async, &event);
  if (status == EAGER_OK && is_new) { /* before the commit, which may complete it */
    check->seq = seq;
    eager__timeline_add_retiree(timeline, seq, eager__check_retire,
                                eager__check_retain(check));
  }
  *out_seq = eager__timeline_commit(timeline, event);
  return status;
}

/* Compute lock held, so that no check retires between its number and its handles. */
static void set_outputs(const eager__submission *s, eager__check *check, uint64_t seq) {
  for (int i = 0; i < s->output_count; i++) {
    eager__buffer *output = s->outputs[i];
    output->check = check ? eager__check_retain(check) : NULL;
    if (!s->deferred) atomic_store_explicit(&output->seq, seq, memory_order_release);
  }
}

static eager_status refuse(const eager__submission *s, eager_status status) {
  if (eager_error_cl_code() && eager__cl_is_loss(eager_error_cl_code()) &&
      !eager__cl_is_allocation_failure(eager_error_cl_code()))
    eager__device_lose(s->device, eager_error_cl_code());
  eager__failure *failure = eager__failure_new(
      status, eager_error_cl_code(), s->commands->origin, s->device, eager_error_message());
  if (s->async) eager__failures_note(s->device, failure);
  fail_outputs(s, failure);
  eager__failure_release(failure);
  return status;
}

eager_status eager__submit(const eager__submission *s) {
  eager__failure *poison = poisoned_input(s);
  if (poison) {
    fail_outputs(s, poison);
    return EAGER_OK;
  }
  if (eager__device_is_lost(s->device))
    return refuse(s, eager__device_fail_lost(s->device, s->commands->origin.op));
  int slot = -1;
  bool is_new = false;
  uint64_t seq = 0;
  eager__check *check = NULL;
  eager_status status =
      s->commands->checked ? eager__cell_take(s->device, &slot) : EAGER_OK;
  if (status == EAGER_OK) status = make_check(s, slot, &check, &is_new);
  if (status == EAGER_OK) {
    eager__timeline_lock(&s->device->compute);
    status = play(s, slot, check, is_new, &seq);
    if (status == EAGER_OK) set_outputs(s, check, seq);
    eager__timeline_unlock(&s->device->compute);
  }
  eager__check_release(check);
  if (status != EAGER_OK) {
    if (slot >= 0) eager__cell_give(s->device, slot, true);
    return refuse(s, status);
  }
  if (s->work) eager__thread_work_submitted(s->work, s->device->index, seq);
  for (int i = 0; s->deferred && i < s->output_count; i++)
    eager__publish(s->runtime, s->outputs[i], seq);
  return EAGER_OK;
}
