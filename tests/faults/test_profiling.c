/* ctest: devices=pocl-basic,rusticl labels=faults timeout=120 */
/* A driver that does not answer clGetEventProfilingInfo, from the beginning, for a while,
 * or on one occasion: ops and copies are as right as ever, nothing is told but a line in
 * the log, and the trace has every command, at the host's times where the device's are
 * missing. */
#include "placing.h"
#include "program.h"
#include "test_layer.h"

enum { OPS = 24, LATE = 8 };

static const eager_layer *layer;

static void begin(eager_execution_mode mode) {
  program_folder_make();
  assert_int_equal(setenv("EAGERCL_TRACE", program_path("trace.json"), 1), 0);
  layer = test_layer();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

/* A chain of ops, through uploads and reads; every value is looked at. */
static void work(int ops) {
  eager_tensor *t = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  double expected[] = {1, 2, 3};
  for (int i = 0; i < ops; i++) {
    eager_tensor *next = placing_sum(test_device(), t, t);
    eager_tensor_release(t);
    t = next;
    for (int k = 0; k < 3; k++) expected[k] *= 2;
    if (i % 8 == 0) placing_expect(t, 3, expected);
  }
  placing_expect(t, 3, expected);
  eager_tensor_release(t);
  assert_ok(eager_synchronize(NULL));
}

static int occurrences(const char *text, const char *part) {
  int found = 0;
  for (const char *at = text; (at = strstr(at, part)) != NULL; at++) found++;
  return found;
}

/* The kernels of the ops in the trace, and those that have the host's times. */
static int kernels(int *out_untimed) {
  assert_ok(eager_shutdown());
  FILE *file = fopen(program_path("trace.json"), "r");
  assert_non_null(file);
  int found = 0;
  *out_untimed = 0;
  for (char line[4096]; fgets(line, sizeof line, file) != NULL;) {
    if (strstr(line, "\"kernel\"") == NULL || strstr(line, "\"AddV2\"") == NULL) continue;
    found += occurrences(line, "\"cat\":");
    *out_untimed += occurrences(line, "the host's");
  }
  fclose(file);
  program_folder_remove();
  return found;
}

/* Not even when the device opens. */
static void never(eager_execution_mode mode) {
  int untimed;
  begin(mode);
  layer->refuse("clGetEventProfilingInfo", 0, -5);
  work(OPS);
  assert_true(layer->failed() > 0);
  assert_true(test_log_count("the trace has no device times of ") > 0);
  assert_int_equal(kernels(&untimed), OPS);
  assert_int_equal(untimed, OPS);
}

static void never_in_sync(void **state) {
  (void)state;
  never(EAGER_SYNC);
}

static void never_in_async(void **state) {
  (void)state;
  never(EAGER_ASYNC);
}

/* Of commands in the middle: those before and behind have the device's. */
static void for_a_while(eager_execution_mode mode) {
  int untimed;
  begin(mode);
  work(LATE);
  bool knows = test_log_count("the trace has no device times of ") == 0;
  layer->refuse("clGetEventProfilingInfo", 0, -6);
  work(OPS);
  uint64_t failed = layer->failed();
  layer->reset();
  work(LATE);
  assert_int_equal(kernels(&untimed), OPS + 2 * LATE);
  if (knows) {
    assert_true(failed >= OPS);
    assert_int_equal(untimed, OPS);
  } else {
    assert_int_equal(untimed, OPS + 2 * LATE);
  }
}

static void for_a_while_in_sync(void **state) {
  (void)state;
  for_a_while(EAGER_SYNC);
}

static void for_a_while_in_async(void **state) {
  (void)state;
  for_a_while(EAGER_ASYNC);
}

/* One question of the four about one command. */
static void once(void **state) {
  (void)state;
  int untimed;
  begin(EAGER_SYNC);
  work(LATE);
  layer->refuse("clGetEventProfilingInfo", 3, -5);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  uint64_t of_upload = layer->failed();
  placing_expect(x, 3, (double[]){1, 2, 3});
  eager_tensor_release(x);
  work(LATE);
  uint64_t failed = layer->failed();
  assert_in_range(failed, of_upload, 1);
  assert_int_equal(kernels(&untimed), 2 * LATE);
  assert_true(untimed <= 1 || untimed == 2 * LATE); /* a driver that never tells */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(never_in_sync),
      cmocka_unit_test(for_a_while_in_async),
      cmocka_unit_test(once), /* a default run ends here */
      cmocka_unit_test(for_a_while_in_sync),
      cmocka_unit_test(never_in_async),
  };
  enum { TESTS = sizeof tests / sizeof *tests, FEW = 3 };
  const char *full = getenv("EAGERCL_TEST_FULL");
  bool all = full != NULL && strcmp(full, "1") == 0;
  test_layer_load();
  return test_main_each("faults/profiling", tests, all ? TESTS : FEW);
}
