/* One run of a session, held against the eager twin of its values. */
#ifndef EAGER_TESTS_RANDOM_GRAPH_RUN_H
#define EAGER_TESTS_RANDOM_GRAPH_RUN_H

#include "random/recorded.h"

typedef struct rp_runner {
  const rp_program *program;
  const rp_world *world;
  rp_recorded graph;
  bool fits[RP_REGISTERS]; /* by what the twin of the run has: it can be had in the graph */
  eager_execution_mode mode; /* of the run */
  const char *run;           /* which */
  char *problem;
  bool failed;
} rp_runner;

enum { RP_FETCHES = 2 * RP_REGISTERS };

typedef struct rp_request {
  int fetches[RP_FETCHES], fetch_count;
  int also_fed; /* a register that an op of the graph computes, or -1 */
} rp_request;

/* Writes the problem, the first one only. `reg` -1: of none. */
void rp_run_wrong(rp_runner *r, int reg, const char *format, ...) EAGER__PRINTF(3, 4);

/* To be called for the twin that following runs are fed from. */
void rp_run_find_what_fits(rp_runner *r, const rp_twin *twin);

/* Runs the session for the twin's values and looks at status, texts, handles and bytes. */
void rp_run_check(rp_runner *r, rp_twin *twin, const rp_request *q);

/* Ops that eagerly are refused, and were recorded: their run is. */
void rp_run_check_refused(rp_runner *r, const rp_twin *twin);

#endif
