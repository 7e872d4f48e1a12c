/* By decomposition: every label has an extent and a stride in each operand and the result,
 * so that diagonals, permutations and broadcasting are a matter of strides. Labels of one
 * operand that nothing else has are summed first, by a product with a 1 of stride 0; what
 * is left is a product over a walk. */
#include "ops/einsum_pair.h"

#include <string.h>

#include "ops/einsum_equation.h"
#include "ops/families.h"
#include "ops/gemm.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum { A, B, C, SIDES };

/* A label with more than one element; it is in side s where strides[s] is not 0. */
typedef struct label {
  int64_t dim, strides[SIDES];
} label;

typedef struct labels {
  int count;
  label list[2 * EAGER__MAX_RANK];
} labels;

/* --- Labels as extents and strides --- */

/* A label's stride is the sum of its axes': a repeated one walks along a diagonal. */
static void add_strides(int side, const eager__axes *axes, const eager__shape *shape,
                        label all[EAGER__LABELS]) {
  int64_t stride = 1;
  for (int d = axes->rank - 1; d >= 0; d--) {
    if (shape->dims[d] != 1) all[axes->labels[d]].strides[side] += stride;
    stride *= shape->dims[d];
  }
}

static labels make_labels(const eager__call *call, const eager__einsum *p) {
  label all[EAGER__LABELS] = {{0}};
  labels out = {0};
  for (int i = 0; i < call->input_count; i++)
    add_strides(i, &p->operands[i], call->inputs[i].shape, all);
  add_strides(C, &p->result, &call->outputs[0].shape, all);
  for (int i = 0; i < EAGER__LABELS; i++) {
    if (p->dims[i] == -2 || p->dims[i] == 1) continue;
    all[i].dim = p->dims[i];
    out.list[out.count++] = all[i];
  }
  return out;
}

/* Before those with a smaller stride in side `by`. */
static void insert(labels *to, const label *x, int by) {
  int at = to->count++;
  for (; at > 0 && to->list[at - 1].strides[by] < x->strides[by]; at--)
    to->list[at] = to->list[at - 1];
  to->list[at] = *x;
}

/* The labels that are in exactly these sides, by falling stride in side `by`. */
static labels pick(const labels *all, bool a, bool b, bool c, int by) {
  labels out = {0};
  for (int i = 0; i < all->count; i++) {
    const label *each = &all->list[i];
    if ((each->strides[A] != 0) != a || (each->strides[B] != 0) != b ||
        (each->strides[C] != 0) != c)
      continue;
    insert(&out, each, by);
  }
  return out;
}

/* Joins neighbours that every side in `sides` steps through alike. */
static void join(labels *x, const bool sides[SIDES]) {
  int kept = 0;
  for (int i = 0; i < x->count; i++) {
    bool joins = kept > 0;
    for (int s = 0; s < SIDES && joins; s++)
      if (sides[s])
        joins = x->list[kept - 1].strides[s] == x->list[i].strides[s] * x->list[i].dim;
    int64_t dim = joins ? x->list[--kept].dim : 1;
    x->list[kept] = x->list[i];
    x->list[kept++].dim *= dim;
  }
  x->count = kept;
}

static void append(labels *to, const labels *from) {
  for (int i = 0; i < from->count; i++) to->list[to->count++] = from->list[i];
}

/* --- Commands --- */

/* As in einsum.cl. */
typedef struct collection {
  int64_t count, each, rank;
  int64_t dims[EAGER__MAX_RANK], x_strides[EAGER__MAX_RANK], out_strides[EAGER__MAX_RANK];
} collection;

/* Elements of side `from` at `x` to `out`, where side `to` puts them. */
static eager_status add_collect(eager__commands *commands, labels all, int from, int to,
                                const eager__spot *x, const eager__spot *out) {
  const bool sides[SIDES] = {from == A || to == A, from == B || to == B,
                             from == C || to == C};
  collection s = {.count = 1, .rank = 1, .dims = {1}};
  join(&all, sides);
  for (int i = 0; i < all.count; i++) {
    const label *each = &all.list[all.count - 1 - i];
    s.dims[i] = each->dim;
    s.x_strides[i] = each->strides[from];
    s.out_strides[i] = each->strides[to];
    s.count *= each->dim;
    s.rank = i + 1;
  }
  eager__kernel_begin(commands, &eager__family_einsum, commands->call->dtype,
                      "einsum_collect");
  if (commands->status != EAGER_OK) return commands->status;
  bool blocks = eager__commands_traits(commands)->cpu_like;
  s.each = blocks ? eager__at_least(eager__at_most(s.count / 64, 16384), 64) : 1;
  eager__arg_at(commands, x);
  eager__arg_at(commands, out);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands, eager__grid_each(commands, s.count, s.each));
}

