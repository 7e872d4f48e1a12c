/* runtime.h - switching eager execution on, and steering where and how ops run.
 *
 * Enabling comes first: until then every op, tensor creation, scope, eager_set_thread_* and
 * eager_synchronize is EAGER_FAILED_PRECONDITION. Only a program enables; a library asks
 * eager_executing_eagerly() and works either way. */
#ifndef EAGERCL_RUNTIME_H
#define EAGERCL_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/export.h>
#include <eagercl/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to do when an input is not on the op's device. Reading to the host, creating from
 * host data and eager_tensor_copy_to_device are never subject to it. */
typedef enum eager_device_policy {
  EAGER_DEVICE_PLACEMENT_AUTO = -1, /* not requested: SILENT, unless the environment says */
  EAGER_DEVICE_PLACEMENT_EXPLICIT = 0, /* error: to find every copy, or allow none */
  EAGER_DEVICE_PLACEMENT_WARN = 1,     /* copy and log: to find where the time goes */
  EAGER_DEVICE_PLACEMENT_SILENT = 2,   /* copy; eager_get_copy_stats tells what it cost */
  EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32 = 3 /* copy int32, error for any other dtype */
} eager_device_policy;

/* Both modes report bad arguments, dtypes, shapes, devices, policy, kernel builds and
 * allocations at the call. */
typedef enum eager_execution_mode {
  EAGER_EXECUTION_AUTO = -1, /* not requested: SYNC, unless the environment says */
  EAGER_SYNC = 0,            /* an op returns when it is done; its status is the call's */
  EAGER_ASYNC = 1 /* an op returns once submitted; later failures poison its outputs */
} eager_execution_mode;

typedef enum eager_log_level {
  EAGER_LOG_DEBUG,
  EAGER_LOG_INFO,
  EAGER_LOG_WARNING,
  EAGER_LOG_ERROR
} eager_log_level;

/* Called from any thread, with no lock of the library held; must not call the library.
 * `message` has no newline and is valid during the call. */
typedef void (*eager_log_fn)(eager_log_level level, const char *message, void *user);

/* {0} asks for nothing. A zero field is not requested: its default at the first call, never
 * a conflict later. Strings are copied. Where a field is zero its environment variable
 * counts: EAGERCL_VISIBLE_DEVICES, EAGERCL_DEFAULT_DEVICE, EAGERCL_MEMORY_LIMIT,
 * EAGERCL_CACHE_DIR, EAGERCL_LOG_LEVEL; and for the arguments EAGERCL_DEVICE_POLICY,
 * EAGERCL_EXECUTION_MODE. Without a field: EAGERCL_GEMM, EAGERCL_TUNING,
 * EAGERCL_DETERMINISTIC and EAGERCL_TRACE. */
typedef struct eager_config {
  const char *visible_device_list; /* comma list of names or selectors, in the order wanted:
                                      "GPU:0", "<platform>/<device>" substrings, "pci:...",
                                      "uuid:..."; "NAME=selector" renames */
  const char *default_device;      /* NULL: the first of GPU, ACCELERATOR, CPU */
  double per_process_memory_fraction; /* of each device's memory, in (0, 1] */
  size_t memory_limit;                /* bytes per device */
  bool allow_soft_placement; /* an op whose device is missing or lacks the dtype runs on the
                                first device that can, with one warning */
  bool log_device_placement; /* one line per op: "Executing op MatMul in device ..." */
  bool enable_profiling;     /* queues with profiling; EAGERCL_TRACE asks for it too */
  int max_in_flight;         /* unfinished ASYNC ops per device; default 4096 */
  const char *kernel_cache_dir; /* NULL: the user's cache folder; "": no disk cache */
  eager_log_fn log; /* NULL: lines at or above EAGERCL_LOG_LEVEL (default WARNING) to
                       stderr; placement lines always */
  void *log_user;
  void *reserved[8];
} eager_config;

/* ---- Enabling and ending ---- */

/* Switches the process to eager execution for its lifetime; config NULL asks for nothing.
 * Again with the same effective options: OK, nothing changes. With others:
 * EAGER_INVALID_ARGUMENT naming each, the active ones stay; so too after a graph was
 * created or run. No usable device: EAGER_NOT_FOUND with what was seen and which packages
 * provide one. After eager_shutdown: EAGER_FAILED_PRECONDITION. */
EAGER_API EAGER_NODISCARD eager_status
eager_enable_execution(const eager_config *config, eager_device_policy device_policy,
                       eager_execution_mode execution_mode);

/* False before enabling, after shutdown, and inside a graph scope. */
EAGER_API bool eager_executing_eagerly(void);

