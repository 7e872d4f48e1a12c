#include "random/recorded.h"

#include "random/doors.h"

uint32_t rp_decide(const rp_program *program, int about, int which) {
  uint64_t z = program->seed + 0x9e3779b97f4a7c15u * (uint64_t)(1000 * about + which + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ (z >> 31)) >> 8);
}

enum { OPEN_HOW = 1, OPEN_WHICH, OPEN_DIM, MAKES, COPIES, POLICY }; /* decisions */

static bool wrong(const rp_program *program, int index, char *problem, const char *what,
                  eager_status status, const char *wanted) {
  snprintf(problem, RP_PROBLEM, "step %d, %s, %s: %s (%s) and not \"%s\"", index,
           rp_step_text(&program->steps[index]), what, eager_status_name(status),
           status != EAGER_OK ? eager_error_message() : "", wanted);
  return false;
}

/* --- Extents that are left open --- */

int64_t rp_choose_open(const rp_program *program) {
  uint32_t how = rp_decide(program, OPEN_HOW, 0) % 100;
  if (how < 40) return 0;
  if (how < 55) return -1;
  if (how < 70) return -2;
  int found = 0;
  int64_t extent = 0;
  for (int i = 0; i < program->step_count; i++) {
    const rp_step *step = &program->steps[i];
    for (int d = 0; step->code == RP_MAKE && d < step->shape.rank; d++)
      if (rp_decide(program, OPEN_WHICH, 0) % (uint32_t)++found == 0 &&
          step->shape.dims[d] > 0)
        extent = step->shape.dims[d];
  }
  return extent;
}

static bool is_open(const rp_program *program, int64_t open, int reg, int d,
                    int64_t extent) {
  if (open == -2) return rp_decide(program, OPEN_DIM, 8 * reg + d) % 2 != 0;
  return open == -1 || (open > 0 && extent == open);
}

void rp_placeholder_dims(const rp_program *program, int64_t open, int reg,
                         const rp_value *value, bool all_open, int64_t *dims) {
  for (int d = 0; d < value->shape.rank; d++) {
    int64_t extent = value->shape.dims[d];
    dims[d] = all_open || is_open(program, open, reg, d, extent) ? -1 : extent;
  }
}

/* --- Placeholders and constants --- */

static eager_status add_placeholder(rp_recorded *g, const rp_program *program, int reg,
                                    const rp_value *value, bool all_open) {
  int64_t dims[EAGER__MAX_RANK];
  rp_placeholder_dims(program, g->open, reg, value, all_open, dims);
  g->is_fed[reg] = g->varies[reg] = true;
  return eager_placeholder(value->dtype, value->shape.rank, dims, NULL, &g->symbols[reg]);
}

rp_made rp_made_how(const rp_program *program, int reg, const rp_value *value) {
  uint32_t how = rp_decide(program, MAKES, reg) % 100;
  if (how >= 50 && how < 70 && value->shape.rank == 0) return RP_IN_GRAPH;
  return how < 70 ? RP_FED : how < 85 ? RP_CAPTURED : RP_IN_GRAPH;
}

static eager_status record_make(rp_recorded *g, const rp_program *program,
                                const rp_step *step, const rp_twin *twin) {
  int reg = step->outputs[0];
  const rp_value *value = twin->state.handles[reg].value;
  switch (rp_made_how(program, reg, value)) {
  case RP_FED:
    return add_placeholder(g, program, reg, value, false);
  case RP_IN_GRAPH:
    return rp_door_make(step, value, &g->symbols[reg]);
  default:
    return EAGER_OK;
  }
}

/* What the twin has made alone: its size may be another for other values. */
static eager_status add_alone(rp_recorded *g, const rp_program *program,
                              const rp_step *step, const rp_twin *twin) {
  eager_status status = EAGER_OK;
  g->alone++;
  for (int i = 0; i < step->output_count && status == EAGER_OK; i++) {
    int reg = step->outputs[i];
    bool waits = step->code == RP_OP && rp_op_at(step->op)->waits;
    status = add_placeholder(g, program, reg, twin->state.handles[reg].value,
                             waits || g->open > 0);
  }
  return status;
}

