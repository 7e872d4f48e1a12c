/* Indices and ids as inputs: their dtypes, and indices into several dimensions. */
#ifndef EAGER_OPS_INDICES_H
#define EAGER_OPS_INDICES_H

#include "base/dtype.h"
#include "base/shape.h"

enum {
  EAGER__INDICES = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64),
  EAGER__SHORT_INDICES = EAGER__INDICES | EAGER__BIT(EAGER_INT16),
};

/* The kernels' `kind` of such a dtype, or of uint16. */
int eager__index_kind(eager_dtype dtype);

/* Indices into the first dimensions of a tensor, as GatherNd and the scatters take them:
 * [..., depth], one coordinate per dimension. */

typedef struct eager__corner { /* the kernels' `corner` */
  int64_t dims[EAGER__MAX_RANK], strides[EAGER__MAX_RANK];
  int64_t depth;
  int64_t targets; /* what the strides count: slices of all but these dimensions */
} eager__corner;

/* INVALID_ARGUMENT unless indices have a last dimension of at most `most`, the dimensions
 * that `what` has for them, or an unknown one. */
eager_status eager__corner_check(const eager__shape *indices, int most, const char *what);

/* For checked indices into the dimensions of `shape` from `first` on. */
void eager__corner_make(const eager__shape *indices, const eager__shape *shape, int first,
                        eager__corner *out);

#endif
