/* ctest: devices=all timeout=180 serial */
/* semantics.md section 4: what a non-ready handle is, and what a call may wait for. */
#include <pthread.h>

#include "base/sync.h"
#include "cl/device.h"
#include "placing.h"
#include "runtime/runtime.h"
#include "runtime/transfer.h"
#include "slow.h"
#include "test.h"

static const test_shape three = {1, {3}};

static void begin(eager_execution_mode mode) {
  test_enable();
  assert_ok(eager_set_thread_execution_mode(mode));
}

static eager_tensor *vector(double a, double b, double c) {
  return test_tensor(EAGER_FLOAT32, three, (double[]){a, b, c});
}

static eager_tensor *sum(eager_tensor *a, eager_tensor *b) {
  eager_tensor *c;
  assert_ok(eager_add(a, b, &c));
  return c;
}

/* The first element of a slow result, brought to a vector's shape. */
static eager_tensor *slow_vector(eager_tensor *last) {
  eager_tensor *row;
  assert_ok(eager_slice(last, (int64_t[]){0, 0}, (int64_t[]){1, 3}, &row));
  eager_tensor *flat;
  assert_ok(eager_reshape(row, 1, (int64_t[]){3}, &flat));
  eager_tensor_release(row);
  return flat;
}

static void poll_is_pending_then_ready(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  if (!test_is_async()) test_skip("commands run inside the call on this device");
  slow_work work = slow_prepare(300);
  double begun = slow_now();
  eager_tensor *last = slow_start(&work);
  double called = slow_now() - begun;
  assert_int_equal(eager_tensor_poll(last), EAGER_PENDING);
  begun = slow_now();
  assert_int_equal(eager_tensor_poll(last), EAGER_PENDING);
  double polled = slow_now() - begun;
  begun = slow_now();
  assert_fails_like(eager_tensor_wait_for(last, 2000000), EAGER_DEADLINE_EXCEEDED,
                    "not ready after 2000000 ns");
  double waited = slow_now() - begun;
  assert_int_equal(eager_tensor_rank(last), 2); /* known at once */
  assert_int_equal(eager_tensor_dim(last, 0), eager_tensor_dim(work.matrix, 0));
  assert_ok(eager_tensor_wait(last));
  assert_int_equal(eager_tensor_poll(last), EAGER_READY);
  assert_ok(eager_tensor_wait_for(last, 0));
  assert_float_equal(test_read(last)[0], work.element, 0);
  /* Neither may come near the 300 ms of the work, however busy the machine is. */
  assert_true(polled < 0.1);
  assert_true(waited < 0.1);
  printf("  %d products: calls %.1f ms, a poll %.3f ms, a deadline of 2 ms %.1f ms\n",
         work.products, called * 1e3, polled * 1e3, waited * 1e3);
  eager_tensor_release(last);
  slow_end(&work);
}

static void sync_results_are_ready(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *a = vector(1, 2, 3), *b = sum(a, a);
  assert_int_equal(eager_tensor_poll(b), EAGER_READY);
  assert_float_equal(test_read(b)[2], 6, 0);
  eager_tensor_release(a);
  eager_tensor_release(b);
}

