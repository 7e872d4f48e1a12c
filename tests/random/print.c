#include "random/print.h"

#include <inttypes.h>
#include <math.h>

#include "random/print_parts.h"

typedef rp_printer printer;

void rp_put(const printer *p, const char *format, ...) {
  va_list all;
  va_start(all, format);
  vfprintf(p->file, format, all);
  va_end(all);
}

/* --- Values --- */

const char *const rp_dtype_names[] = {
    [EAGER_FLOAT32] = "EAGER_FLOAT32",   [EAGER_FLOAT64] = "EAGER_FLOAT64",
    [EAGER_INT32] = "EAGER_INT32",       [EAGER_UINT8] = "EAGER_UINT8",
    [EAGER_INT16] = "EAGER_INT16",       [EAGER_INT8] = "EAGER_INT8",
    [EAGER_INT64] = "EAGER_INT64",       [EAGER_BOOL] = "EAGER_BOOL",
    [EAGER_BFLOAT16] = "EAGER_BFLOAT16", [EAGER_UINT16] = "EAGER_UINT16",
    [EAGER_FLOAT16] = "EAGER_FLOAT16",   [EAGER_UINT32] = "EAGER_UINT32",
    [EAGER_UINT64] = "EAGER_UINT64"};

static bool is_wide_finite(const rp_value *v) {
  if (v->dtype != EAGER_FLOAT32 && v->dtype != EAGER_FLOAT64) return false;
  for (int64_t i = 0; i < v->count; i++)
    if (!isfinite(rp_get(v, i)) || fabs(rp_get(v, i)) > 1e6) return false;
  return true;
}

/* static const TYPE name[] = {...}; floats that are no usual numbers as their bits. */
static void put_data(const printer *p, const char *name, const rp_value *v) {
  bool floats = is_wide_finite(v), bits = test_is_float(v->dtype) && !floats;
  if (floats)
    rp_put(p, "    static const %s %s[] = {", v->size == 8 ? "double" : "float", name);
  else
    rp_put(p, "    static const %sint%zu_t %s[] = {",
           bits || rp_is_unsigned(v->dtype) ? "u" : "", 8 * v->size, name);
  for (int64_t i = 0; i < v->count; i++) {
    uint64_t raw = 0;
    memcpy(&raw, v->bytes + (size_t)i * v->size, v->size);
    int64_t small = rp_get_int(v, i);
    rp_put(p, "%s", i == 0 ? "" : i % 12 == 0 ? ",\n        " : ", ");
    if (floats)
      rp_put(p, v->size == 8 ? "%.17g" : "%.9g", rp_get(v, i));
    else if (bits || small > INT32_MAX || small < INT32_MIN)
      rp_put(p, "%s0x%" PRIx64, bits || rp_is_unsigned(v->dtype) ? "" : "(int64_t)", raw);
    else
      rp_put(p, "%" PRId64, small);
  }
  rp_put(p, "%s};\n", v->count == 0 ? "0" : "");
}

void rp_put_list(const printer *p, const char *name, const int64_t *values, int count) {
  rp_put(p, "    const int64_t %s[] = {", name);
  for (int i = 0; i < count; i++) rp_put(p, "%s%" PRId64, i ? ", " : "", values[i]);
  rp_put(p, "%s};\n", count == 0 ? "0" : "");
}

