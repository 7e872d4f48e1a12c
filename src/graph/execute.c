/* One run of a plan: segments in order, each by its recorded commands where it can. */
#include "base/alloc.h"
#include "graph/plan.h"
#include "runtime/run.h"
#include "runtime/scope.h"

typedef struct execution {
  const eager__plan *plan;
  eager_tensor **tensors; /* by value, one reference each; NULL: not there, or used up */
} execution;

/* The tensor of a value whose base is there; it stays the execution's. */
static eager_status find(execution *x, int value, eager_tensor **out) {
  const eager__value *v = &x->plan->program.values[value];
  if (!x->tensors[value]) {
    const eager_tensor *base = x->tensors[v->base];
    int64_t offset = eager__tensor_offset_bytes(base) + v->offset;
    EAGER__TRY(eager__tensor_new(v->dtype, &v->shape, base->buffer,
                                 offset / (int64_t)eager_dtype_size(v->dtype), base->origin,
                                 &x->tensors[value]));
  }
  *out = x->tensors[value];
  return EAGER_OK;
}

/* --- An item by its op's own path --- */

eager_status eager__item_run(const eager__item *item, eager_tensor *const *inputs,
                             eager_tensor **outputs) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, item->op, inputs, item->input_count));
  call.name = item->called;
  call.user = item->user;
  for (int i = 0; i < EAGER__MAX_ATTRS && item->op->attrs[i].name; i++)
    if (item->attrs[i].given) eager__call_set_attr(&call, i, &item->attrs[i]);
  eager_status status =
      eager__call_run(&call, item->device->short_name, outputs, item->output_count);
  if (status != EAGER_OK) eager__fail_append(" (node %s)", item->node->name);
  return status;
}

static eager_status run_item(execution *x, const eager__item *item) {
  size_t count = (size_t)(item->input_count + item->output_count);
  eager_tensor **inputs = eager__alloc(count * sizeof *inputs + 1);
  eager_tensor **outputs = inputs + item->input_count;
  if (!inputs) return eager__out_of_memory(count * sizeof *inputs);
  eager_status status = EAGER_OK;
  for (int i = 0; i < item->input_count && status == EAGER_OK; i++)
    status = find(x, item->inputs[i], &inputs[i]);
  if (status == EAGER_OK) status = eager__item_run(item, inputs, outputs);
  for (int i = 0; i < item->output_count && status == EAGER_OK; i++)
    x->tensors[item->outputs[i]] = outputs[i];
  eager__free(inputs);
  return status;
}

/* --- A segment --- */

/* Whether its recorded commands can be played on these tensors: what has failed has perhaps
 * no memory, and does not concern all outputs; what begins between larger elements cannot
 * be seen as those; and a driver may have the parts of an arena where it has not the whole.
 */
static bool can_play(const execution *x, const eager__segment *segment) {
  if (!segment->replay) return false;
  if (segment->arena_size > segment->device->info.max_allocation) return false;
  for (int i = 0; i < segment->input_count; i++) {
    const eager_tensor *t = x->tensors[segment->inputs[i]];
    if (eager__buffer_failure(t->buffer)) return false;
    if (t->offset && x->plan->reinterprets) return false;
  }
  return true;
}

static eager_status play(execution *x, const eager__segment *segment) {
  size_t count = (size_t)(segment->input_count + segment->output_count);
  eager_tensor *few[16] = {NULL}, **inputs = few;
  if (count > sizeof few / sizeof *few && !(inputs = eager__alloc(count * sizeof *inputs)))
    return eager__out_of_memory(count * sizeof *inputs);
  eager_tensor **outputs = inputs + segment->input_count;
  for (int i = 0; i < segment->input_count; i++) inputs[i] = x->tensors[segment->inputs[i]];
  eager__segment_call played = {x->plan, segment};
  eager__call call;
  eager_status status =
      eager__call_begin(&call, &eager__op_segment, inputs, segment->input_count);
  if (status == EAGER_OK) {
    call.user = &played;
    call.readers = segment->readers;
    call.makers = segment->makers;
    status =
        eager__call_run(&call, segment->device->short_name, outputs, segment->output_count);
  }
  for (int i = 0; i < segment->output_count && status == EAGER_OK; i++)
    x->tensors[segment->outputs[i]] = outputs[i];
  if (inputs != few) eager__free(inputs);
  return status;
}

/* Of a fused item its parts, so that each fails for itself. */
static eager_status run_parts(execution *x, const eager__item *item) {
  const eager__program *p = &x->plan->program;
  if (!item->parts) return run_item(x, item);
  for (int i = 0; i < item->part_count; i++)
    EAGER__TRY(run_item(x, &p->items[item->parts[i]]));
  return EAGER_OK;
}

static eager_status run_segment(execution *x, const eager__segment *segment) {
  const eager__program *p = &x->plan->program;
  eager_status status = EAGER_OK;
  if (can_play(x, segment)) {
    status = play(x, segment);
  } else {
    for (int i = 0; i < segment->item_count && status == EAGER_OK; i++)
      status = run_parts(x, &p->items[segment->items[i]]);
  }
  for (int i = 0; i < segment->drop_count; i++) {
    eager_tensor_release(x->tensors[segment->drops[i]]);
    x->tensors[segment->drops[i]] = NULL;
  }
  return status;
}

/* --- The run --- */

static void take_values(execution *x, const eager__request *request) {
  const eager__program *p = &x->plan->program;
  for (size_t i = 0; i < p->value_count; i++) {
    const eager__value *v = &p->values[i];
    if (!v->is_needed) continue;
    x->tensors[i] = v->feed >= 0 ? request->feed_values[v->feed] : v->constant;
    eager_tensor_retain(x->tensors[i]);
  }
}

static eager_status run(execution *x, const eager__request *request,
                        eager_tensor **outputs) {
  const eager__program *p = &x->plan->program;
  take_values(x, request);
  for (int i = 0; i < x->plan->segment_count; i++)
    EAGER__TRY(run_segment(x, &x->plan->segments[i]));
  for (size_t i = 0; i < p->fetch_count; i++) {
    eager_status status = find(x, p->fetches[i], &outputs[i]);
    if (status == EAGER_OK) {
      eager_tensor_retain(outputs[i]);
      continue;
    }
    while (i-- > 0) {
      eager_tensor_release(outputs[i]);
      outputs[i] = NULL;
    }
    return status;
  }
  return EAGER_OK;
}

eager_status eager__plan_run(const eager__plan *plan, const eager__request *request,
                             eager_tensor **outputs) {
  size_t count = plan->program.value_count;
  execution x = {plan, eager__alloc(count * sizeof *x.tensors + 1)};
  if (!x.tensors) return eager__out_of_memory(count * sizeof *x.tensors);
  eager_status status = run(&x, request, outputs);
  for (size_t i = 0; i < count; i++) eager_tensor_release(x.tensors[i]);
  eager__free(x.tensors);
  return status;
}
