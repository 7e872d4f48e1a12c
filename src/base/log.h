/* The log. Lines go to the user's callback, or to stderr from a level on. */
#ifndef EAGER_BASE_LOG_H
#define EAGER_BASE_LOG_H

#include "base/status.h"
#include "eagercl/runtime.h"

/* Where lines go from now on. `log` NULL: lines at or above `level` to stderr. */
void eager__log_configure(eager_log_fn log, void *user, eager_log_level level);

/* No lock of the library may be held: the callback may block. */
void eager__log(eager_log_level level, const char *format, ...) EAGER__PRINTF(2, 3);

/* A line the user asked for by name (log_device_placement): never filtered by level. */
void eager__log_always(const char *format, ...) EAGER__PRINTF(1, 2);

#endif
