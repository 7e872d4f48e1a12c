/* ctest: devices=pocl-basic timeout=120 */
/* core.md: PoCL's basic device loses commands when two threads enqueue on one queue at
 * once. With the queue's lock the work below is right; without it, it hangs, crashes or is
 * wrong. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sync.h"
#include "cl/timeline.h"
#include "test.h"

enum { ROUNDS = 4000, SECONDS = 10, TRIES = 5 };

static const char *count_up(int thread, void *argument) {
  (void)argument;
  const int64_t dims[] = {16384};
  eager_tensor *one, *sum;
  eager_status status = eager_set_thread_execution_mode(EAGER_ASYNC);
  if (status == EAGER_OK) status = eager_tensor_zeros(EAGER_INT32, 1, dims, &sum);
  if (status == EAGER_OK) status = eager_scalar_int32(1 + thread, &one);
  for (int i = 0; i < ROUNDS && status == EAGER_OK; i++) {
    eager_tensor *next;
    status = eager_add(sum, one, &next);
    if (status != EAGER_OK) break;
    eager_tensor_release(sum);
    sum = next;
    if (i % 8 == 0) eager_tensor_poll(sum);
  }
  static _Thread_local int32_t values[16384];
  if (status == EAGER_OK) status = eager_tensor_to_host(sum, values, sizeof values);
  if (status != EAGER_OK) return test_failure(status);
  for (int i = 0; i < 16384; i++)
    if (values[i] != ROUNDS * (1 + thread)) return "a command was lost";
  eager_tensor_release(one);
  eager_tensor_release(sum);
  return NULL;
}

static void work(void **state) {
  test_enable();
  if (*state) eager__timeline_break_lock();
  test_threads(2, count_up, NULL);
}

/* A process of its own: what the driver does without the lock may not end. */
static bool goes_well(bool broken) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(SECONDS);
    const struct CMUnitTest test[] = {
        cmocka_unit_test_prestate(work, broken ? (void *)"broken" : NULL)};
    _exit(cmocka_run_group_tests_name("work", test, NULL, NULL));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void with_the_lock_all_is_well(void **state) {
  (void)state;
  assert_true(goes_well(false));
}

static void without_the_lock_commands_are_lost(void **state) {
  (void)state;
  int failures = 0;
  for (int i = 0; i < TRIES && !failures; i++) failures += !goes_well(true);
  assert_true(failures > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(with_the_lock_all_is_well),
      cmocka_unit_test(without_the_lock_commands_are_lost),
  };
  return cmocka_run_group_tests_name("runtime/queue_lock", tests, NULL, NULL);
}
