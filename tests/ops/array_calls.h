/* Ops that put elements of one tensor elsewhere, held against a function that says where
 * each comes from. Included by one test file each. */
#ifndef EAGER_TESTS_OPS_ARRAY_CALLS_H
#define EAGER_TESTS_OPS_ARRAY_CALLS_H

#include "bytes.h"
#include "reference.h"

/* Position in x of the output's element at `index`; negative: the constant `filler` of
 * expect_moved. */
typedef int64_t (*source_fn)(const void *context, test_shape x, const int64_t *index);

static inline uint8_t *moved_bytes(const bytes_tensor *x, test_shape x_shape,
                                   test_shape out, source_fn source, const void *context,
                                   const uint8_t *filler) {
  static const uint8_t zeros[8] = {0};
  uint8_t *expected = test_alloc((size_t)test_elements(out) * x->element + 1);
  test_walk w;
  for (test_walk_begin(&w, out); w.more; test_walk_next(&w)) {
    int64_t from = source(context, x_shape, w.index);
    const uint8_t *element = filler ? filler : zeros;
    if (from >= 0) element = x->bytes + (size_t)from * x->element;
    memcpy(expected + (size_t)w.position * x->element, element, x->element);
  }
  return expected;
}

/* Releases `y`. */
static inline void expect_moved(eager_tensor *y, eager_dtype dtype, test_shape out,
                                const bytes_tensor *x, test_shape x_shape, source_fn source,
                                const void *context, const uint8_t *filler,
                                const char *what) {
  bytes_expect(y, dtype, out, moved_bytes(x, x_shape, out, source, context, filler), what);
}

/* Rank 0 to `most_rank`; extents zero, one, primes and 2^n +- 1, fewer of the larger ones.
 */
static inline test_shape random_shape(int least_rank, int most_rank, int64_t elements) {
  static const int64_t extents[] = {1, 2, 3, 5, 7, 1, 2, 3, 8, 9, 15, 16, 17, 31, 33, 0};
  test_shape shape = {.rank = (int)test_random_int(least_rank, most_rank)};
  if (test_is_slow()) elements = 48;
  for (int i = 0; i < shape.rank; i++) {
    shape.dims[i] = extents[test_random_int(0, 15)];
    if (shape.dims[i] == 0 && test_random_int(0, 3) > 0) shape.dims[i] = 4;
    if (shape.dims[i] > elements) shape.dims[i] = elements > 2 ? 2 : 1;
    if (shape.dims[i] > 0) elements /= shape.dims[i];
  }
  return shape;
}

static inline eager_dtype random_dtype(void) {
  return test_dtypes[test_random_int(0, TEST_DTYPES - 1)];
}

/* A raw op on one or two inputs with lists of ints as attributes: for those that the typed
 * doors do not say. */
typedef struct raw_attr {
  const char *name;
  const int64_t *values;
  size_t count;
} raw_attr;

static inline eager_status raw_call(const char *name, eager_tensor *const *inputs,
                                    int input_count, const raw_attr *attrs, int attr_count,
                                    eager_tensor **out) {
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new(name, &op));
  for (int i = 0; i < input_count; i++) assert_ok(eager_op_add_input(op, inputs[i]));
  for (int i = 0; i < attr_count; i++)
    assert_ok(
        eager_op_set_attr_int_list(op, attrs[i].name, attrs[i].values, attrs[i].count));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

#endif
