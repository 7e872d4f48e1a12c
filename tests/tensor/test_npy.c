/* Headers written, read and refused; elements put in order; NumPy in both directions. Long
 * because every malformed header is a row. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "numpy.h"
#include "tensor/npy.h"

static const eager_dtype dtypes[] = {
    EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,  EAGER_INT8,   EAGER_INT16,
    EAGER_INT32,   EAGER_INT64,   EAGER_UINT8,    EAGER_UINT16, EAGER_UINT32,
    EAGER_UINT64,  EAGER_BOOL,    EAGER_BFLOAT16,
};
static const char *const descrs[] = {
    "<f4", "<f8", "<f2", "|i1", "<i2", "<i4", "<i8",
    "|u1", "<u2", "<u4", "<u8", "|b1", "<V2",
};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static const eager__shape shapes[] = {
    {0, {0}}, {1, {7}}, {2, {3, 4}}, {3, {2, 0, 5}}, {8, {1, 2, 1, 3, 1, 1, 2, 1}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* A file of `dict` under a header of that version. */
static size_t make_file(int version, const char *dict, unsigned char file[512]) {
  size_t size = strlen(dict), start = version == 1 ? 10 : 12;
  assert_true(start + size <= 512);
  memcpy(file, "\x93NUMPY", 6);
  file[6] = (unsigned char)version;
  file[7] = 0;
  for (size_t i = 8; i < start; i++) file[i] = (unsigned char)(size >> 8 * (i - 8));
  memcpy(file + start, dict, size);
  return start + size;
}

/* --- Writing --- */

static void the_header_is_numpys(void **state) {
  (void)state;
  eager__strbuf out = {0};
  assert_int_equal(eager__npy_write_header(EAGER_FLOAT32, &shapes[2], &out), EAGER_OK);
  char expected[128];
  snprintf(expected, sizeof expected, "%-117s\n",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }");
  assert_int_equal(out.size, 128);
  assert_memory_equal(out.text, "\x93NUMPY\x01\x00\x76\x00", 10);
  assert_memory_equal(out.text + 10, expected, 118);
  eager__strbuf_free(&out);
}

static void what_is_written_reads_back(void **state) {
  (void)state;
  for (int d = 0; d < DTYPES; d++)
    for (int s = 0; s < SHAPES; s++) {
      eager__strbuf out = {0};
      eager__npy_header header;
      assert_int_equal(eager__npy_write_header(dtypes[d], &shapes[s], &out), EAGER_OK);
      assert_int_equal(out.size % 64, 0);
      assert_non_null(strstr(out.text + 10, descrs[d]));
      assert_int_equal(eager__npy_read_header(out.text, out.size, &header), EAGER_OK);
      assert_int_equal(header.dtype, dtypes[d]);
      assert_true(eager__shape_equal(&header.shape, &shapes[s]));
      assert_false(header.fortran_order);
      assert_false(eager__npy_is_foreign(&header));
      assert_int_equal(header.data_offset, out.size);
      eager__strbuf_free(&out);
    }
}

static void short_memory_is_told(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    eager__strbuf out = {0};
    eager__alloc_fail_after(n);
    eager_status status = eager__npy_write_header(EAGER_INT8, &shapes[1], &out);
    eager__alloc_fail_after(-1);
    eager__strbuf_free(&out);
    if (status == EAGER_OK) break;
    assert_int_equal(status, EAGER_RESOURCE_EXHAUSTED);
    assert_true(n < 50);
  }
}

/* --- Reading --- */

static const struct good_case {
  int version;
  const char *dict;
  eager_dtype dtype;
  eager__shape shape;
  bool fortran_order, big_endian;
} good_cases[] = {
    {1,
     "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n",
     EAGER_FLOAT32,
     {0, {0}},
     false,
     false},
    {2,
     "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n",
     EAGER_FLOAT32,
     {1, {3}},
     false,
     false},
    {3,
     "{'descr': '>i8', 'fortran_order': True, 'shape': (3, 4), }",
     EAGER_INT64,
     {2, {3, 4}},
     true,
     true},
    {1,
     "{'shape':(3,4),'fortran_order':True,'descr':'|b1'}",
     EAGER_BOOL,
     {2, {3, 4}},
     true,
     false},
    {1,
     " { \"fortran_order\" : False ,\n\t\"shape\" : ( 3L , 0 , ) , \"descr\" : \"=u2\" } ",
     EAGER_UINT16,
     {2, {3, 0}},
     false,
     false},
    {1,
     "{'descr': '|V2', 'fortran_order': False, 'shape': (1, 2, 3, 4, 5, 6, 7, 8)}",
     EAGER_BFLOAT16,
     {8, {1, 2, 3, 4, 5, 6, 7, 8}},
     false,
     false},
};

