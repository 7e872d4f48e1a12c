/* Several elementwise steps as one kernel, made while the process runs: what they give in
 * between is never stored. Results have the bits that the steps' own ops give, one by one:
 * 16-bit floats are rounded after each step. Only a NaN's sign and payload may differ. */
#ifndef EAGER_OPS_FUSED_H
#define EAGER_OPS_FUSED_H

#include "cl/device.h"
#include "runtime/op_record.h"

enum { EAGER__FUSED_INPUTS = 12, EAGER__FUSED_OUTPUTS = 4, EAGER__FUSED_STEPS = 32 };

/* A row of the elementwise ops, or a Cast. */
typedef struct eager__fused_step {
  const eager__op *op;
  double parameter; /* eager__fused_parameter: of rows that have one */
  int operands[3]; /* k < input_count: input k; else step k - input_count, an earlier one */
  eager_dtype dtype; /* of its result */
} eager__fused_step;

/* All values are of `dtype` or bool, but at the edges: an input of another dtype is the
 * operand of Casts to `dtype` only, and the result of a Cast to another dtype an output
 * only. */
typedef struct eager__fused {
  eager_dtype dtype; /* EAGER_BOOL: all are */
  int input_count, output_count, step_count;
  eager_dtype inputs[EAGER__FUSED_INPUTS];
  int outputs[EAGER__FUSED_OUTPUTS]; /* steps whose values are stored */
  eager__fused_step steps[EAGER__FUSED_STEPS];
} eager__fused;

/* The `dtype` of the groups that a call of `op` may be a step of; EAGER_BOOL: of any, and
 * EAGER_DTYPE_INVALID: of none. `attrs` in the record's order; those not given have their
 * defaults. Select may be one only where its condition broadcasts as SelectV2's does. Of a
 * Cast it is the dtype that is not bool; between two such dtypes, its input's: then it can
 * only be at an edge, of groups of either dtype. So can a Cast from bool, of any group. */
eager_dtype eager__fused_dtype(const eager__op *op, const eager__attr *attrs,
                               const eager_dtype *inputs, int input_count,
                               eager_dtype output);

/* The step's `parameter` for a call with these attributes; 0 where there is none. */
double eager__fused_parameter(const eager__op *op, const eager__attr *attrs);

bool eager__fused_is_cast(const eager__op *op);

/* Whether all of the above holds, and operands are of the dtypes they must be. */
bool eager__fused_is_valid(const eager__fused *fused);

/* The op, not in the registry: only the library calls it. It takes the inputs, which
 * broadcast to the shape of every output; call.user is the eager__fused. Its one kernel is
 * made at its first launch. An output may lie where an input of its shape lies, if their
 * elements are of one size. */
extern const eager__op eager__op_fused;

/* Kernels that will be needed: those that are not there yet become few programs, built when
 * the first of their kernels is launched. A driver takes as long for a program as for
 * dozens of kernels in it. Everything is borrowed. */
typedef struct eager__fused_job {
  const eager__fused *fused;
  const eager__shape *const *inputs; /* fused->input_count of them */
  const eager__shape *whole;         /* what they broadcast to; no extent is 0 */
} eager__fused_job;
eager_status eager__fused_gather(const eager__traits *traits, const eager__fused_job *jobs,
                                 int count);

#endif