/* An op behind a copy is deferred; the caller goes on, also when the source is slow. */
static void ops_behind_a_copy_do_not_block(const char *other) {
  begin(EAGER_ASYNC);
  slow_work work = slow_prepare(300);
  eager_tensor *small = vector(1, 2, 3);
  /* Kernels are built by the call: not what is measured here. */
  assert_ok(eager_push_device(other));
  eager_tensor *warm = sum(small, small);
  assert_ok(eager_tensor_wait(warm));
  eager_tensor_release(warm);
  assert_ok(eager_pop_device());

  eager_tensor *last = slow_start(&work), *row = slow_vector(last);
  double begun = slow_now();
  assert_ok(eager_push_device(other));
  eager_tensor *far = sum(row, small), *farther = sum(far, far);
  assert_ok(eager_pop_device());
  eager_tensor *back;
  assert_ok(eager_tensor_copy_to_device(farther, test_device(), &back));
  double passed = slow_now() - begun;
  if (test_is_async()) {
    assert_int_equal(eager_tensor_poll(back), EAGER_PENDING);
    assert_true(passed < 0.15);
  }
  assert_true(strstr(eager_tensor_device(far), other) != NULL);
  /* The inputs may go at once. */
  eager_tensor_release(row);
  eager_tensor_release(far);
  eager_tensor_release(farther);
  double *values = test_read(back);
  assert_float_equal(values[0], 2 * (work.element + 1), 1e-6);
  assert_float_equal(values[2], 2 * (work.element + 3), 1e-6);
  printf("  three calls behind a slow producer: %.2f ms\n", passed * 1e3);
  eager_tensor_release(back);
  eager_tensor_release(last);
  eager_tensor_release(small);
  slow_end(&work);
}

static void same_context_copies_are_deferred(void **state) {
  (void)state;
  ops_behind_a_copy_do_not_block(test_device_same_context());
}

static void other_context_copies_are_deferred(void **state) {
  (void)state;
  ops_behind_a_copy_do_not_block(test_device_other_context());
}

/* "Waiting for a tensor waits for its op, what precedes it on its device, and at most 15
 * ops submitted after it; never for another device." */
static void waiting_does_not_wait_for_more(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  if (!test_is_async()) test_skip("commands run inside the call on this device");
  slow_work work = slow_prepare(300);
  eager_tensor *small = vector(1, 2, 3), *other = NULL;
  assert_ok(eager_tensor_wait(small));
  eager_tensor *first = sum(small, small);
  for (int i = 0; i < 20; i++) eager_tensor_release(sum(small, small));
  eager_tensor *last = slow_start(&work);
  assert_ok(eager_tensor_wait(first));
  assert_int_equal(eager_tensor_poll(last), EAGER_PENDING);
  if (test_has_other_context()) {
    assert_ok(eager_push_device(test_device_other_context()));
    other = vector(4, 5, 6);
    assert_ok(eager_pop_device());
    assert_ok(eager_tensor_wait(other));
    assert_int_equal(eager_tensor_poll(last), EAGER_PENDING);
  }
  assert_ok(eager_tensor_wait(last));
  eager_tensor_release(other);
  eager_tensor_release(first);
  eager_tensor_release(small);
  eager_tensor_release(last);
  slow_end(&work);
}

/* "Host memory passed in may be reused when the call returns, in both modes." */
static void host_memory_may_be_reused(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  enum { LARGE = 100000 }; /* beyond the staging ring */
  int64_t sizes[] = {3, test_is_slow() ? 64 : LARGE};
  for (int s = 0; s < 2; s++) {
    float *data = test_alloc((size_t)sizes[s] * sizeof *data);
    for (int64_t i = 0; i < sizes[s]; i++) data[i] = (float)i;
    eager_tensor *t;
    assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &sizes[s], data, &t));
    memset(data, 0xFF, (size_t)sizes[s] * sizeof *data);
    double *values = test_read(t);
    for (int64_t i = 0; i < sizes[s]; i++) assert_true(values[i] == (double)i);
    eager_tensor_release(t);
  }
}

/* Switching ASYNC -> SYNC waits for what this thread submitted and deferred. */
static void switching_to_sync_waits(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  slow_work work = slow_prepare(100);
  eager_tensor *last = slow_start(&work), *row = slow_vector(last), *far = NULL;
  if (test_has_other_context()) {
    assert_ok(eager_push_device(test_device_other_context()));
    far = sum(row, row);
    assert_ok(eager_pop_device());
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_int_equal(eager_tensor_poll(last), EAGER_READY);
  if (far) assert_int_equal(eager_tensor_poll(far), EAGER_READY);
  eager_tensor_release(far);
  eager_tensor_release(row);
  eager_tensor_release(last);
  slow_end(&work);
}

static void threads_have_their_own_mode(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  assert_int_equal(eager_get_execution_mode(), EAGER_ASYNC);
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC); /* the process's */
  assert_fails(eager_set_thread_execution_mode((eager_execution_mode)7),
               EAGER_INVALID_ARGUMENT,
               "execution_mode must be one of EAGER_EXECUTION_AUTO, EAGER_SYNC, "
               "EAGER_ASYNC, got 7");
}

