/* NumPy, to compare with where the machine has it. */
#ifndef TESTS_NUMPY_H
#define TESTS_NUMPY_H

#include <stdbool.h>
#include <stddef.h>

/* False when no Python of this machine has NumPy. */
bool numpy_is_here(void);

/* What `script` (no double quotes in it) writes to its standard output; `path` is its
 * sys.argv[1]. NUL-terminated, released by free. NULL when it fails. */
char *numpy_run(const char *script, const char *path, size_t *out_size);

#endif
