#include "random/graph_run.h"

#include "random/execute.h"

enum { RUN_VIEW = 30 }; /* a decision */

void rp_run_wrong(rp_runner *r, int reg, const char *format, ...) {
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
static bool feeds_failures(const rp_runner *r, const rp_twin *twin) {
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

static void check_bytes(rp_runner *r, rp_twin *twin, int reg, const unsigned char *got) {
  const rp_value *value = twin->state.handles[reg].value;
  const unsigned char *eager = rp_twin_read(twin, reg);
  rp_counted.values++;
  rp_counted.elements += (long)value->count;
  if (eager == NULL) {
    rp_run_wrong(r, reg, "eagerly it failed: %s", eager_error_message());
    return;
  }
  int64_t at = rp_difference(value, got);
  if (at < 0) at = first_difference(value, eager, got);
  if (at < 0) return;
  size_t offset = (size_t)at * value->size;
  rp_run_wrong(r, reg, "element %lld of %lld (%s %s) is %s, eagerly %s%s%s", (long long)at,
               (long long)value->count, eager_dtype_name(value->dtype),
               rp_shape_text(value->shape), rp_element_text(value->dtype, got + offset),
               rp_element_text(value->dtype, eager + offset),
               value->rough ? "" : " and not ",
               value->rough ? "" : rp_element_text(value->dtype, value->bytes + offset));
}

static void check_handle(rp_runner *r, const rp_twin *twin, int reg,
                         const eager_tensor *t) {
  const rp_handle *h = &twin->state.handles[reg];
  const char *device = r->world->devices[h->device].full_name;
  bool alike = eager_tensor_rank(t) == h->value->shape.rank;
  for (int d = 0; d < h->value->shape.rank && alike; d++)
    alike = eager_tensor_dim(t, d) == h->value->shape.dims[d];
  if (eager_tensor_is_symbolic(t)) rp_run_wrong(r, reg, "it is symbolic");
  if (eager_tensor_dtype(t) != h->value->dtype)
    rp_run_wrong(r, reg, "it is a %s tensor", eager_dtype_name(eager_tensor_dtype(t)));
  if (!alike)
    rp_run_wrong(r, reg, "rank %d, %lld elements, and not shape %s", eager_tensor_rank(t),
                 (long long)eager_tensor_num_elements(t), rp_shape_text(h->value->shape));
  if (strcmp(eager_tensor_device(t), device) != 0)
    rp_run_wrong(r, reg, "it is on %s and not on %s", eager_tensor_device(t), device);
}

static void check_output(rp_runner *r, rp_twin *twin, int reg, eager_tensor *t) {
  const rp_handle *h = &twin->state.handles[reg];
  if (t == NULL) {
    rp_run_wrong(r, reg, "it is NULL");
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
    rp_run_wrong(r, reg, "it %s: %s", status == EAGER_OK ? "has not failed" : "failed",
                 status == EAGER_OK ? failure_of(twin, reg, 0)->text
                                    : eager_error_message());
  free(bytes);
  if (status == EAGER_OK || h->failure_count == 0) return;
  bool told = status == EAGER_INVALID_ARGUMENT;
  for (int k = 0; k < h->failure_count; k++)
    if (told && tells_failure(failure_of(twin, reg, k), eager_error_message())) return;
  rp_run_wrong(r, reg, "it says \"%s\" and not \"%s\"", eager_error_message(),
               failure_of(twin, reg, 0)->text);
}

/* --- A run --- */

/* Whether what the twin has can be fed to the register's placeholder: what ran alone may
 * have another rank. */
static bool fits_placeholder(const rp_runner *r, const rp_twin *twin, int reg) {
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

void rp_run_find_what_fits(rp_runner *r, const rp_twin *twin) {
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

/* The rows of x behind one of zeros: the same values, further back in a buffer. */
static eager_status make_view(eager_tensor *x, eager_tensor **out) {
  int rank = eager_tensor_rank(x);
  int64_t dims[EAGER__MAX_RANK], begin[EAGER__MAX_RANK] = {1};
  eager_tensor *zeros = NULL, *both = NULL;
  for (int d = 0; d < rank; d++) dims[d] = eager_tensor_dim(x, d);
  int64_t rows = dims[0];
  dims[0] = 1;
  eager_status status = eager_tensor_zeros(eager_tensor_dtype(x), rank, dims, &zeros);
  if (status == EAGER_OK) status = eager_concat((eager_tensor *[]){zeros, x}, 2, 0, &both);
  dims[0] = rows;
  if (status == EAGER_OK) status = eager_slice(both, begin, dims, out);
  eager_tensor_release(zeros);
  eager_tensor_release(both);
  return status;
}

/* What a register is fed with, one reference: a quarter are views, known to nobody else. */
static eager_tensor *value_to_feed(rp_runner *r, const rp_twin *twin, int reg) {
  const rp_handle *h = &twin->state.handles[reg];
  eager_tensor *x = twin->registers[reg], *view = NULL;
  bool whole = h->value->shape.rank == 0 || h->failure_count > 0 ||
               rp_decide(r->program, RUN_VIEW, reg) % 4 != 0;
  if (!whole && eager_push_device(r->world->devices[h->device].short_name) == EAGER_OK) {
    if (make_view(x, &view) != EAGER_OK)
      rp_run_wrong(r, reg, "as a view: %s", eager_error_message());
    if (eager_pop_device() != EAGER_OK) rp_run_wrong(r, reg, "its scope is gone");
  }
  if (view != NULL) return view;
  eager_tensor_retain(x);
  return x;
}

static eager_status run_session(rp_runner *r, const rp_twin *twin, const rp_request *q,
                                eager_tensor **outputs) {
  eager_tensor *feeds[RP_REGISTERS], *values[RP_REGISTERS], *fetches[RP_FETCHES];
  size_t count = 0;
  for (int i = 0; i < q->fetch_count; i++) outputs[i] = NULL;
  if (eager_set_thread_execution_mode(r->mode) != EAGER_OK) return EAGER_UNKNOWN;
  for (int reg = 0; reg < RP_REGISTERS; reg++) {
    if (!(r->graph.is_fed[reg] || reg == q->also_fed) || !r->fits[reg]) continue;
    feeds[count] = r->graph.symbols[reg];
    values[count++] = value_to_feed(r, twin, reg);
  }
  for (int i = 0; i < q->fetch_count; i++) fetches[i] = r->graph.symbols[q->fetches[i]];
  eager_status status = eager_session_run(r->graph.session, feeds, values, count, fetches,
                                          (size_t)q->fetch_count, outputs);
  for (size_t i = 0; i < count; i++) eager_tensor_release(values[i]);
  for (int i = 0; i < q->fetch_count && status != EAGER_OK; i++)
    if (outputs[i] != NULL)
      rp_run_wrong(r, q->fetches[i], "the run failed, and it is there");
  return status;
}

/* In SYNC a run fails when an op fails that it needs. */
static bool needs_failures(const rp_runner *r, const rp_twin *twin, const rp_request *q) {
  for (int i = 0; i < q->fetch_count && r->mode == EAGER_SYNC; i++)
    if (twin->state.handles[q->fetches[i]].failure_count > 0) return true;
  return false;
}

static void check_refusal(rp_runner *r, const rp_twin *twin, const rp_request *q,
                          eager_status status) {
  const char *got = eager_error_message();
  bool by_feed = feeds_failures(r, twin);
  for (int i = 0; i < q->fetch_count && status == EAGER_INVALID_ARGUMENT; i++)
    for (int k = 0; k < twin->state.handles[q->fetches[i]].failure_count; k++) {
      const rp_failure *failure = failure_of(twin, q->fetches[i], k);
      if (tells_node(failure, got) || (by_feed && tells_failure(failure, got))) return;
    }
  rp_run_wrong(r, -1, "the run says %s, \"%s\"", eager_status_name(status), got);
}

void rp_run_check(rp_runner *r, rp_twin *twin, const rp_request *q) {
  eager_tensor *outputs[RP_FETCHES];
  bool may = needs_failures(r, twin, q), must = may && !feeds_failures(r, twin);
  if (r->failed || q->fetch_count == 0) return;
  eager_status status = run_session(r, twin, q, outputs);
  if (status == EAGER_OK && must) rp_run_wrong(r, -1, "the run does not fail");
  if (status != EAGER_OK && !may)
    rp_run_wrong(r, -1, "the run fails: %s, \"%s\"", eager_status_name(status),
                 eager_error_message());
  else if (status != EAGER_OK)
    check_refusal(r, twin, q, status);
  for (int i = 0; i < q->fetch_count && status == EAGER_OK; i++) {
    if (!r->failed) check_output(r, twin, q->fetches[i], outputs[i]);
    eager_tensor_release(outputs[i]);
  }
}

void rp_run_check_refused(rp_runner *r, const rp_twin *twin) {
  eager_tensor *output;
  r->mode = EAGER_ASYNC; /* in SYNC an op before might fail first */
  for (int i = 0; i < r->program->step_count && !r->failed; i++) {
    const rp_step *step = &r->program->steps[i];
    const rp_expect *expect = &twin->refusals[i];
    if (twin->fates[i] != RP_REFUSED_AT_CALL || !r->graph.has_step[i] ||
        !r->fits[step->outputs[0]])
      continue;
    rp_request q = {.fetches = {step->outputs[0]}, .fetch_count = 1, .also_fed = -1};
    eager_status status = run_session(r, twin, &q, &output);
    const char *got = eager_error_message();
    size_t size = strlen(expect->texts[0]);
    if (status != expect->status || strncmp(got, expect->texts[0], size) != 0 ||
        strncmp(got + size, " (node ", 7) != 0)
      rp_run_wrong(r, step->outputs[0], "step %d says %s, \"%s\" and not \"%s\"", i,
                   eager_status_name(status), status != EAGER_OK ? got : "",
                   expect->texts[0]);
    eager_tensor_release(output);
    rp_counted.refused++;
  }
}
