/* ctest: timeout=180 */
/* semantics.md section 2 on the devices that are really here: names and their forms, the
 * visible list, and the default device. Tables over invented machines: tests/cl. */
#include "cl/census.h"
#include "eagercl/opencl.h"
#include "enabling.h"

static const eager_device_info *enabled(size_t index) {
  const eager_device_info *info = NULL;
  assert_ok(eager_device_get(index, &info));
  return info;
}

static eager_status enable(eager_config config) {
  return eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO);
}

/* "CPU:0, CPU:1" */
static const char *enabled_names(void) {
  char *names = test_alloc(512);
  size_t used = 0;
  for (size_t i = 0; i < eager_device_count(); i++)
    used += (size_t)snprintf(names + used, 512 - used, "%s%s", i > 0 ? ", " : "",
                             enabled(i)->short_name);
  return names;
}

/* --- Names. --- */

static const char *const type_names[] = {"CPU", "GPU", "ACCELERATOR"};

static void names_are_numbered_per_type(void **state) {
  (void)state;
  int counts[3] = {0};
  bool simulators = false;
  for (size_t i = 0; i < eager_physical_device_count(); i++) {
    const eager_device_info *info = NULL;
    assert_ok(eager_physical_device_get(i, &info));
    char short_name[32], full_name[96];
    snprintf(short_name, sizeof short_name, "%s:%d", type_names[info->type],
             counts[info->type]++);
    snprintf(full_name, sizeof full_name, FULL_NAME("%s"), short_name);
    assert_string_equal(info->short_name, short_name);
    assert_string_equal(info->name, full_name);
    if (info->is_simulator) assert_int_equal(info->type, EAGER_DEVICE_ACCELERATOR);
    assert_true(info->is_simulator || !simulators); /* they come last */
    simulators = info->is_simulator;
  }
}

static void every_form_of_a_name_finds_its_device(void **state) {
  (void)state;
  assert_ok(enable((eager_config){0}));
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info = enabled(i), *found;
    static const char *const formats[] = {"%s:%d", "/%s:%d", "/device:%s:%d",
                                          "/Job:Localhost/replica:0/task:0/DEVICE:%s:%d"};
    int number = atoi(strchr(info->short_name, ':') + 1);
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
      for (int lower = 0; lower < 2; lower++) {
        char type[16], name[96];
        snprintf(type, sizeof type, "%s", type_names[info->type]);
        for (char *c = type; lower && *c != '\0'; c++) *c = (char)(*c | 0x20);
        snprintf(name, sizeof name, formats[f], type, number);
        found = NULL;
        assert_ok(eager_device_find(name, &found));
        assert_ptr_equal(found, info);
        if (number == 0) {
          *strrchr(name, ':') = '\0'; /* CPU is CPU:0 */
          assert_ok(eager_device_find(name, &found));
          assert_ptr_equal(found, info);
        }
      }
  }
}

#define GRAMMAR                                                                            \
  ": expected GPU:0, GPU (which is GPU:0), /gpu:0, /device:GPU:0 or " FULL_NAME(           \
      "GPU:0") ", in any case, with one of the types CPU, GPU, ACCELERATOR"

/* Every public function that takes a name. */
static void expect_refused_everywhere(const char *name, eager_status status,
                                      const char *text) {
  eager_tensor *t = NULL, *copy = (eager_tensor *)&t;
  assert_ok(eager_scalar_float32(1, &t));
  eager_op *op = NULL;
  assert_ok(eager_op_new("AddV2", &op));
  const eager_device_info *info = (const eager_device_info *)&t;
  eager_memory_info memory;
  assert_fails(eager_device_find(name, &info), status, text);
  assert_null(info);
  assert_fails(eager_push_device(name), status, text);
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION,
               "eager_pop_device: no device scope is open in this thread");
  assert_fails(eager_synchronize(name), status, text);
  assert_fails(eager_get_memory_info(name, &memory), status, text);
  assert_fails(eager_reset_memory_stats(name), status, text);
  assert_fails(eager_trim_memory(name), status, text);
  assert_fails(eager_op_set_device(op, name), status, text);
  assert_fails(eager_tensor_copy_to_device(t, name, &copy), status, text);
  assert_null(copy);
  assert_fails(eager_device_cl(name, NULL, NULL, NULL), status, text);
  assert_false(eager_op_is_supported("AddV2", EAGER_FLOAT32, name));
  eager_op_release(op);
  eager_tensor_release(t);
}

