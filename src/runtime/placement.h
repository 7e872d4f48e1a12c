/* Where an op runs and which inputs move: pure decisions. */
#ifndef EAGER_RUNTIME_PLACEMENT_H
#define EAGER_RUNTIME_PLACEMENT_H

#include <stdbool.h>

#include "eagercl/dtype.h"
#include "eagercl/runtime.h"

typedef enum eager__verdict {
  EAGER__VERDICT_STAY, /* the input is where the op runs */
  EAGER__VERDICT_COPY,
  EAGER__VERDICT_WARN, /* copy, and say so */
  EAGER__VERDICT_REFUSE,
} eager__verdict;

/* What `policy` says of an input of `dtype`; "int32" is exactly int32. */
eager__verdict eager__place_input(eager_device_policy policy, eager_dtype dtype,
                                  bool same_device);

/* Whether the `count`-th warning of one (op, input, devices) is logged: the first ten,
 * then powers of ten. */
bool eager__warning_is_due(uint64_t count);

#endif
