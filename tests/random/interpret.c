#include "random/interpret.h"

#include "random/interpret_op.h"

void rp_begin(rp_state *state, const rp_world *world) {
  memset(state, 0, sizeof *state);
  state->world = world;
  state->policy = EAGER_DEVICE_PLACEMENT_AUTO;
  state->mode = EAGER_EXECUTION_AUTO;
  state->stats_are_clear = true;
  for (int i = 0; i < RP_DEVICES; i++) state->noted[i] = -1;
}

void rp_end(rp_state *state) {
  for (int i = 0; i < RP_REGISTERS; i++) rp_value_free(state->handles[i].value);
  memset(state, 0, sizeof *state);
}

bool rp_text_matches(const char *wanted, const char *got) {
  while (*wanted != '\0') {
    if (wanted[0] == '#' && wanted[1] == '?') {
      if (*got++ != '#' || *got < '0' || *got > '9') return false;
      while (*got >= '0' && *got <= '9') got++;
      wanted += 2;
    } else if (*wanted++ != *got++) {
      return false;
    }
  }
  return *got == '\0';
}

/* --- Asking --- */

bool rp_is_live(const rp_state *state, int reg) {
  const rp_handle *h = &state->handles[reg];
  return h->is_made && (h->refs > 0 || h->tidy > 0);
}

int rp_current_device(const rp_state *state) {
  return state->scope_count > 0 ? state->scopes[state->scope_count - 1] : 0;
}

int rp_device_of(const rp_state *state, int device) {
  return device >= 0 ? device : rp_current_device(state);
}

bool rp_is_async(const rp_state *state) {
  return state->mode == EAGER_ASYNC; /* the process is SYNC */
}

static bool inputs_are_live(const rp_state *state, const rp_step *step) {
  for (int i = 0; i < step->input_count; i++)
    if (step->inputs[i] < 0 || !rp_is_live(state, step->inputs[i])) return false;
  return step->device < state->world->device_count;
}

/* --- Answers --- */

void rp_must_fail(rp_expect *expect, eager_status status, const char *format, ...) {
  va_list all;
  va_start(all, format);
  expect->status = status;
  if (expect->text_count <= RP_FAILURES)
    vsnprintf(expect->texts[expect->text_count++], RP_TEXT, format, all);
  va_end(all);
}

/* As the handle's failure is told by whoever waits for it. */
void rp_must_tell(const rp_state *state, const rp_handle *h, const char *behind,
                  rp_expect *expect) {
  for (int i = 0; i < h->failure_count; i++) {
    const rp_failure *failure = &state->failures[h->failures[i]];
    if (failure->step == h->origin_step)
      rp_must_fail(expect, EAGER_INVALID_ARGUMENT, "%s%s", failure->text, behind);
    else
      rp_must_fail(expect, EAGER_INVALID_ARGUMENT, "%s [read as output %d of %s #?]%s",
                   failure->text, h->origin_output, h->origin, behind);
  }
}

void rp_expect_synchronize(rp_state *state, int device, rp_expect *expect) {
  const rp_failure *first = NULL;
  for (int d = 0; d < state->world->device_count; d++) {
    if (device >= 0 && d != device) continue;
    const rp_failure *own = state->noted[d] >= 0 ? &state->failures[state->noted[d]] : NULL;
    if (own != NULL && (first == NULL || own->step < first->step)) first = own;
    state->noted[d] = -1;
  }
  if (first != NULL) rp_must_fail(expect, EAGER_INVALID_ARGUMENT, "%s", first->text);
  expect->any_status = state->world->is_shared;
  for (int i = 0; i < RP_REGISTERS; i++)
    if (device < 0 || state->handles[i].device == device)
      state->handles[i].is_settled = true;
}

/* --- Handles --- */

int rp_new_buffer(rp_state *state, int64_t size) {
  state->buffer_sizes[state->buffer_count] = size;
  return state->buffer_count++;
}

