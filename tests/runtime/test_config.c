/* ctest: timeout=180 */
/* semantics.md section 1 and api.md: the fields of eager_config. */
#include <math.h>
#include <unistd.h>

#include "cl/census.h"
#include "eagercl/opencl.h"
#include "enabling.h"

static eager_status enable(eager_config config) {
  return eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO);
}

static void run_one_op(void) {
  eager_tensor *a = NULL, *sum = NULL;
  assert_ok(eager_scalar(20.5f, &a));
  assert_ok(eager_add(a, a, &sum));
  float value = 0;
  assert_ok(eager_tensor_to_host(sum, &value, sizeof value));
  assert_true(value == 41);
  eager_tensor_release(a);
  eager_tensor_release(sum);
}

/* --- Ranges and strings. --- */

static void values_out_of_range_are_refused(void **state) {
  (void)state;
  static const struct {
    double fraction;
    const char *shown;
  } fractions[] = {{-0.1, "-0.1"}, {1.5, "1.5"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}};
  char text[160];
  for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
    snprintf(text, sizeof text,
             "config.per_process_memory_fraction must be in (0, 1], or 0 for the default, "
             "got %s",
             fractions[i].shown);
    assert_fails(
        enable((eager_config){.per_process_memory_fraction = fractions[i].fraction}),
        EAGER_INVALID_ARGUMENT, text);
  }
  assert_fails_like(enable((eager_config){.per_process_memory_fraction = NAN}),
                    EAGER_INVALID_ARGUMENT, "config.per_process_memory_fraction must be");
  assert_fails(enable((eager_config){.max_in_flight = -1}), EAGER_INVALID_ARGUMENT,
               "config.max_in_flight must be positive, or 0 for the default, got -1");
  assert_false(eager_executing_eagerly());
}

static void reserved_space_must_be_zero(void **state) {
  (void)state;
  int anything;
  for (int i = 0; i < 8; i++) {
    char text[120];
    eager_config config = {0};
    config.reserved[i] = &anything;
    snprintf(text, sizeof text,
             "config.reserved[%d] must be NULL: set the whole struct to {0} first", i);
    assert_fails(enable(config), EAGER_INVALID_ARGUMENT, text);
  }
}

#define GRAMMAR                                                                            \
  ": expected GPU:0, GPU (which is GPU:0), /gpu:0, /device:GPU:0 or " FULL_NAME(           \
      "GPU:0") ", in any case, with one of the types CPU, GPU, ACCELERATOR"
#define ENTRY_GRAMMAR                                                                      \
  ": expected a name such as GPU:0, <platform substring>/<device substring>, "             \
  "pci:<address> or uuid:<digits>, each optionally behind <name>="

static void malformed_strings_are_refused_with_the_grammar(void **state) {
  (void)state;
  assert_fails(enable((eager_config){.default_device = "TPU:0"}), EAGER_INVALID_ARGUMENT,
               "malformed device name \"TPU:0\"" GRAMMAR " (in config.default_device)");
  static const struct {
    const char *list, *entry;
  } lists[] = {
      {"GPU0", "GPU0"},
      {"CPU:0,,CPU:1", ""},
      {"CPU:0,", ""},
      {",", ""},
      {" ", ""},
      {"pci:", "pci:"},
      {"uuid:", "uuid:"},
      {"/basic", "/basic"},
      {"Portable/", "Portable/"},
      {"GPU:0=", ""},
      {"CPU:0, x", "x"},
  };
  char text[400];
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    snprintf(text, sizeof text,
             "visible device list: malformed entry \"%s\"" ENTRY_GRAMMAR
             " (in config.visible_device_list)",
             lists[i].entry);
    assert_fails(enable((eager_config){.visible_device_list = lists[i].list}),
                 EAGER_INVALID_ARGUMENT, text);
  }
  assert_fails(enable((eager_config){.visible_device_list = "CPU:0,Basic=Portable/basic"}),
               EAGER_INVALID_ARGUMENT,
               "malformed device name \"Basic\"" GRAMMAR
               " (in config.visible_device_list)");
  assert_int_equal(eager_device_count(), 0);
}

/* --- What the fields do. --- */

static uint64_t limit_of_first(void) {
  eager_memory_info memory;
  assert_ok(eager_get_memory_info(NULL, &memory));
  return memory.limit;
}

static void memory_limit_is_in_bytes_per_device(void **state) {
  (void)state;
  assert_ok(enable((eager_config){.memory_limit = 48 << 20}));
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info = NULL;
    eager_memory_info memory;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_get_memory_info(info->short_name, &memory));
    assert_true(memory.limit ==
                (info->global_memory < 48 << 20 ? info->global_memory : 48 << 20));
  }
  const int64_t dims[] = {64 << 20};
  eager_tensor *t = NULL;
  assert_fails_like(eager_tensor_zeros(EAGER_UINT8, 1, dims, &t), EAGER_RESOURCE_EXHAUSTED,
                    "limit");
  assert_null(t);
}

