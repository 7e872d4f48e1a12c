/* The life of the runtime: enabling, and the end. */
#ifndef EAGER_RUNTIME_ENABLE_H
#define EAGER_RUNTIME_ENABLE_H

#include "runtime/runtime.h"

/* Something has run on `device`. At its first time the exit handler that drains is put in
 * again: compilers inside drivers make their own handlers when they first work, and the
 * handler put in last runs first. */
void eager__drain_again_at_exit(eager__device *device);

#endif
