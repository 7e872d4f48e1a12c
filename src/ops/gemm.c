/* Which way a product is made: by CLBlast where it may, and our own way beside it. */
#include "ops/gemm_plan.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/options.h"

eager__matrix eager__matrix_dense(eager__spot at, int64_t rows, int64_t columns,
                                  bool transpose) {
  return transpose ? (eager__matrix){at, 1, rows} : (eager__matrix){at, columns, 1};
}

/* --- One kernel --- */

static void add_sums(const eager__gemm_plan *l, int sums) {
  if (sums >= 0)
    eager__arg_scratch(l->commands, sums);
  else
    eager__arg_at(l->commands, &l->c); /* not looked at */
}

void eager__gemm_add_operands(const eager__gemm_plan *l, int sums) {
  eager__arg_at(l->commands, &l->a);
  eager__arg_at(l->commands, &l->b);
  eager__arg_at(l->commands, &l->c);
  add_sums(l, sums);
  eager__arg_bytes(l->commands, &l->p, sizeof l->p);
}

int eager__gemm_make_sums(const eager__gemm_plan *l, int64_t parts, int64_t count) {
  int64_t elements = parts * count * l->p.m * l->p.n;
  return eager__scratch(l->commands, (size_t)elements * eager__computed_size(l->dtype));
}

eager_status eager__gemm_add_finish(const eager__gemm_plan *l, const eager__family *family,
                                    int sums) {
  int64_t elements = l->p.count * l->p.m * l->p.n;
  eager__kernel_begin(l->commands, family, l->dtype, "product_finish");
  if (l->commands->status != EAGER_OK) return l->commands->status;
  int64_t local = eager__group_size(l->commands);
  eager__arg_at(l->commands, &l->c);
  add_sums(l, sums);
  eager__arg_bytes(l->commands, &l->p, sizeof l->p);
  return eager__kernel_end(l->commands, eager__grid_1d(elements, local));
}

/* c's transpose is b's times a's. */
static void swap(eager__gemm_plan *l) {
  eager__spot a = l->a;
  l->a = l->b;
  l->b = a;
  eager__gemm_swap_args(&l->p);
}

/* --- CLBlast --- */

static bool wants_clblast(const eager__gemm_plan *l) {
  eager__gemm_path path = eager__options_gemm();
  if (path == EAGER__GEMM_OWN || (path == EAGER__GEMM_AUTO && !l->choice.clblast))
    return false;
  return eager__commands_blas_usable(l->commands, l->dtype);
}

/* Whether a matrix with these strides is one of CLBlast's: dense along one side. */
static bool is_plain(int64_t row, int64_t col, int64_t rows, int64_t columns,
                     bool *out_transposed, size_t *out_ld) {
  *out_transposed = col != 1 && columns != 1;
  if (*out_transposed && row != 1 && rows != 1) return false;
  int64_t across = *out_transposed ? rows : columns;
  int64_t along = *out_transposed ? columns : rows;
  int64_t ld = along == 1 ? across : *out_transposed ? col : row;
  *out_ld = (size_t)ld;
  return ld >= across;
}

static bool describe_gemm(const eager__gemm_plan *l, eager__gemm *out) {
  const eager__gemm_args *p = &l->p;
  bool c_transposed;
  *out = (eager__gemm){.dtype = l->dtype,
                       .m = (size_t)p->m,
                       .n = (size_t)p->n,
                       .k = (size_t)p->k,
                       .batch = (size_t)l->count};
  if (p->subtract || p->rank > 1) return false;
  if (p->rank == 1) {
    out->a_step = (size_t)p->a_strides[0];
    out->b_step = (size_t)p->b_strides[0];
    out->c_step = (size_t)p->c_strides[0];
  }
  return is_plain(p->a_row, p->a_col, p->m, p->k, &out->transpose_a, &out->lda) &&
         is_plain(p->b_row, p->b_col, p->k, p->n, &out->transpose_b, &out->ldb) &&
         is_plain(p->c_row, p->c_col, p->m, p->n, &c_transposed, &out->ldc) &&
         !c_transposed;
}

/* --- Choosing --- */

/* Strides of what has one row or column are never followed: make them the usual ones. */
static void tidy_strides(eager__gemm_args *p) {
  if (p->m == 1) p->a_row = p->k * p->a_col, p->c_row = p->n * p->c_col;
  if (p->n == 1) p->b_col = 1, p->c_col = 1;
  if (p->k == 1) p->a_col = 1, p->b_row = p->n * p->b_col;
}

