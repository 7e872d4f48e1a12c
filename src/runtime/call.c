#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "runtime/record.h"
#include "runtime/run.h"

int eager__op_input_count(const eager__op *op) {
  int count = 0;
  while (count < EAGER__MAX_INPUTS && op->inputs[count].name) count++;
  return count;
}

static int attr_index(const eager__op *op, const char *name) {
  for (int i = 0; i < EAGER__MAX_ATTRS && op->attrs[i].name; i++)
    if (strcmp(op->attrs[i].name, name) == 0) return i;
  return -1;
}

const eager__attr *eager__attr_get(const eager__call *call, const char *name) {
  int index = attr_index(call->op, name);
  return index < 0 ? NULL : &call->attrs[index];
}

static void set_default(const eager__attr_spec *spec, eager__attr *attr) {
  *attr = (eager__attr){.i = (int64_t)spec->number,
                        .f = spec->number,
                        .is_float = spec->kind == EAGER__ATTR_FLOAT,
                        .text = spec->text};
}

eager_status eager__call_begin(eager__call *call, const eager__op *op,
                               eager_tensor *const *inputs, int input_count) {
  call->op = op;
  call->name = op->name;
  call->outer = NULL;
  call->device = NULL;
  call->number = 0;
  call->user = NULL;
  call->readers = call->makers = NULL;
  call->dtype = EAGER_DTYPE_INVALID;
  call->input_count = 0;
  call->output_count = 0;
  call->inputs = call->inline_inputs;
  call->outputs = call->inline_outputs;
  if (input_count > EAGER__INLINE_INPUTS) {
    size_t size = (size_t)input_count * sizeof *call->inputs;
    call->inputs = eager__alloc(size);
    if (!call->inputs) return eager__out_of_memory(size);
  }
  for (int i = 0; i < input_count; i++) {
    eager_tensor *t = inputs ? inputs[i] : NULL;
    call->inputs[i] = (eager__operand){.tensor = t};
    if (!t || !eager__tensor_is_live(t)) continue; /* refused by eager__call_check */
    call->inputs[i].dtype = t->dtype;
    call->inputs[i].shape = &t->shape;
  }
  call->input_count = input_count;
  for (int i = 0; i < EAGER__MAX_ATTRS && op->attrs[i].name; i++)
    set_default(&op->attrs[i], &call->attrs[i]);
  return EAGER_OK;
}

eager_status eager__call_begin_inner(eager__call *call, const eager__op *op,
                                     const eager__call *outer, eager_tensor *const *inputs,
                                     int input_count) {
  EAGER__TRY(eager__call_begin(call, op, inputs, input_count));
  call->name = outer->name;
  call->outer = outer;
  call->user = outer->user;
  return EAGER_OK;
}

void eager__call_set_attr(eager__call *call, int index, const eager__attr *value) {
  call->attrs[index] = *value;
  call->attrs[index].given = true;
}

void eager__call_set_int(eager__call *call, const char *name, int64_t value) {
  eager__call_set_attr(call, attr_index(call->op, name),
                       &(eager__attr){.i = value, .f = (double)value});
}

void eager__call_set_float(eager__call *call, const char *name, double value) {
  eager__call_set_attr(call, attr_index(call->op, name),
                       &(eager__attr){.f = value, .is_float = true});
}

void eager__call_set_string(eager__call *call, const char *name, const char *value) {
  eager__call_set_attr(call, attr_index(call->op, name), &(eager__attr){.text = value});
}

void eager__call_set_ints(eager__call *call, const char *name, const int64_t *values,
                          size_t count) {
  eager__call_set_attr(call, attr_index(call->op, name),
                       &(eager__attr){.ints = values, .count = count});
}

/* --- Checks --- */

static const eager__input_spec *spec_of(const eager__op *op, int input) {
  return &op->inputs[op->variadic ? 0 : input];
}

/* It was released, or has no value and this thread does not record. */
static eager_status refuse_input(const eager__call *call, int input) {
  const eager_tensor *t = call->inputs[input].tensor;
  char what[128];
  snprintf(what, sizeof what, "input #%d(zero-based) of %s, `%s`,", input, call->name,
           spec_of(call->op, input)->name);
  return eager__tensor_is_live(t) ? eager__tensor_refuse_symbolic(t, what)
                                  : eager__handle_refuse(t, what);
}

