/* Environment variables with types. Unset and empty read as "not given". */
#ifndef EAGER_BASE_ENV_H
#define EAGER_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* NULL when unset or empty. */
const char *eager__env(const char *name);

/* The readers below leave `*out` unchanged when the variable is not given; a malformed
 * value is INVALID_ARGUMENT and the text names the variable, what it may be and what it is.
 */

/* The index of the value in `choices` (NULL-terminated, case-insensitive). */
eager_status eager__env_choice(const char *name, const char *const *choices, int *out);

/* A boolean: 0 1 false true off on no yes. */
eager_status eager__env_bool(const char *name, bool *out);

/* Bytes: a positive integer with an optional K, M, G or T (powers of 1024), either case. */
eager_status eager__env_size(const char *name, size_t *out);

/* The name of a file to write. "%p" in it stands for the number of the process, which the
 * caller puts in; another % and a "/" at the end, which is a folder's, are malformed. */
eager_status eager__env_file(const char *name, const char **out);

#endif
