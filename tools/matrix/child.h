/* The child process of a job: runs some tests of a group and ends. */
#ifndef EAGERCL_MATRIX_CHILD_H
#define EAGERCL_MATRIX_CHILD_H

#include "matrix.h"

typedef struct child_plan {
  const job *job;
  const struct CMUnitTest *tests; /* of the group; [begin, end) run */
  size_t begin, end;
  const char *avoid; /* EAGERCL_TEST_AVOID */
  watch_page *page;
  int pipe, output; /* where events and what is printed go */
} child_plan;

/* In the forked process. */
_Noreturn void child_become(const child_plan *plan);

#endif
