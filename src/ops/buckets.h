/* Rows gathered by destination: what UnsortedSegment*, ScatterNd, TensorScatter* and
 * Bincount share. An op writes one key per entry, has them sorted stably, and has the
 * entries of each destination folded in their order: no floats in atomics, so the same bits
 * whatever the order of work-items. cl_kernels/buckets.cl and scatter.cl are the other
 * half.
 *
 *   eager__buckets buckets;
 *   eager__buckets_begin(commands, entries, targets, columns, true, &buckets);
 *   eager__kernel_begin(..., "corner_keys"); ...    writes the keys: eager__arg_keys
 *   eager__buckets_sort(commands, &buckets);
 *   return eager__buckets_fold(commands, &buckets, &(eager__fold){...});
 *
 * Memory: 16 to 20 bytes per entry, beside a 128th or less of the updates. */
#ifndef EAGER_OPS_BUCKETS_H
#define EAGER_OPS_BUCKETS_H

#include "runtime/commands.h"

typedef struct eager__buckets {
  int64_t entries, targets, columns;
  int pool;            /* the scratch of everything below, in uints */
  int64_t keys, order; /* as they are now; order -1: entry i is row i */
  int64_t other_keys, other_order, table, next_keys;
  int64_t each, items; /* of the kernels that sort */
  int64_t chunk;       /* of the kernels that fold */
} eager__buckets;

typedef enum eager__fold_op { /* as in scatter.cl */
                              EAGER__FOLD_SUM,
                              EAGER__FOLD_PROD,
                              EAGER__FOLD_MAX,
                              EAGER__FOLD_MIN,
} eager__fold_op;

typedef enum eager__fold_finish { /* as in scatter.cl */
                                  EAGER__FINISH_PLAIN,
                                  EAGER__FINISH_ONTO, /* folded onto the input `onto` */
                                  EAGER__FINISH_LESS, /* subtracted from it */
                                  EAGER__FINISH_MEAN,
                                  EAGER__FINISH_SQRT_N,
} eager__fold_finish;

typedef struct eager__fold {
  eager__fold_op op;
  eager__fold_finish finish;
  int updates; /* the input with the rows: [entries][columns] */
  int onto;    /* the input of the output's shape, where `finish` asks for one */
} eager__fold;

/* For infer: UNIMPLEMENTED where there are more than an int can count. -1: not known. */
eager_status eager__buckets_check(int64_t entries, int64_t targets);

/* `entries` > 0. `sort` false: the keys will not need it. */
eager_status eager__buckets_begin(eager__commands *commands, int64_t entries,
                                  int64_t targets, int64_t columns, bool sort,
                                  eager__buckets *out);
eager_status eager__buckets_sort(eager__commands *commands, eager__buckets *buckets);
/* As sorting, but only by key >> shift, which is below EAGER__BINS. Where a bin begins
 * stands in the table: [EAGER__BINS][items], its first item. */
eager_status eager__buckets_deal(eager__commands *commands, eager__buckets *buckets,
                                 int *out_shift);
/* Output 0, [targets][columns], wherever an entry goes; the rest of it is left alone. */
eager_status eager__buckets_fold(eager__commands *commands, const eager__buckets *buckets,
                                 const eager__fold *fold);

/* Zeros in the first `count` uints of a scratch. */
eager_status eager__add_zeros(eager__commands *commands, int scratch, int64_t count);

/* Three kernel arguments: the pool, and where in it the keys are. */
void eager__arg_keys(eager__commands *commands, const eager__buckets *buckets);

enum { EAGER__BINS = 64 };

/* What is refused of ids, and what counts nowhere; as in buckets.cl. */
enum { EAGER__RULE_RISING, EAGER__RULE_SEGMENTS, EAGER__RULE_BINS };

/* How many entries, neighbours all, a work-item of a kernel over them takes;
 * eager__grid_each has the grid. */
int64_t eager__stretch(const eager__commands *commands);

#endif
