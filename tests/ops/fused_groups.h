/* Groups of elementwise steps built by hand, run as one kernel and step by step, compared
 * bit for bit. Included by one test file each. */
#ifndef EAGER_TESTS_FUSED_GROUPS_H
#define EAGER_TESTS_FUSED_GROUPS_H

#include <math.h>

#include "ops/fused.h"
#include "ops/registry.h"
#include "reference.h"
#include "runtime/run.h"
#include "tensor/buffer.h"

enum { GROUP_VALUES = EAGER__FUSED_INPUTS + EAGER__FUSED_STEPS };

typedef struct group {
  eager__fused fused;
  eager_tensor *inputs[EAGER__FUSED_INPUTS];
} group;

static inline void group_begin(group *g, eager_dtype dtype) {
  *g = (group){.fused = {.dtype = dtype}};
}

/* A view two elements into its buffer. Numbers that every dtype has, few of them alike; and
 * now and then one that is special. */
static inline eager_tensor *group_tensor(eager_dtype dtype, test_shape shape) {
  static const double specials[] = {0.0, -0.0, 1, -1, 0.5, 6, INFINITY, -INFINITY, NAN};
  enum { SPECIALS = sizeof specials / sizeof *specials };
  double *x = test_random_values(dtype, test_elements(shape), -4, 9);
  for (int64_t i = 0; test_is_float(dtype) && i < test_elements(shape); i++)
    if (test_random() % 8 == 0) x[i] = specials[test_random() % SPECIALS];
  return test_view(dtype, shape, x, 2);
}

/* What comes next must be an input, too, or all inputs are there. */
static inline int group_input(group *g, eager_dtype dtype, test_shape shape) {
  int k = g->fused.input_count++;
  assert_int_equal(g->fused.step_count, 0);
  assert_true(k < EAGER__FUSED_INPUTS);
  g->fused.inputs[k] = dtype;
  g->inputs[k] = group_tensor(dtype, shape);
  return k;
}

static inline eager_dtype group_dtype(const group *g, int operand) {
  int step = operand - g->fused.input_count;
  return step < 0 ? g->fused.inputs[operand] : g->fused.steps[step].dtype;
}

/* Its number as an operand. */
static inline int group_step(group *g, const char *raw, eager_dtype result,
                             const int *operands, double parameter) {
  eager__fused_step *step = &g->fused.steps[g->fused.step_count++];
  assert_true(g->fused.step_count <= EAGER__FUSED_STEPS);
  *step = (eager__fused_step){
      .op = eager__registry_find(raw), .parameter = parameter, .dtype = result};
  assert_non_null(step->op);
  for (int i = 0; i < eager__op_input_count(step->op); i++) step->operands[i] = operands[i];
  return g->fused.input_count + g->fused.step_count - 1;
}

static inline void group_output(group *g, int operand) {
  g->fused.outputs[g->fused.output_count++] = operand - g->fused.input_count;
}

/* --- Running --- */

static inline void group_run_step(const group *g, int s, eager_tensor *const *values,
                                  eager_tensor **out) {
  const eager__fused_step *step = &g->fused.steps[s];
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new(step->op->name, &op));
  for (int i = 0; i < eager__op_input_count(step->op); i++)
    assert_ok(eager_op_add_input(op, values[step->operands[i]]));
  const eager__attr_spec *attr = &step->op->attrs[0];
  if (strcmp(step->op->name, "Cast") == 0)
    assert_ok(eager_op_set_attr_dtype(op, "DstT", step->dtype));
  else if (attr->name != NULL && attr->kind == EAGER__ATTR_FLOAT)
    assert_ok(eager_op_set_attr_float(op, attr->name, step->parameter));
  else if (attr->name != NULL && strcmp(attr->name, "approximate") == 0)
    assert_ok(eager_op_set_attr_bool(op, attr->name, step->parameter != 0));
  assert_ok(eager_op_execute(op, out, &count));
  eager_op_release(op);
}

static inline void *group_bytes(const eager_tensor *t) {
  size_t size = eager_tensor_byte_size(t);
  void *bytes = test_alloc(size + 1);
  assert_ok(eager_tensor_to_host(t, bytes, size));
  return bytes;
}

