/* Rows put in order, for the ops that sort: stable, deterministic, n log n. */
#ifndef EAGER_OPS_ORDER_H
#define EAGER_OPS_ORDER_H

#include "cl/program.h"
#include "runtime/commands.h"

/* Elements along one axis. NaN is greater than every number and equal to itself, -0 equals
 * 0, and of equals the first comes first, ascending or descending. */
typedef struct eager__order {
  int64_t rows, length, inner; /* as in order.cl; length at most UINT32_MAX */
  int64_t limit;               /* so many of each row are wanted; at least 1 */
  bool descending;
} eager__order;

/* Along `axis` of `x`, all of it, ascending. */
eager__order eager__order_along(const eager__shape *x, int axis);

/* UNIMPLEMENTED for rows whose places do not fit. */
eager_status eager__order_check(const eager__order *order);

/* The key rule of order.cl. */
typedef struct eager__key_rule {
  int64_t sign, infinity, flip;
} eager__key_rule;
eager__key_rule eager__key_rule_of(eager_dtype dtype, bool descending);

/* Scratch buffers: of each row its first `limit` keys, unsigned integers of the element's
 * size, and the elements' places in the row, uint. Rows are `stride` apart. */
typedef struct eager__ordered {
  eager__order order;
  const eager__family *family; /* has order_pick */
  int keys, places;
  int64_t stride;
} eager__ordered;

/* Orders the rows of `input`, none of them empty. Takes up to six scratch buffers. */
eager_status eager__add_order(eager__commands *commands, int input,
                              const eager__order *order, eager__ordered *out);

/* Of each row the elements [first, first + kept): themselves into output `values`, their
 * places into output `places`, int16, int32 or int64; -1: not wanted. */
eager_status eager__add_order_pick(eager__commands *commands, int input,
                                   const eager__ordered *ordered, int64_t first,
                                   int64_t kept, int values, int places);

#endif
