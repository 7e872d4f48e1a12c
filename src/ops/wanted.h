/* Typed doors of ops with several outputs, not all of which are wanted. */
#ifndef EAGER_OPS_WANTED_H
#define EAGER_OPS_WANTED_H

#include "runtime/run.h"

/* Runs the call, which has `output_count` <= EAGER__INLINE_OUTPUTS outputs. Output i goes
 * to
 * `*wanted[i]`; where `wanted[i]` is NULL, which the first may not be, and beyond
 * `wanted_count` it is released. On failure all are NULL. */
eager_status eager__run_wanted(eager__call *call, eager_tensor **const *wanted,
                               int wanted_count, int output_count);

#endif
