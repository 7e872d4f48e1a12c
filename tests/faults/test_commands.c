/* ctest: devices=pocl-pthread,pocl-basic,rusticl labels=faults timeout=180 */
/* Commands that were taken and then fail, told by their event's status: what depends on
 * them is FAILED, with the code and the op, the device is lost and the others go on.
 * Commands that never finish: a wait with a deadline comes back in time, and when they
 * finish after all the values are right. */
#include "cl/error.h"
#include "test_layer.h"
#include "test_values.h"

enum { SMALL = 6, LARGE = 1 << 18 };

static float data[LARGE], got[LARGE];
static const int64_t small = SMALL, large = LARGE;

/* ---- Commands that fail ---- */

static eager_status write_it(eager_tensor *t) {
  (void)t;
  eager_tensor *made = NULL;
  eager_status status = eager_tensor_from_host(EAGER_FLOAT32, 1, &large, data, &made);
  if (status != EAGER_OK) assert_null(made);
  return status;
}

static eager_status read_it(eager_tensor *t) {
  return eager_tensor_to_host(t, got, SMALL * sizeof *got);
}

static eager_status map_it(eager_tensor *t) {
  const void *view = data;
  eager_status status = eager_tensor_map(t, &view);
  if (status != EAGER_OK) assert_null(view);
  return status;
}

static eager_status run_it(eager_tensor *t) {
  eager_tensor *sum = NULL, *more = NULL;
  eager_status status = eager_add(t, t, &sum);
  if (status != EAGER_OK) { /* SYNC */
    assert_null(sum);
    return status;
  }
  assert_ok(eager_multiply(sum, t, &more));
  status = eager_tensor_wait(sum);
  assert_int_equal(eager_tensor_poll(sum), EAGER_FAILED);
  assert_int_equal(eager_tensor_wait(more), status);
  assert_int_equal(eager_tensor_poll(more), EAGER_FAILED);
  assert_int_equal(eager_tensor_to_host(more, got, SMALL * sizeof *got), status);
  assert_int_equal(eager_synchronize(NULL), status);
  assert_ok(eager_synchronize(NULL)); /* once */
  assert_int_equal(eager_tensor_wait(sum), status);
  eager_tensor_release(sum);
  eager_tensor_release(more);
  return status;
}

typedef struct failure {
  const char *name;
  eager_status (*run)(eager_tensor *t);
  eager_execution_mode mode;
  int status;
  const char *after; /* "device X was lost: ... at or after this" */
} failure;

static const failure failures[] = {
    {"a_write", write_it, EAGER_SYNC, -5, "a write"},
    {"a_read", read_it, EAGER_SYNC, -9999, "a read"},
    {"a_map", map_it, EAGER_SYNC, -14, "a map"},
    {"an_op_sync", run_it, EAGER_SYNC, -5, "AddV2 #"},
    {"an_op_sync_illegal_access", run_it, EAGER_SYNC, -9999, "AddV2 #"},
    {"an_op_async", run_it, EAGER_ASYNC, -5, "AddV2 #"},
    {"an_op_async_illegal_access", run_it, EAGER_ASYNC, -9999, "AddV2 #"},
    {"an_op_async_unknown", run_it, EAGER_ASYNC, -1234, "AddV2 #"},
};
enum { FAILURES = sizeof failures / sizeof failures[0] };

static eager_tensor *begin(const eager_layer **layer, eager_execution_mode mode) {
  const double values[SMALL] = {1, 2, 3, 4, 5, 6};
  *layer = test_layer();
  test_enable();
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {SMALL}}, values);
  eager_tensor *sum = NULL;
  assert_ok(eager_multiply(t, t, &sum)); /* opened and built */
  eager_tensor_release(sum);
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_set_thread_execution_mode(mode));
  return t;
}

