/* Ops that go by indices: gather, scatter, segments, one-hot, sequences. */
#include <math.h>

#include "random/ops.h"

/* --- Gather --- */

static void evaluate_gather(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  const rp_value *x = in[0], *indices = in[1];
  int axis;
  (void)op;
  if (!rp_axis(step, "axis", 0, x->shape.rank, result, &axis)) return;
  test_shape shape = {0};
  if (x->shape.rank - 1 + indices->shape.rank > EAGER__MAX_RANK) {
    rp_refuse(result, "the result's rank is more than %d", EAGER__MAX_RANK);
    return;
  }
  for (int i = 0; i < axis; i++) shape.dims[shape.rank++] = x->shape.dims[i];
  for (int i = 0; i < indices->shape.rank; i++)
    shape.dims[shape.rank++] = indices->shape.dims[i];
  for (int i = axis + 1; i < x->shape.rank; i++)
    shape.dims[shape.rank++] = x->shape.dims[i];
  rp_value *out = rp_output(result, x->dtype, shape);
  if (out == NULL) return;
  out->moved = x->moved;
  int64_t rows = rp_product(x->shape, 0, axis), extent = x->shape.dims[axis], bad = -1;
  int64_t inner = rp_product(x->shape, axis + 1, x->shape.rank);
  for (int64_t k = 0; k < indices->count && out->count > 0; k++) {
    int64_t at = rp_get_int(indices, k);
    if (at < 0 || at >= extent) {
      if (bad < 0) bad = k;
      continue;
    }
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < inner; c++)
        rp_move(out, (r * indices->count + k) * inner + c, x,
                (r * extent + at) * inner + c);
  }
  if (bad >= 0)
    rp_fail(result, "indices[%lld] is not in [0, %lld)", (long long)bad, (long long)extent);
}

static bool choose_gather(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 5))) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  int axis = (int)rp_choose(chooser, 0, x.rank - 1);
  rp_attr_add_int(step, "axis", rp_chance(chooser, 70) ? axis : axis - x.rank);
  int64_t count = 1;
  for (int i = 0; i < x.rank; i++) count *= i == axis ? 1 : x.dims[i];
  test_shape many = rp_choose_shape(chooser, 0, 2);
  if (test_elements(many) * count > 20000) return false;
  eager_dtype dtype = rp_choose_dtype(chooser, op->input_dtypes[1]);
  return rp_add_input(
      step, rp_choose_new(chooser, dtype, many, rp_choose_indices(chooser, x.dims[axis])));
}

/* Where row `row` of indices [..., depth] points in `shape`, in slices; -1: nowhere. */
static int64_t corner(const rp_value *indices, int64_t row, int depth, test_shape shape) {
  int64_t at = 0;
  for (int i = 0; i < depth; i++) {
    int64_t v = rp_get_int(indices, row * depth + i);
    if (v < 0 || v >= shape.dims[i]) return -1;
    at = at * shape.dims[i] + v;
  }
  return at;
}

static void evaluate_gather_nd(const rp_op *op, const rp_step *step,
                               const rp_value *const *in, rp_result *result) {
  const rp_value *x = in[0], *indices = in[1];
  (void)op, (void)step;
  int last = indices->shape.rank - 1;
  int depth = last >= 0 ? (int)indices->shape.dims[last] : -1;
  if (depth < 1 || depth > x->shape.rank || last + x->shape.rank - depth > 8 ||
      rp_product(x->shape, 0, depth) == 0) {
    rp_unclear(result);
    return;
  }
  test_shape shape = {.rank = last};
  for (int i = 0; i < last; i++) shape.dims[i] = indices->shape.dims[i];
  for (int i = depth; i < x->shape.rank; i++) shape.dims[shape.rank++] = x->shape.dims[i];
  rp_value *out = rp_output(result, x->dtype, shape);
  if (out == NULL) return;
  out->moved = x->moved;
  int64_t inner = rp_product(x->shape, depth, x->shape.rank), bad = -1;
  for (int64_t row = 0; row < indices->count / depth && out->count > 0; row++) {
    int64_t at = corner(indices, row, depth, x->shape);
    if (at < 0 && bad < 0) bad = row;
    for (int64_t c = 0; c < inner && at >= 0; c++)
      rp_move(out, row * inner + c, x, at * inner + c);
  }
  if (bad >= 0)
    rp_fail(result, "indices[%lld] does not index into param shape %s", (long long)bad,
            rp_shape_text(x->shape));
}

