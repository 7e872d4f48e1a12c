/* ctest: devices=all timeout=240 */
/* Several elementwise steps as one kernel: the bits of the same steps one by one. Groups
 * are made first and compiled together, as a graph does. EAGERCL_TEST_FULL=1: all rows. */
#include "elementwise_names.h"
#include "fused_groups.h"

static const test_shape some_rows = {2, {3, 21}};

/* Compiling takes the time, so little is; check/kernels compiles every row. PoCL makes the
 * same code for all of its devices: one of them is enough. */
static bool is_full(void) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  return full != NULL && strcmp(full, "1") == 0;
}
static bool is_compiled_again(void) {
  return strstr(test_device_info()->device, "pthread") != NULL && !is_full();
}
static bool is_taken(uint64_t index) {
  return !is_compiled_again() && test_sampled(index);
}
static bool is_row_taken(uint64_t index) {
  return is_taken(index) && test_sampled(index + 1000) && test_sampled(index + 2000);
}

/* --- Every row on every dtype --- */

static bool gives_bool(const char *raw) {
  static const char *const begins[] = {"Equal", "Less",    "Greater",         "Is",
                                       "Not",   "Logical", "ApproximateEqual"};
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
    if (strncmp(raw, begins[i], strlen(begins[i])) == 0) return true;
  return false;
}

/* Inputs 0, 1 and 3 are of the group's dtype, 2 is bool, 3 a scalar. */
static void begin_rows(group *g, eager_dtype dtype) {
  group_begin(g, dtype);
  group_input(g, dtype, some_rows);
  group_input(g, dtype, some_rows);
  group_input(g, EAGER_BOOL, some_rows);
  group_input(g, dtype, (test_shape){0});
  group_step(g, dtype == EAGER_BOOL ? "LogicalXor" : "AddV2", dtype, (int[]){0, 3}, 0);
}

/* The row on what that step gives and on inputs; Select broadcasts nothing. */
static void add_row(group *g, const char *raw) {
  const eager__op *op = eager__registry_find(raw);
  eager_dtype dtype = g->fused.dtype, types[3] = {dtype, dtype, dtype};
  bool chooses = op->inputs[0].dtypes != 0;
  int sum = g->fused.input_count, second = test_random() % 2 ? 1 : 3;
  int operands[3] = {chooses ? 2 : sum, chooses ? 0 : second, chooses ? sum : 1};
  if (chooses) types[0] = EAGER_BOOL;
  int count = eager__op_input_count(op);
  eager_dtype result = gives_bool(raw) ? EAGER_BOOL : dtype;
  assert_int_equal(eager__fused_dtype(op, NULL, types, count, result), dtype);
  double parameter = op->attrs[0].name ? op->attrs[0].number : 0;
  if (parameter != 0 && test_random() % 2) parameter = 0.75;
  if (strncmp(raw, "Gelu", 4) == 0) parameter = (double)(test_random() % 2);
  group_output(g, group_step(g, raw, result, operands, parameter));
}

/* Special functions take long to compile: one dtype is enough. */
static bool may_be_step(int i, eager_dtype dtype) {
  const char *raw = elementwise[i].raw;
  const eager__op *op = eager__registry_find(raw);
  eager_dtype types[3] = {dtype, dtype, dtype};
  if (elementwise[i].float32_only && dtype != EAGER_FLOAT32) return false;
  if (!(op->dtypes & EAGER__BIT(dtype)) || !test_tries(raw, dtype)) return false;
  return eager__fused_dtype(op, NULL, types, eager__op_input_count(op), dtype) == dtype;
}

static void every_row(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    group *groups = test_alloc(ELEMENTWISE * sizeof *groups);
    int count = 0;
    for (int i = 0; i < ELEMENTWISE; i++) {
      if (!may_be_step(i, test_dtypes[d]) || !is_row_taken(index++)) continue;
      if (count == 0 || groups[count - 1].fused.output_count == EAGER__FUSED_OUTPUTS)
        begin_rows(&groups[count++], test_dtypes[d]);
      add_row(&groups[count - 1], elementwise[i].raw);
    }
    group_check_all(groups, count);
  }
}

