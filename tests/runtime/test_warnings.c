/* ctest: devices=all labels=threaded timeout=60 */
/* semantics.md section 3: warnings come for the first 10 of each (op, input, device pair),
 * then at powers of ten with the count. */
#include "placing.h"
#include "test.h"

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static const char *text_for(const char *op, int input, const char *from, const char *to) {
  return test_text("before computing %s input #%d was expected to be on %s but is actually "
                   "on %s (operation running on %s). This triggers a copy which can be a "
                   "performance bottleneck.",
                   op, input, placing_full_name(to), placing_full_name(from),
                   placing_full_name(to));
}

/* A reshape moves its input and launches nothing. */
static void move(eager_execution_mode mode, int times) {
  assert_ok(eager_set_thread_execution_mode(mode));
  for (int i = 0; i < times; i++) {
    eager_tensor *a = placing_tensor(second(), EAGER_FLOAT32, 2), *view;
    assert_ok(eager_reshape(a, 2, (int64_t[]){2, 1}, &view));
    eager_tensor_release(view);
    eager_tensor_release(a);
  }
}

static void ten_then_powers_of_ten(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_WARN, EAGER_SYNC);
  const char *text = text_for("Reshape", 0, second(), test_device());
  move(EAGER_SYNC, 6);
  assert_int_equal(test_log_count(text), 6); /* at the call, in both modes */
  move(EAGER_ASYNC, 4);
  assert_int_equal(test_log_count(text), 10);
  assert_int_equal(test_log_count("such copies so far"), 0);
  move(EAGER_ASYNC, 89);
  assert_int_equal(test_log_count(text), 10);
  move(EAGER_ASYNC, 1);
  assert_int_equal(test_log_count(text), 11);
  assert_int_equal(test_log_count("performance bottleneck. (100 such copies so far)"), 1);
  assert_int_equal(placing_stats().warnings, 100); /* all of them are counted */

  /* Resetting the statistics does not start the flood again. */
  assert_ok(eager_reset_copy_stats());
  move(EAGER_SYNC, 1);
  assert_int_equal(test_log_count(text), 11);
}

/* Another op, another input, the other direction: each has its own ten. */
static void each_key_has_its_own(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_WARN, EAGER_SYNC);
  const char *here = test_device(), *there = second();
  for (int i = 0; i < 12; i++) {
    eager_tensor *a = placing_tensor(here, EAGER_FLOAT32, 2);
    eager_tensor *b = placing_tensor(there, EAGER_FLOAT32, 2), *out;
    eager_tensor_release(placing_sum(there, a, b));
    eager_tensor_release(placing_sum(here, a, b));
    eager_tensor_release(a);
    eager_tensor_release(b);
    if (i < 10) continue;
    a = placing_tensor(there, EAGER_FLOAT32, 2);
    assert_ok(eager_negative(a, &out));
    eager_tensor_release(out);
    eager_tensor_release(a);
  }
  assert_int_equal(test_log_count(text_for("AddV2", 0, here, there)), 10);
  assert_int_equal(test_log_count(text_for("AddV2", 1, there, here)), 10);
  assert_int_equal(test_log_count(text_for("Neg", 0, there, here)), 2);
}

static void other_policies_never_warn(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  move(EAGER_SYNC, 2);
  assert_int_equal(test_log_count("before computing"), 0);
  assert_int_equal(placing_stats().warnings, 0);
  assert_int_equal(placing_stats().count, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ten_then_powers_of_ten),
      cmocka_unit_test(each_key_has_its_own),
      cmocka_unit_test(other_policies_never_warn),
  };
  return test_main("runtime/warnings", tests, sizeof tests / sizeof *tests);
}