/* [rows, depth] whose columns fit the first extents of x. */
static int choose_corners(rp_chooser *chooser, eager_dtype dtype, test_shape x, int depth,
                          int64_t rows) {
  int64_t least = x.dims[0];
  for (int i = 1; i < depth; i++)
    if (x.dims[i] < least) least = x.dims[i];
  return rp_choose_new(chooser, dtype, (test_shape){2, {rows, depth}},
                       rp_choose_indices(chooser, least));
}

static bool choose_gather_nd(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 5))) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  int depth = (int)rp_choose(chooser, 1, x.rank);
  eager_dtype dtype = rp_choose_dtype(chooser, op->input_dtypes[1]);
  return rp_add_input(step,
                      choose_corners(chooser, dtype, x, depth, rp_choose(chooser, 0, 9)));
}

/* --- Scatter: into zeros of a shape, or into a tensor --- */

static void evaluate_scatter(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  bool fresh = strcmp(op->name, "ScatterNd") == 0;
  bool replaces = strcmp(op->name, "TensorScatterUpdate") == 0;
  const rp_value *indices = in[fresh ? 0 : 1], *updates = in[fresh ? 1 : 2];
  const rp_attr *list = rp_attr_find(step, "shape");
  test_shape shape = {0};
  if (!fresh) shape = in[0]->shape;
  for (int i = 0; fresh && i < list->count && i < 8; i++)
    shape.dims[shape.rank++] = list->ints[i];
  int depth = indices->shape.rank == 2 ? (int)indices->shape.dims[1] : -1;
  bool good = depth >= 1 && depth <= shape.rank &&
              updates->shape.rank == 1 + shape.rank - depth &&
              updates->shape.dims[0] == indices->shape.dims[0] && test_elements(shape) > 0;
  for (int i = depth; i < shape.rank && good; i++)
    good = updates->shape.dims[1 + i - depth] == shape.dims[i];
  const rp_value *two[] = {updates, fresh ? updates : in[0]};
  if (good && !replaces) {
    good = rp_is_plain(two[0]) && rp_is_plain(two[1]) &&
           rp_sums_exactly(updates->dtype,
                           rp_absolute_sum(two[0]) + rp_absolute_sum(two[1]), 8);
  }
  if (!good || updates->dtype == EAGER_BOOL) {
    rp_unclear(result);
    return;
  }
  rp_value *out = rp_output(result, updates->dtype, shape);
  if (out == NULL) return;
  if (!fresh) memcpy(out->bytes, in[0]->bytes, (size_t)out->count * out->size);
  out->moved = replaces && in[0]->moved && updates->moved;
  int64_t inner = rp_product(shape, depth, shape.rank), bad = -1;
  for (int64_t row = 0; row < indices->shape.dims[0]; row++) {
    int64_t at = corner(indices, row, depth, shape);
    if (at < 0 && bad < 0) bad = row;
    for (int64_t c = 0; c < inner && at >= 0; c++) {
      int64_t to = at * inner + c, from = row * inner + c;
      if (replaces)
        rp_move(out, to, updates, from);
      else if (test_is_float(out->dtype))
        rp_set(out, to, rp_get(out, to) + rp_get(updates, from));
      else
        rp_set_int(
            out, to,
            (int64_t)((uint64_t)rp_get_int(out, to) + (uint64_t)rp_get_int(updates, from)));
    }
  }
  if (bad >= 0)
    rp_fail(result, "indices[%lld] does not index into shape %s", (long long)bad,
            rp_shape_text(shape));
}

static bool choose_scatter(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  bool fresh = strcmp(op->name, "ScatterNd") == 0;
  int x = rp_choose_register(chooser, op->dtypes & RP_NUMBERS, 1, 4);
  if (x < 0) return false;
  test_shape shape = rp_look(chooser, x)->shape;
  eager_dtype dtype = rp_look(chooser, x)->dtype;
  int depth = (int)rp_choose(chooser, 1, shape.rank);
  int64_t rows = rp_choose(chooser, 0, 9);
  int indices =
      choose_corners(chooser, rp_choose_dtype(chooser, RP_INDICES), shape, depth, rows);
  test_shape parts = {.rank = 1, .dims = {rows}};
  for (int i = depth; i < shape.rank; i++) parts.dims[parts.rank++] = shape.dims[i];
  rp_fill fill = {RP_FILL_SMALL, (uint32_t)rp_choose(chooser, 0, 1 << 30), 0, 3};
  int updates = rp_choose_new(chooser, dtype, parts, fill);
  if (fresh) rp_attr_add_list(step, "shape", shape.rank, shape.dims);
  return (fresh || rp_add_input(step, x)) && rp_add_input(step, indices) &&
         rp_add_input(step, updates);
}

/* --- Segments of rows --- */

