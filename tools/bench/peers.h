/* The libraries measured against, where this build has them. */
#pragma once

#include <stddef.h>

/* "OpenMP with 2 threads, OpenBLAS 0.3.21 SkylakeX, oneDNN 2.6.3"; "no OpenMP" where it is
 * missing, the others are left out. */
void bench_peers(char *text, size_t size);
