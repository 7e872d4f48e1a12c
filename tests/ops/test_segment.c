/* ctest: devices=all timeout=150 tuned */
/* Segment* and UnsortedSegment*. Values are small whole numbers: sums are exact in float32,
 * so the one rounding, to the dtype, is the reference's too. */
#include <math.h>

#include "test_values.h"

typedef enum kind { SUM, MEAN, PROD, MAX, MIN, SQRT_N, KINDS } kind;

typedef eager_status (*sorted_fn)(eager_tensor *, eager_tensor *, eager_tensor **);
typedef eager_status (*unsorted_fn)(eager_tensor *, eager_tensor *, int64_t,
                                    eager_tensor **);
static const struct {
  const char *sorted_name, *unsorted_name;
  sorted_fn sorted;
  unsorted_fn unsorted;
} ops[KINDS] = {
    [SUM] = {"SegmentSum", "UnsortedSegmentSum", eager_segment_sum,
             eager_unsorted_segment_sum},
    [MEAN] = {"SegmentMean", "UnsortedSegmentMean", eager_segment_mean,
              eager_unsorted_segment_mean},
    [PROD] = {"SegmentProd", "UnsortedSegmentProd", eager_segment_prod,
              eager_unsorted_segment_prod},
    [MAX] = {"SegmentMax", "UnsortedSegmentMax", eager_segment_max,
             eager_unsorted_segment_max},
    [MIN] = {"SegmentMin", "UnsortedSegmentMin", eager_segment_min,
             eager_unsorted_segment_min},
    [SQRT_N] = {NULL, "UnsortedSegmentSqrtN", NULL, eager_unsorted_segment_sqrt_n},
};

typedef struct segment_case {
  test_shape ids, row; /* data is ids + row */
  int64_t segments;
  bool alone; /* all ids but those left out are one */
} segment_case;

static const segment_case cases[] = {
    {{1, {7}}, {0}, 4, false},           {{1, {1}}, {0}, 1, false},
    {{1, {0}}, {1, {3}}, 4, false},      {{0}, {1, {5}}, 3, false},
    {{1, {9}}, {1, {3}}, 5, false},      {{2, {3, 4}}, {1, {2}}, 6, false},
    {{1, {13}}, {1, {16}}, 4, false},    {{1, {13}}, {2, {3, 11}}, 4, false},
    {{1, {31}}, {1, {1}}, 2, false},     {{3, {2, 3, 4}}, {3, {1, 2, 1}}, 9, false},
    {{1, {5}}, {1, {3}}, 0, false},      {{1, {5}}, {1, {0}}, 3, false},
    {{1, {300}}, {0}, 7, true},          {{1, {257}}, {1, {17}}, 3, true},
    {{1, {1025}}, {1, {5}}, 64, false},  {{1, {513}}, {1, {64}}, 63, false},
    {{1, {4097}}, {0}, 4097, false},     {{1, {3}}, {1, {4099}}, 2, false},
    {{2, {1000, 3}}, {0}, 65, false},    {{1, {65535}}, {0}, 300, false},
    {{1, {65537}}, {0}, 70000, false},   {{1, {200003}}, {0}, 3, true},
    {{1, {37}}, {1, {15}}, 9, false},    {{1, {37}}, {1, {17}}, 9, false},
    {{1, {37}}, {1, {65}}, 9, false},    {{1, {29}}, {1, {79}}, 9, false},
    {{1, {29}}, {2, {3, 43}}, 9, false},
};
enum { CASES = sizeof cases / sizeof *cases };

static int64_t *make_ids(const segment_case *c, bool sorted, int64_t count) {
  int64_t *ids = test_alloc((size_t)(count + 1) * sizeof *ids), at = 0;
  for (int64_t i = 0; i < count; i++) {
    if (!sorted)
      ids[i] = c->alone ? c->segments / 2 : test_random_int(-1, c->segments - 1);
    else if (c->alone)
      ids[i] = c->segments - 1;
    else
      ids[i] = at += test_random_int(0, 9) < 3 ? test_random_int(0, 2) : 0;
  }
  return ids;
}

/* Whole numbers in [-8, 8]; for products 1 and -1, and five times 2. */
static double *make_data(kind k, eager_dtype dtype, int64_t rows, int64_t columns) {
  bool is_signed = test_lowest(dtype) < 0;
  double *data = test_alloc((size_t)(rows * columns + 1) * sizeof *data);
  for (int64_t i = 0; i < rows * columns; i++) {
    data[i] = (double)test_random_int(is_signed ? -8 : 0, 8);
    if (k == PROD) data[i] = is_signed && test_random_int(0, 1) ? -1 : 1;
    if (k == PROD && i / columns % (rows / 5 + 1) == 0) data[i] *= 2;
  }
  return data;
}

