/* Between tensors and the elements as .npy holds them, in host memory. */
#ifndef EAGER_RUNTIME_NPY_ELEMENTS_H
#define EAGER_RUNTIME_NPY_ELEMENTS_H

#include "tensor/npy.h"
#include "tensor/tensor.h"

/* The header's text and the elements; the caller frees both, also on failure. Blocks. */
eager_status eager__npy_from_tensor(const eager_tensor *t, eager__strbuf *header,
                                    void **out_data, size_t *out_size);

/* `dtype`: as what to read the elements; EAGER_DTYPE_INVALID: as what they are. `what` they
 * are of stands in the texts, `load_as` begins the call to advise:
 * "eager_npy_load_as(path". */
eager_status eager__npy_choose_dtype(const char *what, const char *load_as,
                                     eager_dtype dtype, eager__npy_header *header);

/* RESOURCE_EXHAUSTED for more bytes than the scope's device can hold at all: before host
 * memory is asked for, since a sparse file may promise anything. */
eager_status eager__npy_check_room(const char *what, uint64_t size);

/* From the elements as they stand in the file. Takes `data` over. */
eager_status eager__npy_to_tensor(const eager__npy_header *header, void *data,
                                  eager_tensor **out);

size_t eager__npy_data_size(const eager__npy_header *header); /* bytes */

#endif
