/* Events, queues, waiting: what the library's rules about completion were made from. */
#include <pthread.h>
#include <time.h>

#include "quirk.h"

static void nap(int milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&time, NULL);
}

static cl_event user_event(const quirk_device *d) {
  cl_int code;
  cl_event event = clCreateUserEvent(d->context, &code);
  if (event == NULL) test_skip("no user event: %d", code);
  return event;
}

/* A write of 7 to `buffer` behind `gate`. */
static cl_event write_behind(const quirk_device *d, cl_mem buffer, cl_event gate) {
  static const cl_int seven = 7;
  cl_event event = NULL;
  cl_int code = clEnqueueWriteBuffer(d->queue, buffer, CL_FALSE, 0, sizeof seven, &seven,
                                     gate ? 1 : 0, gate ? &gate : NULL, &event);
  if (code != CL_SUCCESS) test_skip("no write can wait: %d", code);
  return event;
}

static void a_failed_event_fails_what_waits_with_minus_14(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event gate = user_event(d), event = write_behind(d, quirk_buffer(64), gate);
  clFlush(d->queue);
  clSetUserEventStatus(gate, -5);
  nap(200);
  cl_int status = quirk_status(event);
  if (status == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
    quirk_gives("%d", status);
  else
    quirk_differs("status %d", status);
}

static void a_queue_serves_on_behind_a_failed_event(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_mem buffer = quirk_buffer(64), other = quirk_buffer(64);
  cl_int value = 1;
  cl_event gate = user_event(d);
  write_behind(d, buffer, gate);
  clFlush(d->queue);
  clSetUserEventStatus(gate, -5);
  cl_int code = clFinish(d->queue);
  cl_int read =
      clEnqueueReadBuffer(d->queue, other, CL_TRUE, 0, sizeof value, &value, 0, NULL, NULL);
  if (code == CL_SUCCESS && read == CL_SUCCESS)
    quirk_gives("finish %d, read %d", code, read);
  else
    quirk_differs("finish %d, read %d", code, read);
}

static void a_read_behind_a_failed_event_fails(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event gate = user_event(d);
  cl_int value = 1;
  clSetUserEventStatus(gate, -5);
  cl_int code = clEnqueueReadBuffer(d->queue, quirk_buffer(64), CL_TRUE, 0, sizeof value,
                                    &value, 1, &gate, NULL);
  quirk_expect_code(code, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
}

static volatile int called;

static void CL_CALLBACK note_call(cl_event event, cl_int status, void *user) {
  (void)event, (void)user;
  called = status == CL_COMPLETE ? 1 : 2;
}

static void a_callback_comes_without_a_wait(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event event = write_behind(d, quirk_buffer(64), NULL);
  clSetEventCallback(event, CL_COMPLETE, note_call, NULL);
  clFlush(d->queue);
  for (int i = 0; i < 100 && !called; i++) nap(10);
  if (called)
    quirk_gives("called");
  else
    quirk_differs("not called within a second");
}

static void a_callback_comes_for_a_failure(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event gate = user_event(d), event = write_behind(d, quirk_buffer(64), gate);
  clSetEventCallback(event, CL_COMPLETE, note_call, NULL);
  clFlush(d->queue);
  clSetUserEventStatus(gate, -9);
  for (int i = 0; i < 100 && !called; i++) nap(10);
  if (called)
    quirk_gives("called");
  else
    quirk_differs("never called");
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* So many items of it take at least a tenth of a second. */
static size_t much_work(const quirk_device *d, cl_kernel kernel) {
  size_t items = 1;
  for (; items < 1 << 20; items *= 4) {
    double begin = now();
    clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
    clFinish(d->queue);
    if (now() - begin > 0.1) break;
  }
  return items;
}

/* Asked of a marker: some driver waits when the kernel's own event is asked. Once seen
 * unfinished is proof; that it was done each time a slow machine could bring about. */
static bool seen_unfinished(const quirk_device *d, cl_kernel kernel, size_t items) {
  bool seen = false;
  for (int i = 0; i < 5 && !seen; i++) {
    cl_event marker = NULL;
    clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
    clEnqueueMarkerWithWaitList(d->queue, 0, NULL, &marker);
    clFlush(d->queue);
    seen = quirk_status(marker) > CL_COMPLETE;
    clFinish(d->queue);
    clReleaseEvent(marker);
  }
  return seen;
}

static void enqueueing_returns_before_the_work_is_done(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_kernel kernel = quirk_slow_kernel(quirk_buffer(1024));
  bool seen = seen_unfinished(d, kernel, much_work(d, kernel));
  if (seen && !test_is_async())
    quirk_contradicts(
        "the library takes it for one that works inside the call; it does not");
  else if (seen)
    quirk_gives("it does");
  else
    quirk_differs("the work is done inside the call or the flush");
}

static void work_proceeds_without_a_flush(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event event = write_behind(d, quirk_buffer(64), NULL);
  for (int i = 0; i < 60 && quirk_status(event) > CL_COMPLETE; i++) nap(10);
  if (quirk_status(event) == CL_COMPLETE)
    quirk_gives("done");
  else
    quirk_differs("still %d after 600 ms; OpenCL allows it", quirk_status(event));
}

static void polling_behind_a_flush_sees_the_end(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event event = write_behind(d, quirk_buffer(64), NULL);
  clFlush(d->queue);
  for (int i = 0; i < 200 && quirk_status(event) > CL_COMPLETE; i++) nap(10);
  if (quirk_status(event) == CL_COMPLETE)
    quirk_gives("done");
  else
    quirk_differs("still %d after 2 s", quirk_status(event));
}

static void a_second_queue_proceeds_beside_a_blocked_one(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int value = 3;
  write_behind(d, quirk_buffer(64), user_event(d));
  clFlush(d->queue);
  cl_event event;
  clEnqueueWriteBuffer(d->second, quirk_buffer(64), CL_FALSE, 0, sizeof value, &value, 0,
                       NULL, &event);
  clFlush(d->second);
  quirk_expect_code(clWaitForEvents(1, &event), CL_SUCCESS);
}

static void a_consumer_waits_for_a_queue_not_flushed(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int value = 0;
  cl_mem buffer = quirk_buffer(64);
  cl_event event = write_behind(d, buffer, NULL);
  cl_int code = clEnqueueReadBuffer(d->second, buffer, CL_TRUE, 0, sizeof value, &value, 1,
                                    &event, NULL);
  if (code == CL_SUCCESS && value == 7)
    quirk_gives("read");
  else
    quirk_differs("code %d, value %d", code, value);
}

static void *open_later(void *gate) {
  nap(150);
  clSetUserEventStatus(gate, CL_COMPLETE);
  return NULL;
}

static void a_blocking_read_waits_for_a_user_event(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_mem buffer = quirk_buffer(64);
  cl_event gate = user_event(d);
  cl_int value = 0;
  write_behind(d, buffer, gate);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, open_later, gate), 0);
  cl_int code = clEnqueueReadBuffer(d->queue, buffer, CL_TRUE, 0, sizeof value, &value, 0,
                                    NULL, NULL);
  pthread_join(thread, NULL);
  if (code == CL_SUCCESS && value == 7)
    quirk_gives("waited");
  else
    quirk_differs("code %d without the data", code);
}

static void a_finish_waits_for_a_user_event(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_event gate = user_event(d), event = write_behind(d, quirk_buffer(64), gate);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, open_later, gate), 0);
  clFinish(d->queue);
  bool done = quirk_status(event) == CL_COMPLETE;
  pthread_join(thread, NULL);
  if (done)
    quirk_gives("waited");
  else
    quirk_differs("returned before");
}

