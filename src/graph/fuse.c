/* Elementwise items whose values only pass through become one kernel's steps.
 *
 * A group runs where its last member stood. So an item may join as long as nobody else has
 * asked for what the group makes: from then on the group is closed. */
#include <string.h>

#include "base/alloc.h"
#include "graph/plan.h"
#include "ops/fused.h"
#include "runtime/run.h"

typedef struct group {
  eager_dtype dtype; /* EAGER_BOOL: any */
  int first, last;   /* items: a chain through `next` */
  int count;
  bool is_closed;
  int joined; /* the group it became a part of, or itself */
} group;

typedef struct fusing {
  eager__program *p;
  int *group_of;      /* by item, or -1 */
  int *next;          /* by item: the next one of its group, or -1 */
  int *uses;          /* by value, of bases: readers, fetches among them */
  int *mark, *number; /* by value: scratch of one question */
  int question;
  group *groups;
  int group_count;
} fusing;

static int find_group(const fusing *f, int item) {
  int g = f->group_of[item];
  while (g >= 0 && f->groups[g].joined != g) g = f->groups[g].joined;
  return g;
}

static int base_of(const fusing *f, int value) {
  return f->p->values[value].base;
}

/* --- May it be a step? --- */

static bool broadcasts(const eager__program *p, const eager__item *item) {
  if (strcmp(item->op->name, "Select") != 0) return true;
  const eager__shape *condition = &p->values[item->inputs[0]].shape;
  return condition->rank == 0 ||
         eager__shape_equal(condition, &p->values[item->outputs[0]].shape);
}

static bool lacks(const eager__item *item, eager_dtype dtype) {
  return dtype == EAGER_FLOAT64 && !item->device->info.has_float64;
}

/* The dtype of the groups it may join; EAGER_DTYPE_INVALID: of none. */
static eager_dtype step_dtype(const eager__program *p, const eager__item *item) {
  eager_dtype inputs[EAGER__MAX_INPUTS], output = p->values[item->outputs[0]].dtype;
  if (item->is_apart || item->user || item->output_count != 1 ||
      item->input_count > EAGER__MAX_INPUTS || item->op->variadic || !broadcasts(p, item))
    return EAGER_DTYPE_INVALID;
  for (int i = 0; i < item->input_count; i++) inputs[i] = p->values[item->inputs[i]].dtype;
  eager_dtype dtype =
      eager__fused_dtype(item->op, item->attrs, inputs, item->input_count, output);
  return lacks(item, dtype) || lacks(item, output) ? EAGER_DTYPE_INVALID : dtype;
}

/* --- Would a group of these members be one kernel? --- */

typedef struct ends {
  int inputs, outputs;
} ends;

/* What a chain of members takes from outside and what others ask for of theirs. */
static void count_chain(fusing *f, int item, ends *out) {
  const eager__program *p = f->p;
  for (; item >= 0; item = f->next[item])
    for (int k = 0; k < p->items[item].input_count; k++) {
      int value = p->items[item].inputs[k];
      if (f->mark[value] != f->question) {
        f->mark[value] = f->question;
        f->number[value] = 0;
        out->inputs++;
      }
      f->number[value]++;
    }
}

/* Behind count_chain of all members: values of theirs are no inputs, and those that are
 * read as often as there are readers are no outputs. */
static void count_made(fusing *f, int item, ends *out) {
  const eager__program *p = f->p;
  for (; item >= 0; item = f->next[item]) {
    int value = p->items[item].outputs[0];
    bool is_read = f->mark[value] == f->question;
    out->inputs -= is_read;
    out->outputs += f->uses[value] > (is_read ? f->number[value] : 0);
  }
}

static bool fits(fusing *f, const int *chains, int count, int steps) {
  ends all = {0, 0};
  f->question++;
  for (int i = 0; i < count; i++) count_chain(f, chains[i], &all);
  for (int i = 0; i < count; i++) count_made(f, chains[i], &all);
  return steps <= EAGER__FUSED_STEPS && all.inputs <= EAGER__FUSED_INPUTS &&
         all.outputs <= EAGER__FUSED_OUTPUTS;
}

