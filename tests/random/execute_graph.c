/* Runs a program's ops as a graph: several runs of one session, with the program's own
 * values, others, and other extents where placeholders leave them open; of everything that
 * is read, of parts, and with tensors fed that ops compute. Every answer is held against
 * the interpreter and, bit for bit, against the same ops run eagerly.
 *
 * What is said of the thread's settings, tidy scopes and waiting is the eager executor's;
 * so are references and copy statistics. */
#include "random/graph_run.h"

enum {
  RUN_MODE = 20,
  RUN_PART,
  RUN_TWICE,
  RUN_FEED,
  OTHER_EXTENT,
  HALF,
  AGAIN
}; /* decisions */

/* --- What runs ask for --- */

static bool can_fetch(const rp_runner *r, const rp_twin *twin, int reg) {
  return r->graph.symbols[reg] != NULL && r->fits[reg] && twin->state.handles[reg].is_made;
}

/* What the program reads; it reads what lives at its end. */
static void fetch_what_is_read(const rp_runner *r, const rp_twin *twin, rp_request *q) {
  q->fetch_count = 0;
  q->also_fed = -1;
  for (int i = 0; i < r->program->step_count; i++) {
    const rp_step *step = &r->program->steps[i];
    if (step->code != RP_READ || !can_fetch(r, twin, step->inputs[0])) continue;
    if (q->fetch_count < RP_REGISTERS) q->fetches[q->fetch_count++] = step->inputs[0];
  }
}

/* About one in `each`, some of them twice; of those that did not fail only, if `good`. */
static void fetch_some(const rp_runner *r, const rp_twin *twin, int run, uint32_t each,
                       bool good, rp_request *q) {
  q->fetch_count = 0;
  q->also_fed = -1;
  for (int reg = RP_REGISTERS - 1; reg >= 0; reg--)
    if (can_fetch(r, twin, reg) &&
        rp_decide(r->program, RUN_PART, 1000 * run + reg) % each == 0 &&
        (!good || twin->state.handles[reg].failure_count == 0))
      for (int k = 0; k < 1 + (rp_decide(r->program, RUN_TWICE, reg) % 8 == 0); k++)
        q->fetches[q->fetch_count++] = reg;
}

/* A register that an op computes, that did not fail, and that others are computed from. */
static int choose_fed(const rp_runner *r, const rp_twin *twin) {
  int chosen = -1;
  uint32_t found = 0;
  for (int i = 0; i < r->program->step_count; i++) {
    const rp_step *step = &r->program->steps[i];
    for (int k = 0; k < step->input_count && r->graph.has_step[i]; k++) {
      int reg = step->inputs[k];
      if (can_fetch(r, twin, reg) && !r->graph.is_fed[reg] &&
          twin->state.handles[reg].failure_count == 0 &&
          rp_decide(r->program, RUN_FEED, 0) % ++found == 0)
        chosen = reg;
    }
  }
  return chosen;
}

static eager_execution_mode mode_of(const rp_runner *r, int run) {
  return rp_decide(r->program, RUN_MODE, run) % 2 ? EAGER_SYNC : EAGER_ASYNC;
}

/* --- Twins --- */

/* Some of what is recorded so far: graphs grow behind their sessions. */
static void run_half(rp_runner *r, rp_twin *twin) {
  rp_request q;
  if (rp_decide(r->program, HALF, 0) % 3 != 0) return;
  r->run = "half of it";
  r->mode = mode_of(r, 9);
  rp_run_find_what_fits(r, twin);
  fetch_some(r, twin, 9, 2, true, &q);
  rp_run_check(r, twin, &q);
  r->run = "recording";
}

/* Runs the program's steps eagerly, recording them too if that was not done. Register
 * `replaced` becomes what `other` has there once its step has run. */
static rp_twin *run_twin(rp_runner *r, const rp_program *program, bool records,
                         int replaced, const rp_twin *other) {
  eager_device_policy policy = rp_policy_of(r->program);
  rp_twin *twin = malloc(sizeof *twin);
  if (twin == NULL) abort();
  rp_twin_begin(twin, r->world, policy);
  bool good = eager_set_thread_device_policy(policy) == EAGER_OK;
  if (!good) rp_run_wrong(r, -1, "settings: %s", eager_error_message());
  for (int i = 0; i < program->step_count && good; i++) {
    if (records && i == program->step_count / 2) run_half(r, twin);
    good = !r->failed && eager_set_thread_execution_mode(EAGER_ASYNC) == EAGER_OK;
    if (!good) break;
    good = rp_twin_step(twin, program, i, r->problem) &&
           (!records || rp_recorded_step(&r->graph, program, i, twin, r->problem));
    r->failed = r->failed || !good;
    const rp_step *step = &program->steps[i];
    for (int k = 0; k < step->output_count && good && twin->fates[i] == RP_DONE; k++)
      if (step->outputs[k] == replaced) rp_twin_replace(twin, replaced, other);
  }
  rp_twin_close_scopes(twin);
  rp_run_find_what_fits(r, twin);
  return twin;
}

static void drop_twin(rp_twin *twin) {
  rp_twin_end(twin);
  free(twin);
}

/* The program with other values where it is fed. */
static rp_program *with_other_values(const rp_runner *r) {
  rp_program *other = malloc(sizeof *other);
  if (other == NULL) abort();
  *other = *r->program;
  for (int i = 0; i < other->step_count; i++) {
    rp_step *step = &other->steps[i];
    if (step->code == RP_MAKE && r->graph.is_fed[step->outputs[0]])
      step->fill.seed ^= 0x5a5a5;
  }
  return other;
}

