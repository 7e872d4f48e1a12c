#include "ops/grids.h"

#include "ops/plan.h"

int64_t eager__group_size(const eager__commands *commands) {
  if (commands->status != EAGER_OK) return 1;
  int64_t most = eager__at_most((int64_t)eager__commands_traits(commands)->max_local_size,
                                (int64_t)eager__kernel_group_most(commands));
  return eager__power_of_two(EAGER__GROUP, eager__at_most(most, EAGER__GROUP));
}

int64_t eager__group_each(const eager__commands *commands) {
  return eager__commands_traits(commands)->cpu_like ? 1 : eager__group_size(commands);
}

eager__grid eager__grid_each(const eager__commands *commands, int64_t elements,
                             int64_t each) {
  return eager__grid_1d(eager__ceil_div(elements, each), eager__group_each(commands));
}