static void malformed_names_are_refused_with_the_grammar(void **state) {
  (void)state;
  assert_ok(enable((eager_config){0}));
  static const char *const names[] = {
      "",     "GPU:",    "GPU:x",  "GPU:-1", "GPU:0 ",        " CPU",       "TPU:0",
      "GPU0", "//gpu:0", "GPU:00", "CPU:0,", "/device/CPU:0", "CPU:1234567"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[400];
    snprintf(text, sizeof text, "malformed device name \"%s\"" GRAMMAR, names[i]);
    expect_refused_everywhere(names[i], EAGER_INVALID_ARGUMENT, text);
  }
}

static void unknown_names_tell_what_is_available(void **state) {
  (void)state;
  assert_ok(enable((eager_config){0}));
  char text[600];
  snprintf(text, sizeof text, "GPU:42 unknown device; available: %s", enabled_names());
  expect_refused_everywhere("GPU:42", EAGER_NOT_FOUND, text);
}

static void a_device_that_is_not_visible_is_unknown(void **state) {
  (void)state;
  const eager_device_info *pthread = need_device(PTHREAD), *basic = need_device(BASIC);
  assert_ok(enable((eager_config){.visible_device_list = BASIC}));
  char text[120];
  snprintf(text, sizeof text, "%s unknown device; available: %s", pthread->short_name,
           basic->short_name);
  expect_refused_everywhere(pthread->short_name, EAGER_NOT_FOUND, text);
}

static void an_index_beyond_the_enabled_devices_is_refused(void **state) {
  (void)state;
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = PTHREAD}));
  const eager_device_info *info = (const eager_device_info *)&state;
  assert_fails(eager_device_get(1, &info), EAGER_INVALID_ARGUMENT,
               "device index 1 is out of range: 1 devices are enabled");
  assert_null(info);
}

/* --- The visible list restricts, reorders and renames. --- */

static void the_list_is_the_order(void **state) {
  (void)state;
  const eager_device_info *pthread = need_device(PTHREAD), *basic = need_device(BASIC);
  char list[96];
  bool pthread_first = strcmp(pthread->short_name, basic->short_name) < 0;
  const eager_device_info *first =
      pthread_first ? basic : pthread; /* not the usual order */
  const eager_device_info *second = pthread_first ? pthread : basic;
  snprintf(list, sizeof list, " %s ,\t/device:%s", first->short_name, second->short_name);
  assert_ok(enable((eager_config){.visible_device_list = list}));
  assert_int_equal(eager_device_count(), 2);
  assert_string_equal(enabled(0)->stable_id, first->stable_id);
  assert_string_equal(enabled(1)->stable_id, second->stable_id);
  assert_string_equal(enabled(0)->name, first->name);
  assert_string_equal(current_device(), first->name);
}

static void entries_may_rename(void **state) {
  (void)state;
  const eager_device_info *basic = need_device(BASIC);
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = PTHREAD ",GPU:0=" BASIC}));
  const eager_device_info *gpu = NULL;
  assert_ok(eager_device_find("GPU:0", &gpu));
  assert_string_equal(gpu->name, FULL_NAME("GPU:0"));
  assert_string_equal(gpu->short_name, "GPU:0");
  assert_int_equal(gpu->type, EAGER_DEVICE_GPU);
  assert_string_equal(gpu->device, basic->device);
  assert_string_equal(gpu->stable_id, basic->stable_id);
  assert_string_equal(basic->short_name, strrchr(basic->name, ':') - 3); /* untouched */
  assert_int_equal(basic->type, EAGER_DEVICE_CPU);
  /* Code that says GPU:0 runs, and the first of GPU, ACCELERATOR, CPU is the default. */
  assert_string_equal(current_device(), FULL_NAME("GPU:0"));
  eager_tensor *a = NULL, *sum = NULL;
  assert_ok(eager_scalar_float32(1.5f, &a));
  assert_ok(eager_add(a, a, &sum));
  assert_string_equal(eager_tensor_device(sum), FULL_NAME("GPU:0"));
  eager_tensor_release(a);
  eager_tensor_release(sum);
}

