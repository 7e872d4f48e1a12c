/* From an expression to kernels, and their launch. An expression is OpenCL C on vectors
 * named a, b, c (ops/elementwise.def). */
#ifndef EAGER_OPS_ELEMENTWISE_KERNEL_H
#define EAGER_OPS_ELEMENTWISE_KERNEL_H

#include "base/strbuf.h"
#include "runtime/commands.h"

enum { EAGER__ELEMENTWISE_INPUTS = 3 };

/* Beside a bit for each input of one element, in the last argument of flat kernels: the
 * output goes past the caches. STREAM in cl_kernels/elementwise.cl. */
enum { EAGER__STREAM = 1 << 16 };

typedef struct eager__elementwise {
  const char *flat; /* kernel names: without broadcasting, and with */
  const char *walk;
  const char *expression;
  int inputs;
  bool first_is_bool; /* input a is bool, whatever the dtype of the others */
  bool to_bool;       /* the expression is a comparison's mask */
  bool to_bytes;      /* the expression is uchars, stored as uint8 */
  bool has_parameter; /* the expression knows `parameter` as the scalar p of type A */
  double parameter;   /* for the launch only */
  const char *bad;    /* mask of the lanes that fail the op, or NULL */
} eager__elementwise;

/* Writes both kernels. The text needs prelude.cl, words.cl and elementwise.cl before it. */
void eager__elementwise_write(const eager__elementwise *op, eager__strbuf *source);

/* Launches one of them from program (family, dtype): output 0 of the call from its first
 * `op->inputs` inputs, which broadcast to it. */
eager_status eager__elementwise_launch(eager__commands *commands,
                                       const eager__elementwise *op,
                                       const eager__family *family, eager_dtype dtype);

/* What the row of `op` is for dtype T, without the parameter's value, and the family whose
 * files its expression needs. False for an op that is no row. In elementwise.c. */
bool eager__elementwise_find(const eager__op *op, eager_dtype dtype,
                             eager__elementwise *out, const eager__family **out_family);

#endif
