#include "ops/fused_values.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/dtype.h"
#include "ops/elementwise_kernel.h"
#include "ops/fused_edges.h"
#include "ops/plan.h"

enum { NAME = 16, ARGUMENT = 32 };

eager_dtype eager__fused_operand_dtype(const eager__fused *fused, int operand) {
  int step = operand - fused->input_count;
  return step < 0 ? fused->inputs[operand] : fused->steps[step].dtype;
}

/* --- Values: masks of MV where they are bools, else vectors of AV --- */

bool eager__fused_is_bool(const eager__fused *fused, int operand) {
  return eager__fused_operand_dtype(fused, operand) == EAGER_BOOL;
}

const char *eager__fused_value_type(const eager__fused *fused, int operand) {
  return eager__fused_is_bool(fused, operand) ? "MV" : "AV";
}

/* Of a step: also what is cast to be stored. */
static void write_type(const eager__fused *fused, const eager__fused_step *step,
                       eager__strbuf *source) {
  if (eager__fused_is_edge(fused, step->dtype))
    eager__strbuf_format(source, "JOIN(%s, V)", eager__dtype(step->dtype)->stored);
  else
    eager__strbuf_add(source, step->dtype == EAGER_BOOL ? "MV" : "AV");
}

static const char *value_name(const eager__fused *fused, int operand, char name[NAME]) {
  int step = operand - fused->input_count;
  snprintf(name, NAME, step < 0 ? "i%d" : "v%d", step < 0 ? operand : step);
  return name;
}

/* The value as a row takes it. */
static const char *argument(const eager__fused *fused, int operand, bool as_mask,
                            char text[ARGUMENT]) {
  char name[NAME];
  snprintf(text, ARGUMENT,
           eager__fused_is_bool(fused, operand) && !as_mask ? "FLAGV(%s)" : "%s",
           value_name(fused, operand, name));
  return text;
}

/* --- The steps --- */

static eager__elementwise row_of(const eager__fused *fused, const eager__op *op) {
  eager__elementwise row = {0};
  const eager__family *family;
  (void)eager__elementwise_find(op, fused->dtype, &row, &family);
  return row;
}

void eager__fused_write_once(const char *what, const char *name, eager__strbuf *source) {
  eager__strbuf_format(source, "#ifndef %s_%s\n#define %s_%s\n", what, name, what, name);
}

static void write_row(const eager__elementwise *row, eager__strbuf *source) {
  eager__fused_write_once("ROW", row->flat, source);
  eager__strbuf_format(source, "INLINED %s do_%s(%s a", row->to_bool ? "MV" : "AV",
                       row->flat, row->first_is_bool ? "MV" : "AV");
  for (int i = 1; i < row->inputs; i++) eager__strbuf_format(source, ", AV %c", "abc"[i]);
  if (row->has_parameter) eager__strbuf_add(source, ", A p");
  eager__strbuf_format(source, ") {\n  return %s;\n}\n#endif\n", row->expression);
}

static void write_rows(const eager__fused *fused, eager__strbuf *source) {
  for (int s = 0; s < fused->step_count; s++) {
    const eager__op *op = fused->steps[s].op;
    if (eager__fused_is_cast(op)) continue;
    eager__elementwise row = row_of(fused, op);
    write_row(&row, source);
  }
}

/* --- Parameters: arguments of kernels, since compilers treat the constants 0 and 1 in ways
 * of their own --- */

/* How many of the first `steps` have one. */
static int parameters_before(const eager__fused *fused, int steps) {
  int count = 0;
  for (int s = 0; s < steps; s++) count += row_of(fused, fused->steps[s].op).has_parameter;
  return count;
}

int eager__fused_parameter_count(const eager__fused *fused) {
  return parameters_before(fused, fused->step_count);
}

void eager__fused_add_parameters(const eager__fused *fused, eager__commands *commands) {
  eager_dtype dtype = fused->dtype;
  size_t size = eager__computed_size(dtype), count = 0;
  uint64_t all[EAGER__FUSED_STEPS] = {0};
  if (size == sizeof(float) && eager__dtype_is_float(dtype)) dtype = EAGER_FLOAT32;
  for (int s = 0; s < fused->step_count; s++)
    if (row_of(fused, fused->steps[s].op).has_parameter)
      eager__encode_double(dtype, fused->steps[s].parameter,
                           (uint8_t *)all + size * count++);
  if (count > 0) eager__arg_bytes(commands, all, size * count);
}

static void write_call(const eager__fused *fused, int s, eager__strbuf *source) {
  const eager__fused_step *step = &fused->steps[s];
  char text[ARGUMENT];
  eager__elementwise row = row_of(fused, step->op);
  eager__strbuf_format(source, "do_%s(", row.flat);
  for (int i = 0; i < row.inputs; i++)
    eager__strbuf_format(
        source, "%s%s", i ? ", " : "",
        argument(fused, step->operands[i], row.first_is_bool && i == 0, text));
  if (row.has_parameter)
    eager__strbuf_format(source, ", p.p[%d]", parameters_before(fused, s));
  eager__strbuf_add(source, ")");
  if (row.first_is_bool && step->dtype == EAGER_BOOL) eager__strbuf_add(source, " != ZERO");
}

