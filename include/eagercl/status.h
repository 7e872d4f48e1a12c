/* status.h - how calls fail: a code, and a text that names the op, the argument, the values
 * that disagree and what to do. The text belongs to the calling thread. */
#ifndef EAGERCL_STATUS_H
#define EAGERCL_STATUS_H

#include <eagercl/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TensorFlow's TF_Code values. The library itself never returns CANCELLED, UNKNOWN,
 * PERMISSION_DENIED or ABORTED except from a file or driver that says so. */
typedef enum eager_status {
  EAGER_OK = 0,
  EAGER_CANCELLED = 1,
  EAGER_UNKNOWN = 2,
  EAGER_INVALID_ARGUMENT = 3,  /* wrong whatever the state: what Python calls ValueError */
  EAGER_DEADLINE_EXCEEDED = 4, /* eager_tensor_wait_for: still pending */
  EAGER_NOT_FOUND = 5,         /* no such device, op or file */
  EAGER_ALREADY_EXISTS = 6,
  EAGER_PERMISSION_DENIED = 7,
  EAGER_RESOURCE_EXHAUSTED =
      8, /* out of device or host memory, after freeing what could be */
  EAGER_FAILED_PRECONDITION =
      9, /* right in another state: not enabled, shut down, no scope */
  EAGER_ABORTED = 10,
  EAGER_OUT_OF_RANGE = 11,  /* a count or offset beyond what there is */
  EAGER_UNIMPLEMENTED = 12, /* this device or dtype cannot; the text names one that can */
  EAGER_INTERNAL = 13,      /* the driver refused; see eager_error_cl_code */
  EAGER_UNAVAILABLE = 14,   /* the device was lost */
  EAGER_DATA_LOSS = 15      /* a truncated or corrupt file */
} eager_status;

/* "INVALID_ARGUMENT"; "UNKNOWN" for a value outside the enum. Never fails. */
EAGER_API const char *eager_status_name(eager_status status);

/* This thread's last failure; "" if none. Valid until the thread's next failure. */
EAGER_API const char *eager_error_message(void);

/* The OpenCL code behind it, such as -4; 0 if none. */
EAGER_API int eager_error_cl_code(void);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_STATUS_H */