/* --- Shapes --- */

/* Two outputs of five steps on four inputs of these shapes. */
static void make_group(group *g, eager_dtype dtype, const test_shape shapes[4]) {
  group_begin(g, dtype);
  for (int k = 0; k < 4; k++) group_input(g, k == 3 ? EAGER_BOOL : dtype, shapes[k]);
  int product = group_step(g, "Mul", dtype, (int[]){0, 1}, 0);
  int sum = group_step(g, "AddV2", dtype, (int[]){product, 2}, 0);
  int less = group_step(g, "Less", EAGER_BOOL, (int[]){product, sum}, 0);
  group_output(g, group_step(g, "SelectV2", dtype, (int[]){3, sum, product}, 0));
  group_output(g, group_step(g, "LogicalXor", EAGER_BOOL, (int[]){3, less}, 0));
}

static void broadcasts(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  /* Few ways to repeat, so that there are few kernels; test_is_slow: the first of each. */
  static const struct {
    eager_dtype dtype;
    bool is_first;
    test_shape shapes[4];
  } cases[] = {
      {EAGER_FLOAT32, true, {{0}, {0}, {0}, {0}}},
      {EAGER_FLOAT32, false, {{1, {1}}, {0}, {2, {1, 1}}, {0}}},
      {EAGER_FLOAT32, false, {{2, {3, 5}}, {2, {3, 5}}, {2, {3, 5}}, {2, {3, 5}}}},
      {EAGER_FLOAT32, true, {{1, {50}}, {0}, {1, {50}}, {0}}},
      {EAGER_INT8, false, {{1, {50}}, {1, {50}}, {1, {1}}, {1, {50}}}},
      {EAGER_FLOAT32, true, {{2, {3, 40}}, {1, {40}}, {2, {3, 1}}, {2, {3, 40}}}},
      {EAGER_FLOAT32, false, {{2, {7, 16}}, {1, {16}}, {2, {7, 1}}, {2, {7, 16}}}},
      {EAGER_FLOAT32, false, {{2, {3, 17}}, {2, {1, 17}}, {2, {3, 1}}, {2, {3, 17}}}},
      {EAGER_FLOAT32,
       false,
       {{3, {2, 3, 33}}, {3, {2, 1, 33}}, {2, {3, 1}}, {3, {2, 3, 33}}}},
      {EAGER_FLOAT32,
       false,
       {{4, {2, 3, 2, 19}}, {4, {1, 3, 1, 19}}, {4, {2, 1, 2, 1}}, {4, {2, 3, 2, 19}}}},
      {EAGER_FLOAT32,
       false,
       {{8, {2, 2, 2, 2, 2, 2, 2, 20}},
        {8, {1, 2, 1, 2, 1, 2, 1, 20}},
        {8, {2, 1, 2, 1, 2, 1, 2, 1}},
        {8, {2, 2, 2, 2, 2, 2, 2, 20}}}},
      {EAGER_FLOAT16, false, {{2, {7, 1}}, {1, {21}}, {2, {7, 21}}, {1, {21}}}},
      {EAGER_FLOAT32, true, {{2, {5, 3}}, {1, {3}}, {2, {5, 1}}, {2, {5, 3}}}},
      {EAGER_FLOAT32, false, {{2, {50, 7}}, {1, {7}}, {2, {50, 1}}, {2, {50, 7}}}},
      {EAGER_FLOAT32, false, {{2, {50, 7}}, {1, {7}}, {2, {1, 7}}, {2, {50, 7}}}},
      {EAGER_FLOAT32, false, {{3, {4, 3, 5}}, {2, {3, 1}}, {3, {4, 1, 5}}, {3, {4, 3, 5}}}},
      {EAGER_FLOAT32,
       false,
       {{8, {2, 2, 2, 2, 2, 2, 2, 3}},
        {8, {1, 2, 1, 2, 1, 2, 1, 3}},
        {8, {2, 1, 2, 1, 2, 1, 2, 1}},
        {8, {2, 2, 2, 2, 2, 2, 2, 3}}}},
      {EAGER_INT16, false, {{2, {5, 1}}, {2, {1, 9}}, {2, {5, 9}}, {1, {9}}}},
      {EAGER_FLOAT32, true, {{2, {0, 3}}, {1, {3}}, {0}, {2, {0, 3}}}},
  };
  enum { CASES = sizeof cases / sizeof *cases };
  group *groups = test_alloc(CASES * sizeof *groups);
  int count = 0;
  for (int d = 0; d < TEST_DTYPES; d++) { /* what is gathered is of one dtype */
    for (int i = 0; i < CASES; i++) {
      bool wanted = is_compiled_again() || test_is_slow() ? cases[i].is_first : true;
      if (cases[i].dtype == test_dtypes[d] && wanted)
        make_group(&groups[count++], cases[i].dtype, cases[i].shapes);
    }
    group_check_all(groups, count);
    count = 0;
  }
}

