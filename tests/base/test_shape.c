/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/dtype.h"
#include "base/shape.h"

static const struct make_case {
  eager_dtype dtype;
  int rank;
  int64_t dims[9];
  const char *refusal; /* NULL: a shape */
} make_cases[] = {
    {EAGER_FLOAT32, 0, {0}, NULL},
    {EAGER_FLOAT32, 2, {2, 3}, NULL},
    {EAGER_BOOL, 8, {1, 2, 3, 4, 5, 6, 7, 8}, NULL},
    {EAGER_INT8, 3, {2, 0, 3}, NULL},
    {EAGER_INT8, 1, {INT64_MAX}, NULL},
    {EAGER_INT8, 3, {INT64_MAX, 0, 1}, NULL},
    {EAGER_INT64, 1, {INT64_MAX / 8}, NULL},
    {EAGER_FLOAT32, 9, {1}, "rank must be from 0 to 8, got 9"},
    {EAGER_FLOAT32, -1, {1}, "rank must be from 0 to 8, got -1"},
    {EAGER_FLOAT32, 2, {2, -3}, "dims[1] must not be negative, got -3"},
    {EAGER_FLOAT32, 1, {-1}, "dims[0] must not be negative, got -1"},
    {EAGER_FLOAT32,
     1,
     {INT64_MIN},
     "dims[0] must not be negative, got -9223372036854775808"},
    {EAGER_INT16,
     1,
     {INT64_MAX},
     "shape [9223372036854775807] of dtype int16 is too large: its bytes do not fit into "
     "63 bits"},
    {EAGER_FLOAT64,
     2,
     {INT64_C(1) << 30, INT64_C(1) << 30},
     "shape [1073741824,1073741824] of dtype float64 is too large: its bytes do not fit "
     "into 63 bits"},
    {EAGER_INT8,
     3,
     {INT64_C(1) << 40, 0, INT64_C(1) << 40},
     "shape [1099511627776,0,1099511627776] of dtype int8 is too large: its bytes do not "
     "fit into 63 bits"},
    {(eager_dtype)7, 1, {1}, "dtype must be one of enum eager_dtype, got 7"},
    {EAGER_DTYPE_INVALID, 1, {1}, "dtype must be one of enum eager_dtype, got 0"},
};

static void make_checks_what_it_is_given(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof make_cases / sizeof *make_cases; i++) {
    const struct make_case *c = &make_cases[i];
    eager__shape shape = {.rank = 77};
    eager_status status = eager__shape_make(c->dtype, c->rank, c->dims, &shape);
    if (c->refusal != NULL) {
      assert_int_equal(status, EAGER_INVALID_ARGUMENT);
      assert_string_equal(eager_error_message(), c->refusal);
      assert_int_equal(shape.rank, 77);
    } else {
      assert_int_equal(status, EAGER_OK);
      assert_int_equal(shape.rank, c->rank);
      for (int d = 0; d < c->rank; d++) assert_true(shape.dims[d] == c->dims[d]);
    }
  }
}

static void dims_may_be_null_for_a_scalar_only(void **state) {
  (void)state;
  eager__shape shape;
  assert_int_equal(eager__shape_make(EAGER_BOOL, 0, NULL, &shape), EAGER_OK);
  assert_int_equal(shape.rank, 0);
  assert_int_equal(eager__shape_make(EAGER_BOOL, 2, NULL, &shape), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(), "dims must not be NULL for rank 2");
}

static void elements_products_and_texts(void **state) {
  (void)state;
  static const struct {
    eager__shape shape;
    int64_t elements;
    const char *text;
  } cases[] = {
      {{0, {0}}, 1, "[]"},
      {{1, {5}}, 5, "[5]"},
      {{2, {2, 3}}, 6, "[2,3]"},
      {{3, {2, 0, 3}}, 0, "[2,0,3]"},
      {{2, {-1, 3}}, -1, "[?,3]"},
      {{2, {0, -1}}, -1, "[0,?]"},
      {{8, {1, 2, 1, 2, 1, 2, 1, 2}}, 16, "[1,2,1,2,1,2,1,2]"},
  };
  char text[EAGER__SHAPE_TEXT];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(eager__shape_elements(&cases[i].shape) == cases[i].elements);
    assert_ptr_equal(eager__shape_text(&cases[i].shape, text), text);
    assert_string_equal(text, cases[i].text);
  }
  eager__shape shape = {4, {2, 3, 5, 7}};
  assert_int_equal(eager__shape_product(&shape, 0, 0), 1);
  assert_int_equal(eager__shape_product(&shape, 1, 3), 15);
  assert_int_equal(eager__shape_product(&shape, 2, 4), 35);
  eager__shape widest = {.rank = 8};
  for (int i = 0; i < 8; i++) widest.dims[i] = INT64_MAX;
  assert_int_equal(strlen(eager__shape_text(&widest, text)), 8 * 19 + 7 + 2);
}

