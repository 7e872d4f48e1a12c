/* ctest: devices=all labels=threaded timeout=60 */
/* semantics.md section 4: eager_synchronize waits, tells the earliest failure of an ASYNC
 * op that failed there itself, and forgets it. */
#include "base/sync.h"
#include "placing.h"
#include "test.h"

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

static const char *failed(unsigned long long gather, const char *device) {
  return test_text("%s [failed op: GatherV2 #%llu on %s]", placing_bad_text, gather,
                   device);
}

static unsigned long long fail_on(const char *device) {
  eager_tensor *gathered = placing_bad_gather(device);
  unsigned long long number = placing_number();
  eager_tensor_release(gathered); /* "also when its tensors are released" */
  return number;
}

static void earliest_in_program_order_then_cleared(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *first = placing_bad_gather(test_device());
  unsigned long long number = placing_number();
  eager_tensor *later = placing_bad_gather(test_device());
  assert_int_equal(eager_tensor_wait(later), EAGER_INVALID_ARGUMENT); /* read first */
  assert_fails(eager_synchronize(test_device()), EAGER_INVALID_ARGUMENT,
               failed(number, test_device()));
  assert_ok(eager_synchronize(test_device()));
  assert_ok(eager_synchronize(NULL));
  assert_int_equal(eager_tensor_poll(first), EAGER_FAILED); /* handles stay FAILED */
  assert_int_equal(eager_tensor_poll(later), EAGER_FAILED);
  eager_tensor_release(first);
  eager_tensor_release(later);
}

/* "program order" is over devices too; each device keeps its own. */
static void earliest_over_all_devices(void **state) {
  (void)state;
  for (int here_first = 0; here_first < 2; here_first++) {
    const char *order[] = {here_first ? test_device() : second(),
                           here_first ? second() : test_device()};
    begin(EAGER_ASYNC);
    unsigned long long a = fail_on(order[0]);
    fail_on(order[1]);
    assert_fails(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, failed(a, order[0]));
    assert_ok(eager_synchronize(NULL));

    a = fail_on(order[0]);
    unsigned long long b = fail_on(order[1]);
    assert_fails(eager_synchronize(order[1]), EAGER_INVALID_ARGUMENT, failed(b, order[1]));
    assert_fails(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, failed(a, order[0]));
    assert_ok(eager_synchronize(NULL));
  }
}

/* Poisoned consumers do not count: not here, not on another device. */
static void only_failures_that_happened_there(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device());
  unsigned long long number = placing_number();
  eager_tensor *near = placing_sum(test_device(), gathered, gathered);
  eager_tensor *far = placing_sum(second(), gathered, near);
  assert_int_equal(eager_tensor_wait(far), EAGER_INVALID_ARGUMENT);
  eager_tensor *known = placing_sum(second(), gathered, gathered);
  assert_ok(eager_synchronize(second()));
  assert_fails(eager_synchronize(test_device()), EAGER_INVALID_ARGUMENT,
               failed(number, test_device()));
  eager_tensor *again = placing_sum(test_device(), near, near);
  assert_ok(eager_synchronize(NULL));
  eager_tensor *all[] = {gathered, near, far, known, again};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
}

/* Reading has told it already; synchronize tells it all the same. */
static void a_read_does_not_clear(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device());
  unsigned long long number = placing_number();
  float data[3];
  assert_int_equal(eager_tensor_to_host(gathered, data, sizeof data),
                   EAGER_INVALID_ARGUMENT);
  eager_tensor_release(gathered);
  assert_fails(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT,
               failed(number, test_device()));
  assert_ok(eager_synchronize(NULL));
}

static void sync_failures_never_show_up(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 4), *out;
  eager_tensor *rows = placing_tensor(test_device(), EAGER_INT32, 4); /* 4 is too much */
  assert_fails(eager_gather(x, rows, 0, &out), EAGER_INVALID_ARGUMENT,
               "indices[3] is not in [0, 4) [Op:GatherV2]");
  assert_ok(eager_synchronize(NULL));
  eager_tensor_release(x);
  eager_tensor_release(rows);
}

/* "all work submitted or deferred there before the call". */
static const char *open_later(int i, void *argument) {
  (void)i;
  placing_gate *gate = argument;
  if (i == 0) {
    const char *problem = test_failure(eager_synchronize(NULL));
    if (problem) return problem;
    return eager_tensor_poll(gate->tensor) == EAGER_READY ? NULL : "it did not wait";
  }
  eager__sleep(20000000);
  return clSetUserEventStatus(gate->event, CL_COMPLETE) ? "clSetUserEventStatus" : NULL;
}

static void waits_for_deferred_work(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  placing_gate gate = placing_gate_new(test_device(), 3);
  eager_tensor *far = placing_sum(second(), gate.tensor, gate.tensor);
  test_threads(2, open_later, &gate);
  assert_ok(eager_synchronize(second()));
  assert_int_equal(eager_tensor_poll(far), EAGER_READY);
  placing_expect(far, 3, (double[]){2, 4, 6});
  assert_int_equal(clReleaseEvent(gate.event), CL_SUCCESS);
  assert_int_equal(clReleaseMemObject(gate.mem), CL_SUCCESS);
  eager_tensor_release(gate.tensor);
  eager_tensor_release(far);
}

static void waits_for_submitted_work(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(test_device(), x, x);
  assert_ok(eager_synchronize(test_device()));
  assert_int_equal(eager_tensor_poll(sum), EAGER_READY);
  eager_tensor_release(x);
  eager_tensor_release(sum);
}

static void names(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  assert_fails_like(eager_synchronize("GPU:42"), EAGER_NOT_FOUND, "GPU:42 unknown device");
  assert_int_equal(eager_synchronize("no device"), EAGER_INVALID_ARGUMENT);
  assert_ok(eager_synchronize(placing_full_name(test_device())));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(earliest_in_program_order_then_cleared),
      cmocka_unit_test(earliest_over_all_devices),
      cmocka_unit_test(only_failures_that_happened_there),
      cmocka_unit_test(a_read_does_not_clear),
      cmocka_unit_test(sync_failures_never_show_up),
      cmocka_unit_test(waits_for_deferred_work),
      cmocka_unit_test(waits_for_submitted_work),
      cmocka_unit_test(names),
  };
  return test_main("runtime/synchronize", tests, sizeof tests / sizeof *tests);
}
