/* ctest: devices=all timeout=240 */
/* Several elementwise steps as one kernel: the bits of the same steps one by one. */
#include "elementwise_names.h"
#include "fused_groups.h"

static const test_shape some_rows = {2, {3, 21}};

/* --- Every row on every dtype --- */

static int some_input(const group *g, eager_dtype dtype) {
  int k = (int)(test_random() % (uint64_t)g->fused.input_count);
  while (g->fused.inputs[k] != dtype) k = (k + 1) % g->fused.input_count;
  return k;
}

/* The row on what an earlier step gives, and something behind it. */
static void add_row(group *g, const char *raw, int before) {
  const eager__op *op = eager__registry_find(raw);
  eager_dtype dtype = g->fused.dtype, types[3] = {dtype, dtype, dtype};
  int operands[3] = {before, some_input(g, dtype), some_input(g, dtype)};
  if (op->inputs[0].dtypes) {
    operands[0] = 2;
    operands[1] = 0; /* Select broadcasts nothing */
    operands[2] = before;
    types[0] = EAGER_BOOL;
  }
  static const char *const masks[] = {"Equal", "Less",    "Greater",         "Is",
                                      "Not",   "Logical", "ApproximateEqual"};
  bool to_bool = false;
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
    to_bool = to_bool || strncmp(raw, masks[i], strlen(masks[i])) == 0;
  int count = eager__op_input_count(op);
  eager_dtype result = to_bool ? EAGER_BOOL : dtype;
  assert_int_equal(eager__fused_dtype(op, NULL, types, count, result), dtype);
  group_output(g, group_step(g, raw, result, operands, eager__fused_parameter(op, NULL)));
}

static void every_row(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    group g;
    int before = 0;
    g.fused.output_count = 0;
    for (int i = 0; i < ELEMENTWISE; i++) {
      eager_dtype dtype = test_dtypes[d];
      const eager__op *op = eager__registry_find(elementwise[i].raw);
      eager_dtype all[3] = {dtype, dtype, dtype};
      if (!test_tries(elementwise[i].raw, dtype) || !(op->dtypes & EAGER__BIT(dtype)) ||
          (elementwise[i].float32_only && dtype != EAGER_FLOAT32))
        continue;
      if (!eager__fused_dtype(op, NULL, all, eager__op_input_count(op), dtype)) continue;
      if (g.fused.output_count == 0) {
        group_begin(&g, dtype);
        group_input(&g, dtype, some_rows);
        group_input(&g, dtype, some_rows);
        group_input(&g, EAGER_BOOL, some_rows);
        group_input(&g, dtype, (test_shape){0});
        before = dtype == EAGER_BOOL ? group_step(&g, "LogicalXor", dtype, (int[]){0, 1}, 0)
                                     : group_step(&g, "AddV2", dtype, (int[]){0, 3}, 0);
      }
      add_row(&g, elementwise[i].raw, before);
      if (g.fused.output_count < EAGER__FUSED_OUTPUTS) continue;
      test_pick_mode(index);
      if (test_sampled(index++))
        group_check(&g);
      else
        for (int k = 0; k < g.fused.input_count; k++) eager_tensor_release(g.inputs[k]);
      g.fused.output_count = 0;
    }
    if (g.fused.output_count > 0) group_check(&g);
  }
}

/* --- Shapes --- */

/* Two outputs of three steps on four inputs of these shapes. */
static void check_shapes(eager_dtype dtype, const test_shape shapes[4]) {
  group g;
  test_pick_mode(test_random());
  group_begin(&g, dtype);
  for (int k = 0; k < 4; k++) group_input(&g, k == 3 ? EAGER_BOOL : dtype, shapes[k]);
  int product = group_step(&g, "Mul", dtype, (int[]){0, 1}, 0);
  int sum = group_step(&g, "AddV2", dtype, (int[]){product, 2}, 0);
  int less = group_step(&g, "Less", EAGER_BOOL, (int[]){product, sum}, 0);
  group_output(&g, group_step(&g, "SelectV2", dtype, (int[]){3, sum, product}, 0));
  group_output(&g, group_step(&g, "LogicalXor", EAGER_BOOL, (int[]){3, less}, 0));
  group_check(&g);
}

static void broadcasts(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  static const test_shape cases[][4] = {
      {{0}, {0}, {0}, {0}},
      {{1, {1}}, {0}, {2, {1, 1}}, {0}},
      {{1, {50}}, {0}, {1, {50}}, {1, {50}}},
      {{1, {50}}, {1, {50}}, {1, {1}}, {0}},
      {{2, {3, 5}}, {2, {3, 5}}, {2, {3, 5}}, {0}},
      {{2, {7, 40}}, {1, {40}}, {2, {7, 40}}, {2, {7, 1}}}, /* rows and columns */
      {{2, {7, 16}}, {2, {7, 1}}, {1, {16}}, {1, {16}}},
      {{2, {50, 3}}, {1, {3}}, {2, {50, 1}}, {2, {50, 3}}}, /* short rows */
      {{2, {50, 3}}, {1, {3}}, {2, {50, 3}}, {1, {3}}},
      {{2, {5, 1}}, {2, {1, 9}}, {2, {5, 9}}, {1, {9}}},
      {{3, {2, 3, 33}}, {2, {3, 1}}, {3, {2, 1, 33}}, {3, {2, 3, 33}}},
      {{3, {4, 3, 5}}, {2, {3, 1}}, {3, {4, 1, 5}}, {3, {4, 3, 5}}},
      {{4, {2, 3, 2, 17}}, {3, {3, 1, 1}}, {4, {2, 1, 2, 1}}, {4, {1, 3, 1, 17}}},
      {{8, {2, 1, 2, 1, 2, 1, 2, 3}},
       {8, {1, 2, 1, 2, 1, 2, 1, 3}},
       {8, {2, 2, 2, 2, 2, 2, 2, 3}},
       {8, {2, 2, 1, 1, 2, 2, 1, 1}}},
      {{8, {1, 2, 1, 2, 1, 2, 1, 20}},
       {8, {2, 1, 2, 1, 2, 1, 2, 1}},
       {1, {20}},
       {8, {2, 2, 2, 2, 2, 2, 2, 20}}},
      {{2, {0, 3}}, {1, {3}}, {0}, {2, {0, 3}}},
  };
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_INT8, EAGER_FLOAT16};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    test_shape biggest = cases[i][0];
    for (int k = 1; k < 4; k++) assert_true(test_broadcast(biggest, cases[i][k], &biggest));
    if (!test_is_slow() || test_elements(biggest) <= 200)
      check_shapes(dtypes[i % 3], cases[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row),
      cmocka_unit_test(broadcasts),
  };
  return test_main("ops/fused", tests, sizeof tests / sizeof *tests);
}
