/* Products on GPUs: work-items of a group share a tile, or a row. */
#include "ops/families.h"
#include "ops/gemm_plan.h"
#include "ops/grids.h"
#include "ops/moves.h"
#include "ops/plan.h"

enum { GROUPS = 256 }; /* work-groups that keep a GPU busy */

static eager_status add_tiled(const eager__gemm_plan *l, int sums) {
  const eager__gemm_args *p = &l->p;
  int64_t width = 4 * p->side, size = p->side * p->side;
  int64_t tiles = eager__ceil_div(p->m, width) * eager__ceil_div(p->n, width);
  size_t tile = (size_t)(p->side * (width + 1)) * eager__computed_size(l->dtype);
  eager__kernel_begin(l->commands, &eager__family_gemm_groups, l->dtype, "product_tiled");
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
  return p->parts > 1 ? eager__gemm_add_finish(l, &eager__family_gemm_groups, sums)
                      : EAGER_OK;
}

static eager_status launch_tiled(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  p->side = l->choice.side;
  p->depth = l->choice.depth;
  p->parts = l->choice.parts;
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
  eager__kernel_begin(l->commands, &eager__family_gemm_groups, l->dtype, "product_thin");
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
  p->depth = eager__ceil_div(eager__ceil_div(p->k, parts), p->lanes) * p->lanes;
  p->parts = eager__ceil_div(p->k, p->depth);
  int sums = p->parts > 1 ? eager__gemm_make_sums(l, p->parts, p->count) : -1;
  p->to_sums = p->parts > 1;
  eager__gemm_add_operands(l, sums);
  eager__arg_local(l->commands, (size_t)group * eager__computed_size(l->dtype));
  eager_status status =
      eager__kernel_end(l->commands, eager__grid_2d(groups * group, group, p->parts, 1));
  return status == EAGER_OK && p->parts > 1
             ? eager__gemm_add_finish(l, &eager__family_gemm_groups, sums)
             : status;
}

eager_status eager__gemm_launch_groups(eager__gemm_plan *l) {
  return l->choice.way == EAGER__GEMM_TILED ? launch_tiled(l) : launch_thin(l);
}
