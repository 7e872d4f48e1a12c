/* ctest: devices=all labels=faults,threaded timeout=120 */
/* Every object that is created or retained is released, whatever happened to it: counted
 * by the layer, not by the library. test_layer() makes the count a condition of every
 * child's end. */
#include "test_layer.h"
#include "test_values.h"

static const test_shape shape = {1, {8}};
static const double values[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static void nothing_but_enabling(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  test_enable();
  assert_int_equal(layer->balance(""), 0); /* nothing opens before its first use */
}

static void tensors_still_held_at_the_end(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  test_enable();
  eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, values), *sum = NULL, *view = NULL;
  assert_ok(eager_add(t, t, &sum));
  assert_ok(eager_expand_dims(sum, 0, &view));
  assert_true(layer->balance("mem") > 0);
  assert_true(layer->balance("queue") > 0);
  assert_ok(eager_shutdown());
  assert_int_equal(layer->balance(""), 0);
  eager_tensor_release(t);
  eager_tensor_release(sum);
  eager_tensor_release(view);
}

static void work_in_flight_at_the_end(void **state) {
  (void)state;
  test_layer();
  test_enable();
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, values);
  for (int i = 0; i < 40; i++) {
    eager_tensor *next = NULL;
    if (i % 10 == 9) assert_ok(eager_push_device(i % 20 == 9 ? NULL : test_device()));
    assert_ok(eager_add(t, t, &next));
    if (i % 10 == 9) assert_ok(eager_pop_device());
    eager_tensor_release(t);
    t = next;
  }
  for (size_t i = 1; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_tensor *copy = NULL;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_tensor_copy_to_device(t, info->short_name, &copy));
    assert_ok(eager_push_device(info->short_name));
    eager_tensor *there = NULL;
    assert_ok(eager_multiply(copy, t, &there)); /* and a mirror of t */
    assert_ok(eager_pop_device());
    eager_tensor_release(copy);
    eager_tensor_release(there);
  }
  assert_ok(eager_shutdown());
  eager_tensor_release(t);
}

static void failures_of_every_kind(void **state) {
  (void)state;
  test_layer();
  test_enable();
  const double outside[2] = {1, 9};
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, values), *out = NULL, *more = NULL;
    eager_tensor *index = test_tensor(EAGER_INT32, (test_shape){1, {2}}, outside);
    eager_tensor *three = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, values);
    assert_int_equal(eager_add(t, three, &out), EAGER_INVALID_ARGUMENT);
    assert_int_equal(eager_add(t, index, &out), EAGER_INVALID_ARGUMENT);
    eager_status status = eager_gather(t, index, 0, &out);
    if (mode == EAGER_SYNC) {
      assert_int_equal(status, EAGER_INVALID_ARGUMENT);
    } else {
      assert_ok(status);
      assert_ok(eager_add(out, out, &more));
      assert_int_equal(eager_tensor_wait(more), EAGER_INVALID_ARGUMENT);
      assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
    }
    eager_tensor_release(t);
    eager_tensor_release(index);
    eager_tensor_release(three);
    eager_tensor_release(out);
    eager_tensor_release(more);
  }
}

static const char *use_it(int i, void *argument) {
  const double *data = argument;
  float x[8], got[8];
  const int64_t count = 8;
  for (int j = 0; j < 8; j++) x[j] = (float)(data[j] + i);
  const char *failed =
      test_failure(eager_set_thread_execution_mode(i % 2 == 0 ? EAGER_SYNC : EAGER_ASYNC));
  for (int round = 0; round < 10 && failed == NULL; round++) {
    eager_tensor *t = NULL, *sum = NULL;
    failed = test_failure(eager_tensor_from_host(EAGER_FLOAT32, 1, &count, x, &t));
    if (failed == NULL) failed = test_failure(eager_add(t, t, &sum));
    if (failed == NULL) failed = test_failure(eager_tensor_to_host(sum, got, sizeof got));
    for (int j = 0; j < 8 && failed == NULL; j++)
      if (got[j] != 2 * x[j]) failed = "another thread's numbers";
    eager_tensor_release(t);
    eager_tensor_release(sum);
  }
  return failed;
}

static void four_threads(void **state) {
  (void)state;
  test_layer();
  test_enable();
  test_threads(4, use_it, (void *)(uintptr_t)values);
}

/* The driver answers late, each time elsewhere: nobody takes a result for done. */
static void four_threads_and_a_slow_driver(void **state) {
  (void)state;
  static const char *const slow[] = {"clEnqueueNDRangeKernel", "clWaitForEvents",
                                     "clEnqueueWriteBuffer",   "clFlush",
                                     "clReleaseEvent",         "clGetEventInfo"};
  const eager_layer *layer = test_layer();
  test_enable();
  for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
    layer->reset();
    layer->delay(slow[i], 300000);
    test_threads(4, use_it, (void *)(uintptr_t)values);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_but_enabling),
      cmocka_unit_test(tensors_still_held_at_the_end),
      cmocka_unit_test(work_in_flight_at_the_end),
      cmocka_unit_test(failures_of_every_kind),
      cmocka_unit_test(four_threads),
      cmocka_unit_test(four_threads_and_a_slow_driver),
  };
  test_layer_load();
  return test_main_each("faults/balance", tests, sizeof tests / sizeof *tests);
}
