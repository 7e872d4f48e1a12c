/* Products, convolutions, windows and biases, of numbers so small that every order of
 * adding up is exact. */
#include <math.h>

#include "random/ops.h"

static double largest(const rp_value *x) {
  double most = 0;
  for (int64_t i = 0; i < x->count; i++) {
    double v = fabs(rp_get(x, i));
    if (isfinite(v) && v > most) most = v;
  }
  return most;
}

/* Whether sums of `terms` products of one element each are exact. */
static bool products_are_exact(const rp_value *a, const rp_value *b, int64_t terms) {
  if (!test_is_float(a->dtype)) return true;
  return rp_is_plain(a) && rp_is_plain(b) &&
         rp_sums_exactly(a->dtype, largest(a) * largest(b) * (double)terms,
                         rp_unit(a) * rp_unit(b));
}

/* A sum of products in the arithmetic of `dtype`. */
typedef struct total {
  double f;
  uint64_t i;
} total;

static void add_product(total *t, const rp_value *a, int64_t i, const rp_value *b,
                        int64_t j) {
  if (test_is_float(a->dtype))
    t->f += rp_get(a, i) * rp_get(b, j);
  else
    t->i += (uint64_t)rp_get_int(a, i) * (uint64_t)rp_get_int(b, j);
}

static void store(rp_value *out, int64_t i, const total *t) {
  if (test_is_float(out->dtype))
    rp_set(out, i, t->f);
  else
    rp_set_int(out, i, (int64_t)t->i);
}

/* --- Products --- */

/* Element (row, column) of a matrix from `base` on, read transposed if so. */
static int64_t element(int64_t base, int64_t rows, int64_t columns, bool transposed,
                       int64_t row, int64_t column) {
  return base + (transposed ? column * rows + row : row * columns + column);
}

static void multiply(rp_value *out, int64_t base, const rp_value *a, int64_t a_base,
                     bool ta, const rp_value *b, int64_t b_base, bool tb, int64_t m,
                     int64_t n, int64_t k) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      total t = {0};
      for (int64_t l = 0; l < k; l++)
        add_product(&t, a, element(a_base, m, k, ta, i, l), b,
                    element(b_base, k, n, tb, l, j));
      store(out, base + i * n + j, &t);
    }
}

static void evaluate_matmul(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  bool batched = strcmp(op->name, "MatMul") != 0;
  bool ta = rp_attr_int(step, batched ? "adj_x" : "transpose_a", 0) != 0;
  bool tb = rp_attr_int(step, batched ? "adj_y" : "transpose_b", 0) != 0;
  test_shape a = in[0]->shape, b = in[1]->shape, x = a, y = b, shape;
  if (a.rank < 2 || b.rank < 2 || (!batched && (a.rank > 2 || b.rank > 2))) {
    rp_unclear(result);
    return;
  }
  x.rank -= 2;
  y.rank -= 2;
  int64_t m = a.dims[a.rank - 2 + ta], k = a.dims[a.rank - 1 - ta];
  int64_t n = b.dims[b.rank - 1 - tb];
  if (k != b.dims[b.rank - 2 + tb]) {
    rp_refuse(result, "Matrix size-incompatible: In[0]: %s, In[1]: %s", rp_shape_text(a),
              rp_shape_text(b));
    return;
  }
  if (!test_broadcast(x, y, &shape) || shape.rank > 6 ||
      !products_are_exact(in[0], in[1], k)) {
    rp_unclear(result);
    return;
  }
  test_shape batch = shape;
  shape.dims[shape.rank++] = m;
  shape.dims[shape.rank++] = n;
  rp_value *out = rp_output(result, in[0]->dtype, shape);
  if (out == NULL) return;
  test_walk w;
  for (test_walk_begin(&w, batch); w.more; test_walk_next(&w))
    multiply(out, w.position * m * n, in[0], test_walk_offset(&w, x) * m * k, ta, in[1],
             test_walk_offset(&w, y) * k * n, tb, m, n, k);
}

