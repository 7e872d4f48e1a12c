/* ctest: devices=all labels=threaded */
/* Runs of a graph: what is fed, what is fetched, and what lies between. */
#include "placing.h"

/* y = (x * 2 + w) gathered by `rows`, with a sum beside it. */
typedef struct model {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *x, *rows;            /* float32 [?], int32 [?] */
  eager_tensor *doubled, *moved, *y; /* [?] */
  eager_tensor *sum;                 /* [] of doubled */
} model;

static const double ones[] = {1, 1, 1};

static model make(void) {
  model m;
  eager_tensor *w, *two;
  static const int64_t any[] = {-1};
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  w = placing_values(test_device(), 3, (double[]){10, 20, 30});
  assert_ok(eager_graph_new(&m.graph));
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, any, "x", &m.x));
  assert_ok(eager_placeholder(EAGER_INT32, 1, any, "rows", &m.rows));
  assert_ok(eager_scalar_float32(2, &two));
  assert_ok(eager_multiply(m.x, two, &m.doubled));
  assert_ok(eager_add(m.doubled, w, &m.moved));
  assert_ok(eager_gather(m.moved, m.rows, 0, &m.y));
  assert_ok(eager_reduce_sum(m.doubled, NULL, 0, false, &m.sum));
  assert_ok(eager_graph_end());
  eager_tensor_release(two);
  eager_tensor_release(w); /* the graph has captured it */
  assert_ok(eager_session_new(m.graph, NULL, &m.session));
  return m;
}

static void drop(model *m) {
  eager_tensor *all[] = {m->x, m->rows, m->doubled, m->moved, m->y, m->sum};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
  eager_session_release(m->session);
  eager_graph_release(m->graph);
}

static eager_tensor *indices(int count, const int32_t *values) {
  eager_tensor *t;
  int64_t dims[] = {count};
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, dims, values, &t));
  return t;
}

static void computes_in_both_modes(void **state) {
  (void)state;
  model m = make();
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *rows = indices(2, (int32_t[]){2, 0}), *out[3];
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    for (int again = 0; again < 2; again++) {
      assert_ok(eager_session_run(m.session, (eager_tensor *[]){m.rows, m.x},
                                  (eager_tensor *[]){rows, x}, 2,
                                  (eager_tensor *[]){m.y, m.sum, m.y}, 3, out));
      placing_expect(out[0], 2, (double[]){36, 12});
      test_expect(out[1], EAGER_FLOAT32, (test_shape){0, {0}}, (double[]){12}, TEST_EXACT,
                  "a run");
      placing_expect(out[2], 2, (double[]){36, 12});
      for (int i = 0; i < 3; i++) eager_tensor_release(out[i]);
    }
  }
  eager_tensor_release(x);
  eager_tensor_release(rows);
  drop(&m);
}

/* Nothing runs that no fetch needs, and nothing behind a feed. */
static void runs_what_is_needed(void **state) {
  (void)state;
  model m = make();
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out;
  assert_ok(eager_session_run(m.session, &m.x, &x, 1, &m.sum, 1, &out)); /* the constant */
  eager_tensor_release(out);
  unsigned long long before = placing_number();
  assert_ok(eager_session_run(m.session, &m.x, &x, 1, &m.sum, 1, &out));
  /* Mul and Sum are one; Gather, which may fail, would be another, and so would FromHost */
  assert_int_equal(placing_number() - before, 1);
  eager_tensor_release(out);
  before = placing_number();
  assert_ok(eager_session_run(m.session, &m.doubled, &x, 1, &m.sum, 1, &out));
  assert_int_equal(placing_number() - before, 1);
  test_expect(out, EAGER_FLOAT32, (test_shape){0, {0}}, (double[]){6}, TEST_EXACT, "a run");
  eager_tensor_release(out);
  before = placing_number();
  assert_ok(eager_session_run(m.session, &m.x, &x, 1, &m.x, 1, &out)); /* itself */
  assert_ptr_equal(out, x);
  eager_tensor_release(out);
  assert_ok(eager_session_run(m.session, NULL, NULL, 0, NULL, 0, NULL));
  assert_int_equal(placing_number() - before, 0);
  eager_tensor_release(x);
  drop(&m);
}

