/* The devices of the lane as programs know them. */
#ifndef EAGER_TESTS_RANDOM_WORLD_H
#define EAGER_TESTS_RANDOM_WORLD_H

#include "random/random_program.h"

/* Enables the lane's devices, SILENT and SYNC, with a log that nobody reads (programs warn
 * by the thousand). False, having said why, if that fails. */
bool rp_world_enter(rp_world *out);
/* Shuts the library down; false, having said what, if it leaves objects of the driver. */
bool rp_world_leave(void);
/* False, having said so, if tensors still hold bytes. */
bool rp_world_is_empty(const rp_world *world);

#endif