typedef enum combine { COMBINE_SUM, COMBINE_MAX, COMBINE_MIN } combine;

/* Of max and min: what stands where no id points. */
static void set_empty(rp_value *out, int64_t i, combine how) {
  static const double largest[] = {[EAGER_FLOAT32] = 0x1.fffffep127,
                                   [EAGER_FLOAT64] = 0x1.fffffffffffffp1023,
                                   [EAGER_FLOAT16] = 65504,
                                   [EAGER_BFLOAT16] = 0x1.fep127};
  if (how == COMBINE_SUM) return;
  bool low = how == COMBINE_MAX;
  if (test_is_float(out->dtype)) {
    rp_set(out, i, low ? -largest[out->dtype] : largest[out->dtype]);
    return;
  }
  uint64_t top = (UINT64_C(1) << (rp_bits(out->dtype) - 1)) - 1;
  if (rp_is_unsigned(out->dtype))
    rp_set_int(out, i, low ? 0 : (int64_t)(2 * top + 1));
  else
    rp_set_int(out, i, low ? -(int64_t)top - 1 : (int64_t)top);
}

static void combine_into(rp_value *out, int64_t to, const rp_value *x, int64_t from,
                         combine how, bool first) {
  if (first && how != COMBINE_SUM) {
    rp_move(out, to, x, from);
  } else if (test_is_float(out->dtype)) {
    double a = rp_get(out, to), b = rp_get(x, from);
    double best = isnan(a) || isnan(b) ? NAN : (how == COMBINE_MAX) == (a > b) ? a : b;
    rp_set(out, to, how == COMBINE_SUM ? a + b : best);
  } else {
    int64_t a = rp_get_int(out, to), b = rp_get_int(x, from);
    bool less = out->dtype == EAGER_UINT64 ? (uint64_t)a < (uint64_t)b : a < b;
    int64_t best = (how == COMBINE_MAX) == less ? b : a;
    rp_set_int(out, to, how == COMBINE_SUM ? (int64_t)((uint64_t)a + (uint64_t)b) : best);
  }
}

static void evaluate_segments(const rp_op *op, const rp_step *step,
                              const rp_value *const *in, rp_result *result) {
  combine how = *(const combine *)op->data;
  const rp_value *x = in[0], *ids = in[1];
  int64_t segments = rp_attr_int(step, "num_segments", -1);
  bool rising = op->waits;
  bool good = x->shape.rank >= 1 && ids->shape.rank == 1 &&
              x->shape.dims[0] == ids->shape.dims[0] && rp_is_plain(x) &&
              (rising ? ids->count > 0 : segments >= 0);
  for (int64_t i = 1; i < ids->count && good && rising; i++)
    good = rp_get_int(ids, i) >= rp_get_int(ids, i - 1);
  good = good && (!rising || rp_get_int(ids, 0) >= 0);
  if (good && how == COMBINE_SUM)
    good = rp_sums_exactly(x->dtype, rp_absolute_sum(x), rp_unit(x));
  if (!good) {
    rp_unclear(result);
    return;
  }
  if (rising) segments = rp_get_int(ids, ids->count - 1) + 1;
  test_shape shape = x->shape;
  shape.dims[0] = segments;
  rp_value *out = rp_output(result, x->dtype, shape);
  if (out == NULL) return;
  bool *seen = calloc((size_t)segments + 1, sizeof *seen);
  int64_t inner = rp_product(shape, 1, shape.rank), bad = -1;
  for (int64_t i = 0; i < out->count && !rising; i++) set_empty(out, i, how);
  for (int64_t row = 0; row < ids->count && out->count > 0; row++) {
    int64_t id = rp_get_int(ids, row);
    if (id >= segments && bad < 0) bad = row;
    if (id < 0 || id >= segments) continue;
    for (int64_t c = 0; c < inner; c++)
      combine_into(out, id * inner + c, x, row * inner + c, how, !seen[id]);
    seen[id] = true;
  }
  free(seen);
  if (bad >= 0)
    rp_fail(result, "segment_ids[%lld] is out of range [0, %lld)", (long long)bad,
            (long long)segments);
}

static bool choose_segments(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 4))) return false;
  int64_t rows = rp_look(chooser, step->inputs[0])->shape.dims[0];
  int64_t segments = rp_choose(chooser, 1, 6);
  rp_fill fill = {RP_FILL_RISING, (uint32_t)rp_choose(chooser, 0, 1 << 30),
                  (int32_t)rp_choose(chooser, 0, 1), (int32_t)segments};
  if (!op->waits) {
    rp_attr_add_int(step, "num_segments", segments);
    fill = rp_choose_indices(chooser, segments);
  }
  eager_dtype dtype = rp_choose_dtype(chooser, op->input_dtypes[1]);
  return rp_add_input(step, rp_choose_new(chooser, dtype, (test_shape){1, {rows}}, fill));
}

