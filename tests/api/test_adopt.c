/* ctest: devices=all labels=threaded timeout=60 */
/* eager_tensor_adopt_host: host data used in place where memory is shared; free_fn runs
 * exactly once in every case. */
#include "cl/host_pages.h"
#include "placing.h"
#include "runtime/runtime.h"
#include "test.h"

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

static _Atomic int freed;

static void count_free(void *data, void *user) {
  ++*(_Atomic int *)user;
  free(data);
}

enum { ALIGNMENT = 4096 };

static float *host_floats(int count) {
  float *data = aligned_alloc(ALIGNMENT, ALIGNMENT);
  assert_non_null(data);
  for (int i = 0; i < count; i++) data[i] = (float)(i + 1);
  freed = 0;
  return data;
}

/* In place where memory is shared: seen by the address of the tensor's map. */
static void adopted_without_a_copy(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  float *data = host_floats(3);
  int64_t count = 3;
  eager_tensor *t;
  const void *view;
  uint64_t before = placing_memory(test_device()).driver_allocation_count;
  assert_ok(
      eager_tensor_adopt_host(EAGER_FLOAT32, 1, &count, data, 12, count_free, &freed, &t));
  eager__device *device = eager__runtime_get()->default_device;
  if (eager__shares_host_memory(device)) {
    assert_int_equal(freed, 0);
    assert_int_equal(placing_memory(test_device()).driver_allocation_count, before);
    assert_ok(eager_tensor_map(t, &view));
    assert_ptr_equal(view, data);
    assert_ok(eager_tensor_unmap(t));
  } else {
    assert_int_equal(freed, 1);
    printf("  this device shares no memory with the host: the data was copied\n");
  }
  placing_expect(t, 3, (double[]){1, 2, 3});
  eager_tensor *sum = placing_sum(test_device(), t, t);
  placing_expect(sum, 3, (double[]){2, 4, 6});
  eager_tensor_release(t);
  eager_tensor_release(sum);
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_trim_memory(test_device()));
  assert_int_equal(freed, 1);
}

/* Work in flight still reads it: freed after, and once. */
static void adopted_memory_outlives_its_readers(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  float *data = host_floats(3);
  int64_t count = 3;
  eager_tensor *t;
  assert_ok(
      eager_tensor_adopt_host(EAGER_FLOAT32, 1, &count, data, 12, count_free, &freed, &t));
  eager_tensor *sum = placing_sum(test_device(), t, t);
  eager_tensor *far = test_has_other_context()
                          ? placing_sum(test_device_other_context(), t, t)
                          : placing_sum(test_device(), t, t);
  eager_tensor_release(t);
  placing_expect(sum, 3, (double[]){2, 4, 6});
  placing_expect(far, 3, (double[]){2, 4, 6});
  eager_tensor_release(sum);
  eager_tensor_release(far);
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_trim_memory(test_device()));
  assert_int_equal(freed, 1);
}

/* Misaligned, bool, empty, or refused: free_fn still runs exactly once. */
static void adopted_by_copy_or_refused(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *t;
  int64_t count = 3, none = 0;
  char *block = malloc(64); /* used from its second byte: aligned for no device */
  memcpy(block + 1, (float[]){1, 2, 3}, 12);
  freed = 0;
  assert_ok(
      eager_tensor_adopt_host(EAGER_FLOAT32, 1, &count, block + 1, 12, NULL, NULL, &t));
  memset(block, 0xFF, 64);
  placing_expect(t, 3, (double[]){1, 2, 3});
  eager_tensor_release(t);
  free(block);

  uint8_t *bools = aligned_alloc(ALIGNMENT, ALIGNMENT);
  memcpy(bools, (uint8_t[]){0, 7, 1}, 3);
  assert_ok(
      eager_tensor_adopt_host(EAGER_BOOL, 1, &count, bools, 3, count_free, &freed, &t));
  test_expect(t, EAGER_BOOL, (test_shape){1, {3}}, (double[]){0, 1, 1}, TEST_EXACT, NULL);
  eager_tensor_release(t);
  assert_int_equal(freed, 1);

  assert_ok(eager_tensor_adopt_host(EAGER_FLOAT32, 1, &none, host_floats(0), 0, count_free,
                                    &freed, &t));
  eager_tensor_release(t);
  assert_int_equal(freed, 1);

  assert_fails(eager_tensor_adopt_host(EAGER_FLOAT32, 1, &count, host_floats(3), 8,
                                       count_free, &freed, &t),
               EAGER_INVALID_ARGUMENT, "the tensor has 12 bytes but size is 8");
  assert_null(t);
  assert_int_equal(freed, 1);
  assert_int_equal(eager_tensor_adopt_host((eager_dtype)77, 1, &count, host_floats(3), 12,
                                           count_free, &freed, &t),
                   EAGER_INVALID_ARGUMENT);
  assert_int_equal(freed, 1);
  assert_fails(eager_tensor_adopt_host(EAGER_FLOAT32, 1, &count, host_floats(3), 12,
                                       count_free, &freed, NULL),
               EAGER_INVALID_ARGUMENT, "out is NULL");
  assert_int_equal(freed, 1);
}

/* What is still held at eager_shutdown is freed by it: the harness ends with one. */
static bool freed_at_the_end(void) {
  if (freed == 1) return true;
  printf("free_fn ran %d times\n", freed);
  return false;
}

static void adopted_until_shutdown(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  int64_t count = 3;
  eager_tensor *t;
  assert_ok(eager_tensor_adopt_host(EAGER_FLOAT32, 1, &count, host_floats(3), 12,
                                    count_free, &freed, &t));
  test_at_end(freed_at_the_end);
  assert_ok(eager_shutdown());
  assert_int_equal(freed, 1);
  assert_int_equal(eager_tensor_poll(t), EAGER_FAILED);
  eager_tensor_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adopted_without_a_copy),
      cmocka_unit_test(adopted_memory_outlives_its_readers),
      cmocka_unit_test(adopted_by_copy_or_refused),
      cmocka_unit_test(adopted_until_shutdown), /* last: nothing can follow it */
  };
  return test_main("api/adopt", tests, sizeof tests / sizeof *tests);
}
