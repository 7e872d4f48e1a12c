/* Segments become commands: what each takes and gives, where its values lie, and the op
 * that plays it. */
#include <string.h>

#include "base/alloc.h"
#include "graph/arena.h"
#include "graph/plan.h"
#include "runtime/run.h"

/* --- An item as a call --- */

eager_status eager__item_describe(const eager__program *p, const eager__item *item,
                                  eager__call *out) {
  EAGER__TRY(eager__call_begin(out, item->op, NULL, item->input_count));
  out->name = item->called;
  out->dtype = item->dtype;
  out->user = item->user;
  for (int i = 0; i < EAGER__MAX_ATTRS && item->op->attrs[i].name; i++)
    if (item->attrs[i].given) eager__call_set_attr(out, i, &item->attrs[i]);
  for (int i = 0; i < item->input_count; i++) {
    out->inputs[i].dtype = p->values[item->inputs[i]].dtype;
    out->inputs[i].shape = &p->values[item->inputs[i]].shape;
  }
  eager_status status = eager__call_make_outputs(out, item->output_count);
  for (int i = 0; i < item->output_count && status == EAGER_OK; i++) {
    out->outputs[i].dtype = p->values[item->outputs[i]].dtype;
    out->outputs[i].shape = p->values[item->outputs[i]].shape;
    out->outputs[i].view_of = p->values[item->outputs[i]].base != item->outputs[i];
  }
  if (status != EAGER_OK) eager__call_end(out);
  return status;
}

eager_status eager__replay_item(const eager__program *p, const eager__item *item,
                                eager__call *call, eager__replay *replay, bool *out_fails) {
  int few[EAGER__INLINE_INPUTS + EAGER__INLINE_OUTPUTS], *values = few;
  size_t count = (size_t)(item->input_count + item->output_count);
  bool has_elements = false;
  *out_fails = false;
  for (int i = 0; i < item->output_count; i++) {
    const eager__value *v = &p->values[item->outputs[i]];
    has_elements |= v->base == item->outputs[i] && eager__shape_elements(&v->shape) > 0;
  }
  if (!has_elements) return EAGER_OK;
  if (count > sizeof few / sizeof *few && !(values = eager__alloc(count * sizeof *values)))
    return eager__out_of_memory(count * sizeof *values);
  for (int i = 0; i < item->input_count; i++) values[i] = item->inputs[i];
  for (int i = 0; i < item->output_count; i++) {
    int value = item->outputs[i];
    values[item->input_count + i] = p->values[value].base == value ? value : -1;
  }
  eager_status status = eager__replay_add(replay, call, item->device, values, out_fails);
  if (values != few) eager__free(values);
  return status;
}

/* --- What a segment takes and gives --- */

/* By value, of bases. */
typedef struct uses {
  int *maker;  /* the segment, or -1: there from the beginning */
  int *last;   /* the last segment that reads it; beyond all: a fetch */
  int *mark;   /* the segment that has it in its list already */
  int *input;  /* its number among the inputs of the segment in `mark` */
  int *output; /* its number among its maker's outputs, or -1 */
} uses;

static void free_uses(uses *u) {
  eager__free(u->maker);
}

static eager_status find_uses(const eager__plan *plan, uses *u) {
  const eager__program *p = &plan->program;
  size_t count = p->value_count;
  u->maker = eager__alloc(5 * count * sizeof *u->maker + 1);
  if (!u->maker) return eager__out_of_memory(5 * count * sizeof *u->maker);
  u->last = u->maker + count;
  u->mark = u->last + count;
  u->input = u->mark + count;
  u->output = u->input + count;
  for (size_t i = 0; i < 5 * count; i++) u->maker[i] = -1;
  for (int s = 0; s < plan->segment_count; s++)
    for (int i = 0; i < plan->segments[s].item_count; i++) {
      const eager__item *item = &p->items[plan->segments[s].items[i]];
      for (int k = 0; k < item->input_count; k++)
        u->last[p->values[item->inputs[k]].base] = s;
      for (int k = 0; k < item->output_count; k++) u->maker[item->outputs[k]] = s;
    }
  for (size_t i = 0; i < p->fetch_count; i++)
    u->last[p->values[p->fetches[i]].base] = plan->segment_count;
  return EAGER_OK;
}

