#include "graph/graph.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "graph/naming.h"
#include "runtime/scope.h"

typedef struct symbol {
  eager__symbol base;
  eager_graph *graph; /* one reference */
  eager__edge edge;
} symbol;

static void drop_symbol(eager__symbol *base) {
  symbol *s = (symbol *)base;
  eager__graph_drop(s->graph);
  eager__free(s);
}

bool eager__graph_find(const eager_graph *g, const eager_tensor *t, eager__edge *out) {
  if (!t->symbol) return false;
  const symbol *s = (const symbol *)t->symbol;
  *out = s->edge;
  return s->graph == g;
}

static eager_status make_symbolic(eager_graph *g, const eager__node *node, int number,
                                  int output, eager_tensor **out) {
  symbol *s = eager__alloc(sizeof *s);
  if (!s) return eager__out_of_memory(sizeof *s);
  *s = (symbol){{node->name, output, drop_symbol}, g, {number, output}};
  const eager__port *port = &node->outputs[output];
  eager__origin origin = {eager__node_kind_name(node), (uint64_t)number + 1, output};
  eager_status status =
      eager__tensor_symbolic(port->dtype, &port->shape, &s->base, origin, out);
  if (status == EAGER_OK)
    eager__graph_retain(g);
  else
    eager__free(s);
  return status;
}

static eager_status make_outputs(eager_graph *g, const eager__node *node, int number,
                                 eager_tensor **outputs) {
  for (int i = 0; i < node->output_count; i++) {
    eager_status status = make_symbolic(g, node, number, i, &outputs[i]);
    if (status == EAGER_OK) continue;
    while (i-- > 0) {
      eager_tensor_release(outputs[i]);
      outputs[i] = NULL;
    }
    return status;
  }
  return EAGER_OK;
}

/* --- Adding nodes --- */

/* The node becomes the graph's, or is freed. */
static eager_status add_node(eager_graph *g, eager__node *node, const char *wanted,
                             eager_tensor **outputs) {
  eager__mutex_lock(&g->lock);
  bool is_odd;
  int number = (int)g->node_count;
  eager_status status = eager__name_node(g, node, wanted, &is_odd);
  if (status == EAGER_OK)
    status =
        eager__reserve(&g->nodes, &g->node_capacity, g->node_count + 1, sizeof *g->nodes);
  if (status == EAGER_OK && is_odd)
    status =
        eager__reserve(&g->named, &g->named_capacity, g->named_count + 1, sizeof *g->named);
  if (status == EAGER_OK && node->value)
    status = eager__reserve(&g->captured, &g->captured_capacity, g->captured_count + 1,
                            sizeof *g->captured);
  if (status == EAGER_OK) status = make_outputs(g, node, number, outputs);
  if (status == EAGER_OK) {
    g->nodes[g->node_count++] = node;
    if (is_odd) g->named[g->named_count++] = number;
    if (node->value) g->captured[g->captured_count++] = number;
  }
  eager__mutex_unlock(&g->lock);
  if (status != EAGER_OK) eager__node_free(node);
  return status;
}

static eager_status find_input(eager_graph *g, const eager__call *call, int input,
                               eager__edge *out) {
  eager_tensor *t = call->inputs[input].tensor;
  if (eager__graph_find(g, t, out)) return EAGER_OK;
  if (t->symbol)
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "cannot compute %s as input #%d(zero-based), %s:%d, belongs to another "
                "graph",
                call->name, input, t->symbol->name, t->symbol->output);
  eager_tensor *captured;
  EAGER__TRY(eager__graph_capture(g, t, &captured));
  (void)eager__graph_find(g, captured, out);
  eager_tensor_release(captured);
  return EAGER_OK;
}

static eager_status add_op(eager__recorder *recorder, const eager__call *call,
                           const char *device, eager_tensor **outputs) {
  eager_graph *g = (eager_graph *)recorder;
  eager__node *node =
      eager__node_new(EAGER__NODE_OP, call->input_count, call->output_count);
  if (!node) return eager__out_of_memory(sizeof *node);
  eager_status status = eager__node_take_call(node, call, device);
  for (int i = 0; i < call->input_count && status == EAGER_OK; i++)
    status = find_input(g, call, i, &node->inputs[i]);
  if (status == EAGER_OK) return add_node(g, node, call->name, outputs);
  eager__node_free(node);
  return status;
}

static eager_status add_value(eager__recorder *recorder, eager_dtype dtype,
                              const eager__shape *shape, const void *data,
                              eager_tensor **out) {
  size_t size = (size_t)eager__shape_elements(shape) * eager_dtype_size(dtype);
  eager__node *node = eager__node_new(EAGER__NODE_CONSTANT, 0, 1);
  if (!node) return eager__out_of_memory(sizeof *node);
  node->outputs[0] = (eager__port){dtype, *shape};
  const char *device = eager__scope_device_name();
  bool good = (node->data = eager__alloc(size + 1)) != NULL;
  if (device) good = good && (node->device = eager__strdup(device)) != NULL;
  if (!good) {
    eager__node_free(node);
    return eager__out_of_memory(size);
  }
  if (size) memcpy(node->data, data, size);
  return add_node((eager_graph *)recorder, node, "Const", out);
}