static void selectors_ignore_case_and_select_by_stable_id(void **state) {
  (void)state;
  const eager_device_info *basic = need_device(BASIC);
  bool has_address = strncmp(basic->stable_id, "name:", 5) != 0;
  assert_ok(enable(
      (eager_config){.visible_device_list =
                         has_address ? basic->stable_id : "pORTABLE cOMPUTING/BASIC-"}));
  assert_int_equal(eager_device_count(), 1);
  assert_string_equal(enabled(0)->device, basic->device);
}

static void wrong_lists_are_refused_and_nothing_is_enabled(void **state) {
  (void)state;
  const eager_device_info *pthread = need_device(PTHREAD), *basic = need_device(BASIC);
  char twice[160], names[200];
  snprintf(twice, sizeof twice, "visible device list: %s/%s is listed twice",
           basic->platform, basic->device);
  snprintf(names, sizeof names,
           "visible device list: the name GPU:0 is given twice, to %s/%s and to ",
           pthread->platform, pthread->device);
  const struct {
    const char *list;
    eager_status status;
    const char *text;
  } rows[] = {
      {"Portable/no such", EAGER_NOT_FOUND,
       "visible device list: no device matches \"Portable/no such\"; available: "},
      {BASIC ",Portable/no such", EAGER_NOT_FOUND, "no device matches"},
      {"GPU:0=No such/device", EAGER_NOT_FOUND, "no device matches \"No such/device\""},
      {"GPU:42", EAGER_NOT_FOUND,
       "visible device list: GPU:42 unknown device; available: "},
      {"pci:ffff:ff:1f.7", EAGER_NOT_FOUND, "no device matches"},
      {"uuid:00", EAGER_NOT_FOUND, "no device matches"},
      {"Portable/c", EAGER_INVALID_ARGUMENT,
       "visible device list: \"Portable/c\" is ambiguous: it matches "},
      {BASIC "," BASIC, EAGER_INVALID_ARGUMENT, twice},
      {BASIC ",GPU:1=" BASIC, EAGER_INVALID_ARGUMENT, twice},
      {"GPU:0=" PTHREAD ",GPU=" BASIC, EAGER_INVALID_ARGUMENT, names},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_fails_like(enable((eager_config){.visible_device_list = rows[i].list}),
                      rows[i].status, rows[i].text);
  assert_int_equal(eager_device_count(), 0);
  assert_ok(enable((eager_config){.visible_device_list = BASIC}));
}

/* --- Default device. --- */

static void a_simulator_is_not_the_default(void **state) {
  (void)state;
  need_device(SIMULATOR);
  need_device(PTHREAD);
  /* Its type comes before CPU, its place before the other's. */
  assert_ok(enable((eager_config){.visible_device_list = SIMULATOR "," PTHREAD}));
  const eager_device_info *simulator = enabled(0), *other = enabled(1);
  assert_int_equal(simulator->type, EAGER_DEVICE_ACCELERATOR);
  assert_true(simulator->is_simulator);
  assert_string_equal(current_device(), other->name);
}

static void a_simulator_renamed_gpu_is_not_the_default(void **state) {
  (void)state;
  need_device(SIMULATOR);
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = "GPU:0=" SIMULATOR "," PTHREAD}));
  assert_string_equal(current_device(), enabled(1)->name);
}

static void a_simulator_can_be_asked_for(void **state) {
  (void)state;
  const eager_device_info *simulator = need_device(SIMULATOR);
  assert_ok(enable((eager_config){.default_device = simulator->short_name}));
  assert_string_equal(current_device(), simulator->name);
}

/* Nothing else is enabled: listing it by name was asking for it. */
static void a_simulator_alone_is_the_default(void **state) {
  (void)state;
  need_device(SIMULATOR);
  assert_ok(enable((eager_config){.visible_device_list = SIMULATOR}));
  assert_string_equal(current_device(), enabled(0)->name);
}

