/* ctest: timeout=180 */
/* semantics.md section 1, the rows "enabled before": the same effective options are OK, any
 * other is named with its active and its requested value, and the active ones stay. */
#include "enabling.h"

static const eager_device_policy auto_policy = EAGER_DEVICE_PLACEMENT_AUTO;
static const eager_execution_mode auto_mode = EAGER_EXECUTION_AUTO;

#define CONFLICT "eager execution is already enabled with other options: "
#define STAY     ". The active options stay"

static eager_status again(eager_config config) {
  return eager_enable_execution(&config, auto_policy, auto_mode);
}

static void ignore(eager_log_level level, const char *message, void *user) {
  (void)level;
  (void)message;
  (void)user;
}

/* --- The same options. --- */

static void auto_null_and_zero_never_conflict(void **state) {
  (void)state;
  need_device(PTHREAD);
  static int anything;
  const eager_config all = {
      .visible_device_list = "CPU:1=" PTHREAD,
      .default_device = "CPU:1",
      .per_process_memory_fraction = 0.25,
      .memory_limit = 1 << 30,
      .allow_soft_placement = true,
      .log_device_placement = true,
      .enable_profiling = true,
      .max_in_flight = 64,
      .kernel_cache_dir = "",
      .log = keep_log,
      .log_user = &anything,
  };
  assert_ok(eager_enable_execution(&all, EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_ASYNC));
  assert_ok(eager_enable_execution(NULL, auto_policy, auto_mode));
  assert_ok(again((eager_config){0}));
  assert_ok(again((eager_config){.visible_device_list = "", .default_device = ""}));
  assert_ok(eager_enable_execution(&all, EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_ASYNC));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_EXPLICIT);
  assert_int_equal(eager_get_execution_mode(), EAGER_ASYNC);
  assert_string_equal(current_device(), FULL_NAME("CPU:1"));
}

static void asking_for_the_defaults_by_value_is_the_same(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  assert_ok(eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  assert_ok(again((eager_config){.per_process_memory_fraction = 1}));
  assert_ok(again((eager_config){.max_in_flight = 4096}));
  const char *full = current_device();
  assert_ok(again((eager_config){.default_device = full}));
  assert_ok(again((eager_config){.default_device = strstr(full, "/device:")}));
  char list[512] = "";
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info = NULL;
    assert_ok(eager_device_get(i, &info));
    size_t used = strlen(list);
    snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", info->short_name);
  }
  assert_ok(again((eager_config){.visible_device_list = list}));
}

static void devices_are_compared_by_what_a_name_resolves_to(void **state) {
  (void)state;
  const eager_device_info *pthread = need_device(PTHREAD), *basic = need_device(BASIC);
  assert_ok(again((eager_config){.visible_device_list = "GPU:0=" BASIC "," PTHREAD,
                                 .default_device = "GPU"}));
  char names[128], own[32];
  snprintf(own, sizeof own, "%s", pthread->short_name);
  snprintf(names, sizeof names, "/gpu:0=%s,%s", basic->short_name, pthread->short_name);
  assert_ok(again((eager_config){.visible_device_list = names}));
  assert_ok(again((eager_config){.visible_device_list = "GPU=Portable/basic," PTHREAD,
                                 .default_device = "/device:gpu:0"}));

  char text[512];
  static const char *const others[] = {
      PTHREAD ",GPU:0=" BASIC,                    /* the order is an option */
      BASIC "," PTHREAD,                          /* so is the name */
      "GPU:1=" BASIC "," PTHREAD, "GPU:0=" BASIC, /* and how many there are */
      "GPU:0=" PTHREAD "," BASIC, "GPU:0=" BASIC "," PTHREAD ",No such/device",
      "No such/device",
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    snprintf(text, sizeof text,
             CONFLICT "visible_device_list: active GPU:0, %s, requested %s" STAY, own,
             others[i]);
    assert_fails(again((eager_config){.visible_device_list = others[i]}),
                 EAGER_INVALID_ARGUMENT, text);
  }
  assert_int_equal(eager_device_count(), 2);
}

/* --- Other options. --- */

typedef struct other_option {
  eager_config config;
  eager_device_policy policy;
  eager_execution_mode mode;
  const char *text; /* between CONFLICT and STAY */
} other_option;

#define NONE EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO

