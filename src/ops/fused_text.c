#include "ops/fused_text.h"

#include <stdio.h>

#include "ops/fused_values.h"

enum { PLACE = 64 };

void eager__fused_describe(const eager__fused_kernel *kernel, eager__strbuf *out) {
  const eager__fused *fused = kernel->fused;
  eager__strbuf_format(out, "form %d", kernel->form);
  for (int k = 0; k < fused->input_count; k++)
    eager__strbuf_format(out, ", %s %c", eager_dtype_name(fused->inputs[k]),
                         kernel->reach[k]);
  for (int s = 0; s < fused->step_count; s++) {
    const eager__fused_step *step = &fused->steps[s];
    eager__strbuf_format(out, "; %s %s %a", eager_dtype_name(step->dtype), step->op->name,
                         step->parameter);
    for (int i = 0; i < eager__op_input_count(step->op); i++)
      eager__strbuf_format(out, " %d", step->operands[i]);
  }
  eager__strbuf_add(out, "; out");
  for (int i = 0; i < fused->output_count; i++)
    eager__strbuf_format(out, " %d", fused->outputs[i]);
}

static const char *stored_type(const eager__fused *fused, int operand) {
  return eager__fused_is_bool(fused, operand) ? "uchar" : "T";
}

/* --- Loads and stores --- */

typedef struct writer {
  const eager__fused_kernel *kernel;
  const eager__fused *fused;
  eager__strbuf *source;
  int partials; /* inputs that repeat along some dimensions */
} writer;

static bool is_partial(const writer *w, int input) {
  eager__fused_reach reach = w->kernel->reach[input];
  return reach == EAGER__FUSED_ROW || reach == EAGER__FUSED_COLUMN;
}

/* V lanes of input k from `p` at `at` on, or `count` of them where it is not NULL. */
static void write_load(const writer *w, int k, const char *p, const char *at,
                       const char *count, eager__strbuf *out) {
  bool bools = eager__fused_is_bool(w->fused, k);
  if (count)
    eager__strbuf_format(
        out, bools ? "MASKOF(any_bools(%s_%d, %s, %s))" : "any_lanes(%s_%d, %s, %s, 0)", p,
        k, at, count);
  else
    eager__strbuf_format(out, bools ? "MASKOF(GET_BYTESV(%s_%d + %s))" : "LOADV(%s_%d, %s)",
                         p, k, at);
}

static void write_single(const writer *w, int k, const char *at) {
  bool bools = eager__fused_is_bool(w->fused, k);
  eager__strbuf_format(w->source,
                       bools ? "MV i%d = MASKOF((UCHARV)in_%d[%s]);\n"
                             : "AV i%d = (AV)LOAD(in_%d, %s);\n",
                       k, k, at);
}

static void write_singles(const writer *w) {
  for (int k = 0; k < w->fused->input_count; k++) {
    if (w->kernel->reach[k] != EAGER__FUSED_SINGLE) continue;
    eager__strbuf_add(w->source, "  ");
    write_single(w, k, "0");
  }
}

/* Calls `name` with inputs that are loaded `whole_at`, rows of ROWS at `row_at`, and short
 * rows from what was found at `row_at`. */
static void write_use(const writer *w, const char *name, const char *whole_at,
                      const char *row_at, const char *count, const char *result) {
  eager__strbuf_format(w->source, "%s(", name);
  for (int k = 0; k < w->fused->input_count; k++) {
    eager__fused_reach reach = w->kernel->reach[k];
    bool found = reach == EAGER__FUSED_ROW && w->kernel->form == EAGER__FUSED_SHORT;
    bool row = reach == EAGER__FUSED_ROW && w->kernel->form == EAGER__FUSED_ROWS;
    if (reach == EAGER__FUSED_WHOLE)
      write_load(w, k, "in", whole_at, count, w->source);
    else if (row)
      write_load(w, k, "row", row_at, count, w->source);
    else if (found)
      eager__strbuf_format(w->source,
                           eager__fused_is_bool(w->fused, k)
                               ? "MASKOF(VLOAD(0, found_%d + %s))"
                               : "VLOAD(0, found_%d + %s)",
                           k, row_at);
    else
      eager__strbuf_format(w->source, "i%d", k);
    eager__strbuf_add(w->source, ", ");
  }
  eager__strbuf_format(w->source, "&%s);\n", result);
}

/* `count` NULL: V lanes, by stream_<i>. */
static void write_puts(const writer *w, const char *indent, const char *at,
                       const char *count, const char *values) {
  for (int i = 0; i < w->fused->output_count; i++) {
    bool bools =
        eager__fused_is_bool(w->fused, w->fused->input_count + w->fused->outputs[i]);
    eager__strbuf_format(w->source, "%s%s%s(out_%d, %s, ", indent,
                         count ? "put_any" : "put", bools ? "_bytes" : "", i, at);
    if (count)
      eager__strbuf_add(w->source, count);
    else
      eager__strbuf_format(w->source, "stream_%d", i);
    eager__strbuf_format(w->source, bools ? ", BOOLOF(%s.o%d));\n" : ", %s.o%d);\n", values,
                         i);
  }
}

