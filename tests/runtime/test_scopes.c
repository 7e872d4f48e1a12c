/* ctest: */
/* semantics.md sections 3 and 4: what a thread sets for itself. Device scopes, and its own
 * policy and mode. */
#include "enabling.h"

static const char no_scope[] = "eager_pop_device: no device scope is open in this thread";

/* Every test ends with no scope open. */
static int enable(void **state) {
  (void)state;
  test_enable();
  return 0;
}

static const char *full_name(const char *device) {
  const eager_device_info *info = NULL;
  assert_ok(eager_device_find(device, &info));
  return info->name;
}

static const char *default_name(void) {
  return full_name(test_device());
}

static const char *other_name(void) {
  return full_name(test_has_other_context() ? test_device_other_context()
                                            : test_device_same_context());
}

/* --- Device scopes. --- */

static void scopes_nest(void **state) {
  (void)state;
  const char *own = default_name(), *other = other_name();
  assert_string_equal(current_device(), own);
  assert_ok(eager_push_device(other));
  assert_string_equal(current_device(), other);
  assert_ok(eager_push_device(test_device()));
  assert_string_equal(current_device(), own);
  assert_ok(eager_push_device(other));
  assert_string_equal(current_device(), other);
  assert_ok(eager_pop_device());
  assert_string_equal(current_device(), own);
  assert_ok(eager_pop_device());
  assert_string_equal(current_device(), other);
  assert_ok(eager_pop_device());
  assert_string_equal(current_device(), own);
}

static void null_is_the_default_device_inside_an_outer_scope(void **state) {
  (void)state;
  assert_ok(eager_push_device(other_name()));
  assert_ok(eager_push_device(NULL));
  assert_string_equal(current_device(), default_name());
  assert_ok(eager_pop_device());
  assert_string_equal(current_device(), other_name());
  assert_ok(eager_pop_device());
}

static void popping_an_empty_stack_is_refused(void **state) {
  (void)state;
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION, no_scope);
  assert_ok(eager_push_device(NULL));
  assert_ok(eager_pop_device());
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION, no_scope);
}

static void a_name_is_checked_at_once_and_a_refused_one_opens_nothing(void **state) {
  (void)state;
  assert_ok(eager_push_device(other_name()));
  assert_fails_like(eager_push_device("GPU:42"), EAGER_NOT_FOUND,
                    "GPU:42 unknown device; available: ");
  assert_fails_like(eager_push_device("TPU:0"), EAGER_INVALID_ARGUMENT,
                    "malformed device name \"TPU:0\"");
  assert_string_equal(current_device(), other_name());
  assert_ok(eager_pop_device());
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION, no_scope);
}

static void many_scopes_are_no_problem(void **state) {
  (void)state;
  enum { MANY = 1000 };
  for (int i = 0; i < MANY; i++) assert_ok(eager_push_device(i % 2 ? other_name() : NULL));
  for (int i = MANY; i > 0; i--) {
    if (i % 100 == 0) assert_string_equal(current_device(), other_name());
    assert_ok(eager_pop_device());
  }
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION, no_scope);
}

/* The op's own request outranks the scope, the scope the default; inputs do not count. */
static void the_device_of_an_op(void **state) {
  (void)state;
  eager_tensor *x = NULL, *y = NULL;
  assert_ok(eager_scalar_float32(3, &x));
  assert_string_equal(eager_tensor_device(x), default_name());
  assert_ok(eager_push_device(other_name()));
  assert_ok(eager_square(x, &y)); /* SILENT: x is copied */
  assert_string_equal(eager_tensor_device(y), other_name());
  eager_tensor_release(y);

  eager_op *op = NULL;
  int count = 1;
  assert_ok(eager_op_new("Square", &op));
  assert_ok(eager_op_set_device(op, default_name()));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  assert_string_equal(eager_tensor_device(y), default_name());
  eager_tensor_release(y);

  assert_ok(eager_op_set_device(op, NULL)); /* the scope's again */
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  assert_string_equal(eager_tensor_device(y), other_name());
  assert_ok(eager_pop_device());

  eager_tensor *z = NULL; /* y is on the other device; the op is not */
  assert_ok(eager_square(y, &z));
  assert_string_equal(eager_tensor_device(z), default_name());
  eager_tensor_release(z);
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_op_release(op);
}

static void every_creation_is_on_the_scope_device(void **state) {
  (void)state;
  const char *other = other_name();
  const int64_t dims[] = {4};
  static float data[4];
  eager_tensor *t[4] = {NULL};
  assert_ok(eager_push_device(other));
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, data, &t[0]));
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 1, dims, &t[1]));
  assert_ok(eager_tensor_adopt_host(EAGER_FLOAT32, 1, dims, data, sizeof data, NULL, NULL,
                                    &t[2]));
  assert_ok(eager_tensor_copy_to_device(t[0], NULL, &t[3]));
  assert_ok(eager_pop_device());
  for (int i = 0; i < 4; i++) {
    assert_string_equal(eager_tensor_device(t[i]), other);
    eager_tensor_release(t[i]);
  }
}

/* --- Threads. --- */

