/* Ops that change order and repetition. */
#include "random/ops.h"

/* --- Order and repetition: where each element comes from; -1: from `around` --- */

typedef struct source {
  test_shape shape;
  int64_t (*at)(const struct source *source, const int64_t *index);
  test_shape x;
  int64_t v[2 * EAGER__MAX_RANK]; /* the op's */
} source;

static void collect(rp_result *result, const rp_value *x, const source *s,
                    const rp_value *around, int view) {
  rp_value *out = rp_output(result, x->dtype, s->shape);
  if (out == NULL) return;
  out->moved = x->moved && (around == NULL || around->moved);
  bool run = out->count > 0;
  int64_t first = 0;
  test_walk w;
  for (test_walk_begin(&w, s->shape); w.more; test_walk_next(&w)) {
    int64_t at = s->at(s, w.index);
    if (at >= 0)
      rp_move(out, w.position, x, at);
    else if (around != NULL)
      rp_move(out, w.position, around, 0);
    if (w.position == 0) first = at;
    run = run && at >= 0 && at == first + w.position;
  }
  if (view == RP_VIEW_MAYBE) view = run;
  result->view_of[0] = view == 0 && run ? RP_VIEW_MAYBE : view;
}

static int64_t at_transposed(const source *s, const int64_t *index) {
  int64_t moved[EAGER__MAX_RANK];
  for (int i = 0; i < s->x.rank; i++) moved[s->v[i]] = index[i];
  return test_position(s->x, moved);
}

static void evaluate_transpose(const rp_op *op, const rp_step *step,
                               const rp_value *const *in, rp_result *result) {
  const rp_attr *perm = rp_attr_find(step, "perm");
  (void)op;
  source s = {.x = in[0]->shape, .at = at_transposed};
  s.shape.rank = s.x.rank;
  if (perm != NULL && perm->count != s.x.rank) {
    rp_refuse(result,
              "transpose expects perm to list %d axes, one per axis of x, but it lists %d",
              s.x.rank, perm->count);
    return;
  }
  unsigned seen = 0;
  bool same = true;
  for (int i = 0; i < s.x.rank; i++) {
    s.v[i] = perm != NULL ? perm->ints[i] : s.x.rank - 1 - i;
    if (s.v[i] < 0) s.v[i] += s.x.rank;
    if (s.v[i] < 0 || s.v[i] >= s.x.rank) {
      rp_unclear(result);
      return;
    }
    if (seen >> s.v[i] & 1) {
      rp_refuse(result, "perm lists axis %d twice", (int)s.v[i]);
      return;
    }
    seen |= 1u << s.v[i];
    s.shape.dims[i] = s.x.dims[s.v[i]];
    same = same && s.v[i] == i;
  }
  collect(result, in[0], &s, NULL, same ? 1 : RP_VIEW_MAYBE);
}

static int64_t at_padded(const source *s, const int64_t *index) {
  int64_t moved[EAGER__MAX_RANK];
  for (int i = 0; i < s->x.rank; i++) {
    moved[i] = index[i] - s->v[i];
    if (moved[i] < 0 || moved[i] >= s->x.dims[i]) return -1;
  }
  return test_position(s->x, moved);
}

/* Elements beyond an edge are images; v[RANK] is 0 for SYMMETRIC, 1 for REFLECT. */
static int64_t at_mirrored(const source *s, const int64_t *index) {
  int64_t moved[EAGER__MAX_RANK], edge = s->v[EAGER__MAX_RANK];
  for (int i = 0; i < s->x.rank; i++) {
    int64_t dim = s->x.dims[i], at = index[i] - s->v[i];
    if (at < 0) at = -at - 1 + edge;
    if (at >= dim) at = 2 * dim - 1 - at - edge;
    moved[i] = at;
  }
  return test_position(s->x, moved);
}

