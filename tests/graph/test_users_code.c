/* ctest: devices=pocl-pthread,rusticl labels=threaded */
/* Users' kernels and expressions in graphs: what was recorded runs, whatever becomes of
 * what it was recorded from. */
#include "placing.h"

#include "eagercl/kernel.h"

static const char source[] =
    "typedef struct pair { long first; int second[4]; } pair;\n"
    "__kernel void axpy(__global float *out, const __global float *x, float a,\n"
    "                   const __global float *y) {\n"
    "  int i = get_global_id(0);\n"
    "  out[i] = a * x[i] + y[i];\n"
    "}\n"
    "__kernel void both(const __global int *x, __global int *sum, __global long *wide) {\n"
    "  int i = get_global_id(0) + get_global_size(0) * get_global_id(1);\n"
    "  sum[i] = x[i] + (int)get_local_size(1);\n"
    "  wide[i] = x[i] * 10;\n"
    "}\n"
    "__kernel void backwards(__global int *out, const __global int *x, __local int *w) {\n"
    "  int i = get_local_id(0), n = get_local_size(0);\n"
    "  w[n - 1 - i] = x[get_global_id(0)];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  out[get_global_id(0)] = w[i];\n"
    "}\n"
    "__kernel void made(__global long *out, char little, pair p, short other) {\n"
    "  out[0] = p.first + little;\n"
    "  out[1] = p.second[0] + p.second[1] + p.second[2] + p.second[3] + other;\n"
    "}\n";

typedef struct pair {
  int64_t first;
  int32_t second[4];
} pair;

enum { MAX_ARGS = 5, MAX_INPUTS = 2, MAX_OUTPUTS = 2 };

#define INPUT                                                                              \
  { EAGER_KERNEL_INPUT }
#define OUTPUT(dtype, rank, ...)                                                           \
  {                                                                                        \
    EAGER_KERNEL_OUTPUT, NULL, NULL, 0, (dtype), (rank), (const int64_t[]) {               \
      __VA_ARGS__                                                                          \
    }                                                                                      \
  }
#define VALUE(type, ...)                                                                   \
  { EAGER_KERNEL_VALUE, NULL, &(const type){__VA_ARGS__}, sizeof(type), 0, 0, NULL }

typedef struct trial {
  const char *entry;
  eager_dtype dtype; /* of the inputs */
  int input_count, output_count, work_dims, arg_count;
  test_shape shape; /* of each input */
  size_t global[3], local[3];
  eager_kernel_arg args[MAX_ARGS];
  const char *told; /* by a dump */
} trial;

static const trial trials[] = {
    {"axpy",
     EAGER_FLOAT32,
     2,
     1,
     1,
     4,
     {1, {6}},
     {6},
     {0},
     {OUTPUT(EAGER_FLOAT32, 1, 6), INPUT, VALUE(float, 2.5f), INPUT},
     "axpy(x:0, x_1:0) float32[6] {global=[6], "
     "args=[output,input,4 bytes,input]}"},
    {"both",
     EAGER_INT32,
     1,
     2,
     2,
     3,
     {2, {2, 3}},
     {3, 2},
     {1, 2},
     {INPUT, OUTPUT(EAGER_INT32, 2, 2, 3), OUTPUT(EAGER_INT64, 1, 6)},
     "both(x:0) int32[2,3], int64[6] {global=[3,2], local=[1,2], "
     "args=[input,output,output]}"},
    {"backwards",
     EAGER_INT32,
     1,
     1,
     1,
     3,
     {1, {12}},
     {12},
     {4},
     {OUTPUT(EAGER_INT32, 1, 12), INPUT, {EAGER_KERNEL_LOCAL, .size = 16}},
     "backwards(x:0) int32[12] {global=[12], local=[4], "
     "args=[output,input,local 16]}"},
    {"made", /* of nothing; its values are not aligned alike */
     EAGER_INT32,
     0,
     1,
     1,
     4,
     {0},
     {1},
     {0},
     {OUTPUT(EAGER_INT64, 1, 2), VALUE(int8_t, 5),
      VALUE(pair, -((int64_t)1 << 40), {1, 2, 3, 4}), VALUE(int16_t, 300)},
     "made() int64[2] {global=[1], args=[output,1 bytes,24 bytes,2 bytes]}"},
};
enum { TRIALS = sizeof trials / sizeof *trials };

