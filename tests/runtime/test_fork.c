/* ctest: devices=pocl-pthread,rusticl labels=faults timeout=200 */
/* Forked after drivers were loaded: every call of the child says so, releases are harmless,
 * its end is clean, no driver hears of it, and the parent works on. */
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "program.h"
#include "test_layer.h"

static const char words[] = "this process was forked from one that uses OpenCL";

/* What needs no runtime answers in children too; the rest is called by itself. */
static const call_name stateless[] = {{"eager_op_new"},
                                      {"eager_op_describe"},
                                      {"eager_op_reset"},
                                      {"eager_op_add_input"},
                                      {"eager_op_set_attr_*"},
                                      {"eager_npz_load"},
                                      {NULL}};
static const call_name left_out[] = {{"*_release"}, {NULL}};

/* --- The child: no assertions of the test's own, no exit but its own --- */

static const eager_layer *layer;
static uint64_t calls_before; /* of drivers, when the child began */
static bool in_child;

static _Noreturn void fail_child(const char *what) {
  fprintf(stderr, "  in the child: %s: %s\n", what, eager_error_message());
  _exit(1);
}

/* Registered before the library's handlers, so it runs behind them. */
static void look_at_the_end(void) {
  if (in_child && layer->count("cl") != calls_before)
    fail_child("the exit handlers called a driver");
}

static void call_everything(const call_things *things) {
  for (size_t c = 0; c < public_call_count; c++) {
    const public_call *call = &public_calls[c];
    call_value values[CALL_MAX_PARAMETERS];
    if (calls_is_listed(left_out, call->name, NULL)) continue;
    calls_fill(call, things, values);
    eager_status status = call->run(values);
    if (!call->is_fallible || calls_is_listed(stateless, call->name, NULL)) {
      if (status == EAGER_OK) calls_drop_outputs(call, values);
      continue;
    }
    if (status != EAGER_FAILED_PRECONDITION || !strstr(eager_error_message(), words) ||
        !calls_left_outputs(call, values))
      fail_child(call->name);
  }
}

static void begin_child(void) {
  in_child = true;
  calls_before = layer->count("cl");
  alarm(20); /* a lock that nobody will release */
}

/* A leak checker would look for the driver's objects, which are the parent's. */
#ifdef EAGER__SANITIZED
static const bool has_leak_checker = true;
#else
static const bool has_leak_checker = false;
#endif

/* Of a quiet parent: through all exit handlers. */
static _Noreturn void end_child(void) {
  if (has_leak_checker) _exit(0);
  exit(0);
}

/* Of a parent at work: drivers' own exit handlers wait for locks that nobody holds any more
 * (LLVM's, under rusticl), so exit() is tried in quiet processes only. */
static _Noreturn void leave_child(void) {
  if (layer->count("cl") != calls_before) fail_child("a driver was called");
  _exit(0);
}

/* Waits for it; the parent's own handles are as they were. */
static void expect_clean_end(pid_t child) {
  int status = 0;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) fail_msg("the child died of signal %d", WTERMSIG(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- Tests --- */

static void every_call_of_the_child_says_so(void **state) {
  (void)state;
  call_things things;
  test_enable();
  layer = test_layer();
  program_folder_make();
  calls_make(program_folder(), &things);
  assert_ok(eager_push_device(NULL));
  assert_ok(eager_tidy_begin());
  eager_tensor *owned, *still;
  assert_ok(eager_add(things.made[0], things.made[0], &owned));
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    begin_child();
    call_everything(&things);
    if (eager_executing_eagerly() || eager_device_count() ||
        eager_physical_device_count() || eager_copy_record_count() ||
        eager_get_execution_mode() != EAGER_EXECUTION_AUTO ||
        eager_tensor_poll(owned) != EAGER_FAILED)
      fail_child("a getter");
    if (eager_tensor_dim(owned, 0) != 2 || !*eager_tensor_device(owned))
      fail_child("a handle's shape");
    eager_tensor_release(things.tensors[0]); /* retained by the walk */
    things.mem = NULL;                       /* the driver's */
    calls_release(&things);
    end_child();
  }
  expect_clean_end(child);
  assert_ok(eager_add(owned, owned, &still));
  assert_ok(eager_tidy_end());
  assert_ok(eager_pop_device());
  calls_release(&things);
  program_folder_remove();
  printf("  forked: %zu functions\n", public_call_count);
}

/* Mirrors, laid-out weights, adopted memory, work in flight and failures. */
static void releases_in_the_child_are_harmless(void **state) {
  (void)state;
  enum { SIDE = 512, COUNT = SIDE * SIDE };
  const int64_t dims[] = {SIDE, SIDE};
  test_enable();
  layer = test_layer();
  float *ones = aligned_alloc(4096, COUNT * sizeof *ones);
  assert_non_null(ones);
  for (int i = 0; i < COUNT; i++) ones[i] = 1;
  eager_tensor *x, *adopted, *view, *y, *z, *bad = NULL;
  const int64_t flat = COUNT;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, ones, &x));
  assert_ok(eager_tensor_adopt_host(EAGER_FLOAT32, 2, dims, ones, COUNT * sizeof *ones,
                                    NULL, NULL, &adopted));
  assert_ok(eager_reshape(x, 1, &flat, &view));
  for (int i = 0; i < 3; i++) { /* the second use lays the weights out */
    assert_ok(eager_matmul(adopted, false, x, false, &y));
    eager_tensor_release(y);
  }
  if (test_has_other_context())
    assert_ok(eager_push_device(test_device_other_context()));
  else
    assert_ok(eager_push_device(NULL));
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(eager_exp(x, &y)); /* through a mirror */
  assert_ok(eager_add(y, x, &z));
  eager_tensor *index;
  assert_ok(eager_scalar_int32(-7, &index));
  assert_ok(eager_gather(x, index, 0, &bad)); /* fails on the device */
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    begin_child();
    eager_tensor *all[] = {x, adopted, view, y, z, bad, index};
    for (int i = 0; i < 7; i++) eager_tensor_release(all[i]);
    leave_child();
  }
  expect_clean_end(child);
  float got;
  eager_tensor *sum;
  assert_ok(eager_reduce_sum(view, NULL, 0, false, &sum));
  assert_ok(eager_tensor_to_host(sum, &got, sizeof got));
  assert_true(got == (float)COUNT);
  assert_fails_like(eager_tensor_wait(bad), EAGER_INVALID_ARGUMENT, "indices");
  assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "indices");
  eager_tensor *all[] = {x, adopted, view, y, z, bad, index, sum};
  for (int i = 0; i < 8; i++) eager_tensor_release(all[i]);
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  assert_ok(eager_pop_device());
  free(ones);
}

