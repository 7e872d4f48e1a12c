/* ctest: devices=all labels=threaded timeout=60 */
/* semantics.md section 3, "Copies are counted". */
#include "placing.h"
#include "test.h"

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static void records_are_per_op_input_and_devices(void **state) {
  (void)state;
  const char *here = test_device(), *there = second();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(here, EAGER_FLOAT32, 3);
  eager_tensor *b = placing_tensor(there, EAGER_FLOAT32, 3), *out;
  assert_int_equal(eager_copy_record_count(), 0);
  eager_tensor_release(placing_sum(there, a, b)); /* input 0 moves there */
  eager_tensor_release(placing_sum(here, a, b));  /* input 1 moves here */
  eager_tensor_release(placing_sum(there, b, a)); /* input 1 has moved already */
  assert_ok(eager_multiply(b, b, &out));          /* another op: two hits */
  eager_tensor_release(out);
  assert_int_equal(eager_copy_record_count(), 5);

  eager_copy_record record = placing_record("AddV2", 0, here, there);
  assert_int_equal(record.count, 1);
  assert_int_equal(record.bytes, 12);
  assert_int_equal(record.mirror_hits, 0);
  record = placing_record("AddV2", 1, there, here);
  assert_int_equal(record.count, 1);
  assert_int_equal(record.bytes, 12);
  record = placing_record("AddV2", 1, here, there);
  assert_int_equal(record.count, 0);
  assert_int_equal(record.bytes, 0);
  assert_int_equal(record.mirror_hits, 1);
  assert_int_equal(placing_record("Mul", 0, there, here).mirror_hits, 1);
  assert_int_equal(placing_record("Mul", 1, there, here).mirror_hits, 1);

  eager_copy_stats stats = placing_stats();
  assert_int_equal(stats.count, 2);
  assert_int_equal(stats.bytes, 24);
  assert_int_equal(stats.mirror_hits, 3);
  assert_int_equal(stats.warnings, 0);
  eager_tensor_release(a);
  eager_tensor_release(b);
}

/* "when a copy starts", and hits "also while it is under way". */
static void counted_when_the_copy_starts(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  placing_gate gate = placing_gate_new(test_device(), 3);
  eager_tensor *far = placing_sum(second(), gate.tensor, gate.tensor);
  eager_copy_stats stats = placing_stats();
  eager_readiness readiness = eager_tensor_poll(far);
  placing_gate_open(&gate, CL_COMPLETE);
  assert_int_equal(readiness, EAGER_PENDING);
  assert_int_equal(stats.count, 1);
  assert_int_equal(stats.bytes, 12);
  assert_int_equal(stats.mirror_hits, 1);
  placing_expect(far, 3, (double[]){2, 4, 6});
  assert_int_equal(placing_stats().count, 1);
  eager_tensor_release(far);
  eager_tensor_release(gate.tensor);
}

static void reset_starts_again(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_WARN, EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor_release(placing_sum(second(), a, a));
  assert_int_equal(placing_stats().warnings, 1);
  assert_ok(eager_reset_copy_stats());
  eager_copy_stats stats = placing_stats();
  assert_int_equal(stats.count + stats.bytes + stats.mirror_hits + stats.warnings, 0);
  assert_int_equal(eager_copy_record_count(), 0);
  eager_tensor_release(placing_sum(second(), a, a)); /* the mirror is still there */
  stats = placing_stats();
  assert_int_equal(stats.count, 0);
  assert_int_equal(stats.mirror_hits, 2);
  assert_int_equal(eager_copy_record_count(), 2);
  eager_tensor_release(a);
}

static void refusals(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_copy_record record;
  assert_fails(eager_get_copy_stats(NULL), EAGER_INVALID_ARGUMENT, "out_stats is NULL");
  assert_fails(eager_copy_record_get(0, NULL), EAGER_INVALID_ARGUMENT,
               "out_record is NULL");
  memset(&record, 0x5A, sizeof record);
  assert_fails(eager_copy_record_get(0, &record), EAGER_INVALID_ARGUMENT,
               "copy record 0 of 0 does not exist");
  assert_null(record.op);
  assert_int_equal(record.count, 0);
}

/* Nothing that fails at the call is counted. */
static void failed_calls_count_nothing(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(second(), EAGER_FLOAT32, 2);
  eager_tensor *b = placing_tensor(second(), EAGER_FLOAT32, 3), *out;
  assert_fails(eager_add(a, b, &out), EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [2] vs. [3] [Op:AddV2]");
  assert_int_equal(placing_stats().count, 0);
  eager_tensor_release(a);
  eager_tensor_release(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_are_per_op_input_and_devices),
      cmocka_unit_test(counted_when_the_copy_starts),
      cmocka_unit_test(reset_starts_again),
      cmocka_unit_test(refusals),
      cmocka_unit_test(failed_calls_count_nothing),
  };
  return test_main("runtime/copy_stats", tests, sizeof tests / sizeof *tests);
}
