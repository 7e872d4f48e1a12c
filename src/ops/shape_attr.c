#include "ops/shape_attr.h"

eager_status eager__shape_attr_check(const char *name, const eager__attr *list) {
  /* A negative rank of a typed door arrives as an enormous count. */
  EAGER__REQUIRE(list->count <= EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "%s: rank must be from 0 to %d, got %lld", name, EAGER__MAX_RANK,
                 (long long)list->count);
  EAGER__REQUIRE(list->count == 0 || list->ints != NULL, EAGER_INVALID_ARGUMENT,
                 "%s must not be NULL for rank %zu", name, list->count);
  return EAGER_OK;
}

eager_status eager__list_attr_get(const eager__call *call, const char *name, size_t most,
                                  const eager__attr **out) {
  const eager__attr *list = eager__attr_get(call, name);
  EAGER__REQUIRE(list->count <= most, EAGER_INVALID_ARGUMENT,
                 "%s may list %zu numbers at most, got %lld", name, most,
                 (long long)list->count);
  EAGER__REQUIRE(list->count == 0 || list->ints, EAGER_INVALID_ARGUMENT,
                 "%s must not be NULL for %zu numbers", name, list->count);
  *out = list;
  return EAGER_OK;
}

eager_status eager__shape_attr_get(const eager__call *call, const char *name,
                                   eager_dtype dtype, eager__shape *out) {
  const eager__attr *list = eager__attr_get(call, name);
  EAGER__TRY(eager__shape_attr_check(name, list));
  return eager__shape_make(dtype, (int)list->count, list->ints, out);
}