/* --- Locks that other threads hold when the process forks --- */

enum { CHILDREN = 10 };
static atomic_bool stop;

static const char *work(int thread, void *argument) {
  (void)argument;
  const int64_t dims[] = {64};
  eager_tensor *x, *y;
  eager_status status = EAGER_OK;
  while (!stop && status == EAGER_OK) {
    status = eager_tensor_zeros(EAGER_FLOAT32, 1, dims, &x);
    if (status != EAGER_OK) break;
    if (thread == 0) { /* the forking thread */
      for (int i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        if (child == 0) {
          begin_child();
          if (eager_exp(x, &y) != EAGER_FAILED_PRECONDITION) fail_child("eager_exp");
          eager_copy_stats stats;
          if (eager_get_copy_stats(&stats) != EAGER_FAILED_PRECONDITION)
            fail_child("eager_get_copy_stats");
          if (eager_trim_memory(NULL) != EAGER_FAILED_PRECONDITION)
            fail_child("eager_trim_memory");
          if (eager_shutdown() != EAGER_FAILED_PRECONDITION) fail_child("eager_shutdown");
          eager_tensor_release(x);
          leave_child();
        }
        int how = 1;
        if (child < 0 || waitpid(child, &how, 0) != child || how != 0) {
          stop = true;
          return "a child did not end well";
        }
      }
      stop = true;
    }
    status = eager_exp(x, &y);
    eager_tensor_release(x);
    if (status == EAGER_OK) eager_tensor_release(y);
  }
  return test_failure(status);
}

static void locks_held_at_the_fork_do_not_matter(void **state) {
  (void)state;
  test_enable();
  layer = test_layer();
  stop = false;
  test_threads(3, work, NULL);
  printf("  forked amid work: %d children\n", CHILDREN);
}

/* Discovery loads the drivers too. */
static void a_process_that_listed_devices_counts(void **state) {
  (void)state;
  layer = test_layer();
  assert_true(eager_physical_device_count() > 0);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    begin_child();
    if (eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO) !=
            EAGER_FAILED_PRECONDITION ||
        !strstr(eager_error_message(), words))
      fail_child("eager_enable_execution");
    pid_t grandchild = fork();
    int how = 1;
    if (grandchild == 0) _exit(eager_shutdown() == EAGER_FAILED_PRECONDITION ? 0 : 1);
    if (waitpid(grandchild, &how, 0) != grandchild || how != 0) fail_child("a grandchild");
    end_child();
  }
  expect_clean_end(child);
  test_enable();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_process_that_listed_devices_counts),
      cmocka_unit_test(every_call_of_the_child_says_so),
      cmocka_unit_test(releases_in_the_child_are_harmless),
      cmocka_unit_test(locks_held_at_the_fork_do_not_matter),
  };
  atexit(look_at_the_end);
  test_layer_load();
  return test_main_each("runtime/fork", tests, sizeof tests / sizeof *tests);
}
