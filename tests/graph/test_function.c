/* ctest: devices=pocl-pthread,rusticl,oclgrind labels=threaded */
/* A C function, recorded once for each signature. */
#include <stdatomic.h>

#include "placing.h"

static atomic_int bodies; /* how often one was called */

/* a * b and, beside it, a + 1. */
static eager_status two_of_them(eager_tensor *const *inputs, size_t input_count,
                                eager_tensor **outputs, size_t output_count, void *user) {
  (void)output_count;
  eager_tensor *one;
  bodies++;
  if (input_count != 2 || user != &bodies) return EAGER_INTERNAL;
  eager_status status = eager_scalar_float32(1, &one);
  if (status != EAGER_OK) return status;
  status = eager_multiply(inputs[0], inputs[1], &outputs[0]);
  if (status == EAGER_OK) status = eager_add(inputs[0], one, &outputs[1]);
  eager_tensor_release(one);
  return status;
}

static eager_function *make(eager_function_body body, size_t outputs) {
  eager_function *f;
  bodies = 0;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  assert_ok(eager_function_new(body, outputs, &bodies, &f));
  return f;
}

static void is_recorded_once_for_a_signature(void **state) {
  (void)state;
  eager_function *f = make(two_of_them, 2);
  eager_tensor *out[2];
  assert_int_equal(eager_function_trace_count(f), 0);
  for (int round = 0; round < 2; round++)
    for (int size = 1; size <= 3; size++) {
      eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, size);
      assert_ok(eager_function_call(f, (eager_tensor *[]){x, x}, 2, out));
      placing_expect(out[0], size, (double[]){1, 4, 9});
      placing_expect(out[1], size, (double[]){2, 3, 4});
      for (int i = 0; i < 2; i++) eager_tensor_release(out[i]);
      eager_tensor_release(x);
    }
  assert_int_equal(eager_function_trace_count(f), 3);
  assert_int_equal(bodies, 3);
  assert_int_equal(eager_function_trace_count(NULL), 0);
  eager_function_release(f);
  eager_function_release(NULL);
}

/* While a graph is recorded the body's ops are part of it. */
static void becomes_part_of_a_graph(void **state) {
  (void)state;
  eager_function *f = make(two_of_them, 2);
  eager_graph *g;
  eager_session *s;
  eager_tensor *x, *inner[2], *out;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, (int64_t[]){-1}, "x", &x));
  assert_ok(eager_function_call(f, (eager_tensor *[]){x, x}, 2, inner));
  assert_true(eager_tensor_is_symbolic(inner[0]));
  assert_ok(eager_graph_end());
  assert_int_equal(eager_function_trace_count(f), 0);
  assert_ok(eager_session_new(g, NULL, &s));
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  assert_ok(eager_session_run(s, &x, &value, 1, inner, 1, &out));
  placing_expect(out, 3, (double[]){1, 4, 9});
  assert_fails_like(eager_function_call(f, (eager_tensor *[]){x, x}, 2, inner),
                    EAGER_FAILED_PRECONDITION,
                    "inputs: x:0 is symbolic: run it in a session");
  eager_tensor_release(x);
  eager_tensor_release(value);
  eager_tensor_release(out);
  eager_session_release(s);
  eager_graph_release(g);
  eager_function_release(f);
}

/* The trace outlives the tidy scope it was made in, which owns what the call gave. */
static void is_recorded_inside_a_tidy_scope(void **state) {
  (void)state;
  eager_function *f = make(two_of_them, 2);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 2), *out[2];
  uint64_t before = placing_memory(test_device()).current;
  for (int i = 0; i < 3; i++) {
    assert_ok(eager_tidy_begin());
    assert_ok(eager_function_call(f, (eager_tensor *[]){x, x}, 2, out));
    placing_expect(out[0], 2, (double[]){1, 4});
    assert_ok(eager_tidy_end());
    if (i == 0) before = placing_memory(test_device()).current; /* with the constant */
    assert_int_equal(placing_memory(test_device()).current, before);
  }
  assert_int_equal(eager_function_trace_count(f), 1);
  eager_tensor_release(x);
  eager_function_release(f);
}

