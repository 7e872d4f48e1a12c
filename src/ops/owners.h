/* Sums by destination in order of the entries, for devices like a CPU: rows are listed by
 * destination and added up in registers, single numbers where they go. cl_kernels/owners.cl
 * is the other half. */
#ifndef EAGER_OPS_OWNERS_H
#define EAGER_OPS_OWNERS_H

#include "ops/buckets.h"

/* Whether this is the way on this device: asks for sums, for plain, onto or less, and
 * enough entries to be worth a look at every destination. */
bool eager__owners_fit(const eager__commands *commands, int64_t entries, int64_t targets,
                       const eager__fold *fold);

/* Whether eager__buckets_begin shall leave room for sorting. */
bool eager__owners_sort(const eager__commands *commands, int64_t entries, int64_t targets,
                        int64_t columns);

/* As eager__buckets_fold, for keys that have not been sorted, but output 0 becomes whole:
 * zeros or `onto` where no entry goes. */
eager_status eager__add_owned(eager__commands *commands, eager__buckets *buckets,
                              const eager__fold *fold);

#endif
