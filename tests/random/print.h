/* A program as a complete C file against the public headers, with what every step must
 * give: it tells the first difference and exits with 1. */
#ifndef EAGER_TESTS_RANDOM_PRINT_H
#define EAGER_TESTS_RANDOM_PRINT_H

#include "random/random_program.h"

void rp_print_c(FILE *file, const rp_program *program, const rp_world *world,
                const char *problem);

/* What every such file begins with, line by line, up to a NULL. */
extern const char *const rp_prelude[];

#endif
