/* ctest: timeout=180 */
/* semantics.md section 1, "Environment defaults": read only where the argument is AUTO,
 * NULL or zero; a malformed value is an error that names the variable. */
#include "enabling.h"
#include "runtime/options.h"

extern char **environ;

static eager_status enable(eager_config config) {
  return eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO);
}

static void set(const char *name, const char *value) {
  assert_int_equal(setenv(name, value, 1), 0);
}

/* --- Well-formed values. --- */

static void policy_and_mode_come_from_the_environment(void **state) {
  (void)state;
  set("EAGERCL_DEVICE_POLICY", "silent_for_int32");
  set("EAGERCL_EXECUTION_MODE", "Async");
  assert_ok(enable((eager_config){0}));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32);
  assert_int_equal(eager_get_execution_mode(), EAGER_ASYNC);
}

static void arguments_outrank_the_environment(void **state) {
  (void)state;
  need_device(PTHREAD);
  set("EAGERCL_DEVICE_POLICY", "EXPLICIT");
  set("EAGERCL_EXECUTION_MODE", "ASYNC");
  set("EAGERCL_VISIBLE_DEVICES", "No such/device");
  set("EAGERCL_DEFAULT_DEVICE", "GPU:42");
  set("EAGERCL_MEMORY_LIMIT", "1M");
  const eager_config config = {.visible_device_list = "CPU:1=" PTHREAD,
                               .default_device = "CPU:1",
                               .memory_limit = 2 << 20};
  assert_ok(eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_WARN, EAGER_SYNC));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_WARN);
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
  eager_memory_info memory;
  assert_ok(eager_get_memory_info("CPU:1", &memory));
  assert_int_equal(memory.limit, 2 << 20);
}

static void devices_and_limit_come_from_the_environment(void **state) {
  (void)state;
  need_device(PTHREAD);
  need_device(BASIC);
  set("EAGERCL_VISIBLE_DEVICES", "CPU:4=" PTHREAD ", GPU:0=" BASIC);
  set("EAGERCL_DEFAULT_DEVICE", "cpu:4");
  set("EAGERCL_MEMORY_LIMIT", "3m");
  assert_ok(enable((eager_config){.visible_device_list = "", .default_device = ""}));
  assert_int_equal(eager_device_count(), 2);
  assert_string_equal(current_device(), FULL_NAME("CPU:4"));
  eager_memory_info memory;
  assert_ok(eager_get_memory_info("GPU:0", &memory));
  assert_int_equal(memory.limit, 3 << 20);
}

static void gemm_and_determinism_are_taken(void **state) {
  (void)state;
  set("EAGERCL_GEMM", "own");
  set("EAGERCL_DETERMINISTIC", "1");
  assert_int_equal(eager__options_gemm(), EAGER__GEMM_AUTO);
  assert_ok(enable((eager_config){0}));
  assert_int_equal(eager__options_gemm(), EAGER__GEMM_OWN);
}

static void empty_variables_are_not_given(void **state) {
  (void)state;
  static const char *const names[] = {
      "EAGERCL_VISIBLE_DEVICES", "EAGERCL_DEFAULT_DEVICE", "EAGERCL_DEVICE_POLICY",
      "EAGERCL_EXECUTION_MODE",  "EAGERCL_CACHE_DIR",      "EAGERCL_LOG_LEVEL",
      "EAGERCL_MEMORY_LIMIT",    "EAGERCL_GEMM",           "EAGERCL_DETERMINISTIC",
      "EAGERCL_TUNING",          "EAGERCL_TRACE"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) set(names[i], "");
  assert_ok(enable((eager_config){0}));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_SILENT);
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
  assert_int_equal(eager_device_count(), eager_physical_device_count());
}

/* --- The level of what goes to standard error. --- */

static const char *stderr_at(const char *level) {
  need_device(PTHREAD);
  if (level != NULL) set("EAGERCL_LOG_LEVEL", level);
  capture_begin();
  eager_status status = enable((eager_config){.visible_device_list = PTHREAD,
                                              .kernel_cache_dir = "/tmp/eagercl-unused",
                                              .allow_soft_placement = true});
  if (status == EAGER_OK) status = eager_push_device("GPU:42");
  const char *text = capture_end();
  assert_ok(status);
  return text;
}

static const char info_line[] =
    "eagercl: INFO: config.kernel_cache_dir has no effect: the drivers of the enabled "
    "devices cache kernels themselves\n";
