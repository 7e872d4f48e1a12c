/* From nodes to a program: the needed nodes are recorded again, now that the feeds' shapes
 * are known, so every extent is, and ops made of others come apart. */
#include <string.h>

#include "base/alloc.h"
#include "graph/plan.h"
#include "runtime/capability.h"
#include "runtime/run.h"
#include "runtime/values.h"

/* --- The recorder: calls become items --- */

typedef struct symbol {
  eager__symbol base;
  const eager__program *program;
  int value;
} symbol;

static void drop_symbol(eager__symbol *base) {
  eager__free(base);
}

static eager_status make_symbolic(const eager__program *p, int value, eager_tensor **out) {
  const eager__value *v = &p->values[value];
  symbol *s = eager__alloc(sizeof *s);
  if (!s) return eager__out_of_memory(sizeof *s);
  *s = (symbol){{p->node->name, v->output, drop_symbol}, p, value};
  eager__origin origin = {p->node->called ? p->node->called : "Feed", 0, v->output};
  eager_status status = eager__tensor_symbolic(v->dtype, &v->shape, &s->base, origin, out);
  if (status != EAGER_OK) eager__free(s);
  return status;
}

/* The value of a concrete tensor; made at its first use. */
static eager_status add_constant(eager__program *p, eager_tensor *t, int *out) {
  for (size_t i = p->value_count; i-- > 0;)
    if (p->values[i].constant == t) {
      *out = (int)i;
      return EAGER_OK;
    }
  *out = eager__program_add_value(p, t->dtype, &t->shape);
  if (*out < 0) return EAGER_RESOURCE_EXHAUSTED;
  eager_tensor_retain(t);
  p->values[*out].constant = t;
  p->values[*out].device = t->buffer->device;
  return EAGER_OK;
}

static eager_status value_of(eager__program *p, eager_tensor *t, int *out) {
  if (!t->symbol) return add_constant(p, t, out);
  *out = ((const symbol *)t->symbol)->value;
  return EAGER_OK;
}

static eager_status add_output(eager__program *p, int number, const eager__call *call,
                               int output) {
  const eager__result *result = &call->outputs[output];
  int made = eager__program_add_value(p, result->dtype, &result->shape);
  if (made < 0) return EAGER_RESOURCE_EXHAUSTED;
  eager__item *item = &p->items[number];
  eager__value *v = &p->values[made];
  item->outputs[output] = made;
  v->item = number;
  v->output = output;
  v->name = p->node->name;
  v->device = item->device;
  if (!result->view_of) return EAGER_OK;
  int whole = item->inputs[result->view_of - 1];
  if (p->values[whole].device == item->device) {
    v->base = whole;
    v->offset = result->view_offset * (int64_t)eager_dtype_size(result->dtype);
  } else { /* of a copy, which the policy allows or not */
    item->is_apart = true;
  }
  return EAGER_OK;
}

static eager_status place(const eager__call *call, const char *name, eager__device **out) {
  eager__runtime *runtime = eager__runtime_get();
  *out = runtime->default_device;
  if (name) EAGER__TRY(eager__runtime_place(runtime, name, call->name, out));
  EAGER__TRY(eager__place_capable(runtime, call, out));
  return eager__runtime_open_device(runtime, *out);
}

static eager_status add_item(eager__program *p, const eager__call *call, const char *device,
                             int *out) {
  int number = eager__program_add_item(p, call->op, call->input_count, call->output_count);
  if (number < 0) return EAGER_RESOURCE_EXHAUSTED;
  eager__item *item = &p->items[number];
  item->called = call->name;
  item->dtype = call->dtype;
  item->user = call->user;
  item->node = p->node;
  item->is_apart = !call->op->launch || call->op->compose;
  EAGER__TRY(place(call, device, &item->device));
  EAGER__TRY(eager__attrs_copy(call, item->attrs));
  for (int i = 0; i < call->input_count; i++)
    EAGER__TRY(value_of(p, call->inputs[i].tensor, &item->inputs[i]));
  for (int i = 0; i < call->output_count; i++) EAGER__TRY(add_output(p, number, call, i));
  *out = number;
  return EAGER_OK;
}

