/* ctest: timeout=180 */
/* semantics.md section 2, "allow_soft_placement", and section 5, float64 on a device that
 * has no arithmetic for it. */
#include "enabling.h"

static eager_status enable(const char *list, bool soft) {
  return eager_enable_execution(&(eager_config){.visible_device_list = list,
                                                .allow_soft_placement = soft,
                                                .log = keep_log},
                                EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

static eager_tensor *scalar(double value) {
  eager_tensor *t = NULL;
  assert_ok(eager_scalar_float64(value, &t));
  return t;
}

static double value_of(const eager_tensor *t) {
  double value = 0;
  assert_ok(eager_tensor_to_host(t, &value, sizeof value));
  return value;
}

static eager_op *square_op(const char *device) {
  eager_op *op = NULL;
  assert_ok(eager_op_new("Square", &op));
  assert_ok(eager_op_set_device(op, device));
  return op;
}

static eager_tensor *execute(eager_op *op, eager_tensor *x) {
  eager_tensor *y = NULL;
  int count = 1;
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  return y;
}

/* --- A missing device. --- */

static void off_a_missing_device_is_an_error(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_ok(enable("CPU:3=" PTHREAD, false));
  static const char text[] = "GPU:42 unknown device; available: CPU:3";
  eager_op *op = NULL;
  assert_ok(eager_op_new("Square", &op));
  assert_fails(eager_op_set_device(op, "GPU:42"), EAGER_NOT_FOUND, text);
  eager_op_release(op);
  assert_fails(eager_push_device("GPU:42"), EAGER_NOT_FOUND, text);
  assert_int_equal(logged_count("soft placement"), 0);
}

static void on_an_op_runs_on_the_first_device_with_one_warning(void **state) {
  (void)state;
  need_device(PTHREAD);
  need_device(BASIC);
  /* The first enabled device is not the default. */
  assert_ok(enable("CPU:3=" PTHREAD ",GPU:0=" BASIC, true));
  assert_string_equal(current_device(), FULL_NAME("GPU:0"));
  eager_tensor *x = NULL;
  assert_ok(eager_scalar_float32(3, &x));
  static const char *const forms[] = {"GPU:42", "gpu:42", FULL_NAME("GPU:42")};
  for (int i = 0; i < 3; i++) {
    eager_op *op = square_op(forms[i]);
    eager_tensor *y = execute(op, x);
    assert_string_equal(eager_tensor_device(y), FULL_NAME("CPU:3"));
    eager_tensor_release(y);
    eager_op_release(op);
  }
  assert_int_equal(logged_count("soft placement"), 1);
  assert_string_equal(
      logged_line("soft placement"),
      "Square: " FULL_NAME("GPU:42") " is not there: soft placement uses " FULL_NAME(
          "CPU:3"));
  assert_int_equal(logged_level("soft placement"), EAGER_LOG_WARNING);

  eager_op *other = square_op("ACCELERATOR:7"); /* another device: another warning */
  assert_int_equal(logged_count("soft placement"), 2);
  eager_op_release(other);
  assert_ok(eager_op_new("Neg", &other)); /* another op: another warning */
  assert_ok(eager_op_set_device(other, "GPU:42"));
  assert_int_equal(logged_count("soft placement"), 3);
  eager_op_release(other);
  eager_tensor_release(x);
}

static void on_a_scope_uses_the_first_device(void **state) {
  (void)state;
  need_device(PTHREAD);
  need_device(BASIC);
  assert_ok(enable("CPU:3=" PTHREAD ",GPU:0=" BASIC, true));
  for (int i = 0; i < 3; i++) {
    assert_ok(eager_push_device("GPU:42"));
    assert_string_equal(current_device(), FULL_NAME("CPU:3"));
    assert_ok(eager_pop_device());
  }
  assert_int_equal(logged_count("soft placement"), 1);
}

static void on_names_are_still_checked(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_ok(enable(PTHREAD, true));
  assert_fails_like(eager_push_device("TPU:0"), EAGER_INVALID_ARGUMENT,
                    "malformed device name \"TPU:0\"");
  const eager_device_info *info = NULL;
  assert_fails_like(eager_device_find("GPU:42", &info), EAGER_NOT_FOUND,
                    "GPU:42 unknown device"); /* a question, not an op */
  eager_tensor *x = scalar(1), *copy = NULL;
  assert_fails_like(eager_tensor_copy_to_device(x, "GPU:42", &copy), EAGER_NOT_FOUND,
                    "GPU:42 unknown device");
  eager_tensor_release(x);
  assert_int_equal(logged_count("soft placement"), 0);
}

/* --- float64 where there is no arithmetic for it. --- */

static const eager_device_info *need_device_without_float64(void) {
  const eager_device_info *info = need_device(RUSTICL);
  if (info->has_float64) test_skip("%s has float64 arithmetic here", info->device);
  return info;
}

static void off_float64_arithmetic_names_a_device_that_can(void **state) {
  (void)state;
  const eager_device_info *unable = need_device_without_float64();
  const eager_device_info *able = need_device(PTHREAD);
  assert_ok(enable("GPU:0=" RUSTICL ",CPU:3=" PTHREAD, false));
  eager_tensor *x = scalar(3), *y = (eager_tensor *)&state;
  assert_string_equal(eager_tensor_device(x), FULL_NAME("GPU:0"));
  char text[600];
  snprintf(
      text, sizeof text,
      FULL_NAME("GPU:0") " (%s) has no float64 arithmetic; " FULL_NAME(
          "CPU:3") " (%s) has: run the op there, use float32, or set allow_soft_placement "
                   "[Op:Square]",
      unable->device, able->device);
  assert_fails(eager_square(x, &y), EAGER_UNIMPLEMENTED, text);
  assert_null(y);
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC)); /* at the call in ASYNC, too */
  assert_fails(eager_square(x, &y), EAGER_UNIMPLEMENTED, text);
  assert_false(eager_op_is_supported("Square", EAGER_FLOAT64, "GPU:0"));
  assert_true(eager_op_is_supported("Square", EAGER_FLOAT64, "CPU:3"));
  eager_tensor_release(x);
}

