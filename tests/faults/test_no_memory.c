/* ctest: devices=pocl-pthread,pocl-basic,rusticl labels=faults timeout=120 */
/* Not one buffer of the driver's is refused but all of them: what may be tried again gives
 * up in the end, is told as what it is, and passes. One buffer: test_every_call. */
#include "test_layer.h"
#include "test_values.h"

enum { COUNT = 48 };

static const int codes[] = {-4, -5, -6, -61};

/* From the host, an op, and to the host: the first failure. */
static eager_status compute(void) {
  const int64_t count = COUNT;
  float x[COUNT], got[COUNT];
  for (int i = 0; i < COUNT; i++) x[i] = (float)i;
  eager_tensor *t = NULL, *sum = NULL;
  eager_status status = eager_tensor_from_host(EAGER_FLOAT32, 1, &count, x, &t);
  if (status == EAGER_OK) status = eager_add(t, t, &sum);
  if (status == EAGER_OK) status = eager_tensor_to_host(sum, got, sizeof got);
  for (int i = 0; i < COUNT && status == EAGER_OK; i++) assert_true(got[i] == 2 * x[i]);
  if (status != EAGER_OK) assert_null(sum);
  eager_tensor_release(t);
  eager_tensor_release(sum);
  return status;
}

static void nothing_is_held(void) {
  eager_memory_info memory;
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_trim_memory(test_device()));
  assert_ok(eager_get_memory_info(test_device(), &memory));
  assert_true(memory.current == 0);
  assert_true(memory.reserved_bytes == 0);
}

static void no_memory_at_all(eager_execution_mode mode) {
  const eager_layer *layer = test_layer();
  test_enable();
  assert_ok(eager_set_thread_execution_mode(mode));
  assert_ok(compute()); /* opened */
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    assert_ok(eager_trim_memory(NULL));
    layer->refuse("clCreateBuffer", 0, codes[i]);
    assert_fails_like(compute(), EAGER_RESOURCE_EXHAUSTED,
                      test_text("out of memory on %s: 192 bytes requested", test_device()));
    assert_int_equal(eager_error_cl_code(), codes[i]);
    assert_int_equal(layer->failed(), 2); /* tried again once */
    layer->reset();
    nothing_is_held();
    assert_ok(compute());
    nothing_is_held();
  }
}

static void no_memory_at_all_sync(void **state) {
  (void)state;
  no_memory_at_all(EAGER_SYNC);
}

static void no_memory_at_all_async(void **state) {
  (void)state;
  no_memory_at_all(EAGER_ASYNC);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_memory_at_all_sync),
                                     cmocka_unit_test(no_memory_at_all_async)};
  test_layer_load();
  return test_main_each("faults/no_memory", tests, sizeof tests / sizeof *tests);
}
