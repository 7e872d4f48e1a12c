#include "ops/einsum_equation.h"

#include <string.h>

static int label_of(char c) {
  if (c >= 'a' && c <= 'z') return c - 'a';
  return c >= 'A' && c <= 'Z' ? 26 + c - 'A' : -1;
}

static char letter_of(int label) {
  return (char)(label < 26 ? 'a' + label : 'A' + label - 26);
}

/* One subscript, [text, end); blanks are skipped. `equation` is for the error. */
static eager_status subscript_parse(const char *text, const char *end, const char *equation,
                                    eager__subscript *out) {
  *out = (eager__subscript){0};
  for (; text < end; text++) {
    if (*text == ' ') continue;
    if (*text == '.') {
      EAGER__REQUIRE(
          end - text >= 3 && text[1] == '.' && text[2] == '.', EAGER_INVALID_ARGUMENT,
          "Invalid character '.' in equation '%s': an ellipsis is three dots", equation);
      EAGER__REQUIRE(!out->has_ellipsis, EAGER_INVALID_ARGUMENT,
                     "Invalid equation '%s': more than one ellipsis in a subscript",
                     equation);
      out->has_ellipsis = true;
      out->ellipsis_at = out->count;
      text += 2;
      continue;
    }
    int label = label_of(*text);
    EAGER__REQUIRE(label >= 0, EAGER_INVALID_ARGUMENT,
                   "Invalid character '%c' in equation '%s': labels are letters", *text,
                   equation);
    if (out->count <= EAGER__MAX_RANK) out->labels[out->count] = (uint8_t)label;
    out->count++;
  }
  return EAGER_OK;
}

/* With `axes` axes for the ellipsis. INVALID_ARGUMENT beyond EAGER__MAX_RANK. */
static eager_status subscript_expand(const eager__subscript *subscript, int axes,
                                     eager__axes *out) {
  EAGER__REQUIRE(subscript->count + axes <= EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "a rank of %d is more than %d", subscript->count + axes, EAGER__MAX_RANK);
  out->rank = 0;
  for (int i = 0; i <= subscript->count; i++) {
    for (int e = axes; subscript->has_ellipsis && i == subscript->ellipsis_at && e > 0; e--)
      out->labels[out->rank++] = (uint8_t)(EAGER__LABEL_ELLIPSIS + e - 1);
    if (i < subscript->count) out->labels[out->rank++] = subscript->labels[i];
  }
  return EAGER_OK;
}

/* INVALID_ARGUMENT unless there is one "->" and a subscript for every input. */
static eager_status equation_check(const char *equation, int inputs) {
  const char *arrow = strstr(equation, "->");
  EAGER__REQUIRE(arrow && !strstr(arrow + 2, "->"), EAGER_INVALID_ARGUMENT,
                 "Expecting exactly one '->' in einsum equation: %s", equation);
  int count = 1;
  for (const char *c = equation; c < arrow; c++) count += *c == ',';
  EAGER__REQUIRE(count == inputs, EAGER_INVALID_ARGUMENT,
                 "Expected %d input tensors for equation '%s' but got: %d", count, equation,
                 inputs);
  return EAGER_OK;
}

eager_status eager__equation_get(const char *equation, int operand, eager__subscript *out) {
  const char *arrow = strstr(equation, "->"), *begin = equation;
  if (operand < 0) return subscript_parse(arrow + 2, arrow + strlen(arrow), equation, out);
  for (; operand > 0; begin++) operand -= *begin == ',';
  const char *end = begin;
  while (end < arrow && *end != ',') end++;
  return subscript_parse(begin, end, equation, out);
}

void eager__subscript_text(const eager__subscript *subscript,
                           char text[EAGER__SUBSCRIPT_TEXT]) {
  for (int i = 0; i <= subscript->count && i <= EAGER__MAX_RANK; i++) {
    if (subscript->has_ellipsis && i == subscript->ellipsis_at) {
      memcpy(text, "...", 3);
      text += 3;
    }
    if (i < subscript->count && i < EAGER__MAX_RANK)
      *text++ = letter_of(subscript->labels[i]);
  }
  *text = '\0';
}

/* --- Shapes --- */

