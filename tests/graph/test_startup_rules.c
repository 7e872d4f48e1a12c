/* semantics.md section 1, line by line, in programs that make graphs and sessions and never
 * enable. Each test has a process of its own, and no variable of the library's is set. */
#include <sys/wait.h>
#include <unistd.h>

#include "eagercl/kernel.h"
#include "enabling.h"

static const eager_device_policy auto_policy = EAGER_DEVICE_PLACEMENT_AUTO;
static const eager_execution_mode auto_mode = EAGER_EXECUTION_AUTO;

#define STARTUP                                                                            \
  "eager execution must be enabled at program startup: a graph was already created or "    \
  "run "
#define CONFLICT "a session was already made with other options: "
#define STAY     ". The active options stay"

/* x + 1, with x of rank 0. */
typedef struct model {
  eager_graph *graph;
  eager_tensor *x, *y;
} model;

static model make(void) {
  model m;
  eager_tensor *one;
  assert_ok(eager_graph_new(&m.graph));
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 0, NULL, "x", &m.x));
  assert_ok(eager_scalar_float32(1, &one));
  assert_ok(eager_add(m.x, one, &m.y));
  assert_ok(eager_graph_end());
  eager_tensor_release(one);
  return m;
}

static void drop(model *m) {
  eager_tensor_release(m->x);
  eager_tensor_release(m->y);
  eager_graph_release(m->graph);
}

static eager_status session(const model *m, eager_config config) {
  eager_session *s = NULL;
  eager_status status = eager_session_new(m->graph, &config, &s);
  assert_true((status == EAGER_OK) == (s != NULL));
  eager_session_release(s);
  return status;
}

static eager_status enable(eager_config config, int policy, int mode) {
  return eager_enable_execution(&config, (eager_device_policy)policy,
                                (eager_execution_mode)mode);
}

