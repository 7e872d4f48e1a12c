/* Every public function before enabling and after eager_shutdown: FAILED_PRECONDITION by
 * the words of semantics.md, or one of those that need no runtime. The table of functions
 * is made from the headers, so a new one joins by itself. */
#include "calls.h"
#include "program.h"

/* These answer in every state: they list the machine, build up a call, or open a file. */
static const call_name stateless[] = {
    {"eager_physical_device_get"},
    {"eager_op_new"},
    {"eager_op_describe"},
    {"eager_op_reset"},
    {"eager_op_add_input"},
    {"eager_op_set_attr_*"},
    {"eager_npz_load"},
    {"eager_graph_*"}, /* a graph needs no device */
    {"eager_placeholder"},
    {"eager_function_*"},
    {"eager_copy_record_get"}, /* of records there are none */
    {NULL},
};

/* Called by themselves, since they change what comes after them. */
static const call_name left_out[] = {{"eager_shutdown"},
                                     {"eager_enable_execution"},
                                     {"eager_session_new"},
                                     {"*_release"},
                                     {NULL}};

static void expect_refused(const char *words, const call_things *things) {
  int refused = 0, answered = 0, silent = 0, apart = 0;
  for (size_t c = 0; c < public_call_count; c++) {
    const public_call *call = &public_calls[c];
    call_value values[CALL_MAX_PARAMETERS];
    if (calls_is_listed(left_out, call->name, NULL)) {
      apart++;
      continue;
    }
    calls_fill(call, things, values);
    eager_status status = call->run(values);
    if (!call->is_fallible) {
      silent++;
    } else if (calls_is_listed(stateless, call->name, NULL)) {
      answered++;
      if (status == EAGER_OK) calls_drop_outputs(call, values);
    } else {
      refused++;
      if (status != EAGER_FAILED_PRECONDITION || !strstr(eager_error_message(), words))
        fail_msg("%s: %s: %s", call->name, eager_status_name(status),
                 eager_error_message());
      if (!calls_left_outputs(call, values)) fail_msg("%s touched an output", call->name);
    }
  }
  printf("  %s: %zu functions, %d refused, %d answered, %d cannot fail, %d apart\n", words,
         public_call_count, refused, answered, silent, apart);
}

static void before_enabling_calls_are_refused(void **state) {
  (void)state;
  call_things things = {.device = "CPU:0", .file = "/nowhere/a.npy"};
  char no_kernel[64] = {0}, no_archive[64] = {0}, no_session[64] = {0}; /* not looked at */
  things.kernel = (eager_kernel *)no_kernel;
  things.npz = (eager_npz *)no_archive;
  things.session = (eager_session *)no_session;
  assert_ok(eager_graph_new(&things.graph));
  assert_ok(eager_op_new("MirrorPad", &things.op));
  things.op_of_floats = things.op;
  expect_refused("eager execution is not enabled: call eager_enable_execution()", &things);
  eager_op_release(things.op);
  eager_graph_release(things.graph);
  assert_ok(eager_shutdown());
}

static void after_shutdown_calls_are_refused(void **state) {
  (void)state;
  call_things things;
  test_enable();
  program_folder_make();
  calls_make(program_folder(), &things);
  assert_ok(eager_shutdown());
  expect_refused("eager execution was shut down", &things);
  assert_fails(
      eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO),
      EAGER_FAILED_PRECONDITION, "eager execution was shut down");
  assert_ok(eager_shutdown());
  eager_tensor_release(things.tensors[0]); /* retained by the walk */
  calls_release(&things);
  program_folder_remove();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(before_enabling_calls_are_refused),
      cmocka_unit_test(after_shutdown_calls_are_refused),
  };
  return test_main_each("api/states", tests, sizeof tests / sizeof *tests);
}
