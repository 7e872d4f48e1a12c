/* Implicit copies, counted: totals, and per (op, input, from, to). */
#ifndef EAGER_RUNTIME_COPY_STATS_H
#define EAGER_RUNTIME_COPY_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cl/device.h"

typedef struct eager__copy_key {
  const char *op; /* static text */
  int input;
  const eager__device *from, *to;
} eager__copy_key;

/* A copy of `size` bytes starts. With `warned` it counts as a warning too: the return value
 * is which one this is for the key, from 1; else 0. */
uint64_t eager__count_copy(const eager__copy_key *key, size_t size, bool warned);
void eager__count_mirror_hit(const eager__copy_key *key);
void eager__copy_stats_close(void);

#endif
