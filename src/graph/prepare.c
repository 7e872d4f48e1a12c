/* Kernels that fusing makes are new: those of one device are built together, for a program
 * of many takes a driver hardly longer than one of a single kernel. */
#include "base/alloc.h"
#include "graph/plan.h"
#include "ops/fused.h"

typedef struct gathering {
  eager__fused_job *jobs;
  const eager__shape **shapes; /* EAGER__FUSED_INPUTS for each job */
  int count;
} gathering;

static bool is_job(const eager__program *p, const eager__item *item,
                   const eager__device *device) {
  return item->fused && item->op == &eager__op_fused && item->is_needed &&
         item->device == device &&
         eager__shape_elements(&p->values[item->outputs[0]].shape) > 0;
}

static void add_job(gathering *g, const eager__program *p, const eager__item *item) {
  const eager__shape **shapes = &g->shapes[g->count * EAGER__FUSED_INPUTS];
  for (int i = 0; i < item->input_count; i++) shapes[i] = &p->values[item->inputs[i]].shape;
  g->jobs[g->count++] = (eager__fused_job){
      .fused = item->fused, .inputs = shapes, .whole = &p->values[item->outputs[0]].shape};
}

static eager_status gather(gathering *g, const eager__program *p,
                           const eager__device *device) {
  g->count = 0;
  for (size_t i = 0; i < p->item_count; i++)
    if (is_job(p, &p->items[i], device)) add_job(g, p, &p->items[i]);
  return g->count ? eager__fused_gather(&device->traits, g->jobs, g->count) : EAGER_OK;
}

eager_status eager__plan_prepare(eager__plan *plan) {
  const eager__program *p = &plan->program;
  const eager__runtime *runtime = eager__runtime_get();
  size_t room = p->item_count * EAGER__FUSED_INPUTS;
  gathering g = {eager__alloc(p->item_count * sizeof *g.jobs + 1),
                 eager__alloc(room * sizeof *g.shapes + 1), 0};
  eager_status status =
      g.jobs && g.shapes ? EAGER_OK : eager__out_of_memory(room * sizeof *g.shapes);
  for (int i = 0; i < runtime->device_count && status == EAGER_OK; i++)
    status = gather(&g, p, runtime->devices[i]);
  eager__free(g.jobs);
  eager__free((void *)g.shapes);
  return status;
}
