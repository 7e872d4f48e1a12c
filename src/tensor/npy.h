/* The .npy format, on host memory: headers only. https://numpy.org/neps/nep-0001 */
#ifndef EAGER_TENSOR_NPY_H
#define EAGER_TENSOR_NPY_H

#include "base/shape.h"
#include "base/strbuf.h"

typedef struct eager__npy_header {
  eager_dtype dtype;
  eager__shape shape;
  bool fortran_order, big_endian;
  size_t data_offset; /* where the elements begin */
} eager__npy_header;

/* Version 1.0, padded so that the data begin at a multiple of 64. */
eager_status eager__npy_write_header(eager_dtype dtype, const eager__shape *shape,
                                     eager__strbuf *out);

/* Reads the header in the first `size` bytes of a file. INVALID_ARGUMENT for what is not
 * .npy, DATA_LOSS when `size` ends inside the header, UNIMPLEMENTED for dtypes and
 * ranks we lack. `V2` reads as bfloat16. */
eager_status eager__npy_read_header(const void *bytes, size_t size, eager__npy_header *out);

/* Whether the elements stand in the other byte order than this machine's. */
bool eager__npy_is_foreign(const eager__npy_header *header);

/* Bytes as they stand in the file -> row-major, native order. Same size. */
void eager__npy_normalize(const eager__npy_header *header, const void *file_data,
                          void *out);

#endif
