/* ctest: devices=all tuned */
#include "bytes.h"
#include "reference.h"

typedef struct transpose_case {
  test_shape shape;
  int64_t perm[8];
} transpose_case;

static const transpose_case cases[] = {
    {{2, {3, 4}}, {1, 0}},
    {{2, {37, 53}}, {1, 0}},
    {{2, {300, 217}}, {1, 0}},
    {{2, {70000, 3}}, {1, 0}}, /* fewer columns than a vector has lanes */
    {{2, {3, 70000}}, {1, 0}},
    {{2, {16, 32}}, {1, 0}},
    {{2, {272, 143}}, {1, 0}}, /* of a CPU's blocks the last one is larger */
    {{2, {129, 65}}, {1, 0}},
    {{3, {5, 33, 17}}, {0, 2, 1}},
    {{3, {700, 17, 16}}, {0, 2, 1}}, /* several matrices to a work-item */
    {{3, {20, 3, 40}}, {1, 0, 2}},   /* whole rows move */
    {{3, {20, 18, 40}}, {2, 0, 1}},
    {{3, {20, 18, 40}}, {2, 1, 0}},
    {{4, {2, 20, 3, 21}}, {0, 3, 1, 2}},
    {{4, {2, 20, 3, 21}}, {3, 1, 0, 2}},
    {{4, {2, 3, 4, 5}}, {0, 1, 2, 3}},
    {{4, {2, 3, 31, 70}}, {0, 2, 3, 1}}, /* planes of three and four colours */
    {{4, {2, 4, 31, 70}}, {0, 2, 3, 1}},
    {{3, {3, 16, 5}}, {1, 2, 0}},
    {{3, {4, 1, 17}}, {1, 2, 0}},
    {{3, {3, 19, 40}}, {2, 1, 0}},       /* pixels that do not follow each other */
    {{4, {7, 9, 32, 40}}, {3, 1, 0, 2}}, /* matrices together, columns left over */
    {{4, {33, 3, 19, 21}}, {3, 1, 0, 2}},
    {{4, {33, 3, 19, 21}}, {3, 0, 1, 2}},
    {{4, {1, 3, 1, 5}}, {2, 1, 0, 3}}, /* only extents of 1 move: a view */
    {{8, {2, 1, 3, 2, 2, 1, 2, 3}}, {7, 0, 6, 1, 5, 2, 4, 3}},
    {{8, {2, 2, 2, 2, 2, 2, 2, 2}}, {-1, -2, -3, -4, -5, -6, -7, -8}},
    {{3, {4, 0, 5}}, {2, 1, 0}},
    {{1, {9}}, {0}},
    {{0}, {0}},
};
enum { CASES = sizeof cases / sizeof *cases };

static uint8_t *reference(const bytes_tensor *x, test_shape shape, const int64_t *perm,
                          test_shape *out) {
  out->rank = shape.rank;
  for (int i = 0; i < shape.rank; i++)
    out->dims[i] = shape.dims[(perm[i] + shape.rank) % shape.rank];
  uint8_t *expected = test_alloc((size_t)test_elements(shape) * x->element + 1);
  test_walk w;
  for (test_walk_begin(&w, *out); w.more; test_walk_next(&w)) {
    int64_t index[8];
    for (int i = 0; i < shape.rank; i++)
      index[(perm[i] + shape.rank) % shape.rank] = w.index[i];
    memcpy(expected + (size_t)w.position * x->element,
           x->bytes + (size_t)test_position(shape, index) * x->element, x->element);
  }
  return expected;
}

static void run_case(int i, eager_dtype dtype) {
  const transpose_case *c = &cases[i];
  if (bytes_too_slow(c->shape)) return;
  bytes_tensor x = bytes_make(dtype, c->shape);
  test_shape shape = {0};
  uint8_t *expected = reference(&x, c->shape, c->perm, &shape);
  eager_tensor *y;
  test_poison((size_t)test_elements(shape) * x.element);
  assert_ok(eager_transpose(x.t, c->perm, &y));
  bytes_expect(y, dtype, shape, expected, test_text("case %d", i));
  eager_tensor_release(x.t);
}

static void permutes(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_case);
}

/* 16 MiB and more go past the caches on CPUs; 2040 columns are no whole
 * number of squares. */
static void transposes_large_ones(void **state) {
  (void)state;
  test_enable();
  enum { M = 2064, N = 2040 };
  if (test_is_slow()) return;
  uint32_t *x = test_alloc((size_t)M * N * sizeof *x);
  uint32_t *got = test_alloc((size_t)M * N * sizeof *got);
  for (size_t i = 0; i < (size_t)M * N; i++) x[i] = (uint32_t)i;
  eager_tensor *t, *y;
  assert_ok(eager_tensor_from_host(EAGER_UINT32, 2, (int64_t[]){M, N}, x, &t));
  assert_ok(eager_transpose(t, NULL, &y));
  assert_ok(eager_tensor_to_host(y, got, (size_t)M * N * sizeof *got));
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < N; j++) assert_int_equal(got[j * M + i], x[i * N + j]);
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void reverses_by_default(void **state) {
  (void)state;
  test_enable();
  test_shape shape = {3, {2, 3, 4}}, out;
  bytes_tensor x = bytes_make(EAGER_INT32, shape);
  uint8_t *expected = reference(&x, shape, (int64_t[]){2, 1, 0}, &out);
  eager_tensor *y;
  assert_ok(eager_transpose(x.t, NULL, &y));
  bytes_expect(y, EAGER_INT32, out, expected, "perm NULL");
  eager_tensor_release(x.t);
}

static void refuses_bad_permutations(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {2, 1}}, (double[]){1, 2}), *y;
  assert_fails(eager_transpose(x, (int64_t[]){0, 0}, &y), EAGER_INVALID_ARGUMENT,
               "perm lists axis 0 twice [Op:Transpose]");
  assert_null(y);
  assert_fails_like(eager_transpose(x, (int64_t[]){0, 2}, &y), EAGER_INVALID_ARGUMENT,
                    "perm 2 is out of range");
  assert_fails_like(eager_transpose(NULL, NULL, &y), EAGER_INVALID_ARGUMENT, "is NULL");
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(permutes),
      cmocka_unit_test(transposes_large_ones),
      cmocka_unit_test(reverses_by_default),
      cmocka_unit_test(refuses_bad_permutations),
  };
  return test_main("ops/transpose", tests, sizeof tests / sizeof *tests);
}
