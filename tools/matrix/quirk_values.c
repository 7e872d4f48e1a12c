/* What expressions give that C leaves open, conversions, NaN, 16-bit floats, contraction
 * and long loops. The library's kernels define all of these by themselves. */
#include <math.h>

#include "quirk.h"

/* Where `expected` is NULL any answer is legal, and only told. */
typedef struct expression {
  const char *title, *text, *expected;
} expression;

/* Arguments: a = 5, z = 0, m = INT_MIN, n = -1, s = 33, big = 3e9, nan, inf, f = 300.7. */
static const expression expressions[] = {
    {"5 / 0", "a / z", NULL},
    {"5 % 0", "a % z", NULL},
    {"INT_MIN / -1", "m / n", NULL},
    {"INT_MIN % -1", "m % n", NULL},
    {"1 << 33", "1 << s", "2"},
    {"(int)3e9f", "(int)big", NULL},
    {"(int)NAN", "(int)nan", NULL},
    {"(int)INFINITY", "(int)inf", NULL},
    {"(uchar)300.7f", "(int)(uchar)f", NULL},
    {"convert_int_sat(3e9f)", "convert_int_sat(big)", "2147483647"},
    {"convert_int_sat(NAN)", "convert_int_sat(nan)", "0"},
    {"convert_uchar_sat(300.7f)", "(int)convert_uchar_sat(f)", "255"},
    {"convert_int_rte(2.5f)", "convert_int_rte(f - 298.2f)", "2"},
    {"fmax(NAN, 1)", "(int)fmax(nan, 1.0f)", "1"},
    {"fmin(NAN, 1)", "(int)fmin(nan, 1.0f)", "1"},
    {"clamp(NAN, 0, 1)", "(int)clamp(nan, 0.0f, 1.0f)", NULL},
    {"sign(NAN)", "(int)sign(nan)", "0"},
    {"NAN == NAN", "(int)(nan == nan)", "0"},
    {"isnan(0.0f / 0.0f)", "(int)isnan((float)z / (float)z)", "1"},
    {"popcount(-1)", "popcount(n)", "32"},
};

static const expression *asked;

static void ask_expression(void) {
  const quirk_device *d = quirk_open();
  char source[512], told[32];
  snprintf(source, sizeof source,
           "kernel void k(global int *o, int a, int z, int m, int n, int s, float big,\n"
           "  float nan, float inf, float f) { o[0] = %s; }\n",
           asked->text);
  cl_kernel kernel = quirk_kernel(source);
  cl_mem out = quirk_buffer(64);
  const cl_int integers[] = {5, 0, INT32_MIN, -1, 33};
  const cl_float floats[] = {3e9f, NAN, INFINITY, 300.7f};
  quirk_set_buffers(kernel, 1, &out);
  for (cl_uint i = 0; i < 5; i++) clSetKernelArg(kernel, 1 + i, 4, &integers[i]);
  for (cl_uint i = 0; i < 4; i++) clSetKernelArg(kernel, 6 + i, 4, &floats[i]);
  quirk_run(kernel, 1);
  cl_int got = 0;
  clEnqueueReadBuffer(d->queue, out, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL);
  snprintf(told, sizeof told, "%d", got);
  if (asked->expected == NULL || strcmp(told, asked->expected) == 0)
    quirk_gives("%s", told);
  else
    quirk_differs("%s, not %s", told, asked->expected);
}

/* `initial_state` is the expression. */
static void gives(void **state) {
  asked = *state;
  ask_expression();
}

/* ---- 16-bit floats ---- */

static cl_ushort half_of(float value) {
  const quirk_device *d = quirk_open();
  cl_kernel kernel = quirk_kernel(
      "kernel void k(global half *o, float x) { vstore_half_rte(x, 0, o); }\n");
  cl_mem out = quirk_buffer(64);
  quirk_set_buffers(kernel, 1, &out);
  clSetKernelArg(kernel, 1, sizeof value, &value);
  quirk_run(kernel, 1);
  cl_ushort got = 0;
  clEnqueueReadBuffer(d->queue, out, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL);
  return got;
}

static void expect_half(float value, cl_ushort expected) {
  cl_ushort got = half_of(value);
  if (got == expected)
    quirk_gives("0x%04x", got);
  else
    quirk_differs("0x%04x, not 0x%04x", got, expected);
}

