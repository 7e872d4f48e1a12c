/* Elementwise: an expression of the user's, compiled like the rows of elementwise.def. */
#include "cl/user_program.h"
#include "eagercl/kernel.h"
#include "ops/elementwise_kernel.h"
#include "ops/families.h"
#include "ops/registry.h"
#include "runtime/run.h"

enum { INPUTS_MOST = 16 }; /* a to p */

static const char flat_name[] = "user_flat", walk_name[] = "user_walk";

/* --- The program --- */

/* The user's words come alone, so that their names and lines are their own. */
static void write_value(const char *expression, int inputs, eager__strbuf *source) {
  eager__strbuf_add(source, "INLINED AV user_value(");
  for (int i = 0; i < inputs; i++)
    eager__strbuf_format(source, "%sAV %c", i ? ", " : "", 'a' + i);
  eager__strbuf_format(source, ") {\n  return (\n#line 1 \"expression\"\n%s\n  );\n}\n",
                       expression);
}

static void write_call(int inputs, const char *names, eager__strbuf *source) {
  eager__strbuf_add(source, "user_value(");
  for (int i = 0; i < inputs; i++) {
    eager__strbuf_add(source, i ? ", " : "");
    eager__strbuf_format(source, names, 'a' + i);
  }
  eager__strbuf_add(source, ")");
}

/* Beyond the inputs that a walk can broadcast. */
static void write_flat(int inputs, eager__strbuf *source) {
  eager__strbuf_format(source, "__kernel void %s(__global T *out, long out_offset",
                       flat_name);
  for (int i = 0; i < inputs; i++)
    eager__strbuf_format(source, ", const __global T *in_%c, long from_%c", 'a' + i,
                         'a' + i);
  eager__strbuf_add(source, ", long n, long chunk, int how) {\n"
                            "  size_t begin = get_global_id(0) * (size_t)chunk;\n"
                            "  size_t end = AT_MOST(begin + (size_t)chunk, (size_t)n);\n"
                            "  for (size_t i = begin; i < end; i += V) {\n"
                            "    int count = (int)AT_MOST(end - i, (size_t)V);\n");
  for (int i = 0; i < inputs; i++)
    eager__strbuf_format(source,
                         "    AV v_%c = any_lanes(in_%c + from_%c, i, count, how & %d);\n",
                         'a' + i, 'a' + i, 'a' + i, 1 << i);
  eager__strbuf_add(source, "    AV value = ");
  write_call(inputs, "v_%c", source);
  eager__strbuf_add(source, ";\n"
                            "    if (count < V)\n"
                            "      STOREV_PART(out + out_offset, i, value, count);\n"
                            "    else\n"
                            "      STOREV(out + out_offset, i, value);\n"
                            "  }\n}\n");
}

static eager__elementwise describe(int inputs, const char *expression) {
  return (eager__elementwise){
      .flat = flat_name, .walk = walk_name, .expression = expression, .inputs = inputs};
}

static void write_program(const eager__user_source *user, eager__strbuf *source) {
  write_value(user->written, user->inputs, source);
  eager__strbuf call = {0};
  write_call(user->inputs, "%c", &call);
  eager__elementwise op = describe(user->inputs, eager__strbuf_text(&call));
  if (user->inputs <= EAGER__ELEMENTWISE_INPUTS)
    eager__elementwise_write(&op, source);
  else
    write_flat(user->inputs, source);
  source->failed |= call.failed;
  eager__strbuf_free(&call);
}

static eager_status find_family(const eager__call *call, const eager__family **out) {
  eager__user_source user = {
      .written = eager__attr_get(call, "expression")->text,
      /* 2.0 means float among floats; double only where the inputs are. */
      .options = call->dtype == EAGER_FLOAT64 ? "" : "-cl-single-precision-constant",
      .inputs = call->input_count,
      .write = write_program,
  };
  eager__family wanted = {.name = "the expression", .files = {"words", "elementwise"}};
  return eager__user_family(&wanted, &user, out);
}