static rp_fill small_fill(rp_chooser *chooser) {
  return (rp_fill){RP_FILL_SMALL, (uint32_t)rp_choose(chooser, 0, 1 << 30), -2, 2};
}

static int64_t side(rp_chooser *chooser, bool is_slow) {
  static const int64_t sides[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65};
  return sides[rp_choose(chooser, 0, is_slow ? 4 : 14)];
}

static bool choose_matmul(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  bool batched = strcmp(op->name, "MatMul") != 0;
  bool ta = rp_chance(chooser, 50), tb = rp_chance(chooser, 50);
  bool small = batched || rp_chance(chooser, 60);
  int64_t m = side(chooser, small), n = side(chooser, small), k = side(chooser, small);
  if (rp_chance(chooser, 4)) k = 0;
  eager_dtype dtype = rp_choose_dtype(chooser, op->dtypes);
  test_shape a = {2, {ta ? k : m, ta ? m : k}}, b = {2, {tb ? n : k, tb ? k : n}};
  if (rp_chance(chooser, 2)) b.dims[tb]++;
  if (batched) {
    test_shape lead = {1, {rp_choose(chooser, 1, 3)}};
    a = (test_shape){3, {lead.dims[0], a.dims[0], a.dims[1]}};
    if (rp_chance(chooser, 60))
      b = (test_shape){3,
                       {rp_chance(chooser, 50) ? 1 : lead.dims[0], b.dims[0], b.dims[1]}};
  }
  if (rp_chance(chooser, 80)) {
    rp_attr_add_bool(step, batched ? "adj_x" : "transpose_a", ta);
    rp_attr_add_bool(step, batched ? "adj_y" : "transpose_b", tb);
  } else if (ta || tb) {
    return false;
  }
  return rp_add_input(step, rp_choose_new(chooser, dtype, a, small_fill(chooser))) &&
         rp_add_input(step, rp_choose_new(chooser, dtype, b, small_fill(chooser)));
}

/* --- Einsum: labels are letters, none twice in an operand --- */

typedef struct equation {
  const char *operands[2], *out;
  int64_t extents[26];
} equation;

static bool read_equation(const char *text, const rp_value *const *in, int count,
                          equation *e) {
  memset(e, 0, sizeof *e);
  for (int i = 0; i < 26; i++) e->extents[i] = -1;
  const char *c = text;
  for (int k = 0; k < count; k++) {
    e->operands[k] = c;
    int axis = 0;
    for (; *c >= 'a' && *c <= 'z'; c++, axis++) {
      if (axis >= in[k]->shape.rank) return false;
      int64_t dim = in[k]->shape.dims[axis], *known = &e->extents[*c - 'a'];
      if (*known >= 0 && *known != dim) return false;
      *known = dim;
    }
    if (axis != in[k]->shape.rank) return false;
    c += *c == ',' ? 1 : 2;
  }
  e->out = c;
  return true;
}

static int64_t labelled(const equation *e, const char *labels, const int64_t *at) {
  int64_t position = 0;
  for (; *labels >= 'a' && *labels <= 'z'; labels++)
    position = position * e->extents[*labels - 'a'] + at[*labels - 'a'];
  return position;
}

