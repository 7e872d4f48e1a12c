#include "cl/blas_trial.h"

#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "cl/blas_library.h"
#include "cl/memory.h"

static const struct {
  size_t m, n, k, batch;
  bool share_b; /* one for all products */
} shapes[] = {
    {1, 3, 5, 1, false},     {3, 5, 7, 1, false},       {5, 7, 1, 1, false},
    {7, 1, 3, 1, false},     {3, 2, 5, 3, false},       {2, 5, 3, 2, true},
    {64, 64, 64, 1, false},  {129, 129, 129, 1, false}, {33, 65, 40, 3, true},
    {129, 33, 65, 2, false}, {1152, 1152, 8, 1, false},
};

enum {
  SHAPES = sizeof shapes / sizeof *shapes,
  TINY_SHAPES = 6,
  TRANSPOSES = 4,
  LARGEST_OFFSET = 2,
  LARGEST_INPUT = 2 * 129 * 65 + LARGEST_OFFSET,
  LARGEST_OUTPUT = 1152 * 1152 + 2 * LARGEST_OFFSET,
};

typedef struct trial {
  eager__device *device;
  eager_dtype dtype;
  size_t element;
  eager__memory a, b, c;
  int8_t a_values[LARGEST_INPUT], b_values[LARGEST_INPUT];
  uint8_t *host; /* room for the largest output */
} trial;

/* From -2 to 2: sums over 129 products stay far below 2048, where half is exact. */
static void make_values(int8_t *values, size_t count, size_t seed) {
  for (size_t i = 0; i < count; i++)
    values[i] = (int8_t)((i * 7 + i / 5 + i / 31 + seed) % 5) - 2;
}

static eager_status write_values(trial *t, const eager__memory *to, const int8_t *values,
                                 size_t count, size_t offset) {
  for (size_t i = 0; i < count; i++)
    eager__encode_int(t->dtype, values[i], t->host + i * t->element);
  return eager__memory_write(t->device, to->mem, offset * t->element, t->host,
                             count * t->element);
}

/* All ones is NaN in every float dtype: what the product leaves out or leaks into shows. */
static eager_status poison_output(trial *t, size_t size) {
  memset(t->host, 0xff, size);
  return eager__memory_write(t->device, t->c.mem, 0, t->host, size);
}

static eager_status multiply(trial *t, const eager__gemm *gemm, int *out_code) {
  eager__timeline *compute = &t->device->compute;
  eager__timeline_lock(compute);
  *out_code = eager__blas_enqueue(t->device, gemm);
  uint64_t seq =
      eager__timeline_commit(compute, false); /* a refusal may leave commands too */
  eager__timeline_unlock(compute);
  if (eager__timeline_wait(compute, seq) == EAGER_OK) return EAGER_OK;
  return eager__device_fail_lost(t->device, "the test of CLBlast");
}

static int expected_at(const trial *t, const eager__gemm *g, size_t product, size_t row,
                       size_t column) {
  const int8_t *a = t->a_values + product * g->a_step;
  const int8_t *b = t->b_values + product * g->b_step;
  int sum = 0;
  for (size_t i = 0; i < g->k; i++)
    sum += a[g->transpose_a ? i * g->m + row : row * g->k + i] *
           b[g->transpose_b ? column * g->k + i : i * g->n + column];
  return sum;
}

static bool is_untouched(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0xff) return false;
  return true;
}

static bool is_right(const trial *t, const eager__gemm *g) {
  const uint8_t *at = t->host + g->c_offset * t->element;
  for (size_t product = 0; product < g->batch; product++)
    for (size_t row = 0; row < g->m; row++)
      for (size_t column = 0; column < g->n; column++, at += t->element)
        if (eager__decode_double(t->dtype, at) != expected_at(t, g, product, row, column))
          return false;
  return is_untouched(t->host, g->c_offset * t->element) &&
         is_untouched(at, LARGEST_OFFSET * t->element);
}