static void list_inputs(const eager__plan *plan, int s, uses *u) {
  const eager__program *p = &plan->program;
  eager__segment *segment = &plan->segments[s];
  for (int i = 0; i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    for (int k = 0; k < item->input_count; k++) {
      int base = p->values[item->inputs[k]].base;
      if (u->maker[base] == s || u->mark[base] == s) continue;
      u->mark[base] = s;
      u->input[base] = segment->input_count;
      segment->readers[segment->input_count] =
          item->readers ? item->readers[k]
                        : (eager__part){item->called, k, item->node->name};
      segment->inputs[segment->input_count++] = base;
    }
  }
}

static void list_outputs(const eager__plan *plan, int s, uses *u) {
  const eager__program *p = &plan->program;
  eager__segment *segment = &plan->segments[s];
  for (int i = 0; i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    for (int k = 0; k < item->output_count; k++) {
      int value = item->outputs[k];
      if (p->values[value].base != value || u->last[value] <= s) continue;
      u->output[value] = segment->output_count;
      segment->makers[segment->output_count] =
          item->makers ? item->makers[k] : (eager__part){item->called, k, item->node->name};
      segment->outputs[segment->output_count++] = value;
    }
  }
  segment->first_output = 1 + segment->input_count;
}

static eager_status list_drops(const eager__plan *plan, int s, const uses *u) {
  eager__segment *segment = &plan->segments[s];
  size_t room = (size_t)segment->input_count * sizeof *segment->drops;
  if (!(segment->drops = eager__alloc(room + 1))) return eager__out_of_memory(room);
  for (int i = 0; i < segment->input_count; i++)
    if (u->last[segment->inputs[i]] == s)
      segment->drops[segment->drop_count++] = segment->inputs[i];
  return EAGER_OK;
}

static eager_status list_ends(const eager__plan *plan, int s, uses *u) {
  const eager__program *p = &plan->program;
  eager__segment *segment = &plan->segments[s];
  size_t inputs = 0, outputs = 0;
  for (int i = 0; i < segment->item_count; i++) {
    inputs += (size_t)p->items[segment->items[i]].input_count;
    outputs += (size_t)p->items[segment->items[i]].output_count;
  }
  segment->inputs = eager__alloc(inputs * sizeof *segment->inputs + 1);
  segment->readers = eager__alloc(inputs * sizeof *segment->readers + 1);
  segment->outputs = eager__alloc(outputs * sizeof *segment->outputs + 1);
  segment->makers = eager__alloc(outputs * sizeof *segment->makers + 1);
  if (!segment->inputs || !segment->readers || !segment->outputs || !segment->makers)
    return eager__out_of_memory(inputs * sizeof *segment->readers);
  list_inputs(plan, s, u);
  list_outputs(plan, s, u);
  return list_drops(plan, s, u);
}

/* --- Memory --- */

static size_t value_size(const eager__value *v) {
  return (size_t)eager__shape_elements(&v->shape) * eager_dtype_size(v->dtype);
}

/* The results' own memory, and the step in which it is written. */
static void list_bins(const eager__plan *plan, int s, const uses *u, eager__bin *bins) {
  const eager__program *p = &plan->program;
  const eager__segment *segment = &plan->segments[s];
  for (int i = 0; i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    for (int k = 0; k < item->output_count; k++) {
      int value = item->outputs[k];
      if (p->values[value].base == value && u->output[value] >= 0)
        bins[u->output[value]] = (eager__bin){value_size(&p->values[value]), i};
    }
  }
}

