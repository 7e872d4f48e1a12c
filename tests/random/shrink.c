#include "random/shrink.h"

#include <time.h>

#include "random/interpret.h"

typedef struct job {
  rp_program *best;
  rp_shrinking *shrinking;
  time_t end;
} job;

/* Takes the candidate when it fails as well. */
static bool attempt(job *j, const rp_program *candidate) {
  if (time(NULL) >= j->end || memcmp(candidate, j->best, sizeof *candidate) == 0)
    return false;
  if (!rp_has_answers(candidate, j->shrinking->world)) return false;
  j->shrinking->tried++;
  if (!j->shrinking->still_fails(candidate, j->shrinking->user)) return false;
  *j->best = *candidate;
  return true;
}

/* --- Fewer steps --- */

/* Without steps [begin, end) and whatever then lacks its inputs. */
static void remove_steps(rp_program *p, int begin, int end) {
  bool gone[RP_REGISTERS] = {false};
  int kept = 0;
  for (int i = 0; i < p->step_count; i++) {
    rp_step *step = &p->steps[i];
    bool drop = i >= begin && i < end;
    for (int k = 0; k < step->input_count; k++) drop = drop || gone[step->inputs[k]];
    for (int k = 0; k < step->output_count && drop; k++) gone[step->outputs[k]] = true;
    if (!drop) p->steps[kept++] = *step;
  }
  memset(&p->steps[kept], 0, (size_t)(p->step_count - kept) * sizeof *p->steps);
  p->step_count = kept;
}

static bool fewer_steps(job *j) {
  bool any = false;
  rp_program candidate;
  for (int size = j->best->step_count / 2; size >= 1; size /= 2)
    for (int end = j->best->step_count; end > 0; end -= size) {
      if (end > j->best->step_count) continue;
      candidate = *j->best;
      remove_steps(&candidate, end > size ? end - size : 0, end);
      any = attempt(j, &candidate) || any;
    }
  return any;
}

/* --- Smaller sizes: one extent everywhere at once, so that shapes still agree --- */

static void replace_extent(rp_program *p, int64_t from, int64_t to) {
  for (int i = 0; i < p->step_count; i++) {
    rp_step *step = &p->steps[i];
    for (int d = 0; d < step->shape.rank; d++)
      if (step->shape.dims[d] == from) step->shape.dims[d] = to;
    for (int a = 0; a < step->attr_count; a++)
      for (int k = 0; k < step->attrs[a].count; k++)
        if (step->attrs[a].kind == EAGER_ATTR_INT_LIST && step->attrs[a].ints[k] == from)
          step->attrs[a].ints[k] = to;
  }
}

static bool smaller_extents(job *j) {
  bool any = false;
  rp_program candidate;
  for (int i = 0; i < j->best->step_count; i++)
    for (int d = 0; d < j->best->steps[i].shape.rank; d++) {
      const int64_t from = j->best->steps[i].shape.dims[d];
      const int64_t to[] = {1, 2, from / 2, from - 1};
      for (int k = 0; k < 8; k++) { /* everywhere, or here alone */
        candidate = *j->best;
        if (to[k / 2] >= from || to[k / 2] < 1) continue;
        if (k % 2 == 0)
          replace_extent(&candidate, from, to[k / 2]);
        else
          candidate.steps[i].shape.dims[d] = to[k / 2];
        if (!attempt(j, &candidate)) continue;
        any = true;
        break;
      }
    }
  return any;
}

static bool lower_ranks(job *j) {
  bool any = false;
  for (int i = 0; i < j->best->step_count; i++) {
    rp_program candidate = *j->best;
    test_shape *shape = &candidate.steps[i].shape;
    if (shape->rank == 0) continue;
    shape->dims[--shape->rank] = 0;
    any = attempt(j, &candidate) || any;
  }
  return any;
}

/* --- Plainer steps --- */

