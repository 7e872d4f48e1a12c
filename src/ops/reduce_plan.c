#include "ops/reduce_plan.h"

#include "ops/plan.h"

enum {
  ROW = 64,     /* elements whose sums run side by side */
  TILE = 1024,  /* columns that one block takes side by side: 64 vectors in reduce.cl */
  FEW = 16,     /* tiles that do not keep a CPU's cores busy */
  PART = 16384, /* elements worth a work-item of their own */
  STRETCH = 16, /* as in reduce.cl */
};

bool eager__reduction_lay_out(const eager__shape *x, const bool *is_reduced,
                              eager__reduction *out) {
  struct {
    int64_t dim, stride;
    bool reduced;
  } groups[EAGER__MAX_RANK];
  int count = 0;
  int64_t stride = 1;
  for (int d = x->rank - 1; d >= 0; d--) { /* innermost first */
    if (x->dims[d] == 1) continue;
    if (count > 0 && groups[count - 1].reduced == is_reduced[d])
      groups[count - 1].dim *= x->dims[d];
    else {
      groups[count].dim = x->dims[d];
      groups[count].stride = stride;
      groups[count++].reduced = is_reduced[d];
    }
    stride *= x->dims[d];
  }
  *out = (eager__reduction){.outputs = 1, .run = 1, .runs = 1, .stride = 1};
  int inner = -1;
  for (int g = 0; g < count && inner < 0; g++)
    if (groups[g].reduced) inner = g;
  for (int g = count - 1; g >= 0; g--) {
    if (g == inner) {
      out->run = groups[g].dim;
      out->stride = groups[g].stride;
    } else if (groups[g].reduced) {
      out->runs *= groups[g].dim;
      out->run_dims[out->run_rank] = groups[g].dim;
      out->run_strides[out->run_rank++] = groups[g].stride;
    } else {
      out->outputs *= groups[g].dim;
      out->kept_dims[out->kept_rank] = groups[g].dim;
      out->kept_strides[out->kept_rank++] = groups[g].stride;
    }
  }
  return count > 0 && !groups[0].reduced;
}

static void cut(eager__reduction *r, int64_t parts, int64_t multiple) {
  int64_t total = r->run * r->runs;
  r->part = eager__ceil_div(eager__ceil_div(total, eager__at_least(parts, 1)), multiple) *
            multiple;
  r->parts = eager__ceil_div(total, r->part);
}

int64_t eager__reduction_plan_blocks(eager__reduction *r, bool columns) {
  int64_t total = r->run * r->runs;
  if (!columns) {
    bool few = r->outputs < 16 && total >= 4 * PART;
    cut(r, few ? eager__at_most(total / PART, 64 / r->outputs) : 1, ROW);
    r->block = eager__at_least(PART / 2 / (total + 32), 1);
    return eager__ceil_div(r->outputs, r->block);
  }
  int64_t inner = r->kept_dims[r->kept_rank - 1], outer = r->outputs / inner;
  int64_t tiles = outer * eager__ceil_div(inner, TILE), width = eager__at_most(inner, TILE);
  bool tall = tiles < FEW && total * width >= 4 * PART;
  cut(r, tall ? eager__at_most(total * width / (4 * PART), 4 * FEW / tiles) : 1, STRETCH);
  r->lanes = TILE;
  r->block = eager__at_least(PART / 2 / (total * width + 32), 1);
  return eager__ceil_div(tiles, r->block);
}

int64_t eager__reduction_lanes(int64_t length, int64_t outputs, bool columns,
                               int64_t size) {
  if (columns) return size / eager__power_of_two(outputs, size);
  if (length < 8) return 1;
  return length < 512 ? eager__at_most(size, 16) : size;
}

int64_t eager__reduction_plan_groups(eager__reduction *r, bool columns, int64_t size) {
  int64_t total = r->run * r->runs;
  r->lanes = eager__reduction_lanes(total, r->outputs, columns, size);
  int64_t groups = eager__ceil_div(r->outputs, size / r->lanes);
  int64_t parts =
      eager__at_most(4096 / groups, total / eager__at_least(r->lanes * 64, PART / 4));
  int64_t longest = r->lanes * EAGER__TRIPS;
  cut(r, eager__at_least(parts, eager__ceil_div(total, longest)), 1);
  return groups;
}
