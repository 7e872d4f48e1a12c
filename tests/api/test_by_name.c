/* ctest: devices=all */
#include "test_values.h"

/* --- Names --- */

static void tells_names_that_come_near(void **state) {
  (void)state;
  static const char *const asked[][2] = {
      {"MatMull", "there is no op named 'MatMull'; near: MatMul"},
      {"matmul", "there is no op named 'matmul'; near: MatMul"},
      {"Concat", "there is no op named 'Concat'; near: ConcatV2"},
      {"Softmx", "there is no op named 'Softmx'; near: Softmax"},
  };
  eager_op *op;
  for (int i = 0; i < 4; i++) {
    assert_fails_like(eager_op_new(asked[i][0], &op), EAGER_NOT_FOUND, asked[i][1]);
    assert_null(op);
  }
  assert_fails_like(eager_op_new("Quux_12345", &op), EAGER_NOT_FOUND, "nor one like it");
  assert_fails(eager_op_new(NULL, &op), EAGER_INVALID_ARGUMENT, "name is NULL");
  eager_op_release(NULL);
}

static void lists_all_sorted(void **state) {
  (void)state;
  size_t count = eager_op_count();
  assert_true(count > 70);
  for (size_t i = 1; i < count; i++)
    assert_true(strcmp(eager_op_name(i - 1), eager_op_name(i)) < 0);
  assert_string_equal(eager_op_name(count), "");
}

static void describes(void **state) {
  (void)state;
  eager_op_description d;
  assert_ok(eager_op_describe("OneHot", &d));
  assert_string_equal(d.name, "OneHot");
  assert_int_equal(d.input_count, 3);
  assert_string_equal(d.input_names[0], "indices");
  assert_int_equal(d.output_count, 1);
  assert_int_equal(d.variadic_input, -1);
  assert_false(d.may_fail_on_device);
  assert_int_equal(d.attr_count, 2);
  assert_string_equal(d.attrs[0].name, "depth");
  assert_true(d.attrs[0].required);
  assert_string_equal(d.attrs[0].default_text, "");
  assert_string_equal(d.attrs[1].default_text, "-1");
  assert_int_equal(d.attrs[1].kind, EAGER_ATTR_INT);
  assert_ok(eager_op_describe("StatelessRandomNormal", &d));
  assert_string_equal(d.dtypes, "float32 float64 bfloat16 float16");
  assert_string_equal(d.attrs[2].default_text, "float32");
  assert_ok(eager_op_describe("ConcatV2", &d));
  assert_int_equal(d.variadic_input, 0);
  assert_ok(eager_op_describe("GatherV2", &d));
  assert_true(d.may_fail_on_device);
  assert_fails_like(eager_op_describe("OneHott", &d), EAGER_NOT_FOUND, "near: OneHot");
}

/* --- Attributes --- */

static void refuses_wrong_attributes(void **state) {
  (void)state;
  eager_op *op;
  assert_ok(eager_op_new("GatherV2", &op));
  assert_fails(eager_op_set_attr_int(op, "foo", 1), EAGER_INVALID_ARGUMENT,
               "GatherV2: attribute `foo` is unknown; its attributes are: axis (int), "
               "batch_dims (int)");
  assert_fails_like(eager_op_set_attr_bool(op, "axis", true), EAGER_INVALID_ARGUMENT,
                    "attribute `axis` cannot be a bool");
  assert_fails_like(eager_op_set_attr_float(op, "axis", 1), EAGER_INVALID_ARGUMENT,
                    "attribute `axis` cannot be a float");
  assert_fails_like(eager_op_set_attr_int_list(op, "axis", NULL, 0), EAGER_INVALID_ARGUMENT,
                    "attribute `axis` cannot be a list of ints");
  assert_fails_like(eager_op_set_attr_float_list(op, "axis", (double[]){1}, 1),
                    EAGER_INVALID_ARGUMENT, "attribute `axis` cannot be a list of floats");
  assert_fails_like(eager_op_set_attr_string(op, "axis", "x"), EAGER_INVALID_ARGUMENT,
                    "attribute `axis` cannot be a string");
  static const char *const inferred[] = {"T", "N", "Tidx"};
  for (int i = 0; i < 3; i++)
    assert_fails_like(eager_op_set_attr_dtype(op, inferred[i], EAGER_INT32),
                      EAGER_INVALID_ARGUMENT, "is inferred from the inputs");
  assert_fails_like(eager_op_set_attr_int(op, NULL, 1), EAGER_INVALID_ARGUMENT, "NULL");
  eager_op_release(op);
  assert_ok(eager_op_new("Cast", &op));
  assert_fails_like(eager_op_set_attr_dtype(op, "DstT", (eager_dtype)7),
                    EAGER_INVALID_ARGUMENT, "must be one of enum eager_dtype");
  eager_op_release(op);
  assert_ok(eager_op_new("Reshape", &op));
  assert_fails_like(eager_op_set_attr_int_list(op, "shape", NULL, 2),
                    EAGER_INVALID_ARGUMENT, "is a NULL list");
  eager_op_release(op);
}

static void copies_lists(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){1, {4}}, (double[]){1, 2, 3, 4});
  eager_tensor *y;
  int64_t dims[] = {2, 2};
  int count = 1;
  eager_op *op;
  assert_ok(eager_op_new("Reshape", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_set_attr_int_list(op, "shape", dims, 2));
  dims[0] = dims[1] = 77;
  assert_ok(eager_op_execute(op, &y, &count));
  assert_int_equal(eager_tensor_dim(y, 1), 2);
  eager_tensor_release(y);
  assert_ok(eager_op_set_attr_int(op, "shape", 4)); /* one int is a list of one */
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  assert_int_equal(eager_tensor_rank(y), 1);
  eager_tensor_release(y);
  eager_op_release(op);
  eager_tensor_release(x);
}

