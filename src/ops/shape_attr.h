/* Attributes that are shapes: Reshape, Fill and the random ops. */
#ifndef EAGER_OPS_SHAPE_ATTR_H
#define EAGER_OPS_SHAPE_ATTR_H

#include "runtime/op_record.h"

/* INVALID_ARGUMENT unless the list `name` is there (a NULL list only with count 0) and has
 * at most EAGER__MAX_RANK entries. What the typed doors pass on unchecked ends up here. */
eager_status eager__shape_attr_check(const char *name, const eager__attr *list);

/* The list `name`, with at most `most` entries, NULL only if it has none:
 * INVALID_ARGUMENT otherwise. */
eager_status eager__list_attr_get(const eager__call *call, const char *name, size_t most,
                                  const eager__attr **out);

/* The list as a shape of `dtype`: checks everything that eager__shape_make does. */
eager_status eager__shape_attr_get(const eager__call *call, const char *name,
                                   eager_dtype dtype, eager__shape *out);

#endif
