/* Where in one block of memory values lie that do not live at the same time. Pure. */
#ifndef EAGER_GRAPH_ARENA_H
#define EAGER_GRAPH_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { EAGER__ARENA_ALIGNMENT = 256 }; /* of every region */

typedef struct eager__region {
  size_t size;    /* bytes */
  int begin, end; /* the steps in which it is made and read last */
  size_t offset;  /* filled in */
} eager__region;

/* Fills in the offsets: regions that share a step do not overlap. `*out_size` is what all
 * need together. The largest come first, each to the lowest gap that holds it. */
eager_status eager__arena_plan(eager__region *regions, int count, size_t *out_size);

/* What no plan can do with less: the most bytes that live in one step. */
size_t eager__arena_least(const eager__region *regions, int count);

#endif
