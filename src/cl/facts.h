/* Asks the driver for the facts of one device. */
#ifndef EAGER_CL_FACTS_H
#define EAGER_CL_FACTS_H

#include "base/strbuf.h"
#include "cl/platform.h"

/* Owned texts: facts borrow them. Freed all at once, or kept with the machine. */
typedef struct eager__texts {
  char **items;
  size_t count, capacity;
} eager__texts;

void eager__texts_free(eager__texts *texts);

/* The platform half of the facts. A failing query writes why to `reason` and leaves
 * `facts->platform` NULL when not even the name is known. RESOURCE_EXHAUSTED only for want
 * of host memory. */
eager_status eager__facts_of_platform(eager__cl_platform *platform, eager__texts *texts,
                                      eager__facts *facts, eager__strbuf *reason);

/* The device half, on top of the platform's. A device that cannot serve (a query fails, no
 * compiler, not available, older than OpenCL 1.2) writes why to `reason`; `facts->device`
 * is NULL when not even the name is known. */
eager_status eager__facts_of_device(eager__cl_device *device, eager__texts *texts,
                                    eager__facts *facts, eager__strbuf *reason);

#endif
