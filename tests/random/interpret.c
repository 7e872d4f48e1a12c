#include "random/interpret.h"

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

static void must_fail(rp_expect *expect, eager_status status, const char *format, ...)
    EAGER__PRINTF(3, 4);
static void must_fail(rp_expect *expect, eager_status status, const char *format, ...) {
  va_list all;
  va_start(all, format);
  expect->status = status;
  if (expect->text_count <= RP_FAILURES)
    vsnprintf(expect->texts[expect->text_count++], RP_TEXT, format, all);
  va_end(all);
}

/* As the handle's failure is told by whoever waits for it. */
static void must_tell(const rp_state *state, const rp_handle *h, const char *behind,
                      rp_expect *expect) {
  for (int i = 0; i < h->failure_count; i++) {
    const rp_failure *failure = &state->failures[h->failures[i]];
    if (failure->step == h->origin_step)
      must_fail(expect, EAGER_INVALID_ARGUMENT, "%s%s", failure->text, behind);
    else
      must_fail(expect, EAGER_INVALID_ARGUMENT, "%s [read as output %d of %s #?]%s",
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
  if (first != NULL) must_fail(expect, EAGER_INVALID_ARGUMENT, "%s", first->text);
  expect->any_status = state->world->is_shared;
  for (int i = 0; i < RP_REGISTERS; i++)
    if (device < 0 || state->handles[i].device == device)
      state->handles[i].is_settled = true;
}

/* --- Handles --- */

static int new_buffer(rp_state *state, int64_t size) {
  state->buffer_sizes[state->buffer_count] = size;
  return state->buffer_count++;
}

/* A new handle in register `reg`, owning `value`. */
static rp_handle *make(rp_state *state, int reg, rp_value *value, int device,
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

static bool may_make(const rp_state *state, const rp_step *step) {
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
  rp_handle *h = make(state, step->outputs[0], value, rp_current_device(state),
                      step->how == RP_ZEROS ? "Zeros" : "FromHost", 0);
  h->buffer = new_buffer(state, value->count * (int64_t)value->size);
  return true;
}

static rp_value *copied(const rp_value *value) {
  rp_value *copy = rp_value_new(value->dtype, value->shape);
  memcpy(copy->bytes, value->bytes, (size_t)value->count * value->size);
  copy->moved = value->moved;
  return copy;
}

static bool interpret_copy(rp_state *state, const rp_step *step, rp_expect *expect) {
  const rp_handle from = state->handles[step->inputs[0]];
  int device = rp_device_of(state, step->device);
  bool here = device == from.device;
  if (from.failure_count > 0 && !rp_is_async(state)) {
    must_tell(state, &from, "", expect);
    return true;
  }
  rp_handle *h =
      make(state, step->outputs[0], copied(from.value), device, "CopyToDevice", 0);
  h->failure_count = from.failure_count;
  memcpy(h->failures, from.failures, sizeof h->failures);
  if (!here) { /* all of the buffer: its size is that of the source's */
    h->buffer = new_buffer(state, state->buffer_sizes[from.buffer]);
    return true;
  }
  h->origin = from.origin;
  h->origin_step = from.origin_step;
  h->origin_output = from.origin_output;
  h->buffer = from.buffer;
  h->maybe_view = from.maybe_view;
  return true;
}

/* --- Ops --- */

static const char *tf_name(eager_dtype dtype) {
  switch (dtype) {
  case EAGER_FLOAT32:
    return "float";
  case EAGER_FLOAT64:
    return "double";
  case EAGER_FLOAT16:
    return "half";
  default:
    return eager_dtype_name(dtype);
  }
}

static bool check_dtypes(const rp_op *op, const rp_step *step, const rp_value *const *in,
                         rp_expect *expect) {
  eager_dtype common = EAGER_DTYPE_INVALID;
  for (int i = 0; i < step->input_count; i++) {
    uint32_t own = op->input_dtypes[i], allowed = own ? own : op->dtypes;
    eager_dtype dtype = in[i]->dtype;
    if (!own && common && dtype != common) {
      must_fail(expect, EAGER_INVALID_ARGUMENT,
                "cannot compute %s as input #%d(zero-based) was expected to be a %s tensor "
                "but is a %s tensor [Op:%s]",
                op->name, i, tf_name(common), tf_name(dtype), op->name);
      return false;
    }
    if (!(allowed >> dtype & 1)) {
      char list[256] = "";
      for (int d = 1; d < 32; d++)
        if (allowed >> d & 1) {
          if (list[0] != '\0') strcat(list, ", ");
          strcat(list, eager_dtype_name((eager_dtype)d));
        }
      must_fail(expect, EAGER_INVALID_ARGUMENT,
                "cannot compute %s as input #%d(zero-based) is a %s tensor; allowed: %s "
                "[Op:%s]",
                op->name, i, eager_dtype_name(dtype), list, op->name);
      return false;
    }
    if (!own) common = dtype;
  }
  return true;
}

/* False: refused, or (`*unclear`) nobody says. */
static bool check_float64(const rp_state *state, const rp_op *op, const rp_step *step,
                          const rp_value *const *in, const rp_result *r, int device,
                          rp_expect *expect, bool *unclear) {
  const rp_world *world = state->world;
  bool views = true, wide = false;
  for (int i = 0; i < r->output_count; i++) {
    views = views && r->view_of[i] > 0;
    *unclear = *unclear || r->view_of[i] == RP_VIEW_MAYBE;
    wide = wide || r->outputs[i]->dtype == EAGER_FLOAT64;
  }
  for (int i = 0; i < step->input_count; i++) wide = wide || in[i]->dtype == EAGER_FLOAT64;
  if (world->devices[device].has_float64 || !wide || op->moves || (views && !op->waits)) {
    *unclear = false;
    return true;
  }
  const struct rp_device *able = NULL, *own = &world->devices[device];
  for (int i = 0; i < world->device_count && able == NULL; i++)
    if (world->devices[i].has_float64) able = &world->devices[i];
  if (able == NULL)
    must_fail(expect, EAGER_UNIMPLEMENTED,
              "%s (%s) has no float64 arithmetic, and no other enabled device has it: use "
              "float32 [Op:%s]",
              own->full_name, own->driver_name, op->name);
  else
    must_fail(expect, EAGER_UNIMPLEMENTED,
              "%s (%s) has no float64 arithmetic; %s (%s) has: run the op there, use "
              "float32, or set allow_soft_placement [Op:%s]",
              own->full_name, own->driver_name, able->full_name, able->driver_name,
              op->name);
  return false;
}

static bool copies(eager_device_policy policy, eager_dtype dtype) {
  if (policy == EAGER_DEVICE_PLACEMENT_EXPLICIT) return false;
  return policy != EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32 || dtype == EAGER_INT32;
}

static bool check_policy(const rp_state *state, const rp_op *op, const rp_step *step,
                         int device, rp_expect *expect) {
  for (int i = 0; i < step->input_count; i++) {
    const rp_handle *h = &state->handles[step->inputs[i]];
    if (h->device == device || copies(state->policy, h->value->dtype)) continue;
    const char *wanted = state->world->devices[device].full_name;
    must_fail(
        expect, EAGER_INVALID_ARGUMENT,
        "Tensors on conflicting devices: cannot compute %s as input #%d was expected "
        "to be on %s but is actually on %s (operation running on %s). Copy it with "
        "eager_tensor_copy_to_device(), or let the runtime copy: device policy SILENT "
        "or WARN. Copying tensors between devices may slow down your model.",
        op->name, i, wanted, state->world->devices[h->device].full_name, wanted);
    return false;
  }
  return true;
}

/* The buffer on `device` that an op reads for `h`: its own, or a mirror, counted. */
static int migrate(rp_state *state, const rp_handle *h, int device) {
  if (h->device == device) return h->buffer;
  if (h->maybe_view || h->failure_count > 0) state->stats_are_clear = false;
  for (int i = 0; i < state->mirror_count; i++) {
    if (state->mirrors[i].source != h->buffer || state->mirrors[i].device != device)
      continue;
    state->stats.mirror_hits++;
    return state->mirrors[i].copy;
  }
  int64_t size = state->buffer_sizes[h->buffer];
  int copy = new_buffer(state, size);
  state->stats.count++;
  state->stats.bytes += (uint64_t)size;
  if (state->policy == EAGER_DEVICE_PLACEMENT_WARN && size > 0) state->stats.warnings++;
  if (state->mirror_count < RP_MIRRORS) {
    state->mirrors[state->mirror_count].source = h->buffer;
    state->mirrors[state->mirror_count].device = device;
    state->mirrors[state->mirror_count++].copy = copy;
  }
  return copy;
}

/* The failures of all inputs; false when there are more than are kept. */
static bool join_failures(const rp_state *state, const rp_step *step, rp_handle *joined) {
  for (int i = 0; i < step->input_count; i++) {
    const rp_handle *h = &state->handles[step->inputs[i]];
    for (int k = 0; k < h->failure_count; k++) {
      bool known = false;
      for (int m = 0; m < joined->failure_count; m++)
        known = known || joined->failures[m] == h->failures[k];
      if (known) continue;
      if (joined->failure_count == RP_FAILURES) return false;
      joined->failures[joined->failure_count++] = h->failures[k];
    }
  }
  return true;
}

static void add_own_failure(rp_state *state, const rp_op *op, const char *text, int device,
                            rp_handle *joined) {
  rp_failure *failure = &state->failures[state->failure_count];
  snprintf(failure->text, sizeof failure->text, "%.400s [failed op: %s #? on %s]", text,
           op->name, state->world->devices[device].short_name);
  failure->step = state->step;
  failure->device = device;
  if (state->noted[device] < 0) state->noted[device] = state->failure_count;
  joined->failures[joined->failure_count++] = state->failure_count++;
}

/* The results become handles; their values are the handles' then. */
static void make_outputs(rp_state *state, const rp_op *op, const rp_step *step,
                         rp_result *r, int device, const int *buffers,
                         const rp_handle *joined) {
  for (int i = 0; i < r->output_count; i++) {
    rp_value *value = r->outputs[i];
    rp_handle *h = make(state, step->outputs[i], value, device, op->name, i);
    r->outputs[i] = NULL;
    h->failure_count = joined->failure_count;
    memcpy(h->failures, joined->failures, sizeof h->failures);
    int view = r->view_of[i];
    h->maybe_view = view == RP_VIEW_MAYBE || (view > 0 && joined->failure_count > 0);
    if (view > 0) {
      h->buffer = buffers[view - 1];
      h->maybe_view = h->maybe_view || state->handles[step->inputs[view - 1]].maybe_view;
    } else {
      h->buffer = new_buffer(state, value->count * (int64_t)value->size);
    }
  }
}

/* The call's answer is an input's failure. */
static bool tell_inputs(const rp_state *state, const rp_op *op, const rp_step *step,
                        rp_expect *expect) {
  char behind[64];
  int count = 0;
  snprintf(behind, sizeof behind, " [Op:%s]", op->name);
  for (int i = 0; i < step->input_count; i++)
    count += state->handles[step->inputs[i]].failure_count;
  if (count > RP_FAILURES + 1) return false;
  for (int i = 0; i < step->input_count; i++)
    must_tell(state, &state->handles[step->inputs[i]], behind, expect);
  return true;
}

/* Everything behind the evaluation; false: no one answer. */
static bool carry_out(rp_state *state, const rp_op *op, const rp_step *step,
                      const rp_value *const *in, rp_result *r, rp_expect *expect) {
  int device = rp_device_of(state, step->device), buffers[RP_INPUTS];
  rp_handle joined = {0};
  bool unclear = false, async = rp_is_async(state);
  if (r->output_count != step->output_count || !may_make(state, step)) return false;
  if (!check_float64(state, op, step, in, r, device, expect, &unclear)) return !unclear;
  if (!check_policy(state, op, step, device, expect)) return true;
  if (!join_failures(state, step, &joined)) return false;
  bool poisoned = joined.failure_count > 0;
  if (poisoned && r->outcome == RP_FAILED) return false;
  if (poisoned && async && op->waits && step->input_count > 1) return false;
  /* Inputs may have been copied before a failure came out, or not. */
  for (int i = 0; i < step->input_count && poisoned; i++)
    if (state->handles[step->inputs[i]].device != device) state->stats_are_clear = false;
  if (poisoned && (!async || op->waits)) return tell_inputs(state, op, step, expect);
  for (int i = 0; i < step->input_count; i++)
    buffers[i] = migrate(state, &state->handles[step->inputs[i]], device);
  if (r->outcome == RP_FAILED && !async) {
    must_fail(expect, EAGER_INVALID_ARGUMENT, "%s [Op:%s]", r->text, op->name);
    return true;
  }
  if (r->outcome == RP_FAILED) add_own_failure(state, op, r->text, device, &joined);
  make_outputs(state, op, step, r, device, buffers, &joined);
  return true;
}

static bool interpret_op(rp_state *state, const rp_step *step, rp_expect *expect) {
  const rp_op *op = rp_op_at(step->op);
  const rp_value *in[RP_INPUTS];
  for (int i = 0; i < step->input_count; i++) in[i] = state->handles[step->inputs[i]].value;
  if (!check_dtypes(op, step, in, expect)) return true;
  rp_result r = {.outcome = RP_GOOD};
  op->evaluate(op, step, in, &r);
  bool clear = r.outcome != RP_UNCLEAR;
  if (r.outcome == RP_REFUSED)
    must_fail(expect, EAGER_INVALID_ARGUMENT, "%s [Op:%s]", r.text, op->name);
  else if (clear)
    clear = carry_out(state, op, step, in, &r, expect);
  for (int i = 0; i < RP_OUTPUTS; i++) rp_value_free(r.outputs[i]);
  return clear;
}

/* --- The others --- */

static bool interpret_read(rp_state *state, const rp_step *step, rp_expect *expect) {
  rp_handle *h = &state->handles[step->inputs[0]];
  must_tell(state, h, "", expect);
  h->is_settled = true;
  return true;
}

static bool interpret_poll(const rp_state *state, const rp_step *step, rp_expect *expect) {
  const rp_handle *h = &state->handles[step->inputs[0]];
  must_tell(state, h, "", expect);
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
    must_fail(expect, EAGER_FAILED_PRECONDITION,
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
    must_fail(expect, EAGER_FAILED_PRECONDITION,
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
    must_fail(expect, EAGER_FAILED_PRECONDITION,
              "eager_pop_device: no device scope is open in this thread");
  else
    state->scope_count--;
  return true;
}

static bool interpret_setting(rp_state *state, const rp_step *step, rp_expect *expect) {
  bool policy = step->code == RP_POLICY;
  if (policy && (step->how < -1 || step->how > 3))
    must_fail(expect, EAGER_INVALID_ARGUMENT,
              "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got %d", step->how);
  else if (!policy && (step->how < -1 || step->how > 1))
    must_fail(
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
    return may_make(state, step) && interpret_make(state, step);
  case RP_OP:
    return interpret_op(state, step, expect);
  case RP_COPY:
    return may_make(state, step) && interpret_copy(state, step, expect);
  case RP_WAIT_FOR:
    expect->may_time_out = true;
    must_tell(state, &state->handles[step->inputs[0]], "", expect);
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
