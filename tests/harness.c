/* The parent: forks a child for the tests, watches it, and goes on after a crash or hang.
 */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sync.h"

enum { DEFAULT_LIMIT = 100, POLL_MILLISECONDS = 100 };

typedef enum outcome { WAITING, RUNNING, PASSED, FAILED, SKIPPED, CRASHED, HUNG } outcome;

typedef struct group {
  const char *name;
  const struct CMUnitTest *tests;
  size_t count;
  outcome *outcomes;
  bool no_device;
  int more_failures; /* teardowns, leaks and crashes behind the tests */
} group;

typedef struct child {
  pid_t pid;
  int pipe;
  long running; /* the test, or -1 */
  uint64_t deadline;
  int limit;    /* seconds */
  int failures; /* seen */
  bool ended;   /* in its own way */
} child;

static void start_clock(child *c, int seconds) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  if (full != NULL && strcmp(full, "1") == 0) seconds *= 10; /* many times the cases */
  c->limit = seconds;
  c->deadline = eager__now() + (uint64_t)seconds * 1000000000u;
}

/* A test that was begun and said nothing more has failed. */
static void settle(group *g, child *c) {
  if (c->running >= 0 && g->outcomes[c->running] == RUNNING) {
    g->outcomes[c->running] = FAILED;
    c->failures++;
  }
  c->running = -1;
}

static void hear(group *g, child *c, test_event event) {
  switch (event.kind) {
  case TEST_EVENT_BEGIN:
    settle(g, c);
    c->running = event.value;
    g->outcomes[event.value] = RUNNING;
    start_clock(c, DEFAULT_LIMIT);
    break;
  case TEST_EVENT_PASS:
    g->outcomes[c->running] = PASSED;
    break;
  case TEST_EVENT_SKIP:
    g->outcomes[c->running] = SKIPPED;
    break;
  case TEST_EVENT_LIMIT:
    start_clock(c, event.value);
    break;
  case TEST_EVENT_NO_DEVICE:
    g->no_device = true;
    break;
  case TEST_EVENT_ENDING:
    settle(g, c);
    if (event.value > c->failures) g->more_failures++; /* a teardown's */
    start_clock(c, DEFAULT_LIMIT);
    break;
  case TEST_EVENT_ENDED:
    c->ended = true;
    if (event.value != 0) g->more_failures++;
    break;
  }
}

/* False when the pipe is closed. */
static bool listen_to(group *g, child *c, int milliseconds) {
  struct pollfd ready = {.fd = c->pipe, .events = POLLIN};
  if (poll(&ready, 1, milliseconds) <= 0) return true;
  test_event event;
  ssize_t got = read(c->pipe, &event, sizeof event);
  if (got == (ssize_t)sizeof event) hear(g, c, event);
  return got > 0 || (got < 0 && errno == EINTR);
}

static void tell_death(group *g, child *c, int status) {
  const char *where = "the end of the process";
  if (c->running >= 0) {
    where = g->tests[c->running].name;
    g->outcomes[c->running] = CRASHED;
  } else {
    g->more_failures++;
  }
  if (WIFSIGNALED(status))
    printf("[  CRASHED ] %s: signal %d (%s)\n", where, WTERMSIG(status),
           strsignal(WTERMSIG(status)));
  else
    printf("[  CRASHED ] %s: the process ended with status %d\n", where,
           WEXITSTATUS(status));
}

static void kill_hung(group *g, child *c) {
  const char *where =
      c->running >= 0 ? g->tests[c->running].name : "the end of the process";
  kill(c->pid, SIGKILL);
  waitpid(c->pid, NULL, 0);
  if (c->running >= 0)
    g->outcomes[c->running] = HUNG;
  else
    g->more_failures++;
  printf("[  HUNG    ] %s: not done after %d s\n", where, c->limit);
}

