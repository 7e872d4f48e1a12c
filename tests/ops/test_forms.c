/* ctest: devices=all timeout=240 */
/* Weights that stay the same are laid out once and kept (tensor/forms.h): which use of them
 * it is must not show in a single bit. */
#include <eagercl/opencl.h>
#include <string.h>

#include "runtime/runtime.h"
#include "runtime/scope.h"
#include "tensor/tensor.h"
#include "test.h"
#include "test_values.h"

enum { USES = 4 };

static bool lays_out(void) {
  return eager__scope_look(eager__runtime_get()).device->traits.cpu_like;
}

static bool has_forms(const eager_tensor *t) {
  return atomic_load(&t->buffer->forms) != NULL;
}

static void *read_bytes(const eager_tensor *t) {
  size_t size = eager_tensor_byte_size(t);
  void *bytes = test_alloc(size);
  assert_ok(eager_tensor_to_host(t, bytes, size));
  return bytes;
}

/* What is shown to the user is never laid out ahead. */
static void show(eager_tensor *t) {
  cl_mem mem;
  size_t offset;
  assert_ok(eager_tensor_cl_mem(t, &mem, &offset));
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
}

/* --- Products --- */

typedef struct weights {
  int64_t k, n;
  bool transposed;
} weights;

/* More than one stretch of k, and columns that fill no panel; rows of a that fall on the
 * same lines of a cache; parts of k. */
static const weights all_weights[] = {
    {400, 331, true}, {1024, 150, false}, {8200, 40, true}};
static const weights small_weights[] = {{24, 19, true}};
/* Every tile alone, full, in part and behind others. */
static const int64_t rows[] = {5, 9, 37}; /* and 7 more */

static eager_tensor *multiply(eager_tensor *a, bool ta, eager_tensor *b, bool tb) {
  eager_tensor *c;
  assert_ok(eager_matmul(a, ta, b, tb, &c));
  return c;
}

static void expect_same(const eager_tensor *got, const void *want, const char *what) {
  if (memcmp(read_bytes(got), want, eager_tensor_byte_size(got)) != 0)
    fail_msg("%s: other bits", what);
}

/* Products of `b`, which is used for the first time, and of the same values elsewhere. */
static void check_rows(eager_dtype dtype, const weights *w, int64_t m, bool ta,
                       eager_tensor *b, eager_tensor *loose) {
  double *values = test_random_values(dtype, m * w->k, -9, 9);
  eager_tensor *a =
      test_view(dtype, (test_shape){2, {ta ? w->k : m, ta ? m : w->k}}, values, 3);
  eager_tensor *c = multiply(a, ta, loose, w->transposed);
  void *want = read_bytes(c);
  eager_tensor_release(c);
  for (int use = 0; use < USES; use++) {
    test_poison((size_t)(m * w->n) * eager_dtype_size(dtype));
    c = multiply(a, ta, b, w->transposed);
    expect_same(c, want,
                test_text("%s [%d,%d,%d] transposed %d %d, use %d", eager_dtype_name(dtype),
                          (int)m, (int)w->k, (int)w->n, ta, w->transposed, use));
    eager_tensor_release(c);
  }
  eager_tensor_release(a);
}

static void check_weights(eager_dtype dtype, const weights *w) {
  test_shape shape = {2, {w->transposed ? w->n : w->k, w->transposed ? w->k : w->n}};
  double *values = test_random_values(dtype, w->k * w->n, -9, 9);
  for (size_t i = 0; i < (test_is_slow() ? 1 : sizeof rows / sizeof *rows); i++)
    for (int ta = 0; ta < 2; ta++) {
      eager_tensor *b = test_view(dtype, shape, values, 7);
      eager_tensor *loose = test_view(dtype, shape, values, 5);
      show(loose);
      check_rows(dtype, w, rows[i], ta, b, loose);
      assert_false(has_forms(loose));
      /* It serves any number of rows, and is not made again. */
      check_rows(dtype, w, rows[i] + 7, !ta, b, loose);
      if (!test_is_slow()) assert_int_equal(has_forms(b), lays_out());
      eager_tensor_release(b);
      eager_tensor_release(loose);
    }
}