static void put_string(const printer *p, const char *text) {
  rp_put(p, "\"");
  for (; *text; text++) rp_put(p, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
  rp_put(p, "\"");
}

static void put_texts(const printer *p, const rp_expect *expect) {
  rp_put(p, "    const char *const texts[] = {");
  for (int i = 0; i < expect->text_count; i++) {
    put_string(p, expect->texts[i]);
    rp_put(p, ", ");
  }
  rp_put(p, "NULL};\n");
}

static const char *status_name(eager_status status) {
  static _Thread_local char name[64];
  snprintf(name, sizeof name, "EAGER_%s", eager_status_name(status));
  return name;
}

/* check(step, <call>, status, texts); the call is printed by what follows. */
static void put_check(const printer *p, const rp_expect *expect, const char *format, ...)
    EAGER__PRINTF(3, 4);
static void put_check(const printer *p, const rp_expect *expect, const char *format, ...) {
  va_list all;
  put_texts(p, expect);
  rp_put(p, "    check(%d, ", p->step);
  va_start(all, format);
  vfprintf(p->file, format, all);
  va_end(all);
  rp_put(p, ", %s, texts);\n", status_name(expect->status));
}

static const char *device_text(const printer *p, int device) {
  static _Thread_local char text[32];
  if (device < 0) return "NULL";
  snprintf(text, sizeof text, "\"%s\"", p->world->devices[device].short_name);
  return text;
}

/* --- Ops --- */

static void put_attr(const printer *p, const rp_attr *a) {
  static const char *const setters[] = {
      [EAGER_ATTR_INT] = "int", [EAGER_ATTR_BOOL] = "bool", [EAGER_ATTR_DTYPE] = "dtype"};
  if (a->kind == EAGER_ATTR_STRING) {
    rp_put(p, "    must(%d, eager_op_set_attr_string(op, \"%s\", \"%s\"));\n", p->step,
           a->name, a->text);
  } else if (a->kind == EAGER_ATTR_DTYPE) {
    rp_put(p, "    must(%d, eager_op_set_attr_dtype(op, \"%s\", %s));\n", p->step, a->name,
           rp_dtype_names[a->ints[0]]);
  } else if (a->kind == EAGER_ATTR_INT_LIST) {
    rp_put_list(p, a->name, a->ints, a->count);
    rp_put(p, "    must(%d, eager_op_set_attr_int_list(op, \"%s\", %s, %d));\n", p->step,
           a->name, a->name, a->count);
  } else {
    rp_put(p, "    must(%d, eager_op_set_attr_%s(op, \"%s\", %" PRId64 "));\n", p->step,
           setters[a->kind], a->name, a->ints[0]);
  }
}

static void put_by_name(const printer *p, const rp_step *step, const rp_expect *expect) {
  rp_put(p, "    eager_op *op;\n    eager_tensor *out[%d] = {NULL};\n    int count = %d;\n",
         step->output_count, step->output_count);
  rp_put(p, "    must(%d, eager_op_new(\"%s\", &op));\n", p->step,
         rp_op_at(step->op)->name);
  if (step->device >= 0)
    rp_put(p, "    must(%d, eager_op_set_device(op, %s));\n", p->step,
           device_text(p, step->device));
  for (int i = 0; i < step->input_count; i++)
    rp_put(p, "    must(%d, eager_op_add_input(op, r[%d]));\n", p->step, step->inputs[i]);
  for (int i = 0; i < step->attr_count; i++) put_attr(p, &step->attrs[i]);
  put_check(p, expect, "eager_op_execute(op, out, &count)");
  rp_put(p, "    eager_op_release(op);\n");
}

static bool lists_fit(const printer *p, const rp_step *step) {
  int rank = p->state.handles[step->inputs[0]].value->shape.rank;
  for (int i = 0; i < step->attr_count; i++) {
    int each = strcmp(step->attrs[i].name, "paddings") == 0 ? 2 : 1;
    if (step->attrs[i].kind == EAGER_ATTR_INT_LIST && step->attrs[i].count != each * rank)
      return false;
  }
  return true;
}

/* An argument list behind the tensors, as the door's kind has it; NULL: only by name. */
static const char *typed_arguments(const printer *p, const rp_step *step, char *text,
                                   size_t size) {
  const rp_op *op = rp_op_at(step->op);
  const char *a = op->attrs[0], *b = op->attrs[1];
  const rp_attr *list = a != NULL ? rp_attr_find(step, a) : NULL;
  int count = list != NULL ? list->count : 0;
  long long first = a != NULL ? (long long)rp_attr_int(step, a, 0) : 0;
  long long second = b != NULL ? (long long)rp_attr_int(step, b, 0) : 0;
  const char *name = list != NULL ? a : "NULL";
  text[0] = '\0';
  switch (op->door) {
  case RP_DOOR_1:
  case RP_DOOR_2:
  case RP_DOOR_3:
    return text;
  case RP_DOOR_REDUCE:
    snprintf(text, size, "%s, %d, %lld, ", name, count, second);
    return text;
  case RP_DOOR_ARG:
    snprintf(text, size, "%lld, %s, ", first,
             rp_dtype_names[rp_attr_int(step, b, EAGER_INT64)]);
    return text;
  case RP_DOOR_SCAN:
    snprintf(text, size, "%lld, %lld, %lld, ", first,
             (long long)rp_attr_int(step, "exclusive", 0),
             (long long)rp_attr_int(step, "reverse", 0));
    return text;
  case RP_DOOR_SHAPE:
    snprintf(text, size, "%d, %s, ", count, name);
    return text;
  case RP_DOOR_LIST:
    snprintf(text, size, "%s, ", name);
    return lists_fit(p, step) ? text : NULL;
  case RP_DOOR_LISTS:
    snprintf(text, size, "%s, %s, ", name, b);
    return lists_fit(p, step) ? text : NULL;
  case RP_DOOR_AXES:
    snprintf(text, size, "%s, %d, ", name, count);
    return text;
  case RP_DOOR_AXIS:
  case RP_DOOR_INDEX:
    snprintf(text, size, "%lld, ", first);
    return text;
  case RP_DOOR_DTYPE:
    snprintf(text, size, "%s, ", rp_dtype_names[first]);
    return text;
  default:
    return NULL;
  }
}

static void put_op(const printer *p, const rp_step *step, const rp_expect *expect) {
  const rp_op *op = rp_op_at(step->op);
  char text[256];
  const char *arguments = step->typed && step->device < 0 && op->typed != NULL
                              ? typed_arguments(p, step, text, sizeof text)
                              : NULL;
  if (arguments == NULL) {
    put_by_name(p, step, expect);
    return;
  }
  for (int i = 0; i < step->attr_count; i++)
    if (step->attrs[i].kind == EAGER_ATTR_INT_LIST)
      rp_put_list(p, step->attrs[i].name, step->attrs[i].ints, step->attrs[i].count);
  rp_put(p, "    eager_tensor *out[1] = {NULL};\n");
  put_texts(p, expect);
  rp_put(p, "    check(%d, %s(", p->step, op->typed);
  for (int i = 0; i < step->input_count; i++) rp_put(p, "r[%d], ", step->inputs[i]);
  rp_put(p, "%sout), %s, texts);\n", arguments, status_name(expect->status));
}

/* --- The other steps --- */

static void put_make(const printer *p, const rp_step *step, const rp_expect *expect) {
  const rp_value *v = p->state.handles[step->outputs[0]].value;
  rp_put(p, "    eager_tensor *out[1] = {NULL};\n");
  rp_put_list(p, "dims", v->shape.dims, v->shape.rank);
  if (step->how == RP_ZEROS) {
    put_check(p, expect, "eager_tensor_zeros(%s, %d, dims, out)", rp_dtype_names[v->dtype],
              v->shape.rank);
    return;
  }
  put_data(p, "data", v);
  if (step->how == RP_ADOPT_HOST) {
    size_t size = (size_t)v->count * v->size;
    rp_put(p, "    static char own[%zu];\n    memcpy(own, data, %zu);\n", size + 1, size);
    put_check(p, expect, "eager_tensor_adopt_host(%s, %d, dims, own, %zu, NULL, NULL, out)",
              rp_dtype_names[v->dtype], v->shape.rank, size);
    return;
  }
  put_check(p, expect, "eager_tensor_from_host(%s, %d, dims, data, out)",
            rp_dtype_names[v->dtype], v->shape.rank);
}

static void put_read(const printer *p, const rp_step *step, const rp_expect *expect) {
  int reg = step->inputs[0];
  const rp_value *v = p->state.handles[reg].value;
  size_t size = (size_t)v->count * v->size;
  const char *dtype = rp_dtype_names[v->dtype];
  if (expect->status != EAGER_OK) {
    rp_put(p, "    static char data[%zu];\n", size + 1);
    put_check(p, expect, "eager_tensor_to_host(r[%d], data, %zu)", reg, size);
    return;
  }
  if (v->rough) {
    rp_put(p, "    must(%d, eager_tensor_wait(r[%d]));\n", p->step, reg);
    return;
  }
  bool loose = test_is_float(v->dtype) && !v->moved;
  put_data(p, "wanted", v);
  if (step->how == RP_MAP) {
    rp_put(p, "    const void *got;\n    must(%d, eager_tensor_map(r[%d], &got));\n",
           p->step, reg);
    rp_put(p, "    compare(%d, %s, %zu, wanted, got, %d);\n", p->step, dtype, size, loose);
    rp_put(p, "    must(%d, eager_tensor_unmap(r[%d]));\n", p->step, reg);
    return;
  }
  if (step->how == RP_NPY) {
    rp_put(p, "    eager_tensor *loaded;\n");
    rp_put(p, "    must(%d, eager_npy_save(\"random_program.npy\", r[%d]));\n", p->step,
           reg);
    rp_put(p, "    must(%d, eager_npy_load_as(\"random_program.npy\", %s, &loaded));\n",
           p->step, dtype);
    rp_put(p, "    read_host(%d, loaded, %s, %zu, wanted, %d);\n", p->step, dtype, size,
           loose);
    if (p->state.tidy_depth == 0) rp_put(p, "    eager_tensor_release(loaded);\n");
    return;
  }
  if (step->how == RP_FORMAT)
    rp_put(p,
           "    char *text;\n    must(%d, eager_tensor_format(r[%d], &text));\n"
           "    eager_free(text);\n",
           p->step, reg);
  rp_put(p, "    read_host(%d, r[%d], %s, %zu, wanted, %d);\n", p->step, reg, dtype, size,
         loose);
}

void rp_put_step(const printer *p, const rp_step *step, const rp_expect *expect) {
  int reg = step->input_count > 0 ? step->inputs[0] : -1;
  switch (step->code) {
  case RP_MAKE:
    put_make(p, step, expect);
    return;
  case RP_OP:
    put_op(p, step, expect);
    return;
  case RP_COPY:
    rp_put(p, "    eager_tensor *out[1] = {NULL};\n");
    put_check(p, expect, "eager_tensor_copy_to_device(r[%d], %s, out)", reg,
              device_text(p, step->device));
    return;
  case RP_READ:
    put_read(p, step, expect);
    return;
  case RP_WAIT:
    put_check(p, expect, "eager_tensor_wait(r[%d])", reg);
    return;
  case RP_WAIT_FOR:
    rp_put(p, "    eager_status got = eager_tensor_wait_for(r[%d], %d);\n", reg, step->how);
    rp_put(p, "    if (got != EAGER_DEADLINE_EXCEEDED) {\n");
    put_check(p, expect, "got");
    rp_put(p, "    }\n");
    return;
  case RP_POLL:
    put_texts(p, expect);
    rp_put(p, "    poll(%d, r[%d], %s, %d, texts);\n", p->step, reg,
           expect->readiness == EAGER_FAILED ? "EAGER_FAILED" : "EAGER_READY",
           expect->may_be_pending);
    return;
  case RP_SYNCHRONIZE:
    put_check(p, expect, "eager_synchronize(%s)", device_text(p, step->device));
    return;
  case RP_RETAIN:
    rp_put(p, "    eager_tensor_retain(r[%d]);\n", reg);
    return;
  case RP_RELEASE:
    rp_put(p, "    eager_tensor_release(r[%d]);\n", reg);
    return;
  case RP_PUSH:
    put_check(p, expect, "eager_push_device(%s)", device_text(p, step->device));
    return;
  case RP_POP:
    put_check(p, expect, "eager_pop_device()");
    return;
  case RP_POLICY:
    put_check(p, expect, "eager_set_thread_device_policy((eager_device_policy)%d)",
              step->how);
    return;
  case RP_MODE:
    put_check(p, expect, "eager_set_thread_execution_mode((eager_execution_mode)%d)",
              step->how);
    return;
  case RP_TIDY_BEGIN:
    put_check(p, expect, "eager_tidy_begin()");
    return;
  case RP_TIDY_END:
    put_check(p, expect, "eager_tidy_end()");
    return;
  case RP_TIDY_KEEP:
    put_check(p, expect, "eager_tidy_keep(r[%d])", reg);
    return;
  default:
    put_check(p, expect, "eager_trim_memory(%s)", device_text(p, step->device));
    return;
  }
}

void rp_put_outputs(const printer *p, const rp_step *step, const rp_expect *expect) {
  for (int i = 0; i < step->output_count && expect->status == EAGER_OK; i++) {
    int reg = step->outputs[i];
    const rp_handle *h = &p->state.handles[reg];
    char name[24];
    snprintf(name, sizeof name, "shape%d", i);
    rp_put(p, "    r[%d] = out[%d];\n", reg, i);
    rp_put_list(p, name, h->value->shape.dims, h->value->shape.rank);
    rp_put(p, "    handle(%d, r[%d], \"%s\", %d, %s);\n", p->step, reg,
           p->world->devices[h->device].full_name, h->value->shape.rank, name);
  }
}

/* --- The whole --- */

void rp_put_enabling(const printer *p) {
  rp_put(p, "  eager_config config = {.visible_device_list = \"");
  for (int i = 0; i < p->world->device_count; i++)
    rp_put(p, "%s%s", i ? "," : "", p->world->devices[i].short_name);
  rp_put(p, "\", .default_device = \"%s\", .log = no_log};\n",
         p->world->devices[0].short_name);
  rp_put(p, "  must(-1, eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, "
            "EAGER_SYNC));\n");
  int registers = 1;
  for (int i = 0; i < p->program->step_count; i++) {
    const rp_step *step = &p->program->steps[i];
    for (int k = 0; k < step->output_count; k++)
      if (step->outputs[k] >= registers) registers = step->outputs[k] + 1;
  }
  rp_put(p, "  static eager_tensor *r[%d];\n", registers);
}

static void put_end(printer *p) {
  const eager_copy_stats *s = &p->state.stats;
  rp_expect expect = {0};
  rp_put(p, "  eager_copy_stats stats;\n  must(%d, eager_get_copy_stats(&stats));\n",
         p->step);
  if (p->state.stats_are_clear)
    rp_put(
        p,
        "  if (stats.count != %llu || stats.bytes != %llu || stats.mirror_hits != %llu ||\n"
        "      stats.warnings != %llu)\n    wrong(%d, \"other copy statistics\", \"\");\n",
        (unsigned long long)s->count, (unsigned long long)s->bytes,
        (unsigned long long)s->mirror_hits, (unsigned long long)s->warnings, p->step);
  for (int i = 0; i < RP_REGISTERS; i++)
    for (int k = 0; p->state.handles[i].is_made && k < p->state.handles[i].refs; k++)
      rp_put(p, "  eager_tensor_release(r[%d]);\n", i);
  for (int i = 0; i < p->state.tidy_depth; i++)
    rp_put(p, "  must(%d, eager_tidy_end());\n", p->step);
  rp_expect_synchronize(&p->state, -1, &expect);
  rp_put(p, "  {\n");
  put_check(p, &expect, "eager_synchronize(NULL)");
  rp_put(p, "  }\n");
  for (int i = 0; i < p->world->device_count; i++)
    rp_put(p,
           "  {\n    eager_memory_info info;\n"
           "    must(%d, eager_get_memory_info(\"%s\", &info));\n"
           "    if (info.current) wrong(%d, \"bytes are held on\", \"%s\");\n  }\n",
           p->step, p->world->devices[i].short_name, p->step,
           p->world->devices[i].short_name);
  rp_put(p, "  must(%d, eager_shutdown());\n  puts(\"as expected\");\n  return 0;\n}\n",
         p->step);
}

void rp_put_head(const printer *p, const char *problem) {
  rp_put(p, "/* Random program %llu. Exits with 1 at the first difference.\n",
         (unsigned long long)p->program->seed);
  for (const char *c = problem; *c; c++) /* may hold the end of a comment */
    rp_put(p, "%s%c", c == problem ? " * " : c[0] == '/' && c[-1] == '*' ? " " : "", *c);
  rp_put(p, " */\n");
  for (int i = 0; rp_prelude[i] != NULL; i++) rp_put(p, "%s\n", rp_prelude[i]);
}

void rp_print_c(FILE *file, const rp_program *program, const rp_world *world,
                const char *problem) {
  printer p = {.file = file, .program = program, .world = world};
  rp_begin(&p.state, world);
  rp_put_head(&p, problem);
  rp_put(&p, "int main(void) {\n");
  rp_put_enabling(&p);
  for (p.step = 0; p.step < program->step_count; p.step++) {
    rp_expect expect;
    const rp_step *step = &program->steps[p.step];
    if (!rp_interpret(&p.state, step, &expect)) break;
    rp_put(&p, "  { /* %d: %s */\n", p.step, rp_step_text(step));
    rp_put_step(&p, step, &expect);
    rp_put_outputs(&p, step, &expect);
    rp_put(&p, "  }\n");
  }
  put_end(&p);
  rp_end(&p.state);
}
