/* Reductions, running totals and places of extremes. */
#include <math.h>

#include "random/ops.h"

typedef enum fold { FOLD_SUM, FOLD_PROD, FOLD_MAX, FOLD_MIN, FOLD_ANY, FOLD_ALL } fold;

static double float_begin(fold f) {
  return f == FOLD_SUM ? 0 : f == FOLD_PROD ? 1 : f == FOLD_MAX ? -INFINITY : INFINITY;
}

static double float_fold(fold f, double a, double b) {
  if (f == FOLD_SUM) return a + b;
  if (f == FOLD_PROD) return a * b;
  if (isnan(a) || isnan(b)) return NAN;
  return (f == FOLD_MAX) == (a > b) ? a : b;
}

static int64_t int_begin(fold f, eager_dtype dtype) {
  int bits = rp_bits(dtype);
  uint64_t top = (UINT64_C(1) << (bits - 1)) - 1;
  switch (f) {
  case FOLD_PROD:
  case FOLD_ALL:
    return 1;
  case FOLD_MAX:
    return rp_is_unsigned(dtype) ? 0 : -(int64_t)top - 1;
  case FOLD_MIN:
    return (int64_t)(rp_is_unsigned(dtype) ? 2 * top + 1 : top);
  default:
    return 0;
  }
}

static int64_t int_fold(fold f, int64_t a, int64_t b, eager_dtype dtype) {
  bool less = dtype == EAGER_UINT64 ? (uint64_t)a < (uint64_t)b : a < b;
  switch (f) {
  case FOLD_SUM:
    return (int64_t)((uint64_t)a + (uint64_t)b);
  case FOLD_PROD:
    return (int64_t)((uint64_t)a * (uint64_t)b);
  case FOLD_MAX:
    return less ? b : a;
  case FOLD_MIN:
    return less ? a : b;
  case FOLD_ANY:
    return a || b;
  default:
    return a && b;
  }
}

/* Whether the fold is exact in any order: a product only of few small numbers. */
static bool folds_exactly(fold f, const rp_value *x, int64_t each) {
  if (!test_is_float(x->dtype)) return true;
  if (f == FOLD_SUM) return rp_sums_exactly(x->dtype, rp_absolute_sum(x), rp_unit(x));
  if (f != FOLD_PROD) return true;
  double product = 1;
  if (rp_unit(x) != 1 || each > 1000) return false;
  for (int64_t i = 0; i < x->count; i++) {
    double v = rp_get(x, i);
    if (isfinite(v) && fabs(v) > 1) product *= fabs(v);
  }
  return rp_sums_exactly(x->dtype, product, 1);
}

static void evaluate_fold(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  fold f = *(const fold *)op->data;
  const rp_value *x = in[0];
  unsigned axes;
  bool keep = rp_attr_int(step, "keep_dims", 0) != 0, ones = true;
  if (!rp_read_axes(step, x->shape.rank, result, &axes)) return;
  test_shape kept = test_reduced(x->shape, axes, true);
  int64_t each = 1;
  for (int i = 0; i < x->shape.rank; i++) {
    ones = ones && (!(axes >> i & 1) || x->shape.dims[i] == 1);
    if (axes >> i & 1) each *= x->shape.dims[i];
  }
  if (!ones && (!rp_all_plain(step, in, result) || !folds_exactly(f, x, each))) {
    rp_unclear(result);
    return;
  }
  rp_value *out = rp_output(result, x->dtype, test_reduced(x->shape, axes, keep));
  if (out == NULL) return;
  result->view_of[0] = ones;
  bool floats = test_is_float(x->dtype);
  double *sums = calloc((size_t)out->count + 1, sizeof *sums);
  for (int64_t i = 0; i < out->count; i++) {
    if (floats)
      sums[i] = float_begin(f);
    else
      rp_set_int(out, i, int_begin(f, x->dtype));
  }
  test_walk w;
  for (test_walk_begin(&w, x->shape); w.more; test_walk_next(&w)) {
    int64_t at = test_walk_offset(&w, kept);
    if (ones)
      rp_move(out, at, x, w.position);
    else if (floats)
      sums[at] = float_fold(f, sums[at], rp_get(x, w.position));
    else
      rp_set_int(out, at,
                 int_fold(f, rp_get_int(out, at), rp_get_int(x, w.position), x->dtype));
  }
  for (int64_t i = 0; i < out->count && floats && !ones; i++) rp_set(out, i, sums[i]);
  out->moved = ones && x->moved;
  free(sums);
}

/* --- Running totals --- */

static void evaluate_scan(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  fold f = *(const fold *)op->data;
  const rp_value *x = in[0];
  int axis;
  if (!rp_axis(step, "axis", 0, x->shape.rank, result, &axis)) return;
  if (!rp_all_plain(step, in, result) || !folds_exactly(f, x, x->shape.dims[axis])) {
    rp_unclear(result);
    return;
  }
  bool exclusive = rp_attr_int(step, "exclusive", 0) != 0;
  bool reverse = rp_attr_int(step, "reverse", 0) != 0;
  rp_value *out = rp_output(result, x->dtype, x->shape);
  if (out == NULL) return;
  int64_t outer = rp_product(x->shape, 0, axis), extent = x->shape.dims[axis];
  int64_t inner = rp_product(x->shape, axis + 1, x->shape.rank);
  for (int64_t row = 0; row < outer * inner; row++) {
    int64_t base = row / inner * extent * inner + row % inner;
    double total = float_begin(f);
    int64_t whole = int_begin(f, x->dtype);
    for (int64_t k = 0; k < extent; k++) {
      int64_t at = base + (reverse ? extent - 1 - k : k) * inner;
      double before = total;
      int64_t whole_before = whole;
      total = float_fold(f, total, rp_get(x, at));
      if (!test_is_float(x->dtype)) whole = int_fold(f, whole, rp_get_int(x, at), x->dtype);
      if (test_is_float(x->dtype))
        rp_set(out, at, exclusive ? before : total);
      else
        rp_set_int(out, at, exclusive ? whole_before : whole);
    }
  }
}

