/* ctest: timeout=180 */
/* semantics.md section 1: no usable device, and calls before enabling. */
#include "eagercl/opencl.h"
#include "enabling.h"

/* --- Row: no usable OpenCL device. --- */

#define ADVICE                                                                             \
  ". Install a driver, for example the package pocl-opencl-icd for the CPU, or your GPU "  \
  "vendor's; `clinfo` lists what the system offers"

static void expect_no_device(const char *text) {
  for (int i = 0; i < 2; i++) /* nothing has changed by the first */
    assert_fails(enable_defaults(), EAGER_NOT_FOUND, text);
  assert_fails(enable_devices("CPU:0"), EAGER_NOT_FOUND, text);
  assert_false(eager_executing_eagerly());
  assert_int_equal(eager_physical_device_count(), 0);
  assert_int_equal(eager_device_count(), 0);
  assert_int_equal(eager_skipped_count(), 1);
}

static void no_platform_is_told_with_a_package_to_install(void **state) {
  (void)state;
  use_no_driver();
  expect_no_device("no usable OpenCL device: 0 platforms and 0 devices seen (no OpenCL "
                   "platform is installed)" ADVICE);
  assert_string_equal(eager_skipped_reason(0), "no OpenCL platform is installed");
  assert_string_equal(eager_skipped_reason(1), "");
}

static void a_platform_without_devices_is_told_with_its_reason(void **state) {
  (void)state;
  if (!use_only_driver("mesa")) test_skip("no Clover, a platform without devices");
  expect_no_device("no usable OpenCL device: 1 platform and 0 devices seen (platform "
                   "Clover: no devices)" ADVICE);
  assert_string_equal(eager_skipped_reason(0), "platform Clover: no devices");
}

static void a_platform_without_devices_never_hides_the_others(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  bool has_clover = false;
  for (size_t i = 0; i < eager_skipped_count(); i++)
    has_clover |= strcmp(eager_skipped_reason(i), "platform Clover: no devices") == 0;
  if (!has_clover) test_skip("no Clover, a platform without devices");
  assert_true(eager_device_count() > 0);
}

/* --- Simulators are never the default: they are asked for. --- */

static void expect_only_simulators(void) {
  if (!use_only_driver("oclgrind")) test_skip("no Oclgrind");
  for (int i = 0; i < 2; i++) /* nothing has changed by the first */
    assert_fails(enable_defaults(), EAGER_NOT_FOUND,
                 "only simulators were found (Oclgrind Simulator): name one in "
                 "default_device or visible_device_list");
  assert_false(eager_executing_eagerly());
  assert_int_equal(eager_device_count(), 0);
}

static void only_simulators_is_told_and_a_list_is_the_way_on(void **state) {
  (void)state;
  expect_only_simulators();
  assert_ok(enable_devices("ACCELERATOR:0"));
  assert_string_equal(current_device(), FULL_NAME("ACCELERATOR:0"));
}

static void only_simulators_and_a_default_device_is_enough(void **state) {
  (void)state;
  expect_only_simulators();
  assert_ok(eager_enable_execution(&(eager_config){.default_device = "ACCELERATOR:0"},
                                   EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO));
  assert_string_equal(current_device(), FULL_NAME("ACCELERATOR:0"));
}

static void only_simulators_and_a_variable_is_enough(void **state) {
  (void)state;
  if (!use_only_driver("oclgrind")) test_skip("no Oclgrind");
  assert_int_equal(setenv("EAGERCL_VISIBLE_DEVICES", SIMULATOR, 1), 0);
  assert_ok(enable_defaults());
  assert_string_equal(current_device(), FULL_NAME("ACCELERATOR:0"));
}

/* --- Device listing works before enabling. --- */

static void listing_devices_needs_no_enabling(void **state) {
  (void)state;
  size_t count = eager_physical_device_count();
  assert_true(count > 0);
  for (size_t i = 0; i < count; i++) {
    const eager_device_info *info = NULL;
    assert_ok(eager_physical_device_get(i, &info));
    assert_true(info->name[0] != '\0' && info->stable_id[0] != '\0');
  }
  const eager_device_info *info = (const eager_device_info *)&count;
  char text[96];
  snprintf(text, sizeof text,
           "device index %zu is out of range: the machine has %zu devices", count, count);
  assert_fails(eager_physical_device_get(count, &info), EAGER_INVALID_ARGUMENT, text);
  assert_null(info);
  assert_false(eager_executing_eagerly());
}

/* --- Row: any op, tensor creation, scope, eager_set_thread_* or eager_synchronize. --- */

static const char not_enabled[] = "eager execution is not enabled: call "
                                  "eager_enable_execution() at program start";

#define NEEDS_ENABLING(call) assert_fails(call, EAGER_FAILED_PRECONDITION, not_enabled)

static int freed;

static void note_free(void *data, void *user) {
  (void)data;
  (void)user;
  freed++;
}