static const char warning_line[] = "eagercl: WARNING: eager_push_device: " FULL_NAME(
    "GPU:42") " is not there: soft placement "
              "uses ";

static void level_info_shows_info_and_above(void **state) {
  (void)state;
  const char *text = stderr_at("info");
  assert_non_null(strstr(text, info_line));
  assert_non_null(strstr(text, warning_line));
}

static void level_error_shows_no_warnings(void **state) {
  (void)state;
  assert_string_equal(stderr_at("ERROR"), "");
}

static void without_a_level_warnings_are_shown(void **state) {
  (void)state;
  const char *text = stderr_at(NULL);
  assert_null(strstr(text, "INFO"));
  assert_non_null(strstr(text, warning_line));
}

/* --- Malformed values. --- */

typedef struct malformed {
  const char *name, *value, *text;
  eager_config instead; /* with it, or with WARN and SYNC, the variable is not read */
} malformed;

#define GRAMMAR                                                                            \
  ": expected GPU:0, GPU (which is GPU:0), /gpu:0, /device:GPU:0 or " FULL_NAME(           \
      "GPU:0") ", in any case, with one of the types CPU, GPU, ACCELERATOR"
#define SIZE "a positive number of bytes, K, M, G or T may follow"

static const malformed table[] = {
    {"EAGERCL_VISIBLE_DEVICES",
     "CPU:0,everything",
     "visible device list: malformed entry \"everything\": expected a name such as GPU:0, "
     "<platform substring>/<device substring>, pci:<address> or uuid:<digits>, each "
     "optionally behind <name>= (in EAGERCL_VISIBLE_DEVICES)",
     {.visible_device_list = "CPU:0"}},
    {"EAGERCL_VISIBLE_DEVICES",
     "TPU:1=CPU:0",
     "malformed device name \"TPU:1\"" GRAMMAR " (in EAGERCL_VISIBLE_DEVICES)",
     {.visible_device_list = "CPU:0"}},
    {"EAGERCL_DEFAULT_DEVICE",
     "fastest",
     "malformed device name \"fastest\"" GRAMMAR " (in EAGERCL_DEFAULT_DEVICE)",
     {.default_device = "CPU:0"}},
    {"EAGERCL_DEVICE_POLICY",
     "LOUD",
     "environment variable EAGERCL_DEVICE_POLICY must be one of EXPLICIT, WARN, SILENT, "
     "SILENT_FOR_INT32, got \"LOUD\"",
     {0}},
    {"EAGERCL_EXECUTION_MODE",
     "1",
     "environment variable EAGERCL_EXECUTION_MODE must be one of SYNC, ASYNC, got \"1\"",
     {0}},
    {"EAGERCL_LOG_LEVEL",
     "TRACE",
     "environment variable EAGERCL_LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, "
     "got "
     "\"TRACE\"",
     {.log = keep_log}},
    {"EAGERCL_MEMORY_LIMIT",
     "lots",
     "environment variable EAGERCL_MEMORY_LIMIT must be " SIZE ", got \"lots\"",
     {.memory_limit = 1 << 20}},
    {"EAGERCL_MEMORY_LIMIT",
     "0",
     "environment variable EAGERCL_MEMORY_LIMIT must be " SIZE ", got \"0\"",
     {.memory_limit = 1 << 20}},
    {"EAGERCL_MEMORY_LIMIT",
     "-1G",
     "environment variable EAGERCL_MEMORY_LIMIT must be " SIZE ", got \"-1G\"",
     {.memory_limit = 1 << 20}},
    {"EAGERCL_GEMM",
     "cublas",
     "environment variable EAGERCL_GEMM must be one of auto, own, clblast, got \"cublas\"",
     {0}},
    {"EAGERCL_DETERMINISTIC",
     "maybe",
     "environment variable EAGERCL_DETERMINISTIC must be one of 0, 1, false, true, off, "
     "on, "
     "no, yes, got \"maybe\"",
     {0}},
    {"EAGERCL_TRACE",
     "traces/",
     "environment variable EAGERCL_TRACE must be the name of a file, in which %p stands "
     "for "
     "the process's number, got \"traces/\"",
     {0}},
};

static void malformed_values_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    set(table[i].name, table[i].value);
    assert_fails(enable((eager_config){0}), EAGER_INVALID_ARGUMENT, table[i].text);
    unsetenv(table[i].name);
  }
  assert_false(eager_executing_eagerly());
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_AUTO);
}

