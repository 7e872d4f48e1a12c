/* One kernel of a built program, as program.c makes and keeps them. */
#ifndef EAGER_CL_KERNEL_H
#define EAGER_CL_KERNEL_H

#include <stdatomic.h>

#include "cl/device.h"
#include "cl/program.h"

struct eager__kernel {
  eager__device *device;
  eager__cl_program *program;
  const char *name;
  size_t max_local_size;
  size_t required_local_size[3]; /* zeros unless its text asks for one */
  uint32_t arg_count;
  /* The one a single thread launches with again and again: no lock, and PoCL's creation
   * (0.4 us) or rusticl's (69 us) is paid once. */
  _Atomic(eager__instance *) first_free;
  /* All others not in use. The list has room for every kernel ever made, so that checking
   * in cannot fail. */
  eager__mutex lock;
  eager__instance **free;
  size_t free_count, made, capacity;
};

/* Creates the first of its driver's kernels, so that a missing name fails here. `name`
 * lives as long as the kernel. */
eager_status eager__kernel_create(eager__device *device, eager__cl_program *program,
                                  const char *name, eager__kernel **out);

/* The first one free, or NULL; whether there was room for one. */
static inline eager__instance *eager__kernel_take_first(eager__kernel *kernel) {
  return atomic_exchange_explicit(&kernel->first_free, NULL, memory_order_acquire);
}
static inline bool eager__kernel_put_first(eager__kernel *kernel,
                                           eager__instance *instance) {
  eager__instance *none = NULL;
  return atomic_compare_exchange_strong(&kernel->first_free, &none, instance);
}

/* All must be checked in. NULL is fine. */
void eager__kernel_destroy(eager__kernel *kernel);

#endif