/* --- Ops --- */

static bool is_known(const eager_tensor *t) {
  for (int d = 0; d < eager_tensor_rank(t); d++)
    if (eager_tensor_dim(t, d) < 0) return false;
  return true;
}

static bool take_inputs(const rp_recorded *g, const rp_step *step, const rp_twin *twin,
                        eager_tensor **in) {
  bool known = true;
  for (int i = 0; i < step->input_count; i++) {
    int reg = step->inputs[i];
    in[i] = g->symbols[reg] != NULL ? g->symbols[reg] : twin->registers[reg];
    known = known && is_known(in[i]);
  }
  return known;
}

/* Dtype, rank and extents, as far as they can be known. */
static const char *symbol_problem(const eager_tensor *t, const rp_value *value,
                                  bool known) {
  if (!eager_tensor_is_symbolic(t)) return "it is not symbolic";
  if (eager_tensor_dtype(t) != value->dtype) return "its dtype is another";
  if (eager_tensor_rank(t) != value->shape.rank) return "its rank is another";
  for (int d = 0; d < value->shape.rank; d++) {
    int64_t extent = eager_tensor_dim(t, d);
    if (extent != value->shape.dims[d] && (known || extent != -1))
      return "its shape is another";
  }
  return NULL;
}

static bool text_is(const rp_expect *expect, const char *got) {
  for (int i = 0; i < expect->text_count; i++)
    if (rp_text_matches(expect->texts[i], got)) return true;
  return false;
}

/* Refused by where it runs, which no recording knows. */
static bool is_for_the_run(const rp_expect *expect) {
  return expect->status == EAGER_UNIMPLEMENTED ||
         strncmp(expect->texts[0], "Tensors on conflicting", 22) == 0;
}

static bool is_right(const rp_expect *expect, eager_status status, bool known) {
  if (status == EAGER_OK)
    return expect->status == EAGER_OK || !known || is_for_the_run(expect);
  const char *got = eager_error_message();
  if (expect->status == EAGER_OK) return !known && strstr(got, "unknown") != NULL;
  if (status != expect->status && !is_for_the_run(expect)) return false;
  return !known || text_is(expect, got);
}

static eager_status call(const rp_step *step, const char *device, eager_tensor **in,
                         eager_tensor **out) {
  if (step->typed && rp_door_can(step, in)) return rp_door_typed(step, in, out);
  return rp_door_by_name(step, device, in, out);
}

static bool record_op(rp_recorded *g, const rp_program *program, int index,
                      const rp_twin *twin, char *problem) {
  const rp_step *step = &program->steps[index];
  const rp_expect *expect = &twin->refusals[index];
  const rp_op *op = rp_op_at(step->op);
  eager_tensor *in[RP_INPUTS], *out[RP_OUTPUTS] = {NULL};
  bool known = take_inputs(g, step, twin, in), done = expect->status == EAGER_OK;
  const char *device =
      step->device >= 0 ? twin->state.world->devices[step->device].short_name : NULL;
  eager_status status = call(step, device, in, out);
  if (op->waits && done &&
      (status != EAGER_INVALID_ARGUMENT ||
       strstr(eager_error_message(), "depends on data: it cannot be part of a graph") ==
           NULL))
    return wrong(program, index, problem, "recorded", status, "depends on data");
  if (!op->waits && !is_right(expect, status, known))
    return wrong(program, index, problem, "recorded", status,
                 done ? "EAGER_OK" : expect->texts[0]);
  if (status != EAGER_OK)
    return !done || add_alone(g, program, step, twin) == EAGER_OK ||
           wrong(program, index, problem, "as a placeholder", EAGER_UNKNOWN, "EAGER_OK");
  g->has_step[index] = true;
  g->ops++;
  for (int i = 0; i < step->output_count; i++) {
    g->symbols[step->outputs[i]] = out[i];
    for (int k = 0; k < step->input_count; k++)
      g->varies[step->outputs[i]] |= g->varies[step->inputs[k]];
  }
  for (int i = 0; i < step->output_count && done; i++) {
    const char *bad =
        symbol_problem(out[i], twin->state.handles[step->outputs[i]].value, known);
    if (bad != NULL) return wrong(program, index, problem, bad, EAGER_OK, "as eagerly");
  }
  return true;
}

