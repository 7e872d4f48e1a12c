/* Discovery: every device of every platform, its facts, its name, and what was skipped. */
#ifndef EAGER_CL_PLATFORM_H
#define EAGER_CL_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "cl/driver.h"
#include "eagercl/device.h"

/* What a driver tells of one device, as plain data: naming, merging and selecting are pure
 * functions over these, tested by tables with no driver. Strings live with the machine. */
typedef struct eager__facts {
  const char *platform, *platform_vendor, *platform_version;
  const char *device, *vendor, *driver_version, *device_version;
  const char *extensions; /* of the device */
  int platform_index;     /* as the loader listed it, duplicates of one id dropped */
  int device_index;       /* within its platform */
  bool is_cpu, is_gpu, is_accelerator; /* the type bits, all that are set */
  bool has_pci, has_uuid;
  uint32_t pci_domain, pci_bus, pci_device, pci_function;
  uint8_t uuid[16];
  int platform_major, platform_minor, device_major, device_minor; /* OpenCL versions */
  uint64_t global_memory, max_allocation, local_memory, global_cache;
  uint32_t compute_units, max_work_group_size, native_float_width, address_bits;
  uint32_t base_align; /* bytes */
  bool unified_memory, local_memory_is_global, has_float64, has_float16_arithmetic;
  bool compiler_available, keeps_denormals;
} eager__facts;

/* Why a device is what it is, by evidence (cl/quirks.c): */
typedef struct eager__traits {
  bool is_simulator;    /* Oclgrind: claims every type, is an ACCELERATOR */
  bool cpu_like;        /* wants contiguous blocks per work-item, not coalescing */
  bool sync_enqueue;    /* commands run inside enqueue or flush */
  bool single_threaded; /* one lock round every driver call */
  bool disk_cache;      /* our binary cache pays here */
  int64_t loop_limit;   /* trips, of all loops together, after which a work-item's loops
                           stop silently; 0: none */
  bool dear_kernels;    /* making one more of a kernel takes long */
  bool slow_fma;        /* fma() is emulated, many times slower than * and + */
  int vector_width;     /* lanes of kernels: 16 or 4 */
  /* May be tuned (tuning.h): plain ints. */
  int max_local_size; /* largest work-group our kernels ask for */
  int gemm_cached;    /* KiB of a product's b that tiles may walk through where it lies */
  int conv_work;      /* thousands (1024) of multiplications worth a work-item */
  int conv_tiles;     /* of one panel in a row of a convolution's result */
  int conv_filter_items; /* work-items of a filter's gradient on CPUs */
  int clblast;           /* 1: products go to CLBlast, where it has them and is right; 0 */
  int clblast_set;       /* which of blas_clblast.c's sizes it computes with; 0: its own */
} eager__traits;

typedef struct eager__physical {
  eager__facts facts;
  eager__traits traits;
  eager_device_info info; /* what the public sees; names as on this machine */
  eager__cl_platform *platform;
  eager__cl_device *id;
  int duplicate_of; /* index of the preferred view of this device, or -1 */
} eager__physical;

typedef struct eager__machine {
  eager__physical *devices; /* listed ones first, in naming order; then duplicates */
  int device_count;         /* all, duplicates included */
  int listed_count;         /* those that have a name of their own */
  char **skipped;           /* "platform Clover: no devices" */
  int skipped_count;
  int platform_count;
} eager__machine;

/* Looks once per process and keeps the result for its lifetime; thread-safe. A machine
 * with no device is a result too (listed_count 0). Fails only for want of host memory, and
 * then tries again at the next call. */
eager_status eager__machine_get(const eager__machine **out);

/* Pure: fills traits from facts. */
void eager__traits_from_facts(const eager__facts *facts, eager__traits *out);

/* Pure: sorts `devices`, merges views of one device, gives types, names, stable ids and
 * aliases (semantics.md section 2). Strings are allocated and owned by the infos. */
eager_status eager__name_devices(eager__physical *devices, int count, int *out_listed);

#endif
