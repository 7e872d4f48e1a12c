/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "cl/machines.h"
#include "cl/select.h"

#define POCL "Portable Computing Language"
#define FULL "/job:localhost/replica:0/task:0/device:"

/* --- Names. --- */

static void accepted_names_are_parsed(void **state) {
  (void)state;
  static const struct {
    const char *text;
    eager_device_type type;
    int index;
  } rows[] = {
      {"GPU:0", EAGER_DEVICE_GPU, 0},
      {"gpu:0", EAGER_DEVICE_GPU, 0},
      {"GPU", EAGER_DEVICE_GPU, 0},
      {"Cpu", EAGER_DEVICE_CPU, 0},
      {"/gpu:0", EAGER_DEVICE_GPU, 0},
      {"/CPU:12", EAGER_DEVICE_CPU, 12},
      {"/device:GPU:0", EAGER_DEVICE_GPU, 0},
      {"/DEVICE:accelerator:3", EAGER_DEVICE_ACCELERATOR, 3},
      {"/device:CPU", EAGER_DEVICE_CPU, 0},
      {FULL "GPU:7", EAGER_DEVICE_GPU, 7},
      {"/JOB:LOCALHOST/REPLICA:0/TASK:0/DEVICE:CPU:1", EAGER_DEVICE_CPU, 1},
      {"GPU:999999", EAGER_DEVICE_GPU, 999999},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    eager__device_name name = {EAGER_DEVICE_CPU, -1};
    assert_int_equal(eager__parse_device_name(rows[i].text, &name), EAGER_OK);
    assert_int_equal(name.type, rows[i].type);
    assert_int_equal(name.index, rows[i].index);
  }
}

#define GRAMMAR                                                                            \
  ": expected GPU:0, GPU (which is GPU:0), /gpu:0, /device:GPU:0 or " FULL                 \
  "GPU:0, in any case, with one of the types CPU, GPU, ACCELERATOR"

static void malformed_names_show_the_grammar(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      " ",
      "GPU:",
      "GPU:-1",
      "GPU:x",
      "GPU:0x",
      "GPU:00",
      "GPU:01",
      "GPU:+1",
      "GPU: 0",
      "GPU:0 ",
      " GPU:0",
      "GPU0",
      "GPU/0",
      "TPU:0",
      "//gpu:0",
      "/device:",
      "device:GPU:0",
      "/gpu:0/x",
      "GPU:0,CPU",
      "GPU:1234567",
      "/job:localhost/replica:0/task:0/gpu:0",
      "/job:worker/replica:0/task:0/device:GPU:0",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    eager__device_name name = {EAGER_DEVICE_ACCELERATOR, 5};
    char text[400];
    snprintf(text, sizeof text, "malformed device name \"%s\"%s", rows[i], GRAMMAR);
    assert_int_equal(eager__parse_device_name(rows[i], &name), EAGER_INVALID_ARGUMENT);
    assert_string_equal(eager_error_message(), text);
    assert_int_equal(name.type, EAGER_DEVICE_ACCELERATOR);
    assert_int_equal(name.index, 5);
  }
  eager__device_name name;
  assert_int_equal(eager__parse_device_name(NULL, &name), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(), "malformed device name NULL" GRAMMAR);
}

static void names_are_written(void **state) {
  (void)state;
  char short_name[EAGER__SHORT_NAME], full_name[EAGER__FULL_NAME];
  const eager__device_name name = {EAGER_DEVICE_ACCELERATOR, 999999};
  eager__format_short_name(name, short_name);
  eager__format_full_name(name, full_name);
  assert_string_equal(short_name, "ACCELERATOR:999999");
  assert_string_equal(full_name, FULL "ACCELERATOR:999999");
}

/* --- Visible device lists. --- */

/* GPU:0 and its view under PoCL, GPU:1 with a UUID only, two CPUs of PoCL, a simulator. */
static const made_up rows[] = {
    {"NVIDIA CUDA", "H200", GPU, 59, 1},
    {"Zeta", "Card", GPU, -1, 171},
    {POCL, "CUDA-H200", GPU, 59, -1},
    {POCL, "basic-x", CPU, -1, -1},
    {POCL, "pthread-x", CPU, -1, -1},
    {"Oclgrind", "Simulator", CPU | GPU | ACCELERATOR, -1, -1},
    {NULL, NULL, 0, -1, -1},
};

