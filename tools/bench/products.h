/* What the areas gemm, gemm-batched and gemv have in common: a product beside OpenBLAS. */
#pragma once

#include "bench.h"

typedef enum product_peer {
  PRODUCT_BESIDE_BLAS,    /* in float32, unless dtype is float64 */
  PRODUCT_BESIDE_CLBLAST, /* on the library's device; dtype is float32 */
  PRODUCT_BESIDE_FIRST,   /* ours, with a b that is never kept laid out */
} product_peer;

/* c[m,n] = a[m,k] b[k,n]. Rows are named "<dtype> <m>x<k>x<n> <ways>"; int8 gives int32. */
typedef struct product_case {
  int64_t batch; /* 0: two matrices */
  int64_t m, k, n;
  const char *ways; /* "NN", "TN": a is read transposed; "MV": a matrix and a vector */
  eager_dtype dtype;
  double goal;
  product_peer peer;
  const char *note;
} product_case;

/* Makes inputs, compares both sides and hands the row over. */
void bench_product(bench *b, const product_case *row);
