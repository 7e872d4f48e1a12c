/* How a reduction is laid out and dealt to work-items: by shapes alone, so the bits do not
 * depend on the number of threads. */
#ifndef EAGER_OPS_REDUCE_PLAN_H
#define EAGER_OPS_REDUCE_PLAN_H

#include "base/shape.h"

/* As in reduce.cl. */
typedef struct eager__reduction {
  int64_t outputs, run, runs, stride, parts, part, block, lanes;
  int64_t divisor, last, raw, centred;
  int64_t kept_rank, run_rank;
  int64_t kept_dims[4], kept_strides[4], run_dims[4], run_strides[4];
} eager__reduction;

/* The axes in as few groups as possible, and each group where it belongs. True when the
 * innermost group is kept. */
bool eager__reduction_lay_out(const eager__shape *x, const bool *is_reduced,
                              eager__reduction *out);

/* Cuts into blocks for one work-item each. The number of them is the result. */
int64_t eager__reduction_plan_blocks(eager__reduction *r, bool columns);

/* Cuts into parts for groups of `size` work-items. The number of groups is the result. */
int64_t eager__reduction_plan_groups(eager__reduction *r, bool columns, int64_t size);

/* How many work-items of a group of `size` share one result. */
int64_t eager__reduction_lanes(int64_t length, int64_t outputs, bool columns, int64_t size);

#endif
