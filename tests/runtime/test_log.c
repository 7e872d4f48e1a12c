/* ctest: timeout=180 */
/* api.md, eager_config.log: who is told what. The levels of EAGERCL_LOG_LEVEL are in
 * test_environment.c. */
#include <pthread.h>
#include <time.h>

#include "enabling.h"

/* One line of each level that enabling and placing can give. */
static eager_config talkative(void) {
  return (eager_config){.visible_device_list = "CPU:3=" PTHREAD,
                        .kernel_cache_dir = "/tmp/eagercl-unused",
                        .allow_soft_placement = true,
                        .log_device_placement = true};
}

static eager_status enable(eager_config config) {
  return eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO);
}

/* For use while standard error is captured: no assertion prints. */
static eager_status square_on_a_missing_device(void) {
  eager_tensor *x = NULL, *y = NULL;
  eager_status status = eager_push_device("GPU:42");
  if (status == EAGER_OK) status = eager_scalar_float32(3, &x);
  if (status == EAGER_OK) status = eager_square(x, &y);
  if (status == EAGER_OK) status = eager_pop_device();
  eager_tensor_release(x);
  eager_tensor_release(y);
  return status;
}

static const char no_effect[] = "config.kernel_cache_dir has no effect: the drivers of the "
                                "enabled devices cache kernels "
                                "themselves";
static const char placed[] = "Executing op Square in device " FULL_NAME("CPU:3");
static const char missing[] =
    "eager_push_device: " FULL_NAME("GPU:42") " is not there: soft "
                                              "placement uses " FULL_NAME("CPU:3");

static void a_callback_gets_every_level_and_standard_error_nothing(void **state) {
  (void)state;
  need_device(PTHREAD);
  setenv("EAGERCL_LOG_LEVEL", "ERROR", 1); /* only for standard error */
  static int mine;
  eager_config config = talkative();
  config.log = keep_log;
  config.log_user = &mine;
  capture_begin();
  eager_status status = enable(config);
  if (status == EAGER_OK) status = square_on_a_missing_device();
  const char *text = capture_end();
  assert_ok(status);
  assert_string_equal(text, "");
  assert_string_equal(logged_line(no_effect), no_effect);
  assert_int_equal(logged_level(no_effect), EAGER_LOG_INFO);
  assert_string_equal(logged_line(missing), missing);
  assert_int_equal(logged_level(missing), EAGER_LOG_WARNING);
  assert_string_equal(logged_line(placed), placed);
  assert_int_equal(logged_count("\n"), 0);
  assert_ptr_equal(logged_user(), &mine);
}

static void without_a_callback_placement_lines_are_always_shown(void **state) {
  (void)state;
  need_device(PTHREAD);
  setenv("EAGERCL_LOG_LEVEL", "ERROR", 1);
  capture_begin();
  eager_status status = enable(talkative());
  if (status == EAGER_OK) status = square_on_a_missing_device();
  const char *text = capture_end();
  assert_ok(status);
  assert_non_null(strstr(text, placed));
  assert_null(strstr(text, missing));
  assert_null(strstr(text, no_effect));
}

static void nothing_is_printed_by_a_program_without_problems(void **state) {
  (void)state;
  capture_begin();
  eager_status status = enable((eager_config){0});
  eager_tensor *x = NULL, *y = NULL;
  if (status == EAGER_OK) status = eager_scalar_float32(3, &x);
  if (status == EAGER_OK) status = eager_square(x, &y);
  eager_tensor_release(x);
  eager_tensor_release(y);
  if (status == EAGER_OK) status = eager_shutdown();
  const char *text = capture_end();
  assert_ok(status);
  assert_string_equal(text, "");
}

static void failing_calls_print_nothing(void **state) {
  (void)state;
  capture_begin();
  eager_status status = eager_push_device("CPU:0");
  eager_status refused = eager_enable_execution(NULL, (eager_device_policy)7, EAGER_SYNC);
  const char *text = capture_end();
  assert_int_equal(status, EAGER_FAILED_PRECONDITION);
  assert_int_equal(refused, EAGER_INVALID_ARGUMENT);
  assert_string_equal(text, "");
}

/* --- No lock of the library is held: the callback may wait for another thread's call. ---
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool inside, done, waited_in_vain;

static void wait_until(bool *flag) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 20;
  pthread_mutex_lock(&lock);
  while (!*flag && !waited_in_vain)
    waited_in_vain = pthread_cond_timedwait(&changed, &lock, &deadline) != 0;
  pthread_mutex_unlock(&lock);
}

static void announce(bool *flag) {
  pthread_mutex_lock(&lock);
  *flag = true;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static void wait_for_the_other(eager_log_level level, const char *message, void *user) {
  (void)level;
  (void)user;
  if (strstr(message, "op Square") == NULL) return;
  announce(&inside);
  wait_until(&done);
}

static const char *square_or_negate(int i, void *argument) {
  eager_tensor *x = argument, *y = NULL;
  if (i == 1) wait_until(&inside);
  eager_status status = i == 0 ? eager_square(x, &y) : eager_negative(x, &y);
  float value = 0;
  if (status == EAGER_OK) status = eager_tensor_to_host(y, &value, sizeof value);
  eager_tensor_release(y);
  if (i == 1) announce(&done);
  return test_failure(status);
}

static void the_callback_may_block(void **state) {
  (void)state;
  assert_ok(
      enable((eager_config){.log_device_placement = true, .log = wait_for_the_other}));
  eager_tensor *x = NULL;
  assert_ok(eager_scalar_float32(3, &x));
  test_threads(2, square_or_negate, x);
  assert_false(waited_in_vain);
  eager_tensor_release(x);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(a_callback_gets_every_level_and_standard_error_nothing),
      ROW(without_a_callback_placement_lines_are_always_shown),
      ROW(nothing_is_printed_by_a_program_without_problems),
      ROW(failing_calls_print_nothing),
      ROW(the_callback_may_block),
  };
  return test_main_each("runtime/log", tests, sizeof tests / sizeof *tests);
}
