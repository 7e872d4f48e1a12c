/* What drivers do by themselves, asked of the lane's device in plain OpenCL, without the
 * library. Some drivers answer with a crash, or never; another process goes on then. The
 * questions are those the library's rules were made from; what is not as OpenCL has it is a
 * quirk, never a failure: the library does not depend on it. */
#ifndef EAGERCL_MATRIX_QUIRK_H
#define EAGERCL_MATRIX_QUIRK_H

#include <CL/cl.h>

#include "test.h"

typedef struct quirk_device {
  cl_platform_id platform;
  cl_device_id id;
  cl_context context;
  cl_command_queue queue, second;
} quirk_device;

/* The lane's, opened; the test's time limit is a few seconds from here on. */
const quirk_device *quirk_open(void);
/* A context of another platform, or the test is skipped. */
cl_context quirk_other_context(void);

/* NULL with `*code` when it does not build. */
cl_program quirk_build(const char *source, const char *options, cl_int *code);
/* Kernel `k` of this source; it must build. */
cl_kernel quirk_kernel(const char *source);
cl_mem quirk_buffer(size_t size);
/* Sets buffers as the arguments 0, 1 ... */
void quirk_set_buffers(cl_kernel kernel, int count, const cl_mem *buffers);
/* Runs `items` work-items and waits; skips the test when the driver refuses. */
void quirk_run(cl_kernel kernel, size_t items);
/* A kernel that runs for at least a tenth of a second, on one item; argument 0 is int *. */
cl_kernel quirk_slow_kernel(cl_mem buffer);
/* CL_QUEUED ... or the error. */
cl_int quirk_status(cl_event event);

/* The answer: as it should be, with what it is; or not. One of these is called once. */
void quirk_gives(const char *format, ...) EAGER__PRINTF(1, 2);
void quirk_differs(const char *format, ...) EAGER__PRINTF(1, 2);
/* `got` is `expected`, else a quirk; both are OpenCL's codes. */
void quirk_expect_code(cl_int got, cl_int expected);
/* The library's opinion of this device is wrong: that is a failure. */
void quirk_contradicts(const char *format, ...) EAGER__PRINTF(1, 2);

/* The groups, registered by suite.c. */
void quirk_arguments(void);
void quirk_events(void);
void quirk_values(void);
void quirk_functions(void);
void quirk_constructs(void);
void quirk_binaries(void);

#endif
