/* npy.h - NumPy's .npy files, bit for bit. Reading and writing block in both modes.
 *
 * bfloat16, which NumPy does not have, is written as '<V2', as ml_dtypes does. */
#ifndef EAGERCL_NPY_H
#define EAGERCL_NPY_H

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
 * a dtype or rank the library lacks: EAGER_UNIMPLEMENTED. '<V2' needs eager_npy_load_as. */
EAGER_API EAGER_NODISCARD eager_status eager_npy_load(const char *path, eager_tensor **out);

/* Reads the elements as `dtype`, which must have the size of the file's: nothing is
 * converted. */
EAGER_API EAGER_NODISCARD eager_status eager_npy_load_as(const char *path,
                                                         eager_dtype dtype,
                                                         eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_NPY_H */
