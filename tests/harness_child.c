/* The child: cmocka runs the tests, each wrapped so that the parent knows where it is. */
#include "errors.h"
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cl/census.h"
#include "runtime/runtime.h"

enum { MAX_AT_END = 4 };

typedef struct kept {
  struct kept *next;
  _Alignas(16) unsigned char bytes[];
} kept;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
enum { CRASH_SIGNALS = sizeof crash_signals / sizeof crash_signals[0] };

static struct {
  const struct CMUnitTest *tests; /* as given; wrapped ones run */
  size_t next;
  uint64_t op_number; /* at the running test's beginning */
  int pipe;
  struct sigaction actions[CRASH_SIGNALS];
  bool (*at_end[MAX_AT_END])(void);
  int at_end_count;
  kept *memory;
} self;

static void tell(test_event_kind kind, int value) {
  test_event event = {kind, value};
  ssize_t written = write(self.pipe, &event, sizeof event);
  if (written != (ssize_t)sizeof event) _exit(1);
}

/* cmocka would jump out of a crash, from whichever thread, and carry on. */
static void let_crashes_kill(void) {
  for (int i = 0; i < CRASH_SIGNALS; i++)
    sigaction(crash_signals[i], &self.actions[i], NULL);
}

void *test_alloc(size_t size) {
  kept *block = calloc(1, sizeof *block + size);
  assert_non_null(block);
  block->next = self.memory;
  self.memory = block;
  return block->bytes;
}

static void free_kept(void) {
  while (self.memory != NULL) {
    kept *next = self.memory->next;
    free(self.memory);
    self.memory = next;
  }
}

static uint64_t op_number(void) {
  eager__runtime *runtime = eager__runtime_get(); /* NULL before enabling */
  return runtime != NULL ? atomic_load(&runtime->op_number) : 0;
}

static int begin_test(void **state) {
  const struct CMUnitTest *test = &self.tests[self.next];
  self.op_number = op_number();
  if (test_listens != NULL) test_listens->begins((int)self.next);
  tell(TEST_EVENT_BEGIN, (int)self.next++);
  let_crashes_kill();
  test_chance_begin(test->name);
  return test->setup_func != NULL ? test->setup_func(state) : 0;
}

static void run_one(void **state) {
  let_crashes_kill();
  self.tests[self.next - 1].test_func(state);
  tell(TEST_EVENT_PASS, 0);
}

static int end_test(void **state) {
  const struct CMUnitTest *test = &self.tests[self.next - 1];
  let_crashes_kill();
  int result = test->teardown_func != NULL ? test->teardown_func(state) : 0;
  test_chance_end();
  free_kept();
  return result;
}

/* Gates that stay shut and failures nobody was told of are not for the next test to meet:
 * that one gets a process of its own. */
static _Noreturn void leave_at_once(void) {
  test_errors_write();
  tell(TEST_EVENT_ENDING, 0);
  tell(TEST_EVENT_ENDED, 0);
  fflush(NULL);
  _exit(0);
}

void test_skip(const char *reason, ...) {
  va_list arguments;
  va_start(arguments, reason);
  printf("skipped: ");
  vprintf(reason, arguments);
  printf("\n");
  va_end(arguments);
  tell(TEST_EVENT_SKIP, 0);
  if (op_number() != self.op_number) leave_at_once();
  skip();
  abort(); /* skip() jumps */
}

void test_time_limit(int seconds) {
  tell(TEST_EVENT_LIMIT, seconds);
}

void test_at_end(bool (*check)(void)) {
  for (int i = 0; i < self.at_end_count; i++)
    if (self.at_end[i] == check) return;
  assert_true(self.at_end_count < MAX_AT_END);
  self.at_end[self.at_end_count++] = check;
}

static bool end_library(void) {
  bool good = true;
  if (eager_shutdown() != EAGER_OK) {
    printf("eager_shutdown: %s\n", eager_error_message());
    good = false;
  }
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++) {
    long long alive = eager__census((eager__object)kind);
    if (alive == 0) continue;
    printf("alive after eager_shutdown: %lld %s\n", alive,
           eager__census_name((eager__object)kind));
    good = false;
  }
  for (int i = 0; i < self.at_end_count; i++) good = self.at_end[i]() && good;
  return good;
}

static int run_range(const char *name, size_t begin, size_t end) {
  struct CMUnitTest *wrapped = calloc(end - begin, sizeof *wrapped);
  if (wrapped == NULL) return 1;
  for (size_t i = begin; i < end; i++)
    wrapped[i - begin] = (struct CMUnitTest){self.tests[i].name, run_one, begin_test,
                                             end_test, self.tests[i].initial_state};
  self.next = begin;
  int failed = _cmocka_run_group_tests(name, wrapped, end - begin, NULL, NULL);
  free(wrapped);
  return failed;
}

_Noreturn void test_child_run(const char *name, const struct CMUnitTest *tests,
                              size_t begin, size_t end, int pipe) {
  self.tests = tests;
  self.pipe = pipe;
  fcntl(pipe, F_SETFD, FD_CLOEXEC);
  for (int i = 0; i < CRASH_SIGNALS; i++)
    sigaction(crash_signals[i], NULL, &self.actions[i]);
  int failed = 0;
  if (getenv("EAGERCL_TEST_DEVICE") != NULL && !test_lane_exists())
    tell(TEST_EVENT_NO_DEVICE, 0);
  else
    failed = run_range(name, begin, end);
  test_errors_write();
  tell(TEST_EVENT_ENDING, failed);
  tell(TEST_EVENT_ENDED, end_library() ? 0 : 1);
  fflush(NULL);
  exit(0); /* a leak checker makes it its own status */
}
