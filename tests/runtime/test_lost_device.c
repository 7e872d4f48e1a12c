/* ctest: devices=all labels=threaded timeout=120 */
/* semantics.md section 4, last row: what is left of a lost device. The loss is injected
 * where a driver's code would come in; each test has a process of its own. */
#include "base/sync.h"
#include "cl/device.h"
#include "placing.h"
#include "runtime/runtime.h"
#include "test.h"

static eager__device *device_named(const char *name) {
  eager__device *device;
  assert_ok(eager__runtime_find_device(eager__runtime_get(), name, &device));
  return device;
}

static void lose(const char *name) {
  eager__device_lose(device_named(name), -5);
}

/* `what` was under way on `device`, or the last that was. */
static const char *lost(const char *device, const char *what) {
  return test_text("device %s was lost: CL_OUT_OF_RESOURCES (-5) at or after %s", device,
                   what);
}

/* An op whose end nobody has looked at yet: unfinished as far as the library knows. */
static eager_tensor *unfinished(unsigned long long *out_number) {
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  assert_ok(eager_tensor_wait(x));
  assert_ok(eager_synchronize(NULL));
  eager_tensor *sum = placing_sum(test_device(), x, x);
  *out_number = placing_number();
  eager_tensor_release(x);
  return sum;
}

/* Unfinished handles fail with UNAVAILABLE; finished ones stay READY. */
static void handles(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3), *view;
  assert_ok(eager_tensor_wait(x));
  unsigned long long number;
  eager_tensor *sum = unfinished(&number);
  eager_tensor *twice = placing_sum(test_device(), sum, x);
  unsigned long long second = placing_number();
  assert_ok(eager_reshape(twice, 2, (int64_t[]){3, 1}, &view));
  unsigned long long reshape = placing_number();
  lose(test_device());
  const char *op = test_text("AddV2 #%llu", number);
  const char *text =
      test_text("%s [failed op: %s on %s]", lost(test_device(), op), op, test_device());
  placing_expect_failed(sum, EAGER_UNAVAILABLE, text);
  placing_expect_failed(twice, EAGER_UNAVAILABLE,
                        test_text("%s [read as output 0 of AddV2 #%llu]", text, second));
  placing_expect_failed(view, EAGER_UNAVAILABLE,
                        test_text("%s [read as output 0 of Reshape #%llu]", text, reshape));
  assert_int_equal(eager_error_cl_code(), -5);
  assert_int_equal(eager_tensor_poll(x), EAGER_READY);
  assert_ok(eager_tensor_wait(x));
  eager_tensor *all[] = {x, sum, twice, view};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

/* A check that will never be looked at fails with its device. */
static void checks(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  eager_tensor *gathered = placing_good_gather(test_device());
  eager_tensor *sum = placing_sum(test_device(), gathered, gathered);
  lose(test_device());
  assert_int_equal(eager_tensor_poll(sum), EAGER_FAILED);
  assert_int_equal(eager_tensor_wait(gathered), EAGER_UNAVAILABLE);
  assert_int_equal(eager_tensor_wait(sum), EAGER_UNAVAILABLE);
  eager_tensor_release(gathered);
  eager_tensor_release(sum);
}

/* Work for a good part of a second, of which one wait at least is not over at once. */
static eager_tensor *long_work(void) {
  int64_t elements = 1 << 21;
  eager_tensor *zeros, *last;
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 1, &elements, &zeros));
  assert_ok(eager_add(zeros, zeros, &last));
  for (int i = 0; i < 300; i++) {
    eager_tensor *next;
    assert_ok(eager_add(last, zeros, &next));
    eager_tensor_release(last);
    last = next;
  }
  eager_tensor_release(zeros);
  return last;
}

typedef struct race {
  eager_tensor *last;
  _Atomic bool was_failed; /* by the loss: the work was not over before it */
} race;

static const char *wait_through(int i, void *argument) {
  race *r = argument;
  if (i == 0) {
    (void)!eager_tensor_wait(r->last);
    return NULL;
  }
  eager__sleep(30000000); /* the other waits by now */
  lose(test_device());
  r->was_failed = eager_tensor_poll(r->last) == EAGER_FAILED;
  return NULL;
}

/* The driver may still finish what it has: a handle that was FAILED stays so. */
static void nothing_leaves_failed(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  if (!test_is_async()) test_skip("commands run inside the call: no wait is under way");
  race r = {.last = long_work()};
  test_threads(2, wait_through, &r);
  eager_readiness readiness = eager_tensor_poll(r.last);
  eager_tensor_release(r.last);
  if (!r.was_failed) test_skip("the work was over before the loss");
  assert_int_equal(readiness, EAGER_FAILED);
}

