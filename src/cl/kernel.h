/* One kernel of a built program, as program.c makes and keeps them. */
#ifndef EAGER_CL_KERNEL_H
#define EAGER_CL_KERNEL_H

#include "cl/launch.h"

enum { EAGER__KNOWN_ARGS = 48 };

struct eager__kernel {
  eager__device *device;
  const char *name;
  size_t max_local_size;
  size_t required_local_size[3]; /* zeros unless its text asks for one */
  uint32_t arg_count;
  /* Guarded by the lock of the device's compute queue, which every launch holds: so one of
   * the driver's kernels is enough. */
  eager__cl_kernel *cl;
  /* What its arguments were last set to; kind 0: not known. OpenCL keeps them, so what has
   * not changed need not be set again. Of buffers that holds until one is released: a new
   * one may have an old one's address. */
  eager__arg known[EAGER__KNOWN_ARGS];
  uint64_t known_drops;       /* eager__memory_drops when the buffers were set */
  eager__cl_program *program; /* the program's own reference keeps it */
  /* Twins: guarded by the lock of the device's programs. They go with the original. */
  eager__kernel *original; /* of a twin, else NULL */
  eager__kernel *twins;    /* of an original: all of them, by `next_twin` */
  eager__kernel *idle;     /* those that nobody has, by `next_idle` */
  eager__kernel *next_twin, *next_idle;
};

/* Creates the driver's kernel, so that a missing name fails here. `name` lives as long as
 * the kernel. */
eager_status eager__kernel_create(eager__device *device, eager__cl_program *program,
                                  const char *name, eager__kernel **out);

/* NULL is fine. Its twins go with it. */
void eager__kernel_destroy(eager__kernel *kernel);

#endif
