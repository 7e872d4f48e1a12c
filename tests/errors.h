/* The largest error of every op and dtype on this lane, for docs/ops.md: collected where
 * tensors are compared with references, appended to $EAGERCL_TEST_ERRORS/<lane>.txt when
 * the child ends. Does nothing without that variable. */
#ifndef EAGER_TESTS_ERRORS_H
#define EAGER_TESTS_ERRORS_H

#include "test_values.h"

bool test_errors_wanted(void);

/* Of the op that made `t`. `ulps` from the reference before it was rounded to the dtype.
 * Where the test allows an absolute error (sums that may cancel), `share` is how much of it
 * was used, else 0. */
void test_errors_note(const eager_tensor *t, double ulps, double share);

void test_errors_write(void);

/* Who else hears of it: the device matrix (watch.h). NULL in a test's own program. */
typedef struct test_listener {
  void (*begins)(int test);
  void (*picks_mode)(void);
  void (*errors)(const eager_tensor *t, double ulps, double share);
  bool (*wrong)(const eager_tensor *t, const char *text);
  bool (*checked)(const char *row, eager_dtype dtype, eager_execution_mode mode,
                  const char *wrong);
} test_listener;

extern const test_listener *test_listens;

/* A case of a row that is no op ("SILENT from CPU:1") came out right (`wrong` NULL) or not.
 * False when nobody listens: the test should fail then. */
bool test_checked(const char *row, eager_dtype dtype, eager_execution_mode mode,
                  const char *wrong);

/* True when somebody has noted that `t` is wrong: the test goes on then, so that one bad
 * dtype does not hide the others. Else the test should fail. */
bool test_noted_wrong(const eager_tensor *t, const char *text);

#endif