/* New work is refused at the call in both modes, on every device of the context. */
static void new_work_is_refused(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out;
  assert_ok(eager_synchronize(NULL));
  const eager_device_info *own;
  assert_ok(eager_device_find(test_device(), &own));
  assert_false(own->is_lost);
  lose(test_device());
  assert_true(own->is_lost);
  const char *text = lost(test_device(), "an earlier command");
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    assert_fails(eager_add(x, x, &out), EAGER_UNAVAILABLE,
                 test_text("%s [Op:AddV2]", text));
    assert_null(out);
    assert_fails(eager_scalar_float32(1, &out), EAGER_UNAVAILABLE, text);
    assert_fails(eager_tensor_copy_to_device(x, test_device(), &out), EAGER_UNAVAILABLE,
                 text);
    assert_null(out);
  }
  if (test_has_same_context()) {
    const eager_device_info *info;
    assert_ok(eager_device_find(test_device_same_context(), &info));
    assert_true(info->is_lost);
    assert_ok(eager_push_device(test_device_same_context()));
    assert_fails(eager_scalar_float32(1, &out), EAGER_UNAVAILABLE,
                 lost(test_device_same_context(), "an earlier command"));
    assert_ok(eager_pop_device());
  }
  assert_int_equal(eager_tensor_poll(x), EAGER_READY);
  eager_tensor_release(x);
}

/* Told once, as any failure of an ASYNC op, also when nothing of it is held any more. */
static void synchronize_tells_once(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  unsigned long long number;
  eager_tensor_release(unfinished(&number));
  lose(test_device());
  const char *op = test_text("AddV2 #%llu", number);
  assert_fails(
      eager_synchronize(NULL), EAGER_UNAVAILABLE,
      test_text("%s [failed op: %s on %s]", lost(test_device(), op), op, test_device()));
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_synchronize(test_device()));
}

/* A loss with nothing under way fails nothing. */
static void idle_loss_is_no_failure(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  assert_ok(eager_tensor_wait(x));
  assert_ok(eager_synchronize(NULL));
  lose(test_device());
  assert_ok(eager_synchronize(NULL));
  assert_int_equal(eager_tensor_poll(x), EAGER_READY);
  eager_tensor_release(x);
}

/* What is deferred behind the lost device fails too; another context computes on. */
static void other_contexts_go_on(void **state) {
  (void)state;
  const char *other = test_device_other_context();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  eager_tensor *far = placing_tensor(other, EAGER_FLOAT32, 3);
  eager_tensor *before = placing_sum(other, far, far);
  unsigned long long number;
  eager_tensor *sum = unfinished(&number);
  lose(test_device());
  eager_tensor *after = placing_sum(other, far, sum);
  unsigned long long read = placing_number();
  eager_tensor *later = placing_sum(other, far, before);
  const char *op = test_text("AddV2 #%llu", number);
  placing_expect_failed(after, EAGER_UNAVAILABLE,
                        test_text("%s [failed op: %s on %s] [read as output 0 of AddV2 "
                                  "#%llu]",
                                  lost(test_device(), op), op, test_device(), read));
  placing_expect(before, 3, (double[]){2, 4, 6});
  placing_expect(later, 3, (double[]){3, 6, 9});
  assert_ok(eager_synchronize(other)); /* it did not happen there */
  assert_int_equal(eager_synchronize(NULL), EAGER_UNAVAILABLE);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  eager_tensor *again = placing_sum(other, later, later);
  placing_expect(again, 3, (double[]){6, 12, 18});
  eager_tensor *all[] = {far, before, sum, after, later, again};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
}

/* Ops already deferred to the lost device, behind something that is not its fault. */
static void deferred_work_fails(void **state) {
  (void)state;
  const char *other = test_device_other_context();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
  placing_gate gate = placing_gate_new(other, 3);
  eager_tensor *sum = placing_sum(test_device(), gate.tensor, gate.tensor);
  eager_tensor *back = placing_sum(other, sum, gate.tensor);
  eager_readiness pending = eager_tensor_poll(back);
  lose(test_device());
  placing_gate_open(&gate, CL_COMPLETE);
  assert_int_equal(pending, EAGER_PENDING);
  assert_int_equal(eager_tensor_wait(sum), EAGER_UNAVAILABLE);
  assert_int_equal(eager_tensor_wait(back), EAGER_UNAVAILABLE);
  placing_expect(gate.tensor, 3, (double[]){1, 2, 3});
  assert_int_equal(eager_synchronize(NULL), EAGER_UNAVAILABLE);
  assert_ok(eager_synchronize(NULL));
  eager_tensor_release(gate.tensor);
  eager_tensor_release(sum);
  eager_tensor_release(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(handles),
      cmocka_unit_test(checks),
      cmocka_unit_test(nothing_leaves_failed),
      cmocka_unit_test(new_work_is_refused),
      cmocka_unit_test(synchronize_tells_once),
      cmocka_unit_test(idle_loss_is_no_failure),
      cmocka_unit_test(other_contexts_go_on),
      cmocka_unit_test(deferred_work_fails),
  };
  return test_main_each("runtime/lost_device", tests, sizeof tests / sizeof *tests);
}
