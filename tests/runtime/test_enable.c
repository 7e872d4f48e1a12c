/* ctest: timeout=180 */
/* semantics.md section 1: what enabling takes and refuses, and the order of its checks. The
 * rows about conflicts are in test_enable_again.c, those about no device and about calls
 * before enabling in test_enable_none.c. */
#include "enabling.h"
#include "runtime/runtime.h"

static const char bad_policy[] =
    "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got 7";
static const char bad_mode[] = "execution_mode must be one of EAGER_EXECUTION_AUTO, "
                               "EAGER_SYNC, EAGER_ASYNC, got 7";
static const char bad_fraction[] = "config.per_process_memory_fraction must be in (0, 1], "
                                   "or 0 for the default, got 2";
static const char graph_was_used[] = "eager execution must be enabled at program startup: "
                                     "a graph was already created or run "
                                     "(eager_graph_new)";

enum { AUTO_POLICY = EAGER_DEVICE_PLACEMENT_AUTO, AUTO_MODE = EAGER_EXECUTION_AUTO };

static eager_status enable(const eager_config *config, int policy, int mode) {
  return eager_enable_execution(config, (eager_device_policy)policy,
                                (eager_execution_mode)mode);
}

static void expect_not_enabled(void) {
  assert_false(eager_executing_eagerly());
  assert_int_equal(eager_device_count(), 0);
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_AUTO);
  assert_int_equal(eager_get_execution_mode(), EAGER_EXECUTION_AUTO);
}

static void expect_enabled(eager_device_policy policy, eager_execution_mode mode) {
  assert_true(eager_executing_eagerly());
  assert_true(eager_device_count() > 0);
  assert_int_equal(eager_get_device_policy(), policy);
  assert_int_equal(eager_get_execution_mode(), mode);
}

/* --- Row: config NULL, zero fields and AUTO are not requested. --- */

