#include <stdio.h>
#include <stdlib.h>

#include "base/dtype.h"
#include "dump_kernels.h"
#include "ops/elementwise_kernel.h"
#include "ops/fused_form.h"
#include "ops/fused_program.h"
#include "ops/registry.h"

enum { GROUPS = 32, FORMS = 3 };

/* For each form inputs that are whole, single, a row and a column. */
static const eager__shape shapes[FORMS][4] = {
    {{2, {8, 32}}, {0}, {2, {8, 32}}, {2, {8, 32}}},
    {{2, {8, 32}}, {0}, {1, {32}}, {2, {8, 1}}},
    {{2, {8, 3}}, {0}, {1, {3}}, {2, {8, 1}}},
};

typedef struct groups {
  eager__fused of[GROUPS];
  int count;
} groups;

static eager__fused *next_group(groups *all, eager_dtype dtype) {
  if (all->count == GROUPS) {
    fprintf(stderr, "dump_kernels: more than %d fused groups\n", GROUPS);
    exit(1);
  }
  eager__fused *made = &all->of[all->count++];
  *made = (eager__fused){.dtype = dtype};
  return made;
}

/* The last steps are stored. */
static void end_group(eager__fused *group) {
  int steps = group->step_count;
  group->output_count = steps < EAGER__FUSED_OUTPUTS ? steps : EAGER__FUSED_OUTPUTS;
  for (int i = 0; i < group->output_count; i++) group->outputs[i] = steps - 1 - i;
}

/* Inputs 0, 2 and 3 are of the dtype, 1 is bool. */
static bool make_step(const eager__op *op, eager_dtype dtype, eager__fused_step *out) {
  eager_dtype types[3] = {dtype, dtype, dtype};
  eager__elementwise row;
  const eager__family *family;
  bool knows = op->moves_only || op->dtypes & EAGER__BIT(dtype);
  if (!knows || !eager__elementwise_find(op, dtype, &row, &family)) return false;
  if (eager__fused_dtype(op, NULL, types, row.inputs, dtype) != dtype) return false;
  *out = (eager__fused_step){.op = op,
                             .parameter = eager__fused_parameter(op, NULL),
                             .operands = {row.first_is_bool, 2, 3},
                             .dtype = row.to_bool ? EAGER_BOOL : dtype};
  return true;
}

static int last_of(const eager__fused *group) {
  return group->input_count + group->step_count - 1;
}

static void add_choice(eager__fused *group, int mask, int x, int y) {
  eager__fused_step step = {
      eager__registry_find("SelectV2"), 0, {mask, x, y}, group->dtype};
  group->steps[group->step_count++] = step;
}

static void begin_rows(eager__fused *group) {
  group->input_count = 4;
  group->inputs[0] = group->inputs[2] = group->inputs[3] = group->dtype;
  group->inputs[1] = EAGER_BOOL;
  add_choice(group, 1, 0, 3);
}

/* Compilers warn of values that nobody reads, so each row takes what the last one gave, a
 * bool by way of a choice. */
static void add_row(eager__fused *group, eager__fused_step step) {
  int last = last_of(group);
  step.operands[step.operands[0] == 1] = last;
  group->steps[group->step_count++] = step;
  if (step.dtype != group->dtype) add_choice(group, last_of(group), last, 0);
  end_group(group);
}

static void make_rows(groups *all, eager_dtype dtype) {
  eager__fused *group = NULL;
  for (int i = 0; i < eager__registry_count(); i++) {
    eager__fused_step step;
    if (!make_step(eager__registry_get(i), dtype, &step)) continue;
    if (group == NULL || group->step_count + 2 > EAGER__FUSED_STEPS)
      begin_rows(group = next_group(all, dtype));
    add_row(group, step);
  }
}

static void make_casts(groups *all, eager_dtype dtype, bool has_float64) {
  const eager__op *cast = eager__registry_find("Cast");
  for (int d = 1; d < EAGER__DTYPE_END; d++) {
    bool other = eager__dtype_is_valid((eager_dtype)d) && d != (int)dtype;
    if (!other || (d == EAGER_FLOAT64 && !has_float64)) continue;
    eager__fused *group = next_group(all, dtype);
    group->inputs[group->input_count++] = dtype;
    group->inputs[group->input_count++] = dtype;
    if (dtype != EAGER_BOOL) group->inputs[group->input_count++] = (eager_dtype)d;
    group->steps[0] = (eager__fused_step){cast, 0, {0}, (eager_dtype)d};
    group->steps[1] = (eager__fused_step){cast, 0, {1}, (eager_dtype)d};
    group->steps[2] = (eager__fused_step){cast, 0, {2}, dtype};
    group->step_count = dtype == EAGER_BOOL ? 2 : 3;
    end_group(group);
  }
}

static int dump_programs(const char *folder, const device_kind *k, eager_dtype dtype,
                         const eager__fused_job *jobs, int count) {
  const eager__family *last = NULL;
  int failures = 0;
  for (int i = 0; i < count; i++) {
    eager__fused_kernel kernel;
    eager__fused_shape shape = {.stream = 0};
    const eager__family *family;
    const char *name;
    eager__fused_choose(&k->traits, jobs[i].fused, jobs[i].inputs, jobs[i].whole, &kernel,
                        &shape);
    if (eager__fused_find(&kernel, &family, &name) != EAGER_OK) return 1;
    if (family != last) failures += dump(folder, k, family, dtype);
    last = family;
  }
  return failures;
}

int dump_fused(const char *folder, const device_kind *k, eager_dtype dtype) {
  groups *all = calloc(1, sizeof *all);
  eager__fused_job jobs[GROUPS];
  const eager__shape *inputs[FORMS][EAGER__FUSED_INPUTS];
  if (all == NULL) return 1;
  make_rows(all, dtype);
  make_casts(all, dtype, k->has_float64);
  for (int f = 0; f < FORMS; f++)
    for (int i = 0; i < 4; i++) inputs[f][i] = &shapes[f][i];
  for (int i = 0; i < all->count; i++)
    jobs[i] = (eager__fused_job){&all->of[i], inputs[i % FORMS], inputs[i % FORMS][0]};
  int failures = 0;
  for (int i = 0; i < all->count; i++)
    if (!eager__fused_is_valid(&all->of[i])) failures++; /* this file's fault */
  if (eager__fused_gather(&k->traits, jobs, all->count) != EAGER_OK) failures++;
  failures += dump_programs(folder, k, dtype, jobs, all->count);
  free(all);
  return failures;
}