static void an_event_is_set_only_once(void **state) {
  (void)state;
  cl_event gate = user_event(quirk_open());
  clSetUserEventStatus(gate, CL_COMPLETE);
  quirk_expect_code(clSetUserEventStatus(gate, CL_COMPLETE), CL_INVALID_OPERATION);
}

static void profiling_gives_times(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int code, value = 1;
  cl_ulong begin = 0, end = 0;
  cl_command_queue queue =
      clCreateCommandQueue(d->context, d->id, CL_QUEUE_PROFILING_ENABLE, &code);
  if (queue == NULL) test_skip("no queue with profiling: %d", code);
  cl_event event;
  clEnqueueWriteBuffer(queue, quirk_buffer(64), CL_TRUE, 0, sizeof value, &value, 0, NULL,
                       &event);
  clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, NULL);
  clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
  if (begin != 0 && end >= begin)
    quirk_gives("times");
  else
    quirk_differs("from %llu to %llu", (unsigned long long)begin, (unsigned long long)end);
}

static void a_queue_out_of_order_can_be_had(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int code;
  cl_command_queue_properties has = 0, wanted = CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
  clGetDeviceInfo(d->id, CL_DEVICE_QUEUE_PROPERTIES, sizeof has, &has, NULL);
  clCreateCommandQueue(d->context, d->id, wanted, &code);
  if ((has & wanted) == 0)
    quirk_gives("not offered: %d", code);
  else
    quirk_expect_code(code, CL_SUCCESS);
}

void quirk_events(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failed_event_fails_what_waits_with_minus_14),
      cmocka_unit_test(a_queue_serves_on_behind_a_failed_event),
      cmocka_unit_test(a_read_behind_a_failed_event_fails),
      cmocka_unit_test(a_callback_comes_without_a_wait),
      cmocka_unit_test(a_callback_comes_for_a_failure),
      cmocka_unit_test(enqueueing_returns_before_the_work_is_done),
      cmocka_unit_test(work_proceeds_without_a_flush),
      cmocka_unit_test(polling_behind_a_flush_sees_the_end),
      cmocka_unit_test(a_second_queue_proceeds_beside_a_blocked_one),
      cmocka_unit_test(a_consumer_waits_for_a_queue_not_flushed),
      cmocka_unit_test(a_blocking_read_waits_for_a_user_event),
      cmocka_unit_test(a_finish_waits_for_a_user_event),
      cmocka_unit_test(an_event_is_set_only_once),
      cmocka_unit_test(profiling_gives_times),
      cmocka_unit_test(a_queue_out_of_order_can_be_had),
  };
  test_main_each("quirks/events", tests, sizeof tests / sizeof *tests);
}
