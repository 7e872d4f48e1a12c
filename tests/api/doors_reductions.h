/* The reductions whose typed calls are alike. */
#ifndef EAGER_TESTS_DOORS_REDUCTIONS_H
#define EAGER_TESTS_DOORS_REDUCTIONS_H

#include "eagercl/eagercl.h"

static const struct {
  const char *raw;
  eager_status (*typed)(eager_tensor *, const int64_t *, int, bool, eager_tensor **);
  eager_dtype dtype;
} reductions[] = {
    {"Sum", eager_reduce_sum, EAGER_FLOAT32},
    {"Mean", eager_reduce_mean, EAGER_FLOAT32},
    {"Max", eager_reduce_max, EAGER_INT32},
    {"Min", eager_reduce_min, EAGER_FLOAT32},
    {"Prod", eager_reduce_prod, EAGER_INT32},
    {"Any", eager_reduce_any, EAGER_BOOL},
    {"All", eager_reduce_all, EAGER_BOOL},
    {"EuclideanNorm", eager_reduce_euclidean_norm, EAGER_FLOAT32},
    {"Variance", eager_reduce_variance, EAGER_FLOAT32},
    {"Std", eager_reduce_std, EAGER_FLOAT32},
    {"LogSumExp", eager_reduce_logsumexp, EAGER_FLOAT32},
};
enum { REDUCTIONS = sizeof reductions / sizeof *reductions };

#endif