static eager_status adds_tidily(eager_tensor *const *inputs, size_t input_count,
                                eager_tensor **outputs, size_t output_count, void *user) {
  (void)input_count, (void)output_count, (void)user;
  eager_tensor *twice;
  eager_status status = eager_tidy_begin();
  if (status != EAGER_OK) return status;
  status = eager_add(inputs[0], inputs[0], &twice);
  if (status == EAGER_OK) status = eager_add(twice, inputs[0], &outputs[0]);
  if (status == EAGER_OK) status = eager_tidy_keep(outputs[0]);
  eager_status ended = eager_tidy_end();
  return status != EAGER_OK ? status : ended;
}

/* Also while the caller records in a tidy scope of its own: what comes out is the scope's.
 */
static void scopes_of_body_and_caller_do_not_mix(void **state) {
  (void)state;
  eager_function *releasing = make(two_of_them, 2), *tidy = make(adds_tidily, 1);
  eager_graph *g;
  eager_session *s;
  eager_tensor *x, *out[3], *kept;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, (int64_t[]){2}, "x", &x));
  assert_ok(eager_tidy_begin());
  test_log_clear();
  assert_ok(eager_function_call(releasing, (eager_tensor *[]){x, x}, 2, out));
  assert_ok(eager_function_call(tidy, &x, 1, &out[2]));
  assert_int_equal(test_log_count("belongs to a tidy scope"), 0);
  assert_ok(eager_add(out[0], out[2], &kept));
  assert_ok(eager_tidy_keep(out[1])); /* it was the scope's */
  assert_ok(eager_tidy_keep(kept));
  assert_ok(eager_tidy_end());
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 2), *sum;
  assert_ok(eager_session_run(s, &x, &value, 1, &kept, 1, &sum));
  placing_expect(sum, 2, (double[]){4, 10});
  eager_tensor *all[] = {x, out[1], kept, value, sum};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  eager_graph_release(g);
  eager_function_release(releasing);
  eager_function_release(tidy);
}

/* A device scope is part of the signature: the body's ops run there. */
static void runs_in_the_callers_scope(void **state) {
  (void)state;
  const char *other =
      test_has_other_context() ? test_device_other_context() : test_device_same_context();
  eager_function *f = make(adds_tidily, 1);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 2), *out;
  const char *const devices[] = {other, test_device(), other, NULL};
  for (int i = 0; i < 4; i++) {
    const char *expected = devices[i] ? devices[i] : test_device();
    if (devices[i]) assert_ok(eager_push_device(devices[i]));
    assert_ok(eager_function_call(f, &x, 1, &out));
    if (devices[i]) assert_ok(eager_pop_device());
    assert_string_equal(eager_tensor_device(out), placing_full_name(expected));
    eager_tensor_release(out);
  }
  assert_int_equal(eager_function_trace_count(f), 3);
  eager_tensor_release(x);
  eager_function_release(f);
}

/* ---- Bodies that go wrong ---- */

static eager_status leaves_a_tidy_scope(eager_tensor *const *inputs, size_t input_count,
                                        eager_tensor **outputs, size_t output_count,
                                        void *user) {
  (void)input_count, (void)output_count, (void)user;
  eager_status status = eager_tidy_begin();
  if (status == EAGER_OK) status = eager_negative(inputs[0], &outputs[0]);
  return status == EAGER_OK ? eager_tidy_keep(outputs[0]) : status;
}

static eager_status reads(eager_tensor *const *inputs, size_t input_count,
                          eager_tensor **outputs, size_t output_count, void *user) {
  (void)input_count, (void)outputs, (void)output_count, (void)user;
  float value;
  return eager_tensor_to_host(inputs[0], &value, sizeof value);
}

static eager_status gives_nothing(eager_tensor *const *inputs, size_t input_count,
                                  eager_tensor **outputs, size_t output_count, void *user) {
  (void)input_count, (void)output_count, (void)user;
  return eager_negative(inputs[0], &outputs[0]);
}

static eager_status leaves_a_scope(eager_tensor *const *inputs, size_t input_count,
                                   eager_tensor **outputs, size_t output_count,
                                   void *user) {
  (void)input_count, (void)output_count, (void)user;
  eager_graph *g;
  eager_status status = eager_negative(inputs[0], &outputs[0]);
  if (status == EAGER_OK) status = eager_graph_new(&g);
  if (status == EAGER_OK) status = eager_graph_begin(g);
  if (status == EAGER_OK) eager_graph_release(g);
  return status;
}

