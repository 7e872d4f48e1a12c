/* ops_linalg.h - matrices. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_LINALG_H
#define EAGERCL_OPS_LINALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Matrices ---- */

/* [m, k] x [k, n] -> [m, n], each read transposed if asked for. Numbers; integers wrap,
 * 16-bit floats are added up in float32. k = 0 gives zeros. Raw: MatMul. For more axes:
 * eager_batch_matmul.
 *
 * On CPUs a b of 256 KB and more that is used again, as the weights of a layer are, is laid
 * out once and kept so for later products of up to 1024 rows: same bits, sooner. That takes
 * as many bytes again (16-bit floats: twice as many) from the device's budget until the
 * tensor and its views go, memory is short or eager_trim_memory is called; not of memory
 * that was adopted, imported or shown through opencl.h. */
EAGER_API EAGER_NODISCARD eager_status eager_matmul(eager_tensor *a, bool transpose_a,
                                                    eager_tensor *b, bool transpose_b,
                                                    eager_tensor **out);

/* tf.linalg.matmul of [..., m, k] and [..., k, n]: the axes before the last two broadcast.
 * `adjoint_` reads the last two exchanged. Raw: BatchMatMulV2; BatchMatMul, which does not
 * broadcast; BatchMatMulV3 with Tout: that of the inputs, or int32 for 8-bit integers,
 * which TensorFlow also takes one signed and one not. */
EAGER_API EAGER_NODISCARD eager_status eager_batch_matmul(eager_tensor *a, bool adjoint_a,
                                                          eager_tensor *b, bool adjoint_b,
                                                          eager_tensor **out);

/* tf.linalg.matvec: [..., m, k] x [..., k] -> [..., m]; the axes before broadcast. Raw:
 * MatVec, which TensorFlow has not. */
EAGER_API EAGER_NODISCARD eager_status eager_matvec(eager_tensor *a, bool transpose_a,
                                                    eager_tensor *b, eager_tensor **out);

/* tf.einsum: "ij,jk->ik", "...ii->...i", "bhid,bhjd->bhij". Labels are letters; blanks are
 * skipped; "..." stands for axes that broadcast. A label that repeats in one operand walks
 * along its diagonal; one that the result lacks is summed, but not "...". Without "->" the
 * result has the labels that occur once, in alphabetical order. Numbers. Sums over labels
 * of one operand alone are rounded to the dtype before the product. More than two operands
 * are taken from left to right; TensorFlow looks for a better order. Raw: Einsum, which
 * wants "->", lets labels repeat in the result, whose diagonal is then filled and the rest
 * zero, and here takes any number of operands. */
EAGER_API EAGER_NODISCARD eager_status eager_einsum(const char *equation,
                                                    eager_tensor *const *inputs,
                                                    size_t count, eager_tensor **out);

/* What follows takes matrices in the last two axes, any axes before them a batch. Floats:
 * 16-bit ones, which TensorFlow mostly refuses here, are worked on in float32 and rounded
 * once. Matrices of no rows are legal. A matrix that is not what it should be makes the op
 * fail with EAGER_INVALID_ARGUMENT, by poisoning in ASYNC; the text numbers it in its
 * batch (of Cholesky and the triangular solves TensorFlow's CPU kernels then give NaN and
 * infinities). NaN is no such thing and gives NaN. */

/* tf.linalg.cholesky: l, lower, with l l' = x, [..., n, n]. Only the lower triangle is
 * read. Raw: Cholesky. */
EAGER_API EAGER_NODISCARD eager_status eager_cholesky(eager_tensor *x, eager_tensor **out);

/* tf.linalg.cholesky_solve: x with l l' x = rhs, from `chol` = l; batches broadcast. Raw:
 * CholeskySolve, which TensorFlow has not. */
EAGER_API EAGER_NODISCARD eager_status eager_cholesky_solve(eager_tensor *chol,
                                                            eager_tensor *rhs,
                                                            eager_tensor **out);

/* tf.linalg.triangular_solve: x with matrix x = rhs, [..., n, n] and [..., n, k]; only the
 * lower or the upper triangle is read; `adjoint` solves matrix' x = rhs. Batches broadcast.
 * Fails where the diagonal has a 0. Raw: MatrixTriangularSolve. */
EAGER_API EAGER_NODISCARD eager_status eager_triangular_solve(eager_tensor *matrix,
                                                              eager_tensor *rhs, bool lower,
                                                              bool adjoint,
                                                              eager_tensor **out);

/* tf.linalg.solve, by LU with partial pivoting: x with matrix x = rhs, or matrix' x = rhs.
 * Batches are alike. Fails where a pivot is 0. Raw: MatrixSolve. */
EAGER_API EAGER_NODISCARD eager_status eager_solve(eager_tensor *matrix, eager_tensor *rhs,
                                                   bool adjoint, eager_tensor **out);

/* tf.linalg.inv, of x or of its transpose. Fails where a pivot is 0. Raw: MatrixInverse. */
EAGER_API EAGER_NODISCARD eager_status eager_inv(eager_tensor *x, bool adjoint,
                                                 eager_tensor **out);

/* tf.linalg.det: [..., n, n] -> [...]; 0 for a singular matrix, 1 for one of no rows. Raw:
 * MatrixDeterminant. */
EAGER_API EAGER_NODISCARD eager_status eager_det(eager_tensor *x, eager_tensor **out);

/* tf.linalg.slogdet: the determinant's sign and the logarithm of its size; 0 and -infinity
 * for a singular matrix. Raw: LogMatrixDeterminant. */
EAGER_API EAGER_NODISCARD eager_status eager_slogdet(eager_tensor *x,
                                                     eager_tensor **out_sign,
                                                     eager_tensor **out_log_abs_det);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_LINALG_H */
