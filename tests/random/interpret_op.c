/* One op: dtypes, shapes, placement, policy, copies, poison, in the library's order. */
#include "random/interpret_op.h"

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
      rp_must_fail(
          expect, EAGER_INVALID_ARGUMENT,
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
      rp_must_fail(expect, EAGER_INVALID_ARGUMENT,
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
    rp_must_fail(
        expect, EAGER_UNIMPLEMENTED,
        "%s (%s) has no float64 arithmetic, and no other enabled device has it: use "
        "float32 [Op:%s]",
        own->full_name, own->driver_name, op->name);
  else
    rp_must_fail(expect, EAGER_UNIMPLEMENTED,
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
    rp_must_fail(
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
  int copy = rp_new_buffer(state, size);
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
    rp_handle *h = rp_make_handle(state, step->outputs[i], value, device, op->name, i);
    r->outputs[i] = NULL;
    h->failure_count = joined->failure_count;
    memcpy(h->failures, joined->failures, sizeof h->failures);
    int view = r->view_of[i];
    h->maybe_view = view == RP_VIEW_MAYBE || (view > 0 && joined->failure_count > 0);
    if (view > 0) {
      h->buffer = buffers[view - 1];
      h->maybe_view = h->maybe_view || state->handles[step->inputs[view - 1]].maybe_view;
    } else {
      h->buffer = rp_new_buffer(state, value->count * (int64_t)value->size);
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
    rp_must_tell(state, &state->handles[step->inputs[i]], behind, expect);
  return true;
}

/* Everything behind the evaluation; false: no one answer. */
static bool carry_out(rp_state *state, const rp_op *op, const rp_step *step,
                      const rp_value *const *in, rp_result *r, rp_expect *expect) {
  int device = rp_device_of(state, step->device), buffers[RP_INPUTS];
  rp_handle joined = {0};
  bool unclear = false, async = rp_is_async(state);
  if (r->output_count != step->output_count || !rp_may_make(state, step)) return false;
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
    rp_must_fail(expect, EAGER_INVALID_ARGUMENT, "%s [Op:%s]", r->text, op->name);
    return true;
  }
  if (r->outcome == RP_FAILED) add_own_failure(state, op, r->text, device, &joined);
  make_outputs(state, op, step, r, device, buffers, &joined);
  return true;
}

/* What is computed from something rough is rough, its shape that of any values. Ops that
 * may fail or whose size depends on values do not say; so no integers are ever rough. */
static void evaluate_roughly(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *r) {
  const rp_value *some[RP_INPUTS];
  rp_value *zeros[RP_INPUTS] = {NULL};
  for (int i = 0; i < step->input_count; i++) {
    if (in[i]->rough) zeros[i] = rp_value_new(in[i]->dtype, in[i]->shape);
    some[i] = zeros[i] != NULL ? zeros[i] : in[i];
  }
  op->evaluate(op, step, some, r);
  for (int i = 0; i < step->input_count; i++) rp_value_free(zeros[i]);
  if (r->outcome == RP_FAILED || op->waits) rp_unclear(r);
  for (int i = 0; i < r->output_count; i++) {
    eager_dtype dtype = r->outputs[i]->dtype;
    if (!test_is_float(dtype) && dtype != EAGER_BOOL) rp_unclear(r);
    r->outputs[i]->rough = true;
  }
}

bool rp_interpret_op(rp_state *state, const rp_step *step, rp_expect *expect) {
  const rp_op *op = rp_op_at(step->op);
  const rp_value *in[RP_INPUTS];
  bool rough = false;
  for (int i = 0; i < step->input_count; i++) {
    in[i] = state->handles[step->inputs[i]].value;
    rough = rough || in[i]->rough;
  }
  if (!check_dtypes(op, step, in, expect)) return true;
  rp_result r = {.outcome = RP_GOOD};
  if (rough)
    evaluate_roughly(op, step, in, &r);
  else
    op->evaluate(op, step, in, &r);
  bool clear = r.outcome != RP_UNCLEAR;
  if (r.outcome == RP_REFUSED)
    rp_must_fail(expect, EAGER_INVALID_ARGUMENT, "%s [Op:%s]", r.text, op->name);
  else if (clear)
    clear = carry_out(state, op, step, in, &r, expect);
  for (int i = 0; i < RP_OUTPUTS; i++) rp_value_free(r.outputs[i]);
  return clear;
}