static void requests_are_checked(void **state) {
  (void)state;
  model m = make(), other = make();
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out;
  eager_tensor *ints = indices(1, (int32_t[]){0}), *square;
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 2, (int64_t[]){2, 2}, &square));
  const struct {
    eager_tensor *feed, *value, *fetch;
    const char *text;
  } cases[] = {
      {m.rows, ints, m.sum, "placeholder x is needed but not fed"},
      {m.x, ints, m.sum, "feed_values[0] is a int32 tensor, but x:0 is a float32 tensor"},
      {m.x, square, m.sum, "feed_values[0] has shape [2,2], but x:0 has shape [?]"},
      {m.x, NULL, m.sum, "feed_values[0], of x:0, is NULL"},
      {NULL, x, m.sum, "feeds[0] is NULL"},
      {x, x, m.sum, "feeds[0] is not symbolic: it has a value"},
      {other.x, x, m.sum, "feeds[0] is of another graph"},
      {m.x, x, other.sum, "fetches[0] is of another graph"},
      {m.x, x, x, "fetches[0] is not symbolic: it has a value"},
      {m.x, x, NULL, "fetches[0] is NULL"},
  };
  unsigned long long before = placing_number();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_fails(eager_session_run(m.session, &cases[i].feed, &cases[i].value, 1,
                                   &cases[i].fetch, 1, &out),
                 EAGER_INVALID_ARGUMENT, cases[i].text);
    assert_null(out);
  }
  assert_fails(eager_session_run(m.session, &m.x, &m.doubled, 1, &m.sum, 1, &out),
               EAGER_FAILED_PRECONDITION,
               "feed_values: Mul_3:0 is symbolic: run it in a session");
  assert_fails(eager_session_run(m.session, (eager_tensor *[]){m.x, m.x},
                                 (eager_tensor *[]){x, x}, 2, &m.sum, 1, &out),
               EAGER_INVALID_ARGUMENT, "feeds[1]: x:0 is fed twice");
  assert_int_equal(placing_number(), before);
  eager_tensor *all[] = {x, ints, square};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
  drop(&m);
  drop(&other);
}

