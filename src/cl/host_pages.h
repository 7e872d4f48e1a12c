/* Host memory lent to a driver that works in it directly. */
#ifndef EAGER_CL_HOST_PAGES_H
#define EAGER_CL_HOST_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "cl/device.h"

/* True where a mapped pointer is the device's own memory and any other driver may read and
 * write through it: drivers of CPUs, as measured on PoCL. Others promise unified memory
 * too, but rusticl maps a copy, and a transfer through an integrated GPU's mapping goes
 * wrong. */
bool eager__shares_host_memory(const eager__device *device);

enum { EAGER__HUGE_PAGE = 2 * 1024 * 1024 };

/* Pages on a 2 MiB boundary, rounded up to whole huge pages, which the kernel is asked to
 * use: the first touch of 256 MiB takes 22 ms instead of 100, its release 1 instead of 20.
 * NULL when there are none. */
void *eager__host_pages_create(size_t size);
void eager__host_pages_release(void *pages, size_t size);

#endif
