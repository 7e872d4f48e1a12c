/* ctest: devices=all labels=threaded timeout=60 */
/* opencl.h: what the library gives away: its device's objects, events and memory. */
#include "placing.h"
#include "test.h"

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

/* ---- eager_device_cl ---- */

static void device_objects(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  cl_context context, of_queue;
  cl_device_id device, queue_device;
  cl_command_queue queue;
  assert_ok(eager_device_cl(test_device(), &context, &device, &queue));
  assert_int_equal(
      clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof of_queue, &of_queue, NULL), 0);
  assert_int_equal(clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof queue_device,
                                         &queue_device, NULL),
                   0);
  assert_ptr_equal(context, of_queue);
  assert_ptr_equal(device, queue_device);
  cl_device_id of_scope;
  assert_ok(eager_device_cl(NULL, NULL, &of_scope, NULL)); /* any `out` may be NULL */
  assert_ptr_equal(of_scope, device);
  assert_ok(eager_device_cl(test_device(), NULL, NULL, NULL));
  if (test_has_same_context()) {
    cl_context same;
    cl_device_id other;
    assert_ok(eager_device_cl(test_device_same_context(), &same, &other, NULL));
    assert_ptr_equal(same, context);
    assert_ptr_not_equal(other, device);
  }
  assert_fails_like(eager_device_cl("GPU:42", &context, &device, &queue), EAGER_NOT_FOUND,
                    "GPU:42 unknown device");
  assert_true(!context && !device && !queue);
}

/* "your commands come after submitted ops" */
static void own_commands_come_after_submitted_ops(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  cl_command_queue queue;
  cl_mem mem;
  size_t offset;
  float data[3] = {0};
  assert_ok(eager_device_cl(test_device(), NULL, NULL, &queue));
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(test_device(), x, x);
  assert_ok(eager_tensor_cl_mem(sum, &mem, &offset));
  assert_int_equal(
      clEnqueueReadBuffer(queue, mem, CL_TRUE, offset, sizeof data, data, 0, NULL, NULL),
      CL_SUCCESS);
  for (int i = 0; i < 3; i++) assert_true(data[i] == 2.0f * (float)(i + 1));
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
  eager_tensor_release(x);
  eager_tensor_release(sum);
}

/* ---- eager_tensor_cl_event ---- */

static void event_of_a_complete_tensor_is_null(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(test_device(), x, x);
  assert_ok(eager_tensor_wait(sum));
  cl_event event = (cl_event)&event;
  assert_ok(eager_tensor_cl_event(sum, &event));
  assert_null(event);
  assert_fails(eager_tensor_cl_event(sum, NULL), EAGER_INVALID_ARGUMENT,
               "out_event is NULL");
  eager_tensor_release(x);
  eager_tensor_release(sum);
}

/* Whoever waits for the event finds the tensor's bytes. */
static void event_of_a_pending_tensor(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  int given = 0;
  for (int round = 0; round < 20; round++) {
    eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
    eager_tensor *sum = placing_sum(test_device(), x, x);
    cl_event event;
    assert_ok(eager_tensor_cl_event(sum, &event));
    if (event) {
      given++;
      assert_int_equal(clWaitForEvents(1, &event), CL_SUCCESS); /* flushed: it ends */
      cl_int status = CL_QUEUED;
      assert_int_equal(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS,
                                      sizeof status, &status, NULL),
                       CL_SUCCESS);
      assert_int_equal(status, CL_COMPLETE);
      assert_int_equal(clReleaseEvent(event), CL_SUCCESS);
    }
    placing_expect(sum, 3, (double[]){2, 4, 6});
    assert_int_equal(eager_tensor_poll(sum), EAGER_READY);
    eager_tensor_release(x);
    eager_tensor_release(sum);
  }
  assert_true(given > 0);
}

