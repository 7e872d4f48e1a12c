#include "runtime/submit.h"

#include "base/alloc.h"
#include "cl/cells.h"
#include "cl/error.h"
#include "runtime/allocate.h"
#include "runtime/drain.h"
#include "runtime/replay.h"

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

/* Whether output `o` is computed from input `i`. */
static bool reaches(const eager__submission *s, int i, int o) {
  const bool *reach = s->commands->played ? eager__played_reach(s->commands->played) : NULL;
  return !reach || reach[o * s->input_count + i];
}

static eager__failure *poison_of(const eager__submission *s, int output) {
  for (int i = 0; i < s->input_count; i++) {
    eager__failure *failure = eager__buffer_failure(s->inputs[i]);
    if (failure && reaches(s, i, output)) return failure;
  }
  return NULL;
}

/* Whether nothing is left to be computed. */
static bool is_poisoned(const eager__submission *s) {
  int count = 0;
  for (int i = 0; i < s->output_count && !s->is_plain; i++)
    count += poison_of(s, i) != NULL;
  return count > 0 && count == s->output_count;
}

/* Outputs of failed inputs, whatever was computed. */
static void poison_outputs(const eager__submission *s) {
  for (int i = 0; i < s->output_count && !s->is_plain; i++) {
    eager__failure *failure = poison_of(s, i);
    if (failure) eager__publish_failure(s->runtime, s->outputs[i], failure);
  }
}

/* --- Checks --- */

/* What each output's check will be, one reference: NULL where nothing can fail, the input's
 * own where only one can, else a new one, which must be put on the timeline. */
typedef struct checks {
  eager__check *few[EAGER__INLINE_OUTPUTS], **each;
  bool few_new[EAGER__INLINE_OUTPUTS], *is_new;
} checks;

/* The distinct checks that output `output` depends on, borrowed, in `live`. Asked once per
 * input: a check may turn good at any moment, and a second look would count differently. */
static int live_checks(const eager__submission *s, int output, eager__check **live) {
  int count = 0;
  for (int i = 0; i < s->input_count; i++) {
    eager__check *check = eager__buffer_live_check(s->inputs[i]);
    bool seen = !check || !reaches(s, i, output);
    for (int j = 0; j < count && !seen; j++) seen = live[j] == check;
    if (!seen) live[count++] = check;
  }
  return count;
}

static eager_status join_checks(const eager__submission *s, int slot,
                                eager__check *const *live, int count, eager__check **out) {
  eager__check *check = eager__check_new(count);
  if (!check) return eager__out_of_memory(sizeof *check);
  check->device = s->device;
  check->slot = slot;
  check->deferred = s->async;
  check->origin = s->commands->origin;
  check->status = s->commands->check_status;
  for (size_t i = 0; i < EAGER__CHECK_TEXT; i++)
    if (!(check->text[i] = s->commands->check_text[i])) break;
  for (int i = 0; i < count; i++)
    check->parents[check->parent_count++] = eager__check_retain(live[i]);
  *out = check;
  return EAGER_OK;
}

/* All outputs of one op have one check. */
static bool shares_check(const eager__submission *s, int output) {
  return output > 0 && !s->commands->played;
}

static eager_status make_check(const eager__submission *s, int slot, int output,
                               eager__check **live, checks *out) {
  if (shares_check(s, output)) {
    out->each[output] = out->each[0] ? eager__check_retain(out->each[0]) : NULL;
    return EAGER_OK;
  }
  int count = live_checks(s, output, live);
  out->is_new[output] = slot >= 0 || count > 1;
  if (out->is_new[output]) return join_checks(s, slot, live, count, &out->each[output]);
  out->each[output] = count ? eager__check_retain(live[0]) : NULL;
  return EAGER_OK;
}

static void drop_checks(const eager__submission *s, checks *all) {
  for (int i = 0; all->each && i < s->output_count; i++) eager__check_release(all->each[i]);
  if (all->each && all->each != all->few) eager__free(all->each);
  all->each = NULL;
}

static eager_status make_checks(const eager__submission *s, int slot, checks *out) {
  eager__check *few[EAGER__INLINE_INPUTS], **live = few;
  size_t count = (size_t)s->output_count, size = (size_t)s->input_count * sizeof *live;
  out->each = out->few;
  out->is_new = out->few_new;
  if (count > EAGER__INLINE_OUTPUTS) {
    out->each = eager__alloc(count * (sizeof *out->each + sizeof *out->is_new));
    if (!out->each) return eager__out_of_memory(count * sizeof *out->each);
    out->is_new = (bool *)(out->each + count);
  }
  for (size_t i = 0; i < count; i++) {
    out->each[i] = NULL;
    out->is_new[i] = false;
  }
  if (s->is_plain && slot < 0) return EAGER_OK;
  if (s->input_count > EAGER__INLINE_INPUTS && !(live = eager__alloc(size)))
    return eager__out_of_memory(size);
  eager_status status = EAGER_OK;
  for (size_t i = 0; i < count && status == EAGER_OK; i++)
    status = make_check(s, slot, (int)i, live, out);
  if (live != few) eager__free(live);
  return status;
}