static void shapes_are_equal_by_rank_and_extents(void **state) {
  (void)state;
  eager__shape a = {2, {2, 3}}, b = {2, {2, 3, 9}}, c = {2, {3, 2}}, d = {3, {2, 3, 1}};
  eager__shape none = {0, {4}}, other_none = {0, {5}};
  assert_true(eager__shape_equal(&a, &b));
  assert_false(eager__shape_equal(&a, &c));
  assert_false(eager__shape_equal(&a, &d));
  assert_true(eager__shape_equal(&none, &other_none));
}

static void shapes_agree_where_both_are_known(void **state) {
  (void)state;
  eager__shape a = {2, {2, -1}}, b = {2, {-1, 3}}, c = {2, {3, -1}}, d = {1, {2}};
  assert_true(eager__shape_agrees(&a, &a));
  assert_true(eager__shape_agrees(&a, &b));
  assert_true(eager__shape_agrees(&b, &c));
  assert_false(eager__shape_agrees(&a, &c));
  assert_false(eager__shape_agrees(&a, &d));
}

static const struct broadcast_case {
  eager__shape a, b, out;
  const char *refusal;
} broadcast_cases[] = {
    {{0, {0}}, {0, {0}}, {0, {0}}, NULL},
    {{2, {2, 3}}, {0, {0}}, {2, {2, 3}}, NULL},
    {{2, {2, 3}}, {1, {3}}, {2, {2, 3}}, NULL},
    {{2, {2, 1}}, {2, {1, 3}}, {2, {2, 3}}, NULL},
    {{3, {4, 1, 3}}, {2, {2, 1}}, {3, {4, 2, 3}}, NULL},
    {{1, {0}}, {1, {1}}, {1, {0}}, NULL},
    {{2, {3, 0}}, {2, {1, 1}}, {2, {3, 0}}, NULL},
    {{1, {-1}}, {1, {1}}, {1, {-1}}, NULL},
    {{1, {-1}}, {1, {4}}, {1, {4}}, NULL},
    {{1, {-1}}, {1, {0}}, {1, {0}}, NULL},
    {{1, {-1}}, {1, {-1}}, {1, {-1}}, NULL},
    {{1, {2}}, {1, {3}}, {0, {0}}, "Incompatible shapes: [2] vs. [3]"},
    {{1, {0}}, {1, {2}}, {0, {0}}, "Incompatible shapes: [0] vs. [2]"},
    {{2, {2, 3}}, {1, {2}}, {0, {0}}, "Incompatible shapes: [2,3] vs. [2]"},
    {{2, {-1, 3}}, {2, {5, 4}}, {0, {0}}, "Incompatible shapes: [?,3] vs. [5,4]"},
    {{2, {INT64_C(1) << 32, 1}},
     {2, {1, INT64_C(1) << 31}},
     {0, {0}},
     "shapes [4294967296,1] and [1,2147483648] broadcast to more elements than fit into "
     "63 bits"},
};

static void check_broadcast(const struct broadcast_case *c, const eager__shape *a,
                            const eager__shape *b) {
  eager__shape out = {.rank = 77};
  eager_status status = eager__shape_broadcast(a, b, &out);
  if (c->refusal == NULL) {
    assert_int_equal(status, EAGER_OK);
    assert_true(eager__shape_equal(&out, &c->out));
  } else {
    assert_int_equal(status, EAGER_INVALID_ARGUMENT);
    assert_int_equal(out.rank, 77);
  }
}

static void broadcasting_is_numpys(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof broadcast_cases / sizeof *broadcast_cases; i++) {
    const struct broadcast_case *c = &broadcast_cases[i];
    check_broadcast(c, &c->b, &c->a);
    check_broadcast(c, &c->a, &c->b);
    if (c->refusal != NULL) assert_string_equal(eager_error_message(), c->refusal);
  }
  eager__shape a = {1, {3}}, b = {2, {2, 1}}, expected = {2, {2, 3}};
  assert_int_equal(eager__shape_broadcast(&a, &b, &a), EAGER_OK);
  assert_true(eager__shape_equal(&a, &expected));
}

