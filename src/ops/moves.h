/* What the ops that move elements share: how a table of rows is dealt out to work-items,
 * and the kernel that collects rows from anywhere. cl_kernels/moves.cl is the other half.
 */
#ifndef EAGER_OPS_MOVES_H
#define EAGER_OPS_MOVES_H

#include "runtime/commands.h"

/* The kernels' `spread`: one work-item moves rows_each x columns_each elements. */
typedef struct eager__spread {
  int64_t rows, columns, rows_each, columns_each;
} eager__spread;

/* NVIDIA's limit for all but the first dimension of a grid. */
enum { EAGER__GROUPS_MOST = 65535 };

/* For a table of `rows` x `columns`, both at least 1, and the kernel begun last. */
eager__spread eager__spread_make(const eager__commands *commands, int64_t rows,
                                 int64_t columns);
eager__grid eager__spread_grid(const eager__commands *commands,
                               const eager__spread *spread);

/* Output 0, dense, from the elements of input 0 that operand 0 of `walk` visits from
 * element `start` on. The walk is collapsed and not empty. */
eager_status eager__add_move_rows(eager__commands *commands, int64_t start,
                                  const eager__walk *walk);

/* Output 0 whole from input `input`, which has as many elements. */
eager_status eager__add_copy(eager__commands *commands, int input);

/* Elements of input `input`, which operand 0 of `walk` visits from x_start on, to where
 * operand 1 stands in output 0, from out_start on. The walk is collapsed and not empty. */
eager_status eager__add_place_rows(eager__commands *commands, int input, int64_t x_start,
                                   int64_t out_start, const eager__walk *walk);

#endif