/* --- A run whose arguments are gone when it returns --- */

static eager_status run(const trial *t, eager_kernel *k, eager_tensor *const *in,
                        eager_tensor **out) {
  size_t global[3], local[3];
  eager_kernel_arg args[MAX_ARGS];
  char bytes[MAX_ARGS][64];
  int next = 0;
  memcpy(global, t->global, sizeof global);
  memcpy(local, t->local, sizeof local);
  memcpy(args, t->args, sizeof args);
  for (int i = 0; i < t->arg_count; i++) {
    if (args[i].kind == EAGER_KERNEL_INPUT) args[i].tensor = in[next++];
    if (args[i].value) args[i].value = memcpy(bytes[i], args[i].value, args[i].size);
    size_t size = args[i].rank <= EAGER__MAX_RANK ? (size_t)args[i].rank * 8 : 0;
    if (args[i].dims) args[i].dims = memcpy(bytes[i], args[i].dims, size);
  }
  eager_status status =
      eager_kernel_run(k, t->work_dims, global, t->local[0] ? local : NULL, args,
                       (size_t)t->arg_count, out, (size_t)t->output_count);
  memset(global, 0xA5, sizeof global);
  memset(local, 0xA5, sizeof local);
  memset(args, 0xA5, sizeof args);
  memset(bytes, 0xA5, sizeof bytes);
  return status;
}

static eager_kernel *new_kernel(const char *entry) {
  eager_kernel *k;
  assert_ok(eager_kernel_new(source, entry, NULL, &k));
  return k;
}

/* --- What runs of one graph share --- */

typedef struct model {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *in[16], *out[MAX_OUTPUTS];
  int input_count, output_count;
} model;

static void begin_model(model *m) {
  *m = (model){0};
  assert_ok(eager_graph_new(&m->graph));
  assert_ok(eager_graph_begin(m->graph));
}

static void add_input(model *m, eager_dtype dtype, test_shape shape, bool known) {
  for (int i = 0; i < shape.rank; i++)
    if (!known) shape.dims[i] = -1;
  assert_ok(
      eager_placeholder(dtype, shape.rank, shape.dims, "x", &m->in[m->input_count++]));
}

static void end_model(model *m) {
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(m->graph, NULL, &m->session));
}

static void drop(model *m) {
  for (int i = 0; i < m->input_count; i++) eager_tensor_release(m->in[i]);
  for (int i = 0; i < m->output_count; i++) eager_tensor_release(m->out[i]);
  eager_session_release(m->session);
  eager_graph_release(m->graph);
}

static void *read_bytes(const eager_tensor *t) {
  size_t size = eager_tensor_byte_size(t);
  void *bytes = test_alloc(size + 1);
  assert_ok(eager_tensor_to_host(t, bytes, size));
  return bytes;
}

static void expect_same(const eager_tensor *got, const eager_tensor *wanted,
                        const char *what) {
  size_t size = eager_tensor_byte_size(wanted);
  if (eager_tensor_dtype(got) != eager_tensor_dtype(wanted) ||
      eager_tensor_byte_size(got) != size ||
      memcmp(read_bytes(got), read_bytes(wanted), size) != 0)
    fail_msg("%s: from a graph it is another one", what);
}

