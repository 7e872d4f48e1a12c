/* Runs a program's ops as a graph: several runs of one session, with the program's own
 * values, others, and other extents where placeholders leave them open; of everything that
 * is read, of parts, and with tensors fed that ops compute. Every answer is held against
 * the interpreter and, bit for bit, against the same ops run eagerly.
 *
 * What is said of the thread's settings, tidy scopes and waiting is the eager executor's;
 * so are references and copy statistics. */
#include "random/execute.h"
#include "random/recorded.h"

typedef struct runner {
  const rp_program *program;
  const rp_world *world;
  rp_recorded graph;
  bool fits[RP_REGISTERS]; /* by what the twin of the run has: it can be had in the graph */
  eager_execution_mode mode; /* of the run */
  const char *run;           /* which */
  char *problem;
  bool failed;
} runner;

enum { RUN_MODE = 20, RUN_PART, RUN_ORDER, RUN_FEED, OTHER_EXTENT }; /* decisions */

static void wrong(runner *r, int reg, const char *format, ...) EAGER__PRINTF(3, 4);
static void wrong(runner *r, int reg, const char *format, ...) {
  if (r->failed) return;
  r->failed = true;
  int used = snprintf(r->problem, RP_PROBLEM, "as a graph, %s, %s: ", r->run,
                      r->mode == EAGER_SYNC ? "SYNC" : "ASYNC");
  if (reg >= 0)
    used += snprintf(r->problem + used, RP_PROBLEM - (size_t)used, "r%d: ", reg);
  va_list all;
  va_start(all, format);
  vsnprintf(r->problem + used, RP_PROBLEM - (size_t)used, format, all);
  va_end(all);
}

/* --- Failures --- */

static const rp_failure *failure_of(const rp_twin *twin, int reg, int k) {
  const rp_handle *h = &twin->state.handles[reg];
  return &twin->state.failures[h->failures[k]];
}

/* "... [failed op: GatherV2 #? on CPU:0]", and what may stand behind. */
static bool tells_failure(const rp_failure *failure, const char *got) {
  char begin[RP_TEXT];
  if (rp_text_matches(failure->text, got)) return true;
  for (size_t i = 0; got[i] != '\0'; i++) {
    if (got[i] != ']' || i + 1 >= sizeof begin) continue;
    memcpy(begin, got, i + 1);
    begin[i + 1] = '\0';
    if (rp_text_matches(failure->text, begin)) return got[i + 1] == ' ';
  }
  return false;
}

/* "... [Op:GatherV2] (node GatherV2_7)" */
static bool tells_node(const rp_failure *failure, const char *got) {
  const char *origin = strstr(failure->text, " [failed op: ");
  if (origin == NULL) return false;
  size_t size = (size_t)(origin - failure->text);
  int name = (int)strcspn(origin + 13, " ");
  char behind[128];
  snprintf(behind, sizeof behind, " [Op:%.*s] (node ", name, origin + 13);
  return strncmp(got, failure->text, size) == 0 &&
         strncmp(got + size, behind, strlen(behind)) == 0;
}

/* Whether something that failed is fed: then not every failure is that of a node. */
static bool feeds_failures(const runner *r, const rp_twin *twin) {
  for (int reg = 0; reg < RP_REGISTERS; reg++)
    if (r->graph.is_fed[reg] && twin->state.handles[reg].failure_count > 0) return true;
  return false;
}

/* --- What a run gives --- */

