/* Runs programs in child processes, which may crash or hang, and reports the first that
 * fails: its seed, the shrunk program, and that as C. */
#ifndef EAGER_TESTS_RANDOM_SUPERVISE_H
#define EAGER_TESTS_RANDOM_SUPERVISE_H

#include "random/execute.h"

typedef struct rp_batch {
  rp_way way;
  uint64_t first;     /* seeds first, first + 1, ... */
  int64_t count;      /* programs at most */
  int seconds;        /* none is begun after; 0: no limit */
  int threads;        /* 1, or so many at once on shared devices */
  int shrink_seconds; /* at most, after a failure */
} rp_batch;

typedef struct rp_report {
  bool passed, skipped;
  int64_t programs; /* that were right */
  uint64_t seed;    /* of the failing one */
  char problem[RP_PROBLEM];
  rp_program program; /* shrunk */
  rp_world world;
  int candidates; /* the shrinker's */
} rp_report;

/* main()'s: runs what a supervisor asked this process for and ends it, or returns. */
void rp_serve(int argc, char **argv);

void rp_supervise(const rp_batch *batch, rp_report *report);

/* What a test does: the batch of the environment (see the tests' heads), or what fits into
 * so many seconds (half of them under a sanitizer), printed; fails. */
void rp_test(rp_way way, int seconds, int threads);

#endif
