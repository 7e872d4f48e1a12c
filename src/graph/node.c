#include <string.h>

#include "base/alloc.h"
#include "graph/graph.h"

eager__node *eager__node_new(eager__node_kind kind, int input_count, int output_count) {
  eager__node *node = eager__alloc(sizeof *node);
  if (!node) return NULL;
  node->kind = kind;
  node->input_count = input_count;
  node->output_count = output_count;
  node->inputs = eager__alloc((size_t)input_count * sizeof *node->inputs + 1);
  node->outputs = eager__alloc((size_t)output_count * sizeof *node->outputs + 1);
  if (node->inputs && node->outputs) return node;
  eager__node_free(node);
  return NULL;
}

void eager__attrs_free(eager__attr *attrs) {
  for (int i = 0; i < EAGER__MAX_ATTRS; i++) {
    eager__free((void *)attrs[i].text);
    eager__free((void *)attrs[i].ints);
    eager__free((void *)attrs[i].floats);
  }
}

void eager__node_free(eager__node *node) {
  if (!node) return;
  eager__attrs_free(node->attrs);
  if (node->user) node->op->user->drop(node->user);
  eager_tensor_release(node->value);
  eager__free(node->data);
  eager__free(node->device);
  eager__free(node->inputs);
  eager__free(node->outputs);
  eager__free(node->name);
  eager__free(node);
}

const char *eager__node_kind_name(const eager__node *node) {
  static const char *const kinds[] = {
      [EAGER__NODE_PLACEHOLDER] = "Placeholder", [EAGER__NODE_CONSTANT] = "Const"};
  return node->kind == EAGER__NODE_OP ? node->op->name : kinds[node->kind];
}

static bool copy_bytes(const void *from, size_t size, const void **out) {
  void *copy = eager__alloc(size + 1);
  *out = copy;
  if (copy && size) memcpy(copy, from, size);
  return copy != NULL;
}

/* Lists given as NULL with no elements stay so. */
static eager_status copy_attr(const eager__attr *from, eager__attr *to) {
  bool good = true;
  *to = *from;
  to->text = NULL;
  to->ints = NULL;
  to->floats = NULL;
  if (from->text) good = (to->text = eager__strdup(from->text)) != NULL;
  if (from->ints)
    good = good && copy_bytes(from->ints, from->count * sizeof *from->ints,
                              (const void **)&to->ints);
  if (from->floats)
    good = good && copy_bytes(from->floats, from->count * sizeof *from->floats,
                              (const void **)&to->floats);
  return good ? EAGER_OK : eager__out_of_memory(from->count * sizeof *from->ints);
}

eager_status eager__attrs_copy(const eager__call *call, eager__attr *out) {
  for (int i = 0; i < EAGER__MAX_ATTRS && call->op->attrs[i].name; i++)
    if (call->attrs[i].given) EAGER__TRY(copy_attr(&call->attrs[i], &out[i]));
  return EAGER_OK;
}

eager_status eager__node_take_call(eager__node *node, const eager__call *call,
                                   const char *device) {
  node->op = call->op;
  node->called = call->name;
  if (device && !(node->device = eager__strdup(device)))
    return eager__out_of_memory(strlen(device) + 1);
  if (call->op->user) EAGER__TRY(call->op->user->keep(call->user, &node->user));
  EAGER__TRY(eager__attrs_copy(call, node->attrs));
  for (int i = 0; i < call->output_count; i++)
    node->outputs[i] = (eager__port){call->outputs[i].dtype, call->outputs[i].shape};
  return EAGER_OK;
}
