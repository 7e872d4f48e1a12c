/* Where in few blocks of memory values lie that do not live at the same time. Pure. */
#ifndef EAGER_GRAPH_ARENA_H
#define EAGER_GRAPH_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { EAGER__ARENA_ALIGNMENT = 256 }; /* of every region */

/* Memory that is there anyway: a result's, until the step in which it is written. */
typedef struct eager__bin {
  size_t size; /* bytes */
  int end;     /* steps before this one may use it */
} eager__bin;

typedef struct eager__region {
  size_t size;    /* bytes */
  int begin, end; /* the steps in which it is made and read last */
  int bin;        /* filled in: -1 for the arena */
  size_t offset;  /* filled in */
} eager__region;

/* Fills in bins and offsets: regions that share a step do not overlap. `*out_size` is how
 * large the arena is. What fits into a bin lies there. */
eager_status eager__arena_plan(eager__region *regions, int count, const eager__bin *bins,
                               int bin_count, size_t *out_size);

/* What no plan can do with less, had it no bins: the most bytes that live in one step. */
eager_status eager__arena_least(const eager__region *regions, int count, size_t *out);

#endif
