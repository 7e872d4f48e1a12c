/* ctest: labels=threaded */
/* The pool over a driver made here: memory is a number, time is set by hand. Long because
 * that driver stands beside the tests that read its books. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "tensor/pool.h"

static struct fake_driver {
  atomic_int made, live;
  atomic_size_t bytes;
  int refuse; /* so many creations to come fail */
} driver;

eager_status eager__memory_create(eager__device *device, size_t size, eager__memory *out) {
  *out = (eager__memory){0};
  if (driver.refuse > 0) {
    driver.refuse--;
    return eager__fail(EAGER_RESOURCE_EXHAUSTED, "no memory on %s", device->short_name);
  }
  uintptr_t number = (uintptr_t)++driver.made;
  driver.live++;
  driver.bytes += size;
  *out = (eager__memory){(eager__mem *)(number << 4), NULL, size};
  return EAGER_OK;
}

void eager__memory_release(eager__device *device, eager__memory *memory) {
  (void)device;
  assert_non_null(memory->mem);
  driver.live--;
  driver.bytes -= memory->size;
  *memory = (eager__memory){0};
}

static eager__device device;
static const eager__origin matmul = {"MatMul", 12, 0};

static void open_pool(uint64_t limit) {
  driver.made = driver.live = driver.refuse = 0;
  driver.bytes = 0;
  memset(&device, 0, sizeof device);
  device.info.max_allocation = UINT64_C(1) << 40;
  strcpy(device.short_name, "CPU:0");
  assert_int_equal(eager__pool_open(&device, limit), EAGER_OK);
}

static void close_pool(void) {
  eager__pool_close(&device);
  assert_null(device.pool);
  assert_int_equal(driver.live, 0);
  assert_int_equal(driver.bytes, 0);
}

static void submit_until(uint64_t seq) {
  atomic_store(&device.compute.submitted, seq);
}

static void complete_until(uint64_t seq) {
  atomic_store(&device.compute.completed, seq);
}

static eager__block *take(size_t size, eager__writer writer) {
  eager__block *block = NULL;
  assert_int_equal(eager__pool_take(&device, size, writer, matmul, &block), EAGER_OK);
  assert_non_null(block);
  assert_true(block->memory.size >= size);
  assert_int_equal(block->requested, size);
  return block;
}

static eager_memory_info info(void) {
  eager_memory_info info;
  eager__pool_info(&device, &info);
  assert_int_equal(info.reserved_bytes, driver.bytes);
  return info;
}

static void classes_waste_at_most_an_eighth(void **state) {
  (void)state;
  static const struct {
    size_t size, rounded;
    int size_class;
  } cases[] = {
      {1, 256, 0},      {255, 256, 0},    {256, 256, 0},    {257, 288, 1}, {288, 288, 1},
      {289, 320, 2},    {511, 512, 8},    {512, 512, 8},    {513, 576, 9}, {1000, 1024, 16},
      {1024, 1024, 16}, {1025, 1152, 17}, {4097, 4608, 33},
  };
  int size_class;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(eager__pool_class_size(cases[i].size, &size_class), cases[i].rounded);
    assert_int_equal(size_class, cases[i].size_class);
  }
  size_t before = 256;
  int class_before = 0;
  for (size_t size = 1; size < (SIZE_MAX >> 4); size += 1 + size / 1013) {
    size_t rounded = eager__pool_class_size(size, &size_class);
    assert_true(rounded >= size);
    if (size >= 256) assert_true((rounded - size) * 8 <= size);
    assert_int_equal(size_class == class_before, rounded == before);
    assert_in_range(size_class - class_before, 0, 1);
    int again; /* a class's own size is its largest */
    assert_int_equal(eager__pool_class_size(rounded, &again), rounded);
    assert_int_equal(again, size_class);
    before = rounded;
    class_before = size_class;
  }
  const size_t half = SIZE_MAX / 2 + 1;
  assert_int_equal(eager__pool_class_size(half, &size_class), half);
  assert_int_equal(eager__pool_class_size(half + 1, &size_class), SIZE_MAX);
  assert_int_equal(eager__pool_class_size(SIZE_MAX, &size_class), SIZE_MAX);
}

