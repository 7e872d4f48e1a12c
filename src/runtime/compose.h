/* Ops made of other ops: the outer call's inputs, settled once, as the inner calls take
 * them.
 */
#ifndef EAGER_RUNTIME_COMPOSE_H
#define EAGER_RUNTIME_COMPOSE_H

#include "runtime/op_record.h"

/* Runs the record's compose with inputs that lie where the op runs, and puts back those the
 * caller gave. Inputs have been judged and copied. On failure `outputs` may be in part. */
eager_status eager__compose(eager__call *call, eager_tensor **outputs);

#endif