static void a_command_fails(void **state) {
  const failure *f = *state;
  const eager_layer *layer;
  eager_tensor *t = begin(&layer, f->mode);
  layer->fail_command(1, f->status);
  eager_status status = f->run(t);
  assert_fails_like(status, EAGER_UNAVAILABLE,
                    test_text("device %s was lost: %s (%d) at or after %s", test_device(),
                              eager__cl_error_name(f->status), f->status, f->after));
  assert_int_equal(eager_error_cl_code(), f->status);
  assert_int_equal(layer->failed(), 1);
  layer->reset();

  const eager_device_info *info;
  assert_ok(eager_device_find(test_device(), &info));
  assert_true(info->is_lost);
  eager_tensor *none = t;
  assert_int_equal(eager_add(t, t, &none), EAGER_UNAVAILABLE);
  assert_null(none);
  eager_tensor_release(t);
  if (!test_has_other_context()) return;
  assert_ok(eager_push_device(test_device_other_context()));
  eager_tensor *far = NULL, *sum = NULL;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &small, data, &far));
  assert_ok(eager_add(far, far, &sum));
  assert_ok(eager_tensor_to_host(sum, got, SMALL * sizeof *got));
  for (int i = 0; i < SMALL; i++) assert_true(got[i] == 2 * data[i]);
  eager_tensor_release(far);
  eager_tensor_release(sum);
  assert_ok(eager_pop_device());
}

/* ---- Commands that never finish ---- */

enum { DEADLINE = 20000000 };

/* Past its deadline a wait comes back, as often as it is asked; no time is asserted. */
static void expect_unfinished(const eager_tensor *t) {
  for (int i = 0; i < 2; i++) {
    assert_fails_like(eager_tensor_wait_for(t, DEADLINE), EAGER_DEADLINE_EXCEEDED,
                      "the tensor was not ready after 20000000 ns");
    assert_int_equal(eager_tensor_poll(t), EAGER_PENDING);
  }
}

static void a_command_never_finishes(void **state) {
  (void)state;
  const eager_layer *layer;
  eager_tensor *t = begin(&layer, EAGER_ASYNC), *sum = NULL, *more = NULL;
  layer->stall(true);
  assert_ok(eager_add(t, t, &sum));
  assert_ok(eager_multiply(sum, t, &more));
  expect_unfinished(sum);
  expect_unfinished(more);
  layer->stall(false);
  assert_ok(eager_tensor_wait_for(more, UINT64_MAX));
  test_expect(more, EAGER_FLOAT32, (test_shape){1, {SMALL}},
              (double[]){2, 8, 18, 32, 50, 72}, TEST_EXACT, NULL);
  assert_int_equal(eager_tensor_poll(sum), EAGER_READY);
  assert_ok(eager_synchronize(NULL));
  eager_tensor_release(t);
  eager_tensor_release(sum);
  eager_tensor_release(more);
}

/* What is deferred behind a copy from the device that stands still waits as well. */
static void a_copy_from_it_waits_too(void **state) {
  (void)state;
  const char *other = test_device_other_context();
  const eager_layer *layer;
  eager_tensor *t = begin(&layer, EAGER_ASYNC), *sum = NULL, *far = NULL;
  layer->stall(true);
  assert_ok(eager_add(t, t, &sum));
  assert_ok(eager_push_device(other));
  assert_ok(eager_negative(sum, &far));
  assert_ok(eager_pop_device());
  expect_unfinished(far);
  layer->stall(false);
  test_expect(far, EAGER_FLOAT32, (test_shape){1, {SMALL}},
              (double[]){-2, -4, -6, -8, -10, -12}, TEST_EXACT, NULL);
  assert_ok(eager_synchronize(NULL));
  eager_tensor_release(t);
  eager_tensor_release(sum);
  eager_tensor_release(far);
}

int main(void) {
  static char names[FAILURES][64];
  struct CMUnitTest tests[FAILURES + 2];
  for (int i = 0; i < LARGE; i++) data[i] = (float)(i % 7);
  for (int i = 0; i < FAILURES; i++) {
    snprintf(names[i], sizeof names[i], "fails_%s", failures[i].name);
    tests[i] = (struct CMUnitTest){.name = names[i],
                                   .test_func = a_command_fails,
                                   .initial_state = (void *)(uintptr_t)&failures[i]};
  }
  tests[FAILURES] = (struct CMUnitTest)cmocka_unit_test(a_command_never_finishes);
  tests[FAILURES + 1] = (struct CMUnitTest)cmocka_unit_test(a_copy_from_it_waits_too);
  test_layer_load();
  return test_main_each("faults/commands", tests, FAILURES + 2);
}
