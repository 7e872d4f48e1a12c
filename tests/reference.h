/* Double-precision references for ops, and the walks they are made of. Plain loops over
 * row-major arrays: nothing of the library is in them. Results live until the test ends. */
#ifndef EAGER_TESTS_REFERENCE_H
#define EAGER_TESTS_REFERENCE_H

#include "test_values.h"

/* ---- Walking over a shape ----
 *
 *   test_walk w;
 *   for (test_walk_begin(&w, out_shape); w.more; test_walk_next(&w))
 *     out[w.position] = a[test_walk_offset(&w, a_shape)] + b[test_walk_offset(&w,
 * b_shape)];
 */
typedef struct test_walk {
  test_shape shape;
  int64_t index[EAGER__MAX_RANK]; /* row-major, last axis fastest */
  int64_t position;               /* in `shape` */
  bool more;
} test_walk;

void test_walk_begin(test_walk *walk, test_shape shape);
void test_walk_next(test_walk *walk);
/* Position in an operand broadcast against the walk's shape, as NumPy does. */
int64_t test_walk_offset(const test_walk *walk, test_shape operand);
/* Row-major position of `index` in `shape`. */
int64_t test_position(test_shape shape, const int64_t *index);

/* ---- Shapes ---- */

/* False if they do not broadcast. */
bool test_broadcast(test_shape a, test_shape b, test_shape *out);
/* Axes 0..rank-1 as set bits; they become 1 (keep) or vanish. */
test_shape test_reduced(test_shape shape, unsigned axes, bool keep);

/* ---- References ---- */

typedef double (*test_unary_fn)(double x);
typedef double (*test_binary_fn)(double a, double b);
typedef double (*test_ternary_fn)(double a, double b, double c);
/* One output element from the `count` elements reduced into it, in row-major order. */
typedef double (*test_reduce_fn)(const double *values, int64_t count);

double *test_unary(test_unary_fn f, test_shape shape, const double *x);
/* *out is the broadcast shape. */
double *test_binary(test_binary_fn f, test_shape a_shape, const double *a,
                    test_shape b_shape, const double *b, test_shape *out);
double *test_ternary(test_ternary_fn f, test_shape a_shape, const double *a,
                     test_shape b_shape, const double *b, test_shape c_shape,
                     const double *c, test_shape *out);
double *test_reduce(test_reduce_fn f, test_shape shape, const double *x, unsigned axes);
/* [m,k] x [k,n]; a transposed operand is given as it lies: [k,m], [n,k]. With
 * `absolute` the products' absolute values are summed, for error bounds. */
double *test_matmul(int64_t m, int64_t n, int64_t k, const double *a, bool transpose_a,
                    const double *b, bool transpose_b, bool absolute);
double *test_transpose(test_shape shape, const double *x, const int *perm, test_shape *out);

#endif
