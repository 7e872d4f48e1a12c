/* Exclusive sums of counts, the step between counting and writing: deterministic, any
 * length. For any op's command list. */
#ifndef EAGER_OPS_SCAN_H
#define EAGER_OPS_SCAN_H

#include "runtime/commands.h"

typedef struct eager__scan {
  eager__spot values; /* of `dtype`, room for count + 1 of them */
  eager_dtype dtype;  /* EAGER_UINT32 or EAGER_UINT64: sums wrap there (int32, int64 too) */
  int64_t count;      /* 0 is legal */
  int sums; /* the scratch buffer it works in; -1: it makes one and says so here */
} eager__scan;

/* Every count becomes the sum of those before it, element [count] the sum of all. Again
 * with the same `sums`: no more counts than the first time. */
eager_status eager__add_scan(eager__commands *commands, eager__scan *scan);

/* Element [count], once scanned, into output `output`, int64. */
eager_status eager__add_scan_total(eager__commands *commands, const eager__scan *scan,
                                   int output);

/* How many consecutive elements a work-item counts, at most EAGER__TRIPS: `gpu` of them
 * where the device is not like a CPU. eager__grid_each has the grid. */
int64_t eager__block_each(const eager__commands *commands, int64_t elements, int64_t gpu);

#endif
