/* ctest: devices=all */
/* .npz files: our own, and NumPy's where it is here. */
#include "test_values.h"

#include <sys/stat.h>
#include <unistd.h>

#include "numpy.h"

static char folder[64];
static char path_text[128];

static const char *path_of(const char *name) {
  snprintf(path_text, sizeof path_text, "%s/%.60s", folder, name);
  return path_text;
}

static void begin(void) {
  test_enable();
  strcpy(folder, "/tmp/eagercl_npz_XXXXXX");
  assert_non_null(mkdtemp(folder));
}

static void end(const char *name) {
  assert_int_equal(remove(path_of(name)), 0);
  assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
}

static size_t read_file(const char *name, unsigned char bytes[8192]) {
  FILE *file = fopen(path_of(name), "rb");
  assert_non_null(file);
  size_t size = fread(bytes, 1, 8192, file);
  assert_int_equal(fclose(file), 0);
  assert_true(size < 8192);
  return size;
}

static void write_file(const char *name, const void *bytes, size_t size) {
  FILE *file = fopen(path_of(name), "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static const double numbers[] = {0, 1, 1, 0, 1, 0};
static const test_shape shapes[] = {{0}, {1, {6}}, {2, {2, 3}}, {3, {1, 0, 2}}};

/* One array of every dtype: "float32", ... */
static void save_all(const char *name) {
  const char *names[TEST_DTYPES];
  eager_tensor *tensors[TEST_DTYPES];
  for (int d = 0; d < TEST_DTYPES; d++) {
    names[d] = eager_dtype_name(test_dtypes[d]);
    tensors[d] = test_tensor(test_dtypes[d], shapes[d % 4], numbers);
  }
  assert_ok(eager_npz_save(path_of(name), names, tensors, TEST_DTYPES));
  for (int d = 0; d < TEST_DTYPES; d++) eager_tensor_release(tensors[d]);
}

static void round_trips_every_dtype(void **state) {
  (void)state;
  begin();
  save_all("all.npz");
  eager_npz *npz;
  assert_ok(eager_npz_load(path_of("all.npz"), &npz));
  assert_int_equal(eager_npz_count(npz), TEST_DTYPES);
  assert_string_equal(eager_npz_name(npz, TEST_DTYPES), "");
  for (int d = 0; d < TEST_DTYPES; d++) {
    const char *name = eager_npz_name(npz, (size_t)d);
    assert_string_equal(name, eager_dtype_name(test_dtypes[d]));
    eager_tensor *t;
    if (test_dtypes[d] == EAGER_BFLOAT16) {
      assert_fails_like(eager_npz_get(npz, name, &t), EAGER_UNIMPLEMENTED,
                        "eager_npz_get_as(npz, name, EAGER_BFLOAT16, ...)");
      assert_null(t);
      assert_ok(eager_npz_get_as(npz, name, EAGER_BFLOAT16, &t));
    } else {
      assert_ok(eager_npz_get(npz, name, &t));
    }
    test_expect(t, test_dtypes[d], shapes[d % 4], numbers, TEST_EXACT, name);
    eager_tensor_release(t);
  }
  eager_tensor *t;
  assert_fails(eager_npz_get(npz, "nothing", &t), EAGER_NOT_FOUND,
               test_text("%s has no array named 'nothing'", path_of("all.npz")));
  assert_fails_like(eager_npz_get_as(npz, "float32", EAGER_INT64, &t),
                    EAGER_INVALID_ARGUMENT, "elements of 4 bytes as int64, which has 8");
  eager_npz_release(npz);
  end("all.npz");
}

static void holds_nothing(void **state) {
  (void)state;
  begin();
  eager_npz *npz;
  assert_ok(eager_npz_save(path_of("none.npz"), NULL, NULL, 0));
  assert_ok(eager_npz_load(path_of("none.npz"), &npz));
  assert_int_equal(eager_npz_count(npz), 0);
  eager_npz_release(npz);
  eager_npz_release(NULL);
  assert_int_equal(eager_npz_count(NULL), 0);
  end("none.npz");
}

static void numpy_reads_ours(void **state) {
  (void)state;
  if (!numpy_is_here()) test_skip("no Python here has NumPy");
  begin();
  save_all("ours.npz");
  size_t size;
  char *told =
      numpy_run("import numpy, sys\n"
                "f = numpy.load(sys.argv[1])\n"
                "for n in f.files:\n"
                "  a = f[n]\n"
                "  s = a.ravel().astype(float).tolist() if a.dtype.kind != 'V' else 0\n"
                "  print(n, a.dtype.str[1:], a.shape, s, sep=':')\n",
                path_of("ours.npz"), &size);
  assert_non_null(told);
  assert_non_null(strstr(told, "float32:f4:():[0.0]\n"));
  assert_non_null(strstr(told, "float64:f8:(6,):[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]\n"));
  assert_non_null(strstr(told, "bfloat16:V2:"));
  int lines = 0;
  for (const char *at = told; (at = strchr(at, '\n')); at++) lines++;
  assert_int_equal(lines, TEST_DTYPES);
  free(told);
  end("ours.npz");
}

/* Stored and deflated, Fortran order, big-endian, and what is no array. */
static void reads_numpys(void **state) {
  (void)state;
  if (!numpy_is_here()) test_skip("no Python here has NumPy");
  begin();
  static const char script[] =
      "import numpy, sys, zipfile\n"
      "a = numpy.arange(200000, dtype='f4').reshape(400, 500)\n"
      "b = numpy.asfortranarray(numpy.arange(6, dtype='>i8').reshape(2, 3))\n"
      "numpy.%s(sys.argv[1], a, big=b, c=numpy.float16(1.5))\n"
      "with zipfile.ZipFile(sys.argv[1], 'a') as z: z.writestr('notes.txt', 'no array')\n";
  static const char *const writers[] = {"savez", "savez_compressed"};
  double *a = test_alloc(200000 * sizeof *a);
  for (int i = 0; i < 200000; i++) a[i] = i;
  for (int w = 0; w < 2; w++) {
    size_t size;
    free(numpy_run(test_text(script, writers[w]), path_of("theirs.npz"), &size));
    eager_npz *npz;
    eager_tensor *t;
    assert_ok(eager_npz_load(path_of("theirs.npz"), &npz));
    assert_int_equal(eager_npz_count(npz), 3);
    assert_ok(eager_npz_get(npz, "arr_0", &t));
    test_expect(t, EAGER_FLOAT32, (test_shape){2, {400, 500}}, a, TEST_EXACT, writers[w]);
    eager_tensor_release(t);
    assert_ok(eager_npz_get(npz, "big", &t));
    test_expect(t, EAGER_INT64, (test_shape){2, {2, 3}}, a, TEST_EXACT, writers[w]);
    eager_tensor_release(t);
    assert_ok(eager_npz_get(npz, "c", &t));
    test_expect(t, EAGER_FLOAT16, (test_shape){0}, (double[]){1.5}, TEST_EXACT, writers[w]);
    eager_tensor_release(t);
    eager_npz_release(npz);
  }
  end("theirs.npz");
}

static void get_all(const char *path) {
  eager_npz *npz;
  if (eager_npz_load(path, &npz) != EAGER_OK) return;
  for (size_t i = 0; i < eager_npz_count(npz); i++) {
    eager_tensor *t;
    if (eager_npz_get(npz, eager_npz_name(npz, i), &t) == EAGER_OK) eager_tensor_release(t);
  }
  eager_npz_release(npz);
}

/* Any byte may be wrong, and any part missing: an error or the right array, no crash. */
static void survives_damage(void **state) {
  (void)state;
  begin();
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {6}}, numbers), *got;
  assert_ok(eager_npz_save(path_of("one.npz"), (const char *[]){"x"}, &t, 1));
  unsigned char bytes[8192];
  size_t size = read_file("one.npz", bytes);
  for (size_t i = 0; i < size; i += 1 + (size_t)(test_random() % 3)) {
    write_file("cut.npz", bytes, i);
    get_all(path_of("cut.npz"));
    unsigned char kept = bytes[i];
    bytes[i] ^= (unsigned char)(1u << test_random() % 8);
    write_file("cut.npz", bytes, size);
    get_all(path_of("cut.npz"));
    bytes[i] = kept;
  }
  bytes[30 + 5 + 128] ^=
      1; /* behind local header, name and .npy header: the first element */
  write_file("cut.npz", bytes, size);
  eager_npz *npz;
  assert_ok(eager_npz_load(path_of("cut.npz"), &npz));
  assert_fails(eager_npz_get(npz, "x", &got), EAGER_DATA_LOSS,
               test_text("%s: member 'x' is damaged or cut short", path_of("cut.npz")));
  eager_npz_release(npz);
  assert_int_equal(remove(path_of("cut.npz")), 0);
  eager_tensor_release(t);
  end("one.npz");
}

