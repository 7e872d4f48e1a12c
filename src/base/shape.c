#include "base/shape.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/dtype.h"

/* Whether `unit` times all extents but those of 0 and -1 fits into int64_t. */
static bool fits(int rank, const int64_t *dims, int64_t unit) {
  int64_t size = unit;
  for (int i = 0; i < rank; i++) {
    int64_t dim = dims[i];
    if (dim <= 0) continue;
    const int64_t small = INT64_C(1) << 31; /* a division takes longer than all else here */
    if ((size >= small || dim >= small) && size > INT64_MAX / dim) return false;
    size *= dim;
  }
  return true;
}

static eager_status refuse_size(eager_dtype dtype, int rank, const int64_t *dims) {
  char text[EAGER__SHAPE_TEXT];
  eager__shape shape = {.rank = rank};
  memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
  EAGER__FAIL(EAGER_INVALID_ARGUMENT,
              "shape %s of dtype %s is too large: its bytes do not fit into 63 bits",
              eager__shape_text(&shape, text), eager_dtype_name(dtype));
}

static eager_status check(eager_dtype dtype, int rank, const int64_t *dims, int64_t least) {
  EAGER__REQUIRE(eager__dtype_is_valid(dtype), EAGER_INVALID_ARGUMENT,
                 "dtype must be one of enum eager_dtype, got %d", (int)dtype);
  EAGER__REQUIRE(rank >= 0 && rank <= EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "rank must be from 0 to %d, got %d", EAGER__MAX_RANK, rank);
  EAGER__REQUIRE(rank == 0 || dims != NULL, EAGER_INVALID_ARGUMENT,
                 "dims must not be NULL for rank %d", rank);
  for (int i = 0; i < rank; i++)
    EAGER__REQUIRE(dims[i] >= least, EAGER_INVALID_ARGUMENT,
                   "dims[%d] must not be negative, got %" PRId64, i, dims[i]);
  return fits(rank, dims, eager__dtype(dtype)->size) ? EAGER_OK
                                                     : refuse_size(dtype, rank, dims);
}

eager_status eager__shape_check(eager_dtype dtype, int rank, const int64_t *dims) {
  return check(dtype, rank, dims, 0);
}

eager_status eager__shape_check_known(eager_dtype dtype, int rank, const int64_t *dims) {
  return check(dtype, rank, dims, -1);
}

eager_status eager__shape_make(eager_dtype dtype, int rank, const int64_t *dims,
                               eager__shape *out) {
  EAGER__TRY(eager__shape_check(dtype, rank, dims));
  eager__shape shape = {.rank = rank};
  for (int i = 0; i < rank; i++) shape.dims[i] = dims[i];
  *out = shape;
  return EAGER_OK;
}

int64_t eager__shape_elements(const eager__shape *shape) {
  return eager__shape_product(shape, 0, shape->rank);
}

