/* Functions: a graph and a session for each signature of the inputs. */
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "graph/graph.h"
#include "runtime/scope.h"

/* Beyond, the one that was not called for longest goes: a signature that never comes back
 * (a batch of every size) must not cost memory for good. */
enum { TRACES_MOST = 64 };

typedef struct trace {
  struct trace *next;
  atomic_int refs; /* the list's, and one for each call under way */
  eager_graph *graph;
  eager_session *session;
  char *device; /* in whose scope it was recorded, or NULL */
  size_t input_count;
  eager_tensor **inputs;  /* placeholders */
  eager_tensor **outputs; /* symbolic */
} trace;

struct eager_function {
  eager_function_body body;
  void *user;
  size_t output_count;
  eager__mutex lock;
  trace *traces; /* the one called last first; never changed but for their place */
  size_t kept_count;
  size_t trace_count; /* ever made */
};

eager_status eager_function_new(eager_function_body body, size_t output_count, void *user,
                                eager_function **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__REQUIRE(body, EAGER_INVALID_ARGUMENT, "eager_function_new: the body is NULL");
  EAGER__TRY(eager__runtime_require_open());
  eager_function *f = eager__alloc(sizeof *f);
  if (!f) return eager__out_of_memory(sizeof *f);
  f->body = body;
  f->user = user;
  f->output_count = output_count;
  eager__mutex_init(&f->lock, EAGER__RANK_GRAPH);
  eager__handle_made(f, EAGER__HANDLE_FUNCTION);
  *out = f;
  return EAGER_OK;
}

static void drop_trace(trace *t, size_t output_count) {
  if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1) return;
  for (size_t i = 0; t->inputs && i < t->input_count; i++)
    eager_tensor_release(t->inputs[i]);
  for (size_t i = 0; t->outputs && i < output_count; i++)
    eager_tensor_release(t->outputs[i]);
  eager__free(t->device);
  eager__free(t->inputs);
  eager__free(t->outputs);
  eager_session_release(t->session);
  eager_graph_release(t->graph);
  eager__free(t);
}

void eager_function_release(eager_function *f) {
  if (!f) return;
  if (!eager__handle_is_live(f, EAGER__HANDLE_FUNCTION)) {
    eager__handle_log(f, "eager_function_release: the function");
    return;
  }
  while (f->traces) {
    trace *t = f->traces;
    f->traces = t->next;
    drop_trace(t, f->output_count);
  }
  eager__mutex_destroy(&f->lock);
  eager__handle_free(f, 0, "a function", 0);
}

size_t eager_function_trace_count(const eager_function *f) {
  if (!f || !eager__handle_is_live(f, EAGER__HANDLE_FUNCTION)) return 0;
  eager_function *mine = (eager_function *)f; /* for its lock */
  eager__mutex_lock(&mine->lock);
  size_t count = mine->trace_count;
  eager__mutex_unlock(&mine->lock);
  return count;
}

/* --- The body --- */

static void drop(eager_tensor **t) {
  bool is_scopes = *t && (*t)->scoped && atomic_load(&(*t)->refs) == 1;
  if (!is_scopes) eager_tensor_release(*t); /* else it goes with its tidy scope */
}

static eager_status check_outputs(const eager_function *f, eager_tensor *const *outputs) {
  for (size_t i = 0; i < f->output_count; i++) {
    EAGER__REQUIRE(outputs[i], EAGER_INVALID_ARGUMENT,
                   "the function's body left outputs[%zu] NULL", i);
    if (!eager__tensor_is_live(outputs[i]))
      return eager__handle_refuse(outputs[i], "an output of the function's body");
  }
  return EAGER_OK;
}

/* All outputs or none, one reference each; what was open before the body is open after it.
 */
