/* Sums that ops share when they plan how many work-items do how much. */
#ifndef EAGER_OPS_PLAN_H
#define EAGER_OPS_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/dtype.h"

/* Work-items that share local memory, at most: their tiles fit into the smallest one that
 * OpenCL's embedded profile allows. */
enum { EAGER__GROUP = 64 };

/* A work-item's trips through the main loop of a kernel, at most. llvmpipe ends all loops
 * of a work-item once their trips, nested ones and following ones together, reach 65535;
 * the smaller loops need their share, also short ones that other drivers unroll. */
enum { EAGER__TRIPS = 8192 };

/* Bytes of an input that are worth keeping laid out for its next use (tensor/forms.h): what
 * is smaller may cost one build of a program more than it ever gives back. */
enum { EAGER__KEPT_LEAST = 1 << 18 };

static inline int64_t eager__at_least(int64_t value, int64_t floor) {
  return value > floor ? value : floor;
}

static inline int64_t eager__at_most(int64_t value, int64_t ceiling) {
  return value < ceiling ? value : ceiling;
}

static inline int64_t eager__ceil_div(int64_t value, int64_t by) {
  return (value + by - 1) / by;
}

/* The smallest power of two that reaches `value`, or the largest up to `most`. */
static inline int64_t eager__power_of_two(int64_t value, int64_t most) {
  int64_t power = 1;
  while (power * 2 <= most && power < value) power *= 2;
  return power;
}

/* Bytes of the type that kernels compute `dtype` in. */
static inline size_t eager__computed_size(eager_dtype dtype) {
  bool narrow =
      EAGER__BIT(dtype) & (EAGER__BIT(EAGER_FLOAT16) | EAGER__BIT(EAGER_BFLOAT16));
  return narrow ? sizeof(float) : eager_dtype_size(dtype);
}

#endif