static const other_option others_than_given[] = {
    {{0},
     EAGER_DEVICE_PLACEMENT_SILENT,
     EAGER_EXECUTION_AUTO,
     "device_policy: active WARN, requested SILENT"},
    {{0},
     EAGER_DEVICE_PLACEMENT_EXPLICIT,
     EAGER_EXECUTION_AUTO,
     "device_policy: active WARN, requested EXPLICIT"},
    {{0},
     EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32,
     EAGER_EXECUTION_AUTO,
     "device_policy: active WARN, requested SILENT_FOR_INT32"},
    {{0},
     EAGER_DEVICE_PLACEMENT_AUTO,
     EAGER_SYNC,
     "execution_mode: active ASYNC, requested SYNC"},
    {{.default_device = "GPU:42"}, NONE, "default_device: active CPU:5, requested GPU:42"},
    {{.per_process_memory_fraction = 0.5},
     NONE,
     "per_process_memory_fraction: active 0.25, requested 0.5"},
    {{.memory_limit = 4096}, NONE, "memory_limit: active 1048576, requested 4096"},
    {{.max_in_flight = 65}, NONE, "max_in_flight: active 64, requested 65"},
    {{.kernel_cache_dir = ""},
     NONE,
     "kernel_cache_dir: active \"/tmp/eagercl-a\", requested \"\""},
    {{.log = ignore}, NONE, "log: another callback is active"},
    {{.log_user = &(int){0}}, NONE, "log_user: another pointer is active"},
    {{.default_device = "CPU",
      .per_process_memory_fraction = 0.5,
      .memory_limit = 4096,
      .max_in_flight = 65,
      .kernel_cache_dir = "/tmp/eagercl-b",
      .log = ignore},
     EAGER_DEVICE_PLACEMENT_EXPLICIT,
     EAGER_SYNC,
     "default_device: active CPU:5, requested CPU:0; device_policy: active WARN, requested "
     "EXPLICIT; execution_mode: active ASYNC, requested SYNC; per_process_memory_fraction: "
     "active 0.25, requested 0.5; memory_limit: active 1048576, requested 4096; "
     "max_in_flight: active 64, requested 65; kernel_cache_dir: active \"/tmp/eagercl-a\", "
     "requested \"/tmp/eagercl-b\"; log: another callback is active"},
};

static void every_option_that_differs_is_named(void **state) {
  (void)state;
  need_device(PTHREAD);
  static int mine;
  const eager_config first = {.visible_device_list = "CPU:5=" PTHREAD,
                              .per_process_memory_fraction = 0.25,
                              .memory_limit = 1 << 20,
                              .max_in_flight = 64,
                              .kernel_cache_dir = "/tmp/eagercl-a",
                              .log = keep_log,
                              .log_user = &mine};
  assert_ok(eager_enable_execution(&first, EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC));
  for (size_t i = 0; i < sizeof others_than_given / sizeof *others_than_given; i++) {
    const other_option *row = &others_than_given[i];
    char text[1024];
    snprintf(text, sizeof text, CONFLICT "%s" STAY, row->text);
    assert_fails(eager_enable_execution(&row->config, row->policy, row->mode),
                 EAGER_INVALID_ARGUMENT, text);
  }
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_WARN);
  assert_int_equal(eager_get_execution_mode(), EAGER_ASYNC);
  eager_memory_info memory;
  assert_ok(eager_get_memory_info(NULL, &memory));
  assert_int_equal(memory.limit, 1 << 20);
  assert_ok(eager_enable_execution(&first, EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC));
}

static void switches_that_were_off_are_named(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  assert_fails(again((eager_config){.allow_soft_placement = true,
                                    .log_device_placement = true,
                                    .enable_profiling = true,
                                    .kernel_cache_dir = "/tmp/eagercl-b"}),
               EAGER_INVALID_ARGUMENT,
               CONFLICT
               "allow_soft_placement: active false, requested true; "
               "log_device_placement: active false, requested true; "
               "enable_profiling: active false, requested true; "
               "kernel_cache_dir: active the user's, requested \"/tmp/eagercl-b\"" STAY);
  capture_begin();
  eager_tensor *t = NULL;
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 0, NULL, &t));
  eager_tensor_release(t);
  assert_string_equal(capture_end(), ""); /* placement is still not logged */
}

static void the_environment_never_conflicts_later(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  setenv("EAGERCL_DEVICE_POLICY", "EXPLICIT", 1);
  setenv("EAGERCL_EXECUTION_MODE", "ASYNC", 1);
  setenv("EAGERCL_VISIBLE_DEVICES", "No such/device", 1);
  setenv("EAGERCL_DEFAULT_DEVICE", "GPU:42", 1);
  setenv("EAGERCL_MEMORY_LIMIT", "1M", 1);
  setenv("EAGERCL_CACHE_DIR", "/tmp/eagercl-b", 1);
  assert_ok(enable_defaults());
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_SILENT);
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
}

static void thread_overrides_are_not_the_active_options(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_WARN));
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  assert_fails(eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_WARN, EAGER_ASYNC),
               EAGER_INVALID_ARGUMENT,
               CONFLICT "device_policy: active SILENT, requested WARN; execution_mode: "
                        "active SYNC, requested ASYNC" STAY);
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_WARN);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(auto_null_and_zero_never_conflict),
      ROW(asking_for_the_defaults_by_value_is_the_same),
      ROW(devices_are_compared_by_what_a_name_resolves_to),
      ROW(every_option_that_differs_is_named),
      ROW(switches_that_were_off_are_named),
      ROW(the_environment_never_conflicts_later),
      ROW(thread_overrides_are_not_the_active_options),
  };
  return test_main_each("runtime/enable_again", tests, sizeof tests / sizeof *tests);
}
