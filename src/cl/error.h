/* The driver's codes: their names, and what they mean for us. */
#ifndef EAGER_CL_ERROR_H
#define EAGER_CL_ERROR_H

#include <stdbool.h>

#include "base/status.h"

enum { EAGER__CL_INVALID_KERNEL_NAME = -46 };

/* "CL_OUT_OF_RESOURCES"; "unknown CL error" for one nobody has documented: texts give the
 * number beside the name. */
const char *eager__cl_error_name(int code);

/* -4, -5, -6 and -61 from a create or enqueue call: an allocation failed. */
bool eager__cl_is_allocation_failure(int code);

/* What a sync point or an event's status says: -5, -6, -9999, -36 (this one anywhere), and
 * any other negative status but the codes of wrong arguments (-30 to -72). */
bool eager__cl_is_loss(int code);

/* What a call that is no sync point says of a device that is gone: -36, a dead queue, and
 * -9999, what an earlier command did. All other codes are about that call alone. */
bool eager__cl_is_dead(int code);

/* Records "<call> failed on <device>: <name> (<code>)" and returns RESOURCE_EXHAUSTED for
 * an allocation failure, INTERNAL otherwise. `device` may be NULL. */
eager_status eager__cl_fail(const char *call, const char *device, int code);

#endif