/* What broadcasts to `whole`: fewer dimensions, extents of 1. */
static test_shape some_part(test_shape whole) {
  int dropped = (int)test_random_int(0, whole.rank) * (int)test_random_int(0, 1);
  test_shape part = {.rank = whole.rank - dropped};
  for (int i = dropped; i < whole.rank; i++)
    part.dims[i - dropped] = test_random_int(0, 2) == 0 ? 1 : whole.dims[i];
  return part;
}

static test_shape some_shape(void) {
  static const int64_t extents[] = {1, 1, 2, 3, 4, 5, 7, 8, 13, 15, 16, 17, 31, 33, 65};
  enum { EXTENTS = sizeof extents / sizeof *extents };
  test_shape whole = {.rank = (int)test_random_int(1, EAGER__MAX_RANK)};
  int64_t room = test_is_slow() ? 60 : 30000;
  for (int i = whole.rank - 1; i >= 0; i--) {
    whole.dims[i] = extents[test_random_int(0, EXTENTS - 1)];
    if (whole.dims[i] > room) whole.dims[i] = 1;
    room /= whole.dims[i];
  }
  return whole;
}

static void broadcasts_by_chance(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  enum { GROUPS = 24 };
  group *groups = test_alloc(GROUPS * sizeof *groups);
  int count = 0;
  for (int i = 0; i < GROUPS; i++) {
    test_shape whole = some_shape();
    test_shape shapes[4] = {some_part(whole), some_part(whole), some_part(whole), {0}};
    if (i % 2) shapes[1] = whole;
    if (is_taken((uint64_t)i)) make_group(&groups[count++], EAGER_FLOAT32, shapes);
  }
  group_check_all(groups, count);
}

/* The ends of vectors, of a work-item's chunk and of the largest number of work-groups. */
static void lengths(void **state) {
  (void)state;
  test_enable();
  static const int64_t counts[] = {1,   3,   4,    5,    15,   16,    17,    63,
                                   255, 257, 2047, 2048, 2049, 65537, 200003};
  enum { COUNTS = sizeof counts / sizeof *counts, SHAPES = 3 };
  group *groups = test_alloc(COUNTS * SHAPES * sizeof *groups);
  int count = 0;
  for (int i = 0; i < COUNTS; i++) {
    int64_t n = counts[i];
    if (test_is_slow() && n > 17) break;
    test_shape flat = {1, {n}}, two = {2, {2, n}}, three = {2, {n, 3}};
    make_group(&groups[count++], EAGER_FLOAT32, (test_shape[]){flat, {0}, flat, {0}});
    make_group(&groups[count++], EAGER_FLOAT32, (test_shape[]){two, flat, two, {0}});
    make_group(&groups[count++], EAGER_FLOAT32,
               (test_shape[]){three, {1, {3}}, three, {0}});
  }
  group_check_all(groups, count);
}

/* --- Sizes of groups --- */

