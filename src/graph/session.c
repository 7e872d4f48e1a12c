/* Sessions: what the fetches need, in the order it was recorded in, by the ops' own path.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "graph/graph.h"
#include "runtime/run.h"
#include "runtime/scope.h"
#include "runtime/values.h"

struct eager_session {
  eager_graph *graph;
  eager__mutex lock;
  eager_tensor **constants; /* values of nodes that hold bytes, made at their first use */
  size_t constant_capacity;
};

/* One run. A value is what an output of a node is in it; those of node i begin at
 * first[i]. */
typedef struct plan {
  eager_session *session;
  eager__node **nodes;
  int node_count;
  int *first;
  bool *needed;          /* by node */
  bool *fed;             /* by value */
  int *uses;             /* by value: readers still to come */
  eager_tensor **values; /* one reference each; NULL: not there, or used up */
  int value_count;
} plan;

static int value_of(const plan *p, eager__edge edge) {
  return p->first[edge.node] + edge.output;
}

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

/* How many nodes there are up to the last that is named. */
static eager_status count_nodes(const eager_graph *g, eager_tensor *const *tensors,
                                const char *what, size_t count, int *in_out) {
  for (size_t i = 0; i < count; i++) {
    eager__edge edge;
    EAGER__TRY(find(g, tensors[i], what, i, &edge));
    if (edge.node >= *in_out) *in_out = edge.node + 1;
  }
  return EAGER_OK;
}

static eager_status check_feed(const plan *p, eager__edge edge, size_t i,
                               eager_tensor *value) {
  const eager__node *node = p->nodes[edge.node];
  const eager__port *port = &node->outputs[edge.output];
  char given[EAGER__SHAPE_TEXT], wanted[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(value, EAGER_INVALID_ARGUMENT, "feed_values[%zu], of %s:%d, is NULL", i,
                 node->name, edge.output);
  if (!eager__tensor_is_live(value)) return eager__handle_refuse(value, "feed_values");
  if (value->symbol) return eager__tensor_refuse_symbolic(value, "feed_values:");
  EAGER__REQUIRE(value->dtype == port->dtype, EAGER_INVALID_ARGUMENT,
                 "feed_values[%zu] is a %s tensor, but %s:%d is a %s tensor", i,
                 eager_dtype_name(value->dtype), node->name, edge.output,
                 eager_dtype_name(port->dtype));
  EAGER__REQUIRE(eager__shape_agrees(&value->shape, &port->shape), EAGER_INVALID_ARGUMENT,
                 "feed_values[%zu] has shape %s, but %s:%d has shape %s", i,
                 eager__shape_text(&value->shape, given), node->name, edge.output,
                 eager__shape_text(&port->shape, wanted));
  EAGER__REQUIRE(!p->fed[value_of(p, edge)], EAGER_INVALID_ARGUMENT,
                 "feeds[%zu]: %s:%d is fed twice", i, node->name, edge.output);
  return EAGER_OK;
}

static eager_status take_feeds(plan *p, eager_tensor *const *feeds,
                               eager_tensor *const *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    eager__edge edge;
    (void)eager__graph_find(p->session->graph, feeds[i], &edge);
    EAGER__TRY(check_feed(p, edge, i, values[i]));
    int value = value_of(p, edge);
    p->fed[value] = true;
    p->values[value] = values[i];
    eager_tensor_retain(values[i]);
  }
  return EAGER_OK;
}

static void need(plan *p, eager__edge edge) {
  int value = value_of(p, edge);
  p->uses[value]++;
  if (!p->fed[value]) p->needed[edge.node] = true;
}

/* Backwards: a node stands behind what it takes. */
static eager_status prune(plan *p, eager_tensor *const *fetches, size_t count) {
  for (size_t i = 0; i < count; i++) {
    eager__edge edge;
    (void)eager__graph_find(p->session->graph, fetches[i], &edge);
    need(p, edge);
  }
  for (int i = p->node_count - 1; i >= 0; i--) {
    const eager__node *node = p->nodes[i];
    if (!p->needed[i]) continue;
    EAGER__REQUIRE(node->kind != EAGER__NODE_PLACEHOLDER, EAGER_INVALID_ARGUMENT,
                   "placeholder %s is needed but not fed", node->name);
    for (int k = 0; k < node->input_count; k++) need(p, node->inputs[k]);
  }
  return EAGER_OK;
}

/* --- Room --- */

static void free_plan(plan *p) {
  for (int i = 0; p->values && i < p->value_count; i++) eager_tensor_release(p->values[i]);
  eager__free(p->nodes);
  eager__free(p->first);
  eager__free(p->needed);
  eager__free(p->fed);
  eager__free(p->uses);
  eager__free(p->values);
}

static eager_status make_plan(plan *p) {
  size_t nodes = (size_t)p->node_count;
  p->nodes = eager__alloc(nodes * sizeof *p->nodes + 1);
  p->first = eager__alloc(nodes * sizeof *p->first + 1);
  p->needed = eager__alloc(nodes * sizeof *p->needed + 1);
  if (!p->nodes || !p->first || !p->needed)
    return eager__out_of_memory(nodes * sizeof *p->nodes);
  eager__graph_look(p->session->graph, nodes, p->nodes);
  for (size_t i = 0; i < nodes; i++) {
    p->first[i] = p->value_count;
    p->value_count += p->nodes[i]->output_count;
  }
  size_t values = (size_t)p->value_count;
  p->fed = eager__alloc(values * sizeof *p->fed + 1);
  p->uses = eager__alloc(values * sizeof *p->uses + 1);
  p->values = eager__alloc(values * sizeof *p->values + 1);
  return p->fed && p->uses && p->values ? EAGER_OK
                                        : eager__out_of_memory(values * sizeof *p->values);
}

