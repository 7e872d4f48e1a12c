/* Small blocks for what comes and goes with every op: handles, buffers, checks. Each thread
 * keeps what it frees in lists of its own, so that a thread that has run for a while
 * neither allocates nor takes a lock. Any thread may free. */
#ifndef EAGER_BASE_SMALL_H
#define EAGER_BASE_SMALL_H

#include <stddef.h>

/* How many blocks of a size a thread keeps: none under sanitizers, which look for memory
 * used after it was freed and get to see every block. */
#ifdef EAGER__SANITIZED
enum { EAGER__SMALL_KEPT = 0 };
#else
enum { EAGER__SMALL_KEPT = 128 };
#endif

/* Not zeroed. NULL when memory is short; nothing is recorded. */
void *eager__small_alloc(size_t size);

/* `size` as it was asked for. NULL-safe. */
void eager__small_free(void *block, size_t size);

/* Gives up what this thread keeps. A thread that ends does so by itself. */
void eager__small_trim(void);

#endif