/* Until the child is gone; says what it died of unless it was its own decision. */
static void watch(group *g, child *c) {
  int status = 0;
  bool open = true;
  for (;;) {
    if (open)
      open = listen_to(g, c, POLL_MILLISECONDS);
    else
      eager__sleep(1000000);
    if (waitpid(c->pid, &status, WNOHANG) == c->pid) break;
    if (eager__now() > c->deadline) {
      kill_hung(g, c);
      return;
    }
  }
  struct pollfd rest = {.fd = c->pipe, .events = POLLIN};
  while (open && poll(&rest, 1, 0) > 0) open = listen_to(g, c, 0);
  if (!c->ended || status != 0) tell_death(g, c, status);
}

static size_t first_waiting(const group *g) {
  size_t i = 0;
  while (i < g->count && g->outcomes[i] != WAITING) i++;
  return i;
}

/* Runs tests [begin, end) in a child; false if it could not be started. */
static bool run_child(group *g, size_t begin, size_t end) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  fflush(NULL);
  child c = {.running = -1};
  c.pid = fork();
  if (c.pid == 0) {
    close(ends[0]);
    test_child_run(g->name, g->tests, begin, end, ends[1]); /* does not return */
  }
  close(ends[1]);
  if (c.pid < 0) {
    close(ends[0]);
    return false;
  }
  c.pipe = ends[0];
  start_clock(&c, DEFAULT_LIMIT);
  watch(g, &c);
  close(ends[0]);
  return true;
}

static int close_group(const group *g) {
  int counts[HUNG + 1] = {0};
  for (size_t i = 0; i < g->count; i++) counts[g->outcomes[i]]++;
  int bad = counts[FAILED] + counts[CRASHED] + counts[HUNG] + counts[WAITING];
  for (size_t i = 0; i < g->count; i++)
    if (g->outcomes[i] == FAILED) printf("[  FAILED  ] %s\n", g->tests[i].name);
  const char *lane = getenv("EAGERCL_TEST_DEVICE");
  printf("[==========] %s%s%s: %d passed, %d failed, %d skipped, %d crashed, %d hung",
         g->name, lane ? " on " : "", lane ? lane : "", counts[PASSED], counts[FAILED],
         counts[SKIPPED], counts[CRASHED], counts[HUNG]);
  if (counts[WAITING] > 0) printf(", %d not run", counts[WAITING]);
  if (g->more_failures > 0) printf("; %d times a bad end", g->more_failures);
  printf("\n");
  fflush(stdout);
  if (bad + g->more_failures > 0) return 1;
  return counts[PASSED] > 0 ? 0 : TEST_SKIPPED;
}

static size_t select_tests(const struct CMUnitTest *tests, size_t count,
                           struct CMUnitTest *out) {
  const char *only = getenv("EAGERCL_TEST_ONLY");
  size_t selected = 0;
  for (size_t i = 0; i < count; i++)
    if (only == NULL || strstr(tests[i].name, only) != NULL) out[selected++] = tests[i];
  return selected;
}

static int run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                     bool each) {
  setvbuf(stdout, NULL, _IOLBF, 0); /* what a crashing test printed is not lost */
  struct CMUnitTest *selected = calloc(count + 1, sizeof *selected);
  outcome *outcomes = calloc(count + 1, sizeof *outcomes);
  int result = 1;
  if (selected != NULL && outcomes != NULL) {
    group g = {.name = name, .tests = selected, .outcomes = outcomes};
    g.count = select_tests(tests, count, selected);
    size_t next = first_waiting(&g);
    while (next < g.count && !g.no_device) {
      if (!run_child(&g, next, each ? next + 1 : g.count)) break;
      size_t now = first_waiting(&g);
      if (now == next) break; /* died before its first test */
      next = now;
    }
    result = g.no_device && g.more_failures == 0 ? TEST_SKIPPED : close_group(&g);
  }
  free(selected);
  free(outcomes);
  return result;
}

int test_main(const char *name, const struct CMUnitTest *tests, size_t count) {
  return run_group(name, tests, count, false);
}

int test_main_each(const char *name, const struct CMUnitTest *tests, size_t count) {
  return run_group(name, tests, count, true);
}