/* --- Running --- */

/* Made by whoever needs it first; two may make it at once. */
static eager_status find_constant(plan *p, int number, eager_tensor **out) {
  eager_session *s = p->session;
  eager__mutex_lock(&s->lock);
  size_t old = s->constant_capacity, count = (size_t)number + 1;
  eager_status status =
      eager__reserve(&s->constants, &s->constant_capacity, count, sizeof *s->constants);
  for (size_t i = old; i < s->constant_capacity; i++) s->constants[i] = NULL;
  *out = status == EAGER_OK ? s->constants[number] : NULL;
  eager_tensor_retain(*out);
  eager__mutex_unlock(&s->lock);
  if (*out || status != EAGER_OK) return status;
  const eager__node *node = p->nodes[number];
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

static eager_status call_op(plan *p, const eager__node *node, eager_tensor **outputs) {
  eager_tensor *few[EAGER__INLINE_INPUTS], **inputs = few;
  size_t size = (size_t)node->input_count * sizeof *inputs;
  if (node->input_count > EAGER__INLINE_INPUTS && !(inputs = eager__alloc(size)))
    return eager__out_of_memory(size);
  for (int i = 0; i < node->input_count; i++)
    inputs[i] = p->values[value_of(p, node->inputs[i])];
  eager__call call;
  eager_status status = eager__call_begin(&call, node->op, inputs, node->input_count);
  if (status == EAGER_OK) {
    call.name = node->called;
    call.user = node->user;
    for (int i = 0; i < EAGER__MAX_ATTRS && node->op->attrs[i].name; i++)
      if (node->attrs[i].given) eager__call_set_attr(&call, i, &node->attrs[i]);
    status = eager__call_run(&call, node->device, outputs, node->output_count);
  }
  if (inputs != few) eager__free(inputs);
  if (status != EAGER_OK) eager__fail_append(" (node %s)", node->name);
  return status;
}

/* A reader less; the last one's value goes. */
static void use(plan *p, int value) {
  if (--p->uses[value] > 0) return;
  eager_tensor_release(p->values[value]);
  p->values[value] = NULL;
}

static eager_status run_op(plan *p, int number) {
  const eager__node *node = p->nodes[number];
  eager_tensor *few[EAGER__INLINE_OUTPUTS] = {NULL}, **outputs = few;
  size_t size = (size_t)node->output_count * sizeof *outputs;
  if (node->output_count > EAGER__INLINE_OUTPUTS && !(outputs = eager__alloc(size)))
    return eager__out_of_memory(size);
  eager_status status = call_op(p, node, outputs);
  for (int i = 0; i < node->output_count && status == EAGER_OK; i++) {
    int value = p->first[number] + i;
    if (p->uses[value] > 0 && !p->fed[value])
      p->values[value] = outputs[i];
    else
      eager_tensor_release(outputs[i]);
  }
  if (outputs != few) eager__free(outputs);
  for (int i = 0; i < node->input_count && status == EAGER_OK; i++)
    use(p, value_of(p, node->inputs[i]));
  return status;
}

static eager_status run_node(plan *p, int number) {
  const eager__node *node = p->nodes[number];
  eager_tensor **value = &p->values[p->first[number]];
  if (node->kind == EAGER__NODE_OP) return run_op(p, number);
  if (node->data) {
    eager_status status = find_constant(p, number, value);
    if (status != EAGER_OK) eager__fail_append(" (node %s)", node->name);
    return status;
  }
  *value = node->value;
  eager_tensor_retain(*value);
  return EAGER_OK;
}

static eager_status run_nodes(plan *p) {
  eager_status status = EAGER_OK;
  eager__scope_begin_session();
  for (int i = 0; i < p->node_count && status == EAGER_OK; i++)
    if (p->needed[i]) status = run_node(p, i);
  eager__scope_end_session();
  return status;
}

static void give_outputs(plan *p, eager_tensor *const *fetches, size_t count,
                         eager_tensor **outputs) {
  for (size_t i = 0; i < count; i++) {
    eager__edge edge;
    (void)eager__graph_find(p->session->graph, fetches[i], &edge);
    outputs[i] = p->values[value_of(p, edge)];
    eager_tensor_retain(outputs[i]);
  }
  for (size_t i = 0; i < count; i++) eager__scope_give(outputs[i]);
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
  for (size_t i = 0; i < s->constant_capacity; i++) eager_tensor_release(s->constants[i]);
  eager__free(s->constants);
  eager__graph_drop(s->graph);
  eager__mutex_destroy(&s->lock);
  eager__handle_free(s, 0, "a session", 0);
}

static eager_status run(plan *p, eager_tensor *const *feeds,
                        eager_tensor *const *feed_values, size_t feed_count,
                        eager_tensor *const *fetches, size_t fetch_count) {
  const eager_graph *g = p->session->graph;
  EAGER__TRY(count_nodes(g, feeds, "feeds", feed_count, &p->node_count));
  EAGER__TRY(count_nodes(g, fetches, "fetches", fetch_count, &p->node_count));
  EAGER__TRY(make_plan(p));
  EAGER__TRY(take_feeds(p, feeds, feed_values, feed_count));
  EAGER__TRY(prune(p, fetches, fetch_count));
  return run_nodes(p);
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
  plan p = {.session = s};
  eager_status status = run(&p, feeds, feed_values, feed_count, fetches, fetch_count);
  if (status == EAGER_OK) give_outputs(&p, fetches, fetch_count, outputs);
  free_plan(&p);
  return status;
}
