/* The kernel families: which files of cl_kernels make up one program. */
#ifndef EAGER_OPS_FAMILIES_H
#define EAGER_OPS_FAMILIES_H

#include "cl/program.h"

extern const eager__family eager__family_elementwise; /* ops/elementwise.c: rows as text */
extern const eager__family eager__family_choices;     /* the same */
extern const eager__family eager__family_comparisons; /* the same */
extern const eager__family eager__family_functions;   /* the same */
extern const eager__family eager__family_special;     /* the same: special functions */
extern const eager__family eager__family_bessel;
extern const eager__family eager__family_cast;
extern const eager__family eager__family_rows;  /* reduce: sums */
extern const eager__family eager__family_folds; /* reduce: products and extremes */
extern const eager__family eager__family_arg;
extern const eager__family eager__family_means;   /* reduce, integers in 64 bits */
extern const eager__family eager__family_moments; /* sums about a centre */
extern const eager__family eager__family_cumulative;
extern const eager__family eager__family_pool;
extern const eager__family eager__family_resize;
extern const eager__family eager__family_lrn;
extern const eager__family eager__family_softmax;
extern const eager__family eager__family_losses;
extern const eager__family eager__family_norm;
extern const eager__family eager__family_attention;
extern const eager__family eager__family_bias;  /* ops/bias.c: an elementwise row */
extern const eager__family eager__family_array; /* moves: dtype of the element's size */
extern const eager__family eager__family_transpose;
extern const eager__family eager__family_layout;  /* moves again: parts, margins, blocks */
extern const eager__family eager__family_mirror;  /* the gradient of mirror padding */
extern const eager__family eager__family_diag;    /* moves again: diagonals */
extern const eager__family eager__family_buckets; /* sorting keys: uint32 only */
extern const eager__family eager__family_scatter;
extern const eager__family eager__family_owners; /* sums by destination */
extern const eager__family eager__family_histogram;
extern const eager__family eager__family_gemm;         /* ops/gemm_tiles.c: on CPUs */
extern const eager__family eager__family_gemm_columns; /* the same, a transposed */
extern const eager__family eager__family_gemm_direct;  /* the same, nothing laid out */
extern const eager__family eager__family_gemm_packed;  /* the same, b kept laid out */
extern const eager__family eager__family_gemm_thin;    /* on CPUs */
extern const eager__family eager__family_gemm_groups;  /* on GPUs */
extern const eager__family eager__family_einsum;
extern const eager__family eager__family_factor; /* of matrices */
extern const eager__family eager__family_conv;   /* floats and int32 */
extern const eager__family eager__family_conv_filter;
extern const eager__family eager__family_conv_columns;
extern const eager__family eager__family_conv_pixels; /* depthwise, for CPUs */
extern const eager__family eager__family_conv_planes;
extern const eager__family eager__family_conv_planes_two;
extern const eager__family eager__family_sums; /* add_n, cross */
extern const eager__family eager__family_range;
extern const eager__family eager__family_random; /* uniform */
extern const eager__family eager__family_normal;
extern const eager__family eager__family_random_int;
extern const eager__family eager__family_categorical;
extern const eager__family eager__family_dropout;
extern const eager__family eager__family_scan;
extern const eager__family eager__family_sort; /* moves too: order, search, unique, where */
extern const eager__family eager__family_best; /* moves too: the few largest */

/* For moves: the unsigned integer dtype with elements as large as `dtype`'s, so one
 * program serves all of that size and float64 needs no arithmetic. */
eager_dtype eager__move_dtype(eager_dtype dtype);

/* Every family with the dtypes it is built for, for the offline compilation test. */
typedef struct eager__family_row {
  const eager__family *family;
  uint32_t dtypes;
} eager__family_row;
extern const eager__family_row eager__families[];
extern const int eager__family_count;

#endif
