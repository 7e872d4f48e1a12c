/* ctest: devices=pocl-pthread,rusticl labels=faults timeout=240 */
/* An ASYNC producer that never waits stays within max_in_flight (exact to 16) and the
 * memory budget: on one device, and on a device behind slow copies from another. */
#include "cl/device.h"
#include "placing.h"
#include "runtime/runtime.h"
#include "runtime/transfer.h"
#include "test_layer.h"
#include "test_values.h"

enum { BOUND = 32, BLOCKS = 8, BLOCK = 1 << 18 /* elements */ };

static bool is_small; /* so that the bound on ops is met before the budget is */

static int64_t elements(void) {
  return test_is_slow() || is_small ? 64 : BLOCK;
}

/* Room for BLOCKS of them on each device. */
static size_t limit(void) {
  return is_small ? (size_t)64 << 20 : (size_t)elements() * 4 * BLOCKS;
}

static void begin(void) {
  eager_config config = {.max_in_flight = BOUND, .memory_limit = limit()};
  test_time_limit(120);
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_ASYNC));
}

static struct {
  uint64_t flying, reserved;
  int deferred;
} most;

/* What is unfinished and held, seen from outside, after each call. */
static void look(const char *name) {
  const eager_device_info *info;
  assert_ok(eager_device_find(name, &info));
  eager__runtime *runtime = eager__runtime_get();
  for (int i = 0; i < runtime->device_count; i++) {
    eager__device *device = runtime->devices[i];
    if (&device->info != info) continue;
    uint64_t flying =
        atomic_load(&device->compute.submitted) - atomic_load(&device->compute.completed);
    int deferred = eager__deferred_count(runtime, device);
    if (flying + (uint64_t)deferred > most.flying)
      most.flying = flying + (uint64_t)deferred;
    if (deferred > most.deferred) most.deferred = deferred;
  }
  eager_memory_info memory = placing_memory(name);
  if (memory.reserved_bytes > most.reserved) most.reserved = memory.reserved_bytes;
  if (memory.reserved_bytes > memory.limit)
    fail_msg("%llu bytes of %llu held on %s", (unsigned long long)memory.reserved_bytes,
             (unsigned long long)memory.limit, name);
}

static eager_tensor *ones(void) {
  eager_tensor *t, *zeros, *one = test_scalar(EAGER_FLOAT32, 1);
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 1, (int64_t[]){elements()}, &zeros));
  assert_ok(eager_add(zeros, one, &t));
  eager_tensor_release(zeros);
  eager_tensor_release(one);
  return t;
}

static void expect_all(eager_tensor *t, float value) {
  float *values = test_alloc((size_t)elements() * sizeof *values);
  assert_ok(eager_tensor_to_host(t, values, (size_t)elements() * sizeof *values));
  for (int64_t i = 0; i < elements(); i++) assert_true(values[i] == value);
  eager_tensor_release(t);
}

static void on_one_device(void **state) {
  (void)state;
  begin();
  int count = test_is_slow() ? 60 : 400;
  eager_tensor *one = ones(), *sum = ones();
  for (int i = 1; i < count; i++) {
    eager_tensor *next;
    assert_ok(eager_add(sum, one, &next));
    eager_tensor_release(sum);
    sum = next;
    look(test_device());
  }
  printf("  pressure: %d ops, at most %llu unfinished of %d, %llu bytes of %zu held\n",
         count, (unsigned long long)most.flying, BOUND, (unsigned long long)most.reserved,
         limit());
  assert_in_range(most.flying, 0, BOUND + 16);
  expect_all(sum, (float)count);
  eager_tensor_release(one);
}

/* Every input is a new tensor of another device, so every op waits for a copy of its own.
 */
static void produce_behind_copies(void) {
  begin();
  const char *there = test_device_other_context();
  const eager_layer *layer = test_layer();
  static const char *const moves[] = {"clEnqueueReadBuffer", "clEnqueueWriteBuffer",
                                      "clEnqueueMapBuffer", "clEnqueueCopyBuffer"};
  for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) layer->delay(moves[i], 1000000);
  int count = test_is_slow() ? 30 : 80;
  eager_tensor *sum = ones(), *far, *one, *next;
  for (int i = 1; i < count; i++) {
    assert_ok(eager_push_device(there));
    one = ones();
    assert_ok(eager_identity(one, &far));
    assert_ok(eager_pop_device());
    look(there);
    assert_ok(eager_add(sum, far, &next)); /* through a mirror */
    eager_tensor_release(one);
    eager_tensor_release(far);
    eager_tensor_release(sum);
    sum = next;
    look(test_device());
  }
  printf("  pressure behind copies: %d ops, at most %llu unfinished of %d, %d deferred, "
         "%llu bytes of %zu held\n",
         count, (unsigned long long)most.flying, BOUND, most.deferred,
         (unsigned long long)most.reserved, limit());
  assert_in_range(most.flying, 1, BOUND + 16);
  assert_true(most.deferred > 0);
  expect_all(sum, (float)count);
}

static void behind_slow_copies(void **state) {
  (void)state;
  produce_behind_copies();
}

static void behind_slow_small_copies(void **state) {
  (void)state;
  is_small = true;
  produce_behind_copies();
  assert_true(most.flying >= BOUND / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_one_device),
      cmocka_unit_test(behind_slow_copies),
      cmocka_unit_test(behind_slow_small_copies),
  };
  test_layer_load();
  return test_main_each("load/pressure", tests, sizeof tests / sizeof *tests);
}
