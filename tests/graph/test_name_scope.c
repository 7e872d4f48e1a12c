/* ctest: devices=pocl-pthread labels=threaded */
/* eager_name_scope_begin and _end: what nodes recorded between them are called. */
#include "placing.h"

#include "eagercl/kernel.h"

/* A test that failed may have left a scope open. */
static eager_graph *begin(void) {
  eager_graph *g;
  test_enable();
  while (eager_graph_end() == EAGER_OK) continue;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  return g;
}

static eager_tensor *input(const char *name) {
  eager_tensor *t;
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, (int64_t[]){2}, name, &t));
  return t;
}

static void expect_name(const eager_tensor *t, const char *name) {
  assert_int_equal(eager_tensor_poll(t), EAGER_FAILED);
  assert_string_equal(eager_error_message(),
                      test_text("the tensor %s:0 is symbolic: run it in a session", name));
}

/* Of the name of a placeholder recorded now. */
static void expect_prefix(const char *prefix) {
  static int count;
  eager_tensor *t = input(test_text("t%d", ++count));
  expect_name(t, test_text("%st%d", prefix, count));
  eager_tensor_release(t);
}

static void expect_dump(eager_graph *g, eager_graph_format format, const char *expected) {
  char *text;
  assert_ok(eager_graph_dump(g, format, &text));
  if (strcmp(text, expected) != 0) fail_msg("got\n%sin place of\n%s", text, expected);
  eager_free(text);
}

/* --- What has the name --- */

typedef struct model {
  eager_graph *graph;
  eager_tensor *x, *y; /* y = -(x + captured + 1), in scopes */
} model;

static model make(void) {
  model m = {begin(), NULL, NULL};
  eager_tensor *captured, *one, *sum, *twice;
  m.x = input("x");
  assert_ok(eager_graph_end());
  captured = placing_tensor(test_device(), EAGER_FLOAT32, 2);
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_name_scope_begin("outer"));
  assert_ok(eager_add(m.x, captured, &sum));
  assert_ok(eager_name_scope_begin("inner"));
  assert_ok(eager_scalar_float32(1, &one));
  assert_ok(eager_add(sum, one, &twice));
  assert_ok(eager_name_scope_end());
  assert_ok(eager_negative(twice, &m.y));
  assert_ok(eager_name_scope_end());
  assert_ok(eager_graph_end());
  eager_tensor *all[] = {captured, one, sum, twice};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
  return m;
}

static void drop(model *m) {
  eager_tensor_release(m->x);
  eager_tensor_release(m->y);
  eager_graph_release(m->graph);
}

static void every_node_has_it(void **state) {
  (void)state;
  model m = make();
  expect_name(m.y, "outer/Neg_5");
  expect_dump(m.graph, EAGER_GRAPH_TEXT,
              "x = Placeholder() float32[2]\n"
              "outer/Captured_1 = Const() float32[2]\n"
              "outer/AddV2_2 = AddV2(x:0, outer/Captured_1:0) float32[2]\n"
              "outer/inner/Const_3 = Const() float32[]\n"
              "outer/inner/AddV2_4 = AddV2(outer/AddV2_2:0, outer/inner/Const_3:0) "
              "float32[2]\n"
              "outer/Neg_5 = Neg(outer/inner/AddV2_4:0) float32[2]\n");
  drop(&m);
}

static void failures_tell_it(void **state) {
  (void)state;
  eager_graph *g = begin();
  eager_session *s;
  eager_tensor *x = input("x"), *y, *rows, *out;
  assert_ok(eager_name_scope_begin("lookup"));
  assert_ok(eager_placeholder(EAGER_INT32, 1, (int64_t[]){1}, "rows", &rows));
  assert_ok(eager_gather(x, rows, 0, &y));
  assert_ok(eager_name_scope_end());
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 2), *index;
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, (int64_t[]){1}, (int32_t[]){7}, &index));
  assert_fails(eager_session_run(s, &x, &value, 1, &y, 1, &out), EAGER_INVALID_ARGUMENT,
               "placeholder lookup/rows is needed but not fed");
  assert_fails(eager_session_run(s, (eager_tensor *[]){x, rows},
                                 (eager_tensor *[]){value, index}, 2, &y, 1, &out),
               EAGER_INVALID_ARGUMENT,
               "indices[0] is not in [0, 2) [Op:GatherV2] (node lookup/GatherV2_2)");
  eager_tensor *all[] = {x, y, rows, value, index};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  eager_graph_release(g);
}