static void headers_in_any_dress_are_read(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof good_cases / sizeof *good_cases; i++) {
    const struct good_case *c = &good_cases[i];
    unsigned char file[512];
    size_t size = make_file(c->version, c->dict, file);
    eager__npy_header header;
    assert_int_equal(eager__npy_read_header(file, sizeof file, &header), EAGER_OK);
    assert_int_equal(header.dtype, c->dtype);
    assert_true(eager__shape_equal(&header.shape, &c->shape));
    assert_int_equal(header.fortran_order, c->fortran_order);
    assert_int_equal(header.big_endian, c->big_endian);
    assert_int_equal(header.data_offset, size);
    for (size_t end = 0; end < size; end++) { /* exactly as long, for the sanitizer */
      unsigned char *cut = malloc(end + 1);
      memcpy(cut, file, end);
      assert_int_equal(eager__npy_read_header(cut, end, &header), EAGER_DATA_LOSS);
      assert_string_equal(eager_error_message(), "the .npy file ends inside its header");
      free(cut);
    }
  }
}

#define MALFORMED "malformed .npy header: "
#define NO_DICT   MALFORMED "not a dict of strings"
#define NO_SHAPE  MALFORMED "'shape' is not a tuple of extents"
#define NO_END    MALFORMED "it does not end after its dict"
#define D         "'descr': '<f4', "
#define F         "'fortran_order': False, "
#define S         "'shape': (2,), "