/* For threads: NULL, or what is wrong. */
static const char *expect_device(const char *wanted) {
  eager_tensor *t = NULL;
  eager_status status = eager_scalar_float32(1, &t);
  if (status != EAGER_OK) return test_failure(status);
  bool same = strcmp(eager_tensor_device(t), wanted) == 0;
  eager_tensor_release(t);
  return same ? NULL : "on another device";
}

static const char *use_a_scope_and_leave_it_open(int i, void *argument) {
  const char *const *names = argument;
  const char *wrong = expect_device(names[0]); /* nothing is inherited */
  if (wrong != NULL) return wrong;
  eager_status status = eager_pop_device();
  if (status != EAGER_FAILED_PRECONDITION || strcmp(eager_error_message(), no_scope) != 0)
    return "inherited a scope";
  status = eager_push_device(names[i % 2]);
  return status == EAGER_OK ? expect_device(names[i % 2]) : test_failure(status);
}

static void a_thread_has_its_own_scopes_and_drops_them(void **state) {
  (void)state;
  const char *names[] = {default_name(), other_name()};
  assert_ok(eager_push_device(names[1]));
  for (int round = 0; round < 3; round++)
    test_threads(4, use_a_scope_and_leave_it_open, names);
  assert_string_equal(current_device(), names[1]);
  assert_ok(eager_pop_device());
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION, no_scope);
}

static const char *expect_process_settings(int i, void *argument) {
  (void)i;
  (void)argument;
  if (eager_get_device_policy() != EAGER_DEVICE_PLACEMENT_SILENT) return "not SILENT";
  if (eager_get_execution_mode() != EAGER_SYNC) return "not SYNC";
  eager_status status = eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_EXPLICIT);
  if (status == EAGER_OK) status = eager_set_thread_execution_mode(EAGER_ASYNC);
  if (status != EAGER_OK) return test_failure(status);
  if (eager_get_device_policy() != EAGER_DEVICE_PLACEMENT_EXPLICIT) return "not EXPLICIT";
  return eager_get_execution_mode() == EAGER_ASYNC ? NULL : "not ASYNC";
}

static void new_threads_start_with_the_process_settings(void **state) {
  (void)state;
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_WARN));
  test_threads(4, expect_process_settings, NULL);
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_WARN);
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
}

/* --- Policy and mode of this thread. --- */

static void the_policy_can_be_set_and_unset(void **state) {
  (void)state;
  for (int p = 0; p < 4; p++) {
    assert_ok(eager_set_thread_device_policy((eager_device_policy)p));
    assert_int_equal(eager_get_device_policy(), p);
  }
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_SILENT);
}

static void the_mode_can_be_set_and_unset(void **state) {
  (void)state;
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_int_equal(eager_get_execution_mode(), EAGER_ASYNC);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
}

static void wrong_settings_are_refused_and_change_nothing(void **state) {
  (void)state;
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_WARN));
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_fails(eager_set_thread_device_policy((eager_device_policy)7),
               EAGER_INVALID_ARGUMENT,
               "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got 7");
  assert_fails(eager_set_thread_device_policy((eager_device_policy)-2),
               EAGER_INVALID_ARGUMENT,
               "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got -2");
  assert_fails(eager_set_thread_execution_mode((eager_execution_mode)7),
               EAGER_INVALID_ARGUMENT,
               "execution_mode must be one of EAGER_EXECUTION_AUTO, EAGER_SYNC, "
               "EAGER_ASYNC, got 7");
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_WARN);
  assert_int_equal(eager_get_execution_mode(), EAGER_ASYNC);
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

/* Section 4: switching ASYNC to SYNC waits for this thread's work, submitted and deferred.
 */
static void leaving_async_waits_for_this_threads_work(void **state) {
  (void)state;
  enum { SIDE = 2000, OPS = 20 };
  const int64_t dims[] = {SIDE, SIDE};
  eager_tensor *x = NULL, *elsewhere = NULL;
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 2, dims, &x));
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  for (int i = 0; i < OPS; i++) {
    eager_tensor *next = NULL;
    assert_ok(eager_sin(x, &next));
    eager_tensor_release(x);
    x = next;
  }
  assert_ok(eager_push_device(other_name()));
  assert_ok(eager_square(x, &elsewhere)); /* behind a copy of x */
  assert_ok(eager_pop_device());
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_int_equal(eager_tensor_poll(elsewhere), EAGER_READY);
  assert_int_equal(eager_tensor_poll(x), EAGER_READY);
  eager_tensor_release(x);
  eager_tensor_release(elsewhere);
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, enable)
  const struct CMUnitTest tests[] = {
      ROW(scopes_nest),
      ROW(null_is_the_default_device_inside_an_outer_scope),
      ROW(popping_an_empty_stack_is_refused),
      ROW(a_name_is_checked_at_once_and_a_refused_one_opens_nothing),
      ROW(many_scopes_are_no_problem),
      ROW(the_device_of_an_op),
      ROW(every_creation_is_on_the_scope_device),
      ROW(a_thread_has_its_own_scopes_and_drops_them),
      ROW(new_threads_start_with_the_process_settings),
      ROW(the_policy_can_be_set_and_unset),
      ROW(the_mode_can_be_set_and_unset),
      ROW(wrong_settings_are_refused_and_change_nothing),
      ROW(leaving_async_waits_for_this_threads_work),
  };
  return test_main("runtime/scopes", tests, sizeof tests / sizeof *tests);
}