/* Where ZIP64's 64 bits say that the member begins where no file can. */
static void survives_wild_offsets(void **state) {
  (void)state;
  enum { ENTRY = 30 + 5 + 128 + 24, END = ENTRY + 46 + 5, WIDE = 12 };
  begin();
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {6}}, numbers);
  assert_ok(eager_npz_save(path_of("one.npz"), (const char *[]){"x"}, &t, 1));
  eager_tensor_release(t);
  unsigned char bytes[8192];
  size_t size = read_file("one.npz", bytes);
  memmove(bytes + END + WIDE, bytes + END, size - END);
  memset(bytes + ENTRY + 42, 0xff, 4); /* the offset: see the field */
  bytes[ENTRY + 30] = WIDE;
  bytes[END + WIDE + 12] += WIDE; /* the directory's size */
  memcpy(bytes + END, (unsigned char[WIDE]){1, 0, 8}, WIDE);
  for (int last = 0x7f; last <= 0xff; last += 0x80) {
    bytes[END + WIDE - 1] = (unsigned char)last;
    write_file("one.npz", bytes, size + WIDE);
    eager_npz *npz;
    assert_ok(eager_npz_load(path_of("one.npz"), &npz));
    assert_string_equal(eager_npz_name(npz, 0), "x");
    assert_fails(eager_npz_get(npz, "x", &t), EAGER_DATA_LOSS,
                 test_text("%s: the archive is damaged or cut short", path_of("one.npz")));
    eager_npz_release(npz);
  }
  end("one.npz");
}