static double empty(kind k, eager_dtype dtype, bool sorted) {
  if (k == PROD) return 1;
  if (sorted || (k != MAX && k != MIN)) return 0;
  return k == MAX ? test_lowest(dtype) : test_highest(dtype);
}

static double step(kind k, double total, double x) {
  switch (k) {
  case PROD:
    return total * x;
  case MAX:
    return x > total ? x : total;
  case MIN:
    return x < total ? x : total;
  default:
    return total + x;
  }
}

static double *reference(kind k, eager_dtype dtype, bool sorted, const double *data,
                         const int64_t *ids, int64_t count, int64_t segments,
                         int64_t columns) {
  double *out = test_alloc((size_t)(segments * columns + 1) * sizeof *out);
  int64_t *terms = test_alloc((size_t)(segments + 1) * sizeof *terms);
  for (int64_t i = 0; i < segments * columns; i++) out[i] = empty(k, dtype, sorted);
  for (int64_t i = 0; i < count; i++) {
    if (ids[i] < 0) continue;
    bool first = terms[ids[i]]++ == 0;
    for (int64_t j = 0; j < columns; j++) {
      double *to = &out[ids[i] * columns + j], x = data[i * columns + j];
      *to = first ? x : step(k, *to, x);
    }
  }
  for (int64_t i = 0; i < segments * columns; i++) {
    double n = (double)terms[i / columns];
    if (n == 0) continue; /* an int64's largest number is not a double */
    if (!test_is_float(dtype)) out[i] = test_round(dtype, out[i]);
    if (k == MEAN && n > 0) out[i] /= n;
    if (k == SQRT_N && n > 0) out[i] /= sqrt(n);
    out[i] = test_round(dtype, out[i]);
  }
  return out;
}

/* OpenCL's / may be 2.5 ulp off and its sqrt 3, beside the rounding to the dtype. */
static test_tolerance tolerance(kind k, eager_dtype dtype) {
  if (!test_is_float(dtype)) return TEST_EXACT;
  return (test_tolerance){k == MEAN ? 3 : k == SQRT_N ? 6 : 0, 0};
}

static void run_case(kind k, bool sorted, int i, eager_dtype dtype) {
  const segment_case *c = &cases[i];
  if (sorted && (ops[k].sorted == NULL || c->ids.rank != 1 || c->segments == 0)) return;
  int64_t count = test_elements(c->ids), columns = test_elements(c->row);
  if (test_is_slow() && count * columns > 450) return;
  int64_t *ids = make_ids(c, sorted, count);
  int64_t segments = !sorted ? c->segments : count > 0 ? ids[count - 1] + 1 : 0;
  double *values = make_data(k, dtype, count, columns);
  test_shape data_shape = c->ids, out = {1, {segments}};
  for (int d = 0; d < c->row.rank; d++)
    data_shape.dims[data_shape.rank++] = out.dims[out.rank++] = c->row.dims[d];
  eager_tensor *data = test_view(dtype, data_shape, values, 3), *y;
  eager_tensor *id_tensor = test_tensor_int(i % 2 ? EAGER_INT64 : EAGER_INT32, c->ids, ids);
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  if (sorted)
    assert_ok(ops[k].sorted(data, id_tensor, &y));
  else
    assert_ok(ops[k].unsorted(data, id_tensor, segments, &y));
  test_expect(
      y, dtype, out, reference(k, dtype, sorted, values, ids, count, segments, columns),
      tolerance(k, dtype),
      test_text("%s, case %d", sorted ? ops[k].sorted_name : ops[k].unsorted_name, i));
  eager_tensor_release(data);
  eager_tensor_release(id_tensor);
  eager_tensor_release(y);
}

static void run_all(bool sorted) {
  test_time_limit(120); /* an empty cache: programs of every dtype */
  test_enable();
  for (int k = 0; k < KINDS; k++)
    for (int d = 0; d < TEST_DTYPES; d++)
      for (int i = 0; i < CASES; i++) {
        eager_dtype dtype = test_dtypes[d];
        uint64_t number = (uint64_t)((k * TEST_DTYPES + d) * CASES + i);
        bool floats_only = !sorted && (k == MEAN || k == SQRT_N);
        const char *name = sorted ? ops[k].sorted_name : ops[k].unsorted_name;
        if (name == NULL) continue;
        if (dtype == EAGER_BOOL || (floats_only && !test_is_float(dtype))) continue;
        if (!test_tries(name, dtype) || !test_sampled(number)) continue;
        test_pick_mode(number);
        run_case((kind)k, sorted, i, dtype);
      }
}