static const struct bad_case {
  const char *dict;
  eager_status status;
  const char *text;
} bad_cases[] = {
    {"", EAGER_INVALID_ARGUMENT, MALFORMED "it does not begin with '{'"},
    {"[" D F S "]", EAGER_INVALID_ARGUMENT, MALFORMED "it does not begin with '{'"},
    {"{}", EAGER_INVALID_ARGUMENT, MALFORMED "'descr' is missing"},
    {"{" D F "}", EAGER_INVALID_ARGUMENT, MALFORMED "'shape' is missing"},
    {"{" D S "}", EAGER_INVALID_ARGUMENT, MALFORMED "'fortran_order' is missing"},
    {"{" D F S, EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{" D F S "} x", EAGER_INVALID_ARGUMENT, NO_END},
    {"{" D F S "}}", EAGER_INVALID_ARGUMENT, NO_END},
    {"{" D F S ", }", EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{" D F "'shape': (2,) 'a'", EAGER_INVALID_ARGUMENT, NO_END},
    {"{,}", EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{descr: '<f4'}", EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{'descr' '<f4'}", EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{'descr", EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{'des\\x63r': '<f4'}", EAGER_INVALID_ARGUMENT, NO_DICT},
    {"{" D D F S "}", EAGER_INVALID_ARGUMENT, MALFORMED "unexpected key 'descr'"},
    {"{" D F S "'x': 1}", EAGER_INVALID_ARGUMENT, MALFORMED "unexpected key 'x'"},
    {"{" D S "'fortran_order': 0}", EAGER_INVALID_ARGUMENT,
     MALFORMED "'fortran_order' is neither True nor False"},
    {"{" D S "'fortran_order': Falsey}", EAGER_INVALID_ARGUMENT, NO_END},
    {"{" D F "'shape': 2}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (2)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': [2,]}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (,)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (2,,)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (2 3)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (-2,)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (02,)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (2.0,)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (9223372036854775808,)}", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (2,", EAGER_INVALID_ARGUMENT, NO_SHAPE},
    {"{" D F "'shape': (4611686018427387904, 4)}", EAGER_INVALID_ARGUMENT,
     "shape [4611686018427387904,4] of dtype float32 is too large: its bytes do not fit "
     "into 63 bits"},
    {"{" D F "'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)}", EAGER_UNIMPLEMENTED,
     "not supported: a .npy file of more than 8 dimensions"},
    {"{'descr': 4}", EAGER_INVALID_ARGUMENT, MALFORMED "'descr' is not a string"},
    {"{'descr': '<c8', " F S "}", EAGER_UNIMPLEMENTED,
     "not supported: a .npy file of dtype '<c8'"},
    {"{'descr': '|O', " F S "}", EAGER_UNIMPLEMENTED,
     "not supported: a .npy file of dtype '|O'"},
    {"{'descr': 'f4', " F S "}", EAGER_UNIMPLEMENTED,
     "not supported: a .npy file of dtype 'f4'"},
    {"{'descr': '', " F S "}", EAGER_UNIMPLEMENTED,
     "not supported: a .npy file of dtype ''"},
    {"{'descr': [('a', '<f4')], " F S "}", EAGER_UNIMPLEMENTED,
     "not supported: a .npy file of records"},
};

static void garbage_is_refused(void **state) {
  (void)state;
  unsigned char file[512];
  eager__npy_header header = {.data_offset = 77};
  for (size_t i = 0; i < sizeof bad_cases / sizeof *bad_cases; i++) {
    const struct bad_case *c = &bad_cases[i];
    size_t size = make_file(1, c->dict, file);
    assert_int_equal(eager__npy_read_header(file, size, &header), c->status);
    assert_string_equal(eager_error_message(), c->text);
  }
  size_t size = make_file(4, good_cases[0].dict, file);
  assert_int_equal(eager__npy_read_header(file, size, &header), EAGER_UNIMPLEMENTED);
  assert_string_equal(eager_error_message(), "not supported: a .npy file of version 4.0");
  assert_int_equal(eager__npy_read_header("PK\3\4", 4, &header), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(),
                      "not a .npy file: it does not begin with \\x93NUMPY");
  assert_int_equal(header.data_offset, 77); /* a refusal writes nothing */
}

static void spoilt_headers_do_no_harm(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int i = 0; i < 30000; i++) {
    unsigned char file[512];
    size_t size = make_file(1, good_cases[i % 6].dict, file);
    for (int k = 0; k < 3; k++) {
      seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
      file[(seed >> 33) % size] = (unsigned char)(seed >> 24);
    }
    eager__npy_header header;
    eager_status status = eager__npy_read_header(file, size, &header);
    if (status == EAGER_OK) {
      assert_true(header.data_offset <= size);
      assert_true(eager__shape_elements(&header.shape) >= 0);
    } else {
      assert_true(status == EAGER_INVALID_ARGUMENT || status == EAGER_UNIMPLEMENTED ||
                  status == EAGER_DATA_LOSS);
    }
  }
}

/* --- Elements --- */

static void fortran_order_becomes_row_major(void **state) {
  (void)state;
  const eager__npy_header header = {
      .dtype = EAGER_INT32, .shape = {3, {2, 3, 4}}, .fortran_order = true};
  int32_t in[24], out[24];
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 3; b++)
      for (int c = 0; c < 4; c++) in[a + 2 * b + 6 * c] = 100 * a + 10 * b + c;
  eager__npy_normalize(&header, in, out);
  for (int i = 0; i < 24; i++)
    assert_int_equal(out[i], 100 * (i / 12) + 10 * (i / 4 % 3) + i % 4);
}

static void big_endian_becomes_native(void **state) {
  (void)state;
  const unsigned char in[] = {1, 2, 3, 4, 5, 6, 7, 8};
  eager__npy_header header = {.dtype = EAGER_UINT16, .shape = {1, {4}}, .big_endian = true};
  uint16_t two[4];
  eager__npy_normalize(&header, in, two);
  for (int i = 0; i < 4; i++) assert_int_equal(two[i], in[2 * i] << 8 | in[2 * i + 1]);
  uint64_t eight;
  header.dtype = EAGER_UINT64;
  header.shape = (eager__shape){0};
  eager__npy_normalize(&header, in, &eight);
  assert_true(eight == UINT64_C(0x0102030405060708));
  header.dtype = EAGER_INT8; /* one byte has no order */
  assert_false(eager__npy_is_foreign(&header));
}

/* --- NumPy --- */

static void need_numpy(void) {
  if (numpy_is_here()) return;
  print_message("skipped: no python3 with NumPy\n");
  skip();
}

/* Every dtype, order and version, each file followed by the same elements as we want them.
 * '$' would be the shell's. */
static const char writer[] =
    "import sys, warnings, numpy as np\n"
    "warnings.simplefilter('ignore')\n"
    "out = sys.stdout.buffer; r = np.random.RandomState(1)\n"
    "for d in 'f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1'.split():\n"
    "  for e in '<>':\n"
    "    for shape in ((), (5,), (3, 4), (2, 0), (2, 3, 4), (1, 2, 1, 3, 1, 1, 2, 1)):\n"
    "      for order in 'CF':\n"
    "        for v in ((1, 0), (2, 0), (3, 0)):\n"
    "          n = int(np.prod(shape)); s = np.dtype(d).itemsize\n"
    "          x = np.frombuffer(r.bytes(n * s), d)\n"
    "          x = (x != 0 if d == 'b1' else x).reshape(shape)\n"
    "          y = np.array(x.astype(e + d), order=order)\n"
    "          np.lib.format.write_array(out, y, version=v)\n"
    "          out.write(y.astype('<' + d).tobytes('C'))\n";

static void what_numpy_writes_is_read(void **state) {
  (void)state;
  need_numpy();
  size_t size, at = 0;
  char *text = numpy_run(writer, "", &size);
  assert_non_null(text);
  int files = 0;
  for (; at < size; files++) {
    eager__npy_header header;
    unsigned char out[512];
    assert_int_equal(eager__npy_read_header(text + at, size - at, &header), EAGER_OK);
    size_t bytes =
        (size_t)eager__shape_elements(&header.shape) * eager_dtype_size(header.dtype);
    at += header.data_offset;
    assert_true(at + 2 * bytes <= size);
    eager__npy_normalize(&header, text + at, out);
    if (bytes) assert_memory_equal(out, text + at + bytes, bytes);
    at += 2 * bytes;
  }
  assert_int_equal(at, size);
  assert_int_equal(files, 12 * 2 * 6 * 2 * 3);
  free(text);
}

static const char reader[] = "import sys, numpy as np\n"
                             "out = sys.stdout.buffer\n"
                             "with open(sys.argv[1], 'rb') as f:\n"
                             "  end = f.seek(0, 2); f.seek(0)\n"
                             "  while f.tell() < end:\n"
                             "    a = np.lib.format.read_array(f)\n"
                             "    b = a.tobytes()\n"
                             "    out.write(str((a.dtype.str, a.shape)).encode())\n"
                             "    out.write(bytes([0]) + b)\n";

/* As Python writes it: ('<f4', (3, 4)). NumPy knows no byte order of V2. */
static size_t describe(int dtype, const eager__shape *shape, char text[128]) {
  const char *descr = dtypes[dtype] == EAGER_BFLOAT16 ? "|V2" : descrs[dtype];
  int size = snprintf(text, 128, "('%s', (", descr);
  for (int i = 0; i < shape->rank; i++)
    size +=
        snprintf(text + size, (size_t)(128 - size), i ? ", %d" : "%d", (int)shape->dims[i]);
  size += snprintf(text + size, (size_t)(128 - size), shape->rank == 1 ? ",))" : "))");
  return (size_t)size + 1;
}

static void what_is_written_numpy_reads(void **state) {
  (void)state;
  need_numpy();
  char path[] = "/tmp/eagercl_npy_XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  FILE *file = fdopen(descriptor, "wb");
  assert_non_null(file);
  static unsigned char expected[1 << 16];
  size_t expected_size = 0;
  for (int d = 0; d < DTYPES; d++)
    for (int s = 0; s < SHAPES; s++) {
      eager__strbuf header = {0};
      assert_int_equal(eager__npy_write_header(dtypes[d], &shapes[s], &header), EAGER_OK);
      assert_int_equal(fwrite(header.text, 1, header.size, file), header.size);
      eager__strbuf_free(&header);
      char text[128];
      size_t size = describe(d, &shapes[s], text);
      memcpy(expected + expected_size, text, size);
      expected_size += size;
      size_t bytes =
          (size_t)eager__shape_elements(&shapes[s]) * eager_dtype_size(dtypes[d]);
      for (size_t i = 0; i < bytes; i++)
        expected[expected_size + i] =
            (unsigned char)(dtypes[d] == EAGER_BOOL ? i & 1 : i * 37 + 1);
      assert_int_equal(fwrite(expected + expected_size, 1, bytes, file), bytes);
      expected_size += bytes;
    }
  assert_int_equal(fclose(file), 0);
  size_t size;
  char *got = numpy_run(reader, path, &size);
  unlink(path);
  assert_non_null(got);
  assert_int_equal(size, expected_size);
  assert_memory_equal(got, expected, size);
  free(got);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_header_is_numpys),
      cmocka_unit_test(what_is_written_reads_back),
      cmocka_unit_test(short_memory_is_told),
      cmocka_unit_test(headers_in_any_dress_are_read),
      cmocka_unit_test(garbage_is_refused),
      cmocka_unit_test(spoilt_headers_do_no_harm),
      cmocka_unit_test(fortran_order_becomes_row_major),
      cmocka_unit_test(big_endian_becomes_native),
      cmocka_unit_test(what_numpy_writes_is_read),
      cmocka_unit_test(what_is_written_numpy_reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