/* An item that failed half-way stays, and the program is of no use then. */
static eager_status add_op(eager__recorder *recorder, const eager__call *call,
                           const char *device, eager_tensor **outputs) {
  eager__program *p = (eager__program *)recorder;
  int number;
  EAGER__TRY(add_item(p, call, device, &number));
  for (int i = 0; i < call->output_count; i++) {
    eager_status status = make_symbolic(p, p->items[number].outputs[i], &outputs[i]);
    if (status == EAGER_OK) continue;
    while (i-- > 0) {
      eager_tensor_release(outputs[i]);
      outputs[i] = NULL;
    }
    return status;
  }
  return EAGER_OK;
}

static eager_status add_value(eager__recorder *recorder, eager_dtype dtype,
                              const eager__shape *shape, const void *data,
                              eager_tensor **out) {
  (void)recorder;
  return eager__value_on(NULL, dtype, shape, data, out);
}

static void end(eager__recorder *recorder) {
  (void)recorder;
}

void eager__program_init(eager__program *p) {
  *p = (eager__program){.recorder = {add_op, add_value, end}};
}

/* --- The nodes --- */

typedef struct resolving {
  eager__program *program;
  eager__node *const *nodes;
  int node_count;
  const eager__request *request;
  const eager__constants *constants;
  int *first;             /* of the values of each node */
  eager_tensor **tensors; /* by value: symbolic or constant, one reference each */
  bool *needed;           /* by node */
} resolving;

static int number_of(const resolving *r, eager__edge edge) {
  return r->first[edge.node] + edge.output;
}

static eager_status add_feed(resolving *r, size_t i) {
  eager__program *p = r->program;
  const eager_tensor *fed = r->request->feed_values[i];
  int value = eager__program_add_value(p, fed->dtype, &fed->shape);
  if (value < 0) return EAGER_RESOURCE_EXHAUSTED;
  p->values[value].feed = (int)i;
  p->values[value].device = fed->buffer->device;
  p->feeds[i] = value;
  p->node = r->nodes[r->request->feeds[i].node];
  p->values[value].name = p->node->name;
  p->values[value].output = r->request->feeds[i].output;
  return make_symbolic(p, value, &r->tensors[number_of(r, r->request->feeds[i])]);
}

static void need(resolving *r, eager__edge edge) {
  if (!r->tensors[number_of(r, edge)]) r->needed[edge.node] = true;
}

/* Backwards: a node stands behind what it takes. */
static eager_status prune(resolving *r) {
  for (size_t i = 0; i < r->request->fetch_count; i++) need(r, r->request->fetches[i]);
  for (int i = r->node_count - 1; i >= 0; i--) {
    const eager__node *node = r->nodes[i];
    if (!r->needed[i]) continue;
    EAGER__REQUIRE(node->kind != EAGER__NODE_PLACEHOLDER, EAGER_INVALID_ARGUMENT,
                   "placeholder %s is needed but not fed", node->name);
    for (int k = 0; k < node->input_count; k++) need(r, node->inputs[k]);
  }
  return EAGER_OK;
}

static eager_status resolve_op(resolving *r, const eager__node *node,
                               eager_tensor **outputs) {
  size_t size = (size_t)node->input_count * sizeof(eager_tensor *);
  eager_tensor **inputs = eager__alloc(size + 1);
  if (!inputs) return eager__out_of_memory(size);
  for (int i = 0; i < node->input_count; i++)
    inputs[i] = r->tensors[number_of(r, node->inputs[i])];
  eager__call call;
  eager_status status = eager__call_begin(&call, node->op, inputs, node->input_count);
  if (status == EAGER_OK) {
    call.name = node->called;
    call.user = node->user;
    for (int i = 0; i < EAGER__MAX_ATTRS && node->op->attrs[i].name; i++)
      if (node->attrs[i].given) eager__call_set_attr(&call, i, &node->attrs[i]);
    status = eager__call_run(&call, node->device, outputs, node->output_count);
  }
  eager__free(inputs);
  if (status != EAGER_OK) eager__fail_append(" (node %s)", node->name);
  return status;
}