static bool read_paddings(const rp_step *step, source *s, rp_result *result, bool *none) {
  const rp_attr *list = rp_attr_find(step, "paddings");
  s->shape.rank = s->x.rank;
  *none = true;
  bool good = list->count == 2 * s->x.rank;
  for (int i = 0; i < s->x.rank && good; i++) {
    int64_t before = list->ints[2 * i], after = list->ints[2 * i + 1];
    good = before >= 0 && after >= 0;
    *none = *none && before == 0 && after == 0;
    s->v[i] = before;
    s->shape.dims[i] = s->x.dims[i] + before + after;
  }
  if (!good) rp_unclear(result);
  return good;
}

static void evaluate_pad(const rp_op *op, const rp_step *step, const rp_value *const *in,
                         rp_result *result) {
  source s = {.x = in[0]->shape, .at = at_padded};
  bool none;
  (void)op;
  if (!read_paddings(step, &s, result, &none)) return;
  if (step->input_count > 1 && in[1]->shape.rank != 0) {
    rp_unclear(result);
    return;
  }
  bool constant = step->input_count > 1; /* a view of x would not fail with it */
  collect(result, in[0], &s, constant ? in[1] : NULL, none && !constant);
  if (constant) result->view_of[0] = 0;
}

static void evaluate_mirror_pad(const rp_op *op, const rp_step *step,
                                const rp_value *const *in, rp_result *result) {
  source s = {.x = in[0]->shape, .at = at_mirrored};
  bool none;
  (void)op;
  int64_t edge = strcmp(rp_attr_find(step, "mode")->text, "REFLECT") == 0;
  if (!read_paddings(step, &s, result, &none)) return;
  const rp_attr *list = rp_attr_find(step, "paddings");
  for (int i = 0; i < list->count; i++)
    if (list->ints[i] > s.x.dims[i / 2] - edge) {
      rp_unclear(result);
      return;
    }
  s.v[EAGER__MAX_RANK] = edge;
  collect(result, in[0], &s, NULL, none);
}

static int64_t at_wrapped(const source *s, const int64_t *index) {
  int64_t moved[EAGER__MAX_RANK];
  for (int i = 0; i < s->x.rank; i++) {
    int64_t at = (index[i] - s->v[i]) % s->x.dims[i];
    moved[i] = at < 0 ? at + s->x.dims[i] : at;
  }
  return test_position(s->x, moved);
}

static void evaluate_tile(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_attr *list = rp_attr_find(step, "multiples");
  (void)op;
  source s = {.x = in[0]->shape, .at = at_wrapped};
  bool once = true;
  s.shape.rank = s.x.rank;
  if (list->count != s.x.rank) {
    rp_refuse(result,
              "Expected multiples argument to be a vector of length %d but got length %d",
              s.x.rank, list->count);
    return;
  }
  for (int i = 0; i < s.x.rank; i++) {
    s.shape.dims[i] = s.x.dims[i] * list->ints[i];
    once = once && list->ints[i] == 1;
    if (list->ints[i] >= 0) continue;
    rp_refuse(result, "Expected multiples[%d] >= 0, but got %lld", i,
              (long long)list->ints[i]);
    return;
  }
  collect(result, in[0], &s, NULL, once);
}

static void evaluate_roll(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_attr *shift = rp_attr_find(step, "shift"), *axes = rp_attr_find(step, "axis");
  (void)op;
  source s = {.x = in[0]->shape, .shape = in[0]->shape, .at = at_wrapped};
  if (s.x.rank == 0) {
    rp_refuse(result, "input must be 1-D or higher");
    return;
  }
  bool same = true;
  for (int i = 0; i < axes->count; i++) {
    int64_t axis = axes->ints[i];
    if (axis < 0 || axis >= s.x.rank || shift->count != axes->count) {
      rp_unclear(result);
      return;
    }
    s.v[axis] += shift->ints[i];
  }
  for (int i = 0; i < s.x.rank; i++)
    same = same && (s.x.dims[i] == 0 || s.v[i] % s.x.dims[i] == 0);
  collect(result, in[0], &s, NULL, same);
}

