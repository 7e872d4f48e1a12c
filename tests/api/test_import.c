/* ctest: devices=all labels=threaded timeout=60 */
/* opencl.h, eager_tensor_from_cl_mem: the user's memory as a tensor. */
#include "placing.h"
#include "test.h"

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

static cl_uint references(cl_mem mem) {
  cl_uint count = 0;
  assert_int_equal(
      clGetMemObjectInfo(mem, CL_MEM_REFERENCE_COUNT, sizeof count, &count, NULL), 0);
  return count;
}

/* A buffer of the user's with floats 1, 2, 3 ... */
static cl_mem make_buffer(const char *device, int count) {
  cl_context context;
  cl_int code;
  float *values = test_alloc((size_t)count * sizeof *values);
  for (int i = 0; i < count; i++) values[i] = (float)(i + 1);
  assert_ok(eager_device_cl(device, &context, NULL, NULL));
  cl_mem mem = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                              (size_t)count * sizeof *values, values, &code);
  assert_int_equal(code, CL_SUCCESS);
  return mem;
}

static void imported_memory_is_used_in_place(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    begin((eager_execution_mode)mode);
    cl_mem mem = make_buffer(test_device(), 8), same;
    eager_tensor *t;
    size_t offset;
    eager_memory_info before = placing_memory(test_device());
    assert_ok(eager_tensor_from_cl_mem(test_device(), mem, 8, EAGER_FLOAT32, 2,
                                       (int64_t[]){2, 3}, NULL, &t));
    assert_int_equal(eager_tensor_poll(t), EAGER_READY);
    assert_ok(eager_tensor_cl_mem(t, &same, &offset));
    assert_ptr_equal(same, mem);
    assert_int_equal(offset, 8);
    assert_int_equal(clReleaseMemObject(same), CL_SUCCESS);
    assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS); /* the tensor retains it */
    test_expect(t, EAGER_FLOAT32, (test_shape){2, {2, 3}}, (double[]){3, 4, 5, 6, 7, 8},
                TEST_EXACT, NULL);
    eager_tensor *sum;
    assert_ok(eager_add(t, t, &sum));
    test_expect(sum, EAGER_FLOAT32, (test_shape){2, {2, 3}},
                (double[]){6, 8, 10, 12, 14, 16}, TEST_EXACT, NULL);
    eager_tensor_release(sum);
    eager_tensor_release(t);
    assert_ok(eager_synchronize(NULL));
    assert_ok(eager_trim_memory(test_device())); /* never pooled: gone with the tensor */
    assert_true(placing_memory(test_device()).reserved_bytes <= before.reserved_bytes);
  }
}

static void imported_memory_moves_like_any_other(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  cl_mem mem = make_buffer(test_device(), 4);
  eager_tensor *t, *copy;
  assert_ok(eager_tensor_from_cl_mem(test_device(), mem, 4, EAGER_FLOAT32, 1,
                                     (int64_t[]){3}, NULL, &t));
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
  assert_ok(eager_tensor_copy_to_device(t, test_device_other_context(), &copy));
  eager_tensor *sum = placing_sum(test_device_other_context(), t, copy);
  placing_expect(sum, 3, (double[]){4, 6, 8});
  eager_tensor_release(t);
  eager_tensor_release(copy);
  eager_tensor_release(sum);
}

/* "`ready` may be any event, also a user event": PENDING until it is complete. */
static void ready_after_a_user_event(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    begin((eager_execution_mode)mode);
    placing_gate gate = placing_gate_new(test_device(), 3);
    assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
    eager_tensor *sum = placing_sum(test_device(), gate.tensor, gate.tensor);
    eager_readiness seen[] = {eager_tensor_poll(gate.tensor), eager_tensor_poll(sum)};
    eager_status early = eager_tensor_wait_for(sum, 1000000);
    placing_gate_open(&gate, CL_COMPLETE);
    assert_int_equal(seen[0], EAGER_PENDING);
    assert_int_equal(seen[1], EAGER_PENDING);
    assert_int_equal(early, EAGER_DEADLINE_EXCEEDED);
    placing_expect(sum, 3, (double[]){2, 4, 6});
    placing_expect(gate.tensor, 3, (double[]){1, 2, 3});
    eager_tensor_release(sum);
    eager_tensor_release(gate.tensor);
  }
}

/* "FAILED if it fails": poison like any other, and eager_synchronize tells. */
static void failed_by_its_event(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  placing_gate gate = placing_gate_new(test_device(), 3);
  unsigned long long number = placing_number();
  eager_tensor *sum = placing_sum(test_device(), gate.tensor, gate.tensor);
  unsigned long long add = placing_number();
  placing_gate_open(&gate, -42);
  const char *text = test_text("the event a tensor was waiting for failed: status -42 "
                               "[failed op: FromClMem #%llu on %s]",
                               number, test_device());
  placing_expect_failed(gate.tensor, EAGER_INTERNAL, text);
  assert_int_equal(eager_error_cl_code(), -42);
  placing_expect_failed(sum, EAGER_INTERNAL,
                        test_text("%s [read as output 0 of AddV2 #%llu]", text, add));
  assert_fails(eager_synchronize(NULL), EAGER_INTERNAL, text);
  assert_ok(eager_synchronize(NULL));
  eager_tensor_release(sum);
  eager_tensor_release(gate.tensor);
}

/* The event of a command of the user's, on the borrowed queue, without a flush of theirs.
 */
