/* Square matrices taken apart, for Cholesky, LU and what is solved with them. */
#ifndef EAGER_OPS_FACTOR_H
#define EAGER_OPS_FACTOR_H

#include "ops/gemm.h"

/* Many matrices, dense and row-major, in the dtype they are worked on in: an output, or a
 * workspace where that is not the op's dtype. */
typedef struct eager__work {
  eager__spot at;
  eager_dtype dtype;
  int64_t count, rows, columns;
} eager__work;

/* An input's last two axes, and the axes before, as a walk of its own or of a shape that it
 * broadcasts to. */
typedef struct eager__stack {
  eager__spot at;
  int64_t count, rows, columns;
  int rank;
  int64_t dims[EAGER__MAX_RANK], strides[EAGER__MAX_RANK]; /* outermost first */
} eager__stack;

/* INVALID_ARGUMENT unless input `i` has rank 2 or more and, `square`, square matrices. */
eager_status eager__check_matrices(const eager__call *call, int i, bool square);
/* The axes before the last two. */
eager__shape eager__batch_of(const eager__shape *shape);
/* `batch`: what its batch axes broadcast to. */
eager__stack eager__stack_of(const eager__call *call, int input, const eager__shape *batch);

/* float32 for the 16-bit floats. */
eager_dtype eager__work_dtype(eager_dtype dtype);
/* Room for a work of the op's output 0, there where that is possible. */
eager__work eager__work_output(eager__commands *commands, int64_t count, int64_t rows,
                               int64_t columns);
eager__work eager__work_scratch(eager__commands *commands, int64_t count, int64_t rows,
                                int64_t columns);

/* Copies; `transpose` reads columns as rows, `lower` leaves zeros above the diagonal. */
eager_status eager__work_load(eager__commands *commands, const eager__stack *x,
                              bool transpose, bool lower, const eager__work *work);
/* To output 0, where it is not there already. */
eager_status eager__work_store(eager__commands *commands, const eager__work *work,
                               bool lower);

/* LU of square works: l below the diagonal, u above it; int32 [count, n] workspaces: which
 * row of the matrix each of theirs is, and which was exchanged with which. */
typedef struct eager__lu {
  eager__work work;
  int order, swaps;
} eager__lu;
eager_status eager__add_lu(eager__commands *commands, const eager__work *work,
                           eager__lu *out);

/* Solves triangles in place: x work = work. Element (i, j) of x lies i * row + j * col
 * behind its matrix, and only the triangle is read. */
typedef struct eager__triangle {
  eager__stack x;
  int64_t row, col;
  bool upper, unit;
} eager__triangle;
eager_status eager__add_triangle(eager__commands *commands, const eager__triangle *triangle,
                                 const eager__work *work);

/* The op's cell becomes the first of `count` dense matrices with a 0 on its diagonal. */
eager_status eager__add_diagonal_check(eager__commands *commands, const eager__spot *x,
                                       eager_dtype dtype, int64_t count, int64_t n);

/* A work as the matrices of a triangle. */
eager__stack eager__stack_of_work(const eager__work *work);

/* The grid for a kernel of factor.cl, begun last, that goes by numbers. */
eager__grid eager__factor_grid(const eager__commands *commands, int64_t numbers);
/* As in factor.cl. */
typedef struct eager__factor {
  int64_t n, at, size, count, columns;
} eager__factor;
enum { EAGER__FACTOR_BLOCK = 32 };

#endif
