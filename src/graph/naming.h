/* What the nodes of a graph are called, and its name scopes. */
#ifndef EAGER_GRAPH_NAMING_H
#define EAGER_GRAPH_NAMING_H

#include "graph/graph.h"

/* Names a node that is about to become the graph's next, its lock held: in the name scope
 * this thread has open there, `wanted` if it is a user's and nothing has it, else with the
 * node's number or the next that is free. `out_odd`: it is not the one that the node's
 * number gives, so that it may be in another's way. */
eager_status eager__name_node(const eager_graph *g, eager__node *node, const char *wanted,
                              bool *out_odd);

#endif
