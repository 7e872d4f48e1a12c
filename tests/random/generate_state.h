/* Between the generator's two files. */
#ifndef EAGER_TESTS_RANDOM_GENERATE_STATE_H
#define EAGER_TESTS_RANDOM_GENERATE_STATE_H

#include "random/interpret.h"

struct rp_chooser {
  uint64_t random;
  rp_program *program;
  rp_state state;
  uint32_t dtypes; /* that this program likes: fewer meet more often */
  int64_t most;    /* elements of a new tensor */
  int bad_indices; /* percent */
  int newest;      /* percent of choices that fall on the newest register that fits */
  bool roughly;    /* rough ops may come */
  bool roams;      /* on several devices */
};

/* Appends it if it has an answer; outputs get their registers. */
bool rp_append(rp_chooser *chooser, rp_step *step);
/* RP_PUSH, or an RP_COPY of a live register, with some device. */
bool rp_append_on_device(rp_chooser *chooser, rp_code code);

/* Fills a program, in generate_chains.c. */
void rp_generate_chains(rp_chooser *chooser);

#endif