static eager_status leaves_a_name_scope(eager_tensor *const *inputs, size_t input_count,
                                        eager_tensor **outputs, size_t output_count,
                                        void *user) {
  (void)input_count, (void)output_count, (void)user;
  eager_status status = eager_name_scope_begin("body");
  return status == EAGER_OK ? eager_negative(inputs[0], &outputs[0]) : status;
}

static eager_status leaves_a_device_scope(eager_tensor *const *inputs, size_t input_count,
                                          eager_tensor **outputs, size_t output_count,
                                          void *user) {
  (void)input_count, (void)output_count, (void)user;
  eager_status status = eager_push_device(NULL);
  return status == EAGER_OK ? eager_negative(inputs[0], &outputs[0]) : status;
}

static eager_status ends_a_graph_scope(eager_tensor *const *inputs, size_t input_count,
                                       eager_tensor **outputs, size_t output_count,
                                       void *user) {
  (void)inputs, (void)input_count, (void)outputs, (void)output_count, (void)user;
  return eager_graph_end();
}

static eager_status ends_a_name_scope(eager_tensor *const *inputs, size_t input_count,
                                      eager_tensor **outputs, size_t output_count,
                                      void *user) {
  (void)inputs, (void)input_count, (void)outputs, (void)output_count, (void)user;
  return eager_name_scope_end();
}

static eager_status ends_a_device_scope(eager_tensor *const *inputs, size_t input_count,
                                        eager_tensor **outputs, size_t output_count,
                                        void *user) {
  (void)inputs, (void)input_count, (void)outputs, (void)output_count, (void)user;
  return eager_pop_device();
}

static eager_status leaves_a_scope_with_its_output(eager_tensor *const *inputs,
                                                   size_t input_count,
                                                   eager_tensor **outputs,
                                                   size_t output_count, void *user) {
  (void)input_count, (void)output_count, (void)user;
  eager_status status = eager_tidy_begin();
  return status == EAGER_OK ? eager_negative(inputs[0], &outputs[0]) : status;
}

static eager_status fails_in_a_scope(eager_tensor *const *inputs, size_t input_count,
                                     eager_tensor **outputs, size_t output_count,
                                     void *user) {
  eager_tensor *none;
  eager_status status =
      leaves_a_scope_with_its_output(inputs, input_count, outputs, output_count, user);
  return status == EAGER_OK ? eager_add(inputs[0], NULL, &none) : status;
}

static const struct {
  eager_function_body body;
  size_t outputs;
  eager_status status;
  const char *text;
} bad_bodies[] = {
    {reads, 1, EAGER_FAILED_PRECONDITION,
     "the tensor input:0 is symbolic: run it in a session"},
    {gives_nothing, 2, EAGER_INVALID_ARGUMENT, "the function's body left outputs[1] NULL"},
    {leaves_a_scope_with_its_output, 1, EAGER_FAILED_PRECONDITION,
     "the function's body left tidy scopes open"},
    {fails_in_a_scope, 1, EAGER_INVALID_ARGUMENT,
     "input #1(zero-based) of AddV2, `y`, is NULL [Op:AddV2]"},
    {leaves_a_tidy_scope, 1, EAGER_FAILED_PRECONDITION,
     "the function's body left tidy scopes open"},
    {leaves_a_scope, 1, EAGER_FAILED_PRECONDITION,
     "the function's body left graph scopes open"},
    {leaves_a_name_scope, 1, EAGER_FAILED_PRECONDITION,
     "the function's body left name scopes open"},
    {leaves_a_device_scope, 1, EAGER_FAILED_PRECONDITION,
     "the function's body left device scopes open"},
    {ends_a_graph_scope, 1, EAGER_FAILED_PRECONDITION,
     "eager_graph_end: no graph scope is open in this function's body"},
    {ends_a_name_scope, 1, EAGER_FAILED_PRECONDITION,
     "eager_name_scope_end: no name scope is open in this thread's graph scope"},
    {ends_a_device_scope, 1, EAGER_FAILED_PRECONDITION,
     "eager_pop_device: no device scope is open in this function's body"},
};
enum { BAD_BODIES = sizeof bad_bodies / sizeof *bad_bodies };

