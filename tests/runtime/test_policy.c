/* ctest: devices=all labels=threaded timeout=120 */
/* semantics.md section 3: where an op runs, and every row of the policy table with its
 * texts: policy x dtype x mode x {same context, other context}. */
#include "placing.h"
#include "test.h"

static const eager_device_policy policies[] = {
    EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_DEVICE_PLACEMENT_WARN,
    EAGER_DEVICE_PLACEMENT_SILENT, EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32};
enum { POLICIES = 4, ERROR = 0, WARNING, COPY };

/* The table, as semantics.md has it. */
static int verdict_for(eager_device_policy policy, eager_dtype dtype) {
  switch (policy) {
  case EAGER_DEVICE_PLACEMENT_EXPLICIT:
    return ERROR;
  case EAGER_DEVICE_PLACEMENT_WARN:
    return WARNING;
  case EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32:
    return dtype == EAGER_INT32 ? COPY : ERROR;
  default:
    return COPY;
  }
}

static const char *conflict_text(const char *op, int input, const char *on,
                                 const char *actual) {
  return test_text("Tensors on conflicting devices: cannot compute %s as input #%d was "
                   "expected to be on %s but is actually on %s (operation running on %s). "
                   "Copy it with eager_tensor_copy_to_device(), or let the runtime copy: "
                   "device policy SILENT or WARN. Copying tensors between devices may slow "
                   "down your model.",
                   op, input, placing_full_name(on), placing_full_name(actual),
                   placing_full_name(on));
}

static const char *warning_text(const char *op, int input, const char *on,
                                const char *actual) {
  return test_text("before computing %s input #%d was expected to be on %s but is actually "
                   "on %s (operation running on %s). This triggers a copy which can be a "
                   "performance bottleneck.",
                   op, input, placing_full_name(on), placing_full_name(actual),
                   placing_full_name(on));
}

/* ConcatV2 works for every dtype: input #0 is on the lane's device, input #1 is not. */
static void run_row(eager_device_policy policy, eager_dtype dtype,
                    eager_execution_mode mode, const char *other, int *warned) {
  const char *here = test_device();
  placing_begin(policy, mode);
  eager_tensor *near = placing_tensor(here, dtype, 2),
               *far = placing_tensor(other, dtype, 3);
  eager_tensor *out;
  eager_status status = eager_concat((eager_tensor *[]){near, far}, 2, 0, &out);
  int verdict = verdict_for(policy, dtype);
  eager_copy_stats stats = placing_stats();
  if (verdict == ERROR) {
    assert_fails(status, EAGER_INVALID_ARGUMENT, conflict_text("ConcatV2", 1, here, other));
    assert_null(out);
    assert_int_equal(stats.count, 0);
    assert_int_equal(stats.bytes, 0);
  } else {
    assert_ok(status);
    assert_string_equal(eager_tensor_device(out), placing_full_name(here));
    const double ints[] = {1, 2, 1, 2, 3}, bools[] = {1, 0, 1, 0, 1};
    test_expect(out, dtype, (test_shape){1, {5}}, dtype == EAGER_BOOL ? bools : ints,
                TEST_EXACT, eager_dtype_name(dtype));
    assert_int_equal(stats.count, 1);
    assert_int_equal(stats.bytes, 3 * eager_dtype_size(dtype));
    assert_int_equal(stats.mirror_hits, 0);
  }
  bool due = verdict == WARNING && ++*warned <= 10; /* the rate: test_warnings.c */
  assert_int_equal(stats.warnings, verdict == WARNING);
  assert_int_equal(test_log_count(warning_text("ConcatV2", 1, here, other)), due);
  eager_tensor_release(near);
  eager_tensor_release(far);
  eager_tensor_release(out);
}

static void run_table(const char *other) {
  int warned = 0;
  test_time_limit(100);
  for (int p = 0; p < POLICIES; p++)
    for (int d = 0; d < TEST_DTYPES; d++)
      for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++)
        run_row(policies[p], test_dtypes[d], (eager_execution_mode)mode, other, &warned);
  assert_int_equal(warned, 2 * TEST_DTYPES);
}

static void table_same_context(void **state) {
  (void)state;
  run_table(test_device_same_context());
}