static inline const char *group_text(const group *g) {
  const char *text = eager_dtype_name(g->fused.dtype);
  char shape_text[EAGER__SHAPE_TEXT];
  for (int k = 0; k < g->fused.input_count; k++)
    text = test_text("%s, %s %s", text, eager_dtype_name(g->fused.inputs[k]),
                     eager__shape_text(&g->inputs[k]->shape, shape_text));
  for (int s = 0; s < g->fused.step_count; s++) {
    text = test_text("%s; %s(", text, g->fused.steps[s].op->name);
    for (int i = 0; i < eager__op_input_count(g->fused.steps[s].op); i++)
      text = test_text("%s%s%d", text, i ? ", " : "", g->fused.steps[s].operands[i]);
    text = test_text("%s)", text);
  }
  return text;
}

/* Of the whole shape: what the steps give may have fewer elements. */
static inline void group_expect(const group *g, int i, const eager_tensor *got,
                                const eager_tensor *step) {
  test_shape shape = got->shape, own = step->shape;
  size_t size = eager_dtype_size(step->dtype);
  const uint8_t *a = group_bytes(got), *b = group_bytes(step);
  assert_int_equal(got->dtype, step->dtype);
  if (eager__shape_equal(&shape, &own) &&
      memcmp(a, b, size * (size_t)test_elements(shape)) == 0)
    return;
  test_walk w;
  for (test_walk_begin(&w, shape); w.more; test_walk_next(&w)) {
    const uint8_t *x = a + size * (size_t)w.position;
    const uint8_t *y = b + size * (size_t)test_walk_offset(&w, own);
    if (memcmp(x, y, size) == 0) continue;
    double both[] = {eager__decode_double(got->dtype, x),
                     eager__decode_double(got->dtype, y)};
    if (isnan(both[0]) && isnan(both[1])) continue; /* compilers choose its sign */
    fail_msg("output %d: element %lld is %.17g, step by step %.17g: %s", i,
             (long long)w.position, both[0], both[1], group_text(g));
  }
}

/* Inputs, which it takes over, and what each step gives. */
static inline void group_run_steps(const group *g, eager_tensor **values) {
  for (int k = 0; k < g->fused.input_count; k++) values[k] = g->inputs[k];
  for (int s = 0; s < g->fused.step_count; s++)
    group_run_step(g, s, values, &values[g->fused.input_count + s]);
}

/* As one kernel of `op`, compared with `values`, which it releases. */
static inline void group_compare(const group *g, const eager__op *op,
                                 eager_tensor **values) {
  eager_tensor *got[EAGER__FUSED_OUTPUTS];
  const eager__fused *fused = &g->fused;
  eager__call call;
  assert_ok(eager__call_begin(&call, op, g->inputs, fused->input_count));
  call.user = fused;
  assert_ok(eager__call_run(&call, NULL, got, fused->output_count));
  for (int i = 0; i < fused->output_count; i++) {
    group_expect(g, i, got[i], values[fused->input_count + fused->outputs[i]]);
    eager_tensor_release(got[i]);
  }
  for (int v = 0; v < fused->input_count + fused->step_count; v++)
    eager_tensor_release(values[v]);
}

static inline test_shape group_whole(const group *g) {
  test_shape whole = {0};
  for (int k = 0; k < g->fused.input_count; k++)
    assert_true(test_broadcast(whole, g->inputs[k]->shape, &whole));
  return whole;
}

/* Compiled together. */
static inline void group_gather(const group *groups, int count) {
  typedef const eager__shape *shapes[EAGER__FUSED_INPUTS];
  eager__fused_job *jobs = test_alloc((size_t)(count + 1) * sizeof *jobs);
  shapes *inputs = test_alloc((size_t)(count + 1) * sizeof *inputs);
  test_shape *wholes = test_alloc((size_t)(count + 1) * sizeof *wholes);
  int used = 0;
  for (int i = 0; i < count; i++) {
    wholes[i] = group_whole(&groups[i]);
    for (int k = 0; k < groups[i].fused.input_count; k++)
      inputs[i][k] = &groups[i].inputs[k]->shape;
    if (test_elements(wholes[i]) > 0)
      jobs[used++] = (eager__fused_job){&groups[i].fused, inputs[i], &wholes[i]};
  }
  if (used > 0)
    assert_ok(
        eager__fused_gather(&groups[0].inputs[0]->buffer->device->traits, jobs, used));
}

static inline void group_check_all(const group *groups, int count) {
  group_gather(groups, count);
  for (int i = 0; i < count; i++) {
    eager_tensor *values[GROUP_VALUES];
    test_pick_mode(test_random());
    group_run_steps(&groups[i], values);
    group_compare(&groups[i], &eager__op_fused, values);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

#endif
