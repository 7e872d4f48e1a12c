/* A matrix times a vector, read either way, beside OpenBLAS. */
#include "products.h"

void bench_gemv(bench *b) {
  static const char *const ways[] = {"NV", "TV"};
  for (int w = 0; w < 2; w++)
    for (int64_t n = 256; n <= 8192; n *= 2)
      bench_product(b, &(product_case){0, n, n, 1, ways[w], EAGER_FLOAT32, .goal = 0.9});
}