/* --- The op --- */

static eager_status infer(eager__call *call) {
  const char *expression = eager__attr_get(call, "expression")->text;
  EAGER__REQUIRE(call->input_count <= INPUTS_MOST, EAGER_INVALID_ARGUMENT,
                 "an expression has at most %d inputs, got %d", INPUTS_MOST,
                 call->input_count);
  EAGER__REQUIRE(expression && *expression, EAGER_INVALID_ARGUMENT,
                 "the expression is NULL or empty");
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = *call->inputs[0].shape;
  for (int i = 1; i < call->input_count; i++) {
    eager__shape so_far = out->shape;
    EAGER__TRY(eager__shape_broadcast(&so_far, call->inputs[i].shape, &out->shape));
  }
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__family *family;
  EAGER__TRY(find_family(call, &family));
  eager__elementwise op = describe(call->input_count, "");
  return eager__elementwise_launch(commands, &op, family, call->dtype);
}

static const eager__op flat = {
    .name = "Elementwise",
    .inputs = {{.name = "inputs"}},
    .variadic = true,
    .dtypes = EAGER__NUMBERS,
    .attrs = {{.name = "expression", EAGER__ATTR_STRING, .required = true}},
    .infer = infer,
    .launch = launch,
};

static bool is_flat(const eager__call *call, int i) {
  int64_t elements = eager__shape_elements(call->inputs[i].shape);
  return elements == 1 || elements == eager__shape_elements(&call->outputs[0].shape);
}

static eager_status spread(const eager__call *outer, int i, eager_tensor **out) {
  eager_tensor *t = outer->inputs[i].tensor;
  if (outer->input_count <= EAGER__ELEMENTWISE_INPUTS || is_flat(outer, i)) {
    eager_tensor_retain(t);
    *out = t;
    return EAGER_OK;
  }
  const eager__shape *shape = &outer->outputs[0].shape;
  eager__call call;
  EAGER__TRY(
      eager__call_begin_inner(&call, eager__registry_find("BroadcastTo"), outer, &t, 1));
  eager__call_set_ints(&call, "shape", shape->dims, (size_t)shape->rank);
  return eager__call_run(&call, NULL, out, 1);
}

/* More inputs than a walk takes are broadcast beforehand. */
static eager_status compose(eager__call *call, eager_tensor **outputs) {
  eager_tensor *inputs[INPUTS_MOST] = {0};
  eager__call inner;
  eager_status status = EAGER_OK;
  for (int i = 0; i < call->input_count && status == EAGER_OK; i++)
    status = spread(call, i, &inputs[i]);
  if (status == EAGER_OK)
    status = eager__call_begin_inner(&inner, &flat, call, inputs, call->input_count);
  if (status == EAGER_OK) {
    eager__call_set_string(&inner, "expression", eager__attr_get(call, "expression")->text);
    status = eager__call_run(&inner, NULL, outputs, 1);
  }
  for (int i = 0; i < call->input_count; i++) eager_tensor_release(inputs[i]);
  return status;
}

static const eager__op elementwise = {
    .name = "Elementwise",
    .typed = "eager_elementwise",
    .inputs = {{.name = "inputs"}},
    .variadic = true,
    .dtypes = EAGER__NUMBERS,
    .attrs = {{.name = "expression", EAGER__ATTR_STRING, .required = true}},
    .infer = infer,
    .compose = compose,
};
const eager__op_list eager__ops_user_elementwise = {&elementwise, 1};

eager_status eager_elementwise(const char *expression, eager_tensor *const *inputs,
                               size_t count, eager_tensor **out) {
  if (out) *out = NULL;
  EAGER__REQUIRE(count <= INPUTS_MOST, EAGER_INVALID_ARGUMENT,
                 "an expression has at most %d inputs, got %zu [Op:Elementwise]",
                 INPUTS_MOST, count);
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &elementwise, inputs, (int)count));
  eager__call_set_string(&call, "expression", expression);
  return eager__call_run(&call, NULL, out, 1);
}