static eager_status make_one(eager__commands *commands, eager__spot *out) {
  eager_dtype dtype = commands->call->dtype;
  *out = (eager__spot){EAGER__PLACE_SCRATCH,
                       eager__scratch(commands, eager_dtype_size(dtype)), 0};
  eager__kernel_begin(commands, &eager__family_einsum, dtype, "einsum_one");
  eager__arg_at(commands, out);
  return eager__kernel_end(commands, eager__grid_1d(1, 1));
}

/* Takes the largest of `x` as the rows (or columns) of the product; the others are further
 * dimensions of its walk. */
static label take_largest(labels *x) {
  label best = {.dim = 1};
  int at = -1;
  for (int i = 0; i < x->count; i++)
    if (at < 0 || x->list[i].dim > best.dim) best = x->list[at = i];
  if (at < 0) return best;
  for (int i = at; i < x->count - 1; i++) x->list[i] = x->list[i + 1];
  x->count--;
  return best;
}

/* c = a b where the summed labels are at most one: `spots` of a, b and c. */
static eager_status add_contraction(eager__commands *commands, const labels *all,
                                    const eager__spot spots[SIDES], const label *k) {
  labels rows = pick(all, true, false, true, C), columns = pick(all, false, true, true, C);
  labels walk = pick(all, true, true, true, C);
  join(&rows, (bool[]){true, false, true});
  join(&columns, (bool[]){false, true, true});
  label m = take_largest(&rows), n = take_largest(&columns);
  append(&walk, &rows);
  append(&walk, &columns);
  eager__product p = {.dtype = commands->call->dtype,
                      .m = m.dim,
                      .n = n.dim,
                      .k = k->dim,
                      .a = {spots[A], m.strides[A], k->strides[A]},
                      .b = {spots[B], k->strides[B], n.strides[B]},
                      .c = {spots[C], m.strides[C], n.strides[C]},
                      .rank = walk.count};
  for (int d = 0; d < walk.count; d++) {
    p.dims[d] = walk.list[d].dim;
    for (int s = 0; s < SIDES; s++) p.strides[s][d] = walk.list[d].strides[s];
  }
  return eager__add_product(commands, &p);
}

/* Dense strides in side `side` for the labels in this order. */
static int64_t lay_out(labels *order, int side) {
  int64_t stride = 1;
  for (int i = order->count - 1; i >= 0; i--) {
    order->list[i].strides[side] = stride;
    stride *= order->list[i].dim;
  }
  return stride;
}

static bool is_in(const label *x, int side) {
  return x->strides[side] != 0;
}

/* Copies operand `side` so that the labels in `summed` come last and in this order. */
static eager_status collect_operand(eager__commands *commands, labels *all, int side,
                                    const labels *summed, eager__spot *spot) {
  labels order = {0}, rest = {0};
  for (int i = 0; i < all->count; i++) {
    bool is_summed = false;
    for (int j = 0; j < summed->count; j++)
      is_summed |= memcmp(&all->list[i], &summed->list[j], sizeof(label)) == 0;
    if (is_in(&all->list[i], side) && !is_summed) insert(&order, &all->list[i], C);
    if (!is_in(&all->list[i], side)) rest.list[rest.count++] = all->list[i];
  }
  append(&order, summed);
  labels moves = order;
  /* Side C of the copy's labels stands for the copy. */
  size_t size = (size_t)lay_out(&moves, C) * eager_dtype_size(commands->call->dtype);
  eager__spot copy = {EAGER__PLACE_SCRATCH, eager__scratch(commands, size), 0};
  EAGER__TRY(add_collect(commands, moves, side, C, spot, &copy));
  lay_out(&order, side);
  *spot = copy;
  *all = order;
  append(all, &rest);
  return EAGER_OK;
}

static labels pick_summed(const labels *all, int by) {
  return pick(all, true, true, false, by);
}

static bool joins_alone(const labels *all, int side) {
  labels summed = pick_summed(all, side);
  bool sides[SIDES] = {side == A, side == B, false};
  join(&summed, sides);
  return summed.count <= 1;
}

static int64_t size_of(const labels *all, int side) {
  int64_t size = 1;
  for (int i = 0; i < all->count; i++)
    if (is_in(&all->list[i], side)) size *= all->list[i].dim;
  return size;
}

/* Makes the summed labels of both operands one, by copies if need be. */
static eager_status align(eager__commands *commands, labels *all, eager__spot *spots) {
  labels summed = pick_summed(all, A);
  join(&summed, (bool[]){true, true, false});
  if (summed.count <= 1) return EAGER_OK;
  bool a = joins_alone(all, A), b = joins_alone(all, B);
  if (a && b) a = size_of(all, A) >= size_of(all, B);
  int leader = a || !b ? A : B, other = leader == A ? B : A;
  if (!a && !b) {
    summed = pick_summed(all, leader);
    EAGER__TRY(collect_operand(commands, all, leader, &summed, &spots[leader]));
  }
  summed = pick_summed(all, leader);
  return collect_operand(commands, all, other, &summed, &spots[other]);
}

