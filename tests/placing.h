/* For tests of placement, copies and failures: the thread's policy and mode, small tensors
 * on a device, and the number of the last op. */
#ifndef EAGER_TESTS_PLACING_H
#define EAGER_TESTS_PLACING_H

#include "eagercl/opencl.h"
#include "test_values.h"

/* Enables, and sets what this thread does; copy statistics and log are empty then. */
void placing_begin(eager_device_policy policy, eager_execution_mode mode);

/* [count] elements 1, 2, 3 ... of `dtype` (bool: 1, 0, 1 ...) on `device`. */
eager_tensor *placing_tensor(const char *device, eager_dtype dtype, int64_t count);
/* The same with float32 values. */
eager_tensor *placing_values(const char *device, int64_t count, const double *values);

/* a + b in the device scope of `device`. */
eager_tensor *placing_sum(const char *device, eager_tensor *a, eager_tensor *b);

/* A gather on `device` from [1, 2, 3, 4] by indices 0, 9, 1, which fails on the device:
 * "indices[1] is not in [0, 4)". Call it in ASYNC. */
eager_tensor *placing_bad_gather(const char *device);
eager_tensor *placing_good_gather(const char *device);
extern const char placing_bad_text[];

/* A float32 tensor 1, 2, 3 ... that stays PENDING on every device until it is opened: its
 * event is a user's. Open it once, also before the test ends early. */
typedef struct placing_gate {
  eager_tensor *tensor;
  cl_mem mem;
  cl_event event;
} placing_gate;

placing_gate placing_gate_new(const char *device, int64_t count);
/* CL_COMPLETE, or an error for FAILED. Releases everything but the tensor. */
void placing_gate_open(placing_gate *gate, cl_int status);

/* How many ops this process has begun: right after a call, that call's number. */
unsigned long long placing_number(void);

/* The device's memory account. */
eager_memory_info placing_memory(const char *device);

eager_copy_stats placing_stats(void);
/* The record of (op, input, from -> to) as short names; all zero if there is none. */
eager_copy_record placing_record(const char *op, int input, const char *from,
                                 const char *to);
const char *placing_full_name(const char *device);

/* FAILED by poll and by wait, in either order, with exactly this status and text. */
void placing_expect_failed(const eager_tensor *t, eager_status status, const char *text);
/* [count] float32. */
void placing_expect(const eager_tensor *t, int64_t count, const double *values);

#endif
