/* Products of two matrices beside OpenBLAS, and CLBlast where this build has it. */
#include "products.h"

static const int64_t squares[] = {64, 96, 128, 256, 384, 512, 768, 1000, 1024, 1536, 2048};
static const char *const turned[] = {"NT", "TN", "TT"};

/* Rows of a layer's batch, one row, ten columns; forward and both gradients. */
static const product_case skinny[] = {
    {0, 1, 512, 512, "NN", EAGER_FLOAT32, .goal = 0.7},
    {0, 1, 4096, 4096, "NN", EAGER_FLOAT32, .goal = 0.7},
    {0, 1, 4096, 4096, "NT", EAGER_FLOAT32, .goal = 0.7},
    {0, 128, 784, 512, "NN", EAGER_FLOAT32, .goal = 0.7},
    {0, 784, 128, 512, "TN", EAGER_FLOAT32, .goal = 0.7},
    {0, 128, 512, 784, "NT", EAGER_FLOAT32, .goal = 0.7},
    {0, 128, 512, 10, "NN", EAGER_FLOAT32, .goal = 0.7},
    {0, 512, 128, 10, "TN", EAGER_FLOAT32, .goal = 0.7},
    {0, 128, 10, 512, "NT", EAGER_FLOAT32, .goal = 0.7},
    {0, 4096, 4096, 10, "NN", EAGER_FLOAT32, .goal = 0.7},
    {0, 100000, 64, 64, "NN", EAGER_FLOAT32, .goal = 0.7},
    {0, 64, 100000, 64, "TN", EAGER_FLOAT32, .goal = 0.7},
};

/* A layer's weights, which stay the same from batch to batch. */
static const product_case weights[] = {
    {0, 8, 1024, 1024, "NN", EAGER_FLOAT32, .goal = 1.0},
    {0, 16, 1024, 1024, "NN", EAGER_FLOAT32, .goal = 1.0},
    {0, 32, 1024, 1024, "NN", EAGER_FLOAT32, .goal = 1.0},
    {0, 64, 1024, 1024, "NN", EAGER_FLOAT32, .goal = 1.0},
    {0, 32, 1024, 4096, "NN", EAGER_FLOAT32, .goal = 1.0},
    {0, 32, 1024, 4096, "NT", EAGER_FLOAT32, .goal = 1.0},
    {0, 64, 784, 512, "NN", EAGER_FLOAT32, .goal = 1.0},
};

static const eager_dtype others[] = {EAGER_FLOAT64, EAGER_FLOAT16, EAGER_BFLOAT16,
                                     EAGER_INT32, EAGER_INT8};

static const char *note_of(eager_dtype dtype) {
  switch (dtype) {
  case EAGER_FLOAT64:
    return NULL;
  case EAGER_INT32:
  case EAGER_INT8:
    return "beside float32; no instruction multiplies and adds whole numbers at once";
  default:
    return "beside float32";
  }
}

static void run_square(bench *b, int64_t n, const char *ways, eager_dtype dtype,
                       double goal) {
  bench_product(b, &(product_case){0, n, n, n, ways, dtype, goal,
                                   .note = dtype == EAGER_FLOAT32 ? NULL : note_of(dtype)});
}

void bench_gemm(bench *b) {
  for (size_t i = 0; i < sizeof squares / sizeof *squares; i++)
    run_square(b, squares[i], "NN", EAGER_FLOAT32, squares[i] < 384 ? 0.7 : 0.95);
  for (int64_t n = 512; n <= 1024; n *= 2)
    for (int i = 0; i < 3; i++) run_square(b, n, turned[i], EAGER_FLOAT32, 0.95);
  for (size_t i = 0; i < sizeof skinny / sizeof *skinny; i++) bench_product(b, &skinny[i]);
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
    product_case again = weights[i];
    bench_product(b, &again);
    again.peer = PRODUCT_BESIDE_FIRST;
    again.goal = 0;
    bench_product(b, &again);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    for (int64_t n = 512; n <= 1024; n *= 2) run_square(b, n, "NN", others[i], 0.9);
  for (int64_t n = 128; n <= 512; n *= 4)
    bench_product(b, &(product_case){0, n, n, n, "NN", EAGER_FLOAT32, .goal = 1.0,
                                     .peer = PRODUCT_BESIDE_CLBLAST});
}