static void the_default_is_no_simulator_but_the_first_of_the_best_type(void **state) {
  (void)state;
  static const eager_device_type order[] = {EAGER_DEVICE_GPU, EAGER_DEVICE_ACCELERATOR,
                                            EAGER_DEVICE_CPU};
  assert_ok(enable((eager_config){0}));
  const char *expected = NULL;
  for (int k = 0; k < 3; k++)
    for (size_t i = 0; i < eager_device_count() && expected == NULL; i++)
      if (enabled(i)->type == order[k] && !enabled(i)->is_simulator)
        expected = enabled(i)->name;
  if (expected == NULL) test_skip("only simulators here");
  assert_string_equal(current_device(), expected);
}

static void an_accelerator_comes_before_a_cpu(void **state) {
  (void)state;
  need_device(BASIC);
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = PTHREAD ",ACCELERATOR:2=" BASIC}));
  assert_string_equal(current_device(), FULL_NAME("ACCELERATOR:2"));
}

static void a_gpu_comes_before_an_accelerator(void **state) {
  (void)state;
  need_device(BASIC);
  need_device(PTHREAD);
  assert_ok(enable(
      (eager_config){.visible_device_list = "ACCELERATOR:0=" BASIC ",GPU:7=" PTHREAD}));
  assert_string_equal(current_device(), FULL_NAME("GPU:7"));
}

static void the_default_device_can_be_chosen_in_any_form(void **state) {
  (void)state;
  need_device(BASIC);
  need_device(PTHREAD);
  assert_ok(enable((eager_config){.visible_device_list = "GPU:0=" BASIC ",CPU:1=" PTHREAD,
                                  .default_device = "/Device:cpu:1"}));
  assert_string_equal(current_device(), FULL_NAME("CPU:1"));
}

/* --- Contexts. --- */

static cl_context context_of(size_t index) {
  cl_context context = NULL;
  assert_ok(eager_device_cl(enabled(index)->short_name, &context, NULL, NULL));
  return context;
}

static void a_platform_has_one_context_made_at_the_first_use(void **state) {
  (void)state;
  need_device(PTHREAD);
  need_device(BASIC);
  need_device(RUSTICL);
  assert_ok(enable((eager_config){.visible_device_list = PTHREAD "," RUSTICL "," BASIC}));
  assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 0);
  cl_context pocl = context_of(0);
  assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 1);
  assert_ptr_equal(context_of(2), pocl);
  assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 1);
  assert_ptr_not_equal(context_of(1), pocl);
  assert_int_equal(eager__census(EAGER__OBJECT_CONTEXT), 2);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest together[] = {
      ROW(names_are_numbered_per_type),
      ROW(every_form_of_a_name_finds_its_device),
      ROW(malformed_names_are_refused_with_the_grammar),
      ROW(unknown_names_tell_what_is_available),
      ROW(the_default_is_no_simulator_but_the_first_of_the_best_type),
  };
  const struct CMUnitTest tests[] = {
      ROW(a_device_that_is_not_visible_is_unknown),
      ROW(an_index_beyond_the_enabled_devices_is_refused),
      ROW(the_list_is_the_order),
      ROW(entries_may_rename),
      ROW(selectors_ignore_case_and_select_by_stable_id),
      ROW(wrong_lists_are_refused_and_nothing_is_enabled),
      ROW(a_simulator_is_not_the_default),
      ROW(a_simulator_renamed_gpu_is_not_the_default),
      ROW(a_simulator_can_be_asked_for),
      ROW(a_simulator_alone_is_the_default),
      ROW(an_accelerator_comes_before_a_cpu),
      ROW(a_gpu_comes_before_an_accelerator),
      ROW(the_default_device_can_be_chosen_in_any_form),
      ROW(a_platform_has_one_context_made_at_the_first_use),
  };
  return both_groups(
      test_main("runtime/names_live", together, sizeof together / sizeof *together),
      test_main_each("runtime/names_live, a process each", tests,
                     sizeof tests / sizeof *tests));
}
