/* seed -> program, for a world. Steps are tried on the interpreter as they are made, so a
 * program holds only what has one answer: values, or a refusal with its text. */
#ifndef EAGER_TESTS_RANDOM_GENERATE_H
#define EAGER_TESTS_RANDOM_GENERATE_H

#include "random/random_program.h"

typedef enum rp_kind {
  RP_MIXED, /* all that a program may do */
  RP_CHAINS /* mostly ops, that a planner of graphs can make something of */
} rp_kind;

void rp_generate(uint64_t seed, rp_kind kind, const rp_world *world, rp_program *out);

#endif