/* Captured before: one node for one tensor. NULL: not yet. */
static eager__node *find_captured(eager_graph *g, const eager_tensor *value,
                                  int *out_number) {
  eager__node *found = NULL;
  eager__mutex_lock(&g->lock);
  for (size_t i = 0; i < g->captured_count && !found; i++) {
    eager__node *node = g->nodes[g->captured[i]];
    if (node->value != value) continue;
    found = node;
    *out_number = g->captured[i];
  }
  eager__mutex_unlock(&g->lock);
  return found;
}

eager_status eager__graph_capture(eager_graph *g, eager_tensor *value, eager_tensor **out) {
  int number;
  eager__node *node = find_captured(g, value, &number);
  if (node) return make_symbolic(g, node, number, 0, out);
  node = eager__node_new(EAGER__NODE_CONSTANT, 0, 1);
  if (!node) return eager__out_of_memory(sizeof *node);
  node->outputs[0] = (eager__port){value->dtype, value->shape};
  node->value = value;
  eager_tensor_retain(value);
  return add_node(g, node, "Captured", out);
}

void eager__graph_look(eager_graph *g, size_t count, eager__node **out) {
  eager__mutex_lock(&g->lock);
  if (count) memcpy(out, g->nodes, count * sizeof *out);
  eager__mutex_unlock(&g->lock);
}

size_t eager__graph_count(eager_graph *g) {
  eager__mutex_lock(&g->lock);
  size_t count = g->node_count;
  eager__mutex_unlock(&g->lock);
  return count;
}

/* --- The graph --- */

void eager__graph_retain(eager_graph *g) {
  atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
}

void eager__graph_drop(eager_graph *g) {
  if (atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1) return;
  for (size_t i = 0; i < g->node_count; i++) eager__node_free(g->nodes[i]);
  eager__mutex_destroy(&g->lock);
  eager__free(g->nodes);
  eager__free(g->named);
  eager__free(g->captured);
  for (size_t i = 0; i < g->scope_count; i++) eager__free(g->scopes[i].name);
  eager__free(g->scopes);
  eager__handle_free(g, 0, "a graph", 0);
}

static void end_scope(eager__recorder *recorder) {
  eager__graph_drop((eager_graph *)recorder);
}

eager_status eager_graph_new(eager_graph **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__TRY(eager__runtime_require_open());
  eager_graph *g = eager__alloc(sizeof *g);
  if (!g) return eager__out_of_memory(sizeof *g);
  g->recorder = (eager__recorder){add_op, add_value, end_scope};
  atomic_init(&g->refs, 1);
  eager__mutex_init(&g->lock, EAGER__RANK_GRAPH);
  eager__note_graph_use("eager_graph_new");
  eager__handle_made(g, EAGER__HANDLE_GRAPH);
  *out = g;
  return EAGER_OK;
}

void eager_graph_release(eager_graph *g) {
  if (!g) return;
  if (!eager__handle_is_live(g, EAGER__HANDLE_GRAPH)) {
    eager__handle_log(g, "eager_graph_release: the graph");
    return;
  }
  eager__handle_gone(g, "a graph", 0);
  eager__graph_drop(g);
}

eager_status eager__graph_check(const eager_graph *g) {
  if (eager__handle_is_live(g, EAGER__HANDLE_GRAPH)) return EAGER_OK;
  return eager__handle_refuse(g, "the graph");
}

eager_status eager_graph_begin(eager_graph *g) {
  EAGER__REQUIRE(g, EAGER_INVALID_ARGUMENT, "eager_graph_begin: the graph is NULL");
  EAGER__TRY(eager__runtime_require_open());
  EAGER__TRY(eager__graph_check(g));
  EAGER__TRY(eager__scope_push_recorder(&g->recorder));
  eager__graph_retain(g);
  return EAGER_OK;
}

eager_status eager_graph_end(void) {
  if (eager__is_forked()) return eager__fork_refuse();
  return eager__scope_pop_recorder();
}

/* --- Placeholders --- */

static eager_status placeholder(eager_dtype dtype, int rank, const int64_t *dims,
                                const char *name, eager_tensor **out) {
  eager__recorder *recorder = eager__scope_recorder();
  EAGER__TRY(eager__shape_check_known(dtype, rank, dims));
  EAGER__REQUIRE(recorder, EAGER_FAILED_PRECONDITION,
                 "eager_placeholder: no graph scope is open in this thread: call "
                 "eager_graph_begin()");
  EAGER__TRY(eager__scope_reserve(1));
  eager__node *node = eager__node_new(EAGER__NODE_PLACEHOLDER, 0, 1);
  if (!node) return eager__out_of_memory(sizeof *node);
  node->outputs[0] = (eager__port){dtype, {.rank = rank}};
  for (int i = 0; i < rank; i++) node->outputs[0].shape.dims[i] = dims[i];
  EAGER__TRY(add_node((eager_graph *)recorder, node, name ? name : "Placeholder", out));
  eager__scope_give(*out);
  return EAGER_OK;
}

eager_status eager_placeholder(eager_dtype dtype, int rank, const int64_t *dims,
                               const char *name, eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__TRY(eager__runtime_require_open());
  return placeholder(dtype, rank, dims, name, out);
}

bool eager_tensor_is_symbolic(const eager_tensor *t) {
  return t && eager__tensor_is_live(t) && t->symbol;
}