/* (P1) (P3) */
static void compute_takes_a_block_in_flight_and_a_transfer_does_not(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  eager__block *first = take(1000, EAGER__WRITER_COMPUTE);
  const eager__mem *mem = first->memory.mem;
  submit_until(5);
  eager__pool_give(first);

  eager__block *other = take(1000, EAGER__WRITER_TRANSFER);
  assert_ptr_not_equal(other->memory.mem, mem);
  first = take(970, EAGER__WRITER_COMPUTE); /* 1024 both */
  assert_int_equal(first->memory.size, 1024);
  eager__pool_give(first);

  complete_until(4);
  eager__block *third = take(1000, EAGER__WRITER_TRANSFER);
  assert_ptr_not_equal(third->memory.mem, mem);
  complete_until(5);
  first = take(1000, EAGER__WRITER_TRANSFER);
  assert_ptr_equal(first->memory.mem, mem);

  eager__pool_give(first);
  eager__pool_give(other);
  eager__pool_give(third);
  assert_int_equal(driver.made, 3);
  close_pool();
}

/* What is ready is found behind what is not, and the other way round. */
static void both_writers_find_ready_blocks(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  eager__block *blocks[3];
  for (int i = 0; i < 3; i++) blocks[i] = take(300, EAGER__WRITER_COMPUTE);
  for (int i = 0; i < 3; i++) {
    submit_until((uint64_t)i + 1);
    eager__pool_give(blocks[i]);
  }
  complete_until(2);
  eager__block *a = take(300, EAGER__WRITER_TRANSFER),
               *b = take(300, EAGER__WRITER_COMPUTE),
               *c = take(300, EAGER__WRITER_TRANSFER);
  assert_int_equal(driver.made, 3);
  eager__block *d = take(300, EAGER__WRITER_TRANSFER);
  assert_int_equal(driver.made, 4);
  eager__pool_give(a);
  eager__pool_give(b);
  eager__pool_give(c);
  eager__pool_give(d);
  complete_until(3);
  eager__block *all[4];
  for (int i = 0; i < 4; i++)
    all[i] = take(300, i % 2 ? EAGER__WRITER_TRANSFER : EAGER__WRITER_COMPUTE);
  assert_int_equal(driver.made, 4);
  for (int i = 0; i < 4; i++) eager__pool_give(all[i]);
  close_pool();
}

static void the_control_breaks_the_rule(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  eager__block *block = take(64, EAGER__WRITER_COMPUTE);
  const eager__mem *mem = block->memory.mem;
  submit_until(1);
  eager__pool_give(block);
  eager__pool_break_reuse_rule(true);
  block = take(64, EAGER__WRITER_TRANSFER);
  eager__pool_break_reuse_rule(false);
  assert_ptr_equal(block->memory.mem, mem);
  eager__pool_give(block);
  close_pool();
}

static void the_account_counts_whole_blocks(void **state) {
  (void)state;
  open_pool(10000);
  eager__block *a = take(1000, EAGER__WRITER_COMPUTE), *b = take(10, EAGER__WRITER_COMPUTE);
  eager_memory_info now = info();
  assert_int_equal(now.current, 1024 + 256);
  assert_int_equal(now.peak, 1280);
  assert_int_equal(now.reserved_bytes, 1280);
  assert_int_equal(now.limit, 10000);
  assert_int_equal(now.allocation_count, 2);
  assert_int_equal(now.driver_allocation_count, 2);

  eager__pool_give(a);
  a = take(1024, EAGER__WRITER_COMPUTE);
  eager__pool_give(b);
  now = info();
  assert_int_equal(now.current, 1024);
  assert_int_equal(now.peak, 1280);
  assert_int_equal(now.reserved_bytes, 1280);
  assert_int_equal(now.allocation_count, 3);
  assert_int_equal(now.driver_allocation_count, 2);

  eager__pool_reset_peak(&device);
  assert_int_equal(info().peak, 1024);
  eager__pool_trim(&device);
  now = info();
  assert_int_equal(now.current, 1024);
  assert_int_equal(now.reserved_bytes, 1024);
  eager__pool_give(a);
  close_pool();
}

static void trim_keeps_what_the_device_still_uses(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  for (int i = 0; i < 40; i++) {
    eager__block *block = take((size_t)1 << i, EAGER__WRITER_COMPUTE);
    submit_until((uint64_t)i);
    eager__pool_give(block);
  }
  complete_until(38);
  eager__pool_trim(&device);
  assert_int_equal(driver.live, 1);
  assert_int_equal(info().reserved_bytes, (size_t)1 << 39);
  complete_until(39);
  eager__pool_trim(&device);
  assert_int_equal(driver.live, 0);
  assert_int_equal(info().reserved_bytes, 0);
  close_pool();
}