static void many_inputs_and_steps(void **state) {
  (void)state;
  test_enable();
  static const test_shape shapes[][3] = {
      {{2, {5, 37}}, {2, {5, 37}}, {0}},
      {{2, {5, 37}}, {1, {37}}, {2, {5, 1}}},
      {{2, {40, 3}}, {1, {3}}, {2, {40, 1}}},
  };
  group *groups = test_alloc(3 * sizeof *groups);
  for (int i = 0; i < 3; i++) {
    group *g = &groups[i];
    group_begin(g, EAGER_FLOAT32);
    for (int k = 0; k < EAGER__FUSED_INPUTS; k++)
      group_input(g, EAGER_FLOAT32, shapes[i][k % 3]);
    int last = 0;
    for (int s = 0; s < EAGER__FUSED_STEPS; s++) {
      const char *raw = s % 3 ? s % 3 == 1 ? "Sub" : "Maximum" : "AddV2";
      int other = s < EAGER__FUSED_INPUTS ? s : (int)(test_random() % (uint64_t)last);
      last = group_step(g, raw, EAGER_FLOAT32, (int[]){last, other}, 0);
      if (s % 9 == 4 || s + 1 == EAGER__FUSED_STEPS) group_output(g, last);
    }
  }
  group_check_all(groups, 3);
}

/* What compilers know of sums and products does not hold for floats. */
static void nothing_is_simplified(void **state) {
  (void)state;
  test_enable();
  enum { A, B, C, FIRST }; /* inputs, then the first step */
  static const struct {
    struct {
      const char *raw;
      int operands[3];
    } steps[4];
  } cases[] = {
      {{{"AddV2", {A, B}}, {"Sub", {FIRST, A}}}},
      {{{"Sub", {A, B}}, {"AddV2", {FIRST, B}}}},
      {{{"AddV2", {A, B}}, {"AddV2", {FIRST, C}}, {"Sub", {FIRST + 1, C}}}},
      {{{"Sub", {A, A}}, {"Mul", {FIRST, B}}}},
      {{{"Mul", {A, B}}, {"AddV2", {FIRST, C}}}},
      {{{"Mul", {A, B}}, {"Mul", {A, C}}, {"Sub", {FIRST, FIRST + 1}}}},
      {{{"Reciprocal", {A}}, {"Mul", {FIRST, A}}}},
      {{{"Mul", {A, B}}, {"RealDiv", {FIRST, B}}}},
      {{{"Reciprocal", {A}}, {"Reciprocal", {FIRST}}}},
      {{{"Square", {A}}, {"Sqrt", {FIRST}}}},
      {{{"Exp", {A}}, {"Log", {FIRST}}}},
      {{{"Neg", {A}}, {"AddV2", {A, B}}, {"AddV2", {FIRST, FIRST + 1}}}},
      {{{"Maximum", {A, B}}, {"Minimum", {FIRST, B}}}},
      {{{"Less", {A, B}}, {"SelectV2", {FIRST, B, A}}, {"Neg", {FIRST + 1}}}},
      {{{"AddV2", {A, B}}, {"IsNan", {FIRST}}, {"SelectV2", {FIRST + 1, A, FIRST}}}},
      {{{"Cast", {A}}, {"AddV2", {FIRST, B}}, {"Cast", {FIRST + 1}}}},
  };
  enum { CASES = sizeof cases / sizeof *cases };
  group *groups = test_alloc(CASES * sizeof *groups);
  for (int i = 0; i < CASES; i++) {
    group *g = &groups[i];
    bool casts = strcmp(cases[i].steps[0].raw, "Cast") == 0;
    group_begin(g, EAGER_FLOAT32);
    for (int k = A; k < FIRST; k++)
      group_input(g, casts && k == A ? EAGER_INT32 : EAGER_FLOAT32, some_rows);
    for (int s = 0, last = 0; s < 4 && cases[i].steps[s].raw != NULL; s++) {
      const char *raw = cases[i].steps[s].raw;
      eager_dtype result = gives_bool(raw)   ? EAGER_BOOL
                           : casts && s == 2 ? EAGER_INT32
                                             : EAGER_FLOAT32;
      last = group_step(g, raw, result, cases[i].steps[s].operands, 0);
      if (s == 3 || cases[i].steps[s + 1].raw == NULL) group_output(g, last);
    }
  }
  group_check_all(groups, CASES);
}

