/* Products on GPUs: work-items of a group share a tile, or a row. */
#include "ops/gemm_plan.h"
#include "ops/grids.h"
#include "ops/moves.h"
#include "ops/plan.h"

enum {
  THIN = 8,     /* columns that product_thin takes; as in matmul.cl */
  GROUPS = 256, /* work-groups that keep a GPU busy */
};

/* Work-items of a group along one side of their tile, which should not be empty mostly. */
static int64_t tile_side(const eager__gemm_plan *l) {
  size_t most = l->traits->max_local_size;
  int64_t side = most >= 256 ? 16 : most >= 64 ? 8 : most >= 16 ? 4 : 1;
  int64_t least = eager__at_most(l->p.m, l->p.n);
  while (side > 4 && 2 * side >= least) side /= 2;
  return side;
}

static eager_status add_tiled(const eager__gemm_plan *l, int sums) {
  const eager__gemm_args *p = &l->p;
  int64_t width = 4 * p->side, size = p->side * p->side;
  int64_t tiles = eager__ceil_div(p->m, width) * eager__ceil_div(p->n, width);
  size_t tile = (size_t)(p->side * (width + 1)) * eager__computed_size(l->dtype);
  eager__gemm_begin(l, "product_tiled");
  eager__gemm_add_operands(l, sums);
  eager__arg_local(l->commands, tile);
  eager__arg_local(l->commands, tile);
  return eager__kernel_end(l->commands,
                           eager__grid_3d(tiles * size, size, p->count, 1, p->parts, 1));
}

/* Where loops are limited, a launch goes through only so much of k. */
static eager_status add_stretches(eager__gemm_plan *l, int sums) {
  eager__gemm_args *p = &l->p;
  int64_t stretch = p->depth * p->parts;
  for (p->begin = 0; p->begin < p->k; p->begin += stretch) {
    p->end = eager__at_most(p->k, p->begin + stretch);
    p->from_sums = p->begin > 0;
    p->to_sums = p->parts > 1 || p->end < p->k;
    EAGER__TRY(add_tiled(l, sums));
  }
  return p->parts > 1 ? eager__gemm_add_finish(l, sums) : EAGER_OK;
}

static eager_status launch_tiled(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  p->side = tile_side(l);
  int64_t width = 4 * p->side;
  int64_t groups = eager__ceil_div(p->m, width) * eager__ceil_div(p->n, width) * l->count;
  if (groups < GROUPS && !p->subtract)
    eager__gemm_cut(p, eager__at_least(eager__at_most(GROUPS / groups, p->k / 256), 1),
                    p->side);
  if (l->traits->loop_limit != 0 && p->depth > EAGER__TRIPS / 4)
    p->depth = EAGER__TRIPS / 4;
  int64_t most = eager__at_most(l->count, EAGER__GROUPS_MOST);
  bool needs_sums = p->depth < p->k;
  int sums = needs_sums ? eager__gemm_make_sums(l, p->parts, most) : -1;
  for (p->first = 0; p->first < l->count; p->first += most) {
    p->count = eager__at_most(most, l->count - p->first);
    EAGER__TRY(add_stretches(l, sums));
  }
  return EAGER_OK;
}

/* How many work-items share a row of a. */
static int64_t choose_lanes(const eager__gemm_args *p, int64_t group) {
  int64_t rows = p->m * p->count;
  if (p->a_col == 1 || p->k == 1) {
    int64_t lanes = 1;
    while (lanes < group && lanes * 8 <= p->k) lanes *= 2;
    return lanes;
  }
  return rows < group ? group / eager__power_of_two(rows, group) : 1;
}

static eager_status launch_thin(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  eager__gemm_begin(l, "product_thin");
  if (l->commands->status != EAGER_OK) return l->commands->status;
  int64_t group = eager__group_size(l->commands);
  p->lanes = choose_lanes(p, group);
  int64_t groups = eager__ceil_div(p->m * p->count, group / p->lanes), parts = 1;
  if (!p->subtract) {
    parts = eager__at_most(GROUPS / eager__at_most(groups, GROUPS), p->k / (p->lanes * 64));
    if (l->traits->loop_limit != 0)
      parts = eager__at_least(parts, eager__ceil_div(p->k, p->lanes * (EAGER__TRIPS / 4)));
    parts = eager__at_least(parts, 1);
  }
  eager__gemm_cut(p, parts, p->lanes);
  int sums = p->parts > 1 ? eager__gemm_make_sums(l, p->parts, p->count) : -1;
  p->to_sums = p->parts > 1;
  eager__gemm_add_operands(l, sums);
  eager__arg_local(l->commands, (size_t)group * eager__computed_size(l->dtype));
  eager_status status =
      eager__kernel_end(l->commands, eager__grid_2d(groups * group, group, p->parts, 1));
  return status == EAGER_OK && p->parts > 1 ? eager__gemm_add_finish(l, sums) : status;
}

eager_status eager__gemm_launch_groups(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  bool swap = p->n > THIN || (p->m <= THIN && p->a_col != 1 && p->b_row == 1);
  if (p->n > THIN && p->m > THIN) return launch_tiled(l);
  if (swap) eager__gemm_swap(l);
  return launch_thin(l);
}
