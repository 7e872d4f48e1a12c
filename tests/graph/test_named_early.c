/* Devices that are named while a graph is recorded, before the first session decides which
 * there are. Each test has a process of its own, and no variable of the library's is set.
 */
#include <pthread.h>

#include "enabling.h"

static const char not_enabled[] = "eager execution is not enabled";

typedef struct names {
  const char *basic, *pthread; /* of the machine: "CPU:1" */
} names;

static names find_names(void) {
  return (names){need_device(BASIC)->short_name, need_device(PTHREAD)->short_name};
}

typedef struct model {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *x;
} model;

static model begin(void) {
  model m = {0};
  assert_ok(eager_graph_new(&m.graph));
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 0, NULL, "x", &m.x));
  return m;
}

static eager_tensor *doubled_on(const model *m, const char *device) {
  eager_tensor *y;
  assert_ok(eager_push_device(device));
  assert_ok(eager_add(m->x, m->x, &y));
  assert_ok(eager_pop_device());
  return y;
}

static eager_status new_session(model *m, const char *list) {
  return eager_session_new(m->graph, &(eager_config){.visible_device_list = list},
                           &m->session);
}

static eager_status fetch(const model *m, eager_tensor *y, eager_tensor **out) {
  eager_tensor *one;
  assert_ok(eager_scalar_float32(1, &one));
  eager_status status = eager_session_run(m->session, &m->x, &one, 1, &y, 1, out);
  eager_tensor_release(one);
  return status;
}

/* `short_name` and 2. */
static void expect_on(const model *m, eager_tensor *y, const char *short_name) {
  eager_tensor *out;
  float got;
  assert_ok(fetch(m, y, &out));
  const char *colon = strstr(eager_tensor_device(out), "device:");
  assert_string_equal(colon + 7, short_name);
  assert_ok(eager_tensor_to_host(out, &got, sizeof got));
  assert_true(got == 2);
  eager_tensor_release(out);
}

static void drop(model *m, eager_tensor **made, int count) {
  for (int i = 0; i < count; i++) eager_tensor_release(made[i]);
  eager_tensor_release(m->x);
  eager_session_release(m->session);
  eager_graph_release(m->graph);
}

static const char *list_of_machine(void) {
  const char *list = "";
  for (size_t i = 0; i < eager_physical_device_count(); i++) {
    const eager_device_info *info;
    assert_ok(eager_physical_device_get(i, &info));
    char *longer = test_alloc(strlen(list) + 40);
    sprintf(longer, "%s%s%s", list, i ? ", " : "", info->short_name);
    list = longer;
  }
  return list;
}

/* --- Before any session --- */

static void names_are_checked_at_once(void **state) {
  (void)state;
  names n = find_names();
  char unknown[512];
  snprintf(unknown, sizeof unknown, "gpu:42 unknown device; available: %s",
           list_of_machine());
  assert_fails_like(eager_push_device(n.basic), EAGER_FAILED_PRECONDITION, not_enabled);
  model m = begin();
  eager_op *op;
  assert_ok(eager_op_new("AddV2", &op));
  assert_fails(eager_push_device("gpu:42"), EAGER_NOT_FOUND, unknown);
  assert_fails(eager_op_set_device(op, "gpu:42"), EAGER_NOT_FOUND, unknown);
  assert_fails_like(eager_push_device("gpu:"), EAGER_INVALID_ARGUMENT, "GPU:0");
  assert_fails_like(eager_op_set_device(op, ""), EAGER_INVALID_ARGUMENT, "GPU:0");
  assert_fails(eager_pop_device(), EAGER_FAILED_PRECONDITION,
               "eager_pop_device: no device scope is open in this thread");
  assert_ok(eager_push_device(n.basic));
  assert_ok(eager_graph_end());
  assert_fails_like(eager_pop_device(), EAGER_FAILED_PRECONDITION, not_enabled);
  assert_fails_like(eager_op_set_device(op, n.basic), EAGER_FAILED_PRECONDITION,
                    not_enabled);
  eager_tensor *t;
  assert_fails_like(eager_scalar_float32(1, &t), EAGER_FAILED_PRECONDITION, not_enabled);
  assert_int_equal(eager_device_count(), 0); /* nothing was made or decided */
  assert_ok(new_session(&m, "CPU:7=" PTHREAD));
  eager_op_release(op);
  drop(&m, NULL, 0);
}