/* Told as eagerly, and by the node's name; the session works on. */
static void failures_name_the_node(void **state) {
  (void)state;
  model m = make();
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out[2];
  eager_tensor *bad = indices(2, (int32_t[]){0, 9}), *good = indices(1, (int32_t[]){1});
  eager_tensor *four = placing_tensor(test_device(), EAGER_FLOAT32, 4);
  eager_tensor *feeds[] = {m.x, m.rows}, *fetches[] = {m.sum, m.y};
  assert_fails(
      eager_session_run(m.session, feeds, (eager_tensor *[]){x, bad}, 2, fetches, 2, out),
      EAGER_INVALID_ARGUMENT,
      test_text("indices[1] is not in [0, 3) [Op:GatherV2] (node GatherV2_6)"));
  assert_null(out[0]);
  assert_null(out[1]);
  assert_fails(eager_session_run(m.session, feeds, (eager_tensor *[]){four, good}, 2,
                                 fetches, 2, out),
               EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [4] vs. [3] [Op:AddV2] (node AddV2_5)");
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(
      eager_session_run(m.session, feeds, (eager_tensor *[]){x, bad}, 2, fetches, 2, out));
  test_expect(out[0], EAGER_FLOAT32, (test_shape){0, {0}}, (double[]){12}, TEST_EXACT,
              "a run");
  assert_int_equal(eager_tensor_wait(out[1]), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  eager_tensor_release(out[0]);
  eager_tensor_release(out[1]);
  assert_ok(
      eager_session_run(m.session, feeds, (eager_tensor *[]){x, good}, 2, fetches, 2, out));
  placing_expect(out[1], 1, (double[]){24});
  eager_tensor *all[] = {x, bad, good, four, out[0], out[1]};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
  drop(&m);
}

/* Where it was recorded, whatever scopes the running thread has. */
static void runs_where_it_was_recorded(void **state) {
  (void)state;
  const char *other =
      test_has_other_context() ? test_device_other_context() : test_device_same_context();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_graph *g;
  eager_session *s;
  eager_tensor *x, *near, *far, *constant, *out[3];
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, (int64_t[]){3}, "x", &x));
  assert_ok(eager_add(x, x, &near));
  assert_ok(eager_push_device(other));
  assert_ok(eager_add(near, x, &far));
  assert_ok(eager_scalar_float32(4, &constant));
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  assert_ok(eager_push_device(other));
  assert_ok(
      eager_session_run(s, &x, &value, 1, (eager_tensor *[]){near, far, constant}, 3, out));
  assert_ok(eager_pop_device());
  assert_string_equal(eager_tensor_device(out[0]), placing_full_name(test_device()));
  assert_string_equal(eager_tensor_device(out[1]), placing_full_name(other));
  assert_string_equal(eager_tensor_device(out[2]), placing_full_name(other));
  placing_expect(out[1], 3, (double[]){3, 6, 9});
  for (int i = 0; i < 3; i++) eager_tensor_release(out[i]);
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_EXPLICIT));
  assert_fails_like(eager_session_run(s, &x, &value, 1, &far, 1, out),
                    EAGER_INVALID_ARGUMENT, "Tensors on conflicting devices");
  eager_tensor *all[] = {x, near, far, constant, value};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  eager_graph_release(g);
}

/* What lies between goes at its last use, and an open tidy scope owns what was fetched. */
static void nothing_is_kept(void **state) {
  (void)state;
  model m = make();
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *rows = indices(1, (int32_t[]){0}), *out[2];
  eager_tensor *feeds[] = {m.x, m.rows}, *values[] = {x, rows}, *fetches[] = {m.y, m.sum};
  assert_ok(eager_session_run(m.session, feeds, values, 2, fetches, 2, out));
  eager_tensor_release(out[0]);
  eager_tensor_release(out[1]);
  uint64_t before = placing_memory(test_device()).current;
  for (int i = 0; i < 3; i++) {
    assert_ok(eager_tidy_begin());
    assert_ok(eager_session_run(m.session, feeds, values, 2, fetches, 2, out));
    assert_true(placing_memory(test_device()).current > before);
    assert_ok(eager_tidy_end());
    assert_int_equal(placing_memory(test_device()).current, before);
  }
  eager_tensor_release(x);
  eager_tensor_release(rows);
  drop(&m);
}

/* Of a long chain two links at a time. */
static void links_of_a_chain_go(void **state) {
  (void)state;
  enum { LINKS = 20, BYTES = 4096 };
  static const int64_t dims[] = {BYTES / 4};
  if (test_is_slow()) test_skip("a chain of small links says nothing");
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_graph *g;
  eager_session *s;
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, dims[0]);
  eager_tensor *x, *last, *next;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, dims, "x", &x));
  eager_tensor_retain(last = x);
  for (int i = 0; i < LINKS; i++) {
    assert_ok(eager_add(last, x, &next));
    eager_tensor_release(last);
    last = next;
  }
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  assert_ok(eager_reset_memory_stats(test_device()));
  uint64_t before = placing_memory(test_device()).current;
  assert_ok(eager_session_run(s, &x, &value, 1, &last, 1, &next));
  uint64_t most = placing_memory(test_device()).peak - before;
  assert_in_range(most, BYTES, 3 * BYTES);
  assert_true(test_read(next)[1] == 2 * (LINKS + 1));
  eager_tensor *all[] = {x, last, next, value};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  eager_graph_release(g);
}

