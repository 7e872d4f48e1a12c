/* Doors of the ops of matrices. */
#ifndef EAGER_TESTS_DOORS_LINALG_H
#define EAGER_TESTS_DOORS_LINALG_H

#include "doors.h"

/* --- The typed calls --- */

static eager_status batch_matmul(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_matmul(in[0], false, in[1], false, out);
}
static eager_status batch_matmul_adjoint(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_matmul(in[0], true, in[1], true, out);
}
static eager_status matvec(eager_tensor *const *in, eager_tensor **out) {
  return eager_matvec(in[0], true, in[1], out);
}
static eager_status einsum(eager_tensor *const *in, eager_tensor **out) {
  return eager_einsum("ab,b...", in, 2, out);
}
static eager_status einsum_of_three(eager_tensor *const *in, eager_tensor **out) {
  return eager_einsum("ab,bc,cc->ca", in, 3, out);
}
static eager_status cholesky(eager_tensor *const *in, eager_tensor **out) {
  return eager_cholesky(in[0], out);
}
static eager_status cholesky_solve(eager_tensor *const *in, eager_tensor **out) {
  return eager_cholesky_solve(in[0], in[1], out);
}
static eager_status triangular_solve(eager_tensor *const *in, eager_tensor **out) {
  return eager_triangular_solve(in[0], in[1], false, true, out);
}
static eager_status solve(eager_tensor *const *in, eager_tensor **out) {
  return eager_solve(in[0], in[1], true, out);
}
static eager_status inv(eager_tensor *const *in, eager_tensor **out) {
  return eager_inv(in[0], true, out);
}
static eager_status det(eager_tensor *const *in, eager_tensor **out) {
  return eager_det(in[0], out);
}
static eager_status slogdet(eager_tensor *const *in, eager_tensor **out) {
  return eager_slogdet(in[0], &out[0], &out[1]);
}

/* --- The same, by name --- */

static const double positive[] = {4, 1, 2, 1, 5, 3, 2, 3, 6};

static const row linalg_rows[] = {
    {"BatchMatMul",
     batch_matmul,
     {{EAGER_INT16, {3, {2, 2, 3}}}, {EAGER_INT16, {3, {2, 3, 4}}}},
     {{0}}},
    {"BatchMatMulV2",
     batch_matmul_adjoint,
     {{EAGER_FLOAT32, {3, {2, 3, 2}}}, {EAGER_FLOAT32, {2, {4, 3}}}},
     {{"adj_x", EAGER_ATTR_BOOL, 1, {true}}, {"adj_y", EAGER_ATTR_BOOL, 1, {true}}}},
    {"BatchMatMulV3",
     batch_matmul,
     {{EAGER_BFLOAT16, {3, {2, 2, 3}}}, {EAGER_BFLOAT16, {2, {3, 4}}}},
     {{"Tout", EAGER_ATTR_DTYPE, 1, {EAGER_BFLOAT16}}}},
    {"MatVec",
     matvec,
     {{EAGER_FLOAT32, {3, {2, 3, 4}}}, {EAGER_FLOAT32, {1, {3}}}},
     {{"transpose_a", EAGER_ATTR_BOOL, 1, {true}}}},
    {"Einsum",
     einsum,
     {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {3, {3, 4, 2}}}},
     {{"equation", EAGER_ATTR_STRING, 1, {0}, "ab,b...->...a"}}},
    {"Einsum",
     einsum_of_three,
     {{EAGER_FLOAT32, {2, {2, 3}}},
      {EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {2, {4, 4}}}},
     {{"equation", EAGER_ATTR_STRING, 1, {0}, "ab,bc,cc->ca"}}},
    {"Cholesky", cholesky, {{EAGER_FLOAT32, {2, {3, 3}}, positive}}, {{0}}},
    {"CholeskySolve",
     cholesky_solve,
     {{EAGER_FLOAT32, {2, {3, 3}}, positive}, {EAGER_FLOAT32, {2, {3, 2}}}},
     {{0}}},
    {"MatrixTriangularSolve",
     triangular_solve,
     {{EAGER_FLOAT32, {2, {3, 3}}, positive}, {EAGER_FLOAT32, {3, {2, 3, 2}}}},
     {{"lower", EAGER_ATTR_BOOL, 1, {false}}, {"adjoint", EAGER_ATTR_BOOL, 1, {true}}}},
    {"MatrixSolve",
     solve,
     {{EAGER_FLOAT32, {2, {3, 3}}, positive}, {EAGER_FLOAT32, {2, {3, 2}}}},
     {{"adjoint", EAGER_ATTR_BOOL, 1, {true}}}},
    {"MatrixInverse",
     inv,
     {{EAGER_FLOAT32, {2, {3, 3}}, positive}},
     {{"adjoint", EAGER_ATTR_BOOL, 1, {true}}}},
    {"MatrixDeterminant", det, {{EAGER_FLOAT32, {2, {3, 3}}, positive}}, {{0}}},
    {"LogMatrixDeterminant", slogdet, {{EAGER_FLOAT32, {2, {3, 3}}, positive}}, {{0}}, 2},
};

#endif
