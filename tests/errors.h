/* The largest error of every op and dtype on this lane, for docs/ops.md: collected where
 * tensors are compared with references, appended to $EAGERCL_TEST_ERRORS/<lane>.txt when
 * the child ends. Does nothing without that variable. */
#ifndef EAGER_TESTS_ERRORS_H
#define EAGER_TESTS_ERRORS_H

#include "test_values.h"

bool test_errors_wanted(void);

/* `ulps` from the reference before it was rounded to the dtype. Where the test allows an
 * absolute error (sums that may cancel), `share` is how much of it was used, else 0. */
void test_errors_note(const char *op, eager_dtype dtype, double ulps, double share);

/* The op that made `t`. */
const char *test_errors_op(const eager_tensor *t);

void test_errors_write(void);

#endif
