#include "quirk.h"

#include "errors.h"

enum { TEXT = 360, SECONDS = 5 };

static quirk_device opened;

/* ---- The device ---- */

static void text_of_device(cl_device_id id, cl_device_info what, char *text) {
  text[0] = '\0';
  clGetDeviceInfo(id, what, TEXT, text, NULL);
}

static bool is_lane(cl_platform_id platform, cl_device_id id) {
  const eager_device_info *info = test_device_info();
  char name[TEXT], owner[TEXT] = "";
  text_of_device(id, CL_DEVICE_NAME, name);
  clGetPlatformInfo(platform, CL_PLATFORM_NAME, TEXT, owner, NULL);
  return strcmp(name, info->device) == 0 && strcmp(owner, info->platform) == 0;
}

static cl_uint devices_of(cl_platform_id platform, cl_device_id *ids, cl_uint room) {
  cl_uint count = 0;
  if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, room, ids, &count) != CL_SUCCESS)
    return 0;
  return count < room ? count : room;
}

static cl_uint find(bool other, cl_platform_id *platform, cl_device_id *id) {
  cl_platform_id platforms[16];
  cl_device_id ids[16];
  cl_uint count = 0;
  clGetPlatformIDs(16, platforms, &count);
  for (cl_uint p = 0; p < count && p < 16; p++) {
    cl_uint found = devices_of(platforms[p], ids, 16);
    for (cl_uint d = 0; d < found; d++)
      if (other ? platforms[p] != opened.platform : is_lane(platforms[p], ids[d])) {
        *platform = platforms[p];
        *id = ids[d];
        return 1;
      }
  }
  return 0;
}

const quirk_device *quirk_open(void) {
  test_time_limit(SECONDS);
  if (opened.queue != NULL) return &opened;
  if (!find(false, &opened.platform, &opened.id))
    test_skip("the device is not found again");
  opened.context = clCreateContext(NULL, 1, &opened.id, NULL, NULL, NULL);
  assert_non_null(opened.context);
  opened.queue = clCreateCommandQueue(opened.context, opened.id, 0, NULL);
  opened.second = clCreateCommandQueue(opened.context, opened.id, 0, NULL);
  assert_true(opened.queue != NULL && opened.second != NULL);
  return &opened;
}

cl_context quirk_other_context(void) {
  cl_platform_id platform;
  cl_device_id id;
  if (!find(true, &platform, &id)) test_skip("there is one platform only");
  cl_context context = clCreateContext(NULL, 1, &id, NULL, NULL, NULL);
  if (context == NULL) test_skip("the other platform makes no context");
  return context;
}

/* ---- Programs ---- */

cl_program quirk_build(const char *source, const char *options, cl_int *code) {
  cl_program program = clCreateProgramWithSource(opened.context, 1, &source, NULL, code);
  if (program == NULL) return NULL;
  *code = clBuildProgram(program, 1, &opened.id, options, NULL, NULL);
  return *code == CL_SUCCESS ? program : NULL;
}

cl_kernel quirk_kernel(const char *source) {
  cl_int code;
  cl_program program = quirk_build(source, "-cl-std=CL1.2", &code);
  if (program == NULL) test_skip("its kernel does not build: %d", code);
  cl_kernel kernel = clCreateKernel(program, "k", &code);
  if (kernel == NULL) test_skip("its kernel cannot be made: %d", code);
  return kernel;
}

cl_mem quirk_buffer(size_t size) {
  cl_int code;
  cl_mem buffer = clCreateBuffer(opened.context, CL_MEM_READ_WRITE, size, NULL, &code);
  if (buffer == NULL) test_skip("no buffer: %d", code);
  return buffer;
}

void quirk_set_buffers(cl_kernel kernel, int count, const cl_mem *buffers) {
  for (int i = 0; i < count; i++)
    assert_int_equal(clSetKernelArg(kernel, (cl_uint)i, sizeof buffers[i], &buffers[i]), 0);
}

void quirk_run(cl_kernel kernel, size_t items) {
  cl_int code =
      clEnqueueNDRangeKernel(opened.queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
  if (code == CL_SUCCESS) code = clFinish(opened.queue);
  if (code != CL_SUCCESS) test_skip("its kernel does not run: %d", code);
}

cl_kernel quirk_slow_kernel(cl_mem buffer) {
  /* Two loops: some driver stops the trips of one item at 65535. */
  cl_kernel kernel = quirk_kernel("kernel void k(global int *x, int n) { int v = x[0];\n"
                                  "for (int i = 0; i < n; i++) v = v * 1664525 + 101;\n"
                                  "x[get_global_id(0) & 255] = v; }\n");
  cl_int trips = test_is_slow() ? 20000 : 60000;
  quirk_set_buffers(kernel, 1, &buffer);
  assert_int_equal(clSetKernelArg(kernel, 1, sizeof trips, &trips), CL_SUCCESS);
  return kernel;
}

cl_int quirk_status(cl_event event) {
  cl_int status = CL_QUEUED;
  clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
  return status;
}

/* ---- Answers ---- */

static void answer(const char *kind, const char *format, va_list arguments) {
  char text[TEXT];
  vsnprintf(text, sizeof text, format, arguments);
  test_checked(kind, (eager_dtype)0, EAGER_SYNC, text);
}

void quirk_gives(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  answer("gives", format, arguments);
  va_end(arguments);
}

void quirk_differs(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  answer("differs", format, arguments);
  va_end(arguments);
}

void quirk_contradicts(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  answer("contradicts", format, arguments);
  va_end(arguments);
}

void quirk_expect_code(cl_int got, cl_int expected) {
  if (got == expected)
    quirk_gives("%d", got);
  else
    quirk_differs("%d, not %d", got, expected);
}