/* In both modes what was computed eagerly. */
static void expect_runs(const model *m, eager_tensor *const *values,
                        eager_tensor *const *wanted, const char *what) {
  eager_tensor *got[MAX_OUTPUTS];
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    assert_ok(eager_session_run(m->session, m->in, values, (size_t)m->input_count, m->out,
                                (size_t)m->output_count, got));
    for (int i = 0; i < m->output_count; i++) {
      expect_same(got[i], wanted[i], what);
      eager_tensor_release(got[i]);
    }
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

/* Of the last node, without its name. */
static void expect_told(const model *m, const char *told) {
  char *text;
  assert_ok(eager_graph_dump(m->graph, EAGER_GRAPH_TEXT, &text));
  size_t size = strlen(text), wanted = strlen(told);
  if (size <= wanted || strncmp(text + size - wanted - 1, told, wanted) != 0)
    fail_msg("the last line is not %s:\n%s", told, text);
  eager_free(text);
}

/* --- Kernels --- */

static void record(const trial *t, eager_kernel *k, bool known, model *m) {
  begin_model(m);
  for (int i = 0; i < t->input_count; i++) add_input(m, t->dtype, t->shape, known);
  assert_ok(run(t, k, m->in, m->out));
  m->output_count = t->output_count;
  end_model(m);
}

static void kernels_run_as_eagerly(void **state) {
  (void)state;
  test_enable();
  for (int i = 0; i < TRIALS; i++) {
    const trial *t = &trials[i];
    eager_kernel *k = new_kernel(t->entry);
    eager_tensor *values[MAX_INPUTS], *wanted[MAX_OUTPUTS];
    for (int n = 0; n < t->input_count; n++) {
      double *x = test_random_values(t->dtype, test_elements(t->shape), -50, 50);
      values[n] = n ? test_view(t->dtype, t->shape, x, 3) /* it is copied first */
                    : test_tensor(t->dtype, t->shape, x);
    }
    assert_ok(run(t, k, values, wanted));
    model known, unknown;
    record(t, k, true, &known);
    record(t, k, false, &unknown);
    eager_kernel_release(k);
    expect_told(&known, t->told);
    expect_runs(&known, values, wanted, t->entry);
    expect_runs(&unknown, values, wanted, t->entry);
    for (int n = 0; n < t->input_count; n++) eager_tensor_release(values[n]);
    for (int n = 0; n < t->output_count; n++) eager_tensor_release(wanted[n]);
    drop(&known);
    drop(&unknown);
  }
}

/* Captured tensors, other nodes before and behind, the scope's device. */
static void kernels_stand_among_ops(void **state) {
  (void)state;
  test_enable();
  const char *other =
      test_has_other_context() ? test_device_other_context() : test_device_same_context();
  eager_kernel *k = new_kernel("axpy");
  const trial *t = &trials[0];
  double values[] = {1, 2, 3, 4, 5, 6}, sums[6];
  eager_tensor *captured = test_view(EAGER_FLOAT32, t->shape, values, 2), *negative, *sum;
  model m;
  begin_model(&m);
  add_input(&m, EAGER_FLOAT32, t->shape, false);
  assert_ok(eager_negative(m.in[0], &negative));
  assert_ok(eager_push_device(other));
  assert_ok(run(t, k, (eager_tensor *[]){negative, captured}, &sum));
  assert_ok(eager_pop_device());
  assert_ok(eager_add(sum, m.in[0], &m.out[0]));
  m.out[1] = sum;
  m.output_count = 2;
  end_model(&m);
  eager_kernel_release(k);
  eager_tensor_release(captured);
  eager_tensor_release(negative);
  eager_tensor *value = placing_values(test_device(), 6, values), *got[2];
  assert_ok(eager_session_run(m.session, m.in, &value, 1, m.out, 2, got));
  assert_string_equal(eager_tensor_device(got[1]), placing_full_name(other));
  for (int i = 0; i < 6; i++) sums[i] = -2.5 * values[i] + 2 * values[i];
  placing_expect(got[0], 6, sums);
  for (int i = 0; i < 2; i++) eager_tensor_release(got[i]);
  eager_tensor_release(value);
  drop(&m);
}

/* What can be seen without a device is refused when it is recorded, as eagerly. */
static void kernels_are_refused_alike(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("axpy");
  trial cases[5];
  for (int i = 0; i < 5; i++) cases[i] = trials[0];
  cases[0].work_dims = 4;
  cases[1].local[0] = 4;
  cases[2].output_count = 2;
  cases[3].args[2].size = 0;
  cases[4].args[0].rank = 9;
  static const char *const texts[] = {
      "work_dims must be 1, 2 or 3, got 4 [Op:axpy]",
      "local[0], 4, does not divide global[0], 6 [Op:axpy]",
      "args have 1 outputs, but there is room for 2 [Op:axpy]",
      "argument #2(zero-based) is a value: value is NULL or size 0 [Op:axpy]",
      "rank must be from 0 to 8, got 9 [Op:axpy]"};
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 6), *out[2];
  model m;
  begin_model(&m);
  add_input(&m, EAGER_FLOAT32, trials[0].shape, true);
  assert_ok(eager_graph_end());
  for (int recorded = 0; recorded < 2; recorded++)
    for (int i = 0; i < 5; i++) {
      eager_tensor *in = recorded ? m.in[0] : value;
      if (recorded) assert_ok(eager_graph_begin(m.graph));
      assert_fails(run(&cases[i], k, (eager_tensor *[]){in, in}, out),
                   EAGER_INVALID_ARGUMENT, texts[i]);
      if (recorded) assert_ok(eager_graph_end());
      assert_null(out[0]);
    }
  assert_fails(run(&trials[0], k, (eager_tensor *[]){m.in[0], value}, out),
               EAGER_FAILED_PRECONDITION,
               "input #0(zero-based) of axpy, `input`, x:0 is symbolic: run it "
               "in a session [Op:axpy]");
  eager_tensor_release(value);
  eager_kernel_release(k);
  drop(&m);
}