/* --- Running --- */

static void says_how_much_room_it_needs(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_scalar(EAGER_FLOAT32, 1), *y = x;
  eager_op *op;
  assert_ok(eager_op_new("Identity", &op));
  assert_ok(eager_op_add_input(op, x));
  int count = 0;
  assert_fails(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
               "Identity has 1 output, but there is room for 0 [Op:Identity]");
  assert_int_equal(count, 1);
  assert_fails_like(eager_op_execute(op, NULL, &count), EAGER_INVALID_ARGUMENT, "room");
  assert_int_equal(count, 1);
  assert_fails_like(eager_op_execute(op, &y, NULL), EAGER_INVALID_ARGUMENT, "NULL");
  eager_tensor *two[2] = {x, x};
  count = 2; /* more room than needed */
  assert_ok(eager_op_execute(op, two, &count));
  assert_int_equal(count, 1);
  assert_null(two[1]);
  eager_tensor_release(two[0]);
  eager_op_release(op);
  eager_tensor_release(x);
}

static void keeps_inputs_on_failure(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 2}}, (double[]){1, 2});
  eager_tensor *y = x;
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new("ExpandDims", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_fails(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
               "ExpandDims: attribute `axis` is required; its attributes are: axis (int) "
               "[Op:ExpandDims]");
  assert_null(y);
  assert_ok(eager_op_set_attr_int(op, "axis", 7));
  assert_fails_like(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
                    "dim index 7");
  assert_null(y);
  assert_ok(eager_op_set_attr_int(op, "axis", 0));
  assert_ok(eager_op_execute(op, &y, &count));
  assert_int_equal(eager_tensor_rank(y), 3);
  eager_tensor_release(y);
  /* Inputs went, the attribute stayed. */
  assert_fails_like(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
                    "ExpandDims takes 1 input, got 0");
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  eager_tensor_release(y);
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_reset(op));
  assert_fails_like(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
                    "is required");
  assert_fails_like(eager_op_add_input(op, NULL), EAGER_INVALID_ARGUMENT, "is NULL");
  eager_op_release(op);
  eager_tensor_release(x);
}

static void runs_where_it_is_told(void **state) {
  (void)state;
  test_enable();
  const char *other = test_device_same_context();
  eager_tensor *x = test_scalar(EAGER_FLOAT32, 3), *y;
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new("OnesLike", &op));
  assert_fails_like(eager_op_set_device(op, "GPU:42"), EAGER_NOT_FOUND,
                    "GPU:42 unknown device");
  assert_ok(eager_op_set_device(op, other));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  assert_non_null(strstr(eager_tensor_device(y), other));
  eager_tensor_release(y);
  assert_ok(eager_op_set_device(op, NULL));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_execute(op, &y, &count));
  assert_non_null(strstr(eager_tensor_device(y), test_device()));
  eager_tensor_release(y);
  eager_op_release(op);
  eager_tensor_release(x);
}

static void knows_what_is_supported(void **state) {
  (void)state;
  test_enable();
  bool has_float64 = test_device_info()->has_float64;
  assert_true(eager_op_is_supported("Softmax", EAGER_FLOAT32, NULL));
  assert_false(eager_op_is_supported("Softmax", EAGER_INT32, NULL));
  assert_int_equal(eager_op_is_supported("Softmax", EAGER_FLOAT64, NULL), has_float64);
  assert_true(eager_op_is_supported("Transpose", EAGER_FLOAT64, test_device()));
  assert_false(eager_op_is_supported("Softmax", EAGER_FLOAT32, "GPU:42"));
  assert_false(eager_op_is_supported("Nope", EAGER_FLOAT32, NULL));
  assert_false(eager_op_is_supported(NULL, EAGER_FLOAT32, NULL));
  assert_false(eager_op_is_supported("Softmax", (eager_dtype)7, NULL));
}

/* A list without a decimal point is a list of ints in many languages. */
static void float_lists_take_ints(void **state) {
  (void)state;
  test_enable();
  eager_op *op;
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, (double[]){0, 2, 9}),
               *y;
  int count = 1;
  assert_ok(eager_op_new("Bucketize", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_set_attr_int_list(op, "boundaries", (int64_t[]){1, 4}, 2));
  assert_ok(eager_op_execute(op, &y, &count));
  test_expect(y, EAGER_INT32, (test_shape){1, {3}}, (double[]){0, 1, 2}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_op_release(op);
}

/* What SearchSorted says of an unknown side. */
static void refuses_other_sides(void **state) {
  (void)state;
  test_enable();
  eager_op *op;
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){0, 2}), *y;
  int count = 1;
  assert_ok(eager_op_new("SearchSorted", &op));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_set_attr_string(op, "side", "middle"));
  assert_fails(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
               "side must be either 'right' or 'left', got 'middle' [Op:SearchSorted]");
  eager_tensor_release(x);
  eager_op_release(op);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_names_that_come_near),
      cmocka_unit_test(lists_all_sorted),
      cmocka_unit_test(describes),
      cmocka_unit_test(refuses_wrong_attributes),
      cmocka_unit_test(copies_lists),
      cmocka_unit_test(says_how_much_room_it_needs),
      cmocka_unit_test(keeps_inputs_on_failure),
      cmocka_unit_test(runs_where_it_is_told),
      cmocka_unit_test(knows_what_is_supported),
      cmocka_unit_test(float_lists_take_ints),
      cmocka_unit_test(refuses_other_sides),
  };
  return test_main("api/by_name", tests, sizeof tests / sizeof *tests);
}