static int64_t at_broadcast(const source *s, const int64_t *index) {
  int64_t moved[EAGER__MAX_RANK];
  int lead = s->shape.rank - s->x.rank;
  for (int i = 0; i < s->x.rank; i++) moved[i] = s->x.dims[i] == 1 ? 0 : index[lead + i];
  return test_position(s->x, moved);
}

static void evaluate_broadcast(const rp_op *op, const rp_step *step,
                               const rp_value *const *in, rp_result *result) {
  source s = {.x = in[0]->shape, .at = at_broadcast};
  bool good;
  (void)op;
  s.shape = rp_list_shape(step, "shape", &good);
  int lead = s.shape.rank - s.x.rank;
  if (good && lead < 0) {
    rp_refuse(result,
              "Rank of input (%d) must be no greater than rank of output shape (%d).",
              s.x.rank, s.shape.rank);
    return;
  }
  for (int i = 0; i < s.x.rank && good; i++)
    good = s.x.dims[i] == 1 || s.x.dims[i] == s.shape.dims[lead + i];
  if (good)
    collect(result, in[0], &s, NULL, eager__shape_equal(&s.x, &s.shape));
  else
    rp_unclear(result);
}

static int64_t at_reversed(const source *s, const int64_t *index) {
  int64_t moved[EAGER__MAX_RANK];
  for (int i = 0; i < s->x.rank; i++)
    moved[i] = s->v[i] ? s->x.dims[i] - 1 - index[i] : index[i];
  return test_position(s->x, moved);
}

static void evaluate_reverse(const rp_op *op, const rp_step *step,
                             const rp_value *const *in, rp_result *result) {
  const rp_attr *axes = rp_attr_find(step, "axis");
  (void)op;
  source s = {.x = in[0]->shape, .shape = in[0]->shape, .at = at_reversed};
  bool same = true;
  for (int i = 0; i < axes->count; i++) {
    int64_t axis = axes->ints[i] < 0 ? axes->ints[i] + s.x.rank : axes->ints[i];
    if (axis < 0 || axis >= s.x.rank) {
      rp_unclear(result);
      return;
    }
    if (s.v[axis]) {
      rp_refuse(result, "axis %d specified more than once.", (int)axis);
      return;
    }
    s.v[axis] = 1;
    same = same && s.x.dims[axis] == 1;
  }
  collect(result, in[0], &s, NULL, same);
}

/* [n,h,w,c] with blocks of v[0]: into depth, or out of it. */
static int64_t at_depth(const source *s, const int64_t *index) {
  int64_t b = s->v[0], c = s->x.dims[3];
  int64_t block = index[3] / c;
  return test_position(s->x, (int64_t[]){index[0], index[1] * b + block / b,
                                         index[2] * b + block % b, index[3] % c});
}
static int64_t at_space(const source *s, const int64_t *index) {
  int64_t b = s->v[0], c = s->shape.dims[3];
  int64_t block = index[1] % b * b + index[2] % b;
  return test_position(
      s->x, (int64_t[]){index[0], index[1] / b, index[2] / b, block * c + index[3]});
}

static void evaluate_space(const rp_op *op, const rp_step *step, const rp_value *const *in,
                           rp_result *result) {
  bool to_depth = strcmp(op->name, "SpaceToDepth") == 0;
  source s = {.x = in[0]->shape, .at = to_depth ? at_depth : at_space};
  int64_t b = s.v[0] = rp_attr_int(step, "block_size", 0);
  bool good = s.x.rank == 4 && b >= 2;
  if (good && to_depth) good = s.x.dims[1] % b == 0 && s.x.dims[2] % b == 0;
  if (good && !to_depth) good = s.x.dims[3] % (b * b) == 0;
  if (!good) {
    rp_unclear(result);
    return;
  }
  s.shape = (test_shape){4,
                         {s.x.dims[0], to_depth ? s.x.dims[1] / b : s.x.dims[1] * b,
                          to_depth ? s.x.dims[2] / b : s.x.dims[2] * b,
                          to_depth ? s.x.dims[3] * b * b : s.x.dims[3] / (b * b)}};
  collect(result, in[0], &s, NULL, 0);
  result->view_of[0] = RP_VIEW_MAYBE;
}