static void every_form_is_a_name(void **state) {
  (void)state;
  names n = find_names();
  int number = atoi(strchr(n.basic, ':') + 1);
  static const char *const forms[] = {"cpu:%d", "/cpu:%d", "/device:CPU:%d",
                                      FULL_NAME("CPU:%d")};
  model m = begin();
  eager_tensor *made[6];
  for (int i = 0; i < 4; i++) {
    char name[96];
    snprintf(name, sizeof name, forms[i], number);
    made[i] = doubled_on(&m, name);
    memset(name, 'x', sizeof name - 1);
  }
  assert_ok(eager_push_device(n.basic));
  made[4] = doubled_on(&m, NULL);
  made[5] = doubled_on(&m, n.pthread);
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  assert_ok(new_session(&m, BASIC "," PTHREAD));
  for (int i = 0; i < 4; i++) expect_on(&m, made[i], n.basic);
  expect_on(&m, made[4], n.basic); /* the default device, not the scope around it */
  expect_on(&m, made[5], n.pthread);
  drop(&m, made, 6);
}

/* What the variable will make of the machine counts as well. */
static void renamed_devices_are_known(void **state) {
  (void)state;
  names n = find_names();
  char unknown[512];
  snprintf(unknown, sizeof unknown,
           "CPU:42 unknown device; available: %s; by EAGERCL_VISIBLE_DEVICES: GPU:3, CPU:9",
           list_of_machine());
  model m = begin();
  eager_tensor *made[3];
  setenv("EAGERCL_VISIBLE_DEVICES", "GPU:3=nothing/here", 1);
  assert_ok(eager_push_device(n.basic)); /* the machine has it */
  assert_ok(eager_pop_device());
  assert_fails_like(eager_push_device("GPU:3"), EAGER_NOT_FOUND,
                    " (in EAGERCL_VISIBLE_DEVICES)");
  setenv("EAGERCL_VISIBLE_DEVICES", "GPU:3=" BASIC ",CPU:9=" PTHREAD, 1);
  assert_fails(eager_push_device("CPU:42"), EAGER_NOT_FOUND, unknown);
  made[0] = doubled_on(&m, "GPU:3");
  made[1] = doubled_on(&m, "cpu:9");
  made[2] = doubled_on(&m, n.basic); /* of the machine, but not of the session */
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(m.graph, NULL, &m.session));
  expect_on(&m, made[0], "GPU:3");
  expect_on(&m, made[1], "CPU:9");
  eager_tensor *out;
  char text[128];
  snprintf(text, sizeof text,
           "%s unknown device; available: GPU:3, CPU:9 [Op:AddV2] (node AddV2_3)", n.basic);
  assert_fails(fetch(&m, made[2], &out), EAGER_NOT_FOUND, text);
  assert_null(out);
  drop(&m, made, 3);
}

/* --- What the session makes of them --- */

static void a_run_tells_what_is_missing(void **state) {
  (void)state;
  names n = find_names();
  eager_tensor *made[4], *out;
  char text[128];
  model m = begin();
  made[0] = doubled_on(&m, n.basic);
  made[1] = doubled_on(&m, n.pthread);
  assert_ok(eager_push_device(n.basic));
  assert_ok(eager_scalar_float32(1, &made[2]));
  assert_ok(eager_pop_device());
  assert_ok(eager_add(made[2], m.x, &made[3]));
  assert_ok(eager_graph_end());
  assert_ok(new_session(&m, PTHREAD));
  snprintf(text, sizeof text, "%s unknown device; available: %s [Op:AddV2] (node AddV2_1)",
           n.basic, n.pthread);
  assert_fails(fetch(&m, made[0], &out), EAGER_NOT_FOUND, text);
  snprintf(text, sizeof text, "%s unknown device; available: %s (node Const_3)", n.basic,
           n.pthread);
  assert_fails(fetch(&m, made[3], &out), EAGER_NOT_FOUND, text);
  assert_null(out);
  expect_on(&m, made[1], n.pthread); /* all else runs */
  drop(&m, made, 4);
}

