/* A program as a complete C file against the public headers, with what every step must
 * give: it tells the first difference and exits with 1. */
#ifndef EAGER_TESTS_RANDOM_PRINT_H
#define EAGER_TESTS_RANDOM_PRINT_H

#include "random/random_program.h"

void rp_print_c(FILE *file, const rp_program *program, const rp_world *world,
                const char *problem);
/* Its ops eagerly and as a graph (recorded.h), which is run with the program's own values
 * in both modes: for all of it that does not fail, and for what is read. Where the
 * difference is another run's, only `problem` tells of it. */
void rp_print_graph_c(FILE *file, const rp_program *program, const rp_world *world,
                      const char *problem);

/* What every such file begins with, line by line, up to a NULL. */
extern const char *const rp_prelude[];

#endif
