/* The order of the items, and the segments they are cut into: as many as can run behind
 * each other on one device, before another device's turn comes. */
#include "base/alloc.h"
#include "graph/plan.h"
#include "runtime/run.h"

/* --- What may fail --- */

/* Whether it may fail on the device: then its failure is its own. */
static eager_status try_launch(const eager__program *p, const eager__item *item,
                               bool *out_fails) {
  eager__replay *trial;
  eager__call call;
  EAGER__TRY(eager__replay_new((int)p->value_count, &trial));
  eager_status status = eager__item_describe(p, item, &call);
  if (status == EAGER_OK) {
    status = eager__replay_item(p, item, &call, trial, out_fails);
    eager__call_end(&call);
  }
  eager__replay_release(trial);
  return status;
}

static eager_status find_apart(eager__program *p) {
  for (size_t i = 0; i < p->item_count; i++) {
    eager__item *item = &p->items[i];
    if (!item->is_needed || item->is_apart || !item->op->checked) continue;
    eager_status status = try_launch(p, item, &item->is_apart);
    if (status == EAGER_OK) continue;
    eager__fail_append(" [Op:%s] (node %s)", item->called, item->node->name);
    return status;
  }
  return EAGER_OK;
}

/* --- The order --- */

typedef struct ordering {
  eager__plan *plan;
  bool *is_there; /* by value, of bases: made by an item that has its place */
  bool *is_done;  /* by item */
  int *order;     /* items; those of one segment lie side by side */
  int count;
  size_t segment_capacity;
} ordering;

static bool is_ready(const ordering *o, size_t number) {
  const eager__program *p = &o->plan->program;
  const eager__item *item = &p->items[number];
  if (!item->is_needed || o->is_done[number]) return false;
  for (int k = 0; k < item->input_count; k++) {
    const eager__value *base = &p->values[p->values[item->inputs[k]].base];
    if (base->item >= 0 && !base->constant && !o->is_there[p->values[item->inputs[k]].base])
      return false;
  }
  return true;
}

static void take(ordering *o, size_t number) {
  const eager__program *p = &o->plan->program;
  const eager__item *item = &p->items[number];
  o->is_done[number] = true;
  o->order[o->count++] = (int)number;
  for (int k = 0; k < item->output_count; k++) o->is_there[item->outputs[k]] = true;
}

/* The first that is ready, or -1. */
static int find_ready(const ordering *o) {
  for (size_t i = 0; i < o->plan->program.item_count; i++)
    if (is_ready(o, i)) return (int)i;
  return -1;
}

/* All that can run on the first's device, behind each other. */
static eager_status take_segment(ordering *o, int first) {
  eager__plan *plan = o->plan;
  const eager__program *p = &plan->program;
  EAGER__TRY(eager__reserve(&plan->segments, &o->segment_capacity,
                            (size_t)plan->segment_count + 1, sizeof *plan->segments));
  eager__segment *segment = &plan->segments[plan->segment_count++];
  int begin = o->count;
  *segment = (eager__segment){.device = p->items[first].device};
  if (p->items[first].is_apart) {
    take(o, (size_t)first);
  } else {
    for (size_t i = (size_t)first; i < p->item_count; i++)
      if (p->items[i].device == segment->device && !p->items[i].is_apart && is_ready(o, i))
        take(o, i);
  }
  segment->item_count = o->count - begin;
  size_t size = (size_t)segment->item_count * sizeof *segment->items;
  segment->items = eager__alloc(size);
  if (!segment->items) return eager__out_of_memory(size);
  for (int i = begin; i < o->count; i++) segment->items[i - begin] = o->order[i];
  return EAGER_OK;
}

static eager_status order_items(ordering *o) {
  const eager__program *p = &o->plan->program;
  o->is_there = eager__alloc(p->value_count + 1);
  o->is_done = eager__alloc(p->item_count + 1);
  o->order = eager__alloc(p->item_count * sizeof *o->order + 1);
  if (!o->is_there || !o->is_done || !o->order) return eager__out_of_memory(p->value_count);
  for (int first; (first = find_ready(o)) >= 0;) EAGER__TRY(take_segment(o, first));
  return EAGER_OK;
}

eager_status eager__plan_schedule(eager__plan *plan) {
  ordering o = {.plan = plan};
  eager_status status = find_apart(&plan->program);
  if (status == EAGER_OK) status = order_items(&o);
  eager__free(o.is_there);
  eager__free(o.is_done);
  eager__free(o.order);
  return status;
}
