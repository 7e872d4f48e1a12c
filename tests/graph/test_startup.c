/* ctest: devices=pocl-pthread */
/* semantics.md section 1: graphs in a program that never enables, and the order of the two.
 * Each test has a process of its own. */
#include "placing.h"

static eager_config config(void) {
  return (eager_config){.visible_device_list = test_device()};
}

static void works_without_enabling(void **state) {
  (void)state;
  const char *wanted = test_device();
  eager_config asked = config();
  eager_graph *g;
  eager_session *s;
  eager_tensor *x, *doubled, *constant, *sum, *out, *value;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, (int64_t[]){3}, "x", &x));
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, (int64_t[]){3}, (float[]){10, 20, 30},
                                   &constant));
  assert_ok(eager_add(x, x, &doubled));
  assert_ok(eager_add(doubled, constant, &sum));
  assert_ok(eager_graph_end());
  assert_int_equal(eager_device_count(), 0); /* nothing was looked for */
  assert_fails_like(eager_scalar_float32(1, &out), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
  assert_ok(eager_session_new(g, &asked, &s));
  assert_false(eager_executing_eagerly());
  /* What a session is fed can be made now; ops are still an error. */
  assert_ok(
      eager_tensor_from_host(EAGER_FLOAT32, 1, (int64_t[]){3}, (float[]){1, 2, 3}, &value));
  assert_fails_like(eager_add(value, value, &out), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled: call eager_enable_execution()");
  assert_null(out);
  assert_fails_like(eager_push_device(wanted), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
  assert_ok(eager_synchronize(NULL));
  const eager_device_info *info;
  assert_ok(eager_device_get(0, &info));
  /* Inside a graph's scope all scopes are fine. */
  eager_tensor *late;
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_push_device(wanted));
  assert_ok(eager_tidy_begin());
  assert_ok(eager_negative(x, &late));
  assert_ok(eager_tidy_end());
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  assert_fails_like(eager_tidy_begin(), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
  assert_ok(eager_session_run(s, &x, &value, 1, &sum, 1, &out));
  float got[3];
  assert_ok(eager_tensor_to_host(out, got, sizeof got));
  for (int i = 0; i < 3; i++) assert_true(got[i] == 12 * (float)(i + 1));
  eager_tensor *all[] = {x, doubled, constant, sum, out, value};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  eager_graph_release(g);
}

static void enabling_comes_first(void **state) {
  (void)state;
  static const char text[] =
      "eager execution must be enabled at program startup: a graph was already created or "
      "run (eager_graph_new)";
  eager_config asked = config();
  eager_graph *g;
  eager_session *s;
  assert_ok(eager_graph_new(&g));
  assert_fails(eager_enable_execution(&asked, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_SYNC),
               EAGER_INVALID_ARGUMENT, text);
  assert_ok(eager_session_new(g, &asked, &s));
  assert_fails(eager_enable_execution(&asked, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_SYNC),
               EAGER_INVALID_ARGUMENT, text);
  assert_false(eager_executing_eagerly());
  eager_config other = {.max_in_flight = 77};
  eager_session *refused;
  assert_fails_like(eager_session_new(g, &other, &refused), EAGER_INVALID_ARGUMENT,
                    "a session was already made with other options: max_in_flight");
  eager_session_release(s);
  eager_graph_release(g);
}

/* Both at once is fine in the other order; enabling again still changes nothing. */
static void graphs_come_after(void **state) {
  (void)state;
  eager_config asked = config(), other = {.max_in_flight = 77};
  eager_graph *g;
  eager_session *s, *refused;
  assert_ok(eager_enable_execution(&asked, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_SYNC));
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_enable_execution(&asked, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_SYNC));
  assert_ok(eager_session_new(g, NULL, &s));
  eager_session_release(s);
  assert_ok(eager_session_new(g, &asked, &s));
  assert_fails_like(eager_session_new(g, &other, &refused), EAGER_INVALID_ARGUMENT,
                    "max_in_flight");
  assert_null(refused);
  assert_true(eager_executing_eagerly());
  eager_session_release(s);
  eager_graph_release(g);
}

static void nothing_runs_after_shutdown(void **state) {
  (void)state;
  eager_graph *g;
  eager_session *s, *later;
  eager_tensor *c, *out;
  test_enable();
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_scalar_float32(1, &c));
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  assert_ok(eager_session_run(s, NULL, NULL, 0, &c, 1, &out));
  assert_ok(eager_shutdown());
  eager_tensor_release(out);
  assert_fails(eager_session_run(s, NULL, NULL, 0, &c, 1, &out), EAGER_FAILED_PRECONDITION,
               "eager execution was shut down");
  assert_null(out);
  assert_fails(eager_session_new(g, NULL, &later), EAGER_FAILED_PRECONDITION,
               "eager execution was shut down");
  eager_graph *none;
  assert_fails(eager_graph_new(&none), EAGER_FAILED_PRECONDITION,
               "eager execution was shut down");
  assert_fails(eager_graph_begin(g), EAGER_FAILED_PRECONDITION,
               "eager execution was shut down");
  eager_tensor_release(c);
  eager_session_release(s);
  eager_graph_release(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(works_without_enabling),
      cmocka_unit_test(enabling_comes_first),
      cmocka_unit_test(graphs_come_after),
      cmocka_unit_test(nothing_runs_after_shutdown),
  };
  return test_main_each("graph/startup", tests, sizeof tests / sizeof *tests);
}