static void table_other_context(void **state) {
  (void)state;
  run_table(test_device_other_context());
}

/* "same device -> nothing": no policy minds. */
static void same_device_is_never_minded(void **state) {
  (void)state;
  for (int p = 0; p < POLICIES; p++) {
    placing_begin(policies[p], EAGER_SYNC);
    eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
    eager_tensor *sum = placing_sum(test_device(), a, a);
    placing_expect(sum, 3, (double[]){2, 4, 6});
    eager_copy_stats stats = placing_stats();
    assert_int_equal(stats.count + stats.mirror_hits + stats.warnings, 0);
    eager_tensor_release(a);
    eager_tensor_release(sum);
  }
}

static const char *a_second_device(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

/* Own request > scope > default; where the inputs are does not choose. */
static void device_of_an_op(void **state) {
  (void)state;
  const char *here = test_device(), *other = a_second_device();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(other, EAGER_FLOAT32, 3), *out;
  assert_ok(eager_add(a, a, &out));
  assert_string_equal(eager_tensor_device(out), placing_full_name(here)); /* the default */
  eager_tensor_release(out);

  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new("AddV2", &op));
  assert_ok(eager_op_set_device(op, here));
  assert_ok(eager_op_add_input(op, a));
  assert_ok(eager_op_add_input(op, a));
  assert_ok(eager_push_device(other));
  assert_ok(eager_op_execute(op, &out, &count));
  assert_string_equal(eager_tensor_device(out), placing_full_name(here)); /* its request */
  eager_tensor_release(out);

  assert_ok(eager_op_set_device(op, NULL));
  assert_ok(eager_op_add_input(op, a));
  assert_ok(eager_op_add_input(op, a));
  assert_ok(eager_op_execute(op, &out, &count));
  assert_string_equal(eager_tensor_device(out), placing_full_name(other)); /* the scope */
  eager_tensor_release(out);

  assert_ok(eager_push_device(NULL)); /* the default device, inside an outer scope */
  assert_ok(eager_add(a, a, &out));
  assert_string_equal(eager_tensor_device(out), placing_full_name(here));
  eager_tensor_release(out);
  assert_ok(eager_pop_device());
  assert_ok(eager_pop_device());
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION,
               "eager_pop_device: no device scope is open in this thread");
  eager_op_release(op);
  eager_tensor_release(a);
}

static void scope_names_are_checked_at_once(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  assert_fails_like(eager_push_device("GPU:42"), EAGER_NOT_FOUND,
                    "GPU:42 unknown device; available: ");
  assert_int_equal(eager_push_device("not a device"), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_pop_device(), EAGER_FAILED_PRECONDITION); /* nothing was pushed */
  eager_op *op;
  assert_ok(eager_op_new("AddV2", &op));
  assert_fails_like(eager_op_set_device(op, "GPU:42"), EAGER_NOT_FOUND,
                    "GPU:42 unknown device");
  eager_op_release(op);
}

/* A refused input stops the call before another one is copied; the policy's text stands
 * without [Op:...]. */
static void errors_come_before_any_copy(void **state) {
  (void)state;
  const char *here = test_device(), *other = a_second_device();
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32, (eager_execution_mode)mode);
    eager_tensor *params = placing_tensor(here, EAGER_FLOAT32, 4), *indices, *out;
    eager_tensor *far_params = placing_tensor(other, EAGER_FLOAT32, 4);
    indices = placing_tensor(other, EAGER_INT32, 3);
    assert_ok(eager_gather(params, indices, 0, &out)); /* int32 may be copied */
    placing_expect(out, 3, (double[]){2, 3, 4});
    eager_tensor_release(out);
    assert_int_equal(placing_stats().count, 1);

    eager_tensor *fresh = placing_tensor(other, EAGER_INT32, 3);
    assert_fails(eager_gather(far_params, fresh, 0, &out), EAGER_INVALID_ARGUMENT,
                 conflict_text("GatherV2", 0, here, other));
    assert_null(out);
    /* The other way round: the one that may be copied comes first. */
    eager_tensor *on = test_scalar(EAGER_FLOAT32, 1), *far_off;
    assert_ok(eager_tensor_copy_to_device(on, other, &far_off));
    assert_fails(eager_one_hot(fresh, 5, on, far_off, -1, &out), EAGER_INVALID_ARGUMENT,
                 conflict_text("OneHot", 2, here, other));
    assert_int_equal(placing_stats().count, 1);
    eager_tensor_release(on);
    eager_tensor_release(far_off);
    eager_tensor_release(fresh);
    eager_tensor_release(far_params);
    eager_tensor_release(indices);
    eager_tensor_release(params);
  }
}

