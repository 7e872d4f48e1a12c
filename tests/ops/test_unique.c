/* ctest: devices=all timeout=120 */
/* Unique and UniqueWithCounts: values by first occurrence, indices and counts. */
#include "sorting.h"

typedef struct uniques {
  int64_t count;
  uint64_t *y, *idx, *counts;
} uniques;

/* By the host's order: equals are neighbours then, the first of them first. */
static uniques find(eager_dtype dtype, const uint64_t *bits, int64_t count) {
  size_t size = (size_t)(count + 1) * sizeof(uint64_t);
  uniques u = {0, test_alloc(size), test_alloc(size), test_alloc(size)};
  int64_t *places = test_alloc(size), *first = test_alloc(size), *number = test_alloc(size);
  sorting_places(dtype, bits, count, 1, false, places);
  for (int64_t j = 0; j < count; j++) {
    int64_t at = places[j], before = j > 0 ? places[j - 1] : -1;
    double value = eager__decode_double(dtype, &bits[at]);
    bool same =
        j > 0 && !isnan(value) && sorting_compare(dtype, bits[at], bits[before]) == 0;
    first[at] = same ? first[before] : at;
  }
  for (int64_t i = 0; i < count; i++) {
    if (first[i] == i) {
      number[i] = u.count;
      u.y[u.count++] = bits[i];
    }
    u.idx[i] = (uint64_t)number[first[i]];
    u.counts[u.idx[i]]++;
  }
  return u;
}

static void check(eager_dtype dtype, int64_t count, sorting_kind kind) {
  test_shape shape = {1, {count}};
  if (sorting_too_slow(shape)) return;
  sorting_tensor x = sorting_make(dtype, shape, kind);
  uniques u = find(dtype, x.bits, count);
  test_shape found = {1, {u.count}};
  eager_dtype type = count % 2 ? EAGER_INT32 : EAGER_INT64;
  eager_tensor *y, *idx, *counts;
  const char *what = test_text("%d elements, kind %d", (int)count, kind);
  test_pick_mode(test_random());
  test_poison((size_t)count * eager_dtype_size(type));
  assert_ok(eager_unique(x.t, type, &y, &idx));
  sorting_expect(y, dtype, found, u.y, what);
  sorting_expect(idx, type, shape, u.idx, what);
  assert_ok(eager_unique_with_counts(x.t, type, &y, &idx, &counts));
  sorting_expect(y, dtype, found, u.y, what);
  sorting_expect(idx, type, shape, u.idx, what);
  sorting_expect(counts, type, found, u.counts, what);
  eager_tensor_release(x.t);
}

static void finds_what_differs(void **state) {
  (void)state;
  test_enable();
  static const int64_t lengths[] = {0, 1, 2, 3, 16, 17, 31, 33, 100, 255, 257, 1025};
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int i = 0; i < 12; i++)
      for (int kind = 0; kind < SORTING_KINDS; kind++)
        if (test_wants(NULL, test_dtypes[d]) && test_sampled(index++))
          check(test_dtypes[d], lengths[i], (sorting_kind)kind);
}

static void long_vectors(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of comparisons");
  check(EAGER_FLOAT32, 65537, SORTING_BITS);
  check(EAGER_FLOAT16, 200003, SORTING_BITS);
  check(EAGER_INT32, 65535, SORTING_FEW);
  check(EAGER_INT64, 200003, SORTING_FALLING);
}

static eager_status by_name(eager_tensor *x, eager_dtype type, eager_tensor *out[2]) {
  eager_op *op;
  int count = 2;
  assert_ok(eager_op_new("Unique", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_set_attr_dtype(op, "out_idx", type));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  for (int mode = 0; mode < 2; mode++) {
    assert_ok(eager_set_thread_execution_mode(mode ? EAGER_ASYNC : EAGER_SYNC));
    eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, (double[6]){0});
    eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[2]){0});
    eager_tensor *out[2] = {x, x};
    assert_fails(eager_unique(x, EAGER_INT32, &out[0], &out[1]), EAGER_INVALID_ARGUMENT,
                 "unique expects a 1D vector. [Op:Unique]");
    assert_null(out[0]);
    assert_null(out[1]);
    assert_fails(by_name(v, EAGER_UINT8, out), EAGER_INVALID_ARGUMENT,
                 "out_idx must be int32 or int64, got uint8 [Op:Unique]");
    assert_fails_like(eager_unique(v, EAGER_INT32, &out[0], NULL), EAGER_INVALID_ARGUMENT,
                      "Unique has 2 outputs: the place to put them is NULL or too small");
    assert_fails_like(eager_unique(NULL, EAGER_INT32, &out[0], &out[1]),
                      EAGER_INVALID_ARGUMENT, "`x`, is NULL");
    eager_tensor_release(x);
    eager_tensor_release(v);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_what_differs),
      cmocka_unit_test(long_vectors),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/unique", tests, sizeof tests / sizeof *tests);
}
