/* The by-name door: a call built up piece by piece, then handed to the one path. */
#include <string.h>

#include "base/alloc.h"
#include "base/handles.h"
#include "base/small.h"
#include "eagercl/op.h"
#include "ops/catalogue.h"
#include "runtime/capability.h"
#include "runtime/run.h"
#include "runtime/runtime.h"

struct eager_op {
  const eager__op *record;
  char *device;          /* NULL: the thread's scope */
  eager_tensor **inputs; /* few or allocated */
  eager_tensor *few[EAGER__INLINE_INPUTS];
  size_t input_count, input_capacity;
  int attr_end; /* behind the last attribute that was set */
  eager__attr attrs[EAGER__MAX_ATTRS];
  void *storage[EAGER__MAX_ATTRS]; /* what attrs' texts and lists point to; owned */
};

eager_status eager_op_new(const char *name, eager_op **out) {
  EAGER__REQUIRE(out != NULL, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  const eager__op *record;
  EAGER__TRY(eager__catalogue_find(name, &record));
  eager_op *op = eager__small_alloc(sizeof *op);
  if (op == NULL) return eager__out_of_memory(sizeof *op);
  op->record = record;
  op->device = NULL;
  op->inputs = op->few;
  op->input_count = 0;
  op->input_capacity = EAGER__INLINE_INPUTS;
  op->attr_end = 0;
  for (int i = 0; i < eager__op_attr_count(record); i++) { /* nobody looks at the others */
    op->attrs[i].given = false;
    op->storage[i] = NULL;
  }
  eager__handle_made(op, EAGER__HANDLE_OP);
  *out = op;
  return EAGER_OK;
}

static eager_status check_op(const eager_op *op) {
  EAGER__REQUIRE(op != NULL, EAGER_INVALID_ARGUMENT, "op is NULL");
  return eager__handle_is_live(op, EAGER__HANDLE_OP) ? EAGER_OK
                                                     : eager__handle_refuse(op, "op");
}

static void drop_inputs(eager_op *op) {
  for (size_t i = 0; i < op->input_count; i++) eager_tensor_release(op->inputs[i]);
  op->input_count = 0;
}

static void clear(eager_op *op) {
  drop_inputs(op);
  for (int i = 0; i < op->attr_end; i++) {
    eager__free(op->storage[i]);
    op->storage[i] = NULL;
    op->attrs[i] = (eager__attr){0};
  }
  op->attr_end = 0;
  eager__free(op->device);
  op->device = NULL;
}

void eager_op_release(eager_op *op) {
  if (op == NULL) return;
  if (!eager__handle_is_live(op, EAGER__HANDLE_OP)) {
    eager__handle_log(op, "eager_op_release: op");
    return;
  }
  clear(op);
  if (op->inputs != op->few) eager__free(op->inputs);
  eager__handle_free(op, sizeof *op, op->record->name, 0);
}

eager_status eager_op_reset(eager_op *op) {
  EAGER__TRY(check_op(op));
  clear(op);
  return EAGER_OK;
}

eager_status eager_op_set_device(eager_op *op, const char *device) {
  EAGER__TRY(check_op(op));
  char *copy = NULL;
  if (device != NULL) {
    eager__runtime *runtime;
    eager__device *found;
    char name[EAGER__SHORT_NAME];
    EAGER__TRY(eager__runtime_require_scope(&runtime));
    EAGER__TRY(runtime ? eager__runtime_place(runtime, device, op->record->name, &found)
                       : eager__foresee_device(device, name));
    copy = eager__strdup(device);
    if (copy == NULL) return eager__out_of_memory(strlen(device) + 1);
  }
  eager__free(op->device);
  op->device = copy;
  return EAGER_OK;
}

/* Room for one more, off the struct when there are many. */
static eager_status reserve_input(eager_op *op) {
  if (op->input_count < op->input_capacity) return EAGER_OK;
  if (op->inputs != op->few)
    return eager__reserve(&op->inputs, &op->input_capacity, op->input_count + 1,
                          sizeof *op->inputs);
  size_t capacity = 4 * EAGER__INLINE_INPUTS;
  eager_tensor **inputs = eager__alloc(capacity * sizeof *inputs);
  if (inputs == NULL) return eager__out_of_memory(capacity * sizeof *inputs);
  memcpy(inputs, op->few, sizeof op->few);
  op->inputs = inputs;
  op->input_capacity = capacity;
  return EAGER_OK;
}

eager_status eager_op_add_input(eager_op *op, eager_tensor *t) {
  EAGER__TRY(check_op(op));
  EAGER__REQUIRE(t != NULL, EAGER_INVALID_ARGUMENT, "input #%zu(zero-based) of %s is NULL",
                 op->input_count, op->record->name);
  if (!eager__tensor_is_live(t)) return eager__handle_refuse(t, "the input");
  EAGER__REQUIRE(op->input_count < INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "%s has 2^31 - 1 inputs already", op->record->name);
  EAGER__TRY(reserve_input(op));
  eager_tensor_retain(t);
  op->inputs[op->input_count++] = t;
  return EAGER_OK;
}

/* --- Attributes --- */

typedef enum value_kind {
  VALUE_INT,
  VALUE_FLOAT,
  VALUE_BOOL,
  VALUE_DTYPE,
  VALUE_STRING,
  VALUE_INT_LIST,
  VALUE_FLOAT_LIST,
} value_kind;

static const char *const value_texts[] = {
    [VALUE_INT] = "an int",
    [VALUE_FLOAT] = "a float",
    [VALUE_BOOL] = "a bool",
    [VALUE_DTYPE] = "a dtype",
    [VALUE_STRING] = "a string",
    [VALUE_INT_LIST] = "a list of ints",
    [VALUE_FLOAT_LIST] = "a list of floats",
};

static bool accepts(eager__attr_kind kind, value_kind value) {
  switch (kind) {
  case EAGER__ATTR_INT:
    return value == VALUE_INT;
  case EAGER__ATTR_FLOAT:
  case EAGER__ATTR_NUMBER:
    return value == VALUE_INT || value == VALUE_FLOAT;
  case EAGER__ATTR_BOOL:
    return value == VALUE_BOOL;
  case EAGER__ATTR_DTYPE:
    return value == VALUE_DTYPE;
  case EAGER__ATTR_STRING:
    return value == VALUE_STRING;
  case EAGER__ATTR_INT_LIST:
    return value == VALUE_INT || value == VALUE_INT_LIST;
  case EAGER__ATTR_FLOAT_LIST:
    return value == VALUE_FLOAT_LIST || value == VALUE_INT_LIST;
  case EAGER__ATTR_NONE:
    break;
  }
  return false;
}

static eager_status refuse_attr(const eager_op *op, const char *name, const char *why) {
  eager__strbuf legal = {0};
  eager__catalogue_list_attrs(op->record, &legal);
  eager__fail(EAGER_INVALID_ARGUMENT, "%s: attribute `%s` %s; %s", op->record->name, name,
              why, eager__strbuf_text(&legal));
  eager__strbuf_free(&legal);
  return EAGER_INVALID_ARGUMENT;
}

static bool is_inferred(const char *name) {
  return strcmp(name, "T") == 0 || strcmp(name, "N") == 0 || strcmp(name, "Tidx") == 0;
}

static eager_status find_attr(const eager_op *op, const char *name, value_kind value,
                              int *out) {
  EAGER__TRY(check_op(op));
  EAGER__REQUIRE(name != NULL, EAGER_INVALID_ARGUMENT, "%s: the attribute's name is NULL",
                 op->record->name);
  const eager__attr_spec *specs = op->record->attrs;
  int count = eager__op_attr_count(op->record), i = 0;
  while (i < count && strcmp(specs[i].name, name) != 0) i++;
  if (i == count && is_inferred(name))
    return refuse_attr(op, name, "is inferred from the inputs and cannot be set");
  if (i == count) return refuse_attr(op, name, "is unknown");
  *out = i;
  if (accepts(specs[i].kind, value)) return EAGER_OK;
  eager__strbuf why = {0};
  eager__strbuf_format(&why, "cannot be %s", value_texts[value]);
  eager_status status = refuse_attr(op, name, eager__strbuf_text(&why));
  eager__strbuf_free(&why);
  return status;
}

/* Commits: `storage` is taken over. */
static void set_attr(eager_op *op, int index, const eager__attr *value, void *storage) {
  eager__free(op->storage[index]);
  op->storage[index] = storage;
  op->attrs[index] = *value;
  op->attrs[index].given = true;
  if (op->attr_end <= index) op->attr_end = index + 1;
}

/* A copy of `size` bytes in an allocation that is never of size 0. */
static eager_status copy_bytes(const void *bytes, size_t size, void **out) {
  *out = eager__alloc(size > 0 ? size : 1);
  if (*out == NULL) return eager__out_of_memory(size);
  if (size > 0) memcpy(*out, bytes, size);
  return EAGER_OK;
}

/* Of lists: what the caller gave, checked. */
static eager_status copy_list(const eager_op *op, const char *name, const void *values,
                              size_t count, void **out) {
  if (values == NULL && count > 0) return refuse_attr(op, name, "is a NULL list");
  if (count > SIZE_MAX / 2 / sizeof(int64_t)) return refuse_attr(op, name, "is too long");
  return copy_bytes(values, count * sizeof(int64_t), out);
}

eager_status eager_op_set_attr_int(eager_op *op, const char *name, int64_t v) {
  int index;
  void *storage = NULL;
  EAGER__TRY(find_attr(op, name, VALUE_INT, &index));
  eager__attr value = {.i = v, .f = (double)v};
  if (op->record->attrs[index].kind == EAGER__ATTR_INT_LIST) {
    EAGER__TRY(copy_bytes(&v, sizeof v, &storage));
    value = (eager__attr){.ints = storage, .count = 1};
  }
  set_attr(op, index, &value, storage);
  return EAGER_OK;
}

eager_status eager_op_set_attr_float(eager_op *op, const char *name, double v) {
  int index;
  EAGER__TRY(find_attr(op, name, VALUE_FLOAT, &index));
  set_attr(op, index, &(eager__attr){.f = v, .is_float = true}, NULL);
  return EAGER_OK;
}

eager_status eager_op_set_attr_bool(eager_op *op, const char *name, bool v) {
  int index;
  EAGER__TRY(find_attr(op, name, VALUE_BOOL, &index));
  set_attr(op, index, &(eager__attr){.i = v, .f = v}, NULL);
  return EAGER_OK;
}

eager_status eager_op_set_attr_dtype(eager_op *op, const char *name, eager_dtype v) {
  int index;
  EAGER__TRY(find_attr(op, name, VALUE_DTYPE, &index));
  if (!eager__dtype_is_valid(v))
    return refuse_attr(op, name, "must be one of enum eager_dtype");
  set_attr(op, index, &(eager__attr){.i = v, .f = v}, NULL);
  return EAGER_OK;
}

eager_status eager_op_set_attr_string(eager_op *op, const char *name, const char *v) {
  int index;
  void *storage;
  EAGER__TRY(find_attr(op, name, VALUE_STRING, &index));
  if (v == NULL) return refuse_attr(op, name, "is NULL");
  EAGER__TRY(copy_bytes(v, strlen(v) + 1, &storage));
  set_attr(op, index, &(eager__attr){.text = storage}, storage);
  return EAGER_OK;
}

eager_status eager_op_set_attr_int_list(eager_op *op, const char *name, const int64_t *v,
                                        size_t count) {
  int index;
  void *storage;
  EAGER__TRY(find_attr(op, name, VALUE_INT_LIST, &index));
  EAGER__TRY(copy_list(op, name, v, count, &storage));
  eager__attr value = {.ints = storage, .count = count};
  if (op->record->attrs[index].kind == EAGER__ATTR_FLOAT_LIST) {
    double *floats = storage; /* of one size with what they are made of */
    for (size_t i = 0; i < count; i++) floats[i] = (double)v[i];
    value = (eager__attr){.floats = floats, .count = count};
  }
  set_attr(op, index, &value, storage);
  return EAGER_OK;
}

eager_status eager_op_set_attr_float_list(eager_op *op, const char *name, const double *v,
                                          size_t count) {
  int index;
  void *storage;
  EAGER__TRY(find_attr(op, name, VALUE_FLOAT_LIST, &index));
  EAGER__TRY(copy_list(op, name, v, count, &storage));
  set_attr(op, index, &(eager__attr){.floats = storage, .count = count}, storage);
  return EAGER_OK;
}

/* --- Running --- */

static eager_status check_given(const eager_op *op) {
  for (int i = 0; i < eager__op_attr_count(op->record); i++) {
    const eager__attr_spec *spec = &op->record->attrs[i];
    if (!spec->required || op->attrs[i].given) continue;
    eager_status status = refuse_attr(op, spec->name, "is required");
    eager__fail_append(" [Op:%s]", op->record->name);
    return status;
  }
  return EAGER_OK;
}

static eager_status begin(const eager_op *op, eager__call *call) {
  EAGER__TRY(eager__call_begin(call, op->record, op->inputs, (int)op->input_count));
  for (int i = 0; i < eager__op_attr_count(op->record); i++)
    if (op->attrs[i].given) eager__call_set_attr(call, i, &op->attrs[i]);
  return EAGER_OK;
}

static eager_status count_outputs(const eager_op *op, int *out) {
  *out = eager__op_output_count(op->record);
  if (op->record->count_outputs == NULL) return EAGER_OK;
  eager__call call;
  EAGER__TRY(check_given(op));
  EAGER__TRY(begin(op, &call));
  eager_status status = eager__call_count_outputs(&call, out);
  eager__call_end(&call);
  if (status != EAGER_OK) eager__fail_append(" [Op:%s]", op->record->name);
  return status;
}

static eager_status run(const eager_op *op, eager_tensor **outputs, int count) {
  eager__call call;
  EAGER__TRY(check_given(op));
  EAGER__TRY(begin(op, &call));
  return eager__call_run(&call, op->device, outputs, count);
}

eager_status eager_op_execute(eager_op *op, eager_tensor **outputs, int *inout_count) {
  EAGER__REQUIRE(inout_count != NULL, EAGER_INVALID_ARGUMENT, "inout_count is NULL");
  int room = *inout_count;
  for (int i = 0; outputs != NULL && i < room; i++) outputs[i] = NULL;
  EAGER__TRY(check_op(op));
  int need;
  EAGER__TRY(count_outputs(op, &need));
  if (outputs == NULL || room < need) {
    *inout_count = need;
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "%s has %d output%s, but there is room for %d [Op:%s]", op->record->name,
                need, need == 1 ? "" : "s", outputs == NULL ? 0 : room, op->record->name);
  }
  EAGER__TRY(run(op, outputs, need));
  drop_inputs(op);
  *inout_count = need;
  return EAGER_OK;
}
