/* ops_random.h - random numbers. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_RANDOM_H
#define EAGERCL_OPS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Random numbers: floats, a function of seed, shape and dtype alone ----
 *
 * Philox 4x32-10 (Salmon et al., SC 2011), the same numbers on every device; for the normal
 * ones up to rounding. `seed` is two numbers. */

/* Uniform in [0, 1). */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_random_uniform(int rank,
                                                                      const int64_t *dims,
                                                                      const int64_t seed[2],
                                                                      eager_dtype dtype,
                                                                      eager_tensor **out);
/* Mean 0, standard deviation 1, by Box-Muller. */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_random_normal(int rank,
                                                                     const int64_t *dims,
                                                                     const int64_t seed[2],
                                                                     eager_dtype dtype,
                                                                     eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_RANDOM_H */
