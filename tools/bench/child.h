/* Programs beside this one, run as children with caches of their own. */
#pragma once

#include <stdbool.h>

enum { CHILD_ARGUMENTS = 4 };

/* Set once this program has set its own environment. Its value names a variable that it has
 * set for itself alone, or none. */
#define CHILD_STARTED "EAGERCL_BENCH_STARTED"

typedef struct child {
  const char *program; /* its file's name; it lies where this program does */
  const char *arguments[CHILD_ARGUMENTS];
  const char *caches; /* the folder that all caches of kernels are sent to */
} child;

/* Runs it to its end. False, with a message on stderr, when it does not end with 0. */
bool child_run(const child *of);

/* A new, empty folder for temporary files, its path in `path`. */
bool child_make_folder(char *path, int size);
/* With all that is in it. */
void child_remove_folder(const char *path);