static void folds_unsorted_segments(void **state) {
  (void)state;
  run_all(false);
}

static void folds_segments(void **state) {
  (void)state;
  run_all(true);
}

static void keeps_specials(void **state) {
  (void)state;
  test_enable();
  double values[] = {NAN, 1, -INFINITY, -INFINITY, INFINITY, INFINITY, -0.0, 1e-40};
  int64_t ids[] = {0, 0, 1, 1, 2, 2, 3, 4};
  static const double expected[KINDS][5] = {
      [SUM] = {NAN, -INFINITY, INFINITY, 0, 1e-40},
      [MEAN] = {NAN, -INFINITY, INFINITY, 0, 1e-40},
      [PROD] = {NAN, INFINITY, INFINITY, 0, 1e-40},
      [MAX] = {NAN, -INFINITY, INFINITY, 0, 1e-40},
      [MIN] = {NAN, -INFINITY, INFINITY, 0, 1e-40},
      [SQRT_N] = {NAN, -INFINITY, INFINITY, 0, 1e-40},
  };
  /* A device may flush denormals. */
  test_tolerance tiny = {0, test_smallest_normal(EAGER_FLOAT32)};
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {8}}, values), *y;
  eager_tensor *id = test_tensor_int(EAGER_INT32, (test_shape){1, {8}}, ids);
  for (int k = 0; k < KINDS; k++) {
    test_shape out = {1, {5}};
    assert_ok(ops[k].unsorted(x, id, 5, &y));
    test_expect(y, EAGER_FLOAT32, out, expected[k], tiny, ops[k].unsorted_name);
    eager_tensor_release(y);
    if (ops[k].sorted == NULL) continue;
    assert_ok(ops[k].sorted(x, id, &y));
    test_expect(y, EAGER_FLOAT32, out, expected[k], tiny, ops[k].sorted_name);
    eager_tensor_release(y);
  }
  eager_tensor_release(x);
  int64_t extremes[] = {INT32_MIN, INT32_MAX, INT32_MIN, -1, INT32_MAX, INT32_MAX, 0, 7};
  int64_t sums[] = {-1, INT32_MAX, -2, 0, 7};
  x = test_tensor_int(EAGER_INT32, (test_shape){1, {8}}, extremes);
  assert_ok(eager_segment_sum(x, id, &y));
  test_expect_int(y, EAGER_INT32, (test_shape){1, {5}}, sums, "wraps");
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_tensor_release(id);
}

/* So many that they are dealt out before they are listed or added. */
static void adds_to_many_segments(void **state) {
  (void)state;
  static const segment_case many[] = {
      {{1, {33000}}, {1, {16}}, 131072, false}, /* the last bin has only those left out */
      {{1, {17000}}, {1, {17}}, 65537, false},  {{1, {1100000}}, {0}, 4194303, false},
      {{1, {150000}}, {1, {3}}, 300001, false}, {{1, {1048577}}, {1, {16}}, 5, false},
  };
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of segments");
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_INT32, EAGER_FLOAT16};
  for (int i = 0; i < 5; i++) {
    const segment_case *c = &many[i];
    eager_dtype dtype = dtypes[i == 4 ? 1 : i % 3]; /* 2e5 terms: 0 to 8 each */
    int64_t count = test_elements(c->ids), columns = test_elements(c->row);
    int64_t *ids = make_ids(c, false, count);
    double *values = make_data(SUM, dtype, count, columns);
    test_shape data_shape = {1 + c->row.rank, {count, c->row.dims[0]}};
    test_shape out = {data_shape.rank, {c->segments, c->row.dims[0]}};
    eager_tensor *data = test_tensor(dtype, data_shape, values), *y;
    eager_tensor *id_tensor = test_tensor_int(EAGER_INT32, c->ids, ids);
    test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
    assert_ok(eager_unsorted_segment_sum(data, id_tensor, c->segments, &y));
    test_expect(y, dtype, out,
                reference(SUM, dtype, false, values, ids, count, c->segments, columns),
                TEST_EXACT, test_text("many, case %d", i));
    eager_tensor_release(data);
    eager_tensor_release(id_tensor);
    eager_tensor_release(y);
  }
}