/* --- One-hot, permutations, sequences --- */

static void evaluate_one_hot(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_value *indices = in[0];
  int64_t depth = rp_attr_int(step, "depth", 0), axis = rp_attr_int(step, "axis", -1);
  int rank = indices->shape.rank;
  (void)op;
  if (in[1]->shape.rank != 0 || in[2]->shape.rank != 0 || rank == EAGER__MAX_RANK ||
      axis < -1 - rank || axis > rank) {
    rp_unclear(result);
    return;
  }
  if (depth < 0) {
    rp_refuse(result, "depth must be non-negative, got: %lld", (long long)depth);
    return;
  }
  if (axis < 0) axis += rank + 1;
  test_shape shape = {.rank = rank + 1};
  for (int i = 0; i <= rank; i++)
    shape.dims[i] = i == axis ? depth : indices->shape.dims[i < axis ? i : i - 1];
  rp_value *out = rp_output(result, in[1]->dtype, shape);
  if (out == NULL) return;
  out->moved = in[1]->moved && in[2]->moved;
  int64_t inner = rp_product(shape, (int)axis + 1, shape.rank);
  for (int64_t i = 0; i < out->count; i++) {
    int64_t place = i / inner % depth;
    int64_t at = i / inner / depth * inner + i % inner;
    rp_move(out, i, in[rp_get_int(indices, at) == place ? 1 : 2], 0);
  }
}

static bool choose_one_hot(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  test_shape shape = rp_choose_shape(chooser, 0, 2);
  int64_t depth = rp_choose(chooser, rp_chance(chooser, 3) ? -1 : 0, 9);
  if (test_elements(shape) > 2000) return false;
  eager_dtype dtype = rp_choose_dtype(chooser, RP_ANY);
  rp_attr_add_int(step, "depth", depth);
  if (rp_chance(chooser, 60))
    rp_attr_add_int(step, "axis", rp_choose(chooser, -1, shape.rank));
  eager_dtype index = rp_choose_dtype(chooser, op->input_dtypes[0]);
  return rp_add_input(step, rp_choose_new(chooser, index, shape,
                                          rp_choose_indices(chooser, depth))) &&
         rp_add_input(step, rp_choose_like(chooser, dtype, (test_shape){0})) &&
         rp_add_input(step, rp_choose_like(chooser, dtype, (test_shape){0}));
}

static void evaluate_invert(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  const rp_value *x = in[0];
  (void)op, (void)step;
  if (x->shape.rank != 1) {
    rp_refuse(result, "invert_permutation expects a 1D vector, got shape %s",
              rp_shape_text(x->shape));
    return;
  }
  rp_value *out = rp_output(result, x->dtype, x->shape);
  if (out == NULL) return;
  bool *seen = calloc((size_t)x->count + 1, sizeof *seen);
  bool good = true;
  for (int64_t i = 0; i < x->count && good; i++) {
    int64_t at = rp_get_int(x, i);
    good = at >= 0 && at < x->count && !seen[at];
    if (!good) break;
    seen[at] = true;
    rp_set_int(out, at, i);
  }
  free(seen);
  if (!good) rp_unclear(result); /* which of two equals is named is the library's */
}

static bool choose_invert(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  rp_fill fill = {RP_FILL_PERMUTATION, (uint32_t)rp_choose(chooser, 0, 1 << 30), 0, 0};
  test_shape shape = rp_choose_shape(chooser, 1, 1);
  return rp_add_input(
      step, rp_choose_new(chooser, rp_choose_dtype(chooser, op->dtypes), shape, fill));
}

static void evaluate_sequence(const rp_op *op, const rp_step *step,
                              const rp_value *const *in, rp_result *result) {
  const rp_value *x = in[0], *lengths = in[1];
  int rank = x->shape.rank;
  (void)op;
  int64_t seq = rp_attr_int(step, "seq_dim", 0), batch = rp_attr_int(step, "batch_dim", 0);
  bool good = seq >= 0 && seq < rank && batch >= 0 && batch < rank && seq != batch &&
              lengths->shape.rank == 1 && lengths->count == x->shape.dims[batch];
  if (!good) {
    rp_unclear(result);
    return;
  }
  rp_value *out = rp_output(result, x->dtype, x->shape);
  if (out == NULL) return;
  out->moved = x->moved;
  int64_t bad = -1;
  test_walk w;
  for (int64_t i = 0; i < lengths->count && bad < 0 && out->count > 0; i++) {
    int64_t v = rp_get_int(lengths, i);
    if (v < 0 || v > x->shape.dims[seq]) bad = i;
  }
  for (test_walk_begin(&w, x->shape); w.more; test_walk_next(&w)) {
    int64_t index[EAGER__MAX_RANK], v = rp_get_int(lengths, w.index[batch]);
    memcpy(index, w.index, sizeof index);
    if (bad < 0 && index[seq] < v) index[seq] = v - 1 - index[seq];
    rp_move(out, w.position, x, test_position(x->shape, index));
  }
  if (bad >= 0)
    rp_fail(result, "seq_lengths[%lld] is not in [0, %lld]", (long long)bad,
            (long long)x->shape.dims[seq]);
}

