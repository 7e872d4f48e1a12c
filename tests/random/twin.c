#include "random/twin.h"

#include "random/doors.h"

void rp_twin_begin(rp_twin *twin, const rp_world *world, eager_device_policy policy) {
  memset(twin, 0, sizeof *twin);
  rp_begin(&twin->state, world);
  twin->state.mode = EAGER_ASYNC;
  twin->state.policy = policy;
}

void rp_twin_end(rp_twin *twin) {
  for (int i = 0; i < RP_REGISTERS; i++) {
    eager_tensor_release(twin->registers[i]);
    free(twin->bytes[i]);
  }
  rp_end(&twin->state);
}

void rp_twin_close_scopes(rp_twin *twin) {
  for (; twin->state.scope_count > 0; twin->state.scope_count--)
    if (eager_pop_device() != EAGER_OK) abort(); /* it was pushed */
}

static const char *name_of(const rp_twin *twin, int device) {
  return device >= 0 ? twin->state.world->devices[device].short_name : NULL;
}

static eager_status run_op(rp_twin *twin, const rp_step *step) {
  eager_tensor *in[RP_INPUTS], *out[RP_OUTPUTS] = {NULL};
  for (int i = 0; i < step->input_count; i++) in[i] = twin->registers[step->inputs[i]];
  eager_status status = step->typed && rp_door_can(step, in)
                            ? rp_door_typed(step, in, out)
                            : rp_door_by_name(step, name_of(twin, step->device), in, out);
  for (int i = 0; i < step->output_count; i++) twin->registers[step->outputs[i]] = out[i];
  return status;
}

static eager_status run(rp_twin *twin, const rp_step *step) {
  switch (step->code) {
  case RP_MAKE:
    return rp_door_make(step, twin->state.handles[step->outputs[0]].value,
                        &twin->registers[step->outputs[0]]);
  case RP_OP:
    return run_op(twin, step);
  case RP_COPY:
    return eager_tensor_copy_to_device(twin->registers[step->inputs[0]],
                                       name_of(twin, step->device),
                                       &twin->registers[step->outputs[0]]);
  case RP_PUSH:
    return eager_push_device(name_of(twin, step->device));
  default:
    return eager_pop_device();
  }
}

static bool makes_values(rp_code code) {
  return code == RP_MAKE || code == RP_OP || code == RP_COPY || code == RP_PUSH ||
         code == RP_POP;
}

bool rp_twin_step(rp_twin *twin, const rp_program *program, int index, char *problem) {
  const rp_step *step = &program->steps[index];
  rp_expect *expect = &twin->refusals[index];
  int number = twin->state.step;
  twin->fates[index] = RP_LEFT_OUT;
  if (!makes_values(step->code) || !rp_interpret(&twin->state, step, expect)) return true;
  twin->indices[number] = index;
  twin->fates[index] = expect->status == EAGER_OK ? RP_DONE : RP_REFUSED_AT_CALL;
  eager_status status = run(twin, step);
  if (status == expect->status) return true;
  snprintf(problem, RP_PROBLEM, "step %d, %s, eagerly: %s (%s) and not %s", index,
           rp_step_text(step), eager_status_name(status), eager_error_message(),
           eager_status_name(expect->status));
  return false;
}

bool rp_twin_replace(rp_twin *twin, int reg, const rp_twin *other) {
  rp_handle *h = &twin->state.handles[reg];
  const rp_handle *from = &other->state.handles[reg];
  if (!h->is_made || !from->is_made || h->device != from->device ||
      h->failure_count + from->failure_count > 0 ||
      !eager__shape_equal(&h->value->shape, &from->value->shape))
    return false;
  memcpy(h->value->bytes, from->value->bytes, (size_t)h->value->count * h->value->size);
  h->value->moved = from->value->moved;
  h->value->rough = from->value->rough;
  eager_tensor_release(twin->registers[reg]);
  twin->registers[reg] = other->registers[reg];
  eager_tensor_retain(twin->registers[reg]);
  return true;
}

const unsigned char *rp_twin_read(rp_twin *twin, int reg) {
  const rp_value *value = twin->state.handles[reg].value;
  if (twin->bytes[reg] != NULL) return twin->bytes[reg];
  size_t size = (size_t)value->count * value->size;
  unsigned char *bytes = malloc(size + 1);
  if (bytes == NULL) abort();
  if (eager_tensor_to_host(twin->registers[reg], bytes, size) == EAGER_OK)
    return twin->bytes[reg] = bytes;
  free(bytes);
  return NULL;
}