static void expect_not_enabled(void) {
  eager_tensor *t;
  assert_false(eager_executing_eagerly());
  assert_int_equal(eager_get_device_policy(), auto_policy);
  assert_int_equal(eager_get_execution_mode(), auto_mode);
  assert_fails_like(eager_tidy_begin(), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
  assert_fails_like(eager_name_scope_begin("a"), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
  assert_fails_like(eager_tensor_zeros(EAGER_INT32, 0, NULL, &t), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
}

/* --- Options --- */

static void expect_order(const model *m) {
  static const char bad[] = "not NULL";
  static const struct {
    eager_config config;
    const char *variable, *value;
    int policy, mode;
    const char *text;
  } rows[] = {
      {{.max_in_flight = -1}, "EAGERCL_LOG_LEVEL", "loud", 7, 7, "config.max_in_flight"},
      {{.default_device = "nowhere"},
       "EAGERCL_LOG_LEVEL",
       "loud",
       7,
       7,
       "malformed device name \"nowhere\""},
      {{.reserved = {(void *)bad}},
       "EAGERCL_LOG_LEVEL",
       "loud",
       7,
       7,
       "config.reserved[0]"},
      {{0}, "EAGERCL_LOG_LEVEL", "loud", 7, 7, "variable EAGERCL_LOG_LEVEL must be one of"},
      {{0},
       NULL,
       NULL,
       7,
       7,
       "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got 7"},
      {{0}, NULL, NULL, -1, 7, "execution_mode must be one of"},
      {{.visible_device_list = "No such/device"}, NULL, NULL, -1, -1, STARTUP},
      {{.max_in_flight = 5}, NULL, NULL, -1, -1, STARTUP "(eager_graph_new)"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].variable) setenv(rows[i].variable, rows[i].value, 1);
    if (i < 4)
      assert_fails_like(session(m, rows[i].config), EAGER_INVALID_ARGUMENT, rows[i].text);
    assert_fails_like(enable(rows[i].config, rows[i].policy, rows[i].mode),
                      EAGER_INVALID_ARGUMENT, rows[i].text);
    if (rows[i].variable) unsetenv(rows[i].variable);
  }
}

/* Of enabling and of sessions: ranges and strings, the environment, policy, mode, start-up
 * order, conflict, discovery. */
static void checks_run_in_their_order(void **state) {
  (void)state;
  need_device(PTHREAD);
  model m = make();
  expect_order(&m);
  assert_fails_like(session(&m, (eager_config){.visible_device_list = "No such/device"}),
                    EAGER_NOT_FOUND, "no device matches \"No such/device\"");
  assert_int_equal(eager_device_count(), 0); /* nothing has changed */
  assert_ok(session(&m, (eager_config){.visible_device_list = "CPU:7=" PTHREAD}));
  expect_order(&m);
  assert_fails_like(session(&m, (eager_config){.visible_device_list = "No such/device"}),
                    EAGER_INVALID_ARGUMENT,
                    CONFLICT "visible_device_list: active CPU:7, requested No such/device");
  expect_not_enabled();
  drop(&m);
}

static void sessions_agree_on_options(void **state) {
  (void)state;
  need_device(PTHREAD);
  static const eager_config first = {.visible_device_list = "CPU:5=" PTHREAD,
                                     .memory_limit = 1 << 20,
                                     .max_in_flight = 64,
                                     .log = keep_log};
  static const eager_config same[] = {
      {0},
      {.visible_device_list = "", .default_device = ""},
      {.visible_device_list = "/cpu:5=" PTHREAD, .default_device = "CPU:5"},
      {.per_process_memory_fraction = 1},
      {.memory_limit = 1 << 20, .max_in_flight = 64, .log = keep_log},
  };
  static const struct {
    eager_config config;
    const char *text;
  } others[] = {
      {{.visible_device_list = PTHREAD}, "visible_device_list: active CPU:5, requested "},
      {{.default_device = "GPU:42"}, "default_device: active CPU:5, requested GPU:42" STAY},
      {{.memory_limit = 4096}, "memory_limit: active 1048576, requested 4096" STAY},
      {{.max_in_flight = 65, .enable_profiling = true},
       "enable_profiling: active false, requested true; max_in_flight: active 64, "
       "requested 65" STAY},
      {{.allow_soft_placement = true}, "allow_soft_placement: active false"},
      {{.log_device_placement = true}, "log_device_placement: active false"},
      {{.per_process_memory_fraction = 0.5},
       "per_process_memory_fraction: active 1, requested 0.5"},
  };
  model m = make();
  assert_ok(session(&m, first));
  for (int again = 0; again < 2; again++) {
    eager_session *s;
    assert_ok(eager_session_new(m.graph, NULL, &s));
    eager_session_release(s);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_ok(session(&m, same[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
      assert_fails_like(session(&m, others[i].config), EAGER_INVALID_ARGUMENT, CONFLICT);
      if (!strstr(eager_error_message(), others[i].text))
        fail_msg("%s\nis not in %s", others[i].text, eager_error_message());
    }
  }
  eager_memory_info memory;
  assert_ok(eager_get_memory_info("CPU:5", &memory));
  assert_int_equal(memory.limit, 1 << 20);
  assert_int_equal(logged_count("config.memory_limit has no effect"), 0);
  drop(&m);
}

/* As enabling does it: they stand in for what is not requested, and never conflict later.
 */
static void the_environment_is_the_first_sessions(void **state) {
  (void)state;
  const char *basic = need_device(BASIC)->short_name;
  need_device(PTHREAD);
  setenv("EAGERCL_VISIBLE_DEVICES", BASIC ",GPU:4=" PTHREAD, 1);
  setenv("EAGERCL_DEFAULT_DEVICE", "GPU:4", 1);
  setenv("EAGERCL_DEVICE_POLICY", "explicit", 1);
  setenv("EAGERCL_EXECUTION_MODE", "async", 1);
  model m = make();
  eager_session *s;
  eager_tensor *indices, *bad, *far, *x, *out;
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_scalar_int32(9, &indices));
  assert_ok(eager_reshape(m.y, 1, (int64_t[]){1}, &x));
  assert_ok(eager_gather(x, indices, 0, &bad));
  eager_tensor_release(x);
  assert_ok(eager_push_device(basic));
  assert_ok(eager_negative(m.y, &far));
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(m.graph, &(eager_config){.log = keep_log}, &s));
  setenv("EAGERCL_VISIBLE_DEVICES", BASIC, 1);
  setenv("EAGERCL_DEFAULT_DEVICE", "CPU:17", 1);
  setenv("EAGERCL_DEVICE_POLICY", "warn", 1);
  setenv("EAGERCL_EXECUTION_MODE", "sync", 1);
  assert_ok(session(&m, (eager_config){0}));
  expect_not_enabled();
  assert_ok(eager_scalar_float32(1, &x));
  assert_string_equal(eager_tensor_device(x), FULL_NAME("GPU:4"));
  assert_fails_like(eager_session_run(s, &m.x, &x, 1, &far, 1, &out),
                    EAGER_INVALID_ARGUMENT, "Tensors on conflicting devices");
  assert_ok(eager_session_run(s, &m.x, &x, 1, &bad, 1, &out)); /* ASYNC: later */
  assert_fails_like(eager_tensor_wait(out), EAGER_INVALID_ARGUMENT, "is not in [0, 1)");
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  eager_tensor_release(out);
  /* A thread's own come first, and are told. */
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_SILENT));
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_int_equal(eager_get_device_policy(), EAGER_DEVICE_PLACEMENT_SILENT);
  assert_int_equal(eager_get_execution_mode(), EAGER_SYNC);
  assert_ok(eager_session_run(s, &m.x, &x, 1, &far, 1, &out));
  eager_tensor_release(out);
  assert_fails_like(eager_session_run(s, &m.x, &x, 1, &bad, 1, &out),
                    EAGER_INVALID_ARGUMENT, "is not in [0, 1)");
  assert_ok(eager_set_thread_device_policy(auto_policy));
  assert_ok(eager_set_thread_execution_mode(auto_mode));
  expect_not_enabled();
  eager_tensor *all[] = {indices, bad, far, x};
  for (int i = 0; i < 4; i++) eager_tensor_release(all[i]);
  eager_session_release(s);
  drop(&m);
}

