/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/device.h"

/* Runs first: the machine is looked at once per process, also when eight threads ask. */
static void *get_machine(void *arg) {
  const eager__machine **out = arg;
  return eager__machine_get(out) == EAGER_OK ? NULL : arg;
}

static void discovery_fails_only_for_want_of_memory(void **state) {
  (void)state;
  const eager__machine *machine = NULL;
  for (long nth = 1; nth <= 3; nth++) {
    eager__alloc_fail_after(nth);
    eager_status status = eager__machine_get(&machine);
    eager__alloc_fail_after(-1);
    assert_int_equal(status, EAGER_RESOURCE_EXHAUSTED);
    assert_null(machine);
  }
}

static void discovery_happens_once(void **state) {
  (void)state;
  enum { THREADS = 8 };
  pthread_t threads[THREADS];
  const eager__machine *machines[THREADS] = {NULL};
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, get_machine, &machines[i]), 0);
  for (int i = 0; i < THREADS; i++) {
    void *failed = NULL;
    pthread_join(threads[i], &failed);
    assert_null(failed);
    assert_non_null(machines[i]);
    assert_ptr_equal(machines[i], machines[0]);
  }
}

static const eager__machine *the_machine(void) {
  const eager__machine *machine = NULL;
  assert_int_equal(eager__machine_get(&machine), EAGER_OK);
  return machine;
}

static void facts_are_plausible(void **state) {
  (void)state;
  const eager__machine *machine = the_machine();
  for (int i = 0; i < machine->device_count; i++) {
    const eager__facts *facts = &machine->devices[i].facts;
    assert_true(strlen(facts->platform) > 0 && strlen(facts->device) > 0);
    assert_true(strlen(facts->driver_version) > 0);
    assert_int_equal(strncmp(facts->device_version, "OpenCL ", 7), 0);
    assert_true(facts->device_major * 100 + facts->device_minor >= 102);
    assert_true(facts->platform_major * 100 + facts->platform_minor >= 102);
    assert_true(facts->is_cpu || facts->is_gpu || facts->is_accelerator);
    assert_true(facts->global_memory >= (uint64_t)32 << 20);
    assert_true(facts->max_allocation <= facts->global_memory);
    assert_true(facts->max_allocation >= facts->global_memory / 8);
    assert_true(facts->local_memory >= 16 << 10);
    assert_true(facts->compute_units >= 1 && facts->compute_units < 100000);
    assert_true(facts->max_work_group_size >= 1);
    assert_true(facts->address_bits == 32 || facts->address_bits == 64);
    assert_true(facts->base_align >= 1 &&
                (facts->base_align & (facts->base_align - 1)) == 0);
    assert_true(facts->compiler_available);
    assert_true(machine->devices[i].traits.max_local_size >= 1);
  }
}

static void infos_repeat_the_facts(void **state) {
  (void)state;
  const eager__machine *machine = the_machine();
  for (int i = 0; i < machine->device_count; i++) {
    const eager__physical *device = &machine->devices[i];
    assert_string_equal(device->info.platform, device->facts.platform);
    assert_string_equal(device->info.device, device->facts.device);
    assert_int_equal(device->info.global_memory, device->facts.global_memory);
    assert_int_equal(device->info.has_async_enqueue, !device->traits.sync_enqueue);
    assert_int_equal(device->duplicate_of < 0, i < machine->listed_count);
    for (int other = 0; other < i && i < machine->listed_count; other++)
      assert_string_not_equal(device->info.name, machine->devices[other].info.name);
  }
}

static void the_public_list_is_the_machines(void **state) {
  (void)state;
  const eager__machine *machine = the_machine();
  const eager_device_info *info = NULL;
  size_t count = eager_physical_device_count();
  assert_int_equal(count, machine->listed_count);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(eager_physical_device_get(i, &info), EAGER_OK);
    assert_ptr_equal(info, &machine->devices[i].info);
  }
  assert_int_equal(eager_physical_device_get(count, &info), EAGER_INVALID_ARGUMENT);
  assert_null(info);
  char text[100];
  snprintf(text, sizeof text,
           "device index %zu is out of range: the machine has %zu devices", count, count);
  assert_string_equal(eager_error_message(), text);
  assert_int_equal(eager_physical_device_get(0, NULL), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(), "out_info is NULL");
}