/* --- Scopes that are open when the runtime comes --- */

static int other_thread(void *(*run)(void *), void *argument) {
  pthread_t thread;
  return pthread_create(&thread, NULL, run, argument) ? -1 : pthread_join(thread, NULL);
}

static void *make_session(void *argument) {
  model *m = argument;
  return eager_session_new(m->graph,
                           &(eager_config){.visible_device_list = BASIC "," PTHREAD},
                           &m->session) == EAGER_OK
             ? NULL
             : m;
}

static void scopes_stay_what_they_were(void **state) {
  (void)state;
  names n = find_names();
  eager_tensor *made[3], *value;
  model m = begin();
  assert_ok(eager_push_device(n.pthread));
  assert_ok(eager_add(m.x, m.x, &made[0]));
  assert_int_equal(other_thread(make_session, &m), 0);
  assert_non_null(m.session);
  assert_ok(eager_add(m.x, m.x, &made[1]));
  assert_ok(eager_graph_end());
  assert_ok(eager_scalar_float32(1, &value)); /* the scope is this thread's still */
  assert_non_null(strstr(eager_tensor_device(value), n.pthread));
  eager_tensor_release(value);
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_push_device(NULL)); /* known by now */
  assert_ok(eager_add(m.x, m.x, &made[2]));
  assert_ok(eager_pop_device());
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  assert_ok(eager_scalar_float32(1, &value));
  assert_non_null(strstr(eager_tensor_device(value), n.basic));
  eager_tensor_release(value);
  expect_on(&m, made[0], n.pthread);
  expect_on(&m, made[1], n.pthread);
  expect_on(&m, made[2], n.basic);
  drop(&m, made, 3);
}

static void scopes_of_what_is_missing_are_refused(void **state) {
  (void)state;
  names n = find_names();
  eager_tensor *made[2], *value;
  char text[128], bytes[64];
  snprintf(text, sizeof text, "%s unknown device; available: %s", n.pthread, n.basic);
  model m = begin();
  assert_ok(eager_push_device(n.pthread));
  assert_ok(new_session(&m, BASIC));
  assert_ok(eager_add(m.x, m.x, &made[0])); /* as it was named */
  assert_ok(eager_graph_end());
  assert_fails(eager_scalar_float32(1, &value), EAGER_NOT_FOUND, text);
  assert_null(value);
  assert_fails(eager_tensor_adopt_host(EAGER_INT32, 1, (int64_t[]){4}, bytes, 16, NULL,
                                       NULL, &value),
               EAGER_NOT_FOUND, text);
  assert_null(value);
  assert_ok(eager_graph_begin(m.graph));
  assert_ok(eager_pop_device());
  assert_ok(eager_add(m.x, m.x, &made[1]));
  assert_ok(eager_graph_end());
  expect_on(&m, made[1], n.basic);
  drop(&m, made, 2);
}

static void a_machine_without_devices_has_no_names(void **state) {
  (void)state;
  use_no_driver();
  eager_graph *g;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_push_device(NULL));
  assert_fails(eager_push_device("CPU:0"), EAGER_NOT_FOUND,
               "CPU:0 unknown device; available: none");
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  eager_session *s;
  for (int i = 0; i < 2; i++) /* nothing has changed by the first */
    assert_fails_like(eager_session_new(g, NULL, &s), EAGER_NOT_FOUND,
                      "no usable OpenCL device: 0 platforms and 0 devices seen (no OpenCL "
                      "platform is installed). Install a driver");
  assert_null(s);
  eager_graph_release(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(names_are_checked_at_once, without_environment),
      cmocka_unit_test_setup(every_form_is_a_name, without_environment),
      cmocka_unit_test_setup(renamed_devices_are_known, without_environment),
      cmocka_unit_test_setup(a_run_tells_what_is_missing, without_environment),
      cmocka_unit_test_setup(scopes_stay_what_they_were, without_environment),
      cmocka_unit_test_setup(scopes_of_what_is_missing_are_refused, without_environment),
      cmocka_unit_test_setup(a_machine_without_devices_has_no_names, without_environment),
  };
  return test_main_each("graph/named_early", tests, sizeof tests / sizeof *tests);
}