static void bodies_that_go_wrong_are_told(void **state) {
  (void)state;
  for (int i = 0; i < BAD_BODIES; i++) {
    eager_function *f = make(bad_bodies[i].body, bad_bodies[i].outputs);
    eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 1), *out[2];
    assert_ok(eager_push_device(test_device()));
    for (int again = 0; again < 2; again++) {
      assert_fails(eager_function_call(f, &x, 1, out), bad_bodies[i].status,
                   bad_bodies[i].text);
      for (size_t k = 0; k < bad_bodies[i].outputs; k++) assert_null(out[k]);
      assert_true(eager_executing_eagerly());
      assert_int_equal(eager_function_trace_count(f), 0);
    }
    assert_ok(eager_pop_device());
    assert_fails_like(eager_pop_device(), EAGER_FAILED_PRECONDITION,
                      "is open in this thread");
    eager_tensor_release(x);
    eager_function_release(f);
  }
}

/* Whatever a body does, what its caller has open stays open. */
static void callers_scopes_survive(void **state) {
  (void)state;
  for (int i = 0; i < BAD_BODIES; i++) {
    eager_function *f = make(bad_bodies[i].body, bad_bodies[i].outputs);
    eager_graph *g;
    eager_tensor *x, *out[2], *y;
    char *text;
    assert_ok(eager_graph_new(&g));
    assert_ok(eager_graph_begin(g));
    assert_ok(eager_tidy_begin());
    assert_ok(eager_name_scope_begin("outer"));
    assert_ok(eager_push_device(test_device()));
    assert_ok(eager_placeholder(EAGER_FLOAT32, 0, NULL, "x", &x));
    assert_int_equal(eager_function_call(f, &x, 1, out), bad_bodies[i].status);
    for (size_t k = 0; k < bad_bodies[i].outputs; k++) assert_null(out[k]);
    assert_ok(eager_negative(x, &y));
    assert_ok(eager_graph_dump(g, EAGER_GRAPH_TEXT, &text));
    assert_non_null(
        strstr(text, test_text("= Neg(outer/x:0) float32[] on %s\n", test_device())));
    assert_memory_equal(text + strlen("outer/x = Placeholder() float32[]\n"), "outer/", 6);
    assert_ok(eager_pop_device());
    assert_ok(eager_name_scope_end());
    assert_ok(eager_tidy_end());
    assert_ok(eager_graph_end());
    eager_free(text);
    eager_graph_release(g);
    eager_function_release(f);
  }
}

/* The input itself, and a tensor that has a value already. */
static eager_status gives_others(eager_tensor *const *inputs, size_t input_count,
                                 eager_tensor **outputs, size_t output_count, void *user) {
  (void)input_count, (void)output_count;
  outputs[0] = inputs[0];
  outputs[1] = *(eager_tensor **)user;
  eager_tensor_retain(outputs[0]);
  eager_tensor_retain(outputs[1]);
  return EAGER_OK;
}

static void gives_inputs_and_constants(void **state) {
  (void)state;
  eager_function *f;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 2), *out[2];
  eager_tensor *value = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  assert_ok(eager_function_new(gives_others, 2, &value, &f));
  assert_ok(eager_function_call(f, &x, 1, out));
  assert_ptr_equal(out[0], x);
  assert_ptr_equal(out[1], value);
  for (int i = 0; i < 2; i++) eager_tensor_release(out[i]);
  eager_tensor_release(x);
  eager_tensor_release(value);
  eager_function_release(f);
}

static const char *call_often(int i, void *f) {
  eager_tensor *x, *out[2];
  float values[] = {(float)i, 2, 3}, got[3];
  int64_t size = 1 + i % 3;
  const char *wrong =
      test_failure(eager_tensor_from_host(EAGER_FLOAT32, 1, &size, values, &x));
  for (int k = 0; k < 20 && wrong == NULL; k++) {
    wrong = test_failure(eager_function_call(f, (eager_tensor *[]){x, x}, 2, out));
    if (wrong != NULL) break;
    wrong = test_failure(eager_tensor_to_host(out[0], got, (size_t)size * sizeof *got));
    if (wrong == NULL && got[0] != values[0] * values[0]) wrong = "another product";
    eager_tensor_release(out[0]);
    eager_tensor_release(out[1]);
  }
  eager_tensor_release(x);
  return wrong;
}

static void threads_call_at_once(void **state) {
  (void)state;
  eager_function *f = make(two_of_them, 2);
  test_threads(6, call_often, f);
  assert_int_equal(eager_function_trace_count(f), 3);
  eager_function_release(f);
}

