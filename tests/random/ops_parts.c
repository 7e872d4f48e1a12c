/* Ops that take tensors apart and put them together. */
#include "random/ops.h"

/* `count` rows of output `to`, from column to_column on, are columns of `from`. */
static void copy_strip(rp_value *to, int64_t to_width, int64_t to_column,
                       const rp_value *from, int64_t from_width, int64_t from_column,
                       int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < width; c++)
      rp_move(to, r * to_width + to_column + c, from, r * from_width + from_column + c);
}

/* --- Slices --- */

/* Copies the box whose axis i begins at begin[i] and steps by stride[i]; `box` has x's rank
 * and `shape` is what comes out of it. A run of x's elements is a view. */
static void cut(rp_result *result, const rp_value *x, const int64_t *begin,
                const int64_t *stride, test_shape box, test_shape shape) {
  rp_value *out = rp_output(result, x->dtype, shape);
  if (out == NULL) return;
  out->moved = x->moved;
  bool run = out->count > 0;
  int64_t first = 0;
  test_walk w;
  for (test_walk_begin(&w, box); w.more; test_walk_next(&w)) {
    int64_t index[EAGER__MAX_RANK];
    for (int i = 0; i < box.rank; i++) index[i] = begin[i] + w.index[i] * stride[i];
    int64_t at = test_position(x->shape, index);
    if (w.position == 0) first = at;
    run = run && at == first + w.position;
    rp_move(out, w.position, x, at);
  }
  result->view_of[0] = run;
}

static void evaluate_slice(const rp_op *op, const rp_step *step, const rp_value *const *in,
                           rp_result *result) {
  static const int64_t ones[EAGER__MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  const rp_attr *begin = rp_attr_find(step, "begin"), *size = rp_attr_find(step, "size");
  (void)op;
  test_shape x = in[0]->shape, box = {.rank = x.rank};
  if (begin->count != x.rank || size->count != x.rank) {
    rp_unclear(result);
    return;
  }
  for (int i = 0; i < x.rank; i++) {
    int64_t room = x.dims[i] - begin->ints[i], wanted = size->ints[i];
    if (begin->ints[i] < 0 || room < 0) {
      rp_refuse(result, "Expected begin[%d] in [0, %lld], but got %lld", i,
                (long long)x.dims[i], (long long)begin->ints[i]);
      return;
    }
    if (wanted < -1 || wanted > room) {
      rp_refuse(result, "Expected size[%d] in [0, %lld], but got %lld", i, (long long)room,
                (long long)wanted);
      return;
    }
    box.dims[i] = wanted < 0 ? room : wanted;
  }
  cut(result, in[0], begin->ints, ones, box, box);
}

static int64_t clamped(int64_t given, int64_t dim, bool forward) {
  int64_t low = forward ? 0 : -1, high = forward ? dim : dim - 1;
  int64_t at = given < 0 ? dim + given : given;
  return at < low ? low : at > high ? high : at;
}

/* begin, end and strides for the first axes; masks begin, end and shrink_axis. */
static void evaluate_strided(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_attr *b = rp_attr_find(step, "begin"), *e = rp_attr_find(step, "end");
  const rp_attr *strides = rp_attr_find(step, "strides");
  (void)op;
  int64_t begins = rp_attr_int(step, "begin_mask", 0);
  int64_t ends = rp_attr_int(step, "end_mask", 0);
  int64_t shrinks = rp_attr_int(step, "shrink_axis_mask", 0);
  test_shape x = in[0]->shape, box = {.rank = x.rank}, shape = {0};
  int64_t begin[EAGER__MAX_RANK] = {0}, stride[EAGER__MAX_RANK];
  if (b->count > x.rank || e->count != b->count || strides->count != b->count) {
    rp_unclear(result);
    return;
  }
  for (int i = 0; i < x.rank; i++) {
    int64_t dim = x.dims[i];
    stride[i] = i < b->count ? strides->ints[i] : 1;
    box.dims[i] = dim;
    if (stride[i] == 0) {
      rp_refuse(result, "strides[%d] must be non-zero", i);
      return;
    }
    if (i < b->count && shrinks >> i & 1) {
      begin[i] = b->ints[i] < 0 ? dim + b->ints[i] : b->ints[i];
      box.dims[i] = 1;
      if (begin[i] >= 0 && begin[i] < dim && stride[i] > 0) continue;
      if (stride[i] < 0)
        rp_refuse(result, "only stride 1 allowed on non-range indexing.");
      else
        rp_refuse(result, "slice index %lld of dimension %d out of bounds.",
                  (long long)b->ints[i], i);
      return;
    }
    if (i < b->count) {
      bool forward = stride[i] > 0;
      int64_t first = forward ? 0 : dim - 1, past = forward ? dim : -1;
      begin[i] = begins >> i & 1 ? first : clamped(b->ints[i], dim, forward);
      int64_t end = ends >> i & 1 ? past : clamped(e->ints[i], dim, forward);
      int64_t step_size = forward ? stride[i] : -stride[i];
      int64_t length = forward ? end - begin[i] : begin[i] - end;
      box.dims[i] = length <= 0 ? 0 : (length + step_size - 1) / step_size;
    }
    shape.dims[shape.rank++] = box.dims[i];
  }
  cut(result, in[0], begin, stride, box, shape);
}

static bool choose_slice(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 8))) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  int64_t begin[8], size[8];
  bool rows_only = rp_chance(chooser, 40); /* one run */
  for (int i = 0; i < x.rank; i++) {
    bool whole = rows_only ? i > 0 : rp_chance(chooser, 30);
    begin[i] = whole ? 0 : rp_choose(chooser, 0, x.dims[i]);
    size[i] = whole ? x.dims[i] : rp_choose(chooser, -1, x.dims[i] - begin[i]);
  }
  if (x.rank > 0 && rp_chance(chooser, 2)) size[0] = x.dims[0] + 1;
  rp_attr_add_list(step, "begin", x.rank, begin);
  rp_attr_add_list(step, "size", x.rank, size);
  return true;
}

