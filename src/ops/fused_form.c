#include "ops/fused_form.h"

static bool repeats_along(const eager__shape *input, const eager__shape *whole, int d) {
  int own = d - (whole->rank - input->rank);
  return own < 0 || input->dims[own] == 1;
}

/* Inputs that repeat along dimension d, as bits. */
static uint32_t repeaters(const eager__shape *const *inputs, int count,
                          const eager__shape *whole, int d) {
  uint32_t bits = 0;
  for (int k = 0; k < count; k++)
    if (repeats_along(inputs[k], whole, d)) bits |= 1u << k;
  return bits;
}

static void join_dims(const eager__shape *const *inputs, int count,
                      const eager__shape *whole, eager__fused_shape *out) {
  uint32_t last = 0;
  *out = (eager__fused_shape){.stream = out->stream};
  for (int d = 0; d < whole->rank; d++) {
    if (whole->dims[d] == 1) continue;
    uint32_t bits = repeaters(inputs, count, whole, d);
    if (out->rank > 0 && bits == last) {
      out->dims[out->rank - 1] *= whole->dims[d];
      continue;
    }
    for (int k = 0; k < count; k++)
      if (bits >> k & 1) out->repeats[k] |= 1 << out->rank;
    out->dims[out->rank++] = whole->dims[d];
    last = bits;
  }
}

static eager__fused_reach reach_of(const eager__fused_shape *shape, int input) {
  int32_t repeats = shape->repeats[input], all = (1 << shape->rank) - 1;
  if (repeats == 0) return EAGER__FUSED_WHOLE;
  if (repeats == all) return EAGER__FUSED_SINGLE;
  return repeats >> (shape->rank - 1) ? EAGER__FUSED_COLUMN : EAGER__FUSED_ROW;
}

static eager__fused_form form_of(const eager__traits *traits,
                                 const eager__fused_shape *shape, int partials) {
  if (!traits->cpu_like) return EAGER__FUSED_LANES;
  if (partials == 0) return EAGER__FUSED_FLAT;
  bool is_short = shape->dims[shape->rank - 1] < traits->vector_width;
  return is_short ? EAGER__FUSED_SHORT : EAGER__FUSED_ROWS;
}

void eager__fused_choose(const eager__traits *traits, const eager__fused *fused,
                         const eager__shape *const *inputs, const eager__shape *whole,
                         eager__fused_kernel *out, eager__fused_shape *out_shape) {
  int partials = 0, count = fused->input_count;
  join_dims(inputs, count, whole, out_shape);
  out->fused = fused;
  for (int k = 0; k < count; k++) {
    out->reach[k] = reach_of(out_shape, k);
    if (out->reach[k] == EAGER__FUSED_ROW || out->reach[k] == EAGER__FUSED_COLUMN)
      out_shape->repeats[partials++] = out_shape->repeats[k];
  }
  out->form = form_of(traits, out_shape, partials);
  if (partials == 0) out_shape->rank = 0;
  for (int k = 0; k < count && out->form != EAGER__FUSED_ROWS; k++)
    if (out->reach[k] == EAGER__FUSED_COLUMN) out->reach[k] = EAGER__FUSED_ROW;
}