static eager_status call_body(const eager_function *f, eager_tensor *const *inputs,
                              size_t input_count, eager_tensor **outputs) {
  size_t count = f->output_count;
  for (size_t i = 0; i < count; i++) outputs[i] = NULL;
  eager__scope_floor before = eager__scope_raise_floor();
  eager_status status = f->body(inputs, input_count, outputs, count, f->user);
  const char *open = eager__scope_left_open();
  bool failed = status != EAGER_OK; /* then it has released what it made */
  if (!failed && open)
    status =
        eager__fail(EAGER_FAILED_PRECONDITION, "the function's body left %s open", open);
  if (status == EAGER_OK) status = check_outputs(f, outputs);
  for (size_t i = 0; i < count && status != EAGER_OK; i++) {
    if (!failed) drop(&outputs[i]);
    outputs[i] = NULL;
  }
  eager__scope_lower_floor(before);
  return status;
}

/* --- Tracing --- */

static eager_status make_inputs(trace *t, eager_tensor *const *inputs) {
  for (size_t i = 0; i < t->input_count; i++)
    EAGER__TRY(eager_placeholder(inputs[i]->dtype, inputs[i]->shape.rank,
                                 inputs[i]->shape.dims, "input", &t->inputs[i]));
  return EAGER_OK;
}

/* A concrete tensor that the body gives is a constant. */
static eager_status settle_outputs(trace *t, size_t count) {
  for (size_t i = 0; i < count; i++) {
    eager__edge edge;
    eager_tensor *given = t->outputs[i];
    if (eager__graph_find(t->graph, given, &edge)) continue;
    EAGER__REQUIRE(!given->symbol, EAGER_INVALID_ARGUMENT,
                   "the function's body gave %s:%d of another graph as outputs[%zu]",
                   given->symbol->name, given->symbol->output, i);
    EAGER__TRY(eager__graph_capture(t->graph, given, &t->outputs[i]));
    eager_tensor_release(given);
  }
  return EAGER_OK;
}

static eager_status record_body(const eager_function *f, trace *t,
                                eager_tensor *const *inputs) {
  eager__note_graph_use("eager_function_call");
  EAGER__TRY(eager_graph_new(&t->graph));
  EAGER__TRY(eager_graph_begin(t->graph));
  eager_status status = make_inputs(t, inputs);
  if (status == EAGER_OK) status = call_body(f, t->inputs, t->input_count, t->outputs);
  (void)eager__scope_pop_recorder(); /* the body could not */
  if (status == EAGER_OK) status = settle_outputs(t, f->output_count);
  if (status == EAGER_OK) status = eager_session_new(t->graph, NULL, &t->session);
  return status;
}

static eager_status trace_new(const eager_function *f, eager_tensor *const *inputs,
                              size_t input_count, trace **out) {
  trace *t = eager__alloc(sizeof *t);
  if (!t) return eager__out_of_memory(sizeof *t);
  const char *device = eager__scope_device_name();
  bool has_device = !device || (t->device = eager__strdup(device));
  atomic_init(&t->refs, 1);
  t->input_count = input_count;
  t->inputs = eager__alloc(input_count * sizeof *t->inputs + 1);
  t->outputs = eager__alloc(f->output_count * sizeof *t->outputs + 1);
  eager__scope_floor before = eager__scope_raise_floor(); /* it outlives tidy scopes */
  eager_status status = t->inputs && t->outputs && has_device
                            ? record_body(f, t, inputs)
                            : eager__out_of_memory(input_count * sizeof *t->inputs);
  eager__scope_lower_floor(before);
  if (status != EAGER_OK)
    drop_trace(t, f->output_count);
  else
    *out = t;
  return status;
}

/* --- Finding --- */

static bool is_for(const trace *t, eager_tensor *const *inputs, size_t input_count) {
  const char *device = eager__scope_device_name();
  if (t->input_count != input_count || !device != !t->device) return false;
  if (device && strcmp(device, t->device) != 0) return false;
  for (size_t i = 0; i < input_count; i++)
    if (t->inputs[i]->dtype != inputs[i]->dtype ||
        !eager__shape_equal(&t->inputs[i]->shape, &inputs[i]->shape))
      return false;
  return true;
}

/* Lock held. One reference, or NULL. */
static trace *find(eager_function *f, eager_tensor *const *inputs, size_t input_count) {
  trace **at = &f->traces;
  while (*at && !is_for(*at, inputs, input_count)) at = &(*at)->next;
  trace *found = *at;
  if (!found) return NULL;
  *at = found->next;
  found->next = f->traces;
  f->traces = found;
  atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
  return found;
}