static void without_a_device_that_can_it_says_so(void **state) {
  (void)state;
  const eager_device_info *unable = need_device_without_float64();
  assert_ok(enable("GPU:0=" RUSTICL, true));
  eager_tensor *x = scalar(3), *y = NULL;
  char text[400];
  snprintf(
      text, sizeof text,
      FULL_NAME("GPU:0") " (%s) has no float64 arithmetic, and no other enabled device "
                         "has it: use float32 [Op:Square]",
      unable->device);
  assert_fails(eager_square(x, &y), EAGER_UNIMPLEMENTED, text);
  eager_tensor_release(x);
}

static void on_float64_arithmetic_runs_where_it_can(void **state) {
  (void)state;
  need_device_without_float64();
  need_device(PTHREAD);
  need_device(BASIC);
  assert_ok(enable("GPU:0=" RUSTICL ",CPU:3=" PTHREAD ",CPU:4=" BASIC, true));
  eager_tensor *x = scalar(1.5);
  for (int i = 0; i < 3; i++) {
    eager_tensor *y = NULL;
    assert_ok(eager_square(x, &y));
    assert_string_equal(eager_tensor_device(y), FULL_NAME("CPU:3"));
    assert_true(value_of(y) == 2.25);
    eager_tensor_release(y);
  }
  assert_int_equal(logged_count("soft placement"), 1);
  assert_string_equal(logged_line("soft placement"),
                      "Square in float64 is not possible on " FULL_NAME(
                          "GPU:0") ": soft placement runs it on " FULL_NAME("CPU:3"));
  eager_tensor_release(x);
}

static void float64_is_stored_and_moved_everywhere(void **state) {
  (void)state;
  need_device_without_float64();
  assert_ok(enable("GPU:0=" RUSTICL, false));
  const double values[] = {1, -2.5, 1e300, 4, 5, 6};
  const int64_t dims[] = {2, 3}, flat[] = {6}, begin[] = {1}, size[] = {3};
  eager_tensor *x = NULL, *reshaped = NULL, *slice = NULL, *again = NULL;
  double got[6];
  assert_ok(eager_tensor_from_host(EAGER_FLOAT64, 2, dims, values, &x));
  assert_ok(eager_reshape(x, 1, flat, &reshaped));
  assert_ok(eager_slice(reshaped, begin, size, &slice));
  assert_ok(eager_tensor_copy_to_device(slice, "GPU:0", &again));
  assert_ok(eager_tensor_to_host(again, got, 3 * sizeof *got));
  assert_memory_equal(got, values + 1, 3 * sizeof *got);
  eager_tensor_release(x);
  eager_tensor_release(reshaped);
  eager_tensor_release(slice);
  eager_tensor_release(again);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(off_a_missing_device_is_an_error),
      ROW(on_an_op_runs_on_the_first_device_with_one_warning),
      ROW(on_a_scope_uses_the_first_device),
      ROW(on_names_are_still_checked),
      ROW(off_float64_arithmetic_names_a_device_that_can),
      ROW(without_a_device_that_can_it_says_so),
      ROW(on_float64_arithmetic_runs_where_it_can),
      ROW(float64_is_stored_and_moved_everywhere),
  };
  return test_main_each("runtime/soft_placement", tests, sizeof tests / sizeof *tests);
}
