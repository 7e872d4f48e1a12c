#include "products.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <eagercl/opencl.h>

#include "host_gemm.h"
#include "raw_clblast.h"

typedef struct product {
  const product_case *row;
  host_product host;
  bool vector; /* matrices and vectors */
  size_t a_count, b_count, c_count;
  float *a, *b, *c;
  double *a64, *b64, *c64;
  eager_tensor *ta, *tb;
  eager_tensor *loose; /* b, in memory that others could write to */
  eager_op *op;        /* int8 */
  raw_clblast clblast;
} product;

/* --- Our side --- */

static eager_tensor *multiply(const product *s) {
  eager_tensor *out = NULL;
  eager_status status = EAGER_OK;
  bool ta = s->host.transpose_a, tb = s->host.transpose_b;
  if (s->op) {
    int count = 1;
    status = eager_op_add_input(s->op, s->ta);
    if (status == EAGER_OK) status = eager_op_add_input(s->op, s->tb);
    if (status == EAGER_OK) status = eager_op_execute(s->op, &out, &count);
  } else if (s->vector) {
    status = eager_matvec(s->ta, ta, s->tb, &out);
  } else if (s->row->batch) {
    status = eager_batch_matmul(s->ta, ta, s->tb, tb, &out);
  } else {
    status = eager_matmul(s->ta, ta, s->tb, tb, &out);
  }
  return status == EAGER_OK ? out : NULL;
}

static bool ours(void *state) {
  return bench_made(multiply(state));
}

/* --- The other side --- */

static bool blas(void *state) {
  product *s = state;
  if (s->a64)
    host_gemm_double(&s->host, s->a64, s->b64, s->c64);
  else if (s->vector)
    host_gemv_float(&s->host, s->a, s->b, s->c);
  else
    host_gemm_float(&s->host, s->a, s->b, s->c);
  return true;
}

static bool clblast(void *state) {
  product *s = state;
  return raw_clblast_multiply(&s->clblast, &s->host);
}

static bool clblast_finish(void *state) {
  product *s = state;
  return raw_clblast_finish(&s->clblast);
}

/* Shown to the user, a tensor's memory is nobody's to keep things of: every use is as the
 * first one. */
static bool loosen(bench *b, product *s) {
  cl_mem mem;
  size_t offset;
  s->loose = bench_tensor(b, s->b, eager_tensor_rank(s->tb), eager_tensor_dims(s->tb));
  if (!s->loose) return false;
  if (eager_tensor_cl_mem(s->loose, &mem, &offset) != EAGER_OK) return false;
  clReleaseMemObject(mem);
  return true;
}

static bool first_use(void *state) {
  product s = *(const product *)state;
  s.tb = s.loose;
  return ours(&s);
}

/* --- The other sides --- */

static const struct {
  const char *suffix;    /* of the row's name */
  const char *reference; /* NULL: host_gemm_name */
  bench_side side;
} peers[] = {
    [PRODUCT_BESIDE_BLAS] = {"", NULL, {blas, NULL}},
    [PRODUCT_BESIDE_CLBLAST] = {" (CLBlast)", "CLBlast", {clblast, clblast_finish}},
    [PRODUCT_BESIDE_FIRST] = {" (first use)",
                              "its first use",
                              {first_use, bench_synchronize}},
};

static void name_row(const product_case *row, char *text, size_t size) {
  char batch[32] = "";
  if (row->batch) snprintf(batch, sizeof batch, "%lld of ", (long long)row->batch);
  const char *dtype =
      row->dtype == EAGER_INT8 ? "int8>int32" : eager_dtype_name(row->dtype);
  snprintf(text, size, "%s %s%lldx%lldx%lld %s%s", dtype, batch, (long long)row->m,
           (long long)row->k, (long long)row->n, row->ways, peers[row->peer].suffix);
}

/* --- Inputs --- */

/* Random values in `dtype`, and what they are in float32. */
static eager_tensor *make_input(bench *b, const product *s, eager_dtype dtype, bool is_b,
                                float *values) {
  bool whole = dtype == EAGER_INT8 || dtype == EAGER_INT32;
  size_t count = is_b ? s->b_count : s->a_count;
  bench_random_floats(b, values, count, whole ? -9 : -1, whole ? 9 : 1);
  for (size_t i = 0; whole && i < count; i++) values[i] = rintf(values[i]);
  bool transposed = is_b ? s->host.transpose_b : s->host.transpose_a;
  int64_t rows = is_b ? s->row->k : s->row->m, columns = is_b ? s->row->n : s->row->k;
  int64_t dims[3] = {s->row->batch, transposed ? columns : rows,
                     transposed ? rows : columns};
  int first = s->row->batch ? 0 : 1, rank = 3 - first - (is_b && s->vector);
  eager_tensor *plain = bench_tensor(b, values, rank, dims + first);
  if (!plain || dtype == EAGER_FLOAT32) return plain;
  eager_tensor *cast = NULL, *back = NULL;
  bool fine = eager_cast(plain, dtype, &cast) == EAGER_OK &&
              eager_cast(cast, EAGER_FLOAT32, &back) == EAGER_OK &&
              eager_tensor_to_host(back, values, count * sizeof *values) == EAGER_OK;
  if (!fine) bench_fail(b, "an input", NULL);
  eager_tensor_release(plain);
  eager_tensor_release(back);
  if (fine) return cast;
  eager_tensor_release(cast);
  return NULL;
}

static double *widen(const float *values, size_t count) {
  double *wide = bench_alloc(count * sizeof *wide);
  for (size_t i = 0; wide && i < count; i++) wide[i] = (double)values[i];
  return wide;
}