static eager_status check_arity(const eager__call *call) {
  int wanted = eager__op_input_count(call->op), got = call->input_count;
  int least = wanted - call->op->optional_inputs;
  if (call->op->variadic)
    EAGER__REQUIRE(got >= least, EAGER_INVALID_ARGUMENT,
                   "%s takes one or more inputs, got none", call->name);
  else if (least < wanted)
    EAGER__REQUIRE(got >= least && got <= wanted, EAGER_INVALID_ARGUMENT,
                   "%s takes %d to %d inputs, got %d", call->name, least, wanted, got);
  else
    EAGER__REQUIRE(got == wanted, EAGER_INVALID_ARGUMENT, "%s takes %d input%s, got %d",
                   call->name, wanted, wanted == 1 ? "" : "s", got);
  for (int i = 0; i < got; i++) {
    const eager_tensor *t = call->inputs[i].tensor;
    EAGER__REQUIRE(t, EAGER_INVALID_ARGUMENT, "input #%d(zero-based) of %s, `%s`, is NULL",
                   i, call->name, spec_of(call->op, i)->name);
    if (!eager__tensor_is_live(t) || (t->symbol && !eager__scope_recorder()))
      return refuse_input(call, i);
  }
  return EAGER_OK;
}

static eager_status refuse_dtype(const eager__call *call, int input, uint32_t dtypes) {
  eager__strbuf allowed = {0};
  for (int d = 1; d < EAGER__DTYPE_END; d++)
    if (dtypes & EAGER__BIT(d))
      eager__strbuf_format(&allowed, "%s%s", allowed.size ? ", " : "",
                           eager_dtype_name((eager_dtype)d));
  eager__fail(EAGER_INVALID_ARGUMENT,
              "cannot compute %s as input #%d(zero-based) is a %s tensor; allowed: %s",
              call->name, input, eager_dtype_name(call->inputs[input].dtype),
              eager__strbuf_text(&allowed));
  eager__strbuf_free(&allowed);
  return EAGER_INVALID_ARGUMENT;
}

static eager_status check_dtypes(eager__call *call) {
  for (int i = 0; i < call->input_count; i++) {
    const eager__input_spec *spec = spec_of(call->op, i);
    eager_dtype dtype = call->inputs[i].dtype;
    if (!spec->dtypes && call->dtype && dtype != call->dtype)
      EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                  "cannot compute %s as input #%d(zero-based) was expected to be a %s "
                  "tensor but is a %s tensor",
                  call->name, i, eager__dtype(call->dtype)->tf_name,
                  eager__dtype(dtype)->tf_name);
    uint32_t allowed = spec->dtypes ? spec->dtypes : call->op->dtypes;
    if (!(allowed & EAGER__BIT(dtype))) return refuse_dtype(call, i, allowed);
    if (!spec->dtypes) call->dtype = dtype;
  }
  return EAGER_OK;
}

static eager_status check_attrs(const eager__call *call) {
  const eager__attr_spec *specs = call->op->attrs;
  for (int i = 0; i < EAGER__MAX_ATTRS && specs[i].name; i++)
    EAGER__REQUIRE(!specs[i].required || call->attrs[i].given, EAGER_INVALID_ARGUMENT,
                   "%s needs attribute `%s`", call->name, specs[i].name);
  return EAGER_OK;
}

static eager_status check_inputs(eager__call *call) {
  EAGER__TRY(check_arity(call));
  EAGER__TRY(check_dtypes(call));
  return check_attrs(call);
}

static eager_status count_outputs(const eager__call *call, int *out) {
  *out = eager__op_output_count(call->op);
  return call->op->count_outputs ? call->op->count_outputs(call, out) : EAGER_OK;
}

eager_status eager__call_count_outputs(eager__call *call, int *out) {
  EAGER__TRY(check_inputs(call));
  return count_outputs(call, out);
}

eager_status eager__call_make_outputs(eager__call *call, int count) {
  if (count > EAGER__INLINE_OUTPUTS) {
    size_t size = (size_t)count * sizeof *call->outputs;
    call->outputs = eager__alloc(size);
    if (!call->outputs) return eager__out_of_memory(size);
  }
  for (int i = 0; i < count; i++) {
    call->outputs[i].dtype = EAGER_DTYPE_INVALID;
    call->outputs[i].view_of = 0;
    call->outputs[i].view_offset = 0;
    call->outputs[i].buffer = NULL;
    call->outputs[i].has_tensor = false;
  }
  call->output_count = count;
  return EAGER_OK;
}

eager_status eager__call_check(eager__call *call, eager_tensor **outputs,
                               int output_count) {
  int count;
  EAGER__TRY(check_inputs(call));
  EAGER__TRY(count_outputs(call, &count));
  EAGER__TRY(eager__call_make_outputs(call, count));
  EAGER__REQUIRE(outputs && output_count >= call->output_count, EAGER_INVALID_ARGUMENT,
                 "%s has %d output%s: the place to put them is NULL or too small",
                 call->name, call->output_count, call->output_count == 1 ? "" : "s");
  return EAGER_OK;
}

eager_status eager__call_check_outputs(const eager__call *call) {
  for (int i = 0; i < call->output_count; i++) {
    const eager__result *result = &call->outputs[i];
    EAGER__TRY(
        eager__shape_check_known(result->dtype, result->shape.rank, result->shape.dims));
  }
  return EAGER_OK;
}