/* Deferred behind a copy: blocks until it is submitted. */
static void event_of_a_deferred_tensor(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device_other_context(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(test_device(), x, x);
  cl_event event;
  cl_context context, expected;
  assert_ok(eager_device_cl(test_device(), &expected, NULL, NULL));
  assert_ok(eager_tensor_cl_event(sum, &event));
  if (event) {
    assert_int_equal(
        clGetEventInfo(event, CL_EVENT_CONTEXT, sizeof context, &context, NULL), 0);
    assert_ptr_equal(context, expected);
    assert_int_equal(clWaitForEvents(1, &event), CL_SUCCESS);
    assert_int_equal(clReleaseEvent(event), CL_SUCCESS);
  }
  placing_expect(sum, 3, (double[]){2, 4, 6});
  eager_tensor_release(x);
  eager_tensor_release(sum);
}

/* ---- eager_tensor_cl_mem ---- */

static void exported_memory_is_the_tensor_s(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  cl_command_queue queue;
  cl_context context, of_mem;
  cl_mem mem;
  size_t offset;
  float data[3] = {0};
  assert_ok(eager_device_cl(test_device(), &context, NULL, &queue));
  eager_tensor *x = test_view(EAGER_FLOAT32, (test_shape){1, {3}}, (double[]){7, 8, 9}, 5);
  assert_ok(eager_tensor_cl_mem(x, &mem, &offset));
  assert_int_equal(offset, 5 * sizeof(float)); /* bytes, from the start of the buffer */
  assert_int_equal(clGetMemObjectInfo(mem, CL_MEM_CONTEXT, sizeof of_mem, &of_mem, NULL),
                   0);
  assert_ptr_equal(of_mem, context);
  assert_ok(eager_tensor_wait(x));
  assert_int_equal(
      clEnqueueReadBuffer(queue, mem, CL_TRUE, offset, sizeof data, data, 0, NULL, NULL),
      CL_SUCCESS);
  for (int i = 0; i < 3; i++) assert_true(data[i] == (float)(7 + i));
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
  eager_tensor_release(x);
}

/* "the buffer is never pooled again": what the user holds does not change under them. */
static void exported_memory_is_never_pooled_again(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  cl_command_queue queue;
  cl_mem mem, again;
  size_t offset;
  const int64_t count = 700;
  assert_ok(eager_device_cl(test_device(), NULL, NULL, &queue));
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, count);
  eager_tensor_release(placing_sum(test_device(), x, x));
  assert_ok(eager_tensor_cl_mem(x, &mem, &offset));
  eager_memory_info before = placing_memory(test_device());
  eager_tensor_release(x);
  eager_memory_info after = placing_memory(test_device());
  assert_true(after.current < before.current);
  assert_int_equal(before.reserved_bytes - after.reserved_bytes,
                   before.current - after.current); /* not cached */
  for (int i = 0; i < 4; i++) { /* the next of this size are other buffers */
    eager_tensor *y = test_tensor(EAGER_FLOAT32, (test_shape){1, {count}},
                                  test_alloc((size_t)count * sizeof(double)));
    assert_ok(eager_tensor_cl_mem(y, &again, &offset));
    assert_ptr_not_equal(again, mem);
    assert_int_equal(clReleaseMemObject(again), CL_SUCCESS);
    eager_tensor_release(y);
  }
  float *data = test_alloc((size_t)count * sizeof *data);
  assert_int_equal(clEnqueueReadBuffer(queue, mem, CL_TRUE, 0, (size_t)count * sizeof *data,
                                       data, 0, NULL, NULL),
                   CL_SUCCESS);
  for (int i = 0; i < count; i++) assert_true(data[i] == (float)(i + 1));
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
}

static void exporting_refusals(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  cl_mem mem = (cl_mem)&mem;
  size_t offset = 9;
  eager_tensor *empty = placing_tensor(test_device(), EAGER_FLOAT32, 0);
  assert_fails(eager_tensor_cl_mem(empty, &mem, &offset), EAGER_INVALID_ARGUMENT,
               "an empty tensor has no memory object");
  assert_true(!mem && !offset);
  assert_fails(eager_tensor_cl_mem(empty, NULL, &offset), EAGER_INVALID_ARGUMENT,
               "out_mem or out_offset is NULL");
  eager_tensor_release(empty);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(device_objects),
      cmocka_unit_test(own_commands_come_after_submitted_ops),
      cmocka_unit_test(event_of_a_complete_tensor_is_null),
      cmocka_unit_test(event_of_a_pending_tensor),
      cmocka_unit_test(event_of_a_deferred_tensor),
      cmocka_unit_test(exported_memory_is_the_tensor_s),
      cmocka_unit_test(exported_memory_is_never_pooled_again),
      cmocka_unit_test(exporting_refusals),
  };
  return test_main("api/interop", tests, sizeof tests / sizeof *tests);
}