static eager__physical devices[MADE_UP_MAX];
static eager__machine machine = {.devices = devices};

static int set_up(void **state) {
  (void)state;
  machine.device_count = make_devices(rows, NULL, devices);
  return eager__name_devices(devices, machine.device_count, &machine.listed_count) !=
         EAGER_OK;
}

static int tear_down(void **state) {
  (void)state;
  free_devices(devices, machine.device_count);
  return 0;
}

static void lists_are_resolved_in_their_order(void **state) {
  (void)state;
  static const struct {
    const char *list, *result;
  } lists[] = {
      {NULL,
       "GPU:0=H200 GPU:1=Card CPU:0=basic-x CPU:1=pthread-x ACCELERATOR:0=Simulator "},
      {"", "GPU:0=H200 GPU:1=Card CPU:0=basic-x CPU:1=pthread-x ACCELERATOR:0=Simulator "},
      {"CPU:1", "CPU:1=pthread-x "},
      {"CPU:1,GPU:0", "CPU:1=pthread-x GPU:0=H200 "},
      {" cpu , /gpu:1\t,/device:ACCELERATOR:0",
       "CPU:0=basic-x GPU:1=Card ACCELERATOR:0=Simulator "},
      {FULL "CPU:1", "CPU:1=pthread-x "},
      {"GPU:0=Portable/basic", "GPU:0=basic-x "},
      {"GPU:0=CPU:1,CPU:0=GPU:0", "GPU:0=pthread-x CPU:0=H200 "},
      {"cpu:1=cpu:0,cpu:0=cpu:1", "CPU:1=basic-x CPU:0=pthread-x "},
      {"/gpu:3=oclgrind/simul", "GPU:3=Simulator "},
      {"nvidia/H200", "GPU:0=H200 "},
      {"portable/h200", "GPU:0=CUDA-H200 "}, /* the loser of a merge */
      {"GPU:0,GPU:5=portable/cuda", "GPU:0=H200 GPU:5=CUDA-H200 "},
      {"pci:0000:3B:00.0", "GPU:0=H200 "}, /* the preferred view */
      {"uuid:abababab-abab-abab-abab-ABABABABABAB", "GPU:1=Card "},
      {"CPU:9=uuid:abababababababababababababababab", "CPU:9=Card "},
  };
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    eager__selected *selected = NULL;
    int count = -1;
    char result[300] = "", name[EAGER__SHORT_NAME];
    assert_int_equal(eager__select_devices(&machine, lists[i].list, &selected, &count),
                     EAGER_OK);
    for (int k = 0; k < count; k++) {
      eager__format_short_name(selected[k].name, name);
      size_t used = strlen(result);
      snprintf(result + used, sizeof result - used, "%s=%s ", name,
               selected[k].physical->info.device);
    }
    assert_string_equal(result, lists[i].result);
    eager__free(selected);
  }
}

#define ENTRY                                                                              \
  ": expected a name such as GPU:0, <platform substring>/<device substring>, "             \
  "pci:<address> or uuid:<digits>, each optionally behind <name>="
#define ALL                                                                                \
  "; available: GPU:0 (NVIDIA CUDA/H200), GPU:1 (Zeta/Card), CPU:0 (" POCL                 \
  "/basic-x), CPU:1 (" POCL                                                                \
  "/pthread-x), ACCELERATOR:0 (Oclgrind/Simulator), GPU:0 (" POCL "/CUDA-H200)"

