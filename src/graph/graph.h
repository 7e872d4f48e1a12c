/* A graph: nodes in the order they were recorded in, so that every node stands behind what
 * it takes. Nodes are never changed; a run looks at them without a lock. */
#ifndef EAGER_GRAPH_GRAPH_H
#define EAGER_GRAPH_GRAPH_H

#include "base/sync.h"
#include "eagercl/graph.h"
#include "runtime/record.h"

typedef enum eager__node_kind {
  EAGER__NODE_PLACEHOLDER,
  EAGER__NODE_CONSTANT,
  EAGER__NODE_OP
} eager__node_kind;

/* Output `output` of node `node`. */
typedef struct eager__edge {
  int node, output;
} eager__edge;

typedef struct eager__port {
  eager_dtype dtype;
  eager__shape shape; /* -1: unknown */
} eager__port;

typedef struct eager__node {
  eager__node_kind kind;
  char *name;        /* no other node of the graph has it */
  size_t scope_size; /* so much of it is its name scope: "outer/inner/" */
  int input_count, output_count;
  eager__edge *inputs;
  eager__port *outputs;
  /* Of an op: */
  const eager__op *op;
  const char *called;                  /* its name, or that of the op it is a part of */
  char *device;                        /* a short name, or NULL: the default device */
  eager__attr attrs[EAGER__MAX_ATTRS]; /* those given, lists and texts copied */
  void *user; /* kept by op->user: what a door gave beside attributes; or NULL */
  /* Of a constant: a tensor that was captured, or bytes from the host. */
  eager_tensor *value;
  void *data;
} eager__node;

/* A name scope, and the number that another of its name gets next. */
typedef struct eager__used_name {
  char *name;
  size_t next;
} eager__used_name;

struct eager_graph {
  eager__recorder recorder; /* first: a recorder is its graph */
  atomic_int refs;
  eager__mutex lock; /* over all below */
  eager__node **nodes;
  size_t node_count, node_capacity;
  int *named; /* nodes whose names are not their op's and number's */
  size_t named_count, named_capacity;
  int *captured; /* nodes that hold a tensor */
  size_t captured_count, captured_capacity;
  eager__used_name *scopes;
  size_t scope_count, scope_capacity;
};

/* INVALID_ARGUMENT for a handle that was released, where that is known (base/handles.h). */
eager_status eager__graph_check(const eager_graph *g);
void eager__graph_retain(eager_graph *g);
void eager__graph_drop(eager_graph *g);

/* What a symbolic tensor stands for. False for a concrete one, and one of another graph. */
bool eager__graph_find(const eager_graph *g, const eager_tensor *t, eager__edge *out);

/* A symbolic tensor for a concrete one, whose value the graph then keeps. */
eager_status eager__graph_capture(eager_graph *g, eager_tensor *value, eager_tensor **out);

/* One of EAGER_GRAPH_*, or INVALID_ARGUMENT. */
eager_status eager__graph_check_format(eager_graph_format format);

/* The nodes up to `count`, into `out`. */
void eager__graph_look(eager_graph *g, size_t count, eager__node **out);
size_t eager__graph_count(eager_graph *g);

/* --- Nodes, in node.c --- */

eager__node *eager__node_new(eager__node_kind kind, int input_count, int output_count);
void eager__node_free(eager__node *node); /* NULL-safe */
/* The attributes that a call was given, with lists and texts of their own, into zeroed
 * ones. What a failure leaves eager__attrs_free takes. */
eager_status eager__attrs_copy(const eager__call *call, eager__attr *out);
void eager__attrs_free(eager__attr *attrs);
/* "MatMul", "Placeholder" or "Const". */
const char *eager__node_kind_name(const eager__node *node);
/* What a call has beside its inputs: op, attributes, outputs, device. */
eager_status eager__node_take_call(eager__node *node, const eager__call *call,
                                   const char *device);

#endif
