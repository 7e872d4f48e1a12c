/* ctest: timeout=180 */
/* semantics.md section 1, eager_shutdown(): what it releases, and what handles still
 * answer. */
#include <sys/wait.h>
#include <unistd.h>

#include "cl/census.h"
#include "eagercl/opencl.h"
#include "enabling.h"

static const char shut_down[] = "eager execution was shut down";

#define IS_SHUT_DOWN(call) assert_fails(call, EAGER_FAILED_PRECONDITION, shut_down)

static void when_never_enabled_it_is_ok(void **state) {
  (void)state;
  assert_ok(eager_shutdown());
  assert_false(eager_executing_eagerly());
}

static void it_may_be_called_twice(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  current_device();
  assert_ok(eager_shutdown());
  assert_ok(eager_shutdown());
  assert_false(eager_executing_eagerly());
  assert_int_equal(eager_device_count(), 0);
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_AUTO);
  assert_int_equal(eager_get_execution_mode(), EAGER_EXECUTION_AUTO);
}

/* --- Shells. --- */

static eager_tensor *make_matrix(void) {
  const int64_t dims[] = {2, 3};
  const float values[] = {1, 2, 3, 4, 5, 6};
  eager_tensor *t = NULL;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, values, &t));
  return t;
}

static void expect_no_object_lives(void) {
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++)
    if (eager__census((eager__object)kind) != 0)
      fail_msg("%lld %s live", (long long)eager__census((eager__object)kind),
               eager__census_name((eager__object)kind));
}

static void dtype_dims_device_and_release_answer(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_ok(enable_devices("GPU:3=" PTHREAD));
  eager_tensor *x = make_matrix(), *y = NULL, *empty = NULL;
  const int64_t none[] = {0, 4};
  assert_ok(eager_square(x, &y));
  assert_ok(eager_tensor_zeros(EAGER_INT64, 2, none, &empty));
  assert_ok(eager_shutdown());
  expect_no_object_lives();
  eager_tensor *shells[] = {x, y};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(eager_tensor_dtype(shells[i]), EAGER_FLOAT32);
    assert_int_equal(eager_tensor_rank(shells[i]), 2);
    assert_int_equal(eager_tensor_dim(shells[i], 1), 3);
    assert_int_equal(eager_tensor_dim(shells[i], -2), 2);
    assert_int_equal(eager_tensor_dims(shells[i])[0], 2);
    assert_int_equal(eager_tensor_num_elements(shells[i]), 6);
    assert_int_equal(eager_tensor_byte_size(shells[i]), 24);
    assert_string_equal(eager_tensor_device(shells[i]), FULL_NAME("GPU:3"));
    eager_tensor_retain(shells[i]);
    eager_tensor_release(shells[i]);
    eager_tensor_release(shells[i]);
  }
  assert_string_equal(eager_tensor_device(empty), FULL_NAME("GPU:3"));
  eager_tensor_release(empty);
}

static void all_else_on_a_handle_is_refused(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  eager_tensor *x = make_matrix();
  assert_ok(eager_shutdown());
  float data[6];
  const void *view = data;
  eager_tensor *out = x;
  char *text = (char *)data;
  cl_event event = (cl_event)data;
  cl_mem mem = (cl_mem)data;
  size_t offset = 7;
  IS_SHUT_DOWN(eager_tensor_to_host(x, data, sizeof data));
  IS_SHUT_DOWN(eager_tensor_map(x, &view));
  assert_null(view);
  IS_SHUT_DOWN(eager_tensor_unmap(x));
  IS_SHUT_DOWN(eager_tensor_wait(x));
  IS_SHUT_DOWN(eager_tensor_wait_for(x, 1000));
  IS_SHUT_DOWN(eager_tensor_copy_to_device(x, "CPU:0", &out));
  assert_null(out);
  IS_SHUT_DOWN(eager_tensor_format(x, &text));
  assert_null(text);
  IS_SHUT_DOWN(eager_tensor_print(x));
  IS_SHUT_DOWN(eager_npy_save("/tmp/eagercl-never-written.npy", x));
  IS_SHUT_DOWN(eager_tensor_cl_event(x, &event));
  assert_null(event);
  IS_SHUT_DOWN(eager_tensor_cl_mem(x, &mem, &offset));
  assert_null(mem);
  assert_int_equal(eager_scalar_int32(1, &out), EAGER_FAILED_PRECONDITION);
  IS_SHUT_DOWN(eager_scalar_int32(1, &out));
  IS_SHUT_DOWN(eager_square(x, &out));
  assert_null(out);
  assert_int_equal(access("/tmp/eagercl-never-written.npy", F_OK), -1);
  assert_fails(eager_push_device("No device"), EAGER_FAILED_PRECONDITION, shut_down);
  assert_int_equal(eager_tensor_poll(x), EAGER_FAILED);
  assert_string_equal(eager_error_message(), shut_down);
  eager_tensor_release(x);
}

