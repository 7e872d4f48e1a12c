/* Random work for load tests: steps that are a function of an actor's seed alone, so that
 * the same steps give the same bits in any thread, mode and order of time. */
#ifndef EAGER_TESTS_LOAD_STEPS_H
#define EAGER_TESTS_LOAD_STEPS_H

#include "test_values.h"

enum { LOAD_SIDE = 24, LOAD_BASES = 6, LOAD_DEVICES = 3, LOAD_SLOTS = 32 };

/* A float32 [LOAD_SIDE, LOAD_SIDE], perhaps under way or poisoned (ASYNC), or what a SYNC
 * call answered in place of one. */
typedef struct load_slot {
  eager_tensor *tensor;
  eager_status dead; /* OK iff there is a tensor */
} load_slot;

/* What all threads share and none changes. */
typedef struct load_world {
  const char *devices[LOAD_DEVICES];
  int device_count;
  load_slot bases[LOAD_BASES];        /* some are views of others, on several devices */
  eager_tensor *rows, *bad_rows;      /* int32 [LOAD_SIDE]; one of bad_rows is no row */
  eager_tensor *filter, *gamma, *one; /* [3,3,1,1], [LOAD_SIDE], [] */
  eager_tensor *wide, *tall;          /* large enough to be laid out */
  eager_op *shared_op;                /* an AddV2 used by all, under a lock */
} load_world;

typedef struct load_counts {
  long steps, reads, refused, poisoned, polls, waits, synchronized;
} load_counts;

typedef struct load_actor {
  uint64_t random;
  eager_device_policy policy;
  eager_execution_mode mode;
  bool is_serial;  /* every step in SYNC */
  uint64_t digest; /* of what was read */
  load_counts counts;
} load_actor;

void load_world_make(load_world *world, uint64_t seed);
void load_world_drop(load_world *world);

load_actor load_actor_new(uint64_t seed, int number, bool is_serial);

/* One step on inputs out of `pool`; *out is the caller's. NULL, or what the library should
 * not have answered. */
const char *load_step(const load_world *world, load_actor *actor, const load_slot *pool,
                      int count, load_slot *out);

/* Adds the slot's bytes, or its status, to the digest. */
const char *load_read(load_actor *actor, const load_slot *slot);

void load_release(load_slot *slot);
void load_add_counts(load_counts *sum, const load_counts *more);

#endif
