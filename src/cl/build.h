/* Building one program on one device: from the disk cache, else from its text. */
#ifndef EAGER_CL_BUILD_H
#define EAGER_CL_BUILD_H

#include "cl/program.h"

typedef struct eager__built {
  eager__cl_program *program;
  bool is_cached; /* came from the disk */
  char *key;      /* where to keep the binary; NULL when there is nothing to keep */
} eager__built;   /* {0} is none */

/* `fresh`: from the text, and what the disk has is removed. INTERNAL with the build log.
 * No lock held but that of building. */
eager_status eager__build(eager__device *device, const eager__family *family,
                          eager_dtype dtype, bool fresh, eager__built *out);

/* Puts the binary on disk if that is still to be done: some drivers have it complete only
 * after the first clCreateKernel. */
void eager__build_keep(eager__device *device, eager__built *built);

void eager__build_release(eager__device *device, eager__built *built);

/* Everything of a device, its driver and this library that makes what the disk keeps for
 * one of them wrong for another. */
void eager__write_device_key(eager__strbuf *key, const eager__device *device);

#endif