static bool choose_strided(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 6))) return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  int count = (int)rp_choose(chooser, 0, x.rank);
  int64_t begin[8], end[8], strides[8], shrink = 0;
  for (int i = 0; i < count; i++) {
    int64_t dim = x.dims[i];
    begin[i] = rp_choose(chooser, -dim - 1, dim + 1);
    end[i] = rp_choose(chooser, -dim - 1, dim + 1);
    strides[i] = rp_chance(chooser, 50) ? 1 : rp_choose(chooser, -3, 3);
    if (strides[i] == 0 && !rp_chance(chooser, 10)) strides[i] = 2;
    if (!rp_chance(chooser, 15)) continue;
    shrink |= 1 << i;
    strides[i] = 1;
    if (dim > 0 && !rp_chance(chooser, 5)) begin[i] = rp_choose(chooser, -dim, dim - 1);
  }
  rp_attr_add_list(step, "begin", count, begin);
  rp_attr_add_list(step, "end", count, end);
  rp_attr_add_list(step, "strides", count, strides);
  if (rp_chance(chooser, 50))
    rp_attr_add_int(step, "begin_mask", rp_choose(chooser, 0, 15));
  if (rp_chance(chooser, 50)) rp_attr_add_int(step, "end_mask", rp_choose(chooser, 0, 15));
  if (shrink != 0) rp_attr_add_int(step, "shrink_axis_mask", shrink);
  return true;
}

/* --- Apart --- */

/* Part after part of the sizes given along `axis`, which vanishes for Unpack. */
static void take_apart(rp_result *result, const rp_value *x, int axis, int parts,
                       const int64_t *sizes, bool drop) {
  int64_t rows = rp_product(x->shape, 0, axis);
  int64_t inner = rp_product(x->shape, axis + 1, x->shape.rank);
  int64_t width = x->shape.dims[axis] * inner, column = 0;
  for (int i = 0; i < parts; i++) {
    test_shape shape = x->shape;
    shape.dims[axis] = sizes[i];
    for (int k = axis; drop && k + 1 < shape.rank; k++) shape.dims[k] = shape.dims[k + 1];
    if (drop) shape.rank--;
    rp_value *out = rp_output(result, x->dtype, shape);
    if (out == NULL) return;
    out->moved = x->moved;
    copy_strip(out, sizes[i] * inner, 0, x, width, column, rows, sizes[i] * inner);
    column += sizes[i] * inner;
    result->view_of[i] = (rows == 1 && out->count > 0) || parts == 1;
  }
}

static void evaluate_split(const rp_op *op, const rp_step *step, const rp_value *const *in,
                           rp_result *result) {
  int axis;
  (void)op;
  int parts = (int)rp_attr_int(step, "num_split", 1);
  int64_t sizes[RP_OUTPUTS];
  if (parts < 1 || parts > RP_OUTPUTS || parts != step->output_count) {
    rp_unclear(result);
    return;
  }
  if (!rp_axis(step, "axis", 0, in[0]->shape.rank, result, &axis)) return;
  int64_t dim = in[0]->shape.dims[axis];
  if (dim % parts != 0) {
    rp_refuse(result,
              "Number of ways to split should evenly divide the split dimension, but got "
              "split_dim %d (size = %lld) and num_split %d",
              axis, (long long)dim, parts);
    return;
  }
  for (int i = 0; i < parts; i++) sizes[i] = dim / parts;
  take_apart(result, in[0], axis, parts, sizes, false);
}

