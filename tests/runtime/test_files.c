/* ctest: devices=all */
#include "test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dtype.h"
#include "numpy.h"

static char folder[64];
static char path_text[128];

static const char *path_of(const char *name) {
  snprintf(path_text, sizeof path_text, "%s/%.60s", folder, name);
  return path_text;
}

static void begin(void) {
  test_enable();
  strcpy(folder, "/tmp/eagercl_files_XXXXXX");
  assert_non_null(mkdtemp(folder));
}

/* The folder holds exactly these files, so no temporary one; they go. */
static void end(int file_count) {
  DIR *all = opendir(folder);
  assert_non_null(all);
  int found = 0;
  for (const struct dirent *one; (one = readdir(all));) {
    if (one->d_name[0] == '.') continue;
    found++;
    assert_int_equal(remove(path_of(one->d_name)), 0);
  }
  closedir(all);
  assert_int_equal(rmdir(folder), 0);
  assert_int_equal(found, file_count);
}

static void write_file(const char *name, const void *bytes, size_t size) {
  FILE *file = fopen(path_of(name), "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *name, char bytes[4096]) {
  FILE *file = fopen(path_of(name), "rb");
  assert_non_null(file);
  size_t size = fread(bytes, 1, 4096, file);
  fclose(file);
  return size;
}

static void save_numbers(const char *name, int64_t count) {
  float data[64];
  for (int i = 0; i < 64; i++) data[i] = (float)i / 3;
  eager_tensor *t;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &count, data, &t));
  assert_ok(eager_npy_save(path_of(name), t));
  eager_tensor_release(t);
}

/* semantics.md 5: ".npy files round-trip bit for bit for every dtype". */
static void every_dtype_round_trips(void **state) {
  (void)state;
  begin();
  static const struct {
    int rank;
    int64_t dims[3];
  } shapes[] = {{0, {0}}, {1, {5}}, {3, {2, 3, 4}}, {2, {0, 3}}};
  unsigned char data[8 * 24], back[8 * 24];
  for (int dtype = 0; dtype < EAGER__DTYPE_END; dtype++) {
    if (!eager__dtype_is_valid((eager_dtype)dtype)) continue;
    for (size_t i = 0; i < sizeof data; i++)
      data[i] = (unsigned char)(dtype == EAGER_BOOL ? i & 1 : test_random());
    for (size_t s = 0; s < 4; s++) {
      eager_tensor *t, *u;
      assert_ok(eager_tensor_from_host((eager_dtype)dtype, shapes[s].rank, shapes[s].dims,
                                       data, &t));
      assert_ok(eager_npy_save(path_of("t.npy"), t));
      if (dtype == EAGER_BFLOAT16)
        assert_ok(eager_npy_load_as(path_of("t.npy"), EAGER_BFLOAT16, &u));
      else
        assert_ok(eager_npy_load(path_of("t.npy"), &u));
      size_t size = eager_tensor_byte_size(t);
      assert_int_equal(eager_tensor_dtype(u), dtype);
      assert_int_equal(eager_tensor_rank(u), shapes[s].rank);
      assert_int_equal(eager_tensor_byte_size(u), size);
      assert_string_equal(eager_tensor_device(u), eager_tensor_device(t));
      assert_ok(eager_tensor_to_host(u, back, size));
      assert_memory_equal(back, data, size);
      eager_tensor_release(t);
      eager_tensor_release(u);
    }
  }
  end(1);
}

/* More than one read, staging's limit and a header's first page. */
static void large_files_round_trip(void **state) {
  (void)state;
  begin();
  const int64_t count = 300001;
  float *data = test_alloc((size_t)count * 4), *back = test_alloc((size_t)count * 4);
  for (int64_t i = 0; i < count; i++) data[i] = (float)i;
  eager_tensor *t, *u;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &count, data, &t));
  assert_ok(eager_npy_save(path_of("t.npy"), t));
  assert_ok(eager_npy_load(path_of("t.npy"), &u));
  assert_ok(eager_tensor_to_host(u, back, (size_t)count * 4));
  assert_memory_equal(back, data, (size_t)count * 4);
  eager_tensor_release(t);
  eager_tensor_release(u);
  end(1);
}

