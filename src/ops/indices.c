#include "ops/indices.h"

#include <inttypes.h>

int eager__index_kind(eager_dtype dtype) {
  switch (dtype) {
  case EAGER_INT16:
    return 0;
  case EAGER_INT32:
    return 1;
  case EAGER_INT64:
    return 2;
  default:
    return 3;
  }
}

eager_status eager__corner_check(const eager__shape *indices, int most, const char *what) {
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(indices->rank >= 1, EAGER_INVALID_ARGUMENT,
                 "Indices shape must have rank at least one. Found: %s",
                 eager__shape_text(indices, text));
  int64_t depth = indices->dims[indices->rank - 1];
  EAGER__REQUIRE(depth <= most, EAGER_INVALID_ARGUMENT,
                 "index innermost dimension length must be <= %s rank; saw: %" PRId64
                 " vs. %d",
                 what, depth, most);
  return EAGER_OK;
}

void eager__corner_make(const eager__shape *indices, const eager__shape *shape, int first,
                        eager__corner *out) {
  *out = (eager__corner){.depth = indices->dims[indices->rank - 1], .targets = 1};
  for (int d = (int)out->depth - 1; d >= 0; d--) {
    out->dims[d] = shape->dims[first + d];
    out->strides[d] = out->targets;
    out->targets *= out->dims[d];
  }
}