/* --- Places of extremes --- */

static bool beats(const rp_value *x, int64_t a, int64_t b, bool largest) {
  if (!test_is_float(x->dtype)) {
    int64_t p = rp_get_int(x, a), q = rp_get_int(x, b);
    bool less = x->dtype == EAGER_UINT64 ? (uint64_t)p < (uint64_t)q : p < q;
    return p != q && less != largest;
  }
  double p = rp_get(x, a), q = rp_get(x, b);
  if (isnan(q)) return false;
  return isnan(p) || (largest ? p > q : p < q);
}

static void evaluate_arg(const rp_op *op, const rp_step *step, const rp_value *const *in,
                         rp_result *result) {
  const rp_value *x = in[0];
  bool largest = strcmp(op->name, "ArgMax") == 0;
  int64_t given = rp_attr_int(step, "dimension", 0);
  int rank = x->shape.rank;
  if (given < -rank || given >= rank) {
    rp_unclear(result);
    return;
  }
  int axis = (int)(given < 0 ? given + rank : given);
  if (x->shape.dims[axis] == 0) {
    rp_refuse(result, "Reduction axis %d is empty in shape %s", axis,
              rp_shape_text(x->shape));
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  eager_dtype type = (eager_dtype)rp_attr_int(step, "output_type", EAGER_INT64);
  test_shape shape = test_reduced(x->shape, 1u << axis, false);
  rp_value *out = rp_output(result, type, shape);
  if (out == NULL) return;
  int64_t extent = x->shape.dims[axis], inner = rp_product(x->shape, axis + 1, rank);
  for (int64_t row = 0; row < out->count; row++) {
    int64_t base = row / inner * extent * inner + row % inner, best = 0;
    for (int64_t k = 1; k < extent; k++)
      if (beats(x, base + k * inner, base + best * inner, largest)) best = k;
    rp_set_int(out, row, best);
  }
}

/* --- Choosing --- */

static bool choose_fold(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  int64_t axes[8];
  int count = 0;
  for (int i = 0; i < rank; i++)
    if (rp_chance(chooser, 50)) axes[count++] = rp_chance(chooser, 50) ? i : i - rank;
  if (count > 0 && count < 8 && rp_chance(chooser, 1)) {
    axes[count] = axes[0];
    count++;
  }
  if (rp_chance(chooser, 80)) rp_attr_add_list(step, "axis", count, axes);
  if (rp_chance(chooser, 50)) rp_attr_add_bool(step, "keep_dims", rp_chance(chooser, 60));
  return true;
}

static bool choose_scan(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  rp_attr_add_int(step, "axis",
                  rp_choose(chooser, -rank, rp_chance(chooser, 98) ? rank - 1 : rank));
  if (rp_chance(chooser, 40)) rp_attr_add_bool(step, "exclusive", true);
  if (rp_chance(chooser, 40)) rp_attr_add_bool(step, "reverse", true);
  return true;
}

static bool choose_arg(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  rp_attr_add_int(step, "dimension", rp_choose(chooser, -rank, rank - 1));
  if (rp_chance(chooser, 50)) rp_attr_add_dtype(step, "output_type", EAGER_INT32);
  return true;
}

#define FOLD(raw, function, set, kind)                                                     \
  {                                                                                        \
    .name = raw, .door = RP_DOOR_REDUCE, RP_TYPED(function), .dtypes = set,                \
    .attrs = {"axis", "keep_dims"}, .choose = choose_fold, .evaluate = evaluate_fold,      \
    .data = &(const fold) {                                                                \
      kind                                                                                 \
    }                                                                                      \
  }
#define SCAN(raw, function, kind)                                                          \
  {                                                                                        \
    .name = raw, .door = RP_DOOR_SCAN, RP_TYPED(function), .dtypes = RP_NUMBERS,           \
    .attrs = {"axis"}, .choose = choose_scan, .evaluate = evaluate_scan,                   \
    .data = &(const fold) {                                                                \
      kind                                                                                 \
    }                                                                                      \
  }
#define ARG(raw, function)                                                                 \
  {                                                                                        \
    .name = raw, .door = RP_DOOR_ARG, RP_TYPED(function), .dtypes = RP_ANY,                \
    .attrs = {"dimension", "output_type"}, .choose = choose_arg, .evaluate = evaluate_arg  \
  }
static const rp_op ops[] = {
    FOLD("Sum", eager_reduce_sum, RP_NUMBERS, FOLD_SUM),
    FOLD("Prod", eager_reduce_prod, RP_NUMBERS, FOLD_PROD),
    FOLD("Max", eager_reduce_max, RP_NUMBERS, FOLD_MAX),
    FOLD("Min", eager_reduce_min, RP_NUMBERS, FOLD_MIN),
    FOLD("Any", eager_reduce_any, RP_BOOLS, FOLD_ANY),
    FOLD("All", eager_reduce_all, RP_BOOLS, FOLD_ALL),
    SCAN("Cumsum", eager_cumsum, FOLD_SUM),
    SCAN("Cumprod", eager_cumprod, FOLD_PROD),
    ARG("ArgMax", eager_argmax),
    ARG("ArgMin", eager_argmin),
};
const rp_family rp_family_reduce = {ops, sizeof ops / sizeof *ops};