/* --- What comes first, and what comes after --- */

static eager_status gives_three(eager_tensor *const *inputs, size_t input_count,
                                eager_tensor **outputs, size_t output_count, void *user) {
  (void)inputs, (void)input_count, (void)output_count, (void)user;
  return eager_scalar_float32(3, &outputs[0]);
}

static void expect_child_refused(const model *m, eager_session *s, eager_function *f) {
  static const char words[] = "this process was forked from one that uses OpenCL";
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    eager_session *other;
    eager_graph *g;
    eager_tensor *out;
    eager_config none = {0};
    int refused = 0;
    alarm(20);
    const eager_status statuses[] = {eager_graph_new(&g),
                                     eager_graph_begin(m->graph),
                                     eager_graph_end(),
                                     eager_name_scope_begin("a"),
                                     eager_session_new(m->graph, &none, &other),
                                     eager_session_run(s, NULL, NULL, 0, &m->y, 1, &out),
                                     eager_function_call(f, NULL, 0, &out),
                                     enable(none, -1, -1)};
    for (int i = 0; i < 8; i++) refused += statuses[i] == EAGER_FAILED_PRECONDITION;
    _exit(refused == 8 && strstr(eager_error_message(), words) ? 0 : 1);
  }
  int status = 0;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* A function is a use of graphs by its first call, not by being made. */
static void functions_come_first(void **state) {
  (void)state;
  need_device(PTHREAD);
  eager_function *f;
  eager_tensor *out;
  eager_session *s;
  float got;
  setenv("EAGERCL_VISIBLE_DEVICES", PTHREAD, 1);
  assert_ok(eager_function_new(gives_three, 1, NULL, &f));
  assert_fails_like(enable((eager_config){.visible_device_list = "No such/device"}, -1, -1),
                    EAGER_NOT_FOUND, "no device matches"); /* it could be enabled still */
  assert_ok(eager_function_call(f, NULL, 0, &out));
  assert_fails(enable((eager_config){0}, -1, -1), EAGER_INVALID_ARGUMENT,
               STARTUP "(eager_function_call)");
  assert_ok(eager_tensor_to_host(out, &got, sizeof got));
  assert_true(got == 3);
  eager_tensor_release(out);
  expect_not_enabled();
  model m = make();
  assert_ok(eager_session_new(m.graph, NULL, &s));
  expect_child_refused(&m, s, f);
  assert_ok(eager_function_call(f, NULL, 0, &out)); /* the parent goes on */
  eager_tensor_release(out);
  eager_session_release(s);
  eager_function_release(f);
  drop(&m);
}