/* Regions of what is made and used up within the segment; `at[value]` is its number. */
static int list_regions(const eager__plan *plan, int s, const uses *u,
                        eager__region *regions, int *at) {
  const eager__program *p = &plan->program;
  const eager__segment *segment = &plan->segments[s];
  int count = 0;
  for (int i = 0; i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    for (int k = 0; k < item->input_count; k++) {
      int base = p->values[item->inputs[k]].base;
      if (u->maker[base] == s && u->output[base] < 0) regions[at[base]].end = i;
    }
    for (int k = 0; k < item->output_count; k++) {
      int value = item->outputs[k];
      if (p->values[value].base != value || u->output[value] >= 0) continue;
      at[value] = count;
      regions[count++] =
          (eager__region){.size = value_size(&p->values[value]), .begin = i, .end = i};
    }
  }
  return count;
}

static void place_region(const eager__segment *segment, const eager__region *region,
                         eager__replay_place *out) {
  out->offset += (int64_t)region->offset;
  if (region->bin >= 0) out->slot = segment->first_output + region->bin;
}

static void find_places(eager__plan *plan, int s, const uses *u,
                        const eager__region *regions, const int *at,
                        eager__replay_place *out) {
  const eager__program *p = &plan->program;
  const eager__segment *segment = &plan->segments[s];
  for (size_t i = 0; i < p->value_count; i++) {
    eager__value *v = &p->values[i];
    eager__replay_place *place = &out[i];
    *place = (eager__replay_place){.slot = 0, .offset = v->offset, .dtype = v->dtype};
    if (u->maker[v->base] != s && u->mark[v->base] == s)
      place->slot = 1 + u->input[v->base];
    else if (u->maker[v->base] == s && u->output[v->base] >= 0)
      place->slot = segment->first_output + u->output[v->base];
    else if (u->maker[v->base] == s)
      place_region(segment, &regions[at[v->base]], place);
    if (v->base == (int)i && u->maker[i] == s) {
      v->slot = place->slot;
      v->place = place->offset;
    }
  }
}

/* What each value is computed from: bits of the segment's inputs, as bytes. */
static bool *find_reach(const eager__plan *plan, int s, const uses *u) {
  const eager__program *p = &plan->program;
  const eager__segment *segment = &plan->segments[s];
  size_t inputs = (size_t)segment->input_count, room = p->value_count * inputs;
  bool *reach = eager__alloc((size_t)segment->output_count * inputs + 1);
  bool *of = eager__alloc(room + 1);
  for (size_t i = 0; of && reach && i < inputs; i++)
    of[(size_t)segment->inputs[i] * inputs + i] = true;
  for (int i = 0; of && reach && i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    for (int k = 0; k < item->output_count; k++) {
      int made = item->outputs[k], output = u->output[made];
      bool *to = &of[(size_t)made * inputs];
      for (int j = 0; j < item->input_count; j++) {
        if (item->reach && !(item->reach[k] >> j & 1)) continue;
        const bool *from = &of[(size_t)p->values[item->inputs[j]].base * inputs];
        for (size_t n = 0; n < inputs; n++) to[n] |= from[n];
      }
      if (output >= 0) memcpy(&reach[(size_t)output * inputs], to, inputs);
    }
  }
  if (!of) {
    eager__free(reach);
    return NULL;
  }
  eager__free(of);
  return reach;
}

static eager_status settle(eager__plan *plan, int s, const uses *u) {
  const eager__program *p = &plan->program;
  eager__segment *segment = &plan->segments[s];
  size_t count = p->value_count;
  eager__region *regions = eager__alloc(count * sizeof *regions + 1);
  eager__replay_place *places = eager__alloc(count * sizeof *places + 1);
  eager__bin *bins = eager__alloc((size_t)segment->output_count * sizeof *bins + 1);
  int *at = eager__alloc(count * sizeof *at + 1);
  eager_status status = regions && places && at && bins
                            ? EAGER_OK
                            : eager__out_of_memory(count * sizeof *places);
  if (status == EAGER_OK) {
    int regions_count = list_regions(plan, s, u, regions, at);
    list_bins(plan, s, u, bins);
    status = eager__arena_plan(regions, regions_count, bins, segment->output_count,
                               &segment->arena_size);
    if (status == EAGER_OK)
      status = eager__arena_least(regions, regions_count, &segment->arena_least);
  }
  if (status == EAGER_OK) {
    bool *reach = find_reach(plan, s, u);
    find_places(plan, s, u, regions, at, places);
    status = reach ? eager__replay_settle(segment->replay, places, reach)
                   : eager__out_of_memory(count);
  }
  eager__free(regions);
  eager__free(places);
  eager__free(bins);
  eager__free(at);
  return status;
}