static bool choose_sequence(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 2, 5))) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  int seq = (int)rp_choose(chooser, 0, x.rank - 1);
  int batch = (int)rp_choose(chooser, 0, x.rank - 2);
  if (batch >= seq) batch++;
  rp_attr_add_int(step, "seq_dim", seq);
  rp_attr_add_int(step, "batch_dim", batch);
  eager_dtype dtype = rp_choose_dtype(chooser, op->input_dtypes[1]);
  return rp_add_input(step, rp_choose_new(chooser, dtype, (test_shape){1, {x.dims[batch]}},
                                          rp_choose_indices(chooser, x.dims[seq] + 1)));
}

enum {
  SHORT_INDICES = RP_INDICES | 1u << EAGER_INT16,
  HOT_INDICES = RP_INDICES | 1u << EAGER_INT8 | 1u << EAGER_UINT8
};
#define SEGMENTS(raw, how, late)                                                           \
  {                                                                                        \
    .name = raw, .dtypes = RP_NUMBERS, .input_dtypes = {0, RP_INDICES}, .waits = late,     \
    .choose = choose_segments, .evaluate = evaluate_segments, .data = &(const combine) {   \
      how                                                                                  \
    }                                                                                      \
  }
static const rp_op ops[] = {
    {.name = "GatherV2",
     .door = RP_DOOR_INDEX,
     RP_TYPED(eager_gather),
     .attrs = {"axis"},
     .dtypes = RP_ANY,
     .input_dtypes = {0, SHORT_INDICES},
     .moves = true,
     .choose = choose_gather,
     .evaluate = evaluate_gather},
    {.name = "GatherNd",
     .dtypes = RP_ANY,
     .input_dtypes = {0, SHORT_INDICES},
     .moves = true,
     .choose = choose_gather_nd,
     .evaluate = evaluate_gather_nd},
    {.name = "ScatterNd",
     .dtypes = RP_ANY,
     .input_dtypes = {SHORT_INDICES},
     .choose = choose_scatter,
     .evaluate = evaluate_scatter},
    {.name = "TensorScatterAdd",
     .door = RP_DOOR_3,
     RP_TYPED(eager_tensor_scatter_nd_add),
     .dtypes = RP_NUMBERS,
     .input_dtypes = {0, RP_INDICES},
     .choose = choose_scatter,
     .evaluate = evaluate_scatter},
    {.name = "TensorScatterUpdate",
     .door = RP_DOOR_3,
     RP_TYPED(eager_tensor_scatter_nd_update),
     .dtypes = RP_ANY,
     .input_dtypes = {0, SHORT_INDICES | 1u << EAGER_UINT16},
     .moves = true,
     .choose = choose_scatter,
     .evaluate = evaluate_scatter},
    SEGMENTS("SegmentSum", COMBINE_SUM, true),
    SEGMENTS("UnsortedSegmentSum", COMBINE_SUM, false),
    SEGMENTS("UnsortedSegmentMax", COMBINE_MAX, false),
    SEGMENTS("UnsortedSegmentMin", COMBINE_MIN, false),
    {.name = "OneHot",
     .dtypes = RP_ANY,
     .input_dtypes = {HOT_INDICES},
     .moves = true,
     .choose = choose_one_hot,
     .evaluate = evaluate_one_hot},
    {.name = "InvertPermutation",
     .door = RP_DOOR_1,
     RP_TYPED(eager_invert_permutation),
     .dtypes = RP_INDICES,
     .moves = true,
     .choose = choose_invert,
     .evaluate = evaluate_invert},
    {.name = "ReverseSequence",
     .dtypes = RP_ANY,
     .input_dtypes = {0, RP_INDICES},
     .moves = true,
     .choose = choose_sequence,
     .evaluate = evaluate_sequence},
};
const rp_family rp_family_index = {ops, sizeof ops / sizeof *ops};
