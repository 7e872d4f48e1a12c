/* Our texts beside fixed ones and beside NumPy's own, in this and in a foreign locale. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "numpy.h"
#include "tensor/format.h"
#include "tensor/npy.h"

static char *format(eager_dtype dtype, const eager__shape *shape, const void *data) {
  eager__strbuf text = {0};
  eager__format_tensor(dtype, shape, data, "CPU:0", &text);
  char *taken = eager__strbuf_take(&text);
  assert_non_null(taken);
  return taken;
}

#define SHAPE(rank, ...)                                                                   \
  {                                                                                        \
    rank, {                                                                                \
      __VA_ARGS__                                                                          \
    }                                                                                      \
  }

static const struct text_case {
  eager_dtype dtype;
  eager__shape shape;
  double values[8];
  const char *text;
} text_cases[] = {
    {EAGER_INT32, SHAPE(0, 0), {42}, "Tensor(42, shape=(), dtype=int32, device=CPU:0)"},
    {EAGER_BOOL, SHAPE(0, 0), {1}, "Tensor(True, shape=(), dtype=bool, device=CPU:0)"},
    {EAGER_FLOAT32, SHAPE(0, 0), {1}, "Tensor(1.0, shape=(), dtype=float32, device=CPU:0)"},
    {EAGER_FLOAT16,
     SHAPE(0, 0),
     {65504},
     "Tensor(65500.0, shape=(), dtype=float16, device=CPU:0)"},
    {EAGER_FLOAT64,
     SHAPE(0, 0),
     {1e16},
     "Tensor(1e+16, shape=(), dtype=float64, device=CPU:0)"},
    {EAGER_FLOAT64,
     SHAPE(0, 0),
     {-1.5e-300},
     "Tensor(-1.5e-300, shape=(), dtype=float64, device=CPU:0)"},
    {EAGER_FLOAT32,
     SHAPE(2, 2, 2),
     {1, 2, 3, 4},
     "Tensor(\n[[1. 2.]\n [3. 4.]], shape=(2, 2), dtype=float32, device=CPU:0)"},
    {EAGER_BFLOAT16,
     SHAPE(1, 3),
     {1, -2.5, 0.1},
     "Tensor([ 1.  -2.5  0.1], shape=(3,), dtype=bfloat16, device=CPU:0)"},
    {EAGER_FLOAT32,
     SHAPE(1, 2),
     {1e-4, 1e-2},
     "Tensor([0.0001 0.01  ], shape=(2,), dtype=float32, device=CPU:0)"},
    {EAGER_FLOAT32,
     SHAPE(1, 2),
     {9.9e-5, 1e-2},
     "Tensor([9.9e-05 1.0e-02], shape=(2,), dtype=float32, device=CPU:0)"},
    {EAGER_FLOAT64,
     SHAPE(1, 3),
     {NAN, -INFINITY, 1.25},
     "Tensor([ nan -inf 1.25], shape=(3,), dtype=float64, device=CPU:0)"},
    {EAGER_BOOL,
     SHAPE(1, 2),
     {1, 0},
     "Tensor([ True False], shape=(2,), dtype=bool, device=CPU:0)"},
    {EAGER_INT8,
     SHAPE(3, 2, 1, 2),
     {-128, 1, 2, 3},
     "Tensor(\n[[[-128    1]]\n\n [[   2    3]]], shape=(2, 1, 2), dtype=int8, "
     "device=CPU:0)"},
    {EAGER_UINT8,
     SHAPE(3, 2, 0, 2),
     {0},
     "Tensor([], shape=(2, 0, 2), dtype=uint8, device=CPU:0)"},
};

static void texts_are_as_documented(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof text_cases / sizeof *text_cases; i++) {
    const struct text_case *c = &text_cases[i];
    unsigned char data[64];
    for (size_t k = 0; k < 8; k++)
      eager__encode_double(c->dtype, c->values[k], data + k * eager_dtype_size(c->dtype));
    char *text = format(c->dtype, &c->shape, data);
    assert_string_equal(text, c->text);
    eager__free(text);
  }
}

/* --- Beside NumPy --- */

static uint64_t seed = 1;

