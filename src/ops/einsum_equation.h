/* Equations of Einsum: "ab,bc->ac". */
#ifndef EAGER_OPS_EINSUM_EQUATION_H
#define EAGER_OPS_EINSUM_EQUATION_H

#include "runtime/op_record.h"

/* A label is a letter, 0 to 51, or an axis that an ellipsis stands for, counted from the
 * right: EAGER__LABEL_ELLIPSIS + 0 and so on. */
enum {
  EAGER__LABEL_ELLIPSIS = 52,
  EAGER__LABELS = EAGER__LABEL_ELLIPSIS + EAGER__MAX_RANK,
};

typedef struct eager__subscript {
  int count; /* of letters; `labels` holds the first ones */
  uint8_t labels[EAGER__MAX_RANK + 1];
  bool has_ellipsis;
  int ellipsis_at; /* letters before it */
} eager__subscript;

/* An operand's axes, or the result's: which label each has. */
typedef struct eager__axes {
  int rank;
  uint8_t labels[EAGER__MAX_RANK];
} eager__axes;

/* Subscript `operand` of an equation that has been checked; -1: the result's. */
eager_status eager__equation_get(const char *equation, int operand, eager__subscript *out);

/* A call of Einsum: the axes of the first two operands and the result, and the extent of
 * every label; -1 when unknown, -2 for labels that are not there. */
typedef struct eager__einsum {
  eager__axes operands[2], result;
  int64_t dims[EAGER__LABELS];
} eager__einsum;

/* Refuses what Einsum refuses. */
eager_status eager__einsum_read(const eager__call *call, eager__einsum *out);
/* `infer` for any number of operands. */
eager_status eager__einsum_infer(eager__call *call);

/* Room for a subscript as text: 8 letters, dots and the end. */
enum { EAGER__SUBSCRIPT_TEXT = EAGER__MAX_RANK + 5 };
void eager__subscript_text(const eager__subscript *subscript,
                           char text[EAGER__SUBSCRIPT_TEXT]);

#endif
