/* npy.h - NumPy's .npy and .npz files, bit for bit. Reading and writing block in both
 * modes.
 *
 * bfloat16, which NumPy does not have, is written as '<V2', as ml_dtypes does. */
#ifndef EAGERCL_NPY_H
#define EAGERCL_NPY_H

#include <stddef.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Replaces `path` only once everything is written; a failure leaves what was there. */
EAGER_API EAGER_NODISCARD eager_status eager_npy_save(const char *path,
                                                      const eager_tensor *t);

/* On the scope's device. Takes versions 1 to 3, either byte order, C and Fortran order. No
 * such file: EAGER_NOT_FOUND; not .npy: EAGER_INVALID_ARGUMENT; cut short: EAGER_DATA_LOSS;
 * a dtype or rank the library lacks: EAGER_UNIMPLEMENTED; more bytes than the device can
 * hold: EAGER_RESOURCE_EXHAUSTED. What a header claims is checked against the file and the
 * device before memory is asked for. '<V2' needs eager_npy_load_as. */
EAGER_API EAGER_NODISCARD eager_status eager_npy_load(const char *path, eager_tensor **out);

/* Reads the elements as `dtype`, which must have the size of the file's: nothing is
 * converted. */
EAGER_API EAGER_NODISCARD eager_status eager_npy_load_as(const char *path,
                                                         eager_dtype dtype,
                                                         eager_tensor **out);

/* ---- .npz: named arrays in one file ---- */

/* As numpy.savez writes them: not compressed. All or nothing, as eager_npy_save. A name
 * that is NULL, empty or there twice is EAGER_INVALID_ARGUMENT. */
EAGER_API EAGER_NODISCARD eager_status eager_npz_save(const char *path,
                                                      const char *const *names,
                                                      eager_tensor *const *tensors,
                                                      size_t count);

/* An open file: arrays are read when they are asked for, from any thread. */
typedef struct eager_npz eager_npz;

/* Also what numpy.savez_compressed wrote. Needs no enabling. */
EAGER_API EAGER_NODISCARD eager_status eager_npz_load(const char *path, eager_npz **out);
EAGER_API void eager_npz_release(eager_npz *npz); /* NULL-safe */

/* In the file's order; a name beyond the count is "". Valid until release. */
EAGER_API size_t eager_npz_count(const eager_npz *npz);
EAGER_API const char *eager_npz_name(const eager_npz *npz, size_t index);

/* The array as eager_npy_load and eager_npy_load_as give it. No such name:
 * EAGER_NOT_FOUND. A wrong checksum: EAGER_DATA_LOSS. */
EAGER_API EAGER_NODISCARD eager_status eager_npz_get(const eager_npz *npz, const char *name,
                                                     eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_npz_get_as(const eager_npz *npz,
                                                        const char *name, eager_dtype dtype,
                                                        eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_NPY_H */
