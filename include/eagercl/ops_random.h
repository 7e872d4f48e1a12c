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
 * Philox 4x32-10 (Salmon et al., SC 2011), the same bits on every device.
 * Not those of TensorFlow. `seed` is two numbers. */

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

/* The normal distribution within two standard deviations, redrawn beyond. */
EAGER_API EAGER_NODISCARD eager_status
eager_stateless_truncated_normal(int rank, const int64_t *dims, const int64_t seed[2],
                                 eager_dtype dtype, eager_tensor **out);

/* ---- Random whole numbers: int32, int64, uint32, uint64 ---- */

/* From minval to maxval - 1, which the dtype must hold; none is more likely than another by
 * more than (maxval - minval) / 2^64. minval >= maxval: EAGER_INVALID_ARGUMENT. */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_random_uniform_int(
    int rank, const int64_t *dims, const int64_t seed[2], int64_t minval, int64_t maxval,
    eager_dtype dtype, eager_tensor **out);
/* All numbers of the dtype. */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_random_uniform_full_int(
    int rank, const int64_t *dims, const int64_t seed[2], eager_dtype dtype,
    eager_tensor **out);

/* ---- Random choices ---- */

/* num_samples classes per row of the floats `logits` [batch, classes], each with
 * probability softmax(logits), to 2^-23 of it and to 2^-39 of the likeliest one's: [batch,
 * num_samples] of dtype int32 or int64. Logits that are not finite are never drawn; a row
 * without others gives 0. At most 2^24 classes. Raw: StatelessMultinomial. */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_categorical(eager_tensor *logits,
                                                                   int64_t num_samples,
                                                                   const int64_t seed[2],
                                                                   eager_dtype dtype,
                                                                   eager_tensor **out);
/* The slices of value along axis 0 in random order, a scalar as it is; every dtype. Raw:
 * StatelessShuffle. */
EAGER_API EAGER_NODISCARD eager_status eager_stateless_shuffle(eager_tensor *value,
                                                               const int64_t seed[2],
                                                               eager_tensor **out);
/* Each element of the floats x becomes 0 with probability `rate`, in [0, 1), or is divided
 * by 1 - rate. noise_shape, with rank(x) entries: 1 for an axis along which all share one
 * fate, else -1 or x's extent; NULL: each its own. The same call on a gradient is the
 * gradient. Raw: Dropout, which TensorFlow composes. */
EAGER_API EAGER_NODISCARD eager_status eager_dropout(eager_tensor *x, double rate,
                                                     const int64_t seed[2],
                                                     const int64_t *noise_shape,
                                                     eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_RANDOM_H */
