/* ctest: devices=pocl-basic */
/* Runs under eager_config.memory_limit: what fits runs, whatever ran before; what does not
 * is refused at the call in both modes, holds nothing back and spoils nothing. */
#include "placing.h"
#include "test_values.h"

enum { BLOCKS = 4, BLOCK = 1 << 18, ELEMENTS = BLOCK / 4, LINKS = 6 };

typedef struct model {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *x, *y; /* [?]; running totals of running totals */
} model;

/* Which need two blocks for each of x: none can take the place of another. */
static model begin(void) {
  model m;
  eager_tensor *next;
  eager_config config = {.memory_limit = BLOCKS * BLOCK + BLOCK / 4}; /* for scratch */
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  assert_ok(eager_graph_new(&m.graph));
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_placeholder(EAGER_INT32, 1, (int64_t[]){-1}, "x", &m.x));
  eager_tensor_retain(m.y = m.x);
  for (int i = 0; i < LINKS; i++) {
    assert_ok(eager_cumsum(m.y, 0, false, false, &next));
    eager_tensor_release(m.y);
    m.y = next;
  }
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(m.graph, NULL, &m.session));
  return m;
}

static void end(model *m, eager_tensor *x) {
  eager_session_release(m->session);
  eager_tensor_release(m->x);
  eager_tensor_release(m->y);
  eager_graph_release(m->graph);
  assert_int_equal(placing_memory(test_device()).current, eager_tensor_byte_size(x));
  eager_tensor_release(x);
}

static eager_tensor *ones(int blocks) {
  int64_t count = (int64_t)blocks * ELEMENTS;
  int32_t *values = test_alloc((size_t)count * sizeof *values);
  eager_tensor *t;
  for (int64_t i = 0; i < count; i++) values[i] = 1;
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, &count, values, &t));
  assert_ok(eager_tensor_wait(t));
  return t;
}

static void runs(const model *m, eager_tensor *x) {
  static int32_t got[BLOCKS * ELEMENTS];
  size_t size = eager_tensor_byte_size(x);
  uint32_t expected[LINKS + 1] = {1};
  eager_tensor *out;
  assert_ok(eager_session_run(m->session, &m->x, &x, 1, &m->y, 1, &out));
  assert_ok(eager_tensor_to_host(out, got, size));
  eager_tensor_release(out);
  for (int i = 1; i <= LINKS; i++) expected[i] = 0;
  for (size_t k = 0; k < size / 4; k++) {
    for (int i = 1; i <= LINKS; i++) expected[i] += expected[i - 1];
    if ((uint32_t)got[k] != expected[LINKS]) fail_msg("element %zu is another", k);
  }
}

static void is_refused(const model *m, eager_tensor *x) {
  eager_tensor *out;
  uint64_t before = placing_memory(test_device()).current;
  assert_int_equal(eager_session_run(m->session, &m->x, &x, 1, &m->y, 1, &out),
                   EAGER_RESOURCE_EXHAUSTED);
  const char *text = eager_error_message(), *begins = "out of memory on ";
  if (strncmp(text, begins, strlen(begins)) != 0 || strstr(text, test_device()) == NULL)
    fail_msg("it says \"%s\"", text);
  assert_null(out);
  assert_ok(eager_synchronize(NULL));
  assert_true(placing_memory(test_device()).current <= before);
}

static void in_each_mode(void (*check)(const model *m)) {
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    model m = begin();
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    check(&m);
    eager_tensor *x = ones(1);
    runs(&m, x);
    end(&m, x);
  }
}

/* Where six links would not, two at a time fit. */
static void what_fits(const model *m) {
  eager_tensor *x = ones(1);
  for (int i = 0; i < 3; i++) runs(m, x);
  eager_tensor_release(x);
}

static void a_run_that_fits_runs(void **state) {
  (void)state;
  in_each_mode(what_fits);
}

static void what_does_not_fit(const model *m) {
  for (int i = 0; i < 2; i++) {
    eager_tensor *x = ones(2), *small = ones(1);
    is_refused(m, x);
    eager_tensor_release(x);
    runs(m, small);
    eager_tensor_release(small);
  }
}

static void a_run_that_does_not_fit_is_refused(void **state) {
  (void)state;
  in_each_mode(what_does_not_fit);
}

static void beside_others(const model *m) {
  eager_tensor *x = ones(1), *held[2] = {ones(1), ones(1)};
  is_refused(m, x);
  eager_tensor_release(held[0]);
  runs(m, x);
  eager_tensor_release(held[1]);
  eager_tensor_release(x);
}

static void other_tensors_count(void **state) {
  (void)state;
  in_each_mode(beside_others);
}

/* Whatever a session keeps for its next run falls when memory is short. */
static void keeps_nothing_back(const model *m) {
  eager_tensor *all[BLOCKS] = {ones(1)};
  runs(m, all[0]);
  for (int i = 1; i < BLOCKS; i++) all[i] = ones(1);
  for (int i = 1; i < BLOCKS; i++) eager_tensor_release(all[i]);
  runs(m, all[0]);
  eager_tensor_release(all[0]);
}

static void sessions_keep_nothing_back(void **state) {
  (void)state;
  in_each_mode(keeps_nothing_back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_that_fits_runs),
      cmocka_unit_test(a_run_that_does_not_fit_is_refused),
      cmocka_unit_test(other_tensors_count),
      cmocka_unit_test(sessions_keep_nothing_back),
  };
  return test_main("graph/memory_limit", tests, sizeof tests / sizeof *tests);
}