/* --- Joining --- */

static bool agrees(const fusing *f, int g, const eager__item *item, eager_dtype dtype) {
  const group *it = &f->groups[g];
  const eager__item *member = &f->p->items[it->first];
  bool same = it->dtype == dtype || it->dtype == EAGER_BOOL || dtype == EAGER_BOOL;
  return !it->is_closed && same && member->device == item->device &&
         eager__shape_equal(&f->p->values[member->outputs[0]].shape,
                            &f->p->values[item->outputs[0]].shape);
}

static void append(fusing *f, int g, int by, int steps) {
  group *to = &f->groups[g];
  const group *from = &f->groups[by];
  f->next[to->last] = from->first;
  to->last = from->last;
  to->count = steps;
  if (to->dtype == EAGER_BOOL) to->dtype = from->dtype;
  f->groups[by].joined = g;
}

/* The open groups that make what `item` reads, each once. */
static int find_makers(const fusing *f, const eager__item *item, eager_dtype dtype,
                       int *out) {
  int count = 0;
  for (int k = 0; k < item->input_count; k++) {
    const eager__value *v = &f->p->values[item->inputs[k]];
    int g = v->item < 0 || v->constant ? -1 : find_group(f, v->item);
    bool seen = g < 0 || v->base != item->inputs[k] || !agrees(f, g, item, dtype);
    for (int i = 0; i < count && !seen; i++) seen = out[i] == g;
    if (seen) continue;
    out[count++] = g;
    if (dtype == EAGER_BOOL) dtype = f->groups[g].dtype;
  }
  return count;
}

/* A cast between two dtypes neither of which is bool is at an edge: the last step of what
 * makes its input, or the first of what comes behind, whichever stores less. */
static bool is_first_step(const fusing *f, const eager__item *item, eager_dtype *in_out) {
  eager_dtype to = f->p->values[item->outputs[0]].dtype;
  int maker;
  if (!eager__fused_is_cast(item->op) || *in_out == to || to == EAGER_BOOL) return false;
  if (eager_dtype_size(to) <= eager_dtype_size(*in_out) &&
      find_makers(f, item, *in_out, &maker))
    return false;
  *in_out = to;
  return true;
}

/* A group of its own, and as many of the makers' as fit behind each other. */
static void join(fusing *f, int number, eager_dtype dtype) {
  int makers[EAGER__MAX_INPUTS], chains[EAGER__MAX_INPUTS + 1];
  const eager__item *item = &f->p->items[number];
  int count = is_first_step(f, item, &dtype) ? 0 : find_makers(f, item, dtype, makers);
  int own = f->group_count++, chosen = 0, steps = 1;
  f->groups[own] = (group){dtype, number, number, 1, false, own};
  f->group_of[number] = own;
  chains[0] = number;
  for (int i = 0; i < count; i++) {
    const group *maker = &f->groups[makers[i]];
    chains[chosen + 1] = maker->first;
    if (!fits(f, chains, chosen + 2, steps + maker->count)) continue;
    steps += maker->count;
    makers[chosen++] = makers[i];
  }
  if (!chosen) return;
  for (int i = 1; i < chosen; i++) append(f, makers[0], makers[i], steps);
  append(f, makers[0], own, steps);
}

/* Whoever asks for a group's value without having joined closes it. */
static void close_makers(fusing *f, int number) {
  const eager__item *item = &f->p->items[number];
  int own = find_group(f, number);
  for (int k = 0; k < item->input_count; k++) {
    const eager__value *base = &f->p->values[base_of(f, item->inputs[k])];
    int g = base->item < 0 || base->constant ? -1 : find_group(f, base->item);
    if (g >= 0 && g != own) f->groups[g].is_closed = true;
  }
}

/* --- The fused item --- */

static void number_members(const fusing *f, const group *g, int *out) {
  int count = 0;
  for (int item = g->first; item >= 0; item = f->next[item]) {
    int at = count++;
    for (; at > 0 && out[at - 1] > item; at--) out[at] = out[at - 1];
    out[at] = item;
  }
}

