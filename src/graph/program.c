/* Items and values: making, marking and freeing them. */
#include "base/alloc.h"
#include "graph/plan.h"

void eager__item_clear(eager__item *item) {
  if (item->attrs) eager__attrs_free(item->attrs);
  eager__free(item->attrs);
  eager__free(item->fused);
  eager__free(item->inputs);
  eager__free(item->outputs);
  eager__free(item->readers);
  eager__free(item->makers);
  eager__free(item->parts);
  eager__free(item->reach);
}

void eager__program_clear(eager__program *p) {
  for (size_t i = 0; i < p->item_count; i++) eager__item_clear(&p->items[i]);
  for (size_t i = 0; i < p->value_count; i++) eager_tensor_release(p->values[i].constant);
  eager__free(p->items);
  eager__free(p->values);
  eager__free(p->feeds);
  eager__free(p->fetches);
  *p = (eager__program){.item_count = 0};
}

int eager__program_add_value(eager__program *p, eager_dtype dtype,
                             const eager__shape *shape) {
  if (eager__reserve(&p->values, &p->value_capacity, p->value_count + 1,
                     sizeof *p->values) != EAGER_OK)
    return -1;
  int number = (int)p->value_count++;
  p->values[number] = (eager__value){.dtype = dtype,
                                     .shape = *shape,
                                     .base = number,
                                     .same = number,
                                     .item = -1,
                                     .place = -1,
                                     .feed = -1};
  return number;
}

int eager__program_add_item(eager__program *p, const eager__op *op, int input_count,
                            int output_count) {
  if (eager__reserve(&p->items, &p->item_capacity, p->item_count + 1, sizeof *p->items) !=
      EAGER_OK)
    return -1;
  eager__item *item = &p->items[p->item_count];
  *item = (eager__item){.op = op,
                        .called = op->name,
                        .input_count = input_count,
                        .output_count = output_count,
                        .part_of = -1};
  item->attrs = eager__alloc(EAGER__MAX_ATTRS * sizeof *item->attrs);
  item->inputs = eager__alloc((size_t)input_count * sizeof *item->inputs + 1);
  item->outputs = eager__alloc((size_t)output_count * sizeof *item->outputs + 1);
  if (item->attrs && item->inputs && item->outputs) return (int)p->item_count++;
  eager__item_clear(item);
  eager__out_of_memory(sizeof *item);
  return -1;
}

int eager__program_same(const eager__program *p, int value) {
  while (p->values[value].same != value) value = p->values[value].same;
  return value;
}

int eager__program_base(const eager__program *p, int value, int64_t *out_offset) {
  *out_offset = 0;
  for (;;) {
    value = eager__program_same(p, value);
    const eager__value *v = &p->values[value];
    if (v->base == value) return value;
    *out_offset += v->offset;
    value = v->base;
  }
}

static void need(eager__program *p, int value) {
  int64_t offset;
  p->values[eager__program_same(p, value)].is_needed = true;
  eager__value *base = &p->values[eager__program_base(p, value, &offset)];
  base->is_needed = true;
  if (base->item >= 0 && !base->constant) p->items[base->item].is_needed = true;
}

void eager__program_mark(eager__program *p) {
  for (size_t i = 0; i < p->value_count; i++) p->values[i].is_needed = false;
  for (size_t i = 0; i < p->item_count; i++) p->items[i].is_needed = false;
  for (size_t i = 0; i < p->fetch_count; i++) need(p, p->fetches[i]);
  for (size_t i = p->item_count; i-- > 0;) {
    const eager__item *item = &p->items[i];
    if (!item->is_needed) continue;
    for (int k = 0; k < item->input_count; k++) need(p, item->inputs[k]);
  }
}

void eager__program_settle(eager__program *p) {
  for (size_t i = 0; i < p->item_count; i++)
    for (int k = 0; k < p->items[i].input_count; k++)
      p->items[i].inputs[k] = eager__program_same(p, p->items[i].inputs[k]);
  for (size_t i = 0; i < p->fetch_count; i++)
    p->fetches[i] = eager__program_same(p, p->fetches[i]);
  for (size_t i = 0; i < p->value_count; i++) {
    int64_t offset;
    int base = eager__program_base(p, (int)i, &offset);
    p->values[i].base = base;
    p->values[i].offset = offset;
  }
}

eager_status eager__program_exchange(eager__program *p, int number, eager__item *by) {
  eager_status status =
      eager__reserve(&p->items, &p->item_capacity, p->item_count + 1, sizeof *p->items);
  if (status != EAGER_OK) {
    eager__item_clear(by);
    return status;
  }
  p->items[p->item_count++] = p->items[number];
  p->items[number] = *by;
  return EAGER_OK;
}
