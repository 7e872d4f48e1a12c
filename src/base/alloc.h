/* Host memory. Every block of the library comes from here, so tests can make it run out. */
#ifndef EAGER_BASE_ALLOC_H
#define EAGER_BASE_ALLOC_H

#include <stddef.h>

#include "eagercl/status.h"

/* Zeroed. NULL when memory is short; nothing is recorded. */
void *eager__alloc(size_t size);

/* As realloc: what is new is not zeroed; on NULL the old block stays valid. */
void *eager__realloc(void *block, size_t size);

/* NULL when memory is short or `text` is NULL. */
char *eager__strdup(const char *text);

void eager__free(void *block);

/* Records RESOURCE_EXHAUSTED for `size` bytes of host memory and returns it. */
eager_status eager__out_of_memory(size_t size);

/* Makes room for `count` elements of `size` bytes; `array` is the address of the pointer to
 * them. Grows by half; what is new is not zeroed. Both are unchanged on failure. */
eager_status eager__reserve(void *array, size_t *capacity, size_t count, size_t size);

/* For tests: the `count`-th allocation of the process from now on, and only that one,
 * returns NULL. -1: none. What was left of the last such count: positive while it was not
 * reached. */
long eager__alloc_fail_after(long count);

#endif
