/* What the parts of dump_kernels share. */
#ifndef EAGER_TOOLS_DUMP_KERNELS_H
#define EAGER_TOOLS_DUMP_KERNELS_H

#include "cl/program.h"

/* One device of each kind that chooses other kernels. */
typedef struct device_kind {
  const char *name;
  eager__traits traits;
  bool has_float64;
} device_kind;

/* Writes the program into `folder`; how many failed. */
int dump(const char *folder, const device_kind *k, const eager__family *family,
         eager_dtype dtype);

/* Fused kernels of `dtype` that have every row among their steps, casts from and to every
 * dtype at their edges, and every form. */
int dump_fused(const char *folder, const device_kind *k, eager_dtype dtype);

#endif