/* Outside the band stands 0; a negative number keeps all on its side. */
static int64_t at_band(const source *s, const int64_t *index) {
  int64_t row = index[s->x.rank - 2], column = index[s->x.rank - 1];
  bool in =
      (s->v[0] < 0 || row - column <= s->v[0]) && (s->v[1] < 0 || column - row <= s->v[1]);
  return in ? test_position(s->x, index) : -1;
}

static void evaluate_band(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  source s = {.x = in[0]->shape, .shape = in[0]->shape, .at = at_band};
  (void)op;
  s.v[0] = rp_attr_int(step, "num_lower", 0);
  s.v[1] = rp_attr_int(step, "num_upper", 0);
  int rank = s.x.rank;
  if (rank < 2 || s.v[0] > s.x.dims[rank - 2] || s.v[1] > s.x.dims[rank - 1]) {
    rp_unclear(result);
    return;
  }
  collect(result, in[0], &s, NULL, 0);
  result->view_of[0] = RP_VIEW_MAYBE;
}

/* --- Choosing --- */

static bool choose_transpose(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  (void)op;
  if (!rp_add_input(step, rp_choose_register(chooser, RP_ANY, 1, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  int64_t perm[8];
  for (int i = 0; i < rank; i++) perm[i] = i;
  for (int i = rank - 1; i > 0; i--) {
    int j = (int)rp_choose(chooser, 0, i);
    int64_t t = perm[i];
    perm[i] = perm[j];
    perm[j] = t;
  }
  if (rp_chance(chooser, 2)) perm[0] = perm[rank - 1];
  if (rp_chance(chooser, 90)) rp_attr_add_list(step, "perm", rank, perm);
  return true;
}

static void choose_paddings(rp_chooser *chooser, rp_step *step, test_shape x, int edge) {
  int64_t paddings[16];
  for (int i = 0; i < 2 * x.rank; i++) {
    int64_t most = edge < 0 ? 3 : x.dims[i / 2] - edge;
    if (most > 3) most = 3;
    paddings[i] = most <= 0 || rp_chance(chooser, 50) ? 0 : rp_choose(chooser, 0, most);
  }
  rp_attr_add_list(step, "paddings", 2 * x.rank, paddings);
}

static bool choose_pad(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 4))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  choose_paddings(chooser, step, x->shape, -1);
  if (strcmp(op->name, "PadV2") != 0) return true;
  return rp_add_input(step, rp_choose_like(chooser, x->dtype, (test_shape){0}));
}

static bool choose_mirror_pad(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 4))) return false;
  bool reflect = rp_chance(chooser, 50);
  rp_attr_add_text(step, "mode", reflect ? "REFLECT" : "SYMMETRIC");
  choose_paddings(chooser, step, rp_look(chooser, step->inputs[0])->shape, reflect);
  return true;
}

static bool choose_tile(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 4))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  int64_t multiples[8];
  for (int i = 0; i < x->shape.rank; i++)
    multiples[i] =
        x->count > 5000 ? 1 : rp_choose(chooser, rp_chance(chooser, 5) ? 0 : 1, 3);
  if (x->shape.rank > 0 && rp_chance(chooser, 2)) multiples[0] = -1;
  rp_attr_add_list(step, "multiples", x->shape.rank, multiples);
  return true;
}

static bool choose_roll(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  int64_t shifts[3], axes[3];
  int count = (int)rp_choose(chooser, 1, 3);
  for (int i = 0; i < count; i++) {
    shifts[i] = rp_choose(chooser, -9, 9);
    axes[i] = rp_choose(chooser, 0, rank - 1);
  }
  rp_attr_add_list(step, "shift", count, shifts);
  rp_attr_add_list(step, "axis", count, axes);
  return true;
}

