/* ctest: devices=rusticl timeout=300 */
/* A kernel that the library compiled and kept on the disk, cut short at any length, or with
 * any bit turned: whatever is left of it, it is built again from its text, the result is
 * right, and the file is whole afterwards. (Only the driver whose kernels are kept.)
 *
 * For each, of a single kernel the default run takes some 32 places, of a whole family 2;
 * EAGERCL_TEST_FULL=1 takes every length and byte of the one, 1024 of the other. */
#include <dirent.h>
#include <sys/stat.h>

#include "cl/program.h"
#include "program.h"
#include "runtime/runtime.h"
#include "test_values.h"

enum { VALUES = 5 };

static eager_status run_own(eager_tensor *x, eager_tensor **out) {
  return eager_elementwise("a + a", &x, 1, out);
}
static eager_status run_of_family(eager_tensor *x, eager_tensor **out) {
  return eager_add(x, x, out);
}

typedef struct kernel {
  eager_status (*run)(eager_tensor *x, eager_tensor **out);
  size_t sample, full_sample; /* places; 0: all */
} kernel;

static kernel own = {run_own, 32, 0}, of_family = {run_of_family, 2, 1024};
static const kernel *under_test;

static struct {
  char *path;
  unsigned char *bytes;
  size_t size;
} entry;

static bool is_full(void) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  return full != NULL && strcmp(full, "1") == 0;
}

/* The device forgets what was built, as if it had just been opened. */
static void forget_kernels(void) {
  eager__device *device;
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager__runtime_find_device(eager__runtime_get(), test_device(), &device));
  eager__programs_close(device);
}

static void expect_right(eager_tensor *x, const char *what) {
  eager_tensor *sum;
  assert_ok(under_test->run(x, &sum));
  test_expect(sum, EAGER_FLOAT32, (test_shape){1, {VALUES}}, (double[]){0.5, 3, -8, 1e6, 0},
              TEST_EXACT, what);
  eager_tensor_release(sum);
}

/* The only file there is. */
static void find_entry(void) {
  DIR *all = opendir(program_folder());
  assert_non_null(all);
  for (const struct dirent *one; (one = readdir(all)) != NULL;) {
    if (one->d_name[0] == '.') continue;
    assert_null(entry.path);
    entry.path = test_alloc(strlen(program_path(one->d_name)) + 1);
    strcpy(entry.path, program_path(one->d_name));
  }
  closedir(all);
  assert_non_null(entry.path);
}

static unsigned char *read_entry(size_t *out_size) {
  FILE *file = fopen(entry.path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  *out_size = (size_t)ftell(file);
  unsigned char *bytes = malloc(*out_size + 1);
  assert_non_null(bytes);
  rewind(file);
  assert_int_equal(fread(bytes, 1, *out_size, file), *out_size);
  fclose(file);
  return bytes;
}

static void write_entry(const unsigned char *bytes, size_t size) {
  FILE *file = fopen(entry.path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static bool is_mended(void) {
  size_t size;
  unsigned char *bytes = read_entry(&size);
  bool same = size == entry.size && memcmp(bytes, entry.bytes, size) == 0;
  free(bytes);
  return same;
}

static eager_tensor *begin(const kernel *which) {
  under_test = which;
  program_folder_make();
  const eager_config config = {.kernel_cache_dir = program_folder()};
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  if (strstr(test_device_info()->platform, "rusticl") == NULL)
    test_skip("this driver keeps built kernels itself");
  test_time_limit(300);
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {VALUES}},
                                (double[]){0.25, 1.5, -4, 5e5, 0});
  expect_right(x, "built");
  find_entry();
  entry.bytes = read_entry(&entry.size);
  assert_true(entry.size > 4096); /* a real one */
  return x;
}

static void end(eager_tensor *x, long damaged) {
  struct stat before, after;
  assert_int_equal(stat(entry.path, &before), 0);
  forget_kernels();
  expect_right(x, "mended"); /* taken from the disk: not written again */
  assert_int_equal(stat(entry.path, &after), 0);
  assert_int_equal(before.st_ino, after.st_ino);
  printf("  cache: %ld kinds of damage to an entry of %zu bytes, all built again\n",
         damaged, entry.size);
  free(entry.bytes);
  eager_tensor_release(x);
  program_folder_remove();
}

static void try_with(eager_tensor *x, const unsigned char *bytes, size_t size,
                     const char *what, size_t place) {
  write_entry(bytes, size);
  forget_kernels();
  expect_right(x, what);
  if (!is_mended()) fail_msg("%s %zu: the entry was not mended", what, place);
}

/* At random distances, to the very end. */
static size_t next_place(size_t place) {
  size_t sample = is_full() ? under_test->full_sample : under_test->sample;
  if (sample == 0) return place + 1;
  size_t step = entry.size / sample;
  size_t next = place + 1 + (size_t)test_random_int(0, (int64_t)step * 2 - 2);
  return place + 1 < entry.size && next >= entry.size ? entry.size - 1 : next;
}

static void cut_short(void **state) {
  eager_tensor *x = begin(*state);
  long tried = 0;
  for (size_t size = 0; size < entry.size; size = next_place(size), tried++)
    try_with(x, entry.bytes, size, "cut short to", size);
  end(x, tried);
}

static void a_bit_turned(void **state) {
  eager_tensor *x = begin(*state);
  unsigned char *damaged = test_alloc(entry.size);
  memcpy(damaged, entry.bytes, entry.size);
  long tried = 0;
  for (size_t place = 0; place < entry.size; place = next_place(place), tried++) {
    unsigned char bit = (unsigned char)(1 << test_random_int(0, 7));
    damaged[place] ^= bit;
    try_with(x, damaged, entry.size, "a bit turned in byte", place);
    damaged[place] ^= bit;
  }
  end(x, tried);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      {"cut_short_own", cut_short, NULL, NULL, &own},
      {"cut_short_family", cut_short, NULL, NULL, &of_family},
      {"bit_turned_own", a_bit_turned, NULL, NULL, &own},
      {"bit_turned_family", a_bit_turned, NULL, NULL, &of_family},
  };
  return test_main_each("runtime/kernel_cache_damage", tests, sizeof tests / sizeof *tests);
}