/* --- Playing --- */

/* Compute lock held. What reached the queue gets a number even when a later command was
 * refused: its buffers are in use. */
static eager_status play(const eager__submission *s, int slot, const checks *all,
                         uint64_t *out_seq, eager__event **out_event) {
  eager__timeline *timeline = &s->device->compute;
  size_t count = 0;
  for (int i = 0; i < s->output_count; i++) count += all->is_new[i];
  EAGER__TRY(eager__timeline_reserve_retirees(timeline, count));
  uint64_t seq = atomic_load_explicit(&timeline->submitted, memory_order_relaxed) + 1;
  eager__failures_label(s->device, seq, s->commands->origin, s->async);
  eager_status status = eager__commands_play(s->commands, slot, !s->async, out_event);
  /* before the commit, which may complete them */
  for (int i = 0; i < s->output_count && status == EAGER_OK; i++) {
    if (!all->is_new[i]) continue;
    all->each[i]->seq = seq;
    eager__timeline_add_retiree(timeline, seq, eager__check_retire,
                                eager__check_retain(all->each[i]));
  }
  *out_seq = eager__timeline_commit(timeline, *out_event != NULL);
  return status;
}

/* Compute lock held, so that no check retires between its number and its handles. */
static void set_outputs(const eager__submission *s, const checks *all, uint64_t seq) {
  for (int i = 0; i < s->output_count; i++) {
    eager__buffer *output = s->outputs[i];
    output->check = all->each[i] ? eager__check_retain(all->each[i]) : NULL;
    if (!s->deferred) atomic_store_explicit(&output->seq, seq, memory_order_release);
  }
}

static eager_status refuse(const eager__submission *s, eager_status status) {
  eager__failure *failure = eager__failure_new(
      status, eager_error_cl_code(), s->commands->origin, s->device, eager_error_message());
  if (s->async) eager__failures_note(s->device, failure);
  fail_outputs(s, failure);
  eager__failure_release(failure);
  return status;
}

static eager_status try_play(const eager__submission *s, int slot, const checks *all,
                             uint64_t *out_seq, eager__event **out_event) {
  eager__timeline_lock(&s->device->compute);
  eager_status status = play(s, slot, all, out_seq, out_event);
  if (status == EAGER_OK) set_outputs(s, all, *out_seq);
  eager__timeline_unlock(&s->device->compute);
  return status;
}

/* Drivers that allocate lazily run out of memory here. */
static eager_status play_with_room(const eager__submission *s, int slot, const checks *all,
                                   uint64_t *out_seq, eager__event **out_event) {
  eager_status status = try_play(s, slot, all, out_seq, out_event);
  if (!eager__made_room(s->runtime, s->device, status, !s->deferred)) return status;
  status = try_play(s, slot, all, out_seq, out_event);
  if (status == EAGER_OK || !eager__cl_is_allocation_failure(eager_error_cl_code()))
    return status;
  size_t size = 0;
  for (int i = 0; i < s->output_count; i++) size += s->outputs[i]->size;
  return eager__pool_fail(s->device, size, eager_error_cl_code());
}

/* The device's first makes the room of all. */
static eager_status take_slot(const eager__submission *s, int *out_slot) {
  eager_status status = eager__cell_take(s->device, out_slot);
  if (!eager__made_room(s->runtime, s->device, status, !s->deferred)) return status;
  return eager__cell_take(s->device, out_slot);
}

eager_status eager__submit(const eager__submission *s) {
  if (is_poisoned(s)) {
    poison_outputs(s);
    return EAGER_OK;
  }
  if (eager__device_is_lost(s->device))
    return refuse(s, eager__device_fail_lost(s->device, s->commands->origin.op));
  int slot = -1;
  uint64_t seq = 0;
  eager__event *event = NULL; /* SYNC: of the op's last command */
  checks all;
  all.each = NULL;
  eager_status status = s->commands->checked ? take_slot(s, &slot) : EAGER_OK;
  if (status == EAGER_OK) status = make_checks(s, slot, &all);
  if (status == EAGER_OK) status = play_with_room(s, slot, &all, &seq, &event);
  drop_checks(s, &all);
  if (status != EAGER_OK) {
    if (slot >= 0) eager__cell_give(s->device, slot, true);
    return refuse(s, status);
  }
  if (s->commands->form_count) eager__commands_forms_made(s->commands);
  eager__drain_again_at_exit(s->device);
  if (s->work) eager__thread_work_submitted(s->work, s->device->index, s->deferred, seq);
  poison_outputs(s);
  for (int i = 0; s->deferred && i < s->output_count; i++)
    if (!eager__buffer_failure(s->outputs[i]))
      eager__publish(s->runtime, s->outputs[i], seq);
  if (event) eager__timeline_finish(&s->device->compute, seq, event);
  return EAGER_OK;
}
