/* Inputs and the comparison of results. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void *bench_alloc(size_t size) {
  void *memory = NULL;
  return posix_memalign(&memory, 64, size ? size : 64) == 0 ? memory : NULL;
}

void bench_free(void *memory) {
  free(memory);
}

void bench_random_floats(bench *b, float *values, size_t count, float low, float high) {
  /* A seed of the run's stream, then one multiplication a value: 10^8 take a moment. */
  uint64_t state = bench_random(b);
  for (size_t i = 0; i < count; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    values[i] = low + (high - low) * ((float)(state >> 40) * 0x1p-24f);
  }
}

eager_tensor *bench_tensor(bench *b, const float *values, int rank, const int64_t *dims) {
  eager_tensor *tensor = NULL;
  if (eager_tensor_from_host(EAGER_FLOAT32, rank, dims, values, &tensor) != EAGER_OK)
    bench_fail(b, "an input", NULL);
  return tensor;
}

bool bench_same(bench *b, const char *name, const eager_tensor *got, const float *expected,
                size_t count, double tolerance) {
  char text[160];
  size_t size = count * sizeof(float);
  if (!got || eager_tensor_byte_size(got) != size)
    return bench_fail(b, name, "the result has another size than the reference");
  float *values = bench_alloc(size);
  if (!values) return bench_fail(b, name, "out of memory");
  bool same = eager_tensor_to_host(got, values, size) == EAGER_OK;
  if (!same) bench_fail(b, name, NULL);
  for (size_t i = 0; same && i < count; i++) {
    double error = fabs((double)values[i] - (double)expected[i]);
    if (error <= tolerance * (1 + fabs((double)expected[i]))) continue;
    snprintf(text, sizeof text, "element %zu is %.9g, the reference has %.9g", i,
             (double)values[i], (double)expected[i]);
    same = bench_fail(b, name, text);
  }
  bench_free(values);
  return same;
}

bool bench_same_bytes(bench *b, const char *name, const eager_tensor *got,
                      const void *expected) {
  char text[96];
  size_t size = eager_tensor_byte_size(got);
  unsigned char *bytes = bench_alloc(size);
  if (!bytes) return bench_fail(b, name, "out of memory");
  bool same = eager_tensor_to_host(got, bytes, size) == EAGER_OK;
  if (!same) bench_fail(b, name, NULL);
  size_t width = eager_dtype_size(eager_tensor_dtype(got));
  for (size_t i = 0; same && i < size; i++) {
    if (bytes[i] == ((const unsigned char *)expected)[i]) continue;
    snprintf(text, sizeof text, "element %zu has other bits than the reference", i / width);
    same = bench_fail(b, name, text);
  }
  bench_free(bytes);
  return same;
}

bool bench_made(eager_tensor *out) {
  bool made = out != NULL;
  eager_tensor_release(out);
  return made;
}

bool bench_synchronize(void *state) {
  (void)state;
  return eager_synchronize(NULL) == EAGER_OK;
}
