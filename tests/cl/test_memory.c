/* ctest: devices=all timeout=120 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cl/launch.h"
#include "cl/census.h"
#include "cl/foreign.h"
#include "cl/host_pages.h"
#include "cl/memory.h"
#include "cl/staging.h"
#include "cl_devices.h"

enum { KIB = 1024, MIB = 1024 * KIB, LARGEST = 9 * MIB };

static const size_t sizes[] = {1, 4095, 64 * KIB, MIB + 3, LARGEST};
enum { SIZES = sizeof sizes / sizeof *sizes };

static uint8_t *sent, *got;

static int open_all(void **state) {
  (void)state;
  sent = malloc(LARGEST + 64);
  got = malloc(LARGEST + 64);
  return sent == NULL || got == NULL;
}

static int close_all(void **state) {
  (void)state;
  free(sent);
  free(got);
  return 0;
}

/* Different bytes for each seed, and poison where they are to arrive. */
static void make_bytes(size_t size, unsigned seed) {
  uint32_t x = seed * 2654435761u + 1;
  for (size_t i = 0; i < size; i++) {
    x = x * 1664525u + 1013904223u;
    sent[i] = (uint8_t)(x >> 24);
  }
  memset(got, 0xa5, size);
}

static eager__memory create(eager__device *device, size_t size) {
  eager__memory memory;
  if (eager__memory_create(device, size, &memory) != EAGER_OK)
    fail_msg("%s", eager_error_message());
  assert_int_equal(memory.size, size);
  return memory;
}

static void check(eager_status status) {
  if (status != EAGER_OK) fail_msg("%s", eager_error_message());
}

static void bytes_come_back(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  for (int i = 0; i < SIZES; i++) {
    size_t size = sizes[i];
    eager__memory memory = create(device, size + 64);
    for (size_t offset = 0; offset <= 64; offset += 64) {
      make_bytes(size, (unsigned)(i + offset));
      check(eager__memory_write(device, memory.mem, offset, sent, size));
      check(eager__memory_read(device, memory.mem, offset, got, size));
      assert_memory_equal(got, sent, size);
    }
    eager__memory_release(device, &memory);
    assert_null(memory.mem);
  }
}

static void nothing_is_moved_for_no_bytes(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  eager__memory memory = create(device, 16);
  check(eager__memory_write(device, memory.mem, 0, NULL, 0));
  check(eager__memory_read(device, memory.mem, 16, NULL, 0));
  check(eager__memory_copy(device, memory.mem, 0, device, memory.mem, 0, 0));
  check(eager__memory_transfer(device, memory.mem, 0, device, memory.mem, 0, 0));
  eager__memory_release(device, &memory);
}

static void a_map_shows_the_bytes(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  for (int i = 0; i < SIZES; i++) {
    eager__memory memory = create(device, sizes[i] + 3);
    make_bytes(sizes[i], (unsigned)i);
    check(eager__memory_write(device, memory.mem, 3, sent, sizes[i]));
    const void *view;
    check(eager__memory_map(device, memory.mem, 3, sizes[i], &view));
    assert_memory_equal(view, sent, sizes[i]);
    check(eager__memory_unmap(device, memory.mem, view));
    check(eager__memory_read(device, memory.mem, 3, got, sizes[i]));
    assert_memory_equal(got, sent, sizes[i]);
    eager__memory_release(device, &memory);
  }
}

static void move(eager__device *from, eager__device *to, size_t size, bool is_copy) {
  eager__memory source = create(from, size + 8), target = create(to, size + 4);
  make_bytes(size, (unsigned)(size + (size_t)to->index));
  check(eager__memory_write(from, source.mem, 8, sent, size));
  check(eager__memory_write(to, target.mem, 0, "keep", 4));
  if (is_copy)
    check(eager__memory_copy(from, source.mem, 8, to, target.mem, 4, size));
  else
    check(eager__memory_transfer(from, source.mem, 8, to, target.mem, 4, size));
  eager__memory_release(from, &source);
  char before[4];
  check(eager__memory_read(to, target.mem, 0, before, 4));
  check(eager__memory_read(to, target.mem, 4, got, size));
  assert_memory_equal(before, "keep", 4);
  assert_memory_equal(got, sent, size);
  eager__memory_release(to, &target);
}

static void a_copy_stays_within_its_context(void **state) {
  (void)state;
  for (int i = 0; i < devices.count; i++)
    if (devices.all[i]->context == devices.lane->context)
      for (int j = 0; j < SIZES; j++) move(devices.lane, devices.all[i], sizes[j], true);
}

static void a_transfer_reaches_every_device_and_comes_back(void **state) {
  (void)state;
  for (int i = 0; i < devices.count; i++)
    for (int j = 0; j < SIZES; j++) {
      move(devices.lane, devices.all[i], sizes[j], false);
      move(devices.all[i], devices.lane, sizes[j], false);
    }
}

