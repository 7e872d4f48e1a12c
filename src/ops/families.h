/* The kernel families: which files of cl_kernels make up one program. */
#ifndef EAGER_OPS_FAMILIES_H
#define EAGER_OPS_FAMILIES_H

#include "cl/program.h"

extern const eager__family eager__family_elementwise; /* ops/elementwise.c: rows as text */
extern const eager__family eager__family_cast;
extern const eager__family eager__family_rows;  /* reduce, arg, softmax */
extern const eager__family eager__family_array; /* moves: dtype of the element's size */
extern const eager__family eager__family_gemm;
extern const eager__family eager__family_range;
extern const eager__family eager__family_random;

/* For moves: the unsigned integer dtype with elements as large as `dtype`'s, so one
 * program serves all of that size and float64 needs no arithmetic. */
eager_dtype eager__move_dtype(eager_dtype dtype);

/* Every family with the dtypes it is built for, for the offline compilation test. */
typedef struct eager__family_row {
  const eager__family *family;
  uint32_t dtypes;
} eager__family_row;
extern const eager__family_row eager__families[];
extern const int eager__family_count;

#endif
