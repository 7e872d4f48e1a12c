/* Host memory runs out while a graph is recorded: at the first allocation of a call, then
 * at the second one, and so on. Each time it is told, nothing has changed, and in the end
 * the graph is the one that is recorded in peace. Nothing here needs a device. */
#include "base/alloc.h"
#include "base/small.h"
#include "eagercl/kernel.h"
#include "test.h"

typedef struct things {
  eager_graph *graph;
  eager_kernel *kernel;
  eager_function *function;
  eager_op *op;
  eager_tensor *x, *one, *sum, *product, *run[2], *of_function, *by_name;
  char *text;
} things;

/* --- Steps: each is one call --- */

static eager_status new_graph(things *t) {
  return eager_graph_new(&t->graph);
}
static eager_status begin_graph(things *t) {
  return eager_graph_begin(t->graph);
}
static eager_status begin_scope(things *t) {
  (void)t;
  return eager_name_scope_begin("part");
}
static eager_status end_scope(things *t) {
  (void)t;
  return eager_name_scope_end();
}
static eager_status push_default(things *t) {
  (void)t;
  return eager_push_device(NULL);
}
static eager_status make_x(things *t) {
  return eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){-1, 3}, "x", &t->x);
}
static eager_status make_one(things *t) {
  return eager_scalar_float32(1, &t->one);
}
static eager_status add(things *t) {
  return eager_add(t->x, t->one, &t->sum);
}
static eager_status user_expression(things *t) {
  eager_tensor *inputs[] = {t->x, t->sum, t->one, t->x, t->x};
  return eager_elementwise("a * b + c + d * e", inputs, 5, &t->product);
}
static eager_status new_kernel(things *t) {
  return eager_kernel_new("__kernel void none(void) {}", "none", "-DN=1", &t->kernel);
}
static eager_status run_kernel(things *t) {
  static const int64_t dims[] = {2, 3};
  eager_kernel_arg args[] = {{EAGER_KERNEL_INPUT, .tensor = t->x},
                             {EAGER_KERNEL_OUTPUT, .dtype = EAGER_INT8, 2, dims},
                             {EAGER_KERNEL_VALUE, .value = dims, .size = sizeof dims},
                             {EAGER_KERNEL_OUTPUT, .dtype = EAGER_INT8}};
  return eager_kernel_run(t->kernel, 1, (size_t[]){4}, (size_t[]){2}, args, 4, t->run, 2);
}
static eager_status body(eager_tensor *const *inputs, size_t input_count,
                         eager_tensor **outputs, size_t output_count, void *user) {
  (void)input_count, (void)output_count, (void)user;
  return eager_negative(inputs[0], &outputs[0]);
}
static eager_status new_function(things *t) {
  return eager_function_new(body, 1, NULL, &t->function);
}
static eager_status call_function(things *t) {
  return eager_function_call(t->function, &t->x, 1, &t->of_function);
}
static eager_status new_op(things *t) {
  return eager_op_new("Sum", &t->op);
}
static eager_status set_axis(things *t) {
  return eager_op_set_attr_int_list(t->op, "axis", (int64_t[]){0, 1}, 2);
}
static eager_status set_input(things *t) {
  return eager_op_add_input(t->op, t->sum);
}
static eager_status run_op(things *t) {
  int count = 1;
  return eager_op_execute(t->op, &t->by_name, &count);
}
static eager_status dump_text(things *t) {
  eager_free(t->text);
  return eager_graph_dump(t->graph, EAGER_GRAPH_TEXT, &t->text);
}
static eager_status dump_dot(things *t) {
  eager_free(t->text);
  return eager_graph_dump(t->graph, EAGER_GRAPH_DOT, &t->text);
}

#define STEP(name)                                                                         \
  { #name, name }
static const struct {
  const char *name;
  eager_status (*run)(things *t);
} steps[] = {STEP(new_graph),   STEP(begin_graph),  STEP(begin_scope),
             STEP(make_x),      STEP(begin_scope),  STEP(make_one),
             STEP(add),         STEP(end_scope),    STEP(user_expression),
             STEP(begin_scope), STEP(new_kernel),   STEP(push_default),
             STEP(run_kernel),  STEP(new_function), STEP(call_function),
             STEP(new_op),      STEP(set_axis),     STEP(set_input),
             STEP(run_op),      STEP(dump_text),    STEP(dump_dot)};
enum { STEPS = sizeof steps / sizeof *steps };

static void drop(things *t) {
  assert_ok(eager_pop_device());
  assert_ok(eager_graph_end());
  eager_tensor *all[] = {t->x,      t->one,    t->sum,         t->product,
                         t->run[0], t->run[1], t->of_function, t->by_name};
  for (int i = 0; i < 8; i++) eager_tensor_release(all[i]);
  eager_op_release(t->op);
  eager_kernel_release(t->kernel);
  eager_function_release(t->function);
  eager_graph_release(t->graph);
}

/* How often it failed. */
static int run_step(int step, things *t, bool in_peace) {
  for (int nth = 1;; nth++) {
    if (nth > 1000) fail_msg("%s fails for ever", steps[step].name);
    eager__small_trim(); /* blocks that are kept would hide who asks for them */
    eager__alloc_fail_after(in_peace ? -1 : nth);
    eager_status status = steps[step].run(t);
    bool was_met = eager__alloc_fail_after(-1) <= 0 && !in_peace;
    if (status == EAGER_OK) return nth - 1;
    if (!was_met || status != EAGER_RESOURCE_EXHAUSTED ||
        !strstr(eager_error_message(), "memory"))
      fail_msg("%s, allocation %d: %s: %s", steps[step].name, nth,
               eager_status_name(status), eager_error_message());
  }
}

static void every_allocation_fails_once(void **state) {
  (void)state;
  things calm = {0}, hit = {0};
  int failures = 0;
  for (int i = 0; i < STEPS; i++) failures += run_step(i, &hit, false);
  drop(&hit);
  for (int i = 0; i < STEPS; i++) (void)run_step(i, &calm, true);
  drop(&calm);
  printf("  %d calls failed %d times\n", STEPS, failures);
  assert_true(failures > 50);
  if (strcmp(calm.text, hit.text) != 0)
    fail_msg("recorded in peace\n%sand in want\n%s", calm.text, hit.text);
  eager_free(calm.text);
  eager_free(hit.text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};
  return test_main("graph/no_memory", tests, sizeof tests / sizeof *tests);
}
