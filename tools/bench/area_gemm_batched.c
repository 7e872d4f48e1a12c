/* Many small products in one call beside a loop over them in OpenBLAS. */
#include "products.h"

typedef struct batch {
  int64_t count, n;
} batch;

static const batch batches[] = {{256, 32}, {256, 64}, {64, 128}, {1024, 64}};
static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16};

void bench_gemm_batched(bench *b) {
  for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
      int64_t count = batches[i].count, n = batches[i].n;
      bool narrow = eager_dtype_size(dtypes[d]) == 2;
      bench_product(b, &(product_case){count, n, n, n, "NN", dtypes[d], 0.9,
                                       .note = narrow ? "beside a loop in float32" : NULL});
    }
  bench_product(b, &(product_case){96, 128, 64, 128, "NT", EAGER_FLOAT32, .goal = 0.9});
  bench_product(b, &(product_case){96, 64, 128, 64, "TN", EAGER_FLOAT32, .goal = 0.9});
}
