/* A program's steps as a graph. Makes become placeholders, captured tensors or constants of
 * the graph; ops are recorded on the device that their scope or they themselves say. What a
 * graph cannot hold (ops whose size depends on data, some copies) the eager twin runs, and
 * what it gives is a placeholder of the graph. */
#ifndef EAGER_TESTS_RANDOM_RECORDED_H
#define EAGER_TESTS_RANDOM_RECORDED_H

#include "random/twin.h"

typedef struct rp_recorded {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *symbols[RP_REGISTERS]; /* NULL: not in the graph, or captured */
  bool is_fed[RP_REGISTERS];           /* a placeholder */
  bool varies[RP_REGISTERS];           /* depends on what is fed */
  bool has_step[RP_STEPS];             /* is an op of the graph, even one refused eagerly */
  int64_t open;   /* placeholders have -1 for this extent; 0: known, -1: all are open, -2:
                     some */
  int ops, alone; /* recorded; run eagerly alone */
} rp_recorded;

/* As decided by the program's seed, so that a shrunk program is recorded alike. */
uint32_t rp_decide(const rp_program *program, int about, int which);

typedef enum rp_made { RP_FED, RP_CAPTURED, RP_IN_GRAPH } rp_made;
/* What a make becomes: 70 % are fed (of scalars half), 15 % are captured when an op takes
 * them, the others stand in the graph. */
rp_made rp_made_how(const rp_program *program, int reg, const rp_value *value);
/* The extent that placeholders leave open, as rp_recorded has it. */
int64_t rp_choose_open(const rp_program *program);
void rp_placeholder_dims(const rp_program *program, int64_t open, int reg,
                         const rp_value *value, bool all_open, int64_t *dims);
/* The policy that the program's ops and runs are under. */
eager_device_policy rp_policy_of(const rp_program *program);
/* Whether the copy into register `to` is an Identity of the graph. */
bool rp_copy_is_recorded(const rp_program *program, int to);

/* False, having written `problem`. */
bool rp_recorded_begin(rp_recorded *g, const rp_program *program, char *problem);
/* Records step `index`, which the twin has just run; in the twin's device scopes. */
bool rp_recorded_step(rp_recorded *g, const rp_program *program, int index,
                      const rp_twin *twin, char *problem);
void rp_recorded_end(rp_recorded *g);

#endif