/* Sums the labels that are in `side` alone, into side `to`; `spots` of all sides. */
static eager_status add_sum(eager__commands *commands, labels *all, int side, int to,
                            const eager__spot *x, const eager__spot *out) {
  labels own = {0};
  for (int i = 0; i < all->count; i++) { /* the operand as a, the result as c */
    label each = {.dim = all->list[i].dim};
    each.strides[A] = all->list[i].strides[side];
    each.strides[C] = all->list[i].strides[to];
    if (each.strides[A] != 0) own.list[own.count++] = each;
  }
  labels summed = pick(&own, true, false, false, A);
  eager__spot spots[SIDES] = {*x, {0}, *out};
  labels joined = summed;
  join(&joined, (bool[]){true, false, false});
  if (joined.count > 1) {
    EAGER__TRY(collect_operand(commands, &own, A, &summed, &spots[A]));
    joined = pick(&own, true, false, false, A);
    join(&joined, (bool[]){true, false, false});
  }
  EAGER__TRY(make_one(commands, &spots[B]));
  return add_contraction(commands, &own, spots, &joined.list[0]);
}

/* Sums what is in operand `side` alone, into a workspace. */
static eager_status reduce_operand(eager__commands *commands, labels *all, int side,
                                   eager__spot *spot) {
  int other = side == A ? B : A;
  labels kept = {0}, rest = {0}, both = {0};
  for (int i = 0; i < all->count; i++) {
    const label *each = &all->list[i];
    bool own = is_in(each, side), lone = !is_in(each, other) && !is_in(each, C);
    if (own && !lone) insert(&kept, each, side);
    if (!own) rest.list[rest.count++] = *each;
  }
  if (kept.count + rest.count == all->count) return EAGER_OK;
  labels dense = kept;
  size_t size = (size_t)lay_out(&dense, side) * eager_dtype_size(commands->call->dtype);
  for (int i = 0; i < all->count; i++) { /* side C for the workspace */
    label each = all->list[i];
    bool own = is_in(&each, side), lone = !is_in(&each, other) && !is_in(&each, C);
    each.strides[C] = 0;
    if (own && lone) both.list[both.count++] = each;
  }
  for (int i = 0; i < kept.count; i++) {
    label each = kept.list[i];
    each.strides[C] = dense.list[i].strides[side];
    both.list[both.count++] = each;
  }
  eager__spot sum = {EAGER__PLACE_SCRATCH, eager__scratch(commands, size), 0};
  if (commands->status != EAGER_OK) return commands->status;
  EAGER__TRY(add_sum(commands, &both, side, C, spot, &sum));
  *spot = sum;
  *all = dense;
  append(all, &rest);
  return EAGER_OK;
}

static bool has_elements(const eager__call *call) {
  for (int i = 0; i < call->input_count; i++)
    if (eager__shape_elements(call->inputs[i].shape) == 0) return false;
  return true;
}

static bool repeats(const eager__axes *axes) {
  for (int i = 0; i < axes->rank; i++)
    for (int j = 0; j < i; j++)
      if (axes->labels[i] == axes->labels[j]) return true;
  return false;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  eager__einsum e;
  EAGER__TRY(eager__einsum_read(call, &e));
  bool empty = !has_elements(call), single = call->input_count == 1;
  if (empty || repeats(&e.result)) {
    const uint8_t zero[8] = {0};
    EAGER__TRY(eager__add_fill(commands, 0, zero, eager_dtype_size(call->dtype)));
  }
  if (empty) return EAGER_OK;
  labels all = make_labels(call, &e);
  eager__spot spots[SIDES] = {{EAGER__PLACE_INPUT, 0, 0},
                              {EAGER__PLACE_INPUT, single ? 0 : 1, 0},
                              {EAGER__PLACE_OUTPUT, 0, 0}};
  if (single) {
    if (pick(&all, true, false, false, A).count > 0)
      return add_sum(commands, &all, A, C, &spots[A], &spots[C]);
    labels kept = pick(&all, true, false, true, C);
    return add_collect(commands, kept, A, C, &spots[A], &spots[C]);
  }
  EAGER__TRY(reduce_operand(commands, &all, A, &spots[A]));
  EAGER__TRY(reduce_operand(commands, &all, B, &spots[B]));
  EAGER__TRY(align(commands, &all, spots));
  labels summed = pick_summed(&all, A);
  join(&summed, (bool[]){true, true, false});
  const label none = {.dim = 1};
  return add_contraction(commands, &all, spots, summed.count ? &summed.list[0] : &none);
}

const eager__op eager__einsum_pair = {
    .name = "Einsum",
    .inputs = {{.name = "inputs"}},
    .variadic = true,
    .dtypes = EAGER__NUMBERS,
    .attrs = {{.name = "equation", .kind = EAGER__ATTR_STRING, .required = true}},
    .infer = eager__einsum_infer,
    .launch = launch,
};
