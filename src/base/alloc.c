#include "base/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static atomic_long allocations_until_failure = -1; /* not positive: never */

long eager__alloc_fail_after(long count) {
  return atomic_exchange(&allocations_until_failure, count);
}

static bool must_fail(void) {
  if (atomic_load_explicit(&allocations_until_failure, memory_order_relaxed) <= 0)
    return false;
  return atomic_fetch_sub(&allocations_until_failure, 1) == 1;
}

/* One byte where none is asked for: NULL means that memory is short and nothing else. */
void *eager__alloc(size_t size) {
  return must_fail() ? NULL : calloc(1, size > 0 ? size : 1);
}

void *eager__realloc(void *block, size_t size) {
  return must_fail() ? NULL : realloc(block, size > 0 ? size : 1);
}

char *eager__strdup(const char *text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char *copy = eager__alloc(size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

void eager__free(void *block) {
  free(block);
}

eager_status eager__out_of_memory(size_t size) {
  return eager__fail(EAGER_RESOURCE_EXHAUSTED,
                     "out of host memory: %zu bytes could not be allocated", size);
}

eager_status eager__reserve(void *array, size_t *capacity, size_t count, size_t size) {
  if (count <= *capacity) return EAGER_OK;
  size_t grown = *capacity + *capacity / 2;
  if (grown < count) grown = count;
  if (grown < 8) grown = 8;
  if (grown > SIZE_MAX / size) return eager__out_of_memory(SIZE_MAX);
  void *block;
  memcpy(&block, array, sizeof block); /* `array` may point to any kind of pointer */
  block = eager__realloc(block, grown * size);
  if (block == NULL) return eager__out_of_memory(grown * size);
  memcpy(array, &block, sizeof block);
  *capacity = grown;
  return EAGER_OK;
}