static void pictures_have_boxes(void **state) {
  (void)state;
  model m = make();
  expect_dump(m.graph, EAGER_GRAPH_DOT,
              "digraph {\n"
              "  n0 [shape=ellipse, label=\"x\\nPlaceholder\"];\n"
              "  subgraph \"cluster_outer\" {\n"
              "  label=\"outer\";\n"
              "  n1 [shape=ellipse, label=\"outer/Captured_1\\nConst\"];\n"
              "  n2 [shape=box, label=\"outer/AddV2_2\\nAddV2\"];\n"
              "  subgraph \"cluster_outer/inner\" {\n"
              "  label=\"inner\";\n"
              "  n3 [shape=ellipse, label=\"outer/inner/Const_3\\nConst\"];\n"
              "  n4 [shape=box, label=\"outer/inner/AddV2_4\\nAddV2\"];\n"
              "  }\n"
              "  n5 [shape=box, label=\"outer/Neg_5\\nNeg\"];\n"
              "  }\n"
              "  n0 -> n2 [label=\"float32[2]\"];\n"
              "  n1 -> n2 [label=\"float32[2]\"];\n"
              "  n2 -> n4 [label=\"float32[2]\"];\n"
              "  n3 -> n4 [label=\"float32[]\"];\n"
              "  n4 -> n5 [label=\"float32[2]\"];\n"
              "}\n");
  drop(&m);
}

/* A box belongs to parts of names, not to letters; what is no scope makes none. */
static void boxes_are_those_of_scopes(void **state) {
  (void)state;
  static const char *const paths[] = {"ab/c", "ab/cd", "abc", "ab/c/"};
  eager_graph *g = begin();
  for (int i = 0; i < 4; i++) {
    assert_ok(eager_name_scope_begin(paths[i]));
    eager_tensor_release(input(test_text("p/%d", i)));
    assert_ok(eager_name_scope_end());
  }
  assert_ok(eager_graph_end());
  expect_dump(g, EAGER_GRAPH_DOT,
              "digraph {\n"
              "  subgraph \"cluster_ab\" {\n"
              "  label=\"ab\";\n"
              "  subgraph \"cluster_ab/c\" {\n"
              "  label=\"c\";\n"
              "  n0 [shape=ellipse, label=\"ab/c/p/0\\nPlaceholder\"];\n"
              "  }\n"
              "  subgraph \"cluster_ab/cd\" {\n"
              "  label=\"cd\";\n"
              "  n1 [shape=ellipse, label=\"ab/cd/p/1\\nPlaceholder\"];\n"
              "  }\n"
              "  }\n"
              "  subgraph \"cluster_abc\" {\n"
              "  label=\"abc\";\n"
              "  n2 [shape=ellipse, label=\"abc/p/2\\nPlaceholder\"];\n"
              "  }\n"
              "  subgraph \"cluster_ab\" {\n"
              "  label=\"ab\";\n"
              "  subgraph \"cluster_ab/c\" {\n"
              "  label=\"c\";\n"
              "  n3 [shape=ellipse, label=\"ab/c/p/3\\nPlaceholder\"];\n"
              "  }\n"
              "  }\n"
              "}\n");
  eager_graph_release(g);
}

/* --- Names --- */

