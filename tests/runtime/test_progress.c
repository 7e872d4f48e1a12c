/* ctest: devices=all labels=threaded timeout=120 */
/* semantics.md sections 3 and 4: nothing waits for what it does not need, and a call that
 * fails has changed nothing. */
#include "base/sync.h"
#include "placing.h"
#include "slow.h"
#include "test.h"

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

/* "never for another device": a copy from a ready tensor passes one from a slow source. */
static void a_slow_source_does_not_hold_up_another(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  if (!test_is_async()) test_skip("commands run inside the call on this device");
  const char *to = test_device_other_context();
  eager_tensor *small = placing_tensor(test_device(), EAGER_FLOAT32, 3), *warm, *late,
               *copy;
  assert_ok(eager_tensor_copy_to_device(small, to, &warm)); /* the worker is there */
  assert_ok(eager_tensor_wait(warm));
  slow_work work = slow_prepare(600);
  eager_tensor *slow = slow_start(&work);
  double begun = slow_now();
  assert_ok(eager_tensor_copy_to_device(slow, to, &late));
  eager__sleep(20000000); /* the worker has met the slow one */
  assert_ok(eager_tensor_copy_to_device(small, to, &copy));
  assert_ok(eager_tensor_wait(copy));
  bool passed = eager_tensor_poll(late) == EAGER_PENDING;
  printf("  the ready tensor's copy took %.0f ms\n", (slow_now() - begun) * 1e3 - 20);
  assert_ok(eager_tensor_wait(late));
  assert_true(passed);
  eager_tensor_release(small);
  eager_tensor_release(warm);
  eager_tensor_release(slow);
  eager_tensor_release(late);
  eager_tensor_release(copy);
  slow_end(&work);
}

/* The last of many tensors behind users' events does not wait for the first ones. */
static void many_events_are_all_looked_at(void **state) {
  (void)state;
  enum { GATES = 40 };
  begin(EAGER_ASYNC);
  placing_gate gates[GATES];
  for (int i = 0; i < GATES; i++) gates[i] = placing_gate_new(test_device(), 2);
  eager_tensor *last = gates[GATES - 1].tensor;
  placing_gate_open(&gates[GATES - 1], CL_COMPLETE);
  eager_status status = eager_tensor_wait_for(last, UINT64_C(5000000000));
  for (int i = 0; i < GATES - 1; i++) placing_gate_open(&gates[i], CL_COMPLETE);
  assert_ok(status);
  for (int i = 0; i < GATES; i++) eager_tensor_release(gates[i].tensor);
}

/* An op's chain of checks: no handle of a failed chain is ever READY, whoever looks when.
 */
static const char *poll_all(int thread, void *argument) {
  eager_tensor **tensors = argument;
  for (int round = 0; round < 200; round++)
    if (eager_tensor_poll(tensors[(thread + round) % 8]) == EAGER_READY)
      return "a poll says READY";
  return NULL;
}

static void a_failed_chain_is_never_ready(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  for (int round = 0; round < (test_is_slow() ? 3 : 60); round++) {
    eager_tensor *tensors[8], *good = placing_good_gather(test_device());
    eager_tensor *bad = placing_bad_gather(test_device());
    for (int i = 0; i < 8; i++)
      tensors[i] = placing_sum(test_device(), i % 2 ? good : bad, i % 2 ? bad : good);
    if (round % 2 && !test_is_slow()) test_threads(2, poll_all, tensors);
    for (int i = 0; i < 8; i++) {
      assert_int_equal(eager_tensor_wait(tensors[i]), EAGER_INVALID_ARGUMENT);
      assert_int_equal(eager_tensor_poll(tensors[i]), EAGER_FAILED);
      eager_tensor_release(tensors[i]);
    }
    assert_ok(eager_tensor_wait(good));
    eager_tensor_release(good);
    eager_tensor_release(bad);
    assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
    assert_ok(eager_synchronize(NULL));
  }
}

/* A refused upload allocates nothing. */
static void missing_data_changes_nothing(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_memory_info before, after;
  eager_tensor *t;
  const int64_t dims[] = {1 << 20};
  assert_ok(eager_get_memory_info(NULL, &before));
  assert_fails(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, NULL, &t),
               EAGER_INVALID_ARGUMENT, "data is NULL for 4194304 bytes");
  assert_ok(eager_get_memory_info(NULL, &after));
  assert_memory_equal(&before, &after, sizeof before);
}

/* SYNC: what a call returns is ready, uploads too. */
static void sync_uploads_are_ready(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  for (int i = 0; i < 50; i++) {
    eager_tensor *t;
    assert_ok(eager_scalar_int32(i, &t));
    assert_int_equal(eager_tensor_poll(t), EAGER_READY);
    eager_tensor_release(t);
  }
}

/* SYNC: a copy of a failed tensor fails, wherever it goes. */
static void sync_copies_of_failed_tensors_fail(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *bad = placing_bad_gather(test_device()), *copy;
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails_like(eager_tensor_copy_to_device(bad, test_device(), &copy),
                    EAGER_INVALID_ARGUMENT, placing_bad_text);
  assert_null(copy);
  eager_tensor_release(bad);
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slow_source_does_not_hold_up_another),
      cmocka_unit_test(many_events_are_all_looked_at),
      cmocka_unit_test(a_failed_chain_is_never_ready),
      cmocka_unit_test(missing_data_changes_nothing),
      cmocka_unit_test(sync_uploads_are_ready),
      cmocka_unit_test(sync_copies_of_failed_tensors_fail),
  };
  return test_main("runtime/progress", tests, sizeof tests / sizeof *tests);
}
