/* Ops that sort, search and depend on data. Order: NaN above all numbers, equals by place.
 */
#include <math.h>

#include "random/ops.h"

/* Below 0, 0 or above as element a comes before b. */
static int compare(const rp_value *x, int64_t a, const rp_value *y, int64_t b) {
  if (test_is_float(x->dtype)) {
    double p = rp_get(x, a), q = rp_get(y, b);
    if (isnan(p) || isnan(q)) return isnan(p) - isnan(q);
    return (p > q) - (p < q);
  }
  int64_t p = rp_get_int(x, a), q = rp_get_int(y, b);
  if (x->dtype == EAGER_UINT64)
    return ((uint64_t)p > (uint64_t)q) - ((uint64_t)p < (uint64_t)q);
  return (p > q) - (p < q);
}

/* order[k] is the place, along an axis of `extent` elements `inner` apart from `base` on,
 * of the k-th one. */
static void sort_row(const rp_value *x, int64_t base, int64_t extent, int64_t inner,
                     bool down, int64_t *order) {
  for (int64_t k = 0; k < extent; k++) order[k] = k;
  for (int64_t width = 1; width < extent; width *= 2) { /* merging from below, stable */
    int64_t *merged = malloc((size_t)extent * sizeof *merged);
    if (merged == NULL) abort();
    for (int64_t begin = 0; begin < extent; begin += 2 * width) {
      int64_t middle = begin + width < extent ? begin + width : extent;
      int64_t end = begin + 2 * width < extent ? begin + 2 * width : extent;
      int64_t i = begin, j = middle;
      for (int64_t k = begin; k < end; k++) {
        bool left = i < middle;
        if (left && j < end) {
          int c = compare(x, base + order[i] * inner, x, base + order[j] * inner);
          left = down ? c >= 0 : c <= 0;
        }
        merged[k] = left ? order[i++] : order[j++];
      }
    }
    memcpy(order, merged, (size_t)extent * sizeof *merged);
    free(merged);
  }
}

static void evaluate_sort(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_value *x = in[0];
  int axis;
  if (!rp_axis(step, "axis", -1, x->shape.rank, result, &axis)) return;
  if (!rp_all_plain(step, in, result)) return;
  bool places = strcmp(op->name, "Argsort") == 0;
  const rp_attr *direction = rp_attr_find(step, "direction");
  bool down = direction != NULL && strcmp(direction->text, "DESCENDING") == 0;
  rp_value *out = rp_output(result, places ? EAGER_INT32 : x->dtype, x->shape);
  if (out == NULL) return;
  out->moved = x->moved;
  result->view_of[0] = x->count <= 1 || x->shape.dims[axis] <= 1 ? RP_VIEW_MAYBE : 0;
  int64_t extent = x->shape.dims[axis];
  int64_t inner = rp_product(x->shape, axis + 1, x->shape.rank);
  int64_t rows = extent > 0 ? x->count / extent : 0;
  int64_t *order = malloc((size_t)(extent + 1) * sizeof *order);
  if (order == NULL) abort();
  for (int64_t row = 0; row < rows; row++) {
    int64_t base = row / inner * extent * inner + row % inner;
    sort_row(x, base, extent, inner, down, order);
    for (int64_t k = 0; k < extent; k++) {
      if (places)
        rp_set_int(out, base + k * inner, order[k]);
      else
        rp_move(out, base + k * inner, x, base + order[k] * inner);
    }
  }
  free(order);
}

