/* Between the printers of programs that run eagerly and as graphs. */
#ifndef EAGER_TESTS_RANDOM_PRINT_PARTS_H
#define EAGER_TESTS_RANDOM_PRINT_PARTS_H

#include "random/interpret.h"
#include "random/print.h"

typedef struct rp_printer {
  FILE *file;
  const rp_program *program;
  const rp_world *world;
  rp_state state;
  int step;
} rp_printer;

extern const char *const rp_dtype_names[];

void rp_put(const rp_printer *p, const char *format, ...) EAGER__PRINTF(2, 3);
/* The comment, what every file begins with, and enabling at the head of main(). */
void rp_put_head(const rp_printer *p, const char *problem);
void rp_put_enabling(const rp_printer *p);
void rp_put_list(const rp_printer *p, const char *name, const int64_t *values, int count);
/* A step that was interpreted, as calls with `out`; and r[...] = out[...] after it. */
void rp_put_step(const rp_printer *p, const rp_step *step, const rp_expect *expect);
void rp_put_outputs(const rp_printer *p, const rp_step *step, const rp_expect *expect);

#endif