static eager_status refused(size_t size) {
  eager__block *block = (eager__block *)&block;
  eager_status status =
      eager__pool_take(&device, size, EAGER__WRITER_COMPUTE, matmul, &block);
  assert_null(block);
  return status;
}

static void the_limit_refuses_and_says_what_there_is(void **state) {
  (void)state;
  open_pool(4096);
  assert_int_equal(refused(1048576), EAGER_RESOURCE_EXHAUSTED);
  assert_string_equal(
      eager_error_message(),
      "out of memory on CPU:0: 1048576 bytes requested, 0 in use, 0 cached, "
      "limit 4096");
  eager__block *a = take(1000, EAGER__WRITER_COMPUTE),
               *b = take(300, EAGER__WRITER_COMPUTE),
               *c = take(2000, EAGER__WRITER_COMPUTE);
  submit_until(1);
  eager__pool_give(b);
  assert_int_equal(refused(800), EAGER_RESOURCE_EXHAUSTED);
  assert_string_equal(
      eager_error_message(),
      "out of memory on CPU:0: 800 bytes requested, 3072 in use, 320 cached, "
      "limit 4096; the largest holder is MatMul #12 with 2000 bytes");
  assert_int_equal(driver.live, 3);
  complete_until(1); /* now the cached one can go */
  b = take(800, EAGER__WRITER_COMPUTE);
  assert_int_equal(driver.live, 3);
  assert_int_equal(info().reserved_bytes, 1024 + 832 + 2048);
  eager__pool_give(a);
  eager__pool_give(b);
  eager__pool_give(c);
  close_pool();
}

static void making_room_takes_as_little_as_it_can(void **state) {
  (void)state;
  open_pool(8192);
  size_t sizes[] = {256, 512, 1024, 4096};
  eager__block *blocks[4];
  for (int i = 0; i < 4; i++) blocks[i] = take(sizes[i], EAGER__WRITER_COMPUTE);
  for (int i = 0; i < 4; i++) eager__pool_give(blocks[i]);
  assert_int_equal(info().reserved_bytes, 5888); /* 2304 are left */
  eager__block *more = take(2560, EAGER__WRITER_COMPUTE);
  assert_int_equal(info().reserved_bytes, 5888 - 256 + 2560);
  eager__block *large = take(5120, EAGER__WRITER_COMPUTE); /* 4096 and 512 must go */
  assert_int_equal(info().reserved_bytes, 2560 + 512 + 5120);
  eager__pool_give(more);
  eager__pool_give(large);
  close_pool();
}

static void a_refused_creation_leaves_the_account_alone(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  driver.refuse = 1;
  assert_int_equal(refused(1000), EAGER_RESOURCE_EXHAUSTED);
  assert_string_equal(eager_error_message(), "no memory on CPU:0");
  eager__alloc_fail_after(1);
  assert_int_equal(refused(1000), EAGER_RESOURCE_EXHAUSTED);
  eager__alloc_fail_after(-1);
  eager_memory_info now = info();
  assert_int_equal(now.current, 0);
  assert_int_equal(now.peak, 0);
  assert_int_equal(now.reserved_bytes, 0);
  assert_int_equal(now.allocation_count, 0);
  assert_int_equal(now.driver_allocation_count, 0);
  close_pool();
}

static void a_class_ends_at_the_largest_allocation(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  device.info.max_allocation = 1000;
  eager__block *block = take(990, EAGER__WRITER_COMPUTE);
  assert_int_equal(block->memory.size, 1000);
  eager__pool_give(block);
  block = take(1000, EAGER__WRITER_COMPUTE);
  assert_int_equal(driver.made, 1);
  eager__pool_give(block);
  close_pool();
}

static int freed;
static void count_free(void *data, void *user) {
  assert_ptr_equal(data, &freed);
  assert_ptr_equal(user, &device);
  freed++;
}

static eager__block *adopt(size_t size) {
  eager__memory memory;
  eager__block *block;
  assert_int_equal(eager__memory_create(&device, size, &memory), EAGER_OK);
  assert_int_equal(
      eager__pool_adopt(&device, memory.mem, size, count_free, &freed, &device, &block),
      EAGER_OK);
  return block;
}