static void evaluate_einsum(const rp_op *op, const rp_step *step, const rp_value *const *in,
                            rp_result *result) {
  equation e;
  (void)op;
  if (!read_equation(rp_attr_find(step, "equation")->text, in, step->input_count, &e)) {
    rp_unclear(result);
    return;
  }
  const rp_value *a = in[0], *b = step->input_count > 1 ? in[1] : NULL;
  test_shape shape = {0}, all = {0};
  int labels[EAGER__MAX_RANK];
  int64_t terms = 1;
  for (const char *c = e.out; *c; c++) shape.dims[shape.rank++] = e.extents[*c - 'a'];
  for (int l = 0; l < 26; l++) {
    if (e.extents[l] < 0) continue;
    labels[all.rank] = l;
    all.dims[all.rank++] = e.extents[l];
    terms *= e.extents[l];
  }
  bool exact = b != NULL ? products_are_exact(a, b, terms)
                         : rp_is_plain(a) &&
                               rp_sums_exactly(a->dtype, rp_absolute_sum(a), rp_unit(a));
  rp_value *out = exact ? rp_output(result, a->dtype, shape) : NULL;
  if (out == NULL) {
    rp_unclear(result);
    return;
  }
  result->view_of[0] = b == NULL ? RP_VIEW_MAYBE : 0;
  total *totals = calloc((size_t)out->count + 1, sizeof *totals);
  rp_value *one = rp_value_new(a->dtype, (test_shape){0});
  rp_set(one, 0, 1);
  test_walk w;
  for (test_walk_begin(&w, all); w.more; test_walk_next(&w)) {
    int64_t at[26];
    for (int i = 0; i < all.rank; i++) at[labels[i]] = w.index[i];
    add_product(&totals[labelled(&e, e.out, at)], a, labelled(&e, e.operands[0], at),
                b != NULL ? b : one, b != NULL ? labelled(&e, e.operands[1], at) : 0);
  }
  for (int64_t i = 0; i < out->count; i++) store(out, i, &totals[i]);
  rp_value_free(one);
  free(totals);
}

static bool choose_einsum(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  static const char *const equations[] = {
      "ij,jk->ik",    "ij->ji",   "ij->i",   "i,j->ij", "bij,bjk->bik",
      "bij,bkj->bik", "ijk->kji", "ij,ij->", "i->",     "bhi,bhj->bhij"};
  const char *text = equations[rp_choose(chooser, 0, 9)];
  int64_t extents[26];
  for (int i = 0; i < 26; i++) extents[i] = rp_choose(chooser, 1, 6);
  eager_dtype dtype = rp_choose_dtype(chooser, op->dtypes);
  rp_attr_add_text(step, "equation", text);
  test_shape shape = {0};
  for (const char *c = text; *c != '\0'; c++) {
    if (*c >= 'a') shape.dims[shape.rank++] = extents[*c - 'a'];
    if (*c >= 'a') continue;
    if (!rp_add_input(step, rp_choose_new(chooser, dtype, shape, small_fill(chooser))))
      return false;
    shape.rank = 0;
    if (*c == '-') break;
  }
  return true;
}

/* --- Windows over [n,h,w,c] --- */

typedef struct window {
  int64_t extent[2], stride[2], before[2], out[2];
} window;

/* VALID needs the window to fit; SAME puts the odd padding behind. */
static bool read_window(const rp_step *step, test_shape x, const int64_t *extent,
                        window *w) {
  const rp_attr *strides = rp_attr_find(step, "strides");
  bool same = strcmp(rp_attr_find(step, "padding")->text, "SAME") == 0;
  for (int i = 0; i < 2; i++) {
    int64_t in = x.dims[1 + i], s = strides->ints[1 + i];
    w->extent[i] = extent[i];
    w->stride[i] = s;
    if (s < 1 || extent[i] < 1 || in < 1 || (!same && in < extent[i])) return false;
    w->out[i] = same ? (in + s - 1) / s : (in - extent[i]) / s + 1;
    int64_t padding = same ? (w->out[i] - 1) * s + extent[i] - in : 0;
    w->before[i] = padding > 0 ? padding / 2 : 0;
  }
  return true;
}

/* Where tap k of the window at q is, or -1 in the padding. */
static int64_t tap(const window *w, int axis, int64_t q, int64_t k, int64_t extent) {
  int64_t at = q * w->stride[axis] + k - w->before[axis];
  return at < extent ? at : -1;
}

