/* ctest: devices=all labels=threaded timeout=120 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/launch.h"
#include "cl/memory.h"
#include "cl/staging.h"
#include "cl_devices.h"

static void write_tiny(eager_dtype dtype, eager__strbuf *source) {
  (void)dtype;
  eager__strbuf_add(source, "__kernel void add_to(__global int *x, int n, int y) {\n"
                            "  int i = get_global_id(0);\n"
                            "  if (i < n) x[i] += y;\n"
                            "}\n"
                            "__kernel void backwards(__global int *x, __local int *w) {\n"
                            "  int i = get_local_id(0), n = get_local_size(0);\n"
                            "  w[n - 1 - i] = x[i];\n"
                            "  barrier(CLK_LOCAL_MEM_FENCE);\n"
                            "  x[i] = w[i];\n"
                            "}\n");
}

static void write_nonsense(eager_dtype dtype, eager__strbuf *source) {
  (void)dtype;
  eager__strbuf_add(source, "__kernel void broken(__global int *x) {\n"
                            "  x[0] = no_such_function_anywhere(1);\n"
                            "}\n");
}

static const eager__family tiny = {.name = "tiny", .write_tail = write_tiny};
static const eager__family other = {.name = "other", .write_head = write_tiny};
static const eager__family nonsense = {.name = "nonsense", .write_tail = write_nonsense};
static const eager__family absent = {.name = "absent", .files = {"no_such_file"}};

static void check(eager_status status) {
  if (status != EAGER_OK) fail_msg("%s", eager_error_message());
}

static eager__kernel *get(const char *name) {
  eager__kernel *kernel;
  check(eager__kernel_get(devices.lane, &tiny, EAGER_INT32, name, &kernel));
  return kernel;
}

static eager__arg int_arg(int value) {
  eager__arg arg = {.kind = EAGER__ARG_VALUE, .size = sizeof value};
  memcpy(&arg.as.bits, &value, sizeof value);
  return arg;
}

static eager__arg mem_arg(const eager__memory *memory) {
  return (eager__arg){.kind = EAGER__ARG_MEM, .as.mem = memory->mem};
}

/* Launches once and waits. */
static eager_status run(eager__kernel *kernel, size_t global, size_t local,
                        const eager__arg *args, int arg_count, const uint8_t *bytes) {
  eager__timeline *compute = &devices.lane->compute;
  eager__grid grid = {1, {global}, {local}};
  eager__event *event = NULL;
  eager__timeline_lock(compute);
  eager_status status =
      eager__launch_kernel(devices.lane, kernel, &grid, args, arg_count, bytes, -1, &event);
  uint64_t seq = eager__timeline_commit(compute, event != NULL);
  eager__timeline_unlock(compute);
  if (event) eager__timeline_finish(compute, seq, event);
  return status;
}

static void a_kernel_runs_behind_a_staged_write(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  int32_t values[COUNT], n = COUNT;
  eager__memory memory;
  uint64_t seq;
  for (int i = 0; i < COUNT; i++) values[i] = i;
  check(eager__memory_create(devices.lane, sizeof values, &memory));
  check(eager__staging_write(devices.lane, memory.mem, 0, values, sizeof values, &seq));
  eager__arg args[] = {mem_arg(&memory), int_arg(n), int_arg(41)};
  check(run(get("add_to"), 1024, 16, args, 3, NULL));
  check(eager__memory_read(devices.lane, memory.mem, 0, values, sizeof values));
  for (int i = 0; i < COUNT; i++) assert_int_equal(values[i], i + 41);
  eager__memory_release(devices.lane, &memory);
}

static void local_memory_and_exact_groups_work(void **state) {
  (void)state;
  int32_t values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  eager__memory memory;
  check(eager__memory_create(devices.lane, sizeof values, &memory));
  check(eager__memory_write(devices.lane, memory.mem, 0, values, sizeof values));
  eager__arg args[] = {mem_arg(&memory), {.kind = EAGER__ARG_LOCAL, .size = sizeof values}};
  check(run(get("backwards"), 8, 8, args, 2, NULL));
  check(eager__memory_read(devices.lane, memory.mem, 0, values, sizeof values));
  for (int i = 0; i < 8; i++) assert_int_equal(values[i], 8 - i);
  eager__memory_release(devices.lane, &memory);
}

static void an_empty_grid_launches_nothing(void **state) {
  (void)state;
  check(run(get("add_to"), 0, 16, NULL, 0, NULL));
}