static void evaluate_split_v(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_attr *list = rp_attr_find(step, "size_splits");
  int axis;
  (void)op;
  int64_t sizes[RP_OUTPUTS], left;
  if (list->count != step->output_count || list->count < 1) {
    rp_unclear(result);
    return;
  }
  if (!rp_axis(step, "axis", 0, in[0]->shape.rank, result, &axis)) return;
  left = in[0]->shape.dims[axis];
  int open = -1;
  for (int i = 0; i < list->count; i++) {
    sizes[i] = list->ints[i];
    if (sizes[i] == -1 && open < 0)
      open = i;
    else
      left -= sizes[i];
    if (sizes[i] < -1 || (sizes[i] == -1 && open != i)) left = -1;
    if (left < 0) break;
  }
  if (left < 0 || (open < 0 && left != 0)) {
    rp_unclear(result);
    return;
  }
  if (open >= 0) sizes[open] = left;
  take_apart(result, in[0], axis, list->count, sizes, false);
}

static void evaluate_unpack(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  int axis;
  (void)op;
  int64_t sizes[RP_OUTPUTS] = {1, 1, 1, 1, 1, 1};
  if (!rp_axis(step, "axis", 0, in[0]->shape.rank, result, &axis)) return;
  int64_t num = rp_attr_int(step, "num", 0), dim = in[0]->shape.dims[axis];
  if (num != step->output_count) {
    rp_unclear(result);
    return;
  }
  if (num != dim) {
    rp_refuse(result, "Input shape axis %d must equal %lld, got %lld", axis, (long long)num,
              (long long)dim);
    return;
  }
  take_apart(result, in[0], axis, (int)num, sizes, true);
}

/* A tensor with an axis of `parts` or a multiple of that. */
static bool choose_axis_of(rp_chooser *chooser, rp_step *step, int64_t extent) {
  test_shape shape = rp_choose_shape(chooser, 1, 4);
  int axis = (int)rp_choose(chooser, 0, rp_chance(chooser, 50) ? 0 : shape.rank - 1);
  shape.dims[axis] = extent;
  rp_attr_add_int(step, "axis", rp_chance(chooser, 50) ? axis : axis - shape.rank);
  return rp_add_input(step,
                      rp_choose_like(chooser, rp_choose_dtype(chooser, RP_ANY), shape));
}

static bool choose_split(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  int parts = (int)rp_choose(chooser, 1, RP_OUTPUTS);
  rp_attr_add_int(step, "num_split", parts);
  step->output_count = parts;
  int64_t extent = parts * rp_choose(chooser, 0, 3);
  return choose_axis_of(chooser, step, rp_chance(chooser, 2) ? extent + 1 : extent);
}

static bool choose_split_v(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  int64_t sizes[RP_OUTPUTS], sum = 0;
  int parts = (int)rp_choose(chooser, 1, RP_OUTPUTS);
  for (int i = 0; i < parts; i++) sum += sizes[i] = rp_choose(chooser, 0, 5);
  if (rp_chance(chooser, 30)) sizes[rp_choose(chooser, 0, parts - 1)] = -1;
  rp_attr_add_list(step, "size_splits", parts, sizes);
  step->output_count = parts;
  return choose_axis_of(chooser, step, sum);
}

static bool choose_unpack(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  int64_t num = rp_choose(chooser, 1, RP_OUTPUTS);
  rp_attr_add_int(step, "num", num);
  step->output_count = (int)num;
  return choose_axis_of(chooser, step, rp_chance(chooser, 2) ? num + 1 : num);
}

/* --- Together --- */