static eager_status add_walk(eager__commands *commands, const eager__product *x,
                             const eager__walk *walk) {
  eager__gemm_plan l = {.commands = commands,
                        .traits = eager__commands_traits(commands),
                        .dtype = x->dtype,
                        .a = x->a.at,
                        .b = x->b.at,
                        .c = x->c.at,
                        .count = 1,
                        .p = {.m = x->m,
                              .n = x->n,
                              .k = x->k,
                              .a_row = x->a.row,
                              .a_col = x->a.col,
                              .b_row = x->b.row,
                              .b_col = x->b.col,
                              .c_row = x->c.row,
                              .c_col = x->c.col,
                              .end = x->k,
                              .depth = x->k,
                              .parts = 1,
                              .subtract = x->subtract,
                              .rank = walk->rank}};
  for (int d = 0; d < walk->rank; d++) {
    int from = walk->rank - 1 - d;
    l.p.dims[d] = walk->dims[from];
    l.p.a_strides[d] = walk->strides[0][from];
    l.p.b_strides[d] = walk->strides[1][from];
    l.p.c_strides[d] = walk->strides[2][from];
    l.count *= walk->dims[from];
  }
  if (l.count == 1) l.p.rank = 0;
  l.p.count = l.count;
  tidy_strides(&l.p);
  const eager__family *finisher =
      l.traits->cpu_like ? &eager__family_gemm_thin : &eager__family_gemm_groups;
  if (l.p.k == 0) {
    l.p.parts = 0;
    return eager__gemm_add_finish(&l, finisher, -1);
  }
  if (l.p.c_col != 1 && l.p.c_row == 1) swap(&l);
  eager__gemm gemm;
  bool plain = describe_gemm(&l, &gemm);
  const eager__gemm_device device = {l.traits, eager__commands_compute_units(commands)};
  l.choice = eager__gemm_choose(&device, l.dtype, &l.p);
  if (plain && wants_clblast(&l))
    EAGER__TRY(eager__add_gemm(commands, &gemm, &l.a, &l.b, &l.c));
  if (l.choice.swap) swap(&l);
  eager_status status =
      l.traits->cpu_like ? eager__gemm_launch_blocks(&l) : eager__gemm_launch_groups(&l);
  eager__end_gemm(commands);
  return status;
}

static void drop_last(eager__walk *walk) {
  if (--walk->rank > 0) return;
  walk->rank = 1;
  walk->dims[0] = 1;
}

/* Products that share b are one with more rows where their rows follow each other, those
 * that share a one with more columns. */
static void fold(eager__product *x, eager__walk *walk) {
  for (;;) {
    int last = walk->rank - 1;
    int64_t dim = walk->dims[last], a = walk->strides[0][last];
    int64_t b = walk->strides[1][last], c = walk->strides[2][last];
    if (dim == 1) return;
    if (b == 0 && (x->m == 1 || (a == x->m * x->a.row && c == x->m * x->c.row))) {
      if (x->m == 1) x->a.row = a, x->c.row = c;
      x->m *= dim;
    } else if (a == 0 && (x->n == 1 || (b == x->n * x->b.col && c == x->n * x->c.col))) {
      if (x->n == 1) x->b.col = b, x->c.col = c;
      x->n *= dim;
    } else {
      return;
    }
    drop_last(walk);
  }
}

/* The kernels walk over EAGER__GEMM_RANK dimensions: further ones, which hardly anything
 * has, are launches of their own. */
static eager_status add_outer(eager__commands *commands, const eager__product *x,
                              eager__walk *walk) {
  if (walk->rank <= EAGER__GEMM_RANK) {
    eager__scratch_mark mark = eager__scratch_begin(commands);
    eager_status status = add_walk(commands, x, walk);
    eager__scratch_end(commands, mark);
    return status;
  }
  eager__product part = *x;
  eager__walk inner = *walk;
  inner.rank--;
  for (int d = 0; d < inner.rank; d++) {
    inner.dims[d] = walk->dims[d + 1];
    for (int o = 0; o < 3; o++) inner.strides[o][d] = walk->strides[o][d + 1];
  }
  for (int64_t i = 0; i < walk->dims[0]; i++) {
    eager__walk each = inner;
    EAGER__TRY(add_outer(commands, &part, &each));
    part.a.at.offset += walk->strides[0][0];
    part.b.at.offset += walk->strides[1][0];
    part.c.at.offset += walk->strides[2][0];
  }
  return EAGER_OK;
}

static void make_walk(const eager__product *x, eager__walk *walk) {
  walk->rank = x->rank;
  for (int d = 0; d < x->rank; d++) {
    walk->dims[d] = x->dims[d];
    for (int o = 0; o < 3; o++) walk->strides[o][d] = x->strides[o][d];
  }
  eager__walk_collapse(walk, 3);
}

eager_status eager__add_product(eager__commands *commands, const eager__product *x) {
  eager__walk walk;
  make_walk(x, &walk);
  if (walk.dims[0] == 0 || x->m == 0 || x->n == 0) return EAGER_OK;
  if (x->k == 0 && x->subtract) return EAGER_OK;
  eager__product folded = *x;
  fold(&folded, &walk);
  return add_outer(commands, &folded, &walk);
}
