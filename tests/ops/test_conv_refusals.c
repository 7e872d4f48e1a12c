/* ctest: devices=all */
/* Convolutions refuse what does not fit together, by code and text. */
#include "test.h"
#include "test_values.h"

typedef struct list {
  size_t count; /* 0: not given */
  int64_t values[8];
} list;

typedef struct refusal {
  const char *raw, *text; /* the text without " [Op:...]" */
  test_shape a, b;
  const char *padding, *format;
  list strides, dilations, explicit, sizes;
  const char *sizes_name;
} refusal;

#define IMAGE                                                                              \
  {                                                                                        \
    4, {                                                                                   \
      1, 5, 5, 4                                                                           \
    }                                                                                      \
  }
#define FILTER                                                                             \
  {                                                                                        \
    4, {                                                                                   \
      3, 3, 4, 6                                                                           \
    }                                                                                      \
  }
static const refusal refusals[] = {
    {"Conv2D",
     "input must be 4-dimensional, got shape [5,5,4]",
     {3, {5, 5, 4}},
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "filter must be 4-dimensional, got shape [3,4,6]",
     IMAGE,
     {3, {3, 4, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "data_format must be NHWC or NCHW, got 'NWHC'",
     IMAGE,
     FILTER,
     "SAME",
     "NWHC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "padding must be SAME, VALID or EXPLICIT, got 'FULL'",
     IMAGE,
     FILTER,
     "FULL",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "Sliding window strides field must specify 4 dimensions, got 2",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {2, {1, 1}}},
    {"Conv2D",
     "Sliding window dilations field must specify 4 dimensions, got 5",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {5, {1, 1, 1, 1, 1}}},
    {"Conv2D",
     "Current implementation does not yet support strides in the batch and depth "
     "dimensions.",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 2}}},
    {"Conv2D",
     "Current implementation does not yet support strides in the batch and depth "
     "dimensions.",
     IMAGE,
     FILTER,
     "SAME",
     "NCHW",
     {4, {1, 2, 1, 1}}},
    {"Conv2D",
     "Current implementation does not yet support dilations in the batch and depth "
     "dimensions.",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {4, {2, 1, 1, 1}}},
    {"Conv2D",
     "spatial strides should be larger than 0, got 0",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 0, 1, 1}}},
    {"Conv2D",
     "Dilated rates should be larger than 0, got -1",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {4, {1, 1, -1, 1}}},
    {"Conv2D",
     "input depth must be evenly divisible by filter depth: 5 vs 4",
     {4, {1, 5, 5, 5}},
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "input depth must be evenly divisible by filter depth: 0 vs 4",
     {4, {1, 5, 5, 0}},
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "output depth must be evenly divisible by number of groups: 6 vs 4",
     {4, {1, 5, 5, 16}},
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "filter must not have zero elements (i.e. all dimensions but the last must be "
     "non-zero)",
     IMAGE,
     {4, {3, 0, 4, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "Computed output size would be negative: -2 [input_size: 5, effective_filter_size: 8, "
     "stride: 1]",
     IMAGE,
     {4, {8, 1, 4, 6}},
     "VALID",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "explicit_paddings attribute must contain 8 values, but got: 0",
     IMAGE,
     FILTER,
     "EXPLICIT",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "explicit_paddings attribute must contain 8 values, but got: 4",
     IMAGE,
     FILTER,
     "EXPLICIT",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {4, {1, 1, 1, 1}}},
    {"Conv2D",
     "explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT",
     IMAGE,
     FILTER,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {8, {0, 0, 1, 1, 1, 1, 0, 0}}},
    {"Conv2D",
     "All elements of explicit_paddings must be nonnegative, got -1",
     IMAGE,
     FILTER,
     "EXPLICIT",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {8, {0, 0, 1, -1}}},
    {"Conv2D",
     "Nonzero explicit padding in the batch or depth dimensions is not supported",
     IMAGE,
     FILTER,
     "EXPLICIT",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {8, {0, 0, 1, 1, 1, 1, 0, 1}}},
    {"Conv3D",
     "padding must be SAME or VALID, got 'EXPLICIT'",
     {5, {1, 3, 3, 3, 1}},
     {5, {1, 1, 1, 1, 1}},
     "EXPLICIT",
     "NDHWC",
     {5, {1, 1, 1, 1, 1}}},
    {"Conv3D",
     "data_format must be NDHWC or NCDHW, got 'NHWC'",
     {5, {1, 3, 3, 3, 1}},
     {5, {1, 1, 1, 1, 1}},
     "SAME",
     "NHWC",
     {5, {1, 1, 1, 1, 1}}},
    {"Conv1D",
     "input must be 3-dimensional, got shape [1,5,5,4]",
     IMAGE,
     {3, {3, 4, 6}},
     "SAME",
     "NWC",
     {3, {1, 1, 1}}},
    {"DepthwiseConv2dNative",
     "input and filter must have the same depth: 4 vs 3",
     IMAGE,
     {4, {3, 3, 3, 2}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}}},
    {"Conv2DBackpropInput",
     "input_sizes must have 4 elements or 2, got 3",
     FILTER,
     {4, {1, 5, 5, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {0},
     {3, {5, 5, 4}},
     "input_sizes"},
    {"Conv2DBackpropInput",
     "Size of out_backprop doesn't match computed: actual = [1,5,4,6], computed = "
     "[1,5,5,6]",
     FILTER,
     {4, {1, 5, 4, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {0},
     {4, {1, 5, 5, 4}},
     "input_sizes"},
    {"Conv2DBackpropInput",
     "out_backprop must be 4-dimensional, got shape [5,6]",
     FILTER,
     {2, {5, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {0},
     {4, {1, 5, 5, 4}},
     "input_sizes"},
    {"Conv2DBackpropFilter",
     "filter_sizes must have 4 elements, got 2",
     IMAGE,
     {4, {1, 5, 5, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {0},
     {2, {3, 3}},
     "filter_sizes"},
    {"Conv2DBackpropFilter",
     "Size of out_backprop doesn't match computed: actual = [2,5,5,6], computed = "
     "[1,5,5,6]",
     IMAGE,
     {4, {2, 5, 5, 6}},
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {0},
     {4, {3, 3, 4, 6}},
     "filter_sizes"},
    {"Conv3DBackpropInputV2",
     "input_sizes must have 5 elements, got 3",
     {5, {1, 1, 1, 1, 1}},
     {5, {1, 3, 3, 3, 1}},
     "SAME",
     "NDHWC",
     {5, {1, 1, 1, 1, 1}},
     {0},
     {0},
     {3, {3, 3, 3}},
     "input_sizes"},
    {"DepthwiseConv2dNativeBackpropInput",
     "Size of out_backprop doesn't match computed: actual = [1,5,5,4], computed = "
     "[1,5,5,8]",
     {4, {3, 3, 4, 2}},
     IMAGE,
     "SAME",
     "NHWC",
     {4, {1, 1, 1, 1}},
     {0},
     {0},
     {4, {1, 5, 5, 4}},
     "input_sizes"},
};

static void set_ints(eager_op *op, const char *name, const list *l) {
  if (l->count > 0) assert_ok(eager_op_set_attr_int_list(op, name, l->values, l->count));
}

static eager_tensor *zeros(eager_dtype dtype, test_shape shape) {
  return test_tensor(dtype, shape,
                     test_alloc((size_t)(test_elements(shape) + 1) * sizeof(double)));
}

static void refuses(void **state) {
  (void)state;
  test_enable();
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const refusal *r = &refusals[i];
    eager_tensor *a = zeros(EAGER_FLOAT32, r->a), *b = zeros(EAGER_FLOAT32, r->b), *y;
    eager_op *op;
    int count = 1;
    assert_ok(eager_op_new(r->raw, &op));
    assert_ok(eager_op_add_input(op, a));
    assert_ok(eager_op_add_input(op, b));
    assert_ok(eager_op_set_attr_string(op, "padding", r->padding));
    assert_ok(eager_op_set_attr_string(op, "data_format", r->format));
    set_ints(op, "strides", &r->strides);
    set_ints(op, "dilations", &r->dilations);
    set_ints(op, "explicit_paddings", &r->explicit);
    if (r->sizes_name != NULL) set_ints(op, r->sizes_name, &r->sizes);
    assert_fails(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
                 test_text("%s [Op:%s]", r->text, r->raw));
    assert_null(y);
    eager_op_release(op);
    eager_tensor_release(a);
    eager_tensor_release(b);
  }
}

static void typed_doors_refuse(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = zeros(EAGER_FLOAT32, (test_shape)IMAGE), *y;
  eager_tensor *w = zeros(EAGER_FLOAT32, (test_shape)FILTER);
  eager_tensor *i = zeros(EAGER_INT64, (test_shape)IMAGE);
  eager_conv2d_options o = {.padding = (eager_padding)7};
  assert_fails(eager_conv2d(x, w, &o, &y), EAGER_INVALID_ARGUMENT,
               "padding must be SAME, VALID or EXPLICIT, got 'unknown' [Op:Conv2D]");
  o = (eager_conv2d_options){.data_format = (eager_data_format)7};
  assert_fails(eager_conv2d(x, w, &o, &y), EAGER_INVALID_ARGUMENT,
               "data_format must be NHWC or NCHW, got 'unknown' [Op:Conv2D]");
  assert_fails_like(eager_conv2d(x, w, &(eager_conv2d_options){.strides = {-1, 1}}, &y),
                    EAGER_INVALID_ARGUMENT, "spatial strides should be larger than 0");
  assert_fails_like(eager_conv2d_transpose(x, w, NULL, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "input_sizes");
  assert_fails_like(eager_conv2d(i, i, NULL, &y), EAGER_INVALID_ARGUMENT, "Conv2D");
  assert_null(y);
  eager_tensor_release(x);
  eager_tensor_release(w);
  eager_tensor_release(i);
}

/* Two extents for input_sizes: batch and depth follow from the operands. */
static void input_sizes_may_be_two(void **state) {
  (void)state;
  test_enable();
  for (int first = 0; first < 2; first++) {
    test_shape shape =
        first ? (test_shape){4, {2, 6, 5, 4}} : (test_shape){4, {2, 5, 4, 6}};
    test_shape want = first ? (test_shape){4, {2, 4, 5, 4}} : (test_shape){4, {2, 5, 4, 4}};
    eager_tensor *w = zeros(EAGER_FLOAT32, (test_shape)FILTER), *y;
    eager_tensor *dy = zeros(EAGER_FLOAT32, shape);
    eager_op *op;
    int count = 1;
    assert_ok(eager_op_new("Conv2DBackpropInput", &op));
    assert_ok(eager_op_add_input(op, w));
    assert_ok(eager_op_add_input(op, dy));
    assert_ok(eager_op_set_attr_string(op, "padding", "SAME"));
    assert_ok(eager_op_set_attr_string(op, "data_format", first ? "NCHW" : "NHWC"));
    set_ints(op, "strides", &(list){4, {1, 1, 1, 1}});
    set_ints(op, "input_sizes", &(list){2, {5, 4}});
    assert_ok(eager_op_execute(op, &y, &count));
    double *none = test_alloc((size_t)test_elements(want) * sizeof *none);
    test_expect(y, EAGER_FLOAT32, want, none, TEST_EXACT, NULL);
    eager_tensor_release(y);
    eager_op_release(op);
    eager_tensor_release(w);
    eager_tensor_release(dy);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses),
      cmocka_unit_test(typed_doors_refuse),
      cmocka_unit_test(input_sizes_may_be_two),
  };
  return test_main("ops/conv_refusals", tests, sizeof tests / sizeof *tests);
}