/* --- Many signatures --- */

enum { KEPT = 64, SIZES = KEPT + 16 };

/* x + 1, with a 1 of 4 KB that stays where the trace is. */
static eager_status adds_one(eager_tensor *const *inputs, size_t input_count,
                             eager_tensor **outputs, size_t output_count, void *user) {
  static const float ones[1024] = {1};
  eager_tensor *constant, *one;
  (void)input_count, (void)output_count, (void)user;
  atomic_fetch_add(&bodies, 1);
  eager_status status =
      eager_tensor_from_host(EAGER_FLOAT32, 1, (int64_t[]){1024}, ones, &constant);
  if (status != EAGER_OK) return status;
  status = eager_reduce_sum(constant, NULL, 0, false, &one);
  eager_tensor_release(constant);
  if (status != EAGER_OK) return status;
  status = eager_add(inputs[0], one, &outputs[0]);
  eager_tensor_release(one);
  return status;
}

static const char *call_size(eager_function *f, int64_t size) {
  float values[SIZES] = {0}, got[SIZES];
  eager_tensor *x, *out;
  values[size - 1] = (float)size;
  const char *wrong =
      test_failure(eager_tensor_from_host(EAGER_FLOAT32, 1, &size, values, &x));
  if (wrong != NULL) return wrong;
  wrong = test_failure(eager_function_call(f, &x, 1, &out));
  if (wrong == NULL)
    wrong = test_failure(eager_tensor_to_host(out, got, (size_t)size * sizeof *got));
  if (wrong == NULL && got[size - 1] != (float)size + 1) wrong = "another sum";
  eager_tensor_release(out);
  eager_tensor_release(x);
  return wrong;
}

static void expect_calls(eager_function *f, int64_t first, int64_t last, int recorded) {
  int before = bodies;
  for (int64_t size = first; size <= last; size++) {
    const char *wrong = call_size(f, size);
    if (wrong != NULL) fail_msg("%d elements: %s", (int)size, wrong);
  }
  assert_int_equal(bodies - before, recorded);
}

/* The one that was not called for longest makes room, and is recorded again. */
static void few_recordings_are_kept(void **state) {
  (void)state;
  eager_function *f = make(adds_one, 1);
  expect_calls(f, 1, KEPT, KEPT);
  uint64_t full = placing_memory(test_device()).current;
  expect_calls(f, 1, 1, 0);
  expect_calls(f, KEPT + 1, KEPT + 1, 1); /* 2 goes, 1 was called since */
  expect_calls(f, 1, 1, 0);
  expect_calls(f, 3, KEPT + 1, 0);
  expect_calls(f, 2, 2, 1); /* 1 goes */
  expect_calls(f, 3, KEPT + 1, 0);
  expect_calls(f, 1, 1, 1);
  assert_int_equal(eager_function_trace_count(f), KEPT + 3);
  expect_calls(f, KEPT + 2, SIZES, SIZES - KEPT - 1);
  assert_true(placing_memory(test_device()).current <= full + 4096);
  eager_function_release(f);
}

/* What one thread runs another one's call may push out. */
static const char *call_sizes(int i, void *f) {
  const char *wrong = NULL;
  for (int k = 0; k < 60 && wrong == NULL; k++)
    wrong = call_size(f, 1 + (k * 7 + i * 13) % SIZES);
  return wrong;
}

static void recordings_go_while_others_run(void **state) {
  (void)state;
  eager_function *f = make(adds_one, 1);
  test_threads(4, call_sizes, f);
  assert_in_range(eager_function_trace_count(f), SIZES, 4 * 60);
  eager_function_release(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_recorded_once_for_a_signature),
      cmocka_unit_test(is_recorded_inside_a_tidy_scope),
      cmocka_unit_test(scopes_of_body_and_caller_do_not_mix),
      cmocka_unit_test(runs_in_the_callers_scope),
      cmocka_unit_test(becomes_part_of_a_graph),
      cmocka_unit_test(bodies_that_go_wrong_are_told),
      cmocka_unit_test(callers_scopes_survive),
      cmocka_unit_test(gives_inputs_and_constants),
      cmocka_unit_test(threads_call_at_once),
      cmocka_unit_test(few_recordings_are_kept),
      cmocka_unit_test(recordings_go_while_others_run),
  };
  return test_main("graph/function", tests, sizeof tests / sizeof *tests);
}
