#include "random/random_program.h"

#include "random/ops.h"

const rp_attr *rp_attr_find(const rp_step *step, const char *name) {
  for (int i = 0; i < step->attr_count; i++)
    if (strcmp(step->attrs[i].name, name) == 0) return &step->attrs[i];
  return NULL;
}

int64_t rp_attr_int(const rp_step *step, const char *name, int64_t otherwise) {
  const rp_attr *attr = rp_attr_find(step, name);
  return attr != NULL ? attr->ints[0] : otherwise;
}

rp_attr *rp_attr_add(rp_step *step, const char *name, eager_attr_kind kind) {
  if (step->attr_count == RP_ATTRS) abort();
  rp_attr *attr = &step->attrs[step->attr_count++];
  memset(attr, 0, sizeof *attr);
  snprintf(attr->name, sizeof attr->name, "%s", name);
  attr->kind = kind;
  attr->count = 1;
  return attr;
}

void rp_attr_add_int(rp_step *step, const char *name, int64_t value) {
  rp_attr_add(step, name, EAGER_ATTR_INT)->ints[0] = value;
}

void rp_attr_add_bool(rp_step *step, const char *name, bool value) {
  rp_attr_add(step, name, EAGER_ATTR_BOOL)->ints[0] = value;
}

void rp_attr_add_dtype(rp_step *step, const char *name, eager_dtype value) {
  rp_attr_add(step, name, EAGER_ATTR_DTYPE)->ints[0] = value;
}

void rp_attr_add_text(rp_step *step, const char *name, const char *value) {
  rp_attr *attr = rp_attr_add(step, name, EAGER_ATTR_STRING);
  snprintf(attr->text, sizeof attr->text, "%s", value);
}

void rp_attr_add_list(rp_step *step, const char *name, int count, const int64_t *values) {
  rp_attr *attr = rp_attr_add(step, name, EAGER_ATTR_INT_LIST);
  if (count > RP_LIST) abort();
  attr->count = count;
  for (int i = 0; i < count; i++) attr->ints[i] = values[i];
}

/* --- Files --- */

bool rp_save(const rp_program *program, const char *path) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return false;
  bool good = fwrite(program, sizeof *program, 1, file) == 1;
  return fclose(file) == 0 && good;
}

bool rp_load(rp_program *program, const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  bool good = fread(program, sizeof *program, 1, file) == 1;
  fclose(file);
  return good;
}

/* --- Text --- */

static const char *const code_names[RP_CODES] = {
    "make",   "op",          "copy",       "read",     "wait", "wait_for",
    "poll",   "synchronize", "retain",     "release",  "push", "pop",
    "policy", "mode",        "tidy_begin", "tidy_end", "keep", "trim"};
static const char *const make_names[RP_MAKES] = {"from_host", "adopt", "zeros", "scalar"};
static const char *const read_names[RP_READS] = {"to_host", "map", "format", "npy"};
static const char *const fill_names[RP_FILLINGS] = {
    "zero", "small", "halves", "special", "bits", "rising", "permutation", "count"};

typedef struct line {
  char text[1024];
  size_t used;
} line;

static void add(line *l, const char *format, ...) EAGER__PRINTF(2, 3);
static void add(line *l, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = vsnprintf(l->text + l->used, sizeof l->text - l->used, format, arguments);
  va_end(arguments);
  l->used += (size_t)count;
  if (l->used >= sizeof l->text) l->used = sizeof l->text - 1;
}

static void add_registers(line *l, const int *registers, int count) {
  for (int i = 0; i < count; i++) add(l, "%sr%d", i ? ", " : "", registers[i]);
}

static void add_attr(line *l, const rp_attr *attr) {
  add(l, ", %s=", attr->name);
  if (attr->kind == EAGER_ATTR_STRING) {
    add(l, "%s", attr->text);
  } else if (attr->kind == EAGER_ATTR_DTYPE) {
    add(l, "%s", eager_dtype_name((eager_dtype)attr->ints[0]));
  } else if (attr->kind != EAGER_ATTR_INT_LIST) {
    add(l, "%lld", (long long)attr->ints[0]);
  } else {
    add(l, "[");
    for (int i = 0; i < attr->count; i++)
      add(l, "%s%lld", i ? "," : "", (long long)attr->ints[i]);
    add(l, "]");
  }
}

static void add_make(line *l, const rp_step *step) {
  char shape[EAGER__SHAPE_TEXT];
  add(l, "%s %s %s (%d to %d, seed %u)", eager_dtype_name(step->dtype),
      eager__shape_text(&step->shape, shape), fill_names[step->fill.kind], step->fill.low,
      step->fill.high, step->fill.seed);
}

const char *rp_step_text(const rp_step *step) {
  static _Thread_local line l;
  l = (line){.used = 0};
  add_registers(&l, step->outputs, step->output_count);
  if (step->output_count > 0) add(&l, " = ");
  if (step->code == RP_OP)
    add(&l, "%s%s", rp_op_at(step->op)->name, step->typed ? " (typed)" : "");
  else if (step->code == RP_MAKE)
    add(&l, "%s", make_names[step->how]);
  else if (step->code == RP_READ)
    add(&l, "read by %s", read_names[step->how]);
  else
    add(&l, "%s", code_names[step->code]);
  add(&l, " ");
  add_registers(&l, step->inputs, step->input_count);
  if (step->code == RP_MAKE) add_make(&l, step);
  if (step->code == RP_POLICY || step->code == RP_MODE || step->code == RP_WAIT_FOR)
    add(&l, " %d", step->how);
  for (int i = 0; i < step->attr_count; i++) add_attr(&l, &step->attrs[i]);
  if (step->device >= 0) add(&l, " on device %d", step->device);
  return l.text;
}