/* Lists the inputs, and leaves in `number` what a step calls each value. */
static void list_inputs(fusing *f, const int *members, int count, eager__item *to,
                        eager__fused *fused) {
  const eager__program *p = f->p;
  f->question++;
  for (int i = 0; i < count; i++) {
    int made = p->items[members[i]].outputs[0];
    f->mark[made] = f->question;
    f->number[made] = -1;
  }
  for (int i = 0; i < count; i++) {
    const eager__item *member = &p->items[members[i]];
    for (int k = 0; k < member->input_count; k++) {
      int value = member->inputs[k];
      if (f->mark[value] == f->question) continue;
      f->mark[value] = f->question;
      f->number[value] = to->input_count;
      fused->inputs[to->input_count] = p->values[value].dtype;
      to->readers[to->input_count] = (eager__part){member->called, k, member->node->name};
      to->inputs[to->input_count++] = value;
    }
  }
  for (int i = 0; i < count; i++)
    f->number[p->items[members[i]].outputs[0]] = to->input_count + i;
  fused->input_count = to->input_count;
}

static void list_outputs(fusing *f, const int *members, int count, eager__item *to,
                         eager__fused *fused) {
  eager__program *p = f->p;
  for (int i = 0; i < count; i++) /* what the members read of each other */
    for (int k = 0; k < p->items[members[i]].input_count; k++)
      f->uses[p->items[members[i]].inputs[k]]--;
  for (int i = 0; i < count; i++) {
    int value = p->items[members[i]].outputs[0];
    if (f->uses[value] <= 0) continue;
    fused->outputs[to->output_count] = i;
    to->makers[to->output_count] = (eager__part){p->items[members[i]].called, 0, NULL};
    p->values[value].item = members[count - 1];
    to->outputs[to->output_count++] = value;
  }
  fused->output_count = to->output_count;
  for (int i = 0; i < to->input_count; i++) f->uses[to->inputs[i]]++;
}

static void list_steps(fusing *f, const int *members, int count, eager__fused *fused) {
  const eager__program *p = f->p;
  for (int i = 0; i < count; i++) {
    const eager__item *member = &p->items[members[i]];
    eager__fused_step *step = &fused->steps[i];
    step->op = member->op;
    step->parameter = eager__fused_parameter(member->op, member->attrs);
    step->dtype = p->values[member->outputs[0]].dtype;
    for (int k = 0; k < 3; k++)
      step->operands[k] = k < member->input_count ? f->number[member->inputs[k]] : -1;
  }
  fused->step_count = count;
  fused->output_count = 1; /* until they are listed */
}

static bool make_room(eager__item *item) {
  item->fused = eager__alloc(sizeof(eager__fused));
  item->attrs = eager__alloc(EAGER__MAX_ATTRS * sizeof *item->attrs);
  item->inputs = eager__alloc(EAGER__FUSED_INPUTS * sizeof *item->inputs);
  item->outputs = eager__alloc(EAGER__FUSED_OUTPUTS * sizeof *item->outputs);
  item->readers = eager__alloc(EAGER__FUSED_INPUTS * sizeof *item->readers);
  item->makers = eager__alloc(EAGER__FUSED_OUTPUTS * sizeof *item->makers);
  item->parts = eager__alloc(EAGER__FUSED_STEPS * sizeof *item->parts);
  item->reach = eager__alloc(EAGER__FUSED_OUTPUTS * sizeof *item->reach);
  return item->fused && item->attrs && item->inputs && item->outputs && item->readers &&
         item->makers && item->parts && item->reach;
}

static void find_reach(const eager__fused *fused, eager__item *to) {
  uint32_t reach[EAGER__FUSED_STEPS] = {0};
  for (int i = 0; i < fused->step_count; i++) {
    for (int k = 0; k < 3; k++) {
      int operand = fused->steps[i].operands[k];
      if (operand < 0) continue;
      reach[i] |= operand < fused->input_count ? UINT32_C(1) << operand
                                               : reach[operand - fused->input_count];
    }
  }
  for (int i = 0; i < fused->output_count; i++) to->reach[i] = reach[fused->outputs[i]];
}