static eager_status expand_operand(const eager__call *call, int i,
                                   const eager__subscript *subscript, eager__axes *axes) {
  const eager__shape *x = call->inputs[i].shape;
  EAGER__REQUIRE(subscript->has_ellipsis || subscript->count == x->rank,
                 EAGER_INVALID_ARGUMENT, "Expected input %d to have rank %d but got: %d", i,
                 subscript->count, x->rank);
  EAGER__REQUIRE(subscript->count <= x->rank, EAGER_INVALID_ARGUMENT,
                 "Expected input %d to have rank at least %d but got: %d", i,
                 subscript->count, x->rank);
  return subscript_expand(subscript, x->rank - subscript->count, axes);
}

static eager_status merge_dim(const eager__shape *x, int axis, int label, int64_t *known) {
  int64_t dim = x->dims[axis];
  char text[EAGER__SHAPE_TEXT];
  bool broadcasts = label >= EAGER__LABEL_ELLIPSIS;
  if (*known == -2 || (broadcasts && *known == 1)) {
    *known = dim;
    return EAGER_OK;
  }
  if (dim == *known || dim < 0 || (broadcasts && dim == 1)) return EAGER_OK;
  if (*known == -1) {
    *known = dim;
    return EAGER_OK;
  }
  EAGER__REQUIRE(!broadcasts, EAGER_INVALID_ARGUMENT,
                 "Invalid broadcasting dimensions: %lld at axis %d of the input shaped %s, "
                 "but %lld in another input",
                 (long long)dim, axis, eager__shape_text(x, text), (long long)*known);
  EAGER__FAIL(EAGER_INVALID_ARGUMENT,
              "Expected dimension %lld at axis %d of the input shaped %s but got dimension "
              "%lld",
              (long long)*known, axis, eager__shape_text(x, text), (long long)dim);
}

static eager_status read_result(const char *equation, eager__einsum *e) {
  eager__subscript subscript;
  char text[EAGER__SUBSCRIPT_TEXT];
  EAGER__TRY(eager__equation_get(equation, -1, &subscript));
  int axes = 0;
  for (int i = 0; i < EAGER__MAX_RANK; i++)
    if (e->dims[EAGER__LABEL_ELLIPSIS + i] != -2) axes = i + 1;
  EAGER__REQUIRE(subscript.has_ellipsis || axes == 0, EAGER_INVALID_ARGUMENT,
                 "Output contains %d broadcasting dimension(s) but no ellipsis (...) was "
                 "found in the output subscripts.",
                 axes);
  EAGER__TRY(subscript_expand(&subscript, axes, &e->result));
  eager__subscript_text(&subscript, text);
  for (int d = 0; d < e->result.rank; d++)
    EAGER__REQUIRE(e->dims[e->result.labels[d]] != -2, EAGER_INVALID_ARGUMENT,
                   "Invalid equation '%s': the output subscript '%s' has a label that is "
                   "in no input subscript",
                   equation, text);
  return EAGER_OK;
}

eager_status eager__einsum_read(const eager__call *call, eager__einsum *out) {
  const char *equation = eager__attr_get(call, "equation")->text;
  EAGER__TRY(equation_check(equation, call->input_count));
  for (int i = 0; i < EAGER__LABELS; i++) out->dims[i] = -2;
  for (int i = 0; i < call->input_count; i++) {
    eager__subscript subscript;
    eager__axes axes;
    EAGER__TRY(eager__equation_get(equation, i, &subscript));
    EAGER__TRY(expand_operand(call, i, &subscript, &axes));
    for (int d = 0; d < axes.rank; d++)
      EAGER__TRY(
          merge_dim(call->inputs[i].shape, d, axes.labels[d], &out->dims[axes.labels[d]]));
    if (i < 2) out->operands[i] = axes;
  }
  return read_result(equation, out);
}

/* Whether the result is the one operand as it is. */
static bool is_identity(const eager__call *call, const eager__einsum *e) {
  const eager__axes *x = &e->operands[0], *y = &e->result;
  uint64_t seen = 0;
  if (call->input_count != 1 || x->rank != y->rank) return false;
  for (int d = 0; d < x->rank; d++) {
    if (x->labels[d] != y->labels[d] || seen >> x->labels[d] & 1) return false;
    seen |= (uint64_t)1 << x->labels[d];
  }
  return true;
}

eager_status eager__einsum_infer(eager__call *call) {
  eager__einsum e;
  EAGER__TRY(eager__einsum_read(call, &e));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = e.result.rank;
  for (int d = 0; d < e.result.rank; d++) out->shape.dims[d] = e.dims[e.result.labels[d]];
  out->view_of = is_identity(call, &e) ? 1 : 0;
  return EAGER_OK;
}
