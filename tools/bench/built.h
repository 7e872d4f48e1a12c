/* One computation as a graph and as eager ops: what the rows of graphs are made of. */
#pragma once

#include "bench.h"

/* Computes *out from x by ops, recorded or run, releasing every tensor between at once. */
typedef eager_status (*built_body)(void *state, eager_tensor *x, eager_tensor **out);

typedef struct built {
  built_body body;
  void *state;
  eager_graph *graph;
  eager_session *session;
  eager_tensor *x, *y;  /* symbolic */
  eager_tensor *values; /* what x is fed with */
} built;

/* Takes over the reference to `values`; false for NULL, too. To be dropped in any case. */
bool built_make(built *g, built_body body, void *state, eager_tensor *values);
void built_drop(built *g);

/* Once, as a bench_side's body; `state` is a built. */
bool built_run_session(void *state);
bool built_run_eagerly(void *state);

/* Whether both ways give the bytes at `expected`, or, where that is NULL, the same bytes.
 */
bool built_check(bench *b, const char *name, const built *g, const void *expected);

/* Op by op, each result in place of the last; gives back `status`. */
eager_status built_replace(eager_status status, eager_tensor **last, eager_tensor *next);

/* Figures that have no two sides, in graph_figures.c: how long a plan takes, and how much
 * memory a run needs. */
void bench_graph_figures(bench *b);
