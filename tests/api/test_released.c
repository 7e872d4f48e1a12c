/* Debug builds: every handle argument of every public function, given a handle that was
 * released, is told and not used. Where the builds know nothing of it the test is skipped
 * (base/handles.h). */
#include "base/handles.h"
#include "calls.h"
#include "program.h"
#include "test_values.h"

static const char words[] = "was released before";

#ifdef EAGER__CHECK_HANDLES
static const bool is_checked = true;
#else
static const bool is_checked = false;
#endif

static bool is_handle(const call_parameter *parameter) {
  static const char *const types[] = {
      "eager_tensor *",  "const eager_tensor *", "eager_op *",
      "eager_kernel *",  "eager_npz *",          "const eager_npz *",
      "eager_session *", "eager_function *",     "const eager_function *",
      "eager_graph *"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(parameter->type, types[i]) == 0) return true;
  return false;
}

static struct {
  call_things live, gone;
  int told, silent, lists;
} all;

static void begin(void) {
  if (!is_checked) test_skip("this build does not look after handles");
  test_enable();
  program_folder_make();
  calls_make(program_folder(), &all.gone);
  calls_make(program_folder(), &all.live);
  call_things kept = all.gone;
  kept.mem = NULL;
  calls_release(&kept);
}

static void end(void) {
  all.gone = (call_things){.mem = all.gone.mem};
  calls_release(&all.gone);
  calls_release(&all.live);
  program_folder_remove();
}

/* One argument is gone, the others live. */
static void try_released(const public_call *call, int which) {
  call_value values[CALL_MAX_PARAMETERS], gone[CALL_MAX_PARAMETERS];
  calls_fill(call, &all.gone, gone);
  calls_fill(call, &all.live, values);
  values[which].pointer = gone[which].pointer;
  test_log_clear();
  eager_status status = call->run(values);
  if (!call->is_fallible) {
    if (strstr(call->name, "_release") || strstr(call->name, "_retain"))
      assert_int_equal(test_log_count(words), 1);
    all.silent++;
    return;
  }
  if (status != EAGER_INVALID_ARGUMENT || !strstr(eager_error_message(), words))
    fail_msg("%s, %s released: %s: %s", call->name, call->parameters[which].name,
             eager_status_name(status), eager_error_message());
  if (!calls_left_outputs(call, values))
    fail_msg("%s, %s released: an output was touched", call->name,
             call->parameters[which].name);
  all.told++;
}

static void try_list(const public_call *call, int which) {
  call_value values[CALL_MAX_PARAMETERS];
  calls_fill(call, &all.live, values);
  values[which].pointer = (eager_tensor *[]){all.gone.tensors[0]};
  assert_fails_like(call->run(values), EAGER_INVALID_ARGUMENT, words);
  assert_true(calls_left_outputs(call, values));
  all.lists++;
}

static void released_handles_are_told(void **state) {
  (void)state;
  begin();
  for (size_t c = 0; c < public_call_count; c++)
    for (int i = 0; i < public_calls[c].count; i++) {
      const call_parameter *parameter = &public_calls[c].parameters[i];
      if (is_handle(parameter)) try_released(&public_calls[c], i);
      if (strcmp(parameter->type, "eager_tensor *const *") == 0)
        try_list(&public_calls[c], i);
    }
  printf("  released handles: %d told, %d in lists, %d where nothing is returned\n",
         all.told, all.lists, all.silent);
  assert_true(all.told > 300);
  end();
}

static void the_text_names_what_it_was(void **state) {
  (void)state;
  begin();
  eager_tensor *y, *z;
  assert_ok(eager_square(all.live.tensors[0], &y));
  eager_tensor_release(y);
  assert_fails_like(eager_add(all.live.tensors[0], y, &z), EAGER_INVALID_ARGUMENT,
                    "input #1(zero-based) of AddV2, `y`, was released before: it was "
                    "Square #");
  assert_null(z);
  assert_fails_like(eager_tensor_wait(y), EAGER_INVALID_ARGUMENT,
                    "the tensor was released before: it was Square #");
  /* Of another kind, or none at all. */
  assert_fails_like(eager_tensor_wait((eager_tensor *)all.live.op), EAGER_INVALID_ARGUMENT,
                    "no live handle");
  assert_int_equal(eager_tensor_rank(y), -1);
  assert_null(eager_tensor_dims(y));
  assert_string_equal(eager_tensor_device(y), "");
  end();
}

/* Tensors and sessions keep a graph, but not its handle. */
static void a_graph_that_is_kept_is_gone_too(void **state) {
  (void)state;
  begin();
  eager_graph *g;
  eager_session *s, *other;
  eager_tensor *x, *out;
  char *text;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 0, NULL, "x", &x));
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  assert_ok(eager_graph_begin(g));
  eager_graph_release(g);
  assert_ok(eager_add(x, x, &out)); /* the scope keeps it, too */
  assert_ok(eager_graph_end());
  assert_fails(eager_graph_begin(g), EAGER_INVALID_ARGUMENT,
               "the graph was released before: it was a graph");
  assert_fails_like(eager_graph_dump(g, EAGER_GRAPH_TEXT, &text), EAGER_INVALID_ARGUMENT,
                    words);
  assert_fails_like(eager_session_new(g, NULL, &other), EAGER_INVALID_ARGUMENT, words);
  test_log_clear();
  eager_graph_release(g);
  assert_int_equal(
      test_log_count("eager_graph_release: the graph was released before: it was a graph"),
      1);
  eager_tensor *sum = out, *scalar;
  assert_ok(eager_scalar_float32(2, &scalar));
  assert_ok(eager_session_run(s, &x, &scalar, 1, &sum, 1, &out));
  assert_true(*test_read(out) == 4);
  eager_tensor *mine[] = {x, sum, out, scalar};
  for (int i = 0; i < 4; i++) eager_tensor_release(mine[i]);
  eager_session_release(s);
  assert_fails_like(eager_graph_begin(g), EAGER_INVALID_ARGUMENT, words);
  end();
}

/* A new handle at an old one's address would make that look live. */
static void an_address_is_not_used_again_soon(void **state) {
  (void)state;
  begin();
  eager_tensor *old, *fresh;
  assert_ok(eager_scalar_int32(1, &old));
  eager_tensor_release(old);
  for (int i = 0; i < 200; i++) {
    assert_ok(eager_scalar_int32(i, &fresh));
    assert_ptr_not_equal(fresh, old);
    eager_tensor_release(fresh);
  }
  assert_fails_like(eager_tensor_wait(old), EAGER_INVALID_ARGUMENT, "FromHost #");
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(released_handles_are_told),
      cmocka_unit_test(the_text_names_what_it_was),
      cmocka_unit_test(a_graph_that_is_kept_is_gone_too),
      cmocka_unit_test(an_address_is_not_used_again_soon),
  };
  return test_main("api/released", tests, sizeof tests / sizeof *tests);
}
