/* device.h - which OpenCL devices there are, what they are called, and their memory.
 *
 * A device is called "/job:localhost/replica:0/task:0/device:GPU:0", in short "GPU:0".
 * Every `device` argument of the library takes, in any case: the full name,
 * "/device:GPU:0",
 * "/gpu:0", "GPU:0", or "GPU" (which is GPU:0). A malformed name is EAGER_INVALID_ARGUMENT,
 * an unknown one EAGER_NOT_FOUND with the names there are.
 *
 * Numbers count per type. Platforms stand in a fixed order, so one machine always gives the
 * same names. One physical device seen through two drivers is listed once, under the
 * preferred one. */
#ifndef EAGERCL_DEVICE_H
#define EAGERCL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/export.h>
#include <eagercl/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum eager_device_type {
  EAGER_DEVICE_CPU,
  EAGER_DEVICE_GPU,
  EAGER_DEVICE_ACCELERATOR /* also simulators, which are never the default device */
} eager_device_type;

/* Owned by the library, valid for the process. */
typedef struct eager_device_info {
  const char *name;       /* "/job:localhost/replica:0/task:0/device:GPU:0" */
  const char *short_name; /* "GPU:0" */
  eager_device_type type;
  const char *vendor;
  const char *device; /* the driver's name of the hardware */
  const char *platform;
  const char *driver_version;
  const char *device_version; /* "OpenCL 3.0 ..." */
  const char *stable_id;      /* "pci:0000:3b:00.0", "uuid:...", else
                                 "name:<platform>/<device>#<ordinal>" */
  const char *aliases;        /* other drivers' views of it and why they lost, or "" */
  uint64_t global_memory;     /* bytes */
  uint64_t max_allocation;    /* bytes */
  uint64_t local_memory;      /* bytes */
  uint32_t compute_units;
  uint32_t max_work_group_size;
  bool has_float64;            /* arithmetic; storing works everywhere */
  bool has_float16_arithmetic; /* native; float16 itself works everywhere */
  bool unified_memory; /* host and device share it: adopting and mapping copy nothing */
  bool is_simulator;
  bool has_async_enqueue; /* false: the driver runs kernels inside the call that submits */
  bool is_lost;           /* refuses new work until the process ends */
} eager_device_info;

/* ---- Every device of the machine, enabled or not. Needs no enabling. ---- */

EAGER_API size_t eager_physical_device_count(void);

/* Index beyond the count: EAGER_INVALID_ARGUMENT. */
EAGER_API EAGER_NODISCARD eager_status
eager_physical_device_get(size_t index, const eager_device_info **out_info);

/* Platforms and devices that cannot be used, each with its reason: "platform Clover: no
 * devices". The reason of an index beyond the count is "". */
EAGER_API size_t eager_skipped_count(void);
EAGER_API const char *eager_skipped_reason(size_t index);

/* ---- The enabled devices, in the order of visible_device_list. ---- */

/* 0 before enabling. */
EAGER_API size_t eager_device_count(void);

EAGER_API EAGER_NODISCARD eager_status eager_device_get(size_t index,
                                                        const eager_device_info **out_info);

/* Any accepted form of the name. */
EAGER_API EAGER_NODISCARD eager_status
eager_device_find(const char *name, const eager_device_info **out_info);

/* ---- Memory of one enabled device; NULL means the default device. ---- */

typedef struct eager_memory_info { /* bytes, but for the counts */
  uint64_t current;                /* in tensors, copies and laid-out weights */
  uint64_t peak;                   /* highest `current` since the start or the last reset */
  uint64_t reserved_bytes;         /* held from the driver: `current` and the cache */
  uint64_t limit;                  /* the budget */
  uint64_t allocation_count;       /* blocks handed out so far */
  uint64_t driver_allocation_count; /* of those, how many the driver had to make */
  uint64_t reserved[4];
} eager_memory_info;

EAGER_API EAGER_NODISCARD eager_status eager_get_memory_info(const char *device,
                                                             eager_memory_info *out_info);

/* peak := current. */
EAGER_API EAGER_NODISCARD eager_status eager_reset_memory_stats(const char *device);

/* Gives cached buffers back to the driver, also those with weights laid out (eager_matmul);
 * tensors are untouched. */
EAGER_API EAGER_NODISCARD eager_status eager_trim_memory(const char *device);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_DEVICE_H */