static void evaluate_concat(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  test_shape shape = in[0]->shape;
  int axis;
  (void)op;
  if (!rp_axis(step, "axis", 0, shape.rank, result, &axis)) return;
  for (int i = 1; i < step->input_count; i++) {
    test_shape other = in[i]->shape;
    if (other.rank != shape.rank) {
      rp_refuse(result,
                "ConcatOp : Ranks of all input tensors should match: shape[0] = %s vs. "
                "shape[%d] = %s",
                rp_shape_text(in[0]->shape), i, rp_shape_text(other));
      return;
    }
    for (int d = 0; d < shape.rank; d++) {
      if (d == axis || other.dims[d] == shape.dims[d]) continue;
      rp_refuse(result,
                "ConcatOp : Dimension %d in both shapes must be equal (axis is %d): "
                "shape[0] = %s vs. shape[%d] = %s",
                d, axis, rp_shape_text(in[0]->shape), i, rp_shape_text(other));
      return;
    }
    shape.dims[axis] += other.dims[axis];
  }
  rp_value *out = rp_output(result, in[0]->dtype, shape);
  if (out == NULL) return;
  int64_t rows = rp_product(shape, 0, axis), column = 0;
  int64_t inner = rp_product(shape, axis + 1, shape.rank);
  out->moved = true;
  for (int i = 0; i < step->input_count; i++) {
    int64_t width = in[i]->shape.dims[axis] * inner;
    copy_strip(out, shape.dims[axis] * inner, column, in[i], width, 0, rows, width);
    column += width;
    out->moved = out->moved && in[i]->moved;
  }
  result->view_of[0] = step->input_count == 1;
}

static void evaluate_pack(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  test_shape part = in[0]->shape, shape = {.rank = part.rank + 1};
  (void)op;
  int64_t axis = rp_attr_int(step, "axis", 0);
  bool good = part.rank < EAGER__MAX_RANK && axis >= -1 - part.rank && axis <= part.rank;
  for (int i = 1; i < step->input_count && good; i++)
    good = eager__shape_equal(&part, &in[i]->shape);
  if (!good) {
    rp_unclear(result);
    return;
  }
  if (axis < 0) axis += part.rank + 1;
  for (int i = 0; i < shape.rank; i++)
    shape.dims[i] = i == axis ? step->input_count : part.dims[i < axis ? i : i - 1];
  rp_value *out = rp_output(result, in[0]->dtype, shape);
  if (out == NULL) return;
  int64_t rows = rp_product(part, 0, (int)axis);
  int64_t width = rp_product(part, (int)axis, part.rank);
  out->moved = true;
  for (int i = 0; i < step->input_count; i++) {
    copy_strip(out, step->input_count * width, i * width, in[i], width, 0, rows, width);
    out->moved = out->moved && in[i]->moved;
  }
  result->view_of[0] = step->input_count == 1;
}

static bool choose_together(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  bool pack = strcmp(op->name, "Pack") == 0;
  if (!rp_add_input(step, rp_choose_register(chooser, RP_ANY, pack ? 0 : 1, 7)))
    return false;
  test_shape x = rp_look(chooser, step->inputs[0])->shape;
  eager_dtype dtype = rp_look(chooser, step->inputs[0])->dtype;
  int axis = (int)rp_choose(chooser, 0, pack ? x.rank : x.rank - 1);
  int more = (int)rp_choose(chooser, 0, 3);
  for (int i = 0; i < more; i++) {
    test_shape other = x;
    if (!pack && rp_chance(chooser, 60)) other.dims[axis] = rp_choose(chooser, 0, 4);
    if (!pack && rp_chance(chooser, 1)) other.dims[x.rank - 1]++;
    if (!rp_add_input(step, rp_choose_like(chooser, dtype, other))) return false;
  }
  rp_attr_add_int(step, "axis", rp_chance(chooser, 50) ? axis : axis - x.rank - pack);
  return true;
}

#define PART(raw, kind, function, choosing, evaluating)                                    \
  .name = raw, .door = kind, RP_TYPED(function), .dtypes = RP_ANY, .moves = true,          \
  .choose = choosing, .evaluate = evaluating
static const rp_op ops[] = {
    {PART("Slice", RP_DOOR_LISTS, eager_slice, choose_slice, evaluate_slice),
     .attrs = {"begin", "size"}},
    {.name = "StridedSlice",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_strided,
     .evaluate = evaluate_strided},
    {PART("Split", RP_DOOR_PARTS, eager_split, choose_split, evaluate_split),
     .attrs = {"num_split", "axis"}},
    {.name = "SplitV",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_split_v,
     .evaluate = evaluate_split_v},
    {PART("Unpack", RP_DOOR_PARTS, eager_unstack, choose_unpack, evaluate_unpack),
     .attrs = {"num", "axis"}},
    {PART("ConcatV2", RP_DOOR_MANY, eager_concat, choose_together, evaluate_concat),
     .attrs = {"axis"}},
    {PART("Pack", RP_DOOR_MANY, eager_stack, choose_together, evaluate_pack),
     .attrs = {"axis"}},
};
const rp_family rp_family_parts = {ops, sizeof ops / sizeof *ops};
