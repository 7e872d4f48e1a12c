/* Sessions: requests are checked, and run by a plan that is made for their kind. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "graph/plan.h"
#include "runtime/run.h"
#include "runtime/scope.h"
#include "runtime/values.h"

enum {
  PLANS_MOST = 64, /* beyond, the one that was not used for longest goes */
  FEW_EDGES = 32,  /* of a request, kept on the stack */
};

struct eager_session {
  eager_graph *graph;
  eager__mutex lock;
  eager_tensor **constants; /* values of nodes that hold bytes, made at their first use */
  size_t constant_capacity;
  eager__plan *plans[PLANS_MOST]; /* one reference each */
  int plan_count;
  uint64_t runs;
};

/* --- The request --- */

static eager_status find(const eager_graph *g, eager_tensor *t, const char *what, size_t i,
                         eager__edge *out) {
  EAGER__REQUIRE(t, EAGER_INVALID_ARGUMENT, "%s[%zu] is NULL", what, i);
  if (!eager__tensor_is_live(t)) {
    char text[64];
    snprintf(text, sizeof text, "%s[%zu]", what, i);
    return eager__handle_refuse(t, text);
  }
  if (eager__graph_find(g, t, out)) return EAGER_OK;
  EAGER__FAIL(EAGER_INVALID_ARGUMENT, "%s[%zu] is %s", what, i,
              t->symbol ? "of another graph" : "not symbolic: it has a value");
}

static eager_status find_all(const eager_graph *g, eager_tensor *const *tensors,
                             const char *what, size_t count, eager__edge *out) {
  for (size_t i = 0; i < count; i++) EAGER__TRY(find(g, tensors[i], what, i, &out[i]));
  return EAGER_OK;
}