/* Kernels are found again by what they are made for: nothing may be left out of it. */
static void groups_that_differ_in_little(void **state) {
  (void)state;
  test_enable();
  static const struct {
    const char *raw;
    double parameter;
    int operands[3], output;
    eager_dtype dtype;
  } cases[] = {
      {"Sub", 0, {0, 1}, 0, EAGER_FLOAT32},
      {"Sub", 0, {1, 0}, 0, EAGER_FLOAT32},
      {"Sub", 0, {1, 0}, 1, EAGER_FLOAT32},
      {"Sub", 0, {0, 1}, 0, EAGER_INT32},
      {"Sub", 0, {0, 1}, 0, EAGER_UINT32},
      {"Mul", 0, {0, 1}, 0, EAGER_FLOAT32},
      {"LeakyRelu", 0.25, {0}, 0, EAGER_FLOAT32},
      {"LeakyRelu", 0.5, {0}, 0, EAGER_FLOAT32},
      {"LeakyRelu", -1e-30, {0}, 0, EAGER_FLOAT32},
      {"LeakyRelu", 0, {0}, 0, EAGER_FLOAT32},
  };
  enum { CASES = sizeof cases / sizeof *cases };
  group *groups = test_alloc(2 * CASES * sizeof *groups);
  int count = 0;
  for (int i = 0; i < 2 * CASES; i++) { /* the second half with another shape */
    group *g = &groups[count++];
    eager_dtype dtype = cases[i % CASES].dtype;
    group_begin(g, dtype);
    group_input(g, dtype, some_rows);
    group_input(g, dtype, i < CASES ? some_rows : (test_shape){1, {21}});
    int first = group_step(g, cases[i % CASES].raw, dtype, cases[i % CASES].operands,
                           cases[i % CASES].parameter);
    int second = group_step(g, "AddV2", dtype, (int[]){first, 1}, 0);
    group_output(g, cases[i % CASES].output ? second : first);
  }
  group_check_all(groups, count);
}

/* --- Casts at the edges --- */

/* From up to four other dtypes, and to as many. */
static void make_casts(group *g, eager_dtype dtype, const eager_dtype *others, int count) {
  int sum = count;
  group_begin(g, dtype);
  for (int k = 0; k < count; k++)
    (void)group_input(g, others[k], k % 2 ? some_rows : (test_shape){1, {21}});
  int x = group_input(g, dtype, some_rows);
  for (int k = 0; k < count; k++) {
    int cast = group_step(g, "Cast", dtype, (int[]){k}, 0);
    sum = group_step(g, "Sub", dtype, (int[]){cast, sum}, 0);
  }
  group_output(g, sum);
  for (int k = 0; k + 1 < count; k++)
    group_output(g, group_step(g, "Cast", others[k], (int[]){x}, 0));
}

/* The one that had no place among those outputs, and what comes from a comparison. */
static void make_last_casts(group *g, eager_dtype dtype, eager_dtype last) {
  group_begin(g, dtype);
  int x = group_input(g, dtype, some_rows), y = group_input(g, dtype, (test_shape){0});
  int less = group_step(g, "Less", EAGER_BOOL, (int[]){x, y}, 0);
  group_output(g, group_step(g, "Cast", last, (int[]){x}, 0));
  group_output(g, group_step(g, "Cast", dtype, (int[]){less}, 0));
  if (last != EAGER_BOOL) group_output(g, group_step(g, "Cast", last, (int[]){less}, 0));
}

