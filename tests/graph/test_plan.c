/* ctest: devices=pocl-basic,rusticl */
/* What a plan makes of a graph: what is computed at all, in how many kernels, and where
 * values lie. eager_session_dump tells; values are compared with eager ones. */
#include <string.h>

#include "placing.h"

typedef struct model {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *x; /* float32 [2,3] */
} model;

static model begin(void) {
  model m;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  assert_ok(eager_graph_new(&m.graph));
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){2, 3}, "x", &m.x));
  return m;
}

static void end(model *m) {
  eager_session_release(m->session);
  eager_tensor_release(m->x);
  eager_graph_release(m->graph);
}

/* Runs what the body makes of x, here and eagerly, and compares. */
typedef void body(eager_tensor *x, eager_tensor **out);

static char *plan_of(model *m, body *make) {
  static const float values[] = {1, -2, 3, -0.0f, 5, -6};
  float here[64], there[64];
  eager_tensor *x, *y, *got, *expected;
  char *text;
  make(m->x, &y);
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(m->graph, NULL, &m->session));
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 2, (int64_t[]){2, 3}, values, &x));
  make(x, &expected);
  size_t size = eager_tensor_byte_size(expected);
  assert_true(size <= sizeof here);
  assert_ok(eager_tensor_to_host(expected, there, size));
  for (int again = 0; again < 3; again++) {
    assert_ok(eager_session_run(m->session, &m->x, &x, 1, &y, 1, &got));
    memset(here, 77, sizeof here);
    assert_ok(eager_tensor_to_host(got, here, size));
    assert_memory_equal(here, there, size);
    eager_tensor_release(got);
  }
  assert_ok(eager_session_dump(m->session, EAGER_GRAPH_TEXT, &text));
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_tensor_release(expected);
  return text;
}

static int count(const char *text, const char *what) {
  int found = 0;
  for (; (text = strstr(text, what)); text += strlen(what)) found++;
  return found;
}

/* `takes` many commands, and these ops among what the plan does. */
static void expect_plan(body *make, int takes, const char *const *ops) {
  char commands[32];
  model m = begin();
  char *text = plan_of(&m, make);
  snprintf(commands, sizeof commands, " %d commands", takes);
  if (takes ? count(text, commands) != 1 : count(text, " commands") != 0)
    fail_msg("not %d commands:\n%s", takes, text);
  while (*ops) {
    int wanted = 0;
    const char *what = *ops;
    for (; *ops && strcmp(*ops, what) == 0; ops++) wanted++;
    if (count(text, what) != wanted) fail_msg("not %d of %s:\n%s", wanted, what, text);
  }
  eager_free(text);
  end(&m);
}

/* --- Bodies --- */

static eager_tensor *scalar(float value) {
  eager_tensor *t;
  assert_ok(eager_scalar_float32(value, &t));
  return t;
}

/* Releases a. */
static eager_tensor *times(eager_tensor *a, float by) {
  eager_tensor *b = scalar(by), *out;
  assert_ok(eager_multiply(a, b, &out));
  eager_tensor_release(a);
  eager_tensor_release(b);
  return out;
}

static eager_tensor *sum_of(eager_tensor *a, eager_tensor *b) {
  eager_tensor *out;
  assert_ok(eager_add(a, b, &out));
  eager_tensor_release(a);
  eager_tensor_release(b);
  return out;
}

static eager_tensor *held(eager_tensor *t) {
  eager_tensor_retain(t);
  return t;
}

static eager_tensor *running(eager_tensor *a) {
  eager_tensor *out;
  assert_ok(eager_cumsum(a, 1, false, false, &out));
  eager_tensor_release(a);
  return out;
}

static void twins(eager_tensor *x, eager_tensor **out) {
  *out = sum_of(running(times(held(x), 2)), running(times(held(x), 2)));
}

static void chain(eager_tensor *x, eager_tensor **out) {
  eager_tensor *a = times(held(x), 3);
  assert_ok(eager_relu(a, out));
  eager_tensor_release(a);
  *out = sum_of(*out, held(x));
}

static void neutral(eager_tensor *x, eager_tensor **out) {
  eager_tensor *minus, *none = scalar(-0.0f), *sum;
  assert_ok(eager_negative(x, &minus));
  assert_ok(eager_negative(minus, &sum));
  eager_tensor_release(minus);
  *out = running(times(sum_of(sum, none), 1));
}