static void fortran_order_and_big_endian_are_read(void **state) {
  (void)state;
  begin();
  static const char dict[] =
      "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }            \n";
  unsigned char file[128] = "\x93NUMPY\1\0";
  file[8] = sizeof dict - 1;
  memcpy(file + 10, dict, sizeof dict - 1);
  size_t size = 10 + sizeof dict - 1;
  for (int i = 0; i < 6; i++) {
    file[size++] = 1;
    file[size++] = (unsigned char)i;
  }
  write_file("t.npy", file, size);
  eager_tensor *t;
  assert_ok(eager_npy_load(path_of("t.npy"), &t));
  int16_t back[6];
  assert_ok(eager_tensor_to_host(t, back, sizeof back));
  static const int16_t expected[] = {256, 258, 260, 257, 259, 261};
  assert_memory_equal(back, expected, sizeof back);
  eager_tensor_release(t);
  end(1);
}

static void numpy_loads_what_is_saved(void **state) {
  (void)state;
  if (!numpy_is_here()) test_skip("no python3 with NumPy");
  begin();
  save_numbers("t.npy", 3);
  size_t size;
  char *text = numpy_run("import sys, numpy as np; a = np.load(sys.argv[1]);"
                         "print(a, a.dtype, a.shape)",
                         path_of("t.npy"), &size);
  assert_non_null(text);
  assert_string_equal(text, "[0.         0.33333334 0.6666667 ] float32 (3,)\n");
  free(text);
  end(1);
}

static void load_refusals_name_the_file(void **state) {
  (void)state;
  begin();
  char text[256], bytes[4096];
  eager_tensor *t = (eager_tensor *)&t;

  snprintf(text, sizeof text, "cannot read %s: No such file or directory", path_of("no"));
  assert_fails(eager_npy_load(path_of("no"), &t), EAGER_NOT_FOUND, text);
  assert_null(t);
  snprintf(text, sizeof text, "cannot read %s: Is a directory", folder);
  assert_fails(eager_npy_load(folder, &t), EAGER_INVALID_ARGUMENT, text);

  write_file("text", "hello, world", 12);
  snprintf(text, sizeof text, "%s: not a .npy file: it does not begin with \\x93NUMPY",
           path_of("text"));
  assert_fails(eager_npy_load(path_of("text"), &t), EAGER_INVALID_ARGUMENT, text);

  save_numbers("t.npy", 10);
  size_t size = read_file("t.npy", bytes);
  assert_int_equal(size, 128 + 40);
  for (size_t cut = 0; cut < size; cut++) {
    write_file("cut", bytes, cut);
    snprintf(text, sizeof text,
             cut < 128 ? "%s: the .npy file ends inside its header"
                       : "%s: cut short: the header promises 40 bytes after it",
             path_of("cut"));
    assert_fails(eager_npy_load(path_of("cut"), &t), EAGER_DATA_LOSS, text);
    assert_null(t);
  }
  snprintf(text, sizeof text, "%s: cannot read elements of 4 bytes as float64, which has 8",
           path_of("t.npy"));
  assert_fails(eager_npy_load_as(path_of("t.npy"), EAGER_FLOAT64, &t),
               EAGER_INVALID_ARGUMENT, text);
  assert_fails(eager_npy_load_as(path_of("t.npy"), EAGER_DTYPE_INVALID, &t),
               EAGER_INVALID_ARGUMENT, "dtype must be one of enum eager_dtype, got 0");
  assert_fails(eager_npy_load(NULL, &t), EAGER_INVALID_ARGUMENT, "path is NULL");
  assert_fails(eager_npy_load(path_of("t.npy"), NULL), EAGER_INVALID_ARGUMENT,
               "out is NULL");
  end(3);
}