/* What a device or its compiler says comes when it runs, with the node's name. */
static void kernels_fail_when_run(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("axpy");
  trial fewer = trials[0];
  fewer.arg_count = 3; /* without y */
  fewer.input_count = 1;
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 6), *out;
  model m;
  record(&fewer, k, false, &m);
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    assert_fails(eager_session_run(m.session, m.in, &value, 1, m.out, 1, &out),
                 EAGER_INVALID_ARGUMENT,
                 "kernel axpy takes 4 arguments, got 3 [Op:axpy] (node axpy_1)");
    assert_null(out);
  }
  eager_tensor_release(value);
  eager_kernel_release(k);
  drop(&m);
}

static const char *run_often(int i, void *argument) {
  model *m = argument;
  float values[6], got[6];
  eager_tensor *x, *out;
  for (int e = 0; e < 6; e++) values[e] = (float)(i * 6 + e);
  const char *wrong =
      test_failure(eager_tensor_from_host(EAGER_FLOAT32, 1, (int64_t[]){6}, values, &x));
  for (int k = 0; k < 10 && wrong == NULL; k++) {
    wrong = test_failure(
        eager_session_run(m->session, m->in, (eager_tensor *[]){x, x}, 2, m->out, 1, &out));
    if (wrong == NULL) wrong = test_failure(eager_tensor_to_host(out, got, sizeof got));
    for (int e = 0; e < 6 && wrong == NULL; e++)
      if (got[e] != 3.5f * values[e]) wrong = "another sum";
    eager_tensor_release(out);
  }
  eager_tensor_release(x);
  return wrong;
}

static void threads_run_a_kernel_at_once(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("axpy");
  model m;
  record(&trials[0], k, true, &m);
  eager_kernel_release(k);
  test_threads(4, run_often, &m);
  drop(&m);
}

/* --- Expressions --- */

/* Input i of `count`: one element, a row, a column, all, by turns. */
static test_shape shape_of(int i) {
  static const test_shape shapes[] = {{2, {3, 4}}, {0}, {1, {4}}, {2, {3, 1}}};
  return shapes[i % 4];
}

