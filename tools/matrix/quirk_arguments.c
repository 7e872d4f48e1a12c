/* Which wrong arguments drivers notice. What they let pass the library checks itself. */
#include "quirk.h"

static const char copies[] = "kernel void k(global const int *a, global int *b) {\n"
                             "  size_t i = get_global_id(0); if (i < 64) b[i] = a[i]; }\n";

static void a_buffer_of_another_context_is_no_argument(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int code;
  cl_kernel kernel = quirk_kernel(copies);
  cl_mem foreign =
      clCreateBuffer(quirk_other_context(), CL_MEM_READ_WRITE, 256, NULL, &code);
  cl_mem both[] = {foreign, quirk_buffer(256)};
  size_t items = 64;
  code = clSetKernelArg(kernel, 0, sizeof foreign, &both[0]);
  if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 1, sizeof foreign, &both[1]);
  if (code == CL_SUCCESS)
    code = clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
  if (code == CL_SUCCESS)
    quirk_differs("accepted");
  else
    quirk_gives("%d", code);
}

static void an_event_of_another_context_is_not_waited_for(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int code, value = 0;
  cl_event foreign = clCreateUserEvent(quirk_other_context(), &code);
  if (foreign == NULL) test_skip("no user event: %d", code);
  clSetUserEventStatus(foreign, CL_COMPLETE);
  cl_mem buffer = quirk_buffer(256);
  code = clEnqueueWriteBuffer(d->queue, buffer, CL_FALSE, 0, sizeof value, &value, 1,
                              &foreign, NULL);
  quirk_expect_code(code, CL_INVALID_CONTEXT);
}

static void a_copy_between_contexts_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_int code;
  cl_mem foreign =
      clCreateBuffer(quirk_other_context(), CL_MEM_READ_WRITE, 256, NULL, &code);
  quirk_expect_code(
      clEnqueueCopyBuffer(d->queue, foreign, quirk_buffer(256), 0, 0, 256, 0, NULL, NULL),
      CL_INVALID_CONTEXT);
}

static void a_gigabyte_of_local_memory_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_kernel kernel = quirk_kernel("kernel void k(local int *l, global int *x) {\n"
                                  "  l[get_local_id(0)] = 1; x[0] = l[0]; }\n");
  cl_mem buffer = quirk_buffer(256);
  size_t items = 1;
  cl_int code = clSetKernelArg(kernel, 0, (size_t)1 << 30, NULL);
  if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 1, sizeof buffer, &buffer);
  if (code == CL_SUCCESS)
    code = clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &items, &items, 0, NULL, NULL);
  if (code == CL_SUCCESS) code = clFinish(d->queue);
  if (code == CL_SUCCESS)
    quirk_differs("accepted");
  else
    quirk_gives("%d", code);
}

static cl_int enqueue(const quirk_device *d, size_t global, size_t local) {
  cl_kernel kernel = quirk_kernel(copies);
  cl_mem both[] = {quirk_buffer(256), quirk_buffer(256)};
  quirk_set_buffers(kernel, 2, both);
  cl_int code = clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &global,
                                       local ? &local : NULL, 0, NULL, NULL);
  clFinish(d->queue);
  return code;
}

static void work_groups_of_65536_are_refused(void **state) {
  (void)state;
  cl_int code = enqueue(quirk_open(), 65536, 65536);
  if (code == CL_INVALID_WORK_GROUP_SIZE || code == CL_INVALID_WORK_ITEM_SIZE)
    quirk_gives("%d", code);
  else
    quirk_differs("%d", code);
}

static void an_uneven_last_work_group_is_refused(void **state) {
  (void)state;
  quirk_expect_code(enqueue(quirk_open(), 63, 64), CL_INVALID_WORK_GROUP_SIZE);
}

static void no_work_items_are_taken(void **state) {
  (void)state;
  cl_int code = enqueue(quirk_open(), 0, 0);
  if (code == CL_SUCCESS || code == CL_INVALID_GLOBAL_WORK_SIZE)
    quirk_gives("%d", code);
  else
    quirk_differs("%d", code);
}

static void an_empty_buffer_is_refused(void **state) {
  (void)state;
  cl_int code;
  clCreateBuffer(quirk_open()->context, CL_MEM_READ_WRITE, 0, NULL, &code);
  quirk_expect_code(code, CL_INVALID_BUFFER_SIZE);
}