static uint64_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static double uniform(void) {
  return (double)(next() >> 11) * 0x1p-53;
}

/* Values that NumPy lays out in different ways. */
static double draw_tenths(void) {
  return (double)((int)(next() % 2001) - 1000) / 10;
}
static double draw_digits(void) {
  return (int)(next() % 9) - 4;
}
static double draw_unit(void) {
  return uniform();
}
static double draw_signed(void) {
  return 200 * uniform() - 100;
}
static double draw_wide(void) {
  return (next() & 1 ? -1 : 1) * exp(60 * uniform() - 30);
}
static double draw_extreme(void) {
  return ldexp(uniform() - 0.5, (int)(next() % 2090) - 1070);
}
static double draw_power(void) {
  return ldexp(1, (int)(next() % 2090) - 1070);
}
static double draw_large(void) {
  return 1e6 * (1 + 200 * uniform());
}
static double draw_other(void) {
  static const double others[] = {NAN, INFINITY, 0, -0.0, 1, 2.5};
  return others[next() % 6];
}
static double draw_minus_infinity(void) {
  return next() % 4 ? 0.5 : -INFINITY;
}
static double draw_nan(void) {
  return NAN;
}

static double (*const draws[])(void) = {
    draw_tenths, draw_digits, draw_unit,  draw_signed,         draw_wide, draw_extreme,
    draw_power,  draw_large,  draw_other, draw_minus_infinity, draw_nan,
};

static const eager_dtype dtypes[] = {
    EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16, EAGER_INT8,   EAGER_INT16,  EAGER_INT32,
    EAGER_INT64,   EAGER_UINT8,   EAGER_UINT16,  EAGER_UINT32, EAGER_UINT64, EAGER_BOOL,
};

static const eager__shape shapes[] = {
    SHAPE(0, 0),           SHAPE(1, 1),
    SHAPE(1, 2),           SHAPE(1, 40),
    SHAPE(2, 3, 3),        SHAPE(2, 3, 21),
    SHAPE(2, 5, 1),        SHAPE(3, 2, 3, 4),
    SHAPE(4, 2, 1, 2, 12), SHAPE(8, 1, 2, 1, 1, 2, 1, 1, 3),
    SHAPE(2, 0, 3),        SHAPE(1, 1000),
    SHAPE(1, 1001),        SHAPE(2, 7, 300),
    SHAPE(3, 9, 8, 20),    SHAPE(3, 6, 7, 30),
    SHAPE(2, 1500, 1),
};

enum { DRAWS = sizeof draws / sizeof *draws, MOST_CASES = 4096 };
static char *ours[MOST_CASES];
static int case_count;

static void add_case(FILE *file, eager_dtype dtype, const eager__shape *shape,
                     const void *data) {
  eager__strbuf header = {0};
  assert_int_equal(eager__npy_write_header(dtype, shape, &header), EAGER_OK);
  size_t size = (size_t)eager__shape_elements(shape) * eager_dtype_size(dtype);
  assert_int_equal(fwrite(header.text, 1, header.size, file), header.size);
  assert_int_equal(fwrite(data, 1, size, file), size);
  eager__strbuf_free(&header);
  assert_true(case_count < MOST_CASES);
  ours[case_count++] = format(dtype, shape, data);
}

/* What an int dtype cannot hold is cut off: any bits will do. */
static void fill(eager_dtype dtype, int kind, int64_t count, unsigned char *data) {
  size_t size = eager_dtype_size(dtype);
  for (int64_t i = 0; i < count; i++) {
    uint64_t bits = next() >> (next() % 64);
    if (dtype == EAGER_BOOL || kind == DRAWS) bits &= 1;
    if (eager__dtype(dtype)->kind != EAGER__KIND_FLOAT)
      memcpy(data + (size_t)i * size, &bits, size);
    else
      eager__encode_double(dtype, draws[kind](), data + (size_t)i * size);
  }
}

