/* What depends on constants alone is computed once, when the plan is made. */
#include "base/alloc.h"
#include "graph/plan.h"

enum { FOLD_MOST = 1 << 16 }; /* bytes of results that are larger than what they come of */

static size_t bytes_of(const eager__value *v) {
  return (size_t)eager__shape_elements(&v->shape) * eager_dtype_size(v->dtype);
}

static const eager__value *base_of(const eager__program *p, int value) {
  return &p->values[p->values[value].base];
}

/* Ops that may fail do so in every run, and not here. */
static bool can_fold(const eager__program *p, const eager__item *item) {
  if (!item->is_needed || item->user || item->op->checked) return false;
  size_t taken = 0, given = 0;
  for (int i = 0; i < item->input_count; i++) {
    const eager_tensor *constant = base_of(p, item->inputs[i])->constant;
    if (!constant || eager__buffer_failure(constant->buffer)) return false;
    taken += bytes_of(&p->values[item->inputs[i]]);
  }
  for (int i = 0; i < item->output_count; i++)
    given += bytes_of(&p->values[item->outputs[i]]);
  return given <= taken || given <= FOLD_MOST;
}

static eager_status find_input(const eager__program *p, int value, eager_tensor **out) {
  const eager__value *v = &p->values[value];
  eager_tensor *base = base_of(p, value)->constant;
  if (v->base == value) {
    eager_tensor_retain(*out = base);
    return EAGER_OK;
  }
  int64_t offset = (int64_t)eager__tensor_offset_bytes(base) + v->offset;
  int64_t size = (int64_t)eager_dtype_size(v->dtype);
  if (offset % size != 0) return EAGER_INVALID_ARGUMENT;
  return eager__tensor_new(v->dtype, &v->shape, base->buffer, offset / size, base->origin,
                           out);
}

static eager_status fold(eager__program *p, const eager__item *item) {
  size_t count = (size_t)(item->input_count + item->output_count);
  eager_tensor **inputs = eager__alloc(count * sizeof *inputs + 1);
  eager_tensor **outputs = inputs + item->input_count;
  if (!inputs) return eager__out_of_memory(count * sizeof *inputs);
  eager_status status = EAGER_OK;
  for (int i = 0; i < item->input_count && status == EAGER_OK; i++)
    status = find_input(p, item->inputs[i], &inputs[i]);
  if (status == EAGER_OK) status = eager__item_run(item, inputs, outputs);
  for (int i = 0; i < item->output_count && status == EAGER_OK; i++)
    p->values[item->outputs[i]].constant = outputs[i];
  for (int i = 0; i < item->input_count; i++) eager_tensor_release(inputs[i]);
  eager__free(inputs);
  return status;
}

eager_status eager__program_fold(eager__program *p) {
  eager__program_mark(p);
  for (size_t i = 0; i < p->item_count; i++)
    if (can_fold(p, &p->items[i]) && fold(p, &p->items[i]) != EAGER_OK)
      eager__clear_error(); /* it is a run that fails then */
  eager__program_mark(p);
  return EAGER_OK;
}