/* Inputs are cast as they are loaded. */
static void write_cast(const eager__fused *fused, const eager__fused_step *step,
                       eager__strbuf *source) {
  char text[ARGUMENT];
  const char *x = argument(fused, step->operands[0], false, text);
  if (eager__fused_is_edge(fused, step->dtype))
    eager__fused_write_cast(fused->dtype, step->dtype, x, source);
  else
    eager__strbuf_format(source, step->dtype == EAGER_BOOL ? "%s != ZERO" : "%s", x);
}

static bool is_used(const eager__fused *fused, int s) {
  for (int later = s + 1; later < fused->step_count; later++)
    for (int i = 0; i < eager__op_input_count(fused->steps[later].op); i++)
      if (fused->steps[later].operands[i] == fused->input_count + s) return true;
  return false;
}

/* What a row gives that gives numbers of as few bits as it takes. */
static bool is_exact(const eager__op *op) {
  static const char *const rows[] = {"Neg",      "Abs",         "Sign",      "Floor",
                                     "Ceil",     "Round",       "Rint",      "Relu",
                                     "ReluGrad", "Relu6",       "Relu6Grad", "Maximum",
                                     "Minimum",  "ClipByValue", "SelectV2",  "Select"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(op->name, rows[i]) == 0) return true;
  return false;
}

/* Stores round by themselves. */
static bool must_round(const eager__fused *fused, int s) {
  const eager__fused_step *step = &fused->steps[s];
  bool is_narrow = step->dtype == EAGER_FLOAT16 || step->dtype == EAGER_BFLOAT16;
  bool is_row = !eager__fused_is_cast(step->op);
  return is_narrow && is_row && !is_exact(step->op) && is_used(fused, s);
}

static void write_step(const eager__fused *fused, int s, eager__strbuf *source) {
  const eager__fused_step *step = &fused->steps[s];
  bool is_cast = eager__fused_is_cast(step->op);
  bool rounds = must_round(fused, s);
  eager__strbuf_add(source, "  ");
  write_type(fused, step, source);
  eager__strbuf_format(source, " v%d = %s", s, rounds ? "ROUNDED(" : "");
  if (is_cast)
    write_cast(fused, step, source);
  else
    write_call(fused, s, source);
  eager__strbuf_add(source, rounds ? ");\n" : ";\n");
}

static void write_values_head(const eager__fused *fused, const char *kind, const char *name,
                              eager__strbuf *source) {
  eager__strbuf_format(source, "%s void %s(", kind, name);
  if (eager__fused_parameter_count(fused) > 0)
    eager__strbuf_add(source, "fused_parameters p, ");
  for (int k = 0; k < fused->input_count; k++)
    eager__strbuf_format(source, "%s i%d, ", eager__fused_value_type(fused, k), k);
  eager__strbuf_add(source, "fused_values *out) {\n");
}

/* The steps as a function, and once more for the ends of rows, which is called: what is
 * called is compiled once. */
void eager__fused_write_values(const eager__fused *fused, eager__strbuf *source) {
  int parameters = eager__fused_parameter_count(fused);
  write_rows(fused, source);
  if (parameters > 0)
    eager__strbuf_format(source, "typedef struct {\n  A p[%d];\n} fused_parameters;\n",
                         parameters);
  eager__strbuf_add(source, "typedef struct {\n");
  for (int i = 0; i < fused->output_count; i++) {
    write_type(fused, &fused->steps[fused->outputs[i]], source);
    eager__strbuf_format(source, " o%d;\n", i);
  }
  eager__strbuf_add(source, "} fused_values;\n");
  write_values_head(fused, "INLINED", "values", source);
  for (int s = 0; s < fused->step_count; s++) write_step(fused, s, source);
  for (int i = 0; i < fused->output_count; i++)
    eager__strbuf_format(source, "  out->o%d = v%d;\n", i, fused->outputs[i]);
  eager__strbuf_add(source, "}\n");
}

void eager__fused_write_apart(const eager__fused *fused, eager__strbuf *source) {
  write_values_head(fused, "OUTLINED", "values_apart", source);
  eager__strbuf_add(source, "  values(");
  if (eager__fused_parameter_count(fused) > 0) eager__strbuf_add(source, "p, ");
  for (int k = 0; k < fused->input_count; k++) eager__strbuf_format(source, "i%d, ", k);
  eager__strbuf_add(source, "out);\n}\n");
}

/* --- The files they need --- */

static void add_file(eager__family *family, const char *file) {
  int i = 0;
  for (; family->files[i] != NULL; i++)
    if (strcmp(family->files[i], file) == 0) return;
  assert(i + 1 < EAGER__FAMILY_FILES);
  family->files[i] = file;
}

/* What the steps' own programs are made of, but for those programs' kernels. */
void eager__fused_add_files(const eager__fused *fused, eager__family *family) {
  for (int s = 0; s < fused->step_count; s++) {
    eager__elementwise row;
    const eager__family *of;
    if (!eager__elementwise_find(fused->steps[s].op, fused->dtype, &row, &of)) continue;
    for (int i = 0; of->files[i] != NULL; i++)
      if (strcmp(of->files[i], "elementwise") != 0) add_file(family, of->files[i]);
  }
}
