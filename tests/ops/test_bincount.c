/* ctest: devices=all */
#include "test_values.h"

typedef struct count_case {
  test_shape arr;
  int64_t low, high; /* of the numbers */
  int64_t minlength, maxlength;
} count_case;

static const count_case cases[] = {
    {{1, {0}}, 0, 0, 0, 0},
    {{1, {0}}, 0, 0, 3, 0},
    {{0}, 2, 2, 0, 0},
    {{1, {1}}, 0, 0, 0, 0},
    {{1, {17}}, 0, 5, 0, 0},
    {{1, {17}}, 0, 9, 0, 6},
    {{1, {17}}, 0, 9, 13, 0},
    {{1, {17}}, 0, 9, 4, 4},
    {{1, {17}}, 0, 9, 8, 4},
    {{2, {5, 7}}, 0, 6, 0, 0},
    {{2, {5, 7}}, 0, 6, 3, 5},
    {{2, {3, 0}}, 0, 0, 4, 0},
    {{2, {65, 3}}, 0, 63, 0, 0},
    {{3, {2, 3, 4}}, 1, 8, 0, 0},
    {{1, {4097}}, 7, 7, 0, 0},
    {{1, {257}}, 0, 70000, 0, 0},
    {{2, {7, 1000}}, 0, 64, 64, 0},
    {{1, {65535}}, 0, 1, 0, 0},
    {{1, {65537}}, 0, 4095, 0, 0},
    {{1, {200003}}, 0, 2, 0, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_INT64, EAGER_FLOAT32,
                                     EAGER_FLOAT64};
enum { PLAIN, WEIGHTED, BINARY, KINDS };

static int64_t length_of(const count_case *c, const int64_t *numbers, int64_t count) {
  int64_t length = c->minlength;
  for (int64_t i = 0; i < count; i++)
    if (numbers[i] >= length) length = numbers[i] + 1;
  return c->maxlength > 0 && length > c->maxlength ? c->maxlength : length;
}

/* Weights are whole numbers, so that their sums are exact. */
static void run_case(int kind, bool by_row, int i, eager_dtype dtype) {
  const count_case *c = &cases[i];
  int64_t count = test_elements(c->arr);
  if ((test_is_slow() && count > 300) || (by_row && c->arr.rank > 2)) return;
  int64_t *numbers = test_alloc((size_t)(count + 1) * sizeof *numbers);
  double *weights = test_alloc((size_t)(count + 1) * sizeof *weights);
  for (int64_t k = 0; k < count; k++) {
    numbers[k] = test_random_int(c->low, c->high);
    weights[k] = (double)test_random_int(-9, 9);
  }
  bool rows = by_row && c->arr.rank == 2;
  int64_t length = length_of(c, numbers, count), row_count = rows ? c->arr.dims[0] : 1;
  if (test_is_slow() && length > 100) return;
  test_shape out = rows ? (test_shape){2, {row_count, length}} : (test_shape){1, {length}};
  double *expected = test_alloc((size_t)(row_count * length + 1) * sizeof *expected);
  for (int64_t k = 0; k < count; k++) {
    if (numbers[k] >= length) continue;
    double *to = &expected[k / (count / row_count) * length + numbers[k]];
    *to = kind == BINARY ? 1 : *to + (kind == WEIGHTED ? weights[k] : 1);
  }
  eager_dtype id_dtype = i % 2 ? EAGER_INT64 : EAGER_INT32;
  eager_tensor *arr = test_tensor_int(id_dtype, c->arr, numbers), *y;
  eager_bincount_options options = {.minlength = c->minlength,
                                    .maxlength = c->maxlength,
                                    .dtype = kind == WEIGHTED ? EAGER_INT32 : dtype,
                                    .axis = by_row ? -1 : 0,
                                    .binary_output = kind == BINARY};
  if (kind == WEIGHTED) options.weights = test_view(dtype, c->arr, weights, 3);
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  assert_ok(eager_bincount(arr, &options, &y));
  test_expect(y, dtype, out, expected, TEST_EXACT, test_text("case %d", i));
  eager_tensor_release(arr);
  eager_tensor_release(y);
  if (options.weights) eager_tensor_release(options.weights);
}

static void counts(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 4; d++)
    for (int kind = 0; kind < 2 * KINDS; kind++)
      for (int i = 0; i < CASES; i++) {
        uint64_t number = (uint64_t)((d * 2 * KINDS + kind) * CASES + i);
        if (!test_tries(NULL, dtypes[d]) || !test_sampled(number)) continue;
        test_pick_mode(number);
        run_case(kind / 2, kind % 2, i, dtypes[d]);
      }
}

static eager_status raw(const char *name, eager_tensor *arr, eager_tensor *weights,
                        int64_t size, bool binary, eager_tensor **out) {
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new(name, &op));
  assert_ok(eager_op_add_input(op, arr));
  if (weights) assert_ok(eager_op_add_input(op, weights));
  assert_ok(eager_op_set_attr_int(op, "size", size));
  if (binary) assert_ok(eager_op_set_attr_bool(op, "binary_output", true));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

