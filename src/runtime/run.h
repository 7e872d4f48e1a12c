/* The one path of every op, and the front doors' way in.
 *
 *   eager__call call;
 *   EAGER__TRY(eager__call_begin(&call, &softmax, (eager_tensor *[]){x}, 1));
 *   eager__call_set_int(&call, "axis", axis);
 *   return eager__call_run(&call, NULL, out, 1);
 */
#ifndef EAGER_RUNTIME_RUN_H
#define EAGER_RUNTIME_RUN_H

#include "runtime/op_record.h"

/* Starts a call; inputs are borrowed until run. Fails (nothing to clean up) when host
 * memory is short. Everything else about the inputs is checked by run. */
eager_status eager__call_begin(eager__call *call, const eager__op *op,
                               eager_tensor *const *inputs, int input_count);

/* A call that is a part of `outer`, for its op's compose: on the same device, under the
 * same name, its outputs in no tidy scope. `device` of eager__call_run is ignored. */
eager_status eager__call_begin_inner(eager__call *call, const eager__op *op,
                                     const eager__call *outer, eager_tensor *const *inputs,
                                     int input_count);

/* How many outputs the call has; INVALID_ARGUMENT where run would say so of its inputs. */
eager_status eager__call_count_outputs(eager__call *call, int *out);

/* Ends a call that will not run. Run ends a call by itself. */
void eager__call_end(eager__call *call);

/* Attributes by the record's name. Lists are borrowed until run. */
void eager__call_set_int(eager__call *call, const char *name, int64_t value);
void eager__call_set_float(eager__call *call, const char *name, double value);
void eager__call_set_string(eager__call *call, const char *name, const char *value);
void eager__call_set_ints(eager__call *call, const char *name, const int64_t *values,
                          size_t count);
void eager__call_set_attr(eager__call *call, int index, const eager__attr *value);

/* check, infer, place, migrate, allocate, launch, submit, finish; ends the call in every
 * case. `device` NULL: the thread's. `outputs` has `output_count` slots; NULL slots and a
 * NULL array are INVALID_ARGUMENT; on failure every slot is NULL. The text of a failure
 * ends in " [Op:<Name>]" where semantics.md says so. */
eager_status eager__call_run(eager__call *call, const char *device, eager_tensor **outputs,
                             int output_count);

/* --- For run.c: the checks of a call, in call.c --- */

/* Arity, NULLs, dtypes and required attributes against the record; sets call->dtype. */
eager_status eager__call_check(eager__call *call, eager_tensor **outputs, int output_count);
/* Room for so many outputs, of which nothing is known yet. */
eager_status eager__call_make_outputs(eager__call *call, int count);
/* What infer said is representable. */
eager_status eager__call_check_outputs(const eager__call *call);

#endif