static void memory_fraction_is_of_each_device(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = PTHREAD,
                                  .per_process_memory_fraction = 0.125}));
  const eager_device_info *info = NULL;
  assert_ok(eager_device_get(0, &info));
  assert_in_range(limit_of_first(), 1, info->global_memory / 8);
}

/* Section 6: all devices that share host memory together have at most 80 % of it. */
static void the_default_budget_leaves_room_on_the_host(void **state) {
  (void)state;
  assert_ok(enable((eager_config){0}));
  uint64_t host = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t together = 0;
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info = NULL;
    eager_memory_info memory;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_get_memory_info(info->short_name, &memory));
    assert_in_range(memory.limit, 1, info->global_memory);
    if (info->unified_memory) together += memory.limit;
  }
  assert_in_range(together, 0, host / 10 * 8);
}

static void profiling_is_a_property_of_the_queues(bool wanted) {
  assert_ok(enable((eager_config){.enable_profiling = wanted}));
  cl_command_queue queue = NULL;
  cl_command_queue_properties properties = 0;
  assert_ok(eager_device_cl(NULL, NULL, NULL, &queue));
  assert_int_equal(clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof properties,
                                         &properties, NULL),
                   CL_SUCCESS);
  assert_int_equal((properties & CL_QUEUE_PROFILING_ENABLE) != 0, wanted);
}

static void profiling_is_off(void **state) {
  (void)state;
  profiling_is_a_property_of_the_queues(false);
}

static void profiling_can_be_asked_for(void **state) {
  (void)state;
  profiling_is_a_property_of_the_queues(true);
}

static void placement_is_logged_one_line_per_op(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = "GPU:0=" PTHREAD,
                                  .log_device_placement = true,
                                  .log = keep_log}));
  run_one_op();
  run_one_op();
  static const char line[] = "Executing op AddV2 in device " FULL_NAME("GPU:0");
  assert_int_equal(logged_count("Executing op AddV2"), 2);
  assert_string_equal(logged_line("Executing op AddV2"), line);
}

/* One context per platform, made at the first use of one: nothing but the survey before. */
static void enabling_makes_no_object_of_the_driver(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++)
    assert_int_equal(eager__census((eager__object)kind), 0);
  run_one_op();
  assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 1);
}

/* --- Row: a field that has no effect on the devices found is logged once at INFO. --- */

static void fields_without_effect_are_logged_once(void **state) {
  (void)state;
  need_device(PTHREAD); /* PoCL caches kernels itself */
  const eager_config config = {.visible_device_list = PTHREAD,
                               .memory_limit = SIZE_MAX,
                               .kernel_cache_dir = "/tmp/eagercl-unused",
                               .log = keep_log};
  for (int i = 0; i < 3; i++) assert_ok(enable(config));
  run_one_op();
  static const char *const lines[] = {"config.kernel_cache_dir has no effect",
                                      "config.memory_limit has no effect"};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(logged_count(lines[i]), 1);
    assert_int_equal(logged_level(lines[i]), EAGER_LOG_INFO);
  }
}

static void fields_with_effect_or_not_requested_are_not_logged(void **state) {
  (void)state;
  need_device(RUSTICL);
  assert_ok(enable((eager_config){.memory_limit = 1 << 20,
                                  .kernel_cache_dir = "/tmp/eagercl-unused",
                                  .log = keep_log}));
  assert_int_equal(logged_count("no effect"), 0);
}

static void an_empty_cache_folder_asks_for_none(void **state) {
  (void)state;
  need_device(PTHREAD);
  setenv("EAGERCL_CACHE_DIR", "/tmp/eagercl-unused", 1);
  assert_ok(enable((eager_config){
      .visible_device_list = PTHREAD, .kernel_cache_dir = "", .log = keep_log}));
  assert_int_equal(logged_count("no effect"), 0);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest together[] = {
      ROW(values_out_of_range_are_refused),
      ROW(reserved_space_must_be_zero),
      ROW(malformed_strings_are_refused_with_the_grammar),
  };
  const struct CMUnitTest tests[] = {
      ROW(memory_limit_is_in_bytes_per_device),
      ROW(memory_fraction_is_of_each_device),
      ROW(the_default_budget_leaves_room_on_the_host),
      ROW(profiling_is_off),
      ROW(profiling_can_be_asked_for),
      ROW(placement_is_logged_one_line_per_op),
      ROW(enabling_makes_no_object_of_the_driver),
      ROW(fields_without_effect_are_logged_once),
      ROW(fields_with_effect_or_not_requested_are_not_logged),
      ROW(an_empty_cache_folder_asks_for_none),
  };
  return both_groups(
      test_main("runtime/config", together, sizeof together / sizeof *together),
      test_main_each("runtime/config, a process each", tests,
                     sizeof tests / sizeof *tests));
}
