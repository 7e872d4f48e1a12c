/* What the device matrix (tools/matrix) sees of a running test: which op is at work, on
 * which dtype and in which mode, how many of its results were looked at, and which were
 * wrong. It stands in memory shared with the parent, so a crash or a hang has a name.
 *
 * Only for programs linked with -Wl,--wrap=eager__call_run,--wrap=eager_tensor_to_host. */
#ifndef EAGER_TESTS_WATCH_H
#define EAGER_TESTS_WATCH_H

#include "test.h"

enum {
  WATCH_CELLS = 16384,
  WATCH_TESTS = 256, /* of one group */
  WATCH_NAME = 40,
  WATCH_TEXT = 400,
};

/* One op (or another row, watch_note) on one dtype in one mode in one test. */
typedef struct watch_cell {
  char row[WATCH_NAME];
  eager_dtype dtype;
  eager_execution_mode mode;
  bool is_row; /* told by test_checked; not an op */
  int test;    /* its number in the group */
  long cases;  /* results read by the test, after which it went on */
  long wrong;
  double ulps, share;    /* as in errors.h */
  double seconds;        /* in the library: calls and reads */
  char text[WATCH_TEXT]; /* of the first that was wrong */
} watch_cell;

/* Of one test, also when the next one has begun. */
typedef struct watch_test {
  int cell;         /* + 1; the one at work or read last; 0: none */
  bool picks_modes; /* it has called test_pick_mode or test_wants_mode */
  long printed;     /* where its output begins in what standard output is */
} watch_test;

typedef struct watch_page {
  int count;
  watch_test tests[WATCH_TESTS];
  watch_cell cells[WATCH_CELLS];
} watch_page;

/* From now on what happens is written to `page`, which is shared and zeroed. Results of
 * ops on the lane's own device count. */
void watch_begin(watch_page *page);

#endif
