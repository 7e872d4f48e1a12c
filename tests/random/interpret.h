/* The host interpreter: what every step of a program must give, by the contract (enabling,
 * placement, policies, modes, poison, mirrors, scopes). It never calls the library. */
#ifndef EAGER_TESTS_RANDOM_INTERPRET_H
#define EAGER_TESTS_RANDOM_INTERPRET_H

#include "random/ops.h"

enum { RP_FAILURES = 4 }; /* that one handle may have, or a process one after the other */

/* What a step must answer. In the texts "#?" stands for the number of an op. */
typedef struct rp_expect {
  eager_status status;
  int text_count; /* one of these, when the status is not OK */
  char texts[RP_FAILURES + 1][RP_TEXT];
  bool any_status;   /* nobody can say: other threads have a hand in it */
  bool may_time_out; /* DEADLINE_EXCEEDED is right, too */
  /* RP_POLL. */
  bool may_be_pending;
  eager_readiness readiness;
} rp_expect;

typedef struct rp_failure {
  char text[RP_TEXT]; /* "... [failed op: GatherV2 #? on CPU:0]" */
  int step, device;
} rp_failure;

/* What a register holds. */
typedef struct rp_handle {
  bool is_made;
  int refs, tidy; /* the program's own; depth of the tidy scope that has one, 0: none */
  rp_value *value;
  int device, buffer;
  bool maybe_view;    /* nobody promises whose bytes it has */
  const char *origin; /* the op's name */
  int origin_step, origin_output;
  int failures[RP_FAILURES], failure_count;
  bool is_settled; /* waited for: PENDING would be wrong */
} rp_handle;

enum { RP_SCOPES = 8, RP_BUFFERS = 2 * RP_REGISTERS, RP_MIRRORS = 2 * RP_REGISTERS };

typedef struct rp_state {
  const rp_world *world;
  rp_handle handles[RP_REGISTERS];
  int scopes[RP_SCOPES], scope_count;
  int tidy_depth;
  eager_device_policy policy;
  eager_execution_mode mode;
  rp_failure failures[RP_STEPS];
  int failure_count;
  int noted[RP_DEVICES]; /* the earliest that eager_synchronize has not told, or -1 */
  int64_t buffer_sizes[RP_BUFFERS];
  int buffer_count;
  struct {
    int source, device, copy;
  } mirrors[RP_MIRRORS];
  int mirror_count;
  eager_copy_stats stats;
  bool stats_are_clear; /* else nobody promises their values */
  int step;             /* steps interpreted */
} rp_state;

void rp_begin(rp_state *state, const rp_world *world);
void rp_end(rp_state *state);

/* Interprets the next step. False: it asks for something that has no one answer (or for a
 * register that is not there); the state is as it was then. */
bool rp_interpret(rp_state *state, const rp_step *step, rp_expect *expect);

/* Whether every step of it can be interpreted. */
bool rp_has_answers(const rp_program *program, const rp_world *world);

bool rp_is_live(const rp_state *state, int reg);
int rp_current_device(const rp_state *state);
bool rp_is_async(const rp_state *state);

/* Device, or the scope's for -1. */
int rp_device_of(const rp_state *state, int device);

/* What the end of a program must find: eager_synchronize(NULL). */
void rp_expect_synchronize(rp_state *state, int device, rp_expect *expect);

/* Whether `got` is `wanted`, where "#?" stands for '#' and a number. */
bool rp_text_matches(const char *wanted, const char *got);

#endif
