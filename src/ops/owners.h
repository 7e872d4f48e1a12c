/* Sums by destination without sorting, for devices like a CPU: every work-item owns some
 * destinations and walks all keys. cl_kernels/owners.cl is the other half. */
#ifndef EAGER_OPS_OWNERS_H
#define EAGER_OPS_OWNERS_H

#include "ops/buckets.h"

/* Whether this is the way on this device: asks for sums, for plain, onto or less, and
 * enough entries to be worth a look at every destination. */
bool eager__owners_fit(const eager__commands *commands, int64_t entries, int64_t targets,
                       const eager__fold *fold);

/* As eager__buckets_fold, for keys that need no sorting, but output 0 becomes whole: zeros
 * or `onto` where no entry goes. */
eager_status eager__add_owned(eager__commands *commands, const eager__buckets *buckets,
                              const eager__fold *fold);

#endif