static void what_was_skipped_has_a_reason(void **state) {
  (void)state;
  size_t count = eager_skipped_count();
  for (size_t i = 0; i < count; i++) assert_true(strlen(eager_skipped_reason(i)) > 10);
  assert_string_equal(eager_skipped_reason(count), "");
  if (eager_physical_device_count() == 0) assert_true(count > 0);
}

/* One device with its context and queues, opened and closed. */
static void open_and_close(const eager__physical *physical) {
  const eager__selected selected = {physical, {EAGER_DEVICE_ACCELERATOR, 7}};
  eager__context *context = NULL;
  eager__device *device = NULL;
  assert_int_equal(eager__context_new(physical, &context), EAGER_OK);
  assert_int_equal(eager__device_new(&selected, 3, context, false, &device), EAGER_OK);
  assert_string_equal(device->info.short_name, "ACCELERATOR:7");
  assert_string_equal(device->info.name, device->full_name);
  assert_string_equal(device->info.device, physical->info.device);
  assert_int_equal(device->info.type, EAGER_DEVICE_ACCELERATOR);
  assert_int_equal(device->index, 3);
  assert_null(device->compute.queue);
  for (int times = 0; times < 2; times++) {
    assert_int_equal(eager__device_open(device), EAGER_OK);
    assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 1);
    assert_int_equal(eager__census(EAGER__OBJECT_QUEUE), 2);
    assert_non_null(device->compute.queue);
    assert_ptr_not_equal(device->compute.queue, device->transfer.queue);
  }
  eager__device_close(device);
  eager__context_close(context);
  assert_int_equal(eager__census_total(), 0);

  assert_false(eager__device_is_lost(device));
  eager__device_lose(device, -5);
  eager__device_lose(device, -36);
  assert_true(eager__device_is_lost(device));
  assert_true(device->info.is_lost);
  assert_int_equal(eager__device_fail_lost(device, "MatMul"), EAGER_UNAVAILABLE);
  assert_string_equal(eager_error_message(), "device ACCELERATOR:7 was lost: "
                                             "CL_OUT_OF_RESOURCES (-5) at or after MatMul");
  assert_int_equal(eager_error_cl_code(), -5);
  assert_int_equal(eager__device_open(device), EAGER_UNAVAILABLE);
  eager__device_free(device);
  eager__context_free(context);
}

static void devices_open_and_close(void **state) {
  (void)state;
  const eager__machine *machine = the_machine();
  for (int i = 0; i < machine->device_count; i++) open_and_close(&machine->devices[i]);
}

/* semantics.md section 2: one context per platform over its enabled devices. */
static void siblings_share_a_context(void **state) {
  (void)state;
  const eager__machine *machine = the_machine();
  const eager__physical *all = machine->devices;
  int second = 1;
  while (second < machine->device_count && all[second].platform != all[second - 1].platform)
    second++;
  if (second >= machine->device_count) {
    print_message("skipped: no platform here has two devices\n");
    skip();
  }
  eager__context *context = NULL;
  eager__device *devices[2] = {NULL};
  assert_int_equal(eager__context_new(&all[second], &context), EAGER_OK);
  for (int i = 0; i < 2; i++) {
    const eager__selected selected = {&all[second - 1 + i], {EAGER_DEVICE_GPU, i}};
    assert_int_equal(eager__device_new(&selected, i, context, true, &devices[i]), EAGER_OK);
  }
  assert_int_equal(context->device_count, 2);
  for (int i = 0; i < 2; i++) assert_int_equal(eager__device_open(devices[i]), EAGER_OK);
  assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 1);
  assert_int_equal(eager__census(EAGER__OBJECT_QUEUE), 4);
  eager__device_lose(devices[1], -9999);
  assert_true(eager__device_is_lost(devices[0]));
  for (int i = 0; i < 2; i++) eager__device_close(devices[i]);
  eager__context_close(context);
  assert_int_equal(eager__census_total(), 0);
  for (int i = 0; i < 2; i++) eager__device_free(devices[i]);
  eager__context_free(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(discovery_fails_only_for_want_of_memory),
      cmocka_unit_test(discovery_happens_once),
      cmocka_unit_test(facts_are_plausible),
      cmocka_unit_test(infos_repeat_the_facts),
      cmocka_unit_test(the_public_list_is_the_machines),
      cmocka_unit_test(what_was_skipped_has_a_reason),
      cmocka_unit_test(devices_open_and_close),
      cmocka_unit_test(siblings_share_a_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
