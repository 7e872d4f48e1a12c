/* Between gemm.c and the two ways of making products: how a launch of matmul.cl's kernels
 * is planned. */
#ifndef EAGER_OPS_GEMM_PLAN_H
#define EAGER_OPS_GEMM_PLAN_H

#include "ops/gemm.h"

enum { EAGER__GEMM_RANK = 6 }; /* of the kernels' walk over products */

/* As in matmul.cl. */
typedef struct eager__gemm_args {
  int64_t m, n, k, a_row, a_col, b_row, b_col, c_row, c_col;
  int64_t rows, columns, side, lanes;
  int64_t begin, end, depth, parts;
  int64_t subtract, to_sums, from_sums;
  int64_t first, count, each;
  int64_t a_panels, b_panels;
  int64_t rank;
  int64_t dims[EAGER__GEMM_RANK], a_strides[EAGER__GEMM_RANK], b_strides[EAGER__GEMM_RANK],
      c_strides[EAGER__GEMM_RANK];
} eager__gemm_args;

/* What a launch is made from. */
typedef struct eager__gemm_plan {
  eager__commands *commands;
  const eager__traits *traits;
  eager_dtype dtype;
  eager__spot a, b, c;
  int64_t count; /* products in all */
  eager__gemm_args p;
} eager__gemm_plan;

double eager__gemm_work(const eager__gemm_args *p); /* multiplications */

/* Cuts k into about `parts`, each a multiple of `multiple` long. */
void eager__gemm_cut(eager__gemm_args *p, int64_t parts, int64_t multiple);

/* c's transpose is b's times a's. */
void eager__gemm_swap(eager__gemm_plan *l);

void eager__gemm_begin(const eager__gemm_plan *l, const char *name);
/* a, b, c, `sums` (a workspace or -1), args. */
void eager__gemm_add_operands(const eager__gemm_plan *l, int sums);
/* Room for what `parts` of `count` products add up to. */
int eager__gemm_make_sums(const eager__gemm_plan *l, int64_t parts, int64_t count);
/* Adds up the parts; zeros where there are none. */
eager_status eager__gemm_add_finish(const eager__gemm_plan *l, int sums);

/* For CPUs (gemm_blocks.c) and GPUs (gemm_groups.c). k > 0. */
eager_status eager__gemm_launch_blocks(eager__gemm_plan *l, bool may_pack);
eager_status eager__gemm_launch_groups(eager__gemm_plan *l);

#endif
