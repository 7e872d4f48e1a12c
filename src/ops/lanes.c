#include "ops/lanes.h"

#include "ops/plan.h"

/* A work-group costs a CPU some 5 ns, and less than 1024 elements are not worth one; some
 * hundreds of groups keep any number of cores busy to the end. Always groups of one: PoCL
 * compiles a kernel anew for every size. */
static eager__lanes plan_blocks(const eager__commands *commands, int64_t elements,
                                int64_t lanes) {
  int64_t most = 8 * (int64_t)eager__commands_compute_units(commands);
  if (most < 256) most = 256;
  int64_t groups = eager__at_most(eager__ceil_div(elements, 1024), most);
  int64_t chunk = eager__ceil_div(eager__ceil_div(elements, groups), lanes) * lanes;
  return (eager__lanes){chunk, eager__grid_1d(eager__ceil_div(elements, chunk), 1)};
}

static int64_t local_size(const eager__commands *commands, const eager__traits *traits) {
  if (commands->status != EAGER_OK) return 1;
  return eager__at_most((int64_t)traits->max_local_size,
                        (int64_t)eager__kernel_group_most(commands));
}

eager__lanes eager__lanes_plan(const eager__commands *commands, int64_t elements) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t lanes = traits->vector_width;
  if (traits->cpu_like) return plan_blocks(commands, elements, lanes);
  int64_t items = eager__ceil_div(elements, lanes);
  return (eager__lanes){lanes, eager__grid_1d(items, local_size(commands, traits))};
}
