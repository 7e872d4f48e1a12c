/* Building ahead of the first launch, so that what is wrong with a text is told at once. */
#ifndef EAGER_RUNTIME_PREPARE_H
#define EAGER_RUNTIME_PREPARE_H

#include "cl/program.h"

/* On the thread's device. */
eager_status eager__prepare_kernel(const eager__family *family, eager_dtype dtype,
                                   const char *name);

#endif