/* The parts stay in the program, for whoever looks at it or runs them one by one; the last
 * one's place is taken. */
static eager_status fuse(fusing *f, const group *g) {
  int members[EAGER__FUSED_STEPS];
  eager__program *p = f->p;
  number_members(f, g, members);
  int number = members[g->count - 1];
  const eager__item *last = &p->items[number];
  eager__item made = {.op = &eager__op_fused,
                      .called = eager__op_fused.name,
                      .dtype = g->dtype,
                      .node = last->node,
                      .device = last->device,
                      .is_needed = true,
                      .part_of = -1};
  if (!make_room(&made)) {
    eager__item_clear(&made);
    return eager__out_of_memory(sizeof(eager__fused));
  }
  eager__fused *fused = made.fused;
  fused->dtype = g->dtype;
  list_inputs(f, members, g->count, &made, fused);
  list_steps(f, members, g->count, fused);
  if (!eager__fused_is_valid(fused)) { /* casts met in its middle */
    eager__item_clear(&made);
    return EAGER_OK;
  }
  list_outputs(f, members, g->count, &made, fused);
  find_reach(fused, &made);
  made.user = fused;
  for (int i = 0; i < g->count; i++) {
    p->items[members[i]].is_needed = false;
    p->items[members[i]].part_of = number;
    made.parts[made.part_count++] = members[i];
  }
  made.parts[made.part_count - 1] = (int)p->item_count; /* where it is put now */
  return eager__program_exchange(p, number, &made);
}

/* --- All --- */

static eager_status begin(fusing *f) {
  const eager__program *p = f->p;
  size_t items = p->item_count, values = p->value_count;
  f->group_of = eager__alloc(items * sizeof *f->group_of + 1);
  f->next = eager__alloc(items * sizeof *f->next + 1);
  f->groups = eager__alloc(items * sizeof *f->groups + 1);
  f->uses = eager__alloc(values * sizeof *f->uses + 1);
  f->mark = eager__alloc(values * sizeof *f->mark + 1);
  f->number = eager__alloc(values * sizeof *f->number + 1);
  if (!f->group_of || !f->next || !f->groups || !f->uses || !f->mark || !f->number)
    return eager__out_of_memory(items * sizeof *f->groups);
  for (size_t i = 0; i < items; i++) f->group_of[i] = f->next[i] = -1;
  for (size_t i = 0; i < items; i++)
    for (int k = 0; k < p->items[i].input_count && p->items[i].is_needed; k++) {
      int value = p->items[i].inputs[k];
      f->uses[value]++;
      if (base_of(f, value) != value) f->uses[base_of(f, value)]++;
    }
  for (size_t i = 0; i < p->fetch_count; i++) {
    f->uses[p->fetches[i]]++;
    if (base_of(f, p->fetches[i]) != p->fetches[i]) f->uses[base_of(f, p->fetches[i])]++;
  }
  return EAGER_OK;
}

static eager_status run(fusing *f) {
  size_t count = f->p->item_count;
  EAGER__TRY(begin(f));
  for (size_t i = 0; i < count; i++) {
    if (!f->p->items[i].is_needed) continue;
    eager_dtype dtype = step_dtype(f->p, &f->p->items[i]);
    if (dtype != EAGER_DTYPE_INVALID) join(f, (int)i, dtype);
    close_makers(f, (int)i);
  }
  for (int g = 0; g < f->group_count; g++)
    if (f->groups[g].joined == g && f->groups[g].count > 1)
      EAGER__TRY(fuse(f, &f->groups[g]));
  return EAGER_OK;
}

eager_status eager__program_fuse(eager__program *p) {
  fusing f = {.p = p};
  eager_status status = run(&f);
  eager__free(f.group_of);
  eager__free(f.next);
  eager__free(f.groups);
  eager__free(f.uses);
  eager__free(f.mark);
  eager__free(f.number);
  return status;
}
