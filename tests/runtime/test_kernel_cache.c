/* ctest: timeout=180 */
/* semantics.md section 1, kernel_cache_dir: which folder holds the built kernels, and that
 * the next process takes them from there. One by one: tests/cl/test_cache.c
 * and test_cache_hostile.c. Each use of the library is this program run again, with the
 * folder as its argument. */
#include <dirent.h>
#include <sys/stat.h>

#include "enabling.h"
#include "program.h"

enum { SECONDS = 60 };
static const char not_given[] = "-";

/* --- The other process --- */

static int complain(void) {
  fprintf(stderr, "%s\n", eager_error_message());
  return 1;
}

/* Adds on rusticl, the driver whose kernels are worth keeping, and prints the sum. */
static int use_library(const char *folder) {
  if (!has_device(RUSTICL)) return TEST_SKIPPED;
  const eager_config config = {.visible_device_list = RUSTICL,
                               .kernel_cache_dir =
                                   strcmp(folder, not_given) != 0 ? folder : NULL};
  eager_tensor *a = NULL, *sum = NULL;
  float value = 0;
  if (eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO) !=
          EAGER_OK ||
      eager_scalar(20.5f, &a) != EAGER_OK || eager_add(a, a, &sum) != EAGER_OK ||
      eager_tensor_to_host(sum, &value, sizeof value) != EAGER_OK)
    return complain();
  printf("%g\n", (double)value);
  eager_tensor_release(a);
  eager_tensor_release(sum);
  return eager_shutdown() == EAGER_OK ? 0 : complain();
}

static void run_with(const char *folder) {
  program_result r = program_run(
      SECONDS, (const char *const[]){"tests/test_runtime_kernel_cache", folder, NULL});
  if (r.status == TEST_SKIPPED) {
    program_folder_remove();
    test_skip("no device " RUSTICL " here");
  }
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  assert_string_equal(r.out, "41\n");
}

/* --- What it left --- */

typedef struct content {
  int files;
  uint64_t inodes; /* their sum: a file that is written anew has another one */
} content;

static content folder_content(void) {
  content found = {0};
  DIR *all = opendir(program_folder());
  assert_non_null(all);
  for (const struct dirent *one; (one = readdir(all)) != NULL;) {
    struct stat info;
    if (one->d_name[0] == '.') continue;
    assert_int_equal(stat(program_path(one->d_name), &info), 0);
    assert_true(S_ISREG(info.st_mode) && info.st_size > 0);
    assert_non_null(strstr(one->d_name, ".cache"));
    found.files++;
    found.inodes += info.st_ino;
  }
  closedir(all);
  return found;
}

static void expect_kept_for_the_next(const char *folder) {
  run_with(folder);
  content first = folder_content();
  assert_true(first.files > 0);
  run_with(folder);
  content second = folder_content();
  assert_int_equal(second.files, first.files);
  assert_int_equal(second.inodes, first.inodes);
  program_folder_remove();
}

static void kernels_are_kept_in_the_configured_folder(void **state) {
  (void)state;
  program_folder_make();
  expect_kept_for_the_next(program_folder());
}

static void the_variable_names_the_folder(void **state) {
  (void)state;
  program_folder_make();
  assert_int_equal(setenv("EAGERCL_CACHE_DIR", program_folder(), 1), 0);
  expect_kept_for_the_next(not_given);
}

static void an_empty_folder_name_outranks_the_variable(void **state) {
  (void)state;
  program_folder_make();
  assert_int_equal(setenv("EAGERCL_CACHE_DIR", program_folder(), 1), 0);
  run_with("");
  assert_int_equal(program_file_count(), 0);
  program_folder_remove();
}

/* --- Damage: the next process builds from source, and mends the file --- */

/* Whatever the file is called: `edit` gets its bytes. */
static void damage_all(void (*edit)(unsigned char *bytes, size_t *size)) {
  DIR *all = opendir(program_folder());
  assert_non_null(all);
  for (const struct dirent *one; (one = readdir(all)) != NULL;) {
    if (one->d_name[0] == '.') continue;
    const char *path = program_path(one->d_name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    unsigned char *bytes = test_alloc(size + 1);
    rewind(file);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    edit(bytes, &size);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
  }
  closedir(all);
}

static void truncate_it(unsigned char *bytes, size_t *size) {
  (void)bytes;
  *size /= 2;
}
static void flip_the_middle(unsigned char *bytes, size_t *size) {
  bytes[*size / 2] ^= 0x80;
}
static void make_it_foreign(unsigned char *bytes, size_t *size) {
  memset(bytes, 'x', *size);
}
/* The whole of it, but made for another driver: the key says so. */
static void change_the_driver(unsigned char *bytes, size_t *size) {
  for (size_t i = 0; i + 7 < *size; i++)
    if (memcmp(bytes + i, "driver ", 7) == 0) {
      bytes[i + 7] ^= 1;
      return;
    }
  fail_msg("no driver in the key");
}

static void damaged_entries_are_built_from_source(void **state) {
  (void)state;
  static void (*const edits[])(unsigned char *, size_t *) = {
      truncate_it, flip_the_middle, make_it_foreign, change_the_driver};
  enum { EDITS = sizeof edits / sizeof *edits };
  program_folder_make();
  run_with(program_folder());
  for (int i = 0; i < EDITS; i++) {
    content before = folder_content();
    damage_all(edits[i]);
    run_with(program_folder()); /* the sum is right */
    assert_int_equal(folder_content().files, before.files);
  }
  content mended = folder_content();
  run_with(program_folder());
  assert_int_equal(folder_content().inodes, mended.inodes); /* it was kept again */
  printf("  cache: %d kinds of damage to real entries, all built from source\n", EDITS);
  program_folder_remove();
}

/* A folder that is a file, one that others may write to, one on no disk. */
static void bad_folders_cost_only_time(void **state) {
  (void)state;
  program_folder_make();
  program_file_write("file", "x", 1);
  run_with(program_path("file"));
  run_with("/proc/self/nothing");
  run_with("/dev/null");
  assert_int_equal(program_file_count(), 1);
  assert_int_equal(chmod(program_folder(), 0777), 0);
  run_with(program_folder());
  assert_int_equal(program_file_count(), 1);
  assert_int_equal(chmod(program_folder(), 0700), 0);
  program_folder_remove();
}

int main(int argc, char **argv) {
  if (argc > 1) return use_library(argv[1]);
#define ROW(test) cmocka_unit_test_setup(test, without_environment)
  const struct CMUnitTest tests[] = {
      ROW(kernels_are_kept_in_the_configured_folder),
      ROW(the_variable_names_the_folder),
      ROW(an_empty_folder_name_outranks_the_variable),
      ROW(damaged_entries_are_built_from_source),
      ROW(bad_folders_cost_only_time),
  };
  return test_main_each("runtime/kernel_cache", tests, sizeof tests / sizeof *tests);
}