/* x + 0 is no x: of -0 it is 0. */
static void not_neutral(eager_tensor *x, eager_tensor **out) {
  *out = running(sum_of(held(x), scalar(0)));
}

static void constants(eager_tensor *x, eager_tensor **out) {
  eager_tensor *six = times(times(scalar(1), 2), 3);
  *out = running(sum_of(six, held(x)));
}

static void only_constants(eager_tensor *x, eager_tensor **out) {
  (void)x;
  *out = times(times(scalar(7), 2), 3);
}

/* Looked at as a column, moved, and looked at as rows again. */
static void views(eager_tensor *x, eager_tensor **out) {
  eager_tensor *column, *moved;
  assert_ok(eager_reshape(x, 2, (int64_t[]){6, 1}, &column));
  assert_ok(eager_cumsum(column, 0, false, false, &moved));
  assert_ok(eager_reshape(moved, 2, (int64_t[]){2, 3}, out));
  eager_tensor_release(column);
  eager_tensor_release(moved);
  *out = times(*out, 0.5f);
}

static void line(eager_tensor *x, eager_tensor **out) {
  *out = running(running(running(running(held(x)))));
}

/* --- Tests --- */

static void equal_ops_run_once(void **state) {
  (void)state;
  expect_plan(twins, 3, (const char *[]){"= Mul(", "= Cumsum(", "= AddV2(", NULL});
}

static void elementwise_ops_are_one_kernel(void **state) {
  (void)state;
  expect_plan(chain, 1,
              (const char *[]){"one kernel:", "= Mul(", "= Relu(", "= AddV2(",
                               "in registers", "in registers", "in result 0", NULL});
}

static void what_changes_nothing_is_left_out(void **state) {
  (void)state;
  expect_plan(neutral, 1, (const char *[]){"= Cumsum(v0)", NULL});
  expect_plan(not_neutral, 2, (const char *[]){"= AddV2(", "= Cumsum(", NULL});
}

static void constants_are_computed_once(void **state) {
  (void)state;
  expect_plan(constants, 2, (const char *[]){"= AddV2(", "= Cumsum(", NULL});
  expect_plan(only_constants, 0, (const char *[]){NULL});
}

static void views_cost_nothing(void **state) {
  (void)state;
  expect_plan(views, 2, (const char *[]){"= Cumsum(v0)", "= Mul(", NULL});
}

/* Every other one lies where the result will. */
static void memory_is_shared(void **state) {
  (void)state;
  expect_plan(line, 4,
              (const char *[]){"arena 256 bytes (48 live at once)", "at 0,", "at 0,",
                               "in result 0", "in result 0", NULL});
}

static void dumps_are_asked_for_properly(void **state) {
  (void)state;
  model m = begin();
  char *text = plan_of(&m, chain), *dot = "";
  eager_free(text);
  assert_ok(eager_session_dump(m.session, EAGER_GRAPH_DOT, &dot));
  assert_true(strstr(dot, "digraph {") == dot);
  assert_int_equal(count(dot, "{"), count(dot, "}"));
  assert_int_equal(count(dot, "label=\"one kernel\""), 1);
  eager_free(dot);
  assert_fails(eager_session_dump(m.session, (eager_graph_format)9, &text),
               EAGER_INVALID_ARGUMENT, "format must be one of EAGER_GRAPH_*, got 9");
  assert_null(text);
  assert_fails(eager_session_dump(m.session, EAGER_GRAPH_TEXT, NULL),
               EAGER_INVALID_ARGUMENT, "out_text is NULL");
  assert_fails(eager_session_dump(NULL, EAGER_GRAPH_TEXT, &text), EAGER_INVALID_ARGUMENT,
               "eager_session_dump: the session is NULL");
  end(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_ops_run_once),
      cmocka_unit_test(elementwise_ops_are_one_kernel),
      cmocka_unit_test(what_changes_nothing_is_left_out),
      cmocka_unit_test(constants_are_computed_once),
      cmocka_unit_test(views_cost_nothing),
      cmocka_unit_test(memory_is_shared),
      cmocka_unit_test(dumps_are_asked_for_properly),
  };
  return test_main("graph/plan", tests, sizeof tests / sizeof *tests);
}
