/* Cuts a failing program down: steps first, then sizes and values, for as long as it still
 * fails. Whether it does is the caller's to find out, usually in another process. */
#ifndef EAGER_TESTS_RANDOM_SHRINK_H
#define EAGER_TESTS_RANDOM_SHRINK_H

#include "random/random_program.h"

typedef bool (*rp_still_fails)(const rp_program *candidate, void *user);

typedef struct rp_shrinking {
  const rp_world *world; /* candidates have one answer in it */
  rp_still_fails still_fails;
  void *user;
  int seconds; /* it ends then */
  int tried;   /* candidates, out */
} rp_shrinking;

void rp_shrink(rp_program *program, rp_shrinking *shrinking);

#endif
