/* ctest: devices=pocl-pthread,rusticl labels=faults timeout=120 */
/* Kernels that do not build: the text carries the compiler's log, whoever wrote the source,
 * and once the compiler is well again the same call works. What builds from the disk:
 * test_every_call's cache_load. */
#include "eagercl/kernel.h"
#include "test_layer.h"
#include "test_values.h"

static const char log_text[] = "prelude:3:7: error: the compiler has had enough";
static const char source[] = "__kernel void twice(__global const float *x, ulong n,\n"
                             "                    __global float *y, ulong m) {\n"
                             "  y[get_global_id(0)] = 2 * x[get_global_id(0)];\n"
                             "}\n";

static const double values[4] = {1, 2, 3, 4};
static const test_shape shape = {1, {4}};
static eager_tensor *x;

static const eager_layer *begin(eager_execution_mode mode) {
  const eager_layer *layer = test_layer();
  const eager_config no_disk = {.kernel_cache_dir = ""};
  assert_ok(test_enable_with(no_disk, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  assert_ok(eager_set_thread_execution_mode(mode));
  x = test_tensor(EAGER_FLOAT32, shape, values);
  layer->build_log(log_text);
  return layer;
}

static void expect_doubled(eager_tensor *t) {
  test_expect(t, EAGER_FLOAT32, shape, (double[]){2, 4, 6, 8}, TEST_EXACT, NULL);
  eager_tensor_release(t);
}

/* Builds fail at the call in both modes. */
static void the_librarys_kernels(void **state) {
  const eager_layer *layer = begin(*(const eager_execution_mode *)*state);
  static const int codes[] = {-11, -5, -6};
  static const char *const names[] = {"CL_BUILD_PROGRAM_FAILURE", "CL_OUT_OF_RESOURCES",
                                      "CL_OUT_OF_HOST_MEMORY"};
  eager_tensor *out = x;
  for (int i = 0; i < 3; i++) {
    layer->refuse("clBuildProgram", 1, codes[i]);
    assert_fails_like(eager_add(x, x, &out), EAGER_INTERNAL,
                      test_text("building the kernels of elementwise for float32 failed on "
                                "%s: %s (%d)\n%s",
                                test_device(), names[i], codes[i], log_text));
    assert_fails_like(EAGER_INTERNAL, EAGER_INTERNAL, " [Op:AddV2]");
    assert_int_equal(eager_error_cl_code(), codes[i]);
    assert_null(out);
  }
  assert_ok(eager_add(x, x, &out));
  expect_doubled(out);
  eager_tensor_release(x);
}

static void a_users_kernel(void **state) {
  const eager_layer *layer = begin(*(const eager_execution_mode *)*state);
  eager_kernel *kernel = NULL;
  layer->refuse("clBuildProgram", 1, -11);
  assert_fails_like(eager_kernel_new(source, "twice", NULL, &kernel),
                    EAGER_INVALID_ARGUMENT, log_text);
  assert_fails_like(EAGER_INVALID_ARGUMENT, EAGER_INVALID_ARGUMENT,
                    "\n    3 |   y[get_global_id(0)] = 2 * x[get_global_id(0)];\n");
  assert_null(kernel);
  assert_ok(eager_kernel_new(source, "twice", NULL, &kernel));
  eager_kernel_release(kernel);
  eager_tensor_release(x);
}

static void an_expression(void **state) {
  const eager_layer *layer = begin(*(const eager_execution_mode *)*state);
  eager_tensor *out = x;
  layer->refuse("clBuildProgram", 1, -11);
  assert_fails_like(eager_elementwise("2.0f * a", &x, 1, &out), EAGER_INVALID_ARGUMENT,
                    log_text);
  assert_fails_like(EAGER_INVALID_ARGUMENT, EAGER_INVALID_ARGUMENT, "2.0f * a");
  assert_null(out);
  assert_ok(eager_elementwise("2.0f * a", &x, 1, &out));
  expect_doubled(out);
  eager_tensor_release(x);
}

/* Of a log that cannot be had nothing is said but that. */
static void no_log(void **state) {
  const eager_layer *layer = begin(*(const eager_execution_mode *)*state);
  eager_tensor *out = x;
  for (int query = 1; query <= 2; query++) {
    layer->refuse("clBuildProgram", 1, -11);
    layer->refuse("clGetProgramBuildInfo", (uint64_t)query, -6);
    assert_fails_like(eager_add(x, x, &out), EAGER_INTERNAL,
                      "CL_BUILD_PROGRAM_FAILURE (-11)\n(no build log)");
    assert_null(out);
    layer->refuse("clGetProgramBuildInfo", 9, -6);
  }
  assert_ok(eager_add(x, x, &out));
  expect_doubled(out);
  eager_tensor_release(x);
}

int main(void) {
  static eager_execution_mode sync = EAGER_SYNC, async = EAGER_ASYNC;
#define ROW(test)                                                                          \
  {#test "_sync", test, NULL, NULL, &sync}, {                                              \
#test "_async", test, NULL, NULL, &async                                               \
  }
  const struct CMUnitTest tests[] = {ROW(the_librarys_kernels), ROW(a_users_kernel),
                                     ROW(an_expression), ROW(no_log)};
  test_layer_load();
  return test_main_each("faults/builds", tests, sizeof tests / sizeof *tests);
}