static eager_status check_feed(const eager_tensor *feed, eager_tensor *value, size_t i) {
  const eager__symbol *symbol = feed->symbol;
  char given[EAGER__SHAPE_TEXT], wanted[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(value, EAGER_INVALID_ARGUMENT, "feed_values[%zu], of %s:%d, is NULL", i,
                 symbol->name, symbol->output);
  if (!eager__tensor_is_live(value)) return eager__handle_refuse(value, "feed_values");
  if (value->symbol) return eager__tensor_refuse_symbolic(value, "feed_values:");
  EAGER__REQUIRE(value->dtype == feed->dtype, EAGER_INVALID_ARGUMENT,
                 "feed_values[%zu] is a %s tensor, but %s:%d is a %s tensor", i,
                 eager_dtype_name(value->dtype), symbol->name, symbol->output,
                 eager_dtype_name(feed->dtype));
  EAGER__REQUIRE(eager__shape_agrees(&value->shape, &feed->shape), EAGER_INVALID_ARGUMENT,
                 "feed_values[%zu] has shape %s, but %s:%d has shape %s", i,
                 eager__shape_text(&value->shape, given), symbol->name, symbol->output,
                 eager__shape_text(&feed->shape, wanted));
  return EAGER_OK;
}

/* Only of a request that no plan is for. */
static eager_status check_twice(const eager__request *request, eager_tensor *const *feeds) {
  for (size_t i = 0; i < request->feed_count; i++)
    for (size_t k = 0; k < i; k++)
      EAGER__REQUIRE(request->feeds[i].node != request->feeds[k].node ||
                         request->feeds[i].output != request->feeds[k].output,
                     EAGER_INVALID_ARGUMENT, "feeds[%zu]: %s:%d is fed twice", i,
                     feeds[i]->symbol->name, feeds[i]->symbol->output);
  return EAGER_OK;
}

/* --- Constants --- */

/* Made by whoever needs it first; two may make it at once. */
static eager_status find_constant(void *session, const eager__node *node, int number,
                                  eager_tensor **out) {
  eager_session *s = session;
  eager__mutex_lock(&s->lock);
  size_t old = s->constant_capacity, count = (size_t)number + 1;
  eager_status status =
      eager__reserve(&s->constants, &s->constant_capacity, count, sizeof *s->constants);
  for (size_t i = old; i < s->constant_capacity; i++) s->constants[i] = NULL;
  *out = status == EAGER_OK ? s->constants[number] : NULL;
  eager_tensor_retain(*out);
  eager__mutex_unlock(&s->lock);
  if (*out || status != EAGER_OK) return status;
  const eager__port *port = &node->outputs[0];
  EAGER__TRY(eager__value_on(node->device, port->dtype, &port->shape, node->data, out));
  eager__mutex_lock(&s->lock);
  if (!s->constants[number]) {
    eager_tensor_retain(*out);
    s->constants[number] = *out;
  }
  eager__mutex_unlock(&s->lock);
  return EAGER_OK;
}

/* --- Plans --- */

/* One reference, or NULL. Lock held. */
static eager__plan *look(eager_session *s, const eager__request *request) {
  for (int i = 0; i < s->plan_count; i++) {
    if (!eager__plan_is_for(s->plans[i], request)) continue;
    s->plans[i]->used = ++s->runs;
    return eager__plan_retain(s->plans[i]);
  }
  return NULL;
}

/* Takes over `plan`. Lock held; what has to go is the caller's. */
static eager__plan *keep(eager_session *s, eager__plan *plan) {
  int place = s->plan_count;
  plan->used = ++s->runs;
  if (place < PLANS_MOST) {
    s->plans[s->plan_count++] = plan;
    return NULL;
  }
  for (int i = place = 0; i < PLANS_MOST; i++)
    if (s->plans[i]->used < s->plans[place]->used) place = i;
  eager__plan *oldest = s->plans[place];
  s->plans[place] = plan;
  return oldest;
}

/* Made without the lock: of two threads that make it at once one's is kept. */
static eager_status find_plan(eager_session *s, const eager__request *request,
                              eager_tensor *const *feeds, eager__plan **out) {
  eager__mutex_lock(&s->lock);
  *out = look(s, request);
  eager__mutex_unlock(&s->lock);
  if (*out) return EAGER_OK;
  eager__constants constants = {find_constant, s};
  eager__plan *made, *extra = NULL;
  EAGER__TRY(check_twice(request, feeds));
  EAGER__TRY(eager__plan_new(s->graph, request, &constants, &made));
  eager__mutex_lock(&s->lock);
  *out = look(s, request);
  if (*out) {
    extra = made;
  } else {
    extra = keep(s, made);
    *out = eager__plan_retain(made);
  }
  eager__mutex_unlock(&s->lock);
  eager__plan_release(extra);
  return EAGER_OK;
}

/* --- The session --- */

eager_status eager_session_new(eager_graph *g, const eager_config *config,
                               eager_session **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__REQUIRE(g, EAGER_INVALID_ARGUMENT, "eager_session_new: the graph is NULL");
  EAGER__TRY(eager__runtime_require_open());
  EAGER__TRY(eager__graph_check(g));
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_for_session(config, &runtime));
  eager_session *s = eager__alloc(sizeof *s);
  if (!s) return eager__out_of_memory(sizeof *s);
  s->graph = g;
  eager__graph_retain(g);
  eager__mutex_init(&s->lock, EAGER__RANK_GRAPH);
  eager__handle_made(s, EAGER__HANDLE_SESSION);
  *out = s;
  return EAGER_OK;
}

void eager_session_release(eager_session *s) {
  if (!s) return;
  if (!eager__handle_is_live(s, EAGER__HANDLE_SESSION)) {
    eager__handle_log(s, "eager_session_release: the session");
    return;
  }
  for (int i = 0; i < s->plan_count; i++) eager__plan_release(s->plans[i]);
  for (size_t i = 0; i < s->constant_capacity; i++) eager_tensor_release(s->constants[i]);
  eager__free(s->constants);
  eager__graph_drop(s->graph);
  eager__mutex_destroy(&s->lock);
  eager__handle_free(s, 0, "a session", 0);
}

static eager_status run_plan(eager_session *s, const eager__request *request,
                             eager_tensor *const *feeds, eager_tensor **outputs) {
  eager__plan *plan;
  size_t before = eager__scope_begin_session();
  eager_status status = find_plan(s, request, feeds, &plan);
  if (status == EAGER_OK) {
    status = eager__plan_run(plan, request, outputs);
    eager__plan_release(plan);
  }
  eager__scope_end_session(before);
  return status;
}