/* The pages of large memory go only when the last holder lets go of it. */
static void a_retained_buffer_outlives_its_release(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  eager__memory memory = create(device, LARGEST);
  eager__mem *mem = memory.mem;
  make_bytes(LARGEST, 1);
  check(eager__memory_write(device, mem, 0, sent, LARGEST));
  eager__foreign_give_mem(device, mem); /* as a user who holds it */
  eager__census_add(EAGER__OBJECT_MEM, 1);
  eager__memory_release(device, &memory);
  check(eager__memory_read(device, mem, 0, got, LARGEST));
  assert_memory_equal(got, sent, LARGEST);
  eager__memory_drop(device, mem);
}

/* Where the driver works in the host's memory, it works in ours: a map is no copy. */
static void large_memory_of_cpus_is_ours(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  eager__memory small = create(device, EAGER__HUGE_PAGE - 1),
                large = create(device, EAGER__HUGE_PAGE);
  assert_null(small.host);
  assert_int_equal(large.host != NULL, eager__shares_host_memory(device));
  if (large.host != NULL) {
    assert_int_equal((uintptr_t)large.host % EAGER__HUGE_PAGE, 0);
    const void *view;
    check(eager__memory_map(device, large.mem, 64, 128, &view));
    assert_ptr_equal(view, (const uint8_t *)large.host + 64);
    check(eager__memory_unmap(device, large.mem, view));
  }
  eager__memory_release(device, &small);
  eager__memory_release(device, &large);
}

static void too_much_is_refused(void **state) {
  (void)state;
  eager__memory memory;
  size_t size = (size_t)devices.lane->info.max_allocation + 1;
  assert_int_equal(eager__memory_create(devices.lane, size, &memory),
                   EAGER_RESOURCE_EXHAUSTED);
  assert_non_null(strstr(eager_error_message(), "more than the largest allocation of"));
  assert_null(memory.mem);
}

/* Many more bytes than the ring has, in sizes that wrap it at odd places. */
static void staged_bytes_arrive_in_order(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  enum { TOTAL = 4 * MIB };
  eager__memory memory = create(device, TOTAL);
  make_bytes(TOTAL, 7);
  uint64_t last = 0;
  unsigned x = 1;
  for (size_t done = 0, size; done < TOTAL; done += size) {
    uint64_t seq;
    x = x * 1664525u + 1013904223u;
    size = x % 5 == 0 ? 1 + x % 100 : 1 + x % EAGER__STAGING_LIMIT;
    if (size > TOTAL - done) size = TOTAL - done;
    uint8_t *passing = malloc(size);
    assert_non_null(passing);
    memcpy(passing, sent + done, size);
    check(eager__staging_write(device, memory.mem, done, passing, size, &seq));
    memset(passing, 0, size); /* may be reused at once */
    free(passing);
    assert_true(seq > last);
    last = seq;
  }
  check(eager__timeline_wait(&device->compute, last));
  check(eager__memory_read(device, memory.mem, 0, got, TOTAL));
  assert_memory_equal(got, sent, TOTAL);
  uint64_t seq = 1;
  check(eager__staging_write(device, memory.mem, 0, NULL, 0, &seq));
  assert_int_equal(seq, 0);
  eager__memory_release(device, &memory);
}

static void wait_for(eager__device *device) {
  eager__timeline_lock(&device->compute);
  uint64_t seq = eager__timeline_commit(&device->compute, false);
  eager__timeline_unlock(&device->compute);
  check(eager__timeline_wait(&device->compute, seq));
}

static void fills_repeat_their_pattern(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  enum { SIZE = 8 * KIB };
  const uint64_t pattern = 0x8877665544332211u;
  eager__memory memory = create(device, SIZE + 32);
  for (size_t pattern_size = 1; pattern_size <= 8; pattern_size *= 2) {
    memset(got, 0, SIZE + 32);
    check(eager__memory_write(device, memory.mem, 0, got, SIZE + 32));
    eager__timeline_lock(&device->compute);
    eager_status status =
        eager__launch_fill(device, memory.mem, 16, SIZE, &pattern, pattern_size, NULL);
    eager_status none =
        eager__launch_fill(device, memory.mem, 0, 0, &pattern, pattern_size, NULL);
    eager__timeline_unlock(&device->compute);
    check(status);
    check(none);
    wait_for(device);
    check(eager__memory_read(device, memory.mem, 0, got, SIZE + 32));
    for (size_t i = 0; i < SIZE + 32; i++) {
      uint8_t inside = (uint8_t)(pattern >> 8 * (i % pattern_size));
      assert_int_equal(got[i], i >= 16 && i < SIZE + 16 ? inside : 0);
    }
  }
  eager__memory_release(device, &memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_come_back),
      cmocka_unit_test(nothing_is_moved_for_no_bytes),
      cmocka_unit_test(a_map_shows_the_bytes),
      cmocka_unit_test(a_copy_stays_within_its_context),
      cmocka_unit_test(a_transfer_reaches_every_device_and_comes_back),
      cmocka_unit_test(a_retained_buffer_outlives_its_release),
      cmocka_unit_test(large_memory_of_cpus_is_ours),
      cmocka_unit_test(too_much_is_refused),
      cmocka_unit_test(staged_bytes_arrive_in_order),
      cmocka_unit_test(fills_repeat_their_pattern),
  };
  int code = test_devices_open();
  if (code != 0) return code;
  int failed = cmocka_run_group_tests(tests, open_all, close_all);
  return test_devices_close() != 0 ? 1 : failed;
}