/* Lists and texts given while recording are the caller's again when the call returns. */
static void attributes_are_copied(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_graph *g;
  eager_session *s;
  eager_tensor *x, *columns, *parts[2], *value, *out[3];
  int64_t axis[] = {0}, sizes[] = {1, 1};
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){2, 1}, "x", &x));
  assert_ok(eager_reduce_sum(x, axis, 1, false, &columns));
  assert_ok(eager_split_v(x, sizes, 2, 0, parts));
  assert_ok(eager_graph_end());
  axis[0] = sizes[0] = 7;
  assert_ok(eager_session_new(g, NULL, &s));
  assert_ok(
      eager_tensor_from_host(EAGER_FLOAT32, 2, (int64_t[]){2, 1}, (float[]){1, 2}, &value));
  assert_ok(eager_session_run(s, &x, &value, 1,
                              (eager_tensor *[]){columns, parts[0], parts[1]}, 3, out));
  const test_shape one = {2, {1, 1}};
  test_expect(out[0], EAGER_FLOAT32, (test_shape){1, {1}}, (double[]){3}, TEST_EXACT,
              "sum");
  test_expect(out[1], EAGER_FLOAT32, one, (double[]){1}, TEST_EXACT, "the first part");
  test_expect(out[2], EAGER_FLOAT32, one, (double[]){2}, TEST_EXACT, "the second part");
  eager_tensor *all[] = {x, columns, parts[0], parts[1], value, out[0], out[1], out[2]};
  for (int i = 0; i < 8; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  eager_graph_release(g);
}

static const char *run_often(int i, void *argument) {
  const model *m = argument;
  float values[] = {(float)i, 1, 2}, got;
  eager_tensor *x, *sum;
  const char *wrong =
      test_failure(eager_tensor_from_host(EAGER_FLOAT32, 1, (int64_t[]){3}, values, &x));
  for (int k = 0; k < 20 && wrong == NULL; k++) {
    wrong = test_failure(eager_session_run(m->session, &m->x, &x, 1, &m->sum, 1, &sum));
    if (wrong == NULL) wrong = test_failure(eager_tensor_to_host(sum, &got, sizeof got));
    if (wrong == NULL && got != 2 * (float)i + 6) wrong = "another sum";
    eager_tensor_release(sum);
  }
  eager_tensor_release(x);
  return wrong;
}

static void threads_run_at_once(void **state) {
  (void)state;
  model m = make();
  test_threads(4, run_often, &m);
  drop(&m);
}

/* A node recorded after the session was made; a run inside a graph's scope runs. */
static void graphs_grow(void **state) {
  (void)state;
  model m = make();
  eager_tensor *x = placing_values(test_device(), 3, ones), *twice, *out;
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_add(m.sum, m.sum, &twice));
  assert_ok(eager_session_run(m.session, &m.x, &x, 1, &twice, 1, &out));
  assert_false(eager_tensor_is_symbolic(out));
  assert_ok(eager_graph_end());
  test_expect(out, EAGER_FLOAT32, (test_shape){0, {0}}, (double[]){12}, TEST_EXACT,
              "a run");
  eager_tensor *all[] = {x, twice, out};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
  drop(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(computes_in_both_modes),
      cmocka_unit_test(runs_what_is_needed),
      cmocka_unit_test(requests_are_checked),
      cmocka_unit_test(failures_name_the_node),
      cmocka_unit_test(nothing_is_kept),
      cmocka_unit_test(threads_run_at_once),
      cmocka_unit_test(links_of_a_chain_go),
      cmocka_unit_test(attributes_are_copied),
      cmocka_unit_test(graphs_grow),
      cmocka_unit_test(runs_where_it_was_recorded),
  };
  return test_main("graph/session", tests, sizeof tests / sizeof *tests);
}