static void half_rounds_to_even(void **state) {
  (void)state;
  expect_half(2049.0f, 0x6800);
}
static void half_keeps_subnormals(void **state) {
  (void)state;
  expect_half(0x1p-24f, 0x0001);
}
static void half_overflows_to_infinity(void **state) {
  (void)state;
  expect_half(65520.0f, 0x7c00);
}
static void half_of_nan_is_nan(void **state) {
  (void)state;
  cl_ushort got = half_of(NAN);
  if ((got & 0x7c00) == 0x7c00 && (got & 0x3ff) != 0)
    quirk_gives("0x%04x", got);
  else
    quirk_differs("0x%04x is none", got);
}

/* ---- Contraction, subnormals, loops ---- */

/* x * x + x for x = 1 + 2^-12: fused and rounded twice differ. */
static void show_contraction(const char *pragma, bool may_fuse) {
  const quirk_device *d = quirk_open();
  char source[256];
  snprintf(source, sizeof source,
           "%s\nkernel void k(global float *o, float x) { o[0] = x * x + -1.0f; }\n",
           pragma);
  cl_kernel kernel = quirk_kernel(source);
  cl_mem out = quirk_buffer(64);
  cl_float x = 1 + 0x1p-12f, got = 0;
  quirk_set_buffers(kernel, 1, &out);
  clSetKernelArg(kernel, 1, sizeof x, &x);
  quirk_run(kernel, 1);
  clEnqueueReadBuffer(d->queue, out, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL);
  bool fused = got == fmaf(x, x, -1.0f);
  if (may_fuse || !fused)
    quirk_gives("%s", fused ? "fused" : "not fused");
  else
    quirk_differs("fused all the same");
}

static void sums_of_products_by_default(void **state) {
  (void)state;
  show_contraction("", true);
}
static void sums_of_products_with_contraction_off(void **state) {
  (void)state;
  show_contraction("#pragma OPENCL FP_CONTRACT OFF", false);
}

static void subnormals_are_kept(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_kernel kernel =
      quirk_kernel("kernel void k(global float *o, float x) { o[0] = x * 0.5f; }\n");
  cl_mem out = quirk_buffer(64);
  cl_float x = 0x1p-126f, got = 0;
  cl_device_fp_config config = 0;
  clGetDeviceInfo(d->id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof config, &config, NULL);
  quirk_set_buffers(kernel, 1, &out);
  clSetKernelArg(kernel, 1, sizeof x, &x);
  quirk_run(kernel, 1);
  clEnqueueReadBuffer(d->queue, out, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL);
  bool says = (config & CL_FP_DENORM) != 0, kept = got == 0x1p-127f;
  if (says == kept)
    quirk_gives("%s, as it says", kept ? "kept" : "flushed");
  else
    quirk_differs("%s, though it says otherwise", kept ? "kept" : "flushed");
}

static void loops_may_be_long(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_kernel kernel = quirk_kernel("kernel void k(global int *o, int n) { int c = 0;\n"
                                  "for (int i = 0; i < n; i++) c += o[1 + (i & 1)];\n"
                                  "o[0] = c; }\n");
  cl_int values[3] = {0, 1, 1}, n = 200003;
  cl_mem out = quirk_buffer(64);
  clEnqueueWriteBuffer(d->queue, out, CL_TRUE, 0, sizeof values, values, 0, NULL, NULL);
  quirk_set_buffers(kernel, 1, &out);
  clSetKernelArg(kernel, 1, sizeof n, &n);
  quirk_run(kernel, 1);
  clEnqueueReadBuffer(d->queue, out, CL_TRUE, 0, sizeof values, values, 0, NULL, NULL);
  if (values[0] == n)
    quirk_gives("%d trips", n);
  else
    quirk_differs("stops after %d trips of %d", values[0], n);
}

void quirk_values(void) {
  enum { MOST = sizeof expressions / sizeof *expressions };
  struct CMUnitTest tests[MOST];
  for (int i = 0; i < MOST; i++)
    tests[i] = (struct CMUnitTest){expressions[i].title, gives, NULL, NULL,
                                   (void *)(uintptr_t)&expressions[i]};
  test_main("quirks/expressions", tests, MOST);
  const struct CMUnitTest others[] = {
      cmocka_unit_test(half_rounds_to_even),
      cmocka_unit_test(half_keeps_subnormals),
      cmocka_unit_test(half_overflows_to_infinity),
      cmocka_unit_test(half_of_nan_is_nan),
      cmocka_unit_test(sums_of_products_by_default),
      cmocka_unit_test(sums_of_products_with_contraction_off),
      cmocka_unit_test(subnormals_are_kept),
      cmocka_unit_test(loops_may_be_long),
  };
  test_main("quirks/values", others, sizeof others / sizeof *others);
}
