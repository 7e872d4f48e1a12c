/* Shapes: at most eight row-major extents. -1 stands for an extent not known yet. */
#ifndef EAGER_BASE_SHAPE_H
#define EAGER_BASE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "eagercl/dtype.h"

enum { EAGER__MAX_RANK = 8 };

typedef struct eager__shape {
  int rank;
  int64_t dims[EAGER__MAX_RANK];
} eager__shape;

/* Checks dtype, rank (0-8), dims (>= 0; NULL only for rank 0) and that the bytes of a
 * tensor of `dtype` fit into int64_t; INVALID_ARGUMENT otherwise. As in NumPy extents of 0
 * are left out of the last check, so no product of some of the extents overflows either. */
eager_status eager__shape_check(eager_dtype dtype, int rank, const int64_t *dims);
/* The same, and makes the shape. */
eager_status eager__shape_make(eager_dtype dtype, int rank, const int64_t *dims,
                               eager__shape *out);

/* The check for a shape of which extents of -1 are not known yet: they may be anything. */
eager_status eager__shape_check_known(eager_dtype dtype, int rank, const int64_t *dims);

/* -1 when an extent is unknown. */
int64_t eager__shape_elements(const eager__shape *shape);

bool eager__shape_equal(const eager__shape *a, const eager__shape *b);
/* Whether they may be equal: extents that are known on both sides are. */
bool eager__shape_agrees(const eager__shape *a, const eager__shape *b);

/* NumPy broadcasting. INVALID_ARGUMENT `Incompatible shapes: [2] vs. [3]`. `out` may be one
 * of the inputs. An unknown extent against a known one other than 1 gives the known one. */
eager_status eager__shape_broadcast(const eager__shape *a, const eager__shape *b,
                                    eager__shape *out);

/* Maps a possibly negative axis into [0, rank). INVALID_ARGUMENT names `what`. */
eager_status eager__shape_axis(int64_t axis, int rank, const char *what, int *out);

/* Product of dims[begin, end), 1 if that is empty, -1 if one of them is unknown. */
int64_t eager__shape_product(const eager__shape *shape, int begin, int end);

/* Row-major, in elements; no extent is unknown. */
void eager__shape_strides(const eager__shape *shape, int64_t strides[EAGER__MAX_RANK]);

/* "[2,3]", as TensorFlow's messages write shapes; unknown extents as "?". */
enum { EAGER__SHAPE_TEXT = 8 * 21 + 3 };
const char *eager__shape_text(const eager__shape *shape, char text[EAGER__SHAPE_TEXT]);

/* A walk over one output and up to 16 operands with as few dimensions as possible.
 * Strides are in elements; 0 repeats. dims[0] is the outermost. */
enum { EAGER__MAX_OPERANDS = 16 };
typedef struct eager__walk {
  int rank; /* >= 1 */
  int64_t dims[EAGER__MAX_RANK];
  int64_t strides[EAGER__MAX_OPERANDS][EAGER__MAX_RANK];
} eager__walk;

/* Broadcasts `operands` against `output` and joins neighbouring dimensions that every
 * operand steps through alike. No elements: one dimension of 0. No extents are unknown. */
void eager__walk_broadcast(const eager__shape *output, const eager__shape *operands,
                           int operand_count, eager__walk *out);
/* Joins what can be joined in a walk with the strides already given. */
void eager__walk_collapse(eager__walk *walk, int operand_count);

#endif
