/* ctest: devices=all timeout=120 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cl/build.h"
#include "cl/cache.h"
#include "cl/launch.h"
#include "cl/memory.h"
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

static void check(eager_status status) {
  if (status != EAGER_OK) fail_msg("%s", eager_error_message());
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

static char folder[64];
static bool pays;

static bool first_file(char path[512]) {
  DIR *listing = opendir(folder);
  bool found = false;
  for (struct dirent *entry; listing != NULL && !found && (entry = readdir(listing));) {
    found = entry->d_name[0] != '.';
    if (found) snprintf(path, 512, "%s/%s", folder, entry->d_name);
  }
  if (listing != NULL) closedir(listing);
  return found;
}

/* Also where it does not pay: every driver's binaries must come back right. */
static int open_cache(void **state) {
  (void)state;
  strcpy(folder, "/tmp/eagercl-build-XXXXXX");
  pays = devices.lane->traits.disk_cache;
  devices.lane->traits.disk_cache = true;
  return mkdtemp(folder) == NULL || eager__program_cache_configure(folder) != EAGER_OK;
}

static int close_cache(void **state) {
  (void)state;
  char path[512];
  devices.lane->traits.disk_cache = pays;
  chmod(folder, S_IRWXU);
  while (first_file(path) && unlink(path) == 0) continue;
  return rmdir(folder) != 0 || eager__program_cache_configure("") != EAGER_OK;
}

static void use(eager__family *family) {
  eager__kernel *kernel;
  check(eager__kernel_get(devices.lane, family, EAGER_INT32, "add_to", &kernel));
  int32_t value = 1;
  eager__memory memory;
  check(eager__memory_create(devices.lane, sizeof value, &memory));
  check(eager__memory_write(devices.lane, memory.mem, 0, &value, sizeof value));
  eager__arg args[] = {mem_arg(&memory), int_arg(1), int_arg(6)};
  check(run(kernel, 1, 1, args, 3, NULL));
  check(eager__memory_read(devices.lane, memory.mem, 0, &value, sizeof value));
  assert_int_equal(value, 7);
  eager__memory_release(devices.lane, &memory);
}

static bool is_on_disk(const eager__family *family) {
  eager__built built;
  check(eager__build(devices.lane, family, EAGER_INT32, false, &built));
  bool is_cached = built.is_cached;
  eager__build_release(devices.lane, &built);
  return is_cached;
}

/* Families of one text: each is a program of its own in memory, and the same on disk. */
static eager__family copies[4] = {
    {.name = "copy", .write_tail = write_tiny},
    {.name = "copy", .write_tail = write_tiny},
    {.name = "copy", .write_tail = write_tiny},
    {.name = "copy", .write_tail = write_tiny},
};

static void a_program_comes_back_from_disk(void **state) {
  (void)state;
  char path[512];
  assert_false(is_on_disk(&copies[0]));
  assert_false(first_file(path)); /* only a kernel completes it */
  use(&copies[0]);
  assert_true(first_file(path));
  assert_true(is_on_disk(&copies[1]));
  use(&copies[1]);
}

static void a_damaged_binary_is_built_anew(void **state) {
  (void)state;
  char path[512];
  use(&copies[2]);
  assert_true(first_file(path));
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  int file = open(path, O_RDWR);
  unsigned char byte;
  assert_int_equal(pread(file, &byte, 1, info.st_size / 2), 1);
  byte ^= 1;
  assert_int_equal(pwrite(file, &byte, 1, info.st_size / 2), 1);
  close(file);
  assert_false(is_on_disk(&copies[3]));
  use(&copies[3]);
  assert_true(first_file(path));
  assert_int_equal(truncate(path, info.st_size / 2), 0);
  assert_false(is_on_disk(&copies[3]));
}

/* What the driver itself refuses, under a right head. */
static void a_useless_binary_is_built_anew(void **state) {
  (void)state;
  if (strstr(devices.lane->info.platform, "rusticl") != NULL) {
    print_message("skipped: rusticl ends the process on a binary it cannot read\n");
    skip();
  }
  static eager__family family = {.name = "useless", .write_head = write_tiny};
  eager__built built;
  check(eager__build(devices.lane, &family, EAGER_INT32, false, &built));
  assert_non_null(built.key);
  eager__cache_store(built.key, "this is no binary of any driver", 31);
  eager__build_release(devices.lane, &built);
  assert_false(is_on_disk(&family));
  use(&family);
  assert_true(is_on_disk(&family));
}

static void a_folder_that_cannot_be_used_does_no_harm(void **state) {
  (void)state;
  static eager__family families[2] = {{.name = "a", .write_head = write_tiny},
                                      {.name = "b", .write_head = write_tiny}};
  char path[512];
  assert_int_equal(chmod(folder, 0777), 0);
  use(&families[0]);
  assert_false(is_on_disk(&families[0]));
  assert_false(first_file(path));
  assert_int_equal(eager__program_cache_configure("/proc/nowhere/at/all"), EAGER_OK);
  use(&families[1]);
}

#define CACHED(name) cmocka_unit_test_setup_teardown(name, open_cache, close_cache)

int main(void) {
  const struct CMUnitTest tests[] = {
      CACHED(a_program_comes_back_from_disk),
      CACHED(a_damaged_binary_is_built_anew),
      CACHED(a_useless_binary_is_built_anew),
      CACHED(a_folder_that_cannot_be_used_does_no_harm),
  };
  if (eager__program_cache_configure("") != EAGER_OK) return 1;
  int code = test_devices_open();
  if (code != 0) return code;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  return test_devices_close() != 0 || eager__program_cache_configure(NULL) != EAGER_OK
             ? 1
             : failed;
}
