/* One run of a user's kernel: what the caller gave, and the copy that a graph's node keeps.
 */
#ifndef EAGER_OPS_USER_RUN_H
#define EAGER_OPS_USER_RUN_H

#include <stdatomic.h>

#include "cl/program.h"
#include "eagercl/kernel.h"
#include "runtime/op_record.h"

/* What a handle and the nodes that were recorded with it share. */
typedef struct eager__user_kernel {
  atomic_int refs;
  const char *entry; /* lives until shutdown, as `family` does */
  const eager__family *family;
  eager__op op, whole; /* whole: its inputs begin their buffers, so it has no compose */
} eager__user_kernel;

void eager__user_kernel_drop(eager__user_kernel *k);

typedef struct eager__user_run {
  eager__user_kernel *kernel;
  int work_dims;
  const size_t *global, *local; /* local may be NULL */
  const eager_kernel_arg *args;
  int arg_count;
} eager__user_run;

/* Of records whose calls carry an eager__user_run. A copy holds no tensors: a node's inputs
 * are its edges. */
extern const eager__user_hooks eager__user_run_hooks;

#endif
