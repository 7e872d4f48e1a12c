/* ctest: devices=pocl-basic,oclgrind */
/* A graph as people read it. */
#include "placing.h"

static eager_graph *make(void) {
  eager_graph *g;
  eager_tensor *x, *two, *y, *sum, *parts[2], *scalar;
  static const int64_t dims[] = {-1, 4}, axis[] = {1}, sizes[] = {1, 3};
  test_enable();
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, dims, "an \"x\"", &x));
  assert_ok(eager_scalar_float32(2, &two));
  assert_ok(eager_multiply(x, two, &y));
  assert_ok(eager_push_device(test_device()));
  assert_ok(eager_reduce_sum(y, axis, 1, true, &sum));
  assert_ok(eager_pop_device());
  assert_ok(eager_split_v(y, sizes, 2, 1, parts));
  assert_ok(eager_reshape(two, 0, NULL, &scalar));
  assert_ok(eager_graph_end());
  eager_tensor *all[] = {x, two, y, sum, parts[0], parts[1], scalar};
  for (int i = 0; i < 7; i++) eager_tensor_release(all[i]);
  return g;
}

static void expect(eager_graph *g, eager_graph_format format, const char *expected) {
  char *text;
  assert_ok(eager_graph_dump(g, format, &text));
  if (strcmp(text, expected) != 0) fail_msg("got\n%sin place of\n%s", text, expected);
  eager_free(text);
}

static void text_has_a_line_for_each_node(void **state) {
  (void)state;
  eager_graph *g = make();
  expect(g, EAGER_GRAPH_TEXT,
         test_text("an \"x\" = Placeholder() float32[?,4]\n"
                   "Const_1 = Const() float32[]\n"
                   "Mul_2 = Mul(an \"x\":0, Const_1:0) float32[?,4]\n"
                   "Sum_3 = Sum(Mul_2:0) float32[?,1] {axis=[1], keep_dims=true} on %s\n"
                   "SplitV_4 = SplitV(Mul_2:0) float32[?,1], float32[?,3] "
                   "{size_splits=[1,3], axis=1}\n"
                   "Reshape_5 = Reshape(Const_1:0) float32[] {shape=[]}\n",
                   test_device()));
  eager_graph_release(g);
}

static void dot_has_nodes_and_edges(void **state) {
  (void)state;
  eager_graph *g = make();
  expect(g, EAGER_GRAPH_DOT,
         test_text(
             "digraph {\n"
             "  n0 [shape=ellipse, label=\"an \\\"x\\\"\\nPlaceholder\"];\n"
             "  n1 [shape=ellipse, label=\"Const_1\\nConst\"];\n"
             "  n2 [shape=box, label=\"Mul_2\\nMul\"];\n"
             "  n3 [shape=box, label=\"Sum_3\\nSum {axis=[1], keep_dims=true}\\n%s\"];\n"
             "  n4 [shape=box, label=\"SplitV_4\\nSplitV {size_splits=[1,3], axis=1}\"];\n"
             "  n5 [shape=box, label=\"Reshape_5\\nReshape {shape=[]}\"];\n"
             "  n0 -> n2 [label=\"float32[?,4]\"];\n"
             "  n1 -> n2 [label=\"float32[]\"];\n"
             "  n2 -> n3 [label=\"float32[?,4]\"];\n"
             "  n2 -> n4 [label=\"float32[?,4]\"];\n"
             "  n1 -> n5 [label=\"float32[]\"];\n"
             "}\n",
             test_device()));
  eager_graph_release(g);
}

static void requests_are_checked(void **state) {
  (void)state;
  eager_graph *g = make();
  char *text;
  assert_fails(eager_graph_dump(g, (eager_graph_format)7, &text), EAGER_INVALID_ARGUMENT,
               "format must be one of EAGER_GRAPH_*, got 7");
  assert_null(text);
  eager_graph_release(g);
  assert_ok(eager_graph_new(&g));
  expect(g, EAGER_GRAPH_TEXT, "");
  expect(g, EAGER_GRAPH_DOT, "digraph {\n}\n");
  eager_graph_release(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_has_a_line_for_each_node),
      cmocka_unit_test(dot_has_nodes_and_edges),
      cmocka_unit_test(requests_are_checked),
  };
  return test_main("graph/dump", tests, sizeof tests / sizeof *tests);
}
