/* ctest: timeout=180 */
/* tuning.h: what is saved is in force in the next process, the environment outranks it, and
 * EAGERCL_DETERMINISTIC both. Each use of the library is this program run again. */
#include "enabling.h"
#include "program.h"

enum { SECONDS = 60 };

/* --- The other process --- */

static int complain(void) {
  printf("%s\n", eager_error_message());
  return 1;
}

static int print_values(void) {
  for (size_t i = 0; i < eager_tunable_count(); i++) {
    eager_tunable t;
    if (eager_tunable_get(NULL, i, &t) != EAGER_OK) return complain();
    if (t.value != t.builtin) printf("%s=%d ", t.name, t.value);
  }
  /* A kernel compiled with them gives what it should. */
  float values[33], got[33];
  const int64_t dims[] = {33};
  for (int i = 0; i < 33; i++) values[i] = (float)i;
  eager_tensor *x, *y;
  if (eager_tensor_from_host(EAGER_FLOAT32, 1, dims, values, &x) != EAGER_OK ||
      eager_add(x, x, &y) != EAGER_OK ||
      eager_tensor_to_host(y, got, sizeof got) != EAGER_OK)
    return complain();
  for (int i = 0; i < 33; i++)
    if (got[i] != 2 * values[i]) return printf("element %d is wrong\n", i), 1;
  eager_tensor_release(x);
  eager_tensor_release(y);
  return 0;
}

static int use_library(const char *what) {
  if (!has_device(BASIC)) return TEST_SKIPPED;
  if (enable_devices(BASIC) != EAGER_OK) return complain();
  int status = 0;
  if (strcmp(what, "show") == 0)
    status = print_values();
  else if (eager_tuning_save(NULL, what) != EAGER_OK)
    status = complain();
  return eager_shutdown() == EAGER_OK ? status : complain();
}

static const char *run(const char *what, int status) {
  program_result r =
      program_run(SECONDS, (const char *const[]){"tests/test_runtime_tuning", what, NULL});
  if (r.status == TEST_SKIPPED) {
    program_folder_remove();
    test_skip("no device " BASIC " here");
  }
  if (r.status != status) fail_msg("status %d: %s%s", r.status, r.out, r.err);
  return r.out;
}

/* --- */

static void set(const char *name, const char *value) {
  assert_int_equal(setenv(name, value, 1), 0);
}

static void begin(void) {
  program_folder_make();
  set("EAGERCL_CACHE_DIR", program_folder());
}

static void saved_values_are_in_force_later(void **state) {
  (void)state;
  begin();
  assert_string_equal(run("show", 0), "");
  run("gemm_cached=640,group_size=64", 0);
  assert_string_equal(run("show", 0), "group_size=64 gemm_cached=640 ");
  run("", 0);
  assert_string_equal(run("show", 0), "");
  program_folder_remove();
}

static void the_environment_outranks_what_is_saved(void **state) {
  (void)state;
  begin();
  run("gemm_cached=640", 0);
  set("EAGERCL_TUNING", "group_size=32");
  assert_string_equal(run("show", 0), "group_size=32 ");
  set("EAGERCL_DETERMINISTIC", "1");
  assert_string_equal(run("show", 0), "");
  unsetenv("EAGERCL_TUNING");
  assert_string_equal(run("show", 0), "");
  unsetenv("EAGERCL_DETERMINISTIC");
  assert_string_equal(run("show", 0), "gemm_cached=640 ");
  program_folder_remove();
}

static void wrong_values_are_refused_and_change_nothing(void **state) {
  (void)state;
  begin();
  run("gemm_cached=640", 0);
  assert_string_equal(
      run("gemm_cached=5", 1),
      "eager_tuning_save: gemm_cached must be one of 256, 640, 2560, 10240, got 5\n");
  assert_string_equal(run("show", 0), "gemm_cached=640 ");
  set("EAGERCL_TUNING", "width=5");
  assert_non_null(strstr(run("show", 1), "EAGERCL_TUNING must be name=value,name=value"));
  program_folder_remove();
}

static void without_a_folder_nothing_is_saved(void **state) {
  (void)state;
  begin();
  set("EAGERCL_CACHE_DIR", "/proc/no such folder");
  assert_non_null(strstr(run("gemm_cached=640", 1), "there is no folder to keep it in"));
  program_folder_remove();
}

static void getters_check_their_arguments(void **state) {
  (void)state;
  need_device(BASIC);
  eager_tunable t;
  assert_int_equal(eager_tunable_get(NULL, 0, &t), EAGER_FAILED_PRECONDITION);
  assert_ok(enable_devices(BASIC));
  assert_int_equal(eager_tunable_get(NULL, 0, NULL), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_tunable_get("CPU:9", 0, &t), EAGER_NOT_FOUND);
  assert_int_equal(eager_tunable_get(NULL, eager_tunable_count(), &t),
                   EAGER_INVALID_ARGUMENT);
  assert_null(t.name);
  assert_int_equal(eager_tuning_save(NULL, NULL), EAGER_INVALID_ARGUMENT);
  for (size_t i = 0; i < eager_tunable_count(); i++) {
    assert_ok(eager_tunable_get(NULL, i, &t));
    bool has_builtin = false;
    for (size_t k = 0; k < t.choice_count; k++) has_builtin |= t.choices[k] == t.builtin;
    if (!has_builtin) fail_msg("%s: %d is not among its choices", t.name, t.builtin);
  }
}

int main(int argc, char **argv) {
  if (argc > 1) return use_library(argv[1]);
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(saved_values_are_in_force_later),
      ROW(the_environment_outranks_what_is_saved),
      ROW(wrong_values_are_refused_and_change_nothing),
      ROW(without_a_folder_nothing_is_saved),
      ROW(getters_check_their_arguments),
  };
  return test_main_each("runtime/tuning", tests, sizeof tests / sizeof *tests);
}
