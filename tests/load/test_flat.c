/* ctest: devices=pocl-pthread timeout=240 */
/* Memory is flat: what the process, the heap, the pools and the driver's objects hold after
 * many mixed ops is what they held after a tenth of them.
 *
 *   EAGERCL_LOAD_OPS=1000000 build/ci/tests/test_load_flat        the long form */
#include <malloc.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cl/census.h"
#include "load_steps.h"
#include "runtime/runtime.h"

enum { DEFAULT_OPS = 8000, KEPT = 12, MIB = 1 << 20 };

typedef struct account {
  uint64_t ops, resident, heap, current, reserved;
  int64_t objects[EAGER__OBJECT_KINDS];
} account;

/* They keep what is freed for a while. */
#ifdef EAGER__SANITIZED
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static uint64_t ops_so_far(void) {
  return atomic_load(&eager__runtime_get()->op_number);
}

static uint64_t resident(void) {
  unsigned long long total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  int got = fscanf(file, "%llu %llu", &total, &pages);
  fclose(file);
  return got == 2 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Nothing in flight, no result held. */
static account take_account(load_slot *kept) {
  account a = {.ops = ops_so_far()};
  for (int i = 0; i < KEPT; i++) load_release(&kept[i]);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  (void)!eager_synchronize(NULL); /* bad indices */
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_memory_info memory;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_get_memory_info(info->name, &memory));
    a.current += memory.current;
    a.reserved += memory.reserved_bytes;
  }
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++)
    a.objects[kind] = (int64_t)eager__census((eager__object)kind);
  struct mallinfo2 heap = mallinfo2();
  a.heap = heap.uordblks + heap.hblkhd - a.reserved; /* which PoCL takes from there */
  a.resident = resident();
  return a;
}

static void work_until(const load_world *world, load_actor *actor, load_slot *kept,
                       uint64_t ops) {
  load_slot pool[LOAD_BASES + KEPT];
  for (int next = 0; ops_so_far() < ops; next = (next + 1) % KEPT) {
    int count = 0;
    for (int i = 0; i < LOAD_BASES; i++) pool[count++] = world->bases[i];
    for (int i = 0; i < KEPT; i++)
      if (kept[i].tensor || kept[i].dead != EAGER_OK) pool[count++] = kept[i];
    load_slot result;
    const char *failure = load_step(world, actor, pool, count, &result);
    if (failure != NULL) fail_msg("%s", failure);
    load_release(&kept[next]);
    kept[next] = result;
  }
}

static void expect_at_most(const char *what, uint64_t end, uint64_t before, uint64_t more) {
  if (end > before + more)
    fail_msg("%s: %llu at a tenth, %llu at the end, %llu more were allowed", what,
             (unsigned long long)before, (unsigned long long)end, (unsigned long long)more);
}

static void memory_is_flat(void **state) {
  (void)state;
  const char *asked = getenv("EAGERCL_LOAD_OPS");
  uint64_t ops = asked != NULL ? strtoull(asked, NULL, 10) : DEFAULT_OPS;
  if (is_sanitized) test_skip("sanitizers keep freed memory");
  test_time_limit(200 + (int)(ops / 300));
  test_enable();
  load_world world;
  load_slot kept[KEPT] = {{0}};
  load_world_make(&world, 1);
  uint64_t begun = ops_so_far(), seed = test_random();
  account tenth = {0}, end;
  /* Ten times the same steps: the first time shows the drivers every kernel there is. */
  for (int part = 1; part <= 10; part++) {
    load_actor actor = load_actor_new(seed, 0, false);
    work_until(&world, &actor, kept, begun + ops / 10 * (uint64_t)part);
    end = take_account(kept);
    if (part == 1) tenth = end;
  }
  printf("  flat: %llu ops, resident %.1f to %.1f MiB, heap %.2f to %.2f MiB, reserved "
         "%.2f to %.2f MiB, current %llu to %llu bytes\n",
         (unsigned long long)(end.ops - begun), (double)tenth.resident / MIB,
         (double)end.resident / MIB, (double)tenth.heap / MIB, (double)end.heap / MIB,
         (double)tenth.reserved / MIB, (double)end.reserved / MIB,
         (unsigned long long)tenth.current, (unsigned long long)end.current);
  /* Weights that lost and found their laid-out form again differ by it. */
  expect_at_most("bytes in use", end.current, tenth.current, MIB);
  expect_at_most("bytes reserved", end.reserved, tenth.reserved, 4 * MIB);
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++) {
    const char *name = eager__census_name((eager__object)kind);
    printf("  flat: %lld to %lld %s\n", (long long)tenth.objects[kind],
           (long long)end.objects[kind], name);
    expect_at_most(name, (uint64_t)end.objects[kind], (uint64_t)tenth.objects[kind], 64);
  }
  /* What drivers' compilers keep for kernels first met late. A handle leaked by each op
   * would be 1.4 MB in the short form, one byte by each 0.9 MB in the long one. */
  expect_at_most("heap", end.heap, tenth.heap, 640 * 1024);
  expect_at_most("resident", end.resident, tenth.resident, 16 * MIB);
  load_world_drop(&world);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(memory_is_flat)};
  return test_main("load/flat", tests, sizeof tests / sizeof *tests);
}
