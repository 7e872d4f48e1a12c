/* The text of a fused kernel. */
#ifndef EAGER_OPS_FUSED_TEXT_H
#define EAGER_OPS_FUSED_TEXT_H

#include "base/strbuf.h"
#include "ops/fused.h"

/* How a kernel goes over its elements. Only LANES is for devices unlike a CPU, and only on
 * FLAT and LANES no input needs to repeat along some dimensions. */
typedef enum eager__fused_form {
  EAGER__FUSED_FLAT,
  EAGER__FUSED_ROWS,  /* rows of V elements or more */
  EAGER__FUSED_SHORT, /* rows of fewer */
  EAGER__FUSED_LANES, /* a work-item takes V elements */
} eager__fused_form;

typedef enum eager__fused_reach {
  EAGER__FUSED_WHOLE = 'w',  /* as many elements as the outputs */
  EAGER__FUSED_SINGLE = 's', /* one */
  EAGER__FUSED_ROW = 'r',    /* repeats, but not along the innermost dimension */
  EAGER__FUSED_COLUMN = 'c', /* repeats along that, too; in ROWS only: else a ROW */
} eager__fused_reach;

/* Everything that a kernel is made for: a few characters more or less tell two apart. */
typedef struct eager__fused_kernel {
  const eager__fused *fused;
  eager__fused_form form;
  eager__fused_reach reach[EAGER__FUSED_INPUTS];
} eager__fused_kernel;

/* A line that no other kernel has. */
void eager__fused_describe(const eager__fused_kernel *kernel, eager__strbuf *out);

/* The kernel, "fused_<number>" of its program, behind fused.cl and the files its steps
 * need. Arguments: outputs, inputs, n, chunk, then `int stream` or, where inputs repeat
 * along some dimensions, eager__fused_shape. */
void eager__fused_write(const eager__fused_kernel *kernel, int number,
                        eager__strbuf *source);

#endif
