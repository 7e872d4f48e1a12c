/* Which devices can do an op's arithmetic. */
#ifndef EAGER_RUNTIME_CAPABILITY_H
#define EAGER_RUNTIME_CAPABILITY_H

#include "runtime/op_record.h"
#include "runtime/runtime.h"

/* Whether `op` computes in float64 for inputs or outputs of `dtype`. */
bool eager__op_needs_float64(const eager__op *op, eager_dtype dtype);

/* Leaves `*device` when it can do the call's arithmetic. Otherwise, with soft placement,
 * the first enabled device that can, with one warning per (op, device); else
 * UNIMPLEMENTED naming the device and an enabled one that can. */
eager_status eager__place_capable(eager__runtime *runtime, const eager__call *call,
                                  eager__device **device);

/* An enabled device by name for `op` (NULL: a scope). Unknown: NOT_FOUND, or with soft
 * placement the first enabled device and one warning per (op, device). */
eager_status eager__runtime_place(eager__runtime *runtime, const char *name, const char *op,
                                  eager__device **out);

void eager__capability_close(void);

#endif
