/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <CL/cl.h>
#include <CL/cl_ext.h>

#include "cl/census.h"
#include "cl/error.h"

#define NAMED(code)                                                                        \
  { code, #code }

static void codes_have_the_names_of_the_headers(void **state) {
  (void)state;
  static const struct {
    int code;
    const char *name;
  } rows[] = {
      NAMED(CL_SUCCESS),
      NAMED(CL_DEVICE_NOT_FOUND),
      NAMED(CL_MEM_OBJECT_ALLOCATION_FAILURE),
      NAMED(CL_OUT_OF_RESOURCES),
      NAMED(CL_OUT_OF_HOST_MEMORY),
      NAMED(CL_BUILD_PROGRAM_FAILURE),
      NAMED(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
      NAMED(CL_KERNEL_ARG_INFO_NOT_AVAILABLE),
      NAMED(CL_INVALID_VALUE),
      NAMED(CL_INVALID_QUEUE_PROPERTIES),
      NAMED(CL_INVALID_COMMAND_QUEUE),
      NAMED(CL_INVALID_IMAGE_SIZE),
      NAMED(CL_INVALID_PROGRAM_EXECUTABLE),
      NAMED(CL_INVALID_KERNEL_ARGS),
      NAMED(CL_INVALID_WORK_GROUP_SIZE),
      NAMED(CL_INVALID_EVENT),
      NAMED(CL_INVALID_BUFFER_SIZE),
      NAMED(CL_INVALID_GLOBAL_WORK_SIZE),
      NAMED(CL_INVALID_DEVICE_PARTITION_COUNT),
      NAMED(CL_PLATFORM_NOT_FOUND_KHR),
      {-69, "CL_INVALID_PIPE_SIZE"}, /* newer than OpenCL 1.2 */
      {-70, "CL_INVALID_DEVICE_QUEUE"},
      {-71, "CL_INVALID_SPEC_ID"},
      {-72, "CL_MAX_SIZE_RESTRICTION_EXCEEDED"},
      {-9999, "illegal read or write to a buffer (NVIDIA)"},
      {-1234, "unknown CL error"},
      {1, "unknown CL error"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_string_equal(eager__cl_error_name(rows[i].code), rows[i].name);
}

static void every_code_of_the_standard_has_a_name_of_its_own(void **state) {
  (void)state;
  for (int code = 0; code >= -72; code--) {
    if (code < -19 && code > -30) continue;
    assert_int_equal(strncmp(eager__cl_error_name(code), "CL_", 3), 0);
    for (int other = code + 1; other <= 0; other++)
      assert_string_not_equal(eager__cl_error_name(code), eager__cl_error_name(other));
  }
}

static void refusals_name_call_device_and_code(void **state) {
  (void)state;
  assert_int_equal(eager__cl_fail("clCreateBuffer", "GPU:0", -61),
                   EAGER_RESOURCE_EXHAUSTED);
  assert_string_equal(eager_error_message(),
                      "clCreateBuffer failed on GPU:0: CL_INVALID_BUFFER_SIZE (-61)");
  assert_int_equal(eager_error_cl_code(), -61);
  assert_int_equal(eager__cl_fail("clGetPlatformIDs", NULL, -1234), EAGER_INTERNAL);
  assert_string_equal(eager_error_message(),
                      "clGetPlatformIDs failed: unknown CL error (-1234)");
  assert_int_equal(eager_error_cl_code(), -1234);
}

/* semantics.md section 4, last row. */
static void codes_mean_what_the_contract_says(void **state) {
  (void)state;
  static const struct {
    int code;
    bool allocation, loss;
  } rows[] = {
      {0, false, false},   {-4, true, true},    {-5, true, true},     {-6, true, true},
      {-61, true, false},  {-36, false, true},  {-9999, false, true}, {-14, false, true},
      {-1, false, true},   {-30, false, false}, {-54, false, false},  {-58, false, false},
      {-72, false, false}, {-73, false, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(eager__cl_is_allocation_failure(rows[i].code), rows[i].allocation);
    assert_int_equal(eager__cl_is_loss(rows[i].code), rows[i].loss);
  }
}

static void the_census_counts(void **state) {
  (void)state;
  eager__census_add(EAGER__OBJECT_MEM, 3);
  eager__census_add(EAGER__OBJECT_EVENT, 1);
  eager__census_add(EAGER__OBJECT_MEM, -1);
  assert_int_equal(eager__census(EAGER__OBJECT_MEM), 2);
  assert_int_equal(eager__census(EAGER__OBJECT_QUEUE), 0);
  assert_int_equal(eager__census_total(), 3);
  assert_string_equal(eager__census_name(EAGER__OBJECT_CONTEXT), "context");
  assert_string_equal(eager__census_name(EAGER__OBJECT_KERNEL), "kernel");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_have_the_names_of_the_headers),
      cmocka_unit_test(every_code_of_the_standard_has_a_name_of_its_own),
      cmocka_unit_test(refusals_name_call_device_and_code),
      cmocka_unit_test(codes_mean_what_the_contract_says),
      cmocka_unit_test(the_census_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