static void a_group_too_large_is_refused(void **state) {
  (void)state;
  eager__kernel *kernel = get("backwards");
  size_t local = eager__kernel_max_local_size(kernel) + 1;
  assert_true(local > 1);
  assert_int_equal(run(kernel, local, local, NULL, 0, NULL), EAGER_INTERNAL);
  assert_non_null(strstr(eager_error_message(), "kernel backwards on "));
}

static void too_much_local_memory_is_refused(void **state) {
  (void)state;
  eager__device *device = devices.lane;
  uint64_t real = device->info.local_memory;
  device->info.local_memory = 16;
  eager__arg arg = {.kind = EAGER__ARG_LOCAL, .size = 17};
  assert_int_equal(run(get("backwards"), 8, 8, &arg, 1, NULL), EAGER_INTERNAL);
  device->info.local_memory = real;
  assert_non_null(strstr(eager_error_message(), "17 bytes of local memory"));
}

static void a_name_is_one_kernel_wherever_its_text_lies(void **state) {
  (void)state;
  static const char here[] = "add_to", there[] = "add_to";
  eager__kernel *kernel = get(here);
  assert_ptr_equal(get(there), kernel);
  assert_ptr_equal(get(here), kernel);
  assert_string_equal(eager__kernel_name(kernel), "add_to");
  assert_ptr_not_equal(get("backwards"), kernel);
  eager__kernel *unlike;
  check(eager__kernel_get(devices.lane, &tiny, EAGER_FLOAT32, here, &unlike));
  assert_ptr_not_equal(unlike, kernel);
  check(eager__kernel_get(devices.lane, &other, EAGER_INT32, here, &unlike));
  assert_ptr_not_equal(unlike, kernel);
}

/* More rows than the first table holds. */
static void many_addresses_of_one_name_are_found(void **state) {
  (void)state;
  enum { COUNT = 700 };
  static char names[COUNT][8];
  eager__kernel *kernel = get("add_to");
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < COUNT; i++) {
      strcpy(names[i], "add_to");
      assert_ptr_equal(get(names[i]), kernel);
    }
}

static void a_failed_build_shows_the_log(void **state) {
  (void)state;
  eager__kernel *kernel;
  int64_t before = eager__census_total();
  assert_int_equal(
      eager__kernel_get(devices.lane, &nonsense, EAGER_INT32, "broken", &kernel),
      EAGER_INTERNAL);
  assert_null(kernel);
  assert_non_null(strstr(eager_error_message(),
                         "building the kernels of nonsense for int32 failed on "));
  assert_non_null(strstr(eager_error_message(), "no_such_function_anywhere"));
  assert_int_not_equal(eager_error_cl_code(), 0);
  assert_int_equal(eager__census_total(), before);
}

static void a_missing_file_or_kernel_is_named(void **state) {
  (void)state;
  eager__kernel *kernel;
  assert_int_equal(eager__kernel_get(devices.lane, &absent, EAGER_INT32, "x", &kernel),
                   EAGER_INTERNAL);
  assert_non_null(strstr(eager_error_message(), "no_such_file.cl"));
  assert_int_equal(eager__kernel_get(devices.lane, &tiny, EAGER_INT32, "nobody", &kernel),
                   EAGER_INTERNAL);
  assert_non_null(strstr(eager_error_message(), "nobody"));
  assert_null(kernel);
  assert_non_null(get("add_to"));
}

static eager__family shared = {.name = "shared", .write_tail = write_tiny};

static void *get_shared(void *unused) {
  (void)unused;
  eager__kernel *kernel;
  if (eager__kernel_get(devices.lane, &shared, EAGER_INT32, "add_to", &kernel) != EAGER_OK)
    return NULL;
  return kernel;
}

static void threads_build_a_program_once(void **state) {
  (void)state;
  enum { THREADS = 8 };
  pthread_t threads[THREADS];
  void *kernels[THREADS];
  int64_t before = eager__census(EAGER__OBJECT_PROGRAM);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, get_shared, NULL), 0);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], &kernels[i]), 0);
  for (int i = 0; i < THREADS; i++) {
    assert_non_null(kernels[i]);
    assert_ptr_equal(kernels[i], kernels[0]);
  }
  assert_int_equal(eager__census(EAGER__OBJECT_PROGRAM), before + 1);
}

/* --- The text --- */

static char *source_of(const eager__traits *traits, bool has_float64, eager_dtype dtype) {
  char *source;
  check(eager__program_source(traits, has_float64, &tiny, dtype, &source));
  return source;
}

