/* Programs and kernels.
 *
 * A program is (family, dtype): one text that holds every kernel of its family for that
 * dtype, built at first use of any of them, kept in memory and, where it pays, on disk.
 * Kernels are created at their first launch. Built per device. */
#ifndef EAGER_CL_PROGRAM_H
#define EAGER_CL_PROGRAM_H

#include <stddef.h>

#include "base/strbuf.h"
#include "cl/device.h"
#include "eagercl/dtype.h"

enum { EAGER__FAMILY_FILES = 10 };

/* Families are static data of the op floor; their address is their identity. */
typedef struct eager__family {
  const char *name;
  const char *files[EAGER__FAMILY_FILES]; /* of cl_kernels, after prelude.cl; NULL ends */
  /* Behind them: on devices like a CPU, where a work-item makes a block of results, or
   * elsewhere, where a group makes one. What a device never launches costs a start too. */
  const char *blocks[EAGER__FAMILY_FILES], *groups[EAGER__FAMILY_FILES];
  /* Text between the prelude and the files, and behind the files; either may be NULL. */
  void (*write_head)(eager_dtype dtype, eager__strbuf *source);
  void (*write_tail)(eager_dtype dtype, eager__strbuf *source);
  bool wide; /* A is 64 bits wide for every integer dtype */
  /* Of what a user wrote (user_program.h); NULL in the library's own. */
  const struct eager__user_source *user;
} eager__family;

typedef struct eager__kernel eager__kernel;

/* Finds or makes a kernel. `name` is static text. The first call for a program compiles it:
 * in the caller, in both modes. The result lives until the device closes. INTERNAL with
 * the build log when the driver's compiler refuses. No lock held. */
eager_status eager__kernel_get(eager__device *device, const eager__family *family,
                               eager_dtype dtype, const char *name, eager__kernel **out);

/* The same kernel with arguments of its own, for one that is launched again and again with
 * few of them changed: so the others are set once. `kernel` itself where making kernels is
 * dear, or cannot be done. Given back by whoever has it, also after shutdown, when there is
 * nothing left of it. */
eager__kernel *eager__kernel_borrow(eager__kernel *kernel);
void eager__kernel_give_back(eager__device *device, eager__kernel *kernel);

const char *eager__kernel_name(const eager__kernel *kernel);
int eager__kernel_arg_count(const eager__kernel *kernel);
/* The largest work-group the driver will run it with on its device. */
size_t eager__kernel_max_local_size(const eager__kernel *kernel);
/* The three sizes of the one work-group its text allows (reqd_work_group_size), or NULL. */
const size_t *eager__kernel_required_local_size(const eager__kernel *kernel);

/* The complete text of a program: defines, prelude, head, files, tail. Pure; also what the
 * offline compilation test reads. RESOURCE_EXHAUSTED, or INTERNAL for a missing file. */
eager_status eager__program_source(const eager__traits *traits, bool has_float64,
                                   const eager__family *family, eager_dtype dtype,
                                   char **out);

void eager__programs_close(eager__device *device);

/* The folder of the disk cache for the process: NULL the user's, "" none. Before any
 * device opens. */
eager_status eager__program_cache_configure(const char *folder);

#endif