static eager__gemm make_gemm(const trial *t, int index) {
  size_t m = shapes[index / TRANSPOSES].m, n = shapes[index / TRANSPOSES].n;
  size_t k = shapes[index / TRANSPOSES].k;
  bool transpose_a = index % 2 != 0, transpose_b = index / 2 % 2 != 0;
  size_t offset = (size_t)index % (LARGEST_OFFSET + 1);
  return (eager__gemm){
      .dtype = t->dtype,
      .transpose_a = transpose_a,
      .transpose_b = transpose_b,
      .m = m,
      .n = n,
      .k = k,
      .a = t->a.mem,
      .b = t->b.mem,
      .c = t->c.mem,
      .a_offset = offset,
      .b_offset = LARGEST_OFFSET - offset,
      .c_offset = offset,
      .lda = transpose_a ? m : k,
      .ldb = transpose_b ? k : n,
      .ldc = n,
      .batch = shapes[index / TRANSPOSES].batch,
      .a_step = m * k,
      .b_step = shapes[index / TRANSPOSES].share_b ? 0 : k * n,
      .c_step = m * n,
  };
}

/* `*out_code` is 0 and `*out_right` set when the library took the product. */
static eager_status try_one(trial *t, int index, int *out_code, bool *out_right) {
  eager__gemm g = make_gemm(t, index);
  size_t a_count = g.batch * g.m * g.k, b_count = (g.b_step ? g.batch : 1) * g.k * g.n;
  size_t c_size = (g.c_offset + g.batch * g.m * g.n + LARGEST_OFFSET) * t->element;
  make_values(t->a_values, a_count, (size_t)index);
  make_values(t->b_values, b_count, (size_t)index + 3);
  EAGER__TRY(write_values(t, &t->a, t->a_values, a_count, g.a_offset));
  EAGER__TRY(write_values(t, &t->b, t->b_values, b_count, g.b_offset));
  EAGER__TRY(poison_output(t, c_size));
  EAGER__TRY(multiply(t, &g, out_code));
  if (*out_code != 0) return EAGER_OK;
  EAGER__TRY(eager__memory_read(t->device, t->c.mem, 0, t->host, c_size));
  *out_right = is_right(t, &g);
  return EAGER_OK;
}

static eager__trial_result try_all(trial *t) {
  /* A simulator takes minutes over the larger ones. */
  int shape_count = t->device->traits.is_simulator ? TINY_SHAPES : SHAPES;
  int taken = 0;
  for (int i = 0; i < shape_count * TRANSPOSES; i++) {
    int code = 0;
    bool right = false;
    if (try_one(t, i, &code, &right) != EAGER_OK) return EAGER__TRIAL_BROKEN;
    if (code == 0 && !right) return EAGER__TRIAL_WRONG;
    taken += code == 0;
  }
  return taken > 0 ? EAGER__TRIAL_RIGHT : EAGER__TRIAL_REFUSED;
}

static eager_status open_trial(trial *t) {
  size_t input = LARGEST_INPUT * t->element, output = LARGEST_OUTPUT * t->element;
  t->host = eager__alloc(output);
  if (t->host == NULL) return eager__out_of_memory(output);
  EAGER__TRY(eager__memory_create(t->device, input, &t->a));
  EAGER__TRY(eager__memory_create(t->device, input, &t->b));
  return eager__memory_create(t->device, output, &t->c);
}

static void close_trial(trial *t) {
  eager__memory_release(t->device, &t->a);
  eager__memory_release(t->device, &t->b);
  eager__memory_release(t->device, &t->c);
  eager__free(t->host);
  eager__free(t);
}

eager__trial_result eager__blas_trial(eager__device *device, eager_dtype dtype) {
  trial *t = eager__alloc(sizeof *t);
  if (t == NULL) {
    eager__out_of_memory(sizeof *t);
    return EAGER__TRIAL_BROKEN;
  }
  t->device = device;
  t->dtype = dtype;
  t->element = (size_t)eager__dtype(dtype)->size;
  eager__trial_result result = open_trial(t) == EAGER_OK ? try_all(t) : EAGER__TRIAL_BROKEN;
  close_trial(t);
  return result;
}