static eager_status run(eager_session *s, eager_tensor *const *feeds,
                        eager_tensor *const *feed_values, size_t feed_count,
                        eager_tensor *const *fetches, size_t fetch_count,
                        eager__edge *edges, eager_tensor **outputs) {
  EAGER__TRY(find_all(s->graph, feeds, "feeds", feed_count, edges));
  EAGER__TRY(find_all(s->graph, fetches, "fetches", fetch_count, edges + feed_count));
  for (size_t i = 0; i < feed_count; i++)
    EAGER__TRY(check_feed(feeds[i], feed_values[i], i));
  eager__request request = {.feed_count = feed_count,
                            .fetch_count = fetch_count,
                            .feeds = edges,
                            .fetches = edges + feed_count,
                            .feed_values = feed_values};
  return run_plan(s, &request, feeds, outputs);
}

eager_status eager_session_run(eager_session *s, eager_tensor *const *feeds,
                               eager_tensor *const *feed_values, size_t feed_count,
                               eager_tensor *const *fetches, size_t fetch_count,
                               eager_tensor **outputs) {
  for (size_t i = 0; outputs && i < fetch_count; i++) outputs[i] = NULL;
  EAGER__REQUIRE(s, EAGER_INVALID_ARGUMENT, "eager_session_run: the session is NULL");
  EAGER__REQUIRE((feeds && feed_values) || !feed_count, EAGER_INVALID_ARGUMENT,
                 "feeds or feed_values is NULL for %zu feeds", feed_count);
  EAGER__REQUIRE((fetches && outputs) || !fetch_count, EAGER_INVALID_ARGUMENT,
                 "fetches or outputs is NULL for %zu fetches", fetch_count);
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  if (!eager__handle_is_live(s, EAGER__HANDLE_SESSION))
    return eager__handle_refuse(s, "the session");
  EAGER__TRY(eager__scope_reserve((int)fetch_count));
  eager__edge few[FEW_EDGES], *edges = few;
  size_t count = feed_count + fetch_count;
  if (count > FEW_EDGES && !(edges = eager__alloc(count * sizeof *edges)))
    return eager__out_of_memory(count * sizeof *edges);
  eager_status status =
      run(s, feeds, feed_values, feed_count, fetches, fetch_count, edges, outputs);
  if (edges != few) eager__free(edges);
  for (size_t i = 0; i < fetch_count && status == EAGER_OK; i++)
    eager__scope_give(outputs[i]);
  return status;
}

/* --- For people --- */

/* Plans of now, one reference each; NULL when memory is short. */
static eager__plan **look_at_plans(eager_session *s, int *out_count) {
  eager__plan **plans = eager__alloc(PLANS_MOST * sizeof *plans);
  eager__mutex_lock(&s->lock);
  *out_count = plans ? s->plan_count : 0;
  for (int i = 0; i < *out_count; i++) plans[i] = eager__plan_retain(s->plans[i]);
  eager__mutex_unlock(&s->lock);
  return plans;
}

static eager_status dump(eager_session *s, eager_graph_format format, char **out_text) {
  eager__strbuf text = {0};
  int count;
  eager__plan **plans = look_at_plans(s, &count);
  if (!plans) return eager__out_of_memory(PLANS_MOST * sizeof *plans);
  bool is_dot = format == EAGER_GRAPH_DOT;
  if (is_dot) eager__strbuf_add(&text, "digraph {\n");
  for (int i = 0; i < count; i++) {
    if (is_dot)
      eager__plan_write_dot(plans[i], i, &text);
    else
      eager__plan_write(plans[i], &text);
    eager__plan_release(plans[i]);
  }
  if (is_dot) eager__strbuf_add(&text, "}\n");
  eager__free(plans);
  size_t size = text.size;
  *out_text = eager__strbuf_take(&text);
  return *out_text ? EAGER_OK : eager__out_of_memory(size);
}

eager_status eager_session_dump(eager_session *s, eager_graph_format format,
                                char **out_text) {
  EAGER__REQUIRE(out_text, EAGER_INVALID_ARGUMENT, "out_text is NULL");
  *out_text = NULL;
  EAGER__REQUIRE(s, EAGER_INVALID_ARGUMENT, "eager_session_dump: the session is NULL");
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  if (!eager__handle_is_live(s, EAGER__HANDLE_SESSION))
    return eager__handle_refuse(s, "the session");
  EAGER__TRY(eager__graph_check_format(format));
  return dump(s, format, out_text);
}
