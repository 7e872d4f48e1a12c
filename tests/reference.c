#include "reference.h"

#include <math.h>

void test_walk_begin(test_walk *walk, test_shape shape) {
  *walk = (test_walk){.shape = shape, .more = test_elements(shape) > 0};
}

void test_walk_next(test_walk *walk) {
  walk->position++;
  for (int axis = walk->shape.rank - 1; axis >= 0; axis--) {
    if (++walk->index[axis] < walk->shape.dims[axis]) return;
    walk->index[axis] = 0;
  }
  walk->more = false;
}

int64_t test_walk_offset(const test_walk *walk, test_shape operand) {
  int lead = walk->shape.rank - operand.rank;
  int64_t offset = 0;
  for (int axis = 0; axis < operand.rank; axis++) {
    int64_t i = operand.dims[axis] == 1 ? 0 : walk->index[lead + axis];
    offset = offset * operand.dims[axis] + i;
  }
  return offset;
}

int64_t test_position(test_shape shape, const int64_t *index) {
  int64_t position = 0;
  for (int axis = 0; axis < shape.rank; axis++)
    position = position * shape.dims[axis] + index[axis];
  return position;
}

bool test_broadcast(test_shape a, test_shape b, test_shape *out) {
  *out = (test_shape){.rank = a.rank > b.rank ? a.rank : b.rank};
  for (int i = 1; i <= out->rank; i++) {
    int64_t da = i <= a.rank ? a.dims[a.rank - i] : 1;
    int64_t db = i <= b.rank ? b.dims[b.rank - i] : 1;
    if (da != db && da != 1 && db != 1) return false;
    out->dims[out->rank - i] = da == 1 ? db : da;
  }
  return true;
}

test_shape test_reduced(test_shape shape, unsigned axes, bool keep) {
  test_shape out = {0};
  for (int axis = 0; axis < shape.rank; axis++) {
    bool reduced = axes >> axis & 1;
    if (!reduced || keep) out.dims[out.rank++] = reduced ? 1 : shape.dims[axis];
  }
  return out;
}

static double *array(test_shape shape) {
  return test_alloc((size_t)test_elements(shape) * sizeof(double));
}

double *test_unary(test_unary_fn f, test_shape shape, const double *x) {
  double *out = array(shape);
  for (int64_t i = 0; i < test_elements(shape); i++) out[i] = f(x[i]);
  return out;
}

double *test_binary(test_binary_fn f, test_shape a_shape, const double *a,
                    test_shape b_shape, const double *b, test_shape *out) {
  assert_true(test_broadcast(a_shape, b_shape, out));
  double *values = array(*out);
  test_walk w;
  for (test_walk_begin(&w, *out); w.more; test_walk_next(&w))
    values[w.position] =
        f(a[test_walk_offset(&w, a_shape)], b[test_walk_offset(&w, b_shape)]);
  return values;
}

double *test_ternary(test_ternary_fn f, test_shape a_shape, const double *a,
                     test_shape b_shape, const double *b, test_shape c_shape,
                     const double *c, test_shape *out) {
  test_shape ab;
  assert_true(test_broadcast(a_shape, b_shape, &ab));
  assert_true(test_broadcast(ab, c_shape, out));
  double *values = array(*out);
  test_walk w;
  for (test_walk_begin(&w, *out); w.more; test_walk_next(&w))
    values[w.position] =
        f(a[test_walk_offset(&w, a_shape)], b[test_walk_offset(&w, b_shape)],
          c[test_walk_offset(&w, c_shape)]);
  return values;
}

double *test_reduce(test_reduce_fn f, test_shape shape, const double *x, unsigned axes) {
  test_shape kept = test_reduced(shape, axes, true), inner = shape;
  for (int axis = 0; axis < shape.rank; axis++)
    if (!(axes >> axis & 1)) inner.dims[axis] = 1;
  int64_t count = test_elements(inner);
  double *out = array(kept), *values = array(inner);
  test_walk o, i;
  for (test_walk_begin(&o, kept); o.more; test_walk_next(&o)) {
    for (test_walk_begin(&i, inner); i.more; test_walk_next(&i)) {
      int64_t index[EAGER__MAX_RANK];
      for (int axis = 0; axis < shape.rank; axis++)
        index[axis] = o.index[axis] + i.index[axis];
      values[i.position] = x[test_position(shape, index)];
    }
    out[o.position] = f(values, count);
  }
  return out;
}

double *test_matmul(int64_t m, int64_t n, int64_t k, const double *a, bool transpose_a,
                    const double *b, bool transpose_b, bool absolute) {
  double *out = array((test_shape){2, {m, n}});
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t l = 0; l < k; l++) {
        double product =
            a[transpose_a ? l * m + i : i * k + l] * b[transpose_b ? j * k + l : l * n + j];
        sum += absolute ? fabs(product) : product;
      }
      out[i * n + j] = sum;
    }
  return out;
}

double *test_transpose(test_shape shape, const double *x, const int *perm,
                       test_shape *out) {
  *out = (test_shape){.rank = shape.rank};
  for (int axis = 0; axis < shape.rank; axis++) out->dims[axis] = shape.dims[perm[axis]];
  double *values = array(*out);
  test_walk w;
  for (test_walk_begin(&w, *out); w.more; test_walk_next(&w)) {
    int64_t index[EAGER__MAX_RANK];
    for (int axis = 0; axis < shape.rank; axis++) index[perm[axis]] = w.index[axis];
    values[w.position] = x[test_position(shape, index)];
  }
  return values;
}
