/* Einsum: its record and typed door, and chains of more than two operands. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "eagercl/ops.h"
#include "ops/einsum_equation.h"
#include "ops/einsum_pair.h"
#include "runtime/run.h"

/* --- More than two operands: from left to right --- */

static uint64_t letters_of(const eager__subscript *x) {
  uint64_t set = 0;
  for (int i = 0; i < x->count && i < EAGER__MAX_RANK; i++)
    set |= (uint64_t)1 << x->labels[i];
  return set;
}

/* What the operands from `first` on and the result have. */
static eager_status letters_needed(const char *equation, int first, int count,
                                   uint64_t *out) {
  eager__subscript each;
  EAGER__TRY(eager__equation_get(equation, -1, &each));
  *out = letters_of(&each);
  for (int i = first; i < count; i++) {
    EAGER__TRY(eager__equation_get(equation, i, &each));
    *out |= letters_of(&each);
  }
  return EAGER_OK;
}

/* The letters of a and b that are needed later, each once. */
static eager_status combine(const eager__subscript *a, const eager__subscript *b,
                            uint64_t needed, eager__subscript *out) {
  const eager__subscript *both[2] = {a, b};
  uint64_t seen = 0;
  *out = (eager__subscript){.has_ellipsis = a->has_ellipsis || b->has_ellipsis};
  for (int o = 0; o < 2; o++)
    for (int i = 0; i < both[o]->count; i++) {
      uint64_t bit = (uint64_t)1 << both[o]->labels[i];
      if (seen & bit || !(needed & bit)) continue;
      EAGER__REQUIRE(out->count < EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                     "a product of operands, taken from left to right, has a rank of more "
                     "than %d",
                     EAGER__MAX_RANK);
      seen |= bit;
      out->labels[out->count++] = both[o]->labels[i];
    }
  return EAGER_OK;
}

static eager_status run_pair(const eager__call *outer, const char *equation,
                             eager_tensor *const *inputs, int count, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin_inner(&call, &eager__einsum_pair, outer, inputs, count));
  eager__call_set_string(&call, "equation", equation);
  return eager__call_run(&call, NULL, out, 1);
}

/* One step: `*x`, whose subscript is `*at`, with operand i. Takes `*x` over. */
static eager_status fold_operand(eager__call *call, const char *equation, int i,
                                 eager__subscript *at, eager_tensor **x) {
  eager__subscript next, result;
  uint64_t needed;
  int last = call->input_count - 1;
  EAGER__TRY(eager__equation_get(equation, i, &next));
  EAGER__TRY(letters_needed(equation, i + 1, call->input_count, &needed));
  if (i < last)
    EAGER__TRY(combine(at, &next, needed, &result));
  else
    EAGER__TRY(eager__equation_get(equation, -1, &result));
  char texts[3][EAGER__SUBSCRIPT_TEXT], step[3 * EAGER__SUBSCRIPT_TEXT + 4];
  eager__subscript_text(at, texts[0]);
  eager__subscript_text(&next, texts[1]);
  eager__subscript_text(&result, texts[2]);
  snprintf(step, sizeof step, "%s,%s->%s", texts[0], texts[1], texts[2]);
  eager_tensor *product = NULL;
  eager_status status =
      run_pair(call, step, (eager_tensor *[]){*x, call->inputs[i].tensor}, 2, &product);
  if (i > 1) eager_tensor_release(*x);
  *x = product;
  *at = result;
  return status;
}

static eager_status compose(eager__call *call, eager_tensor **outputs) {
  const char *equation = eager__attr_get(call, "equation")->text;
  if (call->input_count <= 2) {
    eager_tensor *inputs[2] = {call->inputs[0].tensor, NULL};
    if (call->input_count == 2) inputs[1] = call->inputs[1].tensor;
    return run_pair(call, equation, inputs, call->input_count, outputs);
  }
  eager__subscript at;
  eager_tensor *x = call->inputs[0].tensor;
  EAGER__TRY(eager__equation_get(equation, 0, &at));
  for (int i = 1; i < call->input_count; i++) {
    eager_status status = fold_operand(call, equation, i, &at, &x);
    if (status == EAGER_OK) continue;
    if (i > 1) eager_tensor_release(x);
    return status;
  }
  outputs[0] = x;
  return EAGER_OK;
}

static const eager__op einsum = {
    .name = "Einsum",
    .typed = "eager_einsum",
    .inputs = {{.name = "inputs"}},
    .variadic = true,
    .dtypes = EAGER__NUMBERS,
    .attrs = {{.name = "equation", .kind = EAGER__ATTR_STRING, .required = true}},
    .infer = eager__einsum_infer,
    .compose = compose,
};
const eager__op_list eager__ops_einsum = {&einsum, 1};

/* --- Without "->": the labels that occur once, in alphabetical order --- */

static void add_implicit_result(const char *equation, eager__strbuf *out) {
  if (strchr(equation, '.')) eager__strbuf_add(out, "...");
  for (int c = 'A'; c <= 'z'; c++) {
    const char *at = strchr(equation, c);
    bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_letter && at && !strchr(at + 1, c)) eager__strbuf_format(out, "%c", c);
  }
}

static eager_status run(const char *equation, eager_tensor *const *inputs, size_t count,
                        eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &einsum, inputs, (int)count));
  eager__call_set_string(&call, "equation", equation);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_einsum(const char *equation, eager_tensor *const *inputs, size_t count,
                          eager_tensor **out) {
  if (out) *out = NULL;
  EAGER__REQUIRE(equation, EAGER_INVALID_ARGUMENT, "equation is NULL [Op:Einsum]");
  EAGER__REQUIRE(count > 0 && count <= INT32_MAX && inputs, EAGER_INVALID_ARGUMENT,
                 "inputs must be a list of one or more tensors [Op:Einsum]");
  if (strstr(equation, "->")) return run(equation, inputs, count, out);
  eager__strbuf text = {0};
  eager__strbuf_format(&text, "%s->", equation);
  add_implicit_result(equation, &text);
  char *explicit_one = eager__strbuf_take(&text);
  if (!explicit_one) return EAGER_RESOURCE_EXHAUSTED;
  eager_status status = run(explicit_one, inputs, count, out);
  eager__free(explicit_one);
  return status;
}
