/* The life of the runtime: enabling, and the end. */
#ifndef EAGER_RUNTIME_ENABLE_H
#define EAGER_RUNTIME_ENABLE_H

#include "runtime/runtime.h"

/* Completes what is submitted and deferred on every device, and joins the workers. */
void eager__drain(void);

#endif