static void foreign_memory_waits_for_the_device(void **state) {
  (void)state;
  open_pool(1000);
  freed = 0;
  eager__block *idle = adopt(3000), *busy = adopt(50); /* no limit refuses them */
  assert_int_equal(info().current, 3050);
  assert_int_equal(refused(1), EAGER_RESOURCE_EXHAUSTED);
  assert_non_null(strstr(eager_error_message(), "a tensor from outside with 3000 bytes"));
  eager__pool_give(idle);
  assert_int_equal(freed, 1);
  submit_until(7);
  eager__pool_give(busy);
  assert_int_equal(freed, 1);
  assert_int_equal(info().current, 0);
  assert_int_equal(info().reserved_bytes, 50);
  eager__pool_trim(&device);
  assert_int_equal(freed, 1);
  complete_until(7);
  eager__block *block = take(50, EAGER__WRITER_COMPUTE);
  assert_int_equal(freed, 2);
  eager__pool_give(block);

  eager__block *late = adopt(50);
  submit_until(8);
  eager__pool_give(late);
  assert_int_equal(freed, 2);
  close_pool();
  assert_int_equal(freed, 3);
}

static void exported_memory_is_never_pooled_again(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  eager__block *block = take(512, EAGER__WRITER_COMPUTE);
  eager__pool_export(block);
  eager__pool_export(block);
  eager__pool_give(block);
  assert_int_equal(driver.live, 0);
  block = take(512, EAGER__WRITER_COMPUTE);
  eager__pool_export(block);
  submit_until(1);
  eager__pool_give(block);
  assert_int_equal(driver.live, 1);
  block = take(512, EAGER__WRITER_COMPUTE);
  assert_int_equal(driver.made, 3);
  eager__pool_give(block);
  close_pool();
}

static void blocks_outlive_the_pool_as_shells(void **state) {
  (void)state;
  open_pool(UINT64_MAX);
  freed = 0;
  eager__block *own = take(512, EAGER__WRITER_COMPUTE), *adopted = adopt(512);
  close_pool();
  assert_null(own->memory.mem);
  assert_null(adopted->memory.mem);
  assert_int_equal(freed, 1);
  eager__pool_export(own);
  eager__pool_close(&device);
  eager__pool_give(own);
  eager__pool_give(adopted);
  assert_int_equal(freed, 1);
}

enum { THREADS = 4, ROUNDS = 4000, HELD = 16 };

static void *churn(void *user) {
  uint64_t seed = (uint64_t)(uintptr_t)user;
  eager__block *held[HELD] = {NULL};
  for (int i = 0; i < ROUNDS; i++) {
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    eager__block **slot = &held[(seed >> 60) % HELD];
    if (*slot) {
      if (i % 64 == 0) eager__pool_export(*slot);
      eager__pool_give(*slot);
      *slot = NULL;
      atomic_store(&device.compute.completed, atomic_load(&device.compute.submitted));
    } else if (eager__pool_take(&device, 1 + (seed >> 40) % 5000,
                                i % 2 ? EAGER__WRITER_COMPUTE : EAGER__WRITER_TRANSFER,
                                matmul, slot) == EAGER_OK) {
      atomic_fetch_add(&device.compute.submitted, 1);
    }
    if (i % 512 == 0) eager__pool_trim(&device);
  }
  for (int i = 0; i < HELD; i++)
    if (held[i]) eager__pool_give(held[i]);
  return NULL;
}

static void threads_share_one_account(void **state) {
  (void)state;
  open_pool(100000);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)(i + 1)),
                     0);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  eager_memory_info now = info();
  assert_int_equal(now.current, 0);
  assert_true(now.peak <= 100000);
  assert_true(now.driver_allocation_count < now.allocation_count);
  assert_int_equal(now.driver_allocation_count, driver.made);
  close_pool();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_waste_at_most_an_eighth),
      cmocka_unit_test(compute_takes_a_block_in_flight_and_a_transfer_does_not),
      cmocka_unit_test(both_writers_find_ready_blocks),
      cmocka_unit_test(the_control_breaks_the_rule),
      cmocka_unit_test(the_account_counts_whole_blocks),
      cmocka_unit_test(trim_keeps_what_the_device_still_uses),
      cmocka_unit_test(the_limit_refuses_and_says_what_there_is),
      cmocka_unit_test(making_room_takes_as_little_as_it_can),
      cmocka_unit_test(a_refused_creation_leaves_the_account_alone),
      cmocka_unit_test(a_class_ends_at_the_largest_allocation),
      cmocka_unit_test(foreign_memory_waits_for_the_device),
      cmocka_unit_test(exported_memory_is_never_pooled_again),
      cmocka_unit_test(blocks_outlive_the_pool_as_shells),
      cmocka_unit_test(threads_share_one_account),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