static void axes_count_from_both_ends(void **state) {
  (void)state;
  static const struct {
    int64_t axis;
    int rank, out;
    const char *refusal;
  } cases[] = {
      {0, 1, 0, NULL},
      {2, 3, 2, NULL},
      {-1, 3, 2, NULL},
      {-3, 3, 0, NULL},
      {3, 2, 0, "axis 3 is out of range for a tensor of rank 2: expected -2 to 1"},
      {-3, 2, 0, "axis -3 is out of range for a tensor of rank 2: expected -2 to 1"},
      {INT64_MIN, 8, 0,
       "axis -9223372036854775808 is out of range for a tensor of rank 8: expected -8 to "
       "7"},
      {INT64_C(1) << 32, 2, 0,
       "axis 4294967296 is out of range for a tensor of rank 2: expected -2 to 1"},
      {0, 0, 0, "axis 0 is out of range for a tensor of rank 0: it has no axes"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int out = 77;
    eager_status status = eager__shape_axis(cases[i].axis, cases[i].rank, "axis", &out);
    if (cases[i].refusal == NULL) {
      assert_int_equal(status, EAGER_OK);
      assert_int_equal(out, cases[i].out);
    } else {
      assert_int_equal(status, EAGER_INVALID_ARGUMENT);
      assert_string_equal(eager_error_message(), cases[i].refusal);
      assert_int_equal(out, 77);
    }
  }
}

static const struct walk_case {
  eager__shape output;
  int operand_count;
  eager__shape operands[3];
  int rank;
  int64_t dims[8], strides[3][8];
} walk_cases[] = {
    {{0, {0}}, 1, {{0, {0}}}, 1, {1}, {{0}}},
    {{1, {1}}, 2, {{1, {1}}, {0, {0}}}, 1, {1}, {{0}, {0}}},
    {{2, {2, 3}}, 0, {{0, {0}}}, 1, {6}, {{0}}},
    {{2, {2, 3}}, 2, {{2, {2, 3}}, {2, {2, 3}}}, 1, {6}, {{1}, {1}}},
    {{2, {2, 3}}, 2, {{2, {2, 3}}, {0, {0}}}, 1, {6}, {{1}, {0}}},
    {{2, {2, 3}}, 2, {{2, {2, 3}}, {1, {3}}}, 2, {2, 3}, {{3, 1}, {0, 1}}},
    {{2, {2, 3}}, 2, {{2, {2, 1}}, {2, {1, 3}}}, 2, {2, 3}, {{1, 0}, {0, 1}}},
    {{3, {4, 1, 3}}, 1, {{3, {4, 1, 3}}}, 1, {12}, {{1}}},
    {{4, {2, 3, 4, 5}},
     2,
     {{4, {2, 3, 4, 5}}, {4, {1, 1, 4, 5}}},
     2,
     {6, 20},
     {{20, 1}, {0, 1}}},
    {{4, {2, 3, 4, 5}},
     2,
     {{4, {2, 3, 4, 5}}, {4, {2, 1, 1, 5}}},
     3,
     {2, 12, 5},
     {{60, 5, 1}, {5, 0, 1}}},
    {{4, {2, 3, 4, 5}},
     3,
     {{4, {2, 3, 4, 5}}, {4, {2, 3, 1, 1}}, {0, {0}}},
     2,
     {6, 20},
     {{20, 1}, {1, 0}, {0, 0}}},
    {{8, {2, 1, 2, 1, 2, 1, 2, 1}},
     2,
     {{8, {2, 1, 1, 1, 2, 1, 1, 1}}, {8, {1, 1, 2, 1, 1, 1, 2, 1}}},
     4,
     {2, 2, 2, 2},
     {{2, 0, 1, 0}, {0, 2, 0, 1}}},
    {{2, {2, 0}}, 2, {{2, {2, 0}}, {2, {2, 1}}}, 1, {0}, {{0}, {0}}},
    {{3, {0, 5, 7}}, 1, {{2, {5, 7}}}, 1, {0}, {{0}}},
};

static void walks_have_as_few_dimensions_as_possible(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof walk_cases / sizeof *walk_cases; i++) {
    const struct walk_case *c = &walk_cases[i];
    eager__walk walk;
    eager__walk_broadcast(&c->output, c->operands, c->operand_count, &walk);
    assert_int_equal(walk.rank, c->rank);
    for (int d = 0; d < c->rank; d++) {
      assert_true(walk.dims[d] == c->dims[d]);
      for (int o = 0; o < c->operand_count; o++)
        assert_true(walk.strides[o][d] == c->strides[o][d]);
    }
  }
}

