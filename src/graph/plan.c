#include "graph/plan.h"

#include <string.h>

#include "base/alloc.h"

static void free_segment(eager__segment *segment) {
  eager__free(segment->items);
  eager__replay_release(segment->replay);
  eager__free(segment->inputs);
  eager__free(segment->outputs);
  eager__free(segment->readers);
  eager__free(segment->makers);
  eager__free(segment->drops);
}

eager__plan *eager__plan_retain(eager__plan *plan) {
  atomic_fetch_add_explicit(&plan->refs, 1, memory_order_relaxed);
  return plan;
}

void eager__plan_release(eager__plan *plan) {
  if (!plan) return;
  if (atomic_fetch_sub_explicit(&plan->refs, 1, memory_order_acq_rel) != 1) return;
  for (int i = 0; i < plan->segment_count; i++) free_segment(&plan->segments[i]);
  eager__program_clear(&plan->program);
  eager__free(plan->segments);
  eager__free(plan->feeds);
  eager__free(plan->fetches);
  eager__free(plan->shapes);
  eager__free(plan->devices);
  eager__free(plan);
}

/* --- What it is for --- */

static eager_status keep_request(eager__plan *plan, const eager__request *request) {
  size_t feeds = request->feed_count, fetches = request->fetch_count;
  plan->feeds = eager__alloc(feeds * sizeof *plan->feeds + 1);
  plan->shapes = eager__alloc(feeds * sizeof *plan->shapes + 1);
  plan->devices = eager__alloc(feeds * sizeof *plan->devices + 1);
  plan->fetches = eager__alloc(fetches * sizeof *plan->fetches + 1);
  if (!plan->feeds || !plan->shapes || !plan->devices || !plan->fetches)
    return eager__out_of_memory(feeds * sizeof *plan->shapes);
  plan->feed_count = feeds;
  plan->fetch_count = fetches;
  for (size_t i = 0; i < feeds; i++) {
    plan->feeds[i] = request->feeds[i];
    plan->shapes[i] = request->feed_values[i]->shape;
    plan->devices[i] = request->feed_values[i]->buffer->device;
  }
  if (fetches) memcpy(plan->fetches, request->fetches, fetches * sizeof *plan->fetches);
  return EAGER_OK;
}

static bool same_edge(eager__edge a, eager__edge b) {
  return a.node == b.node && a.output == b.output;
}

bool eager__plan_is_for(const eager__plan *plan, const eager__request *request) {
  if (plan->feed_count != request->feed_count) return false;
  if (plan->fetch_count != request->fetch_count) return false;
  for (size_t i = 0; i < plan->feed_count; i++)
    if (!same_edge(plan->feeds[i], request->feeds[i]) ||
        plan->devices[i] != request->feed_values[i]->buffer->device ||
        !eager__shape_equal(&plan->shapes[i], &request->feed_values[i]->shape))
      return false;
  for (size_t i = 0; i < plan->fetch_count; i++)
    if (!same_edge(plan->fetches[i], request->fetches[i])) return false;
  return true;
}

/* --- Making it --- */

static int count_nodes(const eager__request *request) {
  int count = 0;
  for (size_t i = 0; i < request->feed_count; i++)
    if (request->feeds[i].node >= count) count = request->feeds[i].node + 1;
  for (size_t i = 0; i < request->fetch_count; i++)
    if (request->fetches[i].node >= count) count = request->fetches[i].node + 1;
  return count;
}

static eager_status resolve(eager__plan *plan, eager_graph *g,
                            const eager__request *request,
                            const eager__constants *constants) {
  size_t count = (size_t)count_nodes(request);
  eager__node **nodes = eager__alloc(count * sizeof *nodes + 1);
  if (!nodes) return eager__out_of_memory(count * sizeof *nodes);
  eager__graph_look(g, count, nodes);
  eager_status status =
      eager__program_resolve(&plan->program, nodes, (int)count, request, constants);
  eager__free(nodes);
  return status;
}

static bool reinterprets(const eager__program *p) {
  for (size_t i = 0; i < p->value_count; i++)
    if (eager_dtype_size(p->values[i].dtype) !=
        eager_dtype_size(p->values[p->values[i].base].dtype))
      return true;
  return false;
}

static eager_status make(eager__plan *plan, eager_graph *g, const eager__request *request,
                         const eager__constants *constants) {
  EAGER__TRY(keep_request(plan, request));
  EAGER__TRY(resolve(plan, g, request, constants));
  EAGER__TRY(eager__program_simplify(&plan->program));
  eager__program_settle(&plan->program);
  EAGER__TRY(eager__program_fold(&plan->program));
  EAGER__TRY(eager__program_fuse(&plan->program));
  plan->reinterprets = reinterprets(&plan->program);
  EAGER__TRY(eager__plan_schedule(plan));
  EAGER__TRY(eager__plan_prepare(plan));
  return eager__plan_bind(plan);
}

eager_status eager__plan_new(eager_graph *g, const eager__request *request,
                             const eager__constants *constants, eager__plan **out) {
  eager__plan *plan = eager__alloc(sizeof *plan);
  if (!plan) return eager__out_of_memory(sizeof *plan);
  atomic_init(&plan->refs, 1);
  eager__program_init(&plan->program);
  eager_status status = make(plan, g, request, constants);
  if (status == EAGER_OK)
    *out = plan;
  else
    eager__plan_release(plan);
  return status;
}