/* Lock held. Of one reference the list keeps another. What has to make room, or NULL. */
static trace *keep(eager_function *f, trace *made) {
  atomic_fetch_add_explicit(&made->refs, 1, memory_order_relaxed);
  made->next = f->traces;
  f->traces = made;
  f->trace_count++;
  if (++f->kept_count <= TRACES_MOST) return NULL;
  trace **last = &f->traces;
  while ((*last)->next) last = &(*last)->next;
  trace *oldest = *last;
  *last = NULL;
  f->kept_count--;
  return oldest;
}

/* One reference. The body runs without the lock: of two threads that record at once one's
 * is kept. */
static eager_status find_or_trace(eager_function *f, eager_tensor *const *inputs,
                                  size_t input_count, trace **out) {
  eager__mutex_lock(&f->lock);
  *out = find(f, inputs, input_count);
  eager__mutex_unlock(&f->lock);
  if (*out) return EAGER_OK;
  trace *made, *oldest = NULL;
  EAGER__TRY(trace_new(f, inputs, input_count, &made));
  eager__mutex_lock(&f->lock);
  *out = find(f, inputs, input_count);
  if (!*out) {
    oldest = keep(f, made);
    *out = made;
    made = NULL;
  }
  eager__mutex_unlock(&f->lock);
  drop_trace(made, f->output_count);
  drop_trace(oldest, f->output_count);
  return EAGER_OK;
}

/* --- Calling --- */

static eager_status check_inputs(eager_tensor *const *inputs, size_t count,
                                 bool is_recording) {
  EAGER__REQUIRE(inputs || !count, EAGER_INVALID_ARGUMENT, "inputs is NULL for %zu inputs",
                 count);
  for (size_t i = 0; i < count; i++) {
    EAGER__REQUIRE(inputs[i], EAGER_INVALID_ARGUMENT, "inputs[%zu] is NULL", i);
    if (!eager__tensor_is_live(inputs[i])) return eager__handle_refuse(inputs[i], "inputs");
    if (inputs[i]->symbol && !is_recording)
      return eager__tensor_refuse_symbolic(inputs[i], "inputs:");
  }
  return EAGER_OK;
}

/* The body's ops become part of the caller's graph, its outputs the caller's tidy scope's.
 */
static eager_status call_inside(const eager_function *f, eager_tensor *const *inputs,
                                size_t input_count, eager_tensor **outputs) {
  EAGER__TRY(eager__scope_reserve((int)f->output_count));
  eager_status status = call_body(f, inputs, input_count, outputs);
  for (size_t i = 0; i < f->output_count && status == EAGER_OK; i++)
    eager__scope_give(outputs[i]);
  return status;
}

static eager_status call(eager_function *f, eager_tensor *const *inputs, size_t input_count,
                         eager_tensor **outputs) {
  bool is_recording = eager__scope_recorder() != NULL;
  EAGER__TRY(check_inputs(inputs, input_count, is_recording));
  if (is_recording) return call_inside(f, inputs, input_count, outputs);
  trace *t;
  EAGER__TRY(find_or_trace(f, inputs, input_count, &t));
  eager_status status = eager_session_run(t->session, t->inputs, inputs, input_count,
                                          t->outputs, f->output_count, outputs);
  drop_trace(t, f->output_count);
  return status;
}

eager_status eager_function_call(eager_function *f, eager_tensor *const *inputs,
                                 size_t input_count, eager_tensor **outputs) {
  EAGER__REQUIRE(f, EAGER_INVALID_ARGUMENT, "eager_function_call: the function is NULL");
  if (!eager__handle_is_live(f, EAGER__HANDLE_FUNCTION))
    return eager__handle_refuse(f, "the function");
  EAGER__REQUIRE(outputs || !f->output_count, EAGER_INVALID_ARGUMENT,
                 "outputs is NULL for %zu outputs", f->output_count);
  for (size_t i = 0; i < f->output_count; i++) outputs[i] = NULL;
  EAGER__TRY(eager__runtime_require_open());
  return call(f, inputs, input_count, outputs);
}
