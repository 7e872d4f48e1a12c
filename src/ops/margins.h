/* Tensors whose positions map axis by axis onto those of another with something before and
 * behind it: padding, mirroring, repeating, rolling. cl_kernels/pad.cl is the other half.
 */
#ifndef EAGER_OPS_MARGINS_H
#define EAGER_OPS_MARGINS_H

#include "runtime/commands.h"

/* Along axis d position i of the output is i - before[d] of x; of extents at least 1, but x
 * may have none in pad_rows. */
typedef struct eager__margins {
  int64_t out_dims[EAGER__MAX_RANK], x_dims[EAGER__MAX_RANK], before[EAGER__MAX_RANK];
  int64_t rank; /* the kernels': axes in front of the last one */
} eager__margins;

typedef enum eager__margin_kind {
  EAGER__MARGIN_PAD,    /* a constant: input 1, or 0 if there is none */
  EAGER__MARGIN_MIRROR, /* x's image */
  EAGER__MARGIN_WRAP,   /* x again */
} eager__margin_kind;

/* For a call of one input x with the shape of output 0 set; `before` has an entry per axis.
 * Joins neighbouring axes where that means the same. */
eager__margins eager__margins_make(const eager__call *call, const int64_t *before,
                                   eager__margin_kind kind);

/* Output 0 from input 0. MIRROR: `edge` 1 repeats the outermost element, 0 does not. */
eager_status eager__add_margins(eager__commands *commands, const eager__margins *margins,
                                eager__margin_kind kind, int edge);

#endif
