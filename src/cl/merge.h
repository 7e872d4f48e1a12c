/* Which of many views of the machine's devices is preferred: order and merging, pure. */
#ifndef EAGER_CL_MERGE_H
#define EAGER_CL_MERGE_H

#include "cl/platform.h"

/* Whose driver a platform is; earlier ones are preferred and get the lower numbers. */
typedef enum eager__driver_class {
  EAGER__DRIVER_VENDOR,
  EAGER__DRIVER_PORTABLE,
  EAGER__DRIVER_SIMULATOR,
} eager__driver_class;

eager__driver_class eager__driver_class_of(const eager__physical *device);

/* Reported, and not all zero. */
bool eager__has_pci(const eager__facts *facts);
bool eager__has_uuid(const eager__facts *facts);
bool eager__same_pci(const eager__facts *a, const eager__facts *b);
bool eager__same_uuid(const eager__facts *a, const eager__facts *b);

/* "0000:3b:00.0" */
enum { EAGER__PCI_TEXT = 48 };
void eager__format_pci(const eager__facts *facts, char text[EAGER__PCI_TEXT]);

/* The fixed order of devices `a` and `b` among all `devices`. */
bool eager__comes_before(const eager__physical *devices, int count, int a, int b);

/* Writes `devices` to `out`: those that are listed first, then other drivers' views of
 * them, both in order, with duplicate_of set. `scratch` has room for as many. Returns how
 * many are listed. */
int eager__merge_views(const eager__physical *devices, int count, eager__physical *out,
                       eager__physical *scratch);

#endif