static void null_and_auto_give_the_defaults(void **state) {
  (void)state;
  expect_not_enabled();
  assert_ok(enable(NULL, AUTO_POLICY, AUTO_MODE));
  expect_enabled(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  assert_int_equal(eager_device_count(), eager_physical_device_count());
}

static void a_zero_config_gives_the_defaults(void **state) {
  (void)state;
  assert_ok(enable(&(eager_config){0}, AUTO_POLICY, AUTO_MODE));
  expect_enabled(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  assert_int_equal(eager_device_count(), eager_physical_device_count());
}

static void empty_strings_are_not_requested(void **state) {
  (void)state;
  assert_ok(enable(&(eager_config){.visible_device_list = "", .default_device = ""},
                   AUTO_POLICY, AUTO_MODE));
  assert_int_equal(eager_device_count(), eager_physical_device_count());
}

static void strings_of_the_config_are_copied(void **state) {
  (void)state;
  need_device(PTHREAD);
  char list[] = "CPU:3=" PTHREAD, device[] = "cpu:3";
  assert_ok(enable(&(eager_config){.visible_device_list = list, .default_device = device},
                   AUTO_POLICY, AUTO_MODE));
  memset(list, 'x', sizeof list - 1);
  memset(device, 'x', sizeof device - 1);
  assert_string_equal(current_device(), FULL_NAME("CPU:3"));
  assert_ok(enable(
      &(eager_config){.visible_device_list = "CPU:3=" PTHREAD, .default_device = "CPU:3"},
      AUTO_POLICY, AUTO_MODE));
}

/* --- Rows: policy and mode. --- */

static void takes(eager_device_policy policy, eager_execution_mode mode) {
  assert_ok(enable(NULL, policy, mode));
  expect_enabled(policy, mode);
}

static void explicit_and_sync_are_taken(void **state) {
  (void)state;
  takes(EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_SYNC);
}

static void warn_and_async_are_taken(void **state) {
  (void)state;
  takes(EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC);
}

static void silent_and_async_are_taken(void **state) {
  (void)state;
  takes(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
}

static void silent_for_int32_and_sync_are_taken(void **state) {
  (void)state;
  takes(EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32, EAGER_SYNC);
}

static void expect_policies_and_modes_are_checked(void) {
  static const int policies[] = {7, 4, -2, 2147483647};
  static const int modes[] = {7, 2, -2, -2147483647};
  char text[160];
  for (int i = 0; i < 4; i++) {
    snprintf(text, sizeof text, "%.*s%d", (int)strlen(bad_policy) - 1, bad_policy,
             policies[i]);
    assert_fails(enable(NULL, policies[i], AUTO_MODE), EAGER_INVALID_ARGUMENT, text);
    snprintf(text, sizeof text, "%.*s%d", (int)strlen(bad_mode) - 1, bad_mode, modes[i]);
    assert_fails(enable(NULL, AUTO_POLICY, modes[i]), EAGER_INVALID_ARGUMENT, text);
  }
}

static void other_policies_and_modes_are_refused(void **state) {
  (void)state;
  expect_policies_and_modes_are_checked();
  expect_not_enabled();
}

static void other_policies_and_modes_are_refused_when_enabled_too(void **state) {
  (void)state;
  assert_ok(enable(NULL, EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC));
  expect_policies_and_modes_are_checked();
  expect_enabled(EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC);
}

/* --- Row: checks run in this order. --- */

typedef struct wrong_request {
  const char *what;
  eager_config config;
  const char *variable, *value; /* of the environment */
  int policy, mode;
  const char *text;
} wrong_request;

/* What is wrong grows fewer from row to row, so each check stands before the next. */
static const wrong_request wrong_requests[] = {
    {"ranges before strings",
     {.per_process_memory_fraction = 2, .default_device = "nowhere"},
     "EAGERCL_LOG_LEVEL",
     "loud",
     7,
     7,
     bad_fraction},
    {"strings before the environment",
     {.default_device = "nowhere"},
     "EAGERCL_LOG_LEVEL",
     "loud",
     7,
     7,
     "malformed device name \"nowhere\""},
    {"the list is a string of the config",
     {.visible_device_list = "nowhere"},
     "EAGERCL_LOG_LEVEL",
     "loud",
     7,
     7,
     "visible device list: malformed entry \"nowhere\""},
    {"environment before policy",
     {0},
     "EAGERCL_LOG_LEVEL",
     "loud",
     7,
     7,
     "environment variable EAGERCL_LOG_LEVEL must be one of"},
    {"lists of the environment before policy",
     {0},
     "EAGERCL_VISIBLE_DEVICES",
     "nowhere",
     7,
     7,
     "malformed entry \"nowhere\""},
    {"policy before mode", {0}, NULL, NULL, 7, 7, bad_policy},
    {"mode before start-up order", {0}, NULL, NULL, AUTO_POLICY, 7, bad_mode},
};

static void expect_order(const char *last_text) {
  for (size_t i = 0; i < sizeof wrong_requests / sizeof *wrong_requests; i++) {
    const wrong_request *row = &wrong_requests[i];
    if (row->variable != NULL) setenv(row->variable, row->value, 1);
    assert_fails_like(enable(&row->config, row->policy, row->mode), EAGER_INVALID_ARGUMENT,
                      row->text);
    if (row->variable != NULL) unsetenv(row->variable);
  }
  /* Well-formed, but nothing of this name can be: discovery's matter. */
  const eager_config undiscovered = {.visible_device_list = "No such/device"};
  assert_fails_like(enable(&undiscovered, AUTO_POLICY, AUTO_MODE), EAGER_INVALID_ARGUMENT,
                    last_text);
}

static void checks_run_in_their_order(void **state) {
  (void)state;
  eager__note_graph_use("eager_graph_new");
  expect_order(graph_was_used); /* start-up order before discovery */
  expect_not_enabled();
}

static void checks_run_in_their_order_when_enabled_too(void **state) {
  (void)state;
  assert_ok(enable(NULL, EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC));
  expect_order("eager execution is already enabled with other options: "
               "visible_device_list: active "); /* conflict before discovery */
  expect_enabled(EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC);
}

static void discovery_comes_last_and_changes_nothing(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_fails_like(enable(&(eager_config){.visible_device_list = "No such/device"},
                           EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC),
                    EAGER_NOT_FOUND,
                    "visible device list: no device matches \"No such/device\"; "
                    "available: ");
  expect_not_enabled();
  assert_fails_like(enable(&(eager_config){.default_device = "GPU:42",
                                           .visible_device_list = "CPU:7=" PTHREAD},
                           EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC),
                    EAGER_NOT_FOUND, "GPU:42 unknown device; available: CPU:7");
  expect_not_enabled();
  assert_ok(enable(NULL, AUTO_POLICY, AUTO_MODE));
  expect_enabled(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

/* --- Row: a graph was created or run earlier in the process. --- */

static void a_graph_before_enabling_is_refused(void **state) {
  (void)state;
  eager__note_graph_use("eager_graph_new");
  eager__note_graph_use("eager_session_run"); /* the first is told */
  assert_fails(enable(NULL, AUTO_POLICY, AUTO_MODE), EAGER_INVALID_ARGUMENT,
               graph_was_used);
  assert_fails(enable(NULL, AUTO_POLICY, AUTO_MODE), EAGER_INVALID_ARGUMENT,
               graph_was_used);
  expect_not_enabled();
}

static void a_graph_after_enabling_is_no_matter(void **state) {
  (void)state;
  assert_ok(enable(NULL, AUTO_POLICY, AUTO_MODE));
  eager__note_graph_use("eager_graph_new");
  assert_ok(enable(NULL, AUTO_POLICY, AUTO_MODE));
  expect_enabled(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

/* --- Row: enabling after eager_shutdown(). --- */

static void enabling_after_shutdown_is_refused(void **state) {
  (void)state;
  assert_ok(enable(NULL, AUTO_POLICY, AUTO_MODE));
  assert_ok(eager_shutdown());
  assert_fails(enable(NULL, AUTO_POLICY, AUTO_MODE), EAGER_FAILED_PRECONDITION,
               "eager execution was shut down");
  expect_not_enabled();
}

/* --- Two threads at once. --- */

typedef struct race {
  int policies[2];
  eager_status statuses[2];
} race;

static const char *enable_in_thread(int i, void *argument) {
  race *r = argument;
  r->statuses[i] = enable(NULL, r->policies[i], AUTO_MODE);
  if (r->statuses[i] == EAGER_OK) return NULL;
  return strstr(eager_error_message(), "device_policy: active ") != NULL
             ? NULL
             : "refused, but not for the other's policy";
}

static void two_threads_that_agree_both_enable(void **state) {
  (void)state;
  race r = {.policies = {EAGER_DEVICE_PLACEMENT_WARN, AUTO_POLICY}};
  setenv("EAGERCL_DEVICE_POLICY", "WARN", 1);
  test_threads(2, enable_in_thread, &r);
  assert_int_equal(r.statuses[0], EAGER_OK);
  assert_int_equal(r.statuses[1], EAGER_OK);
  expect_enabled(EAGER_DEVICE_PLACEMENT_WARN, EAGER_SYNC);
}

static void of_two_threads_that_differ_one_enables(void **state) {
  (void)state;
  race r = {.policies = {EAGER_DEVICE_PLACEMENT_WARN, EAGER_DEVICE_PLACEMENT_EXPLICIT}};
  test_threads(2, enable_in_thread, &r);
  int winner = r.statuses[0] == EAGER_OK ? 0 : 1;
  assert_int_equal(r.statuses[winner], EAGER_OK);
  assert_int_equal(r.statuses[1 - winner], EAGER_INVALID_ARGUMENT);
  expect_enabled((eager_device_policy)r.policies[winner], EAGER_SYNC);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(null_and_auto_give_the_defaults),
      ROW(a_zero_config_gives_the_defaults),
      ROW(empty_strings_are_not_requested),
      ROW(strings_of_the_config_are_copied),
      ROW(explicit_and_sync_are_taken),
      ROW(warn_and_async_are_taken),
      ROW(silent_and_async_are_taken),
      ROW(silent_for_int32_and_sync_are_taken),
      ROW(other_policies_and_modes_are_refused),
      ROW(other_policies_and_modes_are_refused_when_enabled_too),
      ROW(checks_run_in_their_order),
      ROW(checks_run_in_their_order_when_enabled_too),
      ROW(discovery_comes_last_and_changes_nothing),
      ROW(a_graph_before_enabling_is_refused),
      ROW(a_graph_after_enabling_is_no_matter),
      ROW(enabling_after_shutdown_is_refused),
      ROW(two_threads_that_agree_both_enable),
      ROW(of_two_threads_that_differ_one_enables),
  };
  return test_main_each("runtime/enable", tests, sizeof tests / sizeof *tests);
}