/* And with another extent in place of the open one. */
static rp_program *with_other_extents(const rp_runner *r) {
  static const int64_t extents[] = {1, 2, 3, 9, 17, 40, 0};
  int64_t from = r->graph.open;
  int64_t to = extents[rp_decide(r->program, OTHER_EXTENT, 0) % 7];
  rp_program *other = with_other_values(r);
  for (int i = 0; i < other->step_count; i++) {
    rp_step *step = &other->steps[i];
    for (int d = 0; step->code == RP_MAKE && d < step->shape.rank; d++)
      if (step->shape.dims[d] == from && r->graph.is_fed[step->outputs[0]])
        step->shape.dims[d] = to;
  }
  return other;
}

/* --- The runs --- */

static void run_own_values(rp_runner *r, rp_twin *twin) {
  rp_request q;
  r->run = "its own values";
  r->mode = mode_of(r, 0);
  fetch_what_is_read(r, twin, &q);
  rp_run_check(r, twin, &q);
  r->mode = r->mode == EAGER_SYNC ? EAGER_ASYNC : EAGER_SYNC;
  r->run = "a part of it";
  fetch_some(r, twin, 1, 4, false, &q);
  rp_run_check(r, twin, &q);
  if (r->world->is_slow) return;
  r->run = "what does not fail";
  fetch_some(r, twin, 2, 2, true, &q);
  rp_run_check(r, twin, &q);
  r->run = "what is refused";
  rp_run_check_refused(r, twin);
}

static void run_other(rp_runner *r, const rp_program *other, const char *name, int run) {
  rp_request q;
  rp_twin *twin = run_twin(r, other, false, -1, NULL);
  r->run = name;
  r->mode = mode_of(r, run);
  fetch_what_is_read(r, twin, &q);
  rp_run_check(r, twin, &q);
  r->mode = r->mode == EAGER_SYNC ? EAGER_ASYNC : EAGER_SYNC;
  fetch_some(r, twin, run, rp_decide(r->program, RUN_PART, run) % 4 + 1, true, &q);
  rp_run_check(r, twin, &q);
  if (!r->failed) rp_run_check_refused(r, twin);
  drop_twin(twin);
}

/* A tensor that an op computes is fed with what it would be for other values. */
static void run_with_one_fed(rp_runner *r, const rp_program *values, const rp_twin *own) {
  rp_request q;
  int fed = choose_fed(r, own);
  if (fed < 0 || r->failed) return;
  rp_twin *other = run_twin(r, values, false, -1, NULL);
  rp_twin *twin = run_twin(r, r->program, false, fed, other);
  r->run = "with one fed that is computed";
  r->mode = mode_of(r, 7);
  fetch_some(r, twin, 7, rp_decide(r->program, RUN_PART, 7) % 6 + 1, false, &q);
  q.also_fed = fed;
  rp_run_check(r, twin, &q);
  drop_twin(twin);
  drop_twin(other);
}

static void check_memory(rp_runner *r) {
  eager_memory_info info;
  r->run = "the end";
  (void)!eager_synchronize(NULL);
  for (int d = 0; d < r->world->device_count && !r->world->is_shared; d++) {
    const char *name = r->world->devices[d].short_name;
    if (eager_get_memory_info(name, &info) != EAGER_OK)
      rp_run_wrong(r, -1, "no memory info: %s", eager_error_message());
    else if (info.current != 0)
      rp_run_wrong(r, -1, "%llu bytes are still held on %s",
                   (unsigned long long)info.current, name);
  }
}

static void renew_session(rp_runner *r) {
  eager_session_release(r->graph.session);
  r->graph.session = NULL;
  if (eager_session_new(r->graph.graph, NULL, &r->graph.session) != EAGER_OK)
    rp_run_wrong(r, -1, "another session: %s", eager_error_message());
}

static void run_all(rp_runner *r) {
  rp_twin *own = run_twin(r, r->program, true, -1, NULL);
  if (!r->failed) run_own_values(r, own);
  if (!r->failed) {
    rp_program *values = with_other_values(r);
    run_other(r, values, "other values", 3);
    if (!r->world->is_slow) run_with_one_fed(r, values, own);
    free(values);
  }
  if (!r->failed && r->graph.open > 0) {
    rp_program *extents = with_other_extents(r);
    run_other(r, extents, "other extents", 5);
    free(extents);
  }
  rp_run_find_what_fits(r, own);
  if (rp_decide(r->program, AGAIN, 0) % 2 == 0) renew_session(r);
  if (!r->failed && !r->world->is_slow) run_own_values(r, own);
  drop_twin(own);
}

rp_verdict rp_execute_as_graph(const rp_program *program, const rp_world *world,
                               char *problem) {
  if (!rp_has_answers(program, world)) return RP_NO_PROGRAM;
  rp_runner r = {
      .program = program, .world = world, .problem = problem, .run = "recording"};
  r.failed = !rp_recorded_begin(&r.graph, program, problem);
  if (!r.failed) run_all(&r);
  rp_counted.steps += program->step_count;
  rp_counted.ops += r.graph.ops;
  rp_counted.alone += r.graph.alone;
  rp_recorded_end(&r.graph);
  if (eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) != EAGER_OK ||
      eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO) != EAGER_OK)
    rp_run_wrong(&r, -1, "settings: %s", eager_error_message());
  check_memory(&r);
  return r.failed ? RP_WRONG : RP_RIGHT;
}