/* One after the other: what is opened, within "outer" or not, and what nodes get. */
static void names_are_made_unique(void **state) {
  (void)state;
  static const struct {
    const char *name, *prefix;
    bool inside;
  } cases[] = {
      {"dense", "dense/", false},        {"dense", "dense_1/", false},
      {"dense", "outer_1/dense/", true}, {"dense", "outer_2/dense/", true},
      {"dense_1", "dense_1_1/", false},  {"dense", "dense_2/", false},
      {"dense_3", "dense_3/", false},    {"dense", "dense_4/", false},
      {"dense_1/", "dense_1/", false},   {"dense_1/", "dense_1/", true},
      {"Dense", "Dense/", false},        {"a/b", "a/b/", false},
      {"a/b", "a/b_1/", false},          {"a", "a/", false},
      {"new/", "new/", false},           {"new", "new_1/", false},
      {"_x", "outer_4/_x/", true},       {"-x", "outer_5/-x/", true},
      {".9-_", ".9-_/", false},
  };
  eager_graph *g = begin();
  assert_ok(eager_name_scope_begin("outer"));
  assert_ok(eager_name_scope_end());
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (cases[i].inside) assert_ok(eager_name_scope_begin("outer"));
    assert_ok(eager_name_scope_begin(cases[i].name));
    expect_prefix(cases[i].prefix);
    assert_ok(eager_name_scope_end());
    if (cases[i].inside) assert_ok(eager_name_scope_end());
  }
  expect_prefix("");
  assert_ok(eager_graph_end());
  eager_graph_release(g);
}

static void bad_names_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",    "/",  "/a",    "a//b", "a b", "a:0",
                                    "a\\", "\n", "a\xC3", "//",   "a//"};
  static const char *const not_outermost[] = {"_a", "-a", "_", "-/", "_a/"};
  eager_graph *g = begin();
  for (int depth = 0; depth < 2; depth++) {
    if (depth) assert_ok(eager_name_scope_begin("outer"));
    assert_fails(eager_name_scope_begin(NULL), EAGER_INVALID_ARGUMENT,
                 "eager_name_scope_begin: name is NULL");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
      assert_fails(eager_name_scope_begin(bad[i]), EAGER_INVALID_ARGUMENT,
                   test_text("'%s' is not a valid name scope: it is made of A-Z a-z 0-9 _ "
                             ". - and of / between other characters",
                             bad[i]));
    for (size_t i = 0; i < sizeof not_outermost / sizeof *not_outermost; i++) {
      bool is_whole = strchr(not_outermost[i], '/') != NULL;
      if (depth && !is_whole) continue;
      assert_fails(eager_name_scope_begin(not_outermost[i]), EAGER_INVALID_ARGUMENT,
                   test_text("'%s' is not a valid outermost name scope: it begins with "
                             "A-Z a-z 0-9 or .",
                             not_outermost[i]));
    }
  }
  expect_prefix("outer/"); /* as before */
  assert_ok(eager_graph_end());
  assert_fails_like(eager_name_scope_begin("a b"), EAGER_INVALID_ARGUMENT,
                    "is not a valid name scope"); /* eagerly, too */
  eager_graph_release(g);
}

/* A node's name is another's only once, whoever chose it. */
static void nodes_do_not_share_a_name(void **state) {
  (void)state;
  eager_graph *g = begin();
  eager_tensor *all[4], *sum;
  all[0] = input("a/x");
  assert_ok(eager_name_scope_begin("a"));
  all[1] = input("x");
  expect_name(all[1], "a/x_1");
  all[2] = input("AddV2_3");
  assert_ok(eager_add(all[0], all[1], &sum));
  expect_name(sum, "a/AddV2_4");
  all[3] = sum;
  assert_ok(eager_graph_end());
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
  eager_graph_release(g);
}

/* --- Scopes --- */

