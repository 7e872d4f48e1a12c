/* What an op's row asks of the generator: chance, and registers that fit. */
#ifndef EAGER_TESTS_RANDOM_CHOOSE_H
#define EAGER_TESTS_RANDOM_CHOOSE_H

#include "random/random_program.h"
#include "random/value.h"

typedef struct rp_op rp_op;
typedef struct rp_chooser rp_chooser; /* generate.c's */

int64_t rp_choose(rp_chooser *chooser, int64_t low, int64_t high); /* both included */
bool rp_chance(rp_chooser *chooser, int percent);

/* A dtype out of a set of bits. */
eager_dtype rp_choose_dtype(rp_chooser *chooser, uint32_t dtypes);
/* Rank between these; small enough for the world. */
test_shape rp_choose_shape(rp_chooser *chooser, int least_rank, int most_rank);
/* One that broadcasts with `shape`: leading axes dropped, others 1. */
test_shape rp_choose_broadcast(rp_chooser *chooser, test_shape shape);

/* A live register of one of the dtypes and such a rank, or a new one; -1: no room. */
int rp_choose_register(rp_chooser *chooser, uint32_t dtypes, int least_rank, int most_rank);
/* A live register of exactly this dtype and shape, now and then; else a new one. */
int rp_choose_like(rp_chooser *chooser, eager_dtype dtype, test_shape shape);
/* A new one with data of one's own; -1: no room. */
int rp_choose_new(rp_chooser *chooser, eager_dtype dtype, test_shape shape, rp_fill fill);
rp_fill rp_choose_fill(rp_chooser *chooser, eager_dtype dtype);

/* Dtype, shape and values of a live register. */
const rp_value *rp_look(rp_chooser *chooser, int reg);

/* Adds an input unless it is -1: then false. */
bool rp_add_input(rp_step *step, int reg);

/* Out of [0, count): now and then one that is not. */
rp_fill rp_choose_indices(rp_chooser *chooser, int64_t count);

#endif
