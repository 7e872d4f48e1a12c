/* Products of matrices for the ops that are made of them. */
#ifndef EAGER_OPS_GEMM_H
#define EAGER_OPS_GEMM_H

#include "runtime/commands.h"

/* A matrix: element (i, j) of it lies i * row + j * col elements behind `at`. */
typedef struct eager__matrix {
  eager__spot at;
  int64_t row, col;
} eager__matrix;

/* c[m, n] = a[m, k] b[k, n], or c - a b, for every position of a walk over `dims` (the
 * outermost first; rank 0: one product). `strides` are those of a, b and c in elements; 0
 * repeats. Any strides are legal, but elements of c must not share a place. */
typedef struct eager__product {
  eager_dtype dtype; /* of a, b and c */
  int64_t m, n, k;
  eager__matrix a, b, c;
  int rank;
  int64_t dims[EAGER__MAX_RANK];
  int64_t strides[3][EAGER__MAX_RANK];
  bool subtract; /* k at most EAGER__TRIPS / 4; c may be in a's buffer */
} eager__product;

/* Appends it. 16-bit floats are added up in float32. k = 0 gives zeros, nothing to compute
 * appends nothing. Takes up to three workspaces, which are free again afterwards. */
eager_status eager__add_product(eager__commands *commands, const eager__product *x);

/* Row-major [rows, columns] from `at` on, or its transpose. */
eager__matrix eager__matrix_dense(eager__spot at, int64_t rows, int64_t columns,
                                  bool transpose);

#endif