/* To the bit, which doubles do not tell. */
static void fills_rows_of_no_id(void **state) {
  (void)state;
  test_enable();
  eager_tensor *none = test_tensor_int(EAGER_INT64, (test_shape){1, {0}}, NULL), *y;
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || test_is_float(dtype)) continue;
    eager_tensor *x = test_tensor_int(dtype, (test_shape){2, {0, 1}}, NULL);
    int bits = 8 * (int)eager_dtype_size(dtype);
    bool is_signed = test_lowest(dtype) < 0;
    int64_t most =
        is_signed ? INT64_MAX >> (64 - bits) : (int64_t)(UINT64_MAX >> (64 - bits));
    int64_t least = is_signed ? -most - 1 : 0;
    assert_ok(eager_unsorted_segment_max(x, none, 1, &y));
    test_expect_int(y, dtype, (test_shape){2, {1, 1}}, &least, "max");
    eager_tensor_release(y);
    assert_ok(eager_unsorted_segment_min(x, none, 1, &y));
    test_expect_int(y, dtype, (test_shape){2, {1, 1}}, &most, "min");
    eager_tensor_release(y);
    eager_tensor_release(x);
  }
  eager_tensor_release(none);
}

static void expect_refusal(const char *text, const char *name, bool sorted, int k,
                           eager_tensor *x, eager_tensor *ids) {
  eager_tensor *y;
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails(sorted ? ops[k].sorted(x, ids, &y) : ops[k].unsorted(x, ids, 5, &y),
               EAGER_INVALID_ARGUMENT, test_text("%s [Op:%s]", text, name));
  assert_null(y);
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(sorted ? ops[k].sorted(x, ids, &y) : ops[k].unsorted(x, ids, 5, &y));
  assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT, text);
  assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, text);
  eager_tensor_release(y);
}