static void all_calls_that_need_enabling_are_refused(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  assert_ok(eager_push_device(NULL));
  assert_ok(eager_tidy_begin());
  eager_tensor *owned = make_matrix(); /* released when the thread ends */
  eager_op *op = NULL;
  assert_ok(eager_op_new("Square", &op));
  assert_ok(eager_op_add_input(op, owned));
  assert_ok(eager_shutdown());
  const eager_device_info *info = NULL;
  eager_memory_info memory;
  eager_copy_stats stats;
  eager_tensor *out = NULL;
  int count = 1;
  IS_SHUT_DOWN(eager_pop_device());
  IS_SHUT_DOWN(eager_tidy_keep(owned));
  IS_SHUT_DOWN(eager_tidy_end());
  IS_SHUT_DOWN(eager_tidy_begin());
  IS_SHUT_DOWN(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_WARN));
  IS_SHUT_DOWN(eager_set_thread_execution_mode(EAGER_ASYNC));
  IS_SHUT_DOWN(eager_synchronize(NULL));
  IS_SHUT_DOWN(eager_device_get(0, &info));
  IS_SHUT_DOWN(eager_device_find("CPU:0", &info));
  IS_SHUT_DOWN(eager_get_memory_info(NULL, &memory));
  IS_SHUT_DOWN(eager_trim_memory(NULL));
  IS_SHUT_DOWN(eager_get_copy_stats(&stats));
  IS_SHUT_DOWN(eager_op_execute(op, &out, &count));
  eager_op_release(op);
}

/* Also of a user's, whose text the library holds. */
static void handles_name_their_op(void **state) {
  (void)state;
  assert_ok(enable_defaults());
  eager_kernel *k = NULL;
  eager_tensor *t = NULL;
  char entry[] = "lasting_name";
  assert_ok(eager_kernel_new("__kernel void lasting_name(__global uchar *to) { *to = 1; }",
                             entry, NULL, &k));
  entry[0] = '?';
  assert_ok(eager_tidy_begin());
  assert_ok(eager_kernel_run(
      k, 1, (size_t[]){1}, NULL,
      &(eager_kernel_arg){.kind = EAGER_KERNEL_OUTPUT, .dtype = EAGER_UINT8}, 1, &t, 1));
  eager_kernel_release(k);
  assert_ok(eager_shutdown());
  capture_begin();
  eager_tensor_release(t);
  assert_non_null(strstr(capture_end(), "the reference to lasting_name #"));
}

static void infos_are_valid_for_the_process(void **state) {
  (void)state;
  const eager_device_info *pthread = need_device(PTHREAD), *renamed = NULL;
  assert_ok(enable_devices("GPU:3=" PTHREAD));
  assert_ok(eager_device_get(0, &renamed));
  current_device();
  assert_ok(eager_shutdown());
  assert_string_equal(renamed->short_name, "GPU:3");
  assert_string_equal(renamed->device, pthread->device);
  assert_true(eager_physical_device_count() > 0);
}

/* --- What is released. --- */

static int freed;

static void note_free(void *data, void *user) {
  (void)user;
  freed++;
  free(data);
}

static void adopted_memory_is_given_back(void **state) {
  (void)state;
  enum { MANY = 16, SIZE = 4096 };
  eager_tensor *adopted[MANY] = {NULL};
  assert_ok(enable_defaults());
  int count = (int)eager_device_count();
  assert_in_range(count, 1, MANY);
  for (int i = 0; i < count; i++) {
    const eager_device_info *info = NULL;
    const int64_t dims[] = {SIZE};
    void *data = aligned_alloc(SIZE, SIZE);
    assert_non_null(data);
    memset(data, 1, SIZE);
    assert_ok(eager_device_get((size_t)i, &info));
    assert_ok(eager_push_device(info->name));
    assert_ok(eager_tensor_adopt_host(EAGER_UINT8, 1, dims, data, SIZE, note_free, NULL,
                                      &adopted[i]));
    assert_ok(eager_pop_device());
  }
  assert_ok(eager_shutdown());
  assert_int_equal(freed, count); /* although the handles are held */
  expect_no_object_lives();
  for (int i = 0; i < count; i++) eager_tensor_release(adopted[i]);
  assert_int_equal(freed, count);
}

