#include "random/ops.h"

static const rp_family *const families[] = {
    &rp_family_elementwise, &rp_family_shapes, &rp_family_moves,
    &rp_family_parts,       &rp_family_reduce, &rp_family_index,
    &rp_family_order,       &rp_family_matrix, &rp_family_rough};
enum { FAMILIES = sizeof families / sizeof *families };

int rp_op_count(void) {
  int count = 0;
  for (int i = 0; i < FAMILIES; i++) count += families[i]->count;
  return count;
}

int rp_exact_op_count(void) {
  return rp_op_count() - rp_family_rough.count;
}

int rp_op_named(const char *name) {
  int index = 0;
  while (strcmp(rp_op_at(index)->name, name) != 0) index++;
  return index;
}

const rp_op *rp_op_at(int index) {
  int i = 0;
  while (index >= families[i]->count) index -= families[i++]->count;
  return &families[i]->ops[index];
}

rp_value *rp_output(rp_result *result, eager_dtype dtype, test_shape shape) {
  rp_value *value = rp_value_new(dtype, shape);
  if (value == NULL || result->output_count == RP_OUTPUTS) {
    rp_value_free(value);
    rp_unclear(result);
    return NULL;
  }
  result->outputs[result->output_count++] = value;
  return value;
}

static void answer(rp_result *result, rp_outcome outcome, const char *format, va_list all) {
  result->outcome = outcome;
  vsnprintf(result->text, sizeof result->text, format, all);
}

void rp_refuse(rp_result *result, const char *format, ...) {
  va_list all;
  va_start(all, format);
  answer(result, RP_REFUSED, format, all);
  va_end(all);
}

void rp_fail(rp_result *result, const char *format, ...) {
  va_list all;
  va_start(all, format);
  answer(result, RP_FAILED, format, all);
  va_end(all);
}

void rp_unclear(rp_result *result) {
  result->outcome = RP_UNCLEAR;
}

bool rp_all_plain(const rp_step *step, const rp_value *const *in, rp_result *result) {
  for (int i = 0; i < step->input_count; i++) {
    if (rp_is_plain(in[i])) continue;
    rp_unclear(result);
    return false;
  }
  return true;
}

bool rp_axis(const rp_step *step, const char *name, int64_t otherwise, int rank,
             rp_result *result, int *out) {
  int64_t axis = rp_attr_int(step, name, otherwise);
  if (rank == 0)
    rp_refuse(result, "axis %lld is out of range for a tensor of rank 0: it has no axes",
              (long long)axis);
  else if (axis < -rank || axis >= rank)
    rp_refuse(result,
              "axis %lld is out of range for a tensor of rank %d: expected %d to %d",
              (long long)axis, rank, -rank, rank - 1);
  else
    *out = (int)(axis < 0 ? axis + rank : axis);
  return result->outcome == RP_GOOD;
}

const char *rp_shape_text(test_shape shape) {
  static _Thread_local char texts[4][EAGER__SHAPE_TEXT];
  static _Thread_local int turn;
  return eager__shape_text(&shape, texts[turn++ % 4]);
}

int64_t rp_product(test_shape shape, int begin, int end) {
  int64_t product = 1;
  for (int i = begin; i < end; i++) product *= shape.dims[i];
  return product;
}

test_shape rp_list_shape(const rp_step *step, const char *name, bool *good) {
  const rp_attr *list = rp_attr_find(step, name);
  test_shape shape = {0};
  *good = list != NULL && list->count <= EAGER__MAX_RANK;
  if (!*good) return shape;
  shape.rank = list->count;
  for (int i = 0; i < shape.rank; i++) {
    shape.dims[i] = list->ints[i];
    *good = *good && shape.dims[i] >= 0;
  }
  return shape;
}

bool rp_read_axes(const rp_step *step, int rank, rp_result *result, unsigned *out) {
  const rp_attr *list = rp_attr_find(step, "axis");
  *out = list == NULL ? (1u << rank) - 1 : 0;
  for (int i = 0; list != NULL && i < list->count; i++) {
    int64_t axis = list->ints[i] < 0 ? list->ints[i] + rank : list->ints[i];
    if (axis < 0 || axis >= rank) {
      rp_unclear(result);
      return false;
    }
    if (*out >> axis & 1) {
      rp_refuse(result,
                "Invalid reduction arguments: Axes contains duplicate dimension: %d",
                (int)axis);
      return false;
    }
    *out |= 1u << axis;
  }
  return true;
}