static bool is_nan(eager_dtype dtype, const unsigned char *element) {
  uint64_t bits = 0;
  memcpy(&bits, element, eager_dtype_size(dtype));
  switch (dtype) {
  case EAGER_FLOAT64:
    return (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
  case EAGER_FLOAT32:
    return (bits & INT32_MAX) > 0x7f800000;
  case EAGER_FLOAT16:
    return (bits & INT16_MAX) > 0x7c00;
  case EAGER_BFLOAT16:
    return (bits & INT16_MAX) > 0x7f80;
  default:
    return false;
  }
}

/* The first element whose bits differ, or -1; one NaN is another. */
static int64_t first_difference(const rp_value *of, const unsigned char *a,
                                const unsigned char *b) {
  for (int64_t i = 0; i < of->count; i++) {
    size_t at = (size_t)i * of->size;
    if (memcmp(a + at, b + at, of->size) != 0 &&
        !(is_nan(of->dtype, a + at) && is_nan(of->dtype, b + at)))
      return i;
  }
  return -1;
}

static void check_bytes(runner *r, rp_twin *twin, int reg, const unsigned char *got) {
  const rp_value *value = twin->state.handles[reg].value;
  const unsigned char *eager = rp_twin_read(twin, reg);
  rp_counted.values++;
  rp_counted.elements += (long)value->count;
  if (eager == NULL) {
    wrong(r, reg, "eagerly it failed: %s", eager_error_message());
    return;
  }
  int64_t at = rp_difference(value, got);
  if (at < 0) at = first_difference(value, eager, got);
  if (at < 0) return;
  size_t offset = (size_t)at * value->size;
  wrong(r, reg, "element %lld of %lld (%s %s) is %s, eagerly %s%s%s", (long long)at,
        (long long)value->count, eager_dtype_name(value->dtype),
        rp_shape_text(value->shape), rp_element_text(value->dtype, got + offset),
        rp_element_text(value->dtype, eager + offset), value->rough ? "" : " and not ",
        value->rough ? "" : rp_element_text(value->dtype, value->bytes + offset));
}

static void check_handle(runner *r, const rp_twin *twin, int reg, const eager_tensor *t) {
  const rp_handle *h = &twin->state.handles[reg];
  const char *device = r->world->devices[h->device].full_name;
  bool alike = eager_tensor_rank(t) == h->value->shape.rank;
  for (int d = 0; d < h->value->shape.rank && alike; d++)
    alike = eager_tensor_dim(t, d) == h->value->shape.dims[d];
  if (eager_tensor_is_symbolic(t)) wrong(r, reg, "it is symbolic");
  if (eager_tensor_dtype(t) != h->value->dtype)
    wrong(r, reg, "it is a %s tensor", eager_dtype_name(eager_tensor_dtype(t)));
  if (!alike)
    wrong(r, reg, "rank %d, %lld elements, and not shape %s", eager_tensor_rank(t),
          (long long)eager_tensor_num_elements(t), rp_shape_text(h->value->shape));
  if (strcmp(eager_tensor_device(t), device) != 0)
    wrong(r, reg, "it is on %s and not on %s", eager_tensor_device(t), device);
}

static void check_output(runner *r, rp_twin *twin, int reg, eager_tensor *t) {
  const rp_handle *h = &twin->state.handles[reg];
  if (t == NULL) {
    wrong(r, reg, "it is NULL");
    return;
  }
  check_handle(r, twin, reg, t);
  if (r->failed) return;
  size_t size = (size_t)h->value->count * h->value->size;
  unsigned char *bytes = malloc(size + 1);
  if (bytes == NULL) abort();
  eager_status status = eager_tensor_to_host(t, bytes, size);
  if (status == EAGER_OK && h->failure_count == 0)
    check_bytes(r, twin, reg, bytes);
  else if (status == EAGER_OK || h->failure_count == 0)
    wrong(r, reg, "it %s: %s", status == EAGER_OK ? "has not failed" : "failed",
          status == EAGER_OK ? failure_of(twin, reg, 0)->text : eager_error_message());
  free(bytes);
  if (status == EAGER_OK || h->failure_count == 0) return;
  bool told = status == EAGER_INVALID_ARGUMENT;
  for (int k = 0; k < h->failure_count; k++)
    if (told && tells_failure(failure_of(twin, reg, k), eager_error_message())) return;
  wrong(r, reg, "it says \"%s\" and not \"%s\"", eager_error_message(),
        failure_of(twin, reg, 0)->text);
}

/* --- A run --- */

/* Whether what the twin has can be fed to the register's placeholder: what ran alone may
 * have another rank. */
static bool fits_placeholder(const runner *r, const rp_twin *twin, int reg) {
  const eager_tensor *placeholder = r->graph.symbols[reg];
  if (!twin->state.handles[reg].is_made) return false;
  const test_shape *shape = &twin->state.handles[reg].value->shape;
  bool fits = eager_tensor_rank(placeholder) == shape->rank;
  for (int d = 0; d < shape->rank && fits; d++) {
    int64_t extent = eager_tensor_dim(placeholder, d);
    fits = extent == -1 || extent == shape->dims[d];
  }
  return fits;
}

static void find_what_fits(runner *r, const rp_twin *twin) {
  for (int i = 0; i < r->program->step_count; i++) {
    const rp_step *step = &r->program->steps[i];
    for (int k = 0; k < step->output_count; k++) {
      int reg = step->outputs[k];
      if (r->graph.is_fed[reg])
        r->fits[reg] = fits_placeholder(r, twin, reg);
      else
        r->fits[reg] = true;
      for (int j = 0; j < step->input_count && !r->graph.is_fed[reg]; j++)
        r->fits[reg] = r->fits[reg] && r->fits[step->inputs[j]];
    }
  }
}

typedef struct request {
  int fetches[RP_REGISTERS], fetch_count;
  int also_fed; /* a register that an op of the graph computes, or -1 */
} request;

static eager_status run_session(runner *r, const rp_twin *twin, const request *q,
                                eager_tensor **outputs) {
  eager_tensor *feeds[RP_REGISTERS], *values[RP_REGISTERS], *fetches[RP_REGISTERS];
  size_t count = 0;
  for (int reg = 0; reg < RP_REGISTERS; reg++) {
    if (!(r->graph.is_fed[reg] || reg == q->also_fed) || !r->fits[reg]) continue;
    feeds[count] = r->graph.symbols[reg];
    values[count++] = twin->registers[reg];
  }
  for (int i = 0; i < q->fetch_count; i++) fetches[i] = r->graph.symbols[q->fetches[i]];
  for (int i = 0; i < q->fetch_count; i++) outputs[i] = NULL;
  if (eager_set_thread_execution_mode(r->mode) != EAGER_OK) return EAGER_UNKNOWN;
  eager_status status = eager_session_run(r->graph.session, feeds, values, count, fetches,
                                          (size_t)q->fetch_count, outputs);
  for (int i = 0; i < q->fetch_count && status != EAGER_OK; i++)
    if (outputs[i] != NULL) wrong(r, q->fetches[i], "the run failed, and it is there");
  return status;
}

/* In SYNC a run fails when an op fails that it needs. */
static bool needs_failures(const runner *r, const rp_twin *twin, const request *q) {
  for (int i = 0; i < q->fetch_count && r->mode == EAGER_SYNC; i++)
    if (twin->state.handles[q->fetches[i]].failure_count > 0) return true;
  return false;
}

static void check_refusal(runner *r, const rp_twin *twin, const request *q,
                          eager_status status) {
  const char *got = eager_error_message();
  bool by_feed = feeds_failures(r, twin);
  for (int i = 0; i < q->fetch_count && status == EAGER_INVALID_ARGUMENT; i++)
    for (int k = 0; k < twin->state.handles[q->fetches[i]].failure_count; k++) {
      const rp_failure *failure = failure_of(twin, q->fetches[i], k);
      if (tells_node(failure, got) || (by_feed && tells_failure(failure, got))) return;
    }
  wrong(r, -1, "the run says %s, \"%s\"", eager_status_name(status), got);
}

static void check_run(runner *r, rp_twin *twin, const request *q) {
  eager_tensor *outputs[RP_REGISTERS];
  bool may = needs_failures(r, twin, q), must = may && !feeds_failures(r, twin);
  if (r->failed || q->fetch_count == 0) return;
  eager_status status = run_session(r, twin, q, outputs);
  if (status == EAGER_OK && must) wrong(r, -1, "the run does not fail");
  if (status != EAGER_OK && !may)
    wrong(r, -1, "the run fails: %s, \"%s\"", eager_status_name(status),
          eager_error_message());
  else if (status != EAGER_OK)
    check_refusal(r, twin, q, status);
  for (int i = 0; i < q->fetch_count && status == EAGER_OK; i++) {
    if (!r->failed) check_output(r, twin, q->fetches[i], outputs[i]);
    eager_tensor_release(outputs[i]);
  }
}

/* --- What runs ask for --- */

static bool can_fetch(const runner *r, const rp_twin *twin, int reg) {
  return r->graph.symbols[reg] != NULL && r->fits[reg] && twin->state.handles[reg].is_made;
}

/* What the program reads; it reads what lives at its end. */
static void fetch_what_is_read(const runner *r, const rp_twin *twin, request *q) {
  q->fetch_count = 0;
  q->also_fed = -1;
  for (int i = 0; i < r->program->step_count; i++) {
    const rp_step *step = &r->program->steps[i];
    if (step->code != RP_READ || !can_fetch(r, twin, step->inputs[0])) continue;
    if (q->fetch_count < RP_REGISTERS) q->fetches[q->fetch_count++] = step->inputs[0];
  }
}

/* About one in `each`; of those that did not fail only, if `good`. */
static void fetch_some(const runner *r, const rp_twin *twin, int run, uint32_t each,
                       bool good, request *q) {
  q->fetch_count = 0;
  q->also_fed = -1;
  for (int reg = RP_REGISTERS - 1; reg >= 0; reg--)
    if (can_fetch(r, twin, reg) &&
        rp_decide(r->program, RUN_PART, 1000 * run + reg) % each == 0 &&
        (!good || twin->state.handles[reg].failure_count == 0))
      q->fetches[q->fetch_count++] = reg;
}

/* A register that an op computes, that did not fail, and that others are computed from. */
static int choose_fed(const runner *r, const rp_twin *twin) {
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

/* --- Twins --- */

/* Runs the program's steps eagerly, recording them too if that was not done. Register
 * `replaced` becomes what `other` has there once its step has run. */
static rp_twin *run_twin(runner *r, const rp_program *program, bool records, int replaced,
                         const rp_twin *other) {
  eager_device_policy policy = rp_policy_of(r->program);
  rp_twin *twin = malloc(sizeof *twin);
  if (twin == NULL) abort();
  rp_twin_begin(twin, r->world, policy);
  bool good = eager_set_thread_execution_mode(EAGER_ASYNC) == EAGER_OK &&
              eager_set_thread_device_policy(policy) == EAGER_OK;
  if (!good) wrong(r, -1, "settings: %s", eager_error_message());
  for (int i = 0; i < program->step_count && good; i++) {
    good = rp_twin_step(twin, program, i, r->problem) &&
           (!records || rp_recorded_step(&r->graph, program, i, twin, r->problem));
    r->failed = r->failed || !good;
    const rp_step *step = &program->steps[i];
    for (int k = 0; k < step->output_count && good && twin->fates[i] == RP_DONE; k++)
      if (step->outputs[k] == replaced) rp_twin_replace(twin, replaced, other);
  }
  rp_twin_close_scopes(twin);
  find_what_fits(r, twin);
  return twin;
}

static void drop_twin(rp_twin *twin) {
  rp_twin_end(twin);
  free(twin);
}

/* The program with other values where it is fed. */
static rp_program *with_other_values(const runner *r) {
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
static rp_program *with_other_extents(const runner *r) {
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

static eager_execution_mode mode_of(const runner *r, int run) {
  return rp_decide(r->program, RUN_MODE, run) % 2 ? EAGER_SYNC : EAGER_ASYNC;
}

/* Ops that eagerly are refused, and were recorded: their run is. */
static void check_refused(runner *r, const rp_twin *twin) {
  eager_tensor *output;
  r->mode = EAGER_ASYNC; /* in SYNC an op before might fail first */
  for (int i = 0; i < r->program->step_count && !r->failed; i++) {
    const rp_step *step = &r->program->steps[i];
    const rp_expect *expect = &twin->refusals[i];
    if (twin->fates[i] != RP_REFUSED_AT_CALL || !r->graph.has_step[i] ||
        !r->fits[step->outputs[0]])
      continue;
    request q = {.fetches = {step->outputs[0]}, .fetch_count = 1, .also_fed = -1};
    eager_status status = run_session(r, twin, &q, &output);
    const char *got = eager_error_message();
    size_t size = strlen(expect->texts[0]);
    if (status != expect->status || strncmp(got, expect->texts[0], size) != 0 ||
        strncmp(got + size, " (node ", 7) != 0)
      wrong(r, step->outputs[0], "step %d says %s, \"%s\" and not \"%s\"", i,
            eager_status_name(status), status != EAGER_OK ? got : "", expect->texts[0]);
    eager_tensor_release(output);
    rp_counted.refused++;
  }
}

static void run_own_values(runner *r, rp_twin *twin) {
  request q;
  r->run = "its own values";
  r->mode = mode_of(r, 0);
  fetch_what_is_read(r, twin, &q);
  check_run(r, twin, &q);
  r->mode = r->mode == EAGER_SYNC ? EAGER_ASYNC : EAGER_SYNC;
  r->run = "a part of it";
  fetch_some(r, twin, 1, 4, false, &q);
  check_run(r, twin, &q);
  if (r->world->is_slow) return;
  r->run = "what does not fail";
  fetch_some(r, twin, 2, 2, true, &q);
  check_run(r, twin, &q);
  r->run = "what is refused";
  check_refused(r, twin);
}

static void run_other(runner *r, const rp_program *other, const char *name, int run) {
  request q;
  rp_twin *twin = run_twin(r, other, false, -1, NULL);
  r->run = name;
  r->mode = mode_of(r, run);
  fetch_what_is_read(r, twin, &q);
  check_run(r, twin, &q);
  r->mode = r->mode == EAGER_SYNC ? EAGER_ASYNC : EAGER_SYNC;
  fetch_some(r, twin, run, rp_decide(r->program, RUN_PART, run) % 4 + 1, true, &q);
  check_run(r, twin, &q);
  if (!r->failed) check_refused(r, twin);
  drop_twin(twin);
}

/* A tensor that an op computes is fed with what it would be for other values. */
static void run_with_one_fed(runner *r, const rp_program *values, const rp_twin *own) {
  request q;
  int fed = choose_fed(r, own);
  if (fed < 0 || r->failed) return;
  rp_twin *other = run_twin(r, values, false, -1, NULL);
  rp_twin *twin = run_twin(r, r->program, false, fed, other);
  r->run = "with one fed that is computed";
  r->mode = mode_of(r, 7);
  fetch_some(r, twin, 7, rp_decide(r->program, RUN_PART, 7) % 6 + 1, false, &q);
  q.also_fed = fed;
  check_run(r, twin, &q);
  drop_twin(twin);
  drop_twin(other);
}

static void check_memory(runner *r) {
  eager_memory_info info;
  r->run = "the end";
  (void)!eager_synchronize(NULL);
  for (int d = 0; d < r->world->device_count && !r->world->is_shared; d++) {
    const char *name = r->world->devices[d].short_name;
    if (eager_get_memory_info(name, &info) != EAGER_OK)
      wrong(r, -1, "no memory info: %s", eager_error_message());
    else if (info.current != 0)
      wrong(r, -1, "%llu bytes are still held on %s", (unsigned long long)info.current,
            name);
  }
}

static void run_all(runner *r) {
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
  find_what_fits(r, own);
  if (!r->failed && !r->world->is_slow) run_own_values(r, own);
  drop_twin(own);
}

rp_verdict rp_execute_as_graph(const rp_program *program, const rp_world *world,
                               char *problem) {
  if (!rp_has_answers(program, world)) return RP_NO_PROGRAM;
  runner r = {.program = program, .world = world, .problem = problem, .run = "recording"};
  r.failed = !rp_recorded_begin(&r.graph, program, problem);
  if (!r.failed) run_all(&r);
  rp_counted.steps += program->step_count;
  rp_counted.ops += r.graph.ops;
  rp_counted.alone += r.graph.alone;
  rp_recorded_end(&r.graph);
  if (eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) != EAGER_OK ||
      eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO) != EAGER_OK)
    wrong(&r, -1, "settings: %s", eager_error_message());
  check_memory(&r);
  return r.failed ? RP_WRONG : RP_RIGHT;
}
