/* Doors of the running totals. */
#ifndef EAGER_TESTS_DOORS_REDUCE_H
#define EAGER_TESTS_DOORS_REDUCE_H

#include "doors.h"

static eager_status cumsum(eager_tensor *const *in, eager_tensor **out) {
  return eager_cumsum(in[0], 1, true, false, out);
}
static eager_status cumprod(eager_tensor *const *in, eager_tensor **out) {
  return eager_cumprod(in[0], 0, false, false, out);
}
static eager_status cumulative_logsumexp(eager_tensor *const *in, eager_tensor **out) {
  return eager_cumulative_logsumexp(in[0], -1, false, true, out);
}

static const row reduce_rows[] = {
    {"Cumsum",
     cumsum,
     {{EAGER_INT32, {2, {3, 4}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}, {"exclusive", EAGER_ATTR_BOOL, 1, {true}}}},
    {"Cumprod", cumprod, {{EAGER_FLOAT32, {2, {3, 4}}}}, {{0}}},
    {"CumulativeLogsumexp",
     cumulative_logsumexp,
     {{EAGER_FLOAT32, {2, {3, 4}}}},
     {{"axis", EAGER_ATTR_INT, 1, {-1}}, {"reverse", EAGER_ATTR_BOOL, 1, {true}}}},
};

#endif