static void more_than_the_largest_buffer_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_ulong most = 0;
  cl_int code;
  clGetDeviceInfo(d->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof most, &most, NULL);
  clCreateBuffer(d->context, CL_MEM_READ_WRITE, (size_t)most + 4096, NULL, &code);
  if (code == CL_SUCCESS)
    quirk_differs("accepted");
  else
    quirk_gives("%d", code);
}

static cl_int fill(size_t pattern, size_t offset, size_t size) {
  const quirk_device *d = quirk_open();
  static const char bytes[16];
  cl_int code = clEnqueueFillBuffer(d->queue, quirk_buffer(256), bytes, pattern, offset,
                                    size, 0, NULL, NULL);
  clFinish(d->queue);
  return code;
}

static void a_fill_pattern_of_three_bytes_is_refused(void **state) {
  (void)state;
  quirk_expect_code(fill(3, 0, 12), CL_INVALID_VALUE);
}

static void a_fill_between_patterns_is_refused(void **state) {
  (void)state;
  quirk_expect_code(fill(4, 2, 8), CL_INVALID_VALUE);
}

static void a_copy_of_nothing_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  quirk_expect_code(clEnqueueCopyBuffer(d->queue, quirk_buffer(64), quirk_buffer(64), 0, 0,
                                        0, 0, NULL, NULL),
                    CL_INVALID_VALUE);
}

static void a_read_of_nothing_is_refused(void **state) {
  (void)state;
  char byte;
  const quirk_device *d = quirk_open();
  quirk_expect_code(
      clEnqueueReadBuffer(d->queue, quirk_buffer(64), CL_TRUE, 0, 0, &byte, 0, NULL, NULL),
      CL_INVALID_VALUE);
}

static void a_copy_onto_itself_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_mem buffer = quirk_buffer(256);
  quirk_expect_code(clEnqueueCopyBuffer(d->queue, buffer, buffer, 0, 16, 64, 0, NULL, NULL),
                    CL_MEM_COPY_OVERLAP);
}

static void a_misaligned_part_of_a_buffer_is_refused(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_uint bits = 0;
  cl_int code;
  clGetDeviceInfo(d->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof bits, &bits, NULL);
  if (bits <= 32) test_skip("every offset of four bytes is aligned here");
  clCreateSubBuffer(quirk_buffer(4096), CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
                    &(cl_buffer_region){4, 64}, &code);
  quirk_expect_code(code, CL_MISALIGNED_SUB_BUFFER_OFFSET);
}

static void objects_may_be_released_while_in_use(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  cl_kernel kernel = quirk_kernel(copies);
  cl_mem both[] = {quirk_buffer(256), quirk_buffer(256)};
  size_t items = 64;
  quirk_set_buffers(kernel, 2, both);
  cl_int code =
      clEnqueueNDRangeKernel(d->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
  clReleaseMemObject(both[0]);
  clReleaseMemObject(both[1]);
  clReleaseKernel(kernel);
  if (code == CL_SUCCESS) code = clFinish(d->queue);
  quirk_expect_code(code, CL_SUCCESS);
}

void quirk_arguments(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_buffer_of_another_context_is_no_argument),
      cmocka_unit_test(an_event_of_another_context_is_not_waited_for),
      cmocka_unit_test(a_copy_between_contexts_is_refused),
      cmocka_unit_test(a_gigabyte_of_local_memory_is_refused),
      cmocka_unit_test(work_groups_of_65536_are_refused),
      cmocka_unit_test(an_uneven_last_work_group_is_refused),
      cmocka_unit_test(no_work_items_are_taken),
      cmocka_unit_test(an_empty_buffer_is_refused),
      cmocka_unit_test(more_than_the_largest_buffer_is_refused),
      cmocka_unit_test(a_fill_pattern_of_three_bytes_is_refused),
      cmocka_unit_test(a_fill_between_patterns_is_refused),
      cmocka_unit_test(a_copy_of_nothing_is_refused),
      cmocka_unit_test(a_read_of_nothing_is_refused),
      cmocka_unit_test(a_copy_onto_itself_is_refused),
      cmocka_unit_test(a_misaligned_part_of_a_buffer_is_refused),
      cmocka_unit_test(objects_may_be_released_while_in_use),
  };
  test_main_each("quirks/arguments", tests, sizeof tests / sizeof *tests);
}
