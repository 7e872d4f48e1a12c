/* Products on CPUs: a work-item makes a block by itself. */
#include "ops/families.h"
#include "ops/gemm_plan.h"
#include "ops/plan.h"

enum { PACKED = 256 }; /* positions of k that one work-item moves; as in matmul_thin.cl */

eager_status eager__gemm_add_pieces(eager__gemm_plan *l, const eager__family *family,
                                    const char *name, int64_t down, int64_t across,
                                    bool waits) {
  eager__gemm_args *p = &l->p;
  p->each = eager__at_most(l->choice.each, p->count);
  p->depth = l->choice.depth;
  p->parts = eager__ceil_div(p->k, p->depth);
  p->to_sums = p->parts > 1;
  int sums = p->to_sums || waits ? eager__gemm_make_sums(l, p->parts, p->count) : -1;
  eager__kernel_begin(l->commands, family, l->dtype, name);
  eager__gemm_add_operands(l, sums);
  int64_t items = eager__ceil_div(p->count, p->each) * p->parts;
  EAGER__TRY(eager__kernel_end(l->commands, eager__grid_3d(down, 1, across, 1, items, 1)));
  return p->parts > 1 ? eager__gemm_add_finish(l, family, sums) : EAGER_OK;
}

static eager_status launch_blocks(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  const eager__gemm_tile *tile = &eager__gemm_tiles[l->choice.tile];
  p->rows = l->choice.rows;
  p->columns = l->choice.columns;
  if (l->choice.way == EAGER__GEMM_DIRECT)
    return eager__gemm_add_pieces(l, tile->direct, "product_direct",
                                  eager__ceil_div(p->m, p->rows),
                                  eager__ceil_div(p->n, p->columns), false);
  eager_status status;
  if (eager__gemm_add_packed(l, &status)) return status;
  bool narrow = eager_dtype_size(l->dtype) < eager__computed_size(l->dtype);
  bool by_columns = p->a_row == 1 && p->a_col != 1;
  return eager__gemm_add_pieces(
      l, tile->families[by_columns], "product_blocks", eager__ceil_div(p->m, p->rows),
      eager__ceil_div(p->n, p->columns), narrow && l->choice.depth > tile->depth);
}

static bool all_zero(const eager__gemm_args *p, const int64_t *strides) {
  for (int64_t d = 0; d < p->rank; d++)
    if (strides[d] != 0) return false;
  return true;
}

/* b anew, as `copies` dense matrices `size` apart at `at`. */
static void replace_b(eager__gemm_args *p, int64_t copies, int64_t size) {
  int64_t step = copies > 1 ? size : 0;
  for (int64_t d = 0; d < p->rank; d++) {
    p->b_strides[d] = step;
    step *= p->dims[d];
  }
}

static eager_status launch_dots(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  if (p->b_row != 1 && p->k > 1) {
    int64_t copies = all_zero(p, p->b_strides) ? 1 : p->count;
    size_t element = eager_dtype_size(l->dtype);
    int scratch = eager__scratch(l->commands, (size_t)(copies * p->n * p->k) * element);
    eager__kernel_begin(l->commands, &eager__family_gemm_thin, l->dtype, "pack_dots");
    eager__arg_at(l->commands, &l->b);
    eager__arg_scratch(l->commands, scratch);
    eager__arg_bytes(l->commands, p, sizeof *p);
    EAGER__TRY(eager__kernel_end(
        l->commands, eager__grid_3d(eager__ceil_div(p->k, PACKED), 1, 1, 1, copies, 1)));
    l->b = (eager__spot){EAGER__PLACE_SCRATCH, scratch, 0};
    p->b_row = 1;
    p->b_col = p->k;
    replace_b(p, copies, p->n * p->k);
  }
  p->rows = l->choice.rows;
  return eager__gemm_add_pieces(l, &eager__family_gemm_thin, "product_dots",
                                eager__ceil_div(p->m, p->rows), 1, false);
}

static eager_status launch_rows(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  p->columns = l->choice.columns;
  /* The last block takes what is left: it would be less than a vector. */
  return eager__gemm_add_pieces(l, &eager__family_gemm_thin, "product_rows",
                                p->n / p->columns, 1, false);
}

eager_status eager__gemm_launch_blocks(eager__gemm_plan *l) {
  switch (l->choice.way) {
  case EAGER__GEMM_DOTS:
    return launch_dots(l);
  case EAGER__GEMM_ROWS:
    return launch_rows(l);
  default:
    return launch_blocks(l);
  }
}