static void refuses_bad_ids(void **state) {
  (void)state;
  test_enable();
  test_shape eight = {1, {8}};
  double *zeros = test_alloc(8 * sizeof *zeros);
  eager_tensor *x = test_tensor(EAGER_FLOAT32, eight, zeros), *y;
  static const int64_t falling[8] = {0, 1, 1, 900, 3, 2, 4, 4};
  static const int64_t negative[8] = {0, 1, 1, -2, 3, 4, 4, 4};
  static const int64_t large[8] = {0, -9, 1, 4, 5, INT32_MAX, 4, 4};
  static const int64_t below[8] = {0, 1, 2, 3, 4, 5, 6, -1};
  for (int wide = 0; wide < 2; wide++) {
    eager_dtype dtype = wide ? EAGER_INT64 : EAGER_INT32;
    eager_tensor *a = test_tensor_int(dtype, eight, falling);
    eager_tensor *b = test_tensor_int(dtype, eight, negative);
    eager_tensor *c = test_tensor_int(dtype, eight, large);
    eager_tensor *d = test_tensor_int(dtype, eight, below);
    for (int k = 0; k < KINDS; k++) {
      expect_refusal("segment_ids[4] is out of range [0, 5)", ops[k].unsorted_name, false,
                     k, x, c);
      if (ops[k].sorted == NULL) continue;
      const char *text = "segment ids are not increasing: segment_ids[%d]";
      expect_refusal(test_text(text, 4), ops[k].sorted_name, true, k, x, a);
      expect_refusal(test_text(text, 3), ops[k].sorted_name, true, k, x, b);
      /* In ASYNC too: there is no shape. */
      assert_fails(ops[k].sorted(x, d, &y), EAGER_INVALID_ARGUMENT,
                   test_text("segment ids must be >= 0 [Op:%s]", ops[k].sorted_name));
    }
    eager_tensor_release(a);
    eager_tensor_release(b);
    eager_tensor_release(c);
    eager_tensor_release(d);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  /* Bad ids of integer means divide nothing by zero. */
  eager_tensor *whole = test_tensor(EAGER_INT32, eight, zeros);
  eager_tensor *a = test_tensor_int(EAGER_INT32, eight, falling);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails_like(eager_segment_mean(whole, a, &y), EAGER_INVALID_ARGUMENT,
                    "not increasing");
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(whole);
  eager_tensor_release(a);
  eager_tensor_release(x);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  int64_t *zeros = test_alloc(40 * sizeof *zeros), huge[] = {0, 0, INT32_MAX};
  eager_tensor *x = test_tensor_int(EAGER_INT32, (test_shape){2, {3, 4}}, zeros), *y;
  eager_tensor *table = test_tensor_int(EAGER_INT32, (test_shape){2, {3, 2}}, zeros);
  eager_tensor *four = test_tensor_int(EAGER_INT32, (test_shape){1, {4}}, zeros);
  eager_tensor *far = test_tensor_int(EAGER_INT32, (test_shape){1, {3}}, huge);
  eager_tensor *scalar = test_scalar(EAGER_INT32, 1), *b = test_scalar(EAGER_BOOL, 1);
  eager_tensor *f = test_scalar(EAGER_FLOAT32, 1);
  for (int k = 0; k < KINDS; k++) {
    if (k == MEAN || k == SQRT_N) continue;
    unsorted_fn unsorted = ops[k].unsorted;
    const char *name = ops[k].unsorted_name;
    assert_fails(unsorted(x, four, 2, &y), EAGER_INVALID_ARGUMENT,
                 test_text("data.shape = [3,4] does not start with segment_ids.shape = [4] "
                           "[Op:%s]",
                           name));
    assert_fails_like(unsorted(four, table, 2, &y), EAGER_INVALID_ARGUMENT,
                      "does not start with segment_ids.shape = [3,2]");
    assert_fails(unsorted(x, scalar, -1, &y), EAGER_INVALID_ARGUMENT,
                 test_text("Input num_segments == -1 must not be negative. [Op:%s]", name));
    assert_fails_like(unsorted(x, scalar, (int64_t)INT32_MAX + 1, &y), EAGER_UNIMPLEMENTED,
                      "more than 2147483646");
    assert_fails_like(unsorted(b, scalar, 1, &y), EAGER_INVALID_ARGUMENT, "bool");
    assert_fails_like(unsorted(x, f, 1, &y), EAGER_INVALID_ARGUMENT,
                      "input #1(zero-based) is a float32 tensor; allowed: int32, int64");
    sorted_fn sorted = ops[k].sorted;
    name = ops[k].sorted_name;
    assert_fails(sorted(x, table, &y), EAGER_INVALID_ARGUMENT,
                 test_text("segment_ids should be a vector. [Op:%s]", name));
    const char *size =
        "segment_ids should be the same size as dimension 0 of input. [Op:%s]";
    assert_fails(sorted(x, four, &y), EAGER_INVALID_ARGUMENT, test_text(size, name));
    assert_fails(sorted(scalar, four, &y), EAGER_INVALID_ARGUMENT, test_text(size, name));
    assert_fails_like(sorted(x, far, &y), EAGER_INVALID_ARGUMENT,
                      "the last of segment_ids is too large: 2147483647");
  }
  assert_fails_like(eager_unsorted_segment_mean(x, scalar, 2, &y), EAGER_INVALID_ARGUMENT,
                    "int32");
  eager_tensor *all[] = {x, table, four, far, scalar, b, f};
  for (int i = 0; i < 7; i++) eager_tensor_release(all[i]);
}

/* Ids are looked at by vectors. */
static void finds_a_bad_id_among_many(void **state) {
  (void)state;
  enum { COUNT = 53 };
  test_shape all = {1, {COUNT}};
  test_enable();
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  double *zeros = test_alloc(COUNT * sizeof *zeros);
  eager_tensor *x = test_tensor(EAGER_FLOAT32, all, zeros), *y;
  for (int wide = 0; wide < 2; wide++)
    for (int bad = 0; bad < COUNT; bad++) {
      int64_t ids[COUNT];
      for (int i = 0; i < COUNT; i++) ids[i] = i / 3;
      ids[bad] = 18;
      eager_dtype dtype = wide ? EAGER_INT64 : EAGER_INT32;
      eager_tensor *id = test_tensor_int(dtype, all, ids);
      assert_fails_like(eager_unsorted_segment_sum(x, id, 18, &y), EAGER_INVALID_ARGUMENT,
                        test_text("segment_ids[%d] is out of range [0, 18)", bad));
      eager_tensor_release(id);
      ids[bad] = bad / 3;
      if (bad < 4 || bad == COUNT - 1) continue; /* else it is no smaller than the last */
      ids[bad] = 0;
      id = test_tensor_int(dtype, all, ids);
      assert_fails_like(eager_segment_sum(x, id, &y), EAGER_INVALID_ARGUMENT,
                        test_text("segment ids are not increasing: segment_ids[%d]", bad));
      eager_tensor_release(id);
    }
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_specials),
      cmocka_unit_test(fills_rows_of_no_id),
      cmocka_unit_test(folds_unsorted_segments),
      cmocka_unit_test(folds_segments),
      cmocka_unit_test(refuses_bad_ids),
      cmocka_unit_test(refuses_bad_arguments),
      cmocka_unit_test(adds_to_many_segments),
      cmocka_unit_test(finds_a_bad_id_among_many),
  };
  return test_main("ops/segment", tests, sizeof tests / sizeof *tests);
}