/* --- Commands --- */

static eager_status record_item(const eager__plan *plan, const eager__segment *segment,
                                int number) {
  const eager__program *p = &plan->program;
  const eager__item *item = &p->items[number];
  eager__call call;
  bool fails;
  EAGER__TRY(eager__item_describe(p, item, &call));
  eager_status status = eager__replay_item(p, item, &call, segment->replay, &fails);
  eager__call_end(&call);
  if (status != EAGER_OK)
    eager__fail_append(" [Op:%s] (node %s)", item->called, item->node->name);
  return status;
}

static eager_status bind(eager__plan *plan, int s, uses *u) {
  eager__segment *segment = &plan->segments[s];
  EAGER__TRY(list_ends(plan, s, u));
  if (plan->program.items[segment->items[0]].is_apart) return EAGER_OK;
  EAGER__TRY(eager__replay_new((int)plan->program.value_count, &segment->replay));
  for (int i = 0; i < segment->item_count; i++)
    EAGER__TRY(record_item(plan, segment, segment->items[i]));
  return settle(plan, s, u);
}

eager_status eager__plan_bind(eager__plan *plan) {
  uses u;
  EAGER__TRY(find_uses(plan, &u));
  eager_status status = EAGER_OK;
  for (int s = 0; s < plan->segment_count && status == EAGER_OK; s++)
    status = bind(plan, s, &u);
  free_uses(&u);
  return status;
}

/* --- The op --- */

static eager_status count_outputs(const eager__call *call, int *out) {
  const eager__segment_call *played = call->user;
  *out = played->segment->output_count;
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__segment_call *played = call->user;
  for (int i = 0; i < call->output_count; i++) {
    const eager__value *v = &played->plan->program.values[played->segment->outputs[i]];
    call->outputs[i].dtype = v->dtype;
    call->outputs[i].shape = v->shape;
  }
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__segment *segment = ((const eager__segment_call *)call->user)->segment;
  eager__replay_slot few[16], *slots = few;
  size_t count = 1 + (size_t)(segment->input_count + segment->output_count);
  if (count > sizeof few / sizeof *few && !(slots = eager__alloc(count * sizeof *slots)))
    return eager__out_of_memory(count * sizeof *slots);
  slots[0] = (eager__replay_slot){NULL, 0};
  if (segment->arena_size) {
    int arena = eager__scratch(commands, segment->arena_size);
    if (arena >= 0) slots[0].mem = eager__buffer_mem(commands->scratch[arena]);
  }
  for (int i = 0; i < segment->input_count; i++) {
    const eager__operand *operand = &call->inputs[i];
    slots[1 + i] =
        (eager__replay_slot){eager__buffer_mem(operand->buffer),
                             operand->offset * (int64_t)eager_dtype_size(operand->dtype)};
  }
  for (int i = 0; i < segment->output_count; i++)
    slots[segment->first_output + i] =
        (eager__replay_slot){eager__buffer_mem(call->outputs[i].buffer), 0};
  eager_status status = commands->status;
  if (status == EAGER_OK) status = eager__commands_replay(commands, segment->replay, slots);
  if (slots != few) eager__free(slots);
  return status;
}

const eager__op eager__op_segment = {
    .name = "Graph",
    .inputs = {{.name = "values", .dtypes = EAGER__ANY}},
    .variadic = true,
    .optional_inputs = 1,
    .moves_only = true, /* what its ops can do was asked when it was planned */
    .count_outputs = count_outputs,
    .infer = infer,
    .launch = launch,
};
