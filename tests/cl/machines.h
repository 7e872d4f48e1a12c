/* Made-up machines for the tests of naming and selecting. */
#ifndef EAGER_TESTS_CL_MACHINES_H
#define EAGER_TESTS_CL_MACHINES_H

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/platform.h"

enum { MADE_UP_MAX = 12 };

typedef enum made_up_type { CPU = 1, GPU = 2, ACCELERATOR = 4 } made_up_type;

/* pci: bus number, -1 none; uuid: the byte repeated 16 times, -1 none. Rows of one platform
 * stand together; the platform's text is its name, also for its vendor and version. */
typedef struct made_up {
  const char *platform, *device;
  int types;
  int pci, uuid;
} made_up;

static inline eager__physical make_device(const made_up *row, int platform_index,
                                          int device_index) {
  eager__physical device = {.duplicate_of = -1};
  device.facts = (eager__facts){
      .platform = row->platform,
      .platform_vendor = row->platform,
      .platform_version = row->platform,
      .device = row->device,
      .vendor = "",
      .driver_version = "1",
      .device_version = "OpenCL 1.2",
      .extensions = "",
      .platform_index = platform_index,
      .device_index = device_index,
      .is_cpu = (row->types & CPU) != 0,
      .is_gpu = (row->types & GPU) != 0,
      .is_accelerator = (row->types & ACCELERATOR) != 0,
      .has_pci = row->pci >= 0,
      .pci_bus = row->pci >= 0 ? (uint32_t)row->pci : 0,
      .has_uuid = row->uuid >= 0,
      .max_work_group_size = 1024,
  };
  if (row->uuid >= 0) memset(device.facts.uuid, row->uuid, sizeof device.facts.uuid);
  eager__traits_from_facts(&device.facts, &device.traits);
  return device;
}

/* Returns how many rows there are; the last has no platform. Platforms that stand at
 * `order[0], order[1] ...` in the rows are listed in that order; NULL: as they stand. */
static inline int make_devices(const made_up *rows, const int *order,
                               eager__physical *devices) {
  int starts[MADE_UP_MAX + 1], platforms = 0, count = 0;
  for (; rows[count].platform != NULL; count++)
    if (count == 0 || strcmp(rows[count].platform, rows[count - 1].platform) != 0)
      starts[platforms++] = count;
  starts[platforms] = count;
  int made = 0;
  for (int index = 0; index < platforms; index++) {
    int platform = order == NULL ? index : order[index];
    for (int row = starts[platform]; row < starts[platform + 1]; row++)
      devices[made++] = make_device(&rows[row], index, row - starts[platform]);
  }
  return count;
}

static inline void free_devices(eager__physical *devices, int count) {
  for (int i = 0; i < count; i++) {
    eager__free((void *)devices[i].info.name);
    eager__free((void *)devices[i].info.short_name);
    eager__free((void *)devices[i].info.stable_id);
    eager__free((void *)devices[i].info.aliases);
  }
}

#endif
