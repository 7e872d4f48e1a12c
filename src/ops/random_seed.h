/* The attribute `seed` of the random ops. */
#ifndef EAGER_OPS_RANDOM_SEED_H
#define EAGER_OPS_RANDOM_SEED_H

#include "runtime/commands.h"

/* INVALID_ARGUMENT unless it is two numbers. */
eager_status eager__seed_check(const eager__call *call);

/* Two arguments of a kernel: ulong seed0, ulong seed1. */
void eager__arg_seed(eager__commands *commands);

#endif