/* The first k of each row, descending, and their places. NthElement: only the last. */
static void evaluate_top(const rp_op *op, const rp_step *step, const rp_value *const *in,
                         rp_result *result) {
  const rp_value *x = in[0];
  bool nth = strcmp(op->name, "NthElement") == 0;
  int rank = x->shape.rank;
  int64_t k = nth ? rp_attr_int(step, "n", 0) + 1 : rp_attr_int(step, "k", 0);
  if (rank < 1 || k < 0 || k > x->shape.dims[rank - 1] || (nth && k < 1)) {
    rp_unclear(result);
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  bool down = !nth || rp_attr_int(step, "reverse", 0) != 0;
  int64_t extent = x->shape.dims[rank - 1], rows = extent > 0 ? x->count / extent : 0;
  test_shape shape = x->shape;
  shape.dims[rank - 1] = k;
  if (nth) shape.rank--;
  rp_value *values = rp_output(result, x->dtype, shape);
  rp_value *places = nth ? NULL : rp_output(result, EAGER_INT32, shape);
  if (values == NULL || (!nth && places == NULL)) return;
  values->moved = x->moved && !nth; /* of 0 and -0 either may be the n-th */
  int64_t *order = malloc((size_t)(extent + 1) * sizeof *order);
  if (order == NULL) abort();
  for (int64_t row = 0; row < rows; row++) {
    sort_row(x, row * extent, extent, 1, down, order);
    if (nth) rp_move(values, row, x, row * extent + order[k - 1]);
    for (int64_t i = 0; i < k && !nth; i++) {
      rp_move(values, row * k + i, x, row * extent + order[i]);
      rp_set_int(places, row * k + i, order[i]);
    }
  }
  free(order);
}

static void evaluate_bound(const rp_op *op, const rp_step *step, const rp_value *const *in,
                           rp_result *result) {
  const rp_value *rows = in[0], *x = in[1];
  int rank = rows->shape.rank;
  (void)op;
  bool good = rank >= 1 && x->shape.rank == rank && rp_is_plain(rows) && rp_is_plain(x);
  for (int i = 0; i < rank - 1 && good; i++) good = rows->shape.dims[i] == x->shape.dims[i];
  int64_t n = good ? rows->shape.dims[rank - 1] : 0, m = good ? x->shape.dims[rank - 1] : 0;
  for (int64_t i = 1; i < rows->count && good; i++)
    good = i % n == 0 || compare(rows, i - 1, rows, i) <= 0;
  if (!good) {
    rp_unclear(result);
    return;
  }
  const rp_attr *side = rp_attr_find(step, "side");
  bool right = side != NULL && strcmp(side->text, "right") == 0;
  rp_value *out = rp_output(result, EAGER_INT32, x->shape);
  if (out == NULL) return;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t at = 0, base = i / m * n;
    while (at < n) {
      int c = compare(rows, base + at, x, i);
      if (!(right ? c <= 0 : c < 0)) break;
      at++;
    }
    rp_set_int(out, i, at);
  }
}

static bool is_set(const rp_value *x, int64_t i) {
  return test_is_float(x->dtype) ? rp_get(x, i) != 0 : rp_get_int(x, i) != 0;
}

static void evaluate_where(const rp_op *op, const rp_step *step, const rp_value *const *in,
                           rp_result *result) {
  const rp_value *x = in[0];
  (void)op;
  if (x->shape.rank == 0) {
    rp_unclear(result);
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  int64_t found = 0;
  for (int64_t i = 0; i < x->count; i++) found += is_set(x, i);
  rp_value *out = rp_output(result, EAGER_INT64, (test_shape){2, {found, x->shape.rank}});
  if (out == NULL) return;
  test_walk w;
  int64_t row = 0;
  for (test_walk_begin(&w, x->shape); w.more; test_walk_next(&w)) {
    if (!is_set(x, w.position)) continue;
    for (int i = 0; i < x->shape.rank; i++)
      rp_set_int(out, row * x->shape.rank + i, w.index[i]);
    row++;
  }
}

static void evaluate_mask(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_value *x = in[0], *mask = in[1];
  int64_t axis = rp_attr_int(step, "axis", 0);
  (void)op;
  bool good = mask->shape.rank > 0 && axis >= 0 && axis + mask->shape.rank <= x->shape.rank;
  for (int i = 0; i < mask->shape.rank && good; i++)
    good = x->shape.dims[axis + i] == mask->shape.dims[i];
  if (!good) {
    rp_unclear(result);
    return;
  }
  int64_t found = 0;
  for (int64_t i = 0; i < mask->count; i++) found += is_set(mask, i);
  test_shape shape = {.rank = (int)axis};
  for (int i = 0; i < axis; i++) shape.dims[i] = x->shape.dims[i];
  shape.dims[shape.rank++] = found;
  int after = (int)axis + mask->shape.rank;
  for (int i = after; i < x->shape.rank; i++) shape.dims[shape.rank++] = x->shape.dims[i];
  rp_value *out = rp_output(result, x->dtype, shape);
  if (out == NULL) return;
  out->moved = x->moved;
  int64_t rows = rp_product(x->shape, 0, (int)axis), to = 0;
  int64_t inner = rp_product(x->shape, after, x->shape.rank);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < mask->count; k++)
      for (int64_t c = 0; c < inner && is_set(mask, k); c++)
        rp_move(out, to++, x, (r * mask->count + k) * inner + c);
}