/* Enabling goes on to the mode, which is wrong. */
static void malformed_values_are_not_read_where_an_argument_is_given(void **state) {
  (void)state;
  int unread = 0;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    bool always = strcmp(table[i].name, "EAGERCL_GEMM") == 0 ||
                  strcmp(table[i].name, "EAGERCL_DETERMINISTIC") == 0 ||
                  strcmp(table[i].name, "EAGERCL_TRACE") == 0;
    set(table[i].name, table[i].value);
    assert_fails_like(eager_enable_execution(&table[i].instead, EAGER_DEVICE_PLACEMENT_WARN,
                                             (eager_execution_mode)7),
                      EAGER_INVALID_ARGUMENT, always ? table[i].name : "execution_mode");
    unsetenv(table[i].name);
    unread += !always;
  }
  assert_int_equal(unread, 9);
}

static void well_formed_values_that_match_nothing_name_their_variable(void **state) {
  (void)state;
  need_device(PTHREAD);
  set("EAGERCL_VISIBLE_DEVICES", "No such/device");
  assert_fails_like(
      enable((eager_config){0}), EAGER_NOT_FOUND,
      "visible device list: no device matches \"No such/device\"; available: ");
  assert_fails_like(enable((eager_config){0}), EAGER_NOT_FOUND,
                    " (in EAGERCL_VISIBLE_DEVICES)");
  set("EAGERCL_VISIBLE_DEVICES", "CPU:3=" PTHREAD);
  set("EAGERCL_DEFAULT_DEVICE", "GPU:42");
  assert_fails(enable((eager_config){0}), EAGER_NOT_FOUND,
               "GPU:42 unknown device; available: CPU:3 (in EAGERCL_DEFAULT_DEVICE)");
}

/* Nothing is enabled, and the next call may do better. */
static void a_trace_that_cannot_be_written_is_refused(void **state) {
  (void)state;
  set("EAGERCL_TRACE", "/no such folder/t.json");
  assert_fails(enable((eager_config){0}), EAGER_NOT_FOUND,
               "cannot write /no such folder/t.json: No such file or directory (in "
               "environment variable EAGERCL_TRACE)");
  set("EAGERCL_TRACE", "/tmp");
  assert_fails(enable((eager_config){0}), EAGER_INVALID_ARGUMENT,
               "cannot write /tmp: Is a directory (in environment variable EAGERCL_TRACE)");
  assert_false(eager_executing_eagerly());
  set("EAGERCL_TRACE", "/dev/null");
  assert_ok(enable((eager_config){0}));
  set("EAGERCL_TRACE", "/no such folder/t.json"); /* enabled already: nothing changes */
  assert_ok(enable((eager_config){.enable_profiling = true}));
}

/* --- The library never changes the environment. --- */

/* PoCL sets one variable when it is loaded. */
static char *environment_text(void) {
  enum { ROOM = 65536 };
  char *text = test_alloc(ROOM);
  size_t used = 0;
  for (char **entry = environ; *entry != NULL; entry++) {
    if (strncmp(*entry, "HWLOC_PLUGINS_PATH=", 19) == 0) continue;
    used += (size_t)snprintf(text + used, ROOM - used, "%s\n", *entry);
    assert_true(used < ROOM);
  }
  return text;
}

static void the_environment_is_left_alone(void **state) {
  (void)state;
  const char *before = environment_text();
  assert_ok(enable((eager_config){0}));
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info = NULL;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_push_device(info->name));
    current_device();
    assert_ok(eager_pop_device());
  }
  assert_ok(eager_shutdown());
  assert_string_equal(environment_text(), before);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest together[] = {
      ROW(malformed_values_are_refused),
      ROW(malformed_values_are_not_read_where_an_argument_is_given),
  };
  const struct CMUnitTest tests[] = {
      ROW(policy_and_mode_come_from_the_environment),
      ROW(arguments_outrank_the_environment),
      ROW(devices_and_limit_come_from_the_environment),
      ROW(gemm_and_determinism_are_taken),
      ROW(empty_variables_are_not_given),
      ROW(level_info_shows_info_and_above),
      ROW(level_error_shows_no_warnings),
      ROW(without_a_level_warnings_are_shown),
      ROW(a_trace_that_cannot_be_written_is_refused),
      ROW(well_formed_values_that_match_nothing_name_their_variable),
      ROW(the_environment_is_left_alone),
  };
  return both_groups(
      test_main("runtime/environment", together, sizeof together / sizeof *together),
      test_main_each("runtime/environment, a process each", tests,
                     sizeof tests / sizeof *tests));
}
