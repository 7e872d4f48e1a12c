/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "cl/machines.h"

#define POCL "Portable Computing Language"

typedef struct expected {
  const char *name, *device, *stable_id;
  int duplicate_of;
  const char *aliases;
} expected;

typedef struct machine_case {
  const char *what;
  made_up rows[MADE_UP_MAX];
  int listed;
  expected devices[MADE_UP_MAX];
} machine_case;

static const machine_case cases[] = {
    {.what = "nothing"},
    {
        .what = "the usual matrix: portable drivers, then the simulator",
        .rows = {{"Oclgrind", "Simulator", CPU | GPU | ACCELERATOR, -1, -1},
                 {"rusticl", "llvmpipe", CPU, -1, -1},
                 {POCL, "basic-x", CPU, -1, -1},
                 {POCL, "pthread-x", CPU, -1, -1}},
        .listed = 4,
        .devices = {{"CPU:0", "basic-x", "name:" POCL "/basic-x#0", -1, ""},
                    {"CPU:1", "pthread-x", "name:" POCL "/pthread-x#0", -1, ""},
                    {"CPU:2", "llvmpipe", "name:rusticl/llvmpipe#0", -1, ""},
                    {"ACCELERATOR:0", "Simulator", "name:Oclgrind/Simulator#0", -1, ""}},
    },
    {
        .what = "vendor drivers come first, by name; numbers count per type",
        .rows = {{POCL, "pthread-x", CPU, -1, -1},
                 {"NVIDIA CUDA", "H200", GPU, 59, 1},
                 {"NVIDIA CUDA", "H200", GPU, 94, 2},
                 {"Intel(R) OpenCL", "EPYC", CPU, -1, -1},
                 {"FPGA SDK", "Board", ACCELERATOR, -1, -1}},
        .listed = 5,
        .devices = {{"ACCELERATOR:0", "Board", "name:FPGA SDK/Board#0", -1, ""},
                    {"CPU:0", "EPYC", "name:Intel(R) OpenCL/EPYC#0", -1, ""},
                    {"GPU:0", "H200", "pci:0000:3b:00.0", -1, ""},
                    {"GPU:1", "H200", "pci:0000:5e:00.0", -1, ""},
                    {"CPU:1", "pthread-x", "name:" POCL "/pthread-x#0", -1, ""}},
    },
    {
        .what = "one GPU under three drivers, by PCI address",
        .rows = {{POCL, "CUDA-H200", GPU, 59, -1},
                 {POCL, "pthread-x", CPU, -1, -1},
                 {"rusticl", "nouveau", GPU, 59, -1},
                 {"NVIDIA CUDA", "H200", GPU, 59, 7}},
        .listed = 2,
        .devices = {{"GPU:0", "H200", "pci:0000:3b:00.0", -1,
                     POCL "/CUDA-H200 (same PCI address 0000:3b:00.0, a portable driver); "
                          "rusticl/nouveau (same PCI address 0000:3b:00.0, a portable "
                          "driver)"},
                    {"CPU:0", "pthread-x", "name:" POCL "/pthread-x#0", -1, ""},
                    {"GPU:0", "CUDA-H200", "pci:0000:3b:00.0", 0,
                     "NVIDIA CUDA/H200 (GPU:0, the preferred driver)"},
                    {"GPU:0", "nouveau", "pci:0000:3b:00.0", 0,
                     "NVIDIA CUDA/H200 (GPU:0, the preferred driver)"}},
    },
    {
        .what = "by UUID where one of the two has no PCI address",
        .rows = {{"B vendor", "b", GPU, -1, 171}, {"A vendor", "a", GPU, 3, 171}},
        .listed = 1,
        .devices = {{"GPU:0", "a", "pci:0000:03:00.0", -1,
                     "B vendor/b (same UUID abababab-abab-abab-abab-abababababab, a later "
                     "platform)"},
                    {"GPU:0", "b", "uuid:abababab-abab-abab-abab-abababababab", 0,
                     "A vendor/a (GPU:0, the preferred driver)"}},
    },
    {
        .what = "other PCI addresses are other devices, whatever the UUIDs say",
        .rows = {{"A", "a", GPU, 3, 5}, {"B", "b", GPU, 4, 5}},
        .listed = 2,
        .devices = {{"GPU:0", "a", "pci:0000:03:00.0", -1, ""},
                    {"GPU:1", "b", "pci:0000:04:00.0", -1, ""}},
    },
    {
        .what = "a UUID of zeros, a PCI address of zeros, a UUID of one side: no evidence",
        .rows = {{"A", "a", GPU, 0, 0}, {"B", "b", GPU, 0, 0}, {"C", "c", GPU, -1, -1}},
        .listed = 3,
        .devices = {{"GPU:0", "a", "name:A/a#0", -1, ""},
                    {"GPU:1", "b", "name:B/b#0", -1, ""},
                    {"GPU:2", "c", "name:C/c#0", -1, ""}},
    },
    {
        .what = "two devices of one platform are never merged; what they share is no id",
        .rows = {{"A", "slice", GPU, 3, 5}, {"A", "slice", GPU, 3, 6}},
        .listed = 2,
        .devices = {{"GPU:0", "slice", "uuid:05050505-0505-0505-0505-050505050505", -1, ""},
                    {"GPU:1", "slice", "uuid:06060606-0606-0606-0606-060606060606", -1,
                     ""}},
    },
    {
        .what = "nor through a third one of another platform",
        .rows = {{"A", "whole", GPU, 3, -1},
                 {POCL, "one", GPU, 3, -1},
                 {POCL, "two", GPU, 3, -1}},
        .listed = 2,
        .devices = {{"GPU:0", "whole", "pci:0000:03:00.0", -1,
                     POCL "/one (same PCI address 0000:03:00.0, a portable driver)"},
                    {"GPU:1", "two", "name:" POCL "/two#0", -1, ""},
                    {"GPU:0", "one", "name:" POCL "/one#0", 0,
                     "A/whole (GPU:0, the preferred driver)"}},
    },
    {
        .what = "equals are told apart by an ordinal",
        .rows = {{"A", "twin", GPU, -1, -1}, {"A", "twin", GPU, -1, -1}},
        .listed = 2,
        .devices = {{"GPU:0", "twin", "name:A/twin#0", -1, ""},
                    {"GPU:1", "twin", "name:A/twin#1", -1, ""}},
    },
    {
        .what = "a device of several types is named by evidence",
        .rows = {{"A", "both", CPU | GPU, -1, -1}, {"A", "none", 0, -1, -1}},
        .listed = 2,
        .devices = {{"GPU:0", "both", "name:A/both#0", -1, ""},
                    {"ACCELERATOR:0", "none", "name:A/none#0", -1, ""}},
    },
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static void check(const machine_case *test, const int *order) {
  eager__physical devices[MADE_UP_MAX];
  int count = make_devices(test->rows, order, devices);
  int listed = -1;
  assert_int_equal(eager__name_devices(devices, count, &listed), EAGER_OK);
  if (listed != test->listed) print_error("in: %s\n", test->what);
  assert_int_equal(listed, test->listed);
  for (int i = 0; i < count; i++) {
    const expected *want = &test->devices[i];
    const eager_device_info *info = &devices[i].info;
    if (strcmp(info->short_name, want->name) != 0) print_error("in: %s\n", test->what);
    assert_string_equal(info->short_name, want->name);
    assert_string_equal(info->device, want->device);
    assert_string_equal(info->stable_id, want->stable_id);
    assert_string_equal(info->aliases, want->aliases);
    assert_int_equal(devices[i].duplicate_of, want->duplicate_of);
    char full_name[80];
    snprintf(full_name, sizeof full_name, "/job:localhost/replica:0/task:0/device:%s",
             want->name);
    assert_string_equal(info->name, full_name);
  }
  free_devices(devices, count);
}

static void machines_have_their_names(void **state) {
  (void)state;
  for (int i = 0; i < CASE_COUNT; i++) check(&cases[i], NULL);
}

static int count_platforms(const made_up *rows) {
  int platforms = 0;
  for (int i = 0; rows[i].platform != NULL; i++)
    platforms += i == 0 || strcmp(rows[i].platform, rows[i - 1].platform) != 0;
  return platforms;
}

/* Heap's algorithm, one call per permutation. */
static void permute(const machine_case *test, int *order, int size) {
  if (size <= 1) {
    check(test, order);
    return;
  }
  for (int i = 0; i < size; i++) {
    permute(test, order, size - 1);
    int from = size % 2 == 0 ? i : 0, last = order[size - 1];
    order[size - 1] = order[from];
    order[from] = last;
  }
}

/* semantics.md section 2: the same machine always gives the same names. */
static void names_do_not_depend_on_the_loaders_order(void **state) {
  (void)state;
  for (int i = 0; i < CASE_COUNT; i++) {
    int order[MADE_UP_MAX];
    for (int place = 0; place < MADE_UP_MAX; place++) order[place] = place;
    permute(&cases[i], order, count_platforms(cases[i].rows));
  }
}

/* Two installations of one driver: what their first devices are decides. */
static void platforms_of_one_name_are_ordered_by_their_devices(void **state) {
  (void)state;
  const made_up rows[] = {{"Twin", "b", GPU, -1, -1}, {"Twin", "a", GPU, -1, -1}};
  for (int flip = 0; flip < 2; flip++) {
    eager__physical devices[2] = {make_device(&rows[flip], 0, 0),
                                  make_device(&rows[1 - flip], 1, 0)};
    int listed = 0;
    assert_int_equal(eager__name_devices(devices, 2, &listed), EAGER_OK);
    assert_int_equal(listed, 2);
    assert_string_equal(devices[0].info.device, "a");
    assert_string_equal(devices[1].info.device, "b");
    free_devices(devices, 2);
  }
}

static void facts_and_traits_are_told(void **state) {
  (void)state;
  const made_up row = {"Oclgrind", "Simulator", CPU | GPU | ACCELERATOR, -1, -1};
  eager__physical device = make_device(&row, 0, 0);
  device.facts.global_memory = 128;
  device.facts.has_float64 = true;
  int listed = 0;
  assert_int_equal(eager__name_devices(&device, 1, &listed), EAGER_OK);
  assert_int_equal(device.info.type, EAGER_DEVICE_ACCELERATOR);
  assert_true(device.info.is_simulator);
  assert_false(device.info.has_async_enqueue);
  assert_false(device.info.is_lost);
  assert_true(device.info.has_float64);
  assert_int_equal(device.info.global_memory, 128);
  assert_int_equal(device.info.max_work_group_size, 1024);
  free_devices(&device, 1);
}

/* A failure changes nothing and leaks nothing (the address sanitizer's lane sees to that).
 */
static void naming_survives_a_lack_of_memory(void **state) {
  (void)state;
  const machine_case *test = &cases[3];
  eager_status status = EAGER_RESOURCE_EXHAUSTED;
  long failures = 0;
  for (long nth = 1; status != EAGER_OK; nth++) {
    eager__physical devices[MADE_UP_MAX];
    int count = make_devices(test->rows, NULL, devices);
    int listed = -1;
    eager__alloc_fail_after(nth);
    status = eager__name_devices(devices, count, &listed);
    eager__alloc_fail_after(-1);
    if (status == EAGER_OK) {
      assert_int_equal(listed, test->listed);
      free_devices(devices, count);
      break;
    }
    failures++;
    assert_int_equal(status, EAGER_RESOURCE_EXHAUSTED);
    assert_int_equal(listed, 0);
    for (int i = 0; i < count; i++) assert_null(devices[i].info.name);
  }
  assert_true(failures > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(machines_have_their_names),
      cmocka_unit_test(names_do_not_depend_on_the_loaders_order),
      cmocka_unit_test(platforms_of_one_name_are_ordered_by_their_devices),
      cmocka_unit_test(facts_and_traits_are_told),
      cmocka_unit_test(naming_survives_a_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