/* Outputs that are fed are nobody's. */
static eager_status resolve_outputs(resolving *r, int number) {
  const eager__node *node = r->nodes[number];
  size_t size = (size_t)node->output_count * sizeof(eager_tensor *);
  eager_tensor **outputs = eager__alloc(size + 1);
  if (!outputs) return eager__out_of_memory(size);
  eager_status status = resolve_op(r, node, outputs);
  for (int i = 0; i < node->output_count && status == EAGER_OK; i++) {
    eager_tensor **place = &r->tensors[r->first[number] + i];
    if (*place)
      eager_tensor_release(outputs[i]);
    else
      *place = outputs[i];
  }
  eager__free(outputs);
  return status;
}

static eager_status resolve_constant(resolving *r, int number) {
  const eager__node *node = r->nodes[number];
  eager_tensor **place = &r->tensors[r->first[number]];
  int value;
  if (node->data) {
    eager_status status = r->constants->find(r->constants->session, node, number, place);
    if (status != EAGER_OK) eager__fail_append(" (node %s)", node->name);
    EAGER__TRY(status);
  } else {
    eager_tensor_retain(*place = node->value);
  }
  EAGER__TRY(add_constant(r->program, *place, &value));
  r->program->values[value].bytes = node->data;
  r->program->values[value].name = node->name;
  return EAGER_OK;
}

static eager_status resolve_nodes(resolving *r) {
  for (size_t i = 0; i < r->request->feed_count; i++) EAGER__TRY(add_feed(r, i));
  EAGER__TRY(prune(r));
  for (int i = 0; i < r->node_count; i++) {
    if (!r->needed[i]) continue;
    r->program->node = r->nodes[i];
    if (r->nodes[i]->kind == EAGER__NODE_OP)
      EAGER__TRY(resolve_outputs(r, i));
    else
      EAGER__TRY(resolve_constant(r, i));
  }
  for (size_t i = 0; i < r->request->fetch_count; i++)
    EAGER__TRY(value_of(r->program, r->tensors[number_of(r, r->request->fetches[i])],
                        &r->program->fetches[i]));
  return EAGER_OK;
}

static eager_status make_room(resolving *r, size_t *out_values) {
  eager__program *p = r->program;
  size_t nodes = (size_t)r->node_count, values = 0;
  r->first = eager__alloc(nodes * sizeof *r->first + 1);
  r->needed = eager__alloc(nodes * sizeof *r->needed + 1);
  if (!r->first || !r->needed) return eager__out_of_memory(nodes * sizeof *r->first);
  for (size_t i = 0; i < nodes; i++) {
    r->first[i] = (int)values;
    values += (size_t)r->nodes[i]->output_count;
  }
  p->feed_count = r->request->feed_count;
  p->fetch_count = r->request->fetch_count;
  p->feeds = eager__alloc(p->feed_count * sizeof *p->feeds + 1);
  p->fetches = eager__alloc(p->fetch_count * sizeof *p->fetches + 1);
  r->tensors = eager__alloc(values * sizeof *r->tensors + 1);
  *out_values = values;
  if (p->feeds && p->fetches && r->tensors) return EAGER_OK;
  return eager__out_of_memory(values * sizeof *r->tensors);
}

eager_status eager__program_resolve(eager__program *p, eager__node *const *nodes, int count,
                                    const eager__request *request,
                                    const eager__constants *constants) {
  resolving r = {.program = p,
                 .nodes = nodes,
                 .node_count = count,
                 .request = request,
                 .constants = constants};
  size_t values = 0;
  eager_status status = make_room(&r, &values);
  if (status == EAGER_OK) status = eager__scope_push_recorder(&p->recorder);
  if (status == EAGER_OK) {
    status = resolve_nodes(&r);
    (void)eager__scope_pop_recorder();
  }
  for (size_t i = 0; r.tensors && i < values; i++) eager_tensor_release(r.tensors[i]);
  eager__free(r.first);
  eager__free(r.needed);
  eager__free(r.tensors);
  return status;
}