/* Empty weights are ones and give the dtype; numbers of `size` and more are left out. */
static void takes_raw_arguments(void **state) {
  (void)state;
  test_enable();
  int64_t numbers[] = {3, 1, 3, 9, 4};
  eager_tensor *arr = test_tensor_int(EAGER_INT32, (test_shape){1, {5}}, numbers), *y;
  eager_tensor *none = test_tensor(EAGER_FLOAT32, (test_shape){1, {0}}, NULL);
  static const double expected[] = {0, 1, 0, 2};
  static const double binary[] = {0, 1, 0, 1};
  test_shape four = {1, {4}};
  static const char *const names[] = {"Bincount", "DenseBincount"};
  for (int k = 0; k < 2; k++) {
    assert_ok(raw(names[k], arr, none, 4, false, &y));
    test_expect(y, EAGER_FLOAT32, four, expected, TEST_EXACT, names[k]);
    eager_tensor_release(y);
    assert_ok(raw(names[k], arr, NULL, 4, false, &y));
    test_expect(y, EAGER_INT32, four, expected, TEST_EXACT, names[k]);
    eager_tensor_release(y);
  }
  assert_ok(raw("DenseBincount", arr, none, 4, true, &y));
  test_expect(y, EAGER_FLOAT32, four, binary, TEST_EXACT, "binary");
  eager_tensor_release(y);
  eager_tensor_release(arr);
  eager_tensor_release(none);
}

static void refuses_negative_numbers(void **state) {
  (void)state;
  test_enable();
  int64_t numbers[] = {3, 1, 0, -1, 4, INT32_MIN};
  test_shape six = {1, {6}};
  eager_tensor *arr = test_tensor_int(EAGER_INT32, six, numbers), *y;
  eager_tensor *weights = test_tensor(EAGER_FLOAT32, six, test_alloc(6 * sizeof(double)));
  for (int weighted = 0; weighted < 2; weighted++) {
    eager_bincount_options options = {.weights = weighted ? weights : NULL};
    assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
    assert_fails(eager_bincount(arr, &options, &y), EAGER_INVALID_ARGUMENT,
                 "Input input must be non-negative: input[3] [Op:DenseBincount]");
    assert_null(y);
    assert_fails(raw("Bincount", arr, options.weights, 5, false, &y),
                 EAGER_INVALID_ARGUMENT,
                 "Input arr must be non-negative: arr[3] [Op:Bincount]");
    assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
    assert_ok(eager_bincount(arr, &options, &y));
    assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT, "input[3]");
    assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "input[3]");
    eager_tensor_release(y);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(arr);
  eager_tensor_release(weights);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  int64_t zeros[24] = {0}, large[2] = {0, INT64_MAX};
  eager_tensor *cube = test_tensor_int(EAGER_INT32, (test_shape){3, {2, 3, 4}}, zeros), *y;
  eager_tensor *two = test_tensor_int(EAGER_INT64, (test_shape){1, {2}}, large);
  eager_tensor *three = test_tensor_int(EAGER_INT32, (test_shape){1, {3}}, zeros);
  eager_tensor *f = test_scalar(EAGER_FLOAT16, 1);
  assert_fails(eager_bincount(cube, &(eager_bincount_options){.axis = -1}, &y),
               EAGER_INVALID_ARGUMENT,
               "Shape must be at most rank 2 but is rank 3 [Op:DenseBincount]");
  assert_fails(eager_bincount(cube, &(eager_bincount_options){.axis = 1}, &y),
               EAGER_INVALID_ARGUMENT,
               "Unsupported value for argument axis=1. Only 0 and -1 are currently "
               "supported. [Op:DenseBincount]");
  assert_fails_like(eager_bincount(cube, &(eager_bincount_options){.weights = three}, &y),
                    EAGER_INVALID_ARGUMENT,
                    "`weights` must be the same shape as `input` or a length-0 `Tensor`");
  assert_fails_like(eager_bincount(cube, &(eager_bincount_options){.weights = f}, &y),
                    EAGER_INVALID_ARGUMENT, "float16");
  assert_fails(eager_bincount(cube, &(eager_bincount_options){.dtype = EAGER_INT8}, &y),
               EAGER_INVALID_ARGUMENT,
               "T is int8; allowed: int32, int64, float32, float64 [Op:DenseBincount]");
  assert_fails_like(eager_bincount(cube, &(eager_bincount_options){.minlength = -1}, &y),
                    EAGER_INVALID_ARGUMENT, "minlength (-1) must be non-negative");
  assert_fails_like(eager_bincount(f, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "input #0(zero-based) is a float16 tensor; allowed: int32, int64");
  assert_fails_like(eager_bincount(two, NULL, &y), EAGER_UNIMPLEMENTED,
                    "more than 2147483646");
  assert_fails_like(raw("Bincount", two, NULL, 3, false, &y), EAGER_INVALID_ARGUMENT,
                    "input #0(zero-based) is a int64 tensor; allowed: int32");
  assert_fails(raw("Bincount", three, NULL, -3, false, &y), EAGER_INVALID_ARGUMENT,
               "size (-3) must be non-negative [Op:Bincount]");
  assert_fails_like(raw("DenseBincount", three, NULL, -3, false, &y),
                    EAGER_INVALID_ARGUMENT, "size (-3) must be non-negative");
  eager_tensor *all[] = {cube, two, three, f};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_raw_arguments),
      cmocka_unit_test(counts),
      cmocka_unit_test(refuses_negative_numbers),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/bincount", tests, sizeof tests / sizeof *tests);
}