/* --- The kernels --- */

static void write_head(const writer *w) {
  const eager__fused *fused = w->fused;
  eager__strbuf *source = w->source;
  eager__strbuf_add(source, "__kernel void fused(");
  for (int i = 0; i < fused->output_count; i++)
    eager__strbuf_format(source, "__global %s *out_%d, long out_%d_offset, ",
                         stored_type(fused, fused->input_count + fused->outputs[i]), i, i);
  for (int k = 0; k < fused->input_count; k++)
    eager__strbuf_format(source, "const __global %s *in_%d, long in_%d_offset, ",
                         stored_type(fused, k), k, k);
  eager__strbuf_format(source, "long n, long chunk, %s) {\n",
                       w->partials ? "fused_shape shape" : "int stream");
  for (int i = 0; i < fused->output_count; i++)
    eager__strbuf_format(source, "  out_%d += out_%d_offset;\n", i, i);
  for (int k = 0; k < fused->input_count; k++)
    eager__strbuf_format(source, "  in_%d += in_%d_offset;\n", k, k);
  eager__strbuf_add(source, "  size_t i = get_global_id(0) * (size_t)chunk;\n"
                            "  size_t end = AT_MOST(i + (size_t)chunk, (size_t)n);\n"
                            "  if (i >= end) return;\n");
  if (w->partials) /* a copy: rusticl dies of arguments read at an index it does not know */
    eager__strbuf_format(source,
                         "  fused_shape walk = shape;\n"
                         "  fused_place at;\n"
                         "  fused_begin(&walk, %d, i, &at);\n",
                         w->partials);
  write_singles(w);
}

static void write_streams(const writer *w, const char *indent, const char *wanted) {
  for (int i = 0; i < w->fused->output_count; i++)
    eager__strbuf_format(w->source,
                         "%sint stream_%d = %s && IS_ALIGNED(out_%d + i, *out_%d);\n",
                         indent, i, wanted, i, i);
}

static void write_flat(const writer *w) {
  write_streams(w, "  ", "stream");
  eager__strbuf_add(w->source, "  for (; i + V <= end; i += V) {\n"
                               "    fused_values x;\n    ");
  write_use(w, "values", "i", "i", NULL, "x");
  write_puts(w, "    ", "i", NULL, "x");
  eager__strbuf_add(w->source, "  }\n"
                               "  if (i < end) {\n"
                               "    int count = (int)(end - i);\n"
                               "    fused_values x;\n    ");
  write_use(w, "values_apart", "i", "i", "count", "x");
  write_puts(w, "    ", "i", "count", "x");
  eager__strbuf_add(w->source, "  }\n}\n");
}

/* The end of a row is the last V elements of it, made first and stored last: an output may
 * lie where a whole input does. */
static void write_row_run(const writer *w) {
  eager__strbuf_add(w->source,
                    "      long rest = at.run % V, last = at.run < V ? 0 : at.run - V;\n"
                    "      int count = (int)AT_MOST(at.run, (long)V);\n"
                    "      fused_values x, y;\n"
                    "      if (rest) ");
  write_use(w, "values_apart", "i + last", "last", "count", "y");
  write_streams(w, "      ", "walk.stream && !rest");
  eager__strbuf_add(w->source,
                    "      for (long j = 0; j + V <= at.run; j += V) {\n        ");
  write_use(w, "values", "i + j", "j", NULL, "x");
  write_puts(w, "        ", "i + j", NULL, "x");
  eager__strbuf_add(w->source, "      }\n"
                               "      if (!rest) continue;\n");
  write_puts(w, "      ", "i + last", "count", "y");
}

static void write_rows_form(const writer *w) {
  eager__strbuf_add(w->source, "  while (i < end) {\n"
                               "    fused_rows(&walk, end - i, LONG_MAX, &at);\n"
                               "    for (long r = 0; r < at.rows; r++, i += at.run) {\n");
  int place = 0;
  for (int k = 0; k < w->fused->input_count; k++) {
    if (!is_partial(w, k)) continue;
    char at[PLACE];
    snprintf(at, sizeof at, "at.base[%d] + r * at.strides[%d + walk.rank]", place,
             8 * place - 2);
    place++;
    eager__strbuf_add(w->source, "      ");
    if (w->kernel->reach[k] == EAGER__FUSED_COLUMN)
      write_single(w, k, at);
    else
      eager__strbuf_format(w->source, "const __global %s *row_%d = in_%d + %s;\n",
                           stored_type(w->fused, k), k, k, at);
  }
  write_row_run(w);
  eager__strbuf_format(w->source, "    }\n    fused_next(&walk, %d, &at);\n  }\n}\n",
                       w->partials);
}