/* max_in_flight: "exact to 16". */
static void work_in_flight_is_bounded(void **state) {
  (void)state;
  enum { BOUND = 32 };
  eager_config config = {.max_in_flight = BOUND};
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_ASYNC));
  eager__device *device = eager__runtime_get()->default_device;
  eager_tensor *a = vector(1, 2, 3);
  uint64_t most = 0;
  for (int i = 0; i < (test_is_slow() ? 80 : 2000); i++) {
    eager_tensor_release(sum(a, a));
    uint64_t flying =
        atomic_load(&device->compute.submitted) - atomic_load(&device->compute.completed);
    if (flying > most) most = flying;
  }
  assert_in_range(most, 1, BOUND + 16);
  eager_tensor_release(a);
}

/* The bound counts deferred ops too: behind a gate, opened late, they are all there is. */
static void *open_late(void *gate) {
  eager__sleep(300000000);
  placing_gate_open(gate, CL_COMPLETE);
  return NULL;
}

static void deferred_work_is_bounded(void **state) {
  (void)state;
  enum { BOUND = 16 };
  eager_config config = {.max_in_flight = BOUND};
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_ASYNC));
  eager__runtime *runtime = eager__runtime_get();
  placing_gate gate = placing_gate_new(test_device(), 3);
  eager_tensor *warm = vector(1, 2, 3), *chain = sum(warm, warm);
  eager_tensor_release(chain); /* the kernel is built */
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, open_late, &gate), 0);
  chain = sum(gate.tensor, gate.tensor);
  int most = 0;
  for (int i = 0; i < 4 * BOUND; i++) {
    int count = eager__deferred_count(runtime, runtime->default_device);
    if (count > most) most = count;
    eager_tensor *next = sum(chain, warm);
    eager_tensor_release(chain);
    chain = next;
  }
  pthread_join(thread, NULL);
  assert_in_range(most, BOUND / 2, BOUND + 16);
  assert_ok(eager_tensor_wait(chain));
  eager_tensor_release(chain);
  eager_tensor_release(warm);
  eager_tensor_release(gate.tensor);
}

/* Several threads wait for and poll one handle; nobody needs a lock. */
static const char *wait_for_it(int i, void *argument) {
  eager_tensor *t = argument;
  eager_readiness seen = EAGER_PENDING;
  while (i % 2 && (seen = eager_tensor_poll(t)) == EAGER_PENDING) eager__sleep(100000);
  if (seen == EAGER_FAILED) return "a poll says FAILED";
  return test_failure(eager_tensor_wait(t));
}

static void many_threads_wait_for_one(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  slow_work work = slow_prepare(50);
  eager_tensor *last = slow_start(&work);
  test_threads(8, wait_for_it, last);
  eager_tensor_release(last);
  slow_end(&work);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(poll_is_pending_then_ready),
      cmocka_unit_test(sync_results_are_ready),
      cmocka_unit_test(same_context_copies_are_deferred),
      cmocka_unit_test(other_context_copies_are_deferred),
      cmocka_unit_test(waiting_does_not_wait_for_more),
      cmocka_unit_test(host_memory_may_be_reused),
      cmocka_unit_test(switching_to_sync_waits),
      cmocka_unit_test(threads_have_their_own_mode),
      cmocka_unit_test(work_in_flight_is_bounded),
      cmocka_unit_test(deferred_work_is_bounded),
      cmocka_unit_test(many_threads_wait_for_one),
  };
  return test_main_each("runtime/async", tests, sizeof tests / sizeof *tests);
}
