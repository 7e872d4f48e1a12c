/* ctest: devices=pocl-pthread,pocl-basic,rusticl labels=faults timeout=180 */
/* "A device that reports -5, -6 or -9999 at a sync point (-36 anywhere) is lost": what is
 * unfinished fails with UNAVAILABLE, new work is refused, other contexts go on, and the end
 * is as clean as ever. One process for each way to be lost. */
#include "cl/error.h"
#include "test_layer.h"
#include "test_values.h"

typedef struct loss {
  const char *call;
  int code;
  eager_execution_mode mode;
} loss;

static const loss losses[] = {
    {"clWaitForEvents", -5, EAGER_SYNC},
    {"clWaitForEvents", -6, EAGER_SYNC},
    {"clWaitForEvents", -9999, EAGER_SYNC},
    {"clWaitForEvents", -36, EAGER_SYNC},
    {"clEnqueueNDRangeKernel", -36, EAGER_SYNC},
    {"clWaitForEvents", -5, EAGER_ASYNC},
    {"clWaitForEvents", -9999, EAGER_ASYNC},
    {"clEnqueueNDRangeKernel", -36, EAGER_ASYNC},
    {"clEnqueueReadBuffer", -36, EAGER_SYNC},
    {"clEnqueueWriteBuffer", -36, EAGER_ASYNC},
    {"clCreateBuffer", -36, EAGER_SYNC},
};
enum { LOSSES = sizeof losses / sizeof losses[0] };

static const test_shape shape = {1, {6}};
static const double values[6] = {1, 2, 3, 4, 5, 6}, doubled[6] = {2, 4, 6, 8, 10, 12};

/* One op from new data to the host, whatever fails first. */
static eager_status work(void) {
  float data[6] = {1, 2, 3, 4, 5, 6}, got[6];
  eager_tensor *x = NULL, *y = NULL;
  eager_status status = eager_tensor_from_host(EAGER_FLOAT32, 1, shape.dims, data, &x);
  if (status == EAGER_OK) status = eager_add(x, x, &y);
  if (status == EAGER_OK) status = eager_tensor_to_host(y, got, sizeof got);
  if (status == EAGER_OK)
    for (int i = 0; i < 6; i++) assert_true(got[i] == (float)doubled[i]);
  eager_tensor_release(x);
  eager_tensor_release(y);
  return status;
}

static const char *lost_text(int code) {
  return test_text("device %s was lost: %s (%d) at or after ", test_device(),
                   eager__cl_error_name(code), code);
}

static bool is_lost(void) {
  const eager_device_info *info;
  assert_ok(eager_device_find(test_device(), &info));
  return info->is_lost;
}

static void a_lost_device_refuses_work_and_others_go_on(void **state) {
  const loss *l = *state;
  const eager_layer *layer = test_layer();
  test_enable();
  assert_ok(eager_set_thread_execution_mode(l->mode));
  assert_ok(work()); /* opened and built */
  eager_tensor *before = test_tensor(EAGER_FLOAT32, shape, values);
  assert_ok(eager_trim_memory(NULL));
  assert_false(is_lost());

  layer->refuse(l->call, 1, l->code);
  assert_fails_like(work(), EAGER_UNAVAILABLE, lost_text(l->code));
  assert_int_equal(eager_error_cl_code(), l->code);
  assert_int_equal(layer->failed(), 1);
  layer->reset();

  assert_true(is_lost());
  uint64_t enqueued = layer->count("clEnqueue");
  assert_fails_like(work(), EAGER_UNAVAILABLE, lost_text(l->code));
  eager_tensor *t = NULL;
  assert_fails_like(eager_add(before, before, &t), EAGER_UNAVAILABLE, lost_text(l->code));
  assert_null(t);
  assert_int_equal(layer->count("clEnqueue"), enqueued);

  if (test_has_other_context()) {
    assert_ok(eager_push_device(test_device_other_context()));
    assert_ok(work());
    assert_ok(eager_pop_device());
  }
  eager_tensor_release(before);
}

/* Handles that were under way when the device went: each tells of it, synchronize once. */
static void unfinished_handles_tell_of_the_loss(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  test_enable();
  if (!test_is_async()) test_skip("%s leaves nothing unfinished", test_device());
  assert_ok(work());
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  eager_tensor *x = test_tensor(EAGER_FLOAT32, shape, values), *y = NULL, *z = NULL;
  layer->refuse("clWaitForEvents", 1, -5);
  assert_ok(eager_add(x, x, &y));
  assert_ok(eager_add(y, x, &z));
  assert_fails_like(eager_tensor_wait(z), EAGER_UNAVAILABLE, lost_text(-5));
  assert_int_equal(eager_tensor_poll(y), EAGER_FAILED);
  assert_int_equal(eager_tensor_poll(z), EAGER_FAILED);
  assert_fails_like(eager_synchronize(NULL), EAGER_UNAVAILABLE, lost_text(-5));
  eager_status again = eager_synchronize(test_device());
  if (again != EAGER_OK) assert_int_equal(again, EAGER_UNAVAILABLE);
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(z);
}

int main(void) {
  static char names[LOSSES][96];
  struct CMUnitTest tests[LOSSES + 1];
  for (int i = 0; i < LOSSES; i++) {
    snprintf(names[i], sizeof names[i], "lost_by_%s_%d_%s", losses[i].call, losses[i].code,
             losses[i].mode == EAGER_SYNC ? "sync" : "async");
    tests[i] = (struct CMUnitTest){.name = names[i],
                                   .test_func = a_lost_device_refuses_work_and_others_go_on,
                                   .initial_state = (void *)(uintptr_t)&losses[i]};
  }
  tests[LOSSES] = (struct CMUnitTest)cmocka_unit_test(unfinished_handles_tell_of_the_loss);
  test_layer_load();
  return test_main_each("faults/lost", tests, LOSSES + 1);
}
