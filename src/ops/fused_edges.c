#include "ops/fused_edges.h"

#include <ctype.h>

#include "base/dtype.h"
#include "ops/fused_values.h"

enum { NAME = 16 };

bool eager__fused_is_edge(const eager__fused *fused, eager_dtype dtype) {
  return dtype != fused->dtype && dtype != EAGER_BOOL;
}

static bool is_input_edge(const eager__fused *fused, int k) {
  return eager__fused_is_edge(fused, fused->inputs[k]);
}

static eager_dtype output_dtype(const eager__fused *fused, int i) {
  return fused->steps[fused->outputs[i]].dtype;
}

static bool is_output_edge(const eager__fused *fused, int i) {
  return eager__fused_is_edge(fused, output_dtype(fused, i));
}

bool eager__fused_has_edges(const eager__fused *fused) {
  for (int k = 0; k < fused->input_count; k++)
    if (is_input_edge(fused, k)) return true;
  for (int i = 0; i < fused->output_count; i++)
    if (is_output_edge(fused, i)) return true;
  return false;
}

/* --- From lanes as they are computed with: as cast.cl, which knows one T --- */

static const char *upper(eager_dtype dtype, char name[NAME]) {
  const char *from = eager_dtype_name(dtype);
  int i = 0;
  for (; from[i] != '\0'; i++) name[i] = (char)toupper((unsigned char)from[i]);
  name[i] = '\0';
  return name;
}

/* To a float that holds more than 16 bits do, and rounds to them as the number itself. */
static void write_odd(eager_dtype from, const char *x, eager__strbuf *source) {
  const eager__dtype_row *row = eager__dtype(from);
  if (from == EAGER_FLOAT64)
    eager__strbuf_format(source, "odd_from_double(%s)", x);
  else if (row->kind == EAGER__KIND_FLOAT)
    eager__strbuf_add(source, x);
  else if (row->size < 4)
    eager__strbuf_format(source, "JOIN(convert_, FLOATV)(%s)", x);
  else
    eager__strbuf_format(source, "odd_from_%s(%s)", row->computed, x);
}

static void write_float(eager_dtype from, const char *x, eager__strbuf *source) {
  const char *name = from == EAGER_INT64    ? "float_from_long"
                     : from == EAGER_UINT64 ? "float_from_ulong"
                                            : "JOIN(convert_, FLOATV)";
  eager__strbuf_format(source, "%s(%s)", name, x);
}

static void write_integer(eager_dtype from, eager_dtype to, const char *x,
                          eager__strbuf *source) {
  char name[NAME];
  if (!eager__dtype_is_float(from))
    eager__strbuf_format(source, "JOIN(convert_, JOIN(%s, V))(%s)",
                         eager__dtype(to)->stored, x);
  else if (from == EAGER_FLOAT64)
    eager__strbuf_format(source, "FLOATS_TO_%s(JOIN(double, V), FOR_DOUBLES, %s)",
                         upper(to, name), x);
  else
    eager__strbuf_format(source, "FLOATS_TO_%s(FLOATV, FOR_FLOATS, %s)", upper(to, name),
                         x);
}

/* As `to` is computed with; 16-bit floats are not rounded yet. */
static void write_computed(eager_dtype from, eager_dtype to, const char *x,
                           eager__strbuf *source) {
  switch (to) {
  case EAGER_FLOAT16:
  case EAGER_BFLOAT16:
    write_odd(from, x, source);
    break;
  case EAGER_FLOAT32:
    write_float(from, x, source);
    break;
  case EAGER_FLOAT64:
    eager__strbuf_format(source, "JOIN(convert_, JOIN(double, V))(%s)", x);
    break;
  default:
    write_integer(from, to, x, source);
    break;
  }
}

void eager__fused_write_cast(eager_dtype from, eager_dtype to, const char *name,
                             eager__strbuf *source) {
  eager__strbuf_add(source, to == EAGER_FLOAT16 ? "half_bits("
                            : to == EAGER_BFLOAT16
                                ? "JOIN(convert_, USHORTV)(bfloat16_bits("
                                : "(");
  write_computed(from, to, name, source);
  eager__strbuf_add(source, to == EAGER_BFLOAT16 ? "))" : ")");
}

/* --- Each dtype once --- */

static void write_input(eager_dtype from, eager_dtype to, eager__strbuf *source) {
  const eager__dtype_row *row = eager__dtype(from);
  const char *how = from == EAGER_FLOAT16    ? "HALF"
                    : from == EAGER_BFLOAT16 ? "BFLOAT16"
                                             : "SAME";
  eager__fused_write_once("INPUT", row->name, source);
  eager__strbuf_format(source, "EDGE_INPUT(%s, %s, %s, %s_VALUE, %s_VECTOR, ", row->name,
                       row->stored, row->computed, how, how);
  write_computed(from, to, "x", source);
  eager__strbuf_add(source, ")\n#endif\n");
}

static void write_output(eager_dtype to, eager__strbuf *source) {
  const eager__dtype_row *row = eager__dtype(to);
  eager__fused_write_once("OUTPUT", row->name, source);
  eager__strbuf_format(source, "EDGE_OUTPUT(%s, %s)\n#endif\n", row->name, row->stored);
}

void eager__fused_write_edges(const eager__fused *fused, eager__strbuf *source) {
  uint32_t in = 0, out = 0;
  for (int k = 0; k < fused->input_count; k++)
    if (is_input_edge(fused, k)) in |= EAGER__BIT(fused->inputs[k]);
  for (int i = 0; i < fused->output_count; i++)
    if (is_output_edge(fused, i)) out |= EAGER__BIT(output_dtype(fused, i));
  for (int d = 1; d < EAGER__DTYPE_END; d++) {
    if (in & EAGER__BIT(d)) write_input((eager_dtype)d, fused->dtype, source);
    if (out & EAGER__BIT(d)) write_output((eager_dtype)d, source);
  }
}