static bool make_op(product *s) {
  return eager_op_new("BatchMatMulV3", &s->op) == EAGER_OK &&
         eager_op_set_attr_dtype(s->op, "Tout", EAGER_INT32) == EAGER_OK &&
         eager_op_set_attr_bool(s->op, "adj_x", s->host.transpose_a) == EAGER_OK &&
         eager_op_set_attr_bool(s->op, "adj_y", s->host.transpose_b) == EAGER_OK;
}

static bool make(bench *b, const char *name, product *s) {
  eager_dtype dtype = s->row->dtype;
  s->a = bench_alloc(s->a_count * sizeof(float));
  s->b = bench_alloc(s->b_count * sizeof(float));
  s->c = bench_alloc(s->c_count * sizeof(float));
  if (!s->a || !s->b || !s->c) return bench_fail(b, name, "out of memory");
  s->ta = make_input(b, s, dtype, false, s->a);
  s->tb = make_input(b, s, dtype, true, s->b);
  if (!s->ta || !s->tb) return false;
  if (dtype == EAGER_INT8 && !make_op(s)) return bench_fail(b, name, NULL);
  if (dtype == EAGER_FLOAT64) {
    s->a64 = widen(s->a, s->a_count);
    s->b64 = widen(s->b, s->b_count);
    s->c64 = bench_alloc(s->c_count * sizeof *s->c64);
    if (!s->a64 || !s->b64 || !s->c64) return bench_fail(b, name, "out of memory");
  }
  if (s->row->peer == PRODUCT_BESIDE_FIRST && !loosen(b, s))
    return bench_fail(b, name, NULL);
  return s->row->peer != PRODUCT_BESIDE_CLBLAST ||
         raw_clblast_open(bench_device(b), &s->host, s->a, s->b, &s->clblast) ||
         bench_fail(b, name, "CLBlast refuses it");
}

static void clear(product *s) {
  raw_clblast_close(&s->clblast);
  eager_op_release(s->op);
  eager_tensor_release(s->ta);
  eager_tensor_release(s->tb);
  eager_tensor_release(s->loose);
  bench_free(s->a);
  bench_free(s->b);
  bench_free(s->c);
  bench_free(s->a64);
  bench_free(s->b64);
  bench_free(s->c64);
}

/* Sums of k products up to 1 in size on both sides, rounded to the result's dtype. */
static double tolerance_of(const product_case *row) {
  switch (row->dtype) {
  case EAGER_FLOAT16:
    return 0x1p-10;
  case EAGER_BFLOAT16:
    return 0x1p-7;
  case EAGER_INT8:
  case EAGER_INT32:
    return 0;
  default:
    return 0x1p-20 + 0x1p-23 * (double)row->k;
  }
}

static bool check(bench *b, const char *name, product *s) {
  eager_tensor *out = multiply(s), *plain = NULL;
  blas(s);
  for (size_t i = 0; s->c64 && i < s->c_count; i++) s->c[i] = (float)s->c64[i];
  bool fine = out && eager_cast(out, EAGER_FLOAT32, &plain) == EAGER_OK
                  ? bench_same(b, name, plain, s->c, s->c_count, tolerance_of(s->row))
                  : bench_fail(b, name, NULL);
  if (fine && s->row->peer == PRODUCT_BESIDE_CLBLAST)
    fine = clblast(s) && clblast_finish(s)
               ? raw_clblast_read(&s->clblast, s->c) &&
                     bench_same(b, name, plain, s->c, s->c_count, tolerance_of(s->row))
               : bench_fail(b, name, "CLBlast refuses it");
  eager_tensor_release(out);
  eager_tensor_release(plain);
  return fine;
}

void bench_product(bench *b, const product_case *row) {
  char name[64], reference[32];
  name_row(row, name, sizeof name);
  if (!bench_wants(b, name)) return;
  if (row->peer == PRODUCT_BESIDE_CLBLAST && !raw_clblast_is_there()) {
    bench_skip(b, name, "this build has no CLBlast");
    return;
  }
  product s = {.row = row, .vector = strcmp(row->ways + 1, "V") == 0};
  s.host = (host_product){.batch = (size_t)row->batch,
                          .m = (size_t)row->m,
                          .n = (size_t)row->n,
                          .k = (size_t)row->k,
                          .transpose_a = row->ways[0] == 'T',
                          .transpose_b = row->ways[1] == 'T'};
  size_t batch = row->batch ? s.host.batch : 1;
  s.a_count = batch * s.host.m * s.host.k;
  s.b_count = batch * s.host.k * s.host.n;
  s.c_count = batch * s.host.m * s.host.n;
  const char *theirs = peers[row->peer].reference;
  snprintf(reference, sizeof reference, "%s%s", theirs ? theirs : host_gemm_name,
           !theirs && row->batch ? " loop" : "");
  size_t element = row->dtype == EAGER_INT8 ? 1 : eager_dtype_size(row->dtype);
  size_t out = row->dtype == EAGER_INT8 ? 4 : element;
  if (make(b, name, &s) && check(b, name, &s))
    bench_run(b, &(bench_row){
                     .name = name,
                     .reference = reference,
                     .ours = {ours, bench_synchronize},
                     .other = peers[row->peer].side,
                     .state = &s,
                     .bytes = (double)((s.a_count + s.b_count) * element + s.c_count * out),
                     .flops = 2 * (double)s.c_count * (double)row->k,
                     .goal = row->goal,
                     .note = row->note,
                 });
  clear(&s);
}
