/* ctest: devices=all */
/* semantics.md section 5, printing, through the library's door; the formats themselves are
 * a table against NumPy in tests/tensor/test_format.c. */
#include <unistd.h>

#include "test_values.h"

static int enable(void **state) {
  (void)state;
  test_enable();
  return 0;
}

/* `expected` has %s where the device's short name stands. */
static void expect_text(const eager_tensor *t, const char *expected) {
  char wanted[4096];
  const char *at = strstr(expected, "%s");
  assert_non_null(at);
  snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(at - expected), expected, test_device(),
           at + 2);
  char *text = NULL;
  assert_ok(eager_tensor_format(t, &text));
  assert_string_equal(text, wanted);
  eager_free(text);
}

static void scalars_of_every_dtype(void **state) {
  (void)state;
  static const struct {
    eager_dtype dtype;
    double value;
    const char *text;
  } rows[] = {
      {EAGER_INT32, 42, "Tensor(42, shape=(), dtype=int32, device=%s)"},
      {EAGER_INT8, -128, "Tensor(-128, shape=(), dtype=int8, device=%s)"},
      {EAGER_INT16, -5, "Tensor(-5, shape=(), dtype=int16, device=%s)"},
      {EAGER_INT64, 1099511627776,
       "Tensor(1099511627776, shape=(), dtype=int64, device=%s)"},
      {EAGER_UINT8, 255, "Tensor(255, shape=(), dtype=uint8, device=%s)"},
      {EAGER_UINT16, 65535, "Tensor(65535, shape=(), dtype=uint16, device=%s)"},
      {EAGER_UINT32, 4294967295.0, "Tensor(4294967295, shape=(), dtype=uint32, device=%s)"},
      {EAGER_UINT64, 7, "Tensor(7, shape=(), dtype=uint64, device=%s)"},
      {EAGER_BOOL, 1, "Tensor(True, shape=(), dtype=bool, device=%s)"},
      {EAGER_FLOAT32, 0.1, "Tensor(0.1, shape=(), dtype=float32, device=%s)"},
      {EAGER_FLOAT64, 0.1, "Tensor(0.1, shape=(), dtype=float64, device=%s)"},
      {EAGER_FLOAT16, 0.1, "Tensor(0.1, shape=(), dtype=float16, device=%s)"},
      {EAGER_BFLOAT16, 1.5, "Tensor(1.5, shape=(), dtype=bfloat16, device=%s)"},
      {EAGER_FLOAT32, 6, "Tensor(6.0, shape=(), dtype=float32, device=%s)"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    eager_tensor *t = test_scalar(rows[i].dtype, rows[i].value);
    expect_text(t, rows[i].text);
    eager_tensor_release(t);
  }
}

static void arrays_over_several_lines(void **state) {
  (void)state;
  const double values[] = {1, 2.5, -3, 4, 5, 6};
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, values);
  expect_text(t, "Tensor(\n[[ 1.   2.5 -3. ]\n [ 4.   5.   6. ]], shape=(2, 3), "
                 "dtype=float32, device=%s)");
  eager_tensor_release(t);
  t = test_tensor(EAGER_INT32, (test_shape){1, {3}}, values);
  expect_text(t, "Tensor([ 1  2 -3], shape=(3,), dtype=int32, device=%s)");
  eager_tensor_release(t);
  t = test_tensor(EAGER_FLOAT32, (test_shape){2, {0, 3}}, values);
  expect_text(t, "Tensor([], shape=(0, 3), dtype=float32, device=%s)");
  eager_tensor_release(t);
}

static void views_show_their_own_elements(void **state) {
  (void)state;
  const double values[] = {7, 8, 9};
  eager_tensor *t = test_view(EAGER_INT32, (test_shape){1, {3}}, values, 5);
  expect_text(t, "Tensor([7 8 9], shape=(3,), dtype=int32, device=%s)");
  eager_tensor_release(t);
}

static void more_than_1000_elements_are_summarised(void **state) {
  (void)state;
  double *values = test_alloc(1001 * sizeof *values);
  for (int i = 0; i < 1001; i++) values[i] = i;
  eager_tensor *t = test_tensor(EAGER_INT32, (test_shape){1, {1001}}, values);
  expect_text(t, "Tensor([   0    1    2 ...  998  999 1000], shape=(1001,), dtype=int32, "
                 "device=%s)");
  eager_tensor_release(t);
  t = test_tensor(EAGER_INT32, (test_shape){1, {1000}}, values);
  char *text = NULL;
  assert_ok(eager_tensor_format(t, &text));
  assert_null(strstr(text, "..."));
  assert_non_null(strstr(text, " 500 "));
  eager_free(text);
  eager_tensor_release(t);
}

/* Standard output gets the text and a newline. */
static void print_writes_to_standard_output(void **state) {
  (void)state;
  eager_tensor *t = test_scalar(EAGER_INT32, 42);
  char text[256] = "", wanted[128];
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stdout);
  int saved = dup(STDOUT_FILENO);
  assert_true(saved >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
  eager_status status = eager_tensor_print(t);
  fflush(stdout);
  assert_true(dup2(saved, STDOUT_FILENO) >= 0);
  close(saved);
  rewind(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  assert_ok(status);
  snprintf(wanted, sizeof wanted, "Tensor(42, shape=(), dtype=int32, device=%s)\n",
           test_device());
  assert_string_equal(text, wanted);
  eager_tensor_release(t);
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, enable)
  const struct CMUnitTest tests[] = {
      ROW(scalars_of_every_dtype),          ROW(arrays_over_several_lines),
      ROW(views_show_their_own_elements),   ROW(more_than_1000_elements_are_summarised),
      ROW(print_writes_to_standard_output),
  };
  return test_main("api/printing", tests, sizeof tests / sizeof *tests);
}