eager_device_policy rp_policy_of(const rp_program *program) {
  static const eager_device_policy policies[] = {
      EAGER_DEVICE_PLACEMENT_SILENT, EAGER_DEVICE_PLACEMENT_WARN,
      EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32};
  uint32_t which = rp_decide(program, POLICY, 0) % 20;
  return policies[which < 4 ? which : 0];
}

bool rp_copy_is_recorded(const rp_program *program, int to) {
  eager_device_policy policy = rp_policy_of(program);
  bool copies =
      policy == EAGER_DEVICE_PLACEMENT_SILENT || policy == EAGER_DEVICE_PLACEMENT_WARN;
  return copies && rp_decide(program, COPIES, to) % 2 != 0;
}

static eager_status record_copy(rp_recorded *g, const rp_program *program, int index,
                                const rp_twin *twin) {
  const rp_step *step = &program->steps[index];
  int from = step->inputs[0], to = step->outputs[0];
  if (g->symbols[from] == NULL || !rp_copy_is_recorded(program, to))
    return add_alone(g, program, step, twin);
  const char *device =
      step->device >= 0 ? twin->state.world->devices[step->device].short_name : NULL;
  eager_op *op;
  int count = 1;
  eager_status status = eager_op_new("Identity", &op);
  if (status != EAGER_OK) return status;
  if (device != NULL) status = eager_op_set_device(op, device);
  if (status == EAGER_OK) status = eager_op_add_input(op, g->symbols[from]);
  if (status == EAGER_OK) status = eager_op_execute(op, &g->symbols[to], &count);
  eager_op_release(op);
  g->varies[to] = g->varies[from];
  g->has_step[index] = true;
  return status;
}

/* --- The graph --- */

bool rp_recorded_begin(rp_recorded *g, const rp_program *program, char *problem) {
  memset(g, 0, sizeof *g);
  g->open = rp_choose_open(program);
  if (eager_graph_new(&g->graph) == EAGER_OK &&
      eager_session_new(g->graph, NULL, &g->session) == EAGER_OK)
    return true;
  snprintf(problem, RP_PROBLEM, "a graph: %s", eager_error_message());
  return false;
}

bool rp_recorded_step(rp_recorded *g, const rp_program *program, int index,
                      const rp_twin *twin, char *problem) {
  const rp_step *step = &program->steps[index];
  eager_status status = EAGER_OK;
  bool good = true;
  if (twin->fates[index] == RP_LEFT_OUT) return true;
  if (eager_graph_begin(g->graph) != EAGER_OK)
    return wrong(program, index, problem, "eager_graph_begin", EAGER_UNKNOWN, "EAGER_OK");
  if (step->code == RP_OP) good = record_op(g, program, index, twin, problem);
  if (twin->fates[index] == RP_DONE && step->code == RP_MAKE)
    status = record_make(g, program, step, twin);
  if (twin->fates[index] == RP_DONE && step->code == RP_COPY)
    status = record_copy(g, program, index, twin);
  if (good && status != EAGER_OK)
    good = wrong(program, index, problem, "recorded", status, "EAGER_OK");
  if (eager_graph_end() != EAGER_OK && good)
    return wrong(program, index, problem, "eager_graph_end", EAGER_UNKNOWN, "EAGER_OK");
  return good;
}

void rp_recorded_end(rp_recorded *g) {
  for (int i = 0; i < RP_REGISTERS; i++) eager_tensor_release(g->symbols[i]);
  eager_session_release(g->session);
  eager_graph_release(g->graph);
  memset(g, 0, sizeof *g);
}