static void creating_a_tensor_needs_enabling(void **state) {
  (void)state;
  static const int64_t dims[] = {2};
  static float data[2];
  static eager_tensor *const marked = (eager_tensor *)data;
  eager_tensor *t;
#define CREATES(call)                                                                      \
  do {                                                                                     \
    t = marked;                                                                            \
    NEEDS_ENABLING(call);                                                                  \
    assert_null(t);                                                                        \
  } while (0)
  CREATES(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, data, &t));
  CREATES(eager_tensor_adopt_host(EAGER_FLOAT32, 1, dims, data, sizeof data, note_free,
                                  NULL, &t));
  assert_int_equal(freed, 1);
  CREATES(eager_tensor_zeros(EAGER_FLOAT32, 1, dims, &t));
  CREATES(eager_scalar_int32(1, &t));
  CREATES(eager_scalar_int64(1, &t));
  CREATES(eager_scalar_uint32(1, &t));
  CREATES(eager_scalar_uint64(1, &t));
  CREATES(eager_scalar_float32(1, &t));
  CREATES(eager_scalar_float64(1, &t));
  CREATES(eager_scalar_bool(true, &t));
  CREATES(eager_scalar(6, &t));
  CREATES(eager_tensor_from_cl_mem("CPU:0", NULL, 0, EAGER_FLOAT32, 1, dims, NULL, &t));
  CREATES(eager_npy_load("/nowhere.npy", &t));
  CREATES(eager_npy_load_as("/nowhere.npy", EAGER_BFLOAT16, &t));
}

static void ops_need_enabling(void **state) {
  (void)state;
  eager_tensor *t = (eager_tensor *)&freed;
  NEEDS_ENABLING(eager_add(NULL, NULL, &t));
  assert_null(t);
  NEEDS_ENABLING(eager_reduce_sum(NULL, NULL, 0, false, &t));
  NEEDS_ENABLING(eager_concat((eager_tensor *[]){NULL}, 1, 0, &t));
  NEEDS_ENABLING(eager_fill(0, NULL, NULL, &t));
  eager_op *op = NULL;
  assert_ok(eager_op_new("AddV2", &op)); /* what there is may be asked */
  NEEDS_ENABLING(eager_op_set_device(op, "CPU:0"));
  int count = 1;
  t = (eager_tensor *)&freed;
  NEEDS_ENABLING(eager_op_execute(op, &t, &count));
  assert_null(t);
  eager_op_release(op);
  assert_false(eager_op_is_supported("AddV2", EAGER_FLOAT32, NULL));
}

static void scopes_and_thread_settings_need_enabling(void **state) {
  (void)state;
  NEEDS_ENABLING(eager_push_device("CPU:0"));
  NEEDS_ENABLING(eager_push_device(NULL));
  NEEDS_ENABLING(eager_pop_device());
  NEEDS_ENABLING(eager_tidy_begin());
  NEEDS_ENABLING(eager_tidy_keep(NULL));
  NEEDS_ENABLING(eager_tidy_end());
  NEEDS_ENABLING(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_WARN));
  NEEDS_ENABLING(eager_set_thread_execution_mode(EAGER_ASYNC));
  NEEDS_ENABLING(eager_synchronize(NULL));
  NEEDS_ENABLING(eager_synchronize("CPU:0"));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_AUTO);
  assert_int_equal(eager_get_execution_mode(), EAGER_EXECUTION_AUTO);
}

static void enabled_devices_and_statistics_need_enabling(void **state) {
  (void)state;
  const eager_device_info *info = (const eager_device_info *)&freed;
  NEEDS_ENABLING(eager_device_get(0, &info));
  assert_null(info);
  info = (const eager_device_info *)&freed;
  NEEDS_ENABLING(eager_device_find("CPU:0", &info));
  assert_null(info);
  eager_memory_info memory;
  memset(&memory, 1, sizeof memory);
  NEEDS_ENABLING(eager_get_memory_info(NULL, &memory));
  assert_int_equal(memory.limit, 0);
  NEEDS_ENABLING(eager_reset_memory_stats(NULL));
  NEEDS_ENABLING(eager_trim_memory(NULL));
  eager_copy_stats stats;
  memset(&stats, 1, sizeof stats);
  NEEDS_ENABLING(eager_get_copy_stats(&stats));
  assert_int_equal(stats.count, 0);
  NEEDS_ENABLING(eager_reset_copy_stats());
  assert_int_equal(eager_copy_record_count(), 0);
  cl_context context = (cl_context)&freed;
  NEEDS_ENABLING(eager_device_cl("CPU:0", &context, NULL, NULL));
  assert_null(context);
}

static void a_failed_call_before_enabling_leaves_enabling_possible(void **state) {
  (void)state;
  NEEDS_ENABLING(eager_push_device("CPU:0"));
  assert_ok(enable_defaults());
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION,
               "eager_pop_device: no device scope is open in this thread");
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest together[] = {
      ROW(listing_devices_needs_no_enabling),
      ROW(creating_a_tensor_needs_enabling),
      ROW(ops_need_enabling),
      ROW(scopes_and_thread_settings_need_enabling),
      ROW(enabled_devices_and_statistics_need_enabling),
  };
  const struct CMUnitTest tests[] = {
      ROW(no_platform_is_told_with_a_package_to_install),
      ROW(a_platform_without_devices_is_told_with_its_reason),
      ROW(a_platform_without_devices_never_hides_the_others),
      ROW(only_simulators_is_told_and_a_list_is_the_way_on),
      ROW(only_simulators_and_a_default_device_is_enough),
      ROW(only_simulators_and_a_variable_is_enough),
      ROW(a_failed_call_before_enabling_leaves_enabling_possible),
  };
  return both_groups(
      test_main("runtime/enable_none", together, sizeof together / sizeof *together),
      test_main_each("runtime/enable_none, a process each", tests,
                     sizeof tests / sizeof *tests));
}