bool eager__shape_equal(const eager__shape *a, const eager__shape *b) {
  if (a->rank != b->rank) return false;
  return memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

bool eager__shape_agrees(const eager__shape *a, const eager__shape *b) {
  bool agree = a->rank == b->rank;
  for (int i = 0; i < a->rank && agree; i++)
    agree = a->dims[i] == b->dims[i] || a->dims[i] < 0 || b->dims[i] < 0;
  return agree;
}

/* Extent `i` of a shape that has been given leading extents of 1 up to `rank`. */
static int64_t padded_dim(const eager__shape *shape, int rank, int i) {
  int own = i - (rank - shape->rank);
  return own < 0 ? 1 : shape->dims[own];
}

static bool broadcast_dim(int64_t a, int64_t b, int64_t *out) {
  if (a == 1 || b == 1) {
    *out = a == 1 ? b : a;
  } else {
    *out = a == -1 ? b : a;
  }
  return a == b || a == 1 || b == 1 || a == -1 || b == -1;
}

eager_status eager__shape_broadcast(const eager__shape *a, const eager__shape *b,
                                    eager__shape *out) {
  if (eager__shape_equal(a, b)) {
    if (out != a) *out = *a;
    return EAGER_OK;
  }
  char text_a[EAGER__SHAPE_TEXT], text_b[EAGER__SHAPE_TEXT];
  eager__shape shape = {.rank = a->rank > b->rank ? a->rank : b->rank};
  for (int i = 0; i < shape.rank; i++) {
    bool agree = broadcast_dim(padded_dim(a, shape.rank, i), padded_dim(b, shape.rank, i),
                               &shape.dims[i]);
    EAGER__REQUIRE(agree, EAGER_INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s",
                   eager__shape_text(a, text_a), eager__shape_text(b, text_b));
  }
  EAGER__REQUIRE(fits(shape.rank, shape.dims, 1), EAGER_INVALID_ARGUMENT,
                 "shapes %s and %s broadcast to more elements than fit into 63 bits",
                 eager__shape_text(a, text_a), eager__shape_text(b, text_b));
  *out = shape;
  return EAGER_OK;
}

eager_status eager__shape_axis(int64_t axis, int rank, const char *what, int *out) {
  EAGER__REQUIRE(rank > 0, EAGER_INVALID_ARGUMENT,
                 "%s %" PRId64 " is out of range for a tensor of rank 0: it has no axes",
                 what, axis);
  EAGER__REQUIRE(axis >= -rank && axis < rank, EAGER_INVALID_ARGUMENT,
                 "%s %" PRId64 " is out of range for a tensor of rank %d: "
                 "expected %d to %d",
                 what, axis, rank, -rank, rank - 1);
  *out = (int)(axis < 0 ? axis + rank : axis);
  return EAGER_OK;
}

int64_t eager__shape_product(const eager__shape *shape, int begin, int end) {
  int64_t product = 1;
  for (int i = begin; i < end; i++) {
    if (shape->dims[i] < 0) return -1;
    product *= shape->dims[i];
  }
  return product;
}

void eager__shape_strides(const eager__shape *shape, int64_t strides[EAGER__MAX_RANK]) {
  int64_t stride = 1;
  for (int i = shape->rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape->dims[i];
  }
}

const char *eager__shape_text(const eager__shape *shape, char text[EAGER__SHAPE_TEXT]) {
  char *p = text;
  *p++ = '[';
  for (int i = 0; i < shape->rank; i++) {
    if (i > 0) *p++ = ',';
    if (shape->dims[i] < 0) {
      *p++ = '?';
    } else {
      p += sprintf(p, "%" PRId64, shape->dims[i]);
    }
  }
  memcpy(p, "]", 2);
  return text;
}

/* Row-major strides of `operand` along the extents of `output`, 0 where it repeats. */
static void broadcast_strides(const eager__shape *output, const eager__shape *operand,
                              int64_t *strides) {
  int64_t stride = 1;
  for (int i = output->rank - 1; i >= 0; i--) {
    int64_t dim = padded_dim(operand, output->rank, i);
    assert(dim == 1 || dim == output->dims[i]);
    strides[i] = dim == 1 ? 0 : stride;
    stride *= dim;
  }
}

void eager__walk_broadcast(const eager__shape *output, const eager__shape *operands,
                           int operand_count, eager__walk *out) {
  assert(operand_count <= EAGER__MAX_OPERANDS);
  out->rank = output->rank;
  memcpy(out->dims, output->dims, (size_t)output->rank * sizeof out->dims[0]);
  for (int o = 0; o < operand_count; o++)
    broadcast_strides(output, &operands[o], out->strides[o]);
  eager__walk_collapse(out, operand_count);
}

/* Whether dimensions `outer` and `inner`, its neighbour, are one run for every operand. */
static bool can_join(const eager__walk *walk, int operand_count, int outer, int inner) {
  for (int o = 0; o < operand_count; o++) {
    const int64_t *strides = walk->strides[o];
    if (strides[outer] != strides[inner] * walk->dims[inner]) return false;
  }
  return true;
}

static void set_single(eager__walk *walk, int operand_count, int64_t dim) {
  walk->rank = 1;
  walk->dims[0] = dim;
  for (int o = 0; o < operand_count; o++) walk->strides[o][0] = 0;
}

static bool is_empty(const eager__walk *walk) {
  for (int i = 0; i < walk->rank; i++)
    if (walk->dims[i] == 0) return true;
  return false;
}

void eager__walk_collapse(eager__walk *walk, int operand_count) {
  if (is_empty(walk)) {
    set_single(walk, operand_count, 0);
    return;
  }
  int kept = 0;
  for (int i = 0; i < walk->rank; i++) {
    if (walk->dims[i] == 1) continue;
    bool join = kept > 0 && can_join(walk, operand_count, kept - 1, i);
    int to = join ? kept - 1 : kept++;
    walk->dims[to] = join ? walk->dims[to] * walk->dims[i] : walk->dims[i];
    for (int o = 0; o < operand_count; o++) walk->strides[o][to] = walk->strides[o][i];
  }
  walk->rank = kept;
  if (kept == 0) set_single(walk, operand_count, 1);
}