static void they_belong_to_a_graph_scope(void **state) {
  (void)state;
  static const char none[] =
      "eager_name_scope_end: no name scope is open in this thread's graph scope";
  eager_graph *g = begin(), *other;
  assert_fails(eager_name_scope_end(), EAGER_FAILED_PRECONDITION, none);
  assert_ok(eager_name_scope_begin("a"));
  expect_prefix("a/");
  assert_ok(eager_graph_new(&other));
  assert_ok(eager_graph_begin(other));
  expect_prefix("");
  assert_fails(eager_name_scope_end(), EAGER_FAILED_PRECONDITION, none);
  assert_ok(eager_name_scope_begin("b"));
  assert_ok(eager_name_scope_begin("c"));
  expect_prefix("b/c/");
  assert_ok(eager_graph_end()); /* they go with it */
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_name_scope_begin("a"));
  expect_prefix("a_1/"); /* of the same graph, but its scope is another */
  assert_ok(eager_graph_end());
  expect_prefix("a/");
  assert_ok(eager_name_scope_end());
  assert_ok(eager_name_scope_begin("d"));
  assert_ok(eager_graph_end());
  assert_fails(eager_name_scope_end(), EAGER_FAILED_PRECONDITION,
               "eager_name_scope_end: no name scope is open in this thread");
  assert_ok(eager_graph_begin(other));
  expect_prefix("");
  assert_ok(eager_graph_end());
  eager_graph_release(g);
  eager_graph_release(other);
}

/* Code that names its parts runs eagerly as well, and what is recorded in it is not in its
 * scopes. */
static void they_change_nothing_eagerly(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 2), *y;
  assert_ok(eager_name_scope_begin("a"));
  assert_ok(eager_name_scope_begin("_b"));
  assert_ok(eager_add(x, x, &y));
  placing_expect(y, 2, (double[]){2, 4});
  eager_graph *g = begin();
  expect_prefix("");
  assert_ok(eager_graph_end());
  assert_ok(eager_name_scope_end());
  assert_ok(eager_name_scope_end());
  assert_fails(eager_name_scope_end(), EAGER_FAILED_PRECONDITION,
               "eager_name_scope_end: no name scope is open in this thread");
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_graph_release(g);
}

/* Each thread has its own, and no two of a graph are alike. Some are left open. */
static const char *record_some(int i, void *graph) {
  eager_tensor *t;
  const char *wrong = test_failure(eager_graph_begin(graph));
  for (int k = 0; k < 10 && wrong == NULL; k++) {
    wrong = test_failure(eager_name_scope_begin("part"));
    if (wrong == NULL)
      wrong = test_failure(eager_placeholder(EAGER_INT32, 0, NULL, "x", &t));
    if (wrong == NULL) eager_tensor_release(t);
    if (wrong == NULL && k < 8) wrong = test_failure(eager_name_scope_end());
  }
  if (wrong == NULL && i > 0) wrong = test_failure(eager_graph_end());
  return wrong;
}

static void threads_have_their_own(void **state) {
  (void)state;
  eager_graph *g = begin();
  char *text;
  assert_ok(eager_graph_end());
  test_threads(4, record_some, g);
  assert_ok(eager_graph_dump(g, EAGER_GRAPH_TEXT, &text));
  int lines = 0, first = 0;
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    assert_memory_equal(line, "part", 4);
    assert_non_null(strstr(line, "/x = ")); /* no x_1: no scope is another one's */
    first += strncmp(line, "part/x ", 7) == 0;
    lines++;
  }
  assert_int_equal(lines, 40);
  assert_int_equal(first, 1);
  eager_free(text);
  eager_graph_release(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_node_has_it),
      cmocka_unit_test(failures_tell_it),
      cmocka_unit_test(pictures_have_boxes),
      cmocka_unit_test(boxes_are_those_of_scopes),
      cmocka_unit_test(names_are_made_unique),
      cmocka_unit_test(bad_names_are_refused),
      cmocka_unit_test(nodes_do_not_share_a_name),
      cmocka_unit_test(they_belong_to_a_graph_scope),
      cmocka_unit_test(they_change_nothing_eagerly),
      cmocka_unit_test(threads_have_their_own),
  };
  return test_main("graph/name_scope", tests, sizeof tests / sizeof *tests);
}