static void casts(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  for (int t = 0; t < TEST_DTYPES; t++) {
    eager_dtype dtype = test_dtypes[t], others[4];
    bool wanted = is_full() || (dtype == EAGER_FLOAT32 && !is_compiled_again());
    if (dtype == EAGER_BOOL || !test_tries("Cast", dtype) || !wanted) continue;
    group *groups = test_alloc(TEST_DTYPES * sizeof *groups);
    int count = 0, used = 0;
    for (int d = 0; d < TEST_DTYPES; d++) {
      eager_dtype other = test_dtypes[d];
      if (other != dtype && test_tries("Cast", other)) others[used++] = other;
      if (used == 0 || (used < 4 && d + 1 < TEST_DTYPES)) continue;
      make_casts(&groups[count++], dtype, others, used);
      make_last_casts(&groups[count++], dtype, others[used - 1]);
      used = 0;
    }
    group_check_all(groups, count);
  }
}

/* --- Outputs in place of inputs --- */

static eager_status infer_in_place(eager__call *call) {
  EAGER__TRY(eager__op_fused.infer(call));
  call->outputs[0].view_of = 1; /* but its kernel writes it */
  return EAGER_OK;
}

static void outputs_may_lie_where_inputs_do(void **state) {
  (void)state;
  test_enable();
  eager__op in_place = eager__op_fused;
  in_place.infer = infer_in_place;
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC)); /* nobody waits for an input */
  static const test_shape cases[][2] = {
      {{1, {500}}, {0}},
      {{2, {9, 37}}, {1, {37}}},
      {{2, {9, 37}}, {2, {9, 1}}},
      {{2, {40, 3}}, {1, {3}}},
      {{2, {40, 7}}, {2, {40, 1}}},
      {{2, {3, 20000}}, {2, {3, 1}}},
  };
  enum { CASES = sizeof cases / sizeof *cases };
  for (int i = 0; i < CASES; i++) {
    if (test_is_slow() && test_elements(cases[i][0]) > 500) continue;
    group g;
    test_shape whole = cases[i][0];
    make_group(&g, EAGER_FLOAT32, (test_shape[]){whole, cases[i][1], whole, {0}});
    eager_tensor *values[GROUP_VALUES];
    group_run_steps(&g, values);
    group_compare(&g, &in_place, values);
  }
}

/* --- What may be a step --- */

static void tells_what_may_be_a_step(void **state) {
  (void)state;
  static const struct {
    const char *raw;
    eager_dtype inputs[3], output, expected;
    bool is_given;
    int64_t value;
  } cases[] = {
      {"AddV2", {EAGER_FLOAT16, EAGER_FLOAT16}, EAGER_FLOAT16, EAGER_FLOAT16},
      {"Less", {EAGER_INT8, EAGER_INT8}, EAGER_BOOL, EAGER_INT8},
      {"LogicalNot", {EAGER_BOOL}, EAGER_BOOL, EAGER_BOOL},
      {"Equal", {EAGER_BOOL, EAGER_BOOL}, EAGER_BOOL, EAGER_BOOL},
      {"Equal", {EAGER_INT32, EAGER_INT32}, EAGER_BOOL, EAGER_INT32, true, 1},
      {"Equal", {EAGER_INT32, EAGER_INT32}, EAGER_BOOL, EAGER_DTYPE_INVALID, true, 0},
      {"SelectV2", {EAGER_BOOL, EAGER_INT16, EAGER_INT16}, EAGER_INT16, EAGER_INT16},
      {"SelectV2", {EAGER_BOOL, EAGER_BOOL, EAGER_BOOL}, EAGER_BOOL, EAGER_BOOL},
      {"Div", {EAGER_FLOAT32, EAGER_FLOAT32}, EAGER_FLOAT32, EAGER_FLOAT32},
      {"Div", {EAGER_INT32, EAGER_INT32}, EAGER_INT32, EAGER_DTYPE_INVALID},
      {"Pow", {EAGER_INT32, EAGER_INT32}, EAGER_INT32, EAGER_DTYPE_INVALID},
      {"PopulationCount", {EAGER_INT32}, EAGER_UINT8, EAGER_DTYPE_INVALID},
      {"Softmax", {EAGER_FLOAT32}, EAGER_FLOAT32, EAGER_DTYPE_INVALID},
      {"Cast", {EAGER_BOOL}, EAGER_FLOAT32, EAGER_FLOAT32},
      {"Cast", {EAGER_FLOAT32}, EAGER_BOOL, EAGER_FLOAT32},
      {"Cast", {EAGER_INT64}, EAGER_FLOAT32, EAGER_INT64},
      {"Cast", {EAGER_INT64}, EAGER_INT64, EAGER_DTYPE_INVALID},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const eager__op *op = eager__registry_find(cases[i].raw);
    eager__attr attrs[EAGER__MAX_ATTRS] = {
        {.given = cases[i].is_given, .i = cases[i].value}};
    eager_dtype got = eager__fused_dtype(op, attrs, cases[i].inputs,
                                         eager__op_input_count(op), cases[i].output);
    if (got != cases[i].expected)
      fail_msg("case %zu, %s: %s, expected %s", i, cases[i].raw, eager_dtype_name(got),
               eager_dtype_name(cases[i].expected));
  }
  eager__attr truncates[EAGER__MAX_ATTRS] = {[1] = {.given = true, .i = 1}};
  assert_int_equal(eager__fused_dtype(eager__registry_find("Cast"), truncates,
                                      (eager_dtype[]){EAGER_FLOAT32}, 1, EAGER_FLOAT16),
                   EAGER_DTYPE_INVALID);
  const eager__op *leaky = eager__registry_find("LeakyRelu");
  eager__attr alpha[EAGER__MAX_ATTRS] = {{.given = true, .f = 0.5}};
  assert_true(eager__fused_parameter(leaky, NULL) == 0.2);
  assert_true(eager__fused_parameter(leaky, alpha) == 0.5);
  assert_true(eager__fused_parameter(eager__registry_find("Relu"), NULL) == 0);
}