/* Also when it is called as the member is. */
static void texts_name_the_archive(void **state) {
  (void)state;
  begin();
  char before[4096];
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(folder), 0);
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {6}}, numbers);
  assert_ok(eager_npz_save("x", (const char *[]){"x"}, &t, 1));
  eager_tensor_release(t);
  eager_npz *npz;
  assert_ok(eager_npz_load("x", &npz));
  assert_fails_like(eager_npz_get_as(npz, "x", EAGER_INT64, &t), EAGER_INVALID_ARGUMENT,
                    "x: x: cannot read elements of 4 bytes as int64");
  eager_npz_release(npz);
  assert_int_equal(chdir(before), 0);
  end("x");
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  begin();
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {6}}, numbers);
  eager_tensor *both[] = {t, t}, *missing[] = {t, NULL}, *out;
  eager_npz *npz;
  const char *path = path_of("x.npz");
  assert_fails(eager_npz_save(path, (const char *[]){"a", "a"}, both, 2),
               EAGER_INVALID_ARGUMENT, "names[0] and names[1] are both 'a'");
  assert_fails(eager_npz_save(path, (const char *[]){"a", ""}, both, 2),
               EAGER_INVALID_ARGUMENT, "names[1] is NULL or empty");
  assert_fails(eager_npz_save(NULL, (const char *[]){"a", "b"}, both, 2),
               EAGER_INVALID_ARGUMENT, "path is NULL");
  assert_int_not_equal(eager_npz_save(path, (const char *[]){"a", "b"}, missing, 2),
                       EAGER_OK);
  assert_int_not_equal(access(path, F_OK), 0);
  assert_fails_like(eager_npz_load(path, &npz), EAGER_NOT_FOUND, "cannot read");
  assert_fails_like(eager_npz_load("/", &npz), EAGER_INVALID_ARGUMENT, "regular file");
  assert_null(npz);
  write_file("x.npz", "this is no archive, however long it may be", 42);
  assert_fails(eager_npz_load(path, &npz), EAGER_INVALID_ARGUMENT,
               test_text("%s: this is no .npz file", path));
  assert_fails(eager_npz_get(NULL, "a", &out), EAGER_INVALID_ARGUMENT,
               "the archive or name is NULL");
  assert_fails(eager_npz_load(path, NULL), EAGER_INVALID_ARGUMENT, "out is NULL");
  eager_tensor_release(t);
  end("x.npz");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trips_every_dtype), cmocka_unit_test(holds_nothing),
      cmocka_unit_test(numpy_reads_ours),        cmocka_unit_test(reads_numpys),
      cmocka_unit_test(survives_damage),         cmocka_unit_test(survives_wild_offsets),
      cmocka_unit_test(texts_name_the_archive),  cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("runtime/npz", tests, sizeof tests / sizeof *tests);
}