/* Kernels that were made before there was a device are built by their first run. */
static void kernels_come_first(void **state) {
  (void)state;
  static const char good[] = "__kernel void two(__global float *out) { *out = 2; }";
  static const char *const entries[] = {"two", "absent", "two"};
  need_device(PTHREAD);
  eager_kernel *k;
  eager_graph *g;
  eager_session *s;
  eager_tensor *made[3], *out;
  eager_kernel_arg arg = {.kind = EAGER_KERNEL_OUTPUT, .dtype = EAGER_FLOAT32};
  assert_fails_like(eager_kernel_new(good, "two", NULL, &k), EAGER_FAILED_PRECONDITION,
                    "eager execution is not enabled");
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  for (int i = 0; i < 3; i++) {
    assert_ok(eager_kernel_new(i < 2 ? good : "__kernel void two(nothing *x) {}",
                               entries[i], NULL, &k));
    assert_ok(eager_kernel_run(k, 1, (size_t[]){1}, NULL, &arg, 1, &made[i], 1));
    eager_kernel_release(k);
  }
  assert_ok(eager_graph_end());
  assert_int_equal(eager_device_count(), 0);
  assert_ok(eager_session_new(g, &(eager_config){.visible_device_list = PTHREAD}, &s));
  float got;
  assert_ok(eager_session_run(s, NULL, NULL, 0, &made[0], 1, &out));
  assert_ok(eager_tensor_to_host(out, &got, sizeof got));
  assert_true(got == 2);
  eager_tensor_release(out);
  assert_fails(eager_session_run(s, NULL, NULL, 0, &made[1], 1, &out),
               EAGER_INVALID_ARGUMENT,
               "the source has no kernel named 'absent' [Op:absent] (node absent_1)");
  capture_begin(); /* the compiler's own words */
  assert_fails_like(eager_session_run(s, NULL, NULL, 0, &made[2], 1, &out),
                    EAGER_INVALID_ARGUMENT, "    1 | __kernel void two(nothing *x) {}");
  (void)capture_end();
  assert_non_null(strstr(eager_error_message(), "[Op:two] (node two_2)"));
  for (int i = 0; i < 3; i++) eager_tensor_release(made[i]);
  eager_session_release(s);
  eager_graph_release(g);
}

/* Where nothing was made yet it changes nothing; else it is the end, of all handles too. */
static void shutdown_ends_sessions(void **state) {
  (void)state;
  static const char ended[] = "eager execution was shut down";
  need_device(PTHREAD);
  model m = make();
  eager_session *s, *other;
  eager_graph *none;
  eager_tensor *x, *out, *left;
  assert_ok(eager_shutdown());
  assert_fails(enable((eager_config){0}, -1, -1), EAGER_INVALID_ARGUMENT,
               STARTUP "(eager_graph_new)");
  const eager_config config = {
      .visible_device_list = PTHREAD, .memory_limit = SIZE_MAX, .log = keep_log};
  for (int i = 0; i < 2; i++) {
    assert_ok(eager_session_new(m.graph, &config, &s));
    if (i == 0) eager_session_release(s);
  }
  assert_int_equal(logged_count("config.memory_limit has no effect"), 1);
  assert_int_equal(logged_level("config.memory_limit has no effect"), EAGER_LOG_INFO);
  assert_ok(eager_scalar_float32(1, &x));
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(eager_session_run(s, &m.x, &x, 1, &m.y, 1, &out));
  assert_ok(eager_graph_begin(m.graph)); /* and left open */
  assert_ok(eager_name_scope_begin("a"));
  assert_ok(eager_shutdown());
  assert_fails(enable((eager_config){0}, -1, -1), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_session_new(m.graph, NULL, &other), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_session_run(s, &m.x, &x, 1, &m.y, 1, &left), EAGER_FAILED_PRECONDITION,
               ended);
  assert_fails(eager_graph_new(&none), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_name_scope_begin("b"), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_name_scope_end(), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_push_device(NULL), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_add(m.x, m.x, &left), EAGER_FAILED_PRECONDITION, ended);
  assert_fails(eager_set_thread_execution_mode(EAGER_SYNC), EAGER_FAILED_PRECONDITION,
               ended);
  assert_ok(eager_graph_end());
  assert_int_equal(eager_get_execution_mode(), auto_mode);
  assert_int_equal(eager_tensor_dtype(m.y), EAGER_FLOAT32); /* shells */
  assert_int_equal(eager_tensor_rank(out), 0);
  assert_non_null(strstr(eager_tensor_device(out), "CPU:"));
  assert_int_equal(eager_tensor_poll(out), EAGER_FAILED);
  assert_ok(eager_shutdown());
  eager_tensor_release(x);
  eager_tensor_release(out);
  eager_session_release(s);
  drop(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(checks_run_in_their_order, without_environment),
      cmocka_unit_test_setup(sessions_agree_on_options, without_environment),
      cmocka_unit_test_setup(the_environment_is_the_first_sessions, without_environment),
      cmocka_unit_test_setup(functions_come_first, without_environment),
      cmocka_unit_test_setup(kernels_come_first, without_environment),
      cmocka_unit_test_setup(shutdown_ends_sessions, without_environment),
  };
  return test_main_each("graph/startup_rules", tests, sizeof tests / sizeof *tests);
}
