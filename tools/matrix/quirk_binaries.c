/* Programs' binaries, whole and damaged. The library's cache checks a sum of its own before
 * a driver sees a byte: most drivers die of a damaged one. */
#include "quirk.h"

static unsigned char *binary;
static size_t binary_size;

static void make_binary(const quirk_device *d) {
  cl_int code;
  cl_program program =
      quirk_build("kernel void k(global int *x) { x[0] = 77; }\n", "", &code);
  if (program == NULL) test_skip("its program does not build: %d", code);
  code = clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof binary_size,
                          &binary_size, NULL);
  if (code != CL_SUCCESS || binary_size == 0) test_skip("no binary: %d", code);
  binary = test_alloc(binary_size);
  code = clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL);
  if (code != CL_SUCCESS) test_skip("no binary: %d", code);
  (void)d;
}

/* The first code that is not CL_SUCCESS, of loading, building, running and reading 77. */
static cl_int load(const quirk_device *d, size_t size, bool build, const char **stage) {
  cl_int code, status = 0, value = 0;
  const unsigned char *bytes = binary;
  *stage = "loading";
  cl_program program =
      clCreateProgramWithBinary(d->context, 1, &d->id, &size, &bytes, &status, &code);
  if (code != CL_SUCCESS) return code;
  if (status != CL_SUCCESS) return status;
  *stage = "building";
  if (build && (code = clBuildProgram(program, 1, &d->id, "", NULL, NULL)) != 0)
    return code;
  *stage = "making the kernel";
  cl_kernel kernel = clCreateKernel(program, "k", &code);
  if (code != CL_SUCCESS) return code;
  *stage = "running";
  cl_mem out = quirk_buffer(64);
  size_t items = 1;
  quirk_set_buffers(kernel, 1, &out);
  code = clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
  if (code == CL_SUCCESS)
    code =
        clEnqueueReadBuffer(d->queue, out, CL_TRUE, 0, sizeof value, &value, 0, NULL, NULL);
  *stage = "the result";
  return code != CL_SUCCESS ? code : value == 77 ? CL_SUCCESS : 1;
}

static void expect_refused(const quirk_device *d, size_t size) {
  const char *stage;
  cl_int code = load(d, size, true, &stage);
  if (code == CL_SUCCESS)
    quirk_differs("accepted, and runs");
  else if (code == 1)
    quirk_differs("accepted, and gives a wrong result");
  else
    quirk_gives("%d when %s", code, stage);
}

static void a_whole_binary_is_taken(void **state) {
  (void)state;
  const char *stage;
  const quirk_device *d = quirk_open();
  make_binary(d);
  cl_int code = load(d, binary_size, true, &stage);
  if (code == CL_SUCCESS)
    quirk_gives("%d bytes", (int)binary_size);
  else
    quirk_differs("%d when %s", code, stage);
}

static void a_binary_need_not_be_built(void **state) {
  (void)state;
  const char *stage;
  const quirk_device *d = quirk_open();
  make_binary(d);
  cl_int code = load(d, binary_size, false, &stage);
  if (code == CL_SUCCESS)
    quirk_gives("taken without");
  else
    quirk_gives("it must: %d when %s", code, stage);
}

static void half_a_binary_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  make_binary(d);
  expect_refused(d, binary_size / 2);
}

static void a_binary_8_bytes_short_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  make_binary(d);
  expect_refused(d, binary_size > 8 ? binary_size - 8 : 1);
}

static void a_binary_with_many_flipped_bits_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  make_binary(d);
  for (size_t i = 0; i < binary_size; i += 97) binary[i] ^= 0x10;
  expect_refused(d, binary_size);
}

static void a_binary_with_one_flipped_bit_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  make_binary(d);
  binary[binary_size / 2] ^= 1;
  expect_refused(d, binary_size);
}

static void zeros_are_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  binary = test_alloc(binary_size = 4096);
  expect_refused(d, binary_size);
}

static void random_bytes_are_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  binary = test_alloc(binary_size = 4096);
  for (size_t i = 0; i < binary_size; i++) binary[i] = (unsigned char)test_random();
  expect_refused(d, binary_size);
}

void quirk_binaries(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_whole_binary_is_taken),
      cmocka_unit_test(a_binary_need_not_be_built),
      cmocka_unit_test(half_a_binary_is_refused),
      cmocka_unit_test(a_binary_8_bytes_short_is_refused),
      cmocka_unit_test(a_binary_with_many_flipped_bits_is_refused),
      cmocka_unit_test(a_binary_with_one_flipped_bit_is_refused),
      cmocka_unit_test(zeros_are_refused),
      cmocka_unit_test(random_bytes_are_refused),
  };
  test_main_each("quirks/binaries", tests, sizeof tests / sizeof *tests);
}