static void write_short_form(const writer *w) {
  for (int k = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(w->source, "  %s found_%d[V * V];\n",
                           eager__fused_is_bool(w->fused, k) ? "uchar" : "A", k);
  eager__strbuf_add(w->source, "  int inner = walk.rank - 1;\n"
                               "  long columns = walk.dims[inner];\n"
                               "  while (i < end) {\n"
                               "    fused_rows(&walk, end - i, V, &at);\n");
  int place = 0;
  for (int k = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(w->source, "    %s(in_%d, %d, inner, columns, &at, found_%d);\n",
                           eager__fused_is_bool(w->fused, k) ? "fused_find_bools"
                                                             : "fused_find",
                           k, place++, k);
  eager__strbuf_add(w->source, "    long count = at.rows * at.run, j = 0;\n");
  write_streams(w, "    ", "walk.stream");
  eager__strbuf_add(w->source, "    fused_values x;\n"
                               "    for (; j + V <= count; j += V) {\n      ");
  write_use(w, "values", "i + j", "j", NULL, "x");
  write_puts(w, "      ", "i + j", NULL, "x");
  eager__strbuf_add(w->source, "    }\n"
                               "    if (j < count) {\n"
                               "      int rest = (int)(count - j);\n      ");
  write_use(w, "values_apart", "i + j", "j", "rest", "x");
  write_puts(w, "      ", "i + j", "rest", "x");
  eager__strbuf_format(w->source,
                       "    }\n"
                       "    i += count;\n"
                       "    fused_next(&walk, %d, &at);\n"
                       "  }\n}\n",
                       w->partials);
}

/* Lane by lane where the V elements are not of one row. */
static void write_partials(const writer *w) {
  eager__strbuf *source = w->source;
  eager__strbuf_add(source, "  int inner = walk.rank - 1;\n"
                            "  bool in_row = at.column + count <= walk.dims[inner];\n"
                            "  at.rows = at.run = 1;\n");
  for (int k = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(source, "  %s found_%d[V];\n",
                           eager__fused_is_bool(w->fused, k) ? "uchar" : "A", k);
  eager__strbuf_add(source, "  for (int j = 0; j < V; j++) {\n");
  int place = 0;
  for (int k = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(source, "    found_%d[j] = %s(in_%d, at.base[%d]);\n", k,
                           eager__fused_is_bool(w->fused, k) ? "fused_byte" : "LOAD", k,
                           place++);
  eager__strbuf_format(source,
                       "    if (j + 1 >= count) continue;\n"
                       "    if (in_row)\n"
                       "      for (int k = 0; k < %d; k++)\n"
                       "        at.base[k] += at.strides[8 * k + inner];\n"
                       "    else\n"
                       "      fused_next(&walk, %d, &at);\n"
                       "  }\n",
                       w->partials, w->partials);
  for (int k = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(source,
                           eager__fused_is_bool(w->fused, k)
                               ? "  MV i%d = MASKOF(VLOAD(0, found_%d));\n"
                               : "  AV i%d = VLOAD(0, found_%d);\n",
                           k, k);
}

static void write_lanes(const writer *w) {
  eager__strbuf_add(w->source, "  int count = (int)(end - i);\n");
  if (w->partials) write_partials(w);
  eager__strbuf_add(w->source, "  fused_values x;\n  ");
  write_use(w, "values", "i", "i", "count", "x");
  write_puts(w, "  ", "i", "count", "x");
  eager__strbuf_add(w->source, "}\n");
}

void eager__fused_write(const eager__fused_kernel *kernel, eager__strbuf *source) {
  writer w = {kernel, kernel->fused, source, 0};
  for (int k = 0; k < w.fused->input_count; k++) w.partials += is_partial(&w, k);
  eager__fused_write_values(w.fused, source);
  if (kernel->form != EAGER__FUSED_LANES) eager__fused_write_apart(w.fused, source);
  if (kernel->form == EAGER__FUSED_SHORT)
    eager__strbuf_add(source, "FUSED_FIND(fused_find, T, A, LOAD)\n"
                              "FUSED_FIND(fused_find_bools, uchar, uchar, fused_byte)\n");
  write_head(&w);
  switch (kernel->form) {
  case EAGER__FUSED_FLAT:
    write_flat(&w);
    break;
  case EAGER__FUSED_ROWS:
    write_rows_form(&w);
    break;
  case EAGER__FUSED_SHORT:
    write_short_form(&w);
    break;
  case EAGER__FUSED_LANES:
    write_lanes(&w);
    break;
  }
}