static void ready_after_a_command(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  cl_mem mem = make_buffer(test_device(), 3);
  cl_command_queue queue;
  cl_event event;
  const float data[] = {7, 8, 9};
  assert_ok(eager_device_cl(test_device(), NULL, NULL, &queue));
  assert_int_equal(
      clEnqueueWriteBuffer(queue, mem, CL_FALSE, 0, sizeof data, data, 0, NULL, &event),
      CL_SUCCESS);
  eager_tensor *t;
  assert_ok(eager_tensor_from_cl_mem(test_device(), mem, 0, EAGER_FLOAT32, 1,
                                     (int64_t[]){3}, event, &t));
  assert_int_equal(clReleaseEvent(event), CL_SUCCESS);
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
  placing_expect(t, 3, (double[]){7, 8, 9});
  eager_tensor_release(t);
}

static void released_before_its_event(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  placing_gate gate = placing_gate_new(test_device(), 3);
  eager_tensor_release(gate.tensor);
  placing_gate_open(&gate, CL_COMPLETE);
  assert_ok(eager_synchronize(NULL));
}

static void importing_refusals(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  cl_mem mem = make_buffer(test_device(), 4);
  int64_t three = 3, four = 4;
  eager_tensor *t;
  assert_fails(
      eager_tensor_from_cl_mem(test_device(), mem, 2, EAGER_FLOAT32, 1, &three, NULL, &t),
      EAGER_INVALID_ARGUMENT, "offset 2 is not a multiple of float32's 4 bytes");
  assert_null(t);
  assert_fails(
      eager_tensor_from_cl_mem(test_device(), mem, 4, EAGER_FLOAT32, 1, &four, NULL, &t),
      EAGER_INVALID_ARGUMENT, "the tensor needs bytes 4 to 20 of a buffer of 16");
  assert_fails(eager_tensor_from_cl_mem(test_device(), mem, SIZE_MAX - 3, EAGER_FLOAT32, 1,
                                        &four, NULL, &t),
               EAGER_INVALID_ARGUMENT,
               test_text("the tensor needs bytes %zu to %zu of a buffer of 16",
                         SIZE_MAX - 3, (size_t)12));
  assert_fails(
      eager_tensor_from_cl_mem(test_device(), NULL, 0, EAGER_FLOAT32, 1, &four, NULL, &t),
      EAGER_INVALID_ARGUMENT, "mem is NULL");
  assert_int_equal(
      eager_tensor_from_cl_mem(test_device(), mem, 0, (eager_dtype)77, 1, &four, NULL, &t),
      EAGER_INVALID_ARGUMENT);
  assert_int_equal(
      eager_tensor_from_cl_mem(test_device(), mem, 0, EAGER_FLOAT32, 9, &four, NULL, &t),
      EAGER_INVALID_ARGUMENT);
  assert_fails_like(
      eager_tensor_from_cl_mem("GPU:42", mem, 0, EAGER_FLOAT32, 1, &four, NULL, &t),
      EAGER_NOT_FOUND, "GPU:42 unknown device");
  assert_fails(
      eager_tensor_from_cl_mem(test_device(), mem, 0, EAGER_FLOAT32, 1, &four, NULL, NULL),
      EAGER_INVALID_ARGUMENT, "out is NULL");
  assert_int_equal(references(mem), 1); /* no refusal keeps a reference */
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
}

/* Of another context: the memory, or the event. */
static void importing_from_another_context(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  const char *other = test_device_other_context();
  cl_mem far = make_buffer(other, 4), near = make_buffer(test_device(), 4);
  cl_context context;
  cl_int code;
  int64_t four = 4;
  eager_tensor *t;
  assert_fails(
      eager_tensor_from_cl_mem(test_device(), far, 0, EAGER_FLOAT32, 1, &four, NULL, &t),
      EAGER_INVALID_ARGUMENT,
      test_text("mem belongs to another context than %s: eager_device_cl() tells "
                "the right one",
                test_device()));
  assert_null(t);
  assert_ok(eager_device_cl(other, &context, NULL, NULL));
  cl_event event = clCreateUserEvent(context, &code);
  assert_int_equal(code, CL_SUCCESS);
  eager_memory_info before = placing_memory(test_device());
  assert_fails(
      eager_tensor_from_cl_mem(test_device(), near, 0, EAGER_FLOAT32, 1, &four, event, &t),
      EAGER_INVALID_ARGUMENT,
      test_text("ready belongs to another context than %s", test_device()));
  assert_null(t);
  assert_int_equal(placing_memory(test_device()).current, before.current);
  assert_int_equal(references(near), 1);
  assert_int_equal(references(far), 1);
  assert_int_equal(clSetUserEventStatus(event, CL_COMPLETE), CL_SUCCESS);
  assert_int_equal(clReleaseEvent(event), CL_SUCCESS);
  assert_int_equal(clReleaseMemObject(far), CL_SUCCESS);
  assert_int_equal(clReleaseMemObject(near), CL_SUCCESS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(imported_memory_is_used_in_place),
      cmocka_unit_test(imported_memory_moves_like_any_other),
      cmocka_unit_test(ready_after_a_user_event),
      cmocka_unit_test(failed_by_its_event),
      cmocka_unit_test(ready_after_a_command),
      cmocka_unit_test(released_before_its_event),
      cmocka_unit_test(importing_refusals),
      cmocka_unit_test(importing_from_another_context),
  };
  return test_main("api/import", tests, sizeof tests / sizeof *tests);
}