static void two_opaque_bytes_want_a_dtype(void **state) {
  (void)state;
  begin();
  const int64_t count = 2;
  const uint16_t data[] = {0x3f80, 0x4000};
  eager_tensor *t, *u = NULL;
  assert_ok(eager_tensor_from_host(EAGER_BFLOAT16, 1, &count, data, &t));
  assert_ok(eager_npy_save(path_of("t.npy"), t));
  char text[256];
  snprintf(text, sizeof text,
           "%s: elements of dtype V2 may be anything of 2 bytes; say what they are: "
           "eager_npy_load_as(path, EAGER_BFLOAT16, ...)",
           path_of("t.npy"));
  assert_fails(eager_npy_load(path_of("t.npy"), &u), EAGER_UNIMPLEMENTED, text);
  assert_null(u);
  assert_ok(eager_npy_load_as(path_of("t.npy"), EAGER_UINT16, &u));
  uint16_t back[2];
  assert_ok(eager_tensor_to_host(u, back, sizeof back));
  assert_memory_equal(back, data, sizeof back);
  eager_tensor_release(t);
  eager_tensor_release(u);
  end(1);
}

static void a_failed_save_leaves_what_was_there(void **state) {
  (void)state;
  begin();
  char text[256], before[4096], after[4096];
  save_numbers("t.npy", 10);
  size_t size = read_file("t.npy", before);
  const int64_t count = 1;
  eager_tensor *t;
  assert_ok(eager_tensor_from_host(EAGER_INT8, 1, &count, "x", &t));

  assert_int_not_equal(eager_npy_save(path_of("t.npy"), NULL), EAGER_OK);
  assert_fails(eager_npy_save(NULL, t), EAGER_INVALID_ARGUMENT, "path is NULL");
  snprintf(text, sizeof text, "cannot write %s: it is no regular file", folder);
  assert_fails(eager_npy_save(folder, t), EAGER_INVALID_ARGUMENT, text);
  assert_fails(eager_npy_save("/dev/null", t), EAGER_INVALID_ARGUMENT,
               "cannot write /dev/null: it is no regular file");
  snprintf(text, sizeof text, "cannot write %s: No such file or directory",
           path_of("no/t.npy"));
  assert_fails(eager_npy_save(path_of("no/t.npy"), t), EAGER_NOT_FOUND, text);
  snprintf(text, sizeof text, "cannot write %s: Not a directory", path_of("t.npy/t.npy"));
  assert_fails(eager_npy_save(path_of("t.npy/t.npy"), t), EAGER_INVALID_ARGUMENT, text);
  assert_fails_like(eager_npy_save("", t), EAGER_NOT_FOUND, "cannot write ");

  assert_int_equal(read_file("t.npy", after), size);
  assert_memory_equal(after, before, size);
  assert_ok(eager_npy_save(path_of("t.npy"), t)); /* and a good one replaces it */
  assert_int_equal(read_file("t.npy", after), 128 + 1);
  eager_tensor_release(t);
  end(1);
}

static void a_failed_tensor_is_not_written(void **state) {
  (void)state;
  begin();
  eager_tensor *params, *indices, *bad;
  const int64_t count = 2;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &count, (float[]){1, 2}, &params));
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, &count, (int32_t[]){0, 9}, &indices));
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(eager_gather(params, indices, 0, &bad));
  assert_fails_like(eager_npy_save(path_of("t.npy"), bad), EAGER_INVALID_ARGUMENT,
                    "[failed op: GatherV2 #");
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  eager_tensor_release(params);
  eager_tensor_release(indices);
  eager_tensor_release(bad);
  end(0);
}

static void files_obey_the_umask(void **state) {
  (void)state;
  begin();
  mode_t mask = umask(027);
  save_numbers("t.npy", 1);
  umask(mask);
  struct stat about;
  assert_int_equal(stat(path_of("t.npy"), &about), 0);
  assert_int_equal(about.st_mode & 0777, 0640);
  end(1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_dtype_round_trips),
      cmocka_unit_test(large_files_round_trip),
      cmocka_unit_test(fortran_order_and_big_endian_are_read),
      cmocka_unit_test(numpy_loads_what_is_saved),
      cmocka_unit_test(load_refusals_name_the_file),
      cmocka_unit_test(two_opaque_bytes_want_a_dtype),
      cmocka_unit_test(a_failed_save_leaves_what_was_there),
      cmocka_unit_test(a_failed_tensor_is_not_written),
      cmocka_unit_test(files_obey_the_umask),
  };
  return test_main("runtime/files", tests, sizeof tests / sizeof *tests);
}