/* A new handle in register `reg`, owning `value`. */
rp_handle *rp_make_handle(rp_state *state, int reg, rp_value *value, int device,
                          const char *origin, int output) {
  rp_handle *h = &state->handles[reg];
  *h = (rp_handle){.is_made = true,
                   .value = value,
                   .device = device,
                   .origin = origin,
                   .origin_step = state->step,
                   .origin_output = output,
                   .is_settled = !rp_is_async(state)};
  if (state->tidy_depth > 0)
    h->tidy = state->tidy_depth;
  else
    h->refs = 1;
  return h;
}

bool rp_may_make(const rp_state *state, const rp_step *step) {
  if (state->buffer_count + step->output_count + step->input_count >= RP_BUFFERS)
    return false;
  for (int i = 0; i < step->output_count; i++)
    if (step->outputs[i] < 0 || state->handles[step->outputs[i]].is_made) return false;
  return true;
}

static bool interpret_make(rp_state *state, const rp_step *step) {
  rp_value *value = rp_value_new(step->dtype, step->shape);
  if (value == NULL) return false;
  rp_fill_value(value, step->fill);
  value->moved = true;
  rp_handle *h = rp_make_handle(state, step->outputs[0], value, rp_current_device(state),
                                step->how == RP_ZEROS ? "Zeros" : "FromHost", 0);
  h->buffer = rp_new_buffer(state, value->count * (int64_t)value->size);
  return true;
}

static rp_value *copied(const rp_value *value) {
  rp_value *copy = rp_value_new(value->dtype, value->shape);
  memcpy(copy->bytes, value->bytes, (size_t)value->count * value->size);
  copy->moved = value->moved;
  copy->rough = value->rough;
  return copy;
}

static bool interpret_copy(rp_state *state, const rp_step *step, rp_expect *expect) {
  const rp_handle from = state->handles[step->inputs[0]];
  int device = rp_device_of(state, step->device);
  bool here = device == from.device;
  if (from.failure_count > 0 && !rp_is_async(state)) {
    rp_must_tell(state, &from, "", expect);
    return true;
  }
  rp_handle *h = rp_make_handle(state, step->outputs[0], copied(from.value), device,
                                "CopyToDevice", 0);
  h->failure_count = from.failure_count;
  memcpy(h->failures, from.failures, sizeof h->failures);
  if (!here) { /* all of the buffer: its size is that of the source's */
    h->buffer = rp_new_buffer(state, state->buffer_sizes[from.buffer]);
    return true;
  }
  h->origin = from.origin;
  h->origin_step = from.origin_step;
  h->origin_output = from.origin_output;
  h->buffer = from.buffer;
  h->maybe_view = from.maybe_view;
  return true;
}

/* --- The others --- */

static bool interpret_read(rp_state *state, const rp_step *step, rp_expect *expect) {
  rp_handle *h = &state->handles[step->inputs[0]];
  rp_must_tell(state, h, "", expect);
  h->is_settled = true;
  return true;
}

static bool interpret_poll(const rp_state *state, const rp_step *step, rp_expect *expect) {
  const rp_handle *h = &state->handles[step->inputs[0]];
  rp_must_tell(state, h, "", expect);
  expect->status = EAGER_OK;
  expect->readiness = h->failure_count > 0 ? EAGER_FAILED : EAGER_READY;
  expect->may_be_pending = !h->is_settled;
  return true;
}

static bool interpret_release(rp_state *state, const rp_step *step) {
  rp_handle *h = &state->handles[step->inputs[0]];
  if (h->refs == 0) return false;
  h->refs--;
  return true;
}

static bool interpret_keep(rp_state *state, const rp_step *step, rp_expect *expect) {
  rp_handle *h = &state->handles[step->inputs[0]];
  if (h->tidy == 0) {
    rp_must_fail(expect, EAGER_FAILED_PRECONDITION,
                 "eager_tidy_keep: no open tidy scope of this thread owns the tensor");
    return true;
  }
  h->tidy = 0;
  h->refs++;
  return true;
}

