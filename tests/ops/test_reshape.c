/* ctest: devices=all */
#include "bytes.h"

/* Each case reshapes [2,3,4] or, with `empty`, [2,0,4]. */
typedef struct reshape_case {
  bool empty;
  int rank;
  int64_t dims[8];
  test_shape out;
} reshape_case;

static const reshape_case cases[] = {
    {false, 2, {6, 4}, {2, {6, 4}}},
    {false, 2, {-1, 4}, {2, {6, 4}}},
    {false, 1, {-1}, {1, {24}}},
    {false, 3, {2, -1, 12}, {3, {2, 1, 12}}},
    {false, 8, {1, 2, 1, 3, 1, 4, 1, 1}, {8, {1, 2, 1, 3, 1, 4, 1, 1}}},
    {true, 1, {0}, {1, {0}}},
    {true, 2, {-1, 4}, {2, {0, 4}}},
    {true, 3, {7, 0, 5}, {3, {7, 0, 5}}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void run_reshape(int i, eager_dtype dtype) {
  const reshape_case *c = &cases[i];
  bytes_tensor x = bytes_make(dtype, (test_shape){3, {2, c->empty ? 0 : 3, 4}});
  eager_tensor *y;
  assert_ok(eager_reshape(x.t, c->rank, c->dims, &y));
  bytes_expect(y, dtype, c->out, x.bytes, test_text("case %d", i));
  eager_tensor_release(x.t);
}

/* ExpandDims, Squeeze and Identity, on one tensor each. */
static void run_others(int i, eager_dtype dtype) {
  bytes_tensor x = bytes_make(dtype, (test_shape){4, {1, 3, 1, 2}});
  eager_tensor *y;
  switch (i) {
  case 0:
    assert_ok(eager_expand_dims(x.t, 2, &y));
    bytes_expect(y, dtype, (test_shape){5, {1, 3, 1, 1, 2}}, x.bytes, "expand");
    break;
  case 1:
    assert_ok(eager_expand_dims(x.t, -1, &y));
    bytes_expect(y, dtype, (test_shape){5, {1, 3, 1, 2, 1}}, x.bytes, "expand -1");
    break;
  case 2:
    assert_ok(eager_squeeze(x.t, NULL, 0, &y));
    bytes_expect(y, dtype, (test_shape){2, {3, 2}}, x.bytes, "squeeze");
    break;
  case 3:
    assert_ok(eager_squeeze(x.t, (int64_t[]){-2}, 1, &y));
    bytes_expect(y, dtype, (test_shape){3, {1, 3, 2}}, x.bytes, "squeeze -2");
    break;
  case 4:
    assert_ok(eager_stop_gradient(x.t, &y));
    bytes_expect(y, dtype, (test_shape){4, {1, 3, 1, 2}}, x.bytes, "stop_gradient");
    break;
  case 5:
    assert_ok(eager_ensure_shape(x.t, 4, (int64_t[]){-1, 3, -1, 2}, &y));
    bytes_expect(y, dtype, (test_shape){4, {1, 3, 1, 2}}, x.bytes, "ensure_shape");
    break;
  default:
    assert_ok(eager_identity(x.t, &y));
    bytes_expect(y, dtype, (test_shape){4, {1, 3, 1, 2}}, x.bytes, "identity");
  }
  eager_tensor_release(x.t);
}

static void reshapes(void **state) {
  (void)state;
  bytes_each_dtype(CASES, run_reshape);
}

static void adds_and_drops_axes(void **state) {
  (void)state;
  bytes_each_dtype(7, run_others);
}

static void moves_no_bytes(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_view(EAGER_INT32, (test_shape){2, {1, 2}}, (double[]){1, 2}, 3);
  eager_tensor *y[6];
  assert_ok(eager_reshape(x, 1, (int64_t[]){-1}, &y[0]));
  assert_ok(eager_expand_dims(x, 0, &y[1]));
  assert_ok(eager_squeeze(x, NULL, 0, &y[2]));
  assert_ok(eager_identity(x, &y[3]));
  assert_ok(eager_stop_gradient(x, &y[4]));
  assert_ok(eager_ensure_shape(x, 2, (int64_t[]){1, -1}, &y[5]));
  for (int i = 0; i < 6; i++) {
    bytes_expect_view(x, y[i], 0);
    eager_tensor_release(y[i]);
  }
  assert_fails(eager_ensure_shape(x, 2, (int64_t[]){-1, 3}, &y[0]), EAGER_INVALID_ARGUMENT,
               "Shape of tensor input [1,2] is not compatible with expected shape [?,3]. "
               "[Op:EnsureShape]");
  assert_fails_like(eager_ensure_shape(x, 1, (int64_t[]){2}, &y[0]), EAGER_INVALID_ARGUMENT,
                    "not compatible with expected shape [2]");
  assert_fails_like(eager_ensure_shape(x, 2, (int64_t[]){-2, 2}, &y[0]),
                    EAGER_INVALID_ARGUMENT, "shape[0] must not be below -1, got -2");
  assert_fails_like(eager_ensure_shape(x, 9, NULL, &y[0]), EAGER_INVALID_ARGUMENT,
                    "rank must be from 0 to 8, got 9");
  eager_tensor_release(x);
}

/* Beside an extent of 0, -1 is what the extents that are not 0 leave over. */
static void fills_in_beside_zero(void **state) {
  (void)state;
  test_enable();
  static const struct {
    test_shape x, asked, y;
  } beside[] = {
      {{2, {0, 4}}, {2, {0, -1}}, {2, {0, 4}}},
      {{2, {0, 4}}, {3, {-1, 0, 2}}, {3, {2, 0, 2}}},
      {{2, {0, 4}}, {3, {0, -1, 3}}, {3, {0, 1, 3}}},
      {{2, {0, 4}}, {3, {0, -1, 8}}, {3, {0, 0, 8}}},
      {{3, {0, 0, 3}}, {2, {-1, 0}}, {2, {3, 0}}},
      {{1, {0}}, {2, {0, -1}}, {2, {0, 1}}},
      {{1, {0}}, {2, {-1, 5}}, {2, {0, 5}}},
  };
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
    bytes_tensor x = bytes_make(EAGER_INT16, beside[i].x);
    eager_tensor *y;
    assert_ok(eager_reshape(x.t, beside[i].asked.rank, beside[i].asked.dims, &y));
    bytes_expect(y, EAGER_INT16, beside[i].y, x.bytes, "beside 0");
    eager_tensor_release(x.t);
  }
}

static void refuses_other_sizes(void **state) {
  (void)state;
  test_enable();
  bytes_tensor x = bytes_make(EAGER_INT8, (test_shape){2, {2, 3}});
  bytes_tensor none = bytes_make(EAGER_INT8, (test_shape){2, {0, 3}});
  eager_tensor *y;
  static const struct {
    int64_t dims[2];
    const char *text;
  } refused[] = {
      {{2, 4},
       "Input to reshape is a tensor with 6 values, but the requested shape has 8 "
       "[Op:Reshape]"},
      {{-1, -1}, "Only one input size may be -1, not both 0 and 1 [Op:Reshape]"},
      {{-1, 4},
       "Input to reshape is a tensor with 6 values, but the requested shape requires a "
       "multiple of 4 [Op:Reshape]"},
      {{3, -2}, "Size 1 must be non-negative, not -2 [Op:Reshape]"},
  };
  for (int i = 0; i < 4; i++) {
    assert_fails(eager_reshape(x.t, 2, refused[i].dims, &y), EAGER_INVALID_ARGUMENT,
                 refused[i].text);
    assert_null(y);
  }
  assert_fails(eager_reshape(x.t, 2, (int64_t[]){-1, 0}, &y), EAGER_INVALID_ARGUMENT,
               "Input to reshape is a tensor with 6 values, but the requested shape has 0 "
               "[Op:Reshape]");
  assert_fails_like(eager_reshape(x.t, -1, (int64_t[]){6}, &y), EAGER_INVALID_ARGUMENT,
                    "rank must be from 0 to 8, got -1");
  assert_fails_like(eager_reshape(x.t, 2, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "shape must not be NULL");
  assert_fails_like(eager_reshape(x.t, 2, (int64_t[]){INT64_MAX, 2}, &y),
                    EAGER_INVALID_ARGUMENT, "too large");
  eager_tensor_release(x.t);
  eager_tensor_release(none.t);
}

static void refuses_bad_axes(void **state) {
  (void)state;
  test_enable();
  bytes_tensor x = bytes_make(EAGER_INT8, (test_shape){2, {2, 1}});
  bytes_tensor deep = bytes_make(EAGER_INT8, (test_shape){8, {1, 1, 1, 1, 1, 1, 1, 1}});
  eager_tensor *y;
  assert_fails(eager_expand_dims(x.t, 3, &y), EAGER_INVALID_ARGUMENT,
               "Tried to expand dim index 3 for tensor with 2 dimensions [Op:ExpandDims]");
  assert_fails_like(eager_expand_dims(deep.t, 0, &y), EAGER_INVALID_ARGUMENT,
                    "the largest rank is 8");
  assert_fails(eager_squeeze(x.t, (int64_t[]){0}, 1, &y), EAGER_INVALID_ARGUMENT,
               "Can not squeeze dim[0], expected a dimension of 1, got 2 [Op:Squeeze]");
  assert_fails(eager_squeeze(x.t, (int64_t[]){2}, 1, &y), EAGER_INVALID_ARGUMENT,
               "Tried to squeeze dim index 2 for tensor with 2 dimensions [Op:Squeeze]");
  assert_fails_like(eager_squeeze(x.t, NULL, 1, &y), EAGER_INVALID_ARGUMENT,
                    "axis_count is 1, but axes is NULL");
  eager_tensor_release(x.t);
  eager_tensor_release(deep.t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reshapes),
      cmocka_unit_test(adds_and_drops_axes),
      cmocka_unit_test(moves_no_bytes),
      cmocka_unit_test(fills_in_beside_zero),
      cmocka_unit_test(refuses_other_sizes),
      cmocka_unit_test(refuses_bad_axes),
  };
  return test_main("ops/reshape", tests, sizeof tests / sizeof *tests);
}