static void the_defines_tell_dtype_and_device(void **state) {
  (void)state;
  eager__traits traits = {
      .cpu_like = true, .slow_fma = true, .vector_width = 16, .max_local_size = 256};
  char *source = source_of(&traits, true, EAGER_FLOAT16);
  static const char *const lines[] = {
      "#define T ushort\n",   "#define A float\n",          "#define T_SIZE 2\n",
      "#define IS_FLOAT 1\n", "#define IS_INT 0\n",         "#define DTYPE_FLOAT16 1\n",
      "#define HAS_FP64 1\n", "#define DTYPE_BFLOAT16 0\n", "#define V 16\n",
      "#define CPU_LIKE 1\n", "#define SLOW_FMA 1\n",       "__kernel void add_to(",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    assert_non_null(strstr(source, lines[i]));
  eager__free(source);
}

static void float64_without_arithmetic_is_eight_bytes(void **state) {
  (void)state;
  eager__traits traits = {.vector_width = 4, .max_local_size = 1};
  char *without = source_of(&traits, false, EAGER_FLOAT64);
  assert_non_null(strstr(without, "#define T ulong\n"));
  assert_non_null(strstr(without, "#define IS_FLOAT 0\n"));
  char *with = source_of(&traits, true, EAGER_FLOAT64);
  assert_non_null(strstr(with, "#define T double\n"));
  assert_non_null(strstr(with, "#define DTYPE_FLOAT64 1\n"));
  eager__free(without);
  eager__free(with);
}

/* --- EAGERCL_KERNEL_DIR --- */

static const eager__family filed = {
    .name = "filed", .files = {"moves", "fill"}, .write_tail = write_tiny};

static eager_status filed_source(char **out) {
  eager__traits traits = {.vector_width = 4, .max_local_size = 64};
  return eager__program_source(&traits, true, &filed, EAGER_FLOAT32, out);
}

static int without_kernel_dir(void **state) {
  (void)state;
  return unsetenv("EAGERCL_KERNEL_DIR");
}

static void the_source_tree_has_the_embedded_text(void **state) {
  (void)state;
  const char *root = getenv("EAGERCL_TEST_SOURCES");
  if (root == NULL) {
    print_message("EAGERCL_TEST_SOURCES is not set; ctest sets it\n");
    skip();
  }
  char folder[1024], *embedded, *read;
  snprintf(folder, sizeof folder, "%s/cl_kernels", root);
  check(filed_source(&embedded));
  assert_int_equal(setenv("EAGERCL_KERNEL_DIR", folder, 1), 0);
  check(filed_source(&read));
  assert_non_null(strstr(embedded, "__kernel void add_to("));
  assert_string_equal(read, embedded);
  eager__free(read);
  eager__free(embedded);
}

static void an_empty_kernel_folder_is_told(void **state) {
  (void)state;
  char folder[] = "/tmp/eagercl-kernels-XXXXXX", text[128], *source = folder;
  assert_non_null(mkdtemp(folder));
  assert_int_equal(setenv("EAGERCL_KERNEL_DIR", folder, 1), 0);
  eager_status status = filed_source(&source);
  assert_int_equal(rmdir(folder), 0);
  assert_int_equal(status, EAGER_INTERNAL);
  assert_null(source);
  snprintf(text, sizeof text, "EAGERCL_KERNEL_DIR: cannot open %s/prelude.cl", folder);
  assert_string_equal(eager_error_message(), text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_kernel_runs_behind_a_staged_write),
      cmocka_unit_test(local_memory_and_exact_groups_work),
      cmocka_unit_test(an_empty_grid_launches_nothing),
      cmocka_unit_test(a_group_too_large_is_refused),
      cmocka_unit_test(too_much_local_memory_is_refused),
      cmocka_unit_test(a_name_is_one_kernel_wherever_its_text_lies),
      cmocka_unit_test(many_addresses_of_one_name_are_found),
      cmocka_unit_test(a_failed_build_shows_the_log),
      cmocka_unit_test(a_missing_file_or_kernel_is_named),
      cmocka_unit_test(threads_build_a_program_once),
      cmocka_unit_test(the_defines_tell_dtype_and_device),
      cmocka_unit_test(float64_without_arithmetic_is_eight_bytes),
      cmocka_unit_test_teardown(the_source_tree_has_the_embedded_text, without_kernel_dir),
      cmocka_unit_test_teardown(an_empty_kernel_folder_is_told, without_kernel_dir),
  };
  if (eager__program_cache_configure("") != EAGER_OK) return 1;
  int code = test_devices_open();
  if (code != 0) return code;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  return test_devices_close() != 0 || eager__program_cache_configure(NULL) != EAGER_OK
             ? 1
             : failed;
}