static void products(eager_dtype dtype) {
  test_time_limit(200);
  test_enable();
  if (!test_has_arithmetic(dtype)) test_skip("no %s here", eager_dtype_name(dtype));
  const weights *list = test_is_slow() ? small_weights : all_weights;
  size_t count = test_is_slow() ? 1 : sizeof all_weights / sizeof *all_weights;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    for (size_t i = 0; i < count; i++) check_weights(dtype, &list[i]);
  }
}

static void float32(void **state) {
  (void)state;
  products(EAGER_FLOAT32);
}

static void float64(void **state) {
  (void)state;
  products(EAGER_FLOAT64);
}

static void float16(void **state) {
  (void)state;
  products(EAGER_FLOAT16);
}

static void bfloat16(void **state) {
  (void)state;
  products(EAGER_BFLOAT16);
}

static void int32(void **state) {
  (void)state;
  products(EAGER_INT32);
}

/* Other values, often where the old ones lay. */
static void new_weights_are_new(void **state) {
  (void)state;
  enum { M = 8, K = 512, N = 256, ROUNDS = 6 };
  test_enable();
  if (test_is_slow()) test_skip("the simulator lays nothing out");
  double ones[M * K];
  for (int i = 0; i < M * K; i++) ones[i] = 1;
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){2, {M, K}}, ones);
  for (int round = 0; round < ROUNDS; round++) {
    double *values = test_alloc(K * N * sizeof *values);
    double *want = test_alloc(M * N * sizeof *want);
    for (int i = 0; i < K * N; i++) values[i] = round + i / K % 5;
    for (int i = 0; i < M * N; i++) want[i] = K * (round + i % N % 5);
    eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){2, {N, K}}, values);
    for (int use = 0; use < USES; use++) {
      eager_tensor *c = multiply(a, false, b, true);
      test_expect(c, EAGER_FLOAT32, (test_shape){2, {M, N}}, want, TEST_EXACT,
                  "new weights");
      eager_tensor_release(c);
    }
    eager_tensor_release(b);
  }
  eager_tensor_release(a);
}

/* Four pieces of one buffer, each as a matrix and as the transpose of another one of the
 * same size: more than a buffer keeps, and all but alike. */
static void parts_of_one_buffer(void **state) {
  (void)state;
  enum { M = 6, K = 1024, N = 150, PARTS = 4, EACH = K * N };
  test_enable();
  if (test_is_slow()) test_skip("the simulator lays nothing out");
  double *values = test_random_values(EAGER_FLOAT32, PARTS * EACH, -9, 9);
  eager_tensor *whole = test_tensor(EAGER_FLOAT32, (test_shape){1, {PARTS * EACH}}, values);
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){2, {M, K}},
                                test_random_values(EAGER_FLOAT32, M * K, -9, 9));
  void *want[2 * PARTS];
  for (int i = 0; i < 2 * PARTS; i++) {
    test_shape shape = {2, {i % 2 ? N : K, i % 2 ? K : N}};
    eager_tensor *b = test_tensor(EAGER_FLOAT32, shape, values + i / 2 * EACH);
    eager_tensor *c = multiply(a, false, b, i % 2);
    want[i] = read_bytes(c);
    eager_tensor_release(b);
    eager_tensor_release(c);
  }
  for (int use = 0; use < 2 * USES; use++)
    for (int i = 0; i < 2 * PARTS; i++) {
      const int64_t begin = i / 2 * EACH, size = EACH;
      eager_tensor *flat, *b;
      assert_ok(eager_slice(whole, &begin, &size, &flat));
      assert_ok(eager_reshape(flat, 2, (int64_t[]){i % 2 ? N : K, i % 2 ? K : N}, &b));
      for (int twice = 0; twice < 2; twice++) {
        eager_tensor *c = multiply(a, false, b, i % 2);
        expect_same(c, want[i], test_text("matrix %d, round %d", i, use));
        eager_tensor_release(c);
      }
      eager_tensor_release(flat);
      eager_tensor_release(b);
    }
  if (lays_out()) assert_true(has_forms(whole));
  eager_tensor_release(a);
  eager_tensor_release(whole);
}

