#include "built.h"

bool built_make(built *g, built_body body, void *state, eager_tensor *values) {
  int64_t dims[8];
  *g = (built){.body = body, .state = state, .values = values};
  if (!values) return false;
  for (int i = 0; i < eager_tensor_rank(values); i++) dims[i] = eager_tensor_dim(values, i);
  if (eager_graph_new(&g->graph) != EAGER_OK || eager_graph_begin(g->graph) != EAGER_OK)
    return false;
  eager_status status = eager_placeholder(eager_tensor_dtype(values),
                                          eager_tensor_rank(values), dims, "x", &g->x);
  if (status == EAGER_OK) status = body(state, g->x, &g->y);
  return eager_graph_end() == EAGER_OK && status == EAGER_OK &&
         eager_session_new(g->graph, NULL, &g->session) == EAGER_OK;
}

void built_drop(built *g) {
  eager_session_release(g->session);
  eager_tensor_release(g->x);
  eager_tensor_release(g->y);
  eager_tensor_release(g->values);
  eager_graph_release(g->graph);
}

static eager_tensor *run_session(const built *g) {
  eager_tensor *out = NULL;
  if (eager_session_run(g->session, &g->x, &g->values, 1, &g->y, 1, &out) != EAGER_OK)
    return NULL;
  return out;
}

static eager_tensor *run_eagerly(const built *g) {
  eager_tensor *out = NULL;
  return g->body(g->state, g->values, &out) == EAGER_OK ? out : NULL;
}

bool built_run_session(void *state) {
  return bench_made(run_session(state));
}

bool built_run_eagerly(void *state) {
  return bench_made(run_eagerly(state));
}

eager_status built_replace(eager_status status, eager_tensor **last, eager_tensor *next) {
  eager_tensor_release(*last);
  *last = next;
  return status;
}

bool built_check(bench *b, const char *name, const built *g, const void *expected) {
  eager_tensor *ours = run_session(g), *eager = ours ? run_eagerly(g) : NULL;
  void *bytes = NULL;
  bool same = eager || bench_fail(b, name, NULL);
  if (same && !expected) {
    size_t size = eager_tensor_byte_size(eager);
    expected = bytes = bench_alloc(size);
    same = bytes && eager_tensor_to_host(eager, bytes, size) == EAGER_OK;
    if (!same) bench_fail(b, name, NULL);
  }
  same = same && bench_same_bytes(b, name, ours, expected) &&
         bench_same_bytes(b, name, eager, expected);
  eager_tensor_release(ours);
  eager_tensor_release(eager);
  bench_free(bytes);
  return same;
}