static void wrong_lists_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *list;
    eager_status status;
    const char *message;
  } lists[] = {
      {"GPU:42", EAGER_NOT_FOUND,
       "visible device list: GPU:42 unknown device; available: GPU:0, GPU:1, CPU:0, CPU:1, "
       "ACCELERATOR:0"},
      {"GPU:0=/gpu:2", EAGER_NOT_FOUND,
       "visible device list: GPU:2 unknown device; available: GPU:0, GPU:1, CPU:0, CPU:1, "
       "ACCELERATOR:0"},
      {"CPU:0,rusticl/llvmpipe", EAGER_NOT_FOUND,
       "visible device list: no device matches \"rusticl/llvmpipe\"" ALL},
      {"pci:0000:3c:00.0", EAGER_NOT_FOUND,
       "visible device list: no device matches \"pci:0000:3c:00.0\"" ALL},
      {"uuid:abababab", EAGER_NOT_FOUND,
       "visible device list: no device matches \"uuid:abababab\"" ALL},
      {"Portable/-x", EAGER_INVALID_ARGUMENT,
       "visible device list: \"Portable/-x\" is ambiguous: it matches CPU:0 (" POCL
       "/basic-x), CPU:1 (" POCL "/pthread-x)"},
      {"a/H200", EAGER_INVALID_ARGUMENT,
       "visible device list: \"a/H200\" is ambiguous: it matches GPU:0 (NVIDIA CUDA/H200), "
       "GPU:0 (" POCL "/CUDA-H200)"},
      {"GPU:0,CPU:0,gpu", EAGER_INVALID_ARGUMENT,
       "visible device list: NVIDIA CUDA/H200 is listed twice"},
      {"GPU:0,CPU:5=nvidia/h200", EAGER_INVALID_ARGUMENT,
       "visible device list: NVIDIA CUDA/H200 is listed twice"},
      {"CPU:0,CPU:0=CPU:1", EAGER_INVALID_ARGUMENT,
       "visible device list: the name CPU:0 is given twice, to " POCL
       "/basic-x and to " POCL "/pthread-x; rename one with <name>="},
      {"GPU:0,Portable/CUDA", EAGER_INVALID_ARGUMENT,
       "visible device list: the name GPU:0 is given twice, to NVIDIA CUDA/H200 and "
       "to " POCL "/CUDA-H200; rename one with <name>="},
      {"CPU:0,", EAGER_INVALID_ARGUMENT, "visible device list: malformed entry \"\"" ENTRY},
      {" ", EAGER_INVALID_ARGUMENT, "visible device list: malformed entry \"\"" ENTRY},
      {"GPU:0=", EAGER_INVALID_ARGUMENT, "visible device list: malformed entry \"\"" ENTRY},
      {"0", EAGER_INVALID_ARGUMENT, "visible device list: malformed entry \"0\"" ENTRY},
      {"GPU:x", EAGER_INVALID_ARGUMENT,
       "visible device list: malformed entry \"GPU:x\"" ENTRY},
      {"/basic", EAGER_INVALID_ARGUMENT,
       "visible device list: malformed entry \"/basic\"" ENTRY},
      {"Portable/", EAGER_INVALID_ARGUMENT,
       "visible device list: malformed entry \"Portable/\"" ENTRY},
      {"pci:", EAGER_INVALID_ARGUMENT,
       "visible device list: malformed entry \"pci:\"" ENTRY},
      {"TPU:0=CPU:0", EAGER_INVALID_ARGUMENT, "malformed device name \"TPU:0\"" GRAMMAR},
  };
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    eager__selected *selected = (eager__selected *)&machine;
    int count = -1;
    assert_int_equal(eager__select_devices(&machine, lists[i].list, &selected, &count),
                     lists[i].status);
    assert_string_equal(eager_error_message(), lists[i].message);
    assert_null(selected);
    assert_int_equal(count, 0);
  }
}

static void a_bare_machine_offers_nothing(void **state) {
  (void)state;
  const eager__machine bare = {0};
  eager__selected *selected = NULL;
  int count = -1;
  assert_int_equal(eager__select_devices(&bare, NULL, &selected, &count), EAGER_OK);
  assert_int_equal(count, 0);
  assert_null(selected);
  assert_int_equal(eager__select_devices(&bare, "GPU", &selected, &count), EAGER_NOT_FOUND);
  assert_string_equal(eager_error_message(),
                      "visible device list: GPU:0 unknown device; available: none");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepted_names_are_parsed),
      cmocka_unit_test(malformed_names_show_the_grammar),
      cmocka_unit_test(names_are_written),
      cmocka_unit_test(lists_are_resolved_in_their_order),
      cmocka_unit_test(wrong_lists_are_refused),
      cmocka_unit_test(a_bare_machine_offers_nothing),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