static bool choose_broadcast(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 0, 4))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  int lead = (int)rp_choose(chooser, 0, 2);
  int64_t dims[8], count = 1;
  for (int i = 0; i < lead; i++) dims[i] = rp_choose(chooser, 1, 3);
  for (int i = 0; i < x->shape.rank; i++)
    dims[lead + i] = x->shape.dims[i] == 1 ? rp_choose(chooser, 1, 5) : x->shape.dims[i];
  for (int i = 0; i < lead + x->shape.rank; i++) count *= dims[i];
  if (count > 20000) return false;
  rp_attr_add_list(step, "shape", lead + x->shape.rank, dims);
  return true;
}

static bool choose_reverse(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 1, 8))) return false;
  int rank = rp_look(chooser, step->inputs[0])->shape.rank;
  int64_t axes[8];
  int count = 0;
  for (int i = 0; i < rank; i++)
    if (rp_chance(chooser, 60)) axes[count++] = rp_chance(chooser, 50) ? i : i - rank;
  if (count > 0 && count < 8 && rp_chance(chooser, 2)) {
    axes[count] = axes[0];
    count++;
  }
  rp_attr_add_list(step, "axis", count, axes);
  return true;
}

static bool choose_space(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int64_t b = rp_choose(chooser, 2, 3);
  bool to_depth = strcmp(op->name, "SpaceToDepth") == 0;
  int64_t side = to_depth ? b : 1, depth = to_depth ? 1 : b * b;
  test_shape shape = {4,
                      {rp_choose(chooser, 1, 2), side * rp_choose(chooser, 1, 3),
                       side * rp_choose(chooser, 1, 3), depth * rp_choose(chooser, 1, 3)}};
  rp_attr_add_int(step, "block_size", b);
  return rp_add_input(step,
                      rp_choose_like(chooser, rp_choose_dtype(chooser, RP_ANY), shape));
}

static bool choose_band(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 2, 8))) return false;
  rp_attr_add_int(step, "num_lower", rp_choose(chooser, -1, 2));
  rp_attr_add_int(step, "num_upper", rp_choose(chooser, -1, 2));
  return true;
}

#define MOVE(raw, kind, function, choosing, evaluating)                                    \
  .name = raw, .door = kind, RP_TYPED(function), .dtypes = RP_ANY, .moves = true,          \
  .choose = choosing, .evaluate = evaluating
static const rp_op ops[] = {
    {MOVE("Transpose", RP_DOOR_LIST, eager_transpose, choose_transpose, evaluate_transpose),
     .attrs = {"perm"}},
    {MOVE("Pad", RP_DOOR_LIST, eager_pad, choose_pad, evaluate_pad), .attrs = {"paddings"}},
    {.name = "PadV2",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_pad,
     .evaluate = evaluate_pad},
    {.name = "MirrorPad",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_mirror_pad,
     .evaluate = evaluate_mirror_pad},
    {MOVE("Tile", RP_DOOR_LIST, eager_tile, choose_tile, evaluate_tile),
     .attrs = {"multiples"}},
    {MOVE("BroadcastTo", RP_DOOR_SHAPE, eager_broadcast_to, choose_broadcast,
          evaluate_broadcast),
     .attrs = {"shape"}},
    {MOVE("ReverseV2", RP_DOOR_AXES, eager_reverse, choose_reverse, evaluate_reverse),
     .attrs = {"axis"}},
    {.name = "Roll",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_roll,
     .evaluate = evaluate_roll},
    {.name = "SpaceToDepth",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_space,
     .evaluate = evaluate_space},
    {.name = "DepthToSpace",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_space,
     .evaluate = evaluate_space},
    {.name = "MatrixBandPart",
     .dtypes = RP_ANY,
     .moves = true,
     .choose = choose_band,
     .evaluate = evaluate_band},
};
const rp_family rp_family_moves = {ops, sizeof ops / sizeof *ops};
