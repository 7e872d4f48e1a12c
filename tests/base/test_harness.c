/* The harness itself: what it says, and its exit status, for tests that go wrong in every
 * way. Each test runs a group of victims in a process of its own. */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sync.h"
#include "cl/census.h"

static void passes(void **state) {
  (void)state;
}

static void fails(void **state) {
  (void)state;
  assert_int_equal(1, 2);
}

static void crashes(void **state) {
  (void)state;
  raise(SIGSEGV);
}

static void hangs(void **state) {
  (void)state;
  test_time_limit(1);
  for (;;) eager__sleep(1000000000);
}

static void leaves(void **state) {
  (void)state;
  _exit(0);
}

static void is_skipped(void **state) {
  (void)state;
  test_skip("no %s in here", "moon");
}

static void leaks_an_object(void **state) {
  (void)state;
  eager__census_add(EAGER__OBJECT_EVENT, 1);
}

static int bad_setup(void **state) {
  (void)state;
  return -1;
}

static void checks_statuses(void **state) {
  (void)state;
  assert_ok(EAGER_OK);
  assert_fails(eager__fail(EAGER_NOT_FOUND, "no %d", 7), EAGER_NOT_FOUND, "no 7");
  assert_fails_like(eager__fail(EAGER_NOT_FOUND, "no %d", 7), EAGER_NOT_FOUND, "7");
}

static void expects_another_text(void **state) {
  (void)state;
  assert_fails(eager__fail(EAGER_NOT_FOUND, "no 7"), EAGER_NOT_FOUND, "no 8");
}

static void expects_another_status(void **state) {
  (void)state;
  assert_fails(eager__fail(EAGER_NOT_FOUND, "no 7"), EAGER_INTERNAL, "no 7");
}

static void expects_a_failure(void **state) {
  (void)state;
  assert_fails_like(EAGER_OK, EAGER_INTERNAL, "");
}

static void needs_success(void **state) {
  (void)state;
  assert_ok(eager__fail(EAGER_DATA_LOSS, "cut short"));
}

enum { OUTPUT = 16384 };

typedef struct run_result {
  int status;
  char output[OUTPUT];
} run_result;

typedef int (*runner)(const char *name, const struct CMUnitTest *tests, size_t count);

static void run_victims(runner run, const struct CMUnitTest *tests, size_t count,
                        run_result *out) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    unsetenv("EAGERCL_TEST_DEVICE");
    signal(SIGSEGV, SIG_DFL); /* cmocka has its own round this very test */
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    int status = run("victims", tests, count);
    fflush(NULL);
    _exit(status);
  }
  close(ends[1]);
  size_t used = 0;
  ssize_t got;
  while (used < OUTPUT - 1 &&
         (got = read(ends[0], out->output + used, OUTPUT - 1 - used)) > 0)
    used += (size_t)got;
  out->output[used] = '\0';
  close(ends[0]);
  assert_int_equal(waitpid(child, &out->status, 0), child);
  assert_true(WIFEXITED(out->status));
  out->status = WEXITSTATUS(out->status);
}

static void assert_says(const run_result *result, const char *part) {
  if (strstr(result->output, part) == NULL)
    fail_msg("'%s' is not in:\n%s", part, result->output);
}

static void goes_on_after_a_crash_and_a_hang(void **state) {
  (void)state;
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(passes),     cmocka_unit_test(fails), cmocka_unit_test(crashes),
      cmocka_unit_test(is_skipped), cmocka_unit_test(hangs), cmocka_unit_test(leaves),
      cmocka_unit_test(passes),
  };
  static run_result result;
  run_victims(test_main, tests, 7, &result);
  assert_int_equal(result.status, 1);
  assert_says(&result, "[  FAILED  ] fails\n");
  assert_says(&result, "[  CRASHED ] crashes: signal 11");
  assert_says(&result, "skipped: no moon in here\n");
  assert_says(&result, "[  HUNG    ] hangs: not done after 1 s\n");
  assert_says(&result, "[  CRASHED ] leaves: the process ended with status 0\n");
  assert_says(&result, "victims: 2 passed, 1 failed, 1 skipped, 2 crashed, 1 hung\n");
}

static void one_process_each(void **state) {
  (void)state;
  static const struct CMUnitTest tests[] = {cmocka_unit_test(passes),
                                            cmocka_unit_test(leaks_an_object),
                                            cmocka_unit_test(passes)};
  static run_result result;
  run_victims(test_main_each, tests, 3, &result);
  assert_int_equal(result.status, 1);
  assert_says(&result, "alive after eager_shutdown: 1 event\n");
  assert_says(&result, "victims: 3 passed, 0 failed, 0 skipped, 0 crashed, 0 hung; 1 times "
                       "a bad end\n");
}

static void success_and_skips_are_told_apart(void **state) {
  (void)state;
  static const struct CMUnitTest good[] = {cmocka_unit_test(passes),
                                           cmocka_unit_test(is_skipped),
                                           cmocka_unit_test(checks_statuses)};
  static run_result result;
  run_victims(test_main, good, 3, &result);
  assert_int_equal(result.status, 0);
  assert_says(&result, "victims: 2 passed, 0 failed, 1 skipped, 0 crashed, 0 hung\n");
  run_victims(test_main, &good[1], 1, &result);
  assert_int_equal(result.status, TEST_SKIPPED);
}

static void every_assertion_can_fail(void **state) {
  (void)state;
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(expects_another_text), cmocka_unit_test(expects_another_status),
      cmocka_unit_test(expects_a_failure), cmocka_unit_test(needs_success),
      cmocka_unit_test_setup(passes, bad_setup)};
  static run_result result;
  run_victims(test_main, tests, 5, &result);
  assert_int_equal(result.status, 1);
  assert_says(&result, "expected NOT_FOUND: no 8\n");
  assert_says(&result, "gave NOT_FOUND: no 7\n");
  assert_says(&result, "gave DATA_LOSS: cut short\n");
  assert_says(&result, "victims: 0 passed, 5 failed, 0 skipped");
}

static uint64_t first_draw(const char *name) {
  test_chance_begin(name);
  return test_random();
}

static void chance_is_the_same_in_every_run(void **state) {
  (void)state;
  uint64_t a = first_draw("a");
  assert_true(a != first_draw("b"));
  assert_true(a == first_draw("a"));
  for (int i = 0; i < 1000; i++) {
    assert_in_range(test_random_int(-3, 4) + 3, 0, 7);
    double x = test_random_double(-1, 1);
    assert_true(x >= -1 && x < 1);
  }
  test_random_int(INT64_MIN, INT64_MAX);
}

int main(void) {
  unsetenv("EAGERCL_TEST_FULL"); /* the victims' time limits are what they say */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_on_after_a_crash_and_a_hang),
      cmocka_unit_test(one_process_each),
      cmocka_unit_test(success_and_skips_are_told_apart),
      cmocka_unit_test(every_assertion_can_fail),
      cmocka_unit_test(chance_is_the_same_in_every_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