static bool interpret_tidy(rp_state *state, bool begin, rp_expect *expect) {
  if (begin) {
    if (state->tidy_depth == RP_SCOPES) return false;
    state->tidy_depth++;
    return true;
  }
  if (state->tidy_depth == 0) {
    rp_must_fail(expect, EAGER_FAILED_PRECONDITION,
                 "eager_tidy_end: no tidy scope is open in this thread");
    return true;
  }
  for (int i = 0; i < RP_REGISTERS; i++)
    if (state->handles[i].tidy == state->tidy_depth) state->handles[i].tidy = 0;
  state->tidy_depth--;
  return true;
}

static bool interpret_scope(rp_state *state, const rp_step *step, rp_expect *expect) {
  if (step->code == RP_PUSH) {
    if (state->scope_count == RP_SCOPES) return false;
    state->scopes[state->scope_count++] = step->device >= 0 ? step->device : 0;
    return true;
  }
  if (state->scope_count == 0)
    rp_must_fail(expect, EAGER_FAILED_PRECONDITION,
                 "eager_pop_device: no device scope is open in this thread");
  else
    state->scope_count--;
  return true;
}

static bool interpret_setting(rp_state *state, const rp_step *step, rp_expect *expect) {
  bool policy = step->code == RP_POLICY;
  if (policy && (step->how < -1 || step->how > 3))
    rp_must_fail(expect, EAGER_INVALID_ARGUMENT,
                 "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got %d",
                 step->how);
  else if (!policy && (step->how < -1 || step->how > 1))
    rp_must_fail(
        expect, EAGER_INVALID_ARGUMENT,
        "execution_mode must be one of EAGER_EXECUTION_AUTO, EAGER_SYNC, EAGER_ASYNC, "
        "got %d",
        step->how);
  if (expect->status != EAGER_OK) return true;
  if (policy) {
    state->policy = (eager_device_policy)step->how;
    return true;
  }
  bool was_async = rp_is_async(state);
  state->mode = (eager_execution_mode)step->how;
  for (int i = 0; i < RP_REGISTERS && was_async && !rp_is_async(state); i++)
    state->handles[i].is_settled = true;
  return true;
}

static bool interpret_any(rp_state *state, const rp_step *step, rp_expect *expect) {
  switch (step->code) {
  case RP_MAKE:
    return rp_may_make(state, step) && interpret_make(state, step);
  case RP_OP:
    return rp_interpret_op(state, step, expect);
  case RP_COPY:
    return rp_may_make(state, step) && interpret_copy(state, step, expect);
  case RP_WAIT_FOR:
    expect->may_time_out = true;
    rp_must_tell(state, &state->handles[step->inputs[0]], "", expect);
    return true;
  case RP_READ:
  case RP_WAIT:
    return interpret_read(state, step, expect);
  case RP_POLL:
    return interpret_poll(state, step, expect);
  case RP_SYNCHRONIZE:
    rp_expect_synchronize(state, step->device, expect);
    return true;
  case RP_RETAIN:
    state->handles[step->inputs[0]].refs++;
    return true;
  case RP_RELEASE:
    return interpret_release(state, step);
  case RP_TIDY_KEEP:
    return interpret_keep(state, step, expect);
  case RP_TIDY_BEGIN:
  case RP_TIDY_END:
    return interpret_tidy(state, step->code == RP_TIDY_BEGIN, expect);
  case RP_PUSH:
  case RP_POP:
    return interpret_scope(state, step, expect);
  case RP_POLICY:
  case RP_MODE:
    return interpret_setting(state, step, expect);
  default:
    return true; /* RP_TRIM */
  }
}

bool rp_interpret(rp_state *state, const rp_step *step, rp_expect *expect) {
  memset(expect, 0, sizeof *expect);
  if (!inputs_are_live(state, step)) return false;
  if (!interpret_any(state, step, expect)) return false;
  state->step++;
  return true;
}

bool rp_has_answers(const rp_program *program, const rp_world *world) {
  rp_state state;
  rp_expect expect;
  bool good = true;
  rp_begin(&state, world);
  for (int i = 0; i < program->step_count && good; i++)
    good = rp_interpret(&state, &program->steps[i], &expect);
  rp_end(&state);
  return good;
}
