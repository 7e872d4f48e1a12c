#include "raw_clblast.h"

#if EAGER__HAVE_CLBLAST
#include <clblast_c.h>
#endif

bool raw_clblast_is_there(void) {
  return EAGER__HAVE_CLBLAST;
}

static bool copy(raw_clblast *c, cl_mem *to, const float *values, size_t count) {
  size_t size = count * sizeof *values;
  *to = bench_raw_buffer(&c->raw, size);
  return *to && clEnqueueWriteBuffer(c->raw.queue, *to, CL_TRUE, 0, size, values, 0, NULL,
                                     NULL) == CL_SUCCESS;
}

bool raw_clblast_open(const char *device, const host_product *p, const float *a,
                      const float *b, raw_clblast *out) {
  *out = (raw_clblast){.c_size = p->m * p->n * sizeof(float)};
  if (!bench_raw_open(device, &out->raw)) return false;
  out->c = bench_raw_buffer(&out->raw, out->c_size);
  return out->c && copy(out, &out->a, a, p->m * p->k) && copy(out, &out->b, b, p->k * p->n);
}

void raw_clblast_close(raw_clblast *c) {
  if (c->a) clReleaseMemObject(c->a);
  if (c->b) clReleaseMemObject(c->b);
  if (c->c) clReleaseMemObject(c->c);
  if (!c->raw.queue) return;
  bench_raw_close(&c->raw);
#if EAGER__HAVE_CLBLAST
  CLBlastClearCache();
#endif
}

bool raw_clblast_multiply(raw_clblast *c, const host_product *p) {
#if EAGER__HAVE_CLBLAST
  return CLBlastSgemm(CLBlastLayoutRowMajor,
                      p->transpose_a ? CLBlastTransposeYes : CLBlastTransposeNo,
                      p->transpose_b ? CLBlastTransposeYes : CLBlastTransposeNo, p->m, p->n,
                      p->k, 1, c->a, 0, p->transpose_a ? p->m : p->k, c->b, 0,
                      p->transpose_b ? p->k : p->n, 0, c->c, 0, p->n, &c->raw.queue,
                      NULL) == CLBlastSuccess;
#else
  (void)c, (void)p;
  return false;
#endif
}

bool raw_clblast_finish(raw_clblast *c) {
  return clFinish(c->raw.queue) == CL_SUCCESS;
}

bool raw_clblast_read(raw_clblast *c, float *values) {
  return clEnqueueReadBuffer(c->raw.queue, c->c, CL_TRUE, 0, c->c_size, values, 0, NULL,
                             NULL) == CL_SUCCESS;
}
