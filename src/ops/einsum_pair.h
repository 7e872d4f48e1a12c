/* Einsum of one or two operands, which those of more are made of. */
#ifndef EAGER_OPS_EINSUM_PAIR_H
#define EAGER_OPS_EINSUM_PAIR_H

#include "runtime/op_record.h"

/* As Einsum's record; for inner calls. */
extern const eager__op eager__einsum_pair;

#endif