/* The bytes of an exported buffer outlive the library: its retained object keeps them. */
static void expect_bytes(cl_mem mem, size_t offset, size_t count, float value) {
  cl_context context = NULL;
  cl_device_id device = NULL;
  assert_int_equal(clGetMemObjectInfo(mem, CL_MEM_CONTEXT, sizeof context, &context, NULL),
                   CL_SUCCESS);
  assert_int_equal(
      clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof device, &device, NULL),
      CL_SUCCESS);
  cl_int code = CL_SUCCESS;
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &code);
  assert_int_equal(code, CL_SUCCESS);
  float *got = test_alloc(count * sizeof *got);
  assert_int_equal(clEnqueueReadBuffer(queue, mem, CL_TRUE, offset, count * sizeof *got,
                                       got, 0, NULL, NULL),
                   CL_SUCCESS);
  for (size_t i = 0; i < count; i++) assert_true(got[i] == value);
  assert_int_equal(clReleaseCommandQueue(queue), CL_SUCCESS);
}

static void deferred_ops_are_completed(void **state) {
  (void)state;
  need_device(PTHREAD);
  need_device(RUSTICL);
  assert_ok(eager_enable_execution(
      &(eager_config){.visible_device_list = "CPU:0=" PTHREAD ",GPU:0=" RUSTICL,
                      .default_device = "CPU:0"},
      EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC));
  enum { COUNT = 300000, ROUNDS = 20 };
  const int64_t dims[] = {COUNT};
  float *ones = test_alloc(COUNT * sizeof *ones);
  for (int i = 0; i < COUNT; i++) ones[i] = 1;
  eager_tensor *x = NULL, *y = NULL, *sum = NULL;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, ones, &x));
  for (int i = 0; i < ROUNDS; i++) { /* to the other context and back: 2 per round */
    assert_ok(eager_push_device(i % 2 ? "CPU:0" : "GPU:0"));
    assert_ok(eager_add(x, x, &sum));
    eager_tensor_release(x);
    x = sum;
    assert_ok(eager_pop_device());
  }
  assert_ok(eager_square(x, &y));
  cl_mem mem = NULL;
  size_t offset = 0;
  assert_ok(eager_tensor_cl_mem(y, &mem, &offset));
  assert_ok(eager_shutdown());
  expect_bytes(mem, offset, COUNT, 1099511627776.f); /* 2^20, squared */
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
  eager_tensor_release(x);
  eager_tensor_release(y);
}

/* --- Exit without it, ASYNC work in flight: a best-effort handler drains. --- */

static void work_and_exit(void) {
  if (enable_defaults() != EAGER_OK) _exit(1);
  if (eager_set_thread_execution_mode(EAGER_ASYNC) != EAGER_OK) _exit(1);
  const int64_t dims[] = {1000, 1000};
  eager_tensor *x = NULL, *y = NULL;
  if (eager_tensor_zeros(EAGER_FLOAT32, 2, dims, &x) != EAGER_OK) _exit(1);
  for (int i = 0; i < 20; i++) {
    if (eager_exp(x, &y) != EAGER_OK) _exit(1);
    eager_tensor_release(y);
  }
  eager_tensor_release(x);
  exit(42);
}

static void exit_with_work_in_flight_is_survived(void **state) {
  (void)state;
  fflush(NULL);
  pid_t child = fork(); /* before this process has touched a driver */
  if (child == 0) work_and_exit();
  assert_true(child > 0);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 42);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(when_never_enabled_it_is_ok),
      ROW(it_may_be_called_twice),
      ROW(dtype_dims_device_and_release_answer),
      ROW(all_else_on_a_handle_is_refused),
      ROW(all_calls_that_need_enabling_are_refused),
      ROW(handles_name_their_op),
      ROW(infos_are_valid_for_the_process),
      ROW(adopted_memory_is_given_back),
      ROW(deferred_ops_are_completed),
      ROW(exit_with_work_in_flight_is_survived),
  };
  return test_main_each("runtime/shutdown", tests, sizeof tests / sizeof *tests);
}