static void write_cases(FILE *file) {
  static unsigned char data[8 * 3000];
  for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++) {
    bool is_float = eager__dtype(dtypes[d])->kind == EAGER__KIND_FLOAT;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
      for (int kind = 0; kind < (is_float ? DRAWS : 2); kind++) {
        fill(dtypes[d], is_float || kind == 0 ? kind : DRAWS,
             eager__shape_elements(&shapes[s]), data);
        add_case(file, dtypes[d], &shapes[s], data);
      }
  }
  const eager__shape scalar = {0};
  for (int exponent = -1074; exponent <= 1023; exponent++) {
    double value = ldexp(1, exponent);
    add_case(file, EAGER_FLOAT64, &scalar, &value);
  }
  for (int exponent = -149; exponent <= 127; exponent++) {
    float value = ldexpf(1, exponent);
    add_case(file, EAGER_FLOAT32, &scalar, &value);
  }
}

/* One text per array of the file, each with a NUL behind it. */
static const char script[] = "import sys, numpy as np\n"
                             "with open(sys.argv[1], 'rb') as f:\n"
                             "  end = f.seek(0, 2); f.seek(0)\n"
                             "  while f.tell() < end:\n"
                             "    a = np.lib.format.read_array(f)\n"
                             "    t = str(a if a.ndim else a[()])\n"
                             "    sys.stdout.write(t + chr(0))\n";

/* Ours without `Tensor(`, the line break and what follows the value. */
static char *value_text(char *text) {
  text += strlen("Tensor(");
  if (*text == '\n') text++;
  *strstr(text, ", shape=") = '\0';
  return text;
}

static void values_read_as_numpys(void **state) {
  (void)state;
  if (!numpy_is_here()) {
    print_message("skipped: no python3 with NumPy\n");
    skip();
  }
  char path[] = "/tmp/eagercl_format_XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  FILE *file = fdopen(descriptor, "wb");
  assert_non_null(file);
  write_cases(file);
  assert_int_equal(fclose(file), 0);
  size_t size;
  char *theirs = numpy_run(script, path, &size);
  unlink(path);
  assert_non_null(theirs);
  const char *p = theirs;
  for (int i = 0; i < case_count; i++) {
    assert_true(p < theirs + size);
    assert_string_equal(value_text(ours[i]), p);
    p += strlen(p) + 1;
    eager__free(ours[i]);
  }
  assert_ptr_equal(p, theirs + size);
  print_message("%d arrays read as NumPy prints them\n", case_count);
  case_count = 0;
  free(theirs);
}

/* A locale with a decimal comma: an installed one, or one made in `folder`. */
static const char *find_comma(const char *folder) {
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
  for (int i = 0; i < 3; i++)
    if (setlocale(LC_ALL, names[i])) return names[i];
  char command[256];
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/%s 2>/dev/null", folder,
           names[0]);
  if (system(command) != 0) return NULL;
  setenv("LOCPATH", folder, 1);
  return setlocale(LC_ALL, names[0]);
}

static void a_decimal_comma_changes_nothing(void **state) {
  (void)state;
  char folder[] = "/tmp/eagercl_locale_XXXXXX", command[256];
  assert_non_null(mkdtemp(folder));
  bool found = find_comma(folder) != NULL;
  snprintf(command, sizeof command, "rm -r %s", folder);
  assert_int_equal(system(command), 0);
  if (!found) {
    print_message("skipped: no locale with a decimal comma, and none can be made\n");
    skip();
  }
  snprintf(command, sizeof command, "%.1f", 0.5);
  assert_string_equal(command, "0,5");
  texts_are_as_documented(NULL);
  setlocale(LC_ALL, "C");
}

static void short_memory_is_told(void **state) {
  (void)state;
  const eager__shape shape = SHAPE(1, 3);
  const float data[] = {1, 2, 3};
  for (long n = 1;; n++) {
    eager__strbuf text = {0};
    eager__alloc_fail_after(n);
    eager__format_tensor(EAGER_FLOAT32, &shape, data, "CPU:0", &text);
    eager__alloc_fail_after(-1);
    bool failed = text.failed;
    char *taken = eager__strbuf_take(&text);
    assert_int_equal(failed, taken == NULL);
    eager__free(taken);
    if (!failed) break;
    assert_true(n < 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_as_documented),
      cmocka_unit_test(values_read_as_numpys),
      cmocka_unit_test(a_decimal_comma_changes_nothing),
      cmocka_unit_test(short_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
