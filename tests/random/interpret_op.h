/* Between the two halves of the interpreter. */
#ifndef EAGER_TESTS_RANDOM_INTERPRET_OP_H
#define EAGER_TESTS_RANDOM_INTERPRET_OP_H

#include "random/interpret.h"

/* As rp_interpret, for an RP_OP whose inputs are live. */
bool rp_interpret_op(rp_state *state, const rp_step *step, rp_expect *expect);

/* Adds a text that the step may answer with. */
void rp_must_fail(rp_expect *expect, eager_status status, const char *format, ...)
    EAGER__PRINTF(3, 4);
/* As the handle's failure is told by whoever waits for it. */
void rp_must_tell(const rp_state *state, const rp_handle *h, const char *behind,
                  rp_expect *expect);

int rp_new_buffer(rp_state *state, int64_t size);
/* Whether there is room for what the step makes. */
bool rp_may_make(const rp_state *state, const rp_step *step);
/* A new handle in register `reg`, owning `value`; its buffer is the caller's to say. */
rp_handle *rp_make_handle(rp_state *state, int reg, rp_value *value, int device,
                          const char *origin, int output);

#endif