static void evaluate_conv(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_value *x = in[0], *f = in[1];
  window w;
  (void)op;
  bool good = x->shape.rank == 4 && f->shape.rank == 4 &&
              x->shape.dims[3] == f->shape.dims[2] && f->shape.dims[2] > 0 &&
              read_window(step, x->shape, f->shape.dims, &w) &&
              products_are_exact(x, f, f->count);
  if (!good) {
    rp_unclear(result);
    return;
  }
  int64_t channels = f->shape.dims[2], outputs = f->shape.dims[3];
  int64_t h = x->shape.dims[1], v = x->shape.dims[2];
  rp_value *out = rp_output(
      result, x->dtype, (test_shape){4, {x->shape.dims[0], w.out[0], w.out[1], outputs}});
  if (out == NULL) return;
  test_walk o;
  for (test_walk_begin(&o, out->shape); o.more; test_walk_next(&o)) {
    total t = {0};
    for (int64_t i = 0; i < w.extent[0]; i++)
      for (int64_t j = 0; j < w.extent[1]; j++) {
        int64_t row = tap(&w, 0, o.index[1], i, h), column = tap(&w, 1, o.index[2], j, v);
        for (int64_t c = 0; c < channels && row >= 0 && column >= 0; c++)
          add_product(&t, x, ((o.index[0] * h + row) * v + column) * channels + c, f,
                      ((i * w.extent[1] + j) * channels + c) * outputs + o.index[3]);
      }
    store(out, o.position, &t);
  }
}

static bool more(const rp_value *x, int64_t a, int64_t b) {
  if (test_is_float(x->dtype))
    return !isnan(rp_get(x, b)) && (isnan(rp_get(x, a)) || rp_get(x, a) > rp_get(x, b));
  int64_t p = rp_get_int(x, a), q = rp_get_int(x, b);
  return x->dtype == EAGER_UINT64 ? (uint64_t)p > (uint64_t)q : p > q;
}

static void evaluate_pool(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_value *x = in[0];
  const rp_attr *extent = rp_attr_find(step, "ksize");
  window w;
  (void)op;
  if (x->shape.rank != 4 || !read_window(step, x->shape, extent->ints + 1, &w)) {
    rp_unclear(result);
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  int64_t h = x->shape.dims[1], v = x->shape.dims[2], channels = x->shape.dims[3];
  rp_value *out = rp_output(
      result, x->dtype, (test_shape){4, {x->shape.dims[0], w.out[0], w.out[1], channels}});
  if (out == NULL) return;
  test_walk o;
  for (test_walk_begin(&o, out->shape); o.more; test_walk_next(&o)) {
    int64_t best = -1;
    for (int64_t i = 0; i < w.extent[0]; i++)
      for (int64_t j = 0; j < w.extent[1]; j++) {
        int64_t row = tap(&w, 0, o.index[1], i, h), column = tap(&w, 1, o.index[2], j, v);
        if (row < 0 || column < 0) continue;
        int64_t at = ((o.index[0] * h + row) * v + column) * channels + o.index[3];
        if (best < 0 || more(x, at, best)) best = at;
      }
    rp_move(out, o.position, x, best);
  }
}

static void add_window(rp_chooser *chooser, rp_step *step) {
  int64_t s = rp_choose(chooser, 1, 2), t = rp_choose(chooser, 1, 2);
  rp_attr_add_list(step, "strides", 4, (int64_t[]){1, s, t, 1});
  rp_attr_add_text(step, "padding", rp_chance(chooser, 50) ? "SAME" : "VALID");
}

static bool choose_conv(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int64_t c = rp_choose(chooser, 1, 5), kh = rp_choose(chooser, 1, 3);
  int64_t kw = rp_choose(chooser, 1, 3);
  eager_dtype dtype = rp_choose_dtype(chooser, op->dtypes);
  test_shape x = {
      4,
      {rp_choose(chooser, 1, 2), rp_choose(chooser, kh, 7), rp_choose(chooser, kw, 7), c}};
  test_shape f = {4, {kh, kw, c, rp_choose(chooser, 1, 5)}};
  rp_fill narrow = small_fill(chooser);
  narrow.low = -1;
  narrow.high = 1;
  add_window(chooser, step);
  return rp_add_input(step, rp_choose_new(chooser, dtype, x, small_fill(chooser))) &&
         rp_add_input(step, rp_choose_new(chooser, dtype, f, narrow));
}

static bool choose_pool(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  int64_t kh = rp_choose(chooser, 1, 3), kw = rp_choose(chooser, 1, 3);
  eager_dtype dtype = rp_choose_dtype(chooser, op->dtypes);
  test_shape x = {4,
                  {rp_choose(chooser, 1, 2), rp_choose(chooser, kh, 7),
                   rp_choose(chooser, kw, 7), rp_choose(chooser, 1, 5)}};
  rp_attr_add_list(step, "ksize", 4, (int64_t[]){1, kh, kw, 1});
  add_window(chooser, step);
  return rp_add_input(step,
                      rp_choose_new(chooser, dtype, x, rp_choose_fill(chooser, dtype)));
}

/* --- Biases --- */

static void evaluate_bias(const rp_op *op, const rp_step *step, const rp_value *const *in,
                          rp_result *result) {
  const rp_value *x = in[0], *bias = in[1];
  int rank = x->shape.rank;
  (void)op;
  if (rank < 2 || bias->shape.rank != 1 || x->shape.dims[rank - 1] != bias->count) {
    rp_unclear(result);
    return;
  }
  if (!rp_all_plain(step, in, result)) return;
  rp_value *out = rp_output(result, x->dtype, x->shape);
  if (out == NULL) return;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t c = i % bias->count;
    if (test_is_float(x->dtype))
      rp_set(out, i, rp_get(x, i) + rp_get(bias, c));
    else
      rp_set_int(out, i,
                 (int64_t)((uint64_t)rp_get_int(x, i) + (uint64_t)rp_get_int(bias, c)));
  }
}