/* The weighted sum of all, over two lines and with a quote. */
static void write_sum(int count, char *text) {
  text += sprintf(text, "0 /* a \"sum\" */\n");
  for (int i = 0; i < count; i++) text += sprintf(text, " + %d * %c", i + 1, 'a' + i);
}

static void expressions_run_as_eagerly(void **state) {
  (void)state;
  test_enable();
  static const int counts[] = {1, 3, 4, 16};
  for (int c = 0; c < 4; c++) {
    eager_tensor *values[16], *wanted;
    char expression[256];
    size_t count = (size_t)counts[c];
    for (int i = 0; i < counts[c]; i++) {
      double *x = test_random_values(EAGER_INT16, test_elements(shape_of(i)), -9, 9);
      values[i] = test_view(EAGER_FLOAT32, shape_of(i), x, i % 2);
    }
    write_sum(counts[c], expression);
    assert_ok(eager_elementwise(expression, values, count, &wanted));
    for (int known = 0; known < 2; known++) {
      model m;
      begin_model(&m);
      for (int i = 0; i < counts[c]; i++) add_input(&m, EAGER_FLOAT32, shape_of(i), known);
      write_sum(counts[c], expression);
      assert_ok(eager_elementwise(expression, m.in, count, &m.out[0]));
      memset(expression, 'x', sizeof expression);
      m.output_count = 1;
      end_model(&m);
      expect_runs(&m, values, &wanted, test_text("%d inputs", counts[c]));
      if (counts[c] == 1)
        expect_told(&m, test_text("Elementwise(x:0) float32[%s] "
                                  "{expression=0 /* a \"sum\" */  + 1 * a}",
                                  known ? "3,4" : "?,?"));
      drop(&m);
    }
    for (int i = 0; i < counts[c]; i++) eager_tensor_release(values[i]);
    eager_tensor_release(wanted);
  }
}

static void expressions_are_refused(void **state) {
  (void)state;
  test_enable();
  model m;
  eager_tensor *in[17], *out, *value = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  begin_model(&m);
  add_input(&m, EAGER_FLOAT32, (test_shape){1, {3}}, false);
  add_input(&m, EAGER_INT32, (test_shape){1, {3}}, false);
  for (int i = 0; i < 17; i++) in[i] = m.in[0];
  assert_fails(eager_elementwise("a", in, 17, &out), EAGER_INVALID_ARGUMENT,
               "an expression has at most 16 inputs, got 17 [Op:Elementwise]");
  assert_fails(eager_elementwise("", in, 1, &out), EAGER_INVALID_ARGUMENT,
               "the expression is NULL or empty [Op:Elementwise]");
  assert_fails_like(eager_elementwise("a + b", m.in, 2, &out), EAGER_INVALID_ARGUMENT,
                    "was expected to be a float tensor but is a int32 tensor");
  assert_ok(eager_elementwise("a +\nnothing(a)", in, 1, &m.out[0]));
  m.output_count = 1;
  end_model(&m);
  assert_fails_like(eager_session_run(m.session, m.in, &value, 1, m.out, 1, &out),
                    EAGER_INVALID_ARGUMENT, "    2 | nothing(a)\n");
  assert_non_null(strstr(eager_error_message(), " [Op:Elementwise] (node Elementwise_2)"));
  assert_null(out);
  eager_tensor_release(value);
  drop(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_run_as_eagerly),
      cmocka_unit_test(kernels_stand_among_ops),
      cmocka_unit_test(kernels_are_refused_alike),
      cmocka_unit_test(kernels_fail_when_run),
      cmocka_unit_test(threads_run_a_kernel_at_once),
      cmocka_unit_test(expressions_run_as_eagerly),
      cmocka_unit_test(expressions_are_refused),
  };
  return test_main("graph/users_code", tests, sizeof tests / sizeof *tests);
}