/* --- Convolutions --- */

enum { SIDE = 5, CHANNELS = 66, FILTERS = 130 };

static eager_tensor *convolve(eager_tensor *x, eager_tensor *w, bool to_input,
                              const eager_conv2d_options *options) {
  const int64_t shape[4] = {1, SIDE, SIDE, eager_tensor_dim(w, 2)};
  eager_tensor *y;
  assert_ok(to_input ? eager_conv2d_transpose(x, w, shape, options, &y)
                     : eager_conv2d(x, w, options, &y));
  return y;
}

static void check_filter(eager_dtype dtype, int groups, bool to_input) {
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  test_shape filter = {4, {3, 3, CHANNELS, FILTERS}};
  test_shape input = {4, {1, SIDE, SIDE, to_input ? FILTERS : groups * CHANNELS}};
  double *values = test_random_values(dtype, test_elements(filter), -9, 9);
  eager_tensor *w = test_view(dtype, filter, values, 3);
  eager_tensor *loose = test_view(dtype, filter, values, 3);
  eager_tensor *x =
      test_view(dtype, input, test_random_values(dtype, test_elements(input), -9, 9), 5);
  show(loose);
  eager_tensor *y = convolve(x, loose, to_input, &options);
  void *want = read_bytes(y);
  eager_tensor_release(y);
  for (int use = 0; use < USES; use++) {
    y = convolve(x, w, to_input, &options);
    expect_same(y, want,
                test_text("%s filter of %d groups, to input %d, use %d",
                          eager_dtype_name(dtype), groups, to_input, use));
    eager_tensor_release(y);
  }
  if (lays_out()) assert_true(has_forms(w));
  eager_tensor_release(x);
  eager_tensor_release(w);
  eager_tensor_release(loose);
}

static void filters(void **state) {
  (void)state;
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_BFLOAT16};
  test_time_limit(100);
  test_enable();
  if (test_is_slow()) test_skip("too slow");
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    for (int i = 0; i < 3; i++) {
      if (!test_tries(NULL, dtypes[i])) continue;
      check_filter(dtypes[i], 1, false);
      check_filter(dtypes[i], 2, false);
      check_filter(dtypes[i], 1, true);
    }
  }
}

/* One filter read forwards and backwards: a form each. */
static void a_filter_in_both_directions(void **state) {
  (void)state;
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  test_time_limit(100);
  test_enable();
  if (test_is_slow()) test_skip("too slow");
  test_shape filter = {4, {3, 3, CHANNELS, FILTERS}};
  eager_tensor *w =
      test_tensor(EAGER_FLOAT32, filter,
                  test_random_values(EAGER_FLOAT32, test_elements(filter), -9, 9));
  void *want[2];
  for (int use = 0; use < USES; use++)
    for (int to_input = 0; to_input < 2; to_input++) {
      test_shape input = {4, {1, SIDE, SIDE, to_input ? FILTERS : CHANNELS}};
      double *values = test_alloc((size_t)test_elements(input) * sizeof *values);
      for (int64_t i = 0; i < test_elements(input); i++) values[i] = (double)(i % 7);
      eager_tensor *x = test_tensor(EAGER_FLOAT32, input, values);
      eager_tensor *y = convolve(x, w, to_input, &options);
      if (use == 0)
        want[to_input] = read_bytes(y);
      else
        expect_same(y, want[to_input], test_text("to input %d, use %d", to_input, use));
      eager_tensor_release(x);
      eager_tensor_release(y);
    }
  eager_tensor_release(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(float32),
      cmocka_unit_test(float64),
      cmocka_unit_test(float16),
      cmocka_unit_test(bfloat16),
      cmocka_unit_test(int32),
      cmocka_unit_test(new_weights_are_new),
      cmocka_unit_test(parts_of_one_buffer),
      cmocka_unit_test(filters),
      cmocka_unit_test(a_filter_in_both_directions),
  };
  return test_main_each("ops/forms", tests, sizeof tests / sizeof *tests);
}