/* Explicit copies, reading, and creating from host data: in every policy. */
static void never_subject_to_policy(void **state) {
  (void)state;
  const char *other = a_second_device();
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_EXPLICIT, (eager_execution_mode)mode);
    eager_tensor *a = placing_tensor(other, EAGER_FLOAT32, 3), *copy;
    assert_string_equal(eager_tensor_device(a), placing_full_name(other));
    placing_expect(a, 3, (double[]){1, 2, 3});
    assert_ok(eager_tensor_copy_to_device(a, test_device(), &copy));
    assert_string_equal(eager_tensor_device(copy), placing_full_name(test_device()));
    placing_expect(copy, 3, (double[]){1, 2, 3});
    eager_copy_stats stats = placing_stats();
    assert_int_equal(stats.count + stats.mirror_hits + stats.warnings, 0);
    eager_tensor_release(copy);
    eager_tensor_release(a);
  }
}

typedef struct errand {
  eager_tensor *far;
  eager_device_policy expected; /* of a new thread */
} errand;

/* In a thread with nothing of its own: the process's policy, then its override. */
static const char *compute(int i, void *argument) {
  const errand *e = argument;
  eager_tensor *out;
  (void)i;
  if (eager_get_device_policy() != e->expected) return "not the process's policy";
  const char *problem = test_failure(eager_add(e->far, e->far, &out));
  if (problem) return problem;
  eager_tensor_release(out);
  problem = test_failure(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_EXPLICIT));
  if (problem) return problem;
  if (eager_add(e->far, e->far, &out) == EAGER_OK) return "EXPLICIT let it pass";
  problem = test_failure(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
  if (problem) return problem;
  problem = test_failure(eager_add(e->far, e->far, &out));
  if (!problem) eager_tensor_release(out);
  return problem;
}

static void policy_is_the_calling_thread_s(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_ASYNC);
  errand e = {placing_tensor(a_second_device(), EAGER_FLOAT32, 3),
              EAGER_DEVICE_PLACEMENT_SILENT};
  eager_tensor *out;
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_EXPLICIT);
  assert_int_equal(eager_add(e.far, e.far, &out), EAGER_INVALID_ARGUMENT);
  test_threads(3, compute, &e);
  assert_int_equal(eager_add(e.far, e.far, &out), EAGER_INVALID_ARGUMENT);
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_SILENT);
  assert_fails(eager_set_thread_device_policy((eager_device_policy)7),
               EAGER_INVALID_ARGUMENT,
               "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got 7");
  eager_tensor_release(e.far);
}

static const char *scoped(int i, void *argument) {
  (void)i;
  const char *other = argument;
  return test_failure(eager_push_device(other)); /* never popped: it ends with the thread */
}

static void scopes_are_the_thread_s(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  const char *other = a_second_device();
  test_threads(2, scoped, (void *)(uintptr_t)other);
  eager_tensor *a = test_scalar(EAGER_FLOAT32, 1);
  assert_string_equal(eager_tensor_device(a), placing_full_name(test_device()));
  eager_tensor_release(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(table_same_context),
      cmocka_unit_test(table_other_context),
      cmocka_unit_test(same_device_is_never_minded),
      cmocka_unit_test(device_of_an_op),
      cmocka_unit_test(scope_names_are_checked_at_once),
      cmocka_unit_test(errors_come_before_any_copy),
      cmocka_unit_test(never_subject_to_policy),
      cmocka_unit_test(policy_is_the_calling_thread_s),
      cmocka_unit_test(scopes_are_the_thread_s),
  };
  return test_main("runtime/policy", tests, sizeof tests / sizeof *tests);
}