/* Change number `which` of a step; false when there is none. */
static bool make_plainer(rp_step *step, int which) {
  switch (which) {
  case 0:
    step->typed = false;
    return true;
  case 1:
    if (step->code == RP_OP) step->device = -1;
    return true;
  case 2:
    if (step->device > 0) step->device = 0;
    return true;
  case 3:
    if (step->code == RP_MAKE && step->fill.kind != RP_FILL_ZERO)
      step->fill = (rp_fill){.kind = RP_FILL_COUNT};
    return true;
  case 4:
    if (step->code == RP_MAKE && step->how != RP_ZEROS)
      step->fill = (rp_fill){.kind = RP_FILL_ZERO};
    return true;
  case 5:
    if (step->code == RP_MAKE && step->fill.kind == RP_FILL_SMALL && step->fill.high > 1)
      step->fill.high = 1;
    return true;
  case 6:
    if (step->code == RP_MAKE && step->how != RP_ZEROS) step->how = RP_FROM_HOST;
    if (step->code == RP_READ) step->how = RP_TO_HOST;
    return true;
  case 7:
    if (step->code == RP_MAKE) step->dtype = EAGER_FLOAT32;
    return true;
  default:
    which -= 8;
    if (which >= step->attr_count) return false;
    for (int a = which; a + 1 < step->attr_count; a++) step->attrs[a] = step->attrs[a + 1];
    memset(&step->attrs[--step->attr_count], 0, sizeof *step->attrs);
    return true;
  }
}

/* An attribute that is required cannot be left out: ops.c's rows read it. */
static bool is_optional(const rp_step *step, int attr) {
  eager_op_description about;
  if (eager_op_describe(rp_op_at(step->op)->name, &about) != EAGER_OK) return false;
  for (int i = 0; i < about.attr_count; i++)
    if (strcmp(about.attrs[i].name, step->attrs[attr].name) == 0)
      return !about.attrs[i].required && about.attrs[i].kind != EAGER_ATTR_INT_LIST;
  return false;
}

static bool plainer_steps(job *j) {
  bool any = false;
  for (int i = 0; i < j->best->step_count; i++)
    for (int which = 0; which < 8 + RP_ATTRS; which++) {
      rp_program candidate = *j->best;
      rp_step *step = &candidate.steps[i];
      if (which >= 8 && (which - 8 >= step->attr_count || !is_optional(step, which - 8)))
        continue;
      if (make_plainer(step, which)) any = attempt(j, &candidate) || any;
    }
  return any;
}

/* An op whose result would do as host data as well. */
static bool fewer_ops(job *j) {
  bool any = false;
  for (int i = 0; i < j->best->step_count; i++) {
    rp_program candidate = *j->best;
    rp_step *step = &candidate.steps[i];
    rp_state state;
    rp_expect expect;
    if (step->code != RP_OP || step->output_count != 1) continue;
    rp_begin(&state, j->shrinking->world);
    for (int k = 0; k <= i; k++) rp_interpret(&state, &candidate.steps[k], &expect);
    const rp_value *value = state.handles[step->outputs[0]].value;
    rp_step made = {.code = RP_MAKE, .device = -1, .output_count = 1};
    made.outputs[0] = step->outputs[0];
    made.fill.kind = RP_FILL_COUNT;
    if (value != NULL) made.dtype = value->dtype;
    if (value != NULL) made.shape = value->shape;
    if (value != NULL) *step = made;
    rp_end(&state);
    any = attempt(j, &candidate) || any;
  }
  return any;
}

void rp_shrink(rp_program *program, rp_shrinking *shrinking) {
  job j = {.best = program, .shrinking = shrinking};
  j.end = time(NULL) + shrinking->seconds;
  shrinking->tried = 0;
  for (bool any = true; any;) {
    while (fewer_steps(&j)) continue;
    any = fewer_ops(&j);
    any = smaller_extents(&j) || any;
    any = lower_ranks(&j) || any;
    any = plainer_steps(&j) || any;
  }
}