static void evaluate_unique(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  const rp_value *x = in[0];
  bool counted = strcmp(op->name, "UniqueWithCounts") == 0;
  eager_dtype type = (eager_dtype)rp_attr_int(step, "out_idx", EAGER_INT32);
  if (x->shape.rank != 1 || x->count > 5000) { /* searched one by one */
    rp_unclear(result);
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  int64_t *first = malloc((size_t)(x->count + 1) * sizeof *first), found = 0;
  rp_value *group = rp_value_new(type, x->shape);
  if (first == NULL) abort();
  for (int64_t i = 0; i < x->count; i++) {
    bool same = false;
    int64_t g = 0;
    bool nan = test_is_float(x->dtype) && isnan(rp_get(x, i));
    for (; g < found && !nan; g++)
      if ((same = compare(x, i, x, first[g]) == 0)) break;
    if (!same) first[g = found++] = i;
    rp_set_int(group, i, g);
  }
  rp_value *y = rp_output(result, x->dtype, (test_shape){1, {found}});
  y->moved = x->moved;
  for (int64_t i = 0; i < found; i++) rp_move(y, i, x, first[i]);
  result->outputs[result->output_count++] = group;
  rp_value *counts = counted ? rp_output(result, type, (test_shape){1, {found}}) : NULL;
  for (int64_t i = 0; i < x->count && counted; i++) {
    int64_t g = rp_get_int(group, i);
    rp_set_int(counts, g, rp_get_int(counts, g) + 1);
  }
  free(first);
}

/* --- Choosing --- */

static bool choose_sort(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 5))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  if (rp_chance(chooser, 60))
    rp_attr_add_int(step, "axis", rp_choose(chooser, -rank, rank - 1));
  if (rp_chance(chooser, 50))
    rp_attr_add_text(step, "direction",
                     rp_chance(chooser, 60) ? "DESCENDING" : "ASCENDING");
  return true;
}

static bool choose_top(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 5))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  int64_t extent = x->shape.dims[x->shape.rank - 1];
  bool nth = strcmp(op->name, "NthElement") == 0;
  if (nth && extent == 0) return false;
  rp_attr_add_int(step, nth ? "n" : "k", rp_choose(chooser, 0, nth ? extent - 1 : extent));
  if (nth && rp_chance(chooser, 50)) rp_attr_add_bool(step, "reverse", true);
  if (!nth) step->output_count = 2;
  return true;
}

static bool choose_bound(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int64_t rows = rp_choose(chooser, 1, 3), n = rp_choose(chooser, 0, 9);
  eager_dtype dtype = rp_choose_dtype(chooser, op->dtypes);
  rp_fill fill = {RP_FILL_RISING, (uint32_t)rp_choose(chooser, 0, 1 << 30), 0, 100};
  if (rows > 1) n = rp_choose(chooser, 0, 1);
  int sorted = rp_choose_new(chooser, dtype, (test_shape){2, {rows, n}}, fill);
  fill = (rp_fill){RP_FILL_SMALL, fill.seed + 1, 0, 8};
  int values = rp_choose_new(chooser, dtype,
                             (test_shape){2, {rows, rp_choose(chooser, 0, 20)}}, fill);
  if (rp_chance(chooser, 50)) rp_attr_add_text(step, "side", "right");
  return rp_add_input(step, sorted) && rp_add_input(step, values);
}

static bool choose_where(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  return rp_add_input(
      step, rp_choose_register(chooser, rp_chance(chooser, 50) ? RP_BOOLS : RP_ANY, 1, 5));
}

static bool choose_mask(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 5))) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape, mask = {0};
  int axis = (int)rp_choose(chooser, 0, x.rank - 1);
  int axes = (int)rp_choose(chooser, 1, x.rank - axis);
  for (int i = 0; i < axes; i++) mask.dims[mask.rank++] = x.dims[axis + i];
  rp_attr_add_int(step, "axis", axis);
  return rp_add_input(step, rp_choose_like(chooser, EAGER_BOOL, mask));
}

static bool choose_unique(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 1))) return false;
  if (rp_chance(chooser, 50)) rp_attr_add_dtype(step, "out_idx", EAGER_INT64);
  step->output_count = strcmp(op->name, "UniqueWithCounts") == 0 ? 3 : 2;
  return true;
}

#define ORDER(raw, set, choosing, evaluating)                                              \
  .name = raw, .dtypes = set, .moves = true, .choose = choosing, .evaluate = evaluating
static const rp_op ops[] = {
    {ORDER("Sort", RP_NUMBERS, choose_sort, evaluate_sort)},
    {ORDER("Argsort", RP_NUMBERS, choose_sort, evaluate_sort)},
    {ORDER("TopKV2", RP_NUMBERS, choose_top, evaluate_top)},
    {ORDER("NthElement", RP_NUMBERS, choose_top, evaluate_top)},
    {ORDER("SearchSorted", RP_NUMBERS, choose_bound, evaluate_bound)},
    {ORDER("Where", RP_ANY, choose_where, evaluate_where), .door = RP_DOOR_1,
     RP_TYPED(eager_where_indices), .waits = true},
    {ORDER("BooleanMask", RP_ANY, choose_mask, evaluate_mask), .door = RP_DOOR_INDEX,
     RP_TYPED(eager_boolean_mask), .attrs = {"axis"}, .input_dtypes = {0, RP_BOOLS},
     .waits = true},
    {ORDER("Unique", RP_ANY, choose_unique, evaluate_unique), .waits = true},
    {ORDER("UniqueWithCounts", RP_ANY, choose_unique, evaluate_unique), .waits = true},
};
const rp_family rp_family_order = {ops, sizeof ops / sizeof *ops};
