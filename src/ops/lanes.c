#include "ops/lanes.h"

#include "ops/plan.h"

/* From here on it paid on every processor it was measured on. */
enum { STREAM_SIZE = 16 << 20 };

enum { GROUP_LEAST = 2048 };

/* A work-group costs a CPU some 5 ns and the kernels' way into their loops 50 ns, so less
 * than GROUP_LEAST elements are not worth one; some dozens for each core keep all busy to
 * the end. Always groups of one: PoCL compiles a kernel anew for every size. */
static eager__lanes plan_blocks(const eager__commands *commands, int64_t elements,
                                int64_t lanes) {
  if (elements <= GROUP_LEAST)
    return (eager__lanes){eager__ceil_div(elements, lanes) * lanes, eager__grid_1d(1, 1)};
  int64_t most = eager__at_least(8 * (int64_t)eager__commands_compute_units(commands), 64);
  int64_t groups = eager__at_most(eager__ceil_div(elements, GROUP_LEAST), most);
  int64_t chunk = eager__ceil_div(eager__ceil_div(elements, groups), lanes) * lanes;
  return (eager__lanes){chunk, eager__grid_1d(eager__ceil_div(elements, chunk), 1)};
}

static int64_t local_size(const eager__commands *commands, const eager__traits *traits) {
  if (commands->status != EAGER_OK) return 1;
  return eager__at_most((int64_t)traits->max_local_size,
                        (int64_t)eager__kernel_group_most(commands));
}

eager__lanes eager__lanes_plan_rows(const eager__commands *commands, int64_t elements,
                                    int64_t columns) {
  eager__lanes plan = eager__lanes_plan(commands, elements);
  if (!eager__commands_traits(commands)->cpu_like || columns > plan.chunk / 4) return plan;
  plan.chunk = eager__ceil_div(plan.chunk, columns) * columns;
  plan.grid = eager__grid_1d(eager__ceil_div(elements, plan.chunk), 1);
  return plan;
}

bool eager__lanes_stream(int64_t size) {
  return size >= STREAM_SIZE;
}

eager__lanes eager__lanes_plan(const eager__commands *commands, int64_t elements) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t lanes = traits->vector_width;
  if (traits->cpu_like) return plan_blocks(commands, elements, lanes);
  int64_t items = eager__ceil_div(elements, lanes);
  return (eager__lanes){lanes, eager__grid_1d(items, local_size(commands, traits))};
}
