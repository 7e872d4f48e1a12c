/* One eager run of the steps of a program that make values: device scopes, makes, ops and
 * copies. It runs in ASYNC, so that what fails has handles, and keeps everything to its
 * end. Graphs of the same steps are fed from it and held against it. */
#ifndef EAGER_TESTS_RANDOM_TWIN_H
#define EAGER_TESTS_RANDOM_TWIN_H

#include "random/execute.h"
#include "random/interpret.h"

/* What became of a step. */
typedef enum rp_fate {
  RP_LEFT_OUT, /* makes no value, or has no one answer here */
  RP_REFUSED_AT_CALL,
  RP_DONE
} rp_fate;

typedef struct rp_twin {
  rp_state state;
  eager_tensor *registers[RP_REGISTERS];
  unsigned char *bytes[RP_REGISTERS]; /* as read; NULL: not read yet, or failed */
  rp_fate fates[RP_STEPS];
  rp_expect refusals[RP_STEPS];
  int indices[RP_STEPS]; /* of the program's steps, by the interpreter's */
} rp_twin;

void rp_twin_begin(rp_twin *twin, const rp_world *world, eager_device_policy policy);
/* Releases all. The thread's scopes and settings are the caller's to restore. */
void rp_twin_end(rp_twin *twin);

/* Runs step `index`. False, having written `problem`, when it does not do as expected. */
bool rp_twin_step(rp_twin *twin, const rp_program *program, int index, char *problem);

/* From here on register `reg` holds what it does in `other`, where its shape is the same.
 */
bool rp_twin_replace(rp_twin *twin, int reg, const rp_twin *other);

/* A register's bytes as the eager run has them; NULL: it failed. Until the end. */
const unsigned char *rp_twin_read(rp_twin *twin, int reg);

/* Closes the device scopes that the steps have opened. */
void rp_twin_close_scopes(rp_twin *twin);

#endif
