/* A step as a call: by the op's typed function, or by its name. */
#ifndef EAGER_TESTS_RANDOM_DOORS_H
#define EAGER_TESTS_RANDOM_DOORS_H

#include "random/value.h"

/* Whether the typed door can say all that the step says. */
bool rp_door_can(const rp_step *step, eager_tensor *const *in);
eager_status rp_door_typed(const rp_step *step, eager_tensor *const *in,
                           eager_tensor **out);
/* `device` NULL: the thread's scope. */
eager_status rp_door_by_name(const rp_step *step, const char *device,
                             eager_tensor *const *in, eager_tensor **out);
eager_status rp_door_make(const rp_step *step, const rp_value *value, eager_tensor **out);

#endif