static bool choose_bias(rp_chooser *chooser, const rp_op *op, rp_step *step) {
  if (!rp_add_input(step, rp_choose_register(chooser, op->dtypes, 2, 5))) return false;
  const rp_value *x = rp_look(chooser, step->inputs[0]);
  test_shape bias = {1, {x->shape.dims[x->shape.rank - 1]}};
  return rp_add_input(step, rp_choose_like(chooser, x->dtype, bias));
}

enum { CONV_DTYPES = RP_FLOATS | 1u << EAGER_INT32 };
static const rp_op ops[] = {
    {.name = "MatMul",
     .door = RP_DOOR_TRANSPOSES,
     RP_TYPED(eager_matmul),
     .attrs = {"transpose_a", "transpose_b"},
     .dtypes = RP_NUMBERS,
     .choose = choose_matmul,
     .evaluate = evaluate_matmul},
    {.name = "BatchMatMulV2",
     .door = RP_DOOR_TRANSPOSES,
     RP_TYPED(eager_batch_matmul),
     .attrs = {"adj_x", "adj_y"},
     .dtypes = RP_NUMBERS,
     .choose = choose_matmul,
     .evaluate = evaluate_matmul},
    {.name = "Einsum",
     .dtypes = RP_NUMBERS,
     .choose = choose_einsum,
     .evaluate = evaluate_einsum},
    {.name = "Conv2D",
     .dtypes = CONV_DTYPES,
     .choose = choose_conv,
     .evaluate = evaluate_conv},
    {.name = "MaxPool",
     .dtypes = RP_NUMBERS,
     .choose = choose_pool,
     .evaluate = evaluate_pool},
    {.name = "BiasAdd",
     .dtypes = RP_NUMBERS,
     .choose = choose_bias,
     .evaluate = evaluate_bias},
};
const rp_family rp_family_matrix = {ops, sizeof ops / sizeof *ops};
