/* What the watching parent (harness.c) and the child (harness_child.c) tell each other. */
#ifndef EAGER_TESTS_HARNESS_H
#define EAGER_TESTS_HARNESS_H

#include "test.h"

typedef enum test_event_kind {
  TEST_EVENT_BEGIN, /* value: the test */
  TEST_EVENT_PASS,
  TEST_EVENT_SKIP,
  TEST_EVENT_LIMIT,     /* value: seconds from now on */
  TEST_EVENT_NO_DEVICE, /* nothing was run */
  TEST_EVENT_ENDING,    /* the library is shut down next; value: cmocka's failures */
  TEST_EVENT_ENDED,     /* value: 0 if nothing is left over */
} test_event_kind;

typedef struct test_event {
  test_event_kind kind;
  int value;
} test_event;

/* Runs tests [begin, end) and exits; events go to `pipe`. */
_Noreturn void test_child_run(const char *name, const struct CMUnitTest *tests,
                              size_t begin, size_t end, int pipe);

#endif