/* float32: x, int32: n; y = x + x; z = cast n; b = y < z; c = cast y to int32. */
static eager__fused small_group(void) {
  const eager__op *cast = eager__registry_find("Cast");
  return (eager__fused){
      .dtype = EAGER_FLOAT32,
      .input_count = 2,
      .output_count = 2,
      .step_count = 4,
      .inputs = {EAGER_FLOAT32, EAGER_INT32},
      .outputs = {2, 3},
      .steps = {{eager__registry_find("AddV2"), 0, {0, 0}, EAGER_FLOAT32},
                {cast, 0, {1}, EAGER_FLOAT32},
                {eager__registry_find("Less"), 0, {2, 3}, EAGER_BOOL},
                {cast, 0, {2}, EAGER_INT32}},
  };
}

static void refuses_groups_that_are_none(void **state) {
  (void)state;
  eager__fused good = small_group();
  assert_true(eager__fused_is_valid(&good));
  eager__fused bad[8];
  for (int i = 0; i < 8; i++) bad[i] = good;
  bad[0].steps[0].operands[1] = 1; /* int32 without a cast */
  bad[1].steps[2].operands[1] = 4; /* itself */
  bad[2].steps[2].operands[1] = 5; /* a later one */
  bad[3].steps[2].dtype = EAGER_FLOAT32;
  bad[4].outputs[1] = 4;
  bad[5].output_count = 0;
  bad[6].steps[0].dtype = EAGER_INT32;
  bad[7].steps[1].dtype = EAGER_INT8; /* from one edge to another */
  for (int i = 0; i < 8; i++)
    if (eager__fused_is_valid(&bad[i])) fail_msg("group %d is taken for one", i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_what_may_be_a_step),
      cmocka_unit_test(refuses_groups_that_are_none),
      cmocka_unit_test(every_row),
      cmocka_unit_test(broadcasts),
      cmocka_unit_test(broadcasts_by_chance),
      cmocka_unit_test(lengths),
      cmocka_unit_test(many_inputs_and_steps),
      cmocka_unit_test(nothing_is_simplified),
      cmocka_unit_test(groups_that_differ_in_little),
      cmocka_unit_test(casts),
      cmocka_unit_test(outputs_may_lie_where_inputs_do),
  };
  return test_main("ops/fused", tests, sizeof tests / sizeof *tests);
}
