/* CLBlast's SGEMM on the library's device, with buffers and a queue of its own. */
#pragma once

#include "host_gemm.h"
#include "raw.h"

typedef struct raw_clblast {
  bench_raw raw;
  cl_mem a, b, c;
  size_t c_size;
} raw_clblast;

bool raw_clblast_is_there(void); /* whether this build has it */
/* False when the device or memory refuses; to be closed all the same. */
bool raw_clblast_open(const char *device, const host_product *p, const float *a,
                      const float *b, raw_clblast *out);
void raw_clblast_close(raw_clblast *c); /* also of one that is all zeros */
bool raw_clblast_multiply(raw_clblast *c, const host_product *p);
bool raw_clblast_finish(raw_clblast *c);
bool raw_clblast_read(raw_clblast *c, float *values);