/* For the end of a program; no other thread may be inside a call. Completes deferred work,
 * then releases every OpenCL object and all tensor data. Handles still held answer dtype,
 * dims, device and release; all else is EAGER_FAILED_PRECONDITION. Call it before exit when
 * ASYNC work may be in flight. OK when never enabled. */
EAGER_API EAGER_NODISCARD eager_status eager_shutdown(void);

/* ---- fork() ----
 *
 * Drivers do not survive it. In a child of a process that has listed or enabled devices
 * every call that needs them is EAGER_FAILED_PRECONDITION; handles answer dtype, dims,
 * device and release, as after eager_shutdown. Such a child execs, or leaves by _exit():
 * drivers' own exit handlers may hang in it. A child made before the first call is a
 * process like any other. */

/* ---- Where ----
 *
 * eager_op_set_device, else the innermost scope of this thread, else the default device. */

/* Checks the name at once. NULL: the default device, also inside an outer scope. A thread
 * that ends drops its scopes. */
EAGER_API EAGER_NODISCARD eager_status eager_push_device(const char *name);

/* An empty stack is EAGER_FAILED_PRECONDITION. */
EAGER_API EAGER_NODISCARD eager_status eager_pop_device(void);

/* Overrides the process policy for this thread; AUTO unsets. Children do not inherit it. */
EAGER_API EAGER_NODISCARD eager_status
eager_set_thread_device_policy(eager_device_policy policy);

/* The one in force in this thread. While nothing is enabled: what this thread has set for
 * runs of graphs, or AUTO. */
EAGER_API eager_device_policy eager_get_device_policy(void);

/* ---- When ---- */

/* Overrides the process mode for this thread; AUTO unsets. Going from ASYNC to SYNC blocks
 * until this thread's work is done and returns OK: failures stay with their handles and
 * eager_synchronize. */
EAGER_API EAGER_NODISCARD eager_status
eager_set_thread_execution_mode(eager_execution_mode mode);

/* As eager_get_device_policy. */
EAGER_API eager_execution_mode eager_get_execution_mode(void);

/* Blocks until all work submitted or deferred on `device` (NULL: on all) before the call is
 * done. Returns the earliest failure, in program order, of an ASYNC op that failed there
 * itself, also when its tensors are gone or a read has told it already; then clears it. */
EAGER_API EAGER_NODISCARD eager_status eager_synchronize(const char *device);

/* ---- Tracing ----
 *
 * EAGERCL_TRACE=FILE makes enabling create the file ("%p" in its name becomes the number of
 * the process) and the library write to it, in the JSON Trace Event Format that
 * chrome://tracing and ui.perfetto.dev load: every op with its number, device, inputs and
 * outputs, what the host copied and waited for, and each command of each device with the
 * times it was queued, submitted, started and ended, on the host's clock. Commands are
 * written when they are known to be complete. Where a driver tells no times that is logged,
 * and its commands stand where they were enqueued. The file is complete after
 * eager_shutdown and, unless it is a pipe, valid JSON at any time before. */

/* Writes what has been recorded so far; for all of it, eager_synchronize comes first. OK
 * when nothing is traced. When the file could not be written, the file's error; how many
 * events were lost stands in the text, here and in the log at eager_shutdown. */
EAGER_API EAGER_NODISCARD eager_status eager_trace_flush(void);

/* ---- What the policy copied ---- */

typedef struct eager_copy_stats {
  uint64_t count;       /* implicit copies begun */
  uint64_t bytes;       /* moved by them */
  uint64_t mirror_hits; /* times an op used a copy made before */
  uint64_t warnings;    /* given under EAGER_DEVICE_PLACEMENT_WARN, logged or not */
  uint64_t reserved[4];
} eager_copy_stats;

EAGER_API EAGER_NODISCARD eager_status eager_get_copy_stats(eager_copy_stats *out_stats);

/* Zeroes the totals and drops the records. */
EAGER_API EAGER_NODISCARD eager_status eager_reset_copy_stats(void);

/* One row per (op, input, from, to); the strings are valid for the process. */
typedef struct eager_copy_record {
  const char *op;        /* raw name, "MatMul" */
  int input;             /* zero-based */
  const char *from, *to; /* full device names */
  uint64_t count, bytes, mirror_hits;
  uint64_t reserved[4];
} eager_copy_record;

EAGER_API size_t eager_copy_record_count(void);

/* Index beyond the count: EAGER_INVALID_ARGUMENT. */
EAGER_API EAGER_NODISCARD eager_status eager_copy_record_get(size_t index,
                                                             eager_copy_record *out_record);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_RUNTIME_H */