/* Where element `position` of the output finds operand `o`: the walk against the shapes. */
static int64_t walked(const eager__walk *walk, int o, int64_t position) {
  int64_t offset = 0;
  for (int d = walk->rank - 1; d >= 0; d--) {
    offset += position % walk->dims[d] * walk->strides[o][d];
    position /= walk->dims[d];
  }
  return offset;
}

static int64_t broadcast(const eager__shape *output, const eager__shape *operand,
                         int64_t position) {
  int64_t offset = 0, stride = 1;
  for (int d = output->rank - 1; d >= 0; d--) {
    int own = d - (output->rank - operand->rank);
    if (own >= 0 && operand->dims[own] != 1) offset += position % output->dims[d] * stride;
    if (own >= 0) stride *= operand->dims[own];
    position /= output->dims[d];
  }
  return offset;
}

/* All ways to leave out extents of a 2 x 3 x 1 x 2 x 3 output in two operands. */
static void walks_reach_the_same_elements(void **state) {
  (void)state;
  eager__shape output = {5, {2, 3, 1, 2, 3}};
  for (int mask = 0; mask < 1 << 10; mask++) {
    eager__shape operands[2] = {output, output};
    for (int bit = 0; bit < 10; bit++)
      if ((mask >> bit & 1) != 0) operands[bit / 5].dims[bit % 5] = 1;
    eager__walk walk;
    eager__walk_broadcast(&output, operands, 2, &walk);
    for (int64_t position = 0; position < 36; position++)
      for (int o = 0; o < 2; o++)
        assert_true(walked(&walk, o, position) ==
                    broadcast(&output, &operands[o], position));
  }
}

static void collapse_joins_strides_of_any_kind(void **state) {
  (void)state;
  /* A transpose joins nothing. */
  eager__walk walk = {.rank = 2, .dims = {3, 2}, .strides = {{1, 3}}};
  eager__walk_collapse(&walk, 1);
  assert_int_equal(walk.rank, 2);
  assert_int_equal(walk.strides[0][1], 3);
  /* A transpose of the outer two of four: the inner two are one run. */
  walk = (eager__walk){.rank = 4, .dims = {3, 2, 4, 5}, .strides = {{20, 60, 5, 1}}};
  eager__walk_collapse(&walk, 1);
  assert_int_equal(walk.rank, 3);
  assert_int_equal(walk.dims[2], 20);
  assert_int_equal(walk.strides[0][2], 1);
  /* Backwards. */
  walk = (eager__walk){.rank = 2, .dims = {3, 4}, .strides = {{-4, -1}}};
  eager__walk_collapse(&walk, 1);
  assert_int_equal(walk.rank, 1);
  assert_int_equal(walk.dims[0], 12);
  assert_int_equal(walk.strides[0][0], -1);
  /* Joined across an extent of 1, whatever its stride. */
  walk = (eager__walk){.rank = 3, .dims = {3, 1, 4}, .strides = {{4, 99, 1}}};
  eager__walk_collapse(&walk, 1);
  assert_int_equal(walk.rank, 1);
  assert_int_equal(walk.dims[0], 12);
  walk = (eager__walk){.rank = 2, .dims = {1, 1}, .strides = {{7, 9}}};
  eager__walk_collapse(&walk, 1);
  assert_int_equal(walk.rank, 1);
  assert_int_equal(walk.dims[0], 1);
  assert_int_equal(walk.strides[0][0], 0);
}

static void strides_are_row_major(void **state) {
  (void)state;
  const eager__shape shape = {4, {5, 2, 1, 3}};
  int64_t strides[EAGER__MAX_RANK];
  eager__shape_strides(&shape, strides);
  assert_memory_equal(strides, ((const int64_t[]){6, 3, 3, 1}), 4 * sizeof(int64_t));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(make_checks_what_it_is_given),
      cmocka_unit_test(dims_may_be_null_for_a_scalar_only),
      cmocka_unit_test(elements_products_and_texts),
      cmocka_unit_test(shapes_are_equal_by_rank_and_extents),
      cmocka_unit_test(shapes_agree_where_both_are_known),
      cmocka_unit_test(broadcasting_is_numpys),
      cmocka_unit_test(axes_count_from_both_ends),
      cmocka_unit_test(strides_are_row_major),
      cmocka_unit_test(walks_have_as_few_dimensions_as_possible),
      cmocka_unit_test(walks_reach_the_same_elements),
      cmocka_unit_test(collapse_joins_strides_of_any_kind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
